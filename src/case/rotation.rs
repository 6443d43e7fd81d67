//! Is a rotated file missing? `access.log.1`, `.2`, `.4`: the third is. `access.log-20170306`,
//! `-20170307`, `-20170309`: that of the eighth is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::scan::Tally;
use crate::time::{Civil, Time};

/// The endings that compression adds to a name.
const COMPRESSED: &[&str] = &[".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip"];

/// A higher number is no rotation but a date or an id.
const MAX_NUMBER: u32 = 1_000;

/// So many dated files show how often a log is rotated.
const CADENCE_FILES: usize = 3;

/// Rotated files of one log that are not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Missing {
    /// The log: its name without number and compression, with `*` for a date.
    pub(super) base: String,
    /// What they would be called: `.3`, `2017-03-08`.
    pub(super) files: Vec<String>,
    /// The last entry before the missing ones, if known.
    pub(super) from: Option<Time>,
    /// The first entry after them.
    pub(super) to: Option<Time>,
}

/// Which of a log's files one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// The number that it is rotated under; the current one is 0.
    Number(u32),
    /// The day in its name, since 1970-01-01.
    Day(i64),
}

/// The log that a file belongs to, and which of its files it is: `a/access.log.2.gz` is number 2
/// of `a/access.log`, and `access.log-20170306` a day of `access.log-*`.
pub(super) fn rotated(name: &str) -> (String, Turn) {
    let plain = COMPRESSED.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let numbered = plain.rsplit_once('.').and_then(|(base, number)| {
        let number = number.parse().ok().filter(|n| (1..=MAX_NUMBER).contains(n))?;
        Some((base.to_owned(), Turn::Number(number)))
    });
    numbered.or_else(|| dated(plain)).unwrap_or_else(|| (plain.to_owned(), Turn::Number(0)))
}

/// A name with a date in its last part: `20170306`, `2017-03-06`, or (IIS) `170306`.
fn dated(plain: &str) -> Option<(String, Turn)> {
    let file = plain.rfind(['/', '!']).map_or(0, |at| at + 1);
    let mut at = file;
    while at < plain.len() {
        let digits = |from: usize| {
            let rest = plain.get(from..).unwrap_or_default();
            rest.bytes().take_while(u8::is_ascii_digit).count()
        };
        let len = digits(at);
        if len == 0 {
            at += plain.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            continue;
        }
        let dashed = len == 4 && digits(at + 5) == 2 && digits(at + 8) == 2;
        let end = if dashed { at + 10 } else { at + len };
        if let Some(day) = plain.get(at..end).and_then(day) {
            let (before, after) = (plain.get(..at)?, plain.get(end..)?);
            return Some((format!("{before}*{after}"), Turn::Day(day)));
        }
        at = end;
    }
    None
}

/// The day that a text of digits (and `-`, `.` or `_` between them) names.
fn day(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let full = match digits.len() {
        8 => digits,
        6 if text.len() == 6 => format!("20{digits}"),
        _ => return None,
    };
    let part = |from: usize, to: usize| full.get(from..to)?.parse::<u16>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let civil = Civil {
        year: i32::from(year),
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
        hour: 0,
        minute: 0,
        second: 0,
        micro: 0,
    };
    let known = (1995..2100).contains(&year);
    known.then(|| civil.at_offset(0))?.map(|time| time.seconds().div_euclid(86_400))
}

/// The time span of each rotated file of each log.
type Files = BTreeMap<Turn, Option<(Time, Time)>>;

/// A day in a file's name, and the file's time span.
type Dated = (i64, Option<(Time, Time)>);

/// All rotated files that are missing between others that are there.
pub(super) fn missing(tally: &Tally) -> Vec<Missing> {
    let mut logs: BTreeMap<String, Files> = BTreeMap::new();
    for yielded in tally.streams.values() {
        for (base, turn) in yielded.stream.names.iter().map(|name| rotated(name)) {
            logs.entry(base).or_default().insert(turn, yielded.part.ends);
        }
    }
    // A file that yielded no stream is there all the same.
    for (base, turn) in tally.sources.keys().map(|name| rotated(name)) {
        logs.entry(base).or_default().entry(turn).or_default();
    }
    logs.iter()
        .flat_map(|(base, files)| numbers(base, files).into_iter().chain(days(base, files)))
        .collect()
}

