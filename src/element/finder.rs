//! From the finds of an entry to its records.

use std::ops::Range;

use super::column::Observation;
use super::found::{Found, Hints, Search, Weight, search};
use super::key::{Domain, Stamp};
use super::keys::{self, Norm};
use super::mail::Holder;
use super::pairs::Pair;
use super::{Card, CaseKey, Element, Elements, Fingerprint, Grade, Record, sift, unit};
use crate::event::{Event, Field};
use crate::pan::plain::Plain;

/// Finds records: immutable, shared by all threads.
#[derive(Debug)]
pub struct Finder {
    stamp: Stamp,
    own: Vec<String>,
}

/// The scratch space of one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    observations: Vec<Observation>,
    mails: Vec<(Holder, Fingerprint)>,
}

impl Scratch {
    /// The numbers of a card's form that stood alone in the entry last searched, those with a
    /// wrong check digit included: what [`Columns::note`](super::Columns::note) takes.
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// The addresses in the entry last searched that are no leak by themselves: what
    /// [`Mails::note`](super::Mails::note) takes.
    pub fn mails(&self) -> &[(Holder, Fingerprint)] {
        &self.mails
    }
}

impl Finder {
    /// A finder for a case.
    #[allow(clippy::needless_pass_by_value)] // a key has one owner
    pub fn new(key: CaseKey) -> Self {
        Self { stamp: key.stamp(), own: Vec::new() }
    }

    /// A finder that takes addresses of these e-mail domains for the site's own: no leak by
    /// themselves.
    #[must_use]
    pub fn with_own_domains(mut self, domains: impl IntoIterator<Item = String>) -> Self {
        self.own.extend(domains.into_iter().map(|d| d.to_lowercase()));
        self
    }

    /// Appends to `at` an offset inside every entry of `block` that may carry an element (too
    /// often is allowed, too seldom is not), in ascending order.
    pub fn candidates(&self, block: &[u8], at: &mut Vec<usize>) {
        sift::candidates(block, at);
    }

    /// Appends the records of one entry to `out`, and puts the numbers that the column statistic
    /// needs into `scratch`.
    ///
    /// A record needs something that stands by itself: a card number of any grade, a security
    /// code or track, a person's e-mail address, or a name, address, phone, birth date or
    /// individual number. Expiry, postal code, brand, holder, account and dates only add to it;
    /// role, own, test and service addresses too; the contact in a robot's User-Agent never does.
    /// The class holds a card number only if its grade [counts](Grade::counts) already.
    pub fn records(&self, event: &Event<'_>, scratch: &mut Scratch, out: &mut Vec<Record>) {
        scratch.observations.clear();
        scratch.mails.clear();
        let plain = Plain::of(event.raw);
        let hints = self.hints(event, &plain);
        let Search { found, seen } = search(&plain.text, &hints);
        scratch.observations.extend(seen.iter().map(|s| Observation::new(s, &self.stamp)));
        scratch.mails.extend(found.iter().filter_map(|f| self.apart(f)));
        let referer = event.get(Field::Referer).and_then(|value| place(event, &plain, value));
        let referer = referer.unwrap_or_default();
        for finds in unit::records(&plain.text, found) {
            out.extend(self.record(finds, &referer));
        }
    }

    /// The fingerprint of an identifier that joins entries: of a request, a session, a thread.
    pub fn link(&self, identifier: &[u8]) -> Fingerprint {
        self.stamp.of(Domain::Link, identifier)
    }

