//! Which entries are worth a look? One pass over a whole block that is never wrong by leaving an
//! entry out: every find of [`search`](super::found::search) shows in the raw bytes of its line
//! as a run or groups of digits, a run of mask characters, a key, an `@`, or a spelling that is
//! rare enough to look at always (bytes beyond ASCII, escapes of letters, numeric entities).
//!
//! Bytes are classed 64 at a time into bit masks, and runs and groups are found by shifting them;
//! `benches/element.rs` shows the speed.

use fearless_simd::{Level, Simd, dispatch};

use super::classes::{Ahead, Classes, each};
use super::endings::is_key;
use super::{iso8583, mail};
use crate::pan::number::run_end;
use crate::pan::plain::{self, byte};
use crate::pan::{base64, iin};

/// Appends an offset inside every line that may carry an element, in ascending order.
pub(super) fn candidates(block: &[u8], at: &mut Vec<usize>) {
    let sift = Sift { block, taken: 0..0, at };
    dispatch!(Level::new(), simd => sift.through(simd));
}

struct Sift<'b> {
    block: &'b [u8],
    /// The line that was taken last: from where it was taken to its end.
    taken: std::ops::Range<usize>,
    at: &'b mut Vec<usize>,
}

impl Sift<'_> {
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn through<S: Simd>(mut self, simd: S) {
        let (mut now, mut before) = (Classes::of(simd, self.block, 0), Classes::default());
        for start in (0..self.block.len()).step_by(64) {
            let next = Classes::of(simd, self.block, start + 64);
            self.chunk(start, &before, &now, &next);
            (before, now) = (now, next);
        }
    }

    #[inline]
    fn chunk(&mut self, start: usize, before: &Classes, now: &Classes, next: &Classes) {
        let fours = Ahead(now.digit, next.digit).and(1).and(2);
        if fours.0 != 0 {
            self.numbers(start, before, (now, next), fours);
            self.groups(start, now.digit, next.digit, fours);
            self.phones(start, before.hyphen, now.hyphen, fours.0);
        }
        let masks =
            Ahead(now.star, next.star).and(1).and(2).0 & !(now.star << 1 | before.star >> 63);
        let colons = now.colon & !(now.digit << 1 | before.digit >> 63);
        let quads = Ahead(now.base64, next.base64).and(4).and(8).0;
        each(masks).for_each(|i| self.look(start + i, is_masked));
        each(colons).for_each(|i| self.look(start + i, is_key));
        each(now.mark).for_each(|i| self.look(start + i, is_mark));
        each(quads).for_each(|i| self.look(start + i, base64::holds_digits));
    }

    /// Runs of twelve digits and more.
    fn numbers(
        &mut self,
        start: usize,
        before: &Classes,
        (now, next): (&Classes, &Classes),
        fours: Ahead,
    ) {
        let begins = !(now.digit << 1 | before.digit >> 63);
        let twelves = fours.0 & fours.at(4) & fours.at(8) & begins;
        for i in each(twelves) {
            let len = Ahead(now.digit, next.digit).run(i);
            let end = |block: &[u8], at| if len < 64 { at + len } else { run_end(block, at) };
            self.look(start + i, |block, at| is_number(block, at, end(block, at)));
        }
    }

    /// Groups 4-4-4-4, 4-6-5 and 4-6-4 with a separator of one to nine bytes: one character;
    /// U+00A0 and `Shift_JIS`; `%20` and U+3000; `%2520`; `\u00a0`, `&nbsp;` and `%C2%A0`;
    /// `%E3%80%80`.
    fn groups(&mut self, start: usize, digits: u64, next: u64, fours: Ahead) {
        let ends = fours.0 & !Ahead(digits, next).at(4);
        let two = |gap: u32| ends & fours.at(4 + gap);
        if two(1) | two(2) | two(3) | two(5) | two(6) | two(9) == 0 {
            return;
        }
        for gap in [1, 2, 3, 5, 6, 9] {
            let four = fours.at(8 + 2 * gap) & fours.at(12 + 3 * gap);
            let found = two(gap) & (four | fours.at(10 + 2 * gap));
            each(found).for_each(|i| self.look(start + i, is_group));
        }
    }

    /// Phones: `-d-dddd`, `-dd-dddd`, `-ddd-dddd`, `-dddd-dddd`, `)ddd-dddd`, `)%20ddd-dddd`.
    fn phones(&mut self, start: usize, before: u64, now: u64, fours: u64) {
        let back = |n: u32| now << n | before >> (64 - n);
        let behind = fours & back(1);
        if behind == 0 {
            return;
        }
        let phones = behind & (back(3) | back(4) | back(5) | back(6) | back(8));
        each(phones).for_each(|i| self.look(start + i, is_phone));
    }

    /// Takes the line in which `at` stands, if it is not taken and the test says yes. Places come
    /// in order but within 64 bytes, where an earlier line may come later.
    #[inline]
    fn look(&mut self, at: usize, test: impl Fn(&[u8], usize) -> bool) {
        let late = at < self.taken.start && {
            let between = self.block.get(at..self.taken.start).unwrap_or_default();
            memchr::memchr(b'\n', between).is_some()
        };
        if (at < self.taken.end && !late) || at >= self.block.len() || !test(self.block, at) {
            return;
        }
        if late {
            return self.insert(at);
        }
        self.at.push(at);
        let rest = self.block.get(at..).unwrap_or_default();
        self.taken = at..memchr::memchr(b'\n', rest).map_or(self.block.len(), |n| at + n + 1);
    }

    #[cold]
    fn insert(&mut self, at: usize) {
        let place = self.at.partition_point(|other| *other < at);
        self.at.insert(place, at);
    }
}

