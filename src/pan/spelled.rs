//! Which spans of a text read as a card number, in whatever spelling?

use std::ops::Range;

use super::iin;
use super::number::numbers;
use super::plain::Plain;

/// What reads as a card number, whatever stands around it and however it is spelled, with the
/// digits that may be shown of it: the first six and the last four (PCI DSS 4.0.1, 3.4.1).
pub(crate) fn spelled(text: &[u8]) -> Vec<(Range<usize>, String)> {
    let of = |plain: Plain<'_>| {
        let found = windows(&plain.text).into_iter();
        let shown = |(span, digits): (_, Vec<u8>)| (plain.raw(span), truncated(&digits));
        found.map(shown).collect::<Vec<_>>()
    };
    Plain::layers(text).flat_map(of).collect()
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

/// First six and last four.
pub(crate) fn truncated(digits: &[u8]) -> String {
    let part = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
    let tail = digits.len().saturating_sub(4);
    format!("{}…{}", part(digits.get(..6)), part(digits.get(tail..)))
}
