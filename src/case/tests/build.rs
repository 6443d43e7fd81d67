//! Small builders of tallies.

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use crate::case::Conclusion;
use crate::case::catalog::{Catalog, Known};
use crate::case::conclude::{Examined, of_pages, weigh};
use crate::case::site::sites;
use crate::case::{Case, Heard, Overview};
use crate::element::{Brand, Card, Element, Elements, Fingerprint, Grade, mask};
use crate::event::decode::Layer;
use crate::rule::{Level, RuleInfo, Stage};
use crate::scan::{
    Bounds, Disorder, Hit, HitEntry, LargeAnswer, Outcome, Page, PageId, Part, RecordFact,
    SiteTally, StreamFacts, Tally, Way, Yield,
};
use crate::source::{ContentId, Gap, GapKind, Inventory, SiteEntry, Window};
use crate::time::{Civil, Time};

pub(super) const SITE: &str = "zei.example.jp";

/// The rules of these tests, by index.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Rule {
    Exploit,
    Trace,
    Shell,
    Guessed,
    Dump,
    Probe,
    Exposure,
    Injection,
    Secret,
    Other,
    Capture,
}

pub(super) fn catalog() -> Catalog {
    let rules = [
        ("exploit", Level::Critical, "attack.t1190", Stage::InitialAccess),
        ("trace", Level::Low, "attack.t1190", Stage::InitialAccess),
        ("shell", Level::High, "attack.t1505.003", Stage::Persistence),
        ("guessed", Level::High, "attack.t1110", Stage::CredentialAccess),
        ("dump", Level::Medium, "attack.t1213", Stage::Collection),
        ("probe", Level::Low, "attack.t1595", Stage::Reconnaissance),
        ("exposure", Level::High, "leaksweep.exposure", Stage::Exposure),
        ("injection", Level::High, "attack.t1190", Stage::InitialAccess),
        ("secret", Level::High, "attack.t1552", Stage::CredentialAccess),
        ("other", Level::High, "attack.t1059", Stage::Execution),
        ("capture", Level::High, "attack.t1056.003", Stage::Collection),
    ];
    let known = |(id, level, tag, stage): (&str, Level, &str, Stage)| {
        let info = RuleInfo {
            id: id.to_owned(),
            title: id.to_owned(),
            level,
            tags: vec![tag.to_owned()],
            ..RuleInfo::default()
        };
        Known::new(info, Some(stage))
    };
    rules.into_iter().map(known).collect()
}

/// A time of March 2017 in Japan, in seconds since the epoch.
pub(super) fn at(day: u8, hour: u8, minute: i64) -> i64 {
    let civil = Civil { year: 2017, month: 3, day, hour, minute: 0, second: 0, micro: 0 };
    civil.at_offset(540).unwrap().seconds() + 60 * minute
}

pub(super) fn time(second: i64) -> Time {
    Time::from_micros(second * 1_000_000, 540)
}

/// What one log yielded.
pub(super) struct Log {
    facts: StreamFacts,
    tally: SiteTally,
    disorder: Disorder,
    last_rule: u32,
}

/// A log of the site with 60 entries an hour by day and 6 by night, from 6 March 00:00 to
/// 10 March 06:00.
pub(super) fn clean(kind: &str) -> Log {
    let facts = StreamFacts {
        head: None,
        names: vec![format!("{SITE}/{kind}.log")],
        bytes: 1,
        format: kind.to_owned(),
        log: kind.to_owned(),
        unable: Arc::default(),
        gaps: Vec::new(),
    };
    let mut log =
        Log { facts, tally: SiteTally::default(), disorder: Disorder::default(), last_rule: 0 };
    for hour in 0..102 {
        let count = if (7..23).contains(&(hour % 24)) { 60 } else { 6 };
        log.tally.hours.add(at(6, 0, 0) / 3_600 + hour, count, Bounds::default());
    }
    log.settle();
    log
}

