//! Scheduled runs: nothing missed, nothing repeated, whatever happens to the logs and the program.
#![allow(missing_docs, clippy::unwrap_used, clippy::tests_outside_test_module)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use leaksweep::element::{CaseKey, Finder};
use leaksweep::ledger::{Home, Ledger, OnChange, Setting, Shelf};
use leaksweep::report::Run;
use leaksweep::rule::RuleSet;
use leaksweep::scan::Tally;
use leaksweep::source::{Evidence, GapKind, Inventory};
use leaksweep::{Options, Progress, conclude, pivot, resume, sweep};
use proptest::prelude::*;

fn rules() -> &'static RuleSet {
    static RULES: std::sync::LazyLock<RuleSet> =
        std::sync::LazyLock::new(|| RuleSet::builtin().unwrap());
    &RULES
}

/// Bytes that were scanned, and by which stream.
#[derive(Default)]
struct Scanned(Mutex<Vec<(String, u64)>>);

impl Progress for Scanned {
    fn scanned(&self, name: &str, bytes: u64) {
        self.0.lock().unwrap().push((name.to_owned(), bytes));
    }

    fn done(&self, _name: &str, _bytes: u64) {}
}

impl Scanned {
    fn bytes(&self) -> u64 {
        self.0.lock().unwrap().iter().map(|(_, bytes)| bytes).sum()
    }
}

/// A folder of logs, and the state of runs over it beside it.
struct World {
    folder: tempfile::TempDir,
    key: &'static str,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        Self { folder, key: "k" }
    }

    fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.logs().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.logs().join(name);
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    fn evidence(&self) -> Evidence {
        Evidence::collect(&[self.logs()], Inventory::default())
    }

    fn ledger(&self, rules: &RuleSet, on_change: OnChange) -> Ledger {
        let home = Home::enter(&self.state(), Duration::ZERO).unwrap();
        let setting = Setting::new(self.key, &Inventory::default(), "", rules, on_change);
        Ledger::open(home, setting, false).unwrap()
    }

    fn run_with(&self, rules: &RuleSet, on_change: OnChange, progress: &dyn Progress) -> Tally {
        let ledger = self.ledger(rules, on_change);
        let evidence = self.evidence();
        let (finder, options) = (finder(), Options::default());
        let mut tally = resume(&evidence, rules, &finder, &options, progress, &ledger).unwrap();
        pivot(&mut tally, &evidence.inventory, rules, &options, &()).unwrap();
        ledger.keep_followed(&tally).unwrap();
        tally
    }

    /// A run; its report and what it scanned.
    fn run(&self) -> (String, Scanned) {
        let scanned = Scanned::default();
        let tally = self.run_with(rules(), OnChange::Rescan, &scanned);
        (report(&tally), scanned)
    }

    /// The report of one sweep over everything that is there now.
    fn whole(&self) -> String {
        let evidence = self.evidence();
        let (finder, options) = (finder(), Options::default());
        let mut tally = sweep(&evidence, rules(), &finder, &options, &()).unwrap();
        pivot(&mut tally, &evidence.inventory, rules(), &options, &()).unwrap();
        report(&tally)
    }

    /// A run that must end with the report of one sweep.
    fn agrees(&self) -> Scanned {
        let (report, scanned) = self.run();
        assert!(report == self.whole(), "{}", difference(&report, &self.whole()));
        scanned
    }
}

fn difference(a: &str, b: &str) -> String {
    let pair = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    format!("first difference: {pair:#?}")
}

fn finder() -> Finder {
    Finder::new(CaseKey::from_bytes(b"ledger"))
}

fn report(tally: &Tally) -> String {
    let report = conclude(tally, &Inventory::default(), rules(), Run::default());
    serde_json::to_string_pretty(&report).unwrap()
}

/// Line `n` of a log: mostly harmless, sometimes an attack or a record.
fn line(n: usize) -> String {
    let (hour, minute, second) = (n / 3_600 % 24, n / 60 % 60, n % 60);
    let request = match n % 97 {
        13 => "/item?id=1%27%20UNION%20SELECT%20card,cvv%20FROM%20orders--".to_owned(),
        29 => format!("/pay?card_no=4111111111111111&mail=u{n}@example.com"),
        53 => "/../../etc/passwd".to_owned(),
        _ => format!("/page/{n}"),
    };
    format!(
        "192.0.2.{} - - [{:02}/Mar/2017:{hour:02}:{minute:02}:{second:02} +0900] \"GET {request} HTTP/1.1\" {} {} \"-\" \"Mozilla/5.0 {}\"\n",
        n % 7,
        1 + n / 86_400,
        if n.is_multiple_of(3) { 200 } else { 404 },
        n % 5_000,
        n % 11,
    )
}

