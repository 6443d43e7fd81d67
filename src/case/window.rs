//! When does a window of matches fulfil a correlation? The measures of Sigma correlations over one
//! group's matches, in order of event time.
//!
//! A window ends at a match and reaches back by the timespan, its ends included; it is bound to no
//! fixed boundary. Matches while the condition keeps holding are one [`Episode`]. Every step costs
//! at most the logarithm of the group's size, so that a million matches in one second do no harm.

use rustc_hash::FxHashMap;

use crate::rule::{Correlation, Expr, Measure, Threshold};

use super::sequence::Sequence;

/// One match within a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Item {
    /// Microseconds since the epoch.
    pub(super) time: i64,
    /// Which of the correlation's rules matched.
    pub(super) position: usize,
    /// The value of the correlation's field: a number that stands for equal values.
    pub(super) value: Option<u32>,
    /// The value read as a number.
    pub(super) number: Option<f64>,
}

/// A stretch of matches during which the condition held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    /// The first match of the window that first fulfilled the condition.
    pub(super) first: usize,
    /// The match that completed it.
    pub(super) fired: usize,
    /// The last match for which it held.
    pub(super) last: usize,
}

/// The episodes of a group, whose items are in order of time.
pub(super) fn episodes(correlation: &Correlation, items: &[Item]) -> Vec<Episode> {
    let mut window = Window::new(correlation, items);
    let mut all: Vec<Episode> = Vec::new();
    let mut open = false;
    for at in 0..items.len() {
        let holds = window.step(at);
        match all.last_mut() {
            Some(episode) if holds && open && window.start <= episode.last => episode.last = at,
            _ if holds => all.push(Episode { first: window.start, fired: at, last: at }),
            _ => {}
        }
        open = holds;
    }
    all
}

/// A window that slides over a group.
struct Window<'c> {
    correlation: &'c Correlation,
    items: &'c [Item],
    start: usize,
    /// Matches in it by rule.
    rules: Vec<u64>,
    /// Distinct values in it with how often they occur.
    values: FxHashMap<u32, u64>,
    sum: f64,
    ranks: Option<Ranks>,
    /// The ways in which the rules may match in order; none where order does not matter.
    sequences: Vec<Sequence>,
}

impl<'c> Window<'c> {
    fn new(correlation: &'c Correlation, items: &'c [Item]) -> Self {
        let ranked = matches!(correlation.measure, Measure::ValuePercentile | Measure::ValueMedian);
        Self {
            correlation,
            items,
            start: 0,
            rules: vec![0; correlation.refers.len()],
            values: FxHashMap::default(),
            sum: 0.0,
            ranks: ranked.then(|| Ranks::new(items)),
            sequences: Sequence::all(correlation),
        }
    }

    /// Lets the window end at item `at`; whether the condition holds then.
    fn step(&mut self, at: usize) -> bool {
        let Some(item) = self.items.get(at).copied() else { return false };
        self.change(at, true);
        while let Some(oldest) = self.items.get(self.start) {
            if item.time - oldest.time <= self.correlation.timespan {
                break;
            }
            self.change(self.start, false);
            self.start += 1;
        }
        self.sequences.iter_mut().for_each(|one| one.step(item));
        self.holds(item.time - self.correlation.timespan)
    }

    /// Takes item `at` in, or leaves it behind.
    fn change(&mut self, at: usize, enters: bool) {
        let Some(item) = self.items.get(at).copied() else { return };
        if let Some(count) = self.rules.get_mut(item.position) {
            *count = if enters { *count + 1 } else { *count - 1 };
        }
        if let Some(value) = item.value {
            let count = self.values.entry(value).or_default();
            *count = if enters { *count + 1 } else { *count - 1 };
            if *count == 0 {
                self.values.remove(&value);
            }
        }
        self.sum += item.number.map_or(0.0, |n| if enters { n } else { -n });
        if let Some(ranks) = &mut self.ranks {
            ranks.change(at, enters);
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

/// The numbers of a window in order: a Fenwick tree over the ranks of the group's numbers.
struct Ranks {
    sorted: Vec<f64>,
    /// The rank of each item's number, from 1.
    rank: Vec<Option<usize>>,
    tree: Vec<usize>,
    len: usize,
}

impl Ranks {
    fn new(items: &[Item]) -> Self {
        let mut order: Vec<usize> = (0..items.len()).collect();
        let number = |at: &usize| items.get(*at).and_then(|item| item.number);
        order.retain(|at| number(at).is_some());
        order.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
        let mut rank = vec![None; items.len()];
        for (place, at) in order.iter().enumerate() {
            if let Some(slot) = rank.get_mut(*at) {
                *slot = Some(place + 1);
            }
        }
        let sorted: Vec<f64> = order.iter().filter_map(number).collect();
        Self { tree: vec![0; sorted.len() + 1], sorted, rank, len: 0 }
    }

    fn change(&mut self, at: usize, enters: bool) {
        let Some(mut rank) = self.rank.get(at).copied().flatten() else { return };
        self.len = if enters { self.len + 1 } else { self.len - 1 };
        while let Some(node) = self.tree.get_mut(rank) {
            *node = if enters { *node + 1 } else { *node - 1 };
            rank += rank & rank.wrapping_neg();
        }
    }

    /// The number with `before` numbers of the window before it.
    fn nth(&self, before: usize) -> Option<f64> {
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
        let (low, high) = (self.nth(place.floor() as usize)?, self.nth(place.ceil() as usize)?);
        Some(low + (high - low) * place.fract())
    }
}

#[cfg(test)]
mod tests {
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

    /// Items from `seconds position value`.
    fn items(text: &str) -> Vec<Item> {
        let item = |word: &str| {
            let mut parts = word.split(':').map(|p| p.parse::<i64>().unwrap());
            let time = parts.next().unwrap() * 1_000_000;
            let position = parts.next().unwrap_or(0) as usize;
            let value = parts.next();
            Item { time, position, value: value.map(|v| v as u32), number: value.map(|v| v as f64) }
        };
        text.split_whitespace().map(item).collect()
    }

    fn fired(body: &str, text: &str) -> String {
        let rules = correlation(body);
        let (_, correlation) = rules.correlations().next().unwrap();
        let found = episodes(correlation, &items(text));
        let shown = found.iter().map(|e| format!("{}-{}-{}", e.first, e.fired, e.last));
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

    #[test]
    fn a_million_in_one_second() {
        let many: Vec<Item> = (0..1_000_000)
            .map(|i| Item {
                time: i,
                position: 0,
                value: Some(i as u32 % 1000),
                number: Some((i % 1000) as f64),
            })
            .collect();
        for kind in ["value_count", "value_median"] {
            let rules = correlation(&format!(
                "type: {kind}\nrules: [a]\ntimespan: 1s\ncondition: {{field: f, gte: 0}}"
            ));
            let (_, correlation) = rules.correlations().next().unwrap();
            assert_eq!(episodes(correlation, &many).len(), 1, "{kind}");
        }
    }
}
