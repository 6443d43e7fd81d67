//! What do written bytes say, as they stand, decoded once, twice and three times, and with their
//! base64 undone? Written apart from the program, which must not be trusted to find its own leaks.

use std::collections::HashSet;

/// Where planted cards stand, in each view.
pub(crate) fn leaks(bytes: &[u8], cards: &HashSet<u64>) -> Vec<String> {
    let mut found = Vec::new();
    let mut view = bytes.to_vec();
    for how in ["as bytes", "decoded once", "decoded twice", "decoded three times"] {
        found.extend(numbers(&view, cards).into_iter().map(|around| format!("{how}: {around}")));
        let texts = base64_texts(&view);
        found.extend(
            numbers(&texts, cards).into_iter().map(|around| format!("in base64: {around}")),
        );
        let texts = hex_texts(&view);
        found.extend(
            numbers(&texts, cards).into_iter().map(|around| format!("in hexadecimal: {around}")),
        );
        view = decoded(&view);
    }
    found
}

/// The surroundings of every planted number in a text, separators left out.
fn numbers(text: &[u8], cards: &HashSet<u64>) -> Vec<String> {
    let text = folded(text);
    let mut found = Vec::new();
    let (mut run, mut last, mut number) = (0, 0, 0u64);
    for (at, b) in text.iter().enumerate().filter(|(_, b)| b.is_ascii_digit()) {
        let between = &text[last.min(at)..at];
        let joined = between.len() <= 3 && between.iter().all(|b| b" -.+_/".contains(b));
        run = if joined { run + 1 } else { 1 };
        number = (number * 10 + u64::from(b - b'0')) % 10u64.pow(16);
        last = at + 1;
        let is_card = run >= 16 && cards.contains(&number)
            || run >= 15 && cards.contains(&(number % 10u64.pow(15)));
        if is_card {
            let around = &text[at.saturating_sub(120)..text.len().min(at + 40)];
            found.push(String::from_utf8_lossy(around).into_owned());
        }
    }
    found
}

/// Full-width digits and no-break blanks as ASCII.
fn folded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match &text[at..] {
            [0xEF, 0xBC, d @ 0x90..=0x99, ..] => {
                out.push(d - 0x90 + b'0');
                at += 3;
            }
            [0xC2, 0xA0, ..] => {
                out.push(b' ');
                at += 2;
            }
            rest => {
                out.push(rest[0]);
                at += 1;
            }
        }
    }
    out
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    u8::try_from(u32::from_str_radix(text, radix).ok()?).ok()
}

/// One layer of escapes undone: `%XX`, `\uXXXX`, `\xXX`, `&#N;`, `&#xN;`, `\\`, `&amp;`.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (byte, length) = escape(&text[at..]).unwrap_or((text[at], 1));
        out.push(byte);
        at += length;
    }
    out
}

fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let take = |from: usize, to: usize, radix| number(text.get(from..to)?, radix);
    match text {
        [b'%', ..] => Some((take(1, 3, 16)?, 3)),
        [b'\\', b'u', ..] => Some((take(2, 6, 16)?, 6)),
        [b'\\', b'x', ..] => Some((take(2, 4, 16)?, 4)),
        [b'\\', b'\\', ..] => Some((b'\\', 2)),
        [b'&', b'#', b'x', ..] => entity(text, 3, 16),
        [b'&', b'#', ..] => entity(text, 2, 10),
        [b'&', b'a', b'm', b'p', b';', ..] => Some((b'&', 5)),
        _ => None,
    }
}

fn entity(text: &[u8], from: usize, radix: u32) -> Option<(u8, usize)> {
    let length =
        text.get(from..from + 6.min(text.len() - from))?.iter().position(|b| *b == b';')?;
    Some((number(&text[from..from + length], radix)?, from + length + 1))
}

/// Every base64 token decoded, from each of its first four signs on.
fn base64_texts(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for token in text.split(|b| sign(*b).is_none()).filter(|token| token.len() >= 18) {
        for start in 0..4 {
            let mut bits = (0u32, 0);
            for b in &token[start..] {
                bits = (bits.0 << 6 | u32::from(sign(*b).unwrap_or(0)), bits.1 + 6);
                if bits.1 >= 8 {
                    bits.1 -= 8;
                    out.push((bits.0 >> bits.1) as u8);
                }
            }
            out.push(b'\n');
        }
    }
    out
}

fn sign(b: u8) -> Option<u8> {
    match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Every run of hexadecimal digits decoded, from its first and its second digit on.
fn hex_texts(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in text.split(|b| !b.is_ascii_hexdigit()).filter(|run| run.len() >= 30) {
        for start in 0..2 {
            out.extend(run[start..].chunks_exact(2).filter_map(|pair| number(pair, 16)));
            out.push(b'\n');
        }
    }
    out
}
