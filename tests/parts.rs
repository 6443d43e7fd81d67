//! Part files: what many machines read, merged by one that has no evidence, is to the byte the
//! report of one sweep over everything, the second pass included.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]

mod program;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, UNIX_EPOCH};

const INVENTORY: &str = "sample-logs/sites.toml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The logs of some sites, by name.
fn logs() -> Vec<String> {
    let sites = ["zei.example.jp", "edge", "dannshin.jhf.example.jp"];
    let files = |site: &str| {
        let folder = Path::new("sample-logs").join(site);
        let entries = fs::read_dir(root().join(&folder)).unwrap();
        let name = move |entry: std::io::Result<fs::DirEntry>| {
            folder.join(entry.unwrap().file_name()).to_string_lossy().into_owned()
        };
        entries.map(name).filter(|name| root().join(name).is_file()).collect::<Vec<_>>()
    };
    sites.into_iter().flat_map(files).collect()
}

/// A machine that has the inventory and the key, and no logs.
struct Elsewhere(tempfile::TempDir);

impl Elsewhere {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sample-logs")).unwrap();
        fs::copy(root().join(INVENTORY), folder.path().join(INVENTORY)).unwrap();
        fs::write(folder.path().join("key"), [7; 32]).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Some part files, by their names.
    fn files(&self, parts: &[&str]) -> Vec<&'static str> {
        let names = ["0.part", "1.part", "2.part"].into_iter().zip(parts);
        names.map(|(name, part)| (name, fs::write(self.path(name), part).unwrap()).0).collect()
    }

    fn run(&self, arguments: &[&str], stdin: Stdio) -> Vec<u8> {
        said(&leaksweep(self.0.path(), arguments, stdin))
    }

    /// The part of a log that comes by standard input.
    fn part(&self, log: &str, more: &[&str]) -> Vec<u8> {
        let file = File::open(root().join(log)).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        let since = written.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let written = leaksweep::time::Time::from_micros(since.as_micros() as i64, 0).to_string();
        let told = ["--stdin-name", log, "--stdin-written", &written, "--sites", INVENTORY];
        let sweep = ["sweep", "-", "--case-key", "key", "--no-pivot", "-f", "part"];
        self.run(&[&sweep, &told[..], more].concat(), file.into())
    }

    /// Everything in one part file.
    fn parts(&self, more: &[&str]) -> Vec<u8> {
        logs().iter().flat_map(|log| self.part(log, more)).collect()
    }
}

fn leaksweep(folder: &Path, arguments: &[&str], stdin: Stdio) -> Output {
    program::program(folder, arguments.iter().copied()).stdin(stdin).output().unwrap()
}

