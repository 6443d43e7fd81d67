//! Which pages are rare? A page of code that never answered before, and that only one or two
//! clients use: rarity, not a signature (as NSA's `LogCheck` looks for web shells).
//!
//! Alone that is a new page, or an administrator's. It is a hit ([`Known::rare_page`]) only within
//! [`AFTER_SECONDS`] of an exploit that was accepted, of the same client or of an entry that names
//! none, where the site's logs reach back [`QUIET_SECONDS`] before it, and if its answers vary as
//! the output of commands does.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::{Page, PageId, PageUse};
use crate::time::Time;

use super::attack::Attacks;
use super::catalog::Catalog;
use super::site::{Seen, Site, SiteStream};

/// A page that did not answer for so long is new.
const QUIET_SECONDS: i64 = 86_400;

/// A planted page is used soon.
const AFTER_SECONDS: i64 = 86_400;

/// Fewer uses say little.
const USES: usize = 3;

/// The hits of planted pages that rarity alone shows: their uses, as far as they are kept.
pub(super) fn hits<'t>(site: &Site<'t>, catalog: &Catalog) -> Vec<Seen<'t>> {
    let pages = new_pages(site);
    if pages.is_empty() {
        return Vec::new();
    }
    let exploits = exploits(site, catalog);
    let follows = |page: &&Vec<Trace<'_, 't>>| {
        page.iter().all(|one| exploits.iter().any(|exploit| exploit.leads_to(one.at)))
    };
    let rule = catalog.rare_page();
    pages.iter().filter(follows).flatten().map(|one| one.seen(rule)).collect()
}

/// An exploit that was accepted.
struct Exploit {
    time: Time,
    client: Option<String>,
}

impl Exploit {
    fn leads_to(&self, used: &PageUse) -> bool {
        let after = used.at.time.seconds() - self.time.seconds();
        let same = self.client.is_none() || self.client.as_deref() == used.client.as_deref();
        same && (0..=AFTER_SECONDS).contains(&after)
    }
}

fn exploits(site: &Site<'_>, catalog: &Catalog) -> Vec<Exploit> {
    let attacks = Attacks::new(site, catalog);
    let accepted = attacks.all.iter().filter(|attack| attacks.is_accepted_exploit(attack));
    let exploit = |attack: &super::attack::Attack<'_, '_>| {
        let client = attack.client().map(str::to_owned);
        Some(Exploit { time: attack.seen.hit.time?, client })
    };
    accepted.filter_map(exploit).collect()
}

/// One use of a rare page, and in which stream it stands.
struct Trace<'s, 't> {
    stream: &'s SiteStream<'t>,
    page: &'t Page,
    at: &'t PageUse,
}

impl<'t> Trace<'_, 't> {
    fn seen(&self, rule: u32) -> Seen<'t> {
        let told = format!(
            "one of the first answers of a page that only {} or fewer clients use: {} bytes",
            Page::FEW,
            self.at.bytes.unwrap_or(0)
        );
        Seen::of_answer(rule, self.stream, self.page.path.as_ref(), self.at, &told)
    }
}

/// The uses of each page that is new, rare, and answers with varying sizes.
fn new_pages<'s, 't>(site: &'s Site<'t>) -> Vec<Vec<Trace<'s, 't>>> {
    let mut merged: BTreeMap<PageId, (Page, Vec<Trace<'s, 't>>)> = BTreeMap::new();
    let logs = site.streams.iter().filter(|stream| stream.log() == "access");
    for stream in logs.clone() {
        for (id, page) in stream.tally.pages.of.iter().filter(|(_, page)| page.path.is_some()) {
            let trace = |at| Trace { stream, page, at };
            let uses = page.uses.iter().map(trace);
            match merged.get_mut(id) {
                Some((ours, all)) => {
                    ours.merge(Page::clone(page));
                    all.extend(uses);
                }
                None => drop(merged.insert(*id, (Page::clone(page), uses.collect()))),
            }
        }
    }
    let Some(first) = logs.filter_map(|stream| stream.tally.first).min() else { return Vec::new() };
    let quiet = |one: &Trace<'_, '_>| one.at.at.time.seconds() - first.seconds() >= QUIET_SECONDS;
    let planted = |(page, uses): &(Page, Vec<Trace<'_, '_>>)| {
        let sizes: BTreeSet<_> = uses.iter().filter_map(|one| one.at.bytes).collect();
        !page.has_many_clients() && uses.len() >= USES && sizes.len() > 1 && uses.iter().all(quiet)
    };
    merged.into_values().filter(planted).map(|(_, uses)| uses).collect()
}
