//! What does a JSON text say? Every leaf of it, under its path (`card.number`, `items.0.no`).
//!
//! The walk is tolerant where producers are known to break RFC 8259: Apache's `\xhh`, raw control
//! and non-UTF-8 bytes, quotation marks that `escape=none` left bare, missing and trailing commas,
//! a text that is cut off. Nothing is lost: what cannot be walked becomes one leaf named `rest`.
//! Depth, number of leaves and length of paths are bounded, for the text is hostile.

use std::borrow::Cow;

use memchr::memchr2;

use super::Event;

/// Containers deeper than this become one leaf.
const DEPTH_CAP: usize = 32;
/// After so many leaves, the rest of the text becomes one.
const LEAF_CAP: usize = 4096;
/// Paths are cut at this length.
const PATH_CAP: usize = 256;
/// The name of the leaf that holds what could not be walked.
const REST: &[u8] = b"rest";

/// Pushes every leaf of the JSON object or array at the start of `text`. `false`, and nothing
/// pushed, where there is none.
pub(super) fn walk<'a>(text: &'a [u8], event: &mut Event<'a>) -> bool {
    let mut walker = Walker { text, at: 0, depth: 0, path: Vec::new(), event, whole: true };
    walker.blank();
    let leaves = walker.event.named.len();
    match walker.peek() {
        Some(b'{') => walker.object(),
        Some(b'[') => walker.array(),
        _ => return false,
    }
    if walker.event.named.len() == leaves && !walker.whole {
        return false;
    }
    walker.rest();
    true
}

struct Walker<'a, 'e> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    path: Vec<u8>,
    event: &'e mut Event<'a>,
    /// Whether everything so far could be walked.
    whole: bool,
}

impl<'a> Walker<'a, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes blanks, commas and colons: what stands between two values.
    fn blank(&mut self) {
        while let Some(b' ' | b',' | b':' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    fn object(&mut self) {
        self.at += 1;
        self.depth += 1;
        loop {
            self.blank();
            match self.peek() {
                Some(b'}') => break self.at += 1,
                Some(b'"') => self.member(),
                _ => self.whole = false,
            }
            if !self.whole {
                break;
            }
        }
        self.depth -= 1;
    }

    fn member(&mut self) {
        let key = self.string(b":");
        self.blank();
        let mark = self.descend(&key);
        self.value(if self.depth == 1 { Some(key) } else { None });
        self.path.truncate(mark);
    }

    fn array(&mut self) {
        self.at += 1;
        self.depth += 1;
        let mut index = 0;
        loop {
            self.blank();
            match self.peek() {
                Some(b']') => break self.at += 1,
                None => self.whole = false,
                Some(_) => self.element(index),
            }
            if !self.whole {
                break;
            }
            index += 1;
        }
        self.depth -= 1;
    }

    fn element(&mut self, index: u32) {
        let mark = match index {
            0 => self.descend(b"0"),
            _ => self.descend(index.to_string().as_bytes()),
        };
        self.value(None);
        self.path.truncate(mark);
    }

    /// Appends a step to the path and returns the length to go back to.
    fn descend(&mut self, step: &[u8]) -> usize {
        let mark = self.path.len();
        if mark > 0 {
            self.path.push(b'.');
        }
        let room = PATH_CAP.saturating_sub(self.path.len());
        self.path.extend_from_slice(step.get(..room).unwrap_or(step));
        mark
    }

    fn value(&mut self, name: Option<Cow<'a, [u8]>>) {
        match self.peek() {
            Some(b'"') => {
                let value = self.string(b",}]");
                self.leaf(name, value);
            }
            Some(b'{') if self.depth < DEPTH_CAP => self.object(),
            Some(b'[') if self.depth < DEPTH_CAP => self.array(),
            Some(b'{' | b'[') => {
                let value = Cow::Borrowed(self.container());
                self.leaf(name, value);
            }
            Some(_) => self.scalar(name),
            None => {
                self.leaf(name, Cow::Borrowed(b""));
                self.whole = false;
            }
        }
    }

    /// A number, `true`, `false` or `null`; `null` is absent.
    fn scalar(&mut self, name: Option<Cow<'a, [u8]>>) {
        let rest = &self.text[self.at..];
        let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
        let len = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += len;
        match &rest[..len] {
            b"" => self.whole = false,
            b"null" => {}
            token => self.leaf(name, Cow::Borrowed(token)),
        }
    }

    fn leaf(&mut self, name: Option<Cow<'a, [u8]>>, value: Cow<'a, [u8]>) {
        let name = name.unwrap_or_else(|| Cow::Owned(self.path.clone()));
        self.event.push(name, value);
        self.whole &= self.event.named.len() < LEAF_CAP;
    }

    /// A container that is not walked: its text up to the bracket that closes it.
    fn container(&mut self) -> &'a [u8] {
        let from = self.at;
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.string(b",}]:");
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                break;
            }
        }
        &self.text[from..self.at]
    }

    /// The string at a quotation mark. It ends at a mark that one of `closers` follows.
    fn string(&mut self, closers: &[u8]) -> Cow<'a, [u8]> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        let end = loop {
            let Some(found) = memchr2(b'"', b'\\', self.text.get(at..).unwrap_or_default()) else {
                self.whole = false;
                self.at = self.text.len();
                break self.text.len();
            };
            at += found;
            if self.text[at] == b'\\' {
                escaped = true;
                at += 2;
            } else if self.closes(at + 1, closers) {
                self.at = at + 1;
                break at;
            } else {
                at += 1;
            }
        };
        let raw = &self.text[start.min(end)..end];
        if escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) }
    }

    fn closes(&self, at: usize, closers: &[u8]) -> bool {
        let after = self.text.get(at..).unwrap_or_default();
        match after.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
            Some(byte) => closers.contains(byte),
            None => true,
        }
    }

    /// Keeps what follows the walked part as one leaf.
    fn rest(&mut self) {
        self.blank();
        let rest = &self.text[self.at..];
        if !rest.is_empty() {
            self.event.push(REST, rest);
        }
    }
}

