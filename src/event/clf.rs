//! The line of the common log format and all that grew out of it: Apache common, combined,
//! combinedio and `vhost_combined`; nginx combined and main, also behind an ingress; varnishncsa,
//! Traefik, Squid and Tomcat in the same shape.
//!
//! The anchor is the end of the time with the start of the request, `] "`: no escaping server can
//! write it earlier, while everything before it may hold blanks (`john doe`). Quoted values end at
//! a quote that no backslash escapes and that what must follow follows; only if there is none is
//! the producer taken for one that does not escape.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memrchr};

use super::escape::{backslashes, doubled_quotes};
use super::request::{client_of, is_address, is_address_list, set_host, set_line};
use super::stamp::{Clf, Stamps};
use super::{Event, Field, Parsed, Parser};

/// Parses lines of the common log format's shape.
#[derive(Debug)]
pub(super) struct Lines<'f> {
    stamps: &'f Stamps,
    clock: Clf,
    /// Whether the last line had a referer and a user agent, if only dashes.
    pub(super) combined: bool,
}

impl<'f> Lines<'f> {
    pub(super) fn new(stamps: &'f Stamps) -> Self {
        Self { stamps, clock: Clf::default(), combined: false }
    }

    fn line<'a>(&mut self, line: &'a [u8], event: &mut Event<'a>) -> Option<()> {
        let (open, close) = bracket(line).filter(|(open, _)| *open > 0)?;
        let rest = &line[close + 3..];
        let end = request_end(rest)?;
        let behind = sizes(&rest[end + 1..], event)?;
        head(line[..open].trim_ascii_end(), event)?;
        event.time = self.clock.read(&line[open + 1..close], self.stamps);
        set_line(event, &rest[..end]);
        let after = headers(behind, event);
        self.combined = after.len() < behind.len();
        if !after.is_empty() {
            tail(after, event);
        }
        Some(())
    }

    /// A line that as a whole was put in quotes, its own quotes escaped or doubled.
    fn wrapped<'a>(&mut self, line: &'a [u8], event: &mut Event<'a>) -> Option<()> {
        let inner = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let quote = memchr::memmem::find(inner, b"] ")? + 2;
        let inner = match inner.get(quote..quote + 3)? {
            [b'\\', b'"', _] => backslashes(inner),
            [b'"', b'"', next] if *next != b' ' => doubled_quotes(inner),
            _ => return None,
        };
        let mut unwrapped = Event::default();
        self.line(&inner, &mut unwrapped)?;
        event.adopt(&unwrapped);
        Some(())
    }
}

impl Parser for Lines<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        let line = entry.trim_ascii_end();
        if line.is_empty() {
            return Parsed::Skip;
        }
        let read = self.wrapped(line, event).or_else(|| self.line(line, event));
        if read.is_some() { Parsed::Event } else { Parsed::Unparsed }
    }
}

/// Where the time's brackets stand: the last `[` before the first `] "`, around something that
/// starts with a digit.
fn bracket(line: &[u8]) -> Option<(usize, usize)> {
    let close =
        memchr_iter(b']', line).find(|at| line.get(at + 1..at + 3).is_some_and(|n| n == b" \""))?;
    let usual = close.checked_sub(27).filter(|at| line[*at] == b'[');
    let open = usual.or_else(|| memrchr(b'[', &line[..close]))?;
    line[open + 1].is_ascii_digit().then_some((open, close))
}

/// The index of the quote that ends the request: a status follows it.
fn request_end(text: &[u8]) -> Option<usize> {
    closing(text, |after| {
        matches!(after, [b' ', a, b, c, ..] if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit())
            || matches!(after, [b' ', b'-' | b'0', b' ', ..])
    })
}

/// The index of the first quote that is not escaped and is followed as it must be; failing that,
/// of the first that is followed so.
fn closing(text: &[u8], follows: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut doubtful = None;
    for at in memchr_iter(b'"', text) {
        if follows(&text[at + 1..]) {
            if !is_escaped(text, at) {
                return Some(at);
            }
            doubtful = doubtful.or(Some(at));
        }
    }
    doubtful
}

