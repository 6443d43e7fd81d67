//! What must an entry contain, or it cannot match? Necessary literals of conditions.
//!
//! A [`Witness`] is a set of needs one of which is met by every entry that a condition matches. Of
//! conditions that must hold together the rarest witness is taken, of alternatives all: so a rule
//! costs nothing on entries that meet none of its needs.
//!
//! Literals keep only printable ASCII without blanks, so that they are found by bytes alone, and
//! so that `+` and `%20`, which stand in ordinary requests, never bring one about.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::event::Field;
use crate::payload::Family;

use super::detection::Test;
use super::field::{Lane, Source};
use super::matcher::{Matcher, has_ascii_case};
use super::pattern::{Part, Pattern};
use super::program::{Check, Cond, Group, Leaf};

/// One thing that an entry may have to have.
#[derive(Clone, Debug)]
pub(super) enum Need {
    /// This text, in any case, somewhere in a value of a source or in a decoded layer of it.
    Text(usize, Vec<u8>),
    /// This value, in lower case, of a source.
    Value(usize, Vec<u8>),
    /// One of these bytes somewhere in a value of a source, as it stands or decoded.
    Bytes(usize, ByteSet),
    /// Any value of a source that most logs do not have, or whose values repeat.
    Present(usize),
    /// A record of card or personal data.
    Record,
    /// A value that does something as code of a family.
    Payload(Family),
}

/// A comparison that holds where one of its needs brings a match about.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    pub(super) source: usize,
    /// Its number among the comparisons with the lane of the source.
    pub(super) slot: usize,
    pub(super) matcher: Matcher,
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u8> {
        [0, 64, 128, 192].into_iter().zip(self.0).flat_map(|(first, word)| {
            let without_lowest = |word: &u64| Some(word & word.wrapping_sub(1));
            let words = std::iter::successors(Some(word), without_lowest).take_while(|w| *w != 0);
            words.map(move |word| first + word.trailing_zeros() as u8)
        })
    }
}

/// A source whose values are searched, and which bytes are ordinary in it.
#[derive(Clone, Copy)]
struct Within {
    source: usize,
    /// `None` for sources in which nearly every byte is: they are not searched for bytes.
    ordinary: Option<&'static [u8]>,
    /// Whether it is a request target or a part of one.
    target: bool,
}

impl Within {
    fn of(source: usize, from: Option<&Source>) -> Self {
        let ordinary: Option<&[u8]> = match from {
            Some(Source::Target) => Some(b"/.-_=&?%+"),
            Some(Source::Known(Field::Stem)) => Some(b"/.-_%"),
            Some(Source::Known(Field::Query)) => Some(b"/.-_=&%+"),
            Some(Source::Known(Field::Referer)) => Some(b"/.-_=&?%+:#"),
            Some(Source::Known(Field::UserAgent)) => Some(b"/.-_=&?%+:,@~(); |!#[]"),
            _ => None,
        };
        let target = from.and_then(Source::lane) == Some(Lane::Target);
        Self { source, ordinary, target }
    }

    /// The share of ordinary values that hold the byte: a guess. Letters and digits are never
    /// looked for, so that case does not matter.
    fn share(self, byte: u8) -> f64 {
        let ordinary = self.ordinary.is_none_or(|ordinary| ordinary.contains(&byte));
        match byte {
            _ if byte.is_ascii_alphanumeric() || ordinary => 1.0,
            b' ' => 0.1,
            b':' | b',' | b'@' | b'~' => 0.05,
            0x80.. => 0.000_3,
            // Rarer in truth; but whoever attacks brings all of them along, and seldom a long word.
            _ => SIGN,
        }
    }

    /// The share of ordinary values that hold a text: a guess. Two slashes stand in every address,
    /// but seldom in a target. A text is rarer than the rarest sign in it.
    fn share_of(self, piece: &[u8]) -> f64 {
        let guess = if self.target && piece == b"//" { 0.2 } else { share(piece) };
        let sign = piece.iter().map(|byte| self.share(*byte)).fold(1.0, f64::min);
        if piece.len() > 1 && sign < TOO_COMMON { guess.min(sign / 2.0) } else { guess }
    }

    fn set(self, set: ByteSet) -> Witness {
        let share: f64 = set.iter().map(|byte| self.share(byte)).sum();
        if share < TOO_COMMON {
            Witness::of(share, Need::Bytes(self.source, set))
        } else {
            Witness::always()
        }
    }

