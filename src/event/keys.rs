//! Which of the log's own names mean a field that many formats share?
//!
//! JSON, key=value and CSV push every value under the name that the log gives it; [`Keys::settle`]
//! then turns those with a known meaning into [`Field`]s, after what they hold has been looked at
//! (a `status` of `OK` is no HTTP status). The best name for a field wins, the others stay named.

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::names::{CONTAINERS, GATEWAY, NAMES};
use super::request::{self, is_host_name, part};
use super::stamp::Stamps;
use super::{Event, Field};
use crate::time::Time;

/// What a name may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A field.
    Field(Field),
    /// The time.
    Time,
    /// A request line, to be split.
    Request,
    /// A stack trace, part of the message.
    Trace,
}

impl Role {
    const COUNT: usize = Field::ALL.len() + 3;

    fn index(self) -> usize {
        match self {
            Self::Field(field) => field as usize,
            Self::Time => Field::ALL.len(),
            Self::Request => Field::ALL.len() + 1,
            Self::Trace => Field::ALL.len() + 2,
        }
    }
}

/// What a name means, and how good a name for it it is (0 is best).
#[derive(Clone, Copy, Debug)]
struct Meaning {
    role: Role,
    rank: u8,
}

/// How much worse a name is inside a container.
const CONTAINED: u8 = 40;

static MEANINGS: LazyLock<FxHashMap<Vec<u8>, Meaning>> = LazyLock::new(|| {
    let ranked = NAMES.iter().flat_map(|(role, names)| {
        let meaning = |rank: usize| Meaning { role: *role, rank: rank as u8 + 1 };
        names.iter().enumerate().map(move |(rank, name)| (fold(name.as_bytes()), meaning(rank)))
    });
    let mut meanings = FxHashMap::default();
    for (name, meaning) in ranked {
        meanings.entry(name).or_insert(meaning);
    }
    meanings
});

static GATEWAY_NAMES: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| GATEWAY.iter().map(|name| fold(name.as_bytes())).collect());

/// A name without case, separators within its steps, and array indices.
pub(super) fn fold(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for step in name.split(|b| *b == b'.') {
        if step.iter().all(u8::is_ascii_digit) {
            continue;
        }
        if !out.is_empty() {
            out.push(b'.');
        }
        let mark = |b: &u8| matches!(b, b'_' | b'-' | b'@' | b':' | b' ' | b'(' | b')');
        let kept = step.iter().filter(|b| !mark(b));
        out.extend(kept.map(u8::to_ascii_lowercase));
    }
    out
}

/// The meaning of a name, looked for without its containers too.
fn meaning(name: &[u8]) -> Option<Meaning> {
    let folded = fold(name);
    let mut rest = folded.as_slice();
    for depth in 0..4 {
        if let Some(found) = MEANINGS.get(rest) {
            return Some(Meaning { rank: found.rank + depth * CONTAINED, ..*found });
        }
        let dot = memchr::memchr(b'.', rest)?;
        if !CONTAINERS.iter().any(|container| container.as_bytes() == &rest[..dot]) {
            return None;
        }
        rest = &rest[dot + 1..];
    }
    None
}

/// Whether a payment gateway's log uses the name.
pub(super) fn is_gateway(name: &[u8]) -> bool {
    let folded = fold(name);
    let last = folded.rsplit(|b| *b == b'.').next().unwrap_or_default();
    GATEWAY_NAMES.iter().any(|known| *known == folded || known == last)
}

/// How many of an event's names a payment gateway's log uses.
pub(super) fn gateway_names(event: &Event<'_>) -> usize {
    let named = event.named().iter().filter(|(name, _)| is_gateway(name)).count();
    named + usize::from(event.get(Field::Operation).is_some())
}

/// Whether a name means one of some fields.
pub(super) fn means(name: &[u8], fields: &[Field]) -> bool {
    matches!(role(name), Some(Role::Field(field)) if fields.contains(&field))
}

/// What a name stands for, if it is known.
pub(super) fn role(name: &[u8]) -> Option<Role> {
    meaning(name).map(|meaning| meaning.role)
}

/// Names of a log that leaksweep does not know, told by the user: field to name.
#[derive(Clone, Debug, Default)]
pub struct Mapping(Vec<(Role, String)>);

