//! The page of a comparison: the sites side by side, the Table of Changes, and every site's facts.

use std::io::{self, Write};

use super::super::comparison::{Comparison, Row, SiteRows, State, Value};
use super::super::facts;
use super::node::Html;
use super::{SCRIPT, head};

/// Writes the page.
pub(in super::super) fn render(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<!DOCTYPE html>\n<html lang=\"en\">\n")?;
    let mut html = Html::default();
    head(&mut html, "leaksweep comparison");
    html.leaf("h1", &[], "Two reports side by side");
    html.leaf("p", &[("class", "lead")], &summary(comparison));
    sides(&mut html, comparison);
    changes(&mut html, comparison);
    comparison.sites.iter().for_each(|site| section(&mut html, site));
    html.close("main");
    html.own("script", SCRIPT);
    html.close("body");
    html.close("html");
    out.write_all(html.as_bytes())
}

fn summary(comparison: &Comparison) -> String {
    let same = comparison.sites.iter().filter(|site| site.state == State::Same).count();
    let all = facts::count(comparison.sites.len() as u64, "site");
    match comparison.changes().count() as u64 {
        0 => format!("Both reports agree on all of {all}."),
        n => format!(
            "{} in the table of changes; {same} of {all} are the same in both.",
            facts::count(n, "entry").replace("entrys", "entries")
        ),
    }
}

fn sides(html: &mut Html, comparison: &Comparison) {
    let [a, b] = &comparison.files;
    let evidence = &comparison.evidence;
    html.with("dl", &[("class", "run")], |html| {
        let mut fact = |name: &str, value: &str| {
            html.leaf("dt", &[], name);
            html.leaf("dd", &[], value);
        };
        fact("A", a);
        fact("B", b);
        fact("Files in both, by content", &facts::number(evidence.both));
        fact("Files only in A", &list(&evidence.only_a));
        fact("Files only in B", &list(&evidence.only_b));
    });
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn changes(html: &mut Html, comparison: &Comparison) {
    html.leaf("h2", &[], "Table of changes");
    let titles = ["No.#", "Site", "Section", "Item", "A", "B", "Change"];
    html.table("sortable", &titles, |html| {
        for (site, row) in comparison.changes() {
            html.with("tr", &[], |html| {
                html.number(row.change.unwrap_or_default());
                html.cell(site.unwrap_or("both runs"));
                facts_of_row(html, row);
            });
        }
    });
}

/// All facts of a site, agreeing ones too.
fn section(html: &mut Html, site: &SiteRows) {
    html.with("section", &[], |html| {
        html.leaf("h2", &[], &site.site);
        html.table("sortable", &["Section", "Item", "A", "B", "Change"], |html| {
            for row in &site.rows {
                html.with("tr", &[], |html| facts_of_row(html, row));
            }
        });
    });
}

fn facts_of_row(html: &mut Html, row: &Row) {
    html.cell(&facts::word(&row.section));
    html.cell(&row.item);
    for value in [&row.a, &row.b] {
        match value {
            Some(Value::Number(n)) => html.number(*n),
            Some(Value::Text(text)) => html.cell(text),
            None => html.cell("–"),
        }
    }
    html.cell(&row.change_in_words());
}
