//! Is there sensitive authentication data? Magnetic stripe tracks (ISO/IEC 7813) and EMV tags
//! (EMV Book 3, annex A) in hexadecimal; security codes are found by their keys.

use std::ops::Range;

use super::found::{CardFind, Found, Weight};
use super::{Element, Grade};
use crate::pan::iin;
use crate::pan::number::{Number, run_end};
use crate::pan::plain::byte;

/// Finds track data: the card number of a track and the track itself, as one find.
pub(super) fn find(text: &[u8], found: &mut Vec<Found>) {
    find_tags(text, found);
    for mark in memchr::memchr3_iter(b'^', b'=', b'D', text) {
        found.extend(if byte(text, mark) == b'^' {
            track1(text, mark)
        } else {
            track2(text, mark)
        });
    }
}

/// EMV tags in a dump: 5A (card number) and 57 (track 2 equivalent), parsed by their length.
fn find_tags(text: &[u8], found: &mut Vec<Found>) {
    for five in memchr::memchr_iter(b'5', text) {
        found.extend(match byte(text, five + 1) {
            b'A' | b'a' => tag_number(text, five),
            b'7' => tag_track(text, five),
            _ => None,
        });
    }
}

/// The value of a tag of one byte at `at`, if its length lies within bounds.
fn tag_value(
    text: &[u8],
    at: usize,
    bytes: std::ops::RangeInclusive<usize>,
) -> Option<Range<usize>> {
    let len = std::str::from_utf8(text.get(at + 2..at + 4)?).ok()?;
    let len = usize::from_str_radix(len, 16).ok().filter(|n| bytes.contains(n))?;
    let span = at + 4..at + 4 + 2 * len;
    text.get(span.clone())?.iter().all(u8::is_ascii_hexdigit).then_some(span)
}

/// Card digits in a span, padded with F or ended by D, of a valid number.
fn tag_digits(text: &[u8], span: &Range<usize>) -> Option<Number> {
    let end = run_end(text, span.start).min(span.end);
    let number = Number::new(text, span.start..end, false)?;
    (iin::issue(number.digits()).is_some() && iin::luhn(number.digits())).then_some(number)
}

fn tag_number(text: &[u8], at: usize) -> Option<Found> {
    let span = tag_value(text, at, 6..=10)?;
    let number = tag_digits(text, &span)?;
    let padding = text.get(number.span.end..span.end)?;
    let padded = padding.len() <= 8 && padding.iter().all(|b| matches!(b, b'F' | b'f'));
    padded.then(|| find_of(Element::CardNumber, &number, span)).flatten()
}

fn tag_track(text: &[u8], at: usize) -> Option<Found> {
    let span = tag_value(text, at, 11..=19)?;
    let number = tag_digits(text, &span)?;
    let fits = matches!(byte(text, number.span.end), b'D' | b'd');
    let find = fits.then(|| track(text, &number, number.span.end + 1)).flatten()?;
    Some(Found { span: span.start..span.end.max(find.span.end), ..find })
}

fn find_of(element: Element, pan: &Number, span: Range<usize>) -> Option<Found> {
    let issue = iin::issue(pan.digits())?;
    let grade = if iin::is_test(pan.digits(), true) { Grade::Test } else { Grade::Track };
    let card = CardFind { grade, brand: issue.brand, column: 0, tentative: false, id: false };
    let find = Found::new(element, span, Weight::Strong);
    Some(Found { value: pan.digits().to_vec().into(), card: Some(card), ..find })
}

/// The digits that end before `end`: 12 to 19 of them.
fn pan_before(text: &[u8], end: usize) -> Option<Number> {
    let start = (1..=20)
        .map_while(|n| end.checked_sub(n).filter(|i| byte(text, *i).is_ascii_digit()))
        .last()?;
    let number = Number::new(text, start..end, false)?;
    (iin::issue(number.digits()).is_some() && iin::luhn(number.digits())).then_some(number)
}

/// Track 1: `%B4111…^NAME/FIRST^YYMMsss…?`, whose first `^` stands at `mark`.
fn track1(text: &[u8], mark: usize) -> Option<Found> {
    let pan = pan_before(text, mark)?;
    let name = text.get(mark + 1..text.len().min(mark + 28))?.iter().position(|b| *b == b'^')?;
    let printable = text
        .get(mark + 1..mark + 1 + name)?
        .iter()
        .all(|b| (b' '..=b'~').contains(b) || *b >= 0x80);
    let rest = mark + 2 + name;
    let fits =
        printable && name >= 2 && pan.span.start > 0 && byte(text, pan.span.start - 1) == b'B';
    fits.then(|| track(text, &pan, rest)).flatten()
}

/// Track 2: `;4111…=YYMMsss…?`, whose separator stands at `mark`.
fn track2(text: &[u8], mark: usize) -> Option<Found> {
    let pan = pan_before(text, mark)?;
    let left = pan.span.start.checked_sub(1).map_or(0, |i| byte(text, i));
    (!left.is_ascii_alphanumeric()).then(|| track(text, &pan, mark + 1)).flatten()
}

/// Expiry (YYMM), service code and the rest of a track at `at`.
fn track(text: &[u8], pan: &Number, at: usize) -> Option<Found> {
    let digits = text.get(at..at + 7)?;
    let month = std::str::from_utf8(digits.get(2..4)?).ok().and_then(|m| m.parse::<u32>().ok())?;
    let service = matches!(
        digits,
        [_, _, _, _, b'1' | b'2' | b'5' | b'6' | b'7' | b'9', b'0' | b'2' | b'4', b'0'..=b'7']
    );
    if !(1..=12).contains(&month) || !service || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let end = run_end(text, at);
    let end = end + usize::from(byte(text, end) == b'?');
    find_of(Element::Track, pan, pan.span.start..end)
}
