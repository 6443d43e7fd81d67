//! How was each attack answered? Only what a log shows counts.
//!
//! * Refused: the WAF blocked it (its log is joined with the others), or the answer was 3xx or 4xx.
//! * Accepted: the answer was 2xx, or the entry has no status and is no WAF's: the application
//!   handled the payload (the exception that it logs is its reaction).
//! * Unclear: 5xx, or a WAF that only detected.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::Outcome;

use super::catalog::{Catalog, Known, Role};
use super::refusal::Refusals;
use super::scanner::Scanners;
use super::site::{Seen, Site};
use super::usual::{ECHO, Fit, Usual};

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
        (Outcome::Unknown, None) if seen.log() != "waf" => Answer::Accepted,
        (Outcome::Unknown, _) => Answer::Unclear,
    }
}

/// A client that had success at more pages like web shells, dumps or secrets than this met a site
/// that answers everything: nobody plants or forgets that many.
const PAGES: usize = 3;

/// A dump is data only from so many bytes on: below it is an error page.
pub(super) const DUMP_BYTES: u64 = 10_000;

/// A page that more clients than this use is no planted one.
const RARE_CLIENTS: usize = 2;

/// From so many answers on, a page shows that it has a usual size.
const USUAL_ANSWERS: usize = 3;

/// The attacks on a site, with what is known of them.
pub(super) struct Attacks<'s, 't> {
    /// In order of time.
    pub(super) all: Vec<Attack<'s, 't>>,
    scanners: Scanners<'s>,
    answered_everywhere: BTreeSet<&'s str>,
    /// Pages to which customers send what a skimmer caught.
    gates: BTreeSet<&'s str>,
    /// How many clients had success at each page like a web shell.
    users: BTreeMap<&'s str, usize>,
    /// Pages that answered every exploit with the same size.
    usual: BTreeSet<&'s str>,
    /// The sizes that pages have for everybody.
    sizes: Usual,
    refusals: Refusals<'s>,
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

    /// The entry that it stands in.
    pub(super) fn entry(&self) -> (&'s str, u64) {
        (self.seen.source(), self.seen.hit.line)
    }

    pub(super) fn is(&self, role: Role, answer: Answer) -> bool {
        self.rule.role == role && self.answer == answer
    }

    /// A dump that arrived: success, and bytes consistent with data.
    pub(super) fn is_dump(&self) -> bool {
        let bytes = self.seen.hit.bytes.unwrap_or(0);
        self.is(Role::Dump, Answer::Accepted) && bytes >= DUMP_BYTES
    }

    /// An exploit or a planted page that was answered with the output of a command.
    pub(super) fn is_answered_with_output(&self) -> bool {
        matches!(self.rule.role, Role::Exploit | Role::Foothold)
            && self.seen.hit.output
            && self.answer != Answer::Refused
    }
}

impl<'s, 't> Attacks<'s, 't> {
    /// The attacks among a site's hits.
    pub(super) fn new(site: &'s Site<'t>, catalog: &'s Catalog) -> Self {
        let refusals = Refusals::new(site);
        let attack = |seen: &'s Seen<'t>| {
            let rule = catalog.get(seen.rule).filter(|rule| rule.is_attack())?;
            let refused = refusals.is_refused(seen);
            let answer = if refused { Answer::Refused } else { answer(seen) };
            Some(Attack { seen, rule, answer })
        };
        let all: Vec<_> = site.hits.iter().filter_map(attack).collect();
        let scanners = Scanners::new(&all);
        let answered_everywhere = answered_everywhere(&all);
        let (gates, users, usual) = (gates(&all), users(&all), usual(&all));
        let sizes = Usual::new(site);
        Self { all, scanners, answered_everywhere, gates, users, usual, sizes, refusals }
    }

    /// Whether the firewall refused the request of a hit, as far as logs can be joined.
    pub(super) fn is_refused(&self, seen: &Seen<'_>) -> bool {
        self.refusals.is_refused(seen)
    }

    /// How the size of an answer compares with the page's own.
    pub(super) fn fit(&self, seen: &Seen<'_>) -> Fit {
        self.sizes.fit(seen)
    }

    /// Whether the client had success at more pages than anybody plants or forgets.
    pub(super) fn was_answered_everywhere(&self, client: Option<&str>) -> bool {
        client.is_some_and(|client| self.answered_everywhere.contains(client))
    }

    /// Whether one or two clients at most had success at a page like a web shell.
    pub(super) fn is_rare(&self, path: Option<&str>) -> bool {
        let clients = path.and_then(|path| self.users.get(path)).copied();
        clients.is_none_or(|clients| clients <= RARE_CLIENTS)
    }

