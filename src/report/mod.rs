//! How do we tell it?
//!
//! A [`Report`] is a pure function of the cases and the facts of the run; every output format is a
//! pure function of the report, in a file of its own.

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::source::{ContentId, Window};

/// The report (schema `leaksweep.report/1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `leaksweep.report/1`.
    pub schema: String,
    /// The facts of the run.
    pub run: Run,
    /// One case per site, in the order of their names.
    pub sites: Vec<Case>,
}

/// The facts of a run that its result depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// `leaksweep 0.1.0`.
    pub tool: String,
    /// SHA-256 of the rule set.
    pub rules: String,
    /// Number of rules.
    pub rule_count: usize,
    /// The arguments.
    pub arguments: Vec<String>,
    /// The period under examination.
    pub window: Option<Window>,
    /// The zone assumed for stamps that name none.
    pub timezone: String,
    /// Everything that was read, by name.
    pub sources: Vec<RunSource>,
}

/// One source as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSource {
    /// Its path.
    pub path: String,
    /// SHA-256 of its raw bytes; absent if it could not be opened.
    pub sha256: Option<ContentId>,
    /// Raw bytes.
    pub bytes: u64,
    /// Entries in its streams.
    pub lines: u64,
    /// Formats in it.
    pub format: Vec<String>,
    /// `ok`, `duplicate of PATH`, or what is wrong.
    pub status: String,
}
