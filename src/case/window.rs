//! When does a window of matches fulfil a correlation? The measures of Sigma correlations over one
//! group's matches, in order of event time.
//!
//! A window ends at a match and reaches back by the timespan, its ends included; it is bound to no
//! fixed boundary. Matches while the condition keeps holding are one [`Episode`]. Every step costs
//! at most the logarithm of how many numbers there are, so that a million matches in one second do no harm.

use std::iter::Peekable;

use rustc_hash::FxHashMap;

use crate::rule::{Correlation, Expr, Measure, Threshold};

use super::sequence::Sequence;

/// Where a match stands, and when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Microseconds since the epoch.
    pub(super) time: i64,
    /// The number of its stream at the site.
    pub(super) stream: u32,
    pub(super) line: u64,
    pub(super) offset: u64,
}

/// One match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Item {
    /// The number of its group.
    pub(super) group: u32,
    pub(super) place: Place,
    /// Which of the correlation's rules matched.
    pub(super) position: usize,
    /// The value of the correlation's field: a number that stands for equal values.
    pub(super) value: Option<u32>,
}

/// A stretch of matches during which the condition held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    /// The group whose matches they are.
    pub(super) group: u32,
    /// Matches from the first to the last.
    pub(super) count: u64,
    /// The first match of the window that first fulfilled the condition.
    pub(super) first: Place,
    /// The match that completed it.
    pub(super) fired: Place,
    /// The last match for which it held.
    pub(super) last: Place,
}

/// Gives the episodes of all groups to `take`. Both `ends` and `starts` are all matches, by group
/// and in order of time: the window ends at one and begins at the other, and what lies between is
/// not held. `numbers` are the values read as numbers.
pub(super) fn episodes(
    correlation: &Correlation,
    numbers: &[Option<f64>],
    ends: impl Iterator<Item = Item>,
    starts: impl Iterator<Item = Item>,
    mut take: impl FnMut(Episode),
) {
    let mut window = Window::new(correlation, numbers, starts);
    let mut open: Option<Episode> = None;
    let mut before = None;
    for item in ends {
        let last = before.replace(item);
        // What is counted among matches does not depend on any that is further away.
        if last.is_some_and(|last| window.is_apart(item, last)) {
            open.take().into_iter().for_each(&mut take);
            window.clear();
        }
        let first = window.step(item);
        match (&mut open, first) {
            (Some(episode), Some(_)) => {
                episode.last = item.place;
                episode.count += 1;
            }
            (none, Some(first)) => {
                let (group, count, at) = (item.group, window.len, item.place);
                *none = Some(Episode { group, count, first, fired: at, last: at });
            }
            (ended, None) => ended.take().into_iter().for_each(&mut take),
        }
    }
    open.into_iter().for_each(take);
}

/// A window that slides over the matches.
struct Window<'c, I: Iterator<Item = Item>> {
    correlation: &'c Correlation,
    numbers: &'c [Option<f64>],
    /// The matches from its first one on.
    starts: Peekable<I>,
    /// How many matches are in it.
    len: u64,
    /// Matches in it by rule.
    rules: Vec<u64>,
    /// Distinct values in it with how often they occur.
    values: FxHashMap<u32, u64>,
    sum: f64,
    ranks: Option<Ranks>,
    /// The ways in which the rules may match in order; none where order does not matter.
    sequences: Vec<Sequence>,
}

impl<'c, I: Iterator<Item = Item>> Window<'c, I> {
    fn new(correlation: &'c Correlation, numbers: &'c [Option<f64>], starts: I) -> Self {
        let ranked = matches!(correlation.measure, Measure::ValuePercentile | Measure::ValueMedian);
        Self {
            correlation,
            numbers,
            starts: starts.peekable(),
            len: 0,
            rules: vec![0; correlation.refers.len()],
            values: FxHashMap::default(),
            sum: 0.0,
            ranks: ranked.then(|| Ranks::new(numbers)),
            sequences: Sequence::all(correlation),
        }
    }

    /// Whether no window holds both.
    fn is_apart(&self, item: Item, before: Item) -> bool {
        let away = item.place.time.saturating_sub(before.place.time);
        item.group != before.group || away > self.correlation.timespan
    }

    /// Leaves all behind.
    fn clear(&mut self) {
        while self.len > 0 {
            let oldest = self.starts.next();
            self.leave(oldest);
        }
        self.sum = 0.0;
        self.sequences.iter_mut().for_each(Sequence::clear);
    }

    /// Lets the window end at an item; its first match, if the condition holds then.
    fn step(&mut self, item: Item) -> Option<Place> {
        self.len += 1;
        self.change(item, true);
        let since = item.place.time - self.correlation.timespan;
        while let Some(oldest) = self.starts.next_if(|oldest| oldest.place.time < since) {
            self.leave(Some(oldest));
        }
        self.sequences.iter_mut().for_each(|one| one.step(item));
        if self.holds(since) { self.starts.peek().map(|first| first.place) } else { None }
    }