fn lines(from: usize, to: usize) -> String {
    (from..to).map(line).collect()
}

fn gzip(path: &Path) {
    assert!(std::process::Command::new("gzip").arg(path).status().unwrap().success());
}

/// Longer than the head by which a log is recognised.
const LONG: usize = 2_000;

#[test]
fn a_second_run_scans_nothing_and_says_the_same() {
    let world = World::new();
    world.write("shop/access.log", lines(0, LONG));
    world.write("shop/old.log.gz", b"");
    world.write("bank/access.log", lines(5, 99));
    std::thread::sleep(leaksweep::ledger::SETTLED + Duration::from_millis(100));
    assert!(world.agrees().bytes() > 0);
    assert_eq!(world.agrees().bytes(), 0);
}

#[test]
fn what_grew_is_scanned_only_where_it_is_new() {
    let world = World::new();
    let block = Options::default().block as u64;
    world.write("shop/access.log", lines(0, 22_000));
    let first = world.agrees().bytes();
    assert!(first > 2 * block);
    world.append("shop/access.log", lines(22_000, 22_010));
    let second = world.agrees().bytes();
    assert!(second < block + 10_000, "{second} of {first}");
}

#[test]
fn an_entry_that_was_cut_is_read_whole_later() {
    let world = World::new();
    let text = lines(0, LONG + 14);
    for cut in [text.len() - 150, text.len() - 20, text.len() - 1] {
        world.write("shop/access.log", &text[..cut]);
        world.agrees();
    }
    world.write("shop/access.log", &text);
    world.agrees();
    // A stack trace belongs to the entry before it.
    let entry = "2017-03-08 05:12:07,123 ERROR [main] a.b.C - failed\n";
    let trace = "java.lang.IllegalStateException: x\n\tat a.b.C.d(C.java:1)\n".repeat(40);
    let log = format!("{}{trace}", entry.repeat(LONG));
    for cut in [log.len() - trace.len(), log.len() - 9, log.len()] {
        world.write("shop/app.log", &log[..cut]);
        world.agrees();
    }
}

/// Renaming, compressing, copying and moving neither lose nor repeat an entry, and are not scanned.
#[test]
fn a_log_is_known_again_wherever_it_goes() {
    let world = World::new();
    let logs = world.logs();
    world.write("shop/access.log", lines(0, LONG));
    let first = world.agrees().bytes();
    fs::rename(logs.join("shop/access.log"), logs.join("shop/access.log.1")).unwrap();
    world.write("shop/access.log", lines(LONG, LONG + 5));
    assert!(world.agrees().bytes() < 2_000, "renamed");
    gzip(&logs.join("shop/access.log.1"));
    assert!(world.agrees().bytes() <= first, "compressed");
    fs::rename(logs.join("shop/access.log.1.gz"), logs.join("shop/access.log.2.gz")).unwrap();
    assert_eq!(world.agrees().bytes(), 0, "renamed when compressed");
    // Another disk gives other numbers and times.
    fs::copy(logs.join("shop/access.log.2.gz"), logs.join("shop/copy.gz")).unwrap();
    fs::remove_file(logs.join("shop/access.log.2.gz")).unwrap();
    assert_eq!(world.agrees().bytes(), 0, "copied");
    // One file takes the inode of another.
    fs::remove_file(logs.join("shop/access.log")).unwrap();
    world.write("shop/other.log", lines(7_000, 7_100));
    let (report, _) = world.run();
    assert!(!report.contains("tampering"), "{report}");
}

