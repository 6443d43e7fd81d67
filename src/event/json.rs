//! JSON lines: access logs of nginx, Apache, Caddy, Traefik, Envoy and the clouds; application,
//! gateway and WAF logs; and the wrappers (Docker, Filebeat, journald) whose message is an entry
//! of another format.

use std::borrow::Cow;
use std::sync::Arc;

use super::keys::{self, Keys};
use super::stamp::Stamps;
use super::{
    Event, Field, Format, Guess, Head, Kind, Mapping, Options, Parsed, Parser, inside, modsecurity,
    request, walk,
};
use crate::line::{Block, Framing};

/// So many lines of the head are looked at.
const SAMPLE: usize = 200;

/// Producers whose names are their own: a name that only they write, and what their log is.
const PRODUCERS: &[(&str, &str, &str)] = &[
    ("ClientRequestURI", "cloudflare-json", "access"),
    ("DownstreamStatus", "traefik-json", "access"),
    (":authority", "envoy-json", "access"),
    ("request.remote_ip", "caddy-json", "access"),
    ("webaclId", "aws-waf-json", "waf"),
    ("audit_data.producer", "modsecurity-json", "waf"),
    ("transaction.producer.modsecurity", "modsecurity-json", "waf"),
    ("remote_addr", "nginx-json", "access"),
];

/// One shape of JSON lines.
#[derive(Debug)]
struct Json {
    name: &'static str,
    kind: Kind,
    fields: Vec<Field>,
    stamps: Stamps,
    mapping: Mapping,
    /// Whether objects are written over several lines.
    pretty: bool,
    /// Whether Docker wrote them, which cuts long lines.
    docker: bool,
    /// The format of the messages, where they are entries themselves.
    inner: Option<Arc<dyn Format>>,
}

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let stamps = Stamps::new(options);
    let keys = Keys::new(&stamps, &options.mapping);
    let sample = Sample::of(head, JsonParser { keys, inner: None, waf: false });
    if sample.events == 0 {
        return None;
    }
    let score = sample.events as f64 / (sample.events + sample.others) as f64;
    let inner = head.inside(&sample.messages, options).filter(|inner| inner.score > 0.7);
    let format = sample.format(stamps, options.mapping.clone(), inner.map(|inner| inner.format));
    Some(Guess { format: Arc::new(format), score })
}

/// What the head's entries have in common.
#[derive(Default)]
struct Sample {
    events: usize,
    others: usize,
    pretty: bool,
    docker: bool,
    requests: usize,
    gateway: usize,
    actions: usize,
    messages: Vec<u8>,
    fields: Vec<Field>,
    producer: Option<(&'static str, &'static str)>,
}

impl Sample {
    fn of(head: &Head<'_>, mut parser: JsonParser<'_>) -> Self {
        let pretty = head.lines.iter().take(2).any(|line| opens(line));
        let docker = head.lines.iter().take(2).any(|line| line.starts_with(DOCKER));
        let mut sample = Self { pretty, docker, ..Self::default() };
        let framing = framing(docker, pretty);
        let block = Block::new(head.bytes.to_vec(), 0, 1, framing);
        for entry in block.entries().filter(|entry| !entry.bytes.is_empty()).take(SAMPLE) {
            let mut event = Event::default();
            event.reset(entry.bytes);
            match parser.parse(entry.bytes, &mut event) {
                Parsed::Event => sample.add(&event),
                Parsed::Skip => {}
                Parsed::Unparsed => sample.others += 1,
            }
        }
        sample
    }

    fn add(&mut self, event: &Event<'_>) {
        self.events += 1;
        let request = event.get(Field::Method).is_some() || event.get(Field::Stem).is_some();
        self.requests += usize::from(request && event.get(Field::Target).is_some());
        self.actions += usize::from(event.get(Field::Action).is_some());
        self.gateway += usize::from(keys::gateway_names(event) > 1);
        for field in Field::ALL.iter().filter(|f| event.get(**f).is_some()) {
            if !self.fields.contains(field) {
                self.fields.push(*field);
            }
        }
        if let Some(message) = event.get(Field::Message) {
            self.messages.extend(message.trim_ascii_end().iter().map(|b| match b {
                b'\n' => b' ',
                byte => *byte,
            }));
            self.messages.push(b'\n');
        }
        self.producer = self.producer.or_else(|| producer(event.raw));
    }

