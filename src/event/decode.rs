//! What did the attacker's target see? Decoding layers over a value: raw, once decoded, twice
//! decoded; of a request also with the path that is served, and with parameters in Base64 read
//! ([`readings`]). Layers are additive: matching runs on each, and a finding says which one matched.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::special;

pub use super::base64::{base64, holds_base64};
pub use super::reading::readings;

/// How a text was decoded before it matched, in the order in which the layers are tried.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Layer {
    /// As it stands in the log (un-escaped by the producer's rules).
    #[default]
    #[serde(rename = "raw")]
    Raw,
    /// Decoded once.
    #[serde(rename = "decoded-1")]
    Once,
    /// Decoded twice.
    #[serde(rename = "decoded-2")]
    Twice,
    /// The request target with the path that a server resolves it to.
    #[serde(rename = "normalized")]
    Normalised,
    /// Parameters in Base64, decoded.
    #[serde(rename = "base64")]
    Base64,
}

impl Layer {
    /// All, in order.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Raw, Self::Once, Self::Twice, Self::Normalised, Self::Base64];
    /// Those above the raw text, in order.
    pub const DECODED: [Self; 4] = [Self::Once, Self::Twice, Self::Normalised, Self::Base64];
    /// The last of all.
    pub const LAST: Self = Self::Base64;
    /// How many there are.
    pub const COUNT: usize = Self::LAST as usize + 1;
}

/// Percent-decodes once (`+` becomes a blank), as form and query parsers do; an escape that is
/// none stays as it is. Borrows where nothing changes.
pub fn percent(text: &[u8]) -> Cow<'_, [u8]> {
    apply(text, |rest, out| match rest.first()? {
        b'+' => Some(one(out, b' ', 1)),
        b'%' => percent_byte(rest, out),
        _ => None,
    })
}

/// Decodes once, as an attacker's target would: percent escapes (`%27`, `%u0027`, with overlong
/// UTF-8 made short), `+`, HTML entities (`&#39;`, `&lt;`) and backslash escapes (`\x27`,
/// `\u0027`). Borrows where nothing changes.
pub fn once(text: &[u8]) -> Cow<'_, [u8]> {
    apply(text, unit)
}

/// [`once`] of [`once`]. Borrows where nothing changes.
pub fn twice(text: &[u8]) -> Cow<'_, [u8]> {
    match once(text) {
        Cow::Borrowed(same) => Cow::Borrowed(same),
        Cow::Owned(decoded) => match once(&decoded) {
            Cow::Owned(again) => Cow::Owned(again),
            Cow::Borrowed(_) => Cow::Owned(decoded),
        },
    }
}

/// Whether [`once`] would change anything: no allocation, one pass.
pub fn changes(text: &[u8]) -> bool {
    /// So few bytes are sooner looked through than handed to the vectors.
    const FEW: usize = 16;
    let none = text.len() <= FEW && !text.iter().any(|byte| special::is(*byte));
    !none && first_change(text, unit).is_some()
}

/// Whether [`once`] would change more of an entry than the plus signs of time zones, which are no
/// escapes: nearly every entry has one.
pub(super) fn changes_entry(entry: &[u8]) -> bool {
    let mut scratch = Vec::new();
    let mut is_escape = |at| !is_zone(entry, at) && is_unit(&entry[at..], unit, &mut scratch);
    special::find(entry, &mut is_escape).is_some()
}

/// Whether the plus at `at` begins a zone behind a time: `:00 +0900]`, `:00+09:00`.
pub(super) fn is_zone(entry: &[u8], at: usize) -> bool {
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let Some((before, [b'+', zone @ ..])) = entry.split_at_checked(at) else { return false };
    let before = before.strip_suffix(b" ").unwrap_or(before);
    matches!(before, [.., b':', tens, ones] if digits(&[*tens, *ones]))
        && match zone {
            [a, b, c, d, b']', ..] | [a, b, b':', c, d, b'"' | b' ', ..] => {
                digits(&[*a, *b, *c, *d])
            }
            _ => false,
        }
}

/// Decodes the escape at the start of a text: appends what it stands for and says how long the
/// escape is; `None` if there is none.
type Unit = fn(&[u8], &mut Vec<u8>) -> Option<usize>;

