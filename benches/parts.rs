//! Writes the part files of an estate that no machine here could read, from those of two logs: to
//! see what a merge costs where the logs are a hundred terabytes.
//!
//! ```text
//! leaksweep sweep CLEAN.log -f part > clean.part; leaksweep sweep BREACHED.log -f part > breached.part
//! cargo run --release --example parts -- clean.part breached.part SITES LOGS CARDS REQUESTS MATCHES | leaksweep merge - -f json
//! ```
//!
//! `SITES` sites of `LOGS` logs each hold what the clean log holds; one more, `large.example`, holds
//! in every log what the breached one does, and in all of them together `CARDS` records of as many
//! distinct cards. Every rule that fired there has `REQUESTS` hits more, of one client. What correlations
//! count most of there has `MATCHES` matches, a millisecond apart, instead of its own. All are numbers in a
//! part: no line of a log is made.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use leaksweep::element::{Card, Fingerprint};
use leaksweep::report::{Head, PartFile};
use leaksweep::scan::{Facts, Point, Points, RecordFact, SiteTally, Tally, Yield};
use leaksweep::source::{ContentId, SourceEnd};

type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "usage: parts CLEAN.part BREACHED.part SITES LOGS CARDS REQUESTS MATCHES";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [clean, breached, numbers @ ..] = arguments.as_slice() else { return Err(USAGE.into()) };
    let numbers: Vec<u64> = numbers.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
    let [sites, logs, cards, requests, matches] = numbers[..] else { return Err(USAGE.into()) };
    let (clean, breached) = (Template::read(clean)?, Template::read(breached)?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for log in 0..logs {
        let share = |all: u64| all * log / logs..all * (log + 1) / logs;
        breached.write("large.example", log, &mut out, |tally| {
            tally.records.facts = records(&tally.records.facts, share(cards));
            tally.rules.values_mut().for_each(|hits| hits.counts[0] += requests / logs);
            if let Some(most) = tally.series.values_mut().max_by_key(|series| series.points.len()) {
                most.points = points(&most.points, share(matches));
            }
        })?;
    }
    for site in 0..sites {
        let name = format!("site-{site:05}.example");
        (0..logs).try_for_each(|log| clean.write(&name, log, &mut out, |_| ()))?;
    }
    Ok(out.flush()?)
}

/// What a real log yielded.
struct Template {
    head: Head,
    yielded: Yield,
}

impl Template {
    fn read(path: &str) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)?;
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap_or(""))?;
        let head: Head = serde_json::from_value(first["head"].clone())?;
        let mut part = PartFile::new(head, Tally::default());
        part.read(text.as_bytes())?;
        let yielded = part.tally.streams.into_values().next().ok_or("no log in the part")?;
        Ok(Self { head: part.head, yielded })
    }

    /// Writes the part of a log of a site, of which something was changed.
    fn write(
        &self,
        site: &str,
        log: u64,
        out: &mut dyn Write,
        change: impl Fn(&mut SiteTally),
    ) -> std::io::Result<()> {
        let mut yielded = self.yielded.clone();
        let name = format!("estate/{site}/gateway-{log:04}.log");
        yielded.stream.names = vec![name.clone()];
        yielded.stream.head = Some(mixed(hash(&name)));
        let mut tally = yielded.part.sites.into_values().next().unwrap_or_default();
        change(&mut tally);
        yielded.part.sites = BTreeMap::from([(site.to_owned(), tally)]);
        let mut sha256 = [0; 32];
        for (at, eight) in (1..).zip(sha256.as_chunks_mut::<8>().0) {
            *eight = mixed(hash(&name) ^ at).to_le_bytes();
        }
        let mut tally = Tally::of_stream(ContentId(sha256), yielded);
        let bytes = self.yielded.stream.bytes;
        let end = SourceEnd { sha256: ContentId(sha256), bytes, gaps: Vec::new() };
        tally.sources.insert(name, end);
        PartFile::new(self.head.clone(), tally).write(out)
    }
}

/// As many records as a range has numbers, each of a card of its own, else like those of the log.
fn records(like: &Facts, numbers: std::ops::Range<u64>) -> Facts {
    let counts = |fact: &RecordFact| fact.card.is_some_and(|card| card.grade.counts());
    let like: Vec<RecordFact> = like.iter().filter(counts).take(1_000).collect();
    let mut facts = Facts::default();
    for (number, fact) in numbers.zip(like.iter().cycle()) {
        let card = fact.card.map(|card| Card { fingerprint: Fingerprint(mixed(number)), ..card });
        facts.push(&RecordFact { card, ..*fact });
    }
    facts
}

/// As many matches as a range has numbers, a millisecond apart, else like those of the log.
fn points(like: &Points, numbers: std::ops::Range<u64>) -> Points {
    let like: Vec<Point> = like.iter().take(1_000).collect();
    let begin = like.first().map_or(0, |point| point.time);
    let at = |(number, point): (u64, &Point)| Point {
        time: begin + number as i64 * 1_000,
        line: number + 1,
        offset: 100 * number,
        values: point.values.clone(),
    };
    let mut points = Points::default();
    points.extend(numbers.zip(like.iter().cycle()).map(at));
    points
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(7, |hash, byte| mixed(hash ^ u64::from(byte)))
}

/// Numbers that look random (splitmix64): different ones for different numbers.
fn mixed(n: u64) -> u64 {
    let z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
}
