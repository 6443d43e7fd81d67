//! Does a column hold card numbers, or other numbers that look like them?
//!
//! Of random numbers with a card's prefix and length one in ten passes the check digit, of card
//! numbers nearly all (typing errors do not). So the share that passes tells what a column holds:
//! each pass weighs ln(0.97/0.10) = 2.272, each failure ln(0.03/0.90) = −3.401 (Wald's sequential
//! test); at ±4.6 (odds of 99 to 1) the column is settled.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::found::Seen;
use super::key::{Domain, Stamp};
use super::{Card, Element, Elements, Grade};

/// What a scan notes about one number of a card's form: no digit of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    column: u32,
    passes: bool,
    prefix: u64,
    whole: u64,
}

impl Observation {
    pub(super) fn new(seen: &Seen, stamp: &Stamp) -> Self {
        let digits = seen.digits();
        Self {
            column: seen.column,
            passes: seen.passes,
            prefix: stamp.of(Domain::Prefix, digits.get(..12).unwrap_or_default()).0,
            whole: stamp.of(Domain::Prefix, digits).0,
        }
    }
}

/// The smallest of a set of hashes: how many different ones there are, exactly up to the cap.
/// A union keeps the smallest of both, so the order of merging does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Smallest(BTreeSet<u64>);

impl Smallest {
    const CAP: usize = 24;

    fn add(&mut self, hash: u64) {
        self.0.insert(hash);
        while self.0.len() > Self::CAP {
            self.0.pop_last();
        }
    }

    /// About how many different hashes were added.
    fn estimate(&self) -> f64 {
        match self.0.last() {
            Some(largest) if self.0.len() == Self::CAP => {
                (Self::CAP - 1) as f64 / (*largest as f64 / u64::MAX as f64)
            }
            _ => self.0.len() as f64,
        }
    }
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Numbers of a card's form whose check digit is right.
    pub passes: u64,
    /// Those whose check digit is wrong.
    pub fails: u64,
    prefixes: Smallest,
    values: Smallest,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// Card numbers.
    Cards,
    /// Other numbers.
    Others,
    /// Too few to tell.
    Unsettled,
}

impl Column {
    /// What it holds.
    pub fn content(&self) -> Content {
        let weight = 2.272 * self.passes as f64 - 3.401 * self.fails as f64;
        if self.is_sequence() || weight <= -4.6 {
            Content::Others
        } else if weight >= 4.6 && self.passes + self.fails >= 3 {
            Content::Cards
        } else {
            Content::Unsettled
        }
    }

    /// Whether it counts up: more than ten times as many different numbers as different first
    /// twelve digits. Identifiers do; card numbers of one issuer differ within these digits.
    fn is_sequence(&self) -> bool {
        self.fails > 0 && self.values.estimate() >= 10.0 * self.prefixes.estimate()
    }

    /// How many of its passes chance alone gives: one for nine failures.
    pub fn by_chance(&self) -> f64 {
        self.fails as f64 / 9.0
    }

    /// How far the passes exceed chance, in standard errors: an excess of 4 or more in a column of
    /// other numbers means card numbers among them.
    pub fn excess(&self) -> f64 {
        let n = (self.passes + self.fails) as f64;
        if n == 0.0 { 0.0 } else { (self.passes as f64 - 0.1 * n) / (0.09 * n).sqrt() }
    }

    fn merge(&mut self, other: Self) {
        self.passes += other.passes;
        self.fails += other.fails;
        other.prefixes.0.into_iter().for_each(|hash| self.prefixes.add(hash));
        other.values.0.into_iter().for_each(|hash| self.values.add(hash));
    }
}

/// The columns of one site in one stream. Merging is associative and commutative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns(BTreeMap<u32, Column>);

impl Columns {
    /// The most columns that are kept: those with the smallest ids, whatever the order of merging.
    pub const CAP: usize = 1 << 14;

    /// Notes one number.
    pub fn note(&mut self, seen: &Observation) {
        let column = self.0.entry(seen.column).or_default();
        column.passes += u64::from(seen.passes);
        column.fails += u64::from(!seen.passes);
        column.prefixes.add(seen.prefix);
        column.values.add(seen.whole);
        self.cap();
    }