fn apply(text: &[u8], unit: Unit) -> Cow<'_, [u8]> {
    let Some(first) = first_change(text, unit) else { return Cow::Borrowed(text) };
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(&text[..first]);
    let mut rest = &text[first..];
    while let Some(byte) = rest.first() {
        let taken = if special::is(*byte) { unit(rest, &mut out) } else { None };
        if taken.is_none() {
            out.push(*byte);
        }
        rest = &rest[taken.unwrap_or(1)..];
    }
    shorten(&mut out);
    Cow::Owned(out)
}

fn first_change(text: &[u8], unit: Unit) -> Option<usize> {
    let mut scratch = Vec::new();
    special::find(text, &mut |at| is_unit(&text[at..], unit, &mut scratch))
}

/// Whether a unit begins a text. A plus is one in every layer, and by far the commonest.
fn is_unit(rest: &[u8], unit: Unit, scratch: &mut Vec<u8>) -> bool {
    rest.first() == Some(&b'+') || unit(rest, scratch).is_some()
}

fn unit(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    match rest.first()? {
        b'+' => Some(one(out, b' ', 1)),
        b'%' => percent_byte(rest, out),
        b'&' => entity(rest, out),
        b'\\' => backslash(rest, out),
        _ => None,
    }
}

fn one(out: &mut Vec<u8>, byte: u8, len: usize) -> usize {
    out.push(byte);
    len
}

/// `%27`; `%u0027` as IIS reads it, full-width forms as the ASCII that it takes them for.
fn percent_byte(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    if let Some(b'u' | b'U') = rest.get(1) {
        let code = hex(rest.get(2..6)?)?;
        let narrow = if (0xff01..=0xff5e).contains(&code) { code - 0xfee0 } else { code };
        return letter(out, narrow, 6);
    }
    Some(one(out, hex(rest.get(1..3)?)? as u8, 3))
}

/// `&#39;`, `&#x27;` (zeros in front as many as they like) and the named ones that attacks use.
fn entity(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let window = &rest[..rest.len().min(16)];
    let end = window.iter().position(|b| *b == b';')?;
    let code = match &window[1..end] {
        [b'#', b'x' | b'X', digits @ ..] if !digits.is_empty() => hex(digits)?,
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok()?,
        name => ENTITIES.iter().find(|(n, _)| n.as_bytes() == name)?.1.into(),
    };
    letter(out, code, end + 1)
}

const ENTITIES: &[(&str, u8)] = &[
    ("lt", b'<'),
    ("gt", b'>'),
    ("amp", b'&'),
    ("quot", b'"'),
    ("apos", b'\''),
    ("nbsp", b' '),
    ("sol", b'/'),
    ("bsol", b'\\'),
    ("colon", b':'),
    ("semi", b';'),
    ("equals", b'='),
    ("period", b'.'),
    ("comma", b','),
    ("lpar", b'('),
    ("rpar", b')'),
    ("lcub", b'{'),
    ("rcub", b'}'),
    ("dollar", b'$'),
    ("num", b'#'),
    ("percnt", b'%'),
    ("Tab", b'\t'),
    ("NewLine", b'\n'),
];

/// `\x27`, `\u0027`, `\u{27}`.
fn backslash(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    match rest.get(1)? {
        b'x' => Some(one(out, hex(rest.get(2..4)?)? as u8, 4)),
        b'u' if rest.get(2) == Some(&b'{') => {
            let window = &rest[3..rest.len().min(12)];
            let end = window.iter().position(|b| *b == b'}').filter(|end| *end > 0)?;
            letter(out, hex(&window[..end])?, end + 4)
        }
        b'u' => letter(out, hex(rest.get(2..6)?)?, 6),
        _ => None,
    }
}

fn letter(out: &mut Vec<u8>, code: u32, len: usize) -> Option<usize> {
    let letter = char::from_u32(code)?;
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    Some(len)
}

fn hex(digits: &[u8]) -> Option<u32> {
    let digit = |n: u32, d: &u8| n.checked_mul(16)?.checked_add((*d as char).to_digit(16)?);
    digits.iter().try_fold(0, digit)
}

