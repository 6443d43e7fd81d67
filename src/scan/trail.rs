//! What did one actor do? Everything that a stream holds of a trace, hits or not.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::element::mask;
use crate::event::{Event, Field};
use crate::line::Entry;
use crate::time::Time;

use super::client::network;
use super::{Bounds, Hours, Outcome, Uses, Walks};

/// By what an actor is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceKind {
    /// A client's address; of IPv6, the /64.
    Client,
    /// A path: a page that was planted.
    Path,
    /// An agent that few use.
    UserAgent,
    /// The account of an authenticated user.
    Account,
    /// A session, by the beginning of its id.
    Session,
}

impl TraceKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Client, Self::Path, Self::UserAgent, Self::Account, Self::Session];

    /// Its name in outputs: that of the indicator.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Path => "path",
            Self::UserAgent => "user_agent",
            Self::Account => "account",
            Self::Session => "session",
        }
    }
}

/// A trace by which an actor is looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Trace {
    /// What it is.
    pub kind: TraceKind,
    /// Its value: visible ASCII, of which masking changes nothing.
    pub value: Box<str>,
}

impl Trace {
    /// A trace.
    pub fn new(kind: TraceKind, value: &str) -> Self {
        Self { kind, value: value.into() }
    }

    /// The trace of a client.
    pub fn client(client: &str) -> Self {
        Self::new(TraceKind::Client, &network(client))
    }

    /// Whether an entry of the log shows it.
    pub(super) fn is_in(&self, event: &Event<'_>, client: Option<&str>) -> bool {
        let wanted = Some(self.value.as_bytes());
        match self.kind {
            TraceKind::Client => client.map(network).as_deref() == Some(&*self.value),
            TraceKind::Path => event.get(Field::Stem) == wanted,
            TraceKind::UserAgent => event.get(Field::UserAgent) == wanted,
            TraceKind::Account => event.get(Field::User) == wanted,
            TraceKind::Session => session_mark(event) == wanted,
        }
    }
}

/// The beginning of a session's id: enough to know the session again, and not enough to take it
/// over. Ids so short that little would be left out are none.
pub(super) fn session_mark<'e>(event: &'e Event<'_>) -> Option<&'e [u8]> {
    const MARK: usize = 12;
    const LEFT_OUT: usize = 8;
    let id = event.get(Field::Session).filter(|id| id.len() >= MARK + LEFT_OUT)?;
    let (mark, _) = id.split_at(MARK);
    mark.iter().all(u8::is_ascii_graphic).then_some(mark)
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.kind.name(), self.value)
    }
}

impl From<Trace> for String {
    fn from(trace: Trace) -> Self {
        trace.to_string()
    }
}

impl TryFrom<String> for Trace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts = text.split_once('=');
        let (name, value) = parts.ok_or_else(|| format!("{text:?} is no trace"))?;
        let kind = TraceKind::ALL.into_iter().find(|kind| kind.name() == name);
        let kind = kind.ok_or_else(|| format!("{name:?} is no kind of trace"))?;
        Ok(Self::new(kind, value))
    }
}

/// An entry: when it was written, and where it stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub time: Time,
    /// Line, counted from 1.
    pub line: u64,
    /// Byte offset.
    pub offset: u64,
}

/// Everything that one stream holds of one trace on one site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// Entries.
    pub requests: u64,
    /// Entries by the outcome that they show, in the order of [`Outcome`].
    pub outcomes: [u64; 3],
    /// Response bytes.
    pub bytes: u64,
    /// The earliest entry.
    pub first: Option<Moment>,
    /// The latest entry.
    pub last: Option<Moment>,
    /// Entries per hour since the epoch.
    pub hours: Hours,
    /// Paths.
    pub paths: Uses,
    /// Agents.
    pub agents: Uses,
    /// Accounts (authenticated users) of entries that are not refusals.
    pub accounts: Uses,
    /// Beginnings of the ids of sessions, likewise.
    #[serde(default)]
    pub sessions: Uses,
    /// Operations of an application or gateway.
    #[serde(default)]
    pub operations: Uses,
    /// Requests that differ by a number only.
    #[serde(default)]
    pub walks: Walks,
    /// Clients: the addresses of a /64, or who used the path or agent.
    pub clients: Uses,
    /// Of an agent: more than [`Trail::FEW`] clients use it, so that it says nothing of who they
    /// are, and it was not followed.
    pub common: bool,
}

/// The most characters of a value that a trail shows.
const DETAIL: usize = 200;

impl Trail {
    /// An agent that more clients use is no trace.
    pub const FEW: usize = 3;

    /// Whether so many clients are known that the agent need not be followed further.
    fn is_common(&self) -> bool {
        self.clients.of.len() > Self::FEW
    }

