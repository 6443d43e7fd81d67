//! When should there have been entries? Silence against the log's own profile of hours.
//!
//! An empty hour is compared with the same hour of other days: of the same weekday if the log
//! covers three weeks, else of the same kind of day (weekday, weekend), else of any day. The
//! median of them is what was to be expected, so that quiet nights and closed weekends expect
//! nothing, and one loud day does not make the others silent.

use std::collections::BTreeMap;

use crate::source::Criteria;

/// The longest span of days whose silent days are part of the profile; beyond it, a wrong stamp
/// may have stretched the span, and only days with entries are.
const PROFILE_DAYS: i64 = 800;

/// At most so many hours of one silence are looked at.
const SILENCE_HOURS: i64 = 20_000;

/// A cluster of hours this far from all others may be stray.
const STRAY_HOURS: i64 = 30 * 24;

/// ... if it holds less than one in so many entries.
const STRAY_SHARE: u64 = 100;

/// A stretch of hours without entries, in hours since the epoch; `to` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// How many entries each hour of the week sees: of one kind of log of one site.
#[derive(Debug)]
pub(super) struct Profile {
    hours: BTreeMap<i64, u64>,
    /// Hours east of UTC: the site's days.
    offset: i64,
    /// Counts of the same hour, ascending, by kind of day and hour of day.
    weekdays: Vec<Vec<u64>>,
    day_types: Vec<Vec<u64>>,
    days: Vec<Vec<u64>>,
}

impl Profile {
    /// The profile of a log, from its entries by hour since the epoch. Stray stamps, far from
    /// nearly all others, are left out.
    pub(super) fn new(hours: BTreeMap<i64, u64>, offset_minutes: i16) -> Self {
        let hours = without_strays(hours);
        let offset = i64::from(offset_minutes).div_euclid(60);
        let mut profile = Self {
            hours,
            offset,
            weekdays: vec![Vec::new(); 7 * 24],
            day_types: vec![Vec::new(); 2 * 24],
            days: vec![Vec::new(); 24],
        };
        profile.fill();
        profile
    }

    fn fill(&mut self) {
        let Some((first, last)) = self.span() else { return };
        for hour in
            self.sampled_days().into_iter().flat_map(|day| (0..24).map(move |h| day * 24 + h))
        {
            let hour = hour - self.offset;
            if (first..=last).contains(&hour) {
                let count = self.hours.get(&hour).copied().unwrap_or(0);
                let slots = self.slots(hour);
                let tables = [&mut self.weekdays, &mut self.day_types, &mut self.days];
                for (table, slot) in tables.into_iter().zip(slots) {
                    table.get_mut(slot).into_iter().for_each(|samples| samples.push(count));
                }
            }
        }
        let tables = [&mut self.weekdays, &mut self.day_types, &mut self.days];
        tables.into_iter().flatten().for_each(|samples| samples.sort_unstable());
    }

    /// First and last hour with entries.
    fn span(&self) -> Option<(i64, i64)> {
        Some((*self.hours.keys().next()?, *self.hours.keys().next_back()?))
    }

    /// The site's days that make the profile.
    fn sampled_days(&self) -> Vec<i64> {
        let day = |hour: i64| (hour + self.offset).div_euclid(24);
        match self.span() {
            Some((first, last)) if day(last) - day(first) <= PROFILE_DAYS => {
                (day(first)..=day(last)).collect()
            }
            _ => {
                let mut days: Vec<i64> = self.hours.keys().map(|hour| day(*hour)).collect();
                days.dedup();
                days
            }
        }
    }

    /// The hour's place in the three tables.
    fn slots(&self, hour: i64) -> [usize; 3] {
        let local = hour + self.offset;
        let of_day = local.rem_euclid(24) as usize;
        // 1970-01-01 was a Thursday: day 2 and 3 of this week are Saturday and Sunday.
        let weekday = local.div_euclid(24).rem_euclid(7) as usize;
        let weekend = usize::from(matches!(weekday, 2 | 3));
        [weekday * 24 + of_day, weekend * 24 + of_day, of_day]
    }

    /// How many entries were to be expected in a silent hour: the median of comparable hours.
    fn expected(&self, hour: i64) -> u64 {
        let inside = self.span().is_some_and(|(first, last)| (first..=last).contains(&hour));
        // Inside the span the silent hour is itself a sample, the smallest; it is left out.
        let own = usize::from(inside);
        let [week, day_type, day] = self.slots(hour);
        let tables =
            [(&self.weekdays, week, 2), (&self.day_types, day_type, 1), (&self.days, day, 1)];
        for (table, slot, enough) in tables {
            let samples = table.get(slot).and_then(|all| all.get(own..)).unwrap_or_default();
            if samples.len() >= enough {
                return samples.get((samples.len() - 1) / 2).copied().unwrap_or(0);
            }
        }
        0
    }

    /// How many entries were to be expected between two times in seconds since the epoch; stops
    /// counting at `enough`.
    pub(super) fn expected_between(&self, from: i64, to: i64, enough: u64) -> u64 {
        let first = from.div_euclid(3_600);
        let last = to.div_euclid(3_600).min(first + SILENCE_HOURS);
        let mut seconds = 0;
        for hour in first..=last {
            let begin = from.max(hour * 3_600);
            let end = to.min((hour + 1) * 3_600);
            seconds += (end - begin).max(0) as u64 * self.expected(hour).min(1 << 32);
            if seconds / 3_600 >= enough {
                break;
            }
        }
        seconds / 3_600
    }

