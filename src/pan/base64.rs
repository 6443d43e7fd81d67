//! What do base64 tokens say? Those that hold long runs of digits are replaced by what they stand
//! for (RFC 4648, both alphabets).

use super::plain::{Output, byte};

/// The shortest token that can hold a card number and its key.
const SHORTEST: usize = 20;

/// Replaces the tokens that hold digits; `None` if there is none.
pub(crate) fn decode(text: &[u8]) -> Option<Output> {
    let (mut at, mut done) = (0, 0);
    let mut out: Option<Output> = None;
    while let Some(start) = text.get(at..)?.iter().position(|b| value(*b).is_some()).map(|n| at + n)
    {
        let rest = text.get(start..).unwrap_or_default();
        let len = rest.iter().position(|b| value(*b).is_none()).unwrap_or(rest.len());
        at = start + len;
        let Some((from, bytes)) = (len >= SHORTEST).then(|| token(rest.get(..len)?)).flatten()
        else {
            continue;
        };
        let out = out.get_or_insert_with(|| Output::with_capacity(text.len()));
        out.copy(text, done..start + from);
        out.push(&bytes, start + from);
        done = at
            + text.get(at..).unwrap_or_default().iter().take(2).take_while(|b| **b == b'=').count();
    }
    let mut out = out?;
    out.copy(text, done..text.len());
    Some(out.end(text.len()))
}

/// The six bits that a character stands for, in either alphabet.
pub(crate) fn value(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Four times in four characters what digits are in base64: three of them begin `[MNO][DTjz]`.
pub(crate) fn holds_digits(text: &[u8], at: usize) -> bool {
    (0..4).all(|n| {
        let (first, second) = (byte(text, at + 4 * n), byte(text, at + 4 * n + 1));
        matches!(first, b'M'..=b'O') && matches!(second, b'D' | b'T' | b'j' | b'z')
    })
}

/// What a token with digits stands for, and where in it the text begins: a path may stand before.
fn token(token: &[u8]) -> Option<(usize, Vec<u8>)> {
    let digits = (0..token.len()).find(|at| holds_digits(token, *at))?;
    let readable = |group: &[u8]| {
        decoded(group).iter().all(|b| !b.is_ascii_control() || b.is_ascii_whitespace())
    };
    let before = token.get(..digits)?;
    let groups = before.rchunks_exact(4).take_while(|g| readable(g)).count();
    let from = digits - 4 * groups;
    let bytes = token.get(from..)?.chunks(4).flat_map(decoded).collect();
    Some((from, bytes))
}

fn decoded(group: &[u8]) -> Vec<u8> {
    let bits = group.iter().fold(0u32, |n, b| n << 6 | u32::from(value(*b).unwrap_or(0)));
    let bits = bits << (6 * (4 - group.len().min(4)));
    bits.to_be_bytes().into_iter().skip(1).take((group.len() * 6 / 8).min(3)).collect()
}

#[cfg(test)]
mod tests {
    use crate::pan::plain::Plain;

    #[test]
    fn tokens_with_digits_are_read() {
        let table = [
            ("p=aWQ9MTImY2FyZF9ubz00NTU2NzM3NTg2ODk5ODU1 x", "p=id=12&card_no=4556737586899855 x"),
            ("p=Y2FyZF9ubz00NTU2NzM3NTg2ODk5ODU1Jng9MQ==&y", "p=card_no=4556737586899855&x=1&y"),
            (
                "GET /static/bundle.min.0123456789abcdefMNOPQRSTUV.js",
                "GET /static/bundle.min.0123456789abcdefMNOPQRSTUV.js",
            ),
        ];
        for (from, want) in table {
            assert_eq!(String::from_utf8_lossy(&Plain::of(from.as_bytes()).text), want);
        }
    }
}
