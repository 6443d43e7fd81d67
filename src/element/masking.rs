//! How may log text be shown?

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::found::{Found, Hints, search};
use super::iin;
use super::number::numbers;
use super::plain::Plain;
use super::{Element, Grade};

/// Text that is safe to show: card numbers masked, secrets gone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Masked(String);

impl Masked {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
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

/// An excerpt of at most `max` characters of log text around byte `at`, safe to show: every
/// element masked, control bytes made visible.
///
/// Of a card number the first six and last four digits stand, joined by `…`; everything else is
/// replaced by the element's name in `⟨⟩`. A value in an encoded spelling is replaced with all of
/// that spelling.
pub fn mask(text: &[u8], at: usize, max: usize) -> Masked {
    let at = at.min(text.len());
    let window = at.saturating_sub(REACH)..text.len().min(at + REACH);
    let (masked, at) = redact(text.get(window.clone()).unwrap_or_default(), at - window.start);
    let mut shown = cut(&visible(&masked), at, max);
    for _ in 0..PASSES {
        let (again, _) = redact(shown.as_bytes(), 0);
        if again == shown.as_bytes() {
            return Masked(shown);
        }
        shown = cut(&String::from_utf8_lossy(&again), 0, max);
    }
    Masked(shown.chars().map(|c| if c.is_ascii_digit() || c == '@' { '#' } else { c }).collect())
}

/// Replaces everything found; also tells where byte `at` came to stand.
fn redact(text: &[u8], at: usize) -> (Vec<u8>, usize) {
    let plain = Plain::of(text);
    let mut spans: Vec<(Range<usize>, String)> = Vec::new();
    for find in search(&plain.text, &Hints::default()).found {
        spans.push((plain.raw(find.span.clone()), label(&find)));
    }
    for plain in Plain::layers(text) {
        let found = windows(&plain.text).into_iter();
        spans.extend(found.map(|(span, digits)| (plain.raw(span), truncated(&digits))));
    }
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
    (out, place)
}

/// Everything that reads as a card number, whatever stands around it: the numbers of a card's
/// form, and every 15 or 16 digits in longer runs and rows of digits.
fn windows(text: &[u8]) -> Vec<(Range<usize>, Vec<u8>)> {
    let valid = |digits: &[u8]| iin::issue(digits).is_some() && iin::luhn(digits);
    let whole = numbers(text).into_iter().filter(|n| valid(n.digits()));
    let mut found: Vec<_> = whole.map(|n| (n.span.clone(), n.digits().to_vec())).collect();
    let mut row: Vec<(usize, u8)> = Vec::new();
    for (at, b) in text.iter().enumerate() {
        let joint =
            matches!(b, b' ' | b'-' | b'.' | b'+') && row.last().is_some_and(|(i, _)| i + 1 == at);
        if b.is_ascii_digit() {
            row.push((at, *b));
        } else if !joint {
            within_row(&row, &mut found);
            row.clear();
        }
    }
    within_row(&row, &mut found);
    found
}

fn within_row(row: &[(usize, u8)], found: &mut Vec<(Range<usize>, Vec<u8>)>) {
    for len in [16, 15] {
        for window in row.windows(len) {
            let digits: Vec<u8> = window.iter().map(|(_, b)| *b).collect();
            let card = iin::issue(&digits).is_some_and(|i| i.alone) && iin::luhn(&digits);
            if let (true, Some((first, _)), Some((last, _))) = (card, window.first(), window.last())
            {
                found.push((*first..last + 1, digits));
            }
        }
    }
}

fn label(find: &Found) -> String {
    match (find.element, find.card.map(|c| c.grade)) {
        (Element::CardNumber, Some(Grade::MaskedWell | Grade::MaskedWeakly)) => {
            "⟨masked card⟩".into()
        }
        (Element::CardNumber, _) => truncated(&find.value),
        (element, _) => format!("⟨{}⟩", element.name()),
    }
}

/// First six and last four.
fn truncated(digits: &[u8]) -> String {
    let part = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
    let tail = digits.len().saturating_sub(4);
    format!("{}…{}", part(digits.get(..6)), part(digits.get(tail..)))
}

/// Bytes as text for people: control characters and bytes that are no text made visible.
fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control()
                || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
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
