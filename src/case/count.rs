//! How many records, of which class, how many distinct? Gross and distinct side by side.
//!
//! Cards that do not [count](Grade::counts) (test numbers, masked ones, chance, for review, wrong
//! check digit) stand apart; a headline record is one of which a class is left without them. Distinct values
//! are counted by sorting their keyed fingerprints, at a bounded memory.

use std::collections::BTreeMap;

use crate::element::{Brand, Card, Element, Elements, Grade, settled};
use crate::scan::{RecordFact, SiteTally, Way, network};
use crate::spill::Uniques;

use super::intruder::{Intruder, Intruders};
use super::site::{Site, SiteStream};
use super::{ApartCount, BrandCount, ClassCount, Count, Direction, Distinct, PlaceCount};

/// All records that stand in the logs of the site.
pub(super) fn observed(site: &Site<'_>) -> Count {
    let mut counter = Counter::default();
    for stream in &site.streams {
        stream.tally.records.facts.iter().for_each(|fact| counter.add(&fact, stream.tally));
    }
    counter.count()
}

/// Where the records stand, by kind of log and which way they went.
pub(super) fn places(site: &Site<'_>) -> Vec<PlaceCount> {
    let mut places: BTreeMap<(&str, Direction), Counter> = BTreeMap::new();
    for stream in &site.streams {
        for fact in &stream.tally.records.facts {
            let place = (stream.log(), direction(stream, fact.way));
            places.entry(place).or_default().add(&fact, stream.tally);
        }
    }
    let place = |((log, direction), counter): ((&str, Direction), Counter)| {
        let count = counter.count();
        let (records, distinct_cards) = (count.records, count.distinct.card_number);
        PlaceCount { log: log.to_owned(), direction, records, distinct_cards }
    };
    places.into_iter().map(place).filter(|place| place.records > 0).collect()
}

fn direction(stream: &SiteStream<'_>, way: Way) -> Direction {
    match way {
        Way::Referer => Direction::Referer,
        Way::Elsewhere => Direction::Outgoing,
        Way::Usual if stream.tells_answers() => Direction::Recorded,
        Way::Usual => Direction::Incoming,
    }
}

/// What the intruders' requests read.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) count: Count,
    /// Whether headline records were read from an address that customers do not share.
    pub(super) is_theft: bool,
    /// When the first and the last was written, in seconds since the epoch.
    pub(super) times: Option<(i64, i64)>,
    /// First and last of the dates within them, in days since the epoch.
    pub(super) days: Option<(i32, i32)>,
}

/// Only the records that an intruder's requests read: those whose client is an intruder of the
/// site, from the intruder's first step on.
pub(super) fn attributed(site: &Site<'_>, intruders: &Intruders<'_, '_>) -> Read {
    let (mut read, mut counter) = (Read::default(), Counter::default());
    for stream in &site.streams {
        for (fact, intruder) in attributed_facts(stream, intruders) {
            counter.add(&fact, stream.tally);
            if is_headline(&fact, stream.tally) {
                read.is_theft |= !intruder.is_shared();
                widen(&mut read.times, fact.time);
                widen(&mut read.days, fact.date);
            }
        }
    }
    read.count = counter.count();
    read
}

/// Makes a span reach a value.
fn widen<T: Copy + Ord>(span: &mut Option<(T, T)>, value: Option<T>) {
    if let Some(value) = value {
        let (first, last) = span.unwrap_or((value, value));
        *span = Some((first.min(value), last.max(value)));
    }
}

/// The facts of records that an intruder's requests read, and whose.
///
/// A record without a time is counted only if its client has no record from before its first
/// step: such a client is also an ordinary customer, and the record may be from that time. Logs of
/// requests alone are left out: what stands there was sent by the client, not read.
fn attributed_facts<'i>(
    stream: &SiteStream<'_>,
    intruders: &'i Intruders<'_, '_>,
) -> impl Iterator<Item = (RecordFact, &'i Intruder<'i, 'i>)> {
    let records = &stream.tally.records;
    let names = records.clients.iter().filter(|_| stream.tells_answers());
    let clients: Vec<_> = names.map(|name| intruders.get(name)).collect();
    let any = clients.iter().any(Option::is_some);
    records.facts.iter().take_while(move |_| any).filter_map(move |fact| {
        let intruder = clients.get(fact.client? as usize).copied().flatten()?;
        let read = match fact.time {
            Some(time) => intruder.since.is_none_or(|since| since.seconds() <= time),
            None => intruder.records_before == 0,
        };
        read.then_some((fact, intruder))
    })
}

/// Whether a record belongs to the headline: whether anything is left of it when a card that
/// does not count is taken away.
fn is_headline(fact: &RecordFact, tally: &SiteTally) -> bool {
    !settled(fact.class, fact.card, &tally.columns).0.is_empty()
}

