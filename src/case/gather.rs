//! How are the matches that a correlation looks at put in order? By group and time, with few of them in
//! memory at once ([`Sorter`]).

use crate::rule::Correlation;
use crate::scan::{Numbered, Texts};
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

/// The matches that a correlation looks at.
pub(super) struct Gathered<'t> {
    groups: Groups<'t>,
    values: Texts,
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

    pub(super) fn of(correlation: &Correlation) -> Self {
        Self {
            groups: Groups::of(correlation.group_by.len()),
            values: Texts::default(),
            sorter: Sorter::new(Self::BOUND),
            count: 0,
        }
    }

    /// Adds a match of the rule at `position`.
    pub(super) fn push(
        &mut self,
        place: Place,
        position: usize,
        group: &Group<'t>,
        value: Option<&str>,
    ) {
        let group = self.groups.number(group);
        let value = value.map_or(0, |value| self.values.intern(value) + 1);
        let Place { time, stream, line, offset } = place;
        let time = time.cast_unsigned() ^ 1 << 63;
        self.count += 1;
        let piece = (group, time, stream, line, position as u32, self.count, offset, value);
        self.sorter.push(written(piece));
    }

    /// Gives all of them to `take`, one stretch after another.
    pub(super) fn stretches(
        self,
        correlation: &Correlation,
        mut take: impl FnMut(&Group<'t>, &Stretch),
    ) {
        let Self { groups, values, mut sorter, .. } = self;
        let (mut stretch, mut now) = (Stretch::default(), 0);
        let mut close = |group: u32, stretch: &mut Stretch| {
            if !stretch.places.is_empty() {
                take(&groups.get(group), stretch);
            }
            stretch.places.clear();
            stretch.items.clear();
        };
        for piece in sorter.sorted() {
            let (group, time, stream, line, position, _, offset, value) = read(piece);
            let time = (time ^ 1 << 63).cast_signed();
            let near = |last: &Place| time.saturating_sub(last.time) <= correlation.timespan;
            if group != now || !stretch.places.last().is_none_or(near) {
                close(now, &mut stretch);
                now = group;
            }
            let value = value.checked_sub(1);
            let text = value.and_then(|value| values.get(value));
            let number =
                text.and_then(|text| text.trim().parse().ok()).filter(|n: &f64| n.is_finite());
            stretch.places.push(Place { time, stream, line, offset });
            stretch.items.push(Item { time, position: position as usize, value, number });
        }
        close(now, &mut stretch);
    }
}

/// Groups by their number, one behind the other.
struct Groups<'t> {
    /// How many values name one.
    width: usize,
    named: Vec<Option<&'t str>>,
    numbers: Numbered,
}

impl<'t> Groups<'t> {
    fn of(width: usize) -> Self {
        Self { width, named: Vec::new(), numbers: Numbered::default() }
    }

    fn slice(&self, number: u32) -> &[Option<&'t str>] {
        let start = number as usize * self.width;
        self.named.get(start..start + self.width).unwrap_or_default()
    }

    fn get(&self, number: u32) -> Group<'t> {
        self.slice(number).to_vec()
    }

    /// The number of a group, which is added if it is not there.
    fn number(&mut self, group: &Group<'t>) -> u32 {
        self.numbers.find(group, |number| self.slice(number) == *group).unwrap_or_else(|free| {
            let new = self.numbers.next();
            self.named.extend(group);
            self.numbers.insert(free, new);
            new
        })
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
