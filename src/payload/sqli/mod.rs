//! Would this value change the SQL that it is put into?
//!
//! A value lands in a statement as a number (`id = 1`) or between quotes (`name = 'x'`). An
//! injection must go on from there as SQL does: behind a number, or behind the quote that it
//! closes, stands an operator with something to compare, a clause, another statement, or a comment
//! that swallows the rest. So the value is read as it would be behind each of its quotes and
//! without any, and only what SQL could go on with counts. Two names side by side (`O'Brien and
//! sons`) are no SQL, so ordinary text is left alone.

mod chain;
mod clause;
mod word;

use super::token::{Token, tokens};
use chain::{Chain, operand};
use clause::{clause, is_statement, list, select, statement, union};
use word::{Role, is, role};

/// What an injection does to the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sqli {
    /// Leaves a quote open: a probe.
    Quote,
    /// Swallows the rest of the statement: `admin'--`.
    Comment,
    /// Builds a value from text, functions or variables: `'||version()||'`.
    Expression,
    /// Adds a condition: `' or 1=1`.
    Condition,
    /// Goes on with a clause: `order by 9`, `having 1=1`, `limit 0,1 into outfile`.
    Clause,
    /// Reads something else: `(select …`, `union select`.
    Select,
    /// Ends the statement and begins another: `; drop table x`.
    Statement,
}

impl Sqli {
    /// The word that rules know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Comment => "comment",
            Self::Expression => "expression",
            Self::Condition => "condition",
            Self::Clause => "clause",
            Self::Select => "select",
            Self::Statement => "statement",
        }
    }
}

/// Longer values are read so far only.
const LONGEST: usize = 2_048;
/// So many quotes of a kind are tried as the one that ends the text.
const QUOTES: usize = 3;

/// What the value does as SQL; the gravest reading counts.
pub fn sqli(value: &[u8]) -> Option<Sqli> {
    let value = &value[..value.len().min(LONGEST)];
    if is_place(value) {
        return None;
    }
    let whole = tokens(value);
    let quotes = [b'\'', b'"', b'`', b')'].into_iter();
    let behind = quotes.filter_map(|quote| behind(value, quote)).max();
    bare(&whole).max(behind).max(typographic(value)).max(anywhere(&whole))
}

/// Whether a number and the name of a place in a page are all there is: `3303#respond`.
fn is_place(value: &[u8]) -> bool {
    let number = value.iter().take_while(|b| b.is_ascii_digit()).count();
    let place = value[number..].strip_prefix(b"#").unwrap_or_default();
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b';' | b'=');
    number > 0 && place.len() > 1 && place.iter().all(name) && !place.windows(2).any(|w| w == b"--")
}

/// The gravest reading behind one of the first quotes.
fn behind(value: &[u8], quote: u8) -> Option<Sqli> {
    let at = memchr::memchr_iter(quote, value).take(QUOTES);
    at.filter_map(|at| after_quote(value, at, quote)).max()
}

/// Quotes that some databases take for plain ones after a change of character set.
fn typographic(value: &[u8]) -> Option<Sqli> {
    if value.is_ascii() {
        return None;
    }
    ["\u{2018}", "\u{2019}", "\u{b4}", "\u{2b9}"].iter().find_map(|quote| {
        let at = memchr::memmem::find(value, quote.as_bytes())?;
        let found = continued(&tokens(&value[at + quote.len()..]), 0)?;
        (found > Sqli::Comment).then_some(found)
    })
}

fn after_quote(value: &[u8], at: usize, quote: u8) -> Option<Sqli> {
    let (before, rest) = (&value[..at], &value[at + 1..]);
    if is_quoted_word(before, rest, quote) {
        return None;
    }
    let found = tokens(rest);
    let at = found.iter().take_while(|token| **token == Token::Close).count();
    match found.get(at..)? {
        [Token::Semicolon] if quote != b')' && is_word(before) => Some(Sqli::Quote),
        [] | [Token::Semicolon] => probe(before, quote, at).then_some(Sqli::Quote),
        [Token::Comment] => swallows(before, rest, quote).then_some(Sqli::Comment),
        [Token::Semicolon, Token::Comment, ..] => Some(Sqli::Comment),
        [Token::Open, ..] => opened(&found[at..]),
        rest => continued(rest, quote),
    }
}

/// Whether the quote opens a word rather than ends a text: `"like"`, but not `a'or'a`.
fn is_quoted_word(before: &[u8], rest: &[u8], quote: u8) -> bool {
    let word = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let kind = role(&rest[..word]);
    let operator = matches!(kind, Role::Logic | Role::Compare | Role::Arithmetic);
    let between = before.last().is_some_and(u8::is_ascii_alphanumeric)
        && rest.get(word + 1).is_some_and(u8::is_ascii_alphanumeric);
    let single = quote == b'\'' && matches!(kind, Role::Logic | Role::Arithmetic);
    let joins = operator && between || single;
    word > 0 && rest.get(word) == Some(&quote) && !joins
}

/// Whether the text that the quote ends is one word, as a name or an address is.
fn is_word(before: &[u8]) -> bool {
    let sign = |b: &u8| matches!(b, b'@' | b'.' | b'-' | b'_');
    before.len() > 2 && before.iter().all(|b| b.is_ascii_alphanumeric() || sign(b))
}

