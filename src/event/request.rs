//! What was asked for, and of whom? The request line, its target in every form, host names and
//! client addresses, as all web formats write them.

use std::borrow::Cow;

use memchr::{memchr, memmem, memrchr};

use super::escape::backslashes;
use super::{Event, Field};

/// Sets method, target and version from a request line as the log writes it (escaped by
/// backslashes). A method is any token; blanks within the target belong to it. What is no request
/// (`\x16\x03\x01`) becomes the target as a whole: it was sent, and nothing is known of its parts.
pub(super) fn set_line<'a>(event: &mut Event<'a>, line: &'a [u8]) {
    set_line_with(event, line, backslashes);
}

/// [`set_line`] for a producer with other escapes.
pub(super) fn set_line_with<'a>(
    event: &mut Event<'a>,
    line: &'a [u8],
    undo: fn(&'a [u8]) -> Cow<'a, [u8]>,
) {
    if is_absent(line) {
        return;
    }
    let Some((method, target, version)) = split(line) else {
        event.set(Field::Target, undo(line));
        return;
    };
    if !is_absent(method) {
        event.set(Field::Method, method);
    }
    if !version.is_empty() {
        event.set(Field::Version, version);
    }
    if is_absent(target) {
        return;
    }
    if method == b"CONNECT" {
        set_host_if_absent(event, target);
    }
    set_target(event, undo(target));
}

/// Whether a part of a request line says that there was none: Tomcat writes `null`.
fn is_absent(part: &[u8]) -> bool {
    matches!(part, b"-" | b"null")
}

/// [`set_line`] for a line that is un-escaped already.
pub(super) fn set_plain_line<'a>(event: &mut Event<'a>, line: Cow<'a, [u8]>) {
    match line {
        Cow::Borrowed(line) => set_line_with(event, line, Cow::Borrowed),
        Cow::Owned(line) => {
            let mut inside = Event::default();
            if let Some(host) = event.take(Field::Host) {
                inside.set(Field::Host, host);
            }
            set_line_with(&mut inside, &line, Cow::Borrowed);
            event.adopt(&inside);
        }
    }
}

/// Splits a request line into method, target and version (empty for HTTP/0.9).
fn split(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let first = memchr(b' ', line)?;
    let (method, rest) = (&line[..first], &line[first + 1..]);
    if !is_method(method) {
        return None;
    }
    let last = memrchr(b' ', rest);
    match last.map(|at| (&rest[..at], &rest[at + 1..])) {
        Some((target, version)) if is_version(version) => Some((method, target, version)),
        // A load balancer that could not read the request: `- http://host:80- -`.
        Some((target, version)) if is_absent(version) => Some((method, target, b"")),
        _ if is_version(rest) => None,
        _ if rest.starts_with(b"/") || rest.starts_with(b"http") => {
            Some((method, rest.trim_ascii_end(), b""))
        }
        _ => None,
    }
}

fn is_version(text: &[u8]) -> bool {
    text.starts_with(b"HTTP/") || text.starts_with(b"NONE/") || text.starts_with(b"RTSP/")
}

/// A method is a token (RFC 9110, 5.6.2); the letters, digits and signs that servers accept.
fn is_method(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'!'))
}

/// Sets target, path and query from a request target as sent, in origin form (`/a?b`) or absolute
/// form (`http://host/a?b`, which also gives the host if the log has no other).
pub(super) fn set_target<'a>(event: &mut Event<'a>, target: Cow<'a, [u8]>) {
    let authority = authority(&target);
    if let Some((from, to)) = authority {
        match &target {
            Cow::Borrowed(text) => set_host_if_absent(event, &text[from..to]),
            Cow::Owned(text) => set_host_if_absent(event, text[from..to].to_vec()),
        }
    }
    let from = authority.map_or(0, |(_, to)| to);
    let cut = memchr(b'?', &target[from..]).map(|at| from + at);
    let end = cut.unwrap_or(target.len());
    // An empty path means "/" (RFC 3986, 6.2.3).
    let empty = authority.is_some() && from == end;
    let stem = if empty { Cow::Borrowed(&b"/"[..]) } else { part(&target, from, end) };
    event.set(Field::Stem, stem);
    if let Some(cut) = cut {
        event.set(Field::Query, part(&target, cut + 1, target.len()));
    }
    event.set(Field::Target, target);
    event.whole = authority.is_none();
}

/// Whether path and query of an event are those of its target.
pub(super) fn is_whole(event: &Event<'_>) -> bool {
    let Some(target) = event.get(Field::Target) else { return false };
    let (stem, query) = match memchr(b'?', target) {
        Some(cut) => (&target[..cut], Some(&target[cut + 1..])),
        None => (target, None),
    };
    event.get(Field::Stem) == Some(stem) && event.get(Field::Query) == query
}

