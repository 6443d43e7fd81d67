//! How well are card numbers and e-mail addresses found? Recall and precision per shape, on a
//! labelled log of its own and on the corpora of other tools where they are at hand.
//!
//! ```text
//! cargo run --release --example score-elements
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "elements/log.rs"]
mod log;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use leaksweep::element::{
    CaseKey, Columns, Element, Finder, Fingerprint, Record, Scratch, settled,
};
use leaksweep::event::Event;

fn main() {
    let (shapes, decoys) = (40, 3000);
    let lines = log::log(shapes, decoys, 20_261_124);
    score(&lines);
    persons();
    others();
}

/// Personal data: recall per shape, and what is found where there is none.
fn persons() {
    let finder = Finder::new(CaseKey::from_bytes(b"score"));
    let mut scratch = Scratch::default();
    let mut rows = BTreeMap::<String, Row>::new();
    for line in log::person::log(40, &mut log::Chance(20_261_124)) {
        let records = records(&finder, &line.bytes, &mut scratch);
        let held = |element| records.iter().any(|record| record.class.has(element));
        let row = rows.entry(line.shape).or_default();
        row.lines += 1;
        row.planted += u64::from(line.holds.is_some());
        row.found += u64::from(line.holds.is_some_and(held));
        row.wrong += u64::from(line.holds.is_none() && !records.is_empty());
    }
    print("personal data", &rows);
}

fn records(finder: &Finder, text: &[u8], scratch: &mut Scratch) -> Vec<Record> {
    let mut event = Event::default();
    event.reset(text);
    let mut out = Vec::new();
    finder.records(&event, scratch, &mut out);
    out
}

/// The fingerprint of a card number: what the finder makes of it under a key.
fn fingerprint(finder: &Finder, card: &str) -> Option<Fingerprint> {
    let found = records(finder, format!("card_no={card}").as_bytes(), &mut Scratch::default());
    found.first().and_then(|r| r.card).map(|c| c.fingerprint)
}

#[derive(Default)]
struct Row {
    lines: u64,
    planted: u64,
    found: u64,
    wrong: u64,
    grades: BTreeMap<String, u64>,
}

fn score(lines: &[log::Line]) {
    let finder = Finder::new(CaseKey::from_bytes(b"score"));
    let (mut scratch, mut columns) = (Scratch::default(), Columns::default());
    let mut all = Vec::new();
    for line in lines {
        all.push(records(&finder, &line.bytes, &mut scratch));
        scratch.observations().iter().for_each(|seen| columns.note(seen));
    }
    let (mut rows, mut mails) = (BTreeMap::<String, Row>::new(), (0, 0, 0));
    for (line, records) in lines.iter().zip(&all) {
        let row = rows.entry(line.shape.to_owned()).or_default();
        let want: BTreeSet<_> = line.cards.iter().filter_map(|c| fingerprint(&finder, c)).collect();
        let mut got = BTreeSet::new();
        for record in records {
            let (class, card) = settled(record.class, record.card, &columns);
            if let Some(card) = card {
                *row.grades.entry(format!("{:?}", card.grade)).or_default() += 1;
                if card.grade.counts() {
                    got.insert(card.fingerprint);
                }
            }
            let mail = class.has(Element::Email);
            mails.0 += u64::from(mail && line.mail);
            mails.1 += u64::from(mail && !line.mail);
        }
        mails.2 += u64::from(line.mail);
        row.lines += 1;
        row.planted += want.len() as u64;
        row.found += want.intersection(&got).count() as u64;
        row.wrong += got.difference(&want).count() as u64;
    }
    print("cards", &rows);
    println!(
        "e-mail: recall {}, precision {}",
        share(mails.0, mails.2),
        share(mails.0, mails.0 + mails.1)
    );
    println!("card numbers expected by chance alone in all columns: {:.0}\n", columns.by_chance());
}

