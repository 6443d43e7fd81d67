//! Which of 64 bytes are digits, signs, letters of a kind? Bit masks, made by vectors as wide as the
//! processor has them, and looked at by shifting.
//!
//! All is inlined into code that was chosen for the processor: a call would fall back to the least.
#![allow(clippy::inline_always)]

use fearless_simd::prelude::*;
use fearless_simd::u8x64;

/// Which of 64 bytes are of which class.
#[derive(Clone, Copy, Default)]
pub(super) struct Classes {
    pub(super) digit: u64,
    pub(super) colon: u64,
    pub(super) hyphen: u64,
    pub(super) star: u64,
    pub(super) mark: u64,
    pub(super) base64: u64,
}

impl Classes {
    #[inline(always)]
    pub(super) fn of<S: Simd>(simd: S, block: &[u8], start: usize) -> Self {
        let rest = block.get(start..).unwrap_or_default();
        if let Some(chunk) = rest.first_chunk() {
            return Self::of_chunk(simd, chunk);
        }
        let mut padded = [0; 64];
        padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Self::of_chunk(simd, &padded)
    }

    #[inline(always)]
    fn of_chunk<S: Simd>(simd: S, chunk: &[u8; 64]) -> Self {
        let bytes = u8x64::from_slice(simd, chunk);
        let is = |byte: u8| bytes.simd_eq(byte);
        let marks = is(b'@') | is(b'=') | is(b'>') | is(b'%') | is(b'\\') | is(b'#') | is(b'+');
        let stars = is(b'*') | is(b'#') | (bytes | 0x20).simd_eq(b'x') | is(b'_');
        Self {
            digit: (bytes - b'0').simd_lt(10).to_bitmask(),
            colon: is(b':').to_bitmask(),
            hyphen: (is(b'-') | is(b')')).to_bitmask(),
            star: stars.to_bitmask(),
            mark: (marks | bytes.simd_ge(0x80)).to_bitmask(),
            base64: (bytes - b'M').simd_lt(3).to_bitmask(),
        }
    }
}

/// The positions of the bits that are set.
pub(super) fn each(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(at)
    })
}

/// 64 bits and the 64 that follow.
#[derive(Clone, Copy)]
pub(super) struct Ahead(pub(super) u64, pub(super) u64);

impl Ahead {
    /// The bits `n` places ahead; `n` is 1 to 63.
    #[inline]
    pub(super) fn at(self, n: u32) -> u64 {
        self.0 >> n | self.1 << (64 - n)
    }

    /// How many bits from place `n` on are set, up to 64.
    #[inline]
    pub(super) fn run(self, n: usize) -> usize {
        let ahead = u128::from(self.0) | u128::from(self.1) << 64;
        ((ahead >> n) as u64).trailing_ones() as usize
    }

    /// Where a bit is set and the one `n` places ahead too.
    #[inline]
    pub(super) fn and(self, n: u32) -> Self {
        Self(self.0 & self.at(n), self.1 & self.1 >> n)
    }
}
