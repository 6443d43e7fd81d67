//! How are the matches that a correlation looks at put in order? By group and time, with few of them in
//! memory at once ([`Sorter`]): however many a window holds, it holds none of them, but only the
//! groups and the different values.

use crate::rule::Correlation;
use crate::scan::{Numbered, Texts};
use crate::spill::Sorter;

use super::window::{Episode, Item, Place, episodes};

/// The values of the fields that a correlation groups by.
pub(super) type Group<'t> = Vec<Option<&'t str>>;

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

    /// Gives the episodes of each group to `take`.
    pub(super) fn episodes(
        self,
        correlation: &Correlation,
        mut take: impl FnMut(Group<'t>, Episode),
    ) {
        let Self { groups, values, sorter, .. } = self;
        let number = |text: &str| text.trim().parse().ok().filter(|n: &f64| n.is_finite());
        let measured = values.iter().filter(|_| correlation.measure.is_of_numbers());
        let numbers: Vec<Option<f64>> = measured.map(number).collect();
        drop(values);
        let sorted = sorter.sorted();
        let items = || sorted.iter().map(item);
        episodes(correlation, &numbers, items(), items(), |e| take(groups.get(e.group), e));
    }
}

fn item(piece: [u8; SIZE]) -> Item {
    let (group, time, stream, line, position, _, offset, value) = read(piece);
    let time = (time ^ 1 << 63).cast_signed();
    let place = Place { time, stream, line, offset };
    Item { group, place, position: position as usize, value: value.checked_sub(1) }
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
