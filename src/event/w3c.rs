//! Which columns does the log itself announce? W3C extended log files (IIS, HTTPERR, Tomcat's
//! extended access log, CloudFront): `#Fields` names the columns, and may do so again with others
//! at any line.
//!
//! Times are UTC, whatever zone the user assumes: the specification and all these producers say so.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use memchr::{memchr, memmem};

use super::escape::{doubled_quotes, percents, pluses};
use super::request::{is_address, set_host, set_parts, set_url};
use super::stamp::Stamps;
use super::{Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser};
use crate::time::Zone;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Skip,
    Date,
    Time,
    Field(Field),
    /// A header's value, in which the producer replaced blanks.
    Header(Field),
    Stem,
    Query,
    /// The query with its `?`.
    MarkedQuery,
    Target,
    Host,
    Named(String),
}

/// The columns of a run of lines.
#[derive(Clone, Debug)]
struct Columns {
    all: Vec<Column>,
    separator: u8,
    /// Whether values usually stand in quotes (IIS writes few).
    quotes: bool,
    /// Whether date and time are the server's own (`date-local`), not UTC.
    local: bool,
    /// Whether header values are URL-encoded by the producer (CloudFront).
    encoded: bool,
    /// `#Date`, for lines without a date column.
    date: Vec<u8>,
}

impl Columns {
    /// The columns that a `#Fields:` directive announces.
    fn announced(names: &[u8], date: Vec<u8>) -> Self {
        let names: Vec<String> = names
            .split(u8::is_ascii_whitespace)
            .filter(|name| !name.is_empty())
            .map(|name| String::from_utf8_lossy(name).to_ascii_lowercase())
            .collect();
        let has = |name: &str| names.iter().any(|n| n == name);
        let encoded = has("x-edge-location");
        let iis = has("sc-win32-status") || has("sc-substatus") || has("s-sitename");
        let column = |name: &String| match name.as_str() {
            "cs(host)" if encoded => Column::Named("distribution".into()),
            "cs-uri-query" if has("cs-uri-path") => Column::MarkedQuery,
            name => column(name),
        };
        Self {
            all: names.iter().map(column).collect(),
            separator: if encoded { b'\t' } else { b' ' },
            quotes: !iis && !encoded,
            local: has("time-local"),
            encoded,
            date,
        }
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.all.iter().flat_map(Column::fields).copied().collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// Sets the fields of a line; `None` if its columns are not as many as announced.
    fn read<'a>(&self, line: &'a [u8], stamps: &Stamps, event: &mut Event<'a>) -> Option<()> {
        let raw = event.raw;
        self.split(line, self.quotes, stamps, event).or_else(|| {
            event.reset(raw);
            let other = !self.quotes && !self.encoded && memchr(b'"', line).is_some();
            other.then(|| self.split(line, true, stamps, event))?
        })
    }