/// [`set_target`] for a log whose targets may be URLs without their scheme (`shop.example/a?b`).
pub(super) fn set_url<'a>(event: &mut Event<'a>, url: &'a [u8]) {
    let slash = memchr(b'/', url).unwrap_or(0);
    if is_host_name(&url[..slash]) {
        set_host_if_absent(event, &url[..slash]);
        return set_target(event, Cow::Borrowed(&url[slash..]));
    }
    set_target(event, Cow::Borrowed(url));
}

/// A part of a value: borrowed if the value is.
#[inline]
pub(super) fn part<'a>(text: &Cow<'a, [u8]>, from: usize, to: usize) -> Cow<'a, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[from..to]),
        Cow::Owned(text) => Cow::Owned(text[from..to].to_vec()),
    }
}

/// Where the authority of an absolute-form target stands.
#[inline]
pub(super) fn authority(target: &[u8]) -> Option<(usize, usize)> {
    if target.first() == Some(&b'/') {
        return None;
    }
    let scheme = memmem::find(target.get(..target.len().min(16))?, b"://")?;
    if !target[..scheme].iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    let from = scheme + 3;
    let len = target[from..].iter().position(|b| matches!(b, b'/' | b'?' | b'#'));
    Some((from, len.map_or(target.len(), |n| from + n)))
}

/// Sets path and query as separate fields have them, and the target that they make.
pub(super) fn set_parts<'a>(event: &mut Event<'a>, stem: &'a [u8], query: Option<&'a [u8]>) {
    event.set(Field::Stem, stem);
    let Some(query) = query else {
        event.set(Field::Target, stem);
        return;
    };
    event.set(Field::Query, query);
    event.set(Field::Target, [stem, query].join(&b'?'));
}

/// Sets the host (without user and port) unless a better source has set it.
pub(super) fn set_host_if_absent<'a>(event: &mut Event<'a>, host: impl Into<Cow<'a, [u8]>>) {
    if event.get(Field::Host).is_none() {
        set_host(event, host);
    }
}

/// Sets host and, if there is one, server port from `host`, `host:port` or `user@host:port`. A dash
/// at the end belongs to no host: a load balancer that could not read the request wrote it.
pub(super) fn set_host<'a>(event: &mut Event<'a>, host: impl Into<Cow<'a, [u8]>>) {
    let host = host.into();
    let from = memrchr(b'@', &host).map_or(0, |at| at + 1);
    let whole = host.strip_suffix(b"-").unwrap_or(&host).len();
    let Some(authority) = host.get(from..whole) else { return };
    let (name, port) = split_port(authority);
    let end = from + name.len();
    if name.is_empty() {
        return;
    }
    if let Some(port) = port {
        event.set(Field::ServerPort, part(&host, whole - port.len(), whole));
    }
    event.set(Field::Host, part(&host, from, end));
}

/// The host of a target in absolute form, without user and port.
pub(super) fn asked_host(target: &[u8]) -> Option<&[u8]> {
    let (from, to) = authority(target)?;
    let authority = &target[from..to];
    let host = memrchr(b'@', authority).map_or(authority, |at| &authority[at + 1..]);
    Some(split_port(host).0).filter(|host| !host.is_empty())
}

/// Splits `name:port` and `[v6]:port`; an address of version 6 without brackets has no port.
pub(super) fn split_port(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some(colon) = memrchr(b':', text) else { return (text, None) };
    let (name, port) = (&text[..colon], &text[colon + 1..]);
    let bare_v6 = memchr(b':', name).is_some() && name.last() != Some(&b']');
    if bare_v6 || port.is_empty() || port.len() > 5 || !port.iter().all(u8::is_ascii_digit) {
        return (text, None);
    }
    (name, Some(port))
}

/// Splits `address:port` where there is always a port (load balancers, HAProxy), so that the last
/// colon of a version 6 address without brackets is the port's.
pub(super) fn strip_port(text: &[u8]) -> &[u8] {
    let name = memrchr(b':', text).map_or(text, |colon| &text[..colon]);
    name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")).unwrap_or(name)
}

/// Whether a text has the shape of an IP address (or nginx's `unix:`).
pub(super) fn is_address(text: &[u8]) -> bool {
    let v4 = || {
        let (name, _) = split_port(text);
        name.len() >= 7
            && name.iter().all(|b| b.is_ascii_digit() || *b == b'.')
            && memchr::memchr_iter(b'.', name).count() == 3
    };
    let v6 = || {
        let name = text.strip_prefix(b"[").unwrap_or(text);
        memchr::memchr_iter(b':', name).count() >= 2
            && name.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.' | b'%' | b']'))
    };
    v4() || v6() || text == b"unix:"
}

