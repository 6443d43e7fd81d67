//! Can what a file tells be so? Part files and reports are handed over by strangers, and their counts
//! are added up in a hundred places: a count that no logs can lead to is refused where it is read, so
//! that no sum goes over.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;

use crate::scan::Bounds;

/// The numbers that are added up; others are places, sizes and hashes.
const COUNTS: [&str; 20] = [
    "beyond",
    "count",
    "counts",
    "dropped",
    "entries",
    "fails",
    "hits",
    "hours",
    "in_sequence",
    "lines",
    "outcomes",
    "passes",
    "placed",
    "records",
    "requests",
    "reversals",
    "sequences",
    "timeless",
    "times",
    "unparsed",
];

/// Of these, those that are told by something, such as by hour.
const BY: [&str; 2] = ["hours", "sequences"];

/// Reads a value from JSON text.
///
/// # Errors
///
/// If it is no such value, or holds a count that no logs can lead to: where, and which.
pub(super) fn read<T: DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    Named("").deserialize(&mut Deserializer::from_slice(text))?;
    serde_json::from_slice(text)
}

/// A value under a name, looked at and dropped.
struct Named<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Named<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(by) = map.next_key::<Name<'_>>()? {
            map.next_value_seed(if BY.contains(&self.0) { Named(self.0) } else { Named(&by.0) })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        while all.next_element_seed(Named(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        if number > Bounds::ENTRIES && COUNTS.contains(&self.0) {
            let said = format!("{:?} has {number}: no logs lead to so many", self.0);
            return Err(E::custom(said));
        }
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_logs_lead_to_is_told_with_its_place() {
        let read = |json: serde_json::Value| read::<serde_json::Value>(json.to_string().as_bytes());
        let right = json!({"count": Bounds::ENTRIES, "head": u64::MAX, "hits": [{"line": -1}],
            "of": [true, null, 0.5, "\u{7}", {"\n": 1}]});
        assert_eq!(read(right.clone()).unwrap(), right);
        for wrong in [
            json!({"sites": [{"of": {"hours": {"413000": u64::MAX}}}]}),
            json!({"sequences": {"serial": {"413000": [u64::MAX, 1, 2, null]}}}),
            json!({"counts": [1, Bounds::ENTRIES + 1]}),
        ] {
            let told = read(wrong).unwrap_err().to_string();
            assert!(told.contains(": no logs lead to so many"), "{told}");
        }
    }
}
