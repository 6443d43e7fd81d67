//! Lines within lines: what syslog, rsyslog, container engines and collectors put before the lines
//! of the programs behind them. What stands inside is recognised on its own; its time, where it has
//! one, is the event's.

use std::borrow::Cow;
use std::sync::Arc;

use crate::line::Framing;
use crate::time::Time;

use super::stamp::Stamps;
use super::year::Latest;
use super::{Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser, inside};

/// A wrapper whose lines hold nothing that is known counts a little less than a format.
const UNKNOWN_INSIDE: f64 = 0.9;
/// Tags before an object are no longer.
const TAGS: usize = 200;
/// What stands inside must fit so well to be taken for it.
const FITS: f64 = 0.7;

/// What was put before the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapper {
    /// `<190>Nov 23 08:46:37 vm nginx: ` (RFC 3164, with or without the priority and the host).
    Syslog,
    /// `<190>1 2024-05-05T10:00:00Z web1 nginx 1234 - - ` (RFC 5424).
    Structured,
    /// `2024-05-05T10:00:00+00:00 stdout F ` (Kubernetes container runtime interface).
    Container,
    /// `2024-05-05T10:00:00+00:00 web1 httpd[1234]: ` (rsyslog's files).
    Rsyslog,
    /// `2024-05-05T10:00:00+00:00<TAB>nginx.access<TAB>{` (Fluentd's files), and
    /// `2024/05/05 10:00:00.123<TAB>INFO<TAB>http.log.access<TAB>handled request<TAB>{` (Caddy's
    /// console).
    Tagged,
    /// `web_1  | ` (compose).
    Compose,
    /// `2024-05-05T10:00:00Z ` (collectors' exports).
    Stamped,
}

const WRAPPERS: [Wrapper; 7] = [
    Wrapper::Structured,
    Wrapper::Syslog,
    Wrapper::Container,
    Wrapper::Rsyslog,
    Wrapper::Tagged,
    Wrapper::Compose,
    Wrapper::Stamped,
];

/// A line without what was put before it.
struct Peeled<'a> {
    time: Option<Time>,
    machine: &'a [u8],
    program: &'a [u8],
    inside: &'a [u8],
}

#[derive(Debug)]
struct Wrapped {
    wrapper: Wrapper,
    stamps: Stamps,
    fields: Vec<Field>,
    inner: Option<Arc<dyn Format>>,
}

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let stamps = Stamps::new(options);
    let guesses = WRAPPERS.into_iter().filter_map(|wrapper| {
        let lines = head.lines.iter().filter_map(|line| peel(wrapper, line, &stamps));
        let lines: Vec<&[u8]> = lines.map(|peeled| peeled.inside).collect();
        let text = match wrapper {
            Wrapper::Container => uncut(head, &stamps),
            _ => lines.join(&b'\n'),
        };
        let share = lines.len() as f64 / head.lines.len().max(1) as f64;
        if share < 0.5 {
            return None;
        }
        let inner = head.inside(&text, options).filter(|inner| inner.score > FITS);
        let inner = inner.filter(|inner| wrapper != Wrapper::Stamped || has_times(inner, &lines));
        let score = share * worth(wrapper, inner.as_ref())?;
        let mut stamps = stamps.clone();
        if let Some(near) = inner.as_ref().and_then(|inner| first_time(inner, &lines)) {
            stamps.latest = Latest::within_a_year_of(near);
        }
        let inner = inner.map(|inner| inner.format);
        let mut fields = vec![Field::Message, Field::Thread];
        fields.extend(inner.iter().flat_map(|inner| inner.fields()));
        fields.sort_unstable();
        fields.dedup();
        let format = Wrapped { wrapper, stamps, fields, inner };
        Some(Guess { format: Arc::new(format), score })
    });
    guesses.reduce(|best, next| if next.score > best.score { next } else { best })
}

/// How much a wrapper's line counts; `None` if without known entries inside it is no wrapper.
fn worth(wrapper: Wrapper, inner: Option<&Guess>) -> Option<f64> {
    match (wrapper, inner) {
        (Wrapper::Compose, None) => None,
        (Wrapper::Stamped, inner) => {
            Some(inner.filter(|inner| inner.format.kind().log != "application")?.score)
        }
        (_, None) => Some(UNKNOWN_INSIDE),
        (_, Some(_)) => Some(1.0),
    }
}

/// The times that the lines have inside.
fn times(inner: &Guess, lines: &[&[u8]]) -> Vec<Time> {
    let mut parser = inner.format.parser();
    let read = |line: &&[u8]| {
        let mut event = Event::default();
        (parser.parse(line, &mut event) == Parsed::Event).then_some(event.time)?
    };
    lines.iter().filter_map(read).collect()
}

