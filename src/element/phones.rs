//! Which telephone numbers show by their form alone? Japanese ones printed in groups, and
//! international ones with `+` and groups.

use super::found::{Found, Weight};
use super::plain::byte;
use super::{Element, person};

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
    let second = super::number::run_end(text, hyphen + 1);
    let end = super::number::run_end(text, second + 1);
    let before = start.checked_sub(1).map_or(0, |i| byte(text, i));
    let edge = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    if byte(text, start) != b'0'
        || byte(text, second) != b'-'
        || edge(before)
        || matches!(byte(text, end), b'-' | b'_')
        || byte(text, end).is_ascii_alphanumeric()
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

/// `+81 90-1234-5678`, `+1 415 555 0132`: a country code and groups.
fn international(text: &[u8], plus: usize) -> Option<Found> {
    const COUNTRIES: &[&str] = &[
        "1", "33", "34", "39", "44", "49", "55", "61", "62", "63", "65", "66", "81", "82", "84",
        "86", "91", "852", "886",
    ];
    let before = plus.checked_sub(1).map_or(0, |i| byte(text, i));
    if before.is_ascii_alphanumeric() || matches!(before, b'+' | b'/') {
        return None;
    }
    let rest = text.get(plus + 1..text.len().min(plus + 22))?;
    let part = |b: &u8| b.is_ascii_digit() || matches!(b, b' ' | b'-');
    let len = rest.iter().position(|b| !part(b)).unwrap_or(rest.len());
    let number = std::str::from_utf8(rest.get(..len)?).ok()?.trim_end_matches([' ', '-']);
    let groups: Vec<&str> = number.split([' ', '-']).collect();
    let sizes = groups.iter().skip(1).all(|g| (2..=5).contains(&g.len()) || *g == "3" || *g == "6");
    let digits: usize = groups.iter().map(|g| g.len()).sum();
    let whole = !byte(text, plus + 1 + number.len()).is_ascii_alphanumeric();
    let fits = COUNTRIES.contains(groups.first()?) && groups.len() >= 3 && sizes && whole;
    (fits && (10..=14).contains(&digits)).then(|| new(text, plus, plus + 1 + number.len()))?
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