/// Replaces overlong UTF-8 of ASCII (`C0 AF`, `E0 80 AF`, `F0 80 80 AF` for `/`) by the byte that
/// a lenient decoder takes it for (CVE-2000-0884, CVE-2008-2938).
fn shorten(text: &mut Vec<u8>) {
    if !text.iter().any(|b| matches!(b, 0xc0 | 0xc1 | 0xe0 | 0xf0)) {
        return;
    }
    let mut from = 0;
    let mut to = 0;
    while from < text.len() {
        let (byte, len) = overlong(&text[from..]).unwrap_or((text[from], 1));
        text[to] = byte;
        to += 1;
        from += len;
    }
    text.truncate(to);
}

fn overlong(text: &[u8]) -> Option<(u8, usize)> {
    let tail = |byte: u8| (byte & 0xc0 == 0x80).then_some(byte & 0x3f);
    match *text {
        [lead @ (0xc0 | 0xc1), a, ..] => Some(((lead & 1) << 6 | tail(a)?, 2)),
        [0xe0, a @ (0x80 | 0x81), b, ..] => Some(((a & 1) << 6 | tail(b)?, 3)),
        [0xf0, 0x80, a @ (0x80 | 0x81), b, ..] => Some(((a & 1) << 6 | tail(b)?, 4)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_as_the_target_would() {
        for (text, once_expected, twice_expected) in [
            ("/a?b=1&c=2", "/a?b=1&c=2", "/a?b=1&c=2"),
            ("%27+OR+1%3d1", "' OR 1=1", "' OR 1=1"),
            ("%252e%252e%252fetc", "%2e%2e%2fetc", "../etc"),
            ("100%&%zz%", "100%&%zz%", "100%&%zz%"),
            ("%u003cscript%u003E%uff0f", "<script>/", "<script>/"),
            ("..%c0%af..%c1%9c%e0%80%af%f0%80%80%af", "../..\\//", "../..\\//"),
            ("&lt;a&#62;&#x0027;&quot;&unknown;", "<a>'\"&unknown;", "<a>'\"&unknown;"),
            ("%26lt%3bscript", "&lt;script", "<script"),
            (r"\x3cb\u003e\u{27}\q", r"<b>'\q", r"<b>'\q"),
            ("%E3%81%82", "あ", "あ"),
            ("&#;&#x;&;&lt", "&#;&#x;&;&lt", "&#;&#x;&;&lt"),
        ] {
            assert_eq!(once(text.as_bytes()).as_ref(), once_expected.as_bytes(), "{text}");
            assert_eq!(twice(text.as_bytes()).as_ref(), twice_expected.as_bytes(), "{text}");
        }
        assert_eq!(percent(b"a+b%2Bc&lt;").as_ref(), b"a b+c&lt;");
        assert!(matches!(twice(b"/a?b=1&c=2%"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_zone_of_a_time_is_no_escape() {
        for (entry, changed) in [
            ("::1 - - [10/Oct/2016:13:55:36 +0900] \"GET / HTTP/1.1\" 200 5", false),
            ("{\"time\":\"2026-11-23T08:46:29+09:00\",\"path\":\"/\"}", false),
            ("::1 - - [10/Oct/2016:13:55:36 +0900] \"GET /?q=a+b HTTP/1.1\" 200 5", true),
            ("::1 - - [10/Oct/2016:13:55:36 +0900] \"GET /%41 HTTP/1.1\" 200 5", true),
            ("GET /?q=:00+0900] HTTP/1.1", false),
            ("GET /?q=:00+select HTTP/1.1", true),
            ("+0900]", true),
            (":00 +", true),
        ] {
            assert_eq!(changes_entry(entry.as_bytes()), changed, "{entry}");
        }
    }

    proptest::proptest! {
        #[test]
        fn borrows_exactly_where_nothing_changes(text in "[%+&\\\\a-f0-9ux;#{}\u{e0}]{0,24}") {
            let decoded = once(text.as_bytes());
            proptest::prop_assert_eq!(changes(text.as_bytes()), matches!(decoded, Cow::Owned(_)));
            proptest::prop_assert!(decoded.len() <= text.len());
            let again = once(&decoded);
            let twice = twice(text.as_bytes());
            proptest::prop_assert_eq!(again.as_ref(), twice.as_ref());
        }

        #[test]
        fn never_panics(text in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let _ = (once(&text), twice(&text), percent(&text), changes(&text));
        }
    }
}