/// Twelve or more digits up to `end` that may be a card number, or hide one behind the digits of an escape.
fn is_number(block: &[u8], at: usize, end: usize) -> bool {
    let digits = block.get(at..end).unwrap_or_default();
    let before = at.checked_sub(1).map_or(0, |i| byte(block, i));
    // Behind the digits of an escape, or within an EMV tag (5A…, 57…D).
    let inside = matches!(before, b'%' | b'u' | b'x' | b'A' | b'a');
    if inside
        || matches!(byte(block, end), b'D' | b'd' | b'F' | b'f')
        || is_in_message(block, at, end)
    {
        return true;
    }
    (12..=19).contains(&digits.len())
        && iin::issue(digits).is_some_and(|issue| issue.alone || iin::luhn(digits))
}

/// Behind the four digits at `at`: what separates groups, or what a longer spelling of it begins
/// with.
fn is_group(block: &[u8], at: usize) -> bool {
    let rest = block.get(at + 4..).unwrap_or_default();
    matches!(rest, [b' ' | b'-' | b'.' | b'+' | b'%' | b'\\' | 0x80.., ..])
        || rest.starts_with(b"&nbsp;")
}

/// Digits of a dumped message (ISO 8583), behind its type and bitmap.
fn is_in_message(block: &[u8], at: usize, end: usize) -> bool {
    let joined = |i: usize| matches!(byte(block, i), b'A'..=b'F' | b'a'..=b'f' | b' ');
    if end - at < 20 && !at.checked_sub(1).is_some_and(joined) {
        return false;
    }
    let floor = at.saturating_sub(40);
    let before = block.get(floor..at).unwrap_or_default();
    let token = |b: &&u8| b.is_ascii_hexdigit() || **b == b' ';
    let start = at - before.iter().rev().take_while(token).count();
    (start..=at).any(|i| iso8583::is_dump(block, i))
}

/// A phone whose last four digits stand at `at` begins with 0, a country code, or an American area.
fn is_phone(block: &[u8], at: usize) -> bool {
    let from = at.saturating_sub(20);
    let before = block.get(from..at).unwrap_or_default();
    let part = |b: &&u8| b.is_ascii_digit() || matches!(b, b'-' | b' ');
    let len = before.iter().rev().take_while(part).count();
    let number = before.get(before.len() - len..).unwrap_or_default();
    let left = at.checked_sub(len + 1).map_or(0, |i| byte(block, i));
    let plus = matches!(left, b'+' | b'%' | b'u' | b'x' | b')');
    let american = |n: &[u8]| matches!(n, [b'2'..=b'9', _, _, b'-', b'2'..=b'9', _, _, b'-']);
    plus || number
        .split(|b| *b == b' ')
        .next_back()
        .is_some_and(|n| n.starts_with(b"0") || american(n))
}

/// Mask characters, in groups or not, before a digit.
fn is_masked(block: &[u8], at: usize) -> bool {
    let rest = block.get(at..block.len().min(at + 40)).unwrap_or_default();
    let hides = |b: &u8| matches!(b, b'*' | b'#' | b'x' | b'X' | b'_' | b'-' | b' ');
    rest.iter().find(|b| !hides(b)).is_some_and(u8::is_ascii_digit)
}

