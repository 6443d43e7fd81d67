//! Is a rotated file missing? `access.log.1`, `.2`, `.4`: the third is.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::Tally;
use crate::time::Time;

/// The endings that compression adds to a name.
const COMPRESSED: &[&str] = &[".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip"];

/// A higher number is no rotation but a date or an id.
const MAX_NUMBER: u32 = 1_000;

/// Rotated files of one log that are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// The log: its name without number and compression.
    pub(super) base: String,
    /// The numbers that are missing.
    pub(super) numbers: Vec<u32>,
    /// The last entry before the missing ones, if known.
    pub(super) from: Option<Time>,
    /// The first entry after them.
    pub(super) to: Option<Time>,
}

/// The log that a file belongs to, and its number: `a/access.log.2.gz` is 2 of `a/access.log`,
/// and the file without a number is 0.
pub(super) fn rotated(name: &str) -> (&str, u32) {
    let plain = COMPRESSED.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let numbered = plain.rsplit_once('.').and_then(|(base, number)| {
        let number = number.parse().ok().filter(|n| (1..=MAX_NUMBER).contains(n))?;
        Some((base, number))
    });
    numbered.unwrap_or((plain, 0))
}

/// The time span of each rotated file of each log.
type Files<'t> = BTreeMap<u32, Option<(Time, Time)>>;

/// All rotated files that are missing between others that are there.
pub(super) fn missing(tally: &Tally) -> Vec<Missing> {
    let mut logs: BTreeMap<&str, Files<'_>> = BTreeMap::new();
    for yielded in tally.streams.values() {
        for (base, number) in yielded.stream.names.iter().map(|name| rotated(name)) {
            logs.entry(base).or_default().insert(number, yielded.part.ends);
        }
    }
    // A file that yielded no stream is there all the same.
    for (base, number) in tally.sources.keys().map(|name| rotated(name)) {
        logs.entry(base).or_default().entry(number).or_default();
    }
    logs.iter().flat_map(|(base, files)| holes(base, files)).collect()
}

fn holes(base: &str, files: &Files<'_>) -> Vec<Missing> {
    let numbers: BTreeSet<u32> = files.keys().copied().filter(|n| *n > 0).collect();
    let newest = files.get_key_value(&0).or_else(|| files.iter().next());
    let mut later = newest.map(|(number, _)| *number);
    let mut found = Vec::new();
    for number in numbers {
        let expected = later.map_or(number, |n| n + 1);
        if number > expected {
            found.push(Missing {
                base: base.to_owned(),
                numbers: (expected..number).collect(),
                from: files.get(&number).copied().flatten().map(|(_, last)| last),
                to: later.and_then(|n| files.get(&n).copied().flatten()).map(|(first, _)| first),
            });
        }
        later = Some(number);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_files() {
        let table = [
            ("a/access.log", ("a/access.log", 0)),
            ("a/access.log.1", ("a/access.log", 1)),
            ("a/access.log.12.gz", ("a/access.log", 12)),
            ("a/access.log.gz", ("a/access.log", 0)),
            ("a/access.log.20170308", ("a/access.log.20170308", 0)),
            ("x.tar.gz!logs/app.log.3.zst", ("x.tar.gz!logs/app.log", 3)),
            ("access.log.0", ("access.log.0", 0)),
            ("", ("", 0)),
        ];
        for (name, wanted) in table {
            assert_eq!(rotated(name), wanted, "{name}");
        }
    }

    #[test]
    fn missing_numbers() {
        let table: [(&[u32], &[u32]); 7] = [
            (&[0, 1, 2, 3], &[]),
            (&[1, 2, 4], &[3]),
            (&[0, 1, 2, 4, 7], &[3, 5, 6]),
            (&[0, 2], &[1]),
            (&[3, 4], &[]),
            (&[0], &[]),
            (&[], &[]),
        ];
        for (there, wanted) in table {
            let files = there.iter().map(|n| (*n, None)).collect();
            let found: Vec<u32> =
                holes("log", &files).into_iter().flat_map(|m| m.numbers).collect();
            assert_eq!(found, wanted, "{there:?}");
        }
    }
}
