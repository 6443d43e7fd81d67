//! Would this value change the SQL that it is put into?
//!
//! A value lands in a statement as a number (`id = 1`) or between quotes (`name = 'x'`). An
//! injection must go on from there as SQL does: behind a number, or behind the quote that it
//! closes, stands an operator with something to compare, a clause, another statement, or a comment
//! that swallows the rest. So the value is read as it would be behind each of its quotes and
//! without any, and only what SQL could go on with counts. Two names side by side (`O'Brien and
//! sons`) are no SQL, so ordinary text is left alone.

use super::token::{Token, tokens};

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
    let whole = tokens(value);
    let quotes = [b'\'', b'"', b'`', b')'].into_iter();
    let behind = quotes.filter_map(|quote| behind(value, quote)).max();
    bare(&whole).max(behind).max(typographic(value)).max(anywhere(&whole))
}

/// The gravest reading behind one of the first quotes.
fn behind(value: &[u8], quote: u8) -> Option<Sqli> {
    let at = memchr::memchr_iter(quote, value).take(QUOTES);
    at.filter_map(|at| after_quote(value, at, quote)).max()
}

/// Quotes that some databases take for plain ones after a change of character set.
fn typographic(value: &[u8]) -> Option<Sqli> {
    ["\u{2018}", "\u{2019}", "\u{b4}", "\u{2b9}"].iter().find_map(|quote| {
        let at = memchr::memmem::find(value, quote.as_bytes())?;
        let found = continued(&tokens(&value[at + quote.len()..]), 0)?;
        (found > Sqli::Comment).then_some(found)
    })
}

fn after_quote(value: &[u8], at: usize, quote: u8) -> Option<Sqli> {
    let (before, rest) = (&value[..at], &value[at + 1..]);
    if is_quoted_word(rest, quote) {
        return None;
    }
    let found = tokens(rest);
    let at = found.iter().take_while(|token| **token == Token::Close).count();
    match found.get(at..)? {
        [] | [Token::Semicolon] => probe(before, quote, at).then_some(Sqli::Quote),
        [Token::Comment] => swallows(before, rest, quote).then_some(Sqli::Comment),
        [Token::Semicolon, Token::Comment, ..] => Some(Sqli::Comment),
        [Token::Open, ..] => opened(&found[at..]),
        rest => continued(rest, quote),
    }
}

/// Whether the quote opens a word rather than ends a text: `"like"`.
fn is_quoted_word(rest: &[u8], quote: u8) -> bool {
    let word = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    word > 0 && rest.get(word) == Some(&quote)
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
                Some(Token::Number) => united,
                Some(Token::Text(..)) => united,
                Some(Token::Open) => united,
                _ => select(&tokens[at..], false).is_some(),
            }
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