/// A field that a mapping cannot name.
#[derive(Debug, thiserror::Error)]
#[error(
    "no field {0:?}: a mapping's fields are time, request, client_ip, host, user, method, \
    path, query, status, bytes, referer, user_agent, and names like cs-cookie, operation"
)]
pub struct MappingError(String);

impl Mapping {
    /// Says that the values of `field` stand under `path` (`card.number`, `items.0.no`, a column).
    ///
    /// # Errors
    ///
    /// If there is no such field.
    pub fn add(&mut self, field: &str, path: &str) -> Result<(), MappingError> {
        let known = |name: &str| Field::ALL.iter().find(|f| f.name() == name);
        let role = match field {
            "time" | "timestamp" => Role::Time,
            "request" => Role::Request,
            _ => Role::Field(match field {
                "client_ip" => Field::Client,
                "host" | "site" => Field::Host,
                "user" => Field::User,
                "method" => Field::Method,
                "path" | "uri" => Field::Target,
                "query" => Field::Query,
                "status" => Field::Status,
                "bytes" => Field::BytesOut,
                "referer" => Field::Referer,
                "user_agent" => Field::UserAgent,
                _ => *known(field).ok_or_else(|| MappingError(field.to_owned()))?,
            }),
        };
        self.0.push((role, path.to_owned()));
        Ok(())
    }
}

/// The scratch space with which one parser gives names their meaning.
#[derive(Debug)]
pub(super) struct Keys<'f> {
    stamps: &'f Stamps,
    mapping: &'f Mapping,
    /// The names of the last entry with their meanings: entries of a log are alike.
    memo: Vec<(Vec<u8>, Option<Meaning>)>,
    taken: Vec<bool>,
}

/// The index of the best value for each role.
type Best = [Option<(u8, usize)>; Role::COUNT];

impl<'f> Keys<'f> {
    /// With nothing remembered.
    pub(super) fn new(stamps: &'f Stamps, mapping: &'f Mapping) -> Self {
        Self { stamps, mapping, memo: Vec::new(), taken: Vec::new() }
    }

    /// Turns the named values of `event` that have a known meaning into fields.
    pub(super) fn settle(&mut self, event: &mut Event<'_>) {
        let (best, time) = self.best(event);
        event.time = event.time.or(time).or_else(|| self.date_and_time(event));
        self.taken.clear();
        self.taken.resize(event.named.len(), false);
        if let Some((_, at)) = best[Role::Time.index()] {
            self.taken[at] = true;
        }
        self.assign(event, &best, Field::Host);
        if let Some(line) = self.take(event, &best, Role::Request) {
            request::set_plain_line(event, first_line(&line));
        }
        for field in Field::ALL.iter().copied().filter(|f| *f != Field::Query) {
            self.assign(event, &best, field);
        }
        self.join_query(event, &best);
        if let Some(trace) = self.take(event, &best, Role::Trace) {
            join_trace(event, &trace);
        }
        self.drop_repeated(event);
        let mut taken = self.taken.iter();
        event.named.retain(|_| !taken.next().copied().unwrap_or(false));
    }

