//! What does an entry say?
//!
//! [`recognise`] looks at the head of a stream and names its [`Format`]; the format's [`Parser`]
//! turns each entry into an [`Event`]: a time and fields. Fields of a meaning that many formats
//! share are [`Field`]s (Sigma's taxonomy names); all others keep the name that the log gave them.
//!
//! # Guarantees
//!
//! * A field is there or absent, never guessed. `-` in an access log is absent; `""` is present
//!   and empty.
//! * Values are un-escaped by the producer's own rules (`\"`, `\xhh`, `#hh`, `+`), never
//!   URL-decoded: decoding is [`decode`]'s, in layers, additive.
//! * An entry that fits no format is still an event: its raw bytes are scanned.
//! * A time that cannot be parsed is absent, never "now".

mod access;
mod audit;
mod base64;
mod captures;
mod clf;
mod csv;
mod custom;
pub mod decode;
mod error;
mod escape;
mod example;
mod inside;
mod json;
mod keys;
mod kv;
mod layouts;
mod log4j;
mod logformat;
mod mixed;
mod modsecurity;
mod names;
#[cfg(test)]
mod proof;
mod rails;
mod reading;
mod request;
#[cfg(test)]
mod samples;
mod served;
mod special;
mod stamp;
mod template;
mod text;
mod w3c;
mod walk;
mod wrapper;
mod year;

use std::borrow::Cow;
use std::sync::Arc;

use crate::line::Framing;
use crate::time::{Time, Zone};

pub use example::formats;
pub use keys::{Mapping, MappingError};

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $sigma:literal,)*) => {
        /// A field whose meaning many formats share.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Field { $($(#[$doc])* $name,)* }

        impl Field {
            /// All fields, in order.
            pub const ALL: &'static [Field] = &[$(Field::$name,)*];

            /// The name that rules and outputs use (Sigma taxonomy where it has one).
            pub fn name(self) -> &'static str {
                match self { $(Field::$name => $sigma,)* }
            }
        }
    };
}

fields! {
    /// The client's address (after trusted proxies).
    Client = "c-ip",
    /// Request method.
    Method = "cs-method",
    /// The whole request target as sent, query included.
    Target = "cs-uri",
    /// The path: the target before the first `?`.
    Stem = "cs-uri-stem",
    /// The query: the target behind the first `?`.
    Query = "cs-uri-query",
    /// Protocol version.
    Version = "cs-version",
    /// Response status.
    Status = "sc-status",
    /// Response bytes.
    BytesOut = "sc-bytes",
    /// Request bytes.
    BytesIn = "cs-bytes",
    /// Referer.
    Referer = "cs-referer",
    /// User-Agent.
    UserAgent = "cs-user-agent",
    /// Virtual host or Host header.
    Host = "cs-host",
    /// Authenticated user.
    User = "cs-username",
    /// Request Content-Type.
    ContentType = "cs-content-type",
    /// Request cookies.
    Cookie = "cs-cookie",
    /// X-Forwarded-For as sent.
    ForwardedFor = "x-forwarded-for",
    /// Time taken, as the log writes it.
    TimeTaken = "time-taken",
    /// Server address.
    ServerIp = "s-ip",
    /// Server port.
    ServerPort = "s-port",
    /// Request body.
    Body = "cs-body",
    /// Response body.
    ResponseBody = "sc-body",
    /// The message of an application or error log.
    Message = "message",
    /// Severity as the log writes it.
    Level = "level",
    /// Logger or component.
    Logger = "logger",
    /// Thread or process.
    Thread = "thread",
    /// Request, transaction or trace id.
    RequestId = "request-id",
    /// Session id.
    Session = "session",
    /// What a WAF did: `blocked`, `detected`.
    Action = "action",
    /// The operation of a gateway or application log (`SearchCard`).
    Operation = "operation",
}

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields(u64);

impl Fields {
    /// The set of these fields.
    pub fn of(fields: &[Field]) -> Self {
        Self(fields.iter().fold(0, |set, field| set | 1 << *field as u8))
    }
}

