//! Is that number a card number, and how sure is it?

use super::found::{CardFind, Found, Search, Seen, Weight, column};
use super::keys::{self, Norm, Role};
use super::pairs::{Pair, key_before, pair_at};
use super::{Brand, Element, Grade, person};
use crate::pan::iin::{self, Issue};
use crate::pan::number::{Number, numbers, run_end};
use crate::pan::plain::byte;

/// Finds card numbers, and notes every number of a card's form for the column statistic.
pub(super) fn find(text: &[u8], pairs: &[Pair], search: &mut Search) {
    for number in numbers(text) {
        if search
            .found
            .iter()
            .any(|f| f.span.start < number.span.end && number.span.start < f.span.end)
        {
            continue;
        }
        let Some(issue) = iin::issue(number.digits()) else { continue };
        let pair = pair_at(pairs, number.span.start);
        let named = brand_before(text, number.span.start, issue.brand);
        let find = if named || is_keyed(text, &number, pair) {
            keyed(&number, issue)
        } else {
            alone(text, &number, issue, pair, &mut search.seen)
        };
        let Some(mut card) = find else { continue };
        card.column = column(text, number.span.start, pair);
        let key = pair.map_or(0, |p| p.key);
        let find = Found::new(Element::CardNumber, number.span.clone(), Weight::Strong);
        let value = number.digits().to_vec().into();
        search.found.push(Found { key, value, card: Some(card), ..find });
    }
    split_fields(text, pairs, &mut search.found);
    expiries_near(text, &mut search.found);
}

/// How far behind a card number its expiry is looked for without a key.
const NEAR: usize = 64;

/// `MM/YY` or `MM/YYYY` behind a card number.
fn expiries_near(text: &[u8], found: &mut Vec<Found>) {
    let ends: Vec<usize> = found.iter().filter(|f| f.card.is_some()).map(|f| f.span.end).collect();
    for end in ends {
        let window = text.get(end..text.len().min(end + NEAR)).unwrap_or_default();
        let line = memchr::memchr(b'\n', window).unwrap_or(window.len());
        let slashes = memchr::memchr_iter(b'/', window.get(..line).unwrap_or_default());
        if let Some(span) = slashes.into_iter().find_map(|at| expiry_at(text, end + at)) {
            let value = text.get(span.clone()).unwrap_or_default().to_vec().into();
            let find = Found::new(Element::Expiry, span, Weight::Weak);
            found.push(Found { value, ..find });
        }
    }
}

/// The expiry whose slash stands at `slash`.
fn expiry_at(text: &[u8], slash: usize) -> Option<std::ops::Range<usize>> {
    let start = slash.checked_sub(2)?;
    let end = run_end(text, slash + 1);
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'.');
    let free = !part(start.checked_sub(1).map_or(0, |i| byte(text, i))) && !part(byte(text, end));
    let value = std::str::from_utf8(text.get(start..end)?).ok()?;
    (free && person::is_expiry(value)).then_some(start..end)
}

/// Whether the number is the value of a card's key.
fn is_keyed(text: &[u8], number: &Number, pair: Option<&Pair>) -> bool {
    let starts = pair.is_some_and(|p| number.span.start - p.value.start <= 2);
    let whole = !byte(text, number.span.end).is_ascii_alphanumeric();
    if starts && let Some(role) = pair.and_then(|p| p.role) {
        return role.is_card() && whole;
    }
    whole && label_before(text, number.span.start)
}

/// `カード番号4111…`, `card 4111…`, `card number: 4111…`: a label without a separator.
fn label_before(text: &[u8], at: usize) -> bool {
    let end = {
        let before = text.get(at.saturating_sub(8)..at).unwrap_or_default();
        let blanks = before
            .iter()
            .rev()
            .take_while(|b| matches!(b, b' ' | b':' | b'#' | b'=' | b'(' | b'"'));
        at - blanks.count()
    };
    let Some(key) = key_before(text, end) else { return false };
    let label = text.get(key.clone()).unwrap_or_default();
    let none = || Norm::of(b"");
    if keys::role(label, none).is_some_and(Role::is_card) {
        return true;
    }
    let inner =
        matches!(label.to_ascii_lowercase().as_slice(), b"number" | b"no" | b"no." | b"num");
    let outer = key_before(text, key.start).and_then(|k| text.get(k)).unwrap_or_default();
    inner && key.start > 0 && keys::role(outer, none).is_some_and(Role::is_card)
}

