//! Access logs of a pattern that no one told: a line with a quoted request line in it. What stands
//! around it is read only where its shape leaves no doubt; `--log-format` tells all.

use std::sync::Arc;

use memchr::{memchr, memchr_iter, memmem};

use super::escape::backslashes;
use super::request::{is_address, is_host_name, set_host, set_line_with, split_port};
use super::stamp::Stamps;
use super::{Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser};

/// So many lines of the head are looked at.
const SAMPLE: usize = 200;
/// A request line alone is a weak sign: every format that is known by more goes before.
const WORTH: f64 = 0.65;

const FIELDS: [Field; 12] = [
    Field::Client,
    Field::Method,
    Field::Target,
    Field::Stem,
    Field::Query,
    Field::Version,
    Field::Status,
    Field::BytesOut,
    Field::Host,
    Field::ForwardedFor,
    Field::Referer,
    Field::UserAgent,
];

#[derive(Debug)]
struct Custom(Stamps);

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let lines = &head.lines[..head.lines.len().min(SAMPLE)];
    let clear = lines.iter().filter(|line| request(line).is_some_and(|found| found.clear)).count();
    if clear * 2 <= lines.len() {
        return None;
    }
    let stamps = Stamps::new(options);
    let mut parser = CustomParser(&stamps);
    let parsed =
        lines.iter().filter(|l| parser.parse(l, &mut Event::default()) == Parsed::Event).count();
    let score = parsed as f64 / lines.len() as f64 * WORTH;
    Some(Guess { format: Arc::new(Custom(stamps)), score })
}

impl Format for Custom {
    fn name(&self) -> &'static str {
        "access-custom"
    }

    fn kind(&self) -> Kind {
        Kind { category: "webserver", service: "", log: "access", messages: false }
    }

    fn fields(&self) -> &[Field] {
        &FIELDS
    }

    fn has_named(&self) -> bool {
        true
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(CustomParser(&self.0))
    }
}

struct CustomParser<'f>(&'f Stamps);

impl Parser for CustomParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        if entry.trim_ascii().is_empty() {
            return Parsed::Skip;
        }
        let Some(found) = request(entry) else { return Parsed::Unparsed };
        self.before(&entry[..found.from - 1], event);
        if !found.clear && (event.time.is_none() || event.get(Field::Client).is_none()) {
            return Parsed::Unparsed;
        }
        set_line_with(event, &entry[found.from..found.to], backslashes);
        after(entry.get(found.to + 1..).unwrap_or_default(), event);
        Parsed::Event
    }
}

/// Where a request line stands.
struct Found {
    from: usize,
    to: usize,
    /// Whether it is one beyond doubt, with a method and a version.
    clear: bool,
}

/// The first quoted request line; if there is none, the first quoted text.
fn request(line: &[u8]) -> Option<Found> {
    for mark in memchr_iter(b'"', line) {
        let text = &line[mark + 1..];
        let method = text.iter().take_while(|b| b.is_ascii_uppercase() || **b == b'-').count();
        if method < 2 || text.get(method) != Some(&b' ') {
            continue;
        }
        if let Some(end) = versionless(text) {
            return Some(Found { from: mark + 1, to: mark + 1 + end, clear: true });
        }
        let ends = memmem::find_iter(text, b" HTTP/").find_map(|at| {
            let len =
                text[at + 6..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
            (text.get(at + 6 + len) == Some(&b'"')).then_some(at + 6 + len)
        });
        if let Some(end) = ends {
            return Some(Found { from: mark + 1, to: mark + 1 + end, clear: true });
        }
    }
    let from = memchr(b'"', line)? + 1;
    let close = memmem::find(&line[from..], b"\" ")?;
    Some(Found { from, to: from + close, clear: false })
}

/// Where a request line without a version ends: a path, a quote, a status.
fn versionless(text: &[u8]) -> Option<usize> {
    let end = memchr(b'"', text)?;
    let path = text[..end].split(|b| *b == b' ').nth(1)?;
    let status = |rest: &[u8]| {
        let word = rest.split(|b| *b == b' ').next().unwrap_or_default();
        word.len() == 3 && word.iter().all(u8::is_ascii_digit)
    };
    let words = memchr_iter(b' ', &text[..end]).count();
    let sound = words == 1 && path.starts_with(b"/");
    (sound && text[end + 1..].strip_prefix(b" ").is_some_and(status)).then_some(end)
}

impl CustomParser<'_> {
    /// The time, the client and the host in front of the request line.
    fn before<'a>(&self, text: &'a [u8], event: &mut Event<'a>) {
        let mut rest = text;
        if let Some((time, after)) = self.0.iso(text) {
            event.time = Some(time);
            rest = after;
        } else if let Some(open) = memchr(b'[', text) {
            let close = memchr(b']', &text[open..]).map_or(text.len(), |at| open + at);
            event.time = self.0.any(&text[open + 1..close]);
            rest = match event.time {
                None => text,
                Some(_) if open == 0 => text.get(close + 1..).unwrap_or_default(),
                Some(_) => &text[..open],
            };
            early_status(text.get(close + 1..).unwrap_or_default(), event);
        } else {
            let dates =
                memchr_iter(b' ', text).filter_map(|at| self.0.day_month_year(&text[at + 1..]));
            event.time = dates.map(|(time, _)| time).next();
        }
        let words = || rest.split(|b| *b == b' ').filter(|word| !word.is_empty());
        let bare = |word: &'a [u8]| word.strip_suffix(b",").unwrap_or(word);
        // The last address is the peer's; those before it, with commas, are what it forwarded.
        if let Some(peer) = words().map(bare).rfind(|word| is_address(word)) {
            event.set(Field::Client, split_port(peer).0);
        }
        if let Some(comma) = memmem::find(rest, b", ") {
            let from = rest[..comma].iter().rposition(|b| *b == b' ').map_or(0, |at| at + 1);
            let more = rest[comma + 2..].iter().position(|b| *b == b' ');
            event.set(Field::ForwardedFor, &rest[from..more.map_or(rest.len(), |n| comma + 2 + n)]);
        }
        let mut hosts = words().filter(|word| is_host_name(word));
        if let (Some(host), None) = (hosts.next(), hosts.next()) {
            set_host(event, host);
        }
    }
}

