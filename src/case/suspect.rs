//! Who must be pursued? The clients that got in somewhere, those behind a suspicion, the pages
//! that they planted (of one that catches what customers enter, not the customers), their agents, if
//! few use them, and the accounts and sessions of intruders: whoever uses them from elsewhere is the
//! same intruder, or his victim.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::scan::{Bounds, Index, Trace, TraceKind};

use super::attack::{Attack, Attacks};
use super::catalog::Role;
use super::intruder::{Intruder, Intruders, is_guessed};
use super::site::Site;

/// A trace must have so many letters or digits in a row, or nearly every entry is read for it.
const TELLING: usize = 4;

/// An agent is pursued if at most one of so many streams may hold it...
const RARE_SHARE: usize = 10;

/// ... or so many streams.
const RARE_STREAMS: usize = 3;

/// An address that uses more accounts or sessions than this is shared, or tries them all: theirs
/// say nothing of an intruder.
const OWN: usize = 20;

/// Who must be pursued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Suspects {
    /// Clients that got in, and the sites where they did.
    pub(super) intruders: BTreeMap<Trace, BTreeSet<String>>,
    /// Clients behind a suspicion.
    suspected: BTreeSet<Trace>,
    /// Planted pages, and those to which customers send what a skimmer caught.
    paths: BTreeSet<Trace>,
    /// Agents of intruders.
    agents: BTreeSet<Trace>,
    /// Accounts and sessions of intruders.
    identities: BTreeSet<Trace>,
}

impl Suspects {
    /// Those that the evidence of one site shows.
    pub(super) fn of(
        site: &Site<'_>,
        attacks: &Attacks<'_, '_>,
        intruders: &Intruders<'_, '_>,
    ) -> Self {
        let mut suspects = Self::default();
        for intruder in intruders.iter() {
            let sites = suspects.intruders.entry(Trace::client(intruder.client)).or_default();
            sites.insert(site.name.to_owned());
            suspects.add_identities(site, intruder);
        }
        for attack in &attacks.all {
            suspects.add(attack, attacks, intruders);
        }
        suspects
    }

    /// Adds the accounts and sessions that the second pass saw an intruder use, unless customers
    /// share its address.
    fn add_identities(&mut self, site: &Site<'_>, intruder: &Intruder<'_, '_>) {
        if intruder.is_shared() {
            return;
        }
        let client = Trace::client(intruder.client);
        let trails = site.streams.iter().filter_map(|stream| stream.trail(site.name, &client));
        let mut used: BTreeMap<TraceKind, BTreeSet<&str>> = BTreeMap::new();
        for trail in trails {
            let kinds =
                [(TraceKind::Account, &trail.accounts), (TraceKind::Session, &trail.sessions)];
            for (kind, uses) in kinds {
                used.entry(kind).or_default().extend(uses.of.keys().map(|name| &**name));
            }
        }
        for (kind, names) in used.into_iter().filter(|(_, names)| names.len() <= OWN) {
            self.identities.extend(names.into_iter().filter_map(|name| plain(kind, name)));
        }
    }

    fn add(&mut self, attack: &Attack<'_, '_>, attacks: &Attacks<'_, '_>, all: &Intruders<'_, '_>) {
        let suspicious =
            attacks.is_accepted_exploit(attack) || attacks.is_anomaly(attack) || is_guessed(attack);
        if attacks.is_of_victim(attack) {
            self.add_path(attack);
        } else if let Some(client) = attack.client().filter(|_| suspicious) {
            self.suspected.insert(Trace::client(client));
        }
        if all.is_step(attack) {
            let hit = &attack.seen.hit;
            if attack.rule.role == Role::Foothold {
                self.add_path(attack);
            }
            let agent = hit.user_agent.as_ref();
            self.agents.extend(agent.and_then(|agent| plain(TraceKind::UserAgent, agent.as_str())));
        }
    }

    fn add_path(&mut self, attack: &Attack<'_, '_>) {
        self.paths.extend(attack.path().and_then(|path| plain(TraceKind::Path, path)));
    }

    /// Those of all sites.
    pub(super) fn extend(&mut self, other: Self) {
        for (client, sites) in other.intruders {
            self.intruders.entry(client).or_default().extend(sites);
        }
        self.suspected.extend(other.suspected);
        self.paths.extend(other.paths);
        self.agents.extend(other.agents);
        self.identities.extend(other.identities);
    }

    /// All that may be looked for, whether there is too much of it or not.
    pub(super) fn all(&self) -> impl Iterator<Item = &Trace> {
        let Self { intruders, suspected, paths, agents, identities } = self;
        let rest = [suspected, paths, agents, identities].into_iter().flatten();
        intruders.keys().chain(rest)
    }

    /// What is looked for, in order: of a kind at most [`Bounds::traces`], clients of intruders first,
    /// then those of suspects, each in the order of their values. The index of every stream says which
    /// agents are rare.
    pub(super) fn traces(&self, streams: &[&Index], bounds: Bounds) -> Vec<Trace> {
        let most = bounds.traces();
        let others = self.suspected.iter().filter(|trace| !self.intruders.contains_key(trace));
        let clients = self.intruders.keys().chain(others).take(most);
        let agents = self.agents.iter().filter(|agent| is_rare(agent, streams)).take(most);
        let of = |kind| self.identities.iter().filter(move |trace| trace.kind == kind).take(most);
        let identities = of(TraceKind::Account).chain(of(TraceKind::Session));
        let rest = self.paths.iter().take(most).chain(agents).chain(identities);
        let mut traces: Vec<Trace> = clients.chain(rest).cloned().collect();
        traces.sort();
        traces
    }

    /// How many clients are not pursued, since there are more than [`Bounds::traces`].
    pub(super) fn beyond(&self, bounds: Bounds) -> usize {
        let others = self.suspected.iter().filter(|trace| !self.intruders.contains_key(trace));
        (self.intruders.len() + others.count()).saturating_sub(bounds.traces())
    }
}

/// A value that stands in the log as it is shown, and is telling enough to be searched for.
fn plain(kind: TraceKind, text: &str) -> Option<Trace> {
    let shown = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    let telling = text.split(|c: char| !c.is_ascii_alphanumeric());
    let telling = telling.map(str::len).max().unwrap_or(0) >= TELLING;
    (shown && telling).then(|| Trace::new(kind, text))
}

/// Whether few of the streams that name agents may hold this one.
fn is_rare(agent: &Trace, streams: &[&Index]) -> bool {
    let all = streams.iter().filter(|index| index.has(TraceKind::UserAgent)).count();
    let with = streams.iter().filter(|index| index.may_hold(agent)).count();
    with <= RARE_STREAMS.max(all / RARE_SHARE)
}
