//! What may bytes cost that an attacker chose? The worst texts known for each stage against ordinary
//! text for the same stage, per byte and in one run.
//!
//! ```text
//! cargo bench --bench worst                     with an optimised build
//! cargo bench --bench worst -- --quick          small texts, so that it cannot rot
//! cargo bench --bench worst -- --floods [NAME]  whole logs alone, or those of that name
//! cargo bench --bench worst -- --stages         stages alone
//! ```
//!
//! A stage that is more than ten times as slow as usual ends the run with an error; so does a whole log
//! (`floods`) that is, or that takes more memory than is promised.
#![allow(clippy::print_stdout, clippy::use_debug, clippy::expect_used, missing_docs)]

#[path = "worst/floods.rs"]
mod floods;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use leaksweep::element::{CaseKey, Finder, Scratch};
use leaksweep::event::{self, Event, decode, recognise};
use leaksweep::line::{Block, Blocks};
use leaksweep::payload::Family;
use leaksweep::rule::RuleSet;
use leaksweep::scan::{Mode, Scanner};
use leaksweep::source::{Inventory, Stream};

/// A stage may be so many times slower than on ordinary text.
const MOST: f64 = 10.0;

/// Values of customers that have signs which code needs, too.
const USUAL: &[&str] = &[
    "rock 'n' roll (live) & more; best of 2017",
    "{\"brand\":\"a\",\"size\":[1,2],\"sort\":\"-price\"}",
    "https://www.example.com/a?b=1&c=2#top",
    "12 Main St.; Apt #3, men's shoes size 9\"",
];

