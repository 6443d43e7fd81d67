//! Do the rules find what they say, and nothing else? The proofs in each rule's file, run.

use std::fmt::Write;

use leaksweep::element::{CaseKey, Finder, mask};
use leaksweep::event::{self, recognise};
use leaksweep::line::Block;
use leaksweep::rule::RuleSet;
use leaksweep::scan::{Mode, Scanner};
use leaksweep::source::Inventory;

use super::output::say;
use super::rules::all;
use super::{ExitCode, Failure};

/// Runs all proofs; exit code 1 if one fails.
pub(crate) fn run(rules: &RuleSet) -> Result<ExitCode, Failure> {
    let finder = Finder::new(CaseKey::from_bytes(b"proofs"));
    let inventory = Inventory::default();
    let (mut text, mut run, mut failed) = (String::new(), 0u32, 0u32);
    for (index, info) in all(rules) {
        let Some(proofs) = rules.proofs(index).filter(|_| rules.rule(index).is_some()) else {
            continue;
        };
        let hits = proofs.hits.iter().map(|piece| (piece, true));
        for (piece, expected) in hits.chain(proofs.misses.iter().map(|piece| (piece, false))) {
            run += 1;
            let mut scanner = Scanner::new(rules, &finder, &inventory, Mode::Filtered);
            if finds(&mut scanner, index, piece) != expected {
                failed += 1;
                let wrong = if expected { "does not find" } else { "finds" };
                let shown = mask(piece.as_bytes(), 0, 200);
                let _ = writeln!(text, "{}: {wrong}: {shown}", info.title);
            }
        }
    }
    let _ = writeln!(text, "{} rules, {run} proofs, {failed} failed", rules.len());
    say(&text)?;
    Ok(if failed == 0 { ExitCode::Clean } else { ExitCode::Found })
}

/// Whether the rule finds something in a piece of log.
fn finds(scanner: &mut Scanner<'_>, rule: u32, piece: &str) -> bool {
    let format = recognise(piece.as_bytes(), &event::Options::default()).format;
    let block = Block::new(piece.as_bytes().to_vec(), 0, 1, format.framing());
    let part = scanner.scan(&block, &*format, "proof");
    // A rule that only correlations use leaves a series, no hits.
    part.sites.values().any(|site| {
        site.rules.get(&rule).is_some_and(|set| set.count() > 0) || site.series.contains_key(&rule)
    })
}