/// Whether the lines have a time of their own inside: else the stamp before them is theirs.
fn has_times(inner: &Guess, lines: &[&[u8]]) -> bool {
    times(inner, lines).len() * 2 > lines.len()
}

/// The first time inside, whose year tells that of the stamps around it better than the file's
/// own time, which a copy changes.
fn first_time(inner: &Guess, lines: &[&[u8]]) -> Option<Time> {
    times(inner, lines).into_iter().min()
}

impl Format for Wrapped {
    fn name(&self) -> &'static str {
        match (&self.inner, self.wrapper) {
            (Some(inner), _) => inner.name(),
            (None, Wrapper::Container) => "container",
            _ => "syslog",
        }
    }

    fn kind(&self) -> Kind {
        let plain =
            Kind { category: "application", service: "", log: "application", messages: true };
        self.inner.as_ref().map_or(plain, |inner| inner.kind())
    }

    fn framing(&self) -> Framing {
        match self.wrapper {
            Wrapper::Container => Framing::GoesOn(is_partial),
            _ => Framing::Lines,
        }
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn has_named(&self) -> bool {
        true
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        let inner = self.inner.as_ref().map(|inner| inner.parser());
        Box::new(WrappedParser { format: self, inner })
    }
}

impl Wrapped {
    /// What stands inside an entry: of one that was cut into several lines, all pieces of the same
    /// stream. Lines of the other stream among them stay in the raw entry, which is searched.
    fn whole<'a>(&self, entry: &'a [u8], first: &Peeled<'a>) -> Cow<'a, [u8]> {
        if self.wrapper != Wrapper::Container || memchr::memchr(b'\n', entry).is_none() {
            return first.inside.into();
        }
        let lines = entry.split(|b| *b == b'\n');
        let pieces = lines.filter_map(|line| container(line, &self.stamps));
        let own = pieces.filter(|piece| piece.program == first.program);
        Cow::Owned(own.flat_map(|piece| piece.inside).copied().collect())
    }
}

/// What stands inside a head's lines, those that were cut joined.
fn uncut(head: &Head<'_>, stamps: &Stamps) -> Vec<u8> {
    let mut text = Vec::new();
    for line in &head.lines {
        let Some(peeled) = container(line, stamps) else { continue };
        text.extend_from_slice(peeled.inside);
        if !is_partial(line) {
            text.push(b'\n');
        }
    }
    text
}

/// Whether the container engine cut a line here: `P`, with `F` at its end.
fn is_partial(line: &[u8]) -> bool {
    let tag = line.splitn(4, |b| *b == b' ').nth(2);
    tag.is_some_and(|tag| tag == b"P" || tag.starts_with(b"P:"))
}

struct WrappedParser<'f> {
    format: &'f Wrapped,
    inner: Option<Box<dyn Parser + 'f>>,
}

impl Parser for WrappedParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        if entry.trim_ascii().is_empty() {
            return Parsed::Skip;
        }
        let Some(peeled) = peel(self.format.wrapper, entry, &self.format.stamps) else {
            return Parsed::Unparsed;
        };
        event.time = peeled.time;
        let text = self.format.whole(entry, &peeled);
        if !peeled.machine.is_empty() {
            event.push(&b"machine"[..], peeled.machine);
        }
        if !peeled.program.is_empty() {
            event.set(Field::Thread, peeled.program);
        }
        match &mut self.inner {
            Some(inner) => inside::parse(inner.as_mut(), text, event),
            None => event.set(Field::Message, text),
        }
        Parsed::Event
    }
}

fn peel<'a>(wrapper: Wrapper, line: &'a [u8], stamps: &Stamps) -> Option<Peeled<'a>> {
    match wrapper {
        Wrapper::Syslog => syslog(line, stamps),
        Wrapper::Structured => structured(line, stamps),
        Wrapper::Container => container(line, stamps),
        Wrapper::Rsyslog => rsyslog(line, stamps),
        Wrapper::Tagged => tagged(line, stamps),
        Wrapper::Compose => compose(line),
        Wrapper::Stamped => {
            let (time, rest) = stamps.iso(line)?;
            let inside = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t"))?;
            Some(Peeled { time: Some(time), machine: b"", program: b"", inside })
        }
    }
}

/// `<190>` at the start, and what follows it.
fn priority(line: &[u8]) -> Option<&[u8]> {
    let inner = line.strip_prefix(b"<")?;
    let digits = inner.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    (digits > 0).then(|| inner[digits..].strip_prefix(b">"))?
}

fn syslog<'a>(line: &'a [u8], stamps: &Stamps) -> Option<Peeled<'a>> {
    let text = priority(line).unwrap_or(line);
    let len = stamps.syslog_len(text)?;
    let time = stamps.syslog(text).map(|(time, _)| time);
    let rest = text[len..].strip_prefix(b" ")?;
    let (machine, program, inside) = origin(rest)?;
    Some(Peeled { time, machine, program, inside })
}