#[test]
fn a_log_that_was_emptied_or_rewritten_is_a_finding() {
    let tampered = |change: &dyn Fn(&World)| {
        let world = World::new();
        world.write("shop/access.log", lines(0, LONG));
        world.agrees();
        change(&world);
        let tally = world.run_with(rules(), OnChange::Rescan, &());
        let gaps: Vec<_> = tally.streams.values().flat_map(|y| &y.stream.gaps).cloned().collect();
        let count = |kind| gaps.iter().filter(|gap| gap.kind == kind).count();
        // It stays said.
        let again = world.run_with(rules(), OnChange::Rescan, &());
        assert!(again == tally);
        (count(GapKind::Rewritten), report(&tally))
    };
    let path = |world: &World| world.logs().join("shop/access.log");
    let truncated = |world: &World| fs::write(path(world), lines(LONG, LONG + 9)).unwrap();
    let (found, report) = tampered(&truncated);
    assert_eq!(found, 1);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let findings = report["sites"][0]["findings"].as_array().unwrap();
    let sign = findings.iter().find(|f| f["rule"]["title"] == "Log emptied or rewritten").unwrap();
    assert_eq!((&sign["count"], &sign["rule"]["level"]), (&1.into(), &"medium".into()));
    assert_eq!(sign["examples"][0]["line"], 1);
    assert!(sign["examples"][0]["source"].as_str().unwrap().ends_with("shop/access.log"));
    assert!(sign["examples"][0]["excerpt"].as_str().unwrap().contains("tampering"));
    // As an editor does: another inode, a line missing.
    let edited = |world: &World| {
        let new = world.logs().join("new");
        fs::write(&new, lines(0, 13) + &lines(14, LONG)).unwrap();
        fs::rename(new, path(world)).unwrap();
    };
    assert_eq!(tampered(&edited).0, 1);
    let emptied = |world: &World| fs::write(path(world), "").unwrap();
    assert_eq!(tampered(&emptied).0, 1);
    let grown = |world: &World| world.append("shop/access.log", line(LONG));
    assert_eq!(tampered(&grown).0, 0);
}

/// What is gone stays counted.
#[test]
fn what_a_log_held_is_known_when_it_is_gone() {
    let world = World::new();
    world.write("shop/access.log.1", lines(0, LONG));
    let (before, _) = world.run();
    fs::remove_file(world.logs().join("shop/access.log.1")).unwrap();
    world.write("bank/access.log", lines(0, 5));
    let (after, _) = world.run();
    let records = |report: &str| {
        let value: serde_json::Value = serde_json::from_str(report).unwrap();
        let sites = value["sites"].as_array().unwrap().clone();
        let shop = sites.into_iter().find(|site| site["site"] == "shop").unwrap();
        (shop["units"]["observed"].clone(), shop["findings"].clone(), shop["verdict"].clone())
    };
    assert_eq!(records(&before), records(&after));
}

#[test]
fn new_rules_look_at_what_is_there_and_say_what_is_not() {
    let mut few = RuleSet::default();
    few.add_text("a.yml", RULE).unwrap();
    let mut more = RuleSet::default();
    more.add_text("a.yml", RULE).unwrap();
    more.add_text("b.yml", &RULE.replace("page/1", "page/2").replace("0001", "0002")).unwrap();
    let hits = |tally: &Tally| -> u64 {
        let sites = tally.streams.values().flat_map(|y| y.part.sites.values());
        sites.flat_map(|site| site.rules.values()).map(leaksweep::scan::HitSet::count).sum()
    };
    let earlier = |tally: &Tally| {
        let gaps = tally.streams.values().flat_map(|y| &y.stream.gaps);
        gaps.filter(|gap| gap.kind == GapKind::Earlier).count()
    };
    for (on_change, there, expected) in [
        (OnChange::Rescan, true, (4, 0)),
        (OnChange::Keep, true, (2, 2)),
        (OnChange::Rescan, false, (2, 2)),
    ] {
        let world = World::new();
        world.write("shop/a.log", "GET /page/1\nGET /page/2\n");
        world.write("bank/b.log", "GET /page/2\nx\nGET /page/1\n");
        let first = world.run_with(&few, OnChange::Rescan, &());
        assert_eq!((hits(&first), earlier(&first)), (2, 0));
        if !there {
            fs::remove_dir_all(world.logs()).unwrap();
            fs::create_dir(world.logs()).unwrap();
        }
        let then = world.run_with(&more, on_change, &());
        assert_eq!((hits(&then), earlier(&then)), expected, "{on_change:?} {there}");
    }
}

const RULE: &str = "
title: page
id: 00000000-0000-4000-8000-000000000001
status: test
description: a page
author: leaksweep
logsource: {category: webserver}
detection:
  keywords: ['page/1']
  condition: keywords
level: low
";