    /// [`Columns::read`], values standing in quotes or not.
    fn split<'a>(
        &self,
        line: &'a [u8],
        quotes: bool,
        stamps: &Stamps,
        event: &mut Event<'a>,
    ) -> Option<()> {
        let mut stamp = Stamp::new(&self.date);
        let mut parts = [None; 2];
        let mut rest = Some(line);
        for column in &self.all {
            let (value, in_quotes, after) = self.value(rest?, quotes);
            rest = after;
            if value == b"-" {
                continue;
            }
            match column {
                Column::Date => stamp.date(value)?,
                Column::Time => stamp.time(value)?,
                Column::Stem => parts[0] = Some(value),
                Column::Query => parts[1] = Some(value),
                Column::MarkedQuery => parts[1] = value.strip_prefix(b"?"),
                _ => self.set(column, value, in_quotes, event),
            }
        }
        if rest.is_some_and(|rest| !rest.trim_ascii().is_empty()) {
            return None;
        }
        event.time = stamp.read(stamps);
        match parts {
            [Some(stem), None] if memchr(b'?', stem).is_some() => event.set_target(stem),
            [Some(stem), query] => set_parts(event, stem, query.filter(|query| !query.is_empty())),
            [None, Some(query)] => add_query(event, query),
            [None, None] => {}
        }
        Some(())
    }

    /// The next value, whether it stood in quotes, and what follows its separator.
    fn value<'a>(&self, text: &'a [u8], quotes: bool) -> (&'a [u8], bool, Option<&'a [u8]>) {
        if let Some(end) = quotes.then(|| self.closing(text)).flatten() {
            return (&text[1..end], true, text.get(end + 2..));
        }
        match memchr(self.separator, text) {
            Some(at) => (&text[..at], false, Some(&text[at + 1..])),
            None => (text, false, None),
        }
    }

    /// The quote that ends a value in quotes: a separator or nothing follows it.
    fn closing(&self, text: &[u8]) -> Option<usize> {
        if text.first() != Some(&b'"') {
            return None;
        }
        let mut at = 1;
        loop {
            at += memchr(b'"', &text[at..])?;
            match text.get(at + 1) {
                None => return Some(at),
                Some(next) if *next == self.separator => return Some(at),
                Some(b'"') => at += 2,
                Some(_) => at += 1,
            }
            if at >= text.len() {
                return None;
            }
        }
    }

    fn set<'a>(&self, column: &Column, value: &'a [u8], quoted: bool, event: &mut Event<'a>) {
        let undone = || match (quoted, self.encoded) {
            (true, _) => doubled_quotes(value),
            (_, true) => decoded(value),
            _ => pluses(value),
        };
        match column {
            Column::Field(field) => event.set(*field, value),
            Column::Header(field) => event.set(*field, undone()),
            Column::Target => set_url(event, value),
            Column::Host => set_host(event, value),
            Column::Named(name) => event.push(name.as_bytes().to_vec(), value),
            Column::Skip
            | Column::Date
            | Column::Time
            | Column::Stem
            | Column::Query
            | Column::MarkedQuery => {}
        }
    }
}

/// A query in a column of its own beside a whole target.
fn add_query<'a>(event: &mut Event<'a>, query: &'a [u8]) {
    if let Some(target) = event.get(Field::Target).filter(|_| !query.is_empty()) {
        let target = [target, query].join(&b'?');
        event.set(Field::Target, target);
    }
    event.set(Field::Query, query);
}

/// Undoes CloudFront's encoding of a header: once, and a second time where it encoded twice.
fn decoded(value: &[u8]) -> Cow<'_, [u8]> {
    let once = percents(value);
    if memchr(b' ', &once).is_some() || memmem::find(&once, b"%20").is_none() {
        return once;
    }
    Cow::Owned(percents(&once).into_owned())
}

impl Column {
    fn fields(&self) -> &[Field] {
        match self {
            Self::Field(field) | Self::Header(field) => std::slice::from_ref(field),
            Self::Stem => &[Field::Stem, Field::Target],
            Self::Query | Self::MarkedQuery => &[Field::Query],
            Self::Target => &[Field::Target, Field::Stem, Field::Query, Field::Host],
            Self::Host => &[Field::Host],
            Self::Skip | Self::Date | Self::Time | Self::Named(_) => &[],
        }
    }
}

/// The column of a name in lower case.
fn column(name: &str) -> Column {
    match name {
        "date" | "date-local" => Column::Date,
        "time" | "time-local" => Column::Time,
        "cs-uri-stem" | "cs-uri-path" => Column::Stem,
        "cs-uri-query" => Column::Query,
        "cs-uri" => Column::Target,
        "cs-host" | "cs(host)" | "x-host-header" => Column::Host,
        "s-sitename" | "s-computername" | "sc-substatus" | "sc-win32-status" | "c-port" => {
            Column::Skip
        }
        _ => {
            let find =
                |table: &[(&str, Field)]| table.iter().find(|(n, _)| *n == name).map(|e| e.1);
            let header = find(HEADERS).map(Column::Header);
            header
                .or_else(|| find(FIELDS).map(Column::Field))
                .unwrap_or_else(|| Column::Named(name.to_owned()))
        }
    }
}

