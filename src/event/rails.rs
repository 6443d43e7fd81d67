//! Logs of Ruby on Rails: `Started GET "/a?b=1" for 192.0.2.7 at 2024-05-05 10:00:00 +0900` and the
//! lines that follow, each by itself or behind the header of Ruby's logger and the tags of its
//! request (`config.log_tags`).

use std::sync::Arc;

use memchr::memmem;

use super::request::is_address;
use super::stamp::Stamps;
use super::{Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser};

/// So many lines of the head are looked at.
const SAMPLE: usize = 400;

/// A tag that is no shorter may be the id of a request: others name hosts or jobs.
const REQUEST_ID: usize = 20;

const FIELDS: [Field; 9] = [
    Field::Client,
    Field::Method,
    Field::Target,
    Field::Stem,
    Field::Query,
    Field::Status,
    Field::RequestId,
    Field::Level,
    Field::Message,
];

/// How Rails begins what it tells of a request.
const WORDS: &[&[u8]] = &[
    b"Processing by ",
    b"Completed ",
    b"Parameters: ",
    b"Redirected to ",
    b"Rendering ",
    b"Rendered ",
    b"Sent ",
    b"Filter chain halted",
    b"Can't verify CSRF token",
    b"Unpermitted parameter",
    b"ActionController::",
    b"ActionView::",
    b"ActiveRecord::",
];

#[derive(Debug)]
struct Rails(Stamps);

/// The guess of this family: only where the start of a request is among the lines.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let lines = &head.lines[..head.lines.len().min(SAMPLE)];
    memmem::find(head.bytes, b"Started ")?;
    let stamps = Stamps::new(options);
    let (mut events, mut requests) = (0usize, 0usize);
    for line in lines {
        let mut event = Event::default();
        events += usize::from(read(line, &mut event, &stamps));
        requests += usize::from(event.get(Field::Method).is_some());
    }
    let score = events as f64 / lines.len().max(1) as f64;
    (requests > 0).then(|| Guess { format: Arc::new(Rails(stamps)), score })
}

impl Format for Rails {
    fn name(&self) -> &'static str {
        "rails"
    }

    fn kind(&self) -> Kind {
        Kind { category: "webserver", service: "", log: "application", messages: true }
    }

    fn fields(&self) -> &[Field] {
        &FIELDS
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(RailsParser(&self.0))
    }
}

struct RailsParser<'f>(&'f Stamps);

impl Parser for RailsParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        match entry.trim_ascii() {
            b"" => Parsed::Skip,
            _ if read(entry, event, self.0) => Parsed::Event,
            _ => Parsed::Unparsed,
        }
    }
}

/// Sets the fields of a line; says whether it is one of Rails.
fn read<'a>(line: &'a [u8], event: &mut Event<'a>, stamps: &Stamps) -> bool {
    let behind = header(line, event, stamps);
    let text = tags(behind.unwrap_or(line), event);
    event.set(Field::Message, text.trim_ascii_start());
    let known = started(text, event, stamps).is_some() || completed(text, event).is_some();
    let indented = text.starts_with(b"  ");
    let words = || WORDS.iter().any(|word| text.trim_ascii_start().starts_with(word));
    known || behind.is_some() || indented || words()
}

/// `I, [2024-05-05T10:00:00.123456 #1234]  INFO -- : ` (Ruby's logger), and what follows it.
fn header<'a>(line: &'a [u8], event: &mut Event<'a>, stamps: &Stamps) -> Option<&'a [u8]> {
    let rest = line.get(1..)?.strip_prefix(b", [")?;
    let close = memchr::memchr(b']', rest.get(..rest.len().min(60))?)?;
    let (time, _) = stamps.iso(&rest[..close])?;
    let (level, text) = split(rest[close + 1..].trim_ascii_start(), b" -- ")?;
    let colon = memchr::memchr(b':', text)?;
    event.time = Some(time);
    event.set(Field::Level, level);
    let text = &text[colon + 1..];
    Some(text.strip_prefix(b" ").unwrap_or(text))
}

