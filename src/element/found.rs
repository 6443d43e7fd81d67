//! Everything that one text holds, in its order: the one search that records, counts and masks
//! are made from.

use std::ops::Range;

use super::keys::{Role, fnv};
use super::pairs::{self, Pair, pair_at};
use super::{Brand, Element, Grade, card, iso8583, mail, person, phones, place, sensitive};
use crate::pan::plain::byte;

/// How much a find says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It makes a record.
    Strong,
    /// It belongs to a record that something strong makes.
    Weak,
    /// It is masked, and never part of a record.
    Apart,
}

/// What a number is beyond its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CardFind {
    pub grade: Grade,
    pub brand: Brand,
    pub column: u32,
    /// It counts only if something corroborates it; otherwise it is not even reported.
    pub tentative: bool,
    /// Under an identifier's key: nothing corroborates it.
    pub id: bool,
}

/// A value that is wiped when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Wiped(Vec<u8>);

impl From<Vec<u8>> for Wiped {
    fn from(value: Vec<u8>) -> Self {
        Self(value)
    }
}

impl std::ops::Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.fill(0);
    }
}

/// One thing found.
#[derive(Clone)]
pub(super) struct Found {
    pub element: Element,
    /// Where it stands.
    pub span: Range<usize>,
    /// A hash of its key; 0 without one.
    pub key: u32,
    pub weight: Weight,
    /// The normalised value that fingerprints are made of.
    pub value: Wiped,
    pub card: Option<CardFind>,
    /// The date that it tells, days since 1970-01-01.
    pub date: Option<i32>,
    /// Whose address it is.
    pub holder: Option<mail::Holder>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}{:?} at {:?}", self.element, self.card.map(|c| c.grade), self.span)
    }
}

impl Found {
    pub(super) fn new(element: Element, span: Range<usize>, weight: Weight) -> Self {
        let value = Wiped::default();
        Self { element, span, key: 0, weight, value, card: None, date: None, holder: None }
    }
}

/// A number of a card's form that stood alone, for the column statistic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub column: u32,
    pub passes: bool,
    digits: [u8; 16],
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seen(column {})", self.column)
    }
}

impl Seen {
    pub(super) fn new(column: u32, passes: bool, number: &[u8]) -> Self {
        let mut digits = [b' '; 16];
        digits.iter_mut().zip(number).for_each(|(to, from)| *to = *from);
        Self { column, passes, digits }
    }

    /// The number.
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits
    }
}

/// What is known of a text from outside.
#[derive(Debug, Default)]
pub(super) struct Hints<'h> {
    /// Where the User-Agent stands.
    pub agent: Range<usize>,
    /// Values that the format knows the key of.
    pub named: Vec<Pair>,
    /// E-mail domains that are the site's own.
    pub own: &'h [String],
}

/// What a search gave.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub found: Vec<Found>,
    pub seen: Vec<Seen>,
}

/// Searches a text whose spellings are undone.
pub(super) fn search(text: &[u8], hints: &Hints<'_>) -> Search {
    let mut pairs = pairs::pairs(text);
    add_named(&mut pairs, &hints.named);
    let mut search = Search::default();
    iso8583::find(text, &mut search.found);
    sensitive::find(text, &mut search.found);
    card::find(text, &pairs, &mut search);
    card::masked(text, &pairs, &mut search.found);
    find_mail(text, &pairs, hints, &mut search.found);
    phones::find(text, &mut search.found);
    for pair in &pairs {
        search.found.extend(keyed(text, pair));
    }
    place::find(text, &mut search.found);
    expiry_pairs(text, &pairs, &mut search.found);
    drop_overlaps(&mut search.found);
    search
}

fn add_named(pairs: &mut Vec<Pair>, named: &[Pair]) {
    for pair in named {
        if !pairs.iter().any(|p| p.value.start == pair.value.start && p.role.is_some()) {
            pairs.push(pair.clone());
        }
    }
    pairs.sort_by_key(|pair| pair.value.start);
}

/// Of finds that overlap, the one that comes first in the search order stays: cards before mails
/// before values under keys.
fn drop_overlaps(found: &mut Vec<Found>) {
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for find in found.drain(..) {
        let free =
            kept.iter().all(|k| k.span.end <= find.span.start || find.span.end <= k.span.start);
        if free {
            kept.push(find);
        }
    }
    kept.sort_by_key(|f| f.span.start);
    *found = kept;
}

fn find_mail(text: &[u8], pairs: &[Pair], hints: &Hints<'_>, found: &mut Vec<Found>) {
    for address in mail::addresses(text, &hints.agent, hints.own) {
        let weight = match address.holder {
            mail::Holder::Person => Weight::Strong,
            mail::Holder::Robot => Weight::Apart,
            _ => Weight::Weak,
        };
        let key = pair_at(pairs, address.span.start).map_or(0, |p| p.key);
        let value = text.get(address.span.clone()).unwrap_or_default();
        let value = String::from_utf8_lossy(value).to_lowercase().into_bytes().into();
        let find = Found::new(Element::Email, address.span, weight);
        found.push(Found { key, value, holder: Some(address.holder), ..find });
    }
}

/// What follows a value without quotes may be cut off at so many blanks.
const WORDS: usize = 4;

