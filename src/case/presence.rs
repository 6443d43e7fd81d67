//! What did an actor do at this site, hits or not? The trails of the second pass, told site by
//! site.
//!
//! Entries of all logs are counted; requests and bytes are those of access logs alone, since an
//! application or a firewall writes of the same request again. Where a proxy and the server behind
//! it both keep an access log, a request stands in both and counts twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rule::Stage;
use crate::scan::{Moment, Run, Trace, TraceKind, Trail, Use, Uses};
use crate::source::Locus;
use crate::time::Time;

use super::site::{Site, SiteStream};
use super::suspect::Suspects;
use super::{Case, Reason, Step, count};

/// The most paths of a presence, most requested first.
const PATHS: usize = 50;

/// An answer of so many bytes is more than a page.
pub const LARGE: u64 = 1_000_000;

/// So many requests in sequence are a walk.
const WALK: u64 = 10;

/// Intruders of whom the story tells more than their hits.
pub(super) const TOLD: usize = 10;

/// The most agents, accounts or clients of a presence.
const NAMES: usize = 20;

/// An entry, when it was written and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sighting {
    /// When.
    pub time: Time,
    /// Where.
    pub locus: Locus,
}

/// A path and its use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathUse {
    /// The path, masked.
    pub path: String,
    /// Entries that name it.
    pub count: u64,
    /// Response bytes.
    pub bytes: u64,
    /// When the first of them was written.
    pub time: Option<Time>,
    /// Where the first of them stands.
    pub locus: Locus,
}

/// How often an operation was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationCount {
    /// The operation, masked: `SearchCard`.
    pub operation: String,
    /// Entries that name it.
    pub count: u64,
}

/// Requests that walk through numbers in sequence: pages of a list, records by their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The target, masked, with `#` for its numbers.
    pub target: String,
    /// Requests for it.
    pub requests: u64,
    /// Requests whose last number follows the one of the request before.
    pub in_sequence: u64,
}

/// Entries of one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourCount {
    /// When it begins.
    pub hour: Time,
    /// Entries in all logs.
    pub count: u64,
}

/// Everything that the logs of one site hold of one trace of an actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// What it is recognised by.
    pub kind: TraceKind,
    /// Its value: an address, an IPv6 /64, a path, an agent, an account, the beginning of a
    /// session's id.
    pub value: String,
    /// Whether it is a client that got in here.
    pub intruder: bool,
    /// Entries in all logs.
    pub entries: u64,
    /// Requests: entries of access logs.
    pub requests: u64,
    /// Response bytes of those.
    pub bytes: u64,
    /// Requests answered with success.
    pub succeeded: u64,
    /// Requests refused.
    pub refused: u64,
    /// Records of card or personal data in entries of the client, in logs that say what was read.
    pub records: u64,
    /// The earliest entry.
    pub first: Option<Sighting>,
    /// The latest entry.
    pub last: Option<Sighting>,
    /// Distinct paths; at most [`Bounds::uses`](crate::scan::Bounds::uses) a stream are told apart.
    pub paths_known: u64,
    /// Entries whose path is beyond those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub beyond: u64,
    /// The paths most often named.
    pub paths: Vec<PathUse>,
    /// Answers of at least [`LARGE`] bytes on average, largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub large: Vec<PathUse>,
    /// Operations of an application or gateway, most often named first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<OperationCount>,
    /// Requests that walk through numbers in sequence, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub walks: Vec<Walk>,
    /// Agents.
    pub agents: Vec<String>,
    /// Accounts that it logged in with, masked.
    pub accounts: Vec<String>,
    /// Beginnings of the ids of the sessions that it used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// Addresses: of a /64, or of those who used the path, agent, account or session.
    pub clients: Vec<String>,
    /// Entries by the hour.
    pub hours: Vec<HourCount>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Adds to a case what the actors did at its site, and to its story when each intruder came first
/// and last.
pub(super) fn tell(case: &mut Case, site: &Site<'_>, traces: &[Trace], suspects: &Suspects) {
    case.actors = presences(site, traces);
    for presence in &mut case.actors {
        let trace = Trace::new(presence.kind, &presence.value);
        let sites = suspects.intruders.get(&trace);
        presence.intruder = sites.is_some_and(|sites| sites.contains(site.name));
    }
    let steps: Vec<Step> =
        case.actors.iter().filter(|p| p.intruder).take(TOLD).flat_map(ends).collect();
    case.timeline.extend(steps);
    let elsewhere = case.actors.iter().filter_map(|presence| elsewhere(presence, suspects));
    case.reasons.extend(elsewhere.take(TOLD).collect::<Vec<_>>());
}

