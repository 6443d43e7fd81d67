//! One finding a line as an alert of the Elastic Common Schema. What it has no place for stands
//! under `leaksweep`.

use std::io::{self, Write};
use std::net::IpAddr;

use serde_json::{Value, json};

use super::Report;
use super::attack::{tactics, techniques};
use super::facts::{self, finding_sentence};
use crate::case::{Case, Finding};
use crate::rule::Level;
use crate::scan::Outcome;
use crate::time::Time;

/// The version of the schema that the fields are of.
const VERSION: &str = "9.4.0";

/// Writes the findings of all sites.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (case, finding) in facts::findings(report) {
        serde_json::to_writer(&mut *out, &alert(report, case, finding))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn alert(report: &Report, case: &Case, finding: &Finding) -> Value {
    // An entry without a readable time has none to give; the schema insists on one.
    let time = finding.first.unwrap_or(Time::from_micros(0, 0));
    let addresses: Vec<&String> =
        finding.clients.iter().filter(|client| client.parse::<IpAddr>().is_ok()).collect();
    let mut alert = json!({
        "@timestamp": time,
        "ecs": {"version": VERSION},
        "message": finding_sentence(case, finding),
        "event": event(finding),
        "rule": {
            "id": finding.rule.id, "name": finding.rule.title, "author": [finding.rule.author],
            "ruleset": "leaksweep", "version": report.run.rules,
        },
        "threat": threat(&finding.rule.tags),
        "related": {"ip": addresses, "hosts": [case.site]},
        "observer": {"product": "leaksweep", "vendor": "leaksweep", "version": facts::version(report)},
        "leaksweep": own(case, finding),
    });
    if let Some(first) = addresses.first() {
        alert["source"] = json!({"ip": first});
    }
    if let Some(example) = finding.examples.first() {
        alert["log"] = json!({"file": {"path": facts::file_of(&example.source)}});
    }
    alert
}

fn event(finding: &Finding) -> Value {
    let mut event = json!({
        "kind": "alert",
        "module": "leaksweep",
        "dataset": "leaksweep.finding",
        "id": finding.id,
        "category": ["intrusion_detection", "web"],
        "type": [if finding.outcome == Outcome::Blocked { "denied" } else { "info" }],
        "outcome": outcome(finding.outcome),
        "severity": severity(finding.rule.level),
    });
    for (name, time) in [("start", finding.first), ("end", finding.last)] {
        if let Some(time) = time {
            event[name] = json!(time);
        }
    }
    event
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "success",
        Outcome::Blocked => "failure",
        Outcome::Unknown => "unknown",
    }
}

/// As Elastic's own rules weigh severity: 21, 47, 73, 99.
fn severity(level: Level) -> u8 {
    match level {
        Level::Informational => 1,
        Level::Low => 21,
        Level::Medium => 47,
        Level::High => 73,
        Level::Critical => 99,
    }
}

fn threat(tags: &[String]) -> Value {
    let (tactics, techniques) = (tactics(tags), techniques(tags));
    let parts: Vec<&String> = techniques.iter().filter_map(|t| t.part.as_ref()).collect();
    json!({
        "framework": "MITRE ATT&CK",
        "tactic": {
            "id": tactics.iter().map(|t| t.id).collect::<Vec<_>>(),
            "name": tactics.iter().map(|t| t.name).collect::<Vec<_>>(),
        },
        "technique": {
            "id": techniques.iter().map(|t| &t.id).collect::<Vec<_>>(),
            "subtechnique": {"id": parts},
        },
    })
}

fn own(case: &Case, finding: &Finding) -> Value {
    json!({
        "site": case.site,
        "verdict": case.verdict,
        "level": finding.rule.level,
        "stage": finding.stage,
        "outcome": finding.outcome,
        "count": finding.count,
        "clients": finding.clients,
        "examples": finding.examples,
        "records": facts::records(case),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_finding_is_an_alert() {
        let mut out = Vec::new();
        render(&sample::report(), &mut out).unwrap();
        let alert: Value = serde_json::from_slice(&out).unwrap();
        for (at, value) in [
            ("/@timestamp", json!("2017-03-08T05:12:07+09:00")),
            ("/event/kind", json!("alert")),
            ("/event/severity", json!(99)),
            ("/source/ip", json!("203.0.113.66")),
            ("/log/file/path", json!("zei/access.log")),
            ("/threat/tactic/id/0", json!("TA0001")),
            ("/leaksweep/site", json!("zei.example.jp")),
        ] {
            assert_eq!(alert.pointer(at), Some(&value), "{at}");
        }
    }
}