/// A field under the name that its log gives it, and its value.
pub type Named<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// What a parser saw of the escapes in an entry, but for the zone of its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escapes {
    /// It did not look.
    #[default]
    Unknown,
    /// Decoding changes nothing.
    None,
    /// Plus signs that stand for blanks, and nothing else that decoding changes, once or twice.
    Blanks,
}

/// What one entry says. Borrows the block's bytes and dies with it.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The entry as it stands in the log.
    pub raw: &'a [u8],
    /// When.
    pub time: Option<Time>,
    present: u64,
    /// Whether a value may not stand in the raw entry.
    foreign: bool,
    escapes: Escapes,
    /// Whether path and query are known to be those of the target.
    whole: bool,
    known: [Cow<'a, [u8]>; Field::ALL.len()],
    named: Vec<Named<'a>>,
}

impl Default for Event<'_> {
    fn default() -> Self {
        Self {
            raw: b"",
            time: None,
            present: 0,
            foreign: false,
            escapes: Escapes::Unknown,
            whole: false,
            known: std::array::from_fn(|_| Cow::Borrowed(&b""[..])),
            named: Vec::new(),
        }
    }
}

impl<'a> Event<'a> {
    /// Makes this the event of another entry that says nothing yet.
    pub fn reset(&mut self, raw: &'a [u8]) {
        self.raw = raw;
        self.time = None;
        self.present = 0;
        self.foreign = false;
        self.escapes = Escapes::Unknown;
        self.whole = false;
        self.named.clear();
    }

    /// The values that do not stand in the raw entry as they are, since the parser un-escaped or
    /// made them: what a search of the raw entry cannot find.
    pub fn foreign(&self) -> impl Iterator<Item = &[u8]> {
        let known = self.foreign.then_some(&self.known).into_iter().flatten().enumerate();
        let known = known.filter(|(i, _)| self.present >> i & 1 == 1).map(|(_, value)| value);
        let named = self.foreign.then_some(&self.named).into_iter().flatten();
        known.chain(named.map(|(_, value)| value)).map(AsRef::as_ref).filter(|v| !self.holds(v))
    }

    /// Whether decoding changes none of the values, since it does not change the entry in which they
    /// all stand, but for the zone of its time.
    pub fn is_plain(&self) -> bool {
        let changes = match self.escapes {
            Escapes::Unknown => decode::changes_entry(self.raw),
            Escapes::None => false,
            Escapes::Blanks => true,
        };
        !self.foreign && !changes
    }

    /// Whether it is known that decoding makes some plus signs blanks and changes nothing else.
    pub fn has_only_blanks(&self) -> bool {
        !self.foreign && self.escapes == Escapes::Blanks
    }

    /// Whether a value is a piece of the raw entry.
    fn holds(&self, value: &[u8]) -> bool {
        value.is_empty() || self.raw.as_ptr_range().contains(&value.as_ptr())
    }

    /// The value of a field; `None` if it is absent.
    #[inline]
    pub fn get(&self, field: Field) -> Option<&[u8]> {
        (self.present >> field as u8 & 1 == 1).then(|| self.known[field as usize].as_ref())
    }

    /// Whether the entry has one of these fields.
    #[inline]
    pub fn has_any(&self, fields: Fields) -> bool {
        self.present & fields.0 != 0
    }

    /// Sets a field.
    #[inline]
    pub fn set(&mut self, field: Field, value: impl Into<Cow<'a, [u8]>>) {
        let value = value.into();
        self.foreign |= !self.holds(&value);
        self.whole &= !matches!(field, Field::Target | Field::Stem | Field::Query);
        self.present |= 1 << field as u8;
        self.known[field as usize] = value;
    }