/// `Visa - 4556…`, `Diners Club: 3611…`: the name of its own brand before the number.
fn brand_before(text: &[u8], at: usize, brand: Brand) -> bool {
    let names: &[&[u8]] = match brand {
        Brand::Visa => &[b"visa"],
        Brand::Mastercard => &[b"mastercard", b"master card"],
        Brand::Jcb => &[b"jcb"],
        Brand::Amex => &[b"amex", b"american express"],
        Brand::Diners => &[b"diners", b"diners club", b"dinersclub"],
        Brand::Discover => &[b"discover"],
        Brand::Unionpay => &[b"unionpay", b"union pay"],
        Brand::Maestro => &[b"maestro"],
        _ => return false,
    };
    let before = text.get(at.saturating_sub(24)..at).unwrap_or_default().to_ascii_lowercase();
    let joint = |b: &u8| matches!(b, b' ' | b'-' | b':' | b'=' | b'#' | b'(' | b'"' | b'\'');
    let Some(end) = before.iter().rposition(|b| !joint(b)) else { return false };
    let label = before.get(..=end).unwrap_or_default();
    names.iter().any(|name| {
        label.strip_suffix(*name).is_some_and(|l| !l.last().is_some_and(u8::is_ascii_alphanumeric))
    })
}

fn keyed(number: &Number, issue: Issue) -> Option<CardFind> {
    let passes = iin::luhn(number.digits());
    let grade = match passes {
        true if iin::is_test(number.digits(), true) => Grade::Test,
        true => Grade::Keyed,
        false if issue.alone => Grade::LuhnFailure,
        false => return None,
    };
    Some(CardFind { grade, brand: issue.brand, column: 0, tentative: false, id: false })
}

fn alone(
    text: &[u8],
    number: &Number,
    issue: Issue,
    pair: Option<&Pair>,
    seen: &mut Vec<Seen>,
) -> Option<CardFind> {
    if !is_clean(text, number) {
        return None;
    }
    let digits = number.digits();
    let passes = iin::luhn(digits);
    let suffices = issue.alone || number.grouped && digits.len() == 14;
    if suffices && !is_moment(digits) {
        seen.push(Seen::new(column(text, number.span.start, pair), passes, digits));
    }
    if !passes {
        return None;
    }
    let id = pair.is_some_and(|p| p.role == Some(Role::Id));
    let grade = if iin::is_test(digits, false) { Grade::Test } else { Grade::Review };
    let published = iin::is_published(digits);
    // Rare lengths and brands are for review; what is wide open needs something beside it.
    let wide = issue.brand == Brand::Maestro || digits.len() < 14 || issue.brand == Brand::Other;
    let tentative = (!suffices && wide || is_moment(digits)) && !published;
    let find = CardFind { grade, brand: issue.brand, column: 0, tentative, id };
    let doubtful = id || grade == Grade::Test && !published;
    (suffices && !tentative || !doubtful).then_some(find)
}

/// Whether the neighbourhood lets the number stand for itself: no letter, no fraction, no part of
/// a hyphenated identifier.
fn is_clean(text: &[u8], number: &Number) -> bool {
    let (start, end) = (number.span.start, number.span.end);
    let before = |n: usize| start.checked_sub(n).map_or(0, |i| byte(text, i));
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let left = match before(1) {
        b'.' => !before(2).is_ascii_digit(),
        b'-' => number.grouped || !word(before(2)),
        b => !word(b),
    };
    let right = match byte(text, end) {
        b'.' => !byte(text, end + 1).is_ascii_digit(),
        b'-' => number.grouped || !word(byte(text, end + 1)),
        b => !word(b),
    };
    left && right
}

/// Whether the first twelve digits read as `YYMMDDhhmmss` of 2020 to 2029: an identifier that
/// falls into Mastercard's 2-series.
fn is_moment(digits: &[u8]) -> bool {
    let two = |at: usize| {
        digits.get(at..at + 2).map_or(99, |d| d.iter().fold(0, |n, b| n * 10 + u32::from(b & 15)))
    };
    digits.len() == 16
        && (20..=29).contains(&two(0))
        && (1..=12).contains(&two(2))
        && (1..=31).contains(&two(4))
        && two(6) < 24
        && two(8) < 60
        && two(10) < 60
}

/// `card_no01=4556&card_no02=…`: four values of four digits under keys that count up.
fn split_fields(text: &[u8], pairs: &[Pair], found: &mut Vec<Found>) {
    let four = |pair: &Pair| {
        let value = text.get(pair.value.clone()).unwrap_or_default();
        value.len() == 4 && value.iter().all(u8::is_ascii_digit)
    };
    for (i, window) in pairs.windows(4).enumerate() {
        if !window.iter().all(four) || !counts_up(text, pairs.get(i..i + 4).unwrap_or_default()) {
            continue;
        }
        let digits: Vec<u8> = window
            .iter()
            .flat_map(|p| text.get(p.value.clone()).unwrap_or_default())
            .copied()
            .collect();
        let Some(issue) = iin::issue(&digits).filter(|_| iin::luhn(&digits)) else { continue };
        let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
        let grade = if iin::is_test(&digits, true) { Grade::Test } else { Grade::Keyed };
        let card =
            CardFind { grade, brand: issue.brand, column: first.key, tentative: false, id: false };
        let find =
            Found::new(Element::CardNumber, first.value.start..last.value.end, Weight::Strong);
        found.push(Found { key: first.key, value: digits.into(), card: Some(card), ..find });
    }
}

