//! How well do the rules tell attacks from visits? A score over logs with labels.
//!
//! `cargo run --release --example score -- FOLDER [RULES [CLASS]]` takes every `NAME.log` or `NAME.log.gz` with a
//! `NAME.labels.tsv` or `NAME.labels.tsv.gz` beside it. A label file has a header line, then
//! `line attack class [carrier visible …]`, tab-separated: `attack` is `1`/`attack` or
//! `0`/`benign` (others are left out), `visible` is `1` (the attack stands in the line), `E` (only
//! the endpoint tells) or `0` (no access log shows it; left out). An alarm is a match of a rule of
//! level medium or above; what only lower rules match is shown apart.
//!
//! With RULES, a file or folder, those rules are scored in place of the built-in ones. With CLASS
//! (`sqli`, `benign`, …), the lines of that class that were missed, or alarmed wrongly, are printed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use leaksweep::element::{CaseKey, Finder, mask};
use leaksweep::event::{Options, recognise};
use leaksweep::line::Block;
use leaksweep::rule::{Level, RuleSet};
use leaksweep::scan::{Mode, Scanner};
use leaksweep::source::Inventory;

type Failure = Box<dyn std::error::Error>;

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Failure> {
    let folder = std::env::args_os().nth(1).ok_or("usage: score FOLDER [RULES [CLASS]]")?;
    let rules = match std::env::args_os().nth(2) {
        Some(path) => own(Path::new(&path))?,
        None => RuleSet::builtin()?,
    };
    let shown = std::env::args().nth(3);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if let Some(labels) = labels_of(&path) {
            let corpus = Corpus::read(&path, &labels, &rules, shown.as_deref())?;
            println!("{}", corpus.tell(&rules));
        }
    }
    Ok(())
}

fn own(path: &Path) -> Result<RuleSet, Failure> {
    let mut rules = RuleSet::default();
    rules.add(path)?;
    Ok(rules)
}

fn labels_of(log: &Path) -> Option<PathBuf> {
    let name = log.file_name()?.to_str()?;
    let stem = name.strip_suffix(".log").or_else(|| name.strip_suffix(".log.gz"))?;
    let beside = |ending: &str| log.with_file_name(format!("{stem}{ending}"));
    [beside(".labels.tsv"), beside(".labels.tsv.gz")].into_iter().find(|path| path.exists())
}

/// Matches per class: all lines, those with an alarm, those that only lower rules match.
#[derive(Default)]
struct Tally {
    all: u64,
    alarmed: u64,
    low: u64,
}

/// One log, scored.
struct Corpus {
    name: String,
    classes: BTreeMap<(String, String), Tally>,
    benign: Tally,
    worst: BTreeMap<u32, u64>,
    /// Lines of the class that is shown, which were told wrongly.
    wrong: Vec<u64>,
}

impl Corpus {
    fn read(
        log: &Path,
        labels: &Path,
        rules: &RuleSet,
        shown: Option<&str>,
    ) -> Result<Self, Failure> {
        let entries = text(log)?;
        let matched = matches(&entries, rules);
        let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (classes, benign, worst, wrong) = Default::default();
        let mut corpus = Self { name, classes, benign, worst, wrong };
        let labels = text(labels)?;
        for label in String::from_utf8_lossy(&labels).lines().skip(1) {
            corpus.add(label, &matched, rules, shown);
        }
        corpus.show(&entries, &matched, rules);
        Ok(corpus)
    }

    fn add(
        &mut self,
        label: &str,
        matched: &BTreeMap<u64, BTreeSet<u32>>,
        rules: &RuleSet,
        shown: Option<&str>,
    ) {
        let fields: Vec<&str> = label.split('\t').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let visible = if fields.len() > 4 { field(4) } else { "1" };
        let none = BTreeSet::new();
        let line: u64 = field(0).parse().unwrap_or(0);
        let found = matched.get(&line).unwrap_or(&none);
        let alarms = found.iter().filter(|rule| rules.info(**rule).level >= Level::Medium);
        let tally = match field(1) {
            "1" | "attack" if visible != "0" => {
                self.classes.entry((field(2).to_owned(), visible.to_owned())).or_default()
            }
            "0" | "benign" => {
                for rule in alarms.clone() {
                    *self.worst.entry(*rule).or_default() += 1;
                }
                &mut self.benign
            }
            _ => return,
        };
        let alarmed = alarms.count() > 0;
        let benign = matches!(field(1), "0" | "benign");
        let class = if benign { "benign" } else { field(2) };
        if alarmed == benign && shown == Some(class) {
            self.wrong.push(line);
        }
        tally.all += 1;
        tally.alarmed += u64::from(alarmed);
        tally.low += u64::from(!alarmed && !found.is_empty());
    }