    fn hints(&self, event: &Event<'_>, plain: &Plain<'_>) -> Hints<'_> {
        let place = |value: &[u8]| place(event, plain, value);
        let named = event.named().iter().filter_map(|(name, value)| {
            let role = keys::role(name, || Norm::of(b""));
            Some(Pair { role, key: Norm::of(name).hash(), value: place(value)? })
        });
        let agent = event.get(Field::UserAgent).and_then(place).unwrap_or_default();
        Hints { agent, named: named.collect(), own: &self.own }
    }

    fn record(&self, mut finds: Vec<Found>, referer: &Range<usize>) -> Option<Record> {
        corroborate(&mut finds);
        let card_find =
            finds.iter().filter(|f| f.card.is_some()).min_by_key(|f| f.card.map(|c| c.grade));
        let card = card_find.and_then(|f| self.card(f));
        let alone = finds.iter().any(|f| f.card.is_none() && f.weight == Weight::Strong);
        if card.is_none() && !alone {
            return None;
        }
        let counts = card.is_some_and(|c| c.grade.counts());
        let joins = |f: &&Found| {
            f.weight == Weight::Strong || f.weight == Weight::Weak && (counts || alone)
        };
        let parts: Vec<&Found> = finds.iter().filter(joins).collect();
        let class = parts
            .iter()
            .filter_map(|f| class_of(f, counts))
            .fold(Elements::default(), Elements::with);
        let class = if counts { class.with(Element::CardNumber) } else { class };
        let in_referer = |find: &Found| referer.contains(&find.span.start);
        Some(Record {
            class,
            card,
            email: self.stamp_of(&parts, Element::Email, Domain::Email),
            person: self.person(&parts),
            date: date(&finds),
            referred: finds.iter().filter(|f| f.card.is_some() || joins(f)).any(in_referer),
        })
    }

    fn apart(&self, find: &Found) -> Option<(Holder, Fingerprint)> {
        let holder = find.holder.filter(|holder| *holder != Holder::Person)?;
        Some((holder, self.stamp.of(Domain::Email, &find.value)))
    }

    fn card(&self, find: &Found) -> Option<Card> {
        let card = find.card?;
        let masked = matches!(card.grade, Grade::MaskedWell | Grade::MaskedWeakly);
        let domain = if masked { Domain::Masked } else { Domain::Card };
        let fingerprint = self.stamp.of(domain, &find.value);
        Some(Card { fingerprint, brand: card.brand, grade: card.grade, column: card.column })
    }

    fn stamp_of(&self, parts: &[&Found], element: Element, domain: Domain) -> Option<Fingerprint> {
        let find = parts.iter().find(|f| f.element == element && f.card.is_none())?;
        Some(self.stamp.of(domain, &find.value))
    }

    /// E-mail, else phone, else name with birth date.
    fn person(&self, parts: &[&Found]) -> Option<Fingerprint> {
        let value = |element| parts.iter().find(|f| f.element == element).map(|f| f.value.to_vec());
        let mail = self.stamp_of(parts, Element::Email, Domain::Email);
        mail.or_else(|| self.stamp_of(parts, Element::Phone, Domain::Phone)).or_else(|| {
            let (name, birth) = (value(Element::Name)?, value(Element::BirthDate)?);
            Some(self.stamp.of(Domain::Person, &[name, birth].join(&0)))
        })
    }
}

/// Where a value of the event stands in its plain text.
fn place(event: &Event<'_>, plain: &Plain<'_>, value: &[u8]) -> Option<Range<usize>> {
    within(event.raw, value).map(|span| plain.find(span.start)..plain.find(span.end))
}

/// Where a part of a text stands in it, if it was borrowed from it.
fn within(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len() && !part.is_empty()).then_some(start..end)
}

/// A number that stands alone counts beside an expiry, a code or a holder, unless these belong to
/// a card that is under its key; what only that would have made a card is dropped without it.
fn corroborate(finds: &mut Vec<Found>) {
    let taken = finds.iter().any(|f| {
        f.card
            .is_some_and(|c| !matches!(c.grade, Grade::Review | Grade::Test | Grade::Corroborated))
    });
    let beside = finds.iter().any(|f| {
        matches!(f.element, Element::Expiry | Element::SecurityCode)
            || f.element == Element::Name && f.weight == Weight::Weak
    });
    for card in finds.iter_mut().filter_map(|f| f.card.as_mut()) {
        if beside && !taken && !card.id {
            card.tentative = false;
            if card.grade == Grade::Review {
                card.grade = Grade::Corroborated;
            }
        }
    }
    finds.retain(|f| !f.card.is_some_and(|c| c.tentative));
}

/// The element that a find adds to its record's class.
fn class_of(find: &Found, card_counts: bool) -> Option<Element> {
    match find.element {
        Element::CardNumber => None,
        Element::Track | Element::Expiry => card_counts.then_some(find.element),
        element => Some(element),
    }
}

/// The date of the application, else of joining, else of the business.
fn date(finds: &[Found]) -> Option<i32> {
    let of = |weight, element| {
        finds.iter().find(|f| f.weight == weight && f.element == element).and_then(|f| f.date)
    };
    of(Weight::Weak, Element::ApplicationDate)
        .or_else(|| of(Weight::Weak, Element::JoiningDate))
        .or_else(|| of(Weight::Apart, Element::ApplicationDate))
}
