//! Does a rule find what it says, and nothing else? The proofs in its file, run as a log would be.

use std::sync::Arc;

use crate::element::{CaseKey, Finder};
use crate::event::{Format, Options, formats, recognise};
use crate::line::Block;
use crate::rule::RuleSet;
use crate::scan::{Mode, Part, Scanner, StreamFacts, Tally, Yield};
use crate::source::{ContentId, Inventory};

use super::correlate;
use super::estate::Overview;
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
    if rules.correlation(rule).is_some() {
        return correlates(rules, rule, piece, mode);
    }
    // Rules that only correlations count leave points, not hits.
    scan(rules, rule, piece, mode).sites.values().any(|site| {
        site.rules.get(&rule).is_some_and(|set| set.count() > 0)
            || site.series.get(&rule).is_some_and(|s| !s.points.is_empty() || s.timeless > 0)
    })
}

fn scan(rules: &RuleSet, rule: u32, log: &str, mode: Mode) -> Part {
    let finder = Finder::new(CaseKey::from_bytes(b"proofs"));
    let inventory = Inventory::default();
    let format = format_of(rules, rule, log);
    let block = Block::new(log.as_bytes().to_vec(), 0, 1, format.framing());
    Scanner::new(rules, &finder, &inventory, mode).scan(&block, &*format, "")
}

/// The format that the rule's proofs name, else the one that is recognised as a file's is.
fn format_of(rules: &RuleSet, rule: u32, piece: &str) -> Arc<dyn Format> {
    let name = rules.proofs(rule).and_then(|proofs| proofs.format.as_deref());
    let named = name.and_then(|name| formats().into_iter().find(|format| format.name() == name));
    named.unwrap_or_else(|| recognise(piece.as_bytes(), &Options::default()).format)
}

/// Whether a correlation finds something in the logs of a piece; an empty line begins another log.
fn correlates(rules: &RuleSet, rule: u32, piece: &str, mode: Mode) -> bool {
    let logs = piece.split("\n\n").enumerate().map(|(n, log)| {
        let stream = StreamFacts { names: vec![String::new()], ..StreamFacts::default() };
        let part = scan(rules, rule, &unrolled(log), mode);
        (ContentId([n as u8; 32]), Yield { stream, part, ..Yield::default() })
    });
    let tally = Tally { streams: logs.collect(), ..Tally::default() };
    let (inventory, overview) = (Inventory::default(), Overview::default());
    let sites = sites(&tally, &overview, &inventory);
    sites.iter().any(|site| correlate::matched(site, rules).contains(&rule))
}

/// A log in which `20 x LINE` stands for twenty such lines, and `{n}` in it for the number of each
/// (`00`, `01` …): seconds, or names that differ.
fn unrolled(log: &str) -> String {
    let lines = log.lines().map(|line| match times(line) {
        Some((count, line)) => {
            (0..count).map(|n| line.replace("{n}", &format!("{n:02}")) + "\n").collect()
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

fn times(line: &str) -> Option<(u16, &str)> {
    let (count, line) = line.split_once(" x ")?;
    Some((count.parse().ok()?, line))
}
