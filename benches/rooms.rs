//! Where the time goes: bytes per second of each room on one thread, on a plain combined log in
//! which one line in a thousand is an attack.
//!
//! ```text
//! cargo bench --bench rooms              64 MB
//! cargo bench --bench rooms -- --quick   4 MB, so that it cannot rot
//! ```
//!
//! Machines are noisy: compare rows of one run, not single figures of two.
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

use std::io::Write;
use std::time::Instant;

use leaksweep::element::{CaseKey, Finder};
use leaksweep::event::{self, Event};
use leaksweep::line::{Block, Blocks};
use leaksweep::rule::RuleSet;
use leaksweep::scan::{Mode, Scanner};
use leaksweep::source::{Evidence, Inventory, Limits, Stream};
use leaksweep::{Options, sweep};

fn main() -> std::io::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let (megabytes, runs) = if quick { (4, 1) } else { (64, 5) };
    let dir = std::env::temp_dir().join(format!("leaksweep-rooms-{}", std::process::id()));
    let path = dir.join("access.log");
    site::write_traffic(&path, megabytes)?;
    let log = std::fs::read(&path)?;
    rooms(&log, runs);
    whole(&path, log.len(), runs);
    let gz = dir.join("access.log.gz");
    std::fs::write(&gz, gzipped(&log)?)?;
    unpack(&gz, log.len(), runs);
    std::fs::remove_dir_all(dir)
}

/// Prints the fastest of some runs.
fn time(room: &str, bytes: usize, runs: usize, mut work: impl FnMut()) {
    let seconds = (0..runs).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    let best = seconds.fold(f64::INFINITY, f64::min);
    println!("{room:<28} {:>8.0} MB/s", bytes as f64 / best / 1e6);
}

fn blocks_of(log: &[u8], size: usize) -> Vec<Block> {
    let mut stream = Stream::new("pay/access.log", log);
    Blocks::new(&mut stream, size).collect()
}

fn rooms(log: &[u8], runs: usize) {
    let size = Options::default().block;
    let blocks = blocks_of(log, size);
    let format =
        event::recognise(&log[..log.len().min(leaksweep::HEAD)], &event::Options::default()).format;
    println!("format {}", format.name());
    time("line (read, cut, hash)", log.len(), runs, || {
        assert!(!blocks_of(log, size).is_empty());
    });
    time("line (entries)", log.len(), runs, || {
        assert!(blocks.iter().map(|b| b.entries().count()).sum::<usize>() > 0);
    });
    time("event (every entry parsed)", log.len(), runs, || {
        for block in &blocks {
            let mut parser = format.parser();
            let mut event = Event::default();
            for entry in block.entries() {
                event.reset(entry.bytes);
                parser.parse(entry.bytes, &mut event);
            }
        }
    });
    let finder = Finder::new(CaseKey::from_bytes(b"bench"));
    let mut at = Vec::new();
    time("element (candidates)", log.len(), runs, || {
        at.clear();
        for block in &blocks {
            finder.candidates(&block.bytes, &mut at);
        }
    });
    let rules = RuleSet::builtin().expect("the built-in rules are sound");
    let inventory = Inventory::default();
    let mut scanner = Scanner::new(&rules, &finder, &inventory, Mode::Filtered);
    time("scan (everything on a block)", log.len(), runs, || {
        for block in &blocks {
            scanner.scan(block, &*format, "pay/access.log");
        }
    });
}

fn whole(path: &std::path::Path, bytes: usize, runs: usize) {
    let evidence = Evidence::collect(&[path.to_owned()], Inventory::default());
    let rules = RuleSet::builtin().expect("the built-in rules are sound");
    let finder = Finder::new(CaseKey::from_bytes(b"bench"));
    for jobs in [1, 2] {
        let options = Options { jobs, ..Options::default() };
        time(&format!("sweep (one file, {jobs} threads)"), bytes, runs, || {
            sweep(&evidence, &rules, &finder, &options, &()).expect("threads");
        });
    }
}

fn unpack(path: &std::path::Path, bytes: usize, runs: usize) {
    let evidence = Evidence::collect(&[path.to_owned()], Inventory::default());
    let mut buffer = vec![0; 1 << 18];
    time("unpack (gzip, hash)", bytes, runs, || {
        evidence.sources[0]
            .read(&Limits::default(), &mut |stream| while stream.read(&mut buffer) > 0 {});
    });
}

fn gzipped(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(bytes)?;
    gz.finish()
}
