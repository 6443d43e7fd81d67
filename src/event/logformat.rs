//! What does a server's own description of its log say? Apache's `LogFormat` and nginx's
//! `log_format`, as bare texts or within a configuration file, become templates.

use super::Field;
use super::template::{Part, Slot, Template};

/// The templates of a text: every `LogFormat` and `log_format` directive in it or, if there is
/// none, the text itself. Unusable ones are left out.
pub(super) fn templates(text: &str) -> Vec<Template> {
    let mut formats: Vec<Vec<Part>> = apache_directives(text).map(|f| apache(&f)).collect();
    formats.extend(nginx_directives(text).map(|f| nginx(&f)));
    if formats.is_empty() {
        let text = text.trim();
        formats.push(if text.contains('%') { apache(text) } else { nginx(text) });
    }
    formats.into_iter().filter_map(Template::new).collect()
}

/// The format texts of `LogFormat "…" name` lines (and `CustomLog file "…"`), a backslash at a
/// line's end continuing it.
fn apache_directives(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let formats: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let (directive, rest) = line.trim_start().split_once(char::is_whitespace)?;
            let known =
                ["LogFormat", "CustomLog"].iter().any(|d| directive.eq_ignore_ascii_case(d));
            known.then(|| quoted_with_percent(rest))?
        })
        .collect();
    formats.into_iter()
}

/// The first quoted argument that holds a `%`, its `\"` undone.
fn quoted_with_percent(arguments: &str) -> Option<String> {
    let mut rest = arguments;
    loop {
        rest = &rest[rest.find('"')? + 1..];
        let end = closing_quote(rest)?;
        if rest[..end].contains('%') {
            return Some(rest[..end].replace("\\\"", "\""));
        }
        rest = &rest[end + 1..];
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    })
}

/// The format texts of `log_format name [escape=…] '…' '…';`.
fn nginx_directives(text: &str) -> impl Iterator<Item = String> {
    let directive = |at: usize| text[..at].rsplit('\n').next().is_some_and(|l| !l.contains('#'));
    text.match_indices("log_format").filter(move |(at, _)| directive(*at)).filter_map(
        |(at, name)| {
            let arguments = &text[at + name.len()..];
            let strings = strings(arguments);
            (arguments.starts_with(char::is_whitespace) && !strings.is_empty()).then_some(strings)
        },
    )
}

/// The quoted strings up to a `;`, put together.
fn strings(text: &str) -> String {
    let mut joined = String::new();
    let mut quote = None;
    let mut escaped = false;
    for letter in text.chars() {
        match quote {
            None if letter == ';' => break,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            None => {}
            Some(_) if escaped => {
                escaped = false;
                joined.push(letter);
            }
            Some(_) if letter == '\\' => escaped = true,
            Some(open) if letter == open => quote = None,
            Some(_) => joined.push(letter),
        }
    }
    joined
}

/// The parts of an nginx format: `$name` and `${name}`. `$*` is whatever follows.
pub(super) fn nginx(format: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('$') {
        literal(&rest[..at], &mut parts);
        rest = &rest[at + 1..];
        let (name, after) = variable(rest);
        if name != "is_args" {
            parts.push(Part::Slot(nginx_slot(name)));
        }
        rest = after;
    }
    literal(rest, &mut parts);
    parts
}

