//! Do the rules find what they say, and nothing else? The proofs in each rule's file, run.

use std::fmt::Write;

use leaksweep::case::prove;
use leaksweep::element::mask;
use leaksweep::rule::RuleSet;
use leaksweep::scan::Mode;

use super::output::say;
use super::{ExitCode, Failure};

/// Runs all proofs; exit code 1 if one fails.
pub(crate) fn run(rules: &RuleSet) -> Result<ExitCode, Failure> {
    let (run, failed) = prove(rules, Mode::Filtered);
    let mut text = String::new();
    for refuted in &failed {
        let wrong = if refuted.expected { "does not find" } else { "finds" };
        let shown = mask(refuted.piece.as_bytes(), 0, 200);
        let _ = writeln!(text, "{}: {wrong}: {shown}", rules.info(refuted.rule).title);
    }
    let _ = writeln!(text, "{} rules, {run} proofs, {} failed", rules.len(), failed.len());
    say(&text)?;
    Ok(if failed.is_empty() { ExitCode::Clean } else { ExitCode::Found })
}