fn print(what: &str, rows: &BTreeMap<String, Row>) {
    println!(
        "{:<28} {:>6} {:>8} {:>8} {:>6}  grades",
        "shape", "lines", "planted", "found", "wrong"
    );
    let mut sum = (0, 0, 0);
    for (shape, row) in rows {
        let grades: Vec<_> = row.grades.iter().map(|(g, n)| format!("{g} {n}")).collect();
        println!(
            "{shape:<28} {:>6} {:>8} {:>8} {:>6}  {}",
            row.lines,
            row.planted,
            row.found,
            row.wrong,
            grades.join(", ")
        );
        sum = (sum.0 + row.planted, sum.1 + row.found, sum.2 + row.wrong);
    }
    println!("{what}: recall {}, precision {}", share(sum.1, sum.0), share(sum.1, sum.1 + sum.2));
}

fn share(part: u64, whole: u64) -> String {
    format!("{part}/{whole} = {:.2} %", 100.0 * part as f64 / (whole as f64).max(1.0))
}

/// The folder with real data by others, if it is there.
fn data() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    std::env::var_os("LEAKSWEEP_DATA").map_or_else(beside, PathBuf::from).join("elements")
}

/// The corpora of other tools: every string by itself, so that no column can settle anything.
fn others() {
    let finder = Finder::new(CaseKey::from_bytes(b"score"));
    let Ok(text) = std::fs::read_to_string(data().join("pan_email.ndjson")) else { return };
    let mut rows = BTreeMap::<String, (u64, u64, u64, u64)>::new();
    for line in text.lines() {
        let Ok(json) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let (entity, text) =
            (json["entity"].as_str().unwrap_or(""), json["text"].as_str().unwrap_or(""));
        let found = records(&finder, text.as_bytes(), &mut Scratch::default());
        let hit = match entity {
            "CREDIT_CARD" => found.iter().any(|r| r.card.is_some()),
            "EMAIL_ADDRESS" => found.iter().any(|r| r.email.is_some()),
            "PHONE_NUMBER" => found.iter().any(|r| r.class.has(Element::Phone)),
            _ => found.iter().any(|r| r.card.is_some_and(|c| c.grade.counts())),
        };
        let row = rows.entry(entity.to_owned()).or_default();
        let want = json["count"].as_u64() != Some(0)
            && ["CREDIT_CARD", "EMAIL_ADDRESS", "PHONE_NUMBER"].contains(&entity);
        row.0 += u64::from(want);
        row.1 += u64::from(want && hit);
        row.2 += u64::from(!want);
        row.3 += u64::from(!want && hit);
        if want != hit {
            println!(
                "{entity}: {} {}",
                if want { "missed" } else { "wrong " },
                leaksweep::element::mask(text.as_bytes(), 0, 60)
            );
        }
    }
    for (entity, (want, found, none, wrong)) in rows {
        println!("{entity:<16} found {found} of {want}, wrong {wrong} of {none}");
    }
    requests(&finder);
}

/// Real requests of a gateway: how many cards, under which grade.
fn requests(finder: &Finder) {
    let Ok(text) = std::fs::read_to_string(data().join("gmo_requests.ndjson")) else { return };
    let mut grades = BTreeMap::<String, u64>::new();
    let mut cards = 0;
    for line in text.lines() {
        cards += u64::from(line.contains("CardNo=4111") || line.contains("CardNo=\\\"4111"));
        for record in records(finder, line.as_bytes(), &mut Scratch::default()) {
            let grade = record.card.map_or("no card".into(), |c| format!("{:?}", c.grade));
            let class: Vec<_> = record.class.iter().map(Element::name).collect();
            *grades.entry(format!("{grade} [{}]", class.join(" "))).or_default() += 1;
        }
    }
    println!("gateway requests with a card under its key: {cards}; records:");
    for (what, n) in grades {
        println!("  {n:>4} {what}");
    }
}