    /// The rarest byte of a text that must be there as a whole.
    fn byte(self, text: &[u8]) -> Witness {
        // Beyond ASCII, case folding changes bytes, if there is a case.
        let fixed = has_ascii_case(text);
        let sure = text.iter().filter(|byte| fixed || byte.is_ascii());
        let rarest = sure.min_by(|a, b| self.share(**a).total_cmp(&self.share(**b)));
        rarest.map_or_else(Witness::always, |byte| {
            let mut set = ByteSet::default();
            set.add(*byte);
            self.set(set)
        })
    }
}

/// Needs one of which is met, and the share of ordinary entries that meet one (a guess).
#[derive(Clone, Debug)]
pub(super) struct Witness {
    share: f64,
    /// The share of the commonest need alone: many rare literals are no common one.
    worst: f64,
    /// Each with the comparison that it is the need of, if what that says is remembered.
    pub(super) needs: Vec<(Need, Option<Proof>)>,
}

/// A share beyond which looking for a need first does not pay.
const TOO_COMMON: f64 = 0.6;

/// The share of values that hold a sign that is not ordinary there.
const SIGN: f64 = 0.03;

/// The share of entries that a comparison without a rare literal matches: a guess.
const OFTEN_MATCHED: f64 = 0.3;

impl Witness {
    /// What values must hold, of which an expression says this; [`Witness::at`] gives the number of
    /// their source.
    pub(super) fn of_syntax(hir: &Hir, from: &Source) -> Self {
        of_hir(hir, Within::of(0, Some(from)))
    }

    /// The same of the source that has this number.
    fn at(mut self, number: usize) -> Self {
        for (need, _) in &mut self.needs {
            if let Need::Text(of, _) | Need::Bytes(of, _) = need {
                *of = number;
            }
        }
        self
    }

    /// Every entry may match.
    pub(super) fn always() -> Self {
        Self { share: 1.0, worst: 1.0, needs: Vec::new() }
    }

    fn of(share: f64, need: Need) -> Self {
        Self { share, worst: share, needs: vec![(need, None)] }
    }

    /// The witness of a condition; `None` if every entry must be looked at.
    pub(super) fn find(cond: &Cond, sources: &[Source]) -> Option<Self> {
        let witness = of_cond(cond, true, sources);
        witness.is_rare().then_some(witness)
    }

    /// The needs in words.
    pub(super) fn explain(&self, names: &[String]) -> Vec<String> {
        let word = |(need, _): &(Need, Option<Proof>)| match need {
            Need::Text(source, text) => {
                let name = names.get(*source).map(String::as_str).unwrap_or_default();
                format!("{name} with {:?}", String::from_utf8_lossy(text))
            }
            Need::Value(source, value) => {
                let name = names.get(*source).map(String::as_str).unwrap_or_default();
                format!("{name} = {:?}", String::from_utf8_lossy(value))
            }
            Need::Bytes(source, set) => {
                let name = names.get(*source).map(String::as_str).unwrap_or_default();
                let bytes: Vec<u8> = set.iter().filter(u8::is_ascii).collect();
                format!("{name} with one of {:?}", String::from_utf8_lossy(&bytes))
            }
            Need::Present(source) => {
                format!("each new {}", names.get(*source).map(String::as_str).unwrap_or_default())
            }
            Need::Record => "a record of card or personal data".to_owned(),
            Need::Payload(_) => "a value with quotes, brackets, blanks or other signs".to_owned(),
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
        (Cond::All(parts), true) | (Cond::Any(parts) | Cond::OneOf(Group { parts, .. }), false) => {
            Witness::rarest(each(parts).into_iter())
        }
        (Cond::Any(parts) | Cond::OneOf(Group { parts, .. }), true) | (Cond::All(parts), false) => {
            Witness::union(each(parts).into_iter())
        }
    }
}

fn of_leaf(leaf: &Leaf, sources: &[Source]) -> Witness {
    let Check::Value(matcher) = &leaf.check else { return Witness::always() };
    let tests = leaf.tests.iter().map(|test| of_test(test, leaf.source, sources));
    let mut witness = Witness::union(tests);
    let Some(lane) = sources.get(leaf.source).and_then(Source::lane) else { return witness };
    if !witness.is_rare() {
        let share = match lane {
            // They seldom repeat, so literals are looked for first, if something else has some.
            Lane::Target => 1.0,
            _ if witness.needs.is_empty() => OFTEN_MATCHED,
            // Values that most entries have.
            Lane::Field(_) | Lane::Exchange => witness.share,
        };
        let needs = vec![(Need::Present(leaf.source), None)];
        witness = Witness { share, worst: OFTEN_MATCHED, needs };
    }
    let proof = Proof { source: leaf.source, slot: leaf.slot, matcher: matcher.clone() };
    witness.needs.iter_mut().for_each(|(_, of)| *of = Some(proof.clone()));
    witness
}

fn of_test(test: &Test, source: usize, sources: &[Source]) -> Witness {
    let from = sources.get(source);
    if let Some(Source::Payload(family)) = from {
        return Witness::of(0.05, Need::Payload(*family));
    }
    match test {
        // Counts are no text of the entry.
        Test::Compare(order, n) if matches!(from, Some(Source::Count(_) | Source::Records)) => {
            let none = order.holds(0.0, *n);
            if none { Witness::always() } else { Witness::of(0.05, Need::Record) }
        }
        _ if matches!(from, Some(Source::Count(_) | Source::Records | Source::Time)) => {
            Witness::always()
        }
        _ if matches!(from, Some(Source::QueryHash)) => Witness::of(0.1, Need::Present(source)),
        _ if matches!(from, Some(Source::Known(Field::Cookie))) => {
            Witness::of(0.05, Need::Present(source))
        }
        Test::Text(pattern) => {
            let anywhere = of_pattern(pattern, Within::of(source, from));
            match (pattern.plain(), from) {
                (Some(value), Some(Source::Known(_) | Source::Extension))
                    if value.is_ascii() && anywhere.share > 0.05 =>
                {
                    Witness::of(value_share(value), Need::Value(source, value.to_ascii_lowercase()))
                }
                _ => anywhere,
            }
        }
        Test::Regex(expression) => match from {
            Some(from) => expression.witness(from).at(source),
            None => Witness::always(),
        },
        _ => Witness::always(),
    }
}

fn of_pattern(pattern: &Pattern, within: Within) -> Witness {
    let texts = pattern.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(of_literal(text, within)),
        _ => None,
    });
    Witness::rarest(texts)
}