    #[allow(clippy::print_stdout)]
    fn show(&self, entries: &[u8], matched: &BTreeMap<u64, BTreeSet<u32>>, rules: &RuleSet) {
        let lines: Vec<&[u8]> = entries.split(|b| *b == b'\n').collect();
        for line in &self.wrong {
            let entry = lines.get(*line as usize - 1).copied().unwrap_or_default();
            let by = matched.get(line).into_iter().flatten();
            let by: Vec<&str> = by.map(|rule| rules.info(*rule).title.as_str()).collect();
            let entry = mask(entry, 0, 1_000);
            println!("{}:{line}: {entry} {}", self.name, by.join(", "));
        }
    }

    fn tell(&self, rules: &RuleSet) -> String {
        let mut lines = vec![format!("{}", self.name)];
        for visible in ["1", "E"] {
            let of = || self.classes.iter().filter(|((_, v), _)| v == visible);
            let (all, alarmed) = of().fold((0, 0), |(a, b), (_, t)| (a + t.all, b + t.alarmed));
            if all == 0 {
                continue;
            }
            let what = if visible == "1" { "recall, visible" } else { "recall, endpoint only" };
            lines.push(format!("  {what}: {alarmed}/{all} = {:.2} %", percent(alarmed, all)));
            for ((class, _), tally) in of() {
                let Tally { all, alarmed, low } = tally;
                lines.push(format!("    {class}: {alarmed}/{all}, {low} more at lower levels"));
            }
        }
        if self.benign.all > 0 {
            let Tally { all, alarmed, low } = self.benign;
            let per = 100.0 * percent(alarmed, all);
            lines.push(format!(
                "  false alarms: {alarmed} of {all} benign = {per:.1} per 10,000; {low} at lower levels"
            ));
        }
        let mut worst: Vec<_> = self.worst.iter().collect();
        worst.sort_by_key(|(rule, count)| (std::cmp::Reverse(**count), **rule));
        for (rule, count) in worst.into_iter().take(5) {
            lines.push(format!("    {count} by {}", rules.info(*rule).title));
        }
        lines.join("\n")
    }
}

fn percent(part: u64, all: u64) -> f64 {
    100.0 * part as f64 / all as f64
}

fn text(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = std::fs::read(path)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        // One label file or log of a corpus has one member or more; the tail does not matter here.
        #[allow(clippy::disallowed_types)]
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?;
        bytes = plain;
    }
    Ok(bytes)
}

/// Rule matches by line.
fn matches(log: &[u8], rules: &RuleSet) -> BTreeMap<u64, BTreeSet<u32>> {
    let finder = Finder::new(CaseKey::from_bytes(b"score"));
    let inventory = Inventory::default();
    let format = recognise(&log[..log.len().min(64 << 10)], &Options::default()).format;
    let mut scanner = Scanner::new(rules, &finder, &inventory, Mode::Filtered);
    let mut by_line: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    // Small pieces, since only so many hits of one rule are kept per piece.
    let lines: Vec<&[u8]> = log.split_inclusive(|b| *b == b'\n').collect();
    for (piece, lines) in lines.chunks(2_000).enumerate() {
        let first = piece as u64 * 2_000 + 1;
        let block = Block::new(lines.concat(), 0, first, format.framing());
        for tally in scanner.scan(&block, &*format, "").sites.values() {
            for (rule, set) in &tally.rules {
                for hit in &set.hits {
                    by_line.entry(hit.line).or_default().insert(*rule);
                }
            }
        }
    }
    by_line
}
