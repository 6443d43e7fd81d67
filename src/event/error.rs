//! Error logs of Apache httpd and nginx, with the `ModSecurity` messages that both carry.

use std::sync::Arc;

use memchr::memmem;

use super::log4j::is_continuation;
use super::request::{self, is_address, split_port};
use super::stamp::Stamps;
use super::{Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser, clf, modsecurity};
use crate::line::Framing;

/// So many lines of the head are looked at.
const SAMPLE: usize = 400;

/// Whose error log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Apache,
    Nginx,
}

#[derive(Debug)]
struct ErrorLog {
    server: Server,
    /// Whether most entries are a WAF's.
    waf: bool,
    fields: Vec<Field>,
    stamps: Stamps,
}

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    let guesses = [Server::Apache, Server::Nginx].into_iter();
    guesses
        .filter_map(|server| guess_server(head, options, server))
        .reduce(|best, next| if next.score > best.score { next } else { best })
}

fn guess_server(head: &Head<'_>, options: &Options, server: Server) -> Option<Guess> {
    let stamps = Stamps::new(options);
    let mut format = ErrorLog { server, waf: false, fields: Vec::new(), stamps };
    let lines = &head.lines[..head.lines.len().min(SAMPLE)];
    let (mut score, mut events, mut waf) = (0.0, 0usize, 0usize);
    let mut fields = Vec::new();
    for line in lines {
        let mut event = Event::default();
        if format.parse(line, &mut event) {
            events += 1;
            score += 1.0;
            waf += usize::from(event.get(Field::Action).is_some());
            fields.extend(Field::ALL.iter().filter(|f| event.get(**f).is_some()));
            fields.sort_unstable();
            fields.dedup();
        } else if events > 0 && !clf::is_line(line) {
            score += if is_continuation(line) { 1.0 } else { 0.5 };
        }
    }
    (format.fields, format.waf) = (fields, waf * 2 > events);
    let score = score / lines.len().max(1) as f64;
    (events > 0).then(|| Guess { format: Arc::new(format), score })
}

impl Format for ErrorLog {
    fn name(&self) -> &'static str {
        match (self.server, self.waf) {
            (_, true) => "modsecurity-error",
            (Server::Apache, _) => "apache-error",
            (Server::Nginx, _) => "nginx-error",
        }
    }

    fn kind(&self) -> Kind {
        match (self.server, self.waf) {
            (_, true) => Kind { category: "", service: "modsecurity", log: "waf", messages: true },
            (Server::Apache, _) => {
                Kind { category: "", service: "apache", log: "error", messages: true }
            }
            (Server::Nginx, _) => {
                Kind { category: "", service: "nginx", log: "error", messages: true }
            }
        }
    }

    fn framing(&self) -> Framing {
        Framing::Starts(match self.server {
            Server::Apache => |line| line.first() == Some(&b'[') || clf::is_line(line),
            Server::Nginx => |line| line.first().is_some_and(u8::is_ascii_digit),
        })
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn has_named(&self) -> bool {
        true
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(ErrorParser(self))
    }
}

struct ErrorParser<'f>(&'f ErrorLog);

impl Parser for ErrorParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        match entry.trim_ascii() {
            b"" => Parsed::Skip,
            _ if self.0.parse(entry, event) => Parsed::Event,
            _ => Parsed::Unparsed,
        }
    }
}

impl ErrorLog {
    fn parse<'a>(&self, entry: &'a [u8], event: &mut Event<'a>) -> bool {
        let parsed = match self.server {
            Server::Apache => self.apache(entry, event),
            Server::Nginx => self.nginx(entry, event),
        };
        parsed.is_some()
    }

    /// `[Mon Nov 23 08:46:37.171858 2026] [module:level] [pid 1:tid 2] [client 192.0.2.7:5] text`.
    fn apache<'a>(&self, entry: &'a [u8], event: &mut Event<'a>) -> Option<()> {
        let (stamp, mut rest) = bracket(entry)?;
        event.time = Some(self.stamps.any(stamp)?);
        let mut marks = 0;
        loop {
            let text = skip_status(rest);
            let Some((content, after)) = bracket(text) else { break };
            if !apache_mark(content, event) {
                break;
            }
            marks += 1;
            rest = after;
        }
        let message = rest.trim_ascii_start();
        event.set(Field::Message, message);
        apache_tail(message, event);
        (marks > 0).then_some(())
    }

    /// `2026/11/23 08:46:37 [error] 7687#7687: *2 text, client: …, server: …, request: "…"`.
    fn nginx<'a>(&self, entry: &'a [u8], event: &mut Event<'a>) -> Option<()> {
        if entry.get(4) != Some(&b'/') {
            return None;
        }
        let (time, rest) = self.stamps.iso(entry)?;
        let (level, rest) = bracket(rest)?;
        let rest = rest.trim_ascii_start();
        let worker = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'#').count();
        let message = rest[worker..].strip_prefix(b": ")?;
        event.time = Some(time);
        event.set(Field::Level, level);
        event.set(Field::Thread, &rest[..worker]);
        let message = message.strip_prefix(b"*").map_or(message, |numbered| {
            numbered[numbered.iter().take_while(|b| b.is_ascii_digit()).count()..]
                .trim_ascii_start()
        });
        event.set(Field::Message, message);
        let tail = nginx_tail(message).unwrap_or(message.len());
        nginx_parts(&message[tail..], event);
        modsecurity::message(&message[..tail], event);
        Some(())
    }
}