    fn format(self, stamps: Stamps, mapping: Mapping, inner: Option<Arc<dyn Format>>) -> Json {
        let web = self.requests * 2 >= self.events;
        let (name, log) = match self.producer.filter(|_| web) {
            Some(producer) => producer,
            None if web => ("json-access", "access"),
            None if self.actions * 2 >= self.events => ("json-waf", "waf"),
            None if self.gateway * 2 >= self.events => ("json-gateway", "gateway"),
            None => ("json", "application"),
        };
        let category = if web { "webserver" } else { "application" };
        let service = match name {
            "nginx-json" => "nginx",
            "modsecurity-json" => "modsecurity",
            _ => "",
        };
        let kind = Kind { category, service, log, messages: true };
        let mut fields = self.fields;
        if let Some(inner) = &inner {
            fields.extend(inner.fields());
        }
        fields.sort_unstable();
        fields.dedup();
        let plain = |kind: Kind| kind.log == "application";
        let (name, kind) = match &inner {
            Some(inner) if plain(kind) || !plain(inner.kind()) => (inner.name(), inner.kind()),
            _ => (name, kind),
        };
        let (pretty, docker) = (self.pretty, self.docker);
        Json { name, kind, fields, stamps, mapping, pretty, docker, inner }
    }
}

/// Who wrote the entry, if its names tell: the format's name and the kind of log.
fn producer(entry: &[u8]) -> Option<(&'static str, &'static str)> {
    let mut event = Event::default();
    walk::walk(entry, &mut event);
    let wrote = |known: &str| event.named().iter().any(|(name, _)| **name == *known.as_bytes());
    PRODUCERS.iter().find(|(known, ..)| wrote(known)).map(|(_, name, log)| (*name, *log))
}

impl Format for Json {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn framing(&self) -> Framing {
        framing(self.docker, self.pretty)
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn has_named(&self) -> bool {
        true
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(JsonParser {
            keys: Keys::new(&self.stamps, &self.mapping),
            inner: self.inner.as_ref().map(|inner| inner.parser()),
            waf: self.kind.log == "waf",
        })
    }
}

struct JsonParser<'f> {
    keys: Keys<'f>,
    inner: Option<Box<dyn Parser + 'f>>,
    waf: bool,
}

impl Parser for JsonParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        let text = entry.strip_prefix(b"\xef\xbb\xbf").unwrap_or(entry).trim_ascii();
        let text = match text {
            [b'{', inner @ .., b']'] if inner.trim_ascii_end().ends_with(b"}") => {
                &text[..text.len() - 1]
            }
            _ => text,
        };
        if matches!(text, b"" | b"[" | b"]" | b",") {
            return Parsed::Skip;
        }
        if !is_record(text) || !read(text, event) {
            return Parsed::Unparsed;
        }
        name_headers(event);
        self.keys.settle(event);
        if self.waf {
            judge_messages(event);
        }
        read_waf_message(event);
        if let Some(inner) = &mut self.inner
            && let Some(message) = event.take(Field::Message)
        {
            let end = message.trim_ascii_end().len();
            inside::parse(inner.as_mut(), request::part(&message, 0, end), event);
        }
        Parsed::Event
    }
}

/// How lines make objects.
fn framing(docker: bool, pretty: bool) -> Framing {
    match () {
        () if docker => Framing::GoesOn(is_cut),
        () if pretty => Framing::Starts(opens),
        () => Framing::Lines,
    }
}

/// How the entries of Docker's json-file driver begin.
const DOCKER: &[u8] = b"{\"log\":\"";

/// Whether Docker cut a line here: what it logs does not end in a line end.
fn is_cut(line: &[u8]) -> bool {
    let end = || memchr::memmem::rfind(line, b"\",\"stream\":");
    line.starts_with(DOCKER) && end().is_some_and(|at| !line[..at].ends_with(b"\\n"))
}