/// Undoes the escapes of a JSON string (RFC 8259, section 7), and `\xhh` of Apache and nginx.
/// An unknown escape is kept as it stands.
pub(super) fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let used = escape(rest, &mut out);
        rest = &rest[used..];
    }
    out.extend_from_slice(rest);
    out
}

/// Undoes the escape at the start of `text`; returns its length.
fn escape(text: &[u8], out: &mut Vec<u8>) -> usize {
    let plain = match text.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(byte @ (b'"' | b'\\' | b'/' | b'\'')) => *byte,
        Some(b'x') => match hex(text, 2, 2) {
            Some(byte) => {
                out.push(byte as u8);
                return 4;
            }
            None => return keep(text, out),
        },
        Some(b'u') => return unicode(text, out),
        _ => return keep(text, out),
    };
    out.push(plain);
    2
}

/// Keeps an escape that is none.
fn keep(text: &[u8], out: &mut Vec<u8>) -> usize {
    let len = text.len().min(2);
    out.extend_from_slice(&text[..len]);
    len
}

/// `\uXXXX`, or two of them that are a surrogate pair; a lone surrogate is U+FFFD.
fn unicode(text: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(high) = hex(text, 2, 4) else { return keep(text, out) };
    let low = match text.get(6..8) {
        Some(b"\\u") => hex(text, 8, 4).filter(|low| (0xdc00..0xe000).contains(low)),
        _ => None,
    };
    let (code, used) = match low {
        Some(low) if (0xd800..0xdc00).contains(&high) => {
            (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12)
        }
        _ => (high, 6),
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    used
}

/// The value of `len` hexadecimal digits at `from`.
fn hex(text: &[u8], from: usize, len: usize) -> Option<u32> {
    let digits = text.get(from..from + len)?;
    digits.iter().try_fold(0, |value, d| Some(value * 16 + (*d as char).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(text: &[u8]) -> Vec<String> {
        let mut event = Event::default();
        walk(text, &mut event);
        let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
        event.named().iter().map(|(name, value)| show(name) + "=" + &show(value)).collect()
    }

    #[test]
    fn walks_to_every_leaf() {
        let cases: &[(&str, &[&str])] = &[
            (
                r#"{"a":1,"b":{"c":"x","d":[true,{"e":-2.5e3}]}}"#,
                &["a=1", "b.c=x", "b.d.0=true", "b.d.1.e=-2.5e3"],
            ),
            (r#" { "a" : "" , "n" : null, "o":{}, "l":[] } "#, &["a="]),
            (r#"[{"a":1},{"a":2}]"#, &["0.a=1", "1.a=2"]),
            (
                r#"{"a":"\"\\\/\b\n\u00e9\ud83d\ude00\ud800\xff\q"}"#,
                &[r#"a=\"\\/\x08\n\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd\xff\\q"#],
            ),
            (
                r#"{"ua":"ua "with quotes" and more","b":1}"#,
                &[r#"ua=ua \"with quotes\" and more"#, "b=1"],
            ),
            (r#"{"a":1 "b":2,}"#, &["a=1", "b=2"]),
            (r#"{"a":"cut of"#, &["a=cut of"]),
            (r#"{"a":1,"b"#, &["a=1", "b="]),
            (r#"{"a":1} tail"#, &["a=1", "rest=tail"]),
            (r#"{"a":1,b:2}"#, &["a=1", "rest=b:2}"]),
            ("no", &[]),
            ("{no}", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(leaves(text.as_bytes()), *expected, "{text}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let deep = [b"{\"a\":".repeat(100_000), b"[".repeat(100_000)].concat();
        assert_eq!(leaves(&deep).len(), 1);
        let long = [b"{\"k\":[".to_vec(), b"1,".repeat(200_000), b"]}".to_vec()].concat();
        assert!(leaves(&long).len() <= LEAF_CAP + 1);
        let key = format!("{{\"{}\":{{\"b\":[1,2]}}}}", "k".repeat(100_000));
        assert!(leaves(key.as_bytes()).iter().all(|leaf| leaf.len() < PATH_CAP + 10));
    }

    proptest! {
        #[test]
        fn never_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            leaves(&[b"{\"", text.as_slice()].concat());
        }

        #[test]
        fn never_panics_on_json_like(text in r#"[\[\]{}":,\\ux0-9a-f ]{0,120}"#) {
            leaves(text.as_bytes());
        }

        #[test]
        fn agrees_with_the_standard(
            values in proptest::collection::vec("\\PC{0,20}", 1..6),
        ) {
            let text = serde_json::to_string(&values).unwrap();
            let mut event = Event::default();
            prop_assert!(walk(text.as_bytes(), &mut event));
            let found: Vec<_> = event.named().iter().map(|(_, v)| v.to_vec()).collect();
            let expected: Vec<_> = values.iter().map(|v| v.as_bytes().to_vec()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
