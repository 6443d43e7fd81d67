//! Which streams can hold traces of a client, path, agent, account or session? A small index made on the first pass,
//! so that the pivot reads only those again.
//!
//! Each kind of trace has one bit of 65,536 by its hash (a Bloom filter with one hash, 8 KB a
//! stream at most, whatever an attacker makes up). A bit that is not set means that the stream
//! surely holds no such trace; one that is set may be another's. At the end of a stream, sets of few
//! are folded ([`Index::fold`]): then about one stream in fifty is read again in vain for a trace.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::event::{Event, Field};
use crate::rule::{RuleSet, Subject};
use crate::source::Inventory;

use super::bits::{Bits, Flat};
use super::client::{host, peer};
use super::kept::Kept;
use super::trail::session_mark;
use super::{Trace, TraceKind};

/// The traces that a stream may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Clients, IPv6 by /64.
    clients: Bits,
    /// Request paths.
    paths: Bits,
    /// Agents.
    agents: Bits,
    /// Accounts.
    #[serde(default, skip_serializing_if = "Bits::is_empty")]
    accounts: Bits,
    /// Beginnings of the ids of sessions.
    #[serde(default, skip_serializing_if = "Bits::is_empty")]
    sessions: Bits,
}

impl Index {
    /// Whether the stream may hold entries of that trace; never no wrongly.
    pub fn may_hold(&self, trace: &Trace) -> bool {
        self.of(trace.kind).has(trace_bit(trace))
    }

    /// Whether the stream holds any trace of that kind.
    pub fn has(&self, kind: TraceKind) -> bool {
        !self.of(kind).is_empty()
    }

    fn of(&self, kind: TraceKind) -> &Bits {
        match kind {
            TraceKind::Client => &self.clients,
            TraceKind::Path => &self.paths,
            TraceKind::UserAgent => &self.agents,
            TraceKind::Account => &self.accounts,
            TraceKind::Session => &self.sessions,
        }
    }

    /// Makes it small once the stream is at its end. Agents are not folded: how many streams hold one
    /// tells whether it is rare.
    pub(super) fn fold(&mut self) {
        let Self { clients, paths, accounts, sessions, agents: _ } = self;
        [clients, paths, accounts, sessions].into_iter().for_each(Bits::fold);
    }

    /// Only what is needed to answer for some traces, and whether there are agents at all.
    pub(super) fn narrowed(&self, traces: &BTreeSet<Trace>) -> Self {
        let bits = |kind| traces.iter().filter(move |trace| trace.kind == kind).map(trace_bit);
        let of = |kind| self.of(kind).only(bits(kind));
        let mut agents = of(TraceKind::UserAgent);
        agents.append(self.agents.lowest());
        Self {
            clients: of(TraceKind::Client),
            paths: of(TraceKind::Path),
            agents,
            accounts: of(TraceKind::Account),
            sessions: of(TraceKind::Session),
        }
    }

    /// Adds what further entries name.
    pub(super) fn append(&mut self, next: Self) {
        self.clients.append(next.clients);
        self.paths.append(next.paths);
        self.agents.append(next.agents);
        self.accounts.append(next.accounts);
        self.sessions.append(next.sessions);
    }
}

/// What the entries of one block name: the same bits, laid out flat.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// The lanes of path and agent, which repeat: what they name is noted once.
    path: Option<usize>,
    agent: Option<usize>,
    /// The bits of clients whose addresses are long to read.
    read: Kept<Option<u16>>,
    clients: Flat,
    paths: Flat,
    agents: Flat,
    accounts: Flat,
    sessions: Flat,
}

impl Noted {
    pub(super) fn new(rules: &RuleSet) -> Self {
        let (path, agent) = (rules.lane(Field::Stem), rules.lane(Field::UserAgent));
        Self { path, agent, ..Self::default() }
    }

    /// Notes what an entry names.
    pub(super) fn note(&mut self, subject: &mut Subject<'_>, inventory: &Inventory) {
        let event = subject.event();
        if let Some(bit) = self.client_bit(event, inventory) {
            self.clients.set(bit);
        }
        if let Some(path) = event.get(Field::Stem).filter(|_| subject.is_first(self.path)) {
            self.paths.set(bit(path));
        }
        if let Some(agent) = event.get(Field::UserAgent).filter(|_| subject.is_first(self.agent)) {
            self.agents.set(bit(agent));
        }
        if let Some(account) = event.get(Field::User) {
            self.accounts.set(bit(account));
        }
        if let Some(session) = session_mark(event) {
            self.sessions.set(bit(session));
        }
    }

