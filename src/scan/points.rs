//! Where are the matches kept that correlations count? In a few bytes each, as differences from the
//! one before: in memory as long as they are few, then in a file ([`spill`](crate::spill)).

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Point;
use crate::spill::{self, Spill};

/// The matches of one rule in one stream on one site, in the order of the stream.
#[derive(Clone, Debug, Default)]
pub struct Points {
    /// The first ones, put aside.
    aside: Vec<(Arc<Spill>, Range<u64>)>,
    /// The last ones.
    recent: Vec<u8>,
    /// How many there are.
    count: usize,
    /// The last one's time, line and offset.
    last: [i64; 3],
}

impl Points {
    /// The most bytes that a tally holds in memory before all are put aside.
    pub(super) const BOUND: usize = 16 << 20;

    /// Adds a match.
    pub fn push(&mut self, point: &Point) {
        let place = [point.time, point.line.cast_signed(), point.offset.cast_signed()];
        for (now, before) in place.into_iter().zip(self.last) {
            let step = now.wrapping_sub(before);
            write(&mut self.recent, (step << 1 ^ step >> 63).cast_unsigned());
        }
        write(&mut self.recent, point.values.len() as u64);
        for value in &point.values {
            write(&mut self.recent, value.map_or(0, |text| u64::from(text) + 1));
        }
        (self.last, self.count) = (place, self.count + 1);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Point> + '_ {
        let aside = self.aside.iter().flat_map(|(spill, range)| spill.pieces(range.clone()));
        let mut bytes = aside.map(|[byte]: [u8; 1]| byte).chain(self.recent.iter().copied());
        let mut last = [0_i64; 3];
        (0..self.count).map_while(move |_| {
            for number in &mut last {
                let step = read(&mut bytes)?;
                let step = (step >> 1).cast_signed() ^ -(step & 1).cast_signed();
                *number = number.wrapping_add(step);
            }
            let values = (0..read(&mut bytes)?).map(|_| read(&mut bytes));
            let value = |value: Option<u64>| Some(value?.checked_sub(1).map(|text| text as u32));
            let values = values.map(value).collect::<Option<_>>()?;
            let [time, line, offset] = last;
            Some(Point { time, line: line.cast_unsigned(), offset: offset.cast_unsigned(), values })
        })
    }

    /// Gives room back that nothing is in.
    pub(super) fn shrink(&mut self) {
        self.recent.shrink_to_fit();
    }

    /// How many bytes are held in memory.
    pub(super) fn held(&self) -> usize {
        self.recent.len()
    }

    /// Puts aside what many hold in memory, in one file. If the disk takes nothing, they keep it
    /// while there is patience, and then it is lost.
    pub(super) fn put_all_aside(all: &mut [&mut Self]) {
        match written(all) {
            Ok((spill, ranges)) => {
                let spill = Arc::new(spill);
                for (points, range) in all.iter_mut().zip(ranges) {
                    points.aside.push((Arc::clone(&spill), range));
                    points.recent = Vec::new();
                }
            }
            Err(error) => {
                let held: usize = all.iter().map(|points| points.held()).sum();
                if held >= spill::PATIENCE * Self::BOUND {
                    spill::lose("takes no more", &error);
                    for points in all {
                        **points = Self::default();
                    }
                }
            }
        }
    }
}

fn written(all: &[&mut Points]) -> io::Result<(Spill, Vec<Range<u64>>)> {
    let mut spill = Spill::new()?;
    let ranges = all.iter().map(|points| spill.append(&points.recent));
    let ranges = ranges.collect::<io::Result<_>>()?;
    Ok((spill, ranges))
}

/// Appends a number, seven bits a byte, the lowest first (LEB128).
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte < 0x80 {
            return Some(number);
        }
    }
}

impl PartialEq for Points {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.iter().eq(other.iter())
    }
}

impl Eq for Points {}

impl Extend<Point> for Points {
    fn extend<I: IntoIterator<Item = Point>>(&mut self, points: I) {
        points.into_iter().for_each(|point| self.push(&point));
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = serializer.collect_seq(self.iter())?;
        spill::unless_lost(written).map_err(serde::ser::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Points;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of matches")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Points, A::Error> {
                let mut points = Points::default();
                while let Some(point) = seq.next_element::<Point>()? {
                    points.push(&point);
                }
                Ok(points)
            }
        }

        deserializer.deserialize_seq(Reader)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_put_aside_is_what_was_there(all in proptest::collection::vec(point(), 0..900), every in 50..400_usize) {
            let mut points = Points::default();
            for (n, point) in all.iter().enumerate() {
                points.push(point);
                if n % every == 0 {
                    Points::put_all_aside(&mut [&mut points]);
                    prop_assert_eq!(points.held(), 0);
                }
            }
            prop_assert_eq!(points.iter().collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(points.len(), all.len());
            let part = serde_json::to_string(&points).unwrap();
            prop_assert_eq!(serde_json::from_str::<Points>(&part).unwrap(), points);
        }
    }

    #[test]
    fn a_match_takes_few_bytes() {
        let mut points = Points::default();
        for n in 0..1_000_u64 {
            let values = [Some(n as u32 % 200), None].into();
            points.push(&Point {
                time: n as i64 / 3 * 1_000_000,
                line: n,
                offset: 230 * n,
                values,
            });
        }
        assert!(points.held() < 12 * points.len(), "{}", points.held());
    }
}
