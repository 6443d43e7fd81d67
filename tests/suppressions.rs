//! Suppressions: hits that are known to be harmless are set apart and counted, never gone, and a
//! suppression that does nothing is named.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]

mod program;

use std::fs;
use std::path::Path;

use serde_json::Value;

const RULE: &str = "title: Dump\nid: dump-1\nlogsource: {category: webserver}\nlevel: high\n\
    detection: {s: {cs-uri-stem|endswith: .sql}, condition: s}\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = |client: &str, path: &str| {
        format!(
            "{client} - - [08/Mar/2017:05:12:07 +0900] \"GET {path} HTTP/1.1\" 200 7 \"-\" \"-\"\n"
        )
    };
    let log = line("192.0.2.7", "/night/a.sql").repeat(3) + &line("203.0.113.66", "/b.sql");
    fs::create_dir_all(folder.path().join("logs/shop")).unwrap();
    fs::write(folder.path().join("logs/shop/access.log"), log).unwrap();
    fs::write(folder.path().join("r.yml"), RULE).unwrap();
    folder
}

/// Exit code, hits found, hits suppressed, and what was said, under suppressions of these keys.
fn sweep(folder: &Path, keys: &[&str]) -> (i32, u64, u64, String) {
    let entry = |keys: &&str| format!("[[suppression]]\n{}\n", keys.replace("; ", "\n"));
    fs::write(folder.join("s.toml"), keys.iter().map(entry).collect::<String>()).unwrap();
    let arguments = "sweep -q -f json --no-builtin-rules --rules r.yml --suppressions s.toml logs";
    let (code, report, said) = program::run(folder, arguments);
    let report: Value = serde_json::from_str(&report).unwrap_or_default();
    let sum = |key: &str| {
        let all = report["sites"][0][key].as_array().into_iter().flatten();
        all.map(|one| one["count"].as_u64().unwrap()).sum()
    };
    (code, sum("findings"), sum("suppressed"), said)
}

#[test]
fn what_is_suppressed_is_set_apart_and_counted() {
    let folder = folder();
    let end = "reason = 'night batch'; expires = 9999-12-31";
    for (keys, found, suppressed) in [
        ("client = '192.0.2.0/24'", 1, 3),
        ("path = '/night/*'", 1, 3),
        ("rule = 'dump-1'", 0, 4),
        ("rule = 'Dump'; site = 'shop'; client = '203.0.113.66'", 3, 1),
    ] {
        let told = sweep(folder.path(), &[&format!("{keys}; {end}")]);
        assert_eq!((told.1, told.2), (found, suppressed), "{keys}: {}", told.3);
        assert_eq!(told.3, "", "{keys}");
    }
}

#[test]
fn one_that_does_nothing_is_named() {
    let folder = folder();
    let unused = "rule = 'other'; reason = 'old'; expires = 9999-12-31";
    let expired = "rule = 'dump-1'; reason = 'test of May'; expires = 2020-05-31";
    let (_, found, suppressed, said) = sweep(folder.path(), &[unused, expired]);
    assert_eq!((found, suppressed), (4, 0));
    assert!(said.contains("suppression 1 met no hit: take it out (old)"), "{said}");
    assert!(said.contains("suppression 2 ended on 2020-05-31"), "{said}");
}

#[test]
fn one_that_is_wrong_stops_the_program() {
    let folder = folder();
    let (code, _, _, said) = sweep(folder.path(), &["rule = 'dump-1'; expires = 9999-12-31"]);
    assert_eq!(code, 2);
    assert!(said.contains("s.toml") && said.contains("missing field `reason`"), "{said}");
}
