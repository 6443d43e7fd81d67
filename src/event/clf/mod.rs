//! The line of the common log format and all that grew out of it: Apache common, combined,
//! combinedio and `vhost_combined`; nginx combined and main, also behind an ingress; varnishncsa,
//! Traefik, Squid and Tomcat in the same shape.
//!
//! The anchor is the end of the time with the start of the request, `] "`: no escaping server can
//! write it earlier, while everything before it may hold blanks (`john doe`). Quoted values end at
//! a quote that no backslash escapes and that what must follow follows; only if there is none is
//! the producer taken for one that does not escape.

mod head;
mod tail;
mod usual;

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memrchr};

use head::{head, set_if_host};
use tail::{headers, set_quoted, tail};
use usual::Usual;

use super::escape::{backslashes, doubled_quotes};
use super::request::{set_line, set_line_with};
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
        match Usual::of(line) {
            Some(usual) => {
                self.usual(&usual, event)?;
                // An entry may hold more than the line.
                if std::ptr::eq(line, event.raw) {
                    event.escapes = usual.escapes;
                }
                Some(())
            }
            None => self.any(line, event),
        }
    }

    fn usual<'a>(&mut self, line: &Usual<'a>, event: &mut Event<'a>) -> Option<()> {
        set_sizes(line.status, line.bytes, event);
        head(line.head, event)?;
        event.time = self.clock.read(line.stamp, self.stamps);
        set_line_with(event, line.request, Cow::Borrowed);
        if let Some([referer, agent]) = line.headers {
            set_quoted(event, Field::Referer, Cow::Borrowed(referer));
            set_quoted(event, Field::UserAgent, Cow::Borrowed(agent));
        }
        self.combined = line.headers.is_some();
        Some(())
    }

    /// A line of any shape.
    fn any<'a>(&mut self, line: &'a [u8], event: &mut Event<'a>) -> Option<()> {
        let (open, close) = bracket(line).filter(|(open, _)| *open > 0)?;
        let (between, rest) = request_start(&line[close + 1..])?;
        let end = request_end(rest)?;
        let behind = sizes(&rest[end + 1..], event)?;
        head(line[..open].trim_ascii_end(), event)?;
        event.time = self.clock.read(&line[open + 1..close], self.stamps);
        set_line(event, &rest[..end]);
        set_if_host(between, event);
        let after = headers(behind, event);
        self.combined = after.len() < behind.len();
        if let Some(quote) = (!after.is_empty()).then(|| last_request_end(behind)).flatten() {
            let request = &rest[..rest.len() - behind.len() + quote];
            return doubtful(&line[..open], request, event);
        }
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
            // LiteSpeed puts a line in quotes as it is.
            [b'"', ..] if memchr(b'"', &inner[..quote]).is_none() => Cow::Borrowed(inner),
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

/// Whether a line has the time and the quote of an access log, though it stands among others.
pub(super) fn is_line(line: &[u8]) -> bool {
    let head = &line[..line.len().min(HEAD_CAP)];
    let stamp = |at: usize| matches!(head.get(at + 1..at + 13), Some([_, _, b'/', .., b':']));
    memchr_iter(b'[', head).any(|at| stamp(at) && head[at..].get(27..30) == Some(b"] \""))
}

/// What stands before the time is seldom longer.
const HEAD_CAP: usize = 400;

/// Where the time's brackets stand: the last `[` before the first `] "`, around something that
/// starts with a digit; if there is none, the first brackets around a time of the usual length.
fn bracket(line: &[u8]) -> Option<(usize, usize)> {
    let before_request = |at: &usize| line.get(at + 1..at + 3).is_some_and(|n| n == b" \"");
    let usual_length = |at: &usize| at.checked_sub(27).is_some_and(|open| line[open] == b'[');
    let close = memchr_iter(b']', line)
        .find(before_request)
        .or_else(|| memchr_iter(b']', line).find(usual_length))?;
    let usual = close.checked_sub(27).filter(|at| line[*at] == b'[');
    let open = usual.or_else(|| memrchr(b'[', &line[..close]))?;
    line[open + 1].is_ascii_digit().then_some((open, close))
}

/// What some servers write between time and request (a host, `(0 s)`), and the text behind the
/// request's first quote.
fn request_start(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let quote = memchr(b'"', &text[..text.len().min(BETWEEN_CAP)])?;
    let between = text[..quote].strip_prefix(b" ")?;
    let few = memchr_iter(b' ', between).count() <= 2;
    let apart = between.is_empty() || between.ends_with(b" ") && few;
    apart.then(|| (between, &text[quote + 1..]))
}

/// The longest text between time and request.
const BETWEEN_CAP: usize = 260;

/// The index of the quote that ends the request: a status follows it.
fn request_end(text: &[u8]) -> Option<usize> {
    closing(text, |after| {
        matches!(after, [b' ', a, b, c, ..] if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit())
            || matches!(after, [b' ', b'-' | b'0', b' ', ..])
    })
}

/// A line in which a request stands within a request: a producer that does not escape let a client
/// write quotes, and nobody can tell what stands where. Everything between the first and the last is
/// the request, so that no attack hides in it; status, size and headers are not known, so that none
/// is believed that a client may have written.
fn doubtful<'a>(before: &'a [u8], request: &'a [u8], event: &mut Event<'a>) -> Option<()> {
    let (time, raw) = (event.time, event.raw);
    event.reset(raw);
    head(before.trim_ascii_end(), event)?;
    event.time = time;
    set_line(event, request);
    Some(())
}