    fn leave(&mut self, oldest: Option<Item>) {
        self.len -= 1;
        if let Some(oldest) = oldest {
            self.change(oldest, false);
        }
    }

    /// Takes an item in, or leaves it behind.
    fn change(&mut self, item: Item, enters: bool) {
        if let Some(count) = self.rules.get_mut(item.position) {
            *count = if enters { *count + 1 } else { *count - 1 };
        }
        let Some(value) = item.value else { return };
        let count = self.values.entry(value).or_default();
        *count = if enters { *count + 1 } else { *count - 1 };
        if *count == 0 {
            self.values.remove(&value);
        }
        let number = self.numbers.get(value as usize).copied().flatten();
        self.sum += number.map_or(0.0, |n| if enters { n } else { -n });
        if let Some(ranks) = &mut self.ranks {
            ranks.change(value, enters);
        }
    }

    /// Whether the condition holds over the matches that are no earlier than `since`.
    fn holds(&self, since: i64) -> bool {
        match &self.correlation.threshold {
            Threshold::Bounds(bounds) => self.measure(since).is_some_and(|value| {
                bounds.iter().all(|(order, bound)| order.holds(value, *bound))
            }),
            _ if self.correlation.measure == Measure::TemporalOrdered => {
                self.sequences.iter().any(|one| one.is_whole(since, &self.rules))
            }
            Threshold::Every => self.rules.iter().all(|count| *count > 0),
            Threshold::Rules(expr, _) => self.satisfies(expr),
        }
    }

    fn satisfies(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Name(rule) => self.rules.get(*rule).is_some_and(|count| *count > 0),
            Expr::All(parts) => parts.iter().all(|part| self.satisfies(part)),
            Expr::Any(parts) => parts.iter().any(|part| self.satisfies(part)),
            Expr::Not(part) => !self.satisfies(part),
        }
    }

    /// What is compared with the bounds; `None` where there is nothing to measure. Temporal types
    /// count the rules that matched, ordered ones those that did so one behind the other.
    fn measure(&self, since: i64) -> Option<f64> {
        let total: u64 = self.rules.iter().sum();
        Some(match self.correlation.measure {
            Measure::EventCount => total as f64,
            Measure::ValueCount => self.values.len() as f64,
            Measure::Temporal => self.rules.iter().filter(|count| **count > 0).count() as f64,
            Measure::TemporalOrdered => {
                self.sequences.iter().map(|one| one.longest(since)).max()? as f64
            }
            Measure::ValueSum if total > 0 => self.sum,
            Measure::ValueAvg if total > 0 => self.sum / total as f64,
            Measure::ValueSum | Measure::ValueAvg => return None,
            Measure::ValuePercentile => self.ranks.as_ref()?.at(self.correlation.percentile)?,
            Measure::ValueMedian => self.ranks.as_ref()?.at(50.0)?,
        })
    }
}

/// The numbers of a window in order: a Fenwick tree over the ranks of all numbers.
struct Ranks {
    /// The different numbers.
    sorted: Vec<f64>,
    /// The rank of each value's number, from 1; 0 for a value that is none.
    rank: Vec<usize>,
    tree: Vec<u64>,
    len: u64,
}

impl Ranks {
    fn new(numbers: &[Option<f64>]) -> Self {
        let mut sorted: Vec<f64> = numbers.iter().copied().flatten().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.dedup_by(|a, b| a.total_cmp(b).is_eq());
        let place = |n: f64| sorted.partition_point(|other| other.total_cmp(&n).is_le());
        let rank = numbers.iter().map(|number| number.map_or(0, place)).collect();
        Self { tree: vec![0; sorted.len() + 1], sorted, rank, len: 0 }
    }

    fn change(&mut self, value: u32, enters: bool) {
        let Some(mut rank) = self.rank.get(value as usize).copied().filter(|rank| *rank > 0) else {
            return;
        };
        self.len = if enters { self.len + 1 } else { self.len - 1 };
        while let Some(node) = self.tree.get_mut(rank) {
            *node = if enters { *node + 1 } else { *node - 1 };
            rank += rank & rank.wrapping_neg();
        }
    }

    /// The number with `before` numbers of the window before it.
    fn nth(&self, before: u64) -> Option<f64> {
        let mut rank = 0;
        let mut left = before + 1;
        let mut step = self.tree.len().next_power_of_two();
        while step > 0 {
            if let Some(count) = self.tree.get(rank + step).filter(|count| **count < left) {
                rank += step;
                left -= count;
            }
            step /= 2;
        }
        self.sorted.get(rank).copied()
    }