/// What another column does: `,(select …`, `,sleep(5)`.
fn list(tokens: &[Token<'_>]) -> Option<Sqli> {
    let mut at = 0;
    operand(tokens, &mut at)?.select
}

fn statement(tokens: &[Token<'_>]) -> Option<Sqli> {
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

fn union(tokens: &[Token<'_>]) -> Option<Sqli> {
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
fn select(tokens: &[Token<'_>], inside: bool) -> Option<Sqli> {
    use Token::{Comma, Comment, Number, Open, Sign, Text, Variable, Word};
    let quantity = |t: &&Token<'_>| matches!(t, Word(word) if role(word) == Role::Quantity);
    let rest = tokens.get(1..)?;
    let quantities = rest.iter().take_while(quantity).count();
    let rest = rest.get(quantities..)?;
    let means = match rest {
        [] | [Comment] => inside,
        [Sign(b'*') | Variable(_), ..] => true,
        [Text(..)] => false,
        [Number | Text(..), next, ..] => {
            inside || matches!(next, Comma | Comment) || matches!(next, Word(w) if is(w, b"from"))
        }
        [Number] => inside,
        [Open | Sign(_), ..] | [Word(_), Open, ..] => true,
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

fn clause(tokens: &[Token<'_>]) -> Option<Sqli> {
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
        Chain::read(tokens).is_some_and(|chain| chain.compares)
    } else if is(first, b"limit") {
        match rest {
            [Number, Comma, Number, ..] => true,
            [Number, tail @ ..] => {
                matches!(tail, [Comment, ..] | [Word(_), ..] if tail_clause(tail))
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

/// Operators and operands in turn, as far as they are an expression.
#[derive(Debug, Default)]
struct Chain {
    /// A logical operator stands in it.
    logic: bool,
    /// A comparison with an operand on its right.
    compares: bool,
    /// A comparison of literals.
    literal: bool,
    /// Function calls, variables or selections are among the operands.
    calls: bool,
    select: Option<Sqli>,
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
    fn read(tokens: &[Token<'_>]) -> Option<Self> {
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
                        self.logic = true
                    }
                    _ => break,
                },
                _ => break,
            }
            *at += 1;
        }
        compares
    }

    /// What the expression does behind a text that `quote` ended (0: behind a number).
    fn verdict(&self, quote: u8) -> Option<Sqli> {
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
        [Token::Word(word), ..] => role(word) == Role::Literal,
        _ => false,
    }
}

/// What an operand is.
#[derive(Debug, Default)]
struct Operand {
    /// A literal, a call or a selection, not a name that may be any word.
    sure: bool,
    calls: bool,
    select: Option<Sqli>,
    /// The quote of a short text that is left open.
    open: Option<u8>,
    /// A longer text is left open.
    dangling: bool,
    /// A number or a word of a fixed value.
    fixed: bool,
}

/// Takes an operand with the signs and brackets before it.
fn operand(tokens: &[Token<'_>], at: &mut usize) -> Option<Operand> {
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

fn is_known(word: &[u8]) -> bool {
    KNOWN.iter().any(|known| is(word, known))
        || DBMS.iter().any(|start| word.get(..start.len()).is_some_and(|head| is(head, start)))
}

/// What packages of functions begin with.
const DBMS: &[&[u8]] = &[b"dbms_", b"utl_", b"ctxsys.", b"sys.", b"pg_", b"xp_", b"sp_", b"@@"];

/// Functions whose call is enough.
const KNOWN: &[&[u8]] = &[
    b"sleep",
    b"benchmark",
    b"pg_sleep",
    b"extractvalue",
    b"updatexml",
    b"load_file",
    b"randomblob",
    b"generate_series",
    b"xp_cmdshell",
    b"xp_dirtree",
    b"current_setting",
    b"query_to_xml",
    b"database_to_xml",
    b"ascii",
    b"ord",
    b"unhex",
    b"substring",
    b"substr",
    b"mid",
    b"concat_ws",
    b"group_concat",
    b"char",
    b"chr",
    b"nchar",
    b"make_set",
    b"elt",
    b"name_const",
    b"json_keys",
    b"row_count",
    b"iif",
    b"master_pos_wait",
    b"get_lock",
    b"st_latfromgeohash",
    b"gtid_subset",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Logic,
    Compare,
    Arithmetic,
    Not,
    Quantity,
    Literal,
    Select,
    Case,
    Union,
    Clause,
    Statement,
    Name,
}

fn is(word: &[u8], wanted: &[u8]) -> bool {
    word.eq_ignore_ascii_case(wanted)
}

/// What a word is in SQL.
fn role(word: &[u8]) -> Role {
    const WORDS: &[(Role, &[&[u8]])] = &[
        (Role::Logic, &[b"and", b"or", b"xor"]),
        (
            Role::Compare,
            &[
                b"like", b"rlike", b"regexp", b"is", b"in", b"between", b"glob", b"similar",
                b"sounds", b"ilike", b"notnull",
            ],
        ),
        (Role::Arithmetic, &[b"div", b"mod", b"collate"]),
        (Role::Not, &[b"not", b"binary", b"exists"]),
        (Role::Quantity, &[b"all", b"distinct", b"distinctrow", b"any", b"some", b"top"]),
        (
            Role::Literal,
            &[
                b"null",
                b"true",
                b"false",
                b"unknown",
                b"current_user",
                b"session_user",
                b"system_user",
                b"sysdate",
                b"utc_date",
                b"utc_time",
                b"utc_timestamp",
                b"rownum",
                b"current_timestamp",
                b"current_date",
                b"localtime",
                b"user",
                b"database",
                b"version",
                b"schema",
                b"sqlite_version",
            ],
        ),
        (Role::Select, &[b"select"]),
        (Role::Case, &[b"case"]),
        (Role::Union, &[b"union", b"except", b"intersect", b"minus"]),
        (
            Role::Clause,
            &[b"order", b"group", b"having", b"limit", b"procedure", b"into", b"where", b"offset"],
        ),
        (
            Role::Statement,
            &[
                b"insert",
                b"update",
                b"delete",
                b"drop",
                b"create",
                b"alter",
                b"exec",
                b"execute",
                b"declare",
                b"shutdown",
                b"truncate",
                b"grant",
                b"merge",
                b"waitfor",
                b"rename",
                b"call",
                b"handler",
                b"backup",
                b"copy",
                b"begin",
                b"replace",
                b"use",
                b"kill",
                b"set",
                b"load",
                b"attach",
                b"revoke",
                b"prepare",
                b"do",
                b"with",
                b"if",
                b"show",
                b"while",
            ],
        ),
    ];
    if word.len() > 18 {
        return Role::Name;
    }
    let known = WORDS.iter().find(|(_, words)| words.iter().any(|known| is(word, known)));
    known.map_or(Role::Name, |(role, _)| *role)
}

/// Whether a word begins a statement, by what follows it.
fn is_statement(word: &[u8], tail: &[Token<'_>]) -> bool {
    use Token::{Comment, Compare, Number, Open, Text, Variable, Word};
    let second = |words: &[&[u8]]| match tail.first() {
        Some(Word(second)) => words.iter().any(|word| is(second, word)),
        _ => false,
    };
    const THINGS: &[&[u8]] = &[
        b"table",
        b"database",
        b"user",
        b"view",
        b"procedure",
        b"function",
        b"login",
        b"schema",
        b"column",
        b"index",
        b"trigger",
        b"role",
        b"or",
        b"system",
        b"session",
        b"temporary",
    ];
    let named = |from: &[u8]| matches!(tail, [Word(_), Word(w), ..] if is(w, from));
    match word.to_ascii_lowercase().as_slice() {
        b"insert" => second(&[b"into"]) && tail.len() > 2,
        b"update" => named(b"set"),
        b"delete" => second(&[b"from"]) && tail.len() > 1,
        b"drop" | b"create" | b"alter" | b"truncate" => second(THINGS) && tail.len() > 1,
        b"exec" | b"execute" => {
            matches!(tail, [Open | Text(..) | Variable(_), ..])
                || matches!(tail, [Word(w), ..] if w.contains(&b'_') || w.contains(&b'.'))
                || second(&[b"immediate", b"master", b"as"])
        }
        b"declare" => matches!(tail, [Variable(_), ..]),
        b"shutdown" => matches!(tail, [] | [Comment | Token::Semicolon, ..]) || second(&[b"with"]),
        b"waitfor" => second(&[b"delay", b"time"]),
        b"grant" | b"revoke" => second(&[b"all", b"select", b"connect", b"dba"]),
        b"merge" => second(&[b"into"]),
        b"rename" => second(&[b"table"]),
        b"handler" => named(b"open"),
        b"backup" => second(&[b"database", b"log"]),
        b"copy" => named(b"from") || named(b"to") || matches!(tail, [Open, ..]),
        b"load" => second(&[b"data", b"xml"]),
        b"set" => matches!(tail, [Variable(_), ..]),
        b"prepare" => named(b"from"),
        b"attach" => second(&[b"database"]),
        b"begin" => {
            second(&[b"declare", b"if", b"shutdown", b"execute"])
                || matches!(tail, [Word(w), Open, ..] if w.contains(&b'.'))
        }
        b"while" => matches!(tail, [Number, Compare, Number, ..]),
        b"call" | b"do" => {
            matches!(tail, [Word(w), Open, ..] if w.contains(&b'_') || w.contains(&b'.') || is(w, b"sleep"))
        }
        b"kill" => matches!(tail, [Number, Comment, ..]),
        b"use" => matches!(tail, [Word(_), Comment | Token::Semicolon, ..]),
        b"if" => matches!(tail, [Open, ..] | [Number, Compare, ..]) && tail.len() > 3,
        _ => false,
    }
}