fn said(output: &Output) -> Vec<u8> {
    let (code, err) = (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!([0, 1, 4, 5].contains(&code), "{code}: {err}");
    output.stdout.clone()
}

#[test]
fn parts_without_the_evidence_make_the_report_of_one_sweep() {
    let logs = logs();
    let names: Vec<&str> = logs.iter().map(String::as_str).collect();
    let sweep = ["sweep", "--sites", INVENTORY, "-f", "json"];
    let whole = said(&leaksweep(root(), &[&sweep[..], &names].concat(), Stdio::null()));

    let far = Elsewhere::new();
    fs::write(far.path("first.part"), far.parts(&[])).unwrap();
    let merge = ["merge", "--sites", INVENTORY, "first.part"];
    let open = far.run(&[&merge[..], &["-f", "json"]].concat(), Stdio::null());
    assert_ne!(open, whole, "intruders are followed into logs that are not at hand");

    let errands = far.run(&[&merge[..], &["--pursuit"]].concat(), Stdio::null());
    fs::write(far.path("errands"), &errands).unwrap();
    let found = far.parts(&["--pursue", "errands"]);
    fs::write(far.path("second.part"), &found).unwrap();
    let all = ["second.part", "-f", "json"];
    let merged = far.run(&[&merge[..], &all].concat(), Stdio::null());
    assert!(merged == whole, "to the byte");

    // Lines can come in any order, and more than once.
    let first = fs::read_to_string(far.path("first.part")).unwrap();
    let second = String::from_utf8(found).unwrap();
    let mut lines: Vec<&str> = first.lines().chain(second.lines()).chain(first.lines()).collect();
    lines.sort_unstable_by_key(|line| (!line.starts_with("{\"head\""), line.len() % 7));
    fs::write(far.path("shuffled.part"), lines.join("\n")).unwrap();
    let shuffled = File::open(far.path("shuffled.part")).unwrap();
    let merge = ["merge", "--sites", INVENTORY, "-f", "json", "-"];
    assert!(far.run(&merge, shuffled.into()) == whole, "in any order");
    let as_given = [&merge[..], &["--as", "sample-logs"]].concat();
    let shuffled = File::open(far.path("shuffled.part")).unwrap();
    let renamed = String::from_utf8(far.run(&as_given, shuffled.into())).unwrap();
    assert!(renamed.contains("\"sample-logs\"\n") || renamed.contains("\"sample-logs\"]"));
}

/// The lines of a part file that are of no site, and those of each.
fn by_site(lines: &[u8]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for line in std::str::from_utf8(lines).unwrap().lines() {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        let site = json["site"].as_str().unwrap_or(NO_SITE).to_owned();
        assert_eq!(line.starts_with("{\"site\":"), site != NO_SITE);
        files.entry(site).or_insert_with(String::new).extend([line, "\n"]);
    }
    files
}

const NO_SITE: &str = "";

/// Sites that are judged apart: what each step of each site is fed with.
struct Apart<'f> {
    far: &'f Elsewhere,
    sites: BTreeMap<String, String>,
}

impl Apart<'_> {
    fn merge(&self, more: &[&str], parts: &[&str]) -> String {
        let merge = [&["merge", "--sites", INVENTORY], &self.far.files(parts)[..], more].concat();
        String::from_utf8(self.far.run(&merge, Stdio::null())).unwrap()
    }

    /// What a step makes of every site by itself.
    fn each(&self, step: &[&str], estate: &str) -> String {
        let sites = self.sites.iter().filter(|(site, _)| *site != NO_SITE);
        sites.map(|(_, lines)| self.merge(step, &[estate, lines])).collect()
    }

    /// The estate, and what is to be looked for.
    fn estate(&self) -> (String, String) {
        let (rest, step) = (&self.sites[NO_SITE], ["--step", "estate"]);
        let first = self.merge(&step, &[rest]);
        let estate = first.split_inclusive('\n').next().unwrap();
        let words = self.each(&["--step", "words"], estate);
        let heard = self.merge(&step, &[estate, &words, rest]);
        let (estate, errands) = heard.split_once('\n').unwrap();
        (format!("{estate}\n"), errands.to_owned())
    }

    fn report(&self, format: &str, estate: &str) -> String {
        let cases = self.each(&["--step", "cases", "-f", format], estate);
        let rest = &self.sites[NO_SITE];
        self.merge(&["-f", format], &[estate, &cases, rest])
    }
}

#[test]
fn sites_judged_apart_make_the_report_of_one_sweep() {
    let far = Elsewhere::new();
    let mut lines = far.parts(&[]);
    // The same log under another name, by which it would be another site's, counts once.
    lines.extend(lines_of_copy(&far));
    let apart = |lines: &[u8]| Apart { far: &far, sites: by_site(lines) };
    let before = apart(&lines);
    assert!(before.sites.len() > 3, "{:?}", before.sites.keys());
    let all = String::from_utf8(lines.clone()).unwrap();
    let (estate, errands) = before.estate();
    assert_eq!(errands, before.merge(&["--pursuit"], &[&all]));
    assert!(before.report("json", &estate) == before.merge(&["-f", "json"], &[&all]), "open");

    fs::write(far.path("errands"), errands).unwrap();
    lines.extend(far.parts(&["--pursue", "errands"]));
    let after = apart(&lines);
    let (estate, errands) = after.estate();
    assert_eq!(errands, "");
    let all = String::from_utf8(lines).unwrap();
    for format in ["json", "html", "ndjson", "csv", "text"] {
        let (one, other) = (after.merge(&["-f", format], &[&all]), after.report(format, &estate));
        assert!(one == other, "{format}");
    }
}

