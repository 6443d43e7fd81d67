//! Which fields does a dumped card message (ISO 8583) carry? The message type, the bitmap and the
//! lengths of the fields before it lead to the card number (2), the expiry (14) and the tracks
//! (35, 45); nothing labels them.
//!
//! Read are messages of digits and text with a hexadecimal bitmap, packed ones (binary-coded
//! decimals) in hexadecimal, and text ones in hexadecimal.

use std::ops::Range;

use super::found::{CardFind, Found, Weight};
use super::{Element, Grade, person};
use crate::pan::iin;
use crate::pan::plain::byte;

/// The form of a field in the edition of 1987, and its length.
#[derive(Clone, Copy)]
enum Form {
    /// So many digits.
    Digits(usize),
    /// So many characters.
    Text(usize),
    /// Digits (or a track) behind a length of two digits.
    Counted,
    /// Text behind a length of two digits.
    CountedText,
    /// Text behind a length of three digits.
    CountedLong,
}

use Form::{Counted, CountedLong, CountedText, Digits, Text};

/// Fields 2 to 45.
const FORMS: [Form; 44] = [
    Counted,
    Digits(6),
    Digits(12),
    Digits(12),
    Digits(12),
    Digits(10),
    Digits(8),
    Digits(8),
    Digits(8),
    Digits(6),
    Digits(6),
    Digits(4),
    Digits(4),
    Digits(4),
    Digits(4),
    Digits(4),
    Digits(4),
    Digits(3),
    Digits(3),
    Digits(3),
    Digits(3),
    Digits(3),
    Digits(3),
    Digits(2),
    Digits(2),
    Digits(1),
    Text(9),
    Text(9),
    Text(9),
    Text(9),
    Counted,
    Counted,
    CountedText,
    Counted,
    CountedLong,
    Text(12),
    Text(6),
    Text(2),
    Text(3),
    Text(8),
    Text(15),
    Text(40),
    CountedText,
    CountedText,
];

const CARD: usize = 2;
const EXPIRY: usize = 14;
const TRACK2: usize = 35;
const TRACK1: usize = 45;

/// How a message is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// One character a digit.
    Plain,
    /// One character a half byte: text takes two.
    Packed,
    /// Two characters a digit, the bitmap in hexadecimal or as bytes.
    Hex { bytes: bool },
}

/// Headers that may stand before the message type: none, a length of two bytes, a transport
/// header (TPDU), both; in characters of hexadecimal.
const HEADERS: [usize; 4] = [0, 4, 10, 14];

/// Finds the fields of dumped messages.
pub(super) fn find(text: &[u8], found: &mut Vec<Found>) {
    let mut end = 0;
    for start in memchr::memchr2_iter(b'0', b'3', text) {
        if start >= end && is_start(text, start) {
            found.extend(message_at(text, start));
            end = found.last().map_or(0, |last| last.span.end);
        }
    }
}

/// Whether a message with a card number in it may begin at `start`: what the prefilter asks.
pub(super) fn is_dump(text: &[u8], start: usize) -> bool {
    HEADERS.iter().any(|header| {
        is_start(text, start + header) && !message_at(text, start + header).is_empty()
    })
}

/// A message type (`0100`, `0210`, … or the same in hexadecimal) at the beginning of a token.
fn is_start(text: &[u8], at: usize) -> bool {
    let digit = |i: usize| byte(text, at + i).is_ascii_digit();
    let hex = |i: usize| byte(text, at + i) == b'3';
    let first = |i: usize| matches!(byte(text, at + i), b'1'..=b'8');
    let plain = byte(text, at) == b'0' && first(1) && digit(2) && digit(3);
    let coded = hex(0) && byte(text, at + 1) == b'0' && hex(2) && first(3) && hex(4) && hex(6);
    (plain || coded) && {
        let before = text.get(at.saturating_sub(16)..at).unwrap_or_default();
        let token = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
        HEADERS.contains(&token)
    }
}

fn message_at(text: &[u8], start: usize) -> Vec<Found> {
    let ways = match byte(text, start) {
        b'0' => [Written::Plain, Written::Packed],
        _ => [Written::Hex { bytes: false }, Written::Hex { bytes: true }],
    };
    let read = ways.into_iter().map(|written| Reader { text, at: start, written }.message());
    read.max_by_key(Vec::len).unwrap_or_default()
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    written: Written,
}