/// Reads an entry; of one that Docker cut into several, the logged text is joined.
fn read<'a>(text: &'a [u8], event: &mut Event<'a>) -> bool {
    if !text.starts_with(DOCKER) || memchr::memchr(b'\n', text).is_none() {
        return walk::walk(text, event);
    }
    let mut lines = text.split(|b| *b == b'\n');
    let whole = lines.next().is_some_and(|line| walk::walk(line, event));
    let Some(log) = event.named.iter().position(|(name, _)| **name == *b"log") else {
        return whole;
    };
    let mut joined = std::mem::take(&mut event.named[log].1).into_owned();
    for line in lines {
        let mut piece = Event::default();
        walk::walk(line, &mut piece);
        let more = piece.named.iter().find(|(name, _)| **name == *b"log");
        joined.extend(more.into_iter().flat_map(|(_, value)| value.iter()));
    }
    event.named[log].1 = joined.into();
    event.foreign = true;
    whole
}

/// Whether a line opens an object that goes on over more lines; within a list, it may be indented.
fn opens(line: &[u8]) -> bool {
    matches!(line.trim_ascii_end(), b"{" | b" {" | b"  {" | b"\t{")
}

/// Whether a text is an object, or a list of objects.
fn is_record(text: &[u8]) -> bool {
    match text {
        [b'{', ..] => true,
        [b'[', rest @ ..] => rest.trim_ascii_start().starts_with(b"{"),
        _ => false,
    }
}

/// Headers as pairs (`headers.3.name`, `headers.3.value`; AWS WAF) take the header's name.
fn name_headers(event: &mut Event<'_>) {
    let pairs: Vec<usize> = (1..event.named.len()).filter(|at| is_pair(event, *at)).collect();
    for at in pairs.into_iter().rev() {
        let (_, header) = event.named.remove(at - 1);
        event.named[at - 1].0 = Cow::Owned([b"headers.", header.as_ref()].concat());
    }
}

/// Whether value number `at` is the value of the header that the one before it names.
fn is_pair(event: &Event<'_>, at: usize) -> bool {
    let Some(stem) = event.named[at].0.strip_suffix(b".value") else { return false };
    event.named[at - 1].0.strip_suffix(b".name") == Some(stem)
        && memchr::memmem::find(stem, b"eaders.").is_some()
}

/// Reads a message that is `ModSecurity`'s or Coraza's.
fn read_waf_message(event: &mut Event<'_>) {
    let known = |text: &[u8]| modsecurity::is_message(text);
    if !event.get(Field::Message).is_some_and(known) {
        return;
    }
    let Some(message) = event.take(Field::Message) else { return };
    match &message {
        Cow::Borrowed(text) => {
            modsecurity::message(text, event);
        }
        Cow::Owned(text) => {
            let mut inside = Event::default();
            modsecurity::message(text, &mut inside);
            event.adopt(&inside);
        }
    }
    event.set(Field::Message, message);
}

/// What `ModSecurity` did: its messages tell.
fn judge_messages(event: &mut Event<'_>) {
    let ends = |name: &[u8], end: &[u8]| name.ends_with(end);
    let intercepted = event.named().iter().any(|(name, value)| {
        (ends(name, b"action.intercepted") || ends(name, b"is_interrupted")) && **value == *b"true"
    });
    let message = event
        .named()
        .iter()
        .find(|(name, _)| memchr::memmem::find(name, b"messages.0").is_some())
        .map(|(_, value)| value.clone());
    let denied = |text: &[u8]| memchr::memmem::find(text, b"Access denied").is_some();
    if event.get(Field::Action).is_none() && (intercepted || message.is_some()) {
        let blocked = intercepted || message.as_ref().is_some_and(|m| denied(m));
        event.set(Field::Action, if blocked { &b"blocked"[..] } else { b"detected" });
    }
    if let Some(message) = message.filter(|_| event.get(Field::Message).is_none()) {
        event.set(Field::Message, message);
    }
}
