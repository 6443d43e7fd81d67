//! Part files: any file is refused, or comes back as it was written, merges with itself without
//! change, and makes a report.

use std::sync::LazyLock;

use leaksweep::report::{Head, PartFile, Run};
use leaksweep::scan::Tally;
use leaksweep::source::Inventory;
use leaksweep::{Options, conclude};
use serde_json::Value;

use super::edit::edited;
use super::report::renders;
use super::room::{RULES, file, folder, tally};
use super::seeds::INCIDENT;

/// The lines of a part file.
static BASE: LazyLock<Value> = LazyLock::new(|| {
    let folder = folder();
    let path = file(folder.path(), "shop.example.com/access.log", INCIDENT.as_bytes());
    let mut part = part("key");
    part.tally = tally(&[path], &Options::default());
    let text = written(&part);
    let lines = serde_json::Deserializer::from_slice(&text).into_iter();
    Value::Array(lines.collect::<Result<_, _>>().unwrap())
});

/// A part that holds nothing.
fn part(key: &str) -> PartFile {
    let run = Run { rules: RULES.digest(), ..Run::default() };
    PartFile::new(Head::new(key.into(), run, [].into()), Tally::default())
}

fn written(part: &PartFile) -> Vec<u8> {
    let mut text = Vec::new();
    part.write(&mut text).unwrap();
    text
}

fn lines(text: Vec<u8>) -> Vec<u8> {
    let line = |line: &Value| format!("{line}\n").into_bytes();
    let lines = serde_json::from_slice::<Vec<Value>>(&text);
    lines.map_or(text, |lines| lines.iter().flat_map(line).collect())
}

pub fn check(data: &[u8]) {
    let text = lines(edited(&BASE, data));
    let mut read = part("");
    if read.read(text.as_slice()).is_err() {
        return;
    }
    let text = written(&read);
    let mut again = part("");
    again.read(text.as_slice()).unwrap();
    // What was judged apart is not written as a part.
    let same = |again: &PartFile| again.head == read.head && again.tally == read.tally;
    assert!(same(&again), "written and read");
    again.read(text.as_slice()).unwrap();
    assert!(same(&again), "merged with itself");
    renders(&conclude(&read.tally, &Inventory::default(), &RULES, read.head.run(false)));
}
