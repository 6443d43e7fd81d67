//! How does a line follow a format text? A [`Template`] is literals and slots; a slot's value ends
//! where the literal behind it starts. Where that can be in several places (a user name with
//! blanks, a quote that a server did not escape), the first place at which all the rest fits is
//! taken, under a bound on the work per line.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};

use super::request::{
    client_of, is_address, is_address_list, set_host, set_line_with, set_target, strip_port,
};
use super::stamp::{Clf, Read, Stamps, epoch};
use super::{Event, Field};
use crate::time::Time;

/// What stands in a place of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Something of no use.
    Skip,
    /// Numbers of no use, with `/` between: `0/0/30/-1/+109`.
    Counts,
    /// A field, as it is.
    Field(Field),
    /// A field under the name that the format gives it.
    Named(String),
    /// The request line.
    Request,
    /// The client's address, a list of forwarded ones, or its host name.
    Client,
    /// The client's `address:port`.
    Peer,
    /// A host, perhaps with a port.
    Host,
    /// Path and query, or an absolute URL.
    Target,
    /// `?` and the query, or nothing (Apache `%q`).
    QueryMark,
    /// A time stamp of any spelling.
    Time,
    /// A time stamp with the month first (`03/20/05, 7:55:20`).
    MonthFirst,
    /// Whatever follows, from a blank on or nothing.
    Rest,
}

/// A piece of a format text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A literal.
    Text(Vec<u8>),
    /// One or more blanks.
    Blanks,
    /// A value.
    Slot(Slot),
}

/// A format text, ready to be matched.
#[derive(Clone, Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

/// More parts than any format in use has.
const PARTS_CAP: usize = 128;

/// How many places are tried for one line.
const TRIES: u32 = 400;

impl Template {
    /// A template of `parts`; `None` where two slots touch so that no line can be told apart, or
    /// where nothing says what was asked for.
    pub(super) fn new(parts: Vec<Part>) -> Option<Self> {
        let parts = join(parts);
        let touching = parts.windows(2).any(|pair| match pair {
            [Part::Slot(_), Part::Slot(next)] => {
                !matches!(next, Slot::Target | Slot::QueryMark | Slot::Rest)
            }
            _ => false,
        });
        let slots = parts.iter().filter(|part| matches!(part, Part::Slot(_))).count();
        (slots > 1 && !touching && parts.len() <= PARTS_CAP).then_some(Self { parts })
    }

    /// The fields that its lines can have.
    pub(super) fn fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.slots().flat_map(Slot::fields).copied().collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// Whether its lines have fields under names of their own.
    pub(super) fn has_named(&self) -> bool {
        self.slots().any(|slot| matches!(slot, Slot::Named(_)))
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            _ => None,
        })
    }
}

impl Slot {
    fn fields(&self) -> &[Field] {
        match self {
            Self::Field(Field::Stem) => &[Field::Stem, Field::Target],
            Self::Field(field) => std::slice::from_ref(field),
            Self::Request => &[
                Field::Method,
                Field::Target,
                Field::Stem,
                Field::Query,
                Field::Version,
                Field::Host,
                Field::ServerPort,
            ],
            Self::Client => &[Field::Client, Field::ForwardedFor],
            Self::Peer => &[Field::Client],
            Self::Host => &[Field::Host, Field::ServerPort],
            Self::Target => &[Field::Target, Field::Stem, Field::Query, Field::Host],
            Self::QueryMark => &[Field::Query],
            _ => &[],
        }
    }

    /// Whether a bare value holds no blank; of fields under their own names the format must know.
    fn is_word(&self, named: bool) -> bool {
        match self {
            Self::Skip | Self::Counts | Self::Peer | Self::Host => true,
            Self::Named(_) => named,
            Self::Field(field) => matches!(
                field,
                Field::Status
                    | Field::BytesOut
                    | Field::BytesIn
                    | Field::ServerPort
                    | Field::ServerIp
                    | Field::Method
                    | Field::Version
                    | Field::TimeTaken
                    | Field::RequestId
            ),
            _ => false,
        }
    }

