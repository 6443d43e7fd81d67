//! Who was at more than one site? One actor, not many.
//!
//! IPv6 clients are taken together by their /64: a customer gets at least that much, and changes
//! addresses within it at will.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::rule::{Level, Stage};
use crate::scan::{Trace, TraceKind};
use crate::time::Time;

use super::presence::Presence;
use super::suspect::Suspects;
use super::{Case, Judged, Reason, SiteHit};

/// One client: an intruder, one behind a suspicion, or one that attacked several sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Its address; of IPv6, the /64.
    pub client: String,
    /// The sites of which it is an intruder.
    pub intruder_at: Vec<String>,
    /// Every site where it was seen, by name.
    pub seen_at: Vec<Visit>,
}

/// What one actor did at one site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The site.
    pub site: String,
    /// Hits that were kept.
    pub hits: u64,
    /// Entries, hits or not; 0 where it was not followed.
    pub entries: u64,
    /// Requests: entries of access logs; 0 where it was not followed.
    pub requests: u64,
    /// Response bytes of those.
    pub bytes: u64,
    /// Records in its entries.
    pub records: u64,
    /// The first.
    pub first: Option<Time>,
    /// The last.
    pub last: Option<Time>,
}

impl Visit {
    fn reach(&mut self, first: Option<Time>, last: Option<Time>) {
        self.first = [self.first, first].into_iter().flatten().min();
        self.last = self.last.max(last);
    }

    fn hit(&mut self, hit: &SiteHit) {
        self.hits += 1;
        self.reach(hit.time, hit.time);
    }

    fn follow(&mut self, presence: &Presence) {
        self.entries = presence.entries;
        self.requests = presence.requests;
        self.bytes = presence.bytes;
        self.records = presence.records;
        let time = |at: &Option<super::Sighting>| at.as_ref().map(|at| at.time);
        self.reach(time(&presence.first), time(&presence.last));
    }
}

/// The actors of all cases, intruders first: those, the clients behind a suspicion that were
/// followed, and clients that attacked at least two sites; at most so many.
pub(super) fn actors(judged: &[Judged], suspects: &Suspects, most: usize) -> Vec<Actor> {
    let mut visits: BTreeMap<&Trace, Vec<&Visit>> = BTreeMap::new();
    for (client, visit) in judged.iter().flat_map(|judged| &judged.visits) {
        visits.entry(client).or_default().push(visit);
    }
    let mut actors: Vec<Actor> =
        visits.into_iter().map(|(client, visits)| actor(client, visits, suspects)).collect();
    actors.retain(|actor| {
        let followed = actor.seen_at.iter().any(|visit| visit.entries > 0);
        followed || actor.seen_at.len() > 1 || !actor.intruder_at.is_empty()
    });
    let weight = |actor: &Actor| actor.seen_at.iter().map(|visit| visit.hits).sum::<u64>();
    actors.sort_by_key(|a| (a.intruder_at.is_empty(), std::cmp::Reverse(weight(a))));
    actors.truncate(most);
    actors
}

/// What each client did at the site of a case, as far as its hits and the second pass tell.
pub(super) fn visits(case: &Case, suspects: &Suspects) -> BTreeMap<Trace, Visit> {
    let mut visits = BTreeMap::new();
    let mut at = |client: Trace, note: &dyn Fn(&mut Visit)| {
        let new = || Visit { site: case.site.clone(), ..Visit::default() };
        note(visits.entry(client).or_insert_with(new));
    };
    for hit in &case.hits {
        let Some(client) = hit.client.as_deref().map(Trace::client) else { continue };
        if is_hostile(hit) || suspects.intruders.contains_key(&client) {
            at(client, &|visit| visit.hit(hit));
        }
    }
    for presence in case.actors.iter().filter(|p| p.kind == TraceKind::Client) {
        at(Trace::client(&presence.value), &|visit| visit.follow(presence));
    }
    visits
}

/// A hit that speaks of its client's doings: not of card data in a log, and no weak sign.
fn is_hostile(hit: &SiteHit) -> bool {
    hit.of.stage != Some(Stage::Exposure) && hit.of.level >= Level::Medium
}

fn actor(client: &Trace, visits: Vec<&Visit>, suspects: &Suspects) -> Actor {
    let inside: Option<&BTreeSet<String>> = suspects.intruders.get(client);
    Actor {
        client: client.value.to_string(),
        intruder_at: inside.into_iter().flatten().cloned().collect(),
        seen_at: visits.into_iter().cloned().collect(),
    }
}

/// Tells each case which intruders of other sites were seen at its own.
pub(super) fn tell(cases: &mut [Case], actors: &[Actor]) {
    let mut told: BTreeMap<&str, Vec<Reason>> = BTreeMap::new();
    for actor in actors.iter().filter(|actor| !actor.intruder_at.is_empty()) {
        for visit in &actor.seen_at {
            if !actor.intruder_at.contains(&visit.site) {
                told.entry(&visit.site).or_default().push(elsewhere(actor, visit));
            }
        }
    }
    for case in cases {
        case.reasons.extend(told.remove(case.site.as_str()).unwrap_or_default());
    }
}

fn elsewhere(actor: &Actor, visit: &Visit) -> Reason {
    let entries = match visit.entries {
        0 => String::new(),
        n => format!("{n} entries, "),
    };
    let text = format!(
        "{}, an intruder of {}, was here, too: {entries}{} hits",
        actor.client,
        actor.intruder_at.join(", "),
        visit.hits
    );
    Reason { text, rule: None, locus: None }
}
