//! What does the text say when every spelling is undone?
//!
//! [`Plain`] is an entry with escapes decoded (quoted-printable, %XX, \uXXXX, \xXX, HTML, up to three layers), Japanese
//! encodings turned into UTF-8, and full-width forms, Unicode blanks and hyphens folded to
//! ASCII. Everything is searched in it, and a map leads back to the bytes of the log, so that what
//! was found in any spelling can be masked where it stands.

use std::borrow::Cow;
use std::ops::Range;

use super::{base64, fold, iin};

/// How many layers of escapes are undone.
const LAYERS: usize = 3;

/// A text with its spellings undone.
#[derive(Debug)]
pub(crate) struct Plain<'a> {
    pub text: Cow<'a, [u8]>,
    /// For every byte of `text` and its end, where its character begins in the log; empty if the
    /// text stands as it is.
    map: Vec<u32>,
}

impl<'a> Plain<'a> {
    /// Undoes the spellings of `raw`.
    pub(crate) fn of(raw: &'a [u8]) -> Self {
        Self::with_layers(raw, LAYERS, true)
    }

    /// Undoes at most so many layers of escapes, quoted-printable if asked, and the encodings of
    /// characters.
    fn with_layers(raw: &'a [u8], layers: usize, quoted: bool) -> Self {
        let mut plain = Self { text: Cow::Borrowed(raw), map: Vec::new() };
        if quoted {
            plain.step(unquote);
        }
        let _ = (0..layers).all(|_| plain.step(unescape));
        if layers > 0 && plain.step(base64::decode) {
            plain.step(unescape);
        }
        plain.step(fold::fold);
        plain
    }

    /// The text with no, one, two … layers of escapes undone, with and without quoted-printable:
    /// what reads as an escape may be none.
    pub(crate) fn layers(raw: &'a [u8]) -> impl Iterator<Item = Self> {
        let whole = Self::with_layers(raw, LAYERS, true);
        let mut length = None;
        let unquoted = (0..=LAYERS).map_while(move |layers| {
            let plain = Self::with_layers(raw, layers, false);
            let again = length.replace(plain.text.len()) == Some(plain.text.len());
            (!again).then_some(plain)
        });
        unquoted.chain([whole])
    }

    /// The bytes of the log that spell a span of the text: all of a base64 token that holds it.
    pub(crate) fn raw(&self, span: Range<usize>) -> Range<usize> {
        if self.map.is_empty() {
            return span;
        }
        let at = |i: usize| self.map.get(i).or(self.map.last()).copied().unwrap_or_default();
        let (start, last) = (at(span.start), at(span.end.max(span.start + 1) - 1));
        let behind = self.map.get(span.end..).unwrap_or_default().iter().find(|n| **n > last);
        start as usize..*behind.or(self.map.last()).unwrap_or(&last) as usize
    }

    /// The first byte of the text that is spelled at or behind byte `raw` of the log.
    pub(crate) fn find(&self, raw: usize) -> usize {
        if self.map.is_empty() {
            return raw.min(self.text.len());
        }
        self.map.partition_point(|n| (*n as usize) < raw).min(self.text.len())
    }

    fn step(&mut self, change: fn(&[u8]) -> Option<Output>) -> bool {
        let Some(out) = change(&self.text) else { return false };
        let map = if self.map.is_empty() {
            out.map
        } else {
            let old = |i: u32| self.map.get(i as usize).copied().unwrap_or_default();
            out.map.into_iter().map(old).collect()
        };
        self.text = Cow::Owned(out.text);
        self.map = map;
        true
    }
}

/// A changed text under construction.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub text: Vec<u8>,
    map: Vec<u32>,
}

impl Output {
    pub(crate) fn with_capacity(n: usize) -> Self {
        Self { text: Vec::with_capacity(n), map: Vec::with_capacity(n + 1) }
    }

    /// Adds bytes that are spelled from `from` on, as one character.
    pub(crate) fn push(&mut self, bytes: &[u8], from: usize) {
        self.text.extend_from_slice(bytes);
        self.map.extend(std::iter::repeat_n(from as u32, bytes.len()));
    }

    /// Adds bytes that stand for themselves.
    pub(crate) fn copy(&mut self, text: &[u8], span: Range<usize>) {
        self.map.extend(span.start as u32..span.end as u32);
        self.text.extend_from_slice(text.get(span).unwrap_or_default());
    }

    /// Ends the text, whose input ended at `end`.
    pub(crate) fn end(mut self, end: usize) -> Self {
        self.map.push(end as u32);
        self
    }
}

/// A byte, or 0 beyond the end.
pub(crate) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

fn hex(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |n, b| Some(n << 4 | (*b as char).to_digit(16)?))
}

