//! Where are a million records kept? In memory as long as they are few, then in a file
//! ([`spill`](crate::spill)), in the order of the stream.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{RecordFact, Way};
use crate::element::{Brand, Card, Elements, Fingerprint, Grade};
use crate::spill::{self, Spill};
use crate::time::Time;

/// The records of a stream on one site, in the order of the stream: in pieces of
/// [`Facts::PIECE`], of which each can be merged by itself.
#[derive(Clone, Debug, Default)]
pub struct Facts(Vec<Piece>);

/// Records in a row.
#[derive(Clone, Debug, Default)]
struct Piece {
    /// How many pieces of the stream come before.
    number: u32,
    /// The first ones, put aside.
    aside: Vec<(Arc<Spill>, Range<u64>)>,
    /// The last ones.
    recent: Vec<RecordFact>,
}

impl Piece {
    fn len(&self) -> usize {
        let aside: u64 = self.aside.iter().map(|(_, r)| (r.end - r.start) / SIZE as u64).sum();
        aside as usize + self.recent.len()
    }

    fn iter(&self) -> impl Iterator<Item = RecordFact> + '_ {
        let aside = self.aside.iter().flat_map(|(spill, range)| spill.pieces(range.clone()));
        aside.map(decoded).chain(self.recent.iter().copied())
    }
}

impl Facts {
    /// The most records of one stream and site that are held in memory: about 50 MB.
    pub const BOUND: usize = 1 << 19;

    /// Records of a piece: about 1 MB as a line of a part file, so that what reads lines as a whole
    /// need not hold a whole log's records.
    pub const PIECE: usize = 1 << 12;

    /// Adds a record.
    pub fn push(&mut self, fact: RecordFact) {
        let number = self.0.last().map_or(0, |last| last.number.saturating_add(1));
        let full = |last: &Piece| last.len() >= Self::PIECE;
        if self.0.last().is_none_or(full) {
            self.0.push(Piece { number, ..Piece::default() });
        }
        let Some(last) = self.0.last_mut() else { return };
        last.recent.push(fact);
        if full(last) && self.held() >= Self::BOUND {
            self.put_aside();
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(Piece::len).sum()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = RecordFact> + '_ {
        self.0.iter().flat_map(Piece::iter)
    }

    /// Adds pieces of the same records; one that both hold is the same in both.
    pub(super) fn join(&mut self, other: Self) {
        for piece in other.0 {
            if let Err(at) = self.0.binary_search_by_key(&piece.number, |ours| ours.number) {
                self.0.insert(at, piece);
            }
        }
    }

    /// The pieces, each by itself.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Self> {
        self.0.iter().map(|piece| Self(vec![piece.clone()]))
    }

    /// How many are held in memory.
    pub(super) fn held(&self) -> usize {
        self.0.iter().map(|piece| piece.recent.len()).sum()
    }

    /// Puts the records that are held in memory aside; if the disk does not take them, they stay.
    fn put_aside(&mut self) {
        Self::put_all_aside(&mut [self]);
    }

    /// Puts aside what many hold in memory, in one file. If the disk takes nothing, they keep it
    /// while there is patience, and then it is lost.
    pub(super) fn put_all_aside(all: &mut [&mut Self]) {
        let pieces = all.iter_mut().flat_map(|facts| &mut facts.0);
        let held: Vec<&mut Piece> = pieces.filter(|piece| !piece.recent.is_empty()).collect();
        let (spill, ranges) = match written(&held) {
            Ok(done) => done,
            Err(error) => {
                let many: usize = held.iter().map(|piece| piece.recent.len()).sum();
                if many >= spill::PATIENCE * Self::BOUND {
                    spill::lose("takes no more", &error);
                    for piece in held {
                        piece.recent.clear();
                    }
                }
                return;
            }
        };
        let spill = Arc::new(spill);
        for (piece, range) in held.into_iter().zip(ranges) {
            piece.aside.push((Arc::clone(&spill), range));
            piece.recent = Vec::new();
        }
    }
}

/// The records that are held in memory, in a file.
fn written(held: &[&mut Piece]) -> io::Result<(Spill, Vec<Range<u64>>)> {
    let mut spill = Spill::new()?;
    let mut ranges = Vec::with_capacity(held.len());
    for piece in held {
        let mut range = spill.append(&[])?;
        for some in piece.recent.chunks(1 << 10) {
            let bytes: Vec<u8> = some.iter().flat_map(encoded).collect();
            range.end = spill.append(&bytes)?.end;
        }
        ranges.push(range);
    }
    Ok((spill, ranges))
}

impl<'f> IntoIterator for &'f Facts {
    type Item = RecordFact;
    type IntoIter = Box<dyn Iterator<Item = RecordFact> + 'f>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl Extend<RecordFact> for Facts {
    fn extend<I: IntoIterator<Item = RecordFact>>(&mut self, facts: I) {
        facts.into_iter().for_each(|fact| self.push(fact));
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Facts {}

/// As it is written: all from the first one on as a list; a later piece under its number.
impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self.0.as_slice() {
            [piece] if piece.number > 0 => {
                serializer.collect_map([(piece.number, Listed(piece))])?
            }
            _ => serializer.collect_seq(self.iter())?,
        };
        spill::unless_lost(written).map_err(serde::ser::Error::custom)
    }
}

