//! Are numbers missing from a sequence that is dense elsewhere? Lines that are gone.
//!
//! Programs number orders, requests and records upward. Where the numbers of a log have hardly ever
//! a hole, a large one says that lines were taken out, or a file is missing. Most sequences are not
//! dense (several servers share them, a line repeats a number, a database skips some): of those
//! nothing is said.

use std::collections::BTreeMap;

use crate::scan::{Hours, Numbers};
use crate::source::Criteria;
use crate::time::Time;

use super::rotation::rotated;
use super::site::Site;

/// A sequence shows itself in so many hours...
const HOURS: usize = 24;

/// ... and so many numbers...
const NUMBERS: u64 = 500;

/// ... and is dense if so many of a hundred hours, and of the steps between them, have no hole.
const DENSE_PERCENT: usize = 95;

/// Fewer missing of a hundred numbers are no hole: a failed order takes its number along.
const SKIPPED_PERCENT: u64 = 2;

/// The most holes of a sequence that are told.
const TOLD: usize = 20;

/// Numbers that are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    /// The log: its name without rotation.
    pub(super) log: String,
    /// The field.
    pub(super) field: String,
    pub(super) from: Time,
    pub(super) to: Time,
    pub(super) missing: u64,
}

/// The holes in the sequences of a site's logs, by log and field, in order of time.
pub(super) fn holes(site: &Site<'_>, criteria: &Criteria) -> Vec<Hole> {
    let mut all: BTreeMap<(String, &str), Hours<Numbers>> = BTreeMap::new();
    for stream in &site.streams {
        let (log, _) = rotated(stream.name());
        for (field, hours) in &stream.sequences.of {
            all.entry((log.clone(), field)).or_default().merge(hours.clone(), stream.bounds);
        }
    }
    let least = criteria.sequence_missing;
    let told = |((log, field), hours): ((String, &str), Hours<Numbers>)| {
        let holes = if least == 0 { Vec::new() } else { in_dense(&hours, least) };
        let at = |hour: i64| Time::of_hour(hour, site.offset());
        let hole = move |(from, to, missing)| Hole {
            log: log.clone(),
            field: field.to_owned(),
            from: at(from),
            to: at(to),
            missing,
        };
        holes.into_iter().take(TOLD).map(hole).collect::<Vec<_>>()
    };
    all.into_iter().flat_map(told).collect()
}

/// From when to when (hours) how many numbers are missing, at least so many in a row of hours; none
/// if the sequence is not dense.
fn in_dense(hours: &BTreeMap<i64, Numbers>, least: u64) -> Vec<(i64, i64, u64)> {
    let all: Vec<(i64, Numbers)> = hours.iter().map(|(hour, numbers)| (*hour, *numbers)).collect();
    if all.len() < HOURS || hours.values().map(|n| n.count).sum::<u64>() < NUMBERS {
        return Vec::new();
    }
    let within = all.iter().map(|(hour, n)| (*hour, hour + 1, n.count, lack(n)));
    let between = all.windows(2).filter_map(|pair| match pair {
        [(hour, one), (next, other)] => {
            Some((*hour, next + 1, one.count.max(other.count), Some(step(one, other)?)))
        }
        _ => None,
    });
    let places: Vec<(i64, i64, u64, Option<u64>)> = within.chain(between).collect();
    let is_hole = |count: u64, missing: u64| {
        missing >= least && missing > count.saturating_mul(SKIPPED_PERCENT) / 100
    };
    let sound = |(_, _, count, lack): &&(i64, i64, u64, Option<u64>)| {
        lack.is_some_and(|missing| !is_hole(*count, missing))
    };
    if places.iter().filter(sound).count() * 100 < places.len() * DENSE_PERCENT {
        return Vec::new();
    }
    let hole = |(from, to, count, lack): &(i64, i64, u64, Option<u64>)| {
        lack.filter(|missing| is_hole(*count, *missing)).map(|missing| (*from, *to, missing))
    };
    let mut holes: Vec<_> = places.iter().filter_map(hole).collect();
    holes.sort_unstable();
    holes
}

/// How many numbers of an hour are missing; `None` if it has several sequences, or numbers twice.
fn lack(numbers: &Numbers) -> Option<u64> {
    numbers.series?;
    numbers.range().checked_sub(numbers.count)
}

/// How many numbers are missing between two hours; `None` if another sequence begins.
fn step(before: &Numbers, after: &Numbers) -> Option<u64> {
    let same = before.series.is_some() && before.series == after.series;
    let rises = same && before.least <= after.least && before.greatest <= after.greatest;
    rises.then(|| after.least.saturating_sub(before.greatest.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of fifty numbers each, of which `skip` says how many are left out before each hour and
    /// within it.
    fn hours(skip: impl Fn(i64) -> (u64, u64)) -> BTreeMap<i64, Numbers> {
        let mut next = 1_000;
        let hour = |hour| {
            let (before, within) = skip(hour);
            let least = next + before;
            let greatest = least + 49 + within;
            next = greatest + 1;
            (hour, Numbers { count: 50, least, greatest, series: Some(7) })
        };
        (0..48).map(hour).collect()
    }

    #[test]
    fn a_hole_in_a_dense_sequence_is_told_and_nothing_of_others() {
        assert_eq!(in_dense(&hours(|_| (0, 0)), 20), []);
        assert_eq!(in_dense(&hours(|h| (0, u64::from(h == 9) * 30)), 20), [(9, 10, 30)]);
        assert_eq!(in_dense(&hours(|h| (u64::from(h == 9) * 70, 0)), 20), [(8, 10, 70)]);
        assert_eq!(in_dense(&hours(|h| (0, u64::from(h == 9) * 30)), 31), []);
        // A number in fifty is skipped as a rule.
        assert_eq!(in_dense(&hours(|h| (0, u64::from(h % 2 == 0))), 20), []);
        // Other servers number on.
        assert_eq!(in_dense(&hours(|_| (0, 50)), 20), []);
        assert_eq!(in_dense(&hours(|h| (0, u64::from(h % 10 == 0) * 30)), 20), []);
    }

    #[test]
    fn what_is_no_sequence_has_no_holes() {
        let hole = |h| (0, u64::from(h == 9) * 30);
        let mut mixed = hours(hole);
        for numbers in mixed.values_mut() {
            numbers.series = None;
        }
        assert_eq!(in_dense(&mixed, 20), []);
        let mut twice = hours(hole);
        for numbers in twice.values_mut() {
            numbers.count = 100;
        }
        assert_eq!(in_dense(&twice, 20), []);
        let few = hours(hole).into_iter().take(HOURS - 1).collect::<BTreeMap<_, _>>();
        assert_eq!(in_dense(&few, 20), []);
    }

    #[test]
    fn a_sequence_that_begins_anew_each_day_is_one() {
        let mut days = hours(|h| (u64::from(h == 9) * 70, 0));
        for (hour, numbers) in &mut days {
            if *hour >= 24 {
                let base = 1_200 + 70;
                (numbers.least, numbers.greatest) = (numbers.least - base, numbers.greatest - base);
                numbers.series = Some(8);
            }
        }
        assert_eq!(in_dense(&days, 20), [(8, 10, 70)]);
    }
}