fn is_escaped(text: &[u8], at: usize) -> bool {
    text[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

/// Reads ` 200 2326`; returns what follows.
fn sizes<'a>(text: &'a [u8], event: &mut Event<'a>) -> Option<&'a [u8]> {
    let (status, rest) = token(text)?;
    let (bytes, rest) = token(rest)?;
    if !bytes.iter().all(u8::is_ascii_digit) && bytes != b"-" {
        return None;
    }
    if status != b"-" {
        event.set(Field::Status, status);
    }
    if bytes != b"-" {
        event.set(Field::BytesOut, bytes);
    }
    Some(rest)
}

/// The next token behind one blank, and what follows it.
fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b" ")?;
    let end = memchr(b' ', text).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Reads ` "referer" "agent"`; returns what follows.
fn headers<'a>(text: &'a [u8], event: &mut Event<'a>) -> &'a [u8] {
    let Some(referer) = text.strip_prefix(b" \"") else { return text };
    let Some(end) = closing(referer, |after| after.is_empty() || after.starts_with(b" \"")) else {
        return text;
    };
    let Some(agent) = referer[end + 1..].strip_prefix(b" \"") else { return text };
    let Some((agent, rest)) = last_quoted(agent) else { return text };
    set_quoted(event, Field::Referer, &referer[..end]);
    set_quoted(event, Field::UserAgent, agent);
    rest
}

/// A quoted value behind which only whole fields follow. A producer that does not escape writes
/// `"ua "with quotes" and \back" TCP_MISS:NONE`.
fn last_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let split = |at: usize| (&text[..at], &text[at + 1..]);
    let whole = |rest: &[u8]| rest.is_empty() || (rest[0] == b' ' && is_whole(rest));
    let first = closing(text, |after| matches!(after, [] | [b' ', ..]))?;
    if whole(split(first).1) {
        return Some(split(first));
    }
    let mut others = memchr_iter(b'"', text).take(QUOTES_CAP);
    let other = others.find(|at| whole(split(*at).1) && !is_escaped(text, *at));
    Some(split(other.unwrap_or(first)))
}

/// So many quotes within a user agent are looked at, and so many fields behind it: a line of
/// nothing but quotes must not cost the square of its length.
const QUOTES_CAP: usize = 16;
const FIELDS_CAP: usize = 24;

/// Whether a text is made of whole fields: bare ones without a quote, and quoted ones.
fn is_whole(text: &[u8]) -> bool {
    fields(text).take(FIELDS_CAP).all(|field| match field {
        [b'"', inner @ .., b'"'] => !matches!(inner, [.., b'\\']),
        bare => memchr(b'"', bare).is_none(),
    })
}

/// Sets a quoted field; `-` is absent, an empty text is present.
fn set_quoted<'a>(event: &mut Event<'a>, field: Field, value: &'a [u8]) {
    if value != b"-" {
        event.set(field, backslashes(value));
    }
}

/// Reads what stands before the time: `client ident user`, with a virtual host or a list of
/// forwarded addresses in front.
///
/// Something else in front (a syslog header) makes it no such line: wrappers are others' to undo.
fn head<'a>(head: &'a [u8], event: &mut Event<'a>) -> Option<()> {
    let alone = head.strip_suffix(b" - -").filter(|client| memchr(b' ', client).is_none());
    if let Some(client) = alone {
        set_client(client, event);
        return Some(());
    }
    let rest = front(head, event)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let Some(ident) = memchr(b' ', rest) else { return Some(()) };
    let user = &rest[ident + 1..];
    match user.strip_suffix(b" -") {
        Some(id) if memchr(b' ', id).is_none() => set_plain(event, Field::RequestId, id),
        _ => set_plain(event, Field::User, user),
    }
    Some(())
}

/// Reads virtual host, forwarded addresses and client; returns what follows them.
fn front<'a>(head: &'a [u8], event: &mut Event<'a>) -> Option<&'a [u8]> {
    let (first, rest) = first_field(head);
    let (second, after) = first_field(rest.strip_prefix(b" ").unwrap_or(b""));
    if is_list(first) || is_address(first) || second == b"-" {
        return Some(client(head, event));
    }
    if is_list(second) || is_address(second) || after.starts_with(b" - ") {
        set_host(event, first);
        return Some(client(&rest[1..], event));
    }
    let short = memchr_iter(b' ', head).count() <= 2;
    short.then(|| client(head, event))
}

/// Reads the client: a list of forwarded addresses, an address behind one, or a name.
fn client<'a>(text: &'a [u8], event: &mut Event<'a>) -> &'a [u8] {
    let (first, rest) = first_field(text);
    if !is_list(first) {
        set_client(first, event);
        return rest;
    }
    set_forwarded(event, first);
    let (second, after) = first_field(rest.strip_prefix(b" ").unwrap_or(b""));
    if !is_address(second) {
        return rest;
    }
    event.set(Field::Client, second);
    after
}

