//! How far were the actors followed through the evidence?

use serde::{Deserialize, Serialize};

use crate::scan::{Tally, Trace, Yield};

/// The most streams that are named.
const NAMED: usize = 20;

/// How the actors were followed through the evidence by a second pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pivot {
    /// Clients, planted pages, rare agents, accounts and sessions that were looked for.
    pub traces: u64,
    /// Clients that were not, since there are too many.
    pub beyond: u64,
    /// Streams that were searched for every trace that they may hold.
    pub followed: u64,
    /// Streams that surely hold none, by the index of the first pass.
    pub ruled_out: u64,
    /// Streams that may hold traces and were not searched: `--no-pivot`, standard input, evidence
    /// that is not there any more or holds other bytes than it did.
    pub open: u64,
    /// The first of those, by name.
    pub open_sources: Vec<String>,
}

impl Pivot {
    pub(super) fn new(tally: &Tally, traces: &[Trace], beyond: usize) -> Self {
        let mut pivot =
            Self { traces: traces.len() as u64, beyond: beyond as u64, ..Self::default() };
        for yielded in tally.streams.values() {
            pivot.add(yielded, traces);
        }
        pivot.open_sources.sort();
        pivot.open_sources.truncate(NAMED);
        pivot
    }

    fn add(&mut self, yielded: &Yield, traces: &[Trace]) {
        if traces.iter().any(|trace| yielded.is_open(trace)) {
            self.open += 1;
            self.open_sources.extend(yielded.stream.names.first().cloned());
        } else if traces.iter().any(|trace| yielded.part.index.may_hold(trace)) {
            self.followed += 1;
        } else {
            self.ruled_out += 1;
        }
    }
}
