//! Is the text Japanese, in an encoding of its own? ISO-2022-JP, EUC-JP and `Shift_JIS`.
//!
//! The first bytes show which; then each line is decoded by itself, if all of it is text of that
//! encoding. A line that is not (UTF-8 of another program, an attacker's bytes) stays as it is, so
//! that no byte is lost and no escape of one line reaches into the next.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS};
use memchr::{memmem, memrchr};

use super::input::Input;
use super::recoded::Recode;

/// The encoding of Japanese text, if that is what the first bytes are.
pub(super) fn of(head: &[u8]) -> Option<&'static Encoding> {
    if is_escaped(head) {
        return Some(ISO_2022_JP).filter(|encoding| worth(head, encoding) > 0);
    }
    let best = [EUC_JP, SHIFT_JIS].into_iter().filter(|_| is_paired(head));
    best.max_by_key(|encoding| worth(head, encoding)).filter(|encoding| worth(head, encoding) > 0)
}

/// Whether there is an escape to two-byte characters (ISO-2022-JP, RFC 1468).
fn is_escaped(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"\x1b$").is_some_and(|at| matches!(bytes.get(at + 2), Some(b'B' | b'@')))
}

/// Whether most bytes beyond ASCII, outside of lines of UTF-8, stand beside another: of Latin-1 text
/// they do not.
fn is_paired(head: &[u8]) -> bool {
    let lines = head.split(|b| *b == b'\n').filter(|line| std::str::from_utf8(line).is_err());
    let (mut all, mut paired) = (0usize, 0usize);
    for run in lines.flat_map(|line| line.chunk_by(|a, b| a.is_ascii() == b.is_ascii())) {
        if !run[0].is_ascii() {
            all += run.len();
            paired += if run.len() > 1 { run.len() } else { 0 };
        }
    }
    paired * 5 > all * 3
}

/// How much the lines look like Japanese in an encoding: full characters count for it, the half-width
/// ones, which text of the other encoding makes, against it.
fn worth(head: &[u8], encoding: &'static Encoding) -> i64 {
    let texts = head.split(|b| *b == b'\n').filter_map(|line| text(line, encoding));
    texts.map(|text| text.chars().map(weight).sum::<i64>()).sum()
}

fn weight(c: char) -> i64 {
    match c {
        'ぁ'..='ヿ' => 2,
        '一'..='龥' => 1,
        '\u{ff61}'..='\u{ff9f}' => -1,
        _ => 0,
    }
}

/// A line as text, if it is no UTF-8 and all of it is text of the encoding.
fn text<'t>(line: &'t [u8], encoding: &'static Encoding) -> Option<Cow<'t, str>> {
    let foreign = if encoding == ISO_2022_JP {
        is_escaped(line)
    } else {
        !line.is_ascii() && std::str::from_utf8(line).is_err()
    };
    foreign.then(|| encoding.decode_without_bom_handling_and_without_replacement(line))?
}

/// A longer line is delivered in pieces, as it is.
const LINE: usize = 1 << 20;

/// Lines as UTF-8.
pub(super) struct Lines {
    encoding: &'static Encoding,
    /// Bytes of a line whose end is not there yet.
    pending: Vec<u8>,
}

impl Lines {
    pub(super) fn new(encoding: &'static Encoding) -> Self {
        Self { encoding, pending: Vec::new() }
    }
}

impl Recode for Lines {
    fn recode(&mut self, input: &mut Input<'_>, ready: &mut Vec<u8>) -> bool {
        let more = input.fill();
        let ended = more.is_empty();
        self.pending.extend_from_slice(more);
        let taken = more.len();
        input.consume(taken);
        let whole = memrchr(b'\n', &self.pending).map_or(0, |at| at + 1);
        let all = ended || self.pending.len() - whole > LINE;
        let cut = if all { self.pending.len() } else { whole };
        for line in self.pending[..cut].split_inclusive(|b| *b == b'\n') {
            match text(line, self.encoding) {
                Some(text) => ready.extend_from_slice(text.as_bytes()),
                None => ready.extend_from_slice(line),
            }
        }
        self.pending.drain(..cut);
        ended
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::recoded::Recoded;
    use super::*;

    const TEXT: &str = "2017-03-08 05:12:07 INFO 決済が完了しました name=\"山田 表\" path=C:\\能\n";

    fn delivered(bytes: &[u8]) -> Vec<u8> {
        let encoding = of(&bytes[..bytes.len().min(1 << 14)]).unwrap();
        let mut got = Vec::new();
        Recoded::new(Input::new(bytes), Lines::new(encoding)).read_to_end(&mut got).unwrap();
        got
    }

    #[test]
    fn japanese_lines_become_utf8_and_all_others_stay() {
        for encoding in [ISO_2022_JP, EUC_JP, SHIFT_JIS] {
            let (encoded, ..) = encoding.encode(TEXT);
            assert_eq!(of(&encoded), Some(encoding), "{}", encoding.name());
            let odd: &[u8] = b"GET /?q='\xff\xfe\x80 union select\n";
            let mut bytes = encoded.repeat(3_000);
            bytes.extend_from_slice(odd);
            bytes.extend_from_slice("caf\u{e9} \u{65e5}\n".as_bytes());
            bytes.extend_from_slice(&encoded[..encoded.len() - 1]);
            let mut expected = TEXT.repeat(3_000).into_bytes();
            expected.extend_from_slice(odd);
            expected.extend_from_slice("caf\u{e9} \u{65e5}\n".as_bytes());
            expected.extend_from_slice(TEXT.trim_end().as_bytes());
            assert!(delivered(&bytes) == expected, "{}", encoding.name());
        }
    }

    #[test]
    fn no_escape_reaches_into_the_next_line() {
        let (encoded, ..) = ISO_2022_JP.encode(TEXT);
        let attack = b"agent=\x1b$B\n'/**/union/**/select\n";
        let bytes = [&encoded[..], attack].concat();
        let got = delivered(&bytes);
        assert!(got.ends_with(b"\n'/**/union/**/select\n"), "{}", String::from_utf8_lossy(&got));
    }

    #[test]
    fn other_text_is_left_alone() {
        for head in [
            &b"M\xfcller caf\xe9 stra\xdfe na\xefve\n"[..], // Latin-1
            TEXT.as_bytes(),
            b"plain ASCII \x1b[31mred\x1b[0m\n",
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\xd7\x9a\n",
            b"",
        ] {
            assert_eq!(of(head), None, "{}", String::from_utf8_lossy(head));
        }
    }
}
