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
    for at in memchr3_iter(b'=', b':', b'>', text) {
        let Some(key) = key_before(text, at) else { continue };
        let Some(value) = value_after(text, at) else { continue };
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
fn value_after(text: &[u8], at: usize) -> Option<Range<usize>> {
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
    let end = start + plain_len(text.get(start..)?);
    (end > start).then_some(start..end)
}

/// The length of a value without quotes: it may hold blanks, but not what begins the next pair.
fn plain_len(text: &[u8]) -> usize {
    let stop = |b: &u8| {
        matches!(
            b,
            b'&' | b';'
                | b'|'
                | b'<'
                | b'>'
                | b'"'
                | b'\t'
                | b'\n'
                | b'{'
                | b'}'
                | b','
                | b']'
                | b')'
        )
    };
    let text = text.get(..text.len().min(VALUE_CAP)).unwrap_or_default();
    let end = text.iter().position(stop).unwrap_or(text.len());
    let value = text.get(..end).unwrap_or_default();
    next_pair(value).unwrap_or(end)
}

/// Where ` key=` or ` HTTP/1.1` begins in a value.
fn next_pair(value: &[u8]) -> Option<usize> {
    let mut blank = None;
    for (i, b) in value.iter().enumerate() {
        match b {
            b' ' => {
                blank = Some(i);
                if value.get(i..)?.starts_with(b" HTTP/") {
                    return blank;
                }
            }
            b'=' | b':' if blank.is_some() => return blank,
            _ => {}
        }
    }
    None
}

/// Values behind a Japanese label and a blank: `電話番号 090-…`.
fn labelled(text: &[u8]) -> impl Iterator<Item = Pair> + '_ {
    let blanks =
        text.windows(2).enumerate().filter(|(_, w)| matches!(w, [0x80..=0xFF, b' ' | b'\t']));
    blanks.filter_map(|(i, _)| {
        let key = key_before(text, i + 1)?;
        let name = text.get(key)?;
        let role = keys::role(name, || Norm::of(b""))?;
        let value = value_after(text, i + 1)?;
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
}
