//! Can what a file tells be so? Part files and reports are handed over by strangers, and their counts
//! are added up in a hundred places: a count that no logs can lead to is refused where it is read, so
//! that no sum goes over.

use serde::Serialize;
use serde::ser::Error;
use serde_json::{Number, Value};

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

/// Refuses what holds a count that no logs can lead to.
///
/// # Errors
///
/// If it holds one: where, and which.
pub(super) fn plausible(read: &impl Serialize) -> serde_json::Result<()> {
    within("", &serde_json::to_value(read)?).map_err(serde_json::Error::custom)
}

fn within(name: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Object(of) => of.iter().try_for_each(|(by, value)| {
            let name = if BY.contains(&name) { name } else { by };
            within(name, value)
        }),
        Value::Array(all) => all.iter().try_for_each(|value| within(name, value)),
        Value::Number(number) if COUNTS.contains(&name) && is_too_great(number) => {
            Err(format!("{name:?} has {number}: no logs lead to so many"))
        }
        _ => Ok(()),
    }
}

fn is_too_great(number: &Number) -> bool {
    number.as_u64().is_some_and(|number| number > Bounds::ENTRIES)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_logs_lead_to_is_told_with_its_place() {
        let right = json!({"count": Bounds::ENTRIES, "head": u64::MAX, "hits": [{"line": -1}]});
        assert!(plausible(&right).is_ok());
        for wrong in [
            json!({"sites": [{"of": {"hours": {"413000": u64::MAX}}}]}),
            json!({"sequences": {"serial": {"413000": [u64::MAX, 1, 2, null]}}}),
            json!({"counts": [1, Bounds::ENTRIES + 1]}),
        ] {
            let told = plausible(&wrong).unwrap_err().to_string();
            assert!(told.ends_with(": no logs lead to so many"), "{told}");
        }
    }
}
