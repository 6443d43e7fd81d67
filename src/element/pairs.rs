//! Which value stands under which key? JSON, key=value, query strings, form bodies, XML, dumps of
//! programming languages and labelled text, all by the same look back from the separator.

use std::ops::Range;

use memchr::memchr3_iter;

use super::keys::{self, Norm, Role};
use crate::pan::plain::byte;

/// A value and what its key says of it.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub role: Option<Role>,
    /// A hash of the key.
    pub key: u32,
    /// Where the value stands, quotes left out.
    pub value: Range<usize>,
}

/// The longest key and the longest value that are looked at.
const KEY_CAP: usize = 48;
const VALUE_CAP: usize = 4096;

/// All pairs of a text whose key can be read, in the order of their values.
pub(super) fn pairs(text: &[u8]) -> Vec<Pair> {
    let mut found: Vec<Pair> = Vec::new();
    let mut ends = Ends::default();
    for at in memchr3_iter(b'=', b':', b'>', text) {
        let Some(key) = key_before(text, at) else { continue };
        let Some(value) = value_after(text, at, &mut ends) else { continue };
        let name = text.get(key.clone()).unwrap_or_default();
        let role = keys::role(name, || outer(text, key.start));
        found.push(Pair { role, key: Norm::of(name).hash(), value });
    }
    found.extend(labelled(text));
    found.sort_by_key(|pair| (pair.value.start, pair.value.end));
    found.dedup_by_key(|pair| pair.value.start);
    found
}

fn is_key(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'[') || b >= 0x80
}

/// The key that ends before the separator at `at`.
pub(super) fn key_before(text: &[u8], at: usize) -> Option<Range<usize>> {
    let floor = at.saturating_sub(KEY_CAP);
    let mut end = at;
    while end > floor && matches!(byte(text, end - 1), b'"' | b'\'' | b' ' | b']' | b'=' | b')') {
        end -= 1;
    }
    let mut start = end;
    while start > floor && is_key(byte(text, start - 1)) {
        start -= 1;
    }
    let letters = text.get(start..end)?.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    (letters && start < end).then_some(start..end)
}

/// The key of the object in which the key at `at` stands: `"card":{"number":…`.
fn outer(text: &[u8], at: usize) -> Norm {
    let none = Norm::of(b"");
    let floor = at.saturating_sub(400);
    let mut depth = 0;
    let mut open = at;
    while open > floor {
        open -= 1;
        match byte(text, open) {
            b'}' => depth += 1,
            b'{' if depth > 0 => depth -= 1,
            b'{' => break,
            _ => {}
        }
    }
    if byte(text, open) != b'{' {
        return none;
    }
    let before = text.get(..open).unwrap_or_default();
    let end =
        before.iter().rposition(|b| !matches!(b, b' ' | b':' | b'=' | b'>')).map_or(0, |n| n + 1);
    key_before(text, end).map_or(none, |key| Norm::of(text.get(key).unwrap_or_default()))
}

/// The value behind the separator at `at`.
fn value_after(text: &[u8], at: usize, ends: &mut Ends) -> Option<Range<usize>> {
    let mut start = at + 1;
    while matches!(byte(text, start), b' ' | b'>' | b'=') && start < at + 4 {
        start += 1;
    }
    // PHP's var_dump: string(16) "4111…"
    if text.get(start..)?.starts_with(b"\nstring(") || text.get(start..)?.starts_with(b"string(") {
        start += text.get(start..)?.iter().take(24).position(|b| *b == b'"')?;
    }
    let quote = byte(text, start);
    if matches!(quote, b'"' | b'\'') {
        let inner = text.get(start + 1..)?;
        let len = inner.iter().take(VALUE_CAP).position(|b| *b == quote || *b == b'\n')?;
        return Some(start + 1..start + 1 + len);
    }
    let end = ends.of(text, start);
    (end > start).then_some(start..end)
}

/// Where values without quotes end that are asked for from left to right: what was looked through for
/// one of them is not for the next (`a=a=a=…`).
#[derive(Default)]
struct Ends {
    end: Ahead,
    blank: Ahead,
    pair: Ahead,
    /// The last separator behind a blank, and the blank before it.
    last: (usize, usize),
}

impl Ends {
    /// The end of the value that begins at `start`: it may hold blanks, but not what begins the next
    /// pair, which is ` key=` or ` HTTP/1.1`.
    fn of(&mut self, text: &[u8], start: usize) -> usize {
        let end = self.end.find(start..text.len().min(start + VALUE_CAP), |i| ends(byte(text, i)));
        let blank = self.blank.find(start..end, |i| byte(text, i) == b' ');
        let begins = |i| match byte(text, i) {
            b' ' => text.get(i..).is_some_and(|rest| rest.starts_with(b" HTTP/")),
            b => matches!(b, b'=' | b':'),
        };
        let pair = self.pair.find(blank..end, begins);
        if pair == end || byte(text, pair) == b' ' {
            return pair;
        }
        if self.last.0 != pair {
            let before = text.get(blank..pair).unwrap_or_default();
            let back = before.iter().rposition(|b| *b == b' ').unwrap_or(0);
            self.last = (pair, blank + back);
        }
        self.last.1
    }
}