    /// The time of an entry that has its date and its time of day apart.
    fn date_and_time(&self, event: &Event<'_>) -> Option<Time> {
        let value = |name: &[u8]| {
            let named = event.named.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.as_ref())
        };
        self.stamps.any(&[value(b"date")?, value(b"time")?].join(&b' '))
    }

    fn best(&mut self, event: &Event<'_>) -> (Best, Option<Time>) {
        let mut best: Best = [None; Role::COUNT];
        let mut time = None;
        for (at, (name, value)) in event.named.iter().enumerate() {
            let Some(Meaning { mut role, rank }) = self.meaning(at, name) else { continue };
            role = meant(role, value);
            if best[role.index()].is_some_and(|(other, _)| other <= rank) {
                continue;
            }
            if role == Role::Time {
                let Some(read) = self.stamps.any(value) else { continue };
                time = Some(read);
            } else if rank > 0 && !fits(role, value) {
                continue;
            }
            best[role.index()] = Some((rank, at));
        }
        (best, time)
    }

    /// The meaning of the name of value number `at`.
    fn meaning(&mut self, at: usize, name: &[u8]) -> Option<Meaning> {
        match self.memo.get(at) {
            Some((known, meaning)) if known == name => *meaning,
            _ => self.learn(at, name),
        }
    }

    fn learn(&mut self, at: usize, name: &[u8]) -> Option<Meaning> {
        let mapped = self.mapping.0.iter().find(|(_, path)| path.as_bytes() == name);
        let found = match mapped {
            Some((role, _)) => Some(Meaning { role: *role, rank: 0 }),
            None => meaning(name),
        };
        if at >= self.memo.len() {
            self.memo.resize(at + 1, (Vec::new(), None));
        }
        self.memo[at] = (name.to_vec(), found);
        found
    }

    /// Leaves out what says nothing more: `-`, which is absent, and a second name's same value.
    fn drop_repeated(&mut self, event: &Event<'_>) {
        let values = event.named.iter().zip(&self.memo).zip(&mut self.taken);
        for (((_, value), (_, meaning)), taken) in values {
            let Some(Meaning { role: Role::Field(field), .. }) = meaning else { continue };
            let same = |field: Field| event.get(field) == Some(value);
            *taken |=
                **value == *b"-" || same(*field) || (*field == Field::Target && same(Field::Stem));
        }
    }

    /// Takes the best value for a role out of the named ones.
    fn take<'a>(
        &mut self,
        event: &mut Event<'a>,
        best: &Best,
        role: Role,
    ) -> Option<Cow<'a, [u8]>> {
        let (_, at) = best[role.index()]?;
        self.taken[at] = true;
        Some(std::mem::take(&mut event.named[at].1))
    }

    fn assign(&mut self, event: &mut Event<'_>, best: &Best, field: Field) {
        let role = Role::Field(field);
        let Some((rank, _)) = best[role.index()] else { return };
        let known = event.get(field).is_some();
        let idle = rank > 0 && needs_request(field) && event.get(Field::Method).is_none();
        if known || (idle && !shows_request(best)) {
            return;
        }
        let Some(value) = self.take(event, best, role) else { return };
        match field {
            Field::Target => set_target(event, value),
            Field::Client => event.set(field, address(value)),
            Field::Action => event.set(field, action(&value).unwrap_or_default().as_bytes()),
            _ => event.set(field, value),
        }
    }

    /// A query that stands apart from its path.
    fn join_query(&mut self, event: &mut Event<'_>, best: &Best) {
        let Some((_, at)) = best[Role::Field(Field::Query).index()] else { return };
        let known = event.get(Field::Query).is_some() || event.named[at].1.is_empty();
        let Some(path) = event.get(Field::Target).filter(|_| !known).map(<[u8]>::to_vec) else {
            return;
        };
        let Some(query) = self.take(event, best, Role::Field(Field::Query)) else { return };
        let query_text = query.strip_prefix(b"?").unwrap_or(&query);
        event.set(Field::Target, [path.as_slice(), b"?", query_text].concat());
        event.set(Field::Query, query_text.to_vec());
    }
}

/// Whether the field is only meant where a request is logged.
fn needs_request(field: Field) -> bool {
    use Field::{BytesIn, BytesOut, Target, Version};
    matches!(field, Target | Version | BytesOut | BytesIn)
}

/// The request line of a value that may be a whole request.
fn first_line<'a>(request: &Cow<'a, [u8]>) -> Cow<'a, [u8]> {
    let end = memchr::memchr(b'\r', request).filter(|end| {
        let version = request[..*end].rsplit(|b| *b == b' ').next();
        version.is_some_and(|version| version.starts_with(b"HTTP/"))
    });
    let end = end.unwrap_or(request.len());
    part(request, 0, end)
}

/// What a name that is used for two things stands for, which its value shows.
fn meant(role: Role, value: &[u8]) -> Role {
    match role {
        Role::Request if !is_request(value) => Role::Field(Field::Target),
        Role::Field(Field::TimeTaken) if memchr::memchr(b':', value).is_some() => Role::Time,
        role => role,
    }
}

/// Whether the values are a request's: a method, or a status and whom it was answered to.
fn shows_request(best: &Best) -> bool {
    let has = |field: Field| best[Role::Field(field).index()].is_some();
    has(Field::Method) || has(Field::Status) && has(Field::Client) && has(Field::UserAgent)
}

/// Sets the target, of which some logs leave out the scheme.
fn set_target<'a>(event: &mut Event<'a>, target: Cow<'a, [u8]>) {
    match target {
        Cow::Borrowed(url) => request::set_url(event, url),
        owned @ Cow::Owned(_) => request::set_target(event, owned),
    }
}

