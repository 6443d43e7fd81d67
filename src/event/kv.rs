//! Key=value lines: logfmt and its relatives (`ts=… level=INFO src_ip=… name="…"`), with a stamp
//! and a level before the pairs or not; and LTSV (`time:…<TAB>host:…`, <http://ltsv.org>).

use std::borrow::Cow;
use std::sync::Arc;

use super::keys::{self, Keys};
use super::log4j;
use super::request::part;
use super::stamp::Stamps;
use super::walk::unescape;
use super::{Event, Field, Format, Guess, Head, Kind, Mapping, Options, Parsed, Parser};

/// So many lines of the head are looked at.
const SAMPLE: usize = 200;
/// More pairs than this in one entry are not told apart.
const PAIR_CAP: usize = 1024;
/// The longest key.
const KEY_CAP: usize = 64;

/// How pairs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    /// `key=value`, blanks, commas or semicolons between.
    Equals,
    /// `label:value`, tabs between.
    Ltsv,
}

#[derive(Debug)]
struct Pairs {
    syntax: Syntax,
    kind: Kind,
    name: &'static str,
    fields: Vec<Field>,
    stamps: Stamps,
    mapping: Mapping,
}

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let all = [Syntax::Ltsv, Syntax::Equals].into_iter();
    let guesses = all.filter_map(|syntax| guess_syntax(head, options, syntax));
    guesses.reduce(|best, next| if next.score > best.score { next } else { best })
}

fn guess_syntax(head: &Head<'_>, options: &Options, syntax: Syntax) -> Option<Guess> {
    let mut format = Pairs {
        syntax,
        kind: Kind { category: "application", service: "", log: "application", messages: true },
        name: if syntax == Syntax::Ltsv { "ltsv" } else { "key-value" },
        fields: Vec::new(),
        stamps: Stamps::new(options),
        mapping: options.mapping.clone(),
    };
    if syntax == Syntax::Ltsv {
        // In LTSV, `host` is the client (ltsv.org, "Labels for Web server's log").
        format.mapping.add("client_ip", "host").ok()?;
    }
    let lines = &head.lines[..head.lines.len().min(SAMPLE)];
    let mut parser =
        PairParser { keys: Keys::new(&format.stamps, &format.mapping), format: &format };
    let (mut events, mut requests, mut gateway, mut actions) = (0usize, 0usize, 0usize, 0usize);
    let mut fields = Vec::new();
    for line in lines {
        let mut event = Event::default();
        event.reset(line);
        if parser.parse(line, &mut event) != Parsed::Event || !parser.is_strict(line) {
            continue;
        }
        events += 1;
        let request = event.get(Field::Method).is_some() && event.get(Field::Target).is_some();
        requests += usize::from(request);
        gateway += usize::from(keys::gateway_names(&event) > 1);
        actions += usize::from(event.get(Field::Action).is_some());
        fields.extend(Field::ALL.iter().filter(|f| event.get(**f).is_some()));
        fields.sort_unstable();
        fields.dedup();
    }
    if events == 0 {
        return None;
    }
    format.fields = fields;
    if requests * 2 >= events {
        let log = if actions * 2 >= events { "waf" } else { "access" };
        format.kind = Kind { category: "webserver", service: "", log, messages: true };
    } else if gateway * 2 >= events {
        format.kind.log = "gateway";
    }
    Some(Guess { score: events as f64 / lines.len() as f64, format: Arc::new(format) })
}

impl Format for Pairs {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn has_named(&self) -> bool {
        true
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(PairParser { keys: Keys::new(&self.stamps, &self.mapping), format: self })
    }
}

struct PairParser<'f> {
    keys: Keys<'f>,
    format: &'f Pairs,
}

impl PairParser<'_> {
    /// Whether nothing but pairs follows what may stand before them.
    fn is_strict(&self, line: &[u8]) -> bool {
        if self.format.syntax == Syntax::Ltsv {
            return true;
        }
        let mut event = Event::default();
        let rest = log4j::stamp_and_level(line, &self.format.stamps, &mut event);
        starts_with_pair(rest) || is_event_format(rest)
    }
}

