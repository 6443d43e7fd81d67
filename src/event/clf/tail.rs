//! What stands behind status and size: referer and user agent, and the fields that producers add.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::head::{set_if_host, set_plain, unquoted};
use super::{closing, is_escaped};
use crate::event::escape::backslashes;
use crate::event::keys::{Role, role};
use crate::event::request::{is_address_list, is_host_name, set_host, set_host_if_absent};
use crate::event::{Event, Field};

/// Reads ` "referer" "agent"`; returns what follows. Tomcat's patterns write other values before.
pub(super) fn headers<'a>(text: &'a [u8], event: &mut Event<'a>) -> &'a [u8] {
    let bare = memchr(b'"', text).and_then(|quote| quote.checked_sub(1)).unwrap_or(0);
    let (before, text) = if text[bare..].starts_with(b" \"-\" \"") || is_url(&text[bare..]) {
        text.split_at(bare)
    } else {
        (&text[..0], text)
    };
    for (name, value) in before.split(|b| *b == b' ').filter_map(pair) {
        set_pair(name, value, event);
    }
    let Some(referer) = text.strip_prefix(b" \"") else { return text };
    let Some(end) = closing(referer, |after| after.is_empty() || after.starts_with(b" \"")) else {
        return text;
    };
    let Some(agent) = referer[end + 1..].strip_prefix(b" \"") else { return text };
    let Some((agent, rest)) = last_quoted(agent) else { return text };
    set_quoted(event, Field::Referer, backslashes(&referer[..end]));
    set_quoted(event, Field::UserAgent, backslashes(agent));
    rest
}

/// Whether a text starts with a quoted URL.
fn is_url(text: &[u8]) -> bool {
    text.starts_with(b" \"http://") || text.starts_with(b" \"https://")
}

/// A quoted value behind which only whole fields follow. A producer that does not escape writes
/// `"ua "with quotes" and \back" TCP_MISS:NONE`.
fn last_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let split = |at: usize| (&text[..at], &text[at + 1..]);
    let whole = |rest: &[u8]| rest.is_empty() || (rest[0] == b' ' && is_whole(rest));
    let first = closing(text, |after| matches!(after, [] | [b' ', ..]))?;
    if whole(split(first).1) {
        return Some(split(first));
    }
    let mut others = memchr_iter(b'"', text).take(QUOTES_CAP);
    let other = others.find(|at| whole(split(*at).1) && !is_escaped(text, *at));
    Some(split(other.unwrap_or(first)))
}

/// So many quotes within a user agent are looked at, and so many fields behind it: a line of
/// nothing but quotes must not cost the square of its length.
const QUOTES_CAP: usize = 16;
const FIELDS_CAP: usize = 24;

/// Whether a text is made of whole fields: bare ones without a quote, and quoted ones.
fn is_whole(text: &[u8]) -> bool {
    fields(text).take(FIELDS_CAP).all(|field| match field {
        [b'"', inner @ .., b'"'] => !matches!(inner, [.., b'\\']),
        bare => memchr(b'"', bare).is_none() || pair(bare).is_some(),
    })
}

/// Sets a quoted field; `-` is absent, an empty text is present.
pub(super) fn set_quoted<'a>(event: &mut Event<'a>, field: Field, value: Cow<'a, [u8]>) {
    if *value != *b"-" {
        event.set(field, value);
    }
}

/// The fields of a tail: quoted, in brackets, bare, or named (`rt=0.1`, `host="a"`).
fn fields(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let quote = name_len(rest).filter(|name| rest.get(name + 1) == Some(&b'"'));
        let from = quote.map_or(0, |name| name + 1);
        let close = match rest.get(from)? {
            b'"' => closing(&rest[from + 1..], |after| matches!(after, [] | [b' ', ..])),
            b'[' => memchr(b']', &rest[from + 1..]),
            _ => None,
        };
        let end = match close {
            Some(at) => from + at + 2,
            None => memchr(b' ', rest).unwrap_or(rest.len()),
        };
        let (field, after) = rest.split_at(end);
        rest = after;
        Some(field)
    })
}

/// The length of the name of a named field.
fn name_len(field: &[u8]) -> Option<usize> {
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let len = field.iter().take(40).take_while(|b| part(b)).count();
    (len > 0 && field[0].is_ascii_alphabetic() && field.get(len) == Some(&b'=')).then_some(len)
}

/// The name and value of a named field.
fn pair(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = name_len(field)?;
    let value = &field[len + 1..];
    let whole = value.strip_prefix(b"\"").map_or(
        memchr(b'"', value).is_none(),
        |inner| matches!(memchr(b'"', inner), Some(end) if end + 1 == inner.len()),
    );
    whole.then(|| (&field[..len], unquoted(value)))
}

/// Sets a named field: one of known meaning that nothing else has, or under its own name.
fn set_pair<'a>(name: &'a [u8], value: &'a [u8], event: &mut Event<'a>) {
    match role(name) {
        _ if matches!(value, b"" | b"-") => {}
        Some(Role::Field(Field::Host)) if is_host_name(value) => set_host_if_absent(event, value),
        Some(Role::Field(Field::ForwardedFor)) if is_address_list(value) => {
            event.set(Field::ForwardedFor, value);
        }
        _ => event.push(name, value),
    }
}

/// Reads the fields behind the user agent of those producers whose shape tells them: combinedio
/// (`231 222`), nginx main (`"203.0.113.7"`), ingress (`231 0.004 [shop-80] [] …`), Traefik
/// (`500 "router" "backend" 0ms`). Quoted texts of unknown meaning are kept under `extra`.
pub(super) fn tail<'a>(text: &'a [u8], event: &mut Event<'a>) {
    let all: [Option<&[u8]>; 12] = {
        let mut fields = fields(text);
        std::array::from_fn(|_| fields.next())
    };
    match all {
        [Some(first), Some(second), None, ..] if is_number(first) && is_number(second) => {
            event.set(Field::BytesIn, first);
        }
        [Some(length), Some(seconds), Some([b'[', ..]), ..] if is_number(length) => {
            event.set(Field::BytesIn, length);
            set_plain(event, Field::TimeTaken, seconds);
            if let Some(id) = all.iter().flatten().last().filter(|id| id.len() == 32) {
                event.set(Field::RequestId, *id);
            }
        }
        [Some(_), Some([b'"', ..]), Some([b'"', ..]), Some(taken), None, ..]
            if taken.ends_with(b"ms") =>
        {
            event.set(Field::TimeTaken, taken);
        }
        _ => {}
    }
    for field in all.iter().flatten() {
        match (field, pair(field)) {
            ([b'"', inner @ .., b'"'], _) => extra(inner, event),
            (_, Some((name, value))) => set_pair(name, value, event),
            (bare, None) => set_if_host(bare, event),
        }
    }
}

fn is_number(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

fn extra<'a>(value: &'a [u8], event: &mut Event<'a>) {
    if value == b"-" {
        return;
    }
    if event.get(Field::ForwardedFor).is_none() && is_address_list(value) {
        event.set(Field::ForwardedFor, value);
    } else if event.get(Field::Host).is_none() && is_host_name(value) {
        set_host(event, value);
    } else {
        event.push(Cow::Borrowed(&b"extra"[..]), backslashes(value));
    }
}