#[test]
fn a_state_can_be_looked_at_forgotten_and_tidied() {
    let world = World::new();
    world.write("shop/access.log", lines(0, LONG));
    world.write("bank/access.log", lines(0, 9));
    world.run();
    fs::remove_file(world.logs().join("bank/access.log")).unwrap();
    let shelf = || Shelf::open(Home::enter(&world.state(), Duration::ZERO).unwrap()).unwrap();
    let pieces = shelf().pieces();
    let told: Vec<_> = pieces.iter().map(|p| (p.is_there, p.entries)).collect();
    assert_eq!(told, [(false, 9), (true, LONG as u64)]);
    let time = |text: &str| text.parse().unwrap();
    assert_eq!(shelf().drop_before(time("2017-03-01T00:00:00+09:00")).unwrap(), 0);
    assert_eq!(shelf().drop_before(time("2018-03-01T00:00:00+09:00")).unwrap(), 1);
    assert_eq!(shelf().pieces().len(), 1);
    let logs = world.logs().display().to_string();
    assert_eq!(shelf().forget(&format!("{logs}/shop")).unwrap(), 1);
    assert_eq!(shelf().pieces().len(), 0);
    assert!(world.agrees().bytes() > 0);
}

#[test]
fn another_case_key_is_refused_and_nothing_raw_is_kept() {
    let mut world = World::new();
    world.write("shop/access.log", lines(0, LONG));
    world.run();
    let mut all = Vec::new();
    for file in fs::read_dir(world.state()).unwrap() {
        all.extend(fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &[u8]| all.windows(text.len()).any(|w| w == text);
    assert!(!holds(b"4111111111111111") && !holds(b"u29@example.com"));
    world.key = "other";
    let home = Home::enter(&world.state(), Duration::ZERO).unwrap();
    let setting = Setting::new(world.key, &Inventory::default(), "", rules(), OnChange::Rescan);
    let refused = Ledger::open(home, setting, false).unwrap_err().to_string();
    assert!(refused.contains("another case key"), "{refused}");
}

/// What happens to a log between two runs.
#[derive(Clone, Debug)]
enum Step {
    Grow(usize),
    GrowPartly(usize),
    New(usize),
    Rotate,
    Gzip,
    CopyTruncate(usize),
    Run,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..900usize).prop_map(Step::Grow),
        1 => (1..150usize).prop_map(Step::GrowPartly),
        1 => (0..60usize).prop_map(Step::New),
        2 => Just(Step::Rotate),
        1 => Just(Step::Gzip),
        1 => (0..200usize).prop_map(Step::CopyTruncate),
        4 => Just(Step::Run),
    ]
}

/// A log as a server and logrotate write it.
struct Log<'w> {
    world: &'w World,
    written: usize,
    /// Bytes of the line that is half written.
    half: usize,
}

impl Log<'_> {
    fn path(&self, n: usize, end: &str) -> PathBuf {
        let number = if n == 0 { String::new() } else { format!(".{n}") };
        self.world.logs().join(format!("shop/access.log{number}{end}"))
    }

    fn grow(&mut self, n: usize) {
        if n > 0 {
            let text = lines(self.written, self.written + n);
            self.world.append("shop/access.log", &text[self.half..]);
            (self.written, self.half) = (self.written + n, 0);
        }
    }

    fn shift(&self) {
        for n in (1..30).rev() {
            for end in ["", ".gz"] {
                if self.path(n, end).exists() {
                    fs::rename(self.path(n, end), self.path(n + 1, end)).unwrap();
                }
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Grow(n) => self.grow(*n),
            Step::GrowPartly(bytes) => {
                self.grow(1);
                let text = line(self.written);
                self.half = (*bytes).min(text.len() - 1);
                self.world.append("shop/access.log", &text[..self.half]);
            }
            Step::New(n) => self.world.write(&format!("bank/{n}.log"), lines(*n, 3 * n)),
            Step::Rotate => {
                self.grow(usize::from(self.half > 0));
                self.shift();
                fs::rename(self.path(0, ""), self.path(1, "")).unwrap();
                self.world.write("shop/access.log", "");
            }
            Step::Gzip => {
                if self.path(1, "").exists() {
                    gzip(&self.path(1, ""));
                }
            }
            Step::CopyTruncate(n) => {
                self.grow(*n + usize::from(self.half > 0));
                self.shift();
                fs::copy(self.path(0, ""), self.path(1, "")).unwrap();
                fs::File::create(self.path(0, "")).unwrap();
            }
            Step::Run => {
                self.world.agrees();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Old parts and new parts make the report of one sweep, byte for byte, whatever a server and a
    /// rotation did between the runs.
    #[test]
    fn runs_add_up_to_one_sweep(steps in prop::collection::vec(step(), 1..14)) {
        let world = World::new();
        world.write("shop/access.log", lines(0, 700));
        let mut log = Log { world: &world, written: 700, half: 0 };
        for step in &steps {
            log.step(step);
        }
        world.agrees();
    }
}
