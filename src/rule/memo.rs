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

use crate::event::decode::Layer;

use super::screen::Candidates;

/// The number of values remembered of one lane, a power of two that a `u16` holds.
const PLACES: usize = 8_192;
/// Longer values are not remembered beyond their entry.
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
    /// The place of the last value that has one: often the next value's, too.
    last: u16,
}

/// A value and what is known of it; the empty value, of which nothing is, to begin with.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Its last eight bytes, which tell most values apart, and short ones alone.
    tail: u64,
    value: Vec<u8>,
    answers: Answers,
    rules: Vec<u32>,
    /// Whether its rules were found out.
    told: bool,
    /// One more than the number of the last block that it was asked for in ([`Memo::is_first`]).
    asked: u32,
}

/// What comparisons said, by their numbers: four bits for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Vec<u64>);

/// What a comparison says to the values of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// No at every layer.
    Never,
    /// Yes, and at this layer first.
    From(Layer),
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

    /// The row of the present entry's value of a lane; `None` if it has none.
    #[inline]
    pub(super) fn row<'v>(
        &mut self,
        lane: usize,
        value: impl FnOnce() -> Option<&'v [u8]>,
    ) -> Option<Row> {
        match self.rows.get(lane).copied().unwrap_or_default() {
            Sought::At(place) => Some(Row { lane, place }),
            Sought::Nowhere => None,
            Sought::NotYet => self.seek(lane, value()),
        }
    }

    fn seek(&mut self, lane: usize, value: Option<&[u8]>) -> Option<Row> {
        if self.rows.len() <= lane {
            self.rows.resize(lane + 1, Sought::NotYet);
        }
        let place = value.map(|value| self.find(lane, value));
        self.rows[lane] = place.map_or(Sought::Nowhere, Sought::At);
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
    pub(super) fn answer(&mut self, row: Row, slot: usize) -> Option<Answer> {
        self.known(row).answers.get(slot)
    }

    /// Notes what comparison number `slot` says to the value of a row.
    pub(super) fn note(&mut self, row: Row, slot: usize, says: Answer) {
        self.known(row).answers.set(slot, says);
    }

    /// Forgets what comparison number `slot` was presumed to say to the value of a row.
    pub(super) fn forget(&mut self, row: Row, slot: usize) {
        self.known(row).answers.forget(slot);
    }

    /// Notes what many comparisons say to the value of a row; what was noted before is forgotten.
    pub(super) fn presume(&mut self, row: Row, says: &Answers) {
        self.known(row).answers.0.clone_from(&says.0);
    }
}

impl Answers {
    /// Answers in a word.
    const IN_WORD: usize = 16;

    fn get(&self, slot: usize) -> Option<Answer> {
        let word = self.0.get(slot / Self::IN_WORD)?;
        match word >> (slot % Self::IN_WORD * 4) & 0b1111 {
            0 => None,
            1 => Some(Answer::Never),
            n => Some(Answer::From(Layer::ALL[n as usize - 2])),
        }
    }

    fn forget(&mut self, slot: usize) {
        if let Some(word) = self.0.get_mut(slot / Self::IN_WORD) {
            *word &= !(0b1111 << (slot % Self::IN_WORD * 4));
        }
    }

    pub(super) fn set(&mut self, slot: usize, says: Answer) {
        let (word, bit) = (slot / Self::IN_WORD, slot % Self::IN_WORD * 4);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let code = match says {
            Answer::Never => 1,
            Answer::From(layer) => 2 + layer as u64,
        };
        self.0[word] = self.0[word] & !(0b1111 << bit) | code << bit;
    }
}

impl Answer {
    /// Of what the layers do not change.
    pub(super) fn of(says: bool) -> Self {
        if says { Self::From(Layer::Raw) } else { Self::Never }
    }

    /// The layer at which it is yes first.
    pub(super) fn first(self) -> Option<Layer> {
        match self {
            Self::Never => None,
            Self::From(layer) => Some(layer),
        }
    }
}

impl From<Option<Layer>> for Answer {
    fn from(first: Option<Layer>) -> Self {
        first.map_or(Self::Never, Self::From)
    }
}