const FIELDS: &[(&str, Field)] = &[
    ("c-ip", Field::Client),
    ("cs-method", Field::Method),
    ("sc-status", Field::Status),
    ("c-status", Field::Status),
    ("sc-bytes", Field::BytesOut),
    ("bytes", Field::BytesOut),
    ("cs-bytes", Field::BytesIn),
    ("cs-username", Field::User),
    ("cs-version", Field::Version),
    ("cs-protocol-version", Field::Version),
    ("s-ip", Field::ServerIp),
    ("s-port", Field::ServerPort),
    ("time-taken", Field::TimeTaken),
    ("x-edge-request-id", Field::RequestId),
];

const HEADERS: &[(&str, Field)] = &[
    ("cs(user-agent)", Field::UserAgent),
    ("cs(referer)", Field::Referer),
    ("cs(referrer)", Field::Referer),
    ("cs(cookie)", Field::Cookie),
    ("cs(content-type)", Field::ContentType),
    ("cs(x-forwarded-for)", Field::ForwardedFor),
    ("x-forwarded-for", Field::ForwardedFor),
    ("s-xff", Field::ForwardedFor),
];

/// A time stamp put together from two columns.
struct Stamp {
    text: [u8; 40],
    date: usize,
    end: usize,
}

impl Stamp {
    fn new(date: &[u8]) -> Self {
        let mut stamp = Self { text: [b' '; 40], date: 0, end: 0 };
        let _ = stamp.date(date);
        stamp
    }

    fn date(&mut self, date: &[u8]) -> Option<()> {
        let date: &[u8; 10] = date.try_into().ok()?;
        self.text[..10].copy_from_slice(date);
        self.date = 10;
        (date[4] == b'-' && date[7] == b'-').then_some(())
    }

    /// The time behind the date's eleven columns; a date that comes later fits in front.
    fn time(&mut self, time: &[u8]) -> Option<()> {
        self.end = 11 + time.len();
        self.text.get_mut(11..self.end)?.copy_from_slice(time);
        time.contains(&b':').then_some(())
    }

    fn read(&self, stamps: &Stamps) -> Option<crate::time::Time> {
        let whole = self.date == 10 && self.end > 11;
        whole.then(|| stamps.any(self.text.get(..self.end)?))?
    }
}

/// W3C extended with the columns that are in force at the start of a block.
#[derive(Debug)]
struct W3c {
    columns: Columns,
    fields: Vec<Field>,
    name: &'static str,
    /// The zone of columns in the server's own time.
    zone: Zone,
}

impl W3c {
    fn new(columns: Columns, zone: &Zone) -> Self {
        let zone = zone.clone();
        let name = match (columns.encoded, columns.quotes) {
            (true, _) => "cloudfront",
            (_, false) => "iis-w3c",
            _ => "w3c",
        };
        Self { fields: columns.fields(), columns, name, zone }
    }
}

impl Format for W3c {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind { category: "webserver", service: "", log: "access", messages: false }
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn has_named(&self) -> bool {
        self.columns.all.iter().any(|column| matches!(column, Column::Named(_)))
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        let zone = if self.columns.local { self.zone.clone() } else { Zone::default() };
        let stamps = Stamps { zone, latest: None };
        Box::new(W3cParser { columns: self.columns.clone(), stamps })
    }

    fn after(&self, block: &[u8]) -> Option<Arc<dyn Format>> {
        let mut columns = None;
        let starts = memmem::find_iter(block, b"\n#").map(|at| at + 1);
        let first = block.first().filter(|b| **b == b'#').map(|_| 0);
        for at in first.into_iter().chain(starts) {
            let line = block[at..].split(|b| *b == b'\n').next().unwrap_or_default();
            let before = columns.as_ref().unwrap_or(&self.columns);
            columns = directive(line, before).or(columns);
        }
        Some(Arc::new(Self::new(columns?, &self.zone)))
    }
}

