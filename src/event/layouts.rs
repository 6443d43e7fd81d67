//! Which fixed line format is a stream of? The text formats of load balancers, proxies and servers
//! that are no kin of the common log format, each written as a format text: adding one is a line.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use memchr::{memchr_iter, memrchr};

use super::captures::{Captures, Survey};
use super::escape::{backslashes, hashes};
use super::logformat::{nginx, templates};
use super::stamp::Stamps;
use super::template::{Matcher, Template};
use super::{Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser};

/// The templates of each layout, made once: a stream may be as short as a line.
static TEMPLATES: LazyLock<Vec<Arc<[Template]>>> = LazyLock::new(|| {
    let made = |layout: &Layout| layout.texts.iter().filter_map(|text| Template::new(nginx(text)));
    LAYOUTS.iter().map(|layout| made(layout).collect()).collect()
});

/// A format whose lines follow one of a few templates.
struct Layout {
    name: &'static str,
    category: &'static str,
    texts: &'static [&'static str],
    /// Leaves out what a line has before the format starts.
    start: for<'t> fn(&'t [u8]) -> &'t [u8],
    undo: for<'t> fn(&'t [u8]) -> Cow<'t, [u8]>,
}

const PLAIN: Layout =
    Layout { name: "", category: "webserver", texts: &[], start: |line| line, undo: backslashes };

