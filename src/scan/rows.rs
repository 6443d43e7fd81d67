//! Where are a million records kept, or matches that correlations count? In a few bytes each, in the
//! order of the stream: in memory as long as they are few, then in a file ([`spill`](crate::spill)).

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::spill::{self, Spill};

/// What rows are made of.
pub trait Row: Clone + fmt::Debug + PartialEq {
    /// What is known of the row before, from which this one differs little.
    type Before: Clone + fmt::Debug + Default;

    /// Appends its bytes.
    fn encode(&self, before: &mut Self::Before, into: &mut Vec<u8>);

    /// The row that the bytes begin with, which are taken off; `None` if there is none.
    fn decode(before: &mut Self::Before, from: &mut &[u8]) -> Option<Self>;
}

/// The rows of a stream on one site, in the order of the stream: in pieces of [`Rows::PIECE`], of
/// which each can be merged by itself.
#[derive(Clone, Debug)]
pub struct Rows<T: Row> {
    pieces: Vec<Piece<T>>,
    /// How many rows there are in all.
    count: usize,
}

/// Rows one behind the other.
#[derive(Clone, Debug)]
struct Piece<T: Row> {
    /// How many pieces of the stream come before.
    number: u32,
    /// The bytes of the first ones, put aside.
    aside: Vec<(Arc<Spill>, Range<u64>)>,
    /// Those of the last ones.
    recent: Vec<u8>,
    /// How many rows there are.
    count: usize,
    /// What the next one's bytes say the difference from.
    before: T::Before,
}

impl<T: Row> Piece<T> {
    fn new(number: u32) -> Self {
        let (aside, recent) = (Vec::new(), Vec::new());
        Self { number, aside, recent, count: 0, before: T::Before::default() }
    }

    fn bytes(&self) -> Cow<'_, [u8]> {
        if self.aside.is_empty() {
            return Cow::Borrowed(&self.recent);
        }
        let mut bytes = Vec::new();
        for (spill, range) in &self.aside {
            spill.read(range.clone(), &mut bytes);
        }
        bytes.extend_from_slice(&self.recent);
        Cow::Owned(bytes)
    }

    fn iter(&self) -> impl Iterator<Item = T> + '_ {
        let (bytes, mut at, mut before) = (self.bytes(), 0, T::Before::default());
        (0..self.count).map_while(move |_| {
            let mut rest = bytes.get(at..)?;
            let row = T::decode(&mut before, &mut rest)?;
            at = bytes.len() - rest.len();
            Some(row)
        })
    }
}

impl<T: Row> Default for Rows<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), count: 0 }
    }
}

impl<T: Row> Rows<T> {
    /// The most bytes of rows that are held in memory before they are put aside.
    pub const BOUND: usize = 32 << 20;

    /// Rows of a piece: at most about 1 MB as a line of a part file, so that what reads lines as a
    /// whole need not hold those of a whole log.
    pub const PIECE: usize = 1 << 12;

