//! What did we say to this value before? Agents, referers and paths repeat: which rules a value
//! makes candidates, and what comparisons said to it, is remembered, so that it is found out once
//! for each different value.
//!
//! Values are remembered by lane: the value of the entry on which all values of some sources
//! depend. A lane has a bounded number of places, and a value has one place that it can be in: one
//! that comes a second time takes it over, so that nothing grows, nothing is searched for, and
//! values that come once (an order's number, a time) drive none out that repeat. Their answers stand
//! in one row for all while their entry lasts. The whole value is compared, not a hash of it, which
//! an attacker could make collide. The answers are the same with and without.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::screen::Candidates;

/// The number of values remembered of one lane, a power of two that a `u16` holds.
const PLACES: usize = 8_192;
/// Longer values are not remembered.
const LONGEST: usize = 500;
/// Up to so many bytes, the tail is the value.
const SHORT: usize = 8;

/// The remembered answers of one thread, by lane.
#[derive(Debug, Default)]
pub struct Memo {
    tables: Vec<Table>,
    /// By lane: where the value of the present entry stands.
    rows: Vec<Sought>,
    /// The number of the present block, from 0.
    block: u32,
    /// Scratch space for what a value asks for.
    pub(super) scratch: Scratch,
}

/// Scratch space for finding which rules a value makes candidates.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) found: Candidates,
    pub(super) checks: Vec<u32>,
    pub(super) rules: Vec<u32>,
}

/// The values of one lane.
#[derive(Debug)]
struct Table {
    /// By place; behind all, the one that comes for the first time.
    known: Vec<Known>,
    /// By place: a hash of the last value that came there for the first time, which is never 0.
    first: Vec<u32>,
}

/// A value and what is known of it; the empty value, of which nothing is, to begin with.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Its last eight bytes, which tell most values apart, and short ones alone.
    tail: u64,
    value: Vec<u8>,
    /// Two bits for each comparison: whether it was made, and what it said.
    answers: Vec<u64>,
    rules: Vec<u32>,
    /// Whether its rules were found out.
    told: bool,
    /// One more than the number of the last block that it was asked for in ([`Memo::is_first`]).
    asked: u32,
}

/// Whether the present entry's value of a lane was looked up, and where it stands.
#[derive(Clone, Copy, Debug, Default)]
enum Sought {
    #[default]
    NotYet,
    Nowhere,
    At(u16),
}

/// Where a value's answers stand: valid for the present entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    lane: usize,
    place: u16,
}

impl Memo {
    /// Turns to another block.
    pub fn begin(&mut self) {
        self.block += 1;
    }

    /// Turns to another entry.
    pub(super) fn turn(&mut self) {
        self.rows.fill(Sought::NotYet);
    }

    /// The row of the present entry's value of a lane; `None` if it has none, or if it is too long
    /// to be remembered.
    #[inline]
    pub(super) fn row<'v>(
        &mut self,
        lane: usize,
        value: impl FnOnce() -> Option<&'v [u8]>,
    ) -> Option<Row> {
        if self.rows.len() <= lane {
            self.rows.resize(lane + 1, Sought::NotYet);
        }
        let place = match self.rows[lane] {
            Sought::At(place) => Some(place),
            Sought::Nowhere => None,
            Sought::NotYet => {
                let value = value().filter(|value| value.len() <= LONGEST);
                let place = value.map(|value| self.find(lane, value));
                self.rows[lane] = place.map_or(Sought::Nowhere, Sought::At);
                place
            }
        };
        place.map(|place| Row { lane, place })
    }

    fn find(&mut self, lane: usize, value: &[u8]) -> u16 {
        if self.tables.len() <= lane {
            self.tables.resize_with(lane + 1, Table::default);
        }
        self.tables[lane].find(value)
    }

    fn known(&mut self, row: Row) -> &mut Known {
        &mut self.tables[row.lane].known[usize::from(row.place)]
    }

    /// Whether the value of a row was not asked for in the present block: yes too often, never no
    /// wrongly.
    pub(super) fn is_first(&mut self, row: Row) -> bool {
        let now = self.block + 1;
        std::mem::replace(&mut self.known(row).asked, now) != now
    }

    /// The rules that the value of a row makes candidates, if that was found out.
    pub(super) fn rules(&mut self, row: Row) -> Option<&[u32]> {
        let known = self.known(row);
        known.told.then_some(known.rules.as_slice())
    }

    /// Notes which rules the value of a row makes candidates.
    pub(super) fn note_rules(&mut self, row: Row, rules: &[u32]) {
        let known = self.known(row);
        known.told = true;
        known.rules.extend_from_slice(rules);
    }

    /// What comparison number `slot` said to the value of a row, if it was made.
    pub(super) fn answer(&mut self, row: Row, slot: usize) -> Option<bool> {
        match self.known(row).answers.get(slot / 32)? >> (slot % 32 * 2) & 0b11 {
            0 => None,
            said => Some(said == 0b11),
        }
    }

    /// Notes what comparison number `slot` says to the value of a row.
    pub(super) fn note(&mut self, row: Row, slot: usize, says: bool) {
        let answers = &mut self.known(row).answers;
        let (word, bit) = (slot / 32, slot % 32 * 2);
        if answers.len() <= word {
            answers.resize(word + 1, 0);
        }
        answers[word] |= (1 | u64::from(says) << 1) << bit;
    }
}