/// In the language of nginx's `log_format`, with names of our own (`$peer` is `address:port`,
/// `$counts` numbers and `/`, `$_` is of no use here, `$*` whatever follows).
const LAYOUTS: &[Layout] = &[
    // Application Load Balancer; columns are added at the end from time to time.
    Layout {
        name: "aws-alb",
        texts: &["$_ $time $_ $peer $_ $_ $time_taken $_ $status $_ $request_length $bytes_sent \
             \"$request\" \"$http_user_agent\"$*"],
        ..PLAIN
    },
    Layout {
        name: "aws-elb",
        texts: &[
            "$time $_ $peer $_ $_ $time_taken $_ $status $_ $request_length $bytes_sent \
             \"$request\" \"$http_user_agent\"$*",
            "$time $_ $peer $_ $_ $time_taken $_ $status $_ $request_length $bytes_sent \
             \"$request\"",
        ],
        ..PLAIN
    },
    Layout {
        name: "aws-nlb",
        texts: &["tls $_ $time $_ $_ $peer $_ $_ $_ $request_length $bytes_sent $_$*"],
        ..PLAIN
    },
    Layout {
        name: "aws-s3",
        texts: &[
            "$_ $bucket [$time] $remote_addr $remote_user $request_id $operation $key \
             \"$request\" $status $error_code $bytes_sent $_ $request_time $_ \
             \"$http_referer\" \"$http_user_agent\" $_ $_ $_ $_ $_ $host $_$*",
            "$_ $bucket [$time] $remote_addr $remote_user $request_id $operation $key \
             \"$request\" $status $error_code $bytes_sent $_ $request_time $_ \
             \"$http_referer\" \"$http_user_agent\"$*",
            "$_ $bucket [$time] $remote_addr $remote_user $request_id $operation $key - $status \
             $error_code $bytes_sent $_ $request_time $_$*",
        ],
        ..PLAIN
    },
    Layout {
        name: "haproxy",
        texts: &[
            "$peer [$time] $_ $_ $counts $status $bytes_sent $_ $_ $_ $counts $counts {$captures} \
             \"$request\"$*",
            "$peer [$time] $_ $_ $counts $status $bytes_sent $_ $_ $_ $counts $counts \
             \"$request\"$*",
            // A request longer than the log line's limit loses its end.
            "$peer [$time] $_ $_ $counts $status $bytes_sent $_ $_ $_ $counts $counts {$captures} \
             \"$request",
            "$peer [$time] $_ $_ $counts $status $bytes_sent $_ $_ $_ $counts $counts \"$request",
            // Of what is forwarded unread (`mode tcp`).
            "$peer [$time] $_ $_ $counts $bytes_sent $_ $counts $counts",
        ],
        start: haproxy_start,
        undo: hashes,
        ..PLAIN
    },
    Layout {
        name: "squid",
        category: "proxy",
        texts: &["$msec  $request_time $remote_addr $cache/$status $bytes_sent $request_method \
             $request_uri $remote_user $hierarchy/$_ $_$*"],
        undo: |text| Cow::Borrowed(text),
        ..PLAIN
    },
    Layout {
        name: "envoy",
        texts: &[
            "[$time] \"$request\" $status $flags $request_length $bytes_sent $request_time $_ \
             \"$remote_addr\" \"$http_user_agent\" \"$request_id\" \"$host\" \"$upstream\"",
            // Istio's default, which tells the peer beside what it forwarded.
            "[$time] \"$request\" $status $flags $details $_ \"$_\" $request_length $bytes_sent \
             $request_time $_ \"$http_x_forwarded_for\" \"$http_user_agent\" \"$request_id\" \
             \"$host\" \"$upstream\" $_ $_ $_ $peer $_ $_",
            "[$time] \"$request\" $status $flags $details $_ \"$_\" $request_length $bytes_sent \
             $request_time $_ \"$remote_addr\" \"$http_user_agent\" \"$request_id\" \"$host\" \
             \"$upstream\"$*",
        ],
        ..PLAIN
    },
    Layout {
        name: "nginx-proxy-manager",
        texts: &[
            "[$time] $cache $upstream_status $status - $request_method $_ $host \"$request_uri\" \
             [Client $remote_addr] [Length $body_bytes_sent] [Gzip $_] [Sent-to $upstream] \
             \"$http_user_agent\" \"$http_referer\"",
            "[$time] $cache $upstream_status $status - $request_method $_ $host \"$request_uri\" \
             [Client $remote_addr] [Length $body_bytes_sent] [Gzip $_] \"$http_user_agent\" \
             \"$http_referer\"",
            "[$time] $status - $request_method $_ $host \"$request_uri\" [Client $remote_addr] \
             [Length $body_bytes_sent] [Gzip $_] [Sent-to $upstream] \"$http_user_agent\" \
             \"$http_referer\"",
            "[$time] $status - $request_method $_ $host \"$request_uri\" [Client $remote_addr] \
             [Length $body_bytes_sent] [Gzip $_] \"$http_user_agent\" \"$http_referer\"",
        ],
        ..PLAIN
    },
    Layout {
        name: "npmplus",
        texts: &["[$time] $host $remote_addr $request_time \"$request\" $status $body_bytes_sent \
             $request_length $http_referer $http_user_agent"],
        ..PLAIN
    },
    Layout {
        name: "zoraxy",
        texts: &[
            "$_ $_ [$time] [router:$router] [origin:$host] [client: $remote_addr] \
             [useragent: $http_user_agent] $request_method $request_uri $status",
            "[$time] [router:$router] [origin:$host] [client: $remote_addr] \
             [useragent: $http_user_agent] $request_method $request_uri $status",
        ],
        ..PLAIN
    },
    Layout {
        name: "confluence",
        texts: &["[$time] $remote_user $thread $remote_addr $request_method $request_uri \
             $server_protocol $status ${request_time}ms $bytes_sent $http_referer $http_user_agent"],
        ..PLAIN
    },
    Layout {
        name: "apache-ssl-request",
        texts: &["[$time] $remote_addr $protocol $cipher \"$request\" $bytes_sent"],
        ..PLAIN
    },
    Layout {
        name: "iis-native",
        texts: &[
            "$remote_addr, $remote_user, $time_month_first, $service, $computer, $server_addr, \
             $request_time, $request_length, $bytes_sent, $status, $_, $request_method, $uri, \
             $args,",
        ],
        ..PLAIN
    },
    // The pattern of nginx's guide to load balancing.
    Layout {
        name: "nginx-upstream",
        texts: &[
            "[$time] $remote_addr - $remote_user - $server_name $host to: $upstream: \
             $request upstream_response_time $_ msec $_ request_time $request_time",
            "[$time] $remote_addr - $remote_user - $server_name $host to: $upstream: \
             $request $status upstream_response_time $_ msec $_ request_time $request_time",
        ],
        ..PLAIN
    },
    Layout {
        name: "gin",
        texts: &[
            "[GIN] $time | $status |  $_ |  $remote_addr | $request_method  \"$request_uri\"",
            "[GIN] $time | $status |  $_ |  $remote_addr | $request_method  $request_uri",
        ],
        ..PLAIN
    },
    // Express' logger in its formats `short`, `tiny` and `dev`, which tell no time.
    Layout {
        name: "morgan",
        texts: &[
            "$remote_addr $_ $request_method $request_uri HTTP/$_ $status $bytes_sent - \
             $_ ms",
            "$request_method $request_uri $status $bytes_sent - $_ ms",
            "$request_method $request_uri $status $_ ms - $bytes_sent",
            "\u{1b}[0m$request_method $request_uri \u{1b}[${_}m$status\u{1b}[0m $_ ms - \
             $bytes_sent\u{1b}[0m",
        ],
        ..PLAIN
    },
    Layout {
        name: "uwsgi",
        texts: &[
            "[pid: $_|app: $_|req: $_] $remote_addr ($remote_user) {$_} [$time] $request_method \
             $request_uri => generated $bytes_sent bytes in $request_time msecs \
             ($server_protocol $status)$*",
        ],
        ..PLAIN
    },
];

/// HAProxy's lines come through syslog, whose header may stand in front.
fn haproxy_start(line: &[u8]) -> &[u8] {
    let anchor = memchr_iter(b'[', line).find(|at| {
        let time = line.get(at + 1..at + 12).unwrap_or_default();
        time.len() == 11 && time[2] == b'/' && time[6] == b'/' && line[..*at].ends_with(b" ")
    });
    let blank = anchor.and_then(|at| memrchr(b' ', &line[..at - 1]));
    blank.map_or(line, |blank| &line[blank + 1..])
}

