//! Comparing bytes with what a rule wants.
//!
//! Text is compared without regard to case unless `cased`: letters of ASCII as bytes, others by
//! Unicode's simple folding. `?` is one character of UTF-8, or one byte.

use std::sync::{Arc, OnceLock};

use aho_corasick::AhoCorasick;

use super::detection::{Clock, Network, Order};
use super::expression::{Expression, UNICODE};
use super::pattern::{Part, Pattern};

/// A compiled comparison with one value.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    /// Anything.
    Any,
    /// The whole value.
    Exact(Text),
    Prefix(Text),
    Suffix(Text),
    /// One of several texts anywhere.
    Contains(Texts),
    Regex(Expression),
    Number(Order, f64),
    Network(Network),
    Clock(Clock, Order, f64),
}

/// Texts of which one stands anywhere. Their automaton is made when it is first needed.
#[derive(Clone, Debug)]
pub(super) struct Texts(Arc<Together>);

#[derive(Debug)]
struct Together {
    texts: Vec<Box<[u8]>>,
    cased: bool,
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Texts {
    /// Whether one stands somewhere in a value. If they were too many for an automaton, too much
    /// would match, not too little.
    fn stand_in(&self, value: &[u8]) -> bool {
        let Together { texts, cased, automaton } = &*self.0;
        let build = || AhoCorasick::builder().ascii_case_insensitive(!cased).build(texts).ok();
        automaton.get_or_init(build).as_ref().is_none_or(|automaton| automaton.is_match(value))
    }
}

/// A text and whether case matters.
#[derive(Clone, Debug)]
pub(super) struct Text {
    bytes: Box<[u8]>,
    cased: bool,
}

impl Text {
    fn same(&self, value: &[u8]) -> bool {
        if self.cased { value == &*self.bytes } else { value.eq_ignore_ascii_case(&self.bytes) }
    }
}

impl Matcher {
    /// The matcher of a pattern.
    pub(super) fn of(pattern: &Pattern) -> Self {
        let text = |bytes: &[u8]| Text { bytes: bytes.into(), cased: pattern.cased };
        match pattern.parts.as_slice() {
            [Part::Any] => Self::Any,
            [] => Self::Exact(text(b"")),
            [Part::Text(t)] if bytewise(pattern, t) => Self::Exact(text(t)),
            [Part::Text(t), Part::Any] if bytewise(pattern, t) => Self::Prefix(text(t)),
            [Part::Any, Part::Text(t)] if bytewise(pattern, t) => Self::Suffix(text(t)),
            [Part::Any, Part::Text(t), Part::Any] if bytewise(pattern, t) => {
                Self::contains(&[t], pattern.cased)
            }
            _ => Self::general(pattern),
        }
    }

    /// The text that stands anywhere in values that match; `None` if the pattern says more.
    pub(super) fn needle(pattern: &Pattern) -> Option<&[u8]> {
        match pattern.parts.as_slice() {
            [Part::Any, Part::Text(text), Part::Any] if bytewise(pattern, text) => Some(text),
            _ => None,
        }
    }

    /// Any of the texts, anywhere.
    pub(super) fn contains(texts: &[&[u8]], cased: bool) -> Self {
        let texts = texts.iter().map(|text| (*text).into()).collect();
        Self::Contains(Texts(Arc::new(Together { texts, cased, automaton: OnceLock::new() })))
    }

    /// Any pattern, as a regular expression.
    fn general(pattern: &Pattern) -> Self {
        let mut source = String::new();
        let mut parts = pattern.parts.as_slice();
        match parts {
            [Part::Any, rest @ ..] => parts = rest,
            _ => source.push_str(r"\A"),
        }
        let open = matches!(parts, [.., Part::Any]);
        for part in &parts[..parts.len() - usize::from(open)] {
            match part {
                Part::Text(text) => literal(text, pattern.cased, &mut source),
                Part::Any => source.push_str("(?s-u:.*)"),
                Part::One => source.push_str("(?:(?su:.)|(?s-u:.))"),
                Part::Among(forms) => among(forms, pattern.cased, &mut source),
            }
        }
        if !open {
            source.push_str(r"\z");
        }
        // Every piece is escaped, so only its size could be refused.
        Self::Regex(Expression::new(&source, UNICODE))
    }

    /// Whether every value matches that ends with one that does.
    pub(super) fn grows(&self) -> bool {
        match self {
            Self::Any | Self::Suffix(_) | Self::Contains(_) => true,
            Self::Regex(regex) => regex.grows(),
            _ => false,
        }
    }

    /// Whether it takes long to make.
    pub(super) fn is_dear(&self) -> bool {
        matches!(self, Self::Regex(_))
    }

    /// Whether a value matches.
    pub(super) fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(text) => text.same(value),
            Self::Prefix(text) => value.get(..text.bytes.len()).is_some_and(|v| text.same(v)),
            Self::Suffix(text) => {
                let start = value.len().checked_sub(text.bytes.len());
                start.and_then(|start| value.get(start..)).is_some_and(|v| text.same(v))
            }
            Self::Contains(texts) => texts.stand_in(value),
            Self::Regex(regex) => regex.is_match(value),
            Self::Number(order, wanted) => number(value).is_some_and(|n| order.holds(n, *wanted)),
            Self::Network(net) => address(value).is_some_and(|address| net.contains(address)),
            Self::Clock(part, order, wanted) => {
                let time = std::str::from_utf8(value).ok().and_then(|t| t.parse().ok());
                time.is_some_and(|time| order.holds(clock(*part, time), *wanted))
            }
        }
    }
}

