//! What do rules cost? Time per megabyte of a plain combined log (one line in a thousand is an
//! attack) with 86, 159 and 3,000 rules, and without any.
//!
//! ```text
//! cargo bench --bench rules              64 MB
//! cargo bench --bench rules -- --quick   4 MB, so that it cannot rot
//! ```
//!
//! The rules are `SigmaHQ`'s web rules where they are at hand (`LEAKSWEEP_DATA`), else the built-in
//! ones; the 3,000 are made of them by turning the letters of their values.
#![allow(clippy::print_stdout, missing_docs, unreachable_pub, dead_code)]

#[path = "replay/chance.rs"]
mod chance;
#[path = "replay/clock.rs"]
mod clock;
#[path = "replay/incident.rs"]
mod incident;
#[path = "replay/person.rs"]
mod person;
#[path = "replay/site.rs"]
mod site;
#[path = "replay/traffic.rs"]
mod traffic;

use std::path::{Path, PathBuf};
use std::time::Instant;

use leaksweep::element::{CaseKey, Finder};
use leaksweep::event::{self, Format};
use leaksweep::line::{Block, Blocks};
use leaksweep::rule::RuleSet;
use leaksweep::scan::{Mode, Scanner};
use leaksweep::source::{Inventory, Stream};

fn main() -> std::io::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let (megabytes, runs) = if quick { (4, 1) } else { (64, 5) };
    let dir = std::env::temp_dir().join(format!("leaksweep-rules-{}", std::process::id()));
    let path = dir.join("access.log");
    site::write_traffic(&path, megabytes)?;
    let log = std::fs::read(&path)?;
    std::fs::remove_dir_all(dir)?;
    let mut stream = Stream::new("pay/access.log", log.as_slice());
    let blocks: Vec<Block> = Blocks::new(&mut stream, 1 << 20).collect();
    let head = &log[..log.len().min(leaksweep::HEAD)];
    let format = event::recognise(head, &event::Options::default()).format;
    let texts = texts(&rule_folder());
    let web: Vec<String> =
        texts.iter().filter(|t| t.contains("category: webserver")).cloned().collect();
    let mut base = None;
    for (name, chosen) in [
        ("none", Vec::new()),
        ("web server", web.clone()),
        ("all", texts.clone()),
        ("3,000 by varying", varied(&texts, 3_000)),
    ] {
        let rules = set(&chosen);
        let best = fastest(&rules, &blocks, &*format, runs);
        let per_mb = best * 1e9 / log.len() as f64;
        let first = if name == "none" { per_mb } else { *base.get_or_insert(per_mb) };
        println!(
            "{name:<18} {:>5} rules {:>8.0} MB/s {per_mb:>7.2} ms/MB  x{:.2}",
            rules.len(),
            1e3 / per_mb,
            per_mb / first
        );
    }
    Ok(())
}

fn rule_folder() -> PathBuf {
    let data = std::env::var_os("LEAKSWEEP_DATA").map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = [root.join("../shared/data"), root.join("../../shared/data")];
    let found = data.into_iter().chain(beside).map(|data| data.join("sigma/rules"));
    found.into_iter().find(|path| path.exists()).unwrap_or_else(|| root.join("rules"))
}

fn texts(folder: &Path) -> Vec<String> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    let yaml = paths.iter().filter(|path| path.extension().is_some_and(|ext| ext == "yml"));
    yaml.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

fn set(texts: &[String]) -> RuleSet {
    let mut set = RuleSet::default();
    let documents: Vec<&str> = texts.iter().map(String::as_str).collect();
    if let Err(error) = set.add_text("bench.yml", &documents.join("\n---\n")) {
        println!("{error}");
    }
    set
}

/// The rules, and the same with the letters of their values turned until there are enough.
fn varied(texts: &[String], many: usize) -> Vec<String> {
    let rounds = 0..many.div_ceil(texts.len().max(1));
    let all = rounds.flat_map(|round| texts.iter().map(move |text| vary(text, round as u32)));
    all.take(many).collect()
}

fn vary(text: &str, round: u32) -> String {
    if round == 0 {
        return text.to_owned();
    }
    let mut detecting = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let top = line.starts_with(|c: char| c.is_ascii_alphabetic());
        detecting = if top { line.starts_with("detection:") } else { detecting };
        let keep = !detecting
            || top
            || line.contains("|re")
            || line.trim_start().starts_with("condition")
            || line.trim_end().ends_with(':')
            || line.contains("|cidr");
        lines.push(match line {
            _ if line.starts_with("id:") => format!("{line}-{round}"),
            _ if keep => line.to_owned(),
            _ => turn(line, round),
        });
    }
    lines.join("\n")
}

/// Turns the letters of a value of five letters or more; its key stays.
fn turn(line: &str, round: u32) -> String {
    let key = line.find(": ").map(|at| at + 2);
    let at = key.or_else(|| line.find("- ").map(|at| at + 2)).unwrap_or(line.len());
    let (key, value) = line.split_at(at);
    let bare = value.split(" #").next().unwrap_or_default();
    let letters = bare.chars().filter(char::is_ascii_alphabetic).count();
    if letters < 5 || value.starts_with('#') {
        return line.to_owned();
    }
    let mut step = round;
    let turned = value.chars().map(|c| {
        step = step.wrapping_mul(31).wrapping_add(7);
        match c {
            'a'..='z' => (b'a' + ((c as u32 - 97 + step % 26) % 26) as u8) as char,
            'A'..='Z' => (b'A' + ((c as u32 - 65 + step % 26) % 26) as u8) as char,
            '0'..='9' => (b'0' + ((c as u32 - 48 + step % 10) % 10) as u8) as char,
            other => other,
        }
    });
    format!("{key}{}", turned.collect::<String>())
}

/// Seconds that this process has been on a core, where the system tells (Linux): a machine that
/// others use too says more by it than by the clock.
fn busy() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

fn fastest(rules: &RuleSet, blocks: &[Block], format: &dyn Format, runs: usize) -> f64 {
    let finder = Finder::new(CaseKey::from_bytes(b"bench"));
    let inventory = Inventory::default();
    let mut scanner = Scanner::new(rules, &finder, &inventory, Mode::Filtered);
    let run = || {
        let (start, busy) = (Instant::now(), busy());
        for block in blocks {
            scanner.scan(block, format, "pay/access.log");
        }
        busy.zip(self::busy()).map_or(start.elapsed().as_secs_f64(), |(from, to)| to - from)
    };
    // The first run makes the plan.
    std::iter::repeat_with(run).take(runs + 1).skip(1).fold(f64::INFINITY, f64::min)
}