    fn note(&mut self, event: &Event<'_>, client: Option<&str>, entry: &Entry<'_>, bounds: Bounds) {
        let bytes = event.number(Field::BytesOut).unwrap_or(0);
        self.requests += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        let outcome = Outcome::of(event);
        self.outcomes[outcome as usize] += 1;
        if let Some(time) = event.time {
            let here = Moment { time, line: entry.line, offset: entry.offset };
            self.reach(Some(here), Some(here));
            self.hours.add(time.hour(), 1, bounds);
        }
        let note = |uses: &mut Uses, value: Option<&[u8]>| {
            if let Some(value) = value {
                uses.note(&mask(value, 0, DETAIL), entry, event.time, bytes);
            }
        };
        note(&mut self.paths, event.get(Field::Stem));
        note(&mut self.agents, event.get(Field::UserAgent));
        if outcome != Outcome::Blocked {
            note(&mut self.accounts, event.get(Field::User));
            note(&mut self.sessions, session_mark(event));
        }
        note(&mut self.operations, event.get(Field::Operation));
        if let Some(target) = event.get(Field::Target) {
            self.walks.note(target, entry.line);
        }
        note(&mut self.clients, client.map(str::as_bytes));
    }

    fn reach(&mut self, first: Option<Moment>, last: Option<Moment>) {
        self.first = [self.first, first].into_iter().flatten().min();
        self.last = self.last.max(last);
    }

    /// Adds a trail of later entries.
    fn append(&mut self, next: Self, bounds: Bounds) {
        self.common |= next.common;
        self.requests += next.requests;
        self.bytes = self.bytes.saturating_add(next.bytes);
        self.outcomes.iter_mut().zip(next.outcomes).for_each(|(ours, theirs)| *ours += theirs);
        self.reach(next.first, next.last);
        self.hours.merge(next.hours, bounds);
        self.paths.append(next.paths, bounds);
        self.agents.append(next.agents, bounds);
        self.accounts.append(next.accounts, bounds);
        self.sessions.append(next.sessions, bounds);
        self.operations.append(next.operations, bounds);
        self.walks.append(next.walks, bounds);
        self.clients.append(next.clients, bounds);
    }
}

/// The trails of one trace in one stream, by site. None is an answer, too: the stream was looked
/// through, and the trace is not in it.
pub type Trails = BTreeMap<String, Trail>;

/// What a run of entries of one stream holds of some traces. Appending is associative and keeps
/// the order.
#[derive(Debug, Default)]
pub struct Followed {
    of: BTreeMap<Trace, Trails>,
    bounds: Bounds,
}

impl Followed {
    /// Nothing, under these bounds.
    pub(super) fn within(bounds: Bounds) -> Self {
        Self { of: BTreeMap::new(), bounds }
    }

    pub(super) fn note(
        &mut self,
        trace: &Trace,
        site: &str,
        event: &Event<'_>,
        client: Option<&str>,
        entry: &Entry<'_>,
    ) {
        let trails = match self.of.get_mut(trace) {
            Some(trails) => trails,
            None => self.of.entry(trace.clone()).or_default(),
        };
        let trail = trails.entry(site.to_owned()).or_default();
        if trace.kind != TraceKind::UserAgent || !trail.is_common() {
            trail.note(event, client, entry, self.bounds);
        }
    }

    /// What was found of each trace that was looked for; agents that turned out to be common are
    /// only said to be so.
    pub fn finish(mut self, sought: &[Trace]) -> BTreeMap<Trace, Trails> {
        for (trace, trails) in &mut self.of {
            let common =
                |trail: &&mut Trail| trace.kind == TraceKind::UserAgent && trail.is_common();
            for trail in trails.values_mut().filter(common) {
                *trail = Trail { common: true, ..Trail::default() };
            }
        }
        for trace in sought {
            self.of.entry(trace.clone()).or_default();
        }
        self.of
    }

    /// Appends what the following entries hold.
    pub fn append(&mut self, next: Self) {
        self.bounds = self.bounds.max(next.bounds);
        for (trace, trails) in next.of {
            let ours = self.of.entry(trace).or_default();
            for (site, trail) in trails {
                ours.entry(site).or_default().append(trail, self.bounds);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_by_a_part_of_its_id() {
        for (id, mark) in [
            ("9f86d081884c7d659a2feaa0c55ad015", Some("9f86d081884c")),
            ("9f86d081884c7d65", None),
            ("9f86 081884c7d659a2feaa0c55ad015", None),
        ] {
            let mut event = Event::default();
            event.set(Field::Session, id.as_bytes());
            assert_eq!(session_mark(&event), mark.map(str::as_bytes), "{id}");
            let trace = mark.map(|mark| Trace::new(TraceKind::Session, mark));
            assert!(trace.is_none_or(|trace| trace.is_in(&event, None)));
        }
    }
}
