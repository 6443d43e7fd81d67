//! Which streams are copies of others, made before those were written to their end?
//!
//! A log that grows is handed over twice, as it was on one day and on another: the earlier copy is the
//! beginning of the later one, and what it holds must be counted once, as a whole copy is. Whether it
//! is, is not known before the longer one was read again up to the length of the shorter: of
//! streams that begin the same ([`StreamEnd::head`](crate::source::StreamEnd::head)), a second pass
//! sums up the first bytes of the longest.

use std::collections::BTreeMap;

use super::{Tally, Yield};
use crate::source::ContentId;

/// A stream and what it yielded.
type Known<'t> = (&'t ContentId, &'t Yield);

impl Tally {
    /// Streams that are the beginning of another one, with that.
    pub fn copies(&self) -> BTreeMap<ContentId, ContentId> {
        self.beginnings(|short, sum| sum == Some(short))
    }

    /// Streams that may be the beginning of another one, with that: nobody looked yet.
    pub fn doubtful_copies(&self) -> BTreeMap<ContentId, ContentId> {
        self.beginnings(|_, sum| sum.is_none())
    }

    /// Streams that may be the beginning of another one: each with the longest that begins the same,
    /// as far as `wanted` are its own sum and that of as many first bytes of the other one.
    fn beginnings(
        &self,
        wanted: impl Fn(&ContentId, Option<&ContentId>) -> bool,
    ) -> BTreeMap<ContentId, ContentId> {
        let mut alike: BTreeMap<u64, Vec<Known<'_>>> = BTreeMap::new();
        for (id, yielded) in &self.streams {
            if let Some(head) = yielded.stream.head {
                alike.entry(head).or_default().push((id, yielded));
            }
        }
        let pairs = alike.into_values().flat_map(of_longest);
        let wanted = pairs
            .filter(|((id, short), (_, long))| wanted(id, long.prefixes.get(&short.stream.bytes)));
        wanted.map(|((short, _), (long, _))| (*short, *long)).collect()
    }
}

/// Each of some streams with the longest of them, if that is longer and of the same sites: a path can
/// decide the site.
fn of_longest(group: Vec<Known<'_>>) -> Vec<(Known<'_>, Known<'_>)> {
    let length = |(id, yielded): &Known<'_>| (yielded.stream.bytes, **id);
    let Some(long) = group.iter().copied().max_by_key(length) else { return Vec::new() };
    let sites = &long.1.part.sites;
    let is_beginning = |(_, short): &Known<'_>| {
        short.stream.bytes < long.1.stream.bytes
            && short.part.sites.keys().all(|site| sites.contains_key(site))
    };
    group.into_iter().filter(is_beginning).map(|short| (short, long)).collect()
}
