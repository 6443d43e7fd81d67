//! Where a rule's field is found in an event.
//!
//! The fields of Sigma's webserver and proxy taxonomies are [`Field`]s, with these readings (which
//! the rules of `SigmaHQ` need, two thirds of which have a path in `cs-uri-query`):
//!
//! * `cs-uri-query`, `cs-uri`, `c-uri`, `c-uri-query` have two values, the whole request target and
//!   the bare query; one of them must match;
//! * `c-useragent` is `cs-user-agent`, `cs-referrer` is `cs-referer`, and so on ([`ALIASES`]);
//! * `leaksweep.<element>.count` is the number of records in the entry that have the element,
//!   `leaksweep.record.count` of all;
//! * `leaksweep.sqli`, `leaksweep.cmdi`, `leaksweep.xss` say what values would do as code
//!   ([`payload`]);
//! * `leaksweep.query.sha256` is the SHA-256 of the query as logged, in hex;
//! * any other name is a field that the log names itself (a JSON path, a key), compared without
//!   regard to case, or its last segment if the rule names only that; an array has a value for each
//!   item.

use sha2::{Digest, Sha256};

use crate::element::{Element, Record};
use crate::event::decode::Layer;
use crate::event::{Event, Field, Fields, Format};
use crate::payload::{self, Family};
use crate::source::ContentId;

/// Where values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The whole entry: what keywords are looked for in.
    Entry,
    /// The whole request target, and the query.
    Target,
    /// The extension of the path.
    Extension,
    Known(Field),
    /// The entry's time.
    Time,
    /// The number of records that have an element.
    Count(Element),
    /// The number of records.
    Records,
    /// What values would do, if they were taken for code.
    Payload(Family),
    /// SHA-256 of the query as it stands in the log, in hex.
    QueryHash,
    Named(String),
}

/// Names of other taxonomies for known fields.
const ALIASES: &[(&str, Field)] = &[
    ("c-useragent", Field::UserAgent),
    ("cs-useragent", Field::UserAgent),
    ("user_agent", Field::UserAgent),
    ("cs-referrer", Field::Referer),
    ("c-referer", Field::Referer),
    ("src_ip", Field::Client),
    ("c-uri-stem", Field::Stem),
    ("cs-method", Field::Method),
    ("c-method", Field::Method),
    ("c-cookie", Field::Cookie),
    ("cs-cookie", Field::Cookie),
    ("r-dns", Field::Host),
    ("dst_ip", Field::ServerIp),
    ("dst_port", Field::ServerPort),
    ("status", Field::Status),
];

/// The names of other taxonomies that are known.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().map(|(name, _)| *name)
}

impl Source {
    /// The source of the field that a rule names.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "cs-uri-query" | "cs-uri" | "c-uri" | "c-uri-query" => return Self::Target,
            "c-uri-extension" | "cs-uri-extension" => return Self::Extension,
            "date" | "time" | "timestamp" | "@timestamp" => return Self::Time,
            "leaksweep.record.count" => return Self::Records,
            "leaksweep.query.sha256" => return Self::QueryHash,
            _ => {}
        }
        if let Some(family) = Family::of(name) {
            return Self::Payload(family);
        }
        let own = name.strip_prefix("leaksweep.").and_then(|rest| rest.strip_suffix(".count"));
        if let Some(element) = own.and_then(|own| Element::ALL.iter().find(|e| e.name() == own)) {
            return Self::Count(*element);
        }
        let known = Field::ALL.iter().find(|field| field.name() == name).copied();
        let alias = || ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, field)| *field);
        known.or_else(alias).map_or_else(|| Self::Named(name.to_owned()), Self::Known)
    }

    /// Whether it is a number of records.
    pub(super) fn counts_records(&self) -> bool {
        matches!(self, Self::Count(_) | Self::Records)
    }

    /// Whether an entry of the format can ever have it.
    pub(super) fn possible(&self, format: &dyn Format) -> bool {
        let has = |field: Field| format.fields().contains(&field);
        match self {
            Self::Entry | Self::Time | Self::Count(_) | Self::Records => true,
            Self::Target => has(Field::Target) || has(Field::Query) || has(Field::Stem),
            Self::Extension => has(Field::Stem) || has(Field::Target),
            Self::Payload(_) => payload::FIELDS.iter().any(|field| has(*field)),
            Self::QueryHash => has(Field::Query),
            Self::Known(field) => has(*field),
            Self::Named(_) => format.has_named(),
        }
    }

    /// The lane that it is of; `None` if it depends on more than one field, or on what seldom
    /// repeats.
    pub(super) fn lane(&self) -> Option<Lane> {
        match self {
            Self::Target | Self::Extension => Some(Lane::Target),
            Self::Known(field) => Some(Lane::of(*field)),
            Self::Entry
            | Self::Time
            | Self::Count(_)
            | Self::Records
            | Self::Payload(_)
            | Self::QueryHash
            | Self::Named(_) => None,
        }
    }

    /// Whether `test` says yes to a value as it stands in the log.
    pub(super) fn any(
        &self,
        event: &Event<'_>,
        records: &[Record],
        test: &mut dyn FnMut(&[u8]) -> bool,
    ) -> bool {
        match self {
            Self::Entry => test(event.raw),
            Self::Target => {
                let whole = event.get(Field::Target).or_else(|| event.get(Field::Stem));
                whole.is_some_and(&mut *test) || event.get(Field::Query).is_some_and(test)
            }
            Self::Extension => event.get(Field::Stem).and_then(extension).is_some_and(test),
            Self::Known(field) => event.get(*field).is_some_and(test),
            Self::Time => event.time.is_some_and(|time| test(time.to_string().as_bytes())),
            Self::Count(element) => {
                let count = records.iter().filter(|record| record.class.has(*element)).count();
                test(count.to_string().as_bytes())
            }
            Self::QueryHash => event.get(Field::Query).is_some_and(|query| {
                let hash: [u8; 32] = Sha256::digest(query).into();
                test(ContentId(hash).to_string().as_bytes())
            }),
            Self::Payload(family) => {
                let words = payload::FIELDS.iter().flat_map(|field| payload::words(event, *field));
                let raw = words.filter(|word| (word.family, word.layer) == (*family, Layer::Raw));
                raw.map(|word| word.name).any(|name| test(name.as_bytes()))
            }
            Self::Records => test(records.len().to_string().as_bytes()),
            Self::Named(name) => {
                let mut named = event.named().iter().filter(|(given, _)| same_name(name, given));
                named.any(|(_, value)| test(value))
            }
        }
    }
}

