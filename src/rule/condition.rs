//! The condition: which detections must hold together.
//!
//! The grammar is pySigma's, the reference implementation: `not` binds tighter than `and`, `and`
//! tighter than `or`; keywords are lower case; `1 of`, `any of`, `all of` take a pattern or `them`;
//! both leave out detections whose name begins with `_` unless the pattern does too; a selector that
//! selects nothing is an error.

use super::fault::{Code, Fault, Mark};

/// A condition over names: detections of a rule, or rules of a correlation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A detection, by its number; the rule of a correlation, by its number.
    Name(usize),
    /// All must hold.
    All(Vec<Expr>),
    /// One must hold.
    Any(Vec<Expr>),
    /// It must not hold.
    Not(Box<Expr>),
}

/// The deepest nesting of brackets and `not`.
const DEPTH: usize = 64;

impl Expr {
    /// Parses a condition over the given names.
    pub(super) fn parse(text: &str, names: &[&str], at: Mark) -> Result<Self, Fault> {
        if text.contains('|') {
            let message = "`| count()` and its kin are obsolete: write a correlation";
            return Err(Fault::new(Code::Obsolete, at, message));
        }
        let tokens = tokens(text);
        let mut parser = Parser { tokens: &tokens, at: 0, names, mark: at, depth: 0 };
        let expr = parser.any()?;
        match parser.peek() {
            None => Ok(expr),
            Some(token) => Err(parser.unexpected(token)),
        }
    }

    /// Whether a `not` stands anywhere in it.
    pub(super) fn negates(&self) -> bool {
        match self {
            Self::Name(_) => false,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::negates),
            Self::Not(_) => true,
        }
    }

    /// Whether it can hold where only the names for which `can` holds do.
    pub(super) fn is_possible(&self, can: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Self::Name(n) => can(*n),
            Self::All(parts) => parts.iter().all(|part| part.is_possible(can)),
            Self::Any(parts) => parts.iter().any(|part| part.is_possible(can)),
            // What need not hold need not be able to.
            Self::Not(_) => true,
        }
    }

    /// Notes every name that it uses.
    pub fn names(&self, used: &mut Vec<usize>) {
        match self {
            Self::Name(n) => used.push(*n),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|p| p.names(used)),
            Self::Not(part) => part.names(used),
        }
    }
}

/// Words, and brackets as words of their own.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some(at) = rest.find(['(', ')']) {
            tokens.extend([&rest[..at], &rest[at..=at]].into_iter().filter(|t| !t.is_empty()));
            rest = &rest[at + 1..];
        }
        tokens.extend((!rest.is_empty()).then_some(rest));
    }
    tokens
}

struct Parser<'t> {
    tokens: &'t [&'t str],
    at: usize,
    names: &'t [&'t str],
    mark: Mark,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.tokens.get(self.at).copied()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn fault(&self, message: &str) -> Fault {
        Fault::new(Code::Condition, self.mark, format!("condition: {message}"))
    }

    fn unexpected(&self, token: &str) -> Fault {
        let lower = token.to_lowercase();
        let keyword = lower != token && matches!(lower.as_str(), "and" | "or" | "not" | "of");
        let hint = if keyword { " (keywords are lower case)" } else { "" };
        self.fault(&format!("`{token}` is not expected here{hint}"))
    }

    fn any(&mut self) -> Result<Expr, Fault> {
        let mut parts = vec![self.all()?];
        while self.eat("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Expr::Any))
    }

    fn all(&mut self) -> Result<Expr, Fault> {
        let mut parts = vec![self.not()?];
        while self.eat("and") {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Expr::All))
    }

    fn not(&mut self) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.fault(&format!("nested deeper than {DEPTH}")));
        }
        let expr = if self.eat("not") { Expr::Not(Box::new(self.not()?)) } else { self.primary()? };
        self.depth -= 1;
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        if self.eat("(") {
            let inner = self.any()?;
            let closed = self.eat(")");
            return closed.then_some(inner).ok_or_else(|| self.fault("a `)` is missing"));
        }
        let word = self.peek().ok_or_else(|| self.fault("it ends too early"))?;
        self.at += 1;
        if self.peek() == Some("of") {
            self.at += 1;
            return self.selector(word);
        }
        self.name(word)
    }

    fn name(&self, word: &str) -> Result<Expr, Fault> {
        if let Some(found) = self.names.iter().position(|name| *name == word) {
            return Ok(Expr::Name(found));
        }
        if matches!(word.to_lowercase().as_str(), "and" | "or" | "not" | "of" | ")") {
            return Err(self.unexpected(word));
        }
        let message = format!("condition: there is no `{word}`{}", nearest(word, self.names));
        Err(Fault::new(Code::Unknown, self.mark, message))
    }

    fn selector(&mut self, quantity: &str) -> Result<Expr, Fault> {
        let pattern = self.peek().ok_or_else(|| self.fault("`of` what?"))?;
        self.at += 1;
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '*');
        if !pattern.chars().all(legal) {
            return Err(self.fault(&format!("`{pattern}` is no pattern of names")));
        }
        let whole = if pattern == "them" { "*" } else { pattern };
        let chosen =
            |name: &str| glob(whole, name) && (whole.starts_with('_') || !name.starts_with('_'));
        let found = self.names.iter().enumerate().filter(|(_, name)| chosen(name));
        let parts: Vec<Expr> = found.map(|(n, _)| Expr::Name(n)).collect();
        if parts.is_empty() {
            let message = format!("condition: `{quantity} of {pattern}` selects nothing");
            return Err(Fault::new(Code::Selector, self.mark, message));
        }
        match quantity {
            "1" | "any" => Ok(one_or(parts, Expr::Any)),
            "all" => Ok(one_or(parts, Expr::All)),
            _ => Err(self.fault(&format!("`{quantity} of`: only `1`, `any` and `all` are known"))),
        }
    }
}