/// Finds places from left to right.
#[derive(Default)]
struct Ahead {
    /// Holds none.
    free: Range<usize>,
}

impl Ahead {
    /// The first place in a span that is one, else its end.
    fn find(&mut self, span: Range<usize>, is: impl Fn(usize) -> bool) -> usize {
        if !self.free.contains(&span.start) {
            self.free = span.start..span.start;
        }
        while self.free.end < span.end && !is(self.free.end) {
            self.free.end += 1;
        }
        self.free.end.min(span.end)
    }
}

/// Whether a byte ends a value without quotes.
fn ends(b: u8) -> bool {
    matches!(b, b'&' | b';' | b'|' | b'<' | b'>' | b'"' | b'\t' | b'\n')
        || matches!(b, b'{' | b'}' | b',' | b']' | b')')
}

/// Values behind a Japanese label and a blank: `電話番号 090-…`.
fn labelled(text: &[u8]) -> impl Iterator<Item = Pair> + '_ {
    let blanks =
        text.windows(2).enumerate().filter(|(_, w)| matches!(w, [0x80..=0xFF, b' ' | b'\t']));
    blanks.filter_map(|(i, _)| {
        let key = key_before(text, i + 1)?;
        let name = text.get(key)?;
        let role = keys::role(name, || Norm::of(b""))?;
        let value = value_after(text, i + 1, &mut Ends::default())?;
        Some(Pair { role: Some(role), key: Norm::of(name).hash(), value })
    })
}

/// The pair whose value begins at `at`, or just before it.
pub(super) fn pair_at(pairs: &[Pair], at: usize) -> Option<&Pair> {
    let near = pairs.partition_point(|pair| pair.value.start <= at);
    pairs.get(near.checked_sub(1)?).filter(|pair| at < pair.value.end.max(pair.value.start + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syntax() {
        let table = [
            (r#"{"card_no":"4111","mail":"a@b.c"}"#, vec!["4111", "a@b.c"]),
            ("card_no=4111&expire=2003", vec!["4111", "2003"]),
            (
                "cardNo=4111 expire=2003 name=山田 太郎 tel=03",
                vec!["4111", "2003", "山田 太郎", "03"],
            ),
            ("<CardNo>4111</CardNo>", vec!["4111"]),
            ("[card_number] => 4111", vec!["4111"]),
            (r#"["card_number"]=>string(4) "4111""#, vec!["4111"]),
            (r#""card_number"=>"4111", "cvv"=>"123""#, vec!["4111", "123"]),
            ("{card_number=4111, cvv=123}", vec!["4111", "123"]),
            ("card[number]=4111", vec!["4111"]),
            (r#""card":{"number":"4111"}"#, vec!["4111"]),
            ("氏名:山田太郎", vec!["山田太郎"]),
            ("電話番号 03-1", vec!["03-1"]),
            ("GET /?tel=03 HTTP/1.1", vec!["03"]),
            ("tel=03 tel=04 05 06 mail=07, cvv=08 x", vec!["03", "04 05 06", "07", "08 x"]),
        ];
        for (text, want) in table {
            let got: Vec<_> = pairs(text.as_bytes())
                .into_iter()
                .filter(|p| p.role.is_some())
                .map(|p| String::from_utf8_lossy(&text.as_bytes()[p.value]).into_owned())
                .collect();
            assert_eq!(got, want, "{text}");
        }
    }

    /// As each value by itself is read, in texts in which ends and pairs lie far ahead.
    #[test]
    fn what_is_known_from_before_changes_nothing() {
        let long = "b".repeat(VALUE_CAP - 7);
        let parts = ["a=", " ", "x", "a:", ";", " HTTP/1.1", " c=", &long, "\"", "> "];
        for seed in 0..2_000_usize {
            let part = |n: &usize| parts[(seed >> (n % 7)) * (n + 3) % 31 % parts.len()];
            let text: String = (0..12).collect::<Vec<_>>().iter().map(part).collect();
            let mut ends = Ends::default();
            for (start, _) in text.match_indices(['=', ':', '>']) {
                let alone = Ends::default().of(text.as_bytes(), start + 1);
                assert_eq!(ends.of(text.as_bytes(), start + 1), alone, "{text}");
            }
        }
    }
}
