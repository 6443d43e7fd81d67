//! The line that nearly every line is: `CLIENT IDENT USER [TIME] "REQUEST" STATUS BYTES`, perhaps
//! with ` "REFERER" "AGENT"`, nothing behind it and nothing escaped.
//!
//! Its two or six quotes say where everything is, and one pass by vectors finds them. The general
//! road gives the same event, as `both_roads_give_the_same_event` shows; `benches/event.rs` shows
//! what this one saves.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

use crate::event::Escapes;

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
    /// Told in the same pass.
    pub(super) escapes: Escapes,
}

impl<'a> Usual<'a> {
    /// The pieces of a line without line end; `None` for any other line.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let quotes = Quotes::of(line)?;
        let [open, close, from @ ..] = quotes.at;
        let (head, stamp) = before_request(line.get(..open)?)?;
        let escapes = quotes.escapes(head.len() + 2, stamp);
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
            escapes,
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

/// Where the quotes of a line stand, and what else the pass sees.
#[derive(Default)]
struct Quotes {
    at: [usize; 6],
    many: usize,
    /// The first and the last plus sign.
    pluses: Option<(usize, usize)>,
    /// Not 0 if the line has signs at which other escapes may begin.
    others: u64,
    /// Not 0 if it has bytes beyond ASCII, which the second decoding may change.
    high: u64,
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
        let mut quotes = Self::default();
        let (chunks, rest) = line.as_chunks();
        for (start, chunk) in (0..).step_by(64).zip(chunks) {
            quotes.add(start, Marks::of(simd, chunk)?)?;
        }
        let last = Marks::of(simd, line.last_chunk()?)?;
        if !rest.is_empty() {
            quotes.add(line.len() - rest.len(), last.behind(64 - rest.len()))?;
        }
        Some(quotes)
    }

    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn add(&mut self, start: usize, mut marks: Marks) -> Option<()> {
        while marks.quotes != 0 {
            *self.at.get_mut(self.many)? = start + marks.quotes.trailing_zeros() as usize;
            self.many += 1;
            marks.quotes &= marks.quotes - 1;
        }
        if marks.pluses != 0 {
            let first = start + marks.pluses.trailing_zeros() as usize;
            let last = start + marks.pluses.ilog2() as usize;
            self.pluses = Some((self.pluses.map_or(first, |(first, _)| first), last));
        }
        self.others |= marks.others;
        self.high |= marks.high;
        Some(())
    }

    /// What decoding changes in a line whose time begins at `from`. The first plus sign is mostly
    /// that of the zone.
    fn escapes(&self, from: usize, stamp: &[u8]) -> Escapes {
        if self.others != 0 {
            return Escapes::Unknown;
        }
        match self.pluses {
            None => Escapes::None,
            Some((first, last))
                if first == last && zone(stamp).is_some_and(|at| from + at == first) =>
            {
                Escapes::None
            }
            Some(_) if self.high == 0 => Escapes::Blanks,
            Some(_) => Escapes::Unknown,
        }
    }
}

/// Where the sign of the zone stands in a time: `06/Mar/2017:00:00:00 +0900`.
fn zone(stamp: &[u8]) -> Option<usize> {
    let [rest @ .., b':', tens, ones, b' ', b'+', a, b, c, d] = stamp else { return None };
    let digits = [tens, ones, a, b, c, d].iter().all(|byte| byte.is_ascii_digit());
    digits.then_some(rest.len() + 4)
}

/// By bit: which bytes of a piece are signs that matter.
#[derive(Clone, Copy)]
struct Marks {
    quotes: u64,
    pluses: u64,
    others: u64,
    high: u64,
}

impl Marks {
    /// `None` if there is a backslash.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn of<S: Simd>(simd: S, chunk: &[u8; 64]) -> Option<Self> {
        let bytes = u8x64::from_slice(simd, chunk);
        let is = |byte: u8| bytes.simd_eq(byte);
        if is(b'\\').to_bitmask() != 0 {
            return None;
        }
        Some(Self {
            quotes: is(b'"').to_bitmask(),
            pluses: is(b'+').to_bitmask(),
            others: (is(b'%') | is(b'&')).to_bitmask(),
            high: bytes.simd_ge(0x80).to_bitmask(),
        })
    }

    /// Those behind the first `n`.
    fn behind(self, n: usize) -> Self {
        let Self { quotes, pluses, others, high } = self;
        let [quotes, pluses, others, high] = [quotes, pluses, others, high].map(|bits| bits >> n);
        Self { quotes, pluses, others, high }
    }
}