/// Passes `[4c1e2f3a-…] ` and other tags.
fn tags<'a>(text: &'a [u8], event: &mut Event<'a>) -> &'a [u8] {
    let mut rest = text;
    while let Some((tag, after)) = rest.strip_prefix(b"[").and_then(|inner| split(inner, b"] ")) {
        if tag.len() >= REQUEST_ID && !tag.contains(&b' ') {
            event.set(Field::RequestId, tag);
        }
        rest = after;
    }
    rest
}

/// `Started GET "/a?b=1" for 192.0.2.7 at 2024-05-05 10:00:00 +0900`.
fn started<'a>(text: &'a [u8], event: &mut Event<'a>, stamps: &Stamps) -> Option<()> {
    let (method, rest) = split(text.strip_prefix(b"Started ")?, b" \"")?;
    // Whatever the path holds, the last of these is Rails' own.
    let end = memmem::rfind(rest, b"\" for ")?;
    let (target, rest) = (&rest[..end], &rest[end + b"\" for ".len()..]);
    let (client, stamp) = split(rest, b" at ")?;
    if method.contains(&b' ') || !is_address(client) {
        return None;
    }
    event.time = stamps.any(stamp).or(event.time);
    event.set(Field::Method, method);
    event.set_target(target);
    event.set(Field::Client, client);
    Some(())
}

/// `Completed 200 OK in 12ms (Views: 3.1ms)`.
fn completed<'a>(text: &'a [u8], event: &mut Event<'a>) -> Option<()> {
    let status = text.strip_prefix(b"Completed ")?.get(..3)?;
    let sound = status.iter().all(u8::is_ascii_digit);
    sound.then(|| event.set(Field::Status, status))
}

fn split<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = memmem::find(text, mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
Started GET \"/orders?q=1\" for 192.0.2.7 at 2024-05-05 10:00:00 +0900
Processing by OrdersController#index as HTML
  Parameters: {\"q\"=>\"1\"}
  Order Load (0.3ms)  SELECT \"orders\".* FROM \"orders\"
Completed 200 OK in 12ms (Views: 3.1ms | ActiveRecord: 0.3ms)

Started GET \"/a\\\" for 198.51.100.1 at x\" for 192.0.2.9 at 2024-05-05 10:00:01 +0900
";

    /// Method, target, client and status of each entry.
    fn told(text: &str) -> Vec<[Option<String>; 4]> {
        let format = super::super::recognise(text.as_bytes(), &Options::default()).format;
        assert_eq!(format.name(), "rails", "{text}");
        let mut parser = format.parser();
        let mut told = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let mut event = Event::default();
            event.reset(line.as_bytes());
            assert_eq!(parser.parse(line.as_bytes(), &mut event), Parsed::Event, "{line}");
            let value = |field| event.get(field).map(|v| String::from_utf8_lossy(v).into_owned());
            told.push([Field::Method, Field::Target, Field::Client, Field::Status].map(value));
        }
        told
    }

    #[test]
    fn requests_with_what_follows_them() {
        let told = told(LOG);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(told[0], [some("GET"), some("/orders?q=1"), some("192.0.2.7"), None]);
        assert_eq!(told[3], [const { None }; 4]);
        assert_eq!(told[4][3], some("200"));
        // A path that looks like the rest of its line names no other client.
        assert_eq!(told[5][2], some("192.0.2.9"));
    }

    #[test]
    fn behind_a_header_and_tags() {
        let header =
            "I, [2024-05-05T10:00:00.123456 #1234]  INFO -- : [req-4c1e2f3a-1111-4222-aaaa] ";
        let lines = LOG.lines().filter(|line| !line.is_empty());
        let text: String = lines.flat_map(|line| [header, line, "\n"]).collect();
        assert_eq!(told(&text), told(LOG));
    }
}