/// The columns after a directive; `None` if it changes nothing.
fn directive(line: &[u8], before: &Columns) -> Option<Columns> {
    if let Some(names) = line.strip_prefix(b"#Fields:") {
        return Some(Columns::announced(names, before.date.clone()));
    }
    let date = line.strip_prefix(b"#Date:")?.trim_ascii();
    Some(Columns { date: date.get(..10)?.to_vec(), ..before.clone() })
}

struct W3cParser {
    columns: Columns,
    stamps: Stamps,
}

impl Parser for W3cParser {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        let line = entry.trim_ascii_end();
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if line.is_empty() {
            return Parsed::Skip;
        }
        if line[0] == b'#' {
            if let Some(columns) = directive(line, &self.columns) {
                self.columns = columns;
            }
            return Parsed::Skip;
        }
        let line = match line {
            [b'"', inner @ .., b'"'] if self.columns.encoded => inner,
            _ => line,
        };
        match self.columns.read(line, &self.stamps, event) {
            Some(()) if event.get(Field::Client).is_some() || event.time.is_some() => Parsed::Event,
            _ => Parsed::Unparsed,
        }
    }
}

/// What is assumed where no `#Fields` was kept (a cut file), in this order: CloudFront's columns
/// since 2019 and before, IIS's default of each generation.
const USUAL: &[&str] = &[
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) \
     cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header \
     cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher \
     x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port \
     time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start \
     sc-range-end",
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) \
     cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header \
     cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher \
     x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
     cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
     sc-status sc-substatus sc-win32-status time-taken",
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port \
     cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status \
     sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port \
     cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status \
     sc-substatus sc-win32-status sc-bytes cs-bytes time-taken X-Forwarded-For",
    "date time s-sitename s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
     cs-version cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status \
     sc-bytes cs-bytes time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
     cs(Referer) sc-status sc-substatus sc-win32-status time-taken X-Forwarded-For",
    // HTTP.sys's own log of what never reached IIS.
    "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason \
     s-queuename",
];

/// What they announce, made out once: a stream may be as short as a line.
static USUAL_COLUMNS: LazyLock<Vec<Columns>> = LazyLock::new(|| {
    USUAL.iter().map(|names| Columns::announced(names.as_bytes(), Vec::new())).collect()
});

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let bom = |line: &&[u8]| line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).to_vec();
    let announced = head.lines.iter().map(bom).find_map(|line| {
        line.strip_prefix(b"#Fields:").map(|names| Columns::announced(names, Vec::new()))
    });
    if let Some(columns) = announced {
        let format = W3c::new(columns, &options.zone);
        let score = share(&format, head, |parsed, _| parsed != Parsed::Unparsed);
        return Some(Guess { format: Arc::new(format), score });
    }
    USUAL_COLUMNS.iter().find_map(|columns| {
        let format = W3c::new(columns.clone(), &options.zone);
        let score = share(&format, head, |parsed, event| parsed == Parsed::Event && sound(event));
        (score > 0.0).then(|| Guess { format: Arc::new(format) as Arc<dyn Format>, score })
    })
}

/// Whether an event has what its columns promise: nothing but its values speaks for the format.
fn sound(event: &Event<'_>) -> bool {
    let has = |field, test: fn(&[u8]) -> bool| event.get(field).is_some_and(test);
    event.time.is_some()
        && has(Field::Client, is_address)
        && has(Field::Status, |s| s.len() == 3 && s.iter().all(u8::is_ascii_digit))
        && has(Field::Method, |m| m.iter().all(u8::is_ascii_graphic))
}

/// The share of the head's lines that fit.
fn share(format: &W3c, head: &Head<'_>, fits: fn(Parsed, &Event<'_>) -> bool) -> f64 {
    let mut parser = format.parser();
    let mut event = Event::default();
    let mut fitting = 0;
    for line in &head.lines {
        event.reset(line);
        let parsed = parser.parse(line, &mut event);
        fitting += usize::from(fits(parsed, &event));
    }
    fitting as f64 / head.lines.len().max(1) as f64
}