    /// Takes a field out, so that it is absent.
    fn take(&mut self, field: Field) -> Option<Cow<'a, [u8]>> {
        self.get(field)?;
        self.whole = false;
        self.present &= !(1 << field as u8);
        Some(std::mem::take(&mut self.known[field as usize]))
    }

    /// Adds a field under the name that the log gives it (a JSON path `card.number`, a key).
    pub fn push(&mut self, name: impl Into<Cow<'a, [u8]>>, value: impl Into<Cow<'a, [u8]>>) {
        let value = value.into();
        self.foreign |= !self.holds(&value);
        self.named.push((name.into(), value));
    }

    /// The fields that are no [`Field`], in the order of the entry.
    pub fn named(&self) -> &[Named<'a>] {
        &self.named
    }

    /// Sets target, path and query from a request target as sent; of one in absolute form
    /// (`http://host/path`) also the host, unless that is set.
    pub fn set_target(&mut self, target: &'a [u8]) {
        request::set_target(self, Cow::Borrowed(target));
    }

    /// The target, if path and query are those of it; `None` if the log has others, or no target.
    #[inline]
    pub fn whole_target(&self) -> Option<&[u8]> {
        let known = self.whole || request::is_whole(self);
        self.get(Field::Target).filter(|_| known)
    }

    /// The host that the target names, if it is in absolute form (`http://host/path`).
    pub fn authority(&self) -> Option<&[u8]> {
        request::asked_host(self.get(Field::Target)?)
    }

    /// Takes over what another event says, its values copied: for entries that stand escaped within
    /// others and so cannot be borrowed.
    fn adopt(&mut self, other: &Event<'_>) {
        let owned = |value: &[u8]| Cow::Owned(value.to_vec());
        self.time = other.time.or(self.time);
        for field in Field::ALL {
            if let Some(value) = other.get(*field) {
                self.set(*field, owned(value));
            }
        }
        for (name, value) in &other.named {
            self.push(owned(name), owned(value));
        }
    }

    /// A field read as a decimal number.
    pub fn number(&self, field: Field) -> Option<u64> {
        let text = self.get(field)?;
        let digit = |n: u64, b: &u8| b.is_ascii_digit().then(|| 10 * n + u64::from(b - b'0'));
        match text.len() {
            1..=19 if text[0] != b'+' => text.iter().try_fold(0, digit),
            _ => std::str::from_utf8(text).ok()?.parse().ok(),
        }
    }
}

/// What a parser made of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// An event of the format.
    Event,
    /// A comment, a header or a blank line: nothing to examine.
    Skip,
    /// The entry does not fit the format; it is scanned as text and counted.
    Unparsed,
}

/// Which Sigma logsource a format answers to, and what kind of log it is for coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Sigma `category`: `webserver`, `proxy`, `application`, `database`.
    pub category: &'static str,
    /// Sigma `service`: `apache`, `nginx`, or empty.
    pub service: &'static str,
    /// Kind of log for coverage: `access`, `application`, `gateway`, `waf`, `error`.
    pub log: &'static str,
    /// Whether an entry may be a message in words, and not only a request.
    pub messages: bool,
}

/// A log format: immutable, shared by all threads.
pub trait Format: Send + Sync + std::fmt::Debug {
    /// Its name: `apache-combined`.
    fn name(&self) -> &'static str;

    /// Which rules apply to it.
    fn kind(&self) -> Kind;

    /// How lines make entries.
    fn framing(&self) -> Framing {
        Framing::Lines
    }

    /// The fields that entries of this format can have; every other [`Field`] it can never have.
    fn fields(&self) -> &[Field];

    /// Whether entries may carry named fields (JSON, key=value).
    fn has_named(&self) -> bool {
        false
    }

    /// A parser for one block: the scratch space of one thread.
    fn parser(&self) -> Box<dyn Parser + '_>;

    /// The format after `block`, if a directive in it changed the format (`#Fields`).
    fn after(&self, block: &[u8]) -> Option<Arc<dyn Format>> {
        let _ = block;
        None
    }
}

/// The scratch space with which one thread parses the entries of one block.
pub trait Parser {
    /// Parses `entry` into `event`, which is already [reset](Event::reset) to it.
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed;
}

/// What a reader of logs is told about them from outside.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The zone of stamps that name none.
    pub zone: Zone,
    /// An Apache `LogFormat` or nginx `log_format` text (`--log-format`).
    pub log_format: Option<String>,
    /// When the stream was closed at the latest: gives stamps without a year (syslog) theirs.
    pub closed: Option<Time>,
    /// What the user says of the names in JSON, key=value and CSV logs.
    pub mapping: Mapping,
}

