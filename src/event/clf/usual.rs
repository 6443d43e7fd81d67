//! The line that nearly every line is: `CLIENT IDENT USER [TIME] "REQUEST" STATUS BYTES`, perhaps
//! with ` "REFERER" "AGENT"`, nothing behind it and nothing escaped.
//!
//! Its two or six quotes say where everything is, and one pass by vectors finds them. The general
//! road gives the same event, as `both_roads_give_the_same_event` shows; `benches/event.rs` shows
//! what this one saves.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

use crate::event::decode;

/// The pieces of such a line.
pub(super) struct Usual<'a> {
    /// What stands before the time, without the blank.
    pub(super) head: &'a [u8],
    /// The time, 26 bytes.
    pub(super) stamp: &'a [u8],
    pub(super) request: &'a [u8],
    /// Three digits.
    pub(super) status: &'a [u8],
    /// Digits, or a dash.
    pub(super) bytes: &'a [u8],
    /// Referer and user agent.
    pub(super) headers: Option<[&'a [u8]; 2]>,
    /// Whether decoding changes nothing in the line, told in the same pass.
    pub(super) plain: bool,
}

impl<'a> Usual<'a> {
    /// The pieces of a line without line end; `None` for any other line.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let quotes = Quotes::of(line)?;
        let plain = quotes.escapes.is_none_or(|(a, b)| a == b && decode::is_zone(line, a));
        let [open, close, from @ ..] = quotes.at;
        let (head, stamp) = before_request(line.get(..open)?)?;
        let request = line.get(open + 1..close)?;
        let (sizes, headers) = match quotes.many {
            2 => (line.get(close + 1..)?, None),
            6 => (line.get(close + 1..from[0])?.strip_suffix(b" ")?, Some(headers(line, from)?)),
            _ => return None,
        };
        let (status, bytes) = sizes.strip_prefix(b" ")?.split_at_checked(3)?;
        let bytes = bytes.strip_prefix(b" ")?;
        let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
        let told = !bytes.is_empty() && digits(bytes) || bytes == b"-";
        (digits(status) && told).then_some(Self {
            head,
            stamp,
            request,
            status,
            bytes,
            headers,
            plain,
        })
    }
}

/// What stands before a time of the usual length, and the time.
fn before_request(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, stamp) = text.strip_suffix(b"] ")?.split_last_chunk::<26>()?;
    let head = head.strip_suffix(b" [")?;
    let ends = head.last().is_some_and(|last| !last.is_ascii_whitespace());
    (ends && stamp[0].is_ascii_digit()).then_some((head, stamp))
}

/// The two quoted texts that end a line.
fn headers(line: &[u8], [open, close, again, last]: [usize; 4]) -> Option<[&[u8]; 2]> {
    let ends = last + 1 == line.len() && line.get(close + 1..again)? == b" ";
    ends.then_some([line.get(open + 1..close)?, line.get(again + 1..last)?])
}

/// Where the quotes of a line stand.
struct Quotes {
    at: [usize; 6],
    many: usize,
    /// The first and the last place at which an escape may begin.
    escapes: Option<(usize, usize)>,
}

impl Quotes {
    /// `None` for a line with a backslash, and for one with more quotes or shorter than any.
    fn of(line: &[u8]) -> Option<Self> {
        dispatch!(Level::new(), simd => Self::find(simd, line))
    }

    /// Inlined into code that was chosen for the processor: a call would fall back to the least.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn find<S: Simd>(simd: S, line: &[u8]) -> Option<Self> {
        let mut quotes = Self { at: [0; 6], many: 0, escapes: None };
        let (chunks, rest) = line.as_chunks();
        for (start, chunk) in (0..).step_by(64).zip(chunks) {
            quotes.add(start, marks(simd, chunk)?)?;
        }
        let last = marks(simd, line.last_chunk()?)?;
        let new = if rest.is_empty() { [0; 2] } else { last.map(|b| b >> (64 - rest.len())) };
        quotes.add(line.len() - rest.len(), new)?;
        Some(quotes)
    }

    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn add(&mut self, start: usize, [mut quotes, escapes]: [u64; 2]) -> Option<()> {
        while quotes != 0 {
            *self.at.get_mut(self.many)? = start + quotes.trailing_zeros() as usize;
            self.many += 1;
            quotes &= quotes - 1;
        }
        if escapes != 0 {
            let first = start + escapes.trailing_zeros() as usize;
            let last = start + escapes.ilog2() as usize;
            self.escapes = Some((self.escapes.map_or(first, |(first, _)| first), last));
        }
        Some(())
    }
}

/// Which bytes are quotes, and at which an escape may begin; `None` if one is a backslash.
#[allow(clippy::inline_always)]
#[inline(always)]
fn marks<S: Simd>(simd: S, chunk: &[u8; 64]) -> Option<[u64; 2]> {
    let bytes = u8x64::from_slice(simd, chunk);
    let is = |byte: u8| bytes.simd_eq(byte);
    let escapes = is(b'%') | is(b'+') | is(b'&');
    if is(b'\\').to_bitmask() != 0 {
        return None;
    }
    Some([is(b'"').to_bitmask(), escapes.to_bitmask()])
}
