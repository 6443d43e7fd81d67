//! How did data leave, and were tracks covered? Steps of the story that no rule hits on, from what
//! the second pass collected of the intruders and from the holes in the logs.

use crate::rule::Stage;
use crate::scan::TraceKind;

use super::presence::{PathUse, Presence, TOLD};
use super::{Case, Step};

/// Reads of records without payments are a sign from so many on...
const READS: u64 = 50;

/// ... if there are so many for each payment.
const READS_PER_PAYMENT: u64 = 100;

/// Adds these steps to a case.
pub(super) fn tell(case: &mut Case) {
    let intruders = case.actors.iter().filter(|p| p.intruder && p.kind == TraceKind::Client);
    let mut steps: Vec<Step> = intruders.take(TOLD).flat_map(exits).collect();
    steps.extend(holes(case));
    case.timeline.extend(steps);
    case.timeline.sort();
}

/// Large answers, walks through records and reads without payments of one intruder.
fn exits(presence: &Presence) -> Vec<Step> {
    let large = presence.large.iter().filter_map(|path| fetched(presence, path));
    let mut steps: Vec<Step> = large.collect();
    for walk in &presence.walks {
        let text = format!(
            "a walk through {}: {} of {} requests in sequence",
            walk.target, walk.in_sequence, walk.requests
        );
        steps.extend(collected(presence, text));
    }
    let (reads, payments) = (count(presence, READING), count(presence, PAYING));
    if reads >= READS && reads >= payments * READS_PER_PAYMENT {
        let text = format!("{reads} reads of records and {payments} payments");
        steps.extend(collected(presence, text));
    }
    steps
}

/// A large answer, at the time of the first.
fn fetched(presence: &Presence, path: &PathUse) -> Option<Step> {
    let text = format!("{} answered with {} bytes, entries: {}", path.path, path.bytes, path.count);
    Some(Step {
        time: path.time?,
        stage: Some(Stage::Exfiltration),
        text,
        client: Some(presence.value.clone()),
        locus: Some(path.locus.clone()),
        techniques: vec!["T1041".to_owned()],
        inside: true,
    })
}

/// What is known only of all entries together, at the time of the last.
fn collected(presence: &Presence, text: String) -> Option<Step> {
    let last = presence.last.as_ref()?;
    Some(Step {
        time: last.time,
        stage: Some(Stage::Collection),
        text,
        client: Some(presence.value.clone()),
        locus: Some(last.locus.clone()),
        techniques: vec!["T1213".to_owned()],
        inside: true,
    })
}

/// What operations that read begin with, of gateways such as GMO-PG's (`SearchCard`).
const READING: &[&str] = &["search", "get", "list", "find", "read", "select", "export", "query"];

/// What operations of a payment begin with (`ExecTran`).
const PAYING: &[&str] = &["exec", "entry", "pay", "charge", "capture", "authori", "sale"];

fn count(presence: &Presence, beginnings: &[&str]) -> u64 {
    let begins = |operation: &str| {
        let operation = operation.to_ascii_lowercase();
        beginnings.iter().any(|beginning| operation.starts_with(beginning))
    };
    let operations = presence.operations.iter().filter(|o| begins(&o.operation));
    operations.map(|operation| operation.count).sum()
}

/// Holes in the logs that begin after the intrusion did: tracks may have been covered.
fn holes(case: &Case) -> Vec<Step> {
    let Some(risk) = &case.at_risk else { return Vec::new() };
    let hole = |gap: &super::CoverageGap| {
        let from = gap.from.filter(|from| *from >= risk.start)?;
        let text = format!("{}: tracks may have been covered", gap.why);
        Some(Step {
            time: from,
            stage: Some(Stage::DefenseEvasion),
            text,
            client: None,
            locus: None,
            techniques: vec!["T1070".to_owned()],
            inside: true,
        })
    };
    case.coverage.gaps.iter().filter_map(hole).collect()
}