impl Parser for PairParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        if entry.trim_ascii().is_empty() {
            return Parsed::Skip;
        }
        match self.format.syntax {
            Syntax::Ltsv => ltsv(entry, event),
            Syntax::Equals => {
                let rest = log4j::stamp_and_level(entry, &self.format.stamps, event);
                let lead = pairs(rest, event);
                let lead = trim(&rest[..lead]);
                if !lead.is_empty() {
                    event.set(Field::Message, lead);
                }
                prose_apart(event, 0);
            }
        }
        let parsed = event.named.len() > 1;
        self.keys.settle(event);
        if parsed { Parsed::Event } else { Parsed::Unparsed }
    }
}

/// Pushes the labelled values of an LTSV line.
fn ltsv<'a>(entry: &'a [u8], event: &mut Event<'a>) {
    let parts = || entry.split(|b| *b == b'\t');
    if parts().filter(|part| label(part).is_some()).take(3).count() < 3 {
        return;
    }
    for part in parts().take(PAIR_CAP) {
        match label(part) {
            Some(at) => event.push(&part[..at], &part[at + 1..]),
            None => event.push(&b"rest"[..], part),
        }
    }
}

/// The length of an LTSV label: letters, digits, `_`, `-` and `.` before a colon.
fn label(part: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', &part[..part.len().min(KEY_CAP)])?;
    let known = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    (colon > 0 && part[..colon].iter().all(known)).then_some(colon)
}

/// Whether pairs follow the header of a format in which devices report events:
/// `CEF:0|F5|ASM|…|` and `LEEF:1.0|…|`.
fn is_event_format(text: &[u8]) -> bool {
    let head = &text[..text.len().min(80)];
    [&b"CEF:"[..], b"LEEF:"].iter().any(|mark| memchr::memmem::find(head, mark).is_some())
}

/// Whether a text starts with a pair.
pub(super) fn starts_with_pair(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let key = text.iter().take(KEY_CAP).take_while(|b| is_key_byte(**b)).count();
    key > 0 && text.get(key) == Some(&b'=') && is_key(&text[..key])
}

/// Pushes the pairs of a text; returns where the first one starts, or the text's length. A value
/// without quotation marks goes on to the next key, so that it may hold blanks and commas.
pub(super) fn pairs<'a>(text: &'a [u8], event: &mut Event<'a>) -> usize {
    let mut at = 0;
    let mut open: Option<(&'a [u8], usize)> = None;
    let mut first = None;
    for _ in 0..PAIR_CAP {
        let Some((key, value)) = next_key(text, at) else { break };
        first.get_or_insert(key);
        if let Some((name, from)) = open.take() {
            event.push(name, trim(&text[from..key]));
        }
        let name = &text[key..value - 1];
        if let Some((content, end)) = quoted(text, value) {
            event.push(name, content);
            at = end;
        } else {
            open = Some((name, value));
            at = value;
        }
    }
    if let Some((name, from)) = open {
        event.push(name, trim(&text[from..]));
    } else if first.is_some() && !trim(&text[at..]).is_empty() {
        event.push(&b"rest"[..], trim(&text[at..]));
    }
    first.unwrap_or(text.len())
}

/// Tells the text behind the pairs apart (`session=s1 client=192.0.2.7 Unable to parse …`): addresses
/// and ids, among the values from `from` on, are one word, and what follows is the message.
pub(super) fn prose_apart(event: &mut Event<'_>, from: usize) {
    let mut prose = Vec::new();
    for (_, value) in event.named.iter_mut().skip(from).filter(|(name, _)| is_word(name)) {
        let Some(word) = value.iter().position(|b| *b == b' ').filter(|at| *at > 0) else {
            continue;
        };
        let is_list = value[word - 1] == b',';
        if !is_list {
            prose.push(part(value, word + 1, value.len()));
            *value = part(value, 0, word);
        }
    }
    for text in prose {
        match event.get(Field::Message) {
            None => event.set(Field::Message, text),
            Some(_) => event.push(&b"rest"[..], text),
        }
    }
}

/// Whether the values of a name have no blanks.
fn is_word(name: &[u8]) -> bool {
    keys::means(name, &[Field::Client, Field::RequestId, Field::Session])
}

/// Where the next key starts, and the value behind its `=`.
fn next_key(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        let equals = at + memchr::memchr(b'=', text.get(at..)?)?;
        let before = &text[from..equals];
        let key = before.iter().rev().take(KEY_CAP + 1).take_while(|b| is_key_byte(**b)).count();
        let start = equals - key;
        let free = start == from || is_separator(text[start - 1]);
        if free && is_key(&text[start..equals]) {
            return Some((start, equals + 1));
        }
        at = equals + 1;
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b',' | b';' | b'\t' | b'|' | b'[' | b'{' | b'(' | b'\n')
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@' | b'/') || byte >= 0x80
}