fn variable(text: &str) -> (&str, &str) {
    if let Some((name, rest)) = text.strip_prefix('{').and_then(|t| t.split_once('}')) {
        return (name, rest);
    }
    if text.starts_with('*') {
        return text.split_at(1);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    text.split_at(end.unwrap_or(text.len()))
}

/// A literal; two blanks in it stand for any number of them.
fn literal(text: &str, parts: &mut Vec<Part>) {
    for (i, piece) in text.split("  ").enumerate() {
        if i > 0 {
            parts.push(Part::Blanks);
        }
        if !piece.is_empty() {
            parts.push(Part::Text(piece.as_bytes().to_vec()));
        }
    }
}

fn nginx_slot(name: &str) -> Slot {
    match name {
        "*" => Slot::Rest,
        "_" | "remote_port" | "connection" | "connection_requests" | "pipe" | "msec_part" => {
            Slot::Skip
        }
        "remote_addr" | "client_addr" | "proxy_protocol_addr" => Slot::Client,
        "peer" => Slot::Peer,
        "counts" => Slot::Counts,
        "time_local" | "time_iso8601" | "msec" | "time" => Slot::Time,
        "time_month_first" => Slot::MonthFirst,
        "request" => Slot::Request,
        "request_uri" => Slot::Target,
        "uri" | "document_uri" => Slot::Field(Field::Stem),
        "args" | "query_string" => Slot::Field(Field::Query),
        "host" | "http_host" | "server_name" | "ssl_server_name" => Slot::Host,
        _ => NGINX.iter().find(|(n, _)| *n == name).map_or_else(
            || Slot::Named(name.strip_prefix("http_").unwrap_or(name).replace('_', "-")),
            |(_, field)| Slot::Field(*field),
        ),
    }
}

const NGINX: &[(&str, Field)] = &[
    ("remote_user", Field::User),
    ("request_method", Field::Method),
    ("server_protocol", Field::Version),
    ("status", Field::Status),
    ("body_bytes_sent", Field::BytesOut),
    ("bytes_sent", Field::BytesOut),
    ("request_length", Field::BytesIn),
    ("http_referer", Field::Referer),
    ("http_user_agent", Field::UserAgent),
    ("http_x_forwarded_for", Field::ForwardedFor),
    ("proxy_add_x_forwarded_for", Field::ForwardedFor),
    ("http_cookie", Field::Cookie),
    ("http_content_type", Field::ContentType),
    ("content_type", Field::ContentType),
    ("request_body", Field::Body),
    ("resp_body", Field::ResponseBody),
    ("request_time", Field::TimeTaken),
    ("request_id", Field::RequestId),
    ("server_addr", Field::ServerIp),
    ("server_port", Field::ServerPort),
    ("session", Field::Session),
];

/// The parts of an Apache format: `%h`, `%>s`, `%{Referer}i`, `%400,501{User-agent}i`.
fn apache(format: &str) -> Vec<Part> {
    let format = format.replace("\\\"", "\"").replace("\\t", "\t").replace("\\\\", "\\");
    let mut parts = Vec::new();
    let mut rest = format.as_str();
    while let Some(at) = rest.find('%') {
        literal(&rest[..at], &mut parts);
        rest = &rest[at + 1..];
        let (argument, letter, after) = apache_directive(rest);
        rest = after;
        match letter {
            Some('%') => literal("%", &mut parts),
            Some('t') if argument.is_empty() => {
                literal("[", &mut parts);
                parts.push(Part::Slot(Slot::Time));
                literal("]", &mut parts);
            }
            Some(letter) => parts.push(Part::Slot(apache_slot(letter, argument))),
            None => break,
        }
    }
    literal(rest, &mut parts);
    parts
}

/// Reads `[modifiers][{argument}]letter` behind a `%`; `^ti` and the like are one letter.
fn apache_directive(text: &str) -> (&str, Option<char>, &str) {
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit() || "!,<>".contains(c));
    let (argument, text) =
        text.strip_prefix('{').and_then(|t| t.split_once('}')).unwrap_or(("", text));
    let text = text.trim_start_matches(['<', '>']);
    if text.starts_with('^') {
        return (argument, Some('^'), text.get(3..).unwrap_or(""));
    }
    let mut letters = text.chars();
    let letter = letters.next();
    (argument, letter, letters.as_str())
}

fn apache_slot(letter: char, argument: &str) -> Slot {
    match letter {
        'h' | 'a' => Slot::Client,
        'u' => Slot::Field(Field::User),
        'r' => Slot::Request,
        's' => Slot::Field(Field::Status),
        'b' | 'B' | 'O' => Slot::Field(Field::BytesOut),
        'I' => Slot::Field(Field::BytesIn),
        't' => Slot::Time,
        'm' => Slot::Field(Field::Method),
        'U' => Slot::Field(Field::Stem),
        'q' => Slot::QueryMark,
        'H' => Slot::Field(Field::Version),
        'v' | 'V' => Slot::Host,
        'p' => Slot::Field(Field::ServerPort),
        'A' => Slot::Field(Field::ServerIp),
        'D' | 'T' => Slot::Field(Field::TimeTaken),
        'L' => Slot::Field(Field::RequestId),
        'i' => header(argument),
        'C' => Slot::Named(format!("cookie-{argument}")),
        'e' if argument == "UNIQUE_ID" => Slot::Field(Field::RequestId),
        'o' | 'e' | 'n' | 'x' if !argument.is_empty() => Slot::Named(argument.to_ascii_lowercase()),
        _ => Slot::Skip,
    }
}

/// A request header.
fn header(name: &str) -> Slot {
    let name = name.to_ascii_lowercase();
    if name == "host" || name == "x-forwarded-host" {
        return Slot::Host;
    }
    let variable = format!("http_{}", name.replace('-', "_"));
    let known = NGINX.iter().find(|(n, _)| *n == variable);
    known.map_or(Slot::Named(name), |(_, field)| Slot::Field(*field))
}