    /// Adds a row.
    pub fn push(&mut self, row: &T) {
        let number = self.pieces.last().map_or(0, |last| last.number.saturating_add(1));
        let full = |last: &Piece<T>| last.count >= Self::PIECE;
        if self.pieces.last().is_none_or(full) {
            self.pieces.push(Piece::new(number));
        }
        let Some(last) = self.pieces.last_mut() else { return };
        row.encode(&mut last.before, &mut last.recent);
        last.count += 1;
        self.count += 1;
        if full(last) {
            last.recent.shrink_to_fit();
            if self.held() >= Self::BOUND {
                Self::put_aside([self]);
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.pieces.iter().flat_map(Piece::iter)
    }

    /// Adds pieces of the same rows; one that both hold is the same in both.
    pub(super) fn join(&mut self, other: Self) {
        for piece in other.pieces {
            if let Err(at) = self.pieces.binary_search_by_key(&piece.number, |ours| ours.number) {
                self.count += piece.count;
                self.pieces.insert(at, piece);
            }
        }
    }

    /// The pieces, each by itself.
    pub(super) fn into_pieces(self) -> impl Iterator<Item = Self> {
        let alone = |piece: Piece<T>| Self { count: piece.count, pieces: vec![piece] };
        self.pieces.into_iter().map(alone)
    }

    /// Gives room back that nothing is in.
    pub(super) fn close(&mut self) {
        self.pieces.shrink_to_fit();
        self.pieces.iter_mut().for_each(|piece| piece.recent.shrink_to_fit());
    }

    /// How many bytes are held in memory.
    pub(super) fn held(&self) -> usize {
        self.pieces.iter().map(|piece| piece.recent.len()).sum()
    }

    /// Puts aside what many hold in memory, in one file. If the disk takes nothing, they keep it
    /// while there is patience, and then it is lost.
    pub(super) fn put_aside<'r>(all: impl IntoIterator<Item = &'r mut Self>)
    where
        T: 'r,
    {
        let pieces = all.into_iter().flat_map(|rows| &mut rows.pieces);
        let held: Vec<&mut Piece<T>> = pieces.filter(|piece| !piece.recent.is_empty()).collect();
        if held.is_empty() {
            return;
        }
        match written(&held) {
            Ok((spill, ranges)) => {
                let spill = Arc::new(spill);
                for (piece, range) in held.into_iter().zip(ranges) {
                    piece.aside.push((Arc::clone(&spill), range));
                    piece.recent = Vec::new();
                }
            }
            Err(error) => {
                let bytes: usize = held.iter().map(|piece| piece.recent.len()).sum();
                if bytes >= spill::PATIENCE * Self::BOUND {
                    spill::lose("takes no more", &error);
                    for piece in held {
                        piece.recent = Vec::new();
                    }
                }
            }
        }
    }
}

/// What is held in memory, in a file.
fn written<T: Row>(held: &[&mut Piece<T>]) -> io::Result<(Spill, Vec<Range<u64>>)> {
    let mut spill = Spill::new()?;
    let ranges = held.iter().map(|piece| spill.append(&piece.recent));
    let ranges = ranges.collect::<io::Result<_>>()?;
    Ok((spill, ranges))
}

impl<'r, T: Row> IntoIterator for &'r Rows<T> {
    type Item = T;
    type IntoIter = Box<dyn Iterator<Item = T> + 'r>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl<T: Row> Extend<T> for Rows<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, rows: I) {
        rows.into_iter().for_each(|row| self.push(&row));
    }
}

impl<T: Row> PartialEq for Rows<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Row + Eq> Eq for Rows<T> {}

/// As they are written: all from the first one on as a list; a later piece under its number.
impl<T: Row + Serialize> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self.pieces.as_slice() {
            [piece] if piece.number > 0 => {
                serializer.collect_map([(piece.number, Listed(piece))])?
            }
            _ => serializer.collect_seq(self.iter())?,
        };
        spill::unless_lost(written).map_err(serde::ser::Error::custom)
    }
}

struct Listed<'p, T: Row>(&'p Piece<T>);

impl<T: Row + Serialize> Serialize for Listed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

impl<'de, T: Row + Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Row + Deserialize<'de>> Visitor<'de> for Reader<T> {
    type Value = Rows<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows, or a piece of one under its number")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows<T>, A::Error> {
        let mut rows = Rows::default();
        while let Some(row) = seq.next_element::<T>()? {
            rows.push(&row);
        }
        Ok(rows)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rows<T>, A::Error> {
        let Some((number, mut piece)) = map.next_entry::<u32, Rows<T>>()? else {
            return Ok(Rows::default());
        };
        if piece.pieces.len() > 1 || map.next_key::<u32>()?.is_some() {
            return Err(serde::de::Error::custom("not one piece of the rows"));
        }
        piece.pieces.iter_mut().for_each(|piece| piece.number = number);
        Ok(piece)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;

    use super::*;

    /// Rows come back, whether and when they were put aside, and so do pieces of them, in any order
    /// and more than once.
    pub(in super::super) fn come_back<T>(all: &[T], every: usize) -> Result<(), TestCaseError>
    where
        T: Row + Serialize + DeserializeOwned,
    {
        let mut rows = Rows::default();
        for (n, row) in all.iter().enumerate() {
            rows.push(row);
            if n % every == 0 {
                Rows::put_aside([&mut rows]);
                prop_assert_eq!(rows.held(), 0);
            }
        }
        prop_assert_eq!(rows.iter().collect::<Vec<_>>(), all);
        prop_assert_eq!(rows.len(), all.len());
        let part = serde_json::to_string(&rows).unwrap();
        prop_assert_eq!(serde_json::from_str::<Rows<T>>(&part).unwrap(), rows.clone());
        let mut joined = Rows::default();
        let pieces: Vec<Rows<T>> = rows.clone().into_pieces().collect();
        for piece in pieces.iter().rev().chain(&pieces) {
            let piece = serde_json::to_string(piece).unwrap();
            joined.join(serde_json::from_str(&piece).unwrap());
        }
        prop_assert_eq!(joined, rows);
        Ok(())
    }
}
