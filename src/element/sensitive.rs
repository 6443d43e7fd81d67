//! Is there sensitive authentication data? Magnetic stripe tracks (ISO/IEC 7813); security codes
//! are found by their keys.

use super::found::{CardFind, Found, Weight};
use super::iin;
use super::number::{Number, run_end};
use super::pairs::Pair;
use super::plain::byte;
use super::{Element, Grade};

/// Finds track data: the card number of a track and the track itself, as one find.
pub(super) fn find(text: &[u8], _pairs: &[Pair], found: &mut Vec<Found>) {
    for mark in memchr::memchr3_iter(b'^', b'=', b'D', text) {
        found.extend(if byte(text, mark) == b'^' {
            track1(text, mark)
        } else {
            track2(text, mark)
        });
    }
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
    let issue = iin::issue(pan.digits())?;
    let grade = if iin::is_test(pan.digits(), true) { Grade::Test } else { Grade::Track };
    let card = CardFind { grade, brand: issue.brand, column: 0, tentative: false, id: false };
    let find = Found::new(Element::Track, pan.span.start..end, Weight::Strong);
    Some(Found { value: pan.digits().to_vec().into(), card: Some(card), ..find })
}