/// The part of a log of one site under a name that a path makes another's.
fn lines_of_copy(far: &Elsewhere) -> Vec<u8> {
    let log = root().join("sample-logs/dannshin.jhf.example.jp/access.log");
    let told = ["--stdin-name", "zzz/zei.example.jp/access.log", "--sites", INVENTORY];
    let sweep = ["sweep", "-", "--case-key", "key", "--no-pivot", "-f", "part"];
    far.run(&[&sweep[..], &told].concat(), File::open(log).unwrap().into())
}

#[test]
fn what_is_missing_where_sites_are_judged_apart_is_named() {
    let far = Elsewhere::new();
    let apart = Apart { far: &far, sites: by_site(&far.parts(&[])) };
    let rest = &apart.sites[NO_SITE];
    let (estate, _) = apart.estate();
    let (site, lines) = apart.sites.iter().nth(1).unwrap();
    let empty = apart.merge(&["--step", "estate"], &[rest]);
    let empty = empty.split_inclusive('\n').next().unwrap();
    let words = apart.each(&["--step", "words"], empty);
    let cases = apart.merge(&["--step", "cases"], &[&estate, lines]);
    let refused = |more: &[&str], parts: &[&str]| {
        let merge = [&["merge", "--sites", INVENTORY], &far.files(parts)[..], more].concat();
        let output = leaksweep(far.0.path(), &merge, Stdio::null());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let why = refused(&["--step", "cases"], &[&[rest.as_str(), lines].concat()]);
    assert!(why.contains("merge --step estate"), "{why}");
    let why = refused(&["--step", "cases"], &[empty, lines]);
    assert!(why.contains(site) && why.contains("words"), "{why}");
    let why = refused(&["--step", "estate"], &[empty, rest, &words]);
    assert!(why.contains("must come before"), "{why}");
    let why = refused(&["-f", "json"], &[&estate, rest, &cases]);
    assert!(why.contains("merge --step cases"), "{why}");
    let why = refused(&["-f", "json"], &[empty, rest, &cases]);
    assert!(why.contains(site) && why.contains("another estate"), "{why}");
    let why = refused(&["-f", "json"], &[&[rest.as_str(), &cases].concat()]);
    assert!(why.contains("no estate"), "{why}");
    let why = refused(&["-f", "json"], &[&cases, rest]);
    assert!(why.contains("no head"), "{why}");
}

#[test]
fn a_part_of_another_sweep_is_refused() {
    let far = Elsewhere::new();
    let part = far.part("sample-logs/zei.example.jp/access.log", &["--since", "2017-03-01"]);
    fs::write(far.path("other.part"), part).unwrap();
    let refused = |arguments: &[&str]| {
        let output = leaksweep(far.0.path(), arguments, Stdio::null());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let why = refused(&["merge", "other.part", "--sites", INVENTORY]);
    assert!(why.contains("--since 2017-03-01") && why.contains("options"), "{why}");
    fs::write(far.path("sample-logs/sites.toml"), "timezone = \"UTC\"\n").unwrap();
    let why = refused(&["merge", "other.part", "--sites", INVENTORY, "--since", "2017-03-01"]);
    assert!(why.contains("another version"), "{why}");
    fs::write(far.path("errands"), "x").unwrap();
    let why = refused(&["sweep", "key", "--pursue", "errands", "-f", "part"]);
    assert!(why.contains("merge --pursuit"), "{why}");
    fs::write(far.path("errands"), "").unwrap();
    let why = refused(&["sweep", "key", "--pursue", "errands", "-f", "json"]);
    assert!(why.contains("-f part"), "{why}");
}