fn apache_tail<'a>(message: &'a [u8], event: &mut Event<'a>) {
    if modsecurity::message(message, event) {
        return;
    }
    if let Some(at) = memmem::rfind(message, b", referer: ") {
        event.set(Field::Referer, &message[at + b", referer: ".len()..]);
    }
    if let Some((user, path)) = denied_user(message) {
        event.set(Field::User, user);
        event.set_target(path);
    }
}

/// What stands in brackets at the start of a text, and what follows it.
fn bracket(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.trim_ascii_start().strip_prefix(b"[")?;
    let end = memchr::memchr(b']', &inner[..inner.len().min(300)])?;
    // A version 6 address may stand in brackets of its own.
    let end = if inner[..end].contains(&b'[') {
        end + 1 + memchr::memchr(b']', &inner[end + 1..])?
    } else {
        end
    };
    Some((&inner[..end], &inner[end + 1..]))
}

/// Passes the system's error before the client: `(13)Permission denied: [client …`.
fn skip_status(text: &[u8]) -> &[u8] {
    let trimmed = text.trim_ascii_start();
    if !trimmed.starts_with(b"(") {
        return text;
    }
    let end = memmem::find(&trimmed[..trimmed.len().min(200)], b": [client ");
    end.map_or(text, |end| &trimmed[end + 2..])
}

/// Takes one of Apache's bracketed parts; `false` if it is none, but the message's.
fn apache_mark<'a>(content: &'a [u8], event: &mut Event<'a>) -> bool {
    let client = content.strip_prefix(b"client ").or_else(|| content.strip_prefix(b"remote "));
    if let Some(address) = client {
        let (name, _) = split_port(address);
        let bare = name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")).unwrap_or(name);
        event.set(Field::Client, bare);
        return true;
    }
    if content.starts_with(b"pid ") {
        event.set(Field::Thread, content);
        return true;
    }
    let colon = memchr::memrchr(b':', content);
    let level = &content[colon.map_or(0, |at| at + 1)..];
    if event.get(Field::Level).is_some() || !is_apache_level(level) {
        return false;
    }
    event.set(Field::Level, level);
    if let Some(module) = colon.map(|at| &content[..at]).filter(|module| !module.is_empty()) {
        event.set(Field::Logger, module);
    }
    true
}

/// Whether a word is one of Apache's levels: `error`, `trace3`.
fn is_apache_level(word: &[u8]) -> bool {
    const LEVELS: [&[u8]; 9] =
        [b"emerg", b"alert", b"crit", b"error", b"warn", b"notice", b"info", b"debug", b"trace"];
    let name = match word {
        [name @ .., b'1'..=b'8'] => name,
        _ => word,
    };
    LEVELS.contains(&name)
}

/// `user bob not found: /a`, `user bob: authentication failure for "/a": …`: user and path.
fn denied_user(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let from = memmem::find(&message[..message.len().min(40)], b"user ")? + 5;
    let text = &message[from..];
    for (mark, end) in
        [(&b" not found: "[..], &b"\n"[..]), (b": authentication failure for \"", b"\"")]
    {
        let Some(at) = memmem::find(text, mark) else { continue };
        let path = &text[at + mark.len()..];
        let path = &path[..memmem::find(path, end).unwrap_or(path.len())];
        let path = &path[..memmem::find(path, b", referer: ").unwrap_or(path.len())];
        return path.starts_with(b"/").then_some((&text[..at], path));
    }
    None
}

/// Where nginx's own parts start behind the text. The text may quote what the client sent; of a
/// failed `open()`, the path ends before `failed`.
fn nginx_tail(message: &[u8]) -> Option<usize> {
    let quoted = message.starts_with(b"open() \"");
    let from = if quoted { memmem::find(message, b"\" failed (").unwrap_or(0) } else { 0 };
    memmem::find_iter(&message[from..], b", client: ").map(|at| from + at).find(|at| {
        let address = &message[at + b", client: ".len()..];
        let len = address.iter().position(|b| matches!(b, b',' | b' ')).unwrap_or(address.len());
        is_address(&address[..len])
    })
}

