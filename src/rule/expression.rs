//! Regular expressions as Sigma has them: which may rules have, and what is compiled when?
//!
//! An expression is compiled when it is first needed: most never are, since the literals that they
//! need stand in no entry. Nor is one compiled to find out that it is small enough, where its
//! syntax says so: a program that starts for every short log cannot afford hundreds of them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::field::Source;
use super::needle::Witness;

/// Bytes that a compiled expression of a rule may take, without its flags.
const LARGE: usize = 1 << 22;
/// Bytes that any compiled expression may take.
const LARGEST: usize = 1 << 26;

/// The flag of expressions that are Unicode's whatever stands in them.
pub(super) const UNICODE: &str = "u";

/// A regular expression, and what it is made into when that is needed.
#[derive(Clone, Debug)]
pub struct Expression(Arc<Lazily>);

#[derive(Debug)]
struct Lazily {
    source: String,
    /// `i`, `m`, `s`, [`UNICODE`].
    flags: String,
    /// What values of the field that it is for must hold: found out when it is checked, so that it
    /// is parsed once, and its syntax, which takes much room, is not kept.
    witness: OnceLock<Witness>,
    /// Whether it asks of what stands before its match no more than whether a word ends there.
    grows: OnceLock<bool>,
    compiled: OnceLock<Option<Regex>>,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        (&self.0.source, &self.0.flags) == (&other.0.source, &other.0.flags)
    }
}

impl Hash for Expression {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.0.source, &self.0.flags).hash(state);
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.0.source, self.0.flags)
    }
}

impl Expression {
    /// An expression that is still to be [checked](Self::check), if a rule has it.
    pub(super) fn new(source: &str, flags: &str) -> Self {
        let (source, flags) = (source.into(), flags.into());
        let (witness, grows, compiled) = Default::default();
        Self(Arc::new(Lazily { source, flags, witness, grows, compiled }))
    }

    /// The same with another flag.
    pub(super) fn with(&self, flag: &str) -> Self {
        Self::new(&self.0.source, &format!("{}{flag}", self.0.flags))
    }

    /// Whether it is one that rules can have, for values of `from`.
    pub(super) fn check(&self, from: &Source) -> Result<(), String> {
        let Lazily { source, flags, witness, grows, .. } = &*self.0;
        if let Some(hir) = parse(source, flags).filter(|hir| most_bytes(hir) <= LARGE) {
            witness.get_or_init(|| Witness::of_syntax(&hir, from));
            grows.get_or_init(|| looks_ahead(&hir));
            return Ok(());
        }
        let built = builder(source, "").size_limit(LARGE).build();
        built.map(drop).map_err(|error| error.to_string())
    }

    /// What a value of `from` must hold, or it does not stand there; the sources of its needs have
    /// no number yet.
    pub(super) fn witness(&self, from: &Source) -> Witness {
        let Lazily { source, flags, witness, .. } = &*self.0;
        let find = || match parse(source, flags) {
            Some(hir) => Witness::of_syntax(&hir, from),
            None => Witness::always(),
        };
        witness.get_or_init(find).clone()
    }

    /// Whether it stands in every text that ends with a value in which it stands, if no word goes on
    /// into the value.
    pub(super) fn grows(&self) -> bool {
        let Lazily { source, flags, grows, .. } = &*self.0;
        *grows.get_or_init(|| parse(source, flags).is_some_and(|hir| looks_ahead(&hir)))
    }

    /// Whether it stands somewhere in a value. With flags it may be larger than it was when it was
    /// checked, but not beyond [`LARGEST`]; if it were, too much would match, not too little.
    pub(super) fn is_match(&self, value: &[u8]) -> bool {
        let Lazily { source, flags, compiled, .. } = &*self.0;
        let regex = compiled.get_or_init(|| builder(source, flags).build().ok());
        regex.as_ref().is_none_or(|regex| regex.is_match(value))
    }
}

/// What an expression says. PCRE without look-around, unanchored, case sensitive unless flagged.
/// Bytes are no text for sure, so an ASCII expression works on bytes.
fn parse(source: &str, flags: &str) -> Option<Hir> {
    regex_syntax::ParserBuilder::new()
        .unicode(is_unicode(source, flags))
        .utf8(false)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .build()
        .parse(source)
        .ok()
}

/// Whether an expression asks of the place where it stands only how the text ends behind it and
/// where its words begin and end.
fn looks_ahead(hir: &Hir) -> bool {
    let ends = [Look::End, Look::EndLF, Look::EndCRLF, Look::WordAscii, Look::WordAsciiNegate];
    hir.properties().look_set().iter().all(|look| ends.contains(&look))
}

fn builder(source: &str, flags: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(source);
    builder.unicode(is_unicode(source, flags)).size_limit(LARGEST);
    builder.case_insensitive(flags.contains('i'));
    builder.multi_line(flags.contains('m')).dot_matches_new_line(flags.contains('s'));
    builder
}

fn is_unicode(source: &str, flags: &str) -> bool {
    flags.contains(UNICODE) || !source.is_ascii()
}

/// More bytes than the expression takes when it is compiled: a bound by its syntax.
fn most_bytes(hir: &Hir) -> usize {
    /// Of a state, with what joins it to the next; of a range of bytes; of a range of characters,
    /// which is several sequences of up to four ranges of bytes.
    const STATE: usize = 128;
    const BYTES: usize = 32;
    const CHARS: usize = 4_096;
    let all =
        |parts: &[Hir]| parts.iter().fold(0, |sum: usize, p| sum.saturating_add(most_bytes(p)));
    let own = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => STATE * literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => BYTES * class.ranges().len(),
        HirKind::Class(Class::Unicode(class)) => CHARS * class.ranges().len(),
        HirKind::Capture(capture) => most_bytes(&capture.sub).saturating_add(STATE),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).saturating_add(1) as usize;
            most_bytes(&repetition.sub).saturating_add(STATE).saturating_mul(times)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            all(parts).saturating_add(STATE * parts.len())
        }
    };
    own.saturating_add(STATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_syntax_calls_small_is_small() {
        let sources = [
            r"/(?:etc|bin)/[\w./]*\[[^\]/&]{1,5}\]\w*",
            "a{1000}",
            r"(?:\d{3}-?){40}",
            r"é\w{2}",
            r"\pL+é",
            r"(?:ab?c*){0,60}",
            r"^[^a-f\s]+$",
            "(?:(?:a|bc){9}){9}",
            "é.*[а-я]{20}",
        ];
        for source in sources {
            let most = most_bytes(&parse(source, "").unwrap());
            assert!(builder(source, "").size_limit(most).build().is_ok(), "{source} {most}");
            assert!(Expression::new(source, "").check(&Source::Entry).is_ok(), "{source}");
        }
    }

    #[test]
    fn an_expression_grows_if_it_asks_of_what_is_before_it_only_whether_a_word_ends() {
        let cases = [("a.b$", true), ("^a", false), (r"\ba", true), ("(?:^|&)a", false)];
        for (source, grows) in cases {
            assert_eq!(Expression::new(source, "").grows(), grows, "{source}");
        }
    }

    #[test]
    fn what_is_too_large_or_no_expression_is_refused() {
        for (source, why) in [("(?:a{1000}){1000}", "size limit"), ("a(", "unclosed group")] {
            assert!(
                Expression::new(source, "").check(&Source::Entry).unwrap_err().contains(why),
                "{source}"
            );
        }
    }
}