/// From where else an intruder's account or session was used.
fn elsewhere(presence: &Presence, suspects: &Suspects) -> Option<Reason> {
    if !matches!(presence.kind, TraceKind::Account | TraceKind::Session) {
        return None;
    }
    let other = |client: &&String| !suspects.intruders.contains_key(&Trace::client(client));
    let others: Vec<&str> = presence.clients.iter().filter(other).map(String::as_str).collect();
    let at = presence.first.as_ref().filter(|_| !others.is_empty())?;
    let text = format!(
        "the {} {}, which an intruder used, was used from {}, too: by the same intruder, or by whom \
         it belongs to",
        presence.kind.name(),
        presence.value,
        others.join(", ")
    );
    Some(Reason { text, rule: None, locus: Some(at.locus.clone()) })
}

/// The first and the last step of an intruder at the site.
fn ends(presence: &Presence) -> Vec<Step> {
    let step = |at: &Option<Sighting>, text: String, stage| {
        let at = at.as_ref()?;
        let (client, locus) = (Some(presence.value.clone()), Some(at.locus.clone()));
        let (techniques, inside) = (Vec::new(), true);
        Some(Step { time: at.time, stage, text, client, locus, techniques, inside })
    };
    let last = format!(
        "the intruder's last entry: {} entries in all, {} response bytes",
        presence.entries, presence.bytes
    );
    let first = "the intruder's first entry".to_owned();
    let first = step(&presence.first, first, Some(Stage::Reconnaissance));
    first.into_iter().chain(step(&presence.last, last, None)).collect()
}

/// What the logs of a site hold of some traces, in the order of the traces; common agents and
/// traces that are nowhere on the site are left out.
pub(super) fn presences(site: &Site<'_>, traces: &[Trace]) -> Vec<Presence> {
    let records = records(site);
    let presence = |trace| {
        let trails: Vec<_> =
            site.streams.iter().filter_map(|s| Some((s, s.trail(site.name, trace)?))).collect();
        let common = trails.iter().any(|(_, trail)| trail.common);
        let told = || Presence {
            records: records
                .get(&*trace.value)
                .copied()
                .filter(|_| trace.kind == TraceKind::Client)
                .unwrap_or(0),
            ..told(site, trace, &trails)
        };
        (!trails.is_empty() && !common).then(told)
    };
    traces.iter().filter_map(presence).collect()
}

/// Records of each client, in logs that say what was read.
fn records(site: &Site<'_>) -> BTreeMap<String, u64> {
    let mut records = BTreeMap::new();
    for stream in site.streams.iter().filter(|stream| stream.tells_answers()) {
        for (client, count) in count::by_client(stream) {
            *records.entry(client).or_default() += count;
        }
    }
    records
}

fn told(site: &Site<'_>, trace: &Trace, trails: &[(&SiteStream<'_>, &Trail)]) -> Presence {
    let access = || trails.iter().filter(|(stream, _)| stream.log() == "access").map(|(_, t)| *t);
    let outcome = |which: usize| access().filter_map(|t| t.outcomes.get(which)).sum();
    let sighting = |at: fn(&Trail) -> Option<Moment>| {
        move |(stream, trail): &(&SiteStream<'_>, &Trail)| {
            at(trail).map(|at| Sighting { time: at.time, locus: locus(stream, at.line, at.offset) })
        }
    };
    let paths = merged(trails, |trail| &trail.paths);
    let names = |of: fn(&Trail) -> &Uses| {
        let mut names: Vec<_> = merged(trails, of).into_iter().collect();
        names.sort_by_key(|(_, used)| std::cmp::Reverse(used.count));
        names.into_iter().take(NAMES).map(|(name, _)| name.to_owned()).collect()
    };
    Presence {
        kind: trace.kind,
        value: trace.value.to_string(),
        intruder: false,
        entries: trails.iter().map(|(_, trail)| trail.requests).sum(),
        requests: access().map(|trail| trail.requests).sum(),
        bytes: access().map(|trail| trail.bytes).fold(0, u64::saturating_add),
        succeeded: outcome(0),
        refused: outcome(1),
        records: 0,
        first: trails.iter().filter_map(sighting(|trail| trail.first)).min(),
        last: trails.iter().filter_map(sighting(|trail| trail.last)).max(),
        paths_known: paths.len() as u64,
        large: large(&paths),
        operations: operations(trails),
        walks: walks(trails),
        beyond: trails.iter().map(|(_, trail)| trail.paths.beyond).sum(),
        paths: most(paths),
        agents: names(|trail| &trail.agents),
        accounts: names(|trail| &trail.accounts),
        sessions: names(|trail| &trail.sessions),
        clients: names(|trail| &trail.clients),
        hours: hours(site, trails),
    }
}

