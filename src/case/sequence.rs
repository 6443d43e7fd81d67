//! How far did the rules of an ordered correlation match, one behind the other in the order listed?

use crate::rule::{Correlation, Measure, Threshold, Way};

use super::window::Item;

/// One way in which the rules of an ordered correlation may match.
pub(super) struct Sequence {
    way: Way,
    /// For each rule and each length: when the latest sequence of so many matches that this rule
    /// ends began. One never begins earlier than that which it replaces.
    begun: Vec<Vec<Option<i64>>>,
}

impl Sequence {
    /// The ways of a correlation; none if order does not matter to it.
    pub(super) fn all(correlation: &Correlation) -> Vec<Self> {
        if correlation.measure != Measure::TemporalOrdered {
            return Vec::new();
        }
        let rules = correlation.refers.len();
        let every = || vec![Way { wanted: (0..rules).collect(), ..Way::default() }];
        let ways = match &correlation.threshold {
            Threshold::Rules(expr, _) => expr.ways(),
            Threshold::Bounds(_) | Threshold::Every => every(),
        };
        ways.into_iter().map(|way| Self { way, begun: vec![vec![None; rules]; rules] }).collect()
    }

    /// Forgets all matches.
    pub(super) fn clear(&mut self) {
        self.begun.iter_mut().for_each(|begun| begun.fill(None));
    }

    /// Takes a match, later than all before.
    pub(super) fn step(&mut self, item: Item) {
        if !self.way.wanted.contains(&item.position) {
            return;
        }
        let (before, own) = self.begun.split_at_mut(item.position);
        let Some((first, longer)) = own.first_mut().and_then(|own| own.split_first_mut()) else {
            return;
        };
        *first = Some(item.place.time);
        for (length, slot) in longer.iter_mut().enumerate() {
            let begun = before.iter().filter_map(|rule| *rule.get(length)?);
            *slot = (*slot).max(begun.max());
        }
    }

    /// How many rules the longest sequence has that began no earlier than `since`.
    pub(super) fn longest(&self, since: i64) -> usize {
        let length = |rule: &Vec<Option<i64>>| {
            rule.iter().rposition(|begun| *begun >= Some(since)).map_or(0, |last| last + 1)
        };
        self.begun.iter().map(length).max().unwrap_or(0)
    }

    /// Whether all rules of the way matched in order, and none that must not, of which `rules` says
    /// how often each matched.
    pub(super) fn is_whole(&self, since: i64, rules: &[u64]) -> bool {
        let absent = |rule: &usize| rules.get(*rule).is_none_or(|count| *count == 0);
        self.longest(since) == self.way.wanted.len() && self.way.barred.iter().all(absent)
    }
}