/// Undoes one layer of escapes; `None` if there is none.
fn unescape(text: &[u8]) -> Option<Output> {
    let mut at = 0;
    let mut out: Option<Output> = None;
    for start in memchr::memchr3_iter(b'%', b'\\', b'&', text) {
        if start < at {
            continue;
        }
        let Some((bytes, len)) = escape(text, start) else { continue };
        let out = out.get_or_insert_with(|| Output::with_capacity(text.len()));
        out.copy(text, at..start);
        out.push(bytes.as_slice(), start);
        at = start + len;
    }
    let mut out = out?;
    out.copy(text, at..text.len());
    Some(out.end(text.len()))
}

/// Undoes quoted-printable (RFC 2045, 6.7); `None` if there is none. An escaped `=` and bytes
/// beyond ASCII show what it is; only beside them are blanks, hyphens and `@` taken for escapes.
fn unquote(text: &[u8]) -> Option<Output> {
    let mut marks = memchr::memchr_iter(b'=', text);
    marks.any(|at| quoted(text, at).is_some()).then_some(())?;
    let mut out = Output::with_capacity(text.len());
    let mut at = 0;
    for start in memchr::memchr_iter(b'=', text).filter(|start| !is_base64_end(text, *start)) {
        let Some(byte) = quoted(text, start).or_else(|| beside(text, start)) else { continue };
        out.copy(text, at..start);
        out.push(&[byte], start);
        at = start + 3;
    }
    out.copy(text, at..text.len());
    Some(out.end(text.len()))
}

/// `=3D` behind a key, or one of two bytes beyond ASCII: surely quoted-printable.
pub(crate) fn quoted(text: &[u8], at: usize) -> Option<u8> {
    let code =
        |at: usize| (byte(text, at) == b'=').then(|| upper_hex(text.get(at + 1..at + 3)?))?;
    let this = code(at)?;
    let high = |at: Option<usize>| at.and_then(code).is_some_and(|b| b >= 0x80);
    let word = at.checked_sub(1).is_some_and(|i| byte(text, i).is_ascii_alphanumeric());
    let sure =
        this == b'=' && word || this >= 0x80 && (high(Some(at + 3)) || high(at.checked_sub(3)));
    sure.then_some(this)
}

/// A blank, a hyphen or a dot between digits, an `@` before a domain, or a quote behind `=3D`, in a
/// text that is quoted-printable. Behind a key, `=22…` and `=40…` begin card numbers.
fn beside(text: &[u8], at: usize) -> Option<u8> {
    let code = upper_hex(text.get(at + 1..at + 3)?)?;
    let (before, after) = (at.checked_sub(1).map_or(0, |i| byte(text, i)), byte(text, at + 3));
    let fits = match code {
        b' ' | b'-' | b'.' => before.is_ascii_digit() && after.is_ascii_digit(),
        b'@' => before.is_ascii_alphanumeric() && after.is_ascii_alphabetic(),
        b'"' => text.get(..at)?.ends_with(b"=3D") || !after.is_ascii_digit(),
        _ => false,
    };
    fits.then_some(code)
}

fn is_base64_end(text: &[u8], at: usize) -> bool {
    byte(text, at + 1) == b'='
}

fn upper_hex(pair: &[u8]) -> Option<u8> {
    let upper = pair.iter().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b));
    upper.then(|| hex(pair)).flatten().map(|code| code as u8)
}

/// Up to four bytes.
struct Few([u8; 4], usize);

impl Few {
    fn byte(b: u8) -> Self {
        Self([b, 0, 0, 0], 1)
    }

    fn code(code: u32) -> Self {
        let mut bytes = [0; 4];
        let len = char::from_u32(code).unwrap_or('?').encode_utf8(&mut bytes).len();
        Self(bytes, len)
    }