fn is_list(field: &[u8]) -> bool {
    field.starts_with(b"\"") || memchr(b',', field).is_some()
}

fn set_forwarded<'a>(event: &mut Event<'a>, list: &'a [u8]) {
    let list = list.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(list);
    event.set(Field::ForwardedFor, list);
    set_plain(event, Field::Client, client_of(list));
}

fn set_client<'a>(client: &'a [u8], event: &mut Event<'a>) {
    set_plain(event, Field::Client, client);
}

fn set_plain<'a>(event: &mut Event<'a>, field: Field, value: &'a [u8]) {
    if value != b"-" && !value.is_empty() {
        event.set(field, backslashes(value));
    }
}

/// The first field of a head: quoted, or a list whose members end in commas, or a word.
fn first_field(text: &[u8]) -> (&[u8], &[u8]) {
    if let Some(end) = text.strip_prefix(b"\"").and_then(|inner| memchr(b'"', inner)) {
        return text.split_at(end + 2);
    }
    let end = memchr_iter(b' ', text).find(|at| *at > 0 && text[at - 1] != b',');
    text.split_at(end.unwrap_or(text.len()))
}

/// The fields of a tail: quoted, in brackets, or bare.
fn fields(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let close = match rest.first()? {
            b'"' => closing(&rest[1..], |after| matches!(after, [] | [b' ', ..])),
            b'[' => memchr(b']', &rest[1..]),
            _ => None,
        };
        let end = match close {
            Some(at) => at + 2,
            None => memchr(b' ', rest).unwrap_or(rest.len()),
        };
        let (field, after) = rest.split_at(end);
        rest = after;
        Some(field)
    })
}

/// Reads the fields behind the user agent of those producers whose shape tells them: combinedio
/// (`231 222`), nginx main (`"203.0.113.7"`), ingress (`231 0.004 [shop-80] [] …`), Traefik
/// (`500 "router" "backend" 0ms`). Quoted texts of unknown meaning are kept under `extra`.
fn tail<'a>(text: &'a [u8], event: &mut Event<'a>) {
    let all: [Option<&[u8]>; 12] = {
        let mut fields = fields(text);
        std::array::from_fn(|_| fields.next())
    };
    match all {
        [Some(first), Some(second), None, ..] if is_number(first) && is_number(second) => {
            event.set(Field::BytesIn, first);
        }
        [Some(length), Some(seconds), Some([b'[', ..]), ..] if is_number(length) => {
            event.set(Field::BytesIn, length);
            set_plain(event, Field::TimeTaken, seconds);
            if let Some(id) = all.iter().flatten().last().filter(|id| id.len() == 32) {
                event.set(Field::RequestId, *id);
            }
        }
        [Some(_), Some([b'"', ..]), Some([b'"', ..]), Some(taken), None, ..]
            if taken.ends_with(b"ms") =>
        {
            event.set(Field::TimeTaken, taken);
        }
        _ => {}
    }
    for field in all.iter().flatten() {
        if let [b'"', inner @ .., b'"'] = field {
            extra(inner, event);
        }
    }
}

