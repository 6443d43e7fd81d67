//! Application logs: log4j, logback, java.util.logging, Tomcat, Spring Boot, Python, Ruby, PHP. An
//! entry starts with a stamp, and with a level, a thread and a logger in some order; the lines of
//! a stack trace belong to the entry that they continue.

use std::sync::Arc;

use super::keys::{self, Keys};
use super::stamp::Stamps;
use super::{
    Event, Field, Format, Guess, Head, Kind, Mapping, Options, Parsed, Parser, clf, kv, request,
    walk,
};
use crate::line::Framing;

/// So many lines of the head are looked at.
const SAMPLE: usize = 400;
/// Pairs are looked for in so many bytes of a message.
const PAIRS_WITHIN: usize = 512;
/// What an entry that only has a stamp counts: the weakest of all signs.
const STAMP_ONLY: f64 = 0.6;

const LEVELS: &[&[u8]] = &[
    b"TRACE",
    b"DEBUG",
    b"INFO",
    b"WARN",
    b"WARNING",
    b"ERROR",
    b"FATAL",
    b"SEVERE",
    b"CONFIG",
    b"FINE",
    b"FINER",
    b"FINEST",
    b"NOTICE",
    b"CRITICAL",
    b"ALERT",
    b"EMERG",
    b"EMERGENCY",
    b"ERR",
    b"CRIT",
    b"INFORMATION",
];

#[derive(Debug)]
struct Log4j {
    kind: Kind,
    fields: Vec<Field>,
    stamps: Stamps,
    mapping: Mapping,
}

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let mut format = Log4j {
        kind: Kind { category: "application", service: "", log: "application", messages: true },
        fields: vec![Field::Message],
        stamps: Stamps::new(options),
        mapping: options.mapping.clone(),
    };
    let mut score = 0.0;
    let (mut entries, mut gateway, mut weight) = (0usize, 0usize, 0.0);
    let mut fields = format.fields.clone();
    let mut parser = format.make_parser();
    let lines = &head.lines[..head.lines.len().min(SAMPLE)];
    for line in lines {
        if !starts(line) {
            score += if is_continuation(line) { weight } else { weight / 2.0 };
            continue;
        }
        let mut event = Event::default();
        event.reset(line);
        if parser.parse(line, &mut event) != Parsed::Event {
            continue;
        }
        entries += 1;
        gateway += usize::from(keys::gateway_names(&event) > 1);
        let marks = [Field::Level, Field::Thread, Field::Logger];
        let marked = marks.iter().any(|field| event.get(*field).is_some());
        weight = if marked { 1.0 } else { STAMP_ONLY };
        score += weight;
        fields.extend(Field::ALL.iter().filter(|f| event.get(**f).is_some()));
        fields.sort_unstable();
        fields.dedup();
    }
    drop(parser);
    if entries == 0 {
        return None;
    }
    format.fields = fields;
    if gateway * 2 >= entries {
        format.kind.log = "gateway";
    }
    Some(Guess { score: score / lines.len() as f64, format: Arc::new(format) })
}

impl Log4j {
    fn make_parser(&self) -> Log4jParser<'_> {
        Log4jParser { stamps: &self.stamps, keys: Keys::new(&self.stamps, &self.mapping) }
    }
}

impl Format for Log4j {
    fn name(&self) -> &'static str {
        "log4j"
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn framing(&self) -> Framing {
        Framing::Starts(starts)
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn has_named(&self) -> bool {
        true
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(self.make_parser())
    }
}

struct Log4jParser<'f> {
    stamps: &'f Stamps,
    keys: Keys<'f>,
}

impl Parser for Log4jParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        if entry.trim_ascii().is_empty() {
            return Parsed::Skip;
        }
        let rest = stamp_and_level(entry, self.stamps, event);
        if event.time.is_none() && event.get(Field::Level).is_none() {
            return Parsed::Unparsed;
        }
        let message = header(rest, event);
        if !payload(message, event) {
            event.set(Field::Message, message);
            context(message, event);
        }
        self.keys.settle(event);
        Parsed::Event
    }
}

/// Whether a line starts an entry: with a stamp, a bracketed stamp, or a level and a stamp; or
/// whether it is an access log's, which two programs that write into one file may put there.
pub(super) fn starts(line: &[u8]) -> bool {
    is_dated(line) || clf::is_line(line)
}

