//! A Sigma string: text with wildcards.
//!
//! `*` is any run of bytes, `?` exactly one character; `\*`, `\?` and `\\` stand for themselves; a
//! backslash before anything else is a backslash (Sigma specification 2.1.0, "String wildcard").

use std::fmt;

/// A piece of a string.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Literal bytes.
    Text(Vec<u8>),
    /// `*`.
    Any,
    /// `?`.
    One,
    /// One of these texts: what `windash` makes of a dash.
    Among(Vec<Vec<u8>>),
}

/// A string to compare with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Its pieces; neighbouring texts are one.
    pub parts: Vec<Part>,
    /// Whether upper and lower case differ.
    pub cased: bool,
}

impl Pattern {
    /// Reads a string as a rule has it.
    pub fn parse(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next_if(|next| matches!(next, '*' | '?' | '\\')) {
                    Some(escaped) => pattern.push_char(escaped),
                    None => pattern.push_char('\\'),
                },
                '*' => pattern.parts.push(Part::Any),
                '?' => pattern.parts.push(Part::One),
                other => pattern.push_char(other),
            }
        }
        pattern
    }

    /// Text without wildcards.
    pub fn literal(bytes: &[u8]) -> Self {
        let mut pattern = Self::default();
        pattern.push(bytes);
        pattern
    }

    /// Appends literal bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.parts.push(Part::Text(bytes.to_owned())),
        }
    }

    fn push_char(&mut self, c: char) {
        self.push(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Appends a text of which any of `forms` may stand in its place.
    pub(super) fn push_among(&mut self, forms: &[&str]) {
        let forms = forms.iter().map(|form| form.as_bytes().to_owned());
        self.parts.push(Part::Among(forms.collect()));
    }

    /// Every text that it stands for; `None` if there is a wildcard or if they are more than `most`.
    pub(super) fn spellings(&self, most: usize) -> Option<Vec<Vec<u8>>> {
        let mut made = vec![Vec::new()];
        for part in &self.parts {
            let forms = match part {
                Part::Text(text) => std::slice::from_ref(text),
                Part::Among(forms) => forms,
                Part::Any | Part::One => return None,
            };
            if made.len() * forms.len() > most {
                return None;
            }
            let with = |made: &Vec<u8>| {
                forms.iter().map(|form| [made.as_slice(), form].concat()).collect::<Vec<_>>()
            };
            made = made.iter().flat_map(with).collect();
        }
        Some(made)
    }

    /// The bytes if there is no wildcard.
    pub fn plain(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// With any run of bytes allowed before it.
    #[must_use]
    pub fn open_start(mut self) -> Self {
        if self.parts.first() != Some(&Part::Any) {
            self.parts.insert(0, Part::Any);
        }
        self
    }

    /// With any run of bytes allowed behind it.
    #[must_use]
    pub fn open_end(mut self) -> Self {
        if self.parts.last() != Some(&Part::Any) {
            self.parts.push(Part::Any);
        }
        self
    }

    /// With every text replaced.
    #[must_use]
    pub fn map(self, mut change: impl FnMut(&[u8]) -> Vec<u8>) -> Self {
        let mut mapped = Self { parts: Vec::new(), cased: self.cased };
        for part in self.parts {
            match part {
                Part::Text(text) => mapped.push(&change(&text)),
                Part::Among(forms) => {
                    let forms = forms.iter().map(|form| change(form));
                    mapped.parts.push(Part::Among(forms.collect()));
                }
                wild => mapped.parts.push(wild),
            }
        }
        mapped
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&String::from_utf8_lossy(text)),
            Part::Any => f.write_str("*"),
            Part::One => f.write_str("?"),
            Part::Among(forms) => {
                let forms = forms.iter().map(|form| String::from_utf8_lossy(form));
                write!(f, "({})", forms.collect::<Vec<_>>().join("|"))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_as_the_specification_says() {
        let text = |t: &str| Part::Text(t.as_bytes().to_owned());
        let cases: &[(&str, Vec<Part>)] = &[
            ("abc", vec![text("abc")]),
            ("a*b?c", vec![text("a"), Part::Any, text("b"), Part::One, text("c")]),
            (r"a\*b", vec![text("a*b")]),
            (r"\\*", vec![text(r"\"), Part::Any]),
            (r"\\\*", vec![text(r"\*")]),
            (r"C:\Windows\\x", vec![text(r"C:\Windows\x")]),
            (r"end\", vec![text(r"end\")]),
            ("", vec![]),
        ];
        for (source, parts) in cases {
            assert_eq!(&Pattern::parse(source).parts, parts, "{source}");
        }
    }
}