struct Listed<'p>(&'p Piece);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Facts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of records, or a piece of one under its number")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Facts, A::Error> {
                let mut facts = Facts::default();
                while let Some(fact) = seq.next_element::<RecordFact>()? {
                    if let Some(second) = fact.time {
                        let micros = second.saturating_mul(1_000_000);
                        Time::checked(micros).map_err(serde::de::Error::custom)?;
                    }
                    facts.push(fact);
                }
                Ok(facts)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Facts, A::Error> {
                let Some((number, mut piece)) = map.next_entry::<u32, Facts>()? else {
                    return Ok(Facts::default());
                };
                if piece.0.len() > 1 || map.next_key::<u32>()?.is_some() {
                    return Err(serde::de::Error::custom("not one piece of the records"));
                }
                piece.0.iter_mut().for_each(|piece| piece.number = number);
                Ok(piece)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// The bytes of a record on the disk: eight numbers of eight bytes.
const SIZE: usize = 64;

fn encoded(fact: &RecordFact) -> [u8; SIZE] {
    let RecordFact { class, card, email, person, date, time, client, way, line } = *fact;
    let there = [
        card.is_some(),
        email.is_some(),
        person.is_some(),
        date.is_some(),
        time.is_some(),
        client.is_some(),
    ];
    let there = (0..).zip(there).fold(0, |bits, (i, yes)| bits | u64::from(yes) << i);
    let there = there | (way as u64) << 8;
    let kind = |c: Card| u64::from(c.column) << 16 | (c.brand as u64) << 8 | c.grade as u64;
    let numbers = [
        card.map_or(0, |c| c.fingerprint.0),
        card.map_or(0, kind),
        email.map_or(0, |f| f.0),
        person.map_or(0, |f| f.0),
        time.map_or(0, i64::cast_unsigned),
        line,
        u64::from(date.map_or(0, i32::cast_unsigned)) << 32 | u64::from(class.0),
        u64::from(client.unwrap_or(0)) << 32 | there,
    ];
    let mut bytes = [0; SIZE];
    let (words, _) = bytes.as_chunks_mut::<8>();
    words.iter_mut().zip(numbers).for_each(|(to, from)| *to = from.to_le_bytes());
    bytes
}

fn decoded(bytes: [u8; SIZE]) -> RecordFact {
    let (words, _) = bytes.as_chunks::<8>();
    let word = |i: usize| words.get(i).map_or(0, |w| u64::from_le_bytes(*w));
    let there = |i: usize| word(7) >> i & 1 == 1;
    let one = |list: usize, byte: u64| (word(1) >> byte & 0xFF) as usize % list;
    let card = || Card {
        fingerprint: Fingerprint(word(0)),
        brand: Brand::ALL[one(Brand::ALL.len(), 8)],
        grade: Grade::ALL[one(Grade::ALL.len(), 0)],
        column: (word(1) >> 16) as u32,
    };
    RecordFact {
        class: Elements(word(6) as u32),
        card: there(0).then(card),
        email: there(1).then(|| Fingerprint(word(2))),
        person: there(2).then(|| Fingerprint(word(3))),
        date: there(3).then(|| ((word(6) >> 32) as u32).cast_signed()),
        time: there(4).then(|| word(4).cast_signed()),
        client: there(5).then(|| (word(7) >> 32) as u32),
        way: Way::ALL[(word(7) >> 8 & 0xFF) as usize % Way::ALL.len()],
        line: word(5),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fact() -> impl Strategy<Value = RecordFact> {
        let card = (any::<u64>(), any::<usize>(), any::<usize>(), any::<u32>());
        let card = card.prop_map(|(fingerprint, brand, grade, column)| Card {
            fingerprint: Fingerprint(fingerprint),
            brand: Brand::ALL[brand % Brand::ALL.len()],
            grade: Grade::ALL[grade % Grade::ALL.len()],
            column,
        });
        let hash = || proptest::option::of(any::<u64>().prop_map(Fingerprint));
        let card = proptest::option::of(card);
        (
            any::<u32>(),
            card,
            hash(),
            hash(),
            any::<(Option<i32>, Option<i64>, Option<u32>, usize, u64)>(),
        )
            .prop_map(|(class, card, email, person, (date, time, client, way, line))| {
                RecordFact {
                    class: Elements(class),
                    card,
                    email,
                    person,
                    date,
                    // What a stamp can say.
                    time: time.map(|second| second % 60_000_000_000),
                    client,
                    way: Way::ALL[way % Way::ALL.len()],
                    line,
                }
            })
    }

    #[test]
    fn pieces_come_back_in_any_order_and_more_than_once() {
        let mut facts = Facts::default();
        let some = |line| RecordFact {
            class: Elements(1),
            card: None,
            email: Some(Fingerprint(line)),
            person: None,
            date: None,
            time: None,
            client: None,
            way: Way::Usual,
            line,
        };
        (0..3 * Facts::PIECE as u64 + 7).for_each(|line| facts.push(some(line)));
        let written: Vec<String> =
            facts.pieces().map(|piece| serde_json::to_string(&piece).unwrap()).collect();
        assert_eq!(written.len(), 4);
        let mut joined = Facts::default();
        for at in [2, 0, 2, 3, 1, 0] {
            joined.join(serde_json::from_str(&written[at]).unwrap());
        }
        assert!(joined == facts && joined.len() == facts.len());
        for wrong in [r#"{"1":[],"2":[]}"#, r#"{"-1":[]}"#, r#"{"4294967296":[]}"#, "7"] {
            assert!(serde_json::from_str::<Facts>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_put_aside_is_what_was_there(all in proptest::collection::vec(fact(), 0..3_000), every in 100..1_000_usize) {
            let mut facts = Facts::default();
            for (n, fact) in all.iter().enumerate() {
                facts.push(*fact);
                if n % every == 0 {
                    facts.put_aside();
                    prop_assert_eq!(facts.held(), 0);
                }
            }
            prop_assert_eq!(facts.iter().collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(facts.len(), all.len());
            let part = serde_json::to_string(&facts).unwrap();
            prop_assert_eq!(serde_json::from_str::<Facts>(&part).unwrap(), facts);
        }
    }
}