/// Whether bytes can be compared as bytes: case that matters, or none beyond ASCII.
fn bytewise(pattern: &Pattern, text: &[u8]) -> bool {
    pattern.cased || has_ascii_case(text)
}

/// Whether only ASCII letters of a text have a case; what is no text has none.
pub(super) fn has_ascii_case(text: &[u8]) -> bool {
    let same = |c: char| c.to_lowercase().eq([c]) && c.to_uppercase().eq([c]);
    let Ok(text) = std::str::from_utf8(text) else { return true };
    text.is_ascii() || text.chars().all(|c| c.is_ascii() || same(c))
}

/// One of several texts, as a regular expression.
fn among(forms: &[Vec<u8>], cased: bool, source: &mut String) {
    for (n, form) in forms.iter().enumerate() {
        source.push_str(if n == 0 { "(?:" } else { "|" });
        literal(form, cased, source);
    }
    source.push(')');
}

fn literal(text: &[u8], cased: bool, source: &mut String) {
    use std::fmt::Write;
    let flags = if cased { "" } else { "i" };
    match std::str::from_utf8(text) {
        Ok(text) => {
            for c in text.chars() {
                let escaped = regex::escape(c.encode_utf8(&mut [0; 4]));
                // ASCII letters fold among themselves only (`s` is not `ſ`).
                let unicode = if c.is_ascii() { "-u" } else { "" };
                let _ = write!(source, "(?{flags}{unicode}:{escaped})");
            }
        }
        Err(_) => {
            for byte in text {
                let _ = write!(source, r"(?{flags}-u:\x{byte:02x})");
            }
        }
    }
}

fn number(value: &[u8]) -> Option<f64> {
    whole_number(value).or_else(|| std::str::from_utf8(value).ok()?.trim().parse().ok())
}

/// A number that is written in digits alone, so few that it is exact.
pub(super) fn whole_number(value: &[u8]) -> Option<f64> {
    let digit = |n: u64, b: &u8| b.is_ascii_digit().then(|| 10 * n + u64::from(b - b'0'));
    let exact = (1..=15).contains(&value.len());
    let number = exact.then(|| value.iter().try_fold(0, digit)).flatten();
    number.map(|number| number as f64)
}

fn address(value: &[u8]) -> Option<std::net::IpAddr> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// A part of a time, in the offset that the log was written in.
fn clock(part: Clock, time: crate::time::Time) -> f64 {
    let text = time.to_string();
    let field = |range: std::ops::Range<usize>| -> i32 {
        text.get(range).and_then(|digits| digits.parse().ok()).unwrap_or(-1)
    };
    f64::from(match part {
        Clock::Year => field(0..4),
        Clock::Month => field(5..7),
        Clock::Day => field(8..10),
        Clock::Hour => field(11..13),
        Clock::Minute => field(14..16),
        Clock::Week => week(field(0..4), field(5..7), field(8..10)),
    })
}

/// The week of the year (ISO 8601).
fn week(year: i32, month: i32, day: i32) -> i32 {
    let days = |year: i32| {
        let y = year - 1;
        y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400)
    };
    let before = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = days(year + 1) - days(year) == 366;
    let in_year = before.get(month.max(0) as usize).copied().unwrap_or(0);
    let ordinal = in_year + day + i32::from(leap && month > 2);
    let weekday = (days(year) + ordinal - 1).rem_euclid(7) + 1;
    let weeks = |year: i32| {
        let last = |year: i32| days(year + 1).rem_euclid(7);
        if last(year) == 4 || last(year - 1) == 3 { 53 } else { 52 }
    };
    match (ordinal - weekday + 10).div_euclid(7) {
        0 => weeks(year - 1),
        w if w > weeks(year) => 1,
        w => w,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_the_specification_says() {
        let cases: &[(&str, &[u8], bool)] = &[
            ("abc", b"ABC", true),
            ("abc", b"abcd", false),
            ("abc*", b"ABCd", true),
            ("*abc", b"xabc", true),
            ("*abc*", b"xAbCx", true),
            ("a*c", b"abbc", true),
            ("a*c", b"abbcd", false),
            ("a?c", b"abc", true),
            ("a?c", b"ac", false),
            ("a?c", "a\u{e9}c".as_bytes(), true),
            ("a?c", b"a\xe9c", true),
            ("*x?y*", b"..x\xffy..", true),
            ("", b"", true),
            ("", b"a", false),
            ("*", b"", true),
            ("\u{e9}t\u{e9}", "\u{c9}T\u{c9}".as_bytes(), true),
            ("s", "\u{17f}".as_bytes(), false),
            ("a\n*b", b"a\nxx\nb", true),
        ];
        for (pattern, value, expected) in cases {
            let matcher = Matcher::of(&Pattern::parse(pattern));
            assert_eq!(matcher.matches(value), *expected, "{pattern} {value:?}");
        }
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        for (y, m, d, w) in [(2021, 1, 1, 53), (2021, 1, 4, 1), (2018, 12, 31, 1), (2017, 3, 8, 10)]
        {
            assert_eq!(week(y, m, d), w, "{y}-{m}-{d}");
        }
    }
}
