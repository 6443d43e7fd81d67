//! The eight laws of the house: short properties that guard everything else.
//!
//! Most run on `sample-logs`, the incident in small.
#![allow(missing_docs, clippy::unwrap_used, clippy::tests_outside_test_module)]

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use leaksweep::element::{CaseKey, Finder};
use leaksweep::report::Run;
use leaksweep::rule::RuleSet;
use leaksweep::scan::{Mode, Tally};
use leaksweep::source::{Evidence, Inventory};
use leaksweep::{Options, conclude, pivot, sweep};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn samples() -> PathBuf {
    root().join("sample-logs")
}

fn finder() -> Finder {
    Finder::new(CaseKey::from_bytes(b"laws"))
}

fn inventory() -> Inventory {
    Inventory::load(&samples().join("sites.toml")).unwrap()
}

fn tally_of(paths: &[PathBuf], options: &Options) -> Tally {
    let evidence = Evidence::collect(paths, inventory());
    sweep(&evidence, &RuleSet::builtin().unwrap(), &finder(), options, &()).unwrap()
}

fn pivoted(mut tally: Tally, options: &Options) -> Tally {
    pivot(&mut tally, &inventory(), &RuleSet::builtin().unwrap(), options, &()).unwrap();
    tally
}

fn report_of(tally: &Tally) -> String {
    let rules = RuleSet::builtin().unwrap();
    let run = Run::default();
    serde_json::to_string_pretty(&conclude(tally, &inventory(), &rules, run)).unwrap()
}

/// Law 1: threads do not matter.
#[test]
fn threads_do_not_matter() {
    let one = tally_of(&[samples()], &Options { jobs: 1, ..Options::default() });
    for jobs in [2, 5] {
        assert!(one == tally_of(&[samples()], &Options { jobs, ..Options::default() }), "{jobs}");
    }
}

/// Law 2: cuts do not matter.
#[test]
fn cuts_do_not_matter() {
    let whole = tally_of(&[samples()], &Options::default());
    for block in [777, 65_536] {
        assert!(
            whole == tally_of(&[samples()], &Options { block, ..Options::default() }),
            "{block}"
        );
    }
}

/// Laws 1, 2, 4 and 5 for the second pass: neither threads nor cuts nor its search for literals
/// change what the intruders did, and parts that were each followed by themselves, then together,
/// make the report of one run.
#[test]
fn the_pivot_keeps_the_laws() {
    let one = Options { jobs: 1, ..Options::default() };
    let whole = pivoted(tally_of(&[samples()], &one), &one);
    let followed = whole.streams.values().filter(|y| y.trails.values().any(|t| !t.is_empty()));
    assert!(followed.count() > 2, "intruders are followed into several logs");
    for options in [
        Options { jobs: 3, block: 777, ..Options::default() },
        Options { mode: Mode::Full, ..Options::default() },
    ] {
        let again = pivoted(tally_of(&[samples()], &options), &options);
        assert!(again == whole, "{options:?}");
    }
    assert!(pivoted(whole.clone(), &one) == whole, "idempotent");
    let mut parts = Tally::default();
    for name in std::fs::read_dir(samples()).unwrap().map(|entry| entry.unwrap().path()) {
        if name.is_dir() {
            parts.merge(pivoted(tally_of(&[name], &one), &one));
        }
    }
    let folders: Vec<PathBuf> = parts.sources.keys().map(PathBuf::from).collect();
    let together = pivoted(tally_of(&folders, &one), &one);
    assert_eq!(report_of(&together), report_of(&pivoted(parts, &one)), "parts make the whole");
}

/// Law 3: wrapping does not matter, but for the locus.
#[test]
fn wrapping_does_not_matter() {
    let plain = std::fs::read(samples().join("zei.example.jp/access.log")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let expected = wrapped(&dir, "plain", &plain);
    for (name, bytes) in wrappings(&plain) {
        let (streams, sources) = (wrapped(&dir, name, &bytes), &bytes);
        assert!(!sources.is_empty());
        assert!(streams == expected, "{name}");
    }
}

/// What one wrapped log yields, without its names.
fn wrapped(dir: &tempfile::TempDir, name: &str, bytes: &[u8]) -> Vec<String> {
    let folder = dir.path().join(name).join("zei.example.jp");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("access.log");
    std::fs::write(&path, bytes).unwrap();
    let tally = tally_of(&[path], &Options::default());
    let json = |(id, y): (_, &leaksweep::scan::Yield)| {
        format!("{id:?} {}", serde_json::to_string(&y.part).unwrap())
    };
    tally.streams.iter().map(json).collect()
}

fn wrappings(plain: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (head, tail) = plain.split_at(plain.len() / 3);
    let members = [gz(head), gz(tail)].concat();
    let tar = tar_of("zei.example.jp/access.log", plain);
    vec![
        ("gz", gz(plain)),
        ("multi-member gz", members),
        ("tar", tar.clone()),
        ("tar.gz", gz(&tar)),
        ("zip", zip_of("zei.example.jp/access.log", plain)),
    ]
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn tar_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, bytes).unwrap();
    tar.into_inner().unwrap()
}

fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file(name, stored).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

/// Law 4: the prefilter never changes the answer.
#[test]
fn prefilter_never_changes_the_answer() {
    let filtered = tally_of(&[samples()], &Options::default());
    let full = tally_of(&[samples()], &Options { mode: Mode::Full, ..Options::default() });
    assert!(filtered == full);
}

