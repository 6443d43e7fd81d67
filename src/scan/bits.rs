//! How does a set of small numbers lie in little room?

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// A set of numbers below 65,536, a word for each 64.
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
}

impl From<Flat> for Bits {
    fn from(flat: Flat) -> Self {
        let pieces = (0..=u8::MAX).zip(flat.0.as_chunks::<4>().0);
        Self(pieces.filter(|(_, words)| **words != [0; 4]).map(|(at, w)| (at, *w)).collect())
    }
}

/// A set of numbers below 65,536, in pieces of 256: small while few are in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub(super) struct Bits(BTreeMap<u8, [u64; 4]>);

impl Bits {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, bit: u16) -> bool {
        let words = self.0.get(&((bit >> 8) as u8));
        words.is_some_and(|words| words[usize::from(bit >> 6 & 3)] >> (bit & 63) & 1 == 1)
    }

    pub(super) fn append(&mut self, next: Self) {
        for (piece, words) in next.0 {
            let ours = self.0.entry(piece).or_default();
            ours.iter_mut().zip(words).for_each(|(ours, theirs)| *ours |= theirs);
        }
    }
}

/// A set as it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    /// Each number, while they are few.
    Few(Vec<u16>),
    /// Each piece as its number and its words in hexadecimal.
    Many(String),
}

/// Digits of a piece: its number and four words.
const PIECE: usize = 2 + 4 * 16;

impl Bits {
    fn numbers(&self) -> impl Iterator<Item = u16> {
        let words = self.0.iter().flat_map(|(piece, words)| {
            (0_u16..).zip(words).map(|(i, w)| (u16::from(*piece) << 8 | i << 6, *w))
        });
        words.flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first | bit)
        })
    }

    fn count(&self) -> usize {
        self.0.values().flatten().map(|word| word.count_ones() as usize).sum()
    }

    /// Pieces in hexadecimal.
    fn hexadecimal(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, (piece, words)| {
            // Writing into a string cannot fail.
            let _ = write!(text, "{piece:02x}");
            for word in words {
                let _ = write!(text, "{word:016x}");
            }
            text
        })
    }
}

impl From<Bits> for Written {
    fn from(bits: Bits) -> Self {
        /// Most digits of a number, with its comma.
        const NUMBER: usize = 6;
        if bits.count() * NUMBER <= bits.0.len() * PIECE {
            Self::Few(bits.numbers().collect())
        } else {
            Self::Many(bits.hexadecimal())
        }
    }
}

impl TryFrom<Written> for Bits {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Many(text) => text.try_into(),
            Written::Few(numbers) => {
                let mut bits = Self::default();
                for number in numbers {
                    let words = bits.0.entry((number >> 8) as u8).or_default();
                    words[usize::from(number >> 6 & 3)] |= 1 << (number & 63);
                }
                Ok(bits)
            }
        }
    }
}

impl TryFrom<String> for Bits {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "not an index in hexadecimal".to_owned();
        if !text.is_ascii() || !text.len().is_multiple_of(PIECE) {
            return Err(wrong());
        }
        let number = |digits: &str| u64::from_str_radix(digits, 16).map_err(|_| wrong());
        let mut bits = Self::default();
        for at in (0..text.len()).step_by(PIECE) {
            let piece = number(&text[at..at + 2])? as u8;
            let words = bits.0.entry(piece).or_default();
            for (i, word) in words.iter_mut().enumerate() {
                let from = at + 2 + 16 * i;
                *word = number(&text[from..from + 16])?;
            }
        }
        Ok(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_come_back() {
        for step in [1, 7, 300, 60_000] {
            let mut flat = Flat::default();
            (0..=u16::MAX).step_by(step).for_each(|bit| flat.set(bit));
            let bits = Bits::from(flat);
            assert_eq!(bits.numbers().count(), bits.count());
            let text = serde_json::to_string(&bits).unwrap();
            assert!(text.len() <= 8 + 66 * bits.0.len(), "{step}");
            assert_eq!(serde_json::from_str::<Bits>(&text).unwrap(), bits);
        }
    }
}
