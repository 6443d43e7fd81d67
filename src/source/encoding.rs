//! How is the text encoded? UTF-16 is made UTF-8 in the stream, until another program wrote bytes
//! behind it; UTF-16 behind other text is a gap ([`hole`](super::hole)). A byte order mark is dropped.
//! Lines of Japanese encodings ([`japanese`]) are made UTF-8 too: their characters hold bytes that
//! look like quotes and backslashes. Other encodings (Latin-1) stay as they are: they keep ASCII, and
//! rules look at bytes.

use std::io::Read;

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};

use super::input::Input;
use super::japanese;
use super::recoded::{Recode, Recoded};

/// The encodings that are told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes that are delivered as they are.
    Bytes,
    /// UTF-8 behind a byte order mark, which is dropped.
    MarkedUtf8,
    Utf16Le,
    Utf16Be,
    /// ISO-2022-JP, EUC-JP or `Shift_JIS`.
    Japanese(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// Whether other bytes are delivered than stand in the source.
    pub(super) fn is_changed(self) -> bool {
        self != Self::Bytes
    }

    pub(super) fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bytes => "UTF-8 or bytes",
            Self::MarkedUtf8 => "UTF-8 with a byte order mark",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Japanese(encoding) => encoding.name(),
        }
    }
}

/// The encoding, from a byte order mark or from where NUL bytes stand.
pub(super) fn of(head: &[u8]) -> Encoding {
    match head {
        [0xef, 0xbb, 0xbf, ..] => Encoding::MarkedUtf8,
        [0xff, 0xfe, ..] => Encoding::Utf16Le,
        [0xfe, 0xff, ..] => Encoding::Utf16Be,
        _ => match by_pattern(head) {
            Encoding::Bytes => japanese::of(head).map_or(Encoding::Bytes, Encoding::Japanese),
            utf16 => utf16,
        },
    }
}

/// Text that is mostly ASCII has its NUL bytes on one side of the pairs.
fn by_pattern(head: &[u8]) -> Encoding {
    let (pairs, _) = head.as_chunks::<2>();
    let first = pairs.iter().filter(|p| p[0] == 0).count();
    let second = pairs.iter().filter(|p| p[1] == 0).count();
    let (most, few) = (pairs.len() * 6 / 10, pairs.len() / 20);
    match pairs.len() {
        0..4 => Encoding::Bytes,
        _ if second >= most && first <= few => Encoding::Utf16Le,
        _ if first >= most && second <= few => Encoding::Utf16Be,
        _ => Encoding::Bytes,
    }
}

/// The text of an input as UTF-8, or as the bytes that it is.
pub(super) fn decoded<'r>(mut input: Input<'r>, encoding: Encoding) -> Box<dyn Read + Send + 'r> {
    let decoder = match encoding {
        Encoding::Bytes => return Box::new(input),
        Encoding::MarkedUtf8 => {
            input.consume(3);
            return Box::new(input);
        }
        Encoding::Japanese(encoding) => {
            return Box::new(Recoded::new(input, japanese::Lines::new(encoding)));
        }
        Encoding::Utf16Le => UTF_16LE.new_decoder_with_bom_removal(),
        Encoding::Utf16Be => UTF_16BE.new_decoder_with_bom_removal(),
    };
    Box::new(Recoded::new(input, Utf16::Text(decoder)))
}

const SIZE: usize = 1 << 16;

/// So many bytes of ASCII in a row are no UTF-16: as such they would be rare characters, each with
/// both bytes of that kind.
const ASCII_RUN: usize = 64;

/// UTF-16 as UTF-8; unpaired surrogates become U+FFFD. Where another program wrote bytes behind it,
/// the rest is delivered as it is.
enum Utf16 {
    Text(Decoder),
    Bytes,
}

impl Recode for Utf16 {
    fn recode(&mut self, input: &mut Input<'_>, ready: &mut Vec<u8>) -> bool {
        let source = input.fill();
        let last = source.is_empty();
        let Self::Text(decoder) = self else {
            ready.extend_from_slice(source);
            input.consume(ready.len());
            return last;
        };
        let bytes = ascii_run(source);
        if bytes == Some(0) {
            *self = Self::Bytes;
            return false;
        }
        ready.resize(SIZE, 0);
        let text = &source[..bytes.unwrap_or(source.len())];
        let (result, read, written, _) = decoder.decode_to_utf8(text, ready, last);
        input.consume(read);
        ready.truncate(written);
        last && result == CoderResult::InputEmpty
    }
}

/// Where the first long run of ASCII begins.
fn ascii_run(source: &[u8]) -> Option<usize> {
    let ascii = |b: &u8| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    let mut at = 0;
    let runs = source.chunk_by(|a, b| ascii(a) == ascii(b));
    runs.map(|run| {
        at += run.len();
        (at - run.len(), run)
    })
    .find(|(_, run)| run.len() >= ASCII_RUN && ascii(&run[0]))
    .map(|(start, _)| start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: bool, encode: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(encode).collect()
    }

    #[test]
    fn utf16_with_and_without_a_mark_is_delivered_as_utf8() {
        let text = "192.0.2.1 GET /日本 HTTP/1.1 200 😀\r\n".repeat(9_000);
        for encode in [u16::to_le_bytes, u16::to_be_bytes] {
            for mark in [true, false] {
                let bytes = utf16(&text, mark, encode);
                let encoding = of(&bytes[..4_096]);
                let mut got = String::new();
                decoded(Input::new(&bytes[..]), encoding).read_to_string(&mut got).unwrap();
                assert!(got == text, "{encoding:?} {mark}");
            }
        }
        assert_eq!(of(b"\xef\xbb\xbfabc"), Encoding::MarkedUtf8);
        assert_eq!(of(&[0; 4_000]), Encoding::Bytes);
        assert_eq!(of(b"a plain log line\n"), Encoding::Bytes);
    }

    #[test]
    fn bytes_that_another_program_wrote_behind_utf16_stay() {
        let (before, behind) = (
            "日本 GET / 200\r\n".repeat(500),
            "192.0.2.1 GET /日本 200 \"a user agent of a usual length, Mozilla/5.0\"\n".repeat(500),
        );
        for encode in [u16::to_le_bytes, u16::to_be_bytes] {
            let mut bytes = utf16(&before, true, encode);
            let encoding = of(&bytes[..4_096]);
            bytes.extend_from_slice(behind.as_bytes());
            let mut got = String::new();
            decoded(Input::new(&bytes[..]), encoding).read_to_string(&mut got).unwrap();
            // Up to where the first long run of ASCII begins, nothing tells bytes from UTF-16.
            let lost = got.len().abs_diff(before.len() + behind.len());
            assert!(got.starts_with(&before) && lost < 2 * ASCII_RUN, "{lost}");
            assert!(got.ends_with(&behind[behind.len() / 2..]));
        }
    }
}
