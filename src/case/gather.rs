//! How are the matches that a correlation looks at put in order? By group and time, with few of them in
//! memory at once ([`Sorter`]).

use std::collections::HashMap;

use crate::rule::Correlation;
use crate::spill::Sorter;

use super::window::Item;

/// Where a match stands, and when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Microseconds since the epoch.
    pub(super) time: i64,
    /// The number of its stream at the site.
    pub(super) stream: u32,
    pub(super) line: u64,
    pub(super) offset: u64,
}

/// The values of the fields that a correlation groups by.
pub(super) type Group<'t> = Vec<Option<&'t str>>;

/// Matches of one group of which none is further from the one before than the timespan: what is
/// counted among them does not depend on any other.
#[derive(Default)]
pub(super) struct Stretch {
    pub(super) places: Vec<Place>,
    pub(super) items: Vec<Item>,
}

/// The matches that a correlation looks at. Groups and values are an attacker's: their maps are keyed
/// at random.
pub(super) struct Gathered<'t> {
    groups: HashMap<Group<'t>, u32>,
    values: HashMap<Box<str>, u32>,
    /// Each value read as a number.
    numbers: Vec<Option<f64>>,
    sorter: Sorter<SIZE>,
    count: u64,
}

/// Group, time, stream, line, rule, number in the order of arrival, offset, value; all of them such that
/// the order of bytes is their order.
type Piece = (u32, u64, u32, u64, u32, u64, u64, u32);

/// The bytes of a piece.
const SIZE: usize = 48;

impl<'t> Gathered<'t> {
    /// The most matches that are in memory before they are put aside: 12 MiB.
    const BOUND: usize = 1 << 18;

    pub(super) fn new() -> Self {
        let (groups, values, numbers) = Default::default();
        Self { groups, values, numbers, sorter: Sorter::new(Self::BOUND), count: 0 }
    }

    /// Adds a match of the rule at `position`.
    pub(super) fn push(
        &mut self,
        place: Place,
        position: usize,
        group: &Group<'t>,
        value: Option<&str>,
    ) {
        let group = self.group(group);
        let value = value.map_or(0, |value| self.value(value) + 1);
        let Place { time, stream, line, offset } = place;
        let time = time.cast_unsigned() ^ 1 << 63;
        self.count += 1;
        let piece = (group, time, stream, line, position as u32, self.count, offset, value);
        self.sorter.push(written(piece));
    }

    fn group(&mut self, group: &Group<'t>) -> u32 {
        if let Some(known) = self.groups.get(group) {
            return *known;
        }
        let new = self.groups.len() as u32;
        self.groups.insert(group.clone(), new);
        new
    }

    fn value(&mut self, value: &str) -> u32 {
        if let Some(known) = self.values.get(value) {
            return *known;
        }
        let new = self.numbers.len() as u32;
        self.numbers.push(value.trim().parse().ok().filter(|n: &f64| n.is_finite()));
        self.values.insert(value.into(), new);
        new
    }

    /// Gives all of them to `take`, one stretch after another.
    pub(super) fn stretches(
        mut self,
        correlation: &Correlation,
        mut take: impl FnMut(&Group<'t>, &Stretch),
    ) {
        let mut groups: Vec<(&Group<'t>, u32)> = self.groups.iter().map(|(g, n)| (g, *n)).collect();
        groups.sort_unstable_by_key(|(_, number)| *number);
        let (mut stretch, mut now) = (Stretch::default(), 0);
        let mut close = |group: u32, stretch: &mut Stretch| {
            if let Some((group, _)) = groups.get(group as usize) {
                take(group, stretch);
            }
            stretch.places.clear();
            stretch.items.clear();
        };
        for piece in self.sorter.sorted() {
            let (group, time, stream, line, position, _, offset, value) = read(piece);
            let time = (time ^ 1 << 63).cast_signed();
            let near = |last: &Place| time.saturating_sub(last.time) <= correlation.timespan;
            if group != now || !stretch.places.last().is_none_or(near) {
                close(now, &mut stretch);
                now = group;
            }
            let value = value.checked_sub(1);
            let number = value.and_then(|value| *self.numbers.get(value as usize)?);
            stretch.places.push(Place { time, stream, line, offset });
            stretch.items.push(Item { time, position: position as usize, value, number });
        }
        close(now, &mut stretch);
    }
}

fn written((group, time, stream, line, position, count, offset, value): Piece) -> [u8; SIZE] {
    let mut piece = [0; SIZE];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        piece[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(&group.to_be_bytes());
    put(&time.to_be_bytes());
    put(&stream.to_be_bytes());
    put(&line.to_be_bytes());
    put(&position.to_be_bytes());
    put(&count.to_be_bytes());
    put(&offset.to_be_bytes());
    put(&value.to_be_bytes());
    piece
}

fn read(piece: [u8; SIZE]) -> Piece {
    let mut at = 0;
    let mut take = |len: usize| {
        at += len;
        piece[at - len..at].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    (
        take(4) as u32,
        take(8),
        take(4) as u32,
        take(8),
        take(4) as u32,
        take(8),
        take(8),
        take(4) as u32,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_in_their_order() {
        let first = (7, 3, 1, 9, 2, 4, 5, 6);
        assert_eq!(read(written(first)), first);
        let later = (7, 256, 0, 0, 0, 0, 0, 0);
        assert!(written(first) < written(later));
    }
}
