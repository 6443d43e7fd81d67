//! Who attacked more than one site? One actor, not many.
//!
//! IPv6 clients are taken together by their /64: a customer gets at least that much, and changes
//! addresses within it at will.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use serde::{Deserialize, Serialize};

use super::finding::span;
use super::{Case, Reason, SiteHit};
use crate::rule::{Level, Stage};
use crate::time::Time;

/// The most actors of a report; intruders first, then those of most hits.
const ACTORS: usize = 200;

/// One client, seen attacking several sites, or an intruder of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Its address; of IPv6, the /64.
    pub client: String,
    /// The sites of which it is an intruder.
    pub intruder_at: Vec<String>,
    /// Every site where it was seen with a hit, by name.
    pub seen_at: Vec<Visit>,
}

/// What one actor did at one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The site.
    pub site: String,
    /// Hits that were kept.
    pub hits: u64,
    /// The first.
    pub first: Option<Time>,
    /// The last.
    pub last: Option<Time>,
}

/// The actors of all cases: intruders, and clients that attacked at least two sites.
pub fn actors(cases: &[Case]) -> Vec<Actor> {
    let inside = intruders(cases);
    let mut hits: BTreeMap<Cow<'_, str>, BTreeMap<&str, Vec<&SiteHit>>> = BTreeMap::new();
    for hit in cases.iter().flat_map(|case| &case.hits) {
        let Some(client) = hit.client.as_deref().map(key) else { continue };
        if is_hostile(hit) || inside.contains_key(&client) {
            hits.entry(client).or_default().entry(&hit.site).or_default().push(hit);
        }
    }
    let mut actors: Vec<Actor> = hits
        .into_iter()
        .map(|(client, sites)| actor(&client, &sites, &inside))
        .filter(|actor| actor.seen_at.len() > 1 || !actor.intruder_at.is_empty())
        .collect();
    let weight = |actor: &Actor| actor.seen_at.iter().map(|visit| visit.hits).sum::<u64>();
    actors.sort_by_key(|a| (a.intruder_at.is_empty(), std::cmp::Reverse(weight(a))));
    actors.truncate(ACTORS);
    actors
}

/// A hit that speaks of its client's doings: not of card data in a log, and no weak sign.
fn is_hostile(hit: &SiteHit) -> bool {
    hit.stage != Some(Stage::Exposure) && hit.level >= Level::Medium
}

/// By what a client is the same: its address, or the /64 of an IPv6 address.
fn key(client: &str) -> Cow<'_, str> {
    let Ok(address) = client.parse::<Ipv6Addr>() else { return Cow::Borrowed(client) };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return Cow::Owned(mapped.to_string());
    }
    let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
    Cow::Owned(format!("{network}/64"))
}

/// The sites of each intruder.
fn intruders(cases: &[Case]) -> BTreeMap<Cow<'_, str>, Vec<&str>> {
    let mut sites: BTreeMap<Cow<'_, str>, Vec<&str>> = BTreeMap::new();
    for case in cases {
        for indicator in case.indicators.iter().filter(|i| i.kind == "client") {
            let sites = sites.entry(key(&indicator.value)).or_default();
            if sites.last() != Some(&case.site.as_str()) {
                sites.push(&case.site);
            }
        }
    }
    sites
}

fn actor(
    client: &str,
    sites: &BTreeMap<&str, Vec<&SiteHit>>,
    inside: &BTreeMap<Cow<'_, str>, Vec<&str>>,
) -> Actor {
    let visit = |(site, hits): (&&str, &Vec<&SiteHit>)| {
        let span = span(hits.iter().filter_map(|hit| hit.time));
        Visit {
            site: (*site).to_owned(),
            hits: hits.len() as u64,
            first: span.map(|(first, _)| first),
            last: span.map(|(_, last)| last),
        }
    };
    let inside = inside.get(client).map(Vec::as_slice).unwrap_or_default();
    Actor {
        client: client.to_owned(),
        intruder_at: inside.iter().map(|site| (*site).to_owned()).collect(),
        seen_at: sites.iter().map(visit).collect(),
    }
}

/// Tells each case which intruders of other sites were seen at its own.
pub(super) fn tell(cases: &mut [Case]) {
    let mut told: BTreeMap<String, Vec<Reason>> = BTreeMap::new();
    for actor in actors(cases).iter().filter(|actor| !actor.intruder_at.is_empty()) {
        for visit in &actor.seen_at {
            if !actor.intruder_at.contains(&visit.site) {
                told.entry(visit.site.clone()).or_default().push(elsewhere(actor, visit));
            }
        }
    }
    for case in cases {
        case.reasons.extend(told.remove(&case.site).unwrap_or_default());
    }
}

fn elsewhere(actor: &Actor, visit: &Visit) -> Reason {
    let text = format!(
        "{}, an intruder of {}, was here, too: {} hits",
        actor.client,
        actor.intruder_at.join(", "),
        visit.hits
    );
    Reason { text, rule: None, locus: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_are_one() {
        let table = [
            ("203.0.113.66", "203.0.113.66"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
            ("::ffff:203.0.113.66", "203.0.113.66"),
            ("::1", "::/64"),
            ("unknown", "unknown"),
        ];
        for (client, wanted) in table {
            assert_eq!(key(client), wanted, "{client}");
        }
    }
}