fn rsyslog<'a>(line: &'a [u8], stamps: &Stamps) -> Option<Peeled<'a>> {
    let text = priority(line).unwrap_or(line);
    let (time, rest) = stamps.iso(text)?;
    let (machine, program, inside) = origin(rest.strip_prefix(b" ")?)?;
    let clear = !program.is_empty() || inside.starts_with(b"{");
    clear.then_some(Peeled { time: Some(time), machine, program, inside })
}

/// `vm nginx[12]: text`, `nginx: text`, `vm text`: machine, program and text.
fn origin(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (first, rest) = word(text)?;
    if let Some(program) = program(first) {
        return Some((b"", program, rest));
    }
    match word(rest).and_then(|(tag, rest)| Some((program(tag)?, rest))).or_else(|| glued(rest)) {
        Some((program, inside)) => Some((first, program, inside)),
        None => Some((first, b"", rest.trim_ascii_start())),
    }
}

/// `ASM:unit_hostname="a",…` (F5): a program's pairs right behind its mark.
fn glued(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', &text[..text.len().min(32)])?;
    let (name, inside) = (program(&text[..=colon])?, &text[colon + 1..]);
    super::kv::starts_with_pair(inside).then_some((name, inside))
}

/// `nginx[12]:` and `nginx:` without their marks.
fn program(tag: &[u8]) -> Option<&[u8]> {
    let name = tag.strip_suffix(b":")?;
    let known = |b: &u8| b.is_ascii_alphanumeric() || b"_-./[]()%".contains(b);
    (!name.is_empty() && name.len() < 128 && name.iter().all(known)).then_some(name)
}

/// The first word, and what follows the blank behind it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', text)?;
    (end > 0).then(|| (&text[..end], &text[end + 1..]))
}

fn structured<'a>(line: &'a [u8], stamps: &Stamps) -> Option<Peeled<'a>> {
    let (version, rest) = word(priority(line)?)?;
    let (stamp, rest) = word(rest)?;
    let (machine, rest) = word(rest)?;
    let (program, rest) = word(rest)?;
    let (_process, rest) = word(rest)?;
    let (_message_id, rest) = word(rest)?;
    let inside = skip_data(rest)?;
    let inside = inside.strip_prefix(b"\xef\xbb\xbf").unwrap_or(inside);
    let named = |name: &'a [u8]| if name == b"-" { &b""[..] } else { name };
    let time = stamps.any(stamp);
    (version == b"1").then(|| Peeled {
        time,
        machine: named(machine),
        program: named(program),
        inside,
    })
}

/// Passes RFC 5424's structured data: `-`, or `[id name="value"]…`, where `\]` is no end.
fn skip_data(text: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(b"-") {
        return Some(rest.strip_prefix(b" ").unwrap_or(rest));
    }
    let mut rest = text;
    while rest.first() == Some(&b'[') {
        let mut end = 1;
        loop {
            end += memchr::memchr2(b']', b'\\', rest.get(end..)?)?;
            if rest[end] == b']' {
                break;
            }
            end += 2;
        }
        rest = &rest[end + 1..];
    }
    rest.strip_prefix(b" ")
}

fn container<'a>(line: &'a [u8], stamps: &Stamps) -> Option<Peeled<'a>> {
    let (stamp, rest) = word(line)?;
    let (stream, rest) = word(rest)?;
    let (part, inside) = word(rest)?;
    if !matches!(stream, b"stdout" | b"stderr") || !matches!(part.first(), Some(b'F' | b'P')) {
        return None;
    }
    let (time, after) = stamps.iso(stamp)?;
    after.is_empty().then_some(Peeled { time: Some(time), machine: b"", program: stream, inside })
}

fn tagged<'a>(line: &'a [u8], stamps: &Stamps) -> Option<Peeled<'a>> {
    let (time, rest) = stamps.iso(line)?;
    let rest = rest.strip_prefix(b"\t")?;
    let end = memchr::memmem::find(&rest[..rest.len().min(TAGS)], b"\t{")?;
    let (tags, inside) = (&rest[..end], &rest[end + 1..]);
    let is_tag = |tag: &&[u8]| tag.contains(&b'.') && tag.iter().all(u8::is_ascii_graphic);
    let program = tags.split(|b| *b == b'\t').find(is_tag).unwrap_or(tags);
    let sound = tags.iter().all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\t'));
    sound.then_some(Peeled { time: Some(time), machine: b"", program, inside })
}

