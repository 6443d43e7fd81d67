//! One hit a line for a Timesketch timeline, in the order of the ndjson format. Name the file
//! `.jsonl`: Timesketch goes by the name.
//!
//! `message`, `datetime` and `timestamp_desc` are what it asks for; `timestamp` (microseconds)
//! spares it the reading of times. An entry without a readable time stands at zero and says so,
//! as Plaso does.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Report;
use super::facts::word;
use super::ndjson::hits;
use crate::case::SiteHit;
use crate::time::Time;

/// Writes the hits of all sites.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for hit in hits(report) {
        serde_json::to_writer(&mut *out, &row(hit))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn row(hit: &SiteHit) -> Value {
    let time = hit.time.unwrap_or(Time::from_micros(0, 0));
    let of = &*hit.of;
    let (level, outcome) = (word(&of.level), word(&hit.outcome));
    let mut row = json!({
        "message": format!("{}: {} ({outcome}): {}", of.site, of.title, hit.excerpt.as_str()),
        "datetime": time,
        "timestamp": time.micros(),
        "timestamp_desc": if hit.time.is_some() { "Event Logged" } else { "Not a time" },
        "data_type": "leaksweep:hit",
        "tag": ["leaksweep", level],
        "site": of.site,
        "locus": format!("{}:{}", of.source, hit.line),
        "offset": hit.offset,
        "rule_id": of.rule,
        "rule_title": of.title,
        "rule_author": of.author,
        "level": level,
        "outcome": outcome,
        "layer": hit.layer,
    });
    if let Some(client) = &hit.client {
        row["source_ip"] = json!(client);
    }
    if let Some(stage) = of.stage {
        row["stage"] = json!(stage);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_row_has_what_a_timeline_asks_for() {
        let mut report = sample::report();
        if let Some(hit) = report.sites.iter_mut().find_map(|case| case.hits.first_mut()) {
            std::sync::Arc::make_mut(&mut hit.entry).time = None;
        }
        let mut out = Vec::new();
        render(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows[0]["datetime"], "2017-03-08T05:12:07+09:00");
        assert_eq!(rows[0]["timestamp"], 1_488_917_527_000_000_i64);
        assert_eq!(rows[0]["timestamp_desc"], "Event Logged");
        assert_eq!(rows[1]["timestamp_desc"], "Not a time");
        assert!(rows.iter().all(|row| row["message"].is_string()));
    }
}
