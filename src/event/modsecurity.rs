//! What did `ModSecurity` (or Coraza) say and do? Its messages, as error logs carry them.

use memchr::memmem;

use super::escape::backslashes;
use super::{Event, Field};

/// A message has at most so many parts.
const PART_CAP: usize = 64;

/// Reads a message such as `ModSecurity: Access denied with code 403 (phase 2). Pattern match …
/// [id "942100"] [msg "…"] [uri "/a"]`; `false` if the text has none.
pub(super) fn message<'a>(text: &'a [u8], event: &mut Event<'a>) -> bool {
    let Some((before, said)) = split(text) else { return false };
    parts(before, event);
    told(said, event);
    true
}

/// Whether a text has such a message.
pub(super) fn is_message(text: &[u8]) -> bool {
    split(text).is_some()
}

/// What stands before the WAF's name, and what it says.
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    [&b"ModSecurity: "[..], b"Coraza: "].iter().find_map(|name| {
        let at = memmem::find(text, name)?;
        Some((&text[..at], &text[at + name.len()..]))
    })
}

/// Reads a message without the name before it.
pub(super) fn told<'a>(said: &'a [u8], event: &mut Event<'a>) {
    if let Some(action) = action(said.trim_ascii_start()) {
        event.set(Field::Action, action.as_bytes());
    }
    if let Some(status) = denied_status(said) {
        event.set(Field::Status, status);
    }
    parts(said, event);
}

/// What the rule did, by the first words of its message.
fn action(said: &[u8]) -> Option<&'static str> {
    let starts = |words: &str| said.starts_with(words.as_bytes());
    if starts("Access denied") || starts("Access forbidden") {
        return Some("blocked");
    }
    if starts("Access allowed") || starts("Access to phase allowed") {
        return Some("allowed");
    }
    starts("Warning").then_some("detected")
}

/// The status of `Access denied with code 403`.
fn denied_status(said: &[u8]) -> Option<&[u8]> {
    let status = said.strip_prefix(b"Access denied with code ")?.get(..3)?;
    status.iter().all(u8::is_ascii_digit).then_some(status)
}

/// Reads the parts `[name "value"]`. What the request was is set only where the log does not say
/// so itself.
fn parts<'a>(said: &'a [u8], event: &mut Event<'a>) {
    let mut rest = said;
    for _ in 0..PART_CAP {
        let Some((name, value, after)) = part(rest) else { break };
        rest = after;
        let set = match name {
            b"uri" => Some(Field::Target),
            b"unique_id" => Some(Field::RequestId),
            b"hostname" => Some(Field::Host),
            b"client" => Some(Field::Client),
            _ => None,
        };
        match set.filter(|field| event.get(*field).is_none() && !value.is_empty()) {
            Some(Field::Target) => event.set_target(value),
            Some(field) => event.set(field, value),
            None => event.push(name, backslashes(value)),
        }
    }
}

/// The next part: its name, its value and what follows.
fn part(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut from = 0;
    loop {
        from += memchr::memchr(b'[', text.get(from..)?)? + 1;
        let inner = &text[from..];
        let len = inner.iter().take_while(|b| b.is_ascii_lowercase() || **b == b'_').count();
        let Some(value) = inner[len..].strip_prefix(b" \"").filter(|_| len > 0) else { continue };
        let end = memmem::find(value, b"\"]")?;
        return Some((&inner[..len], &value[..end], &value[end + 2..]));
    }
}