/// Holes between numbers.
fn numbers(base: &str, files: &Files) -> Vec<Missing> {
    let number = |turn: &Turn| match turn {
        Turn::Number(n) => Some(*n),
        Turn::Day(_) => None,
    };
    let there: BTreeSet<u32> = files.keys().filter_map(number).collect();
    let ends = |n: u32| files.get(&Turn::Number(n)).copied().flatten();
    let mut later = there.first().copied();
    let mut found = Vec::new();
    for number in there.into_iter().filter(|n| *n > 0) {
        let expected = later.map_or(number, |n| n.saturating_add(1));
        if number > expected {
            found.push(Missing {
                base: base.to_owned(),
                files: (expected..number).map(|n| format!(".{n}")).collect(),
                from: ends(number).map(|(_, last)| last),
                to: later.and_then(ends).map(|(first, _)| first),
            });
        }
        later = Some(number);
    }
    found
}

/// Holes between dates, where the dates show how often the log is rotated. A file that was not
/// written because there was nothing to write is missing, too: from outside, nobody can tell.
fn days(base: &str, files: &Files) -> Vec<Missing> {
    let there: Vec<Dated> = files
        .iter()
        .filter_map(|(turn, ends)| match turn {
            Turn::Day(day) => Some((*day, *ends)),
            Turn::Number(_) => None,
        })
        .collect();
    let pairs = || there.iter().zip(there.iter().skip(1));
    let step = pairs().map(|((a, _), (b, _))| b - a).min().unwrap_or(1).max(1);
    if there.len() < CADENCE_FILES || pairs().any(|((a, _), (b, _))| (b - a) % step != 0) {
        return Vec::new();
    }
    let holes = pairs().filter(|((a, _), (b, _))| b - a > step);
    let hole = |((a, before), (b, after)): (&Dated, &Dated)| Missing {
        base: base.to_owned(),
        files: (1..(b - a) / step).map(|n| date(a + n * step)).collect(),
        from: before.map(|(_, last)| last),
        to: after.map(|(first, _)| first),
    };
    holes.map(hole).collect()
}

fn date(day: i64) -> String {
    Time::from_micros(day * 86_400_000_000, 0).to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_of_files() {
        let (n, d) = (Turn::Number, Turn::Day);
        let table = [
            ("a/access.log", ("a/access.log", n(0))),
            ("a/access.log.1", ("a/access.log", n(1))),
            ("a/access.log.12.gz", ("a/access.log", n(12))),
            ("a/access.log.gz", ("a/access.log", n(0))),
            ("x.tar.gz!logs/app.log.3.zst", ("x.tar.gz!logs/app.log", n(3))),
            ("access.log.0", ("access.log.0", n(0))),
            ("", ("", n(0))),
            ("a/access.log.20170308", ("a/access.log.*", d(17_233))),
            ("a/access.log-20170308.gz", ("a/access.log-*", d(17_233))),
            ("app.2017-03-08.log", ("app.*.log", d(17_233))),
            ("W3SVC1/u_ex170308.log", ("W3SVC1/u_ex*.log", d(17_233))),
            ("20170306/access.log-20170308", ("20170306/access.log-*", d(17_233))),
            ("20170306/access.log", ("20170306/access.log", n(0))),
            ("access.log-20171399", ("access.log-20171399", n(0))),
            ("access.log-1488726000", ("access.log-1488726000", n(0))),
            ("東京2017-03-08", ("東京*", d(17_233))),
        ];
        for (name, (base, turn)) in table {
            assert_eq!(rotated(name), (base.to_owned(), turn), "{name}");
        }
    }

    fn found(turns: impl IntoIterator<Item = Turn>) -> Vec<String> {
        let files: Files = turns.into_iter().map(|turn| (turn, None)).collect();
        let all = numbers("log", &files).into_iter().chain(days("log", &files));
        all.flat_map(|missing| missing.files).collect()
    }

    #[test]
    fn missing_numbers() {
        let table: [(&[u32], &[&str]); 7] = [
            (&[0, 1, 2, 3], &[]),
            (&[1, 2, 4], &[".3"]),
            (&[0, 1, 2, 4, 7], &[".3", ".5", ".6"]),
            (&[0, 2], &[".1"]),
            (&[3, 4], &[]),
            (&[0], &[]),
            (&[], &[]),
        ];
        for (there, wanted) in table {
            assert_eq!(found(there.iter().map(|n| Turn::Number(*n))), wanted, "{there:?}");
        }
    }

    #[test]
    fn missing_days() {
        let table: [(&[i64], &[&str]); 6] = [
            (&[17_231, 17_232, 17_233], &[]),
            (&[17_231, 17_232, 17_234], &["2017-03-08"]),
            (&[17_231, 17_238, 17_245, 17_259], &["2017-03-27"]), // weekly
            (&[17_231, 17_234], &[]),                             // two show no cadence
            (&[17_231, 17_238, 17_241], &[]),                     // nor does a muddle
            (&[17_231, 17_232, 17_235], &["2017-03-08", "2017-03-09"]),
        ];
        for (there, wanted) in table {
            assert_eq!(found(there.iter().map(|day| Turn::Day(*day))), wanted, "{there:?}");
        }
    }
}
