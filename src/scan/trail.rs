//! What did one actor do? Everything that a stream holds of a trace, hits or not.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::element::{Masked, mask};
use crate::event::{Event, Field};
use crate::line::Entry;
use crate::time::Time;

use super::client::network;
use super::{Outcome, Walks};

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
}

impl TraceKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Client, Self::Path, Self::UserAgent];

    /// Its name in outputs: that of the indicator.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Path => "path",
            Self::UserAgent => "user_agent",
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
        }
    }
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

/// How often a value occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Entries.
    pub count: u64,
    /// Response bytes.
    pub bytes: u64,
    /// When the first entry was written.
    pub time: Option<Time>,
    /// Line of the first entry.
    pub line: u64,
    /// Byte offset of the first entry.
    pub offset: u64,
}

/// The values of one field, masked: the first [`Uses::MOST`] in the order of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// By value.
    pub of: BTreeMap<Box<str>, Use>,
    /// Entries whose value is none of them.
    pub beyond: u64,
}

impl Uses {
    /// The most values of a field that are kept for one trace in one stream on one site; entries
    /// with others are only counted, and the report says so.
    pub const MOST: usize = 1_000;

    fn note(&mut self, value: &Masked, entry: &Entry<'_>, time: Option<Time>, bytes: u64) {
        let (line, offset) = (entry.line, entry.offset);
        let first = Use { count: 0, bytes: 0, time, line, offset };
        let used = self.of.entry(value.as_str().into()).or_insert(first);
        used.count += 1;
        used.bytes += bytes;
    }

    /// Appends the uses of following entries, which may be more than are kept.
    fn append(&mut self, next: Self) {
        self.beyond += next.beyond;
        let mut new: Vec<_> = next.of.into_iter().collect();
        new.sort_by(|(a, one), (b, other)| (one.line, a).cmp(&(other.line, b)));
        for (value, used) in new {
            if let Some(ours) = self.of.get_mut(&value) {
                ours.count += used.count;
                ours.bytes += used.bytes;
            } else if self.of.len() < Self::MOST {
                self.of.insert(value, used);
            } else {
                self.beyond += used.count;
            }
        }
    }
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
    pub hours: BTreeMap<i64, u64>,
    /// Paths.
    pub paths: Uses,
    /// Agents.
    pub agents: Uses,
    /// Accounts (authenticated users).
    pub accounts: Uses,
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

    fn note(&mut self, event: &Event<'_>, client: Option<&str>, entry: &Entry<'_>) {
        let bytes = event.number(Field::BytesOut).unwrap_or(0);
        self.requests += 1;
        self.bytes += bytes;
        self.outcomes[Outcome::of(event) as usize] += 1;
        if let Some(time) = event.time {
            let here = Moment { time, line: entry.line, offset: entry.offset };
            self.reach(Some(here), Some(here));
            *self.hours.entry(time.hour()).or_default() += 1;
        }
        let note = |uses: &mut Uses, value: Option<&[u8]>| {
            if let Some(value) = value {
                uses.note(&mask(value, 0, DETAIL), entry, event.time, bytes);
            }
        };
        note(&mut self.paths, event.get(Field::Stem));
        note(&mut self.agents, event.get(Field::UserAgent));
        note(&mut self.accounts, event.get(Field::User));
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

    /// Adds a trail of later entries, or of another stream.
    pub fn append(&mut self, next: Self) {
        self.common |= next.common;
        self.requests += next.requests;
        self.bytes += next.bytes;
        self.outcomes.iter_mut().zip(next.outcomes).for_each(|(ours, theirs)| *ours += theirs);
        self.reach(next.first, next.last);
        for (hour, count) in next.hours {
            *self.hours.entry(hour).or_default() += count;
        }
        self.paths.append(next.paths);
        self.agents.append(next.agents);
        self.accounts.append(next.accounts);
        self.operations.append(next.operations);
        self.walks.append(next.walks);
        self.clients.append(next.clients);
    }
}

/// The trails of one trace in one stream, by site. None is an answer, too: the stream was looked
/// through, and the trace is not in it.
pub type Trails = BTreeMap<String, Trail>;

/// What a run of entries of one stream holds of some traces. Appending is associative and keeps
/// the order.
#[derive(Debug, Default)]
pub struct Followed(pub(super) BTreeMap<Trace, Trails>);

impl Followed {
    pub(super) fn note(
        &mut self,
        trace: &Trace,
        site: &str,
        event: &Event<'_>,
        client: Option<&str>,
        entry: &Entry<'_>,
    ) {
        let trails = match self.0.get_mut(trace) {
            Some(trails) => trails,
            None => self.0.entry(trace.clone()).or_default(),
        };
        let trail = trails.entry(site.to_owned()).or_default();
        if trace.kind != TraceKind::UserAgent || !trail.is_common() {
            trail.note(event, client, entry);
        }
    }

    /// What was found of each trace that was looked for; agents that turned out to be common are
    /// only said to be so.
    pub fn finish(mut self, sought: &[Trace]) -> BTreeMap<Trace, Trails> {
        for (trace, trails) in &mut self.0 {
            let common =
                |trail: &&mut Trail| trace.kind == TraceKind::UserAgent && trail.is_common();
            for trail in trails.values_mut().filter(common) {
                *trail = Trail { common: true, ..Trail::default() };
            }
        }
        for trace in sought {
            self.0.entry(trace.clone()).or_default();
        }
        self.0
    }

    /// Appends what the following entries hold.
    pub fn append(&mut self, next: Self) {
        for (trace, trails) in next.0 {
            let ours = self.0.entry(trace).or_default();
            for (site, trail) in trails {
                ours.entry(site).or_default().append(trail);
            }
        }
    }
}