fn is_key(key: &[u8]) -> bool {
    let first = key.first().copied().unwrap_or_default();
    key.len() <= KEY_CAP && (first.is_ascii_alphabetic() || first >= 0x80 || b"_@".contains(&first))
}

/// The value in quotation marks at `from`, and where it ends: at a mark that a separator or the
/// end follows.
fn quoted(text: &[u8], from: usize) -> Option<(Cow<'_, [u8]>, usize)> {
    let mark = text.get(from).copied().filter(|b| matches!(b, b'"' | b'\''))?;
    let mut escaped = false;
    let mut at = from + 1;
    loop {
        at += memchr::memchr2(mark, b'\\', text.get(at..)?)?;
        if text[at] == b'\\' {
            escaped = true;
            at += 2;
            continue;
        }
        let closes = |b: &u8| is_separator(*b) || matches!(b, b']' | b'}' | b')' | b'\r');
        if text.get(at + 1).is_none_or(closes) {
            break;
        }
        at += 1;
    }
    let raw = &text[from + 1..at];
    let value = if escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) };
    Some((value, at + 1))
}

/// Without the blanks and separators around it.
fn trim(text: &[u8]) -> &[u8] {
    let edge = |b: &u8| is_separator(*b) || *b == b'\r';
    let start = text.iter().position(|b| !matches!(b, b' ' | b'\t' | b'|')).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !edge(b)).map_or(start, |at| at + 1);
    &text[start..end.max(start)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(text: &str) -> Vec<String> {
        let mut event = Event::default();
        pairs(text.as_bytes(), &mut event);
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        event.named().iter().map(|(name, value)| show(name) + "=" + &show(value)).collect()
    }

    #[test]
    fn finds_pairs() {
        let cases: &[(&str, &[&str])] = &[
            ("a=1 b=2", &["a=1", "b=2"]),
            ("a=1,b=2, c=3;d=4", &["a=1", "b=2", "c=3", "d=4"]),
            ("a= b=\"\" c", &["a=", "b=", "rest=c"]),
            (
                r#"name="x \"y\" z" n='1, 2' q="a"b" e=1"#,
                &["name=x \"y\" z", "n=1, 2", "q=a\"b", "e=1"],
            ),
            (
                "name=YAMADA TARO address=1-2-3 Honcho, Chiyoda tel=03",
                &["name=YAMADA TARO", "address=1-2-3 Honcho, Chiyoda", "tel=03"],
            ),
            (
                "url=/a?x=1&y=2 ua=Mozilla/5.0 (X11; rv=1)",
                &["url=/a?x=1&y=2", "ua=Mozilla/5.0 (X11", "rv=1)"],
            ),
            ("氏名=山田 太郎 cardNo=4000", &["氏名=山田 太郎", "cardNo=4000"]),
            ("no pairs here", &[]),
            ("q=\"never closed b=2", &["q=\"never closed", "b=2"]),
        ];
        for (text, expected) in cases {
            assert_eq!(named(text), *expected, "{text}");
        }
    }

    #[test]
    fn text_behind_the_pairs_is_the_message() {
        for (text, expected) in [
            (
                "session=s1 client=192.0.2.7 Unable to parse: %{(#a='b')}",
                "192.0.2.7 | s1 | Unable to parse: %{(#a='b')}",
            ),
            ("request_id=r1 began client=192.0.2.7 ended", "192.0.2.7 |  | began"),
            ("client=192.0.2.7, 10.0.0.1 name=YAMADA TARO", "192.0.2.7, 10.0.0.1 |  | "),
        ] {
            let mut event = Event::default();
            event.reset(text.as_bytes());
            pairs(text.as_bytes(), &mut event);
            prose_apart(&mut event, 0);
            let value = |name: &[u8]| {
                let named = event.named().iter().find(|(known, _)| **known == *name);
                String::from_utf8_lossy(named.map_or(b"", |(_, value)| value)).into_owned()
            };
            let message = event.get(Field::Message).unwrap_or_default();
            let message = String::from_utf8_lossy(message);
            assert_eq!(
                format!("{} | {} | {message}", value(b"client"), value(b"session")),
                expected
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[a-z0-9="'\\,; \[{}é]{0,80}"#) {
            named(&text);
        }
    }
}
