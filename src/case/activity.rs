//! When was the site busy? Its entries over time, in at most [`MOST`] equal steps, whatever the
//! span of its logs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Time;

use super::silence::without_strays;
use super::site::Site;

/// The most steps.
const MOST: i64 = 31 * 24;

/// Lengths of a step, in hours.
const STEPS: [i64; 9] = [1, 2, 3, 6, 12, 24, 48, 168, 720];

/// Entries over time, in equal steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// When the first step begins; absent if no entry has a time.
    pub start: Option<Time>,
    /// Hours of a step.
    pub hours: u32,
    /// Entries of all logs in each step.
    pub counts: Vec<u64>,
}

impl Activity {
    /// Each step: when it begins and ends, and its entries; of a made-up report, those that begin
    /// when a stamp can say it.
    pub fn steps(&self) -> impl Iterator<Item = (Time, Time, u64)> {
        let begins = |at: usize| {
            let start = self.start?;
            let since = Time::of_hour(at as i64 * i64::from(self.hours), 0).micros();
            let micros = Time::checked(start.micros().saturating_add(since)).ok()?;
            Some(Time::from_micros(micros, start.offset()))
        };
        self.counts.iter().enumerate().filter_map(move |(at, count)| {
            let from = begins(at)?;
            Some((from, begins(at + 1).unwrap_or(from), *count))
        })
    }

    /// Of a site. Stray stamps, far from nearly all others, are left out.
    pub(super) fn of(site: &Site<'_>) -> Self {
        let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
        for (hour, n) in site.streams.iter().flat_map(|stream| stream.tally.hours.iter()) {
            *hours.entry(*hour).or_default() += n;
        }
        Self::new(&without_strays(hours), site.offset())
    }

    fn new(hours: &BTreeMap<i64, u64>, offset: i16) -> Self {
        let ends = hours.keys().next().zip(hours.keys().next_back());
        let Some((first, last)) = ends else { return Self::default() };
        let fits = |step: &i64| (last - first) / step + 1 < MOST;
        let step = STEPS.into_iter().find(fits).unwrap_or((last - first) / (MOST - 1) + 1);
        // Steps begin with the site's day, so that those of a day are the hours of a day; long ones
        // with the first hour, before which there may be no year.
        let shift = if STEPS.contains(&step) { i64::from(offset).div_euclid(60) } else { -first };
        let step_of = |hour: i64| (hour + shift).div_euclid(step);
        let mut counts = vec![0; (step_of(*last) - step_of(*first) + 1) as usize];
        for (hour, n) in hours {
            let at = (step_of(*hour) - step_of(*first)) as usize;
            counts.get_mut(at).into_iter().for_each(|count| *count += n);
        }
        let start = (step_of(*first) * step - shift) * 3_600;
        let start = Some(Time::from_micros(start * 1_000_000, offset));
        Self { start, hours: step as u32, counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_with_the_span_and_lose_nothing() {
        // 2017-03-08 05:00 in Japan, in hours since the epoch.
        let hour = 413_588;
        for (days, step, start) in
            [(3, 1, "2017-03-08T05"), (300, 12, "2017-03-08T00"), (90_000, 2_908, "2017-03-08T05")]
        {
            let hours = (0..days).map(|day| (hour + day * 24, 10)).collect();
            let activity = Activity::new(&hours, 540);
            assert_eq!(activity.hours, step, "{days}");
            assert_eq!(activity.counts.iter().sum::<u64>(), 10 * days as u64);
            assert!(activity.counts.len() <= MOST as usize);
            assert!(activity.start.unwrap().to_string().starts_with(start));
        }
        assert_eq!(Activity::new(&BTreeMap::new(), 0), Activity::default());
    }
}
