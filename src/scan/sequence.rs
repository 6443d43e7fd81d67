//! Do the numbers of a log run upward? Request ids, order numbers, record numbers: where such a
//! sequence has no hole elsewhere, a hole in it is lines that are gone.
//!
//! Of each hour of a stream only the least and the greatest number and how many there were are
//! kept, so that memory is bounded by the hours and parts are merged by adding. Whether the sequence
//! is dense at all, `case` decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Event, Field};

use super::{Bounds, Hours, Sum};

/// Names under which applications, gateways and event logs write such numbers; and the request's
/// own id.
const NAMES: [&[u8]; 14] = [
    b"order_id",
    b"orderId",
    b"OrderID",
    b"order_no",
    b"orderNo",
    b"order_number",
    b"seq",
    b"sequence",
    b"sequence_number",
    b"record_id",
    b"EventRecordID",
    b"RecordNumber",
    b"serial",
    b"transaction_no",
];

/// The longest number: no card's number can be one (ISO/IEC 7812-1: twelve digits at least).
const DIGITS: usize = 11;

/// The numbers of one field within an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Numbers {
    /// How many.
    pub count: u64,
    /// The least.
    pub least: u64,
    /// The greatest.
    pub greatest: u64,
    /// A hash of what stands before the number: another begins another sequence. `None` if there
    /// are several.
    pub series: Option<u32>,
}

type Written = (u64, u64, u64, Option<u32>);

impl From<Written> for Numbers {
    fn from((count, least, greatest, series): Written) -> Self {
        Self { count, least, greatest, series }
    }
}

impl From<Numbers> for Written {
    fn from(numbers: Numbers) -> Self {
        let Numbers { count, least, greatest, series } = numbers;
        (count, least, greatest, series)
    }
}

impl Numbers {
    /// The number at the end of a value, `123` of `T20170308-000123`.
    fn of(value: &[u8]) -> Option<Self> {
        let digits = value.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=DIGITS).contains(&digits) {
            return None;
        }
        let (before, number) = value.split_at(value.len() - digits);
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        Some(Self { count: 1, least: number, greatest: number, series: Some(series(before)) })
    }

    /// How many numbers lie between the least and the greatest, both included.
    pub fn range(&self) -> u64 {
        self.greatest.saturating_sub(self.least).saturating_add(1)
    }
}

impl Sum for Numbers {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        self.series = self.series.filter(|_| self.series == other.series);
    }
}

/// FNV-1a, 32 bits.
fn series(before: &[u8]) -> u32 {
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    before.iter().fold(0x811c_9dc5, mix)
}

/// The numbers of a stream, by the field's name and by the hour since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequences {
    /// The numbers.
    pub of: BTreeMap<String, Hours<Numbers>>,
}

impl Sequences {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Notes the numbers of an entry.
    pub(super) fn note(&mut self, event: &Event<'_>, bounds: Bounds) {
        let Some(time) = event.time else { return };
        if let Some(id) = event.get(Field::RequestId) {
            self.add(Field::RequestId.name(), time.hour(), id, bounds);
        }
        for (name, value) in event.named() {
            if NAMES.contains(&&**name)
                && let Ok(name) = std::str::from_utf8(name)
            {
                self.add(name, time.hour(), value, bounds);
            }
        }
    }

    fn add(&mut self, name: &str, hour: i64, value: &[u8], bounds: Bounds) {
        let Some(numbers) = Numbers::of(value) else { return };
        match self.of.get_mut(name) {
            Some(hours) => hours.add(hour, numbers, bounds),
            None => self.of.entry(name.to_owned()).or_default().add(hour, numbers, bounds),
        }
    }

    /// Adds those of other entries.
    pub(super) fn merge(&mut self, other: Self, bounds: Bounds) {
        for (name, numbers) in other.of {
            self.of.entry(name).or_default().merge(numbers, bounds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_what_stands_last_and_no_card() {
        for (value, number) in [
            ("17", Some(17)),
            ("T20170308-000123", Some(123)),
            ("4111111111111111", None),
            ("9f2c", None),
            ("", None),
        ] {
            assert_eq!(Numbers::of(value.as_bytes()).map(|n| n.least), number, "{value}");
        }
    }

    #[test]
    fn merging_is_adding() {
        let of = |values: &[&str]| {
            let numbers = values.iter().map(|value| Numbers::of(value.as_bytes()).unwrap());
            numbers.reduce(|mut all, next| {
                all.add(next);
                all
            })
        };
        let all = of(&["a-3", "a-1", "a-7"]).unwrap();
        assert_eq!((all.count, all.range()), (3, 7));
        assert!(all.series.is_some() && of(&["a-3", "b-4", "a-5"]).unwrap().series.is_none());
        assert_eq!(of(&["b-4", "a-3", "a-5"]), of(&["a-3", "a-5", "b-4"]));
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Numbers>(&text).unwrap(), all);
    }
}
