//! Was the answer of the page's usual size? Measured on what the same page answered to everybody.

use std::collections::BTreeMap;

use crate::scan::{Page, PageId};

use super::site::{Seen, Site};

/// A page has a usual size from so many answers on, to more than [`Page::FEW`] clients: fewer could
/// all be the attacker's.
const ANSWERS: u64 = 20;

/// All answers but one in so many, at either end, are usual.
const PART: u64 = 50;

/// A page that echoes its request varies by so many bytes.
pub(super) const ECHO: u64 = 64;

/// How the size of an answer compares with the page's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// Of the usual size.
    Usual,
    /// Less than half of the least usual size, or more than twice the largest.
    Unlike,
    /// Neither, or the page has no usual size.
    Unknown,
}

/// The usual sizes of the pages of a site, from its access logs.
#[derive(Clone, Debug, Default)]
pub(super) struct Usual(BTreeMap<PageId, (u64, u64)>);

impl Usual {
    pub(super) fn new(site: &Site<'_>) -> Self {
        let mut pages: BTreeMap<PageId, Page> = BTreeMap::new();
        for stream in site.streams.iter().filter(|stream| stream.log() == "access") {
            for (id, page) in &stream.tally.pages.of {
                pages
                    .entry(*id)
                    .and_modify(|ours| ours.merge(Page::clone(page)))
                    .or_insert_with(|| Page::clone(page));
            }
        }
        let known = |page: &Page| page.sizes.count() >= ANSWERS && page.has_many_clients();
        let pages = pages.into_iter().filter(|(_, page)| known(page));
        Self(pages.filter_map(|(id, page)| Some((id, page.sizes.usual(PART)?))).collect())
    }

    /// The sizes that a page has for everybody, from the least to the largest.
    pub(super) fn of(&self, page: PageId) -> Option<(u64, u64)> {
        self.0.get(&page).copied()
    }

    /// How an answer with success compares with the page's own.
    pub(super) fn fit(&self, seen: &Seen<'_>) -> Fit {
        let hit = &*seen.hit;
        let (Some(path), Some(bytes), Some(200..=299)) = (&hit.path, hit.bytes, hit.status) else {
            return Fit::Unknown;
        };
        // Hits may be many and their pages few.
        let page = if self.0.is_empty() { None } else { PageId::of(path.as_str().as_bytes()) };
        let Some((low, high)) = page.and_then(|page| self.of(page)) else { return Fit::Unknown };
        if (low.saturating_sub(ECHO)..=high.saturating_add(ECHO)).contains(&bytes) {
            Fit::Usual
        } else if bytes < low / 2 || bytes / 2 > high {
            Fit::Unlike
        } else {
            Fit::Unknown
        }
    }
}