/// How many headline records of a stream each of some clients has before a time (in seconds since
/// the epoch), and from then on.
pub(super) fn before_and_after<'t>(
    stream: &SiteStream<'t>,
    since: impl Fn(&str) -> Option<i64>,
) -> Vec<(&'t str, u64, u64)> {
    let records = &stream.tally.records;
    let bounds: Vec<Option<i64>> = records.clients.iter().map(since).collect();
    let mut counts = vec![(0, 0); bounds.len()];
    let any = bounds.iter().any(Option::is_some);
    for fact in records.facts.iter().take_while(|_| any) {
        let Some((number, time)) = fact.client.map(|c| c as usize).zip(fact.time) else { continue };
        let bound =
            bounds.get(number).copied().flatten().filter(|_| is_headline(&fact, stream.tally));
        if let (Some(bound), Some((before, after))) = (bound, counts.get_mut(number)) {
            *before += u64::from(time < bound);
            *after += u64::from(time >= bound);
        }
    }
    let named = records.clients.iter().zip(counts);
    named.map(|(name, (before, after))| (name, before, after)).collect()
}

/// How many headline records each client has in a stream, IPv6 by /64.
pub(super) fn by_client(stream: &SiteStream<'_>) -> BTreeMap<String, u64> {
    let records = &stream.tally.records;
    let mut counts = vec![0; records.clients.len()];
    for fact in records.facts.iter().filter(|fact| is_headline(fact, stream.tally)) {
        if let Some(count) = fact.client.and_then(|client| counts.get_mut(client as usize)) {
            *count += 1;
        }
    }
    let mut clients = BTreeMap::new();
    for (name, count) in records.clients.iter().zip(counts) {
        *clients.entry(network(name).into_owned()).or_default() += count;
    }
    clients
}

/// When the first headline record of each client was written, in logs that say what was read.
pub(super) fn first_records<'s>(site: &'s Site<'_>) -> BTreeMap<&'s str, i64> {
    let mut first: BTreeMap<&str, i64> = BTreeMap::new();
    for stream in site.streams.iter().filter(|stream| stream.tells_answers()) {
        let records = &stream.tally.records;
        let mut of_stream: Vec<Option<i64>> = vec![None; records.clients.len()];
        for fact in &records.facts {
            let place = fact.client.and_then(|c| of_stream.get_mut(c as usize));
            if let (Some(place), Some(time)) = (place, fact.time)
                && place.is_none_or(|first| time < first)
                && is_headline(&fact, stream.tally)
            {
                *place = Some(time);
            }
        }
        for (name, time) in records.clients.iter().zip(of_stream) {
            let Some(time) = time else { continue };
            first.entry(name).and_modify(|t| *t = time.min(*t)).or_insert(time);
        }
    }
    first
}

/// Records on the way to a [`Count`]: gross numbers as such, distinct ones from all hashes.
#[derive(Default)]
struct Counter {
    classes: BTreeMap<Elements, u64>,
    brands: BTreeMap<Brand, u64>,
    apart: BTreeMap<Grade, u64>,
    cards_by_class: Uniques,
    cards_by_brand: Uniques,
    cards_apart: Uniques,
    people: Uniques,
}

/// The groups of [`Counter::people`].
const EMAIL: u32 = 0;
const PERSON: u32 = 1;

impl Counter {
    fn add(&mut self, fact: &RecordFact, tally: &SiteTally) {
        let (class, card) = settled(fact.class, fact.card, &tally.columns);
        if let Some(card) = card {
            self.add_card(class, card);
        }
        if class.is_empty() {
            return;
        }
        *self.classes.entry(class).or_default() += 1;
        fact.email.iter().for_each(|f| self.people.add(EMAIL, f.0));
        fact.person.iter().for_each(|f| self.people.add(PERSON, f.0));
    }

    fn add_card(&mut self, class: Elements, card: Card) {
        let number = card.fingerprint.0;
        if card.grade.counts() {
            *self.brands.entry(card.brand).or_default() += 1;
            self.cards_by_class.add(class.0, number);
            self.cards_by_brand.add(card.brand as u32, number);
        } else {
            *self.apart.entry(card.grade).or_default() += 1;
            self.cards_apart.add(card.grade as u32, number);
        }
    }

    fn count(self) -> Count {
        let people = self.people.counts();
        let classes = classes(&self.classes, &self.cards_by_class.counts());
        let brands = brands(&self.brands, &self.cards_by_brand.counts());
        Count {
            records: classes.iter().map(|class| class.records).sum(),
            distinct: Distinct {
                // A card has one brand, so that the distinct cards of all brands add up.
                card_number: brands.iter().map(|brand| brand.distinct).sum(),
                email: of(&people, EMAIL),
                person: of(&people, PERSON),
            },
            classes,
            brands,
            apart: apart(&self.apart, &self.cards_apart.counts()),
        }
    }
}

/// How many different ones a group has.
fn of(counts: &BTreeMap<u32, u64>, group: u32) -> u64 {
    counts.get(&group).copied().unwrap_or_default()
}

