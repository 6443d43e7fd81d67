//! The scanner against corpora by others, and against itself without a prefilter.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;

use proptest::prelude::*;

use crate::element::{CaseKey, Finder};
use crate::event::decode::Layer;
use crate::event::{self, Options};
use crate::line::{Block, Blocks, Framing};
use crate::rule::{RuleSet, data};
use crate::source::{Evidence, Inventory, Limits, Place};

use super::{Bounds, Known, Mode, Part, Scanner, Series};

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

/// A word as an attacker may spell it.
fn spelling() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS.to_vec());
    let letter = |c: char, how: u8| match how {
        1 => format!("%{:02x}", c as u32),
        2 => format!("%25{:02x}", c as u32),
        3 => format!("&#{};", c as u32),
        4 => format!("\\x{:02x}", c as u32),
        5 => format!("%u00{:02x}", c as u32),
        6 => c.to_uppercase().to_string(),
        7 => format!("%c0%{:02x}", c as u32 | 0x80),
        8 => format!("%%3{}%3{}", (c as u32) >> 4 & 7, c as u32 & 7),
        _ => c.to_string(),
    };
    (word, prop::collection::vec(0..24_u8, 1..12)).prop_map(move |(word, how)| {
        word.chars().zip(how.iter().cycle()).map(|(c, how)| letter(c, *how)).collect()
    })
}

const WORDS: &[&str] = &[
    "union",
    "select",
    "/etc/passwd",
    "../",
    "<script>",
    "cmd.exe",
    "a",
    "=",
    "?",
    "+",
    " ",
    "%2e",
    "\\",
    "sqlmap/1",
    "${jndi:",
    "é",
    "GET",
    "404",
    "x.php",
    "&",
    "'",
    ";",
    "%",
    "\u{17f}elect",
    "//",
    "/./",
    "..;/",
    "?q=dW5pb24gc2VsZWN0IDxzY3JpcHQ+L2V0Yy9wYXNzd2Q=",
];

prop_compose! {
    fn line()(
        method in prop::sample::select(vec!["GET", "POST", "-"]),
        target in prop::collection::vec(spelling(), 0..5),
        status in prop::sample::select(vec!["200", "404", "-"]),
        referer in spelling(),
        agent in prop::collection::vec(spelling(), 0..3),
    ) -> String {
        let target = target.concat().replace(' ', "+");
        let agent = agent.join(" ");
        format!(
            "192.0.2.1 - - [07/Mar/2017:10:00:00 +0900] \"{method} /{target} HTTP/1.1\" {status} 12 \
             \"{referer}\" \"{agent}\"\n"
        )
    }
}

prop_compose! {
    fn item()(
        field in prop::sample::select(vec![
            "cs-uri-query", "cs-uri-stem", "cs-method", "sc-status", "cs-user-agent", "cs-referer",
            "c-uri-extension", "", "leaksweep.email.count",
        ]),
        modifier in prop::sample::select(vec![
            "", "|contains", "|startswith", "|endswith", "|re", "|contains|cased", "|neq", "|re|i",
        ]),
        values in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 1..4),
        wild in prop::sample::select(vec!["", "*", "?"]),
        all in any::<bool>(),
    ) -> String {
        // A keyword is sought anywhere anyway; what remains of its modifiers is `cased`.
        let modifier = if field.is_empty() { "|cased" } else { modifier };
        let all = if all && values.len() > 1 { "|all" } else { "" };
        let quote = |value: &&str| {
            let value = if modifier.contains("re") { regex::escape(value) } else { (*value).into() };
            format!("'{}{wild}'", value.replace('\'', "''"))
        };
        let wildless = wild.is_empty() || !modifier.contains("re");
        let values: Vec<String> = values.iter().map(quote).collect();
        if wildless {
            format!("{{'{field}{modifier}{all}': [{}]}}", values.join(", "))
        } else {
            format!("{{'{field}{modifier}': '(foo|select|[uU]nion)?[a-z]+'}}")
        }
    }
}

