//! What could the user tell of a log that leaksweep does not know? A mapping of its names, or a
//! `log_format`, filled in as far as the shapes of its values show.

use std::fmt::Write;
use std::net::IpAddr;

use leaksweep::element::mask;
use leaksweep::event::{Event, Options, is_log_format, recognise};

/// A mapping file for the names that an event has and nobody knows; empty if no value shows what it
/// is.
pub(super) fn mapping(event: &Event<'_>) -> String {
    let mut seen = Vec::new();
    let mut text = String::new();
    for (name, value) in event.named() {
        let name = mask(name, 0, 80);
        let shown = super::events::value(name.as_str(), value, 40);
        let field = shape(value).filter(|field| !seen.contains(field));
        let line = format!("{} = {:?}", field.unwrap_or("?"), name.as_str());
        seen.extend(field);
        // What has no known shape is for the user to decide.
        let off = if field.is_some() { "" } else { "# " };
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{off}{line:<40} # {shown}");
    }
    if seen.is_empty() { String::new() } else { text }
}

/// The field whose shape a value has.
fn shape(value: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(value).ok()?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let bare = text.trim_start_matches('[').split([']', ',']).next().unwrap_or(text);
    let ported = || bare.rsplit_once(':').and_then(|(host, _)| host.parse::<IpAddr>().ok());
    Some(match text {
        _ if bare.parse::<IpAddr>().is_ok() || ported().is_some() => "client_ip",
        _ if is_request(text) => "request",
        "GET" | "POST" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "PATCH" => "method",
        _ if text.starts_with('/') => "path",
        _ if text.starts_with("Mozilla/") => "user_agent",
        _ if is_time(text, digits) => "time",
        _ if text.len() == 3 && digits == 3 && text.starts_with(['1', '2', '3', '4', '5']) => {
            "status"
        }
        _ => return None,
    })
}

fn is_request(text: &str) -> bool {
    text.contains(" HTTP/") && text.starts_with(|c: char| c.is_ascii_uppercase())
}

fn is_time(text: &str, digits: usize) -> bool {
    let clock = text.matches(':').count() >= 2 && digits >= 10 && text.len() <= 40;
    let epoch = text.starts_with('1') && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    clock || (epoch && matches!(text.split('.').next().map_or(0, str::len), 10 | 13))
}

