//! Scheduled runs: nothing missed, nothing repeated, whatever happens to the logs and the program.
#![allow(missing_docs, clippy::unwrap_used, clippy::tests_outside_test_module)]
#![allow(clippy::print_stderr)] // how large a state is, is said

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use leaksweep::element::{CaseKey, Finder};
use leaksweep::ledger::{Content, Home, Ledger, OnChange, Setting, Shelf};
use leaksweep::line::Block;
use leaksweep::report::Run;
use leaksweep::rule::RuleSet;
use leaksweep::scan::{Mode, Part, Scanner, StreamFacts, Tally};
use leaksweep::source::{Evidence, GapKind, Inventory, SourceEnd, Stamp, Sum};
use leaksweep::time::Time;
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
    options: Options,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        Self { folder, key: "k", options: Options::default() }
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
        Ledger::open(home, &setting, false).unwrap()
    }

    fn run_with(&self, rules: &RuleSet, on_change: OnChange, progress: &dyn Progress) -> Tally {
        let ledger = self.ledger(rules, on_change);
        let evidence = self.evidence();
        let (finder, options) = (finder(), &self.options);
        let mut tally = resume(&evidence, rules, &finder, options, progress, &ledger).unwrap();
        pivot(&mut tally, &evidence.inventory, rules, options, &()).unwrap();
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
    fn whole(&self, rules: &RuleSet) -> String {
        let evidence = self.evidence();
        let (finder, options) = (finder(), &self.options);
        let mut tally = sweep(&evidence, rules, &finder, options, &()).unwrap();
        pivot(&mut tally, &evidence.inventory, rules, options, &()).unwrap();
        report_under(&tally, rules)
    }

    /// A run that must end with the report of one sweep.
    fn agrees(&self) -> Scanned {
        self.agrees_under(rules(), OnChange::Rescan)
    }

    fn agrees_under(&self, rules: &RuleSet, on_change: OnChange) -> Scanned {
        let scanned = Scanned::default();
        let report = report_under(&self.run_with(rules, on_change, &scanned), rules);
        let whole = self.whole(rules);
        assert!(report == whole, "{}", difference(&report, &whole));
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
    report_under(tally, rules())
}

fn report_under(tally: &Tally, rules: &RuleSet) -> String {
    let report = conclude(tally, &Inventory::default(), rules, Run::default());
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
    for (on_change, there, expected) in [
        (OnChange::Rescan, true, (4, 0)),
        (OnChange::NewRules, true, (4, 0)),
        (OnChange::Keep, true, (2, 2)),
        (OnChange::Rescan, false, (2, 2)),
        (OnChange::NewRules, false, (2, 2)),
    ] {
        let world = World::new();
        world.write("shop/a.log", "GET /page/1\nGET /page/2\n");
        world.write("bank/b.log", "GET /page/2\nx\nGET /page/1\n");
        let first = world.run_with(&few, OnChange::Rescan, &());
        assert_eq!((hits(&first), earlier(&first).len()), (2, 0));
        if !there {
            fs::remove_dir_all(world.logs()).unwrap();
            fs::create_dir(world.logs()).unwrap();
        }
        let then = world.run_with(&more, on_change, &());
        assert_eq!((hits(&then), earlier(&then).len()), expected, "{on_change:?} {there}");
    }
}

fn hits(tally: &Tally) -> u64 {
    let sites = tally.streams.values().flat_map(|y| y.part.sites.values());
    sites.flat_map(|site| site.rules.values()).map(leaksweep::scan::HitSet::count).sum()
}

/// What is said of contents that were read under other rules.
fn earlier(tally: &Tally) -> Vec<String> {
    let gaps = tally.streams.values().flat_map(|y| &y.stream.gaps);
    gaps.filter(|gap| gap.kind == GapKind::Earlier).map(|gap| gap.detail.clone()).collect()
}

/// Rules of every sort that looks at an entry in its own way, each in two versions.
const SORTS: [[&str; 2]; 5] = [
    ["keywords: ['page/1']", "keywords: ['page/12']"],
    ["s: {cs-uri-query|contains: passwd}", "s: {cs-uri-query|contains: '%27'}"],
    ["s: {sc-status: 404, sc-bytes|gt: 900}", "s: {sc-status: 404, sc-bytes|gt: 800}"],
    ["s: {leaksweep.record.count|gte: 1}", "s: {leaksweep.email.count|gte: 1}"],
    ["s: {cs-user-agent|endswith: ' 7'}", "s: {c-ip: 192.0.2.3, cs-uri-stem|endswith: '99'}"],
];

fn sort(n: usize, version: usize) -> String {
    let condition = if n == 0 { "keywords" } else { "s" };
    format!(
        "title: sort {n}\nname: r{n}\nid: 00000000-0000-4000-8000-00000000010{n}\nlevel: high\n\
         logsource: {{category: webserver}}\ndetection: {{{}, condition: {condition}}}\n",
        SORTS[n][version]
    )
}

/// Which rules there are: of each sort none or a version; a correlation of two rules, by itself or
/// beside what they report; a filter.
#[derive(Clone, Debug)]
struct Choice {
    sorts: [usize; 5],
    correlation: usize,
    filter: bool,
}

fn choice() -> impl Strategy<Value = Choice> {
    (prop::array::uniform5(0..3usize), 0..4usize, any::<bool>())
        .prop_map(|(sorts, correlation, filter)| Choice { sorts, correlation, filter })
}

impl Choice {
    fn rules(&self) -> RuleSet {
        let mut rules = RuleSet::default();
        for (n, version) in self.sorts.iter().enumerate().filter(|(_, version)| **version > 0) {
            rules.add_text(&format!("{n}.yml"), &sort(n, version - 1)).unwrap();
        }
        if self.correlation > 0 && self.sorts[0] > 0 {
            let (generate, group) =
                [("false", "c-ip"), ("true", "c-ip"), ("true", "sc-status")][self.correlation - 1];
            let text = format!(
                "title: many\nid: 00000000-0000-4000-8000-000000000200\nlevel: high\n\
                 correlation: {{type: event_count, rules: [r0], group-by: [{group}], \
                 timespan: 1h, condition: {{gte: 3}}, generate: {generate}}}\n"
            );
            rules.add_text("c.yml", &text).unwrap();
        }
        if self.filter && self.sorts[2] > 0 {
            let text = "title: not those\nlogsource: {category: webserver}\n\
                        filter: {rules: [r2], s: {c-ip: 192.0.2.1}, condition: not s}\n";
            rules.add_text("f.yml", text).unwrap();
        }
        rules
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever becomes of rules and logs between runs that read again only for the rules that are
    /// new or changed, the report is that of one sweep under the last rules, byte for byte.
    #[test]
    fn what_new_rules_complete_is_one_sweep(
        steps in prop::collection::vec((step(), choice()), 1..8), block in 13..21_u32
    ) {
        let mut world = World::new();
        world.options.block = 1 << block;
        world.write("shop/access.log", lines(0, 1_200));
        let mut log = Log { world: &world, written: 1_200, half: 0 };
        for (step, choice) in &steps {
            log.step(step);
            world.agrees_under(&choice.rules(), OnChange::NewRules);
        }
    }
}

/// Whom the built-in rules show is followed; hosts beyond the first are one site.
#[test]
fn new_rules_beside_the_built_in_ones_complete_what_was_read() {
    let mut world = World::new();
    world.options.block = 1 << 13;
    world.write("shop/access.log", lines(0, 900));
    let host = |n: usize| format!("s{}.example:80 {}", n % 1_050, line(n));
    world.write("all/access.log", (0..1_300).map(host).collect::<String>());
    for (n, version) in [(0, 0), (1, 1)] {
        let mut rules = RuleSet::builtin().unwrap();
        rules.add_text("own.yml", &sort(n, version)).unwrap();
        world.agrees_under(&rules, OnChange::NewRules);
    }
    let few = Choice { sorts: [1, 2, 0, 0, 1], correlation: 2, filter: true };
    world.agrees_under(&few.rules(), OnChange::NewRules);
    world.agrees_under(rules(), OnChange::NewRules);
}

#[test]
fn nothing_is_read_again_if_rules_only_went() {
    let world = World::new();
    world.write("shop/access.log", lines(0, LONG));
    let all = Choice { sorts: [1; 5], correlation: 0, filter: false };
    let fewer = Choice { sorts: [1, 0, 1, 0, 1], ..all.clone() };
    std::thread::sleep(leaksweep::ledger::SETTLED + Duration::from_millis(100));
    world.agrees_under(&all.rules(), OnChange::NewRules);
    assert_eq!(world.agrees_under(&fewer.rules(), OnChange::NewRules).bytes(), 0);
    // What was read under them is still known.
    assert_eq!(world.agrees_under(&all.rules(), OnChange::NewRules).bytes(), 0);
    let changed = Choice { sorts: [1, 1, 2, 1, 1], ..all };
    assert!(world.agrees_under(&changed.rules(), OnChange::NewRules).bytes() > 0);
    assert_eq!(world.agrees_under(&changed.rules(), OnChange::NewRules).bytes(), 0);
}

/// What is gone keeps what the old rules found, as far as they are still there, and it is said of
/// each source which rules did not look at it.
#[test]
fn what_is_gone_says_which_rules_did_not_look_at_it() {
    let sorts = |sorts| Choice { sorts, correlation: 0, filter: false }.rules();
    let (before, after) = (sorts([1, 1, 1, 1, 0]), sorts([1, 2, 0, 1, 1]));
    let world = World::new();
    world.write("shop/access.log.1", lines(0, LONG));
    world.write("bank/access.log", lines(7, 99));
    let first = world.run_with(&before, OnChange::NewRules, &());
    fs::remove_file(world.logs().join("shop/access.log.1")).unwrap();
    let then = world.run_with(&after, OnChange::NewRules, &());
    let gaps = earlier(&then);
    assert_eq!(gaps.len(), 1);
    let ids = "not looked at by the rules 00000000-0000-4000-8000-000000000101, 00000000-0000-4000-8000-000000000104";
    assert!(gaps[0].contains(ids) && gaps[0].contains("no longer there"), "{gaps:?}");
    let of =
        |tally: &Tally| tally.streams.values().find(|y| y.stream.bytes > 50_000).unwrap().clone();
    let (was, is) = (of(&first), of(&then));
    let counts = |yielded: &leaksweep::scan::Yield| -> Vec<(u32, u64)> {
        let sites = yielded.part.sites.values();
        sites.flat_map(|site| site.rules.iter().map(|(rule, hits)| (*rule, hits.count()))).collect()
    };
    let (was, is_now) = (counts(&was), counts(&is));
    assert_eq!(was.len(), 4);
    // The third is no more, so that the fourth is the third.
    assert_eq!(is_now, [was[0], was[1], (2, was[3].1)]);
    let unable: Vec<_> = is.stream.unable.iter().map(|(rule, why)| (*rule, why.as_str())).collect();
    let (changed, new) =
        ("the rule was changed after this was read", "the rule came after this was read");
    assert_eq!(unable, [(1, changed), (3, new)]);
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
    let refused = Ledger::open(home, &setting, false).unwrap_err().to_string();
    assert!(refused.contains("another case key"), "{refused}");
}

/// Whose requests the archives hold.
#[derive(Clone, Copy)]
enum Clients {
    /// The same 250 in all.
    Few,
    /// Any of millions.
    Any,
}

/// Archive `n`, as it is read: lines of one day of one of twenty servers.
fn archive(
    n: u64,
    lines: u64,
    clients: Clients,
    scanner: &mut Scanner<'_>,
) -> (Stamp, SourceEnd, Content) {
    let (server, day) = (n % 20, n / 20);
    let name = format!("/srv/logs/web{server:02}/access.log-{day:05}.gz");
    let date = Time::from_micros((1_400_000_000 + 86_400 * day as i64) * 1_000_000, 0).to_string();
    let (year, month, day) = (&date[..4], &date[5..7], &date[8..10]);
    let month =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            [month.parse::<usize>().unwrap() - 1];
    let line = |k: u64| {
        // As good as random: clients, 7 pages, any size.
        let random = (n * lines + k).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let random = random.wrapping_mul(0xd1b5_4a32_d192_ed03) >> 24;
        let client = match clients {
            Clients::Few => format!("198.51.100.{}", random % 250),
            Clients::Any => {
                let [a, b, c, ..] = random.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
                format!("{}.{b}.{c}.9", 20 + a % 100)
            }
        };
        format!(
            "{client} - - [{day}/{month}/{year}:{:02}:{:02}:07 +0000] \"GET /page{}?id={} HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0 (X11; Linux {})\"\n",
            24 * k / lines,
            random % 60,
            random / 250 % 7,
            random % 9_999,
            random % 50_000,
            random % 40
        )
    };
    let text: Vec<u8> = (0..lines).map(line).collect::<String>().into_bytes();
    let sum = |salt: &[u8]| {
        let mut sum = Sum::default();
        sum.add(&text);
        sum.add(salt);
        sum.id()
    };
    let format = leaksweep::event::recognise(&text, &Options::default().events).format;
    let (bytes, format_name) = (text.len() as u64, format.name().to_owned());
    let block = Block::new(text.clone(), 0, 1, format.framing());
    let facts = StreamFacts {
        names: vec![name.clone()],
        bytes,
        format: format_name,
        log: "access".into(),
        ..StreamFacts::default()
    };
    let nanos = 1_790_000_000_000_000_000 + n as i64 * 4_191_826 + (n * 7_919 % 3_001) as i64;
    let stamp = Stamp {
        device: 65_024,
        inode: 10_075_572 + 3 * n,
        size: bytes / 4,
        modified: nanos,
        changed: nanos,
    };
    let end = SourceEnd { sha256: sum(b"gz"), bytes: bytes / 4, gaps: Vec::new() };
    let (id, place) = (sum(b""), format!("~web{server:02}"));
    let mut until_mark = scanner.scan(&block, &*format, &name);
    until_mark.close();
    let (mark, tail, from) = (None, Part::default(), None);
    (stamp, end, Content { name, id, place, print: 0, facts, mark, until_mark, tail, from })
}

/// The bytes of the state of so many archives at the end of a run.
fn state_of(archives: u64, lines: u64, clients: Clients) -> u64 {
    let world = World::new();
    let (inventory, finder) = (Inventory::default(), finder());
    let mut scanner = Scanner::new(rules(), &finder, &inventory, Mode::Filtered);
    let ledger = world.ledger(rules(), OnChange::Rescan);
    world.write("x", "");
    let mut source = world.evidence().sources.remove(0);
    for n in 0..archives {
        let (stamp, end, content) = archive(n, lines, clients, &mut scanner);
        source.name.clone_from(&content.name);
        ledger.settle(&source, Some(stamp), end, vec![content]).unwrap();
    }
    ledger.close().unwrap();
    drop(ledger);
    let shelf = Shelf::open(Home::enter(&world.state(), Duration::ZERO).unwrap()).unwrap();
    assert_eq!(shelf.pieces().len() as u64, archives);
    eprintln!("the state of {archives} archives of {lines} lines: {} bytes", shelf.size());
    shelf.size()
}

#[test]
fn the_state_of_small_archives_is_small() {
    // At most 1,023 lie alone, in two kilobytes each; the others take 200 bytes.
    let size = state_of(3_000, 12, Clients::Few);
    assert!(size < 3_000_000, "{size}");
}

#[test]
#[ignore = "long: run it in release"]
fn the_state_of_half_a_million_archives_is_small() {
    let size = state_of(500_000, 12, Clients::Few);
    assert!(size < 100_000_000, "{size}");
}

/// What an archive adds to the state: of the same clients as others, and of clients that no other
/// names, of whom the index takes a byte each.
#[test]
#[ignore = "long: run it in release"]
fn the_state_of_archives_grows_with_what_they_say() {
    let kinds = [(12, Clients::Few, 170), (300, Clients::Few, 230), (300, Clients::Any, 500)];
    for (lines, clients, most) in kinds {
        let more = state_of(6 << 10, lines, clients) - state_of(2 << 10, lines, clients);
        let each = more / (4 << 10);
        eprintln!("{each} bytes for each archive of {lines} lines");
        assert!(each < most, "{each}");
    }
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