/// What values are made of that were slow once, or are the slowest known.
const WORST: &[&str] = &[
    "|a;",
    "%25",
    "1'+or+",
    "&#0000000",
    "$(",
    "/*",
    "'",
    "%2527",
    "\\u0027",
    "&amp;",
    "union select ",
    "select ",
    "'||'",
    "'+'",
    "-1 and ",
    "\n",
    "\r\n ",
    ";cat x",
    ";echo ",
    "&& ",
    "{",
    "{{",
    "${",
    "{,",
    "`",
    "``",
    "$( $$( ",
    "<a ",
    "<z ",
    "<",
    ":on",
    " on",
    "javascript:",
    "*/(",
    ")()",
    ") ",
    "/*!",
    "--a",
    "/b*/",
    "/*******************/",
    "''",
    "\\'",
    "():",
    "()",
    "f(",
    "f(1,",
    "(",
    ")",
    "#",
    "a.b(",
    "@",
    "@@",
    "{{-",
    "[%",
    "o:1:",
    ":1",
    "http://",
    "..%2f",
    "if(",
    "{%25",
    "+",
    "a=",
    "\"",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().position(|argument| argument == flag);
    let quick = has("--quick").is_some();
    let only = has("--floods").and_then(|at| arguments.get(at + 1));
    let only = only.filter(|name| !name.starts_with('-')).map(String::as_str);
    let flooded = has("--stages").is_none() && floods::run(quick, MOST, only);
    let broken = flooded | (has("--floods").is_none() && are_slow(quick));
    // The clock of a few milliseconds says little.
    if broken && !quick { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Whether one of the stages is too slow on one of the texts.
fn are_slow(quick: bool) -> bool {
    let bytes = if quick { 1 << 15 } else { 1 << 19 };
    let stages: [(&str, Stage); 5] = [
        ("code in a value", Box::new(values)),
        ("decoding", Box::new(decoding)),
        ("elements", Box::new(elements())),
        ("recognising a log", Box::new(recognising)),
        ("everything on a block", Box::new(scanning())),
    ];
    let mut slow = false;
    for (name, mut stage) in stages {
        let ordinary = log(USUAL, bytes, Shape::Many);
        let usual = per_byte(&mut stage, &ordinary);
        let mut found: Vec<(f64, &str, Shape)> = Vec::new();
        for (text, shape) in WORST.iter().flat_map(|t| Shape::ALL.map(|shape| (*t, shape))) {
            let log = log(&[text], bytes, shape);
            found.push((per_byte(&mut stage, &log) / usual, text, shape));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        println!("{name}: {usual:.1} ns a byte as usual");
        for (times, text, shape) in found.iter().take(4) {
            println!("    x{times:>5.1}  {text:?} {shape:?}");
        }
        slow |= found.first().is_some_and(|(times, ..)| *times > MOST);
    }
    slow
}

type Stage = Box<dyn FnMut(&[u8])>;

/// How a text is repeated.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// In one value of each line, as long as any is read.
    Long,
    /// In many values of 40 bytes.
    Many,
    /// Once in each of many values.
    Single,
}

impl Shape {
    const ALL: [Self; 3] = [Self::Long, Self::Many, Self::Single];

    fn value(self, text: &str) -> String {
        let least = match self {
            Self::Long => 2_000,
            Self::Many => 40,
            Self::Single => 1,
        };
        text.repeat(least / text.len() + 1)
    }
}

/// An access log of lines of about 2,000 bytes whose queries hold the texts.
fn log(texts: &[&str], bytes: usize, shape: Shape) -> Vec<u8> {
    let mut log = String::new();
    let mut number = 0;
    while log.len() < bytes {
        let start = log.len();
        let _ =
            write!(log, "198.51.100.{} - - [08/Mar/2017:05:12:07 +0900] \"GET /p?", number % 200);
        while log.len() - start < 2_000 {
            let text = texts[number % texts.len()];
            let _ = write!(log, "a{number}={}&", escaped(&shape.value(text)));
            number += 1;
        }
        log.push_str("b=1 HTTP/1.1\" 200 7000 \"-\" \"Mozilla/5.0\"\n");
    }
    log.into_bytes()
}

/// As a client writes it: what would end the request or the value is escaped.
fn escaped(value: &str) -> String {
    let sign = |c: char| match c {
        ' ' => "+".to_owned(),
        '"' | '\n' | '\r' | '&' | '#' | '\\' => format!("%{:02x}", c as u32),
        c => c.to_string(),
    };
    value.chars().map(sign).collect()
}

/// Nanoseconds of a stage for each byte: the least of three runs.
fn per_byte(stage: &mut Stage, log: &[u8]) -> f64 {
    let runs = (0..3).map(|_| {
        let start = Instant::now();
        stage(log);
        start.elapsed().as_nanos() as f64 / log.len() as f64
    });
    runs.fold(f64::INFINITY, f64::min)
}

/// The values of all queries, for all families.
fn values(log: &[u8]) {
    let values = log.split(|byte| matches!(byte, b'=' | b'&'));
    let words = values.flat_map(|value| {
        let value = decode::once(value);
        Family::ALL.iter().filter(move |family| family.word(&value).is_some())
    });
    std::hint::black_box(words.count());
}

fn decoding(log: &[u8]) {
    let lines = log.split(|byte| *byte == b'\n').map(|line| decode::twice(line).len());
    std::hint::black_box(lines.sum::<usize>());
}

fn elements() -> impl FnMut(&[u8]) {
    let finder = Finder::new(CaseKey::from_bytes(b"bench"));
    let mut scratch = Scratch::default();
    move |log| {
        let mut records = Vec::new();
        for line in log.split(|byte| *byte == b'\n') {
            let mut event = Event::default();
            event.reset(line);
            finder.records(&event, &mut scratch, &mut records);
        }
        std::hint::black_box(records.len());
    }
}

fn recognising(log: &[u8]) {
    let head = &log[..log.len().min(leaksweep::HEAD)];
    for _ in 0..log.len().div_ceil(leaksweep::HEAD) {
        std::hint::black_box(recognise(head, &event::Options::default()).format.name());
    }
}

fn scanning() -> impl FnMut(&[u8]) {
    let rules: &'static RuleSet = Box::leak(Box::new(RuleSet::builtin().expect("sound rules")));
    let finder: &'static Finder = Box::leak(Box::new(Finder::new(CaseKey::from_bytes(b"bench"))));
    let inventory: &'static Inventory = Box::leak(Box::default());
    let mut scanner = Scanner::new(rules, finder, inventory, Mode::Filtered);
    move |log| {
        let head = &log[..log.len().min(leaksweep::HEAD)];
        let format = recognise(head, &event::Options::default()).format;
        let mut stream = Stream::new("pay/access.log", log);
        let blocks: Vec<Block> = Blocks::new(&mut stream, 1 << 20).collect();
        for block in &blocks {
            std::hint::black_box(scanner.scan(block, &*format, "pay/access.log"));
        }
    }
}