    /// Adds what other entries showed.
    pub fn merge(&mut self, other: Self) {
        for (id, column) in other.0 {
            self.0.entry(id).or_default().merge(column);
        }
        self.cap();
    }

    /// A column, if a number of a card's form stood alone in it.
    pub fn get(&self, id: u32) -> Option<&Column> {
        self.0.get(&id)
    }

    /// How many passes of all columns chance alone gives: to be printed beside every total of
    /// numbers that stand alone.
    pub fn by_chance(&self) -> f64 {
        self.0.values().map(Column::by_chance).sum()
    }

    /// All columns.
    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.0.values()
    }

    fn cap(&mut self) {
        while self.0.len() > Self::CAP {
            self.0.pop_last();
        }
    }
}

/// The grade of a card once all of its stream is read: what was left for [`Grade::Review`] counts
/// in a column of cards, and is chance in a column of other numbers.
pub fn settle(card: Card, columns: &Columns) -> Grade {
    match columns.get(card.column).map(Column::content) {
        Some(Content::Cards) if card.grade == Grade::Review => Grade::Column,
        Some(Content::Others) if card.grade == Grade::Review => Grade::Chance,
        _ => card.grade,
    }
}

/// A record's class and card once all of its stream is read: a card that does not count takes
/// its number, expiry and track with it. A record whose class is then empty is none for the
/// headline: only its card is counted, by its grade, apart.
pub fn settled(class: Elements, card: Option<Card>, columns: &Columns) -> (Elements, Option<Card>) {
    let card = card.map(|card| Card { grade: settle(card, columns), ..card });
    let class = match card {
        Some(card) if card.grade.counts() => class.with(Element::CardNumber),
        Some(_) => [Element::CardNumber, Element::Expiry, Element::Track]
            .into_iter()
            .fold(class, Elements::without),
        None => class,
    };
    (class, card)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{Brand, Fingerprint};

    fn columns(seen: &[(bool, u64, u64)]) -> Columns {
        let mut columns = Columns::default();
        for (passes, prefix, whole) in seen {
            columns.note(&Observation {
                column: 7,
                passes: *passes,
                prefix: *prefix,
                whole: *whole,
            });
        }
        columns
    }

    fn content(seen: &[(bool, u64, u64)]) -> Content {
        columns(seen).get(7).map_or(Content::Unsettled, Column::content)
    }

    #[test]
    fn passes_make_cards_and_failures_others() {
        let numbers = |passes: u64, fails: u64| -> Vec<(bool, u64, u64)> {
            (0..passes + fails).map(|i| (i < passes, i << 40, i << 40)).collect()
        };
        let table = [
            (1, 0, Content::Unsettled),
            (2, 0, Content::Unsettled),
            (3, 0, Content::Cards),
            (4, 1, Content::Cards),
            (2, 3, Content::Others),
            (0, 2, Content::Others),
            (97, 3, Content::Cards),
            (100, 900, Content::Others),
        ];
        for (passes, fails, want) in table {
            assert_eq!(content(&numbers(passes, fails)), want, "{passes} {fails}");
        }
    }

    #[test]
    fn a_sequence_is_no_column_of_cards() {
        let seen: Vec<_> = (0..12).map(|i| (i != 5, 1, i)).collect();
        assert_eq!(content(&seen), Content::Others);
    }

    #[test]
    fn merging_is_lawful() {
        let seen: Vec<_> = (0..100u64).map(|i| (i % 10 == 0, i / 3, i * 0x9E37_79B9)).collect();
        let whole = columns(&seen);
        let (a, rest) = seen.split_at(31);
        let (b, c) = rest.split_at(20);
        let mut left = columns(c);
        left.merge(columns(a));
        left.merge(columns(b));
        left.merge(Columns::default());
        assert_eq!(left, whole);
    }

    #[test]
    fn settling_touches_only_what_was_for_review() {
        let columns = columns(&[(true, 1, 1), (true, 2, 2), (true, 3, 3)]);
        let card =
            |grade| Card { fingerprint: Fingerprint(1), brand: Brand::Visa, grade, column: 7 };
        assert_eq!(settle(card(Grade::Review), &columns), Grade::Column);
        assert_eq!(settle(card(Grade::Test), &columns), Grade::Test);
        let (class, _) = settled(Elements::default(), Some(card(Grade::Review)), &columns);
        assert!(class.has(Element::CardNumber));
    }
}