fn one_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            many(parts)
        }
    }
}

/// Whether a name fits a pattern with `*`: each piece where it first comes, the last at the end.
fn glob(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// ` (did you mean …?)` if a name is only a slip away.
pub(super) fn nearest(word: &str, names: &[&str]) -> String {
    let near = names.iter().map(|name| (slips(word, name), name)).min();
    match near {
        Some((n, name)) if n <= 2 => format!(" (did you mean `{name}`?)"),
        _ => String::new(),
    }
}

/// Levenshtein distance.
fn slips(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let swap = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = swap.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Expr, &'static str> {
        let names = ["selection", "filter_a", "filter_b", "_hidden", "k-w"];
        Expr::parse(text, &names, Mark::default()).map_err(|fault| fault.code.name())
    }

    #[test]
    fn patterns_of_names() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("sel*", "selection", true),
            ("sel*", "select_1", true),
            ("*_1", "select_1", true),
            ("a*b*c", "aXbbYc", true),
            ("a*b*c", "abc", true),
            ("a*a", "a", false),
            ("a*b*b", "ab", false),
            ("a", "ab", false),
            (&"*".repeat(200), "selection", true),
            (&format!("{}x", "*e".repeat(99)), &"e".repeat(99), false),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn not_binds_tighter_than_and_tighter_than_or() {
        use Expr::{All, Any, Name, Not};
        let not = |e| Not(Box::new(e));
        let cases = [
            ("selection", Name(0)),
            (
                "selection or filter_a and not filter_b",
                Any(vec![Name(0), All(vec![Name(1), not(Name(2))])]),
            ),
            ("(selection or filter_a) and k-w", All(vec![Any(vec![Name(0), Name(1)]), Name(4)])),
            ("not not selection", not(not(Name(0)))),
            ("1 of filter_*", Any(vec![Name(1), Name(2)])),
            ("all of them", All(vec![Name(0), Name(1), Name(2), Name(4)])),
            ("any of _h*", Name(3)),
            (
                "selection and not 1 of filter_*",
                All(vec![Name(0), not(Any(vec![Name(1), Name(2)]))]),
            ),
        ];
        for (text, expr) in cases {
            assert_eq!(parse(text), Ok(expr), "{text}");
        }
    }

    #[test]
    fn what_is_not_in_the_grammar_is_an_error() {
        for (text, code) in [
            ("", "E020"),
            ("selection AND filter_a", "E020"),
            ("selection filter_a", "E020"),
            ("(selection", "E020"),
            ("2 of filter_*", "E020"),
            ("1 of filter-*", "E020"),
            ("1 of", "E020"),
            ("selektion", "E021"),
            ("all of nothing*", "E022"),
            ("selection | count() > 5", "E023"),
        ] {
            assert_eq!(parse(text), Err(code), "{text}");
        }
    }
}