/// By class, in the order of the classes' elements.
fn classes(gross: &BTreeMap<Elements, u64>, distinct: &BTreeMap<u32, u64>) -> Vec<ClassCount> {
    let class = |(class, records): (&Elements, &u64)| ClassCount {
        elements: class.iter().collect(),
        records: *records,
        distinct_cards: of(distinct, class.0),
    };
    let mut classes: Vec<ClassCount> = gross.iter().map(class).collect();
    classes.sort_by(|a, b| a.elements.cmp(&b.elements));
    classes
}

fn brands(gross: &BTreeMap<Brand, u64>, distinct: &BTreeMap<u32, u64>) -> Vec<BrandCount> {
    let brand = |(brand, records): (&Brand, &u64)| BrandCount {
        brand: *brand,
        records: *records,
        distinct: of(distinct, *brand as u32),
    };
    gross.iter().map(brand).collect()
}

fn apart(gross: &BTreeMap<Grade, u64>, distinct: &BTreeMap<u32, u64>) -> Vec<ApartCount> {
    let apart = |(grade, records): (&Grade, &u64)| ApartCount {
        grade: *grade,
        records: *records,
        distinct: of(distinct, *grade as u32),
    };
    gross.iter().map(apart).collect()
}

/// Whether any headline record carries sensitive authentication data (PCI DSS 3.3.1).
pub(super) fn has_authentication_data(count: &Count) -> bool {
    let secret =
        |e: &Element| matches!(e, Element::SecurityCode | Element::Track | Element::PinBlock);
    count.classes.iter().any(|class| class.elements.iter().any(secret))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::element::Fingerprint;
    use crate::scan::Facts;

    fn fact(class: u32, card: Option<(u64, u8)>, email: Option<u64>) -> RecordFact {
        let grades = [Grade::Keyed, Grade::Column, Grade::Review, Grade::Test];
        let card = card.map(|(number, grade)| Card {
            fingerprint: Fingerprint(number),
            brand: if number.is_multiple_of(3) { Brand::Visa } else { Brand::Jcb },
            grade: grades[grade as usize],
            column: 0,
        });
        let email = email.map(Fingerprint);
        RecordFact {
            class: Elements(class),
            card,
            email,
            person: email,
            date: None,
            time: None,
            client: None,
            way: Way::Usual,
            line: 1,
        }
    }

    fn facts() -> impl Strategy<Value = Vec<RecordFact>> {
        let card = proptest::option::of((0_u64..20, 0_u8..4));
        let email = proptest::option::of(0_u64..20);
        let fact =
            (1_u32..8, card, email).prop_map(|(class, card, email)| fact(class, card, email));
        proptest::collection::vec(fact, 0..60)
    }

    fn counted(facts: &[RecordFact]) -> Count {
        let tally = SiteTally::default();
        let mut counter = Counter::default();
        for fact in facts {
            counter.add(fact, &tally);
        }
        counter.count()
    }

    /// 10⁸ distinct cards at a bounded memory: 11 GB of temporary files.
    #[test]
    #[ignore = "takes minutes and 11 GB of temporary files"]
    fn a_hundred_million_distinct_cards() {
        const MANY: u64 = 100_000_000;
        let mut facts = Facts::default();
        (0..MANY).for_each(|n| {
            facts.push(&fact(1, Some((n.wrapping_mul(0x9E37_79B9_7F4A_7C15), 0)), None));
        });
        let tally = SiteTally::default();
        let mut counter = Counter::default();
        facts.iter().for_each(|fact| counter.add(&fact, &tally));
        let count = counter.count();
        assert_eq!((count.records, count.distinct.card_number), (MANY, MANY));
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let peak = peak.and_then(|kb| kb.parse::<u64>().ok());
        assert!(peak.is_none_or(|kb| kb < 512 * 1024), "peak {peak:?} kB");
    }

    proptest! {
        #[test]
        fn counts_as_sets_do(facts in facts()) {
            let count = counted(&facts);
            let tally = SiteTally::default();
            let headline: Vec<_> = facts.iter().filter(|f| is_headline(f, &tally)).collect();
            let settled = |f: &RecordFact| settled(f.class, f.card, &tally.columns).1;
            let cards: Vec<Card> = facts.iter().filter_map(settled).collect();
            let (counting, apart): (Vec<Card>, Vec<Card>) = cards.iter().partition(|c| c.grade.counts());
            let cards: BTreeSet<_> = counting.iter().map(|c| c.fingerprint).collect();
            let emails: BTreeSet<_> = headline.iter().filter_map(|f| f.email).collect();
            prop_assert_eq!(count.records, headline.len() as u64);
            prop_assert_eq!(count.distinct.card_number, cards.len() as u64);
            prop_assert_eq!(count.distinct.email, emails.len() as u64);
            let classes: u64 = count.classes.iter().map(|c| c.records).sum();
            prop_assert_eq!(classes, count.records);
            let set_apart: u64 = count.apart.iter().map(|a| a.records).sum();
            prop_assert_eq!(set_apart, apart.len() as u64);
        }

        #[test]
        fn order_does_not_matter(facts in facts(), seed in 0_usize..60) {
            let mut turned = facts.clone();
            turned.rotate_left(seed.min(facts.len()));
            prop_assert_eq!(counted(&turned), counted(&facts));
        }
    }
}
