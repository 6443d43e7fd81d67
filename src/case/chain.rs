//! The intrusion as one finding: its steps in order of time, each with its stage, its techniques
//! and the entry that shows it.

use std::collections::BTreeSet;

use crate::rule::{Level, Stage};
use crate::scan::{Outcome, TraceKind};

use super::finding::{id, span};
use super::{Case, Finding, FindingRule, Step, Verdict};

/// The id under which the chain stands among the findings: of no rule.
const ID: &str = "leaksweep-intrusion";

/// Steps of one stage that the chain shows; the timeline has more.
const EACH: usize = 5;

/// Adds the chain to the findings of a case, before all others.
pub(super) fn tell(case: &mut Case) {
    if let Some(chain) = chain(case) {
        case.findings.insert(0, chain);
    }
}

/// The chain, if access is confirmed and more than one stage shows.
fn chain(case: &Case) -> Option<Finding> {
    if case.verdict > Verdict::ConfirmedAccess {
        return None;
    }
    let steps = steps(case);
    let stages: Vec<Stage> = in_order(&steps);
    if !steps.iter().any(|step| step.inside && step.locus.is_some()) || stages.len() < 2 {
        return None;
    }
    let span = span(steps.iter().map(|step| step.time));
    let clients: BTreeSet<&String> = steps.iter().filter_map(|step| step.client.as_ref()).collect();
    let names: Vec<String> = stages.iter().map(|stage| stage.name().replace('-', " ")).collect();
    Some(Finding {
        id: id(&case.site, ID, Outcome::Succeeded),
        rule: FindingRule {
            id: ID.to_owned(),
            title: format!("Intrusion: {}", names.join(", ")),
            level: Level::Critical,
            author: "leaksweep".to_owned(),
            tags: tags(&steps, &stages),
        },
        stage: None,
        outcome: Outcome::Succeeded,
        shown: Vec::new(),
        count: steps.len() as u64,
        first: span.map(|(first, _)| first),
        last: span.map(|(_, last)| last),
        clients: clients.into_iter().cloned().collect(),
        examples: Vec::new(),
        baseline: None,
        steps,
    })
}

/// The steps of those who got in, and how they looked around before: of each stage the first.
fn steps(case: &Case) -> Vec<Step> {
    let intruders: BTreeSet<&str> = case
        .actors
        .iter()
        .filter(|presence| presence.intruder && presence.kind == TraceKind::Client)
        .map(|presence| presence.value.as_str())
        .chain(case.timeline.iter().filter(|step| step.inside).filter_map(|s| s.client.as_deref()))
        .collect();
    let theirs = |step: &&Step| {
        let looking = step.stage == Some(Stage::Reconnaissance)
            && step.client.as_deref().is_some_and(|client| intruders.contains(client));
        step.inside || looking
    };
    let mut counts = std::collections::BTreeMap::new();
    let kept = case.timeline.iter().filter(theirs).filter(|step| {
        let count = counts.entry(step.stage).or_insert(0);
        *count += 1;
        *count <= EACH
    });
    kept.cloned().collect()
}

/// The stages in the order in which each begins.
fn in_order(steps: &[Step]) -> Vec<Stage> {
    let mut stages = Vec::new();
    for stage in steps.iter().filter_map(|step| step.stage) {
        if !stages.contains(&stage) {
            stages.push(stage);
        }
    }
    stages
}

/// ATT&CK tactics and techniques, as tags.
fn tags(steps: &[Step], stages: &[Stage]) -> Vec<String> {
    let tactics = stages.iter().map(|stage| format!("attack.{}", stage.name()));
    let techniques = steps.iter().flat_map(|step| &step.techniques);
    let techniques: BTreeSet<String> =
        techniques.map(|technique| format!("attack.{}", technique.to_lowercase())).collect();
    tactics.chain(techniques).collect()
}