    /// Whether a value can stand in this slot.
    fn fits(&self, value: &[u8]) -> bool {
        let absent = value == b"-";
        let numeric = || value.iter().all(u8::is_ascii_digit) && !value.is_empty();
        match self {
            Self::Field(Field::Status) => absent || (value.len() <= 3 && numeric()),
            // HAProxy's `+` says that more may have followed.
            Self::Field(Field::BytesOut) => absent || numeric() || value.starts_with(b"+"),
            Self::Field(Field::BytesIn | Field::ServerPort) => absent || numeric(),
            Self::Counts => value.iter().all(|b| b.is_ascii_digit() || b"/+-".contains(b)),
            Self::Field(Field::Method) => {
                absent || value.iter().all(|b| b.is_ascii_graphic() && *b != b'"')
            }
            Self::Field(Field::Version) => memchr(b' ', value).is_none(),
            Self::Client => {
                memchr(b' ', value).is_none() && value.last() != Some(&b',')
                    || is_address_list(value)
            }
            Self::Peer => absent || is_address(strip_port(value)) || strip_port(value) == b"-",
            Self::Host => !value.iter().any(|b| matches!(b, b' ' | b'"' | b'[')),
            Self::Time => absent || looks_like_time(value),
            Self::Rest => value.is_empty() || value[0] == b' ',
            _ => true,
        }
    }
}

/// The line as far as a word that starts at `at`, and the literal behind it, can go: what is behind
/// is never searched.
fn word_end<'l>(rest: &[Part], line: &'l [u8], at: usize) -> &'l [u8] {
    let Some(blank) = memchr(b' ', &line[at..]) else { return line };
    let literal = match rest.first() {
        Some(Part::Text(text)) => text.len(),
        _ => 1,
    };
    &line[..line.len().min(at + blank + literal)]
}

/// Whether a value may be a time, if perhaps one that does not exist.
fn looks_like_time(value: &[u8]) -> bool {
    let epoch = || value.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let digits =
        |part: &[u8]| part.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-'));
    // A weekday or a month may stand in front.
    let named = value.get(..3).is_some_and(|name| name.iter().all(u8::is_ascii_alphabetic))
        && matches!(value.get(3), Some(b' ' | b','));
    value.len() <= 40
        && (named || value.split(|b| *b == b' ').all(digits))
        && (epoch() || memchr(b':', value).is_some())
}

/// Joins what a format text writes in pieces: the parts of a time, and a path with its query.
fn join(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (&mut joined[..], &part) {
            ([.., Part::Slot(Slot::Time)], Part::Slot(Slot::Time)) => continue,
            ([.., Part::Slot(Slot::Time), Part::Text(text)], Part::Slot(Slot::Time))
                if matches!(text.as_slice(), b"." | b"," | b" " | b"T") =>
            {
                joined.pop();
                continue;
            }
            ([.., Part::Slot(stem)], Part::Slot(Slot::QueryMark | Slot::Field(Field::Query)))
                if matches!(stem, Slot::Field(Field::Stem) | Slot::Target) =>
            {
                *stem = Slot::Target;
                continue;
            }
            ([.., Part::Text(before)], Part::Text(text)) => {
                before.extend_from_slice(text);
                continue;
            }
            _ => {}
        }
        joined.push(part);
    }
    joined
}

/// Matches lines with templates: the scratch of one thread.
#[derive(Debug)]
pub(super) struct Matcher<'f> {
    stamps: &'f Stamps,
    clock: Clf,
    undo: for<'t> fn(&'t [u8]) -> Cow<'t, [u8]>,
    ends: Vec<(usize, usize)>,
    time: Option<Time>,
    tries: u32,
    escapes: bool,
    words: bool,
}

