//! What is wrong with a rule, said as a compiler would: a code, a place, a sentence.

use std::fmt;

/// A place in a rule file, counted from 1; columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The kinds of fault. A code never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// All codes, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// `E011`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }
        }
    };
}

codes! {
    /// The file cannot be read.
    Io = "E001",
    /// Not YAML.
    Yaml = "E002",
    /// YAML, but no Sigma document.
    Document = "E003",
    /// A key that must be there is not.
    Missing = "E004",
    /// A value of the wrong kind.
    Kind = "E005",
    /// A detection that looks for nothing.
    Empty = "E010",
    /// A modifier that Sigma does not have.
    Modifier = "E011",
    /// A modifier that does not go with the value or with the modifier before it.
    Misuse = "E012",
    /// A regular expression that cannot be compiled.
    Regex = "E013",
    /// A network that is none.
    Cidr = "E014",
    /// A placeholder that nobody resolved.
    Placeholder = "E015",
    /// A condition that is not in the grammar.
    Condition = "E020",
    /// A condition that names a detection that is not there.
    Unknown = "E021",
    /// A selector (`1 of x*`) that selects nothing.
    Selector = "E022",
    /// `| count()`, `near`, `timeframe`: replaced by correlations.
    Obsolete = "E023",
    /// A correlation that is not in the specification.
    Correlation = "E030",
    /// A span of time that is none.
    Timespan = "E031",
    /// A reference to a rule that is not there.
    Reference = "E032",
    /// Two rules with one id.
    Duplicate = "E033",
    /// Correlations that refer to each other in a circle.
    Circle = "E034",
    /// A filter whose condition has no `not`: it keeps what it should leave out (a warning).
    Filter = "W040",
    /// A field that no log of the rule's kind names so (a warning).
    Unmapped = "W041",
    /// A rule that can fire on no known format (a warning).
    Never = "W042",
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub code: Code,
    /// The file, as given.
    pub file: String,
    /// Where in the file.
    pub at: Mark,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The line of the file that it stands in.
    pub source: String,
}

impl Fault {
    /// A fault at a place of a file that the loader fills in.
    pub(super) fn new(code: Code, at: Mark, message: impl Into<String>) -> Self {
        Self { code, file: String::new(), at, message: message.into(), source: String::new() }
    }

    /// With the file and the line of text.
    pub(super) fn in_file(mut self, file: &str, text: &str) -> Self {
        file.clone_into(&mut self.file);
        let line = lines(text).nth((self.at.line as usize).saturating_sub(1));
        line.unwrap_or_default().clone_into(&mut self.source);
        self
    }

    fn severity(&self) -> &'static str {
        if self.code.name().starts_with('W') { "warning" } else { "error" }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}[{}]: {}", self.severity(), self.code.name(), self.message)?;
        write!(f, "  --> {}:{}:{}", self.file, self.at.line, self.at.column)?;
        if self.source.trim().is_empty() {
            return Ok(());
        }
        let (number, gap) = (self.at.line.to_string(), " ".repeat(self.at.line.to_string().len()));
        let pad = " ".repeat((self.at.column as usize).saturating_sub(1));
        write!(f, "\n{gap} |\n{number} | {}\n{gap} | {pad}^", self.source.trim_end())
    }
}

/// The lines of a file as YAML counts them (YAML 1.2.2, 5.4): a carriage return ends one, too.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Rules that cannot be used: every fault with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// The faults, in the order of files and lines.
    pub faults: Vec<Fault>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.faults.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("\n\n"))
    }
}
