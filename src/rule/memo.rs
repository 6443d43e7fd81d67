//! What did we say to this value before? Agents, referers and paths repeat: what the comparisons of
//! all rules said to a value is remembered, so that they are made once for each different value.
//!
//! The whole value is the key, not a hash of it, which an attacker could make collide. Only fields
//! of the entry are remembered, as they stand in the log, and a bounded number of values each; when
//! a table is full it is forgotten and begun again. The answers are the same with and without.

use rustc_hash::FxHashMap;

/// The most values remembered of one source.
const VALUES: usize = 4_096;
/// Longer values are not remembered.
const LONGEST: usize = 300;

/// The remembered answers of one thread, by source.
#[derive(Debug, Default)]
pub struct Memo {
    tables: Vec<Table>,
}

#[derive(Debug, Default)]
struct Table {
    rows: FxHashMap<Box<[u8]>, usize>,
    /// Two bits for each comparison: whether it was made, and what it said.
    answers: Vec<Vec<u64>>,
}

/// Where a value's answers stand: valid until the next [`Memo::row`] for the same source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row(usize);

impl Memo {
    /// The row of a value of a source; `None` if it is too long to be remembered.
    pub(super) fn row(&mut self, source: usize, value: &[u8]) -> Option<Row> {
        if value.len() > LONGEST {
            return None;
        }
        if self.tables.len() <= source {
            self.tables.resize_with(source + 1, Table::default);
        }
        let table = self.tables.get_mut(source)?;
        if let Some(row) = table.rows.get(value) {
            return Some(Row(*row));
        }
        if table.answers.len() >= VALUES {
            *table = Table::default();
        }
        table.rows.insert(value.into(), table.answers.len());
        table.answers.push(Vec::new());
        Some(Row(table.answers.len() - 1))
    }

    /// What comparison number `slot` said to the value of a row, if it was made.
    pub(super) fn answer(&self, source: usize, row: Row, slot: usize) -> Option<bool> {
        let answers = self.tables.get(source)?.answers.get(row.0)?;
        match answers.get(slot / 32)? >> (slot % 32 * 2) & 0b11 {
            0 => None,
            said => Some(said == 0b11),
        }
    }

    /// Notes what comparison number `slot` says to the value of a row.
    pub(super) fn note(&mut self, source: usize, row: Row, slot: usize, says: bool) {
        let table = self.tables.get_mut(source);
        let Some(answers) = table.and_then(|table| table.answers.get_mut(row.0)) else { return };
        let (word, bit) = (slot / 32, slot % 32 * 2);
        if answers.len() <= word {
            answers.resize(word + 1, 0);
        }
        answers[word] |= (1 | u64::from(says) << 1) << bit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_made_once_for_each_value() {
        let mut memo = Memo::default();
        let mut made = 0;
        for value in [&b"a"[..], b"b", b"a", b"b"] {
            let row = memo.row(2, value).unwrap();
            for slot in [0, 31, 32, 200] {
                let says = memo.answer(2, row, slot).unwrap_or_else(|| {
                    made += 1;
                    memo.note(2, row, slot, value == b"a");
                    value == b"a"
                });
                assert_eq!(says, value == b"a");
            }
        }
        assert_eq!(made, 8);
        assert!(memo.row(0, &[b'x'; LONGEST + 1]).is_none());
    }

    #[test]
    fn it_is_bounded() {
        let mut memo = Memo::default();
        for n in 0..10_000_u32 {
            let row = memo.row(0, &n.to_le_bytes()).unwrap();
            assert_eq!(memo.answer(0, row, 5), None);
            memo.note(0, row, 5, n % 3 == 0);
            assert_eq!(memo.answer(0, row, 5), Some(n % 3 == 0));
        }
        assert!(memo.tables[0].answers.len() <= VALUES);
    }
}