/// Reads `, client: A, server: S, request: "R", upstream: "U", host: "H", referrer: "F"`.
fn nginx_parts<'a>(tail: &'a [u8], event: &mut Event<'a>) {
    let Some(rest) = tail.strip_prefix(b", client: ") else { return };
    let (client, rest) = until(rest, b", server: ");
    event.set(Field::Client, client.trim_ascii_end());
    let Some(rest) = rest else { return };
    let (server, request) = until(rest, b", request: \"");
    let (server, others) = match request {
        Some(_) => (server, None),
        None => until(server, b", "),
    };
    if !server.is_empty() {
        event.push(&b"server"[..], server);
    }
    let Some(request) = request else { return quoted_parts(others.unwrap_or_default(), event) };
    let end = request_end(request);
    request::set_line_with(event, &request[..end], Into::into);
    quoted_parts(request.get(end + 1..).unwrap_or_default(), event);
    if event.get(Field::Host).is_none() && server.contains(&b'.') {
        event.set(Field::Host, server);
    }
}

/// Where the request line ends: at the mark behind its version, for it may hold marks itself.
fn request_end(request: &[u8]) -> usize {
    let versioned = memmem::find_iter(request, b" HTTP/").find_map(|at| {
        let from = at + b" HTTP/".len();
        let len = request[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        (request.get(from + len) == Some(&b'"')).then_some(from + len)
    });
    let named = || {
        let names = [&b"\", upstream: \""[..], b"\", host: \"", b"\", referrer: \""];
        names.iter().filter_map(|name| memmem::find(request, name)).min()
    };
    versioned.or_else(named).or_else(|| memchr::memrchr(b'"', request)).unwrap_or(request.len())
}

fn quoted_parts<'a>(rest: &'a [u8], event: &mut Event<'a>) {
    let mut rest = rest;
    for (name, field) in [
        (&b"subrequest"[..], None),
        (b"upstream", None),
        (b"host", Some(Field::Host)),
        (b"referrer", Some(Field::Referer)),
    ] {
        let start = [name, b": \""].concat();
        let Some(at) = memmem::find(rest, &start) else { continue };
        let value = &rest[at + start.len()..];
        let close = memmem::find(value, b"\", ").or_else(|| memchr::memrchr(b'"', value));
        let end = close.unwrap_or(value.len());
        match field {
            Some(field) if end > 0 => event.set(field, &value[..end]),
            Some(_) => {}
            None => event.push(name, &value[..end]),
        }
        rest = &value[end..];
    }
}

