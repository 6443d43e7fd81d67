//! Does a rule find what it says, and nothing else? The proofs in its file, run as a log would be.

use crate::element::{CaseKey, Finder};
use crate::event::{Options, recognise};
use crate::line::Block;
use crate::rule::RuleSet;
use crate::source::Inventory;

use super::{Mode, Scanner, SiteTally};

/// A proof that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// The rule's number.
    pub rule: u32,
    /// The piece of log.
    pub piece: String,
    /// Whether the rule should have found it.
    pub expected: bool,
}

/// Runs every proof of every rule: how many were run, and those that fail.
pub fn prove(rules: &RuleSet) -> (usize, Vec<Refuted>) {
    let (mut run, mut failed) = (0, Vec::new());
    for rule in (0..rules.len() as u32).filter(|index| rules.rule(*index).is_some()) {
        let Some(proofs) = rules.proofs(rule) else { continue };
        let hits = proofs.hits.iter().map(|piece| (piece, true));
        for (piece, expected) in hits.chain(proofs.misses.iter().map(|piece| (piece, false))) {
            run += 1;
            if finds(rules, rule, piece.as_bytes()) != expected {
                failed.push(Refuted { rule, piece: piece.clone(), expected });
            }
        }
    }
    (run, failed)
}

/// Whether the rule finds something in a piece of log, whose format is recognised as a file's is.
pub fn finds(rules: &RuleSet, rule: u32, piece: &[u8]) -> bool {
    let finder = Finder::new(CaseKey::from_bytes(b"proofs"));
    let inventory = Inventory::default();
    let format = recognise(piece, &Options::default()).format;
    let block = Block::new(piece.to_vec(), 0, 1, format.framing());
    let part = Scanner::new(rules, &finder, &inventory, Mode::Filtered).scan(&block, &*format, "");
    part.sites.values().any(|site| holds(site, rule))
}

/// Rules that only correlations count leave points, not hits.
fn holds(site: &SiteTally, rule: u32) -> bool {
    site.rules.get(&rule).is_some_and(|set| set.count() > 0)
        || site.series.get(&rule).is_some_and(|s| !s.points.is_empty() || s.timeless > 0)
}