/// The index of the quote that ends the last request of a text with a status behind it.
fn last_request_end(behind: &[u8]) -> Option<usize> {
    memchr::memmem::rfind_iter(behind, b" HTTP/").find_map(|at| {
        let version = &behind[at + 6..];
        let quote = version.iter().take(4).position(|b| *b == b'"')?;
        let after = &version[quote + 1..];
        let status =
            after.len() > 4 && after[0] == b' ' && after[1..4].iter().all(u8::is_ascii_digit);
        status.then_some(at + 6 + quote)
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
    set_sizes(status, bytes, event);
    Some(rest)
}

fn set_sizes<'a>(status: &'a [u8], bytes: &'a [u8], event: &mut Event<'a>) {
    if status != b"-" {
        event.set(Field::Status, status);
    }
    if bytes != b"-" {
        event.set(Field::BytesOut, bytes);
    }
}

/// The next token behind one blank, and what follows it.
fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b" ")?;
    let end = memchr(b' ', text).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::super::{Escapes, decode};
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
            (
                r#"h - x TIME "GET / HTTP/1.1" 404 1 "-" "b" - - TIME "GET /e HTTP/1.1" 200 7 "-" "M""#,
                "c-ip=h | cs-method=GET | cs-uri-stem=/ HTTP/1.1\" 404 1 \"-\" \"b\" - - \
                 [23/Nov/2026:08:46:37 +0000] \"GET /e | cs-username=x",
            ),
            (
                r#"h - - TIME "GET /e" 404 0 "-" "z HTTP/1.1" 200 7 "-" "M""#,
                "c-ip=h | cs-method=GET | cs-uri-stem=/e\" 404 0 \"-\" \"z",
            ),
            (
                r#"h a.example x TIME (0 s) "GET /a" 200 3 "-" "b" rt=0.1 host="c.example" ua="10.0.0.1:80""#,
                "c-ip=h | cs-method=GET | cs-uri-stem=/a | sc-status=200 | sc-bytes=3 | \
                 cs-user-agent=b | cs-host=a.example | cs-username=x | rt=0.1 | ua=10.0.0.1:80",
            ),
            (
                r#"a.log:12:[::1]:80 - - TIME "null null null" 400 - 7 + "http://r/" "b" X-Forwarded-For="192.0.2.7""#,
                "c-ip=::1 | sc-status=400 | cs-referer=http://r/ | cs-user-agent=b | \
                 x-forwarded-for=192.0.2.7",
            ),
            (
                r#""h - - TIME "GET /a HTTP/1.1" 200 3 "-" "b"""#,
                "c-ip=h | cs-method=GET | cs-uri-stem=/a | sc-status=200 | sc-bytes=3 | \
                 cs-user-agent=b",
            ),
            ("not a log line", "Unparsed"),
            ("  ", "Skip"),
        ] {
            assert_eq!(read(&line.replace("TIME", T)), expected, "{line}");
        }
    }

    /// What an event says, all of it, if the line is one.
    fn said<'a>(line: &'a [u8], read: impl FnOnce(&mut Event<'a>) -> Option<()>) -> Option<String> {
        let mut event = Event::default();
        event.reset(line);
        read(&mut event)?;
        Some(format!("{event:?}"))
    }

    /// Whether a line is a usual one, and then read on both roads.
    fn agree(line: &[u8]) -> bool {
        let stamps = Stamps::default();
        let (mut one, mut other) = (Lines::new(&stamps), Lines::new(&stamps));
        let Some(usual) = Usual::of(line) else { return false };
        let said_usual = said(line, |event| one.usual(&usual, event));
        let any = said(line, |event| other.any(line, event));
        assert_eq!(said_usual, any, "{}", String::from_utf8_lossy(line));
        let changes = decode::changes_entry(line);
        match usual.escapes {
            Escapes::Unknown => {}
            Escapes::None => assert!(!changes),
            Escapes::Blanks => {
                let blanks: Vec<u8> =
                    line.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
                assert!(changes && *decode::once(line) == *blanks && !decode::changes(&blanks));
            }
        }
        assert!(any.is_none() || one.combined == other.combined);
        true
    }

    const HEADS: &[&str] = &[
        "192.0.2.7 - -",
        "::1 - -",
        "h.example 10.0.0.1 - bob",
        "2001:db8::a - -",
        "x, 10.0.0.1 - -",
    ];

    proptest::proptest! {
        #[test]
        fn both_roads_give_the_same_event(
            head in 0..HEADS.len(),
            request in "(GET|-|PUT /a) (/[a-c?=]{0,9}|http://h[/:?8]{1,3}|x|CONNECT)( HTTP/1[.]1)?",
            sizes in "[23]0[04] ([0-9]{1,5}|-)",
            headers in proptest::option::of("\"(-|http://h/|)\" \"(-|Mozilla/5[.]0 [(]X11[)] rv:1[.]0|)\""),
            changes in proptest::collection::vec((0_usize..160, proptest::sample::select(&b"\"\\ []-0a\t\xff"[..])), 0..3),
        ) {
            let headers = headers.map_or(String::new(), |headers| format!(" {headers}"));
            let text = format!("{} [23/Nov/2026:08:46:37 +0900] \"{request}\" {sizes}{headers}", HEADS[head]);
            let long = text.len() >= 64;
            let mut line = text.into_bytes();
            proptest::prop_assert_eq!(agree(&line), long);
            for (at, byte) in changes {
                line.get_mut(at).into_iter().for_each(|old| *old = byte);
                agree(line.trim_ascii_end());
            }
        }
    }
}