/// What of an entry all values of some sources depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The request target, of which path, query and extension are parts.
    Target,
    /// Method, version and status: short, and few together.
    Exchange,
    /// The field.
    Field(Field),
}

/// Room for what a lane is remembered by, if that stands nowhere as a whole.
pub(super) type Room = [[u8; 8]; 4];

impl Lane {
    const TARGET: &[Field] = &[Field::Target, Field::Stem, Field::Query];
    const EXCHANGE: &[Field] = &[Field::Method, Field::Version, Field::Status];

    /// The lane of a field.
    pub(super) fn of(field: Field) -> Self {
        match field {
            Field::Target | Field::Stem | Field::Query => Self::Target,
            Field::Method | Field::Version | Field::Status => Self::Exchange,
            other => Self::Field(other),
        }
    }

    /// The fields that have its values.
    pub(super) fn fields(self) -> Fields {
        match self {
            Self::Target => Fields::of(Self::TARGET),
            Self::Exchange => Fields::of(Self::EXCHANGE),
            Self::Field(field) => Fields::of(&[field]),
        }
    }

    /// The one value that holds all others; `None` if there is none, or if the log's path and query
    /// are not those of its target.
    #[inline]
    pub(super) fn value<'e>(self, event: &'e Event<'_>) -> Option<&'e [u8]> {
        match self {
            Self::Field(field) => event.get(field),
            Self::Target => event.whole_target(),
            Self::Exchange => None,
        }
    }

    /// What tells its values in an entry from those in others; `None` if nothing short does.
    #[inline]
    pub(super) fn key<'e>(self, event: &'e Event<'_>, room: &'e mut Room) -> Option<&'e [u8]> {
        if self != Self::Exchange {
            return self.value(event);
        }
        let mut lens = 0;
        for (word, field) in room.iter_mut().zip(Self::EXCHANGE) {
            let value = event.get(*field);
            // One more than the length of one that is there.
            lens = lens << 8 | value.map_or(0, |value| value.len() as u64 + 1);
            *word = short_word(value.unwrap_or_default())?.to_le_bytes();
        }
        room[3] = lens.to_le_bytes();
        Some(room.as_flattened())
    }
}

/// A text of up to eight bytes as a number, which says all but its length.
fn short_word(text: &[u8]) -> Option<u64> {
    match text.as_array() {
        Some(word) => Some(u64::from_le_bytes(*word)),
        None if text.len() < 8 => {
            Some(text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)))
        }
        None => None,
    }
}

/// The value of a source that has another besides, which ends it: a whole target, and its query.
pub(super) fn with_query<'e>(event: &'e Event<'_>, source: &Source) -> Option<&'e [u8]> {
    let whole = event.get(Field::Target).filter(|_| *source == Source::Target)?;
    event.get(Field::Query).is_none_or(|query| ends_apart(whole, query)).then_some(whole)
}

/// Whether a text ends with a value that begins no later than a word does.
pub(super) fn ends_apart(whole: &[u8], value: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    whole.strip_suffix(value).is_some_and(|before| !before.last().is_some_and(is_word))
}

/// What stands behind the last dot of a path's last segment.
fn extension(path: &[u8]) -> Option<&[u8]> {
    let segment = path.rsplit(|b| *b == b'/').next()?;
    let dot = memchr::memrchr(b'.', segment)?;
    segment.get(dot + 1..)
}

/// Whether a rule's name means the field that a log names so. The numbers of an array's items do
/// not count: `a` is each of `a.0`, `a.1`.
fn same_name(name: &str, given: &[u8]) -> bool {
    given.eq_ignore_ascii_case(name.as_bytes()) || same_steps(name, given)
}

fn same_steps(name: &str, given: &[u8]) -> bool {
    let item = |step: &&[u8]| !step.is_empty() && step.iter().all(u8::is_ascii_digit);
    let mut steps = given.split(|b| *b == b'.').filter(|step| !item(step));
    if !name.contains('.') {
        return steps.next_back().is_some_and(|last| last.eq_ignore_ascii_case(name.as_bytes()));
    }
    let mut wanted = name.as_bytes().split(|b| *b == b'.');
    steps.by_ref().all(|step| wanted.next().is_some_and(|w| w.eq_ignore_ascii_case(step)))
        && wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::same_name;

    #[test]
    fn a_name_is_a_path_or_its_last_step() {
        for (name, given, same) in [
            ("a.b", "A.B", true),
            ("b", "a.b", true),
            ("b", "a.b.0", true),
            ("a.b", "a.0.b.12", true),
            ("a.0", "a.0", true),
            ("a.b", "b", false),
            ("a.b", "a", false),
            ("a.b", "a.b.c", false),
            ("a", "a.b", false),
            ("404", "404", true),
        ] {
            assert_eq!(same_name(name, given.as_bytes()), same, "{name} {given}");
        }
    }
}