fn counts_up(text: &[u8], window: &[Pair]) -> bool {
    let key = |pair: &Pair| {
        let start = pair.value.start;
        let before = text.get(start.saturating_sub(4)..start).unwrap_or_default();
        let marks = before
            .iter()
            .rev()
            .take_while(|b| matches!(b, b'"' | b'\'' | b'=' | b':' | b' ' | b'>'));
        key_before(text, start - marks.count()).and_then(|k| text.get(k))
    };
    let stem = |key: &[u8]| {
        let end = key.iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |n| n + 1);
        let digits = key
            .get(end..)
            .unwrap_or_default()
            .iter()
            .fold(0u32, |n, b| n.wrapping_mul(10).wrapping_add(u32::from(b & 15)));
        (key.get(..end).unwrap_or_default().to_vec(), digits)
    };
    let Some(keys) = window.iter().map(key).collect::<Option<Vec<_>>>() else { return false };
    let stems: Vec<_> = keys.into_iter().map(stem).collect();
    let Some((word, first)) = stems.first() else { return false };
    let card = keys::role(word, || Norm::of(b"")).is_some_and(Role::is_card);
    card && (0u32..).zip(&stems).all(|(i, (stem, n))| stem == word && *n == first.wrapping_add(i))
}

/// Finds card numbers that are masked: `411111******1111`, `4111-11XX-XXXX-1111`.
pub(super) fn masked(text: &[u8], pairs: &[Pair], found: &mut Vec<Found>) {
    let mut at = 0;
    while let Some(start) =
        text.get(at..).and_then(|t| t.iter().position(|b| is_mask(*b))).map(|n| n + at)
    {
        let end = mask_end(text, start);
        at = end.max(start + 1);
        found.extend(masked_at(text, start, end, pairs));
    }
}

fn is_mask(b: u8) -> bool {
    matches!(b, b'*' | b'x' | b'X' | b'#' | b'_')
}

/// The end of a run of one mask character, printed in groups or not.
fn mask_end(text: &[u8], start: usize) -> usize {
    let mask = byte(text, start);
    let mut at = start;
    loop {
        let b = byte(text, at);
        let joint = matches!(b, b'-' | b' ') && byte(text, at + 1) == mask && at > start;
        if b != mask && !joint {
            return at;
        }
        at += 1;
    }
}

fn masked_at(text: &[u8], start: usize, end: usize, pairs: &[Pair]) -> Option<Found> {
    let mask = text.get(start..end)?;
    let hidden = mask.iter().filter(|b| is_mask(**b)).count();
    let hides = mask.split(|b| !is_mask(*b)).any(|run| run.len() >= 4);
    let joint = |b: u8| matches!(b, b'-' | b' ');
    let mut from = start;
    while from > 0
        && start - from < 12
        && (byte(text, from - 1).is_ascii_digit()
            || joint(byte(text, from - 1)) && from >= 2 && byte(text, from - 2).is_ascii_digit())
    {
        from -= 1;
    }
    let mut to = end + usize::from(joint(byte(text, end)));
    while byte(text, to).is_ascii_digit() && to - end < 8 {
        to += 1;
    }
    let digits = |span: std::ops::Range<usize>| {
        text.get(span).unwrap_or_default().iter().filter(|b| b.is_ascii_digit()).count()
    };
    let (front, back) = (digits(from..start), digits(end..to));
    let edge = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let left = from.checked_sub(1).map_or(0, |i| byte(text, i));
    let whole = !edge(left) && !edge(byte(text, to));
    let form = matches!(front, 0 | 4..=8) && (3..=4).contains(&back) && hides;
    let number = Number::new(text, from..start, false)?;
    let issued = front == 0 || matches!(number.digits().first(), Some(b'2'..=b'6'));
    let total = front + hidden + back;
    let pair = pair_at(pairs, from);
    let role = pair.and_then(|p| p.role);
    let keyed = role.is_some_and(Role::is_card) || label_before(text, from);
    if !(whole && form && issued && (12..=19).contains(&total) && (front >= 4 || keyed)) {
        return None;
    }
    let weak = front + back > 12 || front > 6 && total < 16;
    let grade = if weak { Grade::MaskedWeakly } else { Grade::MaskedWell };
    let brand = brand_of(number.digits());
    let card =
        CardFind { grade, brand, column: pair.map_or(0, |p| p.key), tentative: false, id: false };
    let find = Found::new(Element::CardNumber, from..to, Weight::Strong);
    let shown = |b: &&u8| b.is_ascii_digit() || is_mask(**b);
    let value = text.get(from..to)?.iter().filter(shown).copied().collect::<Vec<u8>>().into();
    Some(Found { key: card.column, value, card: Some(card), ..find })
}

/// The brand that a visible prefix tells.
fn brand_of(prefix: &[u8]) -> Brand {
    let mut digits = prefix.to_vec();
    digits.resize(if prefix.starts_with(b"3") { 15 } else { 16 }, b'0');
    let long = iin::issue(&digits);
    digits.resize(16, b'0');
    long.or(iin::issue(&digits)).map_or(Brand::Other, |i| i.brand)
}