fn compose(line: &[u8]) -> Option<Peeled<'_>> {
    let name = line
        .iter()
        .take(64)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let len = name.count();
    let rest = line[len..].trim_ascii_start();
    let inside = rest.strip_prefix(b"| ").filter(|_| len > 0 && rest.len() < line.len() - len)?;
    Some(Peeled { time: None, machine: b"", program: &line[..len], inside })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Options;
    use super::super::proof::{hostile, prove, tell, tell_with};

    const REQUEST: &str =
        "192.0.2.7 - - [08/Mar/2017:05:12:07 +0900] \"GET /a?b HTTP/1.1\" 200 3 \"-\" \"curl/8\"";

    #[test]
    fn wrapped_access_logs() {
        let expected: &[&str] = &[
            "2017-03-08T05:12:07+09:00",
            "‹c-ip=192.0.2.7›",
            "‹cs-uri=/a?b›",
            "‹sc-status=200›",
            "‹cs-user-agent=curl/8›",
        ];
        for prefix in [
            "<190>Mar  8 05:12:08 vm nginx: ",
            "Mar  8 05:12:08 vm httpd[12]: ",
            "<190>1 2017-03-08T05:12:08.123Z web1 nginx 1234 - - ",
            "<190>1 2017-03-08T05:12:08.123Z web1 nginx 1234 ID47 [a@1 b=\"c\\]\"][d] ",
            "2017-03-08T05:12:08.123456+09:00 web1 httpd[1234]: ",
            "2017-03-08T05:12:08.669794202Z stdout F ",
            "web_1  | ",
            "2017-03-08T05:12:08.123Z ",
        ] {
            let log = format!("{prefix}{REQUEST}\n{prefix}{REQUEST}\n");
            let (guess, told) = tell(log.as_bytes());
            assert_eq!(guess.format.kind().log, "access", "{log}");
            for part in expected {
                assert!(told.iter().all(|told| told.contains(part)), "{part}\n{told:#?}");
            }
        }
    }

    #[test]
    fn wrapped_application_logs() {
        prove(&[
            (
                "Mar  8 05:12:08 vm app[3]: {\"op\":\"SearchCard\",\"card_no\":\"4000\",\"time\":\"2017-03-08T05:12:07+09:00\"}\n",
                "json-gateway",
                "gateway",
                &[&["2017-03-08T05:12:07+09:00", "‹card_no=4000›", "‹thread=app[3]›"]],
            ),
            (
                "2017-03-08T05:12:07.618924+09:00 2.2.2.2  {     \"client_ip\": \"1.2.3.4\", \"url\": \"/a\", \"request_method\": \"GET\", \"response_status\": 404 }\n",
                "json-access",
                "access",
                &[&["2017-03-08T05:12:07.618924+09:00", "‹c-ip=1.2.3.4›", "‹cs-uri=/a›"]],
            ),
            (
                "2017-03-08T05:12:08Z stdout F 2017-03-08 05:12:07,412 WARN  [x] a.b.C - boom\n2017-03-08T05:12:08Z stdout F \tat a.b.C\n",
                "log4j",
                "application",
                &[
                    &["2017-03-08T05:12:07.412+09:00", "‹message=boom›"],
                    &["2017-03-08T05:12:08Z", "‹message=\\tat a.b.C›"],
                ],
            ),
            (
                "Mar  8 05:12:08 vm sshd[3]: Accepted publickey for root from 192.0.2.1\nMar  8 05:12:08 vm su: x\n",
                "syslog",
                "application",
                &[&["‹message=Accepted publickey", "‹machine=vm›"], &["‹thread=su›"]],
            ),
        ]);
    }

    #[test]
    fn the_time_inside_tells_the_year_of_the_lines_around_it() {
        let log = format!("Mar  8 05:12:08 vm nginx: {REQUEST}\n").repeat(4)
            + "Mar  8 05:12:09 vm sshd[3]: x y\n";
        let closed = "2026-11-28T00:00:00Z".parse().ok();
        let (_, told) = tell_with(log.as_bytes(), &Options { closed, ..Options::default() });
        assert!(told[4].starts_with("2017-03-08T05:12:09Z"), "{told:#?}");
    }

    #[test]
    fn hostile_requests_come_out() {
        hostile(
            "nginx_syslog_rfc3164",
            &[
                "‹cs-uri-query=q=%27%20UNION%20SELECT%20card_no--›",
                "‹cs-uri-query=x=\\\"quoted\\\"&y=a\\\\b›",
                "‹cs-uri-stem=/café›",
                "GARBAGE",
                "‹cs-uri-query=cc=4111111111111111&email=jane%40example.com›",
                "‹cs-uri=/%2e%2e%2f%252e%252e%252fetc/passwd›",
                "‹cs-method=PROPFIND›",
                "‹cs-uri=http://shop.example.com/abs?x=1›",
                "‹cs-username=john doe›",
            ],
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in r"(<190>(1 )?)?[A-Za-z0-9:\[\]|{. T-]{0,60}") {
            tell(text.as_bytes());
        }
    }
}
