//! Which telephone numbers show by their form alone? Japanese and North American ones printed in
//! groups, and international ones with `+`.

use super::found::{Found, Weight};
use super::{Element, person};
use crate::pan::plain::byte;

/// Three-digit area codes of Japan (0XX-XXX-XXXX); two-digit ones are 03 and 06.
const AREAS: &[&str] = &[
    "011", "015", "017", "018", "019", "022", "023", "024", "025", "026", "027", "028", "029",
    "042", "043", "044", "045", "046", "047", "048", "049", "052", "053", "054", "055", "058",
    "059", "072", "073", "075", "076", "077", "078", "079", "082", "083", "084", "086", "087",
    "088", "089", "092", "093", "095", "096", "097", "098", "099",
];

/// Finds phones in free text.
pub(super) fn find(text: &[u8], found: &mut Vec<Found>) {
    for hyphen in memchr::memchr_iter(b'-', text) {
        found.extend(grouped(text, hyphen));
        found.extend(american(text, hyphen));
    }
    for plus in memchr::memchr_iter(b'+', text) {
        found.extend(international(text, plus));
    }
}

fn new(text: &[u8], start: usize, end: usize) -> Option<Found> {
    let value = std::str::from_utf8(text.get(start..end)?).ok()?;
    let phone = person::phone(value)?;
    let find = Found::new(Element::Phone, start..end, Weight::Strong);
    Some(Found { value: phone.into_bytes().into(), ..find })
}

/// `090-1234-5678`, `03-1234-5678`, `0422-12-3456`, whose first hyphen stands at `hyphen`.
fn grouped(text: &[u8], hyphen: usize) -> Option<Found> {
    let digit = |i: usize| byte(text, i).is_ascii_digit();
    let start = (0..5).map_while(|n| hyphen.checked_sub(n + 1).filter(|i| digit(*i))).last()?;
    let second = crate::pan::number::run_end(text, hyphen + 1);
    let end = crate::pan::number::run_end(text, second + 1);
    let before = start.checked_sub(1).map_or(0, |i| byte(text, i));
    let edge = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    if byte(text, start) != b'0'
        || byte(text, second) != b'-'
        || edge(before)
        || !free_end(text, end)
    {
        return None;
    }
    let area = std::str::from_utf8(text.get(start..hyphen)?).ok()?;
    let shape = (area.len(), second - hyphen - 1, end - second - 1);
    let is_phone = match shape {
        (3, 4, 4) => matches!(area, "050" | "060" | "070" | "080" | "090"),
        (3, 3, 4) => AREAS.contains(&area),
        (2, 4, 4) => matches!(area, "03" | "06"),
        (4, 2, 4) | (5, 1, 4) => !area.starts_with("00"),
        _ => false,
    };
    is_phone.then(|| new(text, start, end)).flatten()
}

/// `+81 90-1234-5678`, `+1 415 555 0132`, `+819012345678`: a country code and a number of that
/// country's length, in groups or not.
fn international(text: &[u8], plus: usize) -> Option<Found> {
    let before = plus.checked_sub(1).map_or(0, |i| byte(text, i));
    if before.is_ascii_alphanumeric() || matches!(before, b'+' | b'/') {
        return None;
    }
    let rest = text.get(plus + 1..text.len().min(plus + 22))?;
    let part = |b: &u8| b.is_ascii_digit() || matches!(b, b' ' | b'-');
    let len = rest.iter().position(|b| !part(b)).unwrap_or(rest.len());
    let written = std::str::from_utf8(rest.get(..len)?).ok()?;
    // What follows behind a blank may be another number.
    let ends = written.match_indices([' ', '-']).map(|(i, _)| i).chain([written.len()]);
    let ends: Vec<usize> = ends.collect();
    ends.into_iter().rev().find_map(|end| {
        let number = written.get(..end)?;
        let whole = !byte(text, plus + 1 + end).is_ascii_alphanumeric();
        (whole && is_international(number)).then(|| new(text, plus, plus + 1 + end))?
    })
}

