//! The scanner against corpora by others, and against itself without a prefilter.

use std::collections::BTreeSet;
use std::path::Path;

use crate::element::{CaseKey, Finder};
use crate::event::decode::Layer;
use crate::event::{self, Options};
use crate::line::Blocks;
use crate::rule::{RuleSet, data};
use crate::source::{Evidence, Inventory, Limits};

use super::{Mode, Part, Scanner};

fn finder() -> Finder {
    Finder::new(CaseKey::from_bytes(b"test"))
}

/// The parts of a file's blocks.
fn scan(rules: &RuleSet, path: &Path, mode: Mode) -> Vec<Part> {
    let (finder, inventory) = (finder(), Inventory::default());
    let mut scanner = Scanner::new(rules, &finder, &inventory, mode);
    let mut parts = Vec::new();
    for source in Evidence::collect(&[path.to_owned()], Inventory::default()).sources {
        source.read(&Limits::default(), &mut |stream| {
            let name = stream.name.clone();
            let mut blocks = Blocks::new(stream, 1 << 20);
            let format = event::recognise(blocks.peek(1 << 16), &Options::default()).format;
            blocks.frame(format.framing());
            parts.extend(blocks.map(|block| scanner.scan(&block, &*format, &name)));
        });
    }
    parts
}

type Found = BTreeSet<(String, u64)>;

/// Rule id and line of every hit on the raw layer of a rule for web servers.
fn raw_hits(rules: &RuleSet, parts: &[Part]) -> Found {
    let sites = parts.iter().flat_map(|part| part.sites.values());
    let hits = sites.flat_map(|site| &site.rules).filter(|(rule, _)| {
        let source = rules.rule(**rule).map(|rule| &rule.logsource);
        source.is_some_and(|s| s.category.as_deref() == Some("webserver"))
    });
    hits.flat_map(|(rule, set)| {
        let raw = set.hits.iter().filter(|hit| hit.layer == Layer::Raw);
        raw.map(|hit| (rules.info(*rule).id.clone(), hit.line))
    })
    .collect()
}

/// Rule id, line and layer of every hit.
fn hits(rules: &RuleSet, parts: &[Part]) -> BTreeSet<(String, u64, Layer)> {
    let sites = parts.iter().flat_map(|part| part.sites.values());
    let all = sites.flat_map(|site| &site.rules).flat_map(|(rule, set)| {
        set.hits.iter().map(|hit| (rules.info(*rule).id.clone(), hit.line, hit.layer))
    });
    all.collect()
}

fn sigma() -> Option<RuleSet> {
    let mut rules = RuleSet::default();
    rules.add(&data("sigma/rules")?).unwrap();
    Some(rules)
}

/// The corpora with the matches that pySigma's parser gives for them.
fn corpora() -> Vec<(std::path::PathBuf, Found)> {
    let Some(expected) = data("sigma/expected") else { return Vec::new() };
    let mut all = Vec::new();
    for entry in std::fs::read_dir(expected).unwrap().flatten() {
        let name = entry.path().file_stem().unwrap().to_string_lossy().into_owned();
        let log = ["requests", "logs"].iter().find_map(|dir| data(&format!("{dir}/{name}.log.gz")));
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let pair = |line: &str| {
            let (rule, line) = line.split_once('\t').unwrap();
            (rule.to_owned(), line.parse().unwrap())
        };
        all.push((log.unwrap(), text.lines().map(pair).collect()));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn unmodified_rules_find_on_the_raw_layer_what_the_reference_finds() {
    let Some(rules) = sigma() else { return };
    for (log, expected) in corpora() {
        let found = raw_hits(&rules, &scan(&rules, &log, Mode::Filtered));
        let missed: Vec<_> = expected.difference(&found).take(5).collect();
        let more: Vec<_> = found.difference(&expected).take(5).collect();
        let (m, n) = (expected.difference(&found).count(), found.difference(&expected).count());
        assert!(m + n == 0, "{}: {m} missed {missed:?}, {n} more {more:?}", log.display());
    }
}

#[test]
#[ignore = "slow without optimisation"]
fn the_prefilter_never_changes_the_answer_on_corpora() {
    let Some(rules) = sigma() else { return };
    for (log, _) in corpora() {
        let fast = scan(&rules, &log, Mode::Filtered);
        let full = scan(&rules, &log, Mode::Full);
        assert_eq!(hits(&rules, &fast), hits(&rules, &full), "{}", log.display());
        assert!(fast == full, "{}: not in hits", log.display());
    }
}
