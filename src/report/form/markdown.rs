//! A form as Markdown. What logs say is written so that no reader of Markdown takes it for markup
//! or makes a link of it.

use std::io::{self, Write};

use super::super::visible;
use super::{Language, Part, blank};

/// Writes the parts.
pub(super) fn write(parts: &[Part], language: Language, out: &mut dyn Write) -> io::Result<()> {
    for part in parts {
        match part {
            Part::Title(text) => writeln!(out, "# {}\n", escape(text))?,
            Part::Heading(text) => writeln!(out, "\n## {}\n", escape(text))?,
            Part::Subheading(text) => writeln!(out, "\n### {}\n", escape(text))?,
            Part::Text(text) => writeln!(out, "{}\n", escape(text))?,
            Part::Blank(text) => writeln!(out, "**{}** {}\n", blank(language), escape(text))?,
            Part::List(lines) => list(lines, out)?,
            Part::Table { head, rows } => table(head, rows, out)?,
        }
    }
    Ok(())
}

fn list(lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "* {}", escape(line)))?;
    writeln!(out)
}

fn table(head: &[String], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    row(head, out)?;
    writeln!(out, "|{}", "---|".repeat(head.len()))?;
    rows.iter().try_for_each(|cells| row(cells, out))?;
    writeln!(out)
}

fn row(cells: &[String], out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
    writeln!(out, "| {} |", cells.join(" | "))
}

/// The text as text: markup escaped, and what GitHub's Markdown makes links of (`http://`, `www.`,
/// addresses) broken up by escapes that no reader sees.
fn escape(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let markup = "\\`*_[]<>|#~&!$@".contains(c);
        let link =
            rest.starts_with("://") || (c == '.' && out.to_ascii_lowercase().ends_with("www"));
        let first = at == 0 && "-+=".contains(c);
        if markup || link || first {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        for (text, written) in [
            ("[x](javascript:1)", "\\[x\\](javascript:1)"),
            ("see https://evil.example", "see https\\://evil.example"),
            ("WWW.evil.example", "WWW\\.evil.example"),
            ("a | b <b>", "a \\| b \\<b\\>"),
            ("- item", "\\- item"),
            ("05:12:07 +09:00", "05:12:07 +09:00"),
            ("a\nb", "a\\\\nb"),
        ] {
            assert_eq!(escape(text), written);
        }
    }
}