fn is_dated(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"[").unwrap_or(line);
    match line.first() {
        Some(b'0'..=b'9') => is_date(line),
        Some(b'A'..=b'Z') => {
            let word = line.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            let rest = line[word..].trim_ascii_start();
            let rest = rest.strip_prefix(b", ").unwrap_or(rest);
            let rest = rest.strip_prefix(b"[").unwrap_or(rest);
            (is_level(&line[..word]) || word == 1) && is_date(rest) || is_us_date(line)
        }
        _ => false,
    }
}

/// The first fourteen bytes of dated lines: `0` a digit, `a` a letter.
const SHAPES: [&[u8]; 6] = [
    b"0000-00-00 00:",
    b"0000-00-00a00:",
    b"00-aaa-0000 00",
    b"00-aaa-0000:00",
    b"00-00-00 00:00",
    b"0 aaa 0000 00:",
];

/// `2017-03-08 05:`, `2017/03/08T05:`, `08-Mar-2017 05:`, `08/Mar/2017:05:`, `20170308 05:`.
fn is_date(text: &[u8]) -> bool {
    let Some(head) = text.get(..14) else { return false };
    let shape = head.iter().map(|b| match b {
        b'0'..=b'9' => b'0',
        b'A'..=b'Z' | b'a'..=b'z' => b'a',
        b'-' | b'/' | b'.' => b'-',
        other => *other,
    });
    SHAPES.iter().any(|known| shape.clone().eq(known.iter().copied()))
        || (head[..8].iter().all(u8::is_ascii_digit) && head[8] == b' ' && head[11] == b':')
}

/// `Mar 08, 2017 5:12:07 AM`, java.util.logging's own.
fn is_us_date(line: &[u8]) -> bool {
    let Some(head) = line.get(..12) else { return false };
    let digits = |from: usize, to: usize| head[from..to].iter().all(u8::is_ascii_digit);
    head[3] == b' '
        && (digits(4, 6) && &head[6..8] == b", " || digits(4, 5) && &head[5..7] == b", ")
}

/// Whether a line looks like the continuation of an entry: a stack frame, an exception's name.
pub(super) fn is_continuation(line: &[u8]) -> bool {
    let cut = &line[..line.len().min(200)];
    let text = cut.trim_ascii_start();
    let word = text.iter().take_while(|b| b.is_ascii_alphanumeric() || b".$_".contains(b)).count();
    text.len() < cut.len()
        || text.starts_with(b"at ")
        || text.starts_with(b"Caused by: ")
        || text.starts_with(b"Traceback ")
        || text.starts_with(b"... ")
        || text.starts_with(b"#")
        || level(text).is_some()
        || (text[..word].contains(&b'.') && matches!(text.get(word), None | Some(b':')))
}

/// Reads the stamp and the level at the start of an entry, in either order, and returns the rest.
pub(super) fn stamp_and_level<'a>(
    entry: &'a [u8],
    stamps: &Stamps,
    event: &mut Event<'a>,
) -> &'a [u8] {
    let mut rest = entry;
    for _ in 0..3 {
        let text = skip(rest);
        if event.time.is_none()
            && let Some((time, after)) = stamp(text, stamps)
        {
            event.time = Some(time);
            rest = after;
        } else if event.get(Field::Level).is_none()
            && let Some((level, after)) = level(text)
        {
            event.set(Field::Level, level);
            rest = after;
        } else if event.time.is_none()
            && let Some(after) = severity_letter(text)
        {
            rest = after;
        } else {
            break;
        }
    }
    rest
}

/// The stamp at the start of a text, in brackets or not.
fn stamp<'a>(text: &'a [u8], stamps: &Stamps) -> super::stamp::Read<'a> {
    let (bracket, inner) = match text {
        [b'[', inner @ ..] => (true, inner),
        _ => (false, text),
    };
    let read = match inner.first()? {
        b'0'..=b'9' => stamps
            .iso(inner)
            .or_else(|| stamps.day_month_year(inner))
            .or_else(|| stamps.short_year_month_day(inner))
            .or_else(|| stamps.compact(inner)),
        b'A'..=b'Z' => stamps
            .java_util(inner)
            .or_else(|| stamps.asctime(inner))
            .or_else(|| stamps.day_month_year(inner)),
        _ => None,
    };
    let (time, rest) = read?;
    if !bracket {
        return Some((time, rest));
    }
    let close = memchr::memchr(b']', &rest[..rest.len().min(48)])?;
    Some((time, &rest[close + 1..]))
}