    /// A grave exploit that was accepted and is not seen refused. An answer of the page's usual
    /// size, whatever was sent to it, is a harmless page.
    pub(super) fn is_accepted_exploit(&self, attack: &Attack<'_, '_>) -> bool {
        attack.rule.role == Role::Exploit
            && attack.rule.is_grave()
            && attack.answer != Answer::Refused
            && !attack.path().is_some_and(|path| self.usual.contains(path))
            && self.fit(attack.seen) != Fit::Usual
            && self.scanners.stands_out(attack)
    }

    /// A strong anomaly that no side effect proves: a page like a web shell that answers, a dump
    /// or a secret that is given out. Rules of level medium are for what may be meant so: a
    /// customer's download, an administrator's export.
    pub(super) fn is_anomaly(&self, attack: &Attack<'_, '_>) -> bool {
        let client = attack.client();
        let given = match attack.rule.role {
            Role::Foothold => self.scanners.stands_out(attack) && self.is_rare(attack.path()),
            Role::Dump | Role::Secret | Role::Capture => true,
            _ => false,
        };
        given
            && attack.rule.is_grave()
            && attack.answer == Answer::Accepted
            && !self.was_answered_everywhere(client)
    }

    /// Whether the client of a hit is a customer from whom a skimmer takes what he enters.
    pub(super) fn is_of_victim(&self, attack: &Attack<'_, '_>) -> bool {
        attack.path().is_some_and(|path| self.gates.contains(path))
    }

    /// Whether a hit says that somebody attacked. What a rule of level medium sees answered with
    /// success may be a page, a download or an export that is meant so.
    pub(super) fn is_attempt(&self, attack: &Attack<'_, '_>) -> bool {
        let meant = matches!(attack.rule.role, Role::Dump | Role::Secret | Role::Capture)
            || attack.rule.role == Role::Foothold && !self.is_rare(attack.path());
        let meant = meant && attack.answer == Answer::Accepted && !attack.rule.is_grave();
        !meant || self.scanners.has(attack.client())
    }
}

/// The clients and pages of some of the attacks, each pair once.
fn pairs<'s>(
    attacks: &[Attack<'s, '_>],
    wanted: impl Fn(&Attack<'s, '_>) -> bool,
) -> BTreeSet<(&'s str, &'s str)> {
    let wanted = attacks.iter().filter(|attack| wanted(attack));
    wanted.filter_map(|attack| attack.client().zip(attack.path())).collect()
}

fn counts<'s>(names: impl Iterator<Item = &'s str>) -> BTreeMap<&'s str, usize> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

/// Names that are counted more often than so.
fn beyond(counts: BTreeMap<&str, usize>, bound: usize) -> BTreeSet<&str> {
    counts.into_iter().filter(|(_, count)| *count > bound).map(|(name, _)| name).collect()
}

/// Pages to which more clients than a planted page has send what customers enter.
fn gates<'s>(attacks: &[Attack<'s, '_>]) -> BTreeSet<&'s str> {
    let senders = pairs(attacks, |a| a.is(Role::Capture, Answer::Accepted) && a.rule.is_grave());
    beyond(counts(senders.into_iter().map(|(_, page)| page)), RARE_CLIENTS)
}

/// By page like a web shell: how many clients had success there.
fn users<'s>(attacks: &[Attack<'s, '_>]) -> BTreeMap<&'s str, usize> {
    let uses = pairs(attacks, |attack| attack.is(Role::Foothold, Answer::Accepted));
    counts(uses.into_iter().map(|(_, page)| page))
}

fn answered_everywhere<'s>(attacks: &[Attack<'s, '_>]) -> BTreeSet<&'s str> {
    let pages = |role: Role| matches!(role, Role::Foothold | Role::Dump | Role::Secret);
    let answered = pairs(attacks, |attack| {
        attack.answer == Answer::Accepted && attack.rule.is_grave() && pages(attack.rule.role)
    });
    beyond(counts(answered.into_iter().map(|(client, _)| client)), PAGES)
}

/// Pages that answered several exploits, and all of them with the same size. An exploit that several
/// rules know is one.
fn usual<'s>(attacks: &[Attack<'s, '_>]) -> BTreeSet<&'s str> {
    let mut answers: BTreeMap<&str, BTreeMap<(&str, u64), u64>> = BTreeMap::new();
    for attack in attacks.iter().filter(|attack| attack.is(Role::Exploit, Answer::Accepted)) {
        if let (Some(path), Some(bytes)) = (attack.path(), attack.seen.hit.bytes) {
            answers.entry(path).or_default().insert(attack.entry(), bytes);
        }
    }
    let same = |sizes: &BTreeMap<_, u64>| {
        let least = sizes.values().min().copied().unwrap_or(0);
        let most = sizes.values().max().copied().unwrap_or(0);
        sizes.len() >= USUAL_ANSWERS && most - least <= ECHO && least > ECHO
    };
    answers.into_iter().filter(|(_, sizes)| same(sizes)).map(|(path, _)| path).collect()
}
