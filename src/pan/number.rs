//! Where do numbers stand that may be card numbers? Runs of 12 to 19 digits, and the groups in
//! which cards are printed: 4-4-4-4(-1…3), 4-6-5, 4-6-4, with one separator throughout.

use std::ops::Range;

use super::plain::byte;

/// A number as it stands in a text. Its digits are wiped when it is dropped.
#[derive(Clone)]
pub(crate) struct Number {
    digits: [u8; 19],
    len: u8,
    /// Where it stands.
    pub span: Range<usize>,
    /// Whether it is printed in groups.
    pub grouped: bool,
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Number({:?})", self.span)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        self.digits.fill(0);
    }
}

impl Number {
    /// The digits in a span of a text, everything else left out.
    pub(crate) fn new(text: &[u8], span: Range<usize>, grouped: bool) -> Option<Self> {
        let mut number = Self { digits: [0; 19], len: 0, span: span.clone(), grouped };
        for digit in text.get(span)?.iter().filter(|b| b.is_ascii_digit()) {
            *number.digits.get_mut(usize::from(number.len))? = *digit;
            number.len += 1;
        }
        Some(number)
    }

    /// ASCII digits.
    pub(crate) fn digits(&self) -> &[u8] {
        self.digits.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// The end of the run of digits that starts at `at`.
pub(crate) fn run_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len())
}

/// Finds all numbers of a text, in order.
pub(crate) fn numbers(text: &[u8]) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_digit(text, at) {
        let end = run_end(text, start);
        at = end;
        if let Some(end) = (end - start == 4).then(|| group_end(text, start)).flatten() {
            found.extend(Number::new(text, start..end, true));
            at = end;
        } else if (12..=19).contains(&(end - start)) {
            found.extend(Number::new(text, start..end, false));
        }
    }
    found
}

fn next_digit(text: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.iter().position(u8::is_ascii_digit).map(|n| from + n)
}

/// The lengths of the groups behind the first, four-digit one.
const GROUPS: &[&[usize]] =
    &[&[4, 4, 4, 3], &[4, 4, 4, 2], &[4, 4, 4, 1], &[4, 4, 4], &[6, 5], &[6, 4]];

/// The end of a number in groups that starts at `start`.
fn group_end(text: &[u8], start: usize) -> Option<usize> {
    let separator = byte(text, start + 4);
    if !matches!(separator, b' ' | b'-' | b'.' | b'+') || before_in_groups(text, start, separator) {
        return None;
    }
    GROUPS.iter().find_map(|groups| {
        let end = groups.iter().try_fold(start + 4, |at, len| {
            let next = at + 1 + len;
            (byte(text, at) == separator && run_end(text, at + 1) == next).then_some(next)
        })?;
        let number = Number::new(text, start..end, true)?;
        let fits = super::iin::issue(number.digits()).is_some();
        (fits && !goes_on(text, end, separator)).then_some(end)
    })
}

/// Whether another group of the same kind stands before: part of a longer number.
fn before_in_groups(text: &[u8], start: usize, separator: u8) -> bool {
    let before = start.checked_sub(1).map_or(0, |i| byte(text, i));
    let digit = start.checked_sub(2).is_some_and(|i| byte(text, i).is_ascii_digit());
    before == separator && digit && matches!(separator, b'-' | b'.')
}

/// Whether another group follows: part of a longer number. Behind a blank may come an expiry.
fn goes_on(text: &[u8], end: usize, separator: u8) -> bool {
    if byte(text, end) != separator {
        return false;
    }
    let next = run_end(text, end + 1);
    match separator {
        b'-' | b'.' => next > end + 1,
        _ => {
            next == end + 5
                && byte(text, next) == separator
                && byte(text, next + 1).is_ascii_digit()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_groups() {
        let table = [
            ("4556737586899855", "4556737586899855"),
            ("no 4556-7375-8689-9855.", "4556737586899855"),
            ("4556 7375 8689 9855 2003", "4556737586899855"),
            ("4556.7375.8689.9855", "4556737586899855"),
            ("4556+7375+8689+9855", "4556737586899855"),
            ("3714-496353-98431", "371449635398431"),
            ("3056 930902 5904", "30569309025904"),
            ("4556-7375-8689-9855-1234", ""),
            ("4556-7375 8689-9855", ""),
            ("1234-4556-7375-8689-9855", ""),
            ("12345678901", ""),
            ("12345678901234567890", ""),
        ];
        for (text, want) in table {
            let got: Vec<u8> =
                numbers(text.as_bytes()).iter().flat_map(|n| n.digits().to_vec()).collect();
            assert_eq!(String::from_utf8_lossy(&got), want, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_digit_of_it() {
        let text = b"4556737586899855";
        assert!(!format!("{:?}", numbers(text)).contains("4556"));
    }
}