    /// The bit of a client. Text of digits and dots is its own canonical spelling, if it is an
    /// address.
    fn client_bit(&mut self, event: &Event<'_>, inventory: &Inventory) -> Option<u16> {
        let given = event.get(Field::Client)?;
        let read = || {
            let address = peer(event, inventory).map(address_bit);
            address.or_else(|| host(event).map(|host| bit(host.as_bytes())))
        };
        if !inventory.trusted_proxies.is_empty() {
            return read();
        }
        let plain = given.iter().fold(true, |plain, b| plain & matches!(b, b'.' | b'0'..=b'9'));
        if plain { Some(bit(given)) } else { self.read.of(given, |_| read()) }
    }

    /// What was noted; nothing is any longer.
    pub(super) fn take(&mut self) -> Index {
        let [clients, paths, agents, accounts, sessions] = [
            &mut self.clients,
            &mut self.paths,
            &mut self.agents,
            &mut self.accounts,
            &mut self.sessions,
        ]
        .map(Flat::take);
        Index { clients, paths, agents, accounts, sessions }
    }
}

/// The bit of an address: of one of IPv6 that of its /64.
fn address_bit(address: IpAddr) -> u16 {
    match address.to_canonical() {
        IpAddr::V4(address) => bit(address.to_string().as_bytes()),
        IpAddr::V6(address) => bit(&address.octets()[..8]),
    }
}

/// The bit of a trace's value; of a client, as [`Noted`] has it.
fn trace_bit(trace: &Trace) -> u16 {
    let address = trace.value.strip_suffix("/64").unwrap_or(&trace.value).parse();
    match address {
        Ok(address) if trace.kind == TraceKind::Client => address_bit(address),
        _ => bit(trace.value.as_bytes()),
    }
}

/// The bit that a text has: a multiplicative hash, eight bytes at a time.
fn bit(text: &[u8]) -> u16 {
    /// Odd, with its bits well spread (the golden ratio).
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = text.len() as u64;
    let mut mix = |word: u64| hash = (hash.rotate_left(23) ^ word).wrapping_mul(SPREAD);
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    mix(rest_of(text, rest.len()));
    (hash >> 48) as u16
}

/// The last `len` bytes of a text, fewer than eight, as one word.
pub(super) fn rest_of(text: &[u8], len: usize) -> u64 {
    match text.last_chunk() {
        Some(last) => u64::from_be_bytes(*last) & !(u64::MAX << (8 * len)),
        None => text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Memo;

    fn index(clients: &[&str]) -> Index {
        let (rules, mut memo) = (RuleSet::default(), Memo::default());
        let mut noted = Noted::new(&rules);
        for client in clients {
            let mut event = Event::default();
            event.set(Field::Client, client.as_bytes());
            event.set(Field::Stem, &b"/a"[..]);
            noted.note(&mut rules.subject(&event, &[], &mut memo), &Inventory::default());
        }
        noted.take()
    }

    #[test]
    fn what_was_noted_is_found_under_every_spelling() {
        let index = index(&["203.0.113.66", "2001:DB8:0:1::9", "::ffff:198.51.100.7"]);
        for client in ["203.0.113.66", "2001:db8:0:1::/64", "198.51.100.7"] {
            assert!(index.may_hold(&Trace::new(TraceKind::Client, client)), "{client}");
        }
        assert!(!index.may_hold(&Trace::new(TraceKind::Client, "203.0.113.67")));
        assert!(index.has(TraceKind::Path) && !index.has(TraceKind::UserAgent));
    }

    #[test]
    fn appending_is_union_and_a_part_file_keeps_it() {
        let (mut one, other) = (index(&["192.0.2.1"]), index(&["192.0.2.2"]));
        one.append(other.clone());
        assert_eq!(one, index(&["192.0.2.2", "192.0.2.1"]));
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Index>(&text).unwrap(), one);
        assert!(
            serde_json::from_str::<Index>(&text.replace("\"paths\":\"0", "\"paths\":\"7")).is_err()
        );
        assert!(
            serde_json::from_str::<Index>(&text.replace("\"agents\":\"\"", "\"agents\":\"0\""))
                .is_err()
        );
    }
}
