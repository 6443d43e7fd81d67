//! What is kept of an entry that matched a rule?

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

/// One entry that matched one rule: owned, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Line of the entry, counted from 1 in the decompressed stream.
    pub line: u64,
    /// Byte offset of the entry in the decompressed stream.
    pub offset: u64,
    /// When; absent if the entry has no readable time.
    pub time: Option<Time>,
    /// The client's address.
    pub client: Option<Box<str>>,
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
    /// What joins it with entries of other logs.
    #[serde(default)]
    pub links: Links,
    /// Which decoding layer matched.
    pub layer: Layer,
    /// The entry, masked and cut.
    pub excerpt: Masked,
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
    /// Those that name one request or session wherever and whenever they stand.
    pub fn lasting(&self) -> impl Iterator<Item = Fingerprint> {
        self.request.into_iter().chain(self.session)
    }
}
