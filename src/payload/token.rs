//! A value, cut into the words and signs of SQL, whatever the dialect.

/// One word or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'v> {
    Number,
    /// A quoted text: its quote, what is in it, and whether the quote closes.
    Text(u8, &'v [u8], bool),
    /// A word, as it stands.
    Word(&'v [u8]),
    /// `@x`, `@@version`, `:x`, `?`.
    Variable(&'v [u8]),
    /// `=`, `<`, `>=`, `<>`, `!=`, `<=>`, `~*`.
    Compare,
    /// `||`, `&&`.
    Logic,
    /// `+ - * / % ^ | & << ~`, and `!`.
    Sign(u8),
    Open,
    Close,
    Comma,
    Semicolon,
    /// What swallows the rest: `--`, `#`, an open `/*`, a NUL.
    Comment,
    /// Anything that SQL has no use for here.
    Other,
}

/// More tokens say nothing that these do not.
const MOST: usize = 160;

/// Cuts a text that stands outside quotes into tokens; comments between them are blanks.
pub(super) fn tokens(text: &[u8]) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(token) = next(&mut rest) {
        found.push(token);
        if found.len() == MOST || token == Token::Comment {
            break;
        }
    }
    found
}

/// Takes the first token of `rest`.
fn next<'v>(rest: &mut &'v [u8]) -> Option<Token<'v>> {
    blanks(rest);
    let text = *rest;
    let (token, len) = match *text.first()? {
        quote @ (b'\'' | b'"' | b'`') => quoted(text, quote),
        b'0'..=b'9' => (Token::Number, number(text)),
        b'.' if text.get(1).is_some_and(u8::is_ascii_digit) => (Token::Number, number(text)),
        b'@' | b':' => variable(text),
        b'?' => (Token::Variable(&text[..1]), 1),
        b'\\' if matches!(text.get(1), Some(b'N')) => (Token::Word(b"null"), 2),
        byte if is_word(byte) => word(text),
        _ => sign(text),
    };
    *rest = &text[len..];
    Some(token)
}

