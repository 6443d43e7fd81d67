//! Which fields do the rules of a set look at, and what do they ask of each? Equal comparisons of
//! different rules are one, so that a value is asked once.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use crate::payload;

use super::detection::Test;
use super::field::{Lane, Source};
use super::program::{Check, Leaf};

/// The number, among the comparisons with a lane, of whether decoding changes its value.
pub(super) const CHANGES: usize = 0;

/// The distinct sources of a set of rules, and the names under which rules know them.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) list: Vec<Source>,
    pub(super) names: Vec<String>,
    lanes: Vec<Lane>,
    /// By source: the number of its lane.
    lane: Vec<Option<usize>>,
    /// By lane: how many comparisons are made with it.
    slots: Vec<usize>,
    /// The comparisons that were made, by a hash of what they ask.
    leaves: FxHashMap<u64, Vec<Leaf>>,
}

impl Sources {
    /// The lanes of the sources.
    pub(super) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The number of a source's lane.
    pub(super) fn lane(&self, source: usize) -> Option<usize> {
        self.lane.get(source).copied().flatten()
    }

    /// The number of one more comparison with the lane of a source.
    pub(super) fn slot(&mut self, source: usize) -> usize {
        let slot = self.lane(source).and_then(|lane| self.slots.get_mut(lane));
        slot.map_or(0, |slot| {
            *slot += 1;
            *slot - 1
        })
    }

    /// The comparison with a source that holds if one of the tests does.
    pub(super) fn leaf(
        &mut self,
        source: usize,
        tests: &[Test],
        check: impl FnOnce() -> Check,
    ) -> Leaf {
        let hash = hash(source, tests);
        let same = |leaf: &&Leaf| leaf.source == source && *leaf.tests == *tests;
        if let Some(leaf) = self.leaves.get(&hash).and_then(|known| known.iter().find(same)) {
            return leaf.clone();
        }
        let (slot, tests) = (self.slot(source), Arc::from(tests));
        let leaf = Leaf { source, slot, check: check(), tests };
        self.leaves.entry(hash).or_default().push(leaf.clone());
        leaf
    }

    /// Forgets what only compiling needs.
    pub(super) fn close(&mut self) {
        self.leaves = FxHashMap::default();
    }

    /// The number of the source that a rule knows by a name; of the whole entry without one.
    pub(super) fn number(&mut self, name: Option<&str>) -> usize {
        let source = name.map_or(Source::Entry, Source::of);
        let found = self.list.iter().position(|known| *known == source);
        found.unwrap_or_else(|| {
            let lane = source.lane().map(|lane| self.lane_number(lane));
            if let Source::Payload(_) = source {
                for field in payload::FIELDS {
                    self.lane_number(Lane::of(*field));
                }
            }
            self.lane.push(lane);
            self.list.push(source);
            self.names.push(name.unwrap_or("keyword").to_owned());
            self.list.len() - 1
        })
    }

    /// The number of a lane that some source is of.
    pub(super) fn number_of(&self, lane: Lane) -> Option<usize> {
        self.lanes.iter().position(|known| *known == lane)
    }

    fn lane_number(&mut self, lane: Lane) -> usize {
        self.number_of(lane).unwrap_or_else(|| {
            self.lanes.push(lane);
            self.slots.push(CHANGES + 1);
            self.lanes.len() - 1
        })
    }
}

/// Of texts and expressions; other tests are few.
fn hash(source: usize, tests: &[Test]) -> u64 {
    let mut hasher = FxHasher::default();
    source.hash(&mut hasher);
    for test in tests {
        match test {
            Test::Text(pattern) => pattern.hash(&mut hasher),
            Test::Regex(expression) => expression.hash(&mut hasher),
            _ => {}
        }
    }
    hasher.finish()
}
