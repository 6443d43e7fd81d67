//! Bytes per second of processor time of the element room on one thread: the prefilter with the search of what it
//! takes, on an ordinary access log and on a digit-heavy gateway log.
//!
//! ```text
//! cargo bench --bench element              64 MB
//! cargo bench --bench element -- --quick   2 MB, so that it cannot rot
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]

#[path = "elements/log.rs"]
mod log;

use std::time::Instant;

use leaksweep::element::{CaseKey, Finder, Record, Scratch};
use leaksweep::event::Event;

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let (bytes, runs) = if quick { (2 << 20, 1) } else { (64 << 20, 5) };
    let access = access(bytes);
    let gateway = gateway(bytes);
    for (name, log) in [("access log", &access), ("gateway log", &gateway)] {
        let finder = Finder::new(CaseKey::from_bytes(b"bench"));
        let mut at = Vec::new();
        let sifting = fastest(runs, || {
            at.clear();
            finder.candidates(log, &mut at);
        });
        let whole = fastest(runs, || scan(&finder, log));
        let lines = memchr::memchr_iter(b'\n', log).count();
        println!(
            "{name:<12} sift {:>6.0} MB/s   sift and search {:>6.0} MB/s   {} of {lines} lines searched",
            log.len() as f64 / sifting / 1e6,
            log.len() as f64 / whole / 1e6,
            at.len(),
        );
    }
}

fn fastest(runs: usize, mut work: impl FnMut()) -> f64 {
    let seconds = (0..runs).map(|_| {
        let (start, cpu) = (Instant::now(), cpu_seconds());
        work();
        let wall = start.elapsed().as_secs_f64();
        cpu_seconds().zip(cpu).map_or(wall, |(after, before)| after - before)
    });
    seconds.fold(f64::INFINITY, f64::min)
}

/// Seconds that this thread has run, where the system tells: other jobs do not count.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<f64>().ok().map(|nanos| nanos / 1e9)
}

/// Blocks of 1 MiB, and the lines that are candidates.
fn scan(finder: &Finder, log: &[u8]) {
    let (mut at, mut out, mut scratch) = (Vec::new(), Vec::<Record>::new(), Scratch::default());
    let mut event = Event::default();
    for block in log.chunks(1 << 20) {
        at.clear();
        finder.candidates(block, &mut at);
        for place in &at {
            let start = memchr::memrchr(b'\n', &block[..*place]).map_or(0, |n| n + 1);
            let end = memchr::memchr(b'\n', &block[*place..]).map_or(block.len(), |n| place + n);
            event.reset(&block[start..end]);
            out.clear();
            finder.records(&event, &mut scratch, &mut out);
        }
    }
}

/// An ordinary combined log.
fn access(bytes: usize) -> Vec<u8> {
    let mut chance = log::Chance(1);
    let mut out = Vec::with_capacity(bytes + 512);
    let agents = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/56.0.2924.87 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 10_2 like Mac OS X) AppleWebKit/602.3.12 (KHTML, like Gecko) Version/10.0",
        "Googlebot/2.1 (+http://www.google.com/bot.html)",
    ];
    let paths = [
        "/",
        "/css/main.css",
        "/img/top.png",
        "/item?id=12345&ref=mail",
        "/cart/add?sku=AB-120&qty=2",
        "/search?q=shoes+red",
    ];
    while out.len() < bytes {
        let line = format!(
            "198.51.{}.{} - - [08/Mar/2017:{:02}:{:02}:{:02} +0900] \"GET {} HTTP/1.1\" 200 {} \"https://www.shop.jp/top?from={}\" \"{}\"\n",
            chance.below(255),
            chance.below(255),
            chance.below(24),
            chance.below(60),
            chance.below(60),
            chance.of(&paths),
            chance.below(200_000),
            chance.below(1000),
            chance.of(&agents),
        );
        out.extend_from_slice(line.as_bytes());
    }
    out
}

/// A gateway log of long numbers: one line in a hundred carries a card.
fn gateway(bytes: usize) -> Vec<u8> {
    let mut chance = log::Chance(2);
    let mut out = Vec::with_capacity(bytes + 512);
    while out.len() < bytes {
        let ordinary = format!(
            "{{\"ts\":{},\"level\":\"INFO\",\"site\":\"shop.jp\",\"op\":\"ExecTran\",\"src_ip\":\"198.51.100.{}\",\"order_id\":\"{}\",\"tran_id\":\"{}\",\"trace\":\"{}-{:04}\",\"amount\":{},\"approve\":\"{:06}\"",
            chance.digits("14889", 13),
            chance.below(255),
            chance.digits("2017", 14),
            chance.digits("1703", 28),
            chance.digits("", 12),
            chance.below(10_000),
            chance.below(100_000),
            chance.below(1_000_000),
        );
        out.extend_from_slice(ordinary.as_bytes());
        if chance.below(100) == 0 {
            let card = chance.card("4", 16);
            out.extend_from_slice(
                format!(
                    ",\"card_no\":\"{card}\",\"expire\":\"2003\",\"mail\":\"u{}@foo.jp\"",
                    chance.below(1 << 20)
                )
                .as_bytes(),
            );
        }
        out.extend_from_slice(b"}\n");
    }
    out
}
