//! Every event as one JSON object a line (`inspect --events -f ndjson`): what other tools read.
//!
//! `line`, `offset`, `time` and the fields that the log has, values masked; fields that only this
//! log has stand under `fields`. An entry that is no event of the format has `"parsed":false`.

use leaksweep::element::mask;
use leaksweep::event::{Event, Field, Parsed};
use leaksweep::line::Entry;
use serde_json::{Map, Value};

/// The fields whose name differs from the rules' name for them (Sigma's), and what it is.
const NAMES: [(Field, &str); 25] = [
    (Field::Client, "client_ip"),
    (Field::Host, "host"),
    (Field::User, "user"),
    (Field::Method, "method"),
    (Field::Stem, "path"),
    (Field::Query, "query"),
    (Field::Version, "version"),
    (Field::Status, "status"),
    (Field::BytesOut, "bytes"),
    (Field::BytesIn, "bytes_in"),
    (Field::Referer, "referer"),
    (Field::UserAgent, "user_agent"),
    (Field::ContentType, "content_type"),
    (Field::ForwardedFor, "forwarded_for"),
    (Field::TimeTaken, "time_taken"),
    (Field::ServerIp, "server_ip"),
    (Field::ServerPort, "server_port"),
    (Field::Message, "message"),
    (Field::Level, "level"),
    (Field::Logger, "logger"),
    (Field::Thread, "thread"),
    (Field::RequestId, "request_id"),
    (Field::Session, "session"),
    (Field::Action, "action"),
    (Field::Operation, "operation"),
];

/// The event's line, line end included.
pub(super) fn line(entry: Entry<'_>, event: &Event<'_>, parsed: Parsed) -> String {
    let mut object = Map::new();
    object.insert("line".into(), entry.line.into());
    object.insert("offset".into(), entry.offset.into());
    if let Some(time) = event.time {
        object.insert("time".into(), time.to_string().into());
    }
    for (field, name) in NAMES {
        if let Some(text) = event.get(field) {
            object.insert(name.into(), typed(field, text));
        }
    }
    let named: Map<String, Value> = event.named().iter().map(named).collect();
    if !named.is_empty() {
        object.insert("fields".into(), named.into());
    }
    if parsed == Parsed::Unparsed {
        object.insert("parsed".into(), false.into());
        object.insert("raw".into(), mask(entry.bytes, 0, usize::MAX).as_str().into());
    }
    format!("{}\n", Value::Object(object))
}

/// Status and bytes as numbers, where they are; everything else as masked text.
fn typed(field: Field, text: &[u8]) -> Value {
    let number = || std::str::from_utf8(text).ok()?.parse::<u64>().ok();
    match field {
        Field::Status | Field::BytesOut | Field::BytesIn => {
            number().map_or_else(|| masked(text), Value::from)
        }
        _ => masked(text),
    }
}

fn masked(text: &[u8]) -> Value {
    mask(text, 0, usize::MAX).as_str().into()
}

fn named((name, text): &(impl AsRef<[u8]>, impl AsRef<[u8]>)) -> (String, Value) {
    let name = mask(name.as_ref(), 0, 200).as_str().to_owned();
    let shown = value(&name, text.as_ref(), usize::MAX);
    (name, shown.into())
}

/// A value as it may be shown: masked together with its name, by which a code or a person's name
/// is known for what it is.
pub(super) fn value(name: &str, text: &[u8], max: usize) -> String {
    let head = format!("{name}=");
    let whole = [head.as_bytes(), text].concat();
    let shown = mask(&whole, 0, max.saturating_add(head.chars().count()));
    let shown = shown.as_str();
    shown.strip_prefix(&head).unwrap_or(shown).to_owned()
}