/// Law 5: merge is lawful, and a tally survives its part file.
#[test]
fn merge_is_lawful() {
    let names = ["zei.example.jp", "dannshin.jhf.example.jp", "edge"];
    let options = Options::default();
    let [a, b, c] = names.map(|name| tally_of(&[samples().join(name)], &options));
    let merged = |parts: &[&Tally]| {
        let mut all = Tally::default();
        for part in parts {
            all.merge((*part).clone());
        }
        all
    };
    let whole = merged(&[&a, &b, &c]);
    assert!(merged(&[&a]) == a, "zero");
    assert!(merged(&[&c, &a, &b]) == whole, "commutative");
    assert!(merged(&[&a, &merged(&[&b, &c])]) == whole, "associative");
    assert!(merged(&[&whole, &b, &a]) == whole, "idempotent");
    let part = serde_json::to_string(&whole).unwrap();
    assert!(serde_json::from_str::<Tally>(&part).unwrap() == whole, "serialises");
    let together = tally_of(&names.map(|name| samples().join(name)), &options);
    assert_eq!(report_of(&together), report_of(&whole), "parts make the report of the whole");
}

/// Law 6: nothing raw gets out. No planted number occurs in any output as bytes, and leaksweep
/// swept over its own output finds nothing.
#[test]
fn nothing_raw_gets_out() {
    let options = Options::default();
    let tally = pivoted(tally_of(&[samples()], &options), &options);
    let rules = RuleSet::builtin().unwrap();
    let report = conclude(&tally, &inventory(), &rules, Run::default());
    let json = serde_json::to_string_pretty(&report).unwrap();
    let part = serde_json::to_string(&tally).unwrap();
    let hits: Vec<_> = report.sites.iter().flat_map(|case| &case.hits).collect();
    let outputs = [json, part, serde_json::to_string(&hits).unwrap()];
    let planted = planted_secrets();
    assert!(planted.len() > 100, "the sample logs carry cards");
    for output in &outputs {
        for secret in &planted {
            assert!(!output.contains(secret.as_str()), "a planted value is in an output");
        }
    }
    assert_finds_nothing(&outputs[0]);
    assert_finds_nothing(&outputs[2]);
}

/// Every card number, code and address planted in the sample logs.
fn planted_secrets() -> Vec<String> {
    let mut secrets = Vec::new();
    for log in ["zei.example.jp/gateway.log", "dannshin.jhf.example.jp/gateway.log"] {
        let text = std::fs::read_to_string(samples().join(log)).unwrap();
        for key in ["\"card_no\":\"", "cardNo=", "securityCode=", "\"mail\":\"", "mail=", "tel="] {
            let values = text.split(key).skip(1);
            let end = |c: char| matches!(c, '"' | ' ' | '\n');
            let values = values.map(|v| v.split(end).next().unwrap_or_default());
            // A code of three digits occurs everywhere by chance; with its key it must not.
            let with_key = |v: &str| if v.len() < 6 { format!("{key}{v}") } else { v.to_owned() };
            secrets.extend(values.filter(|v| !v.contains('*')).map(with_key));
        }
    }
    secrets.sort();
    secrets.dedup();
    secrets
}

fn assert_finds_nothing(output: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("output.json");
    std::fs::write(&path, output).unwrap();
    let tally = tally_of(&[path], &Options::default());
    let counted = |site: &leaksweep::scan::SiteTally| {
        let cards = site.records.facts.iter().filter_map(|fact| fact.card);
        cards.filter(|card| card.grade.counts()).count()
            + site.records.facts.iter().filter(|fact| fact.email.is_some()).count()
    };
    let found: usize =
        tally.streams.values().flat_map(|y| y.part.sites.values()).map(|site| counted(site)).sum();
    assert_eq!(found, 0, "leaksweep finds data in its own output");
}

/// Law 7: nothing vanishes. Bytes read are bytes in entries and bytes in gaps.
#[test]
fn nothing_vanishes() {
    let tally = tally_of(&[samples()], &Options::default());
    assert!(tally.streams.len() > 20);
    for y in tally.streams.values() {
        assert_eq!(y.part.bytes, y.stream.bytes, "{:?}", y.stream.names);
    }
}

/// Law 8: imports flow one way, in the order in which `lib.rs` declares the rooms.
#[test]
fn imports_flow_one_way() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rooms: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(rooms.len() >= 8, "{rooms:?}");
    let order: BTreeMap<&str, usize> = rooms.iter().enumerate().map(|(i, r)| (*r, i)).collect();
    for (room, place) in &order {
        for (file, text) in room_files(room) {
            for used in imports(&text) {
                let from = order.get(used.as_str()).copied().unwrap_or(0);
                assert!(from <= *place, "{file}: `{room}` may not use `{used}`");
            }
        }
    }
}

/// The first segments of all `crate::` paths outside tests; of `crate::{a::B, c}` each.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let word = |s: &str| -> String {
        s.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let mut found = Vec::new();
    for path in code.split("crate::").skip(1) {
        match path.strip_prefix('{') {
            Some(list) => {
                let list = list.split(';').next().unwrap_or_default();
                found.extend(list.split(',').map(word));
            }
            None => found.push(word(path)),
        }
    }
    found
}

fn room_files(room: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut paths = vec![root().join(format!("src/{room}.rs")), root().join(format!("src/{room}"))];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if path.is_file() && path.extension().is_some_and(|e| e == "rs") {
            files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    files
}
