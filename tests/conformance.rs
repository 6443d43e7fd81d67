//! Does each line that other tools' tests hold give the fields that their makers expect?
//!
//! `tests/lines.ndjson` holds a line of each producer that we know, written by hand after its
//! documentation. Of lines by others, reads `parser/lines.ndjson` (see its README for the sources), the real logs and the servers'
//! logs of the ten hostile requests, if the data is there; else every test returns early.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use leaksweep::event::{Event, Field, Options, Parsed, recognise};
use leaksweep::time::Time;
use serde_json::Value;

/// Where data by others lies, if it does.
fn data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    let folders = [std::env::var_os("LEAKSWEEP_DATA").map(PathBuf::from), Some(beside.into())];
    folders.into_iter().flatten().find(|folder| folder.is_dir())
}

/// The fields that the makers' expectations name, as the events of `text` have them.
fn events(text: &[u8]) -> Vec<(String, BTreeMap<&'static str, String>)> {
    let guess = recognise(text, &Options::default());
    let mut parser = guess.format.parser();
    let mut events = Vec::new();
    for line in text.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)) {
        let mut event = Event::default();
        event.reset(line);
        match parser.parse(line, &mut event) {
            Parsed::Skip => {}
            Parsed::Unparsed => events.push(("unparsed".into(), BTreeMap::new())),
            Parsed::Event => events.push((guess.format.name().into(), fields(&event))),
        }
    }
    events
}

