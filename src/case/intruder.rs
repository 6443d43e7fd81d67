//! Who got in? A client is an intruder on one of three grounds, each shown in the logs:
//!
//! * **Side effect**: an exploit, and its side effect within seconds ([`effect`](super::effect)).
//! * **Foothold**: a planted page used with success, corroborated
//!   ([`foothold`](super::foothold)).
//! * **Guessed**: a login succeeded after many failures of the same client.
//!
//! One address may be a NAT with many customers behind it: records that it had before the
//! intruder's first step show that ([`Intruder::is_shared`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::Outcome;
use crate::time::Time;

use super::attack::{Answer, Attack, Attacks};
use super::catalog::{Catalog, Role};
use super::effect::{self, Effect};
use super::facts::fetched_dump;
use super::foothold::Corroboration;
use super::site::{Seen, Site, SiteStream};
use super::{count, foothold};

/// A shared address had so many times more records after the first step than before it, or its
/// records prove nothing.
const SHARED_FACTOR: u64 = 10;

/// On what ground a client is an intruder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ground {
    /// An exploit, and its side effect in the access log.
    SideEffect,
    /// A planted page in use.
    Foothold,
    /// A login guessed.
    Guessed,
}

/// A client that got in.
#[derive(Clone, Debug)]
pub(super) struct Intruder<'s, 't> {
    pub(super) client: &'s str,
    /// On what grounds, with the hit that shows each.
    pub(super) grounds: BTreeMap<Ground, &'s Seen<'t>>,
    /// What corroborates a foothold.
    pub(super) corroboration: BTreeSet<Corroboration>,
    /// The first step of the intrusion; absent if its hits have no time.
    pub(super) since: Option<Time>,
    /// Records of the client from before its first step.
    pub(super) records_before: u64,
    /// Records of the client from its first step on.
    pub(super) records_after: u64,
}

impl Intruder<'_, '_> {
    /// Whether ordinary customers share the address, so that its records prove no theft.
    pub(super) fn is_shared(&self) -> bool {
        self.records_before > 0 && self.records_after < SHARED_FACTOR * self.records_before
    }
}

