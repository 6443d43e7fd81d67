//! How does a set of small numbers lie in little room, if it may hold a few more than were put into
//! it?

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::vlq;

/// A set of numbers below 65,536, a word for each 64.
#[derive(Debug)]
pub(super) struct Flat(Vec<u64>);

impl Default for Flat {
    fn default() -> Self {
        Self(vec![0; 1 << 10])
    }
}

impl Flat {
    pub(super) fn set(&mut self, bit: u16) {
        self.0[usize::from(bit >> 6)] |= 1 << (bit & 63);
    }

    /// Takes all numbers out.
    pub(super) fn take(&mut self) -> Bits {
        let pieces = (0..=u8::MAX).zip(self.0.as_chunks::<4>().0);
        let pieces = pieces.filter(|(_, words)| **words != [0; 4]).map(|(at, w)| (at, *w));
        let bits = Bits { folded: 0, pieces: pieces.collect() };
        self.0.fill(0);
        bits
    }
}

/// A set of numbers below 65,536, of which the lowest bits may be folded away; in pieces of 256: small
/// while few are in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Bits {
    /// How many of the lowest bits are folded away.
    folded: u8,
    /// In order.
    pieces: Vec<(u8, [u64; 4])>,
}

impl Bits {
    /// A folded set has at least so many times more places than numbers: one number in so many is
    /// wrongly said to be in it.
    const ROOM: usize = 32;

    /// A set is folded no further than to 4,096 places.
    const MOST_FOLDED: u8 = 4;

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn has(&self, bit: u16) -> bool {
        let bit = bit >> self.folded;
        let found = self.find((bit >> 8) as u8).ok();
        found.is_some_and(|at| self.pieces[at].1[usize::from(bit >> 6 & 3)] >> (bit & 63) & 1 == 1)
    }

    pub(super) fn append(&mut self, mut next: Self) {
        if self.folded != next.folded && !self.is_empty() && !next.is_empty() {
            let most = self.folded.max(next.folded);
            (*self, next) = (self.folded_to(most), next.folded_to(most));
        }
        if self.is_empty() {
            self.folded = next.folded;
        }
        for (piece, words) in next.pieces {
            let ours = self.piece(piece);
            ours.iter_mut().zip(words).for_each(|(ours, theirs)| *ours |= theirs);
        }
    }

    /// Folds it as far as there is room: what it becomes depends on nothing but what is in it.
    pub(super) fn fold(&mut self) {
        let fits = |folded: &Self| folded.count() * Self::ROOM <= folded.places();
        let folded = (self.folded..=Self::MOST_FOLDED).rev().map(|bits| self.folded_to(bits));
        if let Some(folded) = folded.into_iter().find(fits).filter(|_| !self.is_empty()) {
            *self = folded;
        }
        self.pieces.shrink_to_fit();
    }

    /// Those of some bits that are in it.
    pub(super) fn only(&self, bits: impl Iterator<Item = u16>) -> Self {
        let mut only = Self { folded: self.folded, ..Self::default() };
        bits.filter(|bit| self.has(*bit)).for_each(|bit| only.set(bit >> self.folded));
        only
    }

    /// The lowest number in it, alone.
    pub(super) fn lowest(&self) -> Self {
        let mut lowest = Self { folded: self.folded, ..Self::default() };
        self.numbers().take(1).for_each(|number| lowest.set(number));
        lowest
    }

    fn places(&self) -> usize {
        1 << (16 - self.folded)
    }

    fn folded_to(&self, folded: u8) -> Self {
        let mut all = Self { folded, ..Self::default() };
        let more = folded.saturating_sub(self.folded);
        self.numbers().for_each(|number| all.set(number >> more));
        all
    }

    fn find(&self, piece: u8) -> Result<usize, usize> {
        self.pieces.binary_search_by_key(&piece, |(piece, _)| *piece)
    }

    /// The words of a piece, which is empty if it was not there.
    fn piece(&mut self, piece: u8) -> &mut [u64; 4] {
        let at = self.find(piece).unwrap_or_else(|at| {
            self.pieces.insert(at, (piece, [0; 4]));
            at
        });
        &mut self.pieces[at].1
    }

    fn set(&mut self, place: u16) {
        self.piece((place >> 8) as u8)[usize::from(place >> 6 & 3)] |= 1 << (place & 63);
    }

    /// The places that are set.
    fn numbers(&self) -> impl Iterator<Item = u16> {
        let words = self.pieces.iter().flat_map(|(piece, words)| {
            (0_u16..).zip(words).map(|(i, w)| (u16::from(*piece) << 8 | i << 6, *w))
        });
        words.flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first | bit)
        })
    }

    fn count(&self) -> usize {
        self.pieces.iter().flat_map(|(_, words)| words).map(|word| word.count_ones() as usize).sum()
    }
}

