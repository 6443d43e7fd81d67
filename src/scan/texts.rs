//! How are a million different texts kept that an attacker made up? One behind the other, in some thirty
//! bytes more than they are long.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, Hash};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::keyed::Keyed;

/// Different texts, by their number.
#[derive(Clone, Default)]
pub struct Texts {
    all: String,
    /// Where each ends.
    ends: Vec<usize>,
    numbers: Numbered,
    /// How many texts have their number in there: made anew when they do not.
    numbered: usize,
    /// Pieces before which others have not come yet, by the number of their first text.
    later: BTreeMap<u32, Self>,
}

impl Texts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.later.is_empty()
    }

    /// About how many bytes of a piece, at most: a quarter of a megabyte as JSON.
    const PIECE: usize = 1 << 17;

    /// About how many bytes they take as JSON.
    pub(super) fn weight(&self) -> usize {
        let later: usize = self.later.values().map(Self::weight).sum();
        self.all.len() + 4 * self.len() + later
    }

    /// In pieces of which each can be joined by itself, in any order and more than once.
    pub(super) fn into_pieces(mut self) -> impl Iterator<Item = Self> {
        let (mut pieces, mut piece) = (std::mem::take(&mut self.later), Self::default());
        for (number, text) in (1..).zip(self.iter()) {
            piece.push(text);
            if piece.weight() >= Self::PIECE || number == self.len() {
                let piece = std::mem::take(&mut piece);
                pieces.insert((number - piece.len()) as u32, piece);
            }
        }
        let alone = |one| Self { later: BTreeMap::from([one]), ..Self::default() };
        pieces.into_iter().map(move |(first, piece)| match first {
            0 => piece,
            _ => alone((first, piece)),
        })
    }

    /// Adds pieces of the same texts; one that both hold is the same in both.
    pub(super) fn join(&mut self, mut other: Self) {
        let later = std::mem::take(&mut other.later);
        for (first, piece) in std::iter::once((0, other)).chain(later) {
            self.later.entry(first).or_insert(piece);
        }
        let mut len = self.len();
        while let Some(next) = self.later.first_entry().filter(|next| *next.key() as usize <= len) {
            let (first, piece) = next.remove_entry();
            for text in piece.iter().skip(len - first as usize) {
                self.push(text);
            }
            len = self.len();
        }
    }

    /// How long they are together.
    pub(super) fn bytes(&self) -> usize {
        self.all.len()
    }

    /// The text of a number.
    pub fn get(&self, number: u32) -> Option<&str> {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before))?;
        self.all.get(*start..*self.ends.get(number)?)
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|number| self.get(number).unwrap_or_default())
    }

    /// The number of a text, which is added if it is not there.
    pub fn intern(&mut self, text: &str) -> u32 {
        match self.find(text) {
            Ok(number) => number,
            Err(free) => {
                let new = self.push(text);
                self.numbers.insert(free, new);
                self.numbered += 1;
                new
            }
        }
    }

    /// The number of a text, if it is there.
    pub(super) fn known(&mut self, text: &str) -> Option<u32> {
        self.find(text).ok()
    }

    /// Gives room back, and forgets what only finds texts.
    pub(super) fn close(&mut self) {
        self.all.shrink_to_fit();
        self.ends.shrink_to_fit();
        (self.numbers, self.numbered) = Default::default();
    }

    fn push(&mut self, text: &str) -> u32 {
        self.all.push_str(text);
        self.ends.push(self.all.len());
        self.ends.len() as u32 - 1
    }

    fn find(&mut self, text: &str) -> Result<u32, u64> {
        // Neighbours mostly say the same.
        let last = (self.len() as u32).wrapping_sub(1);
        if self.get(last) == Some(text) {
            return Ok(last);
        }
        if self.numbered != self.len() {
            self.numbers = Numbered::default();
            for number in 0..self.len() as u32 {
                let text = self.get(number).unwrap_or_default();
                if let Err(free) = self.numbers.find(text, |n| self.get(n) == Some(text)) {
                    self.numbers.insert(free, number);
                }
            }
            self.numbered = self.len();
        }
        self.numbers.find(text, |number| self.get(number) == Some(text))
    }
}

/// The numbers of things that are kept elsewhere, by their hash. Things are an attacker's: they are
/// hashed under a random key, so that no log can be made whose things collide.
#[derive(Clone, Debug, Default)]
pub struct Numbered(HashMap<u64, u32, Keyed>);

