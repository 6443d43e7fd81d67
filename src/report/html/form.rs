//! A form as a page in the style of the report.

use std::io::{self, Write};

use super::super::form::{Language, Part, blank};
use super::head;
use super::node::Html;

/// Writes the parts.
pub(in crate::report) fn write(
    parts: &[Part],
    language: Language,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"{language}\">")?;
    let mut html = Html::default();
    head(&mut html, "leaksweep");
    for part in parts {
        self::part(&mut html, part, language);
    }
    html.close("main");
    html.close("body");
    html.close("html");
    out.write_all(html.as_bytes())
}

fn part(html: &mut Html, part: &Part, language: Language) {
    match part {
        Part::Title(text) => html.leaf("h1", &[], text),
        Part::Heading(text) => html.leaf("h2", &[], text),
        Part::Subheading(text) => html.leaf("h3", &[], text),
        Part::Text(text) => html.leaf("p", &[], text),
        Part::Blank(text) => html.with("p", &[("class", "next")], |html| {
            html.leaf("strong", &[], blank(language));
            html.text(&format!(" {text}"));
        }),
        Part::List(lines) => html.with("ul", &[], |html| {
            for line in lines {
                html.leaf("li", &[], line);
            }
        }),
        Part::Table { head, rows } => {
            let head: Vec<&str> = head.iter().map(String::as_str).collect();
            html.table("form", &head, |html| rows.iter().for_each(|cells| row(html, cells)));
        }
    }
}

fn row(html: &mut Html, cells: &[String]) {
    html.with("tr", &[], |html| cells.iter().for_each(|cell| html.cell(cell)));
}
