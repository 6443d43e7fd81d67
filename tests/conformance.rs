//! Does each line that other tools' tests hold give the fields that their makers expect?
//!
//! Reads `parser/lines.ndjson` (see its README for the sources), the real logs and the servers'
//! logs of the ten hostile requests, if the data is there; else every test returns early.

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

/// Whether a value is as expected; an expected null is met by an absent or empty value.
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
    let same = |a: &str, b: &str| Some(a.parse::<Time>().ok()? == b.parse::<Time>().ok()?);
    same(&expected, got).unwrap_or(false)
}

/// Differences that are meant: a fragment of the line's id, the field, and the reason.
const MEANT: &[(&str, &str, &str)] = &[
    ("hub:.tests/aws-alb", "timestamp", "they take request_creation_time, we the entry's own time"),
    ("elastic/beats#12", "client_ip", "X-Forwarded-For is believed only of trusted proxies"),
    ("testExternalExample", "client_ip", "a private format that needs its LogFormat"),
    ("testProcessWithIIS", "user_agent", "they keep the + that IIS writes for a blank"),
];

/// Formats of application, error and JSON logs, whose files are others' in this room.
fn is_application(format: &str) -> bool {
    ["json", "error", "ERROR", "modsec"].iter().any(|part| format.contains(part))
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
            score.0 += u32::from(met || meant);
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
    let share = f64::from(scores[0].0) / f64::from(scores[0].1);
    assert!(share >= 0.99, "only {share:.4} of the fields are as expected");
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
        println!(
            "{}: {format}, {} unparsed: {:?}",
            path.display(),
            rest.len(),
            &rest[..rest.len().min(5)]
        );
    }
}