fn is_number(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

fn extra<'a>(value: &'a [u8], event: &mut Event<'a>) {
    if value == b"-" {
        return;
    }
    if event.get(Field::ForwardedFor).is_none() && is_address_list(value) {
        event.set(Field::ForwardedFor, value);
    } else {
        event.push(Cow::Borrowed(&b"extra"[..]), backslashes(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a line as `name=value` joined by ` | `.
    fn read(line: &str) -> String {
        let stamps = Stamps::default();
        let mut event = Event::default();
        event.reset(line.as_bytes());
        match Lines::new(&stamps).parse(line.as_bytes(), &mut event) {
            Parsed::Event => {}
            other => return format!("{other:?}"),
        }
        let text = |v: &[u8]| String::from_utf8_lossy(v).into_owned();
        let known = Field::ALL.iter().filter_map(|f| Some((f.name().into(), text(event.get(*f)?))));
        let named = event.named().iter().map(|(n, v)| (text(n), text(v)));
        let all = known.chain(named).map(|(n, v)| format!("{n}={v}"));
        all.filter(|f| !f.starts_with("cs-uri=") && !f.starts_with("cs-version="))
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[test]
    fn reads_every_shape() {
        const T: &str = "[23/Nov/2026:08:46:37 +0000]";
        for (line, expected) in [
            (
                r#"192.0.2.7 - - TIME "GET / HTTP/1.1" 200 3"#,
                "c-ip=192.0.2.7 | cs-method=GET | cs-uri-stem=/ | sc-status=200 | sc-bytes=3",
            ),
            (
                r#"192.0.2.7 - john doe TIME "-" 408 - "-" """#,
                "c-ip=192.0.2.7 | sc-status=408 | cs-user-agent= | cs-username=john doe",
            ),
            (
                r#"shop.example:443 ::1 - - TIME "" 400 0 "-" "-" "#,
                "c-ip=::1 | sc-status=400 | sc-bytes=0 | cs-host=shop.example | s-port=443",
            ),
            (
                r#"shop.example 10.0.0.2, 81.2.69.143 - - TIME "-" 400 0"#,
                "c-ip=81.2.69.143 | sc-status=400 | sc-bytes=0 | cs-host=shop.example | \
                 x-forwarded-for=10.0.0.2, 81.2.69.143",
            ),
            (
                r#"h:80 "10.5.102.222, 175.16.199.1" 10.2.1.185 - - TIME "-" 400 0"#,
                "c-ip=10.2.1.185 | sc-status=400 | sc-bytes=0 | cs-host=h | \
                 x-forwarded-for=10.5.102.222, 175.16.199.1 | s-port=80",
            ),
            (
                r#"h 10.20.30.4 - 95386da8 - TIME "-" 400 0"#,
                "c-ip=10.20.30.4 | sc-status=400 | sc-bytes=0 | cs-host=h | request-id=95386da8",
            ),
            (
                r#"- - - TIME "GET http://h/a?b HTTP/1.1" - - "-" "-""#,
                "cs-method=GET | cs-uri-stem=/a | cs-uri-query=b | cs-host=h",
            ),
            (
                r#"h - - TIME "GET /\"?x=\x22 HTTP/1.1" 200 3 "a\"b" "c\\" 231 222"#,
                "c-ip=h | cs-method=GET | cs-uri-stem=/\" | cs-uri-query=x=\" | sc-status=200 | \
                 sc-bytes=3 | cs-bytes=231 | cs-referer=a\"b | cs-user-agent=c\\",
            ),
            (
                r#"h - - TIME "GET /q?x="quoted"&y=a\b HTTP/1.1" 200 3 "-" "ua "with q" and \b" TCP_MISS:NONE"#,
                "c-ip=h | cs-method=GET | cs-uri-stem=/q | cs-uri-query=x=\"quoted\"&y=a\\b | \
                 sc-status=200 | sc-bytes=3 | cs-user-agent=ua \"with q\" and \\b",
            ),
            (
                r#"h - - TIME "-" 200 3 "-" "-" 231 0.004 [shop-80] [] 10.0.0.5:80 512 0.004 200 0123456789abcdef0123456789abcdef"#,
                "c-ip=h | sc-status=200 | sc-bytes=3 | cs-bytes=231 | time-taken=0.004 | \
                 request-id=0123456789abcdef0123456789abcdef",
            ),
            (
                r#"h - - TIME "-" 200 3 "-" "-" 500 "test@docker" "http://172.17.0.3:80" 7ms"#,
                "c-ip=h | sc-status=200 | sc-bytes=3 | time-taken=7ms | extra=test@docker | \
                 extra=http://172.17.0.3:80",
            ),
            (
                r#"h - - TIME "-" 200 3 "-" "-" "203.0.113.7, 10.0.0.1""#,
                "c-ip=h | sc-status=200 | sc-bytes=3 | x-forwarded-for=203.0.113.7, 10.0.0.1",
            ),
            (
                r#""h - - TIME \"GET /a HTTP/1.1\" 200 3 \"-\" \"x\"""#,
                "c-ip=h | cs-method=GET | cs-uri-stem=/a | sc-status=200 | sc-bytes=3 | \
                 cs-user-agent=x",
            ),
            (
                r#""h - - TIME ""GET /a HTTP/1.1"" 200 3 ""-"" ""x""""#,
                "c-ip=h | cs-method=GET | cs-uri-stem=/a | sc-status=200 | sc-bytes=3 | \
                 cs-user-agent=x",
            ),
            (r#"h - - TIME "GET /a HTT"#, "Unparsed"),
            (r#"h - - TIME "GET /a HTTP/1.1" abc 3"#, "Unparsed"),
            ("not a log line", "Unparsed"),
            ("  ", "Skip"),
        ] {
            assert_eq!(read(&line.replace("TIME", T)), expected, "{line}");
        }
    }
}
