//! What do regulators and card brands ask for? Their reports, filled with what logs can answer.
//!
//! A form is a list of [`Part`]s, made by pure functions of the report; `markdown` and the page
//! (`html`) write it. What logs cannot know is a marked blank, never a guess.

mod markdown;
mod pfi;
mod ppc;
mod words;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use super::{Look, Report, html};

/// The language of a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// Of two wordings, the one in this language.
    pub(super) fn of<T>(self, english: T, japanese: T) -> T {
        match self {
            Self::English => english,
            Self::Japanese => japanese,
        }
    }

    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        self.of("en", "ja")
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::English, Self::Japanese].into_iter().find(|one| one.tag() == text);
        known.ok_or_else(|| "it is one of en, ja".to_owned())
    }
}

/// How a form is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Markup {
    /// Markdown (GitHub's), to be filled in and converted.
    #[default]
    Markdown,
    /// A page.
    Html,
}

/// A piece of a form. Texts may hold what logs say: whoever writes them escapes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Title(String),
    Heading(String),
    Subheading(String),
    Text(String),
    /// What logs cannot know: to be filled in by a person.
    Blank(String),
    List(Vec<String>),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

/// What a blank begins with.
pub(super) fn blank(language: Language) -> &'static str {
    language.of("▢ To be filled in, logs do not tell:", "▢ 記入欄（ログからは分からない）：")
}

/// The parts that a PFI final report asks and logs can answer.
pub(super) fn pfi(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    write(&pfi::parts(report, look.language), look, out)
}

/// The nine items of a report to Japan's Personal Information Protection Commission.
pub(super) fn ppc(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    write(&ppc::parts(report, look.language), look, out)
}

fn write(parts: &[Part], look: Look, out: &mut dyn Write) -> io::Result<()> {
    match look.markup {
        Markup::Markdown => markdown::write(parts, look.language, out),
        Markup::Html => html::form::write(parts, look.language, out),
    }
}

/// A table, or a sentence that says that there is nothing to list.
fn table(head: &[&str], rows: Vec<Vec<String>>, none: &str) -> Part {
    if rows.is_empty() {
        return Part::Text(none.to_owned());
    }
    Part::Table { head: head.iter().map(|title| (*title).to_owned()).collect(), rows }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn written(form: fn(&Report, Look, &mut dyn Write) -> io::Result<()>, look: Look) -> String {
        let mut out = Vec::new();
        form(&sample::report(), look, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn forms_hold_what_logs_know_and_mark_what_they_do_not() {
        for language in [Language::English, Language::Japanese] {
            for markup in [Markup::Markdown, Markup::Html] {
                let look = Look { language, markup, ..Look::default() };
                for form in [pfi, ppc] {
                    let text = written(form, look);
                    assert!(text.contains("zei.example.jp") && text.contains('▢'), "{text}");
                    assert!(!text.contains("<script>alert") && !text.contains('\x1b'));
                }
                let text = written(pfi, look);
                let sum = "07".repeat(32);
                for part in ["614,629", "313,181", "2017-03-08 05:12:07", &sum, "203.0.113.66"] {
                    assert!(text.contains(part), "{part}");
                }
            }
        }
        let japanese = Look { language: Language::Japanese, ..Look::default() };
        let text = written(ppc, japanese);
        for number in 1..=9 {
            assert!(text.contains(&format!("## {number}. ")), "{number}");
        }
        assert!(text.contains("362,049") && text.contains("カード番号"), "{text}");
    }

    #[test]
    fn both_languages_say_the_same() {
        for parts in [pfi::parts, ppc::parts] {
            let shape = |language| -> Vec<_> {
                parts(&sample::report(), language).iter().map(std::mem::discriminant).collect()
            };
            assert_eq!(shape(Language::English), shape(Language::Japanese));
        }
    }
}