    fn as_slice(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

/// The escape at `at`: what it stands for and its length.
fn escape(text: &[u8], at: usize) -> Option<(Few, usize)> {
    let rest = text.get(at..)?;
    match byte(rest, 0) {
        b'%' if byte(rest, 1) == b'u' && !number_follows(rest.get(2..)?) => {
            Some((Few::code(hex(rest.get(2..6)?)?), 6))
        }
        b'%' if is_number_behind_percent(rest) => None,
        b'%' => Some((Few::byte(hex(rest.get(1..3)?)? as u8), 3)),
        b'\\' => backslash(rest),
        _ => entity(rest),
    }
}

/// A `%` that is no escape: `%4556737586899855%` in a search pattern, `%B4556…^` of track 1.
fn is_number_behind_percent(rest: &[u8]) -> bool {
    number_follows(rest.get(1..).unwrap_or_default())
        || byte(rest, 1) == b'B' && number_follows(rest.get(2..).unwrap_or_default())
}

/// Whether a text begins with a card number, in one piece or in groups.
fn number_follows(text: &[u8]) -> bool {
    let mut digits = Vec::with_capacity(20);
    let mut at = 0;
    while digits.len() < 20 {
        let rest = text.get(at..).unwrap_or_default();
        let gap = match byte(rest, 0) {
            b' ' | b'-' | b'.' | b'+' => 1,
            b'%' if matches!(rest.get(1..3), Some(b"20" | b"2D" | b"2d")) => 3,
            _ => 0,
        };
        if !byte(rest, gap).is_ascii_digit() {
            break;
        }
        digits.push(byte(rest, gap));
        at += gap + 1;
    }
    let track = byte(text, at) == b'^';
    [16, 15, digits.len()].into_iter().filter(|n| (12..=19).contains(n)).any(|n| {
        let digits = digits.get(..n).unwrap_or_default();
        iin::issue(digits).is_some_and(|i| i.alone || track) && iin::luhn(digits)
    })
}

fn backslash(rest: &[u8]) -> Option<(Few, usize)> {
    Some(match byte(rest, 1) {
        b'u' | b'x' if number_follows(rest.get(2..)?) => return None,
        b'u' => (Few::code(hex(rest.get(2..6)?)?), 6),
        b'x' => (Few::byte(hex(rest.get(2..4)?)? as u8), 4),
        b'n' => (Few::byte(b'\n'), 2),
        b'r' => (Few::byte(b'\r'), 2),
        b't' => (Few::byte(b'\t'), 2),
        b @ (b'"' | b'\'' | b'/' | b'\\') => (Few::byte(b), 2),
        _ => return None,
    })
}

fn entity(rest: &[u8]) -> Option<(Few, usize)> {
    let len = rest.iter().take(10).position(|b| *b == b';')?;
    let name = std::str::from_utf8(rest.get(1..len)?).ok()?;
    let code = match name {
        "quot" => u32::from(b'"'),
        "apos" => u32::from(b'\''),
        "lt" => u32::from(b'<'),
        "gt" => u32::from(b'>'),
        "amp" => u32::from(b'&'),
        "nbsp" => 0xA0,
        _ => match name.strip_prefix('#')?.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => name.strip_prefix('#')?.parse().ok()?,
        },
    };
    Some((Few::code(code), len + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        String::from_utf8_lossy(&Plain::of(text.as_bytes()).text).into_owned()
    }

    #[test]
    fn undoes_every_spelling() {
        let table = [
            ("a%20b%2Fc", "a b/c"),
            ("%2540", "@"),
            (r#"\"card\":\"4\""#, r#""card":"4""#),
            (r"\u0040 \x22 \u4E2D", "@ \" 中"),
            ("a&#64;b &#x40; &quot;&nbsp;&lt;", "a@b @ \" <"),
            ("４１１１　１１１１", "4111 1111"),
            ("％ ： ＠ 4111−1111‐22ー33 カード", "% : @ 4111-1111-22-33 カード"),
            ("100% of %zz & \\q", "100% of %zz & \\q"),
            ("LIKE '%4556737586899855%'", "LIKE '%4556737586899855%'"),
            ("%EF%BC%94%ef%bc%91", "41"),
            (
                "card_no=3D4556=2D7375 mail=3Dtaro=40foo.jp =E5=90=8D",
                "card_no=4556-7375 mail=taro@foo.jp 名",
            ),
            (
                "no=4012888888881881 no=2223003122003222 x=3D",
                "no=4012888888881881 no=2223003122003222 x=",
            ),
            ("price=40 a=20 x==3D q=E5", "price=40 a=20 x==3D q=E5"),
        ];
        for (from, want) in table {
            assert_eq!(plain(from), want, "{from}");
        }
    }

    #[test]
    fn japanese_encodings_become_utf8() {
        let sjis = encoding_rs::SHIFT_JIS.encode("name=\"氏名\" 表 ４１１１　カード").0;
        let euc = encoding_rs::EUC_JP.encode("name=\"氏名\" 表 ４１１１　カード").0;
        for bytes in [sjis, euc] {
            let text = Plain::of(&bytes).text.into_owned();
            assert_eq!(String::from_utf8_lossy(&text), "name=\"氏名\" 表 4111 カード");
        }
    }

    #[test]
    fn spans_lead_back_to_the_log() {
        let raw = "x=%2541%EF%BC%94%20&quot;b".as_bytes();
        let plain = Plain::of(raw);
        let at = memchr::memmem::find(&plain.text, b"A4 \"").unwrap_or_default();
        let span = plain.raw(at..at + 4);
        assert_eq!(&raw[span], b"%2541%EF%BC%94%20&quot;");
        assert_eq!(plain.find(2), at);
    }
}
