//! What is kept of an entry that matched a rule?

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::element::{Fingerprint, Masked};
use crate::event::decode::Layer;
use crate::time::Time;

/// What the logs show of the outcome of one hit. Only what is shown counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Answered with success (2xx), or the entry itself shows success.
    Succeeded,
    /// Refused: by a WAF, or answered 4xx.
    Blocked,
    /// The log does not say.
    Unknown,
}

/// One entry that matched one rule. An entry that matches ten rules gives ten hits, which share what
/// is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Which decoding layer matched.
    pub layer: Layer,
    /// The entry.
    #[serde(flatten)]
    pub entry: Arc<HitEntry>,
}

impl Deref for Hit {
    type Target = HitEntry;

    fn deref(&self) -> &HitEntry {
        &self.entry
    }
}

/// What is kept of an entry that matched: owned, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitEntry {
    /// Line of the entry, counted from 1 in the decompressed stream.
    pub line: u64,
    /// Byte offset of the entry in the decompressed stream.
    pub offset: u64,
    /// When; absent if the entry has no readable time.
    pub time: Option<Time>,
    /// The client's address.
    pub client: Option<Arc<str>>,
    /// The request's path, masked.
    pub path: Option<Masked>,
    /// The agent, masked.
    pub user_agent: Option<Masked>,
    /// Response status.
    pub status: Option<u16>,
    /// Response bytes.
    pub bytes: Option<u64>,
    /// The outcome that this entry shows by itself.
    pub outcome: Outcome,
    /// Whether the answer's body holds the output of a command.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub output: bool,
    /// What joins it with entries of other logs; most logs have nothing that does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Box<Links>>,
    /// The entry, masked and cut.
    pub excerpt: Masked,
}

impl HitEntry {
    /// An entry with that outcome, of which nothing else is known.
    pub fn of(outcome: Outcome) -> Self {
        Self {
            line: 0,
            offset: 0,
            time: None,
            client: None,
            path: None,
            user_agent: None,
            status: None,
            bytes: None,
            outcome,
            output: false,
            links: None,
            excerpt: Masked::default(),
        }
    }

    /// What joins it with entries of other logs.
    pub fn links(&self) -> Links {
        self.links.as_deref().copied().unwrap_or_default()
    }
}

/// Keyed hashes of the identifiers by which entries of one request can be joined across logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Request, transaction or trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Fingerprint>,
    /// Session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Fingerprint>,
    /// Thread or process: one of several requests in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Fingerprint>,
}

impl Links {
    /// As an entry keeps them, if there are any.
    pub fn kept(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }

    /// Those that name one request or session wherever and whenever they stand.
    pub fn lasting(self) -> impl Iterator<Item = Fingerprint> {
        self.request.into_iter().chain(self.session)
    }
}