/// A selection in brackets right behind a text.
fn opened(tokens: &[Token<'_>]) -> Option<Sqli> {
    let open = tokens.iter().take_while(|token| **token == Token::Open).count();
    match tokens.get(open..)? {
        rest @ [Token::Word(word), ..] if role(word) == Role::Select => select(rest, true),
        _ => None,
    }
}

/// Whether nothing but a quote (and brackets) behind a number or nothing is left: `1'`, `')`.
fn probe(before: &[u8], quote: u8, closed: usize) -> bool {
    let sign = before.strip_prefix(b"-").unwrap_or(before);
    let number = sign.iter().all(u8::is_ascii_digit);
    let meant = match quote {
        b'\'' => true,
        b'"' => !sign.is_empty(),
        b'`' => closed > 0,
        _ => false,
    };
    meant && number && sign.len() < 12
}

/// Whether a comment right behind a quote is meant: `--` or an open comment, or `#` behind one word.
fn swallows(before: &[u8], rest: &[u8], quote: u8) -> bool {
    let rest = rest.trim_ascii();
    let word = !before.contains(&b' ');
    match rest.iter().find(|b| **b != b')') {
        Some(b'#') => word && rest.len() < 4,
        Some(b'-') if quote != b')' => word || rest.len() < 4,
        _ => word,
    }
}

/// What the value does where a number is expected.
fn bare(tokens: &[Token<'_>]) -> Option<Sqli> {
    use Token::{Comment, Number, Open, Semicolon, Sign, Word};
    let sign = |t: &&Token<'_>| matches!(t, Open | Sign(b'-' | b'+' | b'~' | b'!' | b'*' | b'/'));
    let start = tokens.iter().take_while(sign).count();
    let rest = tokens.get(start..)?;
    match rest {
        [Number, Comment] => return Some(Sqli::Comment),
        [Semicolon, rest @ ..] => return statement(rest),
        [Word(word), ..] if role(word) == Role::Select => return select(rest, start > 0),
        [Word(word), tail @ ..] if is_statement(word, tail) && !in_words(tail) => {
            return Some(Sqli::Statement);
        }
        [Word(word), ..] if matches!(role(word), Role::Union | Role::Clause | Role::Logic) => {
            return continued(rest, 0);
        }
        [Token::Logic, ..] => return continued(rest, 0),
        _ => {}
    }
    let mut at = 0;
    let first = operand(rest, &mut at)?;
    let sure = first.sure;
    let mut selects = first.select;
    while matches!(rest.get(at), Some(Token::Comma)) {
        at += 1;
        let Some(next) = operand(rest, &mut at) else { break };
        selects = selects.max(next.select);
    }
    at += rest[at..].iter().take_while(|t| **t == Token::Close).count();
    let tail = &rest[at..];
    let swallowed =
        matches!(tail, [Comment]) && (first.calls || sure && rest.len() > 2 && start > 0);
    let found = if sure { continued(tail, 0) } else { after_name(tail) };
    let cut = matches!(tail, [Word(word)] if role(word) == Role::Union);
    let cut = cut && !rest[..rest.len() - 1].iter().any(|t| matches!(t, Word(_)));
    let found = found.max(cut.then_some(Sqli::Select));
    found.max(selects).max(swallowed.then_some(Sqli::Comment))
}

/// Whether only words follow, as in a sentence: `drop table lamp`.
fn in_words(tail: &[Token<'_>]) -> bool {
    tail.iter()
        .all(|t| matches!(t, Token::Word(word) if !word.contains(&b'_') && !word.contains(&b'.')))
}

/// What follows a name that may be a word of any text: only literals compared or a selection count.
fn after_name(tail: &[Token<'_>]) -> Option<Sqli> {
    match tail {
        [Token::Word(word), ..] if role(word) == Role::Clause => clause(tail),
        [Token::Semicolon, rest @ ..] => statement(rest),
        _ => {
            let chain = Chain::read(tail)?;
            let found = chain.verdict(0)?;
            (chain.select.is_some() || chain.logic && chain.literal).then_some(found)
        }
    }
}

/// A selection anywhere, whatever stands before it: only forms that no sentence has.
fn anywhere(tokens: &[Token<'_>]) -> Option<Sqli> {
    let selects = |at: usize| match tokens[at] {
        Token::Word(word) if is(word, b"select") => {
            let united = at > 0
                && matches!(tokens[at - 1], Token::Word(w) if matches!(role(w), Role::Union | Role::Quantity));
            match tokens.get(at + 1) {
                Some(Token::Number | Token::Text(..) | Token::Open) => united,
                _ => select(&tokens[at..], false).is_some(),
            }
        }
        Token::Word(word) if role(word) == Role::Union => {
            matches!(tokens[at + 1..], [Token::Number, Token::Comma, Token::Number, ..])
        }
        _ => false,
    };
    (0..tokens.len()).any(selects).then_some(Sqli::Select)
}

/// What tokens do that stand where an operator is expected, behind a value that is complete.
fn continued(tokens: &[Token<'_>], quote: u8) -> Option<Sqli> {
    match *tokens.first()? {
        Token::Word(word) if is(word, b"as") => continued(tokens.get(2..)?, quote),
        Token::Variable(kind) if kind.starts_with(b"::") => continued(&tokens[1..], quote),
        Token::Semicolon => statement(&tokens[1..]),
        Token::Comma => list(&tokens[1..]),
        Token::Word(word) => match role(word) {
            Role::Union => union(tokens),
            Role::Clause => clause(tokens),
            Role::Logic | Role::Compare | Role::Arithmetic | Role::Not => {
                Chain::read(tokens)?.verdict(quote)
            }
            Role::Statement if is_statement(word, &tokens[1..]) => Some(Sqli::Statement),
            _ => None,
        },
        Token::Compare | Token::Logic | Token::Sign(_) => Chain::read(tokens)?.verdict(quote),
        _ => None,
    }
}
