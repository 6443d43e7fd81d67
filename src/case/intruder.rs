//! Who got in? A client is an intruder on one of three grounds, each shown in the logs:
//!
//! * **Side effect**: an exploit succeeded by a shown side effect. An application log names no
//!   client: its entry is joined by time with the access log of the same site
//!   ([`JOIN_SECONDS`]), where the rules for side effects hit weakly. The join must be of one
//!   client only, and such hits must be so rare that chance does not explain it
//!   ([`CHANCE_PER_MILLE`]).
//! * **Foothold**: a planted page was used with success, and at least two of four things
//!   corroborate it ([`Corroboration`]), one of them an exploit before or data after: an
//!   administrator's own tool is rare and varied, too. A client that gets success from many such
//!   pages met a site that answers everything, and is believed only with both.
//! * **Guessed**: a login succeeded after many failures of the same client.
//!
//! One address may be a NAT with many customers behind it: records that it had before the
//! intruder's first step show that ([`Intruder::is_shared`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::Outcome;
use crate::time::Time;

use super::attack::{Answer, Attack, Attacks};
use super::catalog::{Catalog, Role};
use super::count;
use super::site::{Seen, Site, SiteStream};

/// An exploit and its side effect are written within so many seconds.
const JOIN_SECONDS: i64 = 2;

/// Weak hits of other clients may make a join by chance in at most so many of 1,000 cases.
const CHANCE_PER_MILLE: i64 = 50;

/// A page that more clients use is not planted.
const FOOTHOLD_CLIENTS: usize = 2;

/// A page must be used so often before its rarity and its answers mean something.
const FOOTHOLD_USES: usize = 3;

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

