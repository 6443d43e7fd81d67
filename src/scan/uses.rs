//! How often is each value of a field used, and where first?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::element::Masked;
use crate::line::Entry;
use crate::time::Time;

use super::Bounds;

/// How often a value occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Entries.
    pub count: u64,
    /// Response bytes; whoever writes logs can make them any number, so sums stop at the greatest.
    pub bytes: u64,
    /// When the first entry was written.
    pub time: Option<Time>,
    /// Line of the first entry.
    pub line: u64,
    /// Byte offset of the first entry.
    pub offset: u64,
}

/// The values of one field, masked: the first [`Bounds::uses`] in the order of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// By value.
    pub of: BTreeMap<Box<str>, Use>,
    /// Entries whose value is none of them.
    pub beyond: u64,
}

impl Uses {
    pub(super) fn note(
        &mut self,
        value: &Masked,
        entry: &Entry<'_>,
        time: Option<Time>,
        bytes: u64,
    ) {
        let (line, offset) = (entry.line, entry.offset);
        let first = Use { count: 0, bytes: 0, time, line, offset };
        let used = self.of.entry(value.as_str().into()).or_insert(first);
        used.count += 1;
        used.bytes = used.bytes.saturating_add(bytes);
    }

    /// Appends the uses of following entries, which may be more than are kept.
    pub(super) fn append(&mut self, next: Self, bounds: Bounds) {
        self.beyond += next.beyond;
        let mut new: Vec<_> = next.of.into_iter().collect();
        new.sort_by(|(a, one), (b, other)| (one.line, a).cmp(&(other.line, b)));
        for (value, used) in new {
            if let Some(ours) = self.of.get_mut(&value) {
                ours.count += used.count;
                ours.bytes = ours.bytes.saturating_add(used.bytes);
            } else if self.of.len() < bounds.uses() {
                self.of.insert(value, used);
            } else {
                self.beyond += used.count;
            }
        }
    }
}
