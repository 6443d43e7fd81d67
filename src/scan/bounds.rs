//! How much of what an attacker can make up is told apart? Clients, paths, hosts, agents and times
//! cost him nothing, so that memory must not grow with them. What lies beyond a bound is counted and
//! the report says so.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The bounds of one site in one stream, as a multiple of the usual ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bounds(NonZeroU32);

impl Default for Bounds {
    fn default() -> Self {
        Self(NonZeroU32::MIN)
    }
}

impl Bounds {
    /// The most entries that all logs of an investigation have together: far more than anybody can
    /// keep, and so few that a million such counts add up.
    pub const ENTRIES: u64 = 1 << 44;

    /// So many times the usual bounds: memory may grow as much.
    pub const fn times(factor: NonZeroU32) -> Self {
        Self(factor)
    }

    /// How many times the usual bounds.
    pub const fn factor(self) -> u32 {
        self.0.get()
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
    pub(super) fn are_usual(&self) -> bool {
        *self == Self::default()
    }

    const fn of(self, usual: usize) -> usize {
        usual.saturating_mul(self.0.get() as usize)
    }

    /// Pages whose answers are compared with each other: the first ones.
    pub const fn pages(self) -> usize {
        self.of(5_000)
    }

    /// Hours with entries: the earliest ones, seven years of them.
    pub const fn hours(self) -> usize {
        self.of(1 << 16)
    }

    /// Clients of records: the first ones, in about 100 MB. Whose the records of others are is not
    /// known.
    pub const fn clients(self) -> usize {
        self.of(1 << 20)
    }

    /// Hits of one rule and outcome that are kept, whatever they are: the first ones.
    pub const fn hits(self) -> usize {
        self.of(10_000)
    }

    /// Kinds of hits of one rule and outcome of which hits behind those are kept.
    pub const fn kinds(self) -> usize {
        self.of(1_000)
    }

    /// Matches of one rule that correlations count: the first ones.
    pub const fn points(self) -> usize {
        self.of(1_000_000)
    }

    /// Bytes of the different texts that those name, in about 60 MB.
    pub const fn texts(self) -> usize {
        self.of(16 << 20)
    }

    /// Sites of a stream that only the Host header of a request names: the first ones.
    pub const fn hosts(self) -> usize {
        self.of(1_000)
    }

    /// Values of a field in one trace: the first ones.
    pub const fn uses(self) -> usize {
        self.of(1_000)
    }

    /// Targets, but for their numbers, in one trace: the first ones.
    pub const fn walks(self) -> usize {
        self.of(200)
    }

    /// Traces of one kind that are followed through all evidence, clients of intruders first.
    pub const fn traces(self) -> usize {
        self.of(200)
    }
}
