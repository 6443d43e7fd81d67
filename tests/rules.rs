//! The built-in rules: each is complete, proves itself, and stands in the table.

use std::collections::BTreeSet;
use std::path::Path;

use leaksweep::case::prove;
use leaksweep::rule::{Level, RuleSet, table};
use leaksweep::scan::Mode;

fn builtin() -> RuleSet {
    RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_proof_holds() {
    let rules = builtin();
    let (run, failed) = prove(&rules, Mode::Filtered);
    assert!(run > 300);
    let told: Vec<_> =
        failed.iter().map(|f| (&rules.info(f.rule).title, f.expected, &f.piece)).collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn every_rule_is_complete() {
    let rules = builtin();
    let mut ids = BTreeSet::new();
    for index in 0..rules.len() as u32 {
        let info = rules.info(index);
        let title = &info.title;
        assert!(ids.insert(info.id.clone()), "{title}: id twice");
        assert_eq!(info.id.len(), 36, "{title}: id");
        assert!(!info.description.is_empty() && !info.references.is_empty(), "{title}");
        assert_eq!(info.author, "leaksweep", "{title}");
        assert!(!info.tags.is_empty(), "{title}: tags");
        let marks = rules.rule(index).is_none() || info.level == Level::Informational;
        assert!(marks || rules.stage(index).is_some(), "{title}: no stage");
        let proofs = rules.proofs(index).unwrap();
        // The proofs of a correlation are whole logs.
        let least = if rules.rule(index).is_some() { 2 } else { 1 };
        assert!(proofs.hits.len().min(proofs.misses.len()) >= least, "{title}: proofs");
    }
}

#[test]
fn every_file_says_when_it_is_wrong() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().extension().is_none_or(|ext| ext != "yml") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for document in text.split("\n---\n") {
            for key in ["falsepositives:\n", "level: ", "status: ", "date: "] {
                assert!(document.contains(key), "{}: {key}", entry.path().display());
            }
        }
    }
}

/// `LEAKSWEEP_UPDATE=1 cargo test --test rules` writes the table anew.
#[test]
fn the_readme_shows_every_rule() {
    const MARK: &str = "<!-- the table below is generated: see tests/rules.rs -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (head, shown) = readme.split_once(MARK).expect("the mark of the table");
    let expected = format!("\n{}", table(&builtin()));
    if std::env::var_os("LEAKSWEEP_UPDATE").is_some() {
        std::fs::write(&path, format!("{head}{MARK}{expected}")).unwrap();
        return;
    }
    assert!(shown == expected, "stale: run LEAKSWEEP_UPDATE=1 cargo test --test rules");
}
