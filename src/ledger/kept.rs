//! What is kept of a file, and of a content?

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::scan::{Part, StreamFacts};
use crate::source::{ContentId, Gap, GapKind, SourceEnd, Stamp};
use crate::time::Time;

use super::Books;

/// Until where a stream was read for good: behind it may lie an entry that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The first byte behind it: the start of an entry.
    pub offset: u64,
    /// The line of that entry, counted from 1.
    pub line: u64,
    /// The sum of all bytes before it.
    pub sum: ContentId,
}

/// A stream as it was read.
#[derive(Clone, Debug)]
pub struct Content {
    /// The stream's name.
    pub name: String,
    /// The sum of its bytes.
    pub id: ContentId,
    /// What its path says of its site ([`Place::basis`](crate::source::Place::basis)).
    pub place: String,
    /// The mark of its beginning ([`print`](super::print)).
    pub print: u64,
    /// What is known of it.
    pub facts: StreamFacts,
    /// Where it can be gone on with, if it can.
    pub mark: Option<Mark>,
    /// What it yielded before the mark; nothing without one.
    pub until_mark: Part,
    /// What it yielded behind the mark.
    pub tail: Part,
    /// The content that it was gone on from.
    pub from: Option<i64>,
}

impl Content {
    /// The row that is kept of it in memory.
    pub(super) fn kept(&self, setting: i64, unable: i64, books: &Books) -> Kept {
        let from = self.from.and_then(|id| books.kept.get(&id));
        let first = self.until_mark.ends.or(self.tail.ends).map(|(first, _)| first);
        let last = self.tail.ends.or(self.until_mark.ends).map(|(_, last)| last);
        Kept {
            name: self.name.clone(),
            sum: self.id,
            place: self.place.clone(),
            setting,
            unable,
            bytes: self.facts.bytes,
            entries: self.until_mark.entries + self.tail.entries,
            ends: first.zip(last),
            print: self.print,
            mark: self.mark,
            packed: false,
            next: None,
            notes: from.map_or_else(Vec::new, |from| from.notes.clone()),
        }
    }

    /// What it yielded, as it is kept: facts, the part before the mark, the part behind it. What
    /// the row says is not said again.
    pub(super) fn body(&self) -> serde_json::Result<String> {
        let (names, unable) = (Vec::new(), Arc::default());
        let facts = StreamFacts { names, unable, bytes: 0, head: None, ..self.facts.clone() };
        serde_json::to_string(&(facts, &self.until_mark, &self.tail))
    }
}

/// A content, without what it yielded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The name under which it was read last.
    pub(super) name: String,
    pub(super) sum: ContentId,
    pub(super) place: String,
    /// The number of the setting in which it was read.
    pub(super) setting: i64,
    /// The number of the list of rules that could not fire on it.
    pub(super) unable: i64,
    /// Decompressed bytes.
    pub(super) bytes: u64,
    pub(super) entries: u64,
    /// First and last time of what its entries say.
    pub(super) ends: Option<(Time, Time)>,
    pub(super) print: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<Mark>,
    /// Whether it lies packed in its file, as what is closed does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) packed: bool,
    /// The content that goes on where this one ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<i64>,
    /// Gaps that are known only from the order of the runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<Gap>,
}

impl Kept {
    /// Whether it hardly changes any more but at the end of its life.
    pub(super) fn rests(&self) -> bool {
        (self.mark.is_none() || self.packed) && self.next.is_none()
    }

    /// Whether nothing is lost without it: a longer content begins with it, or it is empty.
    pub(super) fn is_spent(&self) -> bool {
        self.next.is_some() || self.bytes == 0
    }

    /// Whether the two are the same content, read for the same sites.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.sum, &self.place) == (other.sum, &other.place)
    }
}

/// A file as it was met last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) stamp: Stamp,
    pub(super) end: SourceEnd,
    /// The contents in it, each behind the part of its name behind the path.
    pub(super) holds: Vec<(String, i64)>,
    /// The content that it held before and that is not explained yet, and the stamp of then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prior: Option<(i64, Stamp)>,
}

impl File {
    /// Whether all of it could be read, so that its sum tells it from others.
    pub(super) fn was_read(&self) -> bool {
        let unread = |gap: &Gap| {
            use GapKind::{Io, Missing, Permission, Stopped};
            matches!(gap.kind, Io | Permission | Missing | Stopped)
        };
        !self.end.gaps.iter().any(unread)
    }

    /// The same bytes under another name.
    pub(super) fn renamed(&self, from: &str, to: &str, stamp: Stamp) -> Self {
        let mut file = Self { stamp, prior: None, ..self.clone() };
        for gap in &mut file.end.gaps {
            if let Some(inside) = gap.source.strip_prefix(from) {
                gap.source = format!("{to}{inside}");
            }
        }
        file
    }
}
