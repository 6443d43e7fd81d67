//! What did the producer write before it escaped it? Each server's own escapes, undone before
//! any URL decoding. Every function borrows where there is nothing to undo.

use std::borrow::Cow;

use memchr::memchr;

/// Undoes Apache httpd's escapes (`\"`, `\\`, `\t` and its kin, `\xhh`), which contain nginx's
/// (`\xHH`), varnishncsa's and Tomcat's (`\"`, `\\`, `\uhhhh`).
///
/// A producer that escapes never writes a quote, a control or a byte above 0x7e as it is; a text
/// that has one comes from a producer that does not (nginx `escape=none`, Squid) and is left alone.
pub(super) fn backslashes(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', text).is_none() || !escaped(text) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = backslash(&rest[at..], &mut out);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Whether a text can come from a producer that escapes.
fn escaped(text: &[u8]) -> bool {
    let mut odd = false;
    text.iter().all(|&byte| {
        let quoted = odd;
        odd = byte == b'\\' && !odd;
        (0x20..0x7f).contains(&byte) && (byte != b'"' || quoted)
    })
}

/// Undoes the escape at the start of `text` (a backslash); returns what follows it.
fn backslash<'t>(text: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let Some(kind) = text.get(1) else {
        out.push(b'\\');
        return &[];
    };
    let plain = match kind {
        b'"' | b'\\' => *kind,
        b't' => b'\t',
        b'n' => b'\n',
        b'r' => b'\r',
        b'b' => 0x08,
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'x' => match text.get(2..4).and_then(hex) {
            Some(byte) => {
                out.push(byte as u8);
                return &text[4..];
            }
            None => b'\\',
        },
        b'u' => match text.get(2..6).and_then(hex).and_then(char::from_u32) {
            Some(letter) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                return &text[6..];
            }
            None => b'\\',
        },
        _ => b'\\',
    };
    out.push(plain);
    let known = plain != b'\\' || *kind == b'\\';
    &text[if known { 2 } else { 1 }..]
}

/// Undoes HAProxy's `#HH` (it escapes quotes, `#`, controls and bytes above 0x7e so).
pub(super) fn hashes(text: &[u8]) -> Cow<'_, [u8]> {
    prefixed_hex(text, b'#')
}

/// Undoes one level of `%HH`, which CloudFront adds to header values and nothing else is.
pub(super) fn percents(text: &[u8]) -> Cow<'_, [u8]> {
    prefixed_hex(text, b'%')
}

fn prefixed_hex(text: &[u8], prefix: u8) -> Cow<'_, [u8]> {
    if memchr(prefix, text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(prefix, rest) {
        out.extend_from_slice(&rest[..at]);
        let byte = rest.get(at + 1..at + 3).and_then(hex);
        out.push(byte.map_or(prefix, |byte| byte as u8));
        rest = &rest[at + if byte.is_some() { 3 } else { 1 }..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Undoes IIS's `+` for a blank in header values; a `+` behind a `+` was one (`;++http://`).
pub(super) fn pluses(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'+', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut blank = false;
    let undone = text.iter().map(|&byte| {
        blank = byte == b'+' && !blank;
        if blank { b' ' } else { byte }
    });
    Cow::Owned(undone.collect())
}

/// Undoes doubled quotes (CSV, Tomcat's extended log).
pub(super) fn doubled_quotes(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'"', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut kept = true;
    let undone = text.iter().copied().filter(|&byte| {
        kept = byte != b'"' || !kept;
        kept
    });
    Cow::Owned(undone.collect())
}

/// The number that hexadecimal digits write.
pub(super) fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n, digit| Some(n * 16 + (*digit as char).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoes_each_producers_escapes() {
        type Undo = fn(&[u8]) -> Cow<'_, [u8]>;
        let cases: &[(Undo, &str, &[u8])] = &[
            (backslashes, r#"GET /q?x=\"quoted\"&y=a\\b"#, br#"GET /q?x="quoted"&y=a\b"#),
            (backslashes, r"caf\xc3\xa9 \xff\tTab", b"caf\xc3\xa9 \xff\tTab"),
            (backslashes, r"\x22\x5Cback", br#""\back"#),
            (backslashes, r"caf\u00e9", "caf\u{e9}".as_bytes()),
            (backslashes, r"\xzz \q \", br"\xzz \q \"),
            (backslashes, "ua \"with quotes\" and \\back", b"ua \"with quotes\" and \\back"),
            (hashes, "ua #22with#22 #zz #", b"ua \"with\" #zz #"),
            (percents, "Mozilla/5.0%20(x)%2", b"Mozilla/5.0 (x)%2"),
            (pluses, "Googlebot/2.1;++http://x", b"Googlebot/2.1; +http://x"),
            (doubled_quotes, r#"a ""b"" c"#, br#"a "b" c"#),
        ];
        for (undo, text, expected) in cases {
            let undone = undo(text.as_bytes());
            assert_eq!(undone.as_ref(), *expected, "{text}");
        }
        assert!(matches!(backslashes(b"GET / HTTP/1.1"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
            for undo in [backslashes, hashes, percents, pluses, doubled_quotes] {
                proptest::prop_assert!(undo(&text).len() <= text.len());
            }
        }
    }
}