/// Whether a text has the shape of a host's name with a domain, perhaps with a port.
pub(super) fn is_host_name(text: &[u8]) -> bool {
    let (name, _) = split_port(text);
    let last = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    name.len() > last.len() + 1
        && last.len() > 1
        && last.iter().all(u8::is_ascii_alphabetic)
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// Whether a text is a list of addresses as X-Forwarded-For has it: `203.0.113.7, 10.0.0.1`.
pub(super) fn is_address_list(text: &[u8]) -> bool {
    let members = || text.split(|b| *b == b',').map(<[u8]>::trim_ascii);
    members().all(|one| is_address(one) || one == b"unknown" || one == b"-")
        && members().any(is_address)
}

/// The client of a list of forwarded addresses: the first public one, else the first.
pub(super) fn client_of(list: &[u8]) -> &[u8] {
    let addresses = || list.split(|b| *b == b',').map(<[u8]>::trim_ascii);
    let public = addresses().find(|a| is_address(a) && is_public(a));
    let client = public.or_else(|| addresses().find(|a| is_address(a))).unwrap_or(list);
    client.strip_prefix(b"[").and_then(|c| c.strip_suffix(b"]")).unwrap_or(client)
}

fn is_public(address: &[u8]) -> bool {
    use std::net::IpAddr;
    let (name, _) = split_port(address);
    let parsed = std::str::from_utf8(name).ok().and_then(|a| a.parse().ok());
    match parsed {
        Some(IpAddr::V4(a)) => !(a.is_private() || a.is_loopback() || a.is_link_local()),
        Some(IpAddr::V6(a)) => {
            !(a.is_loopback() || a.is_unique_local() || a.is_unicast_link_local())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &'static str) -> [String; 6] {
        let mut event = Event::default();
        set_line(&mut event, line.as_bytes());
        [Field::Method, Field::Target, Field::Stem, Field::Query, Field::Version, Field::Host].map(
            |field| {
                event.get(field).map_or("∅".into(), |v| String::from_utf8_lossy(v).into_owned())
            },
        )
    }

    #[test]
    fn splits_every_form_of_request() {
        for (line, expected) in [
            ("GET /a?b=1?c HTTP/1.1", ["GET", "/a?b=1?c", "/a", "b=1?c", "HTTP/1.1", "∅"]),
            ("GET / HTTP/2", ["GET", "/", "/", "∅", "HTTP/2", "∅"]),
            ("GET /a b  HTTP/2.0", ["GET", "/a b ", "/a b ", "∅", "HTTP/2.0", "∅"]),
            ("GET /old", ["GET", "/old", "/old", "∅", "∅", "∅"]),
            ("M-SEARCH * HTTP/1.1", ["M-SEARCH", "*", "*", "∅", "HTTP/1.1", "∅"]),
            (
                "GET http://u@shop.example:81/abs?x=1 HTTP/1.1",
                [
                    "GET",
                    "http://u@shop.example:81/abs?x=1",
                    "/abs",
                    "x=1",
                    "HTTP/1.1",
                    "shop.example",
                ],
            ),
            ("- http://h HTTP/1.0", ["∅", "http://h", "/", "∅", "HTTP/1.0", "h"]),
            ("CONNECT h:80 HTTP/1.1", ["CONNECT", "h:80", "h:80", "∅", "HTTP/1.1", "h"]),
            ("- http://h:80- -", ["∅", "http://h:80-", "/", "∅", "∅", "h"]),
            ("null null null", ["∅", "∅", "∅", "∅", "∅", "∅"]),
            ("GET null null", ["GET", "∅", "∅", "∅", "∅", "∅"]),
            ("GET - HTTP/1.1", ["GET", "∅", "∅", "∅", "HTTP/1.1", "∅"]),
            ("-", ["∅", "∅", "∅", "∅", "∅", "∅"]),
            ("", ["∅", "", "∅", "∅", "∅", "∅"]),
            (r"\x16\x03 \x41", ["∅", "\u{16}\u{3} A", "∅", "∅", "∅", "∅"]),
            ("batman", ["∅", "batman", "∅", "∅", "∅", "∅"]),
            (r#"GET /q?x=\"q\" HTTP/1.1"#, ["GET", "/q?x=\"q\"", "/q", "x=\"q\"", "HTTP/1.1", "∅"]),
            (
                r#"GET http://h/\"?x=\\ HTTP/1.1"#,
                ["GET", "http://h/\"?x=\\", "/\"", "x=\\", "HTTP/1.1", "h"],
            ),
        ] {
            assert_eq!(fields(line), expected, "{line}");
        }
    }

    #[test]
    fn tells_addresses_from_names() {
        for address in ["192.0.2.7", "192.0.2.7:443", "::1", "2001:db8::7", "unix:", "[::1]:80"] {
            assert!(is_address(address.as_bytes()), "{address}");
        }
        for name in ["shop.example", "-", "", "shop.example:80", "1.2.3", "a:b"] {
            assert!(!is_address(name.as_bytes()), "{name}");
        }
        assert_eq!(client_of(b"10.0.0.2, 10.0.0.1"), b"10.0.0.2");
        assert_eq!(client_of(b"10.0.0.2, 81.2.69.143, 1.1.1.1"), b"81.2.69.143");
        assert_eq!(strip_port(b"2601:6bbc::1:50599"), b"2601:6bbc::1");
    }
}