impl Default for Table {
    fn default() -> Self {
        Self { known: vec![Known::default(); PLACES + 1], first: vec![0; PLACES] }
    }
}

impl Table {
    /// The place of a value.
    fn find(&mut self, value: &[u8]) -> u16 {
        let tail = tail(value);
        let hash = hash(value, tail);
        let place = hash as usize & (PLACES - 1);
        let known = &mut self.known[place];
        if known.is_of(value, tail) {
            return place as u16;
        }
        let first = (hash >> 32) as u32 | 1;
        if std::mem::replace(&mut self.first[place], first) == first {
            known.become_of(value, tail);
            return place as u16;
        }
        self.known[PLACES].forget();
        PLACES as u16
    }
}

impl Known {
    fn is_of(&self, value: &[u8], tail: u64) -> bool {
        let same = self.tail == tail && self.value.len() == value.len();
        same && (value.len() <= SHORT || self.value == value)
    }

    fn become_of(&mut self, value: &[u8], tail: u64) {
        self.tail = tail;
        self.value.clear();
        self.value.extend_from_slice(value);
        self.forget();
    }

    fn forget(&mut self) {
        self.answers.clear();
        self.rules.clear();
        self.told = false;
        self.asked = 0;
    }
}

/// The last eight bytes of a value, or all.
fn tail(value: &[u8]) -> u64 {
    match value.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => value.iter().fold(0, |tail, byte| tail << 8 | u64::from(*byte)),
    }
}

fn hash(value: &[u8], tail: u64) -> u64 {
    let mut hasher = FxHasher::default();
    if value.len() <= SHORT {
        hasher.write_u64(tail);
    } else {
        hasher.write(value);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_made_twice_for_each_value_that_comes_often() {
        let mut memo = Memo::default();
        let mut made = 0;
        for value in [&b"a"[..], b"b", b"a", b"b", b"b", b"a", b"", b""] {
            memo.turn();
            let row = memo.row(2, || Some(value)).unwrap();
            for slot in [0, 31, 32, 200] {
                let says = memo.answer(row, slot).unwrap_or_else(|| {
                    made += 1;
                    memo.note(row, slot, value == b"a");
                    value == b"a"
                });
                assert_eq!(says, value == b"a");
                assert_eq!(memo.answer(row, slot), Some(says));
            }
        }
        assert_eq!(made, 4 * (2 + 2 + 1));
        memo.turn();
        assert_eq!(memo.row(0, || Some(&[b'x'; LONGEST + 1])), None);
        assert_eq!(memo.row(1, || None), None);
    }

    #[test]
    fn a_value_that_takes_anothers_place_knows_nothing_of_it() {
        let mut memo = Memo::default();
        let mut again = 0;
        for n in (0..100_000_u32).flat_map(|n| [n, n, n]) {
            memo.turn();
            let value = n.to_le_bytes();
            let row = memo.row(0, || Some(&value)).unwrap();
            if let Some(rules) = memo.rules(row) {
                assert_eq!(rules, [n]);
                assert_eq!(memo.answer(row, 5), Some(n % 3 == 0));
                again += 1;
                continue;
            }
            assert_eq!(memo.answer(row, 5), None);
            memo.note(row, 5, n % 3 == 0);
            memo.note_rules(row, &[n]);
            assert_eq!(memo.answer(row, 5), Some(n % 3 == 0));
            assert_eq!(memo.rules(row), Some(&[n][..]));
        }
        assert!(again >= 100_000, "{again}");
        assert_eq!(memo.tables[0].known.len(), PLACES + 1);
    }

    #[test]
    fn a_value_is_first_once_in_a_block() {
        let mut memo = Memo::default();
        let is_first = |memo: &mut Memo| {
            memo.turn();
            let row = memo.row(0, || Some(&b"a"[..])).unwrap();
            memo.is_first(row)
        };
        memo.begin();
        let block: Vec<bool> = (0..4).map(|_| is_first(&mut memo)).collect();
        // Twice: its place is its own when it comes again.
        assert_eq!(block, [true, true, false, false]);
        memo.begin();
        assert!(is_first(&mut memo) && !is_first(&mut memo));
    }

    #[test]
    fn an_entry_looks_a_lane_up_once() {
        let mut memo = Memo::default();
        let row = memo.row(0, || Some(b"a"));
        assert_eq!(memo.row(0, || unreachable!()), row);
        memo.turn();
        assert_eq!(memo.row(0, || None), None);
    }
}
