//! How does a record lie in 25 bytes, and a match that correlations count in ten? What the row before
//! said is not said again: times, lines and offsets are differences, and what is absent takes a bit.

use super::rows::Row;
use super::{Point, RecordFact, Way};
use crate::element::{Brand, Card, Elements, Fingerprint, Grade};

/// Appends a number, seven bits a byte, the lowest first (LEB128).
fn write(into: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn read(from: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if *byte < 0x80 {
            return Some(number);
        }
    }
}

/// Appends the difference from a number before, small ones of either sign in one byte (zigzag).
fn write_step(into: &mut Vec<u8>, now: i64, before: &mut i64) {
    let step = now.wrapping_sub(std::mem::replace(before, now));
    write(into, (step << 1 ^ step >> 63).cast_unsigned());
}

fn read_step(from: &mut &[u8], before: &mut i64) -> Option<i64> {
    let step = read(from)?;
    *before = before.wrapping_add((step >> 1).cast_signed() ^ -(step & 1).cast_signed());
    Some(*before)
}

fn read_hash(from: &mut &[u8]) -> Option<Fingerprint> {
    let (hash, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(Fingerprint(u64::from_le_bytes(*hash)))
}

impl Row for Point {
    /// Time, line, offset.
    type Before = [i64; 3];

    fn encode(&self, before: &mut [i64; 3], into: &mut Vec<u8>) {
        let place = [self.time, self.line.cast_signed(), self.offset.cast_signed()];
        for (now, before) in place.into_iter().zip(before) {
            write_step(into, now, before);
        }
        write(into, self.values.len() as u64);
        for value in &self.values {
            write(into, value.map_or(0, |text| u64::from(text) + 1));
        }
    }

    fn decode(before: &mut [i64; 3], from: &mut &[u8]) -> Option<Self> {
        for number in before.iter_mut() {
            read_step(from, number)?;
        }
        let [time, line, offset] = *before;
        let count = read(from)?;
        let value = |_| Some(read(from)?.checked_sub(1).map(|text| text as u32));
        let values = (0..count).map(value).collect::<Option<_>>()?;
        Some(Self { time, line: line.cast_unsigned(), offset: offset.cast_unsigned(), values })
    }
}

/// Which of a record's optional facts are there, from the lowest bit on.
const CARD: u64 = 1;
const EMAIL: u64 = 1 << 1;
const PERSON: u64 = 1 << 2;
const DATE: u64 = 1 << 3;
const TIME: u64 = 1 << 4;
const CLIENT: u64 = 1 << 5;
/// Bits before that of the way.
const BITS: u32 = 6;

impl Row for RecordFact {
    /// Line, time, date.
    type Before = [i64; 3];

    fn encode(&self, [line, time, date]: &mut [i64; 3], into: &mut Vec<u8>) {
        let there = [
            (CARD, self.card.is_some()),
            (EMAIL, self.email.is_some()),
            (PERSON, self.person.is_some()),
            (DATE, self.date.is_some()),
            (TIME, self.time.is_some()),
            (CLIENT, self.client.is_some()),
        ];
        let there: u64 = there.into_iter().filter(|(_, there)| *there).map(|(bit, _)| bit).sum();
        write(into, there | (self.way as u64) << BITS);
        write(into, self.class.0.into());
        write_step(into, self.line.cast_signed(), line);
        if let Some(card) = self.card {
            into.push(card.brand as u8);
            into.push(card.grade as u8);
            into.extend(card.column.to_le_bytes());
        }
        let hashes = [self.card.map(|card| card.fingerprint), self.email, self.person];
        hashes.into_iter().flatten().for_each(|hash| into.extend(hash.0.to_le_bytes()));
        if let Some(day) = self.date {
            write_step(into, day.into(), date);
        }
        if let Some(second) = self.time {
            write_step(into, second, time);
        }
        if let Some(client) = self.client {
            write(into, client.into());
        }
    }

    fn decode([line, time, date]: &mut [i64; 3], from: &mut &[u8]) -> Option<Self> {
        let there = read(from)?;
        let way = *Way::ALL.get((there >> BITS) as usize)?;
        let has = |bit: u64| there & bit > 0;
        let class = Elements(read(from)? as u32);
        let line = read_step(from, line)?.cast_unsigned();
        let mut card = None;
        if has(CARD) {
            let ([brand, grade, column @ ..], rest) = from.split_first_chunk::<6>()?;
            *from = rest;
            card = Some(Card {
                fingerprint: read_hash(from)?,
                brand: *Brand::ALL.get(usize::from(*brand))?,
                grade: *Grade::ALL.get(usize::from(*grade))?,
                column: u32::from_le_bytes(*column),
            });
        }
        Some(Self {
            class,
            card,
            email: if has(EMAIL) { Some(read_hash(from)?) } else { None },
            person: if has(PERSON) { Some(read_hash(from)?) } else { None },
            date: if has(DATE) { Some(read_step(from, date)? as i32) } else { None },
            time: if has(TIME) { Some(read_step(from, time)?) } else { None },
            client: if has(CLIENT) { Some(read(from)? as u32) } else { None },
            way,
            line,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Points;
    use super::super::rows::tests::come_back;
    use super::*;

    fn point() -> impl Strategy<Value = Point> {
        let values = proptest::collection::vec(any::<Option<u32>>(), 0..4);
        // What a stamp can say.
        let time = any::<i64>().prop_map(|micros| micros % 60_000_000_000_000_000);
        (time, any::<u64>(), any::<u64>(), values).prop_map(|(time, line, offset, values)| Point {
            time,
            line,
            offset,
            values: values.into(),
        })
    }

    fn fact() -> impl Strategy<Value = RecordFact> {
        let card = (any::<u64>(), any::<usize>(), any::<usize>(), any::<u32>());
        let card = card.prop_map(|(fingerprint, brand, grade, column)| Card {
            fingerprint: Fingerprint(fingerprint),
            brand: Brand::ALL[brand % Brand::ALL.len()],
            grade: Grade::ALL[grade % Grade::ALL.len()],
            column,
        });
        let hash = || proptest::option::of(any::<u64>().prop_map(Fingerprint));
        let others = any::<(Option<i32>, Option<i64>, Option<u32>, usize, u64)>();
        (any::<u32>(), proptest::option::of(card), hash(), hash(), others).prop_map(
            |(class, card, email, person, (date, time, client, way, line))| RecordFact {
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
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn matches_come_back(all in proptest::collection::vec(point(), 0..9_000), every in 50..4_000_usize) {
            come_back(&all, every)?;
        }

        #[test]
        fn records_come_back(all in proptest::collection::vec(fact(), 0..9_000), every in 50..4_000_usize) {
            come_back(&all, every)?;
        }
    }

    #[test]
    fn a_match_takes_few_bytes() {
        let mut points = Points::default();
        for n in 0..1_000_u64 {
            let values = [Some(n as u32 % 200), None].into();
            let time = n as i64 / 3 * 1_000_000;
            points.push(&Point { time, line: n, offset: 230 * n, values });
        }
        assert!(points.held() < 12 * points.len(), "{}", points.held());
    }

    #[test]
    fn what_is_no_piece_is_refused() {
        for wrong in [r#"{"1":[],"2":[]}"#, r#"{"-1":[]}"#, r#"{"4294967296":[]}"#, "7"] {
            assert!(serde_json::from_str::<Points>(wrong).is_err(), "{wrong}");
        }
    }
}
