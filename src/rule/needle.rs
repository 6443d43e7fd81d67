//! What must an entry contain, or it cannot match? Necessary literals of conditions.
//!
//! A [`Witness`] is a set of needs one of which is met by every entry that a condition matches. Of
//! conditions that must hold together the rarest witness is taken, of alternatives all: so a rule
//! costs nothing on entries that meet none of its needs.
//!
//! Literals keep only printable ASCII without blanks, so that they are found by bytes alone, and
//! so that `+` and `%20`, which stand in ordinary requests, never bring one about.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::detection::Test;
use super::field::Source;
use super::pattern::{Part, Pattern};
use super::program::{Check, Cond, Leaf};

/// One thing that an entry may have to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// This text, in any case, somewhere in the entry or in a decoded layer of it.
    Text(Vec<u8>),
    /// This value, in lower case, of a source.
    Value(usize, Vec<u8>),
    /// A record of card or personal data.
    Record,
}

/// Needs one of which is met, and the share of ordinary entries that meet one (a guess).
#[derive(Clone, Debug)]
pub(super) struct Witness {
    share: f64,
    /// The share of the commonest need alone: many rare literals are no common one.
    worst: f64,
    pub(super) needs: Vec<Need>,
}

/// A share beyond which looking for a need first does not pay.
const TOO_COMMON: f64 = 0.25;

impl Witness {
    /// Every entry may match.
    fn always() -> Self {
        Self { share: 1.0, worst: 1.0, needs: Vec::new() }
    }

    fn of(share: f64, need: Need) -> Self {
        Self { share, worst: share, needs: vec![need] }
    }

    /// The witness of a condition; `None` if every entry must be looked at.
    pub(super) fn find(cond: &Cond, sources: &[Source]) -> Option<Self> {
        let witness = of_cond(cond, true, sources);
        witness.is_rare().then_some(witness)
    }

    /// The needs in words.
    pub(super) fn explain(&self, names: &[String]) -> Vec<String> {
        let word = |need: &Need| match need {
            Need::Text(text) => format!("text {:?}", String::from_utf8_lossy(text)),
            Need::Value(source, value) => {
                let name = names.get(*source).map(String::as_str).unwrap_or_default();
                format!("{name} = {:?}", String::from_utf8_lossy(value))
            }
            Need::Record => "a record of card or personal data".to_owned(),
        };
        self.needs.iter().map(word).collect()
    }

    fn is_rare(&self) -> bool {
        self.worst < TOO_COMMON
    }

    fn rarest(witnesses: impl Iterator<Item = Self>) -> Self {
        let rarer = |a: &Self, b: &Self| {
            (!a.is_rare()).cmp(&!b.is_rare()).then(a.share.total_cmp(&b.share))
        };
        witnesses.min_by(rarer).unwrap_or_else(Self::always)
    }

    /// What one of several alternatives needs; nothing is needed for what can never match.
    fn union(witnesses: impl Iterator<Item = Self>) -> Self {
        let mut all = Self { share: 0.0, worst: 0.0, needs: Vec::new() };
        for witness in witnesses {
            if witness.worst >= 1.0 {
                return Self::always();
            }
            all.share += witness.share;
            all.worst = all.worst.max(witness.worst);
            all.needs.extend(witness.needs);
        }
        all
    }
}

fn of_cond(cond: &Cond, positive: bool, sources: &[Source]) -> Witness {
    let each = |parts: &[Cond]| -> Vec<Witness> {
        parts.iter().map(|part| of_cond(part, positive, sources)).collect()
    };
    match (cond, positive) {
        (Cond::Leaf(leaf), true) => of_leaf(leaf, sources),
        (Cond::Leaf(_), false) => Witness::always(),
        (Cond::Not(part), _) => of_cond(part, !positive, sources),
        (Cond::All(parts), true) | (Cond::Any(parts), false) => {
            Witness::rarest(each(parts).into_iter())
        }
        (Cond::Any(parts), true) | (Cond::All(parts), false) => {
            Witness::union(each(parts).into_iter())
        }
    }
}

fn of_leaf(leaf: &Leaf, sources: &[Source]) -> Witness {
    match leaf.check {
        Check::Value(_) => {
            Witness::union(leaf.tests.iter().map(|test| of_test(test, leaf.source, sources)))
        }
        Check::Exists(_) | Check::Field(..) => Witness::always(),
    }
}

fn of_test(test: &Test, source: usize, sources: &[Source]) -> Witness {
    let from = sources.get(source);
    match test {
        // Counts are no text of the entry.
        Test::Compare(order, n) if matches!(from, Some(Source::Count(_) | Source::Records)) => {
            let none = order.holds(0.0, *n);
            if none { Witness::always() } else { Witness::of(0.05, Need::Record) }
        }
        _ if matches!(from, Some(Source::Count(_) | Source::Records | Source::Time)) => {
            Witness::always()
        }
        Test::Text(pattern) => {
            let anywhere = of_pattern(pattern);
            match (pattern.plain(), from) {
                (Some(value), Some(Source::Known(_) | Source::Extension))
                    if value.is_ascii() && anywhere.share > 0.05 =>
                {
                    Witness::of(value_share(value), Need::Value(source, value.to_ascii_lowercase()))
                }
                _ => anywhere,
            }
        }
        Test::Regex { source, flags } => of_regex(source, flags),
        _ => Witness::always(),
    }
}