impl Log {
    /// Makes entries and span agree with the hours.
    fn settle(&mut self) {
        let hours = &self.tally.hours;
        self.tally.entries = hours.values().sum::<u64>() + self.tally.unparsed;
        self.tally.first = hours.keys().next().map(|hour| time(hour * 3_600));
        self.tally.last = hours.keys().next_back().map(|hour| time(hour * 3_600 + 3_599));
    }

    pub(super) fn hit(
        &mut self,
        rule: Rule,
        second: i64,
        client: Option<&str>,
        path: &str,
        status: Option<u16>,
        bytes: Option<u64>,
    ) {
        let outcome = match status {
            Some(200..300) => Outcome::Succeeded,
            Some(400..500) => Outcome::Blocked,
            _ => Outcome::Unknown,
        };
        let set = self.tally.rules.entry(rule as u32).or_default();
        self.last_rule = rule as u32;
        let entry = HitEntry {
            line: second as u64 % 1_000_000,
            offset: second as u64,
            time: Some(time(second)),
            client: client.map(Into::into),
            path: (!path.is_empty()).then(|| mask(path.as_bytes(), 0, 100)),
            user_agent: Some(mask(b"Mozilla/5.0", 0, 100)),
            status,
            bytes,
            outcome,
            output: false,
            links: None,
            excerpt: mask(path.as_bytes(), 0, 100),
        };
        let hit = Hit { layer: Layer::Raw, entry: entry.into() };
        set.push(&hit, Bounds::default(), None, || hit.clone());
    }

    /// A page that answered many clients with these sizes.
    pub(super) fn page(&mut self, path: &str, bytes: impl IntoIterator<Item = u64>) {
        let id = PageId::of(path.as_bytes()).unwrap();
        self.tally.pages.of.insert(id, Page::answering(path, bytes).into());
    }

    /// A page of code and its uses: client, second, size.
    pub(super) fn used_page(&mut self, path: &str, uses: &[(&str, i64, u64)]) {
        let id = PageId::of(path.as_bytes()).unwrap();
        self.tally.pages.of.insert(id, Page::used(path, uses).into());
    }

    /// A large answer of a page that is there.
    pub(super) fn answered_largely(&mut self, path: &str, client: &str, second: i64, bytes: u64) {
        let at = Page::used("/a.php", &[(client, second, bytes)]).uses.remove(0);
        let large = LargeAnswer { path: crate::element::mask(path.as_bytes(), 0, 200), used: at };
        let page = self.tally.pages.of.get_mut(&PageId::of(path.as_bytes()).unwrap()).unwrap();
        page.answer_largely(Box::new(large));
    }

    /// The hit added last.
    pub(super) fn last(&mut self) -> Option<&mut HitEntry> {
        let last = self.tally.rules.get_mut(&self.last_rule)?.hits.last_mut()?;
        Some(Arc::make_mut(&mut last.entry))
    }

    pub(super) fn record(&mut self, fact: RecordFact, second: i64, client: &str) {
        let records = &mut self.tally.records;
        let (time, client) = (Some(second), Some(records.clients.intern(client)));
        records.facts.push(&RecordFact { time, client, ..fact });
    }

    /// Takes away the entries of whole hours between two times.
    pub(super) fn silence(&mut self, from: i64, to: i64) {
        let outside = |hour: &i64| !(from..to).contains(&(hour * 3_600));
        let hours = self.tally.hours.iter().map(|(hour, n)| (*hour, *n));
        self.tally.hours = hours.filter(|(hour, _)| outside(hour)).collect();
        self.settle();
    }

    pub(super) fn gap(&mut self, kind: GapKind) {
        let source = self.facts.names[0].clone();
        self.facts.gaps.push(Gap { source, kind, detail: "what came before is kept".to_owned() });
    }

    pub(super) fn unparsed(&mut self, count: u64) {
        self.tally.unparsed += count;
        self.settle();
    }