/// The value of a pair as a find, if it is what its key says: the whole value or, where no quotes
/// say how far it goes, as many of its first words as are (`氏名：山田太郎 番号 3`).
fn keyed(text: &[u8], pair: &Pair) -> Option<Found> {
    let role = pair.role?;
    let bytes = text.get(pair.value.clone())?;
    find_in(bytes, role, pair).or_else(|| {
        let before = pair.value.start.checked_sub(1).map_or(0, |i| byte(text, i));
        let words = if matches!(before, b'"' | b'\'') { 0 } else { WORDS };
        let blanks: Vec<usize> = memchr::memchr_iter(b' ', bytes).take(words).collect();
        let first_words = blanks.iter().rev().filter_map(|blank| bytes.get(..*blank));
        first_words
            .filter(|words| may_end(role, words))
            .find_map(|words| find_in(words, role, pair))
    })
}

/// Whether a value may end before what its line goes on with: a name in Latin letters may as well
/// be any word of a sentence.
fn may_end(role: Role, words: &[u8]) -> bool {
    !matches!(role, Role::Name | Role::NamePerhaps) || !words.is_ascii()
}

/// The first bytes of a pair's value as a find, if they are what its key says.
fn find_in(bytes: &[u8], role: Role, pair: &Pair) -> Option<Found> {
    let value = String::from_utf8_lossy(bytes);
    let value = value.trim().replace('+', if role == Role::Phone { "+" } else { " " });
    let (element, weight, norm, date) = judge(role, &value)?;
    let find = Found::new(element, pair.value.start..pair.value.start + bytes.len(), weight);
    Some(Found { key: pair.key, value: norm.into_bytes().into(), date, ..find })
}

type Judged = (Element, Weight, String, Option<i32>);

fn judge(role: Role, value: &str) -> Option<Judged> {
    use Weight::{Apart, Strong, Weak};
    let when = |yes: bool, element, weight| yes.then(|| (element, weight, value.to_owned(), None));
    let name: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    match role {
        Role::Code => when(person::is_code(value), Element::SecurityCode, Strong),
        Role::Pin => when(person::is_pin_block(value), Element::PinBlock, Strong),
        Role::CodePerhaps => when(person::is_code(value), Element::SecurityCode, Weak),
        Role::Expiry => when(person::is_expiry(value), Element::Expiry, Weak),
        Role::Holder => person::is_holder(value).then_some((Element::Name, Weak, name, None)),
        Role::Name => person::is_name(value).then_some((Element::Name, Strong, name, None)),
        Role::NamePerhaps => person::is_name(value).then_some((Element::Name, Weak, name, None)),
        Role::Address => when(person::is_address(value), Element::Address, Strong),
        Role::Phone => person::phone(value).map(|p| (Element::Phone, Strong, p, None)),
        Role::Birth => {
            person::birth(value).map(|d| (Element::BirthDate, Strong, d.to_string(), None))
        }
        Role::Postal => when(person::is_postal(value), Element::PostalCode, Weak),
        Role::Brand => when(person::is_brand(value), Element::CardBrand, Weak),
        Role::Applied => {
            person::date(value).map(|d| (Element::ApplicationDate, Weak, d.to_string(), Some(d)))
        }
        Role::Joined => {
            person::date(value).map(|d| (Element::JoiningDate, Weak, d.to_string(), Some(d)))
        }
        Role::Individual => when(person::is_individual(value), Element::IndividualNumber, Strong),
        Role::Bank | Role::Account => when(person::is_account(value), Element::BankAccount, Weak),
        Role::Dated => {
            person::date(value).map(|d| (Element::ApplicationDate, Apart, String::new(), Some(d)))
        }
        Role::Card | Role::Month | Role::Year | Role::Track | Role::Mail | Role::Id => None,
    }
}

/// Month and year of expiry under keys of their own.
fn expiry_pairs(text: &[u8], pairs: &[Pair], found: &mut Vec<Found>) {
    let value = |pair: &Pair| {
        let bytes = text.get(pair.value.clone()).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim().to_owned()
    };
    let role = |role| pairs.iter().filter(move |p: &&Pair| p.role == Some(role));
    for month in role(Role::Month).filter(|p| person::is_month(&value(p))) {
        let near = role(Role::Year).find(|year| {
            year.value.start.abs_diff(month.value.start) < 200 && person::is_year(&value(year))
        });
        if let Some(year) = near {
            let find = Found::new(Element::Expiry, month.value.clone(), Weight::Weak);
            let norm = format!("{}/{}", value(month), value(year));
            found.push(Found { key: month.key, value: norm.into_bytes().into(), ..find });
        }
    }
}

/// The column of what stands at `at`: its key, else its place in a delimited row, else the text
/// before it with numbers left out.
pub(super) fn column(text: &[u8], at: usize, pair: Option<&Pair>) -> u32 {
    if let Some(pair) = pair.filter(|p| at - p.value.start.min(at) <= 2) {
        return pair.key;
    }
    let before = text.get(..at).unwrap_or_default();
    let last = at.checked_sub(1).map_or(0, |i| byte(text, i));
    if matches!(last, b',' | b';' | b'\t' | b'|') || before.ends_with(b",\"") {
        let line = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let delimiter = if last == b'"' { b',' } else { last };
        let row = before.get(line..).unwrap_or_default();
        let index = memchr::memchr_iter(delimiter, row).count();
        return fnv(format!("{}{index}", delimiter as char).as_bytes());
    }
    let near = before.get(before.len().saturating_sub(20)..).unwrap_or_default();
    let words: Vec<u8> = near.iter().copied().filter(|b| !b.is_ascii_digit()).collect();
    fnv(&words)
}
