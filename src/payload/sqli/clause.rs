//! What goes on with a statement: another selection, a clause, another statement.

use super::super::token::Token;
use super::Sqli;
use super::chain::{Chain, operand};
use super::word::{Role, is, is_known, is_thing, role};

/// What another column does: `,(select …`, `,sleep(5)`.
pub(super) fn list(tokens: &[Token<'_>]) -> Option<Sqli> {
    let mut at = 0;
    operand(tokens, &mut at)?.select
}

pub(super) fn statement(tokens: &[Token<'_>]) -> Option<Sqli> {
    let open = tokens.iter().take_while(|t| matches!(t, Token::Open | Token::Semicolon)).count();
    match tokens.get(open..)? {
        [Token::Word(word), tail @ ..] if is_statement(word, tail) => Some(Sqli::Statement),
        [Token::Word(word), Token::Open, ..] if is_known(word) => Some(Sqli::Statement),
        rest @ [Token::Word(word), ..] if role(word) == Role::Select => {
            select(rest, true).map(|_| Sqli::Statement)
        }
        _ => None,
    }
}

pub(super) fn union(tokens: &[Token<'_>]) -> Option<Sqli> {
    let skip = |token: &&Token<'_>| match token {
        Token::Open | Token::Sign(_) => true,
        Token::Word(word) => matches!(role(word), Role::Union | Role::Quantity),
        _ => false,
    };
    let rest = tokens.get(tokens.iter().take_while(skip).count()..)?;
    match rest {
        [Token::Comment] => Some(Sqli::Select),
        [Token::Word(word)] if is(word, b"select") => Some(Sqli::Select),
        [Token::Word(word), ..] if is(word, b"select") || is(word, b"values") => select(rest, true),
        _ => None,
    }
}

/// Whether `select` selects: something that names of things and plain words cannot be.
pub(super) fn select(tokens: &[Token<'_>], inside: bool) -> Option<Sqli> {
    use Token::{Comma, Comment, Number, Open, Sign, Text, Variable, Word};
    let quantity = |t: &&Token<'_>| matches!(t, Word(word) if role(word) == Role::Quantity);
    let rest = tokens.get(1..)?;
    let quantities = rest.iter().take_while(quantity).count();
    let rest = rest.get(quantities..)?;
    let means = match rest {
        [] | [Comment | Number] => inside,
        [Open | Sign(_) | Variable(_), ..] | [Word(_), Open, ..] => true,
        [Number | Text(..), next, ..] => {
            inside || matches!(next, Comma | Comment) || matches!(next, Word(w) if is(w, b"from"))
        }
        [Word(name), ..] if role(name) == Role::Case => true,
        [Word(_), Comma, ..] if lists(rest) => true,
        [Word(name), Comma | Comment, ..] if name.contains(&b'.') || name.contains(&b'_') => true,
        [Word(_)] | [Word(_), Comma | Comment | Token::Compare | Token::Logic | Sign(_), ..] => {
            inside
        }
        [Word(_), Word(from), Word(name), tail @ ..] if is(from, b"from") => {
            inside || name.contains(&b'.') || clause_follows(tail)
        }
        [Word(_), Word(next), ..] if role(next) == Role::Clause => inside,
        [Word(_), ..] => inside && rest.iter().any(|t| matches!(t, Word(w) if is(w, b"from"))),
        _ => false,
    };
    means.then_some(Sqli::Select)
}

/// Whether columns follow among which are numbers or calls, up to `from`.
fn lists(columns: &[Token<'_>]) -> bool {
    let from = columns.iter().position(|t| matches!(t, Token::Word(w) if is(w, b"from")));
    from.is_some_and(|at| {
        columns[..at].iter().any(|t| matches!(t, Token::Number | Token::Open | Token::Variable(_)))
    })
}

/// Whether what follows a table's name goes on with the statement.
fn clause_follows(tail: &[Token<'_>]) -> bool {
    use Token::{Close, Comma, Comment, Open, Semicolon, Word};
    match tail {
        [Word(word), Word(_) | Token::Number, ..] => {
            matches!(role(word), Role::Clause | Role::Union)
        }
        [Comment | Close | Comma | Semicolon | Open, ..] => true,
        _ => false,
    }
}

pub(super) fn clause(tokens: &[Token<'_>]) -> Option<Sqli> {
    use Token::{Close, Comma, Comment, Number, Open, Word};
    let Word(first) = tokens[0] else { return None };
    let rest = &tokens[1..];
    let second = |word: &[u8]| matches!(rest.first(), Some(Word(w)) if is(w, word));
    let ends =
        |rest: &[Token<'_>]| matches!(rest, [] | [Comma | Comment | Token::Semicolon | Close, ..]);
    let yes = if is(first, b"order") || is(first, b"group") {
        let by = rest.get(1..).unwrap_or_default();
        let open = by.iter().take_while(|t| **t == Open).count();
        second(b"by")
            && match by.get(open..).unwrap_or_default() {
                [Number | Token::Variable(_), tail @ ..] => {
                    ends(tail) || matches!(tail, [Word(w), ..] if is(w, b"asc") || is(w, b"desc"))
                }
                [Word(w), ..] if matches!(role(w), Role::Select | Role::Case) => true,
                [Word(_), Open, ..] => true,
                [Word(_), tail @ ..] => {
                    matches!(tail, [Comment | Comma, ..] | [Word(_), Number, Token::Compare, ..])
                }
                _ => false,
            }
    } else if is(first, b"having") || is(first, b"where") {
        Chain::read(tokens).is_some_and(|chain| chain.compares || chain.is_truth())
    } else if is(first, b"limit") {
        match rest {
            [Number, Comma, Number, ..] => true,
            [Number, tail @ ..] => {
                matches!(tail, [Comment | Word(_), ..] if tail_clause(tail))
            }
            _ => false,
        }
    } else if is(first, b"procedure") {
        second(b"analyse")
    } else if is(first, b"into") {
        second(b"outfile") || second(b"dumpfile")
    } else {
        false
    };
    yes.then_some(Sqli::Clause)
}

fn tail_clause(tail: &[Token<'_>]) -> bool {
    match tail {
        [Token::Word(word), Token::Number, ..] => is(word, b"offset"),
        [Token::Word(word), ..] => {
            matches!(role(word), Role::Union) || is(word, b"into") || is(word, b"procedure")
        }
        _ => true,
    }
}

/// Whether a word begins a statement, by what follows it.
pub(super) fn is_statement(word: &[u8], tail: &[Token<'_>]) -> bool {
    use Token::{Comment, Compare, Number, Open, Text, Variable, Word};
    let second = |words: &[&[u8]]| match tail.first() {
        Some(Word(second)) => words.iter().any(|word| is(second, word)),
        _ => false,
    };
    let named = |from: &[u8]| matches!(tail, [Word(_), Word(w), ..] if is(w, from));
    match word.to_ascii_lowercase().as_slice() {
        b"insert" => second(&[b"into"]) && tail.len() > 2,
        b"update" => named(b"set"),
        b"delete" => second(&[b"from"]) && tail.len() > 1,
        b"drop" if matches!(tail, [Word(_), Token::Semicolon | Comment, ..]) => true,
        b"drop" | b"create" | b"alter" | b"truncate" => {
            matches!(tail, [Word(thing), _, ..] if is_thing(thing))
        }
        b"exec" | b"execute" => {
            matches!(tail, [Open | Text(..) | Variable(_), ..])
                || matches!(tail, [Word(w), ..] if w.contains(&b'_') || w.contains(&b'.'))
                || second(&[b"immediate", b"master", b"as"])
        }
        b"declare" | b"set" => matches!(tail, [Variable(_), ..]),
        b"shutdown" => matches!(tail, [] | [Comment | Token::Semicolon, ..]) || second(&[b"with"]),
        b"waitfor" => second(&[b"delay", b"time"]),
        b"grant" | b"revoke" => second(&[b"all", b"select", b"connect", b"dba"]),
        b"merge" => second(&[b"into"]),
        b"rename" => second(&[b"table"]),
        b"handler" => named(b"open"),
        b"backup" => second(&[b"database", b"log"]),
        b"copy" => named(b"from") || named(b"to") || matches!(tail, [Open, ..]),
        b"load" => second(&[b"data", b"xml"]),
        b"prepare" => named(b"from"),
        b"attach" => second(&[b"database"]),
        b"begin" => {
            second(&[b"declare", b"if", b"shutdown", b"execute"])
                || matches!(tail, [Word(w), Open, ..] if w.contains(&b'.'))
        }
        b"while" => matches!(tail, [Number, Compare, Number, ..]),
        b"do" if matches!(tail, [Open, ..]) => true,
        b"call" | b"do" => {
            matches!(tail, [Word(_), Open, Variable(_), ..])
                || matches!(tail, [Word(w), Open, ..] if w.contains(&b'_') || w.contains(&b'.') || is(w, b"sleep"))
        }
        b"kill" => matches!(tail, [Number, Comment, ..]),
        b"use" => matches!(tail, [Word(_), Comment | Token::Semicolon, ..]),
        b"if" => matches!(tail, [Open, ..] | [Number, Compare, ..]) && tail.len() > 3,
        _ => false,
    }
}