fn of_pattern(pattern: &Pattern) -> Witness {
    let texts = pattern.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(of_text(text)),
        _ => None,
    });
    Witness::rarest(texts)
}

/// The rarest piece of a literal.
fn of_text(text: &[u8]) -> Witness {
    let pieces = text.split(|b| !b.is_ascii_graphic()).filter(|piece| !piece.is_empty());
    Witness::rarest(pieces.map(|piece| {
        let piece = piece.to_ascii_lowercase();
        Witness::of(share(&piece), Need::Text(piece))
    }))
}

/// What stands in ordinary entries.
const ORDINARY: &str = r#"
127.0.0.1 - - [10/oct/2016:13:55:36 +0000] "get /index.html?id=1&page=2&name=a&type=b&action=view http/1.1" 200 1234
"post /api/v1/login.php http/1.0" 302 "https://www.google.com/search?q=" "http://www.example.com/" https:// http://www. .co.jp/
"mozilla/5.0 (windows nt 10.0; win64; x64; rv:47.0) applewebkit/537.36 (khtml, like gecko) chrome/98.0.4758.102 safari/537.36 edge/"
"mozilla/5.0 (macintosh; intel mac os x 10_15_7) version/15.0 firefox/95.0 gecko/20100101" (iphone; cpu iphone os 15_0 like mac os x)
"mozilla/5.0 (linux; android 10; k) mobile safari" (compatible; googlebot/2.1; +http://www.google.com/bot.html) bingbot
"mozilla/4.0 (compatible; msie 8.0; windows nt 6.1; trident/4.0; .net clr 2.0.50727)" opera/9.80
/images/logo.png /css/style.css /js/jquery.min.js /favicon.ico /robots.txt /wp-content/uploads/ /wp-admin/ .aspx .jsp .do .cgi .htm .gif
.jpg .svg .woff2 .json .xml /login /user /admin /static/ /assets/ /media/ /api/ /cart /checkout /search /product /category ?v=
utf-8 application/json text/html user-agent content-type sessionid token %20 %2f %3d %3a error info warn debug exception
head put delete options 301 304 400 401 403 404 500 502 503 localhost 192.168. 10.0. .com .net .org .jp == || && .. // -- :: () "" ''
"#;

/// The share of ordinary entries that contain a text: a guess, from its length and from whether it
/// stands in [`ORDINARY`] ones.
fn share(piece: &[u8]) -> f64 {
    if memchr::memmem::find(ORDINARY.as_bytes(), piece).is_some() {
        return 1.0;
    }
    let digits = piece.iter().all(u8::is_ascii_digit);
    let letters = piece.iter().any(u8::is_ascii_alphanumeric);
    match piece.len() {
        0 | 1 => 1.0,
        2 if letters => 0.5,
        2 => 0.05,
        n if digits => [0.3, 0.1, 0.03, 0.01].get(n - 3).copied().unwrap_or(0.002),
        3 => 0.02,
        4 => 0.005,
        _ => 0.001,
    }
}

fn value_share(value: &[u8]) -> f64 {
    const USUAL: &[&str] =
        &["get", "200", "http/1.1", "http/1.0", "html", "php", "", "-", "post", "304", "302"];
    let usual = USUAL.iter().any(|usual| value.eq_ignore_ascii_case(usual.as_bytes()));
    if usual { 0.2 } else { 0.02 }
}

fn of_regex(source: &str, flags: &str) -> Witness {
    let parsed = regex_syntax::ParserBuilder::new()
        .unicode(!source.is_ascii())
        .utf8(false)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .build()
        .parse(source);
    parsed.map_or_else(|_| Witness::always(), |hir| of_hir(&hir))
}

fn of_hir(hir: &Hir) -> Witness {
    match hir.kind() {
        HirKind::Literal(literal) => of_text(&literal.0),
        HirKind::Capture(capture) => of_hir(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of_hir(&repetition.sub),
        HirKind::Alternation(parts) => Witness::union(parts.iter().map(of_hir)),
        HirKind::Concat(parts) => of_concat(parts),
        _ => Witness::always(),
    }
}

/// The rarest of the runs of literal letters and of the other parts.
fn of_concat(parts: &[Hir]) -> Witness {
    let mut found = Vec::new();
    let mut run = Vec::new();
    for part in parts {
        match (part.kind(), letter(part)) {
            (HirKind::Literal(literal), _) => run.extend_from_slice(&literal.0),
            (_, Some(letter)) => run.push(letter),
            _ => {
                found.push(of_text(&std::mem::take(&mut run)));
                found.push(of_hir(part));
            }
        }
    }
    found.push(of_text(&run));
    Witness::rarest(found.into_iter())
}

/// The letter, if a class is one letter in both cases.
fn letter(hir: &Hir) -> Option<u8> {
    let HirKind::Class(class) = hir.kind() else { return None };
    let ranges: Vec<(u32, u32)> = match class {
        Class::Bytes(bytes) => {
            bytes.ranges().iter().map(|r| (r.start().into(), r.end().into())).collect()
        }
        Class::Unicode(chars) => {
            chars.ranges().iter().map(|r| (r.start().into(), r.end().into())).collect()
        }
    };
    match ranges.as_slice() {
        [(a, b), (c, d)] if a == b && c == d && *a + 32 == *c && *a < 0x80 => {
            let letter = *c as u8;
            letter.is_ascii_lowercase().then_some(letter)
        }
        _ => None,
    }
}