    /// The first hour with entries.
    pub(super) fn first_hour(&self) -> Option<i64> {
        self.hours.keys().next().copied()
    }

    /// Whether whole hours between two times in seconds since the epoch have entries.
    pub(super) fn has_entries_between(&self, from: i64, to: i64) -> bool {
        let (from, to) = (from.div_euclid(3_600), to.div_euclid(3_600));
        from < to && self.hours.range(from..to).next().is_some()
    }

    /// The silences between entries that are holes.
    pub(super) fn holes(&self, criteria: &Criteria) -> Vec<Silence> {
        let hours = self.hours.keys();
        let pairs = hours.clone().zip(hours.skip(1));
        let silences = pairs.map(|(a, b)| Silence { from: a + 1, to: *b });
        silences
            .filter(|silence| silence.to > silence.from)
            .filter(|s| self.is_hole(*s, criteria))
            .collect()
    }

    fn is_hole(&self, silence: Silence, criteria: &Criteria) -> bool {
        let (from, to) = (silence.from * 3_600, silence.to * 3_600);
        self.is_hole_between(from, to, criteria)
    }

    /// Whether a silence between two times in seconds since the epoch is a hole.
    pub(super) fn is_hole_between(&self, from: i64, to: i64, criteria: &Criteria) -> bool {
        let long = to - from >= 60 * criteria.silent_minutes as i64;
        let enough = criteria.silent_entries;
        long && self.expected_between(from, to, enough) >= enough
    }
}

/// The hours without clusters that lie more than [`STRAY_HOURS`] from all others and hold less than
/// one in [`STRAY_SHARE`] of the entries: wrong clocks, stamps misread.
pub(super) fn without_strays(hours: BTreeMap<i64, u64>) -> BTreeMap<i64, u64> {
    let all: u64 = hours.values().sum();
    let hours: Vec<(i64, u64)> = hours.into_iter().collect();
    let clusters = hours.chunk_by(|(a, _), (b, _)| b.saturating_sub(*a) <= STRAY_HOURS);
    let weight = |cluster: &[(i64, u64)]| cluster.iter().map(|(_, n)| n).sum::<u64>();
    let kept = clusters.filter(|cluster| weight(cluster).saturating_mul(STRAY_SHARE) >= all);
    kept.flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JST: i16 = 540;

    /// A log of `days` days from a Monday, local time, with `count(day, hour)` entries.
    fn profile(days: i64, count: impl Fn(i64, i64) -> u64) -> Profile {
        // 2017-03-06 was a Monday; 00:00 in Japan is 15:00 UTC of the day before.
        let monday = 17_231 * 24 - 9;
        let hours = (0..days * 24).map(|h| (monday + h, count(h / 24, h % 24)));
        Profile::new(hours.filter(|(_, n)| *n > 0).collect(), JST)
    }

    fn holes(profile: &Profile) -> Vec<(i64, i64)> {
        let monday = 17_231 * 24 - 9;
        let found = profile.holes(&Criteria::default()).into_iter();
        found.map(|s| (s.from - monday, s.to - monday)).collect()
    }

    fn busy_by_day(hour: i64) -> u64 {
        if (7..23).contains(&hour) { 40 } else { 0 }
    }

    #[test]
    fn quiet_nights_are_no_holes() {
        assert_eq!(holes(&profile(4, |_, hour| busy_by_day(hour))), []);
        assert_eq!(holes(&profile(40, |_, hour| busy_by_day(hour))), []);
    }

    #[test]
    fn closed_weekends_are_no_holes() {
        let open = |day: i64, hour| if day % 7 < 5 { busy_by_day(hour) } else { 0 };
        assert_eq!(holes(&profile(12, open)), []);
        assert_eq!(holes(&profile(33, open)), []);
    }

    #[test]
    fn a_hole_of_hours_in_a_busy_log_is_one() {
        let hole = |day, hour| if day == 2 && (10..17).contains(&hour) { 0 } else { 12 };
        assert_eq!(holes(&profile(4, hole)), [(58, 65)]);
        assert_eq!(holes(&profile(30, hole)), [(58, 65)]);
    }

    #[test]
    fn one_hour_of_a_very_busy_log_is_one() {
        let hole = |day, hour| if day == 1 && hour == 4 { 0 } else { 5_000 };
        assert_eq!(holes(&profile(3, hole)), [(28, 29)]);
    }

    #[test]
    fn a_whole_missing_weekday_is_one() {
        let hole = |day, hour| if day == 15 { 0 } else { busy_by_day(hour) };
        assert_eq!(holes(&profile(26, hole)).len(), 1);
    }

    #[test]
    fn one_loud_day_does_not_make_the_others_silent() {
        let flood = |day, hour| match (day, hour) {
            (1, _) => 16_000,
            (_, 3) => 0,
            _ => 3,
        };
        assert_eq!(holes(&profile(5, flood)), []);
    }

    #[test]
    fn a_stray_stamp_makes_no_hole() {
        let mut hours: BTreeMap<i64, u64> = (0..96).map(|h| (413_000 + h, 100)).collect();
        hours.insert(0, 1);
        hours.insert(600_000, 2);
        let profile = Profile::new(hours, JST);
        assert_eq!(profile.first_hour(), Some(413_000));
        assert_eq!(profile.holes(&Criteria::default()), []);
    }

    #[test]
    fn a_wrong_stamp_costs_no_time() {
        let hours = BTreeMap::from([(0, 5), (1, 5), (i64::from(u32::MAX), 5)]);
        let profile = Profile::new(hours, 0);
        assert!(profile.holes(&Criteria::default()).len() <= 1);
    }
}
