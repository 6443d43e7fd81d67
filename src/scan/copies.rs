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

/// Streams that are, or may be, the beginning of another one, each with that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// They are: the sums are the same.
    pub sure: BTreeMap<ContentId, ContentId>,
    /// They may be: nobody looked yet.
    pub doubtful: BTreeMap<ContentId, ContentId>,
}

/// A stream and what it yielded.
type Known<'t> = (&'t ContentId, &'t Yield);

impl Tally {
    /// Streams that are, or may be, the beginning of another one: the longest that begins the same.
    pub fn copies(&self) -> Copies {
        let mut alike: BTreeMap<u64, Vec<Known<'_>>> = BTreeMap::new();
        for (id, yielded) in &self.streams {
            if let Some(head) = yielded.stream.head {
                alike.entry(head).or_default().push((id, yielded));
            }
        }
        let mut copies = Copies::default();
        for ((short, yielded), (long, whole)) in alike.into_values().flat_map(of_longest) {
            match whole.prefixes.get(&yielded.stream.bytes) {
                Some(sum) if sum == short => drop(copies.sure.insert(*short, *long)),
                Some(_) => {}
                None => drop(copies.doubtful.insert(*short, *long)),
            }
        }
        copies
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