/// What corroborates the use of a planted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Corroboration {
    /// An exploit was accepted before.
    ExploitBefore,
    /// One or two clients use it, and often.
    Rare,
    /// Its answers vary in size: output, not a page.
    Varied,
    /// The same client fetched a dump or had records afterwards.
    DataAfter,
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
        self.joined.contains(&(seen.source, seen.hit.line, seen.rule))
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
        catalog: &Catalog,
        attacks: &Attacks<'s, 't>,
    ) {
        let weak = |seen: &&Seen<'_>| catalog.get(seen.rule).is_some_and(|k| k.role == Role::Trace);
        let traces: Vec<&Seen<'t>> = site.hits.iter().filter(weak).collect();
        let span = site.span().map_or(0, |(first, last)| last.seconds() - first.seconds());
        for exploit in attacks.all.iter().filter(|attack| attacks.is_accepted_exploit(attack)) {
            let near = joined(exploit, &traces);
            let mut clients: Vec<&str> = near.iter().filter_map(|seen| seen.client()).collect();
            clients.sort_unstable();
            clients.dedup();
            if let [client] = clients[..]
                && !is_chance(client, &traces, span)
            {
                for seen in near {
                    self.joined.insert((seen.source, seen.hit.line, seen.rule));
                    self.add(client, Ground::SideEffect, seen);
                }
            }
        }
    }

    fn add_footholds(&mut self, site: &'s Site<'t>, attacks: &Attacks<'s, 't>) {
        let context = Context::new(site, attacks);
        for ((client, path), uses) in &context.uses {
            let corroboration = context.corroboration(client, path, uses);
            let exploit = corroboration.contains(&Corroboration::ExploitBefore);
            let data = corroboration.contains(&Corroboration::DataAfter);
            let everywhere = attacks.was_answered_everywhere(client);
            let tied = if everywhere { exploit && data } else { exploit || data };
            if let Some(first) = uses.first().filter(|_| tied && corroboration.len() >= 2) {
                self.add(client, Ground::Foothold, first.seen);
                if let Some(intruder) = self.by_client.get_mut(client) {
                    intruder.corroboration.extend(&corroboration);
                }
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
            let role = matches!(attack.rule.role, Role::Exploit | Role::Foothold);
            if role && attack.answer == Answer::Accepted || is_guessed(attack) {
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

    /// Counts each intruder's records before and after its first step.
    fn count_records(&mut self, stream: &SiteStream<'_>) {
        for (client, time) in count::headline_times(stream) {
            let Some(intruder) = self.by_client.get_mut(client) else { continue };
            match intruder.since {
                Some(since) if time < since.seconds() => intruder.records_before += 1,
                _ => intruder.records_after += 1,
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

/// The weak hits within seconds of an exploit; of its own client, if it names one.
fn joined<'s, 't>(exploit: &Attack<'s, 't>, traces: &[&'s Seen<'t>]) -> Vec<&'s Seen<'t>> {
    let Some(time) = exploit.seen.hit.time else { return Vec::new() };
    let (from, to) = (time.seconds() - JOIN_SECONDS, time.seconds() + JOIN_SECONDS);
    let second = |seen: &Seen<'_>| seen.hit.time.map_or(i64::MAX, Time::seconds);
    let start = traces.partition_point(|seen| second(seen) < from);
    let near = traces.iter().skip(start).take_while(|seen| second(seen) <= to);
    let client = exploit.client();
    near.filter(|seen| client.is_none() || seen.client() == client).copied().collect()
}

/// Whether weak hits of other clients are so frequent that a join means nothing.
fn is_chance(client: &str, traces: &[&Seen<'_>], span: i64) -> bool {
    let others = traces.iter().filter(|seen| seen.client() != Some(client)).count() as i64;
    others * (2 * JOIN_SECONDS + 1) * 1_000 > span * CHANCE_PER_MILLE
}

/// What the corroboration of footholds is looked up in.
struct Context<'s, 't> {
    /// The successful uses of planted pages, by client and page.
    uses: BTreeMap<(&'s str, &'s str), Vec<Attack<'s, 't>>>,
    /// How many clients had success at a page.
    clients: BTreeMap<&'s str, usize>,
    /// The first exploit accepted, by client; of a log that names none under `None`.
    exploits: BTreeMap<Option<&'s str>, Time>,
    /// The last dump or record of a client.
    data: BTreeMap<&'s str, i64>,
}

impl<'s, 't> Context<'s, 't> {
    fn new(site: &'s Site<'t>, attacks: &Attacks<'s, 't>) -> Self {
        let (mut uses, mut clients) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new());
        let (mut exploits, mut data) = (BTreeMap::new(), last_records(site));
        for attack in &attacks.all {
            let (client, time) = (attack.client(), attack.seen.hit.time);
            if let (true, Some(time)) = (attacks.is_accepted_exploit(attack), time) {
                exploits.entry(client).or_insert(time);
            }
            let Some(client) = client else { continue };
            if let (true, Some(time)) = (attack.is_dump(), time) {
                let last = data.entry(client).or_insert(i64::MIN);
                *last = time.seconds().max(*last);
            }
            if let (true, Some(path)) = (attack.is(Role::Foothold, Answer::Accepted), attack.path())
            {
                uses.entry((client, path)).or_default().push(*attack);
            }
        }
        for (_, path) in uses.keys() {
            *clients.entry(*path).or_default() += 1;
        }
        Self { uses, clients, exploits, data }
    }

    fn corroboration(
        &self,
        client: &str,
        path: &str,
        uses: &[Attack<'_, '_>],
    ) -> BTreeSet<Corroboration> {
        let first = uses.first().and_then(|a| a.seen.hit.time);
        let often = uses.len() >= FOOTHOLD_USES;
        let sizes: BTreeSet<_> = uses.iter().filter_map(|a| a.seen.hit.bytes).collect();
        let rare = self.clients.get(path).is_some_and(|n| *n <= FOOTHOLD_CLIENTS);
        let before = |client| self.exploits.get(&client).is_some_and(|t| Some(*t) <= first);
        let since = first.map_or(i64::MIN, Time::seconds);
        let after = self.data.get(client).is_some_and(|last| *last >= since);
        let found = [
            (before(Some(client)) || before(None), Corroboration::ExploitBefore),
            (often && rare, Corroboration::Rare),
            (often && sizes.len() > 1, Corroboration::Varied),
            (after, Corroboration::DataAfter),
        ];
        found.into_iter().filter(|(holds, _)| *holds).map(|(_, which)| which).collect()
    }
}

/// When the last headline record of each client was written.
fn last_records<'s>(site: &'s Site<'_>) -> BTreeMap<&'s str, i64> {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for (client, time) in site.streams.iter().flat_map(count::headline_times) {
        last.entry(client).and_modify(|t| *t = time.max(*t)).or_insert(time);
    }
    last
}