fn fields(event: &Event<'_>) -> BTreeMap<&'static str, String> {
    const NAMES: [(&str, Field); 10] = [
        ("client_ip", Field::Client),
        ("method", Field::Method),
        ("path", Field::Stem),
        ("query", Field::Query),
        ("status", Field::Status),
        ("bytes", Field::BytesOut),
        ("referer", Field::Referer),
        ("user_agent", Field::UserAgent),
        ("host", Field::Host),
        ("user", Field::User),
    ];
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let known = NAMES.iter().filter_map(|(name, f)| Some((*name, text(event.get(*f)?))));
    known.chain(event.time.map(|t| ("timestamp", t.to_string()))).collect()
}

/// Whether a value is as expected; an expected null is met by an absent or empty value, and a time
/// of whole seconds by any within the second.
fn meets(name: &str, expected: &Value, got: Option<&String>) -> bool {
    let expected = match expected {
        Value::Null => return got.is_none_or(String::is_empty),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let Some(got) = got else { return false };
    if name != "timestamp" {
        return *got == expected;
    }
    let (Ok(wanted), Ok(time)) = (expected.parse::<Time>(), got.parse::<Time>()) else {
        return false;
    };
    if expected.contains('.') { wanted == time } else { wanted.seconds() == time.seconds() }
}

/// Differences that are meant: a fragment of the line's id, the field, and the reason.
const MEANT: &[(&str, &str, &str)] = &[
    ("hub:.tests/aws-alb", "timestamp", "they take request_creation_time, we the entry's own time"),
    ("elastic/beats#12", "client_ip", "X-Forwarded-For is believed only of trusted proxies"),
    ("testExternalExample", "client_ip", "a private format that needs its LogFormat"),
    ("modsecurity-logs-nginx", "host", "they take the server's address, we the Host header"),
    ("testProcessWithIIS", "user_agent", "they keep the + that IIS writes for a blank"),
];

/// Formats of application, error and JSON logs, whose files are others' in this room.
fn is_application(format: &str) -> bool {
    ["json", "error", "ERROR", "modsec"].iter().any(|part| format.contains(part))
}

/// What of a case is not as expected.
fn differences(case: &Value) -> Vec<String> {
    let get = |name: &str| case[name].as_str().unwrap_or_default();
    let header = case["header"].as_str().map(|h| format!("{h}\n")).unwrap_or_default();
    let (format, fields) =
        events(format!("{header}{}", get("line")).as_bytes()).pop().unwrap_or_default();
    let expected = case["expected"].as_object().unwrap();
    let wrong =
        expected.iter().filter(|(name, value)| !meets(name, value, fields.get(name.as_str())));
    let told = |(name, value): (&String, &Value)| {
        let got = fields.get(name.as_str());
        format!("{} [{format}]: {name}: expected {value}, got {got:?}", get("id"))
    };
    wrong.map(told).collect()
}

#[test]
fn a_line_of_each_producer_gives_its_fields() {
    let lines = include_str!("lines.ndjson").lines();
    let cases = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let all: Vec<String> = cases.flat_map(|case| differences(&case)).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn lines_by_others_give_the_fields_their_makers_expect() {
    let Some(data) = data() else { return };
    let text = std::fs::read_to_string(data.join("parser/lines.ndjson")).unwrap();
    let mut scores = [(0u32, 0u32); 2];
    let mut differences = Vec::new();
    for case in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let get = |name: &str| case[name].as_str().unwrap_or_default();
        let application = is_application(get("format")) || get("line").starts_with('{');
        let header = case["header"].as_str().map(|h| format!("{h}\n")).unwrap_or_default();
        let (format, fields) =
            events(format!("{header}{}", get("line")).as_bytes()).pop().unwrap_or_default();
        let score = &mut scores[usize::from(application)];
        let mut missing = Vec::new();
        for (name, expected) in case["expected"].as_object().unwrap() {
            let local = name == "timestamp_local";
            let name = if local { "timestamp" } else { name.as_str() };
            let expected = match expected {
                Value::String(text) if local => Value::String(format!("{text}Z")),
                other => other.clone(),
            };
            let known = fields.get(name);
            if !NAMES.contains(&name) {
                continue;
            }
            let meant = MEANT.iter().any(|(id, field, _)| get("id").contains(id) && *field == name);
            let met = meets(name, &expected, known);
            score.0 += u32::from(met);
            score.1 += 1;
            if !met && !meant {
                missing.push(format!("{name}: expected {expected}, got {known:?}"));
            }
        }
        if !missing.is_empty() {
            differences.push(format!(
                "{}{} [{}→{format}]: {}\n    {}",
                if application { "(application) " } else { "" },
                get("id"),
                get("format"),
                missing.join("; "),
                get("line"),
            ));
        }
    }
    println!("{}", differences.join("\n"));
    println!(
        "access: {}/{}; application: {}/{}",
        scores[0].0, scores[0].1, scores[1].0, scores[1].1
    );
    for (met, all) in scores {
        let unexplained = differences.iter().filter(|d| !d.starts_with("(application)")).count();
        assert_eq!(unexplained, 0, "fields that are neither as expected nor meant to differ");
        let share = f64::from(met) / f64::from(all);
        assert!(share >= 0.99, "only {share:.4} of the fields are as expected");
    }
}

const NAMES: [&str; 11] = [
    "client_ip",
    "timestamp",
    "method",
    "path",
    "query",
    "status",
    "bytes",
    "referer",
    "user_agent",
    "host",
    "user",
];

/// The bytes of a file, decompressed if its name says so.
fn bytes(path: &std::path::Path) -> Vec<u8> {
    let raw = std::fs::read(path).unwrap();
    if path.extension().is_none_or(|e| e != "gz") {
        return raw;
    }
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::bufread::GzDecoder::new(&raw[..]), &mut plain).unwrap();
    plain
}

fn files(folder: &str, ends: &str) -> Vec<PathBuf> {
    let Some(data) = data() else { return Vec::new() };
    let entries = std::fs::read_dir(data.join(folder)).unwrap().flatten().map(|e| e.path());
    let mut files: Vec<PathBuf> = entries.filter(|p| p.to_string_lossy().ends_with(ends)).collect();
    files.sort();
    files
}

/// Parses a whole text as the format that its head gives; returns the format's name and the
/// unparsed lines.
fn unparsed(text: &[u8]) -> (String, Vec<String>) {
    let head = &text[..text.len().min(1 << 16)];
    let head = &head[..head.iter().rposition(|b| *b == b'\n').map_or(head.len(), |n| n + 1)];
    let guess = recognise(head, &Options::default());
    let mut parser = guess.format.parser();
    let mut unparsed = Vec::new();
    for line in text.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)) {
        let mut event = Event::default();
        event.reset(line);
        if parser.parse(line, &mut event) == Parsed::Unparsed {
            unparsed.push(String::from_utf8_lossy(line).into_owned());
        }
    }
    (guess.format.name().into(), unparsed)
}

#[test]
fn real_logs_parse_without_rest() {
    for path in files("logs", ".log.gz").into_iter().chain(files("requests", ".log.gz")) {
        let (format, rest) = unparsed(&bytes(&path));
        assert!(rest.is_empty(), "{} ({format}): {rest:?}", path.display());
    }
}

