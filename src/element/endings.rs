//! Does a key make a record by itself? Asked of every `=` and `:` of a log, so most are told by how
//! they end.

use std::sync::LazyLock;

use super::keys::{self, Norm};
use super::pairs;
use crate::pan::plain::byte;

/// Which three letters and digits end the keys that make a record by themselves: a bit for each
/// [`ending`].
static ENDINGS: LazyLock<[u64; 512]> = LazyLock::new(|| {
    let mut endings = [0; 512];
    for word in keys::standing() {
        let mut tail = word.bytes().rev();
        let [a, b, c] = std::array::from_fn(|_| tail.next().unwrap_or_default());
        // Anything may stand before a key of two.
        let step = 1 << (5 * word.len().min(3));
        for ending in (ending(a, b, c)..1 << 15).step_by(step) {
            if let Some(bits) = endings.get_mut(ending / 64) {
                *bits |= 1 << (ending % 64);
            }
        }
    }
    endings
});

/// The last three letters and digits, backwards, five bits of each.
fn ending(a: u8, b: u8, c: u8) -> usize {
    usize::from(a & 31) | usize::from(b & 31) << 5 | usize::from(c & 31) << 10
}

/// Whether a key that ends before `end` may be one that makes a record by itself.
#[inline]
fn may_stand(block: &[u8], end: usize) -> bool {
    let Some(&[c, b, a]) = block.get(..end).and_then(<[u8]>::last_chunk) else { return true };
    let ending = match c {
        _ if ![a, b].iter().all(u8::is_ascii_alphanumeric) => joined_ending(block, end),
        // A key of two letters in quotes: nothing of it stands before them.
        b'"' => Some(ending(a, b, 0)),
        _ if c.is_ascii_alphanumeric() => Some(ending(a, b, c)),
        _ => joined_ending(block, end),
    };
    ending.is_none_or(|at| ENDINGS.get(at / 64).is_some_and(|bits| bits >> (at % 64) & 1 == 1))
}

/// The ending of a key with signs in it, as in `order_id`; `None` if it cannot be told.
fn joined_ending(block: &[u8], end: usize) -> Option<usize> {
    let before = block.get(end.saturating_sub(6)..end)?;
    let mut tail = before.iter().rev().copied().filter(u8::is_ascii_alphanumeric);
    let ending = ending(tail.next()?, tail.next()?, tail.next()?);
    before.is_ascii().then_some(ending)
}

/// Whether the key before the separator at `at` makes a record by itself.
pub(super) fn is_key(block: &[u8], at: usize) -> bool {
    let end = key_end(block, at);
    if !may_stand(block, end) {
        return false;
    }
    let Some(key) = pairs::key_before(block, end) else { return false };
    let name = block.get(key.clone()).unwrap_or_default();
    let escape = match key.start.checked_sub(1).map_or(0, |i| byte(block, i)) {
        b'%' => 2,
        b'\\' => escape_len(name),
        _ => 0,
    };
    let inner = name.get(escape..).unwrap_or_default();
    let stands = |name| keys::role(name, || Norm::of(b"")).is_some_and(keys::Role::stands_alone);
    stands(name) || escape > 0 && stands(inner)
}

/// Where the key before a separator ends, closing quotes and brackets in any spelling left out.
fn key_end(block: &[u8], mut end: usize) -> usize {
    let floor = end.saturating_sub(48);
    while end > floor {
        end -= match block.get(..end).unwrap_or_default() {
            [.., b'"' | b'\'' | b' ' | b']' | b'=' | b')' | b'\\' | b'-'] => 1,
            [.., b'g'..=b'z' | b'G'..=b'Z'] => break,
            [.., b'%', _, last] if last.is_ascii_hexdigit() => 3,
            [.., b'\\', _, _, last] if last.is_ascii_hexdigit() => 4,
            [.., b'\\', _, _, _, _, last] if last.is_ascii_hexdigit() => 6,
            [.., b'&', b'q', b'u', b'o', b't', b';'] => 6,
            _ => break,
        };
    }
    end
}

/// The length of the escape (without its backslash) that a name read backwards begins with.
fn escape_len(name: &[u8]) -> usize {
    match byte(name, 0) {
        b'u' | b'U' => 5,
        b'x' | b'X' => 3,
        _ => 1,
    }
}
