//! Which character is meant? UTF-8, `Shift_JIS` or EUC-JP by segment, then full-width forms, Unicode
//! blanks, hyphens and bullets to ASCII.

use encoding_rs::{EUC_JP, SHIFT_JIS};

use super::plain::Output;

/// Folds all text beyond ASCII; `None` if there is none.
pub(crate) fn fold(text: &[u8]) -> Option<Output> {
    let mut at = 0;
    let mut out: Option<Output> = None;
    let whole = std::str::from_utf8(text).is_ok();
    while let Some(start) = next_high(text, at) {
        let out = out.get_or_insert_with(|| Output::with_capacity(text.len() + text.len() / 2));
        out.copy(text, at..start);
        at = start + segment_len(text.get(start..).unwrap_or_default());
        transcode(text.get(start..at).unwrap_or_default(), start, whole, out);
    }
    let mut out = out?;
    out.copy(text, at..text.len());
    Some(out.end(text.len()))
}

fn next_high(text: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.iter().position(|b| *b >= 0x80).map(|n| from + n)
}

/// A run of bytes that may belong to one encoded text: none of them is ASCII punctuation below
/// `@`, which never is a trail byte.
fn segment_len(text: &[u8]) -> usize {
    let end = text.iter().position(|b| *b < 0x40 || *b == 0x7F).unwrap_or(text.len());
    // Trailing ASCII belongs to the segment only as a trail byte.
    let last = text.iter().take(end).rposition(|b| *b >= 0x80).unwrap_or(0);
    (last + 2).min(end.max(1))
}

fn transcode(segment: &[u8], from: usize, whole: bool, out: &mut Output) {
    let utf8 = std::str::from_utf8(segment).ok();
    // Pairs of bytes that are UTF-8 may be EUC-JP too; then the rest of the text decides.
    if let Some(text) = utf8.filter(|t| whole || t.chars().any(|c| c >= '\u{800}' || c == '\u{A0}'))
    {
        return each_char(text, from, char::len_utf8, out);
    }
    for (encoding, len) in [(EUC_JP, len_euc as fn(char) -> usize), (SHIFT_JIS, len_sjis)] {
        if encoding == EUC_JP
            && segment.iter().any(|b| (0x80..=0xA0).contains(b) && !matches!(b, 0x8E | 0x8F))
        {
            continue;
        }
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(segment) {
            return each_char(&text, from, len, out);
        }
    }
    if let Some(text) = utf8 {
        return each_char(text, from, char::len_utf8, out);
    }
    for (i, b) in segment.iter().enumerate() {
        out.push(&[*b], from + i);
    }
}

fn len_euc(c: char) -> usize {
    if c.is_ascii() {
        return 1;
    }
    encoded_len(&EUC_JP.encode(c.encode_utf8(&mut [0; 4])).0)
}

fn len_sjis(c: char) -> usize {
    match c {
        '\u{FF61}'..='\u{FF9F}' => 1,
        c if c.is_ascii() => 1,
        c => encoded_len(&SHIFT_JIS.encode(c.encode_utf8(&mut [0; 4])).0),
    }
}

fn encoded_len(bytes: &[u8]) -> usize {
    bytes.len().clamp(1, 3)
}

fn each_char(text: &str, mut from: usize, len: impl Fn(char) -> usize, out: &mut Output) {
    for c in text.chars() {
        let folded = folded(c, out.text.last().copied().unwrap_or(0));
        out.push(folded.encode_utf8(&mut [0; 4]).as_bytes(), from);
        from += len(c);
    }
}

/// The ASCII character that a Unicode one stands for, given the byte before it.
fn folded(c: char, before: u8) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{A0}' | '\u{2002}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE63}' => '-',
        // The long-vowel mark is used as a hyphen between digits.
        '\u{30FC}' | '\u{FF70}' if before.is_ascii_digit() => '-',
        '\u{2022}' | '\u{25CF}' | '\u{00D7}' | '\u{203B}' => '*',
        c => c,
    }
}