/// A status between the time and the request line.
fn early_status<'a>(text: &'a [u8], event: &mut Event<'a>) {
    let word = text.trim_ascii();
    if word.len() == 3 && word.iter().all(u8::is_ascii_digit) {
        event.set(Field::Status, word);
    }
}

/// The status behind the request line, the number that follows it, and all quoted texts; the first
/// two behind both numbers are referer and user agent, as the combined format has them.
fn after<'a>(text: &'a [u8], event: &mut Event<'a>) {
    let bare = &text[..memchr(b'"', text).unwrap_or(text.len())];
    let mut words = bare.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let number = |word: &&[u8]| word.iter().all(u8::is_ascii_digit);
    if event.get(Field::Status).is_none()
        && let Some(status) = words.next().filter(|word| word.len() == 3 && number(word))
    {
        event.set(Field::Status, status);
    }
    if event.get(Field::Status).is_some()
        && let Some(bytes) = words.next().filter(number)
    {
        event.set(Field::BytesOut, bytes);
    }
    let mut combined = words.next().is_none() && event.get(Field::BytesOut).is_some();
    let mut rest = &text[bare.len()..];
    combined &= rest.starts_with(b"\"-\" \"") || rest.starts_with(b"\"http");
    let mut names = [Field::Referer, Field::UserAgent].into_iter().filter(|_| combined);
    while let Some(inner) = rest.strip_prefix(b"\"") {
        let end = memmem::find(inner, b"\" ").or_else(|| inner.len().checked_sub(1));
        let end = end.unwrap_or(inner.len());
        match names.next() {
            _ if matches!(&inner[..end], b"" | b"-") => {}
            Some(name) => event.set(name, backslashes(&inner[..end])),
            None => event.push(&b"extra"[..], backslashes(&inner[..end])),
        }
        rest = inner.get(end + 2..).unwrap_or_default().trim_ascii_start();
    }
    if !rest.is_empty() {
        event.push(&b"extra"[..], rest);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::proof::{hostile, prove, tell};

    #[test]
    fn patterns_that_no_one_told() {
        prove(&[(
            "2026-11-23T08:46:37.171+0000 203.0.113.7, 10.0.0.1 127.0.0.1 shop.example.com \"GET /a?b=\\\"c\\\" HTTP/1.1\" 200 3 293 \"cc=4000\"\n",
            "access-custom",
            "access",
            &[&[
                "2026-11-23T08:46:37.171Z",
                "‹c-ip=127.0.0.1›",
                "‹cs-uri-query=b=\\\"c\\\"›",
                "‹sc-status=200›",
                "‹sc-bytes=3›",
                "‹cs-host=shop.example.com›",
                "‹x-forwarded-for=203.0.113.7, 10.0.0.1›",
                "‹extra=cc=4000›",
            ]],
        )]);
    }

    #[test]
    fn hostile_requests_come_out() {
        let common = [
            "‹cs-uri-query=q=%27%20UNION%20SELECT%20card_no--›",
            "‹cs-uri-query=x=\\\"quoted\\\"&y=a\\\\b›",
            "‹cs-uri-stem=/café›",
            "‹cs-uri-query=cc=4111111111111111&email=jane%40example.com›",
            "etc/passwd›",
            "‹cs-uri-query=x=${jndi:ldap://10.0.0.1/a}›",
            "‹cs-method=PROPFIND›",
            "/abs",
        ];
        hostile("apache_custom", &common);
        hostile("nginx_escape_none", &common);
        hostile("nginx_escape_none", &["GARBAGE", "‹cs-uri=http://shop.example.com/abs?x=1›"]);
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"([0-9.]{7} |\[|\]|"GET /|HTTP/1|"|[a-z ,]){0,12}"#) {
            tell(format!("x \"GET / HTTP/1.1\" 200\n{text}\n").as_bytes());
        }
    }
}