/// The rarest piece of a literal, or else its rarest byte.
fn of_literal(text: &[u8], within: Within) -> Witness {
    Witness::rarest([of_text(text, within), within.byte(text)].into_iter())
}

/// The rarest piece of a literal.
fn of_text(text: &[u8], within: Within) -> Witness {
    let pieces = text.split(|b| !b.is_ascii_graphic()).filter(|piece| !piece.is_empty());
    Witness::rarest(pieces.map(|piece| {
        let piece = piece.to_ascii_lowercase();
        Witness::of(within.share_of(&piece), Need::Text(within.source, piece))
    }))
}

/// What stands in nearly every entry.
const EVERYWHERE: &str = r#"
127.0.0.1 - - [10/oct/2016:13:55:36 +0000] "get / http/1.1" 200 1234 "post / http/1.0" 302 304 "https://www.google.com/" "http://www.
"mozilla/5.0 (windows nt 10.0; win64; x64; rv:47.0) applewebkit/537.36 (khtml, like gecko) chrome/98.0.4758.102 safari/537.36 edge/"
"mozilla/5.0 (macintosh; intel mac os x 10_15_7) version/15.0 firefox/95.0 gecko/20100101" (iphone; cpu iphone os 15_0 like mac os x)
"mozilla/5.0 (linux; android 10; k) mobile safari" (compatible; googlebot/2.1; +http://www.google.com/bot.html)
.html .com .net .org .jp 192.168. 10.0. // "" info
"#;

/// What stands in many entries.
const OFTEN: &str = r#"
/index.html?id=1&page=2&name=a&type=b&action=view /api/v1/login.php /search?q= .co.jp/ http://www.example.com/
"mozilla/4.0 (compatible; msie 8.0; windows nt 6.1; trident/4.0; .net clr 2.0.50727)" opera/9.80
/images/logo.png /css/style.css /js/jquery.min.js /favicon.ico /robots.txt /wp-content/uploads/ /wp-admin/ .aspx .jsp .do .cgi .htm .gif
.jpg .svg .woff2 .json .xml /login /user /admin /static/ /assets/ /media/ /api/ /cart /checkout /search /product /category ?v=
utf-8 application/json text/html user-agent content-type sessionid token %20 %2f %3d %3a error warn debug exception
head put delete options 301 400 401 403 404 500 502 503 localhost == || && .. :: () '' --
"#;

/// The share of ordinary entries that contain a text: a guess, from its length and from whether it
/// stands in [`EVERYWHERE`] or [`OFTEN`].
pub(super) fn share(piece: &[u8]) -> f64 {
    let stands_in = |text: &str| memchr::memmem::find(text.as_bytes(), piece).is_some();
    // One sign stands nearly everywhere: `=` and `?` in every target that has a query.
    if piece.len() < 2 || stands_in(EVERYWHERE) {
        return 1.0;
    }
    let letters = piece.iter().any(u8::is_ascii_alphanumeric);
    if stands_in(OFTEN) && (piece.len() > 2 || !letters) {
        return 0.2;
    }
    let digits = piece.iter().all(u8::is_ascii_digit);
    match piece.len() {
        2 if letters => 0.5,
        2 => 0.05,
        n if digits => [0.3, 0.1, 0.03, 0.01].get(n - 3).copied().unwrap_or(0.002),
        3 => 0.02,
        4 => 0.005,
        _ => 0.001,
    }
}

fn value_share(value: &[u8]) -> f64 {
    const MOSTLY: &[&str] = &["get", "200", "http/1.1"];
    const OFTEN: &[&str] = &["http/1.0", "html", "php", "", "-", "post", "304", "302"];
    let is = |usual: &&str| value.eq_ignore_ascii_case(usual.as_bytes());
    match () {
        () if MOSTLY.iter().any(is) => 0.8,
        () if OFTEN.iter().any(is) => 0.2,
        () => 0.02,
    }
}

fn of_hir(hir: &Hir, within: Within) -> Witness {
    match hir.kind() {
        HirKind::Literal(literal) => of_literal(&literal.0, within),
        HirKind::Class(class) => within.set(bytes_of(class)),
        HirKind::Capture(capture) => of_hir(&capture.sub, within),
        HirKind::Repetition(repetition) if repetition.min > 0 => of_hir(&repetition.sub, within),
        HirKind::Alternation(parts) => {
            Witness::union(parts.iter().map(|part| of_hir(part, within)))
        }
        HirKind::Concat(parts) => of_concat(parts, within),
        _ => Witness::always(),
    }
}

/// The bytes of which a class needs one.
fn bytes_of(class: &Class) -> ByteSet {
    let mut set = ByteSet::default();
    let mut add = |from: u32, to: u32| {
        (from..=to.min(0x7f)).for_each(|byte| set.add(byte as u8));
        if to > 0x7f {
            (0x80..=0xff).for_each(|byte| set.add(byte));
        }
    };
    match class {
        Class::Bytes(bytes) => {
            bytes.ranges().iter().for_each(|r| add(r.start().into(), r.end().into()));
        }
        Class::Unicode(chars) => {
            chars.ranges().iter().for_each(|r| add(r.start().into(), r.end().into()));
        }
    }
    set
}

/// The rarest of the runs of literal letters and of the other parts; alternatives of plain text
/// are taken together with the run before them (`.` with `gz` or `zip`).
fn of_concat(parts: &[Hir], within: Within) -> Witness {
    let mut found = Vec::new();
    let mut run = Vec::new();
    for part in parts {
        if let Some(text) = plain(part) {
            run.extend_from_slice(&text);
            continue;
        }
        if let Some(text) = repeated(part) {
            run.extend_from_slice(&text);
            found.push(of_literal(&run, within));
            // The last of the repetitions stands before what follows.
            run = text;
            continue;
        }
        let before = std::mem::take(&mut run);
        found.push(alternatives(&before, part, within));
        found.push(of_literal(&before, within));
    }
    found.push(of_literal(&run, within));
    Witness::rarest(found.into_iter())
}

fn alternatives(before: &[u8], part: &Hir, within: Within) -> Witness {
    let whole = || of_hir(part, within);
    let part = match part.kind() {
        HirKind::Capture(capture) => &capture.sub,
        _ => part,
    };
    let HirKind::Alternation(branches) = part.kind() else { return whole() };
    let texts: Option<Vec<Vec<u8>>> = branches.iter().map(plain).collect();
    texts.map_or_else(whole, |texts| {
        Witness::union(texts.iter().map(|text| of_literal(&[before, text].concat(), within)))
    })
}

/// The text, if an expression is one text at least once.
fn repeated(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Repetition(repetition) if repetition.min > 0 => plain(&repetition.sub),
        _ => None,
    }
}

/// The text, if an expression is one text (in lower case, where case does not matter).
fn plain(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_vec()),
        HirKind::Class(_) => Some(vec![letter(hir)?]),
        HirKind::Capture(capture) => plain(&capture.sub),
        HirKind::Concat(parts) => {
            Some(parts.iter().map(plain).collect::<Option<Vec<_>>>()?.concat())
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::ByteSet;

    #[test]
    fn a_set_gives_its_bytes_in_order() {
        let bytes = [0, 1, 63, 64, 127, 200, 255];
        let mut set = ByteSet::default();
        bytes.iter().rev().for_each(|byte| set.add(*byte));
        assert!(set.iter().eq(bytes));
        assert_eq!(ByteSet::default().iter().count(), 0);
    }
}