fn locus(stream: &SiteStream<'_>, line: u64, offset: u64) -> Locus {
    Locus { source: stream.source().to_owned(), line, offset }
}

/// How a value was used in all logs together, and where it stands first.
struct Used<'a> {
    count: u64,
    bytes: u64,
    stream: &'a SiteStream<'a>,
    first: &'a Use,
}

fn merged<'a>(
    trails: &'a [(&'a SiteStream<'a>, &'a Trail)],
    of: impl Fn(&Trail) -> &Uses,
) -> BTreeMap<&'a str, Used<'a>> {
    let mut all: BTreeMap<&str, Used<'_>> = BTreeMap::new();
    for (stream, trail) in trails {
        for (value, used) in &of(trail).of {
            let ours = all.entry(value).or_insert(Used { count: 0, bytes: 0, stream, first: used });
            ours.count += used.count;
            ours.bytes = ours.bytes.saturating_add(used.bytes);
        }
    }
    all
}

/// The paths with the largest answers.
fn large(paths: &BTreeMap<&str, Used<'_>>) -> Vec<PathUse> {
    let large = paths.iter().filter(|(_, used)| used.bytes / used.count.max(1) >= LARGE);
    let mut large: Vec<PathUse> = large.map(|(path, used)| path_use(path, used)).collect();
    large.sort_by_key(|used| std::cmp::Reverse(used.bytes));
    large.truncate(NAMES);
    large
}

fn operations(trails: &[(&SiteStream<'_>, &Trail)]) -> Vec<OperationCount> {
    let operation = |(name, used): (&str, Used<'_>)| OperationCount {
        operation: name.to_owned(),
        count: used.count,
    };
    let used = merged(trails, |trail| &trail.operations);
    let mut operations: Vec<_> = used.into_iter().map(operation).collect();
    operations.sort_by_key(|operation| std::cmp::Reverse(operation.count));
    operations.truncate(NAMES);
    operations
}

fn walks(trails: &[(&SiteStream<'_>, &Trail)]) -> Vec<Walk> {
    let runs = trails.iter().flat_map(|(_, trail)| &trail.walks.of);
    let runs = runs.map(|(target, run)| (&**target, run));
    let walk = |(target, run): (&str, &Run)| Walk {
        target: target.to_string(),
        requests: run.requests,
        in_sequence: run.in_sequence,
    };
    let mut walks: Vec<_> = runs.map(walk).filter(|walk| walk.in_sequence >= WALK).collect();
    walks.sort_by(|a, b| (b.in_sequence, &a.target).cmp(&(a.in_sequence, &b.target)));
    walks.truncate(NAMES);
    walks
}

/// The paths most often named, then in the order of their names.
fn most(paths: BTreeMap<&str, Used<'_>>) -> Vec<PathUse> {
    let mut paths: Vec<_> = paths.into_iter().collect();
    paths.sort_by_key(|(_, used)| std::cmp::Reverse(used.count));
    paths.into_iter().take(PATHS).map(|(path, used)| path_use(path, &used)).collect()
}

fn path_use(path: &str, used: &Used<'_>) -> PathUse {
    PathUse {
        path: path.to_owned(),
        count: used.count,
        bytes: used.bytes,
        time: used.first.time,
        locus: locus(used.stream, used.first.line, used.first.offset),
    }
}

fn hours(site: &Site<'_>, trails: &[(&SiteStream<'_>, &Trail)]) -> Vec<HourCount> {
    let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
    for (hour, count) in trails.iter().flat_map(|(_, trail)| trail.hours.iter()) {
        *hours.entry(*hour).or_default() += count;
    }
    let offset = site.offset();
    let shown = |(hour, count)| HourCount { hour: Time::of_hour(hour, offset), count };
    hours.into_iter().map(shown).collect()
}