/// A `log_format` for a line, and the share of the head's lines that it fits; `None` if the line
/// does not show a request.
pub(super) fn log_format(head: &[u8], options: &Options) -> Option<(String, f64)> {
    let lines = head.split(|b| *b == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let proposals = lines.take(20).map(pattern).filter(|p| p.contains("$request"));
    let mut tried: Vec<(String, f64)> = Vec::new();
    for text in proposals.filter(|text| is_log_format(text)) {
        if tried.iter().all(|(known, _)| *known != text) {
            let told = Options { log_format: Some(text.clone()), ..options.clone() };
            let guess = recognise(head, &told);
            let fits = if guess.format.name() == "log-format" { guess.score } else { 0.0 };
            tried.push((text, fits));
        }
    }
    tried.into_iter().filter(|(_, fits)| *fits > 0.0).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// A line with its values replaced by variables.
fn pattern(line: &str) -> String {
    let (mut text, mut used) = (String::new(), Vec::new());
    let separator = separator(line);
    let mut rest = line.trim_end();
    while let Some(c) = rest.chars().next() {
        let mark = literal(rest, separator);
        if mark > 0 {
            text.push_str(&rest[..mark]);
            rest = &rest[mark..];
            continue;
        }
        let close = closing(c);
        let inner = &rest[usize::from(close.is_some())..];
        let end = match close {
            Some(close) => inner.find(close).unwrap_or(inner.len()),
            None => inner.find(|c| ends(c, separator)).unwrap_or(inner.len()),
        };
        let name = variable(&inner[..end], &used);
        text.extend(close.map(|_| c));
        text.extend(["$", name.as_str()]);
        text.extend(close);
        used.push(name);
        rest = inner.get(end + usize::from(close.is_some())..).unwrap_or_default();
    }
    text
}

/// What stands between all values of a line, if it is no blank.
fn separator(line: &str) -> Option<char> {
    ['|', '\t', ';'].into_iter().find(|mark| line.matches(*mark).count() >= 3)
}

/// Whether a value without marks around it ends here.
fn ends(c: char, separator: Option<char>) -> bool {
    separator.map_or(matches!(c, ' ' | '>' | ',' | ')' | ']'), |separator| c == separator)
}

/// The mark that closes what another opens.
fn closing(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '[' => Some(']'),
        '<' => Some('>'),
        '{' => Some('}'),
        _ => None,
    }
}

/// The length of what is no value: marks and blanks, and the name of a value (`rt=`, `FROM<`).
fn literal(text: &str, separator: Option<char>) -> usize {
    let name = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(0);
    let named = text[name..].starts_with('=').then_some(name + 1);
    let opened = text[name..].starts_with(['<', '[', '{', '"']).then_some(name);
    let word = text.starts_with(|c: char| c.is_alphabetic());
    if let Some(len) = named.or(opened).filter(|len| word && *len > 0) {
        return len;
    }
    let value = |c: char| match separator {
        Some(separator) => c != separator,
        None => c.is_alphanumeric() || "/-:.*\"[<{".contains(c),
    };
    text.find(value).unwrap_or(text.len())
}

/// The variable for a value: one of nginx's, or a name of its own.
fn variable(value: &str, used: &[String]) -> String {
    let known = match shape(value.as_bytes()) {
        Some("client_ip") => "remote_addr",
        Some("request") => "request",
        Some("method") => "request_method",
        Some("path") => "request_uri",
        Some("user_agent") => "http_user_agent",
        Some("time") => "time_local",
        Some("status") => "status",
        _ if value.starts_with("http") => "http_referer",
        _ if is_host(value) => "host",
        _ if value.len() < 12 && value.parse::<u64>().is_ok() => "body_bytes_sent",
        _ => "",
    };
    let free = |name: &&str| !name.is_empty() && used.iter().all(|other| other != name);
    [known]
        .iter()
        .find(|name| free(name))
        .map_or_else(|| format!("field_{}", used.len() + 1), |name| (*name).to_owned())
}

/// Whether a value has the shape of a host's name with a domain.
fn is_host(value: &str) -> bool {
    let last = value.rsplit_once('.').map_or("", |(_, last)| last);
    last.len() > 1
        && last.chars().all(|c| c.is_ascii_alphabetic())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_its_format() {
        let line = "200|192.0.2.7|2017-03-08T05:12:07+09:00|\"GET /a?b=1 HTTP/1.1\"|web-1";
        let expected = "$status|$remote_addr|$time_local|\"$request\"|$field_5";
        assert_eq!(pattern(line), expected);
        let head = format!("{line}\n").repeat(3);
        let (text, fits) = log_format(head.as_bytes(), &Options::default()).unwrap();
        assert_eq!((text.as_str(), fits), (expected, 1.0));
    }

    #[test]
    fn lines_of_any_making_show_their_formats() {
        for (line, expected) in [
            (
                "2024-02-10T21:42:07Z;GET;/pay?x=1;200;192.0.2.4;shop.example.com;12;Mozilla/5.0 (X11)",
                "$time_local;$request_method;$request_uri;$status;$remote_addr;$host;\
                 $body_bytes_sent;$http_user_agent",
            ),
            (
                "2024-02-10T21:42:07Z REQ<GET /pay?x=1 HTTP/1.1> FROM<192.0.2.4> RC<200> SZ<12>",
                "$time_local REQ<$request> FROM<$remote_addr> RC<$status> SZ<$body_bytes_sent>",
            ),
            (
                "ip=192.0.2.4 at=[10/Feb/2024:21:42:07 +0000] \"GET /a HTTP/1.1\" rc=200",
                "ip=$remote_addr at=[$time_local] \"$request\" rc=$status",
            ),
        ] {
            assert_eq!(pattern(line), expected);
            let head = format!("{line}\n").repeat(3);
            let (_, fits) = log_format(head.as_bytes(), &Options::default()).unwrap();
            assert!(fits >= 1.0, "{line}");
        }
    }

    #[test]
    fn values_show_what_they_are() {
        for (value, field) in [
            ("192.0.2.7:443", Some("client_ip")),
            ("2001:db8::1", Some("client_ip")),
            ("GET / HTTP/1.1", Some("request")),
            ("1488931200.123", Some("time")),
            ("08/Mar/2017:05:12:07 +0900", Some("time")),
            ("404", Some("status")),
            ("4111111111111111", None),
            ("x", None),
        ] {
            assert_eq!(shape(value.as_bytes()), field, "{value}");
        }
    }
}
