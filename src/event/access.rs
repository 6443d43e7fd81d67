//! Web access logs of the common log format's shape: which of its kinds is a stream of?

use std::sync::Arc;

use super::clf::Lines;
use super::stamp::Stamps;
use super::{Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser};

/// A kind of access log whose lines [`Lines`] parses.
#[derive(Debug)]
struct Access {
    name: &'static str,
    kind: Kind,
    fields: Vec<Field>,
    named: bool,
    stamps: Stamps,
}

impl Format for Access {
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
        self.named
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(Lines::new(&self.stamps))
    }
}

/// What every line of this shape can have. A host comes from a virtual host in front or from an
/// absolute-form target.
const COMMON: [Field; 11] = [
    Field::Client,
    Field::User,
    Field::Method,
    Field::Target,
    Field::Stem,
    Field::Query,
    Field::Version,
    Field::Status,
    Field::BytesOut,
    Field::Host,
    Field::ServerPort,
];

/// What only some kinds have: to be claimed where the head shows it.
const SOME: [Field; 6] = [
    Field::Referer,
    Field::UserAgent,
    Field::ForwardedFor,
    Field::BytesIn,
    Field::TimeTaken,
    Field::RequestId,
];

/// What the head of a stream shows.
#[derive(Debug, Default)]
struct Survey {
    events: usize,
    combined: usize,
    vhosts: usize,
    some: [usize; SOME.len()],
    named: usize,
    proxied: usize,
    producer: Producer,
}

/// What only one server writes.
#[derive(Debug, Default)]
struct Producer {
    apache: usize,
    nginx: usize,
}

impl Producer {
    /// Looks for escapes and status codes that only one of the servers writes.
    fn note(&mut self, line: &[u8], event: &Event<'_>) {
        let nginx_status = matches!(event.get(Field::Status), Some(b"499" | b"444" | b"497"));
        self.nginx += usize::from(nginx_status);
        for at in memchr::memchr_iter(b'\\', line) {
            match line.get(at + 1..).unwrap_or_default() {
                [b'x', b'2', b'2', ..] | [b'x', b'5', b'C', ..] => self.nginx += 1,
                [b'"' | b'\\', ..] => self.apache += 1,
                [b'x', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                    self.apache += usize::from([a, b].iter().any(|d| d.is_ascii_lowercase()));
                    self.nginx += usize::from([a, b].iter().any(|d| d.is_ascii_uppercase()));
                }
                _ => {}
            }
        }
    }

    /// The Sigma service, if the evidence points one way only.
    fn service(&self) -> &'static str {
        match (self.apache, self.nginx) {
            (1.., 0) => "apache",
            (0, 1..) => "nginx",
            _ => "",
        }
    }
}

impl Survey {
    fn of(head: &Head<'_>, stamps: &Stamps) -> Self {
        let mut survey = Self::default();
        let mut parser = Lines::new(stamps);
        let mut event = Event::default();
        for line in &head.lines {
            event.reset(line);
            if parser.parse(line, &mut event) == Parsed::Event {
                survey.note(line, &event);
                survey.combined += usize::from(parser.combined);
            }
        }
        survey
    }

    fn note(&mut self, line: &[u8], event: &Event<'_>) {
        self.events += 1;
        let first = line.split(|b| *b == b' ').next();
        self.vhosts += usize::from(event.get(Field::Client) != first && first != Some(b"-"));
        for (count, field) in self.some.iter_mut().zip(SOME) {
            *count += usize::from(event.get(field).is_some());
        }
        self.named += usize::from(!event.named().is_empty());
        self.proxied += usize::from(is_squid(line));
        self.producer.note(line, event);
    }

    fn has(&self, field: Field) -> bool {
        let combined = matches!(field, Field::Referer | Field::UserAgent) && self.combined > 0;
        combined || SOME.iter().zip(self.some).any(|(f, count)| *f == field && count > 0)
    }

    fn name(&self) -> &'static str {
        let vhost = self.vhosts * 2 > self.events;
        match (vhost, self.combined > 0, self.producer.service()) {
            (true, true, "apache") => "apache-vhost-combined",
            (true, true, _) => "vhost-combined",
            (true, false, _) => "vhost-common",
            (false, true, "apache") => "apache-combined",
            (false, true, "nginx") => "nginx-combined",
            (false, true, _) => "combined",
            (false, false, "apache") => "apache-common",
            (false, false, _) => "common",
        }
    }

    fn kind(&self) -> Kind {
        let proxy = self.proxied * 2 > self.events;
        let category = if proxy { "proxy" } else { "webserver" };
        Kind { category, service: self.producer.service(), log: "access", messages: false }
    }

    fn fields(&self) -> Vec<Field> {
        COMMON.into_iter().chain(SOME.into_iter().filter(|field| self.has(*field))).collect()
    }
}

/// Whether a line ends as only Squid's do: `TCP_MISS:HIER_NONE`.
fn is_squid(line: &[u8]) -> bool {
    let last = line.rsplit(|b| *b == b' ').next().unwrap_or_default();
    let word = |w: &[u8]| {
        !w.is_empty()
            && w.iter().all(|b| b.is_ascii_uppercase() || *b == b'_' || b.is_ascii_digit())
    };
    memchr::memchr(b':', last).is_some_and(|at| {
        word(&last[..at]) && memchr::memchr(b'_', &last[..at]).is_some() && word(&last[at + 1..])
    })
}

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let stamps = Stamps::new(options);
    let survey = Survey::of(head, &stamps);
    let score = survey.events as f64 / head.lines.len().max(1) as f64;
    let format = Access {
        name: survey.name(),
        kind: survey.kind(),
        fields: survey.fields(),
        named: survey.named > 0,
        stamps,
    };
    (survey.events > 0).then(|| Guess { format: Arc::new(format), score })
}

/// The format for a single line in a stream of another.
pub(super) fn stray(options: &Options) -> Arc<dyn Format> {
    Arc::new(Access {
        name: "combined",
        kind: Kind { category: "webserver", service: "", log: "access", messages: false },
        fields: COMMON.into_iter().chain(SOME).collect(),
        named: true,
        stamps: Stamps::new(options),
    })
}