impl<'f> Matcher<'f> {
    /// A matcher for a producer whose escapes `undo` undoes. `words` says that bare values under
    /// names of their own hold no blank.
    pub(super) fn new(
        stamps: &'f Stamps,
        undo: for<'t> fn(&'t [u8]) -> Cow<'t, [u8]>,
        words: bool,
    ) -> Self {
        let clock = Clf::default();
        Self { stamps, clock, undo, ends: Vec::new(), time: None, tries: 0, escapes: true, words }
    }

    /// Sets the fields of a line that follows the template; says whether it does.
    pub(super) fn read<'a>(
        &mut self,
        template: &Template,
        line: &'a [u8],
        event: &mut Event<'a>,
    ) -> bool {
        let found = self.matches(template, line, true)
            || (memmem::find(line, b"\\\"").is_some() && self.matches(template, line, false));
        if found {
            self.set(template, line, event);
        }
        found
    }

    /// Finds the values' places, `escapes` saying whether a backslash escapes a quote.
    fn matches(&mut self, template: &Template, line: &[u8], escapes: bool) -> bool {
        self.ends.clear();
        self.time = None;
        (self.escapes, self.tries) = (escapes, TRIES);
        self.step(&template.parts, line, 0, None)
    }

    /// Matches `parts` from `at` on; `before` is the byte before a slot. The values' places are
    /// left in `ends`, in order.
    fn step(&mut self, parts: &[Part], line: &[u8], at: usize, before: Option<u8>) -> bool {
        let Some((part, rest)) = parts.split_first() else { return at == line.len() };
        match part {
            Part::Text(text) => {
                line[at..].starts_with(text)
                    && self.step(rest, line, at + text.len(), text.last().copied())
            }
            Part::Blanks => {
                let n = line[at..].iter().take_while(|b| **b == b' ').count();
                n > 0 && self.step(rest, line, at + n, Some(b' '))
            }
            Part::Slot(slot) => self.slot(slot, rest, line, at, before),
        }
    }

    fn slot(
        &mut self,
        slot: &Slot,
        rest: &[Part],
        line: &[u8],
        at: usize,
        before: Option<u8>,
    ) -> bool {
        let word = matches!(before, None | Some(b' ')) && slot.is_word(self.words);
        if self.stamp(slot, rest, line, at) {
            return true;
        }
        let reach = if word { word_end(rest, line, at) } else { line };
        let mut end = at;
        while let Some(next) = self.place(rest, reach, at, end, before) {
            if self.tries == 0 || (word && memchr(b' ', &line[at..next]).is_some()) {
                return false;
            }
            self.tries -= 1;
            if slot.fits(&line[at..next]) && self.ends_at(next, rest, line, at) {
                return true;
            }
            end = next + 1;
            if end > reach.len() {
                return false;
            }
        }
        false
    }

    /// Takes a time stamp that shows itself where it ends, and matches the rest.
    fn stamp(&mut self, slot: &Slot, rest: &[Part], line: &[u8], at: usize) -> bool {
        let text = &line[at..];
        let read = match slot {
            Slot::Time => self.common(text).or_else(|| self.stamps.prefix(text)),
            Slot::MonthFirst => self.stamps.month_day_year(text),
            _ => None,
        };
        let Some((time, after)) = read else { return false };
        self.time = Some(time);
        self.ends_at(line.len() - after.len(), rest, line, at)
    }

    /// The common log format's stamp, read fast.
    fn common<'t>(&mut self, text: &'t [u8]) -> Read<'t> {
        if text.get(2) != Some(&b'/') {
            return None;
        }
        let whole = text.get(20) == Some(&b' ');
        let Some((stamp, rest)) = text.split_at_checked(26).filter(|_| whole) else {
            return self.clock.local(text, self.stamps);
        };
        Some((self.clock.read(stamp, self.stamps)?, rest))
    }

    /// Notes that a value stands from `at` to `end`, and matches the rest.
    fn ends_at(&mut self, end: usize, rest: &[Part], line: &[u8], at: usize) -> bool {
        let depth = self.ends.len();
        self.ends.push((at, end));
        let found = self.step(rest, line, end, None);
        if !found {
            self.ends.truncate(depth);
        }
        found
    }

    /// The next place from `from` on where the value that starts at `at` can end.
    fn place(
        &self,
        rest: &[Part],
        line: &[u8],
        at: usize,
        from: usize,
        before: Option<u8>,
    ) -> Option<usize> {
        let find = |byte: u8| memchr(byte, &line[from..]).map(|n| from + n);
        match rest.first() {
            None => Some(line.len()).filter(|end| *end >= from),
            Some(Part::Text(text)) => {
                let quoted = self.escapes && before == Some(b'"') && text.first() == Some(&b'"');
                let free = |place: &usize| !quoted || !is_escaped(&line[at..*place]);
                memchr_iter(*text.first()?, &line[from..])
                    .map(|n| from + n)
                    .filter(|place| line[*place..].starts_with(text))
                    .find(free)
            }
            Some(Part::Blanks) => find(b' '),
            Some(Part::Slot(Slot::Target)) => find(b'/'),
            Some(Part::Slot(Slot::QueryMark)) => find(b'?'),
            Some(Part::Slot(Slot::Rest)) => {
                find(b' ').or((from <= line.len()).then_some(line.len()))
            }
            Some(Part::Slot(_)) => None,
        }
    }

    fn set<'a>(&mut self, template: &Template, line: &'a [u8], event: &mut Event<'a>) {
        for (slot, i) in template.slots().zip(0..) {
            let Some(&(from, to)) = self.ends.get(i) else { return };
            let quoted = from > 0 && line[from - 1] == b'"' && line.get(to) == Some(&b'"');
            let value = &line[from..to];
            if value != b"-" && (quoted || !value.is_empty()) {
                self.set_slot(slot, value, event);
            }
        }
        whole_target(event);
    }

    fn set_slot<'a>(&mut self, slot: &Slot, value: &'a [u8], event: &mut Event<'a>) {
        match slot {
            Slot::Skip | Slot::Counts | Slot::Rest => {}
            Slot::Field(Field::BytesOut) => {
                event.set(Field::BytesOut, value.strip_prefix(b"+").unwrap_or(value));
            }
            Slot::Field(field) => event.set(*field, (self.undo)(value)),
            Slot::Named(name) => event.push(name.as_bytes().to_vec(), (self.undo)(value)),
            Slot::Request => set_line_with(event, value, self.undo),
            Slot::Client if memchr(b',', value).is_some() => {
                event.set(Field::ForwardedFor, value);
                event.set(Field::Client, client_of(value));
            }
            Slot::Client if value.starts_with(b"[") => event.set(Field::Client, client_of(value)),
            Slot::Client => event.set(Field::Client, value),
            Slot::Peer if strip_port(value) == b"-" => {}
            Slot::Peer => event.set(Field::Client, strip_port(value)),
            Slot::Host => set_host(event, value),
            Slot::Target => set_target(event, (self.undo)(value)),
            Slot::QueryMark => {
                event.set(Field::Query, value.strip_prefix(b"?").unwrap_or(value));
            }
            Slot::Time | Slot::MonthFirst => event.time = self.time,
        }
    }
}