/// Whether an event shows a request.
type Shows = fn(&Event<'_>) -> bool;

/// The ten hostile requests, each by what must come out of a line that holds it, un-escaped.
const HOSTILE: [(&str, Shows); 10] = [
    ("plain", |e| {
        e.get(Field::Stem) == Some(b"/")
            && e.get(Field::Query).is_none()
            && e.get(Field::Method) == Some(b"GET")
    }),
    ("sqli", |e| has(e, Field::Target, b"UNION%20SELECT")),
    ("quotes", |e| has(e, Field::Target, br#"x="quoted"&y=a\b"#)),
    ("bytes", |e| has(e, Field::Target, b"/caf\xc3\xa9?n=\xff")),
    ("card", |e| {
        has(e, Field::Query, b"email=jane%40example.com") && has(e, Field::Method, b"POST")
    }),
    ("traversal", |e| has(e, Field::Target, b"/%2e%2e%2f%252e%252e%252fetc/passwd")),
    ("tls", |e| e.get(Field::Method).is_none() && has(e, Field::Target, b"\x16\x03\x01")),
    ("jndi", |e| has(e, Field::Target, b"${jndi:ldap://10.0.0.1/a}")),
    ("propfind", |e| has(e, Field::Method, b"PROPFIND")),
    ("absolute", |e| has(e, Field::Stem, b"/abs") && has(e, Field::Query, b"x=1")),
];

fn has(event: &Event<'_>, field: Field, part: &[u8]) -> bool {
    event.get(field).is_some_and(|v| v.windows(part.len()).any(|w| w == part))
}

/// The access logs, the format text that one needs, and the requests that its server did not log
/// or logged without what makes them hostile.
const SERVERS: &[(&str, &str, &[&str])] = &[
    ("apache_combined", "", &[]),
    ("apache_combinedio", "", &[]),
    ("apache_common", "", &[]),
    // %U is decoded and normalised, and names the internal redirect of /; %m and %U of what is no
    // request are dashes.
    (
        "apache_custom",
        r#"LogFormat "%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t %{X-Forwarded-For}i %a %V \"%m %U%q %H\" %>s %B %D \"%{Cookie}i\"" custom"#,
        &["plain", "tls", "traversal"],
    ),
    ("apache_vhost_combined", "", &[]),
    // HAProxy refused bytes and garbage (<BADREQ>) and rewrote nothing else; ten lines, nine whole.
    ("haproxy_httplog_syslog", "", &["absolute", "bytes", "tls"]),
    ("nginx_combined", "", &[]),
    (
        "nginx_escape_none",
        r#"log_format raw escape=none '$remote_addr [$time_local] "$request" $status '
                                      '"$http_user_agent" "$request_body"';"#,
        &[],
    ),
    ("nginx_ingress_like", "", &[]),
    // Squid strips queries and replaces refused requests.
    ("squid_combined", "", &["absolute", "bytes", "card", "jndi", "quotes", "sqli", "tls"]),
    ("squid_native", "", &["absolute", "bytes", "card", "jndi", "quotes", "sqli", "tls"]),
    // Tomcat logs a refused request's target as a dash.
    ("tomcat_combined", "", &["bytes", "jndi", "quotes", "tls"]),
    ("tomcat_ext", "", &["bytes", "jndi", "quotes", "tls"]),
    ("tomcat_localhost_access_log", "", &["bytes", "jndi", "quotes", "tls"]),
    // Varnish logs garbage as "- http://localhost HTTP/1.0".
    ("varnishncsa", "", &["tls"]),
];

#[test]
fn every_hostile_request_comes_out_of_every_access_log() {
    let Some(data) = data() else { return };
    for (name, format, lost) in SERVERS {
        let text = bytes(&data.join(format!("servers/{name}.log")));
        let log_format = (!format.is_empty()).then(|| (*format).to_owned());
        let guess = recognise(&text, &Options { log_format, ..Options::default() });
        let mut parser = guess.format.parser();
        let mut missing: Vec<&str> = HOSTILE.iter().map(|(request, _)| *request).collect();
        for line in text.split(|b| *b == b'\n') {
            let mut event = Event::default();
            event.reset(line);
            let parsed = parser.parse(line, &mut event);
            assert_ne!(parsed, Parsed::Unparsed, "{name}: {}", String::from_utf8_lossy(line));
            assert!(parsed == Parsed::Skip || event.time.is_some(), "{name}: no time");
            missing.retain(|m| !HOSTILE.iter().any(|(request, test)| request == m && test(&event)));
        }
        missing.sort_unstable();
        assert_eq!(&missing, lost, "{name} as {}", guess.format.name());
    }
}

#[test]
fn dirty_files_lose_only_the_lines_that_are_broken() {
    let Some(data) = data() else { return };
    let read = |name: &str| events(&bytes(&data.join(format!("edge/{name}.log"))));
    let base = read("base");
    for (name, broken) in [("crlf", 0), ("nofinalnl", 0), ("nulhole", 0), ("junkfirst", 40)] {
        let all = read(name);
        let whole: Vec<_> = all.iter().filter(|(format, _)| format != "unparsed").collect();
        assert_eq!(all.len() - whole.len(), broken, "{name}");
        assert!(whole.iter().zip(&base).all(|(a, b)| *a == b), "{name}");
        assert_eq!(whole.len(), base.len(), "{name}");
    }
}