/// A text up to a mark, and what follows the mark.
fn until<'a>(text: &'a [u8], mark: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    match memmem::find(text, mark) {
        Some(at) => (&text[..at], Some(&text[at + mark.len()..])),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::proof::{hostile, prove, tell};

    #[test]
    fn error_logs() {
        prove(&[
            (
                "[Mon Nov 23 08:46:29.054642 2026] [authz_core:error] [pid 8328:tid 8329] [client 192.0.2.7:51234] AH01630: client denied by server configuration: /var/www/.git, referer: https://x/\n\
                 [Thu Oct 13 12:24:49.880562 2022] [auth_basic:error] [pid 10:tid 14] (13)Permission denied: [client ::1] AH01618: user sss not found: /a?b\n\
                 [Mon Aug 31 16:27:04 2015] [error] [client 10.17.42.3] Premature end of script headers: example.com\n",
                "apache-error",
                "error",
                &[
                    &[
                        "2026-11-23T08:46:29.054642+09:00",
                        "‹c-ip=192.0.2.7›",
                        "‹level=error›",
                        "‹logger=authz_core›",
                        "‹cs-referer=https://x/›",
                        "‹message=AH01630: client denied",
                    ],
                    &["‹c-ip=::1›", "‹cs-username=sss›", "‹cs-uri=/a?b›"],
                    &["‹c-ip=10.17.42.3›", "‹message=Premature", "‹level=error›"],
                ],
            ),
            (
                "2012/04/09 11:53:29 [error] 2865#0: *66647 user \"xyz\" was not found in \"/var/www/.htpasswd\", client: 192.0.43.10, server: www.myhost.com, request: \"GET /?a=\"b\", client: 1.1.1.1, server: x HTTP/1.1\", upstream: \"http://10.0.0.1/\", host: \"www.myhost.com:81\", referrer: \"https://r/\"\n\
                 2012/04/09 11:53:29 [crit] 2865#0: *1 SSL_do_handshake() failed, client: 192.0.43.11, server: 0.0.0.0:443\n\
                 2012/04/09 11:53:29 [error] 1#1: *3 FastCGI sent in stderr: \"PHP message: boom\nStack trace:\n#0 x\" while reading, client: 192.0.43.12, server: , request: \"GET / HTTP/1.1\", host: \"\"\n",
                "nginx-error",
                "error",
                &[
                    &[
                        "2012-04-09T11:53:29+09:00",
                        "‹c-ip=192.0.43.10›",
                        "‹level=error›",
                        "‹cs-uri=/?a=\\\"b\\\", client: 1.1.1.1, server: x›",
                        "‹cs-host=www.myhost.com:81›",
                        "‹cs-referer=https://r/›",
                        "‹upstream=http://10.0.0.1/›",
                    ],
                    &["‹c-ip=192.0.43.11›", "‹server=0.0.0.0:443›"],
                    &["‹c-ip=192.0.43.12›", "PHP message: boom\\nStack trace"],
                ],
            ),
            (
                "2017/03/09 21:56:00 [error] 10#10: *7 [client 203.0.113.66] ModSecurity: Access denied with code 403 (phase 2). Matched \"x\" [file \"a.conf\"] [id \"944100\"] [msg \"Java \\\"attack\\\"\"] [data \"%{(#nike\"] [hostname \"10.0.0.1\"] [uri \"/tax/index.action\"] [unique_id \"u1\"] [ref \"\"], client: 203.0.113.66, server: zei.example.jp, request: \"GET /tax/index.action?q HTTP/1.1\", host: \"zei.example.jp\"\n",
                "modsecurity-error",
                "waf",
                &[&[
                    "2017-03-09T21:56:00+09:00",
                    "‹c-ip=203.0.113.66›",
                    "‹action=blocked›",
                    "‹sc-status=403›",
                    "‹id=944100›",
                    "‹data=%{(#nike›",
                    "‹cs-host=zei.example.jp›",
                    "‹cs-uri=/tax/index.action?q›",
                    "‹request-id=u1›",
                ]],
            ),
            (
                "[Thu Sep 30 13:27:06.010092 2021] [:error] [pid 2560:tid 14] [client ::1:37752] [client ::1] ModSecurity: Warning. Pattern match \"x\" at ARGS:a. [file \"/u/r.conf\"] [line \"71\"] [id \"930110\"] [msg \"Path Traversal\"] [hostname \"localhost\"] [uri \"/a\"] [unique_id \"YVW\"]\n",
                "modsecurity-error",
                "waf",
                &[&[
                    "‹c-ip=::1›",
                    "‹action=detected›",
                    "‹id=930110›",
                    "‹cs-host=localhost›",
                    "‹cs-uri-stem=/a›",
                    "‹request-id=YVW›",
                    "‹msg=Path Traversal›",
                ]],
            ),
        ]);
    }

    #[test]
    fn access_lines_among_errors_are_events_of_their_own() {
        prove(&[(
            "[Thu Sep 30 13:27:06 2021] [error] [client 192.0.2.7] one\n  goes on\n192.0.2.8 - - [30/Sep/2021:13:27:07 +0000] \"GET /a HTTP/1.1\" 200 3\n[Thu Sep 30 13:27:08 2021] [error] [client 192.0.2.7] two\n",
            "apache-error",
            "error",
            &[&["goes on›"], &["‹c-ip=192.0.2.8›", "‹cs-uri-stem=/a›"], &["‹message=two›"]],
        )]);
    }

    #[test]
    fn hostile_requests_come_out() {
        hostile("apache_error", &["‹action=detected›", "‹id=100›", "‹cs-uri=/search›"]);
        hostile(
            "nginx_error",
            &[
                "‹cs-uri-query=q=%27%20UNION%20SELECT%20card_no--›",
                "‹cs-uri-query=x=\\\"quoted\\\"&y=a\\\\b›",
                "‹cs-uri-stem=/café›",
                "‹cs-uri-query=cc=4111111111111111&email=jane%40example.com›",
                "‹cs-uri=/%2e%2e%2f%252e%252e%252fetc/passwd›",
                "GARBAGE",
                "‹cs-uri=http://shop.example.com/abs?x=1›",
                "‹cs-host=evil.example›",
            ],
        );
    }

    proptest! {
        #[test]
        fn mutated_lines_never_panic(at in 0usize..400, byte: u8, cut in 0usize..400) {
            let lines: [&[u8]; 2] = [
                b"2017/03/09 21:56:00 [error] 10#10: *7 ModSecurity: Access denied with code 403 (phase 2). [id \"944100\"] [uri \"/a\"], client: 203.0.113.66, server: z, request: \"GET /a HTTP/1.1\", host: \"z\"",
                b"[Thu Sep 30 13:27:06.010092 2021] [:error] [pid 2560:tid 14] [client [::1]:37752] ModSecurity: Warning. [id \"930110\"] [msg \"P\"] [uri \"/a\"]",
            ];
            for line in lines {
                let mut line = line.to_vec();
                if let Some(place) = line.get_mut(at) {
                    *place = byte;
                }
                line.truncate(cut);
                tell(&line);
            }
        }
    }
}