/// Makes the target of a path and a query that stand in fields of their own.
fn whole_target(event: &mut Event<'_>) {
    if event.get(Field::Target).is_some() {
        return;
    }
    let Some(stem) = event.get(Field::Stem).map(<[u8]>::to_vec) else { return };
    let target = match event.get(Field::Query) {
        Some(query) => [&stem[..], query].join(&b'?'),
        None => stem,
    };
    event.set(Field::Target, target);
}

/// Whether a text ends in an odd number of backslashes, so that the byte behind it is escaped.
fn is_escaped(text: &[u8]) -> bool {
    text.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

impl Stamps {
    /// Reads a stamp of any spelling that shows where it ends.
    fn prefix<'t>(&self, text: &'t [u8]) -> Read<'t> {
        match text.first()? {
            b'0'..=b'9' if text.get(10) == Some(&b'.') => epoch(text).or_else(|| self.iso(text)),
            b'0'..=b'9' if text.get(2) == Some(&b'/') => self.day_month_year(text),
            b'0'..=b'9' => {
                self.iso(text).or_else(|| self.day_month_year(text)).or_else(|| epoch(text))
            }
            _ => self
                .asctime(text)
                .or_else(|| self.day_month_year(text))
                .or_else(|| self.syslog(text)),
        }
    }
}