/// How a set is written: how many bits are folded away, and how it goes on.
const GAPS: char = ':';
const WORDS: char = '=';

/// Digits of a piece: its number and four words.
const PIECE: usize = 2 + 4 * 16;

impl Bits {
    /// The gaps between its numbers.
    fn gaps(&self) -> String {
        let (mut text, mut next) = (String::new(), 0);
        for number in self.numbers() {
            vlq::write(&mut text, u64::from(number) - next);
            next = u64::from(number) + 1;
        }
        text
    }

    fn from_gaps(folded: u8, text: &str) -> Result<Self, String> {
        let (mut bits, mut next) = (Self { folded, ..Self::default() }, 0_u64);
        for gap in vlq::Numbers::of(text) {
            let number = next.saturating_add(gap?);
            if number >= bits.places() as u64 {
                return Err("a number beyond the index".to_owned());
            }
            bits.set(number as u16);
            next = number + 1;
        }
        Ok(bits)
    }

    /// Its pieces in hexadecimal.
    fn words(&self) -> String {
        self.pieces.iter().fold(String::new(), |mut text, (piece, words)| {
            // Writing into a string cannot fail.
            let _ = write!(text, "{piece:02x}");
            for word in words {
                let _ = write!(text, "{word:016x}");
            }
            text
        })
    }

    fn from_words(folded: u8, text: &str) -> Result<Self, String> {
        let wrong = || "not an index in hexadecimal".to_owned();
        if !text.is_ascii() || !text.len().is_multiple_of(PIECE) {
            return Err(wrong());
        }
        let number = |digits: &str| u64::from_str_radix(digits, 16).map_err(|_| wrong());
        let mut bits = Self { folded, ..Self::default() };
        for at in (0..text.len()).step_by(PIECE) {
            let piece = number(&text[at..at + 2])? as u8;
            if usize::from(piece) * 256 >= bits.places() {
                return Err(wrong());
            }
            let words = bits.piece(piece);
            for (i, word) in words.iter_mut().enumerate() {
                let from = at + 2 + 16 * i;
                *word = number(&text[from..from + 16])?;
            }
        }
        Ok(bits)
    }
}

impl From<Bits> for String {
    fn from(bits: Bits) -> Self {
        let folded = bits.folded;
        match bits.count() {
            0 => Self::new(),
            few if few <= bits.pieces.len() * PIECE / 2 => format!("{folded}{GAPS}{}", bits.gaps()),
            _ => format!("{folded}{WORDS}{}", bits.words()),
        }
    }
}

impl TryFrom<String> for Bits {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let wrong = || "not an index".to_owned();
        let (folded, rest) = text.split_once([GAPS, WORDS]).ok_or_else(wrong)?;
        let is_gaps = text[folded.len()..].starts_with(GAPS);
        let folded = folded.parse::<u8>().ok().filter(|bits| *bits <= Self::MOST_FOLDED);
        let folded = folded.ok_or_else(wrong)?;
        if is_gaps { Self::from_gaps(folded, rest) } else { Self::from_words(folded, rest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(step: usize) -> Bits {
        let mut flat = Flat::default();
        (0..=u16::MAX).step_by(step).for_each(|bit| flat.set(bit));
        flat.take()
    }

    #[test]
    fn few_and_many_come_back() {
        for step in [1, 7, 300, 2_000, 60_000] {
            let mut bits = every(step);
            assert_eq!(bits.numbers().count(), bits.count());
            for _ in 0..2 {
                let text = serde_json::to_string(&bits).unwrap();
                assert!(text.len() <= 8 + PIECE * bits.pieces.len(), "{step}");
                assert_eq!(serde_json::from_str::<Bits>(&text).unwrap(), bits);
                bits.fold();
            }
        }
        for wrong in ["9:A", "4:gggC", "4=100", ":", "0", "4:!", "0=é"] {
            assert!(Bits::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    /// What was put in is found, little else is, and neither folding again nor the order of folding and
    /// adding makes a difference.
    #[test]
    fn folding_loses_nothing_and_finds_little_more() {
        for (step, folded) in [(6_000, 4), (400, 3), (300, 3), (100, 1), (32, 0), (3, 0)] {
            let exact = every(step);
            let mut bits = exact.clone();
            bits.fold();
            assert_eq!(bits.folded, folded, "{step}");
            assert!(exact.numbers().all(|number| bits.has(number)));
            let wrongly = (0..=u16::MAX).filter(|n| bits.has(*n) && !exact.has(*n)).count();
            assert!(wrongly <= usize::from(u16::MAX) / Bits::ROOM, "{step}: {wrongly}");
            let mut again = bits.clone();
            again.fold();
            assert_eq!(again, bits);
            let mut both = bits.clone();
            both.append(exact);
            assert_eq!(both, bits);
        }
    }
}