prop_compose! {
    fn rule()(
        (a, b, c) in (item(), item(), item()),
        condition in prop::sample::select(vec![
            "a", "a or b", "a and b", "a and not b", "not a", "not (a and b)", "1 of them",
            "all of them", "a and not 1 of b*", "(a or b) and not c", "not (not a or c)",
        ]),
    ) -> String {
        format!(
            "title: t\nlogsource: {{category: webserver}}\ndetection:\n    a: {a}\n    b: {b}\n    \
             c: {c}\n    condition: {condition}\n---\n"
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The prefilter never changes the answer.
    #[test]
    fn random_rules_find_the_same_with_and_without_the_prefilter(
        texts in prop::collection::vec(rule(), 1..6),
        lines in prop::collection::vec(line(), 1..8),
    ) {
        let mut rules = RuleSet::default();
        rules.add_text("x.yml", &texts.concat()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let bytes = lines.concat().into_bytes();
        let format = event::recognise(COMBINED, &Options::default()).format;
        let (finder, inventory) = (finder(), Inventory::default());
        let scan = |mode| {
            let block = Block::new(bytes.clone(), 0, 1, Framing::Lines);
            Scanner::new(&rules, &finder, &inventory, mode).scan(&block, &*format, "x.log")
        };
        let (fast, full) = (scan(Mode::Filtered), scan(Mode::Full));
        let found = |part: &Part| hits(&rules, std::slice::from_ref(part)).len();
        prop_assert_eq!(found(&fast), found(&full));
        prop_assert!(fast == full);
    }
}

const COMBINED: &[u8] =
    b"192.0.2.1 - - [07/Mar/2017:10:00:00 +0900] \"GET / HTTP/1.1\" 200 12 \"-\" \"a\"\n";

#[test]
fn a_part_file_that_repeats_a_text_is_read_on() {
    let part = r#"{"texts":["a","a","b"],"points":[],"dropped":0,"timeless":0}"#;
    let mut series: Series = serde_json::from_str(part).unwrap();
    let said = ["a", "b", "c", "a", "c"];
    for (time, text) in (0..).zip(said) {
        series.push(Some(time), 1, 0, &[Some(text)], Bounds::default());
    }
    let told: Vec<_> =
        series.points.iter().map(|p| series.text(p.values[0]).unwrap().to_owned()).collect();
    assert_eq!(told, said);
    assert_eq!(series.texts.len(), 4);
}

/// More hosts than become sites, more hits than are kept, many of one kind and some of none.
fn flood() -> Vec<String> {
    let line = |n: usize| {
        let host = if n < 3_000 || n.is_multiple_of(9) { n % 3_000 } else { 0 };
        let (client, page) =
            (if n < 20_000 { 1 } else { n % 200 }, if n < 14_000 { 0 } else { n % 700 });
        format!(
            "h{host}.example 192.0.2.{client} - - [07/Mar/2017:10:00:00 +0900] \
             \"GET /{page}?id=union HTTP/1.1\" 200 12 \"-\" \"a\"\n"
        )
    };
    (0..26_000).map(line).collect()
}

/// Blocks of `size` lines, each scanned when the last `late` ones before it are not appended yet.
fn scanned(lines: &[String], size: usize, late: usize, rules: &RuleSet) -> Part {
    let (finder, inventory) = (finder(), Inventory::default());
    let mut scanner = Scanner::new(rules, &finder, &inventory, Mode::Filtered);
    let format = event::recognise(lines[0].as_bytes(), &Options::default()).format;
    let (known, mut part) = (Known::default(), Part::default());
    let (mut waiting, mut offset) = (VecDeque::new(), 0);
    for (n, lines) in lines.chunks(size).enumerate() {
        let bytes = lines.concat().into_bytes();
        let block = Block::new(bytes, offset, (n * size) as u64 + 1, Framing::Lines);
        offset += block.bytes.len() as u64;
        waiting.push_back(scanner.scan_behind(&block, &*format, "x.log", &known));
        if waiting.len() > late {
            known.append(&mut part, waiting.pop_front().unwrap());
        }
    }
    for next in waiting {
        known.append(&mut part, next);
    }
    part.close();
    part
}

#[test]
fn what_is_known_of_the_blocks_before_changes_nothing() {
    let mut rules = RuleSet::default();
    let rule = "title: a\nid: 0b2e5bd6-9a9f-4c7e-8f0a-7c1d2e3f4a5b\nname: a\nlevel: high\n\
                logsource: {category: webserver}\n\
                detection: {selection: {cs-uri-query|contains: union}, condition: selection}\n";
    rules.add_text("x.yml", rule).unwrap();
    let lines = flood();
    let whole = scanned(&lines, 1_000, 100, &rules);
    let kept: usize =
        whole.sites.values().flat_map(|s| s.rules.values()).map(|h| h.hits.len()).sum();
    assert!(
        whole.sites.contains_key(Place::OTHER_HOSTS) && (10_000..25_000).contains(&kept),
        "{kept}"
    );
    for (size, late) in [(300, 4), (2_500, 1)] {
        assert!(scanned(&lines, size, late, &rules) == whole, "{size} {late}");
    }
}

#[test]
fn hits_of_one_entry_share_what_is_kept_of_it() {
    let rules = RuleSet::builtin().unwrap();
    let line = "192.0.2.1 - - [07/Mar/2017:10:00:00 +0900] \
                \"GET /a?f=../../etc/passwd&id=1'+union+select+1,2--+ HTTP/1.1\" 200 9 \"-\" \"a\"\n";
    let part = scanned(&[line.to_owned()], 1, 0, &rules);
    let sets = part.sites.values().flat_map(|site| site.rules.values());
    let entries: Vec<_> = sets.flat_map(|set| &set.hits).map(|hit| &hit.entry).collect();
    assert!(entries.len() > 2, "{}", entries.len());
    assert!(entries.iter().all(|entry| std::sync::Arc::ptr_eq(entry, entries[0])));
}
