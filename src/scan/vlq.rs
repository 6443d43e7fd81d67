//! How do many small numbers lie in little text? As base64 VLQ (source map revision 3): digits of five
//! bits, the lowest first, each with a sixth bit that says whether another follows. A number below 32
//! is one sign, and what repeats in numbers repeats in the text, so that it can be pressed further.

use std::iter::Peekable;
use std::str::Bytes;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bits of a digit.
const BITS: u32 = 5;

/// Appends a number.
pub(super) fn write(text: &mut String, mut number: u64) {
    loop {
        let digit = (number & 31) as usize;
        number >>= BITS;
        let more = if number > 0 { 32 } else { 0 };
        text.push(char::from(DIGITS[digit | more]));
        if number == 0 {
            return;
        }
    }
}

/// The numbers of a text.
pub(super) struct Numbers<'t>(Peekable<Bytes<'t>>);

impl<'t> Numbers<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self(text.bytes().peekable())
    }

    fn number(&mut self) -> Result<u64, String> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let sign = self.0.next().ok_or("a number ends in its middle")?;
            let digit = DIGITS.iter().position(|known| *known == sign).ok_or("no base64 VLQ")?;
            let bits = digit as u64 & 31;
            if shift >= u64::BITS || bits << shift >> shift != bits {
                return Err("a number of more than 64 bits".to_owned());
            }
            number |= bits << shift;
            shift += BITS;
            if digit & 32 == 0 {
                return Ok(number);
            }
        }
    }
}

impl Iterator for Numbers<'_> {
    type Item = Result<u64, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.peek()?;
        Some(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_nothing_else_is_read() {
        let all = [0, 1, 31, 32, 1_023, 1_024, 65_535, u64::from(u32::MAX), u64::MAX];
        let mut text = String::new();
        for number in all {
            write(&mut text, number);
        }
        let read: Result<Vec<u64>, String> = Numbers::of(&text).collect();
        assert_eq!(read.unwrap(), all);
        for wrong in ["g", "A!", "////////////////", "é"] {
            assert!(Numbers::of(wrong).any(|number| number.is_err()), "{wrong}");
        }
    }
}
