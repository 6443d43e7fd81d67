//! How does the program end? The codes of the contract, and what it says on the way.

use std::fmt;
use std::process;
use std::str::FromStr;

use leaksweep::case::Verdict;
use leaksweep::element::mask;
use leaksweep::report::Report;
use leaksweep::rule::Level;
use leaksweep::scan::Tally;
use leaksweep::source::Stop;

use super::tell::Voice;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Finished, full coverage, nothing at or above `--fail-on`.
    Clean = 0,
    /// Finished, full coverage, something at or above it.
    Found = 1,
    /// Nothing usable was done.
    Failure = 2,
    /// No input matched.
    NoInput = 3,
    /// Finished, but something could not be read.
    Incomplete = 4,
    /// Found and incomplete.
    FoundIncomplete = 5,
    /// Another run holds the lock (`EX_TEMPFAIL` of sysexits.h).
    Held = 75,
    /// Stopped by a signal: what was read until then is reported.
    Interrupted = 130,
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

impl ExitCode {
    /// The code of a finished sweep.
    pub(crate) fn of(report: &Report, tally: &Tally, fail_on: FailOn) -> Self {
        let found = report.sites.iter().any(|case| match fail_on {
            FailOn::Never => false,
            FailOn::Verdict(least) => case.verdict <= least,
            FailOn::Level(least) => case.findings.iter().any(|f| f.rule.level >= least),
        });
        Self::from_facts(found, incomplete(tally))
    }

    /// This code, or that of a run that was stopped.
    pub(crate) fn unless_stopped(self, stop: &Stop) -> Self {
        if stop.is_set() { Self::Interrupted } else { self }
    }

    /// The code of a run that found something or not, and could read everything or not.
    pub(super) fn from_facts(found: bool, incomplete: bool) -> Self {
        match (found, incomplete) {
            (false, false) => Self::Clean,
            (true, false) => Self::Found,
            (false, true) => Self::Incomplete,
            (true, true) => Self::FoundIncomplete,
        }
    }
}

/// Whether anything could not be read.
fn incomplete(tally: &Tally) -> bool {
    tally.all_gaps().any(|gap| gap.kind.is_loss())
}

/// From where on a sweep ends with code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailOn {
    /// A site's verdict is this or graver.
    Verdict(Verdict),
    /// A finding's rule is of this level or higher.
    Level(Level),
    /// Nothing.
    Never,
}

/// What `--fail-on` may say.
const FAIL_ON: [(&str, FailOn); 10] = [
    ("confirmed-exfiltration", FailOn::Verdict(Verdict::ConfirmedExfiltration)),
    ("confirmed-access", FailOn::Verdict(Verdict::ConfirmedAccess)),
    ("suspected", FailOn::Verdict(Verdict::Suspected)),
    ("attempted", FailOn::Verdict(Verdict::Attempted)),
    ("critical", FailOn::Level(Level::Critical)),
    ("high", FailOn::Level(Level::High)),
    ("medium", FailOn::Level(Level::Medium)),
    ("low", FailOn::Level(Level::Low)),
    ("informational", FailOn::Level(Level::Informational)),
    ("none", FailOn::Never),
];

impl FromStr for FailOn {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = FAIL_ON.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let names: Vec<_> = FAIL_ON.iter().map(|(name, _)| *name).collect();
            format!("it is one of {}", names.join(", "))
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why nothing usable was done: what, where, and what to do.
#[derive(Debug)]
pub(crate) struct Failure(String, ExitCode);

impl Failure {
    /// A failure for the reason given, in one or more lines.
    pub(crate) fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string(), ExitCode::Failure)
    }

    /// Another run is at work.
    pub(super) fn held(why: impl fmt::Display) -> Self {
        Self(why.to_string(), ExitCode::Held)
    }

    /// Says it on standard error, masked: what is wrong may quote a rule or a configuration.
    pub(crate) fn tell(&self, voice: Voice) -> ExitCode {
        let masked = |line: &str| mask(line.as_bytes(), 0, usize::MAX).to_string();
        let lines: Vec<_> = self.0.lines().map(masked).collect();
        voice.say("error", None, &lines.join("\n  "));
        self.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leaksweep::source::{Gap, GapKind};

    fn report(verdicts: &[&str]) -> Report {
        let site = |verdict: &&str| {
            serde_json::json!({
                "site": "a", "verdict": verdict, "reasons": [], "at_risk": null,
                "storage_window": null, "findings": [], "indicators": [], "timeline": [],
                "units": {"observed": empty_count(), "attributed": empty_count(), "declared": null},
                "coverage": serde_json::to_value(leaksweep::case::Coverage::default()).unwrap()
            })
        };
        let sites: Vec<_> = verdicts.iter().map(site).collect();
        serde_json::from_value(serde_json::json!({
            "schema": "leaksweep.report/1", "sites": sites,
            "run": {"tool": "", "rules": "", "rule_count": 0, "arguments": [], "window": null,
                    "timezone": "UTC", "sources": []}
        }))
        .unwrap()
    }

    fn empty_count() -> serde_json::Value {
        serde_json::to_value(leaksweep::case::Count::default()).unwrap()
    }

    fn tally(kind: Option<GapKind>) -> Tally {
        let gap = |kind| Gap { source: "x".into(), kind, detail: String::new() };
        Tally { gaps: kind.map(gap).into_iter().collect(), ..Tally::default() }
    }

    #[test]
    fn codes_follow_the_contract() {
        let (access, tried) =
            (["not-confirmed", "confirmed-access"], ["attempted", "inconclusive"]);
        let cases = [
            (&access, None, "suspected", 1),
            (&access, Some(GapKind::Truncated), "suspected", 5),
            (&access, None, "confirmed-exfiltration", 0),
            (&access, None, "none", 0),
            (&tried, None, "suspected", 0),
            (&tried, None, "attempted", 1),
            (&tried, Some(GapKind::Binary), "suspected", 4),
            (&tried, Some(GapKind::TrailingGarbage), "suspected", 0),
            (&tried, None, "high", 0),
        ];
        for (verdicts, gap, fail_on, code) in cases {
            let got = ExitCode::of(&report(verdicts), &tally(gap), fail_on.parse().unwrap());
            assert_eq!(got as u8, code, "{verdicts:?} {gap:?} {fail_on}");
        }
        assert!("maybe".parse::<FailOn>().unwrap_err().contains("suspected"));
    }
}