fn is_mark(block: &[u8], at: usize) -> bool {
    let next = byte(block, at + 1);
    match byte(block, at) {
        b'@' => is_mail(block, at),
        b'=' if plain::quoted(block, at).is_some() => true,
        b'=' | b'>' => is_key(block, at),
        b'%' => is_escape(block, at),
        b'\\' => is_backslash(block, at),
        b'#' => at > 0 && byte(block, at - 1) == b'&',
        b'+' => matches!(next, b'1'..=b'9') && is_international(block, at + 1),
        _ => true,
    }
}

/// Something like a name before the `@`, and a domain behind it, or what undoing an escape may make
/// one.
fn is_mail(block: &[u8], at: usize) -> bool {
    let rest = block.get(at + 1..block.len().min(at + 256)).unwrap_or_default();
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let end = rest.iter().position(|b| !part(b)).unwrap_or(rest.len());
    let goes_on = match rest.get(end) {
        Some(b) => matches!(b, b'%' | b'\\' | b'&' | 0x80..),
        None => end == 255,
    };
    let left = at.checked_sub(1).map_or(b' ', |i| byte(block, i));
    !left.is_ascii_whitespace() && (goes_on || mail::domain(block, at + 1).is_some())
}

/// Behind a `+` that ends before `from`: a country code with groups behind it, blanks as they are
/// or escaped.
fn is_international(block: &[u8], from: usize) -> bool {
    let mut rest = block.get(from..block.len().min(from + 40)).unwrap_or_default();
    let mut digits = 0;
    loop {
        rest = match rest {
            [b'0'..=b'9', after @ ..] => {
                digits += 1;
                after
            }
            [b'%', b'2', b'0', after @ ..] | [b' ' | b'-' | b'+', after @ ..] => after,
            _ => return digits >= 10,
        };
    }
}

/// Behind a bracket that ends before `from`: `555-0132`, after a blank or none.
fn is_bracketed(block: &[u8], from: usize) -> bool {
    let rest = block.get(from..block.len().min(from + 11)).unwrap_or_default();
    let blank = [&b"%20"[..], b" ", b"+"].into_iter().find_map(|blank| rest.strip_prefix(blank));
    let digits = |at: std::ops::Range<usize>, text: &[u8]| {
        text.get(at).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    let number = blank.unwrap_or(rest);
    digits(0..3, number) && number.get(3) == Some(&b'-') && digits(4..8, number)
}

/// An escape that is looked at always: of a letter, a digit or a byte beyond ASCII, or of an
/// escape; or an encoded `@`, `=` or `:`, or one that a phone begins with.
fn is_escape(block: &[u8], at: usize) -> bool {
    let digit = |i: usize| (byte(block, at + i) as char).to_digit(16);
    let (Some(high), Some(low)) = (digit(1), digit(2)) else {
        return matches!(byte(block, at + 1), b'u' | b'U');
    };
    match (high * 16 + low) as u8 {
        b'@' => true,
        b'+' => is_international(block, at + 3),
        b')' => is_bracketed(block, at + 3),
        b'=' | b':' | b'>' => is_key(block, at),
        b'%' => digit(3).is_some(),
        b'<' | b'[' | b']' | b'{' | b'}' | b'"' | b',' | b'&' | b'/' | b'?' => false,
        b => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'\\' | 0x80..),
    }
}

fn is_backslash(block: &[u8], at: usize) -> bool {
    let code = match byte(block, at + 1) {
        b'u' | b'U' => block.get(at + 2..at + 6),
        b'x' | b'X' => block.get(at + 2..at + 4),
        b'\\' => return matches!(byte(block, at + 2), b'u' | b'U' | b'x' | b'X' | b'\\'),
        _ => return false,
    };
    let code = code
        .and_then(|c| std::str::from_utf8(c).ok())
        .and_then(|c| u32::from_str_radix(c, 16).ok());
    // Escaped quotes and brackets are the usual ones; what is behind them is looked at as it is.
    code.is_some_and(|c| {
        !matches!(c, 0x22 | 0x27 | 0x3C | 0x3E | 0x26 | 0x0A | 0x0D | 0x09 | 0x5B | 0x5D)
    })
}
