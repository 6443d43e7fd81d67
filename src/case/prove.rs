//! Does a rule find what it says, and nothing else? The proofs in its file, run as a log would be.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::element::{CaseKey, Finder};
use crate::event::{Format, Options, formats, recognise};
use crate::line::Block;
use crate::rule::RuleSet;
use crate::scan::{Mode, Part, Scanner, StreamFacts, Tally, Yield};
use crate::source::{ContentId, Inventory};

use super::correlate;
use super::site::sites;

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

/// Runs every proof of every rule and correlation: how many were run, and those that fail.
pub fn prove(rules: &RuleSet, mode: Mode) -> (usize, Vec<Refuted>) {
    let (mut run, mut failed) = (0, Vec::new());
    for rule in 0..rules.len() as u32 {
        let Some(proofs) = rules.proofs(rule) else { continue };
        let hits = proofs.hits.iter().map(|piece| (piece, true));
        for (piece, expected) in hits.chain(proofs.misses.iter().map(|piece| (piece, false))) {
            run += 1;
            if finds(rules, rule, piece, mode) != expected {
                failed.push(Refuted { rule, piece: piece.clone(), expected });
            }
        }
    }
    (run, failed)
}

/// Whether the rule finds something in a piece of log.
fn finds(rules: &RuleSet, rule: u32, piece: &str, mode: Mode) -> bool {
    let finder = Finder::new(CaseKey::from_bytes(b"proofs"));
    let inventory = Inventory::default();
    let format = format_of(rules, rule, piece);
    let block = Block::new(piece.as_bytes().to_vec(), 0, 1, format.framing());
    let part = Scanner::new(rules, &finder, &inventory, mode).scan(&block, &*format, "");
    if rules.correlation(rule).is_some() {
        return correlates(rules, rule, part, &inventory);
    }
    // Rules that only correlations count leave points, not hits.
    part.sites.values().any(|site| {
        site.rules.get(&rule).is_some_and(|set| set.count() > 0)
            || site.series.get(&rule).is_some_and(|s| !s.points.is_empty() || s.timeless > 0)
    })
}

/// The format that the rule's proofs name, else the one that is recognised as a file's is.
fn format_of(rules: &RuleSet, rule: u32, piece: &str) -> Arc<dyn Format> {
    let name = rules.proofs(rule).and_then(|proofs| proofs.format.as_deref());
    let named = name.and_then(|name| formats().into_iter().find(|format| format.name() == name));
    named.unwrap_or_else(|| recognise(piece.as_bytes(), &Options::default()).format)
}

fn correlates(rules: &RuleSet, rule: u32, part: Part, inventory: &Inventory) -> bool {
    let stream = StreamFacts { names: vec![String::new()], ..StreamFacts::default() };
    let yielded = Yield { stream, part, trails: BTreeMap::new() };
    let streams = BTreeMap::from([(ContentId([0; 32]), yielded)]);
    let tally = Tally { streams, ..Tally::default() };
    sites(&tally, inventory).iter().any(|site| correlate::matched(site, rules).contains(&rule))
}
