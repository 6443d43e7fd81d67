//! Whom does a sweep name as an attacker? A score over logs whose attackers are known.
//!
//! `cargo run --release --example scenarios -- FILE.ndjson` takes one test a line: `{"test", "log",
//! "overflows": [{"scenario", "ips": […]}]}`, the log's path beside the file. Each log is swept by
//! itself. An address is *named* if it is among the clients of a finding of level medium or above
//! that is no exposure. Asserted addresses that are not named are missed; named ones that no
//! assertion has are shown too, for a person to judge: an assertion speaks of one scenario only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use leaksweep::case::Case;
use leaksweep::element::{CaseKey, Finder};
use leaksweep::report::Run;
use leaksweep::rule::{Level, RuleSet, Stage};
use leaksweep::source::{Evidence, Inventory};
use leaksweep::{Options, conclude, sweep};

type Failure = Box<dyn std::error::Error>;

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Failure> {
    let file = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: scenarios FILE.ndjson")?);
    let folder = file.parent().unwrap_or(Path::new("."));
    let rules = RuleSet::builtin()?;
    let mut score = Score::default();
    for line in std::fs::read_to_string(&file)?.lines() {
        let test: serde_json::Value = serde_json::from_str(line)?;
        let log = folder.join(test["log"].as_str().ok_or("a test without a log")?);
        let named = named(&log, &rules)?;
        println!("{}", score.add(&test, &named));
    }
    println!("{}", score.tell());
    Ok(())
}

/// Addresses and the titles of the rules that name them.
type Named = BTreeMap<String, BTreeSet<String>>;

/// The addresses that a sweep of one log names.
fn named(log: &Path, rules: &RuleSet) -> Result<Named, Failure> {
    let evidence = Evidence::collect(&[log.to_owned()], Inventory::default());
    let finder = Finder::new(CaseKey::from_bytes(b"score"));
    let tally = sweep(&evidence, rules, &finder, &Options::default(), &())?;
    let report = conclude(&tally, &evidence.inventory, rules, Run::default());
    let mut named = Named::new();
    for (client, title) in report.sites.iter().flat_map(attackers) {
        named.entry(canonical(client)).or_default().insert(title.to_owned());
    }
    Ok(named)
}

fn attackers(case: &Case) -> impl Iterator<Item = (&str, &str)> {
    let attacks = case.findings.iter().filter(|finding| {
        finding.rule.level >= Level::Medium && finding.stage != Some(Stage::Exposure)
    });
    attacks.flat_map(|finding| {
        finding.clients.iter().map(|client| (client.as_str(), finding.rule.title.as_str()))
    })
}

/// An address as it is usually written: `2001:0db8:0:0…` is `2001:db8::…`.
fn canonical(address: &str) -> String {
    address.parse::<std::net::IpAddr>().map_or_else(|_| address.to_owned(), |ip| ip.to_string())
}

/// All tests together.
#[derive(Default)]
struct Score {
    tests: u64,
    whole: u64,
    asserted: usize,
    named: usize,
    beside: usize,
}

impl Score {
    /// Adds a test; what it shows in a line or more.
    fn add(&mut self, case: &serde_json::Value, named: &Named) -> String {
        let asserted = asserted(case);
        let missed: Vec<_> = asserted.iter().filter(|ip| !named.contains_key(*ip)).collect();
        let beside: Vec<_> = named.iter().filter(|(ip, _)| !asserted.contains(*ip)).collect();
        let found = asserted.len() - missed.len();
        self.tests += 1;
        self.whole += u64::from(missed.is_empty());
        self.asserted += asserted.len();
        self.named += found;
        self.beside += beside.len();
        let name = case["test"].as_str().unwrap_or_default();
        let mut lines = vec![format!("{found:>3} of {:>2}  {name}", asserted.len())];
        lines.extend(missed.iter().map(|ip| format!("            missed {ip}")));
        lines.extend(beside.iter().map(|(ip, rules)| {
            let rules: Vec<_> = rules.iter().map(String::as_str).collect();
            format!("            beside {ip}: {}", rules.join("; "))
        }));
        lines.join("\n")
    }

    fn tell(&self) -> String {
        let Self { tests, whole, asserted, named, beside } = self;
        format!(
            "{named} of {asserted} asserted addresses named, {whole} of {tests} tests whole; {beside} named beside them"
        )
    }
}

fn asserted(test: &serde_json::Value) -> BTreeSet<String> {
    let overflows = test["overflows"].as_array().into_iter().flatten();
    let ips = overflows.filter_map(|overflow| overflow["ips"].as_array()).flatten();
    ips.filter_map(|ip| ip.as_str()).map(canonical).collect()
}