impl Default for Table {
    fn default() -> Self {
        Self { known: vec![Known::default(); PLACES + 1], first: vec![0; PLACES], last: 0 }
    }
}

impl Table {
    /// The place of a value.
    #[inline]
    fn find(&mut self, value: &[u8]) -> u16 {
        if value.len() > LONGEST {
            return self.new_one();
        }
        let tail = tail(value);
        if self.known[usize::from(self.last)].is_of(value, tail) {
            return self.last;
        }
        let hash = hash(value, tail);
        let place = hash as usize & (PLACES - 1);
        if !self.known[place].is_of(value, tail) {
            return self.place(value, hash);
        }
        self.last = place as u16;
        self.last
    }

    /// The place of a value that is not at its own.
    #[cold]
    fn place(&mut self, value: &[u8], hash: u64) -> u16 {
        let place = hash as usize & (PLACES - 1);
        let first = (hash >> 32) as u32 | 1;
        if std::mem::replace(&mut self.first[place], first) == first {
            self.known[place].become_of(value);
            return place as u16;
        }
        self.new_one()
    }

    /// The place of a value of which nothing is known, and that is not kept.
    fn new_one(&mut self) -> u16 {
        self.known[PLACES].forget();
        PLACES as u16
    }
}

impl Known {
    #[inline]
    fn is_of(&self, value: &[u8], tail: u64) -> bool {
        let same = self.tail == tail && self.value.len() == value.len();
        same && (value.len() <= SHORT || self.value == value)
    }

    fn become_of(&mut self, value: &[u8]) {
        self.tail = tail(value);
        self.value.clear();
        self.value.extend_from_slice(value);
        self.forget();
    }

    fn forget(&mut self) {
        self.answers.0.clear();
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
                    memo.note(row, slot, Answer::of(value == b"a"));
                    Answer::of(value == b"a")
                });
                assert_eq!(says, Answer::of(value == b"a"));
                assert_eq!(memo.answer(row, slot), Some(says));
            }
        }
        assert_eq!(made, 4 * (2 + 2 + 1));
        memo.turn();
        assert_eq!(memo.row(1, || None), None);
    }

    #[test]
    fn a_long_value_is_known_while_its_entry_lasts() {
        let (mut memo, long) = (Memo::default(), [b'x'; LONGEST + 1]);
        for _ in 0..3 {
            memo.turn();
            let row = memo.row(0, || Some(&long)).unwrap();
            assert_eq!(memo.answer(row, 3), None);
            memo.note(row, 3, Answer::Never);
            assert_eq!(memo.row(0, || unreachable!()), Some(row));
            assert_eq!(memo.answer(row, 3), Some(Answer::Never));
        }
    }

    #[test]
    fn every_answer_is_given_back_and_only_to_its_comparison() {
        let (mut memo, mut never) = (Memo::default(), Answers::default());
        (0..64).for_each(|slot| never.set(slot, Answer::Never));
        let row = memo.row(0, || Some(b"a")).unwrap();
        memo.note(row, 70, Answer::of(true));
        memo.presume(row, &never);
        assert_eq!(memo.answer(row, 70), None);
        memo.forget(row, 3);
        memo.forget(row, 300);
        assert_eq!((memo.answer(row, 3), memo.answer(row, 4)), (None, Some(Answer::Never)));
        memo.note(row, 3, Answer::Never);
        for (slot, layer) in (0..).step_by(7).zip(Layer::ALL) {
            memo.note(row, slot, Answer::From(layer));
        }
        for slot in 0..64 {
            let layer = Layer::ALL.get(slot / 7).filter(|_| slot % 7 == 0);
            assert_eq!(memo.answer(row, slot), Some(Answer::from(layer.copied())), "{slot}");
        }
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
                assert_eq!(memo.answer(row, 5), Some(Answer::of(n % 3 == 0)));
                again += 1;
                continue;
            }
            assert_eq!(memo.answer(row, 5), None);
            memo.note(row, 5, Answer::of(n % 3 == 0));
            memo.note_rules(row, &[n]);
            assert_eq!(memo.answer(row, 5), Some(Answer::of(n % 3 == 0)));
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
