//! One finding a line as an OCSF Detection Finding (class 2004): what data lakes take.
//!
//! The same body is valid from schema version 1.4.0 on; only `metadata.version` differs. What OCSF
//! has no place for stands under `unmapped.leaksweep`.

use std::fmt;
use std::io::{self, Write};
use std::net::IpAddr;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::attack::{tactics, techniques};
use super::facts::{self, finding_sentence, word};
use super::{Look, Report};
use crate::case::{Case, Example, Finding};
use crate::rule::Level;
use crate::time::Time;

/// A version of the OCSF schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OcsfVersion(&'static str);

impl OcsfVersion {
    /// The versions that the findings are valid for.
    pub const ALL: [Self; 5] =
        [Self("1.4.0"), Self("1.5.0"), Self("1.6.0"), Self("1.7.0"), Self("1.8.0")];
}

impl Default for OcsfVersion {
    /// 1.8.0.
    fn default() -> Self {
        Self("1.8.0")
    }
}

impl fmt::Display for OcsfVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for OcsfVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|version| version.0 == text);
        known.ok_or_else(|| format!("it is one of {}", Self::ALL.map(|v| v.0).join(", ")))
    }
}

/// Writes the findings of all sites.
pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for (case, finding) in facts::findings(report) {
        serde_json::to_writer(&mut *out, &detection(report, case, finding, look.ocsf))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn detection(report: &Report, case: &Case, finding: &Finding, version: OcsfVersion) -> Value {
    let (severity_id, severity) = severity(finding.rule.level);
    let mut event = json!({
        "activity_id": 1, "activity_name": "Create",
        "category_uid": 2, "category_name": "Findings",
        "class_uid": 2004, "class_name": "Detection Finding",
        "type_uid": 200_401, "type_name": "Detection Finding: Create",
        "severity_id": severity_id, "severity": severity,
        "status_id": 1, "status": "New",
        "is_alert": true,
        "count": finding.count,
        "message": finding_sentence(case, finding),
        // An entry without a readable time has none to give; OCSF insists on one.
        "time": finding.first.map_or(0, millis),
        "metadata": {
            "version": version.0,
            "uid": finding.id,
            "product": {"name": "leaksweep", "vendor_name": "leaksweep", "version": facts::version(report)},
        },
        "finding_info": info(finding),
        "evidences": evidences(report, case, finding),
        "resources": [{"name": case.site, "type": "site"}],
        "unmapped": {"leaksweep": own(report, case, finding)},
    });
    let observables = observables(finding);
    if let Some(event) = event.as_object_mut() {
        times(event, finding, ["start_time", "end_time"]);
        if !observables.is_empty() {
            event.insert("observables".into(), observables.into());
        }
    }
    event
}

fn severity(level: Level) -> (u8, &'static str) {
    match level {
        Level::Informational => (1, "Informational"),
        Level::Low => (2, "Low"),
        Level::Medium => (3, "Medium"),
        Level::High => (4, "High"),
        Level::Critical => (5, "Critical"),
    }
}

fn millis(time: Time) -> i64 {
    time.micros().div_euclid(1_000)
}

fn times(object: &mut Map<String, Value>, finding: &Finding, names: [&str; 2]) {
    for (name, time) in names.into_iter().zip([finding.first, finding.last]) {
        if let Some(time) = time {
            object.insert(name.to_owned(), millis(time).into());
        }
    }
}

fn info(finding: &Finding) -> Value {
    let rule = &finding.rule;
    let mut info = json!({
        "uid": finding.id,
        "title": rule.title,
        "analytic": {"type_id": 1, "type": "Rule", "uid": rule.id, "name": rule.title},
        "attacks": attacks(&rule.tags),
        "tags": [{"name": "sigma", "values": rule.tags}],
    });
    if let Some(info) = info.as_object_mut() {
        times(info, finding, ["first_seen_time", "last_seen_time"]);
        if let Some(stage) = finding.stage {
            info.insert("types".into(), json!([word(&stage)]));
        }
    }
    info
}

fn attacks(tags: &[String]) -> Vec<Value> {
    let tactics =
        tactics(tags).into_iter().map(|t| json!({"tactic": {"uid": t.id, "name": t.name}}));
    let techniques = techniques(tags).into_iter().map(|t| match t.part {
        Some(part) => json!({"technique": {"uid": t.id}, "sub_technique": {"uid": part}}),
        None => json!({"technique": {"uid": t.id}}),
    });
    tactics.chain(techniques).collect()
}

/// One evidence an example; a finding always has one.
fn evidences(report: &Report, case: &Case, finding: &Finding) -> Vec<Value> {
    let all = finding.examples.iter().map(|example| evidence(report, example));
    let all: Vec<Value> = all.collect();
    if all.is_empty() { vec![json!({"data": {"site": case.site}})] } else { all }
}

fn evidence(report: &Report, example: &Example) -> Value {
    let file = facts::file_of(&example.source);
    let name = file.rsplit('/').next().unwrap_or(file);
    let mut evidence = json!({
        "data": {
            "source": example.source, "line": example.line, "offset": example.offset,
            "time": example.time, "layer": example.layer, "excerpt": example.excerpt,
        },
        "file": {"name": name, "path": file, "type_id": 1, "type": "Regular File"},
    });
    if let (Some(sum), Some(file)) = (facts::sum_of(report, file), evidence.get_mut("file")) {
        file["hashes"] = json!([{"algorithm_id": 3, "algorithm": "SHA-256", "value": sum}]);
    }
    evidence
}

/// The clients that are addresses.
fn observables(finding: &Finding) -> Vec<Value> {
    let address = |client: &&String| client.parse::<IpAddr>().is_ok();
    let observable =
        |client| json!({"name": "client", "type_id": 2, "type": "IP Address", "value": client});
    finding.clients.iter().filter(address).map(observable).collect()
}

fn own(report: &Report, case: &Case, finding: &Finding) -> Value {
    json!({
        "site": case.site,
        "verdict": case.verdict,
        "rules": report.run.rules,
        "level": finding.rule.level,
        "author": finding.rule.author,
        "stage": finding.stage,
        "outcome": finding.outcome,
        "clients": finding.clients,
        "at_risk": case.at_risk,
        "records": facts::records(case),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_finding_is_a_detection_finding() {
        let mut out = Vec::new();
        let look = Look { ocsf: "1.5.0".parse().unwrap(), ..Look::default() };
        render(&sample::report(), look, &mut out).unwrap();
        let event: Value = serde_json::from_slice(&out).unwrap();
        for (at, value) in [
            ("/class_uid", json!(2004)),
            ("/time", json!(1_488_917_527_000_i64)),
            ("/metadata/version", json!("1.5.0")),
            ("/finding_info/uid", json!("f-1")),
            ("/finding_info/attacks/0/tactic/uid", json!("TA0001")),
            ("/evidences/0/file/hashes/0/value", json!("07".repeat(32))),
            ("/evidences/0/data/line", json!(7)),
            ("/observables/0/value", json!("203.0.113.66")),
            ("/unmapped/leaksweep/verdict", json!("confirmed-exfiltration")),
        ] {
            assert_eq!(event.pointer(at), Some(&value), "{at}");
        }
        assert!("1.3.0".parse::<OcsfVersion>().is_err());
    }
}