/// The intruders of one site, by client.
#[derive(Clone, Debug, Default)]
pub(super) struct Intruders<'s, 't> {
    by_client: BTreeMap<&'s str, Intruder<'s, 't>>,
    /// Hits of weak rules that a join made into side effects: stream, line, rule.
    joined: BTreeSet<(&'s str, u64, u32)>,
    /// The exploits of which they are.
    proven: BTreeSet<(&'s str, u64, u32)>,
}

impl<'s, 't> Intruders<'s, 't> {
    /// The intruders of a site.
    pub(super) fn find(
        site: &'s Site<'t>,
        catalog: &'s Catalog,
        attacks: &Attacks<'s, 't>,
    ) -> Self {
        let mut intruders = Self::default();
        intruders.add_side_effects(site, catalog, attacks);
        intruders.add_footholds(site, attacks);
        intruders.add_guesses(attacks);
        intruders.date(site, attacks);
        intruders
    }

    /// The intruder of that address.
    pub(super) fn get(&self, client: &str) -> Option<&Intruder<'s, 't>> {
        self.by_client.get(client)
    }

    /// All of them, in the order of their addresses.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Intruder<'s, 't>> {
        self.by_client.values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_client.is_empty()
    }

    /// Whether a hit of a weak rule is the side effect of an exploit.
    pub(super) fn is_side_effect(&self, seen: &Seen<'_>) -> bool {
        self.joined.contains(&(seen.source(), seen.hit.line, seen.rule))
    }

    /// Whether a hit is an exploit that had a side effect, or that side effect.
    pub(super) fn is_proven(&self, seen: &Seen<'_>) -> bool {
        self.is_side_effect(seen)
            || self.proven.contains(&(seen.source(), seen.hit.line, seen.rule))
    }

    /// Whether a hit is a step of an intrusion that got in.
    pub(super) fn is_step(&self, attack: &Attack<'_, '_>) -> bool {
        let by_intruder = attack.client().is_some_and(|client| self.get(client).is_some());
        let role = match attack.rule.role {
            Role::Exploit | Role::Foothold => attack.answer == Answer::Accepted,
            Role::Guess => is_guessed(attack),
            Role::Dump => fetched_dump(attack, self),
            _ => false,
        };
        role && by_intruder
    }

    fn add(&mut self, client: &'s str, ground: Ground, seen: &'s Seen<'t>) {
        let intruder = self.by_client.entry(client).or_insert_with(|| Intruder {
            client,
            grounds: BTreeMap::new(),
            corroboration: BTreeSet::new(),
            since: None,
            records_before: 0,
            records_after: 0,
        });
        intruder.grounds.entry(ground).or_insert(seen);
    }

    fn add_side_effects(
        &mut self,
        site: &'s Site<'t>,
        catalog: &'s Catalog,
        attacks: &Attacks<'s, 't>,
    ) {
        for Effect { client, exploit, trace } in effect::effects(site, catalog, attacks) {
            self.joined.insert((trace.source(), trace.hit.line, trace.rule));
            self.proven.insert((exploit.source(), exploit.hit.line, exploit.rule));
            self.add(client, Ground::SideEffect, trace);
        }
    }

    fn add_footholds(&mut self, site: &'s Site<'t>, attacks: &Attacks<'s, 't>) {
        for foothold in foothold::footholds(site, attacks) {
            self.add(foothold.client, Ground::Foothold, foothold.first);
            if let Some(intruder) = self.by_client.get_mut(foothold.client) {
                intruder.corroboration.extend(foothold.corroboration);
            }
        }
    }

    fn add_guesses(&mut self, attacks: &Attacks<'s, 't>) {
        for attack in &attacks.all {
            if let Some(client) = attack.client().filter(|_| is_guessed(attack)) {
                self.add(client, Ground::Guessed, attack.seen);
            }
        }
    }

    /// Finds each intruder's first step, and its records before and after it.
    fn date(&mut self, site: &'s Site<'t>, attacks: &Attacks<'s, 't>) {
        let mut first: BTreeMap<&str, Time> = BTreeMap::new();
        let mut step = |client: Option<&'s str>, time: Option<Time>| {
            if let (Some(client), Some(time)) = (client, time) {
                first.entry(client).and_modify(|t| *t = time.min(*t)).or_insert(time);
            }
        };
        for attack in &attacks.all {
            let used = attack.is(Role::Foothold, Answer::Accepted);
            if used || attacks.is_accepted_exploit(attack) || is_guessed(attack) {
                step(attack.client(), attack.seen.hit.time);
            }
        }
        for seen in site.hits.iter().filter(|seen| self.is_side_effect(seen)) {
            step(seen.client(), seen.hit.time);
        }
        for intruder in self.by_client.values_mut() {
            intruder.since = first.get(intruder.client).copied();
        }
        site.streams.iter().for_each(|stream| self.count_records(stream));
    }

    /// Counts each intruder's records before and after its first step; after it, only in logs that
    /// say what was read.
    fn count_records(&mut self, stream: &SiteStream<'_>) {
        let since = |name: &str| {
            let intruder = self.by_client.get(name)?;
            Some(intruder.since.map_or(i64::MIN, Time::seconds))
        };
        for (name, before, after) in count::before_and_after(stream, since) {
            if let Some(intruder) = self.by_client.get_mut(name) {
                intruder.records_before += before;
                intruder.records_after += if stream.tells_answers() { after } else { 0 };
            }
        }
    }
}

/// Whether a hit says that a login succeeded after many failures; a redirect to the pages behind
/// it is such a success.
pub(super) fn is_guessed(attack: &Attack<'_, '_>) -> bool {
    attack.rule.role == Role::Guess
        && attack.rule.is_grave()
        && attack.seen.hit.outcome != Outcome::Blocked
}