/// A layout, compiled.
#[derive(Debug)]
struct Compiled {
    name: &'static str,
    kind: Kind,
    templates: Arc<[Template]>,
    fields: Vec<Field>,
    start: for<'t> fn(&'t [u8]) -> &'t [u8],
    undo: for<'t> fn(&'t [u8]) -> Cow<'t, [u8]>,
    /// Whether bare values under names of their own hold no blank: known of our own texts only.
    words: bool,
    captures: Captures,
    stamps: Stamps,
}

impl Compiled {
    fn new(layout: &Layout, templates: Arc<[Template]>, options: &Options) -> Self {
        let mut fields: Vec<Field> = templates.iter().flat_map(Template::fields).collect();
        fields.sort_unstable();
        fields.dedup();
        Self {
            name: layout.name,
            kind: Kind { category: layout.category, service: "", log: "access", messages: false },
            templates,
            fields,
            start: layout.start,
            undo: layout.undo,
            words: !layout.texts.is_empty(),
            captures: Captures::default(),
            stamps: Stamps::new(options),
        }
    }

    /// The formats of all layouts.
    fn all(options: &Options) -> impl Iterator<Item = Self> {
        let templates = LAYOUTS.iter().zip(&*TEMPLATES);
        templates.map(|(layout, templates)| Self::new(layout, Arc::clone(templates), options))
    }

    /// The share of the head's lines that are events of it, from a sample over the whole head: its
    /// start may be junk. Also what their captures are.
    fn share(&self, head: &Head<'_>) -> (f64, Captures) {
        const SAMPLE: usize = 64;
        let step = head.lines.len().div_ceil(SAMPLE).max(1);
        let sample = || head.lines.iter().step_by(step);
        let mut parser = LayoutParser::new(self);
        let mut event = Event::default();
        let mut events = 0usize;
        let mut survey = Survey::default();
        for line in sample() {
            event.reset(line);
            if parser.parse(line, &mut event) == Parsed::Event {
                events += 1;
                survey.note(&event);
            }
        }
        (events as f64 / sample().count().max(1) as f64, survey.captures())
    }
}

impl Format for Compiled {
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
        self.templates.iter().any(Template::has_named)
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(LayoutParser::new(self))
    }
}

struct LayoutParser<'f> {
    format: &'f Compiled,
    matcher: Matcher<'f>,
}

impl<'f> LayoutParser<'f> {
    fn new(format: &'f Compiled) -> Self {
        Self { format, matcher: Matcher::new(&format.stamps, format.undo, format.words) }
    }
}

impl Parser for LayoutParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        let line = entry.trim_ascii();
        if line.is_empty() {
            return Parsed::Skip;
        }
        let line = (self.format.start)(line);
        let templates = &self.format.templates;
        if templates.iter().any(|template| self.matcher.read(template, line, event)) {
            self.format.captures.apply(event);
            Parsed::Event
        } else {
            Parsed::Unparsed
        }
    }
}

/// The guess of this family: the layout that fits best, the earlier of two that fit alike.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let mut best: Option<(f64, Compiled)> = None;
    for mut format in Compiled::all(options) {
        let (share, captures) = format.share(head);
        format.captures = captures;
        format.fields.extend(captures.fields());
        if share > best.as_ref().map_or(0.0, |(score, _)| *score) {
            best = Some((share, format));
        }
    }
    best.map(|(score, format)| Guess { format: Arc::new(format), score })
}

/// The guess of the user's own format (`--log-format`): of several, the one that fits best. The
/// user's word counts: one that fits more than half the lines has the highest score.
pub(super) fn guess_own(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let text = options.log_format.as_ref()?;
    let layout = Layout { name: "log-format", ..PLAIN };
    let mut best: Option<(f64, Compiled)> = None;
    for template in templates(text) {
        let format = Compiled::new(&layout, [template].into(), options);
        let (share, _) = format.share(head);
        if share > best.as_ref().map_or(0.0, |(score, _)| *score) {
            best = Some((share, format));
        }
    }
    let (share, format) = best?;
    let score = if share > 0.5 { 1.0 } else { share };
    Some(Guess { format: Arc::new(format), score })
}

/// All layouts as one format, for a single line in a stream of another.
pub(super) fn stray(options: &Options) -> Arc<dyn Format> {
    Arc::new(Strays(Compiled::all(options).collect()))
}

#[derive(Debug)]
struct Strays(Vec<Compiled>);

impl Format for Strays {
    fn name(&self) -> &'static str {
        "access"
    }

    fn kind(&self) -> Kind {
        Kind { category: "webserver", service: "", log: "access", messages: false }
    }

    fn fields(&self) -> &[Field] {
        Field::ALL
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(StrayParser(self.0.iter().map(LayoutParser::new).collect()))
    }
}

struct StrayParser<'f>(Vec<LayoutParser<'f>>);

impl Parser for StrayParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        for parser in &mut self.0 {
            if parser.parse(entry, event) == Parsed::Event {
                return Parsed::Event;
            }
        }
        Parsed::Unparsed
    }
}
