//! Where may an escape begin? The bytes `%`, `+`, `&` and `\\`, found by vectors as wide as the
//! processor has them; most entries and values have none.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

/// Whether an escape may begin with the byte.
pub(super) fn is(byte: u8) -> bool {
    matches!(byte, b'%' | b'+' | b'&' | b'\\')
}

/// The first place of such a byte that is accepted.
pub(super) fn find(text: &[u8], accepts: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
    dispatch!(Level::new(), simd => find_by(simd, text, accepts))
}

/// Inlined into code that was chosen for the processor: a call would fall back to the least.
#[allow(clippy::inline_always)]
#[inline(always)]
fn find_by<S: Simd>(simd: S, text: &[u8], accepts: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
    let (chunks, rest) = text.as_chunks();
    for (start, chunk) in (0..).step_by(64).zip(chunks) {
        if let Some(at) = accepted(start, places(simd, chunk), accepts) {
            return Some(at);
        }
    }
    let last = match text.last_chunk() {
        _ if rest.is_empty() => return None,
        Some(chunk) => places(simd, chunk) >> (64 - rest.len()),
        None => {
            let mut chunk = [0; 64];
            chunk[..rest.len()].copy_from_slice(rest);
            places(simd, &chunk)
        }
    };
    accepted(text.len() - rest.len(), last, accepts)
}

/// The first of the places behind `start` that is accepted.
#[inline]
fn accepted(
    start: usize,
    mut places: u64,
    accepts: &mut dyn FnMut(usize) -> bool,
) -> Option<usize> {
    while places != 0 {
        let at = start + places.trailing_zeros() as usize;
        if accepts(at) {
            return Some(at);
        }
        places &= places - 1;
    }
    None
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn places<S: Simd>(simd: S, chunk: &[u8; 64]) -> u64 {
    let bytes = u8x64::from_slice(simd, chunk);
    let is = |byte: u8| bytes.simd_eq(byte);
    (is(b'%') | is(b'+') | is(b'&') | is(b'\\')).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn finds_as_one_looks(text in "[a-c%+&\\\\]{0,200}", nth in 0_usize..9) {
            let text = text.as_bytes();
            let expected = text.iter().enumerate().filter(|(_, b)| is(**b)).nth(nth).map(|f| f.0);
            let mut seen = 0;
            let found = find(text, &mut |_| {
                seen += 1;
                seen > nth
            });
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