    pub(super) fn unable(&mut self, rule: Rule, why: &str) {
        Arc::make_mut(&mut self.facts.unable).insert(rule as u32, why.to_owned());
    }
}

/// A record with that card, and with its owner's e-mail address or without.
pub(super) fn record(card: u64, mail: bool) -> RecordFact {
    let class = Elements::default().with(Element::CardNumber).with(Element::Expiry);
    RecordFact {
        class: if mail { class.with(Element::Email) } else { class },
        card: Some(Card {
            fingerprint: Fingerprint(card),
            brand: if card.is_multiple_of(2) { Brand::Visa } else { Brand::Jcb },
            grade: Grade::Keyed,
            column: 1,
        }),
        email: mail.then_some(Fingerprint(1_000 + card)),
        person: mail.then_some(Fingerprint(1_000 + card)),
        date: Some(17_000 + card as i32),
        time: None,
        client: None,
        way: Way::Usual,
        line: 1,
    }
}

pub(super) fn inventory() -> Inventory {
    let mut inventory = Inventory::default();
    inventory.sites.push(SiteEntry {
        name: SITE.to_owned(),
        declared_records: Some(676_290),
        expected: vec!["access".to_owned(), "application".to_owned(), "gateway".to_owned()],
        ..SiteEntry::default()
    });
    inventory.window = Some(Window { from: time(at(6, 22, 0)), to: time(at(10, 0, 0)) });
    inventory
}

/// The tally of some logs of the site, merged one by one.
pub(super) fn tally(logs: Vec<Log>) -> Tally {
    tally_of(SITE, logs)
}

/// The tally of some logs of a site.
pub(super) fn tally_of(site: &str, logs: Vec<Log>) -> Tally {
    let mut tally = Tally::default();
    for mut log in logs {
        log.facts.names = vec![format!("{site}/{}.log", log.facts.log)];
        let mut id = [0; 32];
        let letters = log.facts.log.bytes().chain(site.bytes());
        id.iter_mut().zip(letters).for_each(|(byte, letter)| *byte = letter);
        let part = Part {
            sites: BTreeMap::from([(site.to_owned(), log.tally.into())]),
            disorder: log.disorder,
            ..Part::default()
        };
        let streams = BTreeMap::from([(
            ContentId(id),
            Yield { stream: log.facts, part, ..Yield::default() },
        )]);
        tally.merge(Tally { streams, ..Tally::default() });
    }
    tally
}

/// The case of the site.
pub(super) fn concluded(logs: Vec<Log>) -> Case {
    let mut cases = cases(&tally(logs));
    assert_eq!(cases.len(), 1);
    cases.remove(0)
}

/// The cases of a tally.
pub(super) fn cases(tally: &Tally) -> Vec<Case> {
    conclusion(tally).cases
}

/// Everything concluded from a tally.
pub(super) fn conclusion(tally: &Tally) -> Conclusion {
    conclusion_with(tally, &inventory())
}

/// Everything concluded from a tally under an inventory.
pub(super) fn conclusion_with(tally: &Tally, inventory: &Inventory) -> Conclusion {
    conclusion_by(&catalog(), tally, inventory)
}

/// The same by other rules.
pub(super) fn conclusion_by(catalog: &Catalog, tally: &Tally, inventory: &Inventory) -> Conclusion {
    let overview = Overview::of(tally);
    let mut sites = sites(tally, &overview, inventory);
    for site in &mut sites {
        site.add_hits(of_pages(site, catalog));
    }
    weigh(&sites, tally, &overview, catalog, inventory.criteria)
}

/// Whom a second pass follows.
pub(super) fn pursued(tally: &Tally) -> Vec<String> {
    let (inventory, catalog, overview) = (inventory(), catalog(), Overview::of(tally));
    let sites = sites(tally, &overview, &inventory);
    let words = sites.iter().map(|site| Examined::new(site, &catalog).word());
    let heard = Heard::of(words, tally, &overview);
    heard.traces().iter().map(|trace| trace.value.to_string()).collect()
}