impl Numbered {
    /// The number of a thing, of which `is` says whether it is it; else the place for it.
    pub fn find<T: Hash + ?Sized>(&self, thing: &T, is: impl Fn(u32) -> bool) -> Result<u32, u64> {
        let mut place = self.0.hasher().hash_one(thing);
        while let Some(number) = self.0.get(&place) {
            if is(*number) {
                return Ok(*number);
            }
            place = place.wrapping_add(1);
        }
        Err(place)
    }

    /// Puts a number into the place that was found for it.
    pub fn insert(&mut self, place: u64, number: u32) {
        self.0.insert(place, number);
    }

    /// The number of the next thing, if they are numbered in a row.
    pub fn next(&self) -> u32 {
        self.0.len() as u32
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        (&self.all, &self.ends, &self.later) == (&other.all, &other.ends, &other.later)
    }
}

impl Eq for Texts {}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// As they are written: all from the first one on as a list; later pieces under their numbers.
impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.later.is_empty() {
            return serializer.collect_seq(self.iter());
        }
        let first = (!self.ends.is_empty()).then(|| (0, self.iter().collect::<Vec<_>>()));
        let later = self.later.iter().map(|(number, piece)| (*number, piece.iter().collect()));
        serializer.collect_map(first.into_iter().chain(later))
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts, or pieces of one under their numbers")
            }

            /// One that a part file repeats keeps both its numbers.
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while let Some(text) = seq.next_element::<String>()? {
                    texts.push(&text);
                }
                Ok(texts)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while let Some(piece) = map.next_entry::<u32, Texts>()? {
                    if !piece.1.later.is_empty() {
                        return Err(A::Error::custom("a piece of texts holds pieces"));
                    }
                    texts.join(Texts { later: BTreeMap::from([piece]), ..Texts::default() });
                }
                Ok(texts)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_numbers() {
        let mut texts = Texts::default();
        let text = |n: u32| {
            if n == 7 { String::new() } else { "ü".repeat(n as usize % 40) + &n.to_string() }
        };
        for n in (0..3_000).chain(0..3_000) {
            assert_eq!(texts.intern(&text(n)), n);
            if n == 1_000 {
                texts.close();
            }
        }
        assert_eq!((texts.known("x"), texts.get(3_000), texts.len()), (None, None, 3_000));
        assert!(texts.iter().eq((0..3_000).map(text)));
        let written = serde_json::to_string(&texts).unwrap();
        assert_eq!(serde_json::from_str::<Texts>(&written).unwrap(), texts);
    }

    #[test]
    fn pieces_come_in_any_order_and_more_than_once() {
        let mut texts = Texts::default();
        let text = |n: u32| format!("{n:-<70}");
        for n in 0..9_000 {
            texts.intern(&text(n));
        }
        let pieces: Vec<Texts> = texts.clone().into_pieces().collect();
        assert!(pieces.len() > 3, "{}", pieces.len());
        let mut joined = Texts::default();
        for piece in pieces.iter().rev().chain(&pieces) {
            let written = serde_json::to_string(&joined).unwrap();
            assert_eq!(serde_json::from_str::<Texts>(&written).unwrap(), joined);
            let piece = serde_json::to_string(piece).unwrap();
            assert!(piece.len() < 2 * Texts::PIECE);
            joined.join(serde_json::from_str(&piece).unwrap());
        }
        assert_eq!(joined, texts);
        assert_eq!((joined.intern(&text(8_999)), joined.intern("new")), (8_999, 9_000));
        for wrong in [r#"{"-1":["a"]}"#, r#"{"5":{"9":["a"]}}"#] {
            assert!(serde_json::from_str::<Texts>(wrong).is_err(), "{wrong}");
        }
    }

    /// A part file may say a text twice.
    #[test]
    fn a_text_that_is_there_twice_has_two_numbers() {
        let mut texts: Texts = serde_json::from_str(r#"["a","b","a"]"#).unwrap();
        assert_eq!((texts.len(), texts.get(2)), (3, Some("a")));
        assert_eq!((texts.intern("b"), texts.intern("c"), texts.len()), (1, 3, 4));
    }

    #[test]
    fn things_of_one_hash_are_told_apart() {
        let mut numbers = Numbered::default();
        let first = numbers.find("a", |_| false).unwrap_err();
        numbers.insert(first, 0);
        let second = numbers.find("a", |_| false).unwrap_err();
        numbers.insert(second, 1);
        assert_eq!((numbers.find("a", |n| n == 1), numbers.next()), (Ok(1), 2));
    }
}