/// Country codes, and how many digits follow each.
const COUNTRIES: &[(&str, std::ops::RangeInclusive<usize>)] = &[
    ("1", 10..=10),
    ("33", 9..=9),
    ("34", 9..=9),
    ("39", 9..=11),
    ("44", 9..=10),
    ("49", 9..=11),
    ("55", 10..=11),
    ("61", 9..=9),
    ("62", 9..=11),
    ("63", 10..=10),
    ("65", 8..=8),
    ("66", 8..=9),
    ("81", 9..=10),
    ("82", 8..=10),
    ("84", 9..=10),
    ("86", 10..=11),
    ("91", 10..=10),
    ("852", 8..=8),
    ("886", 8..=9),
];

fn is_international(number: &str) -> bool {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let groups: Vec<&str> = number.split([' ', '-']).collect();
    let fits = COUNTRIES.iter().find_map(|(code, lengths)| {
        let national = digits.strip_prefix(code)?;
        // A group ends where the country code ends, if there are groups.
        let cut = groups.len() == 1 || groups.first() == Some(code);
        let trunk = national.starts_with('0') && *code != "39";
        Some(cut && !trunk && lengths.contains(&national.len()))
    });
    fits == Some(true) && groups.iter().all(|group| !group.is_empty())
}

/// `(415) 555-0132`, `415-555-0132`: a number of the North American plan, whose area and exchange
/// begin with 2 to 9; the hyphen before the last four digits stands at `hyphen`.
fn american(text: &[u8], hyphen: usize) -> Option<Found> {
    let end = crate::pan::number::run_end(text, hyphen + 1);
    let exchange = hyphen.checked_sub(3)?;
    let bracket =
        exchange.checked_sub(1 + usize::from(exchange > 0 && byte(text, exchange - 1) == b' '))?;
    let (start, area) = match byte(text, bracket) {
        b')' => (bracket.checked_sub(4)?, bracket - 3),
        b'-' if bracket + 1 == exchange => (bracket.checked_sub(3)?, bracket - 3),
        _ => return None,
    };
    let before = start.checked_sub(1).map_or(0, |i| byte(text, i));
    let digits = |at: usize| text.get(at..at + 3).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    let open = byte(text, bracket) == b'-' || byte(text, start) == b'(';
    let code = |at: usize| digits(at) && matches!(byte(text, at), b'2'..=b'9');
    let free = |b: u8| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_' | b'.' | b'/');
    let whole = end - hyphen == 5 && free(before) && free_end(text, end);
    (open && whole && code(area) && code(exchange)).then(|| new(text, start, end))?
}

/// Whether nothing that belongs to a longer identifier follows.
fn free_end(text: &[u8], end: usize) -> bool {
    !byte(text, end).is_ascii_alphanumeric() && !matches!(byte(text, end), b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_and_what_only_looks_like_one() {
        let table: &[(&str, &[&str])] = &[
            ("tel 090-1234-5678, 03-1234-5678", &["090-1234-5678", "03-1234-5678"]),
            ("045-123-4567 0422-12-3456", &["045-123-4567", "0422-12-3456"]),
            ("call +81 90-1234-5678 or +1 415 555 0132", &["+81 90-1234-5678", "+1 415 555 0132"]),
            (
                "+91 4155550132, +49 30 1234567; +39 06 678 4343",
                &["+91 4155550132", "+49 30 1234567", "+39 06 678 4343"],
            ),
            ("to=+819012345678, +14155550132 200", &["+819012345678", "+14155550132"]),
            (
                "(415)555-0132 (415) 555-0132 415-555-0132",
                &["(415)555-0132", "(415) 555-0132", "415-555-0132"],
            ),
            ("+12345678901234 +0900 +81 0 123 115-555-0132 (1) 555-0132 415-555-01321", &[]),
            ("2017-03-08 0120-123-456 [08/Mar/2017:05:12:07 +0900]", &[]),
            ("4111-1111-1111-1111 A090-1234-5678 090-1234-5678-9", &[]),
            ("q=a+12 34 56 78 +0900 200", &[]),
        ];
        for (text, want) in table {
            let mut found = Vec::new();
            find(text.as_bytes(), &mut found);
            let got: Vec<_> = found.iter().map(|f| &text[f.span.clone()]).collect();
            assert_eq!(got, *want, "{text}");
        }
    }
}
