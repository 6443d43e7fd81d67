//! Did an exploit work? Its side effect in the access log, joined by time.
//!
//! An application log names no client: its entry is joined with the access log of the same site,
//! where the rules for side effects hit weakly, by the id of the request or session where both logs
//! name it, else by time ([`JOIN_SECONDS`]). The join must be of one client only and of a rule for
//! the same vulnerability; by time alone, such hits must be so rare that chance does not explain it
//! ([`CHANCE_PER_MILLE`]).

use std::collections::BTreeMap;

use crate::element::Fingerprint;
use crate::time::Time;

use super::attack::{Attack, Attacks};
use super::catalog::{Catalog, Known, Role};
use super::site::{Seen, Site};

/// An exploit and its side effect are written within so many seconds.
pub(super) const JOIN_SECONDS: i64 = 2;

/// Weak hits of other clients may make a join by chance in at most so many of 1,000 cases.
const CHANCE_PER_MILLE: i64 = 50;

/// An exploit and a side effect of it.
pub(super) struct Effect<'s, 't> {
    /// Of whom the side effect is.
    pub(super) client: &'s str,
    pub(super) exploit: &'s Seen<'t>,
    pub(super) trace: &'s Seen<'t>,
}

/// The side effects of exploits.
pub(super) fn effects<'s, 't>(
    site: &'s Site<'t>,
    catalog: &'s Catalog,
    attacks: &Attacks<'s, 't>,
) -> Vec<Effect<'s, 't>> {
    let traces = Traces::new(site, catalog);
    let exploits = attacks.all.iter().filter(|attack| attacks.is_accepted_exploit(attack));
    exploits.flat_map(|exploit| traces.of(exploit)).collect()
}

/// The hits of rules that see side effects weakly.
struct Traces<'s, 't> {
    /// In order of time.
    all: Vec<(&'s Known, &'s Seen<'t>)>,
    /// Their places by request and session.
    by_link: BTreeMap<Fingerprint, Vec<usize>>,
    /// How many each client has.
    by_client: BTreeMap<&'s str, i64>,
    /// From the first to the last entry of the site, in seconds.
    span: i64,
}

impl<'s, 't> Traces<'s, 't> {
    fn new(site: &'s Site<'t>, catalog: &'s Catalog) -> Self {
        let trace = |seen: &'s Seen<'t>| {
            let rule = catalog.get(seen.rule).filter(|rule| rule.role == Role::Trace)?;
            Some((rule, seen))
        };
        let all: Vec<_> = site.hits.iter().filter_map(trace).collect();
        let mut by_client = BTreeMap::new();
        for client in all.iter().filter_map(|(_, seen)| seen.client()) {
            *by_client.entry(client).or_default() += 1;
        }
        let mut by_link: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, (_, seen)) in all.iter().enumerate() {
            seen.hit.links().lasting().for_each(|key| by_link.entry(key).or_default().push(at));
        }
        let span = site.span().map_or(0, |(first, last)| last.seconds() - first.seconds());
        Self { all, by_link, by_client, span }
    }

    /// The side effects of one exploit, if they are of one client and no chance.
    fn of(&self, exploit: &Attack<'s, 't>) -> Vec<Effect<'s, 't>> {
        let linked = self.linked(exploit);
        let by_time = linked.is_empty();
        let traces = if by_time { self.near(exploit) } else { linked };
        let mut clients = traces.iter().filter_map(|seen| seen.client());
        let Some(client) = clients.next() else { return Vec::new() };
        if clients.any(|other| other != client) || by_time && self.is_chance(client) {
            return Vec::new();
        }
        let effect = |trace| Effect { client, exploit: exploit.seen, trace };
        traces.into_iter().map(effect).collect()
    }

    /// The weak hits of the same request or session.
    fn linked(&self, exploit: &Attack<'s, 't>) -> Vec<&'s Seen<'t>> {
        let keys = exploit.seen.hit.links().lasting();
        let mut places: Vec<usize> =
            keys.filter_map(|key| self.by_link.get(&key)).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let traces = places.into_iter().filter_map(|at| self.all.get(at));
        traces.filter(|(rule, _)| rule.is_kin(exploit.rule)).map(|(_, seen)| *seen).collect()
    }

    /// The weak hits within seconds of an exploit; of its own client, if it names one.
    fn near(&self, exploit: &Attack<'s, 't>) -> Vec<&'s Seen<'t>> {
        let Some(time) = exploit.seen.hit.time else { return Vec::new() };
        let (from, to) = (time.seconds() - JOIN_SECONDS, time.seconds() + JOIN_SECONDS);
        let second = |seen: &Seen<'_>| seen.hit.time.map_or(i64::MAX, Time::seconds);
        let start = self.all.partition_point(|(_, seen)| second(seen) < from);
        let near = self.all.iter().skip(start).take_while(|(_, seen)| second(seen) <= to);
        let own = |seen: &Seen<'_>| exploit.client().is_none_or(|c| seen.client() == Some(c));
        let same = near.filter(|(rule, seen)| rule.is_kin(exploit.rule) && own(seen));
        same.map(|(_, seen)| *seen).collect()
    }

    /// Whether weak hits of other clients are so frequent that a join means nothing.
    fn is_chance(&self, client: &str) -> bool {
        let others = self.all.len() as i64 - self.by_client.get(client).copied().unwrap_or(0);
        others * (2 * JOIN_SECONDS + 1) * 1_000 > self.span * CHANCE_PER_MILLE
    }
}
