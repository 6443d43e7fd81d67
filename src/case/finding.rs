//! What did the rules find? Hits grouped by rule and outcome, and one by one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::scan::{Hit, Outcome};
use crate::time::Time;

use super::catalog::{Catalog, Known, Role};
use super::shown::of_dropped;
use super::site::{Seen, Site};
use super::suppressed;
use super::tampering::rewritten;
use super::{Example, Finding, FindingRule, HitOf, Shown, ShownBy, SiteHit};

/// The most clients that a finding names.
const CLIENTS: usize = 50;

/// The most examples of a finding.
const EXAMPLES: usize = 5;

const OUTCOMES: [Outcome; 3] = [Outcome::Succeeded, Outcome::Blocked, Outcome::Unknown];

/// The findings of a site, gravest first, then by rule id and outcome.
pub(super) fn findings(
    site: &Site<'_>,
    catalog: &Catalog,
    outcomes: &[(Outcome, Shown)],
) -> Vec<Finding> {
    let mut groups: BTreeMap<(u32, Outcome), Group<'_, '_>> = BTreeMap::new();
    for (seen, (outcome, shown)) in site.hits.iter().zip(outcomes) {
        let group = groups.entry((seen.rule, *outcome)).or_default();
        group.seen.push(seen);
        *group.shown.entry(*shown).or_default() += 1;
    }
    for ((rule, outcome), count) in dropped(site, catalog) {
        groups.entry((rule, outcome)).or_default().dropped += count;
    }
    let finding = |((rule, outcome), group): ((u32, _), Group<'_, '_>)| {
        Some(self::finding(site.name, catalog.get(rule)?, outcome, &group))
    };
    let mut findings: Vec<Finding> = groups.into_iter().filter_map(finding).collect();
    findings.extend(rewritten(site));
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (std::cmp::Reverse(f.rule.level), f.rule.id.clone(), f.outcome);
        key(a).cmp(&key(b))
    });
    findings
}

/// The hits of one rule and outcome.
#[derive(Default)]
struct Group<'s, 't> {
    seen: Vec<&'s Seen<'t>>,
    shown: BTreeMap<Shown, u64>,
    /// Hits that were counted but not kept.
    dropped: u64,
}

/// Hits that were counted but not kept, by rule and outcome; not those of rules that are suppressed
/// as a whole.
fn dropped(site: &Site<'_>, catalog: &Catalog) -> BTreeMap<(u32, Outcome), u64> {
    let mut dropped = BTreeMap::new();
    for (rule, set) in site.streams.iter().flat_map(|stream| &stream.tally.rules) {
        let known = catalog.get(*rule);
        if known.is_some_and(|known| suppressed::whole(site, known).is_some()) {
            continue;
        }
        let role = known.map_or(Role::Other, |known| known.role);
        for (raw, count) in OUTCOMES.into_iter().zip(set.dropped()) {
            if count > 0 {
                *dropped.entry((*rule, of_dropped(raw, role))).or_default() += count;
            }
        }
    }
    dropped
}

fn finding(site: &str, rule: &Known, outcome: Outcome, group: &Group<'_, '_>) -> Finding {
    let seen = &group.seen;
    let times = || seen.iter().filter_map(|seen| seen.hit.time);
    let info = &rule.info;
    Finding {
        id: id(site, &info.id, outcome),
        rule: FindingRule {
            id: info.id.clone(),
            title: info.title.clone(),
            level: info.level,
            author: info.author.clone(),
            tags: info.tags.clone(),
        },
        stage: rule.stage,
        outcome,
        shown: group.shown.iter().map(|(by, count)| ShownBy { by: *by, count: *count }).collect(),
        count: seen.len() as u64 + group.dropped,
        first: times().min(),
        last: times().max(),
        clients: clients(seen),
        examples: seen.iter().take(EXAMPLES).map(|seen| example(seen)).collect(),
        baseline: None,
        steps: Vec::new(),
    }
}

/// The clients, most active first, then by address.
fn clients(seen: &[&Seen<'_>]) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for client in seen.iter().filter_map(|seen| seen.client()) {
        *counts.entry(client).or_default() += 1;
    }
    let mut clients: Vec<(&str, u64)> = counts.into_iter().collect();
    clients.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    clients.into_iter().take(CLIENTS).map(|(client, _)| client.to_owned()).collect()
}

fn example(seen: &Seen<'_>) -> Example {
    let hit = &seen.hit;
    Example {
        source: seen.source().to_owned(),
        line: hit.line,
        offset: hit.offset,
        time: hit.time,
        layer: hit.layer,
        excerpt: hit.excerpt.clone(),
    }
}

/// The first 64 bits of a hash of site, rule and outcome: the same finding has the same id in
/// every run.
pub(super) fn id(site: &str, rule: &str, outcome: Outcome) -> String {
    let outcome = OUTCOMES.iter().position(|o| *o == outcome).unwrap_or_default();
    let digest = Sha256::digest(format!("{site}\0{rule}\0{outcome}"));
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Every hit that was kept, for the line-by-line output.
pub(super) fn hits(
    site: &Site<'_>,
    catalog: &Catalog,
    outcomes: &[(Outcome, Shown)],
) -> Vec<SiteHit> {
    let mut all = Vec::with_capacity(site.hits.len());
    let mut known: BTreeMap<(u32, &str), Arc<HitOf>> = BTreeMap::new();
    for (seen, (outcome, _)) in site.hits.iter().zip(outcomes) {
        let Some(rule) = catalog.get(seen.rule) else { continue };
        let new = || hit_of(site.name, seen, rule).into();
        let of = Arc::clone(known.entry((seen.rule, seen.source())).or_insert_with(new));
        let Hit { layer, entry } = seen.hit.clone();
        all.push(SiteHit { of, outcome: *outcome, layer, entry });
    }
    all
}

fn hit_of(site: &str, seen: &Seen<'_>, rule: &Known) -> HitOf {
    HitOf {
        site: site.to_owned(),
        source: seen.source().to_owned(),
        rule: rule.info.id.clone(),
        title: rule.info.title.clone(),
        level: rule.info.level,
        stage: rule.stage,
        author: rule.info.author.clone(),
    }
}

/// First and last of some times.
pub(super) fn span(times: impl Iterator<Item = Time>) -> Option<(Time, Time)> {
    times.fold(None, |span: Option<(Time, Time)>, time| {
        Some(span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))))
    })
}