    /// A percentile, linear between the two nearest ranks.
    fn at(&self, percentile: f64) -> Option<f64> {
        let place = percentile / 100.0 * self.len.checked_sub(1)? as f64;
        let (low, high) = (self.nth(place.floor() as u64)?, self.nth(place.ceil() as u64)?);
        Some(low + (high - low) * place.fract())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use proptest::{collection, option};

    use super::*;
    use crate::rule::RuleSet;

    const RULES: &str = "
title: a
id: 00000000-0000-4000-8000-00000000000a
name: a
logsource: {category: webserver}
detection: {s: [aaa], condition: s}
---
title: b
id: 00000000-0000-4000-8000-00000000000b
name: b
logsource: {category: webserver}
detection: {s: [bbb], condition: s}
---
title: c
id: 00000000-0000-4000-8000-00000000000c
correlation:
";

    fn correlation(body: &str) -> RuleSet {
        let mut rules = RuleSet::default();
        let body = body.lines().fold(String::new(), |text, line| text + "    " + line + "\n");
        rules.add_text("t.yml", &format!("{RULES}{body}")).unwrap();
        rules
    }

    fn item(number: u64, time: i64, position: usize, value: Option<u32>) -> Item {
        let place = Place { time, stream: 0, line: number, offset: 0 };
        Item { group: 0, place, position, value }
    }

    /// The episodes of items whose values are their own numbers.
    fn found(correlation: &Correlation, items: &[Item]) -> Vec<Episode> {
        let numbers: Vec<Option<f64>> = (0..1_000).map(|n| Some(f64::from(n))).collect();
        let (all, mut found) = (|| items.iter().copied(), Vec::new());
        episodes(correlation, &numbers, all(), all(), |episode| found.push(episode));
        found
    }

    /// Items from `seconds position value`.
    fn items(text: &str) -> Vec<Item> {
        let read = |(number, word): (usize, &str)| {
            let mut parts = word.split(':').map(|p| p.parse::<i64>().unwrap());
            let time = parts.next().unwrap() * 1_000_000;
            let position = parts.next().unwrap_or(0) as usize;
            item(number as u64, time, position, parts.next().map(|value| value as u32))
        };
        text.split_whitespace().enumerate().map(read).collect()
    }

    fn fired(body: &str, text: &str) -> String {
        let rules = correlation(body);
        let (_, correlation) = rules.correlations().next().unwrap();
        let shown = found(correlation, &items(text)).into_iter().map(|e| {
            assert_eq!(e.count, e.last.line - e.first.line + 1);
            format!("{}-{}-{}", e.first.line, e.fired.line, e.last.line)
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn measures() {
        let count = "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 3}";
        let range = "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2, lt: 4}";
        let distinct = "type: value_count\nrules: [a]\ntimespan: 10s\ncondition: {field: f, gt: 1}";
        let sum = "type: value_sum\nrules: [a]\ntimespan: 10s\ncondition: {field: f, gte: 100}";
        let avg = "type: value_avg\nrules: [a]\ntimespan: 10s\ncondition: {field: f, gt: 50}";
        let median = "type: value_median\nrules: [a]\ntimespan: 10s\ncondition: {field: f, gte: 5}";
        let ninth = "type: value_percentile\nrules: [a]\ntimespan: 10s\ncondition: {field: f, percentile: 90, gte: 9}";
        let both = "type: temporal\nrules: [a, b]\ntimespan: 10s";
        let order = "type: temporal_ordered\nrules: [a, b]\ntimespan: 10s";
        let not = "type: temporal\nrules: [a, b]\ntimespan: 10s\ncondition: a and not b";
        let either = "type: temporal_ordered\nrules: [a, b]\ntimespan: 10s\ncondition: a or b";
        let two = "type: temporal_ordered\nrules: [a, b]\ntimespan: 10s\ncondition: {gte: 2}";
        let table = [
            (count, "0 5 10", "0-2-2"),
            (count, "0 5 11", ""),
            (count, "9 10 11 12", "0-2-3"), // over a boundary of ten seconds
            (count, "0 1 2 100 101 102", "0-2-2 3-5-5"),
            (range, "0 1 2 3 4", "0-1-2"),
            (distinct, "0:0:7 1:0:7 2:0:8", "0-2-2"),
            (distinct, "0:0:7 20:0:8", ""),
            (distinct, "0:0 1:0 2:0:1", ""),
            (sum, "0:0:60 5:0:40 20:0:60", "0-1-1"),
            (avg, "0:0:10 1:0:100", "0-1-1"),
            (median, "0:0:1 1:0:9 2:0:9", "0-1-2"),
            (ninth, "0:0:1 1:0:1 2:0:1 3:0:10", ""),
            (ninth, "0:0:10 1:0:10 2:0:10 3:0:1", "0-0-3"),
            (both, "0:1 5:0", "0-1-1"),
            (both, "0:1 20:0", ""),
            (order, "0:1 5:0", ""),
            (order, "0:0 5:1", "0-1-1"),
            (order, "0:0 5:0 14:1", "1-2-2"),
            (order, "0:0 11:1", ""),
            (not, "0:0", "0-0-0"),
            (not, "0:1 3:0 12:0", "1-2-2"),
            (either, "0:1 20:0", "0-0-0 1-1-1"),
            (two, "0:1 5:0", ""),
            (two, "0:1 5:0 6:1", "0-2-2"),
            (two, "0:0 11:1", ""),
        ];
        for (body, text, expected) in table {
            assert_eq!(fired(body, text), expected, "{body}\n{text}");
        }
    }

    /// The episodes as every window by itself shows them.
    fn slowly(correlation: &Correlation, items: &[Item]) -> Vec<Episode> {
        let mut found: Vec<Episode> = Vec::new();
        let mut open = false;
        for (at, item) in items.iter().enumerate() {
            let near = |other: &&Item| {
                let since = item.place.time - correlation.timespan;
                other.group == item.group && other.place.time >= since
            };
            let window: Vec<&Item> = items[..=at].iter().filter(near).collect();
            let holds = holds(correlation, &window);
            let place = item.place;
            match found.last_mut() {
                Some(last) if open && holds && last.group == item.group && window.len() > 1 => {
                    last.last = place;
                    last.count += 1;
                }
                _ if holds => found.push(Episode {
                    group: item.group,
                    count: window.len() as u64,
                    first: window[0].place,
                    fired: place,
                    last: place,
                }),
                _ => {}
            }
            open = holds;
        }
        found
    }

    fn holds(correlation: &Correlation, window: &[&Item]) -> bool {
        let mut numbers: Vec<f64> =
            window.iter().filter_map(|item| item.value.map(f64::from)).collect();
        numbers.sort_by(f64::total_cmp);
        let sum: f64 = numbers.iter().sum();
        let rules: BTreeSet<usize> = window.iter().map(|item| item.position).collect();
        let measured = match correlation.measure {
            Measure::EventCount => window.len() as f64,
            Measure::ValueCount => {
                numbers.dedup();
                numbers.len() as f64
            }
            Measure::ValueSum => sum,
            Measure::ValueAvg => sum / window.len() as f64,
            Measure::ValueMedian if numbers.is_empty() => return false,
            Measure::ValueMedian => {
                let half = (numbers.len() - 1) / 2;
                f64::midpoint(numbers[half], numbers[numbers.len() / 2])
            }
            _ => return rules.len() == 2,
        };
        let Threshold::Bounds(bounds) = &correlation.threshold else { return false };
        bounds.iter().all(|(order, bound)| order.holds(measured, *bound))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_sliding_window_shows_what_each_shows_by_itself(
            mut drawn in collection::vec((0..3_u32, 0..90_i64, 0..2_usize, option::of(0..7_u32)), 0..60),
        ) {
            drawn.sort_unstable();
            let items: Vec<Item> = (0..).zip(drawn).map(|(number, (group, second, rule, value))| {
                Item { group, ..item(number, second * 1_000_000, rule, value) }
            }).collect();
            for body in [
                "type: event_count\nrules: [a, b]\ntimespan: 10s\ncondition: {gte: 4}",
                "type: value_count\nrules: [a, b]\ntimespan: 10s\ncondition: {field: f, gte: 3}",
                "type: value_sum\nrules: [a, b]\ntimespan: 10s\ncondition: {field: f, gte: 9}",
                "type: value_avg\nrules: [a, b]\ntimespan: 10s\ncondition: {field: f, gte: 2}",
                "type: value_median\nrules: [a, b]\ntimespan: 10s\ncondition: {field: f, lt: 3}",
                "type: temporal\nrules: [a, b]\ntimespan: 3s",
            ] {
                let rules = correlation(body);
                let (_, correlation) = rules.correlations().next().unwrap();
                prop_assert_eq!(found(correlation, &items), slowly(correlation, &items), "{}", body);
            }
        }
    }

    #[test]
    fn a_million_in_one_second() {
        let many: Vec<Item> =
            (0..1_000_000).map(|i| item(i as u64, i, 0, Some(i as u32 % 1000))).collect();
        for kind in ["value_count", "value_median"] {
            let rules = correlation(&format!(
                "type: {kind}\nrules: [a]\ntimespan: 1s\ncondition: {{field: f, gte: 0}}"
            ));
            let (_, correlation) = rules.correlations().next().unwrap();
            assert_eq!(found(correlation, &many).len(), 1, "{kind}");
        }
    }
}
