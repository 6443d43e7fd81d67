//! What does a parameter hold in Base64?

use memchr::memchr_iter;

use crate::pan::base64::value as alphabet;

/// Shorter tokens, in characters, decode to text by chance.
const SHORTEST: usize = 16;

/// The text that a value is in Base64 (RFC 4648, both alphabets, padded or not; its signs may be
/// percent-escaped); `None` if it is none, or if it stands for bytes that are no plain text.
pub fn base64(value: &[u8]) -> Option<Vec<u8>> {
    token(value).filter(|(_, len)| *len == value.len()).map(|(text, _)| text)
}

/// Whether a value behind a `=` is such a text.
pub fn holds_base64(text: &[u8]) -> bool {
    memchr_iter(b'=', text).any(|at| parameter(&text[at + 1..]).is_some())
}

/// A text with each value behind a `=` that is Base64 replaced by what it stands for; `None` if
/// there is none.
pub(super) fn unwrapped(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut done = 0;
    for at in memchr_iter(b'=', text) {
        if at < done {
            continue;
        }
        if let Some((value, len)) = parameter(&text[at + 1..]) {
            out.extend_from_slice(&text[done..=at]);
            out.extend_from_slice(&value);
            done = at + 1 + len;
        }
    }
    if done == 0 {
        return None;
    }
    out.extend_from_slice(&text[done..]);
    Some(out)
}

/// The value at the start of a text, up to the next parameter, and how long it is.
fn parameter(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    token(text).filter(|(_, len)| matches!(text.get(*len), None | Some(b'&' | b';' | b'#' | b' ')))
}

/// What the token at the start of a text says, and how long it is with its padding.
fn token(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut said, mut bits, mut at, mut count) = (Vec::new(), 0_u32, 0, 0_usize);
    while let Some((six, len)) = sextet(&text[at..]) {
        (bits, at, count) = (bits << 6 | six, at + len, count + 1);
        if count % 4 == 0 {
            push(bits << 8, 3, &mut said)?;
        }
    }
    let left = count % 4;
    if count < SHORTEST || left == 1 {
        return None;
    }
    if left > 1 {
        push(bits << (32 - 6 * left), left - 1, &mut said)?;
    }
    Some((said, at + padding(&text[at..])))
}

/// Adds the upper bytes of a group; `None` if one is no text.
fn push(group: u32, bytes: usize, said: &mut Vec<u8>) -> Option<()> {
    let group = &group.to_be_bytes()[..bytes];
    let plain = |b: &u8| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r' | 0);
    group.iter().all(plain).then(|| said.extend_from_slice(group))
}

/// The six bits of the character at the start of a text, and its length there.
fn sextet(text: &[u8]) -> Option<(u32, usize)> {
    let (byte, len) = match text {
        [b'%', b'2', b'b' | b'B', ..] => (b'+', 3),
        [b'%', b'2', b'f' | b'F', ..] => (b'/', 3),
        [byte, ..] => (*byte, 1),
        [] => return None,
    };
    Some((alphabet(byte)?.into(), len))
}

/// The length of up to two signs of padding.
fn padding(text: &[u8]) -> usize {
    let one = |text: &[u8]| match text {
        [b'=', ..] => 1,
        [b'%', b'3', b'd' | b'D', ..] => 3,
        _ => 0,
    };
    let first = one(text);
    first + if first > 0 { one(&text[first..]) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_base64_is_what_it_says() {
        for (value, says) in [
            ("Y2F0IC9ldGMvcGFzc3dk", Some("cat /etc/passwd")),
            ("Jz4-PHNjcmlwdD4_", Some("'>><script>?")),
            ("Jz4%2BPHNjcmlwdD4%2f", Some("'>><script>?")),
            ("MScgb3IgMT0xLS0gLQ==", Some("1' or 1=1-- -")),
            ("MScgb3IgMT0xLS0gLQ%3D%3d", Some("1' or 1=1-- -")),
            ("MScgb3IgMT0xLS0gLQ", Some("1' or 1=1-- -")),
            ("MScgb3IgMT0xLS0gL", None),
            ("MSdvciAx", None),
            ("documentation", None),
            ("rO0ABXNyABFqYXZh", None),
            ("Y2F0IC9ldGMvcGFzc3dk'", None),
            ("", None),
        ] {
            let said = base64(value.as_bytes());
            assert_eq!(said.as_deref(), says.map(str::as_bytes), "{value}");
        }
    }

    #[test]
    fn parameters_are_replaced_where_they_stand() {
        let unwrapped =
            |text: &str| unwrapped(text.as_bytes()).map(|t| String::from_utf8(t).unwrap());
        let text = "/a?x=1&y=MScgb3IgMT0xLS0gLQ==&z=2";
        assert_eq!(unwrapped(text).unwrap(), "/a?x=1&y=1' or 1=1-- -&z=2");
        assert!(holds_base64(text.as_bytes()));
        for text in ["/a?x=1", "/MScgb3IgMT0xLS0gLQ==", "/a?y=MScgb3IgMT0xLS0gLQ==x", "/a?y===="] {
            assert_eq!(unwrapped(text), None);
            assert!(!holds_base64(text.as_bytes()), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[A-Za-z%=&23bdf/+]{0,60}") {
            let text = text.as_bytes();
            proptest::prop_assert_eq!(holds_base64(text), unwrapped(text).is_some());
            let _ = base64(text);
        }
    }
}