impl Options {
    /// With what the name of a stream, and the time at which it was last `written`, tell.
    #[must_use]
    pub fn of(&self, name: &str, written: Option<Time>) -> Self {
        let closed = year::dated(name).or(written).or(self.closed);
        Self { closed, ..self.clone() }
    }
}

/// Whether a text is, or holds, an Apache `LogFormat` or nginx `log_format` by which lines can be
/// taken apart: what [`Options::log_format`] needs.
pub fn is_log_format(text: &str) -> bool {
    !logformat::templates(text).is_empty()
}

/// What is known of a stream when its format is guessed: its first bytes, cut to whole lines, and
/// those lines.
#[derive(Debug)]
pub struct Head<'h> {
    /// The first bytes.
    pub bytes: &'h [u8],
    /// Their lines, without line ends, blank lines left out.
    pub lines: Vec<&'h [u8]>,
    /// How many wrappers were peeled off.
    depth: u8,
}

/// Wrappers in wrappers are peeled so deep.
const DEPTH_CAP: u8 = 2;

impl<'h> Head<'h> {
    /// The head of a stream from its first bytes.
    pub fn new(bytes: &'h [u8]) -> Self {
        let lines = bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
        Self { bytes, lines: lines.filter(|l| !l.is_empty()).collect(), depth: 0 }
    }

    /// The format of the entries that stand inside this head's; `None` if they have none that is
    /// known.
    fn inside(&self, bytes: &[u8], options: &Options) -> Option<Guess> {
        if self.depth >= DEPTH_CAP || bytes.is_empty() {
            return None;
        }
        let inner = best(&Head { depth: self.depth + 1, ..Head::new(bytes) }, options);
        (inner.score > 0.0).then_some(inner)
    }
}

/// A format that a stream may have.
#[derive(Debug)]
pub struct Guess {
    /// The format.
    pub format: Arc<dyn Format>,
    /// The share of the head's lines that are events of it, 0 to 1. The highest score wins; of
    /// equal scores, the earlier in the list of families, so the stricter stand first.
    pub score: f64,
}

/// Says what a stream is, if it is of this family.
type Family = fn(&Head<'_>, &Options) -> Option<Guess>;

/// Makes a format that a single line may have.
type Stray = fn(&Options) -> Arc<dyn Format>;

/// The format families, stricter ones first: adding a format is one file and one line here.
const FAMILIES: &[Family] = &[
    layouts::guess_own,
    wrapper::guess,
    audit::guess,
    w3c::guess,
    error::guess,
    access::guess,
    layouts::guess,
    json::guess,
    kv::guess,
    csv::guess,
    custom::guess,
    rails::guess,
    log4j::guess,
];

/// The formats that a line may have in a stream of another: those that need no state, stricter
/// ones first.
const STRAYS: &[Stray] = &[
    access::stray,
    layouts::stray,
    |options| by_example(json::guess, br#"{"level":"info"}"#, options),
    |options| {
        by_example(error::guess, b"[Mon Nov 23 08:46:29 2026] [error] [client ::1] x", options)
    },
    |options| by_example(error::guess, b"2026/11/23 08:46:29 [error] 1#1: *1 x", options),
];

/// The format that a family gives to a stream of one line.
fn by_example(family: Family, line: &[u8], options: &Options) -> Arc<dyn Format> {
    family(&Head::new(line), options).map_or(Arc::new(text::Text), |guess| guess.format)
}

/// The format of a stream, from its first bytes (about 64 KiB).
pub fn recognise(head: &[u8], options: &Options) -> Guess {
    let head = Head::new(head);
    mixed::around(best(&head, options), &head, STRAYS, options)
}

fn best(head: &Head<'_>, options: &Options) -> Guess {
    let mut best = Guess { format: Arc::new(text::Text), score: 0.0 };
    for family in FAMILIES {
        if best.score >= 1.0 {
            break;
        }
        if let Some(guess) = family(head, options).filter(|g| g.score > best.score) {
            best = guess;
        }
    }
    best
}
