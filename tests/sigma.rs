//! The Sigma language as data: `sigma/*.yml` are rules, each with log lines that it must and must
//! not find, held against the engine with its prefilter and without.
//!
//! `leaksweep rules test --no-builtin-rules --rules tests/sigma` runs the same. `faults/*.yml` are
//! rules that are wrong or odd, each beside what is said of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use std::path::{Path, PathBuf};

use leaksweep::Options;
use leaksweep::case::prove;
use leaksweep::element::{CaseKey, Finder};
use leaksweep::rule::{Code, Detection, Rule, RuleSet};
use leaksweep::scan::Mode;
use leaksweep::source::{Evidence, Inventory};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn language() -> RuleSet {
    let mut rules = RuleSet::default();
    rules.add(&folder("sigma")).unwrap_or_else(|error| panic!("{error}"));
    rules
}

#[test]
fn every_rule_finds_what_it_must_with_and_without_the_prefilter() {
    let rules = language();
    for mode in [Mode::Filtered, Mode::Full] {
        let (run, failed) = prove(&rules, mode);
        assert!(run > 400, "{run}");
        let told = failed.iter().map(|f| format!("{}: {}", rules.info(f.rule).title, f.piece));
        assert_eq!(told.collect::<Vec<_>>(), Vec::<String>::new(), "{mode:?}");
    }
}

#[test]
fn correlations_see_the_logs_merged_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let line = |second: u32| {
        format!("{{\"ts\":\"2017-03-08T05:00:0{second}Z\",\"f\":\"fail\",\"u\":\"x\"}}\n")
    };
    // Each log alone has two; together they have three within ten seconds, out of order.
    std::fs::write(folder.path().join("a.log"), line(9) + &line(1)).unwrap();
    std::fs::write(folder.path().join("b.log"), line(5)).unwrap();
    let inventory = Inventory::default();
    let evidence = Evidence::collect(&[folder.path().to_owned()], inventory.clone());
    let finder = Finder::new(CaseKey::from_bytes(b"sigma"));
    for generate in [false, true] {
        let mut rules = RuleSet::default();
        rules.add_text("r.yml", &merged(generate)).unwrap();
        let tally = leaksweep::sweep(&evidence, &rules, &finder, &Options::default(), &()).unwrap();
        let cases = leaksweep::case::conclude(&tally, &inventory, &rules).cases;
        let findings = cases.iter().flat_map(|case| &case.findings);
        let mut titles: Vec<&str> = findings.map(|f| f.rule.title.as_str()).collect();
        titles.sort_unstable();
        let expected: &[&str] = if generate { &["failed", "many"] } else { &["many"] };
        assert_eq!(titles, expected, "generate: {generate}");
    }
}

fn merged(generate: bool) -> String {
    format!(
        "title: failed\nname: fail\nlogsource: {{product: leaksweep}}\n\
         detection: {{s: {{f: fail}}, condition: s}}\n---\n\
         title: many\ncorrelation:\n  type: event_count\n  rules: [fail]\n  group-by: [u]\n  \
         timespan: 10s\n  condition: {{gte: 3}}\n  generate: {generate}\n"
    )
}

/// The modifiers of specification 2.1.0, then the further names that pySigma has.
const MODIFIERS: &str = "all startswith endswith contains exists cased neq windash re i m s base64 \
    base64offset utf16le utf16be utf16 wide lt lte gt gte minute hour day week month year cidr \
    expand fieldref ignorecase multiline dotall";

fn modifiers(detection: &Detection, used: &mut Vec<String>) {
    match detection {
        Detection::Item(item) => used.extend(item.modifiers.iter().cloned()),
        Detection::All(parts) | Detection::Any(parts) => {
            for part in parts {
                modifiers(part, used);
            }
        }
    }
}

#[test]
fn every_modifier_is_proved() {
    let rules = language();
    let mut used = Vec::new();
    for rule in (0..rules.len() as u32).filter_map(|index| rules.rule(index)) {
        let Rule { detections, .. } = rule;
        for (_, detection) in detections {
            modifiers(detection, &mut used);
        }
    }
    let unproved = MODIFIERS.split_whitespace().filter(|name| !used.iter().any(|u| u == name));
    assert_eq!(unproved.collect::<Vec<_>>(), Vec::<&str>::new());
}

/// What is said of a file: its errors, or if there are none its warnings.
fn said(name: &str, text: &str) -> String {
    let mut rules = RuleSet::default();
    match rules.add_text(name, text) {
        Ok(()) => rules.check().iter().map(|warning| warning.to_string() + "\n").collect(),
        Err(error) => format!("{error}\n"),
    }
}

/// `LEAKSWEEP_UPDATE=1 cargo test --test sigma` writes what is said anew.
#[test]
fn every_fault_is_said_as_a_compiler_would() {
    let entries = std::fs::read_dir(folder("faults")).unwrap().flatten();
    let paths = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "yml"));
    let mut shown: Vec<String> = vec![Code::Io.name().to_owned()];
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let (got, golden) = (said(&name, &text), path.with_extension("txt"));
        if std::env::var_os("LEAKSWEEP_UPDATE").is_some() {
            std::fs::write(&golden, &got).unwrap();
        }
        assert_eq!(got, std::fs::read_to_string(&golden).unwrap(), "{name}");
        let code = name[..4].to_owned();
        assert!(got.contains(&format!("[{code}]")), "{name} is not of its code: {got}");
        shown.push(code);
    }
    let unshown = Code::ALL.iter().filter(|code| !shown.iter().any(|name| name == code.name()));
    assert_eq!(unshown.collect::<Vec<_>>(), Vec::<&Code>::new(), "codes without an example");
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault() {
    let fault = RuleSet::default().add(&folder("faults/none.yml")).unwrap_err().faults.remove(0);
    assert_eq!((fault.code, fault.at.line, fault.at.column), (Code::Io, 1, 1));
    assert!(fault.file.ends_with("faults/none.yml") && !fault.message.is_empty());
}