/// Whether a value can be what its name says.
fn fits(role: Role, value: &[u8]) -> bool {
    if value == b"-" {
        return false;
    }
    let Role::Field(field) = role else {
        return match role {
            Role::Request => is_request(value),
            _ => !value.is_empty(),
        };
    };
    let number = || !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    match field {
        Field::Client | Field::ServerIp => is_address(value),
        Field::Host => is_host(value),
        Field::Status => number() && (value.len() == 3 || value == b"0"),
        Field::BytesOut | Field::BytesIn | Field::ServerPort => number(),
        Field::Method => {
            let upper = value.first().is_some_and(u8::is_ascii_uppercase)
                && value.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
            upper || matches!(value, b"get" | b"post" | b"put" | b"head" | b"delete" | b"options")
        }
        Field::Target => {
            matches!(value.first(), Some(b'/' | b'*' | b'?'))
                || request::authority(value).is_some()
                || memchr::memchr(b'/', value).is_some_and(|at| is_host_name(&value[..at]))
        }
        // `line` is the number of a line in a source file more often than a message.
        Field::Message => value.iter().any(|b| !b.is_ascii_digit()),
        Field::Action => action(value).is_some(),
        Field::User | Field::RequestId | Field::Session => !value.is_empty(),
        _ => true,
    }
}

/// A request line: a method and a blank, or bytes that no text has (a TLS handshake).
fn is_request(value: &[u8]) -> bool {
    let method = value.iter().take_while(|b| b.is_ascii_uppercase()).count();
    (method > 1 && value.get(method) == Some(&b' ')) || value.iter().any(|b| *b < b' ')
}

/// An IP address or host name, a port or list of them.
fn is_address(value: &[u8]) -> bool {
    let part = |b: &u8| b.is_ascii_alphanumeric() || b".:-_[]%, ".contains(b);
    value.iter().all(part) && value.iter().any(|b| matches!(b, b'.' | b':'))
}

/// A host name with a dot or a port: a bare word is more often a machine or a shop.
fn is_host(value: &[u8]) -> bool {
    let part = |b: &u8| b.is_ascii_alphanumeric() || b".:-_[]".contains(b) || *b >= 0x80;
    value.len() < 256
        && value.iter().all(part)
        && (value.iter().any(|b| matches!(b, b'.' | b':')) || value == b"localhost")
}

/// What a WAF's own word for its action means.
pub(super) fn action(word: &[u8]) -> Option<&'static str> {
    const WORDS: &[(&str, &[&str])] = &[
        (
            "blocked",
            &[
                "block",
                "blocked",
                "deny",
                "denied",
                "drop",
                "dropped",
                "reject",
                "rejected",
                "challenge",
                "managed_challenge",
                "jschallenge",
                "captcha",
            ],
        ),
        (
            "detected",
            &[
                "count",
                "detect",
                "detected",
                "log",
                "logged",
                "matched",
                "alert",
                "warn",
                "simulate",
                "alerted",
                "not blocked",
                "transformed",
            ],
        ),
        ("allowed", &["allow", "allowed", "pass", "passed", "skip", "accept"]),
    ];
    let same = |known: &&str| known.as_bytes().eq_ignore_ascii_case(word);
    WORDS.iter().find(|(_, words)| words.iter().any(&same)).map(|(meaning, _)| *meaning)
}

/// The address alone: without port and brackets; of a list, the last, which the nearest proxy
/// wrote.
pub(super) fn address(value: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let start = value.iter().rposition(|b| *b == b',').map_or(0, |at| at + 1);
    let blanks = value[start..].iter().take_while(|b| **b == b' ').count();
    let last = &value[start + blanks..];
    let (from, len) = match last {
        [b'[', inner @ ..] => (1, inner.iter().position(|b| *b == b']').unwrap_or(inner.len())),
        _ => match memchr::memchr_iter(b':', last).count() {
            1 => (0, memchr::memchr(b':', last).unwrap_or(last.len())),
            _ => (0, last.len()),
        },
    };
    let start = start + blanks + from;
    if len == 0 { value } else { part(&value, start, start + len) }
}

/// Puts a stack trace behind the message: rules look for exceptions there.
fn join_trace(event: &mut Event<'_>, trace: &[u8]) {
    let message = event.get(Field::Message).unwrap_or_default();
    let joined = [message, b"\n", trace].concat();
    event.set(Field::Message, joined);
}
