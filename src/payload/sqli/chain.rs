//! Operators and operands in turn: is it an expression, and what is in it?

use super::super::token::Token;
use super::Sqli;
use super::clause::{clause, select, statement, union};
use super::word::{Role, is, is_known, role};

/// Operators and operands in turn, as far as they are an expression.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // independent facts, each asked for by one verdict
pub(super) struct Chain {
    /// A logical operator stands in it.
    pub(super) logic: bool,
    /// A comparison with an operand on its right.
    pub(super) compares: bool,
    /// A comparison of literals.
    pub(super) literal: bool,
    /// Function calls, variables or selections are among the operands.
    pub(super) calls: bool,
    pub(super) select: Option<Sqli>,
    /// The last operand is a literal and nothing or a comment follows.
    ends: bool,
    commented: bool,
    /// The quote of a text that is left open at the end, if it is short.
    open: Option<u8>,
    /// A text is left open at the end that is too long to be meant.
    dangling: bool,
    /// The last operand is a number or a word of a fixed value.
    last: bool,
    operands: usize,
    /// Only literals and literal words are among the operands.
    literals: bool,
}

impl Chain {
    pub(super) fn read(tokens: &[Token<'_>]) -> Option<Self> {
        let mut chain = Self { literals: true, ..Self::default() };
        let mut at = 0;
        let mut left = false;
        loop {
            let from = at;
            let compares = chain.operators(tokens, &mut at);
            if at == from {
                break;
            }
            let Some(operand) = operand(tokens, &mut at) else {
                return chain.partly(tokens, at);
            };
            chain.operands += 1;
            chain.calls |= operand.calls;
            chain.select = chain.select.max(operand.select);
            chain.literals &= operand.sure;
            chain.open = operand.open;
            chain.dangling = operand.dangling;
            chain.last = operand.fixed;
            chain.compares |= compares;
            chain.literal |= compares && (left || operand.sure);
            left = operand.sure;
            at += tokens[at..].iter().take_while(|t| **t == Token::Close).count();
        }
        let rest = &tokens[at..];
        chain.commented =
            matches!(rest, [Token::Comment, ..] | [Token::Semicolon, Token::Comment, ..]);
        chain.ends = rest.is_empty() || chain.commented || matches!(rest, [Token::Semicolon]);
        let more = match rest {
            [Token::Word(word), ..] if role(word) == Role::Clause => clause(rest),
            [Token::Word(word), ..] if role(word) == Role::Union => union(rest),
            [Token::Semicolon, tail @ ..] => statement(tail),
            _ => None,
        };
        chain.select = chain.select.max(more);
        chain.ends |= more.is_some();
        (chain.operands > 0).then_some(chain)
    }

    /// What is known when an operand is missing.
    fn partly(self, tokens: &[Token<'_>], at: usize) -> Option<Self> {
        let ended = tokens[at..].is_empty() && self.compares && self.literal;
        (self.select.is_some() || ended).then_some(self)
    }

    /// Takes operators; says whether one compares.
    fn operators(&mut self, tokens: &[Token<'_>], at: &mut usize) -> bool {
        let mut compares = false;
        while let Some(token) = tokens.get(*at) {
            let next = tokens.get(*at + 1..).unwrap_or_default();
            match token {
                Token::Compare => compares = true,
                Token::Logic => self.logic = true,
                // A parameter of an address begins here.
                Token::Sign(b'&') if matches!(next, [Token::Word(_), Token::Compare, ..]) => break,
                Token::Sign(_) => {}
                Token::Word(word) if is(word, b"in") && next.first() != Some(&Token::Open) => break,
                Token::Word(word) if is(word, b"is") && !tested(next) => break,
                Token::Word(word) => match role(word) {
                    Role::Compare => compares = true,
                    Role::Logic => self.logic = true,
                    Role::Arithmetic | Role::Not => {}
                    _ if *at == 0 && (is(word, b"having") || is(word, b"where")) => {
                        self.logic = true;
                    }
                    _ => break,
                },
                _ => break,
            }
            *at += 1;
        }
        compares
    }

    /// Literals joined by logic, and nothing else: `(1 or true)`.
    pub(super) fn is_truth(&self) -> bool {
        self.ends && self.literals && self.last && self.operands > 1
    }

    /// What the expression does behind a text that `quote` ended (0: behind a number).
    pub(super) fn verdict(&self, quote: u8) -> Option<Sqli> {
        if self.select.is_some() {
            return self.select;
        }
        let balanced = quote != 0 && self.open.is_some_and(|open| open == quote);
        let finished = self.commented || balanced;
        let whole = self.ends && !self.dangling;
        let condition = self.logic && self.compares && (self.literal || self.calls || whole);
        let compared = quote != 0 && self.compares && (self.literal && whole || finished);
        let truth = self.logic
            && (finished && (self.last || self.literals) || quote != 0 && whole && self.last);
        if condition || compared || truth || self.logic && self.calls {
            return Some(Sqli::Condition);
        }
        let built = self.calls && whole || finished && (quote != 0 || self.literals);
        built.then_some(Sqli::Expression)
    }
}

/// Whether `is` is followed by what SQL can test for.
fn tested(next: &[Token<'_>]) -> bool {
    let next = match next {
        [Token::Word(not), rest @ ..] if is(not, b"not") => rest,
        _ => next,
    };
    match next {
        [Token::Number] | [Token::Number, Token::Text(..) | Token::Compare, ..] => true,
        [Token::Number, Token::Word(word), Token::Text(..)] => role(word) == Role::Logic,
        [Token::Word(word), ..] => role(word) == Role::Literal,
        _ => false,
    }
}

/// What an operand is.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Operand {
    /// A literal, a call or a selection, not a name that may be any word.
    pub(super) sure: bool,
    pub(super) calls: bool,
    pub(super) select: Option<Sqli>,
    /// The quote of a short text that is left open.
    open: Option<u8>,
    /// A longer text is left open.
    dangling: bool,
    /// A number or a word of a fixed value.
    fixed: bool,
}

/// Takes an operand with the signs and brackets before it.
pub(super) fn operand(tokens: &[Token<'_>], at: &mut usize) -> Option<Operand> {
    let prefix = |token: &&Token<'_>| match token {
        Token::Open | Token::Sign(b'-' | b'+' | b'~' | b'!' | b'%' | b'*') => true,
        Token::Word(word) => matches!(role(word), Role::Not | Role::Quantity),
        _ => false,
    };
    let opened = tokens.get(*at..)?.iter().take_while(prefix).count();
    let inside = tokens[*at..*at + opened].contains(&Token::Open);
    *at += opened;
    let first = *tokens.get(*at)?;
    let sure = Operand { sure: true, ..Operand::default() };
    let found = match first {
        Token::Number => Operand { fixed: true, ..sure },
        Token::Text(quote, text, closed) => {
            let short = text.len() < 5 || !text.contains(&b' ');
            Operand {
                open: (!closed && short).then_some(quote),
                dangling: !closed && !short,
                ..sure
            }
        }
        Token::Variable(name) => Operand { calls: name.len() > 2, ..sure },
        Token::Word(word) => return named(word, inside, tokens, at),
        Token::Close if inside => sure,
        _ => return None,
    };
    *at += 1;
    Some(found)
}

fn named(word: &[u8], inside: bool, tokens: &[Token<'_>], at: &mut usize) -> Option<Operand> {
    let sure = Operand { sure: true, ..Operand::default() };
    let rest = &tokens[*at..];
    match role(word) {
        Role::Select => {
            let select = select(rest, inside)?;
            *at = tokens.len();
            Some(Operand { select: Some(select), calls: true, ..sure })
        }
        Role::Case => {
            let when = rest.iter().any(|t| matches!(t, Token::Word(w) if is(w, b"then")));
            *at = tokens.len();
            when.then_some(Operand { calls: true, select: Some(Sqli::Expression), ..sure })
        }
        Role::Literal => {
            *at += 1;
            let called = call_end(tokens, *at);
            *at = called.unwrap_or(*at);
            Some(Operand { calls: called.is_some(), fixed: true, ..sure })
        }
        Role::Name | Role::Compare | Role::Statement | Role::Clause => {
            *at += 1;
            match call_end(tokens, *at) {
                Some(end) => Some(call(word, tokens, at, end)),
                None if role(word) == Role::Name => Some(Operand::default()),
                None => None,
            }
        }
        _ => None,
    }
}

/// Where a call's brackets end, if they open here.
fn call_end(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (n, token) in tokens.get(at..)?.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return (n > 0).then_some(at + n + 1);
        }
    }
    (depth > 0).then_some(tokens.len())
}

fn call(word: &[u8], tokens: &[Token<'_>], at: &mut usize, end: usize) -> Operand {
    let inside = &tokens[*at + 1..end];
    let selects = inside.iter().enumerate().find_map(|(n, token)| match token {
        Token::Word(w) if role(w) == Role::Select => select(&inside[n..], true),
        _ => None,
    });
    *at = end;
    let calls = |pair: &[Token<'_>]| match pair {
        [Token::Word(w), Token::Open] => is_known(w) || role(w) == Role::Literal,
        _ => false,
    };
    let known = is_known(word) && !matches!(inside, [] | [Token::Close, ..]);
    let nested = inside.windows(2).any(calls);
    let select = selects.or((known || nested).then_some(Sqli::Expression));
    Operand { sure: true, calls: true, select, ..Operand::default() }
}
