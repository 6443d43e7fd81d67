//! How may log text be shown?

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::found::{Found, Hints, search};
use super::{Element, Grade};
use crate::pan::plain::Plain;
use crate::pan::{spelled, truncated};

/// Text that is safe to show: card numbers masked, secrets gone. Clones share it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Masked(Arc<str>);

impl Masked {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Masked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into()))
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// How often what is shown is searched again; a cut or a replacement may join what was apart.
const PASSES: usize = 4;

/// The most bytes around the place of interest that are searched.
const REACH: usize = 1 << 16;

/// The longest spelling of a card number, with what tells that it is one.
const EDGE: usize = 1 << 10;

/// An excerpt of at most `max` characters of log text around byte `at`, safe to show: every
/// element masked, control bytes made visible.
///
/// Of a card number the first six and last four digits stand, joined by `…`; everything else is
/// replaced by the element's name in `⟨⟩`. A value in an encoded spelling is replaced with all of
/// that spelling.
pub fn mask(text: &[u8], at: usize, max: usize) -> Masked {
    let at = at.min(text.len());
    let window = at.saturating_sub(REACH)..text.len().min(at + REACH);
    let (masked, at, _) = redact(text.get(window.clone()).unwrap_or_default(), at - window.start);
    let (masked, at) = within(&masked, at, window.start > 0, window.end < text.len());
    let mut shown = cut(&visible(masked), at, max);
    for _ in 0..PASSES {
        let (again, _, found) = redact(shown.as_bytes(), 0);
        if again == shown.as_bytes() && !found {
            return Masked(shown.into());
        }
        shown = cut(&String::from_utf8_lossy(&again), 0, max);
    }
    let spells = |c: char| c.is_ascii_alphanumeric() || c == '@';
    let hidden: String = shown.chars().map(|c| if spells(c) { '#' } else { c }).collect();
    Masked(hidden.into())
}

/// Without the edges at which the text goes on unsearched: what stands there may be a part.
fn within(masked: &[u8], at: usize, before: bool, behind: bool) -> (&[u8], usize) {
    let from = if before { EDGE.min(at) } else { 0 };
    let end = masked.len() - if behind { EDGE.min(masked.len() - at) } else { 0 };
    (masked.get(from..end).unwrap_or_default(), at - from)
}

/// Replaces everything found; also tells where byte `at` came to stand, and whether anything was
/// found but numbers that are masked already. A label may be: `⟨name⟩` before a stray `%B4` reads
/// as `Shift_JIS`, and so as a name.
fn redact(text: &[u8], at: usize) -> (Vec<u8>, usize, bool) {
    let plain = Plain::of(text);
    let mut spans: Vec<(Range<usize>, String)> = Vec::new();
    let mut found = false;
    for find in search(&plain.text, &Hints::default()).found {
        found |= !is_masked(&find);
        spans.push((plain.raw(find.span.clone()), label(&find)));
    }
    spans.extend(spelled(text));
    spans.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let (mut out, mut end, mut place) = (Vec::with_capacity(text.len()), 0, None);
    for (span, label) in spans {
        if span.start < end {
            end = end.max(span.end);
            continue;
        }
        if place.is_none() && at < span.end {
            place = Some(out.len() + at.saturating_sub(end).min(span.start - end));
        }
        out.extend_from_slice(text.get(end..span.start).unwrap_or_default());
        out.extend_from_slice(label.as_bytes());
        end = span.end;
    }
    let place = place.unwrap_or(out.len() + at.saturating_sub(end));
    out.extend_from_slice(text.get(end..).unwrap_or_default());
    (out, place, found)
}

fn is_masked(find: &Found) -> bool {
    find.card.is_some_and(|card| matches!(card.grade, Grade::MaskedWell | Grade::MaskedWeakly))
}

fn label(find: &Found) -> String {
    match find.element {
        _ if is_masked(find) => "⟨masked card⟩".into(),
        Element::CardNumber => truncated(&find.value),
        element => format!("⟨{}⟩", element.name()),
    }
}

/// Bytes as text for people: control characters and bytes that are no text made visible.
fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control()
                || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
            {
                out.extend(c.escape_default());
            } else {
                out.push(c);
            }
        }
        for b in chunk.invalid() {
            out.push_str("\\x");
            out.extend([b >> 4, b & 15].map(|n| char::from_digit(n.into(), 16).unwrap_or('?')));
        }
    }
    out
}

/// At most `max` characters around byte `at`.
fn cut(text: &str, at: usize, max: usize) -> String {
    let total = text.chars().count();
    if total <= max {
        return text.to_owned();
    }
    let before = text.char_indices().take_while(|(i, _)| *i < at).count();
    let from = before.saturating_sub(max / 3).min(total - max);
    text.chars().skip(from).take(max).collect()
}
