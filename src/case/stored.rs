//! Which account data do the logs themselves store, and where? PCI DSS 12.10.7 asks it of anyone
//! who finds card numbers where none should be: whether sensitive authentication data is stored
//! with them, and where they came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::site::{Site, SiteStream};
use crate::element::{Content, Element, Elements, Grade, Holder, settled};

/// What the logs of a site store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Whether security codes or tracks stand in one record with their card number.
    pub authentication_data_with_card: bool,
    /// Records with a security code.
    pub security_codes: u64,
    /// Records with track data.
    pub tracks: u64,
    /// The logs that hold card numbers or authentication data, those with most first.
    pub sources: Vec<StoredIn>,
    /// Numbers of a card's form that stand alone, by what their columns hold.
    pub alone: Vec<Alone>,
    /// E-mail addresses that are no leak by themselves.
    pub emails_apart: Vec<EmailsApart>,
}

/// What one log stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredIn {
    /// The log.
    pub source: String,
    /// Records with a card number that counts.
    pub cards: u64,
    /// Records with a security code or track data.
    pub authentication_data: u64,
}

/// Numbers of a card's form that stand alone in columns of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alone {
    /// `column` where the columns hold card numbers, `review` where that is open, `chance` where
    /// they hold others.
    pub grade: Grade,
    /// Numbers with a right check digit.
    pub valid: u64,
    /// Numbers with a wrong one.
    pub invalid: u64,
    /// How many of the valid ones chance alone gives: one for nine invalid ones, rounded.
    pub by_chance: u64,
    /// Columns whose valid numbers exceed chance by four standard errors or more: among other
    /// numbers, card numbers may be hidden there.
    pub exceeding: u64,
}

/// E-mail addresses that are no leak by themselves, of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailsApart {
    /// Whose they are.
    pub holder: Holder,
    /// How often they stand there.
    pub times: u64,
    /// How many different ones; a log that holds more than ten thousand says ten thousand.
    pub distinct: u64,
}

/// The most logs that are named.
const SOURCES: usize = 50;

/// What the logs of a site store.
pub(super) fn stored(site: &Site<'_>) -> Stored {
    let mut stored =
        Stored { alone: alone(site), emails_apart: emails_apart(site), ..Stored::default() };
    for stream in &site.streams {
        let of_stream = stored.count(stream);
        if of_stream.cards + of_stream.authentication_data > 0 {
            stored.sources.push(of_stream);
        }
    }
    let order =
        |s: &StoredIn| (std::cmp::Reverse((s.authentication_data, s.cards)), s.source.clone());
    stored.sources.sort_by_cached_key(order);
    stored.sources.truncate(SOURCES);
    stored
}

impl Stored {
    fn count(&mut self, stream: &SiteStream<'_>) -> StoredIn {
        let mut of_stream = StoredIn { source: stream.name().to_owned(), ..StoredIn::default() };
        for fact in &stream.tally.records.facts {
            let (class, _) = settled(fact.class, fact.card, &stream.tally.columns);
            of_stream.cards += u64::from(class.has(Element::CardNumber));
            of_stream.authentication_data += u64::from(is_secret(class));
            self.security_codes += u64::from(class.has(Element::SecurityCode));
            self.tracks += u64::from(class.has(Element::Track));
            self.authentication_data_with_card |=
                is_secret(class) && class.has(Element::CardNumber);
        }
        of_stream
    }
}

fn is_secret(class: Elements) -> bool {
    [Element::SecurityCode, Element::Track, Element::PinBlock]
        .iter()
        .any(|secret| class.has(*secret))
}

fn alone(site: &Site<'_>) -> Vec<Alone> {
    let mut kinds: BTreeMap<Content, Alone> = BTreeMap::new();
    for column in site.streams.iter().flat_map(|stream| stream.tally.columns.iter()) {
        let content = column.content();
        let grade = match content {
            Content::Cards => Grade::Column,
            Content::Others => Grade::Chance,
            Content::Unsettled => Grade::Review,
        };
        let new = || Alone { grade, valid: 0, invalid: 0, by_chance: 0, exceeding: 0 };
        let kind = kinds.entry(content).or_insert_with(new);
        kind.valid += column.passes;
        kind.invalid += column.fails;
        kind.exceeding += u64::from(column.excess() >= 4.0);
        kind.by_chance = (kind.invalid + 4) / 9;
    }
    kinds.into_values().collect()
}

fn emails_apart(site: &Site<'_>) -> Vec<EmailsApart> {
    let mut mails = crate::element::Mails::default();
    site.streams.iter().for_each(|stream| mails.merge(stream.tally.mails.clone()));
    let apart = |(holder, times, distinct)| EmailsApart { holder, times, distinct };
    mails.counts().map(apart).collect()
}
