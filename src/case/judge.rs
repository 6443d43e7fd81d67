//! From facts to verdict: one pure function, one table of tests.

use super::Verdict;

/// What the verdict rests on, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Logs of the site were supplied.
    pub examined: bool,
}

/// The verdict.
pub fn judge(facts: &Facts) -> Verdict {
    if facts.examined { Verdict::Inconclusive } else { Verdict::NotExamined }
}