impl Reader<'_> {
    /// The finds of a message, the card number first; nothing if it carries none.
    fn message(mut self) -> Vec<Found> {
        let mut found = Vec::new();
        self.at += if matches!(self.written, Written::Hex { .. }) { 8 } else { 4 };
        let Some(fields) = self.bitmap() else { return found };
        let has = |field: usize| fields >> (64 - field) & 1 == 1;
        if ![CARD, TRACK2, TRACK1].into_iter().any(has) {
            return found;
        }
        for (field, form) in (CARD..).zip(FORMS).filter(|(n, _)| has(*n)) {
            let Some((span, value)) = self.field(form) else { break };
            match find_of(field, span, &value) {
                Some(find) => found.push(find),
                None if field == CARD => return Vec::new(),
                None => {}
            }
        }
        found
    }

    /// The first bitmap; the second, if there is one, is passed over.
    fn bitmap(&mut self) -> Option<u64> {
        self.blank();
        let first = self.map()?;
        if first >> 63 == 1 {
            self.map()?;
        }
        Some(first)
    }

    fn map(&mut self) -> Option<u64> {
        if self.written == (Written::Hex { bytes: false }) {
            return bits(&self.take(16, true)?.1);
        }
        let span = self.at..self.at + 16;
        self.at = span.end;
        bits(self.text.get(span)?)
    }

    fn field(&mut self, form: Form) -> Option<(Range<usize>, Vec<u8>)> {
        self.blank();
        match form {
            Digits(n) => self.take(n, false),
            Text(n) => self.take(n, true),
            Counted => self.count(2).and_then(|n| self.take(n, false)),
            CountedText => self.count(2).and_then(|n| self.take(n, true)),
            CountedLong => self.count(3).and_then(|n| self.take(n, true)),
        }
    }

    fn count(&mut self, digits: usize) -> Option<usize> {
        let (_, digits) = self.take(digits, false)?;
        let n = std::str::from_utf8(&digits).ok()?.parse().ok();
        self.blank();
        n
    }

    /// The next `n` digits or characters and where they stand. Packed digits fill whole bytes.
    fn take(&mut self, n: usize, text: bool) -> Option<(Range<usize>, Vec<u8>)> {
        let (width, pad) = match self.written {
            Written::Plain => (1, 0),
            Written::Packed if text => (2, 0),
            Written::Packed => (1, n % 2),
            Written::Hex { .. } => (2, 0),
        };
        let span = self.at..self.at + n * width + pad;
        let raw = self.text.get(span.clone())?;
        self.at = span.end;
        let value = match (width, pad) {
            (1, 0) => raw.to_vec(),
            // An odd number of digits has a 0 before it or an F behind it.
            (1, _) if matches!(raw.last(), Some(b'F' | b'f')) => raw.get(..n)?.to_vec(),
            (1, _) => raw.get(pad..)?.to_vec(),
            _ => raw.chunks(2).map(hex).collect::<Option<_>>()?,
        };
        Some((span, value))
    }

    fn blank(&mut self) {
        self.at += usize::from(byte(self.text, self.at) == b' ');
    }
}

/// The bits that hexadecimal digits stand for.
fn bits(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0, |bits, digit| Some(bits << 4 | u64::from((*digit as char).to_digit(16)?)))
}

fn hex(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

fn find_of(field: usize, span: Range<usize>, value: &[u8]) -> Option<Found> {
    match field {
        CARD => card(Element::CardNumber, Grade::Keyed, span, value),
        EXPIRY => {
            let text = std::str::from_utf8(value).ok().filter(|text| person::is_expiry(text))?;
            let find = Found::new(Element::Expiry, span, Weight::Weak);
            Some(Found { value: text.as_bytes().to_vec().into(), ..find })
        }
        TRACK2 => {
            let end = value.iter().position(|b| matches!(b, b'=' | b'D' | b'd'))?;
            card(Element::Track, Grade::Track, span, value.get(..end)?)
        }
        TRACK1 => {
            let end = value.iter().position(|b| *b == b'^')?;
            card(Element::Track, Grade::Track, span, value.get(1..end)?)
        }
        _ => None,
    }
}

fn card(element: Element, grade: Grade, span: Range<usize>, digits: &[u8]) -> Option<Found> {
    let issue = iin::issue(digits).filter(|_| digits.iter().all(u8::is_ascii_digit))?;
    let grade = if iin::is_test(digits, true) { Grade::Test } else { grade };
    let card = CardFind { grade, brand: issue.brand, column: 0, tentative: false, id: false };
    let find = Found::new(element, span, Weight::Strong);
    iin::luhn(digits).then(|| Found { value: digits.to_vec().into(), card: Some(card), ..find })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let mut found = Vec::new();
        find(text.as_bytes(), &mut found);
        let tell =
            |f: &Found| format!("{}:{}", f.element.name(), String::from_utf8_lossy(&f.value).len());
        found.iter().map(tell).collect::<Vec<_>>().join(" ")
    }

    fn coded(text: &str) -> String {
        text.bytes().map(|b| format!("{b:02X}")).collect::<Vec<_>>().concat()
    }

    #[test]
    fn fields_of_dumped_messages() {
        // Fields 2, 3, 4, 7, 11, 12, 14, 35.
        let fields = "164556737586899855000000000000010000030805120700012305120720123745567375868998552012101";
        let fields =
            fields.replace("3745567375868998552012101", "374556737586899855=20121011234567890000");
        let plain = format!("02007234000020000000{fields}");
        let with_tracks = "card_number:16 expiry:4 track:16";
        assert_eq!(told(&format!("recv {plain} end")), with_tracks);
        assert_eq!(told(&format!("recv 0200 7234000020000000 {fields}")), with_tracks);
        assert_eq!(told(&coded(&plain)), with_tracks);
        let bytes = format!("{}7234000020000000{}", coded("0200"), coded(&fields));
        assert_eq!(told(&bytes), with_tracks);
        let packed = "02007234000020000000164556737586899855000000000000010000030805120700012305120720123745567375868998 55".replace(' ', "");
        let packed = packed.replace("37455673758689 9855", "");
        assert_eq!(told(&packed[..packed.len() - 18]), "card_number:16 expiry:4");
        let amex = "0100400000000000000015371449635398431F";
        assert_eq!(told(amex), "card_number:15");
        let table = [
            "02007234000020000000164556737586899856000000",
            "0200 ok 4556737586899855",
            "020012345678901234567890",
        ];
        for text in table {
            assert_eq!(told(text), "", "{text}");
        }
    }
}
