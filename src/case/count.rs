//! How many records, of which class, how many distinct? Gross and distinct side by side.
//!
//! Cards that do not [count](Grade::counts) (test numbers, masked ones, chance, for review, wrong
//! check digit) stand apart; a headline record is one of which a class is left without them. Distinct values
//! are counted by sorting their keyed fingerprints, so that 676,290 records cost milliseconds.

use std::collections::BTreeMap;

use crate::element::{Brand, Element, Elements, Grade, settled};
use crate::scan::{RecordFact, SiteTally, network};

use super::intruder::{Intruder, Intruders};
use super::site::{Site, SiteStream};
use super::{ApartCount, BrandCount, ClassCount, Count, Direction, Distinct, PlaceCount};

/// All records that stand in the logs of the site.
pub(super) fn observed(site: &Site<'_>) -> Count {
    let mut counter = Counter::default();
    for stream in &site.streams {
        stream.tally.records.facts.iter().for_each(|fact| counter.add(fact, stream.tally));
    }
    counter.count()
}

/// Where the records stand, by kind of log, in the order of their names.
pub(super) fn places(site: &Site<'_>) -> Vec<PlaceCount> {
    let mut logs: BTreeMap<&str, (Direction, Counter)> = BTreeMap::new();
    for stream in &site.streams {
        let way = if stream.tells_answers() { Direction::Recorded } else { Direction::Incoming };
        let (_, counter) = logs.entry(stream.log()).or_insert_with(|| (way, Counter::default()));
        stream.tally.records.facts.iter().for_each(|fact| counter.add(fact, stream.tally));
    }
    let place = |(log, (direction, counter)): (&str, (Direction, Counter))| {
        let count = counter.count();
        let (records, distinct_cards) = (count.records, count.distinct.card_number);
        PlaceCount { log: log.to_owned(), direction, records, distinct_cards }
    };
    logs.into_iter().map(place).filter(|place| place.records > 0).collect()
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
            counter.add(fact, stream.tally);
            if is_headline(fact, stream.tally) {
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
fn attributed_facts<'t, 'i>(
    stream: &SiteStream<'t>,
    intruders: &'i Intruders<'_, '_>,
) -> impl Iterator<Item = (&'t RecordFact, &'i Intruder<'i, 'i>)> {
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
    let bounds: Vec<Option<i64>> = records.clients.iter().map(|name| since(name)).collect();
    let mut counts = vec![(0, 0); bounds.len()];
    let any = bounds.iter().any(Option::is_some);
    for fact in records.facts.iter().take_while(|_| any) {
        let Some((number, time)) = fact.client.map(|c| c as usize).zip(fact.time) else { continue };
        let bound =
            bounds.get(number).copied().flatten().filter(|_| is_headline(fact, stream.tally));
        if let (Some(bound), Some((before, after))) = (bound, counts.get_mut(number)) {
            *before += u64::from(time < bound);
            *after += u64::from(time >= bound);
        }
    }
    let named = records.clients.iter().zip(counts);
    named.map(|(name, (before, after))| (&**name, before, after)).collect()
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
                && is_headline(fact, stream.tally)
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

/// Records on the way to a [`Count`].
#[derive(Default)]
struct Counter {
    /// Class, brand and fingerprint of every record with a card.
    cards: Vec<(Elements, Brand, u64)>,
    /// Records without a card.
    cardless: BTreeMap<Elements, u64>,
    emails: Vec<u64>,
    persons: Vec<u64>,
    apart: BTreeMap<Grade, Vec<u64>>,
}

impl Counter {
    fn add(&mut self, fact: &RecordFact, tally: &SiteTally) {
        let (class, card) = settled(fact.class, fact.card, &tally.columns);
        let counted = card.filter(|card| card.grade.counts());
        if let Some(card) = card.filter(|card| !card.grade.counts()) {
            self.apart.entry(card.grade).or_default().push(card.fingerprint.0);
        }
        match counted {
            Some(card) => self.cards.push((class, card.brand, card.fingerprint.0)),
            None if class.is_empty() => return,
            None => *self.cardless.entry(class).or_default() += 1,
        }
        self.emails.extend(fact.email.map(|f| f.0));
        self.persons.extend(fact.person.map(|f| f.0));
    }

    fn count(mut self) -> Count {
        let classes = self.classes();
        let brands = self.brands();
        Count {
            records: classes.iter().map(|class| class.records).sum(),
            distinct: Distinct {
                card_number: brands.iter().map(|brand| brand.distinct).sum(),
                email: distinct(&mut self.emails),
                person: distinct(&mut self.persons),
            },
            classes,
            brands,
            apart: self.apart.into_iter().map(apart).collect(),
        }
    }

    /// By class, in the order of the classes' elements.
    fn classes(&mut self) -> Vec<ClassCount> {
        self.cards.sort_unstable_by_key(|(class, _, card)| (*class, *card));
        let mut classes: Vec<ClassCount> = self
            .cards
            .chunk_by(|a, b| a.0 == b.0)
            .map(|same| class_count(same[0].0, same.len() as u64, runs(same, |c| c.2)))
            .collect();
        let cardless = self.cardless.iter().map(|(class, n)| class_count(*class, *n, 0));
        classes.extend(cardless);
        classes.sort_by(|a, b| a.elements.cmp(&b.elements));
        merged(classes)
    }

    /// By brand; a card has one brand, so that the distinct cards of all brands add up.
    fn brands(&mut self) -> Vec<BrandCount> {
        self.cards.sort_unstable_by_key(|(_, brand, card)| (*brand, *card));
        let brands = self.cards.chunk_by(|a, b| a.1 == b.1);
        brands
            .map(|same| BrandCount {
                brand: same[0].1,
                records: same.len() as u64,
                distinct: runs(same, |c| c.2),
            })
            .collect()
    }
}

fn class_count(class: Elements, records: u64, distinct_cards: u64) -> ClassCount {
    ClassCount { elements: class.iter().collect(), records, distinct_cards }
}

/// Neighbouring counts of the same class made one.
fn merged(classes: Vec<ClassCount>) -> Vec<ClassCount> {
    let mut out: Vec<ClassCount> = Vec::new();
    for class in classes {
        match out.last_mut().filter(|last| last.elements == class.elements) {
            Some(last) => {
                last.records += class.records;
                last.distinct_cards += class.distinct_cards;
            }
            None => out.push(class),
        }
    }
    out
}

fn apart((grade, mut numbers): (Grade, Vec<u64>)) -> ApartCount {
    ApartCount { grade, records: numbers.len() as u64, distinct: distinct(&mut numbers) }
}

/// Distinct values of a list.
fn distinct(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    runs(values, |v| *v)
}

/// Runs of equal keys in a sorted list.
fn runs<T>(sorted: &[T], key: impl Fn(&T) -> u64) -> u64 {
    sorted.chunk_by(|a, b| key(a) == key(b)).count() as u64
}

/// Whether any headline record carries sensitive authentication data (PCI DSS 3.3.1).
pub(super) fn has_authentication_data(count: &Count) -> bool {
    let secret = |e: &Element| matches!(e, Element::SecurityCode | Element::Track);
    count.classes.iter().any(|class| class.elements.iter().any(secret))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::element::{Card, Fingerprint};

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