/// Ruby's `W, [` before its stamp.
fn severity_letter(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'D' | b'I' | b'W' | b'E' | b'F' | b'A', b',', b' ', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// A level at the start of a text, in brackets or not: `WARN`, `[ERROR]`, `INFO:`.
fn level(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bracket, inner) = match text {
        [b'[' | b'<', inner @ ..] => (true, inner.trim_ascii_start()),
        _ => (false, text),
    };
    let word = inner.iter().take(12).take_while(|b| b.is_ascii_alphabetic()).count();
    if !is_level(&inner[..word]) {
        return None;
    }
    let rest = &inner[word..];
    let after = match (bracket, rest.first()) {
        (true, _) => rest.trim_ascii_start().strip_prefix(b"]")?,
        (false, Some(b':')) => &rest[1..],
        (false, None | Some(b' ' | b'\t' | b'|' | b',' | b'\n' | b'\r' | b'[')) => rest,
        _ => return None,
    };
    Some((&inner[..word], after))
}

fn is_level(word: &[u8]) -> bool {
    LEVELS.contains(&word) || (word.is_ascii() && is_lower_level(word))
}

/// Levels in lower or mixed case, as Python, nginx and Go write them.
fn is_lower_level(word: &[u8]) -> bool {
    (3..12).contains(&word.len()) && LEVELS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Passes blanks and the marks that patterns put between their parts.
fn skip(text: &[u8]) -> &[u8] {
    let marks = |b: &u8| matches!(b, b' ' | b'\t' | b'|');
    &text[text.iter().take_while(|b| marks(b)).count()..]
}

/// Reads level, thread and logger behind the stamp, in any order, and returns the message.
fn header<'a>(text: &'a [u8], event: &mut Event<'a>) -> &'a [u8] {
    let mut rest = text;
    for _ in 0..8 {
        let here = skip(rest);
        if let Some(message) = separator(here) {
            rest = message;
            if !more_follows(message, event) {
                break;
            }
        } else if event.get(Field::Level).is_none()
            && let Some((found, after)) = level(here)
        {
            event.set(Field::Level, found);
            rest = after;
        } else if let Some((content, after)) = bracketed(here) {
            bracket(content, event);
            rest = after;
        } else if let Some(after) = process_id(here) {
            rest = after;
        } else if event.get(Field::Logger).is_none()
            && let Some((logger, after)) = logger(here)
        {
            set_logger(logger, event);
            rest = second_line(after, event).unwrap_or(after);
        } else {
            break;
        }
    }
    skip(rest)
}

/// Sets the logger, and the level that PHP's Monolog writes behind it (`app.ERROR`).
fn set_logger<'a>(logger: &'a [u8], event: &mut Event<'a>) {
    let dot = memchr::memrchr(b'.', logger).filter(|_| event.get(Field::Level).is_none());
    match dot.filter(|dot| LEVELS.contains(&&logger[dot + 1..])) {
        Some(dot) => {
            event.set(Field::Logger, &logger[..dot]);
            event.set(Field::Level, &logger[dot + 1..]);
        }
        None => event.set(Field::Logger, logger),
    }
}

/// java.util.logging's ` method` and, on the next line, `SEVERE: text`: sets the level and returns
/// the text.
fn second_line<'a>(text: &'a [u8], event: &mut Event<'a>) -> Option<&'a [u8]> {
    let line = memchr::memchr(b'\n', text.get(..text.len().min(100))?)?;
    if event.get(Field::Level).is_some() || text[..line].trim_ascii().contains(&b' ') {
        return None;
    }
    let (found, after) = level(&text[line + 1..])?;
    event.set(Field::Level, found);
    Some(after)
}

/// Whether behind a ` - ` more of the header may follow (Python: `stamp - logger - LEVEL - text`).
fn more_follows(text: &[u8], event: &Event<'_>) -> bool {
    let text = skip(text);
    (event.get(Field::Level).is_none() && level(text).is_some())
        || (event.get(Field::Logger).is_none() && logger(text).is_some())
}

/// `- `, `: `, `-- : `, `--- ` at the start of a text: behind it comes what follows.
fn separator(text: &[u8]) -> Option<&[u8]> {
    [&b"--- "[..], b"-- : ", b"-- ", b"- ", b": "].iter().find_map(|mark| text.strip_prefix(*mark))
}

fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"[").or_else(|| text.strip_prefix(b"("))?;
    let close = if text.first() == Some(&b'[') { b']' } else { b')' };
    let line = &inner[..inner.len().min(200)];
    let end = memchr::memchr(close, line).filter(|end| !line[..*end].contains(&b'\n'))?;
    Some((&inner[..end], &inner[end + 1..]))
}

/// What stands in brackets: pairs, the thread, or the logger.
fn bracket<'a>(content: &'a [u8], event: &mut Event<'a>) {
    let content = content.trim_ascii();
    if content.is_empty() {
        return;
    }
    if kv::starts_with_pair(content) {
        kv::pairs(content, event);
        return;
    }
    if let Some(client) = connection(content) {
        event.set(Field::Client, client);
    }
    if event.get(Field::Thread).is_none() {
        event.set(Field::Thread, content);
    } else if event.get(Field::Logger).is_none() && !content.contains(&b' ') {
        event.set(Field::Logger, content);
    } else {
        event.push(&b"context"[..], content);
    }
}

/// The client of what `LiteSpeed` writes of a connection: `192.0.2.7:45164:HTTP2-41#host`.
fn connection(content: &[u8]) -> Option<&[u8]> {
    let mut parts = content.splitn(3, |b| *b == b':');
    let (client, port, _) = (parts.next()?, parts.next()?, parts.next()?);
    let port = !port.is_empty() && port.iter().all(u8::is_ascii_digit);
    (port && request::is_address(client)).then_some(client)
}

/// Spring Boot's `1234 --- `, Ruby's `#1234`.
fn process_id(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    (digits > 0).then(|| text[digits..].strip_prefix(b" --- "))?
}

/// A logger: a word that ` - `, ` : `, `: `, ` [` or a level follows; dots and `$` are usual in it.
fn logger(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let part = |b: &u8| {
        b.is_ascii_alphanumeric() || b"._$/-".contains(b) || matches!(b, b'#' | b'<' | b'>')
    };
    let len = text.iter().take(128).take_while(|b| part(b)).count();
    let word = &text[..len];
    if !word.first()?.is_ascii_alphabetic() {
        return None;
    }
    let rest = &text[len..];
    let gap = skip(rest);
    let clear = (gap.len() < rest.len() && (gap.starts_with(b"- ") || gap.starts_with(b": ")))
        || rest.starts_with(b": ")
        || (word.contains(&b'.') && (level(gap).is_some() || gap.starts_with(b"[")));
    if clear {
        return Some((word, rest));
    }
    dotted(word, rest)
}

/// `a.b.C.method text` (Tomcat) has nothing behind the logger, but three dots in it.
fn dotted<'a>(word: &'a [u8], rest: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let dots = memchr::memchr_iter(b'.', word).count();
    (dots > 2 && rest.first() == Some(&b' ')).then_some((word, rest))
}

/// A message that is all data: JSON or pairs. Then its values stand for it.
fn payload<'a>(message: &'a [u8], event: &mut Event<'a>) -> bool {
    if message.starts_with(b"{\"") {
        return walk::walk(message, event);
    }
    if message.contains(&b'\n') || !kv::starts_with_pair(message) {
        return false;
    }
    let named = event.named.len();
    kv::pairs(message, event);
    if event.named.len() > named + 1 {
        kv::prose_apart(event, named);
        return true;
    }
    event.named.truncate(named);
    false
}

/// Pushes the pairs in a message that say whose request it was.
fn context<'a>(message: &'a [u8], event: &mut Event<'a>) {
    let line = memchr::memchr(b'\n', message).unwrap_or(message.len()).min(PAIRS_WITHIN);
    let from = event.named.len();
    kv::pairs(&message[..line], event);
    let mut at = 0;
    event.named.retain_mut(|(name, value)| {
        at += 1;
        at <= from || (is_context(name) && cut_to_word(value))
    });
}

fn is_context(name: &[u8]) -> bool {
    let wanted = [Field::Client, Field::RequestId, Field::Session, Field::User, Field::Host];
    keys::means(name, &wanted)
}

/// Cuts a value to its first word; `false` if there is none.
fn cut_to_word(value: &mut std::borrow::Cow<'_, [u8]>) -> bool {
    let len = value.iter().take_while(|b| !b" ,;)]}\t".contains(b)).count();
    *value = request::part(value, 0, len);
    len > 0
}
