//! How was each attack answered? Only what a log shows counts.
//!
//! * Refused: the WAF blocked it, or the answer was 3xx or 4xx.
//! * Accepted: the answer was 2xx, or the entry has no status and is no WAF's: the application
//!   handled the payload (the exception that it logs is its reaction).
//! * Unclear: 5xx, or a WAF that only detected.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::Outcome;

use super::catalog::{Catalog, Known, Role};
use super::site::{Seen, Site};

/// How one attack was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Accepted,
    Refused,
    Unclear,
}

/// How the entry of a hit says that the request was answered.
pub(super) fn answer(seen: &Seen<'_>) -> Answer {
    match (seen.hit.outcome, seen.hit.status) {
        (Outcome::Succeeded, _) => Answer::Accepted,
        (Outcome::Blocked, _) | (_, Some(300..=499)) => Answer::Refused,
        (_, Some(100..=299)) => Answer::Accepted,
        (Outcome::Unknown, None) if seen.log != "waf" => Answer::Accepted,
        (Outcome::Unknown, _) => Answer::Unclear,
    }
}

/// A client is a scanner from so many attacks on; fewer say little about how it works.
const SCANNER_ATTACKS: u64 = 20;

/// ... if at least so many of a hundred were refused.
const SCANNER_REFUSED_PERCENT: u64 = 90;

/// A client that had success at more pages like web shells than this met a site that answers
/// everything, or guesses: nobody plants that many.
const PLANTED_PAGES: usize = 3;

/// A dump is data only from so many bytes on: below it is an error page.
pub(super) const DUMP_BYTES: u64 = 10_000;

/// A file that more clients than this fetch is meant for the public.
const RARE_CLIENTS: usize = 2;

/// The attacks on a site, with what is known of them.
pub(super) struct Attacks<'s, 't> {
    /// In order of time.
    pub(super) all: Vec<Attack<'s, 't>>,
    scanners: BTreeSet<&'s str>,
    answered_all: BTreeSet<&'s str>,
    fetched_by: BTreeMap<&'s str, BTreeSet<&'s str>>,
}

/// One attack: a hit of a rule that says so.
#[derive(Clone, Copy)]
pub(super) struct Attack<'s, 't> {
    pub(super) seen: &'s Seen<'t>,
    pub(super) rule: &'s Known,
    pub(super) answer: Answer,
}

impl<'s> Attack<'s, '_> {
    pub(super) fn client(&self) -> Option<&'s str> {
        self.seen.client()
    }

    pub(super) fn path(&self) -> Option<&'s str> {
        self.seen.hit.path.as_ref().map(crate::element::Masked::as_str)
    }

    pub(super) fn is(&self, role: Role, answer: Answer) -> bool {
        self.rule.role == role && self.answer == answer
    }

    /// A dump that arrived: success, and bytes consistent with data.
    pub(super) fn is_dump(&self) -> bool {
        let bytes = self.seen.hit.bytes.unwrap_or(0);
        self.is(Role::Dump, Answer::Accepted) && bytes >= DUMP_BYTES
    }
}

impl<'s, 't> Attacks<'s, 't> {
    /// The attacks among a site's hits.
    pub(super) fn new(site: &'s Site<'t>, catalog: &'s Catalog) -> Self {
        let attack = |seen: &'s Seen<'t>| {
            let rule = catalog.get(seen.rule).filter(|rule| rule.is_attack())?;
            Some(Attack { seen, rule, answer: answer(seen) })
        };
        let all: Vec<_> = site.hits.iter().filter_map(attack).collect();
        let scanners = scanners(&all);
        let answered_all = answered_all(&all);
        let fetched_by = fetched_by(&all);
        Self { all, scanners, answered_all, fetched_by }
    }

    /// Whether the client sends many attacks of which nearly all are refused: the one that is
    /// answered with a harmless page is no success.
    pub(super) fn is_scanner(&self, client: Option<&str>) -> bool {
        client.is_some_and(|client| self.scanners.contains(client))
    }

    /// Whether the client had success at more planted pages than anybody plants.
    pub(super) fn was_answered_everywhere(&self, client: &str) -> bool {
        self.answered_all.contains(client)
    }

    /// An exploit that was accepted and is not seen refused.
    pub(super) fn is_accepted_exploit(&self, attack: &Attack<'_, '_>) -> bool {
        let taken = match attack.answer {
            Answer::Accepted => true,
            Answer::Unclear => attack.rule.is_grave(),
            Answer::Refused => false,
        };
        attack.rule.role == Role::Exploit && taken && !self.is_scanner(attack.client())
    }

    /// A strong anomaly that no side effect proves: a page like a web shell that answers, a file
    /// like a dump that arrives and is not fetched by the public.
    pub(super) fn is_anomaly(&self, attack: &Attack<'_, '_>) -> bool {
        let client = attack.client();
        let foothold = attack.is(Role::Foothold, Answer::Accepted)
            && !client.is_some_and(|c| self.was_answered_everywhere(c));
        let dump = attack.is_dump() && self.is_rare(attack.path());
        attack.rule.is_grave() && (foothold || dump) && !self.is_scanner(client)
    }

    fn is_rare(&self, path: Option<&str>) -> bool {
        let clients = path.and_then(|path| self.fetched_by.get(path));
        clients.is_none_or(|clients| clients.len() <= RARE_CLIENTS)
    }

    /// Whether a hit says that somebody attacked. A download that arrives may be a customer's or
    /// an administrator's own export: by itself it is none.
    pub(super) fn is_attempt(&self, attack: &Attack<'_, '_>) -> bool {
        let download = attack.is(Role::Dump, Answer::Accepted);
        !download || self.is_scanner(attack.client()) || self.is_anomaly(attack)
    }
}

fn scanners<'s>(attacks: &[Attack<'s, '_>]) -> BTreeSet<&'s str> {
    let mut clients: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for attack in attacks {
        if let Some(client) = attack.client() {
            let (all, refused) = clients.entry(client).or_default();
            *all += 1;
            *refused += u64::from(attack.answer == Answer::Refused);
        }
    }
    let scans = |(all, refused): (u64, u64)| {
        all >= SCANNER_ATTACKS && refused * 100 >= all * SCANNER_REFUSED_PERCENT
    };
    clients.into_iter().filter(|(_, counts)| scans(*counts)).map(|(client, _)| client).collect()
}

/// Who fetched each file like a dump.
fn fetched_by<'s>(attacks: &[Attack<'s, '_>]) -> BTreeMap<&'s str, BTreeSet<&'s str>> {
    let mut files: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for attack in attacks.iter().filter(|attack| attack.is_dump()) {
        if let (Some(path), Some(client)) = (attack.path(), attack.client()) {
            files.entry(path).or_default().insert(client);
        }
    }
    files
}

fn answered_all<'s>(attacks: &[Attack<'s, '_>]) -> BTreeSet<&'s str> {
    let mut pages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for attack in attacks.iter().filter(|a| a.is(Role::Foothold, Answer::Accepted)) {
        if let (Some(client), Some(path)) = (attack.client(), attack.path()) {
            pages.entry(client).or_default().insert(path);
        }
    }
    let many = |pages: &BTreeSet<&str>| pages.len() > PLANTED_PAGES;
    pages.into_iter().filter(|(_, p)| many(p)).map(|(client, _)| client).collect()
}