/// Drops blanks and closed comments; the inside of `/*! … */` is code (in `MySQL`), so only its marks.
fn blanks(rest: &mut &[u8]) {
    loop {
        let text = *rest;
        let len = match *text {
            [b'/', b'*', b'!', ..] => {
                3 + text[3..].iter().take_while(|b| b.is_ascii_digit()).count()
            }
            [b'/', b'*', ref inside @ ..] => match memchr::memmem::find(inside, b"*/") {
                Some(end) => end + 4,
                None => return,
            },
            [b'*', b'/', ..] => 2,
            [b'#', ..] | [b'-', b'-', ..] => match memchr::memchr(b'\n', text) {
                Some(end) => end + 1,
                None => return,
            },
            [first, ..] if is_blank(first) => 1,
            [0xc2, 0xa0, ..] => 2,
            _ => return,
        };
        *rest = &text[len..];
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$' | 0x80..=0x9f | 0xa1..)
}

fn word(text: &[u8]) -> (Token<'_>, usize) {
    let part = |byte: &&u8| is_word(**byte) || byte.is_ascii_digit() || **byte == b'.';
    let len = text.iter().take_while(part).count();
    // A text with its character set before it: N'…', x'…', _latin1'…'.
    let prefix = len == 1 && matches!(text[0] | 0x20, b'n' | b'x' | b'b' | b'e' | b'q');
    if prefix && text.get(1) == Some(&b'\'') {
        let (token, quoted) = quoted(&text[1..], b'\'');
        return (token, quoted + 1);
    }
    (Token::Word(&text[..len]), len)
}

fn quoted(text: &[u8], quote: u8) -> (Token<'_>, usize) {
    let mut at = 1;
    while let Some(found) = memchr::memchr(quote, &text[at..]) {
        let end = at + found;
        if text.get(end + 1) == Some(&quote) && end + 2 < text.len() {
            at = end + 2;
            continue;
        }
        let escapes = text[1..end].iter().rev().take_while(|b| **b == b'\\').count();
        if escapes % 2 == 0 {
            return (Token::Text(quote, &text[1..end], true), end + 1);
        }
        at = end + 1;
    }
    (Token::Text(quote, &text[1..], false), text.len())
}

fn number(text: &[u8]) -> usize {
    let count = |from: usize, is: fn(&u8) -> bool| {
        text.get(from..).map_or(0, |rest| rest.iter().take_while(|b| is(b)).count())
    };
    if text.len() > 2 && text[0] == b'0' && text[1] | 0x20 == b'x' {
        return 2 + count(2, u8::is_ascii_hexdigit);
    }
    let whole = count(0, |b| b.is_ascii_digit() || *b == b'.');
    if text.get(whole).is_none_or(|b| b | 0x20 != b'e') {
        return whole;
    }
    let signed = usize::from(matches!(text.get(whole + 1), Some(b'+' | b'-')));
    match count(whole + 1 + signed, u8::is_ascii_digit) {
        0 => whole,
        digits => whole + 1 + signed + digits,
    }
}

fn variable(text: &[u8]) -> (Token<'_>, usize) {
    let marks = text.iter().take(2).take_while(|b| **b == text[0]).count();
    let part = |byte: &&u8| is_word(**byte) || byte.is_ascii_digit() || **byte == b'.';
    let len = text[marks..].iter().take_while(part).count();
    if len == 0 && text[0] == b':' {
        return (Token::Other, 1);
    }
    (Token::Variable(&text[..marks + len]), marks + len)
}

fn sign(text: &[u8]) -> (Token<'_>, usize) {
    match *text {
        [b'-', b'-', ..] if ends_line(&text[2..]) => (Token::Comment, text.len()),
        [b'#' | 0, ..] | [b'/', b'*', ..] => (Token::Comment, text.len()),
        [b'<', b'=', b'>', ..] => (Token::Compare, 3),
        [b'<' | b'>' | b'!' | b'^' | b'=', b'=', ..]
        | [b'<', b'>', ..]
        | [b'!', b'<' | b'>' | b'~', ..]
        | [b'~', b'*' | b'~', ..] => (Token::Compare, 2),
        [b'|', b'|', ..] | [b'&', b'&', ..] => (Token::Logic, 2),
        [b'<', b'<', ..] | [b'>', b'>', ..] => (Token::Sign(b'<'), 2),
        [b'=' | b'<' | b'>', ..] => (Token::Compare, 1),
        [byte @ (b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'|' | b'&' | b'~' | b'!'), ..] => {
            (Token::Sign(byte), 1)
        }
        [b'(' | b'{', ..] => (Token::Open, 1),
        [b')' | b'}', ..] => (Token::Close, 1),
        [b',', ..] => (Token::Comma, 1),
        [b';', ..] => (Token::Semicolon, 1),
        _ => (Token::Other, 1),
    }
}

/// Whether `--` before this begins a comment: a blank must follow in `MySQL`; elsewhere anything may,
/// but what follows in an attack is not the word of an excluded search term (`--baby`).
fn ends_line(rest: &[u8]) -> bool {
    rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_every_dialect() {
        use Token::{Close, Comma, Comment, Compare, Logic, Number, Open, Semicolon, Sign, Word};
        let cases: &[(&str, &[Token<'static>])] = &[
            ("1 or 1=1", &[Number, Word(b"or"), Number, Compare, Number]),
            ("1/**/OR/*x*/1", &[Number, Word(b"OR"), Number]),
            ("1e1union", &[Number, Word(b"union")]),
            ("0x3aunion", &[Number, Word(b"union")]),
            ("/*!50000union*/ x", &[Word(b"union"), Word(b"x")]),
            ("a || b -- c", &[Word(b"a"), Logic, Word(b"b"), Comment]),
            ("a --b", &[Word(b"a"), Sign(b'-'), Sign(b'-'), Word(b"b")]),
            ("f(1,x);#", &[Word(b"f"), Open, Number, Comma, Word(b"x"), Close, Semicolon, Comment]),
            ("'it''s' N'x", &[Token::Text(b'\'', b"it''s", true), Token::Text(b'\'', b"x", false)]),
            (r"'a\'b'", &[Token::Text(b'\'', br"a\'b", true)]),
            ("@@version<=>:x", &[Token::Variable(b"@@version"), Compare, Token::Variable(b":x")]),
            ("''", &[Token::Text(b'\'', b"", true)]),
        ];
        for (text, expected) in cases {
            assert_eq!(tokens(text.as_bytes()), *expected, "{text}");
        }
    }
}
