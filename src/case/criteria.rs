//! When may a site be called "not confirmed"? One list of thresholds, printed with the verdict.

use serde::{Deserialize, Serialize};

/// The thresholds of coverage. A site without a hit is `not-confirmed` only if all of them hold;
/// otherwise it is `inconclusive`, and the shortfalls say which failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Criteria {
    /// At least so many entries: a handful of lines shows nothing.
    pub entries: u64,
    /// At most so many of 1,000 entries of known formats may be no event of their format: an
    /// entry that is not understood is examined only as text.
    pub unparsed_per_mille: u64,
    /// At most so many of 1,000 entries may have no readable time: they cannot be placed in the
    /// window.
    pub timeless_per_mille: u64,
    /// A silence is a hole if, by the site's own profile of hours, at least so many entries would
    /// have been written in it. Quiet nights expect few.
    pub silent_entries: u64,
    /// Shorter silences are no holes, in minutes: entries are counted by the hour.
    pub silent_minutes: u64,
    /// All logs of a breached site stopping before the evidence ends is taken for containment if,
    /// by the profile, at least so many entries are missing after it.
    pub stopped_entries: u64,
    /// At least so many rules against intrusions must have been able to fire.
    pub rules_able: usize,
}

impl Default for Criteria {
    fn default() -> Self {
        Self {
            entries: 100,
            unparsed_per_mille: 10,
            timeless_per_mille: 10,
            silent_entries: 30,
            silent_minutes: 60,
            stopped_entries: 10,
            rules_able: 1,
        }
    }
}
