//! Does a request ask for another host than the one that it was sent to? An absolute URI of one
//! host beside a Host or virtual host of another: somebody tries the server as a proxy, or to make
//! the log of one site speak of another.

use serde::{Deserialize, Serialize};

use crate::element::{Masked, mask};
use crate::event::{Event, Field};

/// The most characters of a host that are shown.
const DETAIL: usize = 100;

/// Entries whose absolute URI is at odds with their host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtOdds {
    /// Entries.
    pub entries: u64,
    /// The first in the order of the stream.
    pub first: Option<Odds>,
}

/// One such entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odds {
    /// Its line.
    pub line: u64,
    /// The host in the absolute URI, masked.
    pub asked: Masked,
    /// The Host or virtual host, by which the site was told, masked.
    pub host: Masked,
}

impl AtOdds {
    /// Whether there is no such entry.
    pub fn is_none(&self) -> bool {
        self.entries == 0
    }

    /// Notes an entry.
    pub(super) fn note(&mut self, event: &Event<'_>, line: u64) {
        let Some((asked, host)) = event.authority().zip(event.get(Field::Host)) else { return };
        let bare = |host: &[u8]| host.strip_suffix(b".").unwrap_or(host).to_ascii_lowercase();
        if bare(asked) == bare(host) {
            return;
        }
        self.entries += 1;
        let shown = |host: &[u8]| mask(host, 0, DETAIL);
        self.first.get_or_insert_with(|| Odds { line, asked: shown(asked), host: shown(host) });
    }

    /// Adds those of later entries.
    pub(super) fn append(&mut self, next: Self) {
        self.entries += next.entries;
        let both = self.first.take().into_iter().chain(next.first);
        self.first = both.min_by_key(|odds| odds.line);
    }
}
