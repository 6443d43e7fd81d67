//! The comparison for a terminal: the sites side by side, then the Table of Changes.

use std::io::{self, Write};

use super::super::table::{self, Align, Cell, Column, paint};
use super::super::{Look, facts, visible};
use super::{Comparison, Row, SiteRows, State, Value};

const fn column(title: &'static str, align: Align, spare: u8) -> Column {
    Column { title, align, spare }
}

const SITES: [Column; 8] = [
    column("SITE", Align::Left, 0),
    column("A", Align::Left, 0),
    column("B", Align::Left, 0),
    column("RECORDS A", Align::Right, 2),
    column("RECORDS B", Align::Right, 2),
    column("CARDS A", Align::Right, 1),
    column("CARDS B", Align::Right, 1),
    column("STATE", Align::Left, 0),
];

const CHANGES: [Column; 5] = [
    column("ITEM", Align::Left, 0),
    column("NO", Align::Right, 0),
    column("A", Align::Right, 0),
    column("B", Align::Right, 0),
    column("CHANGE", Align::Left, 0),
];

/// The longest value that the table of changes shows whole: a verdict, a time.
const VALUE: usize = 25;

/// Writes the two tables.
pub(super) fn render(comparison: &Comparison, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let [a, b] = &comparison.files;
    writeln!(out, "A  {}\nB  {}\n", visible(a), visible(b))?;
    table(&SITES, comparison.sites.iter().map(site), look, out)?;
    evidence(comparison, out)?;
    if comparison.same {
        return writeln!(out, "\nEverything agrees.");
    }
    writeln!(out, "\nTable of changes")?;
    changes("both runs", &comparison.run, look, out)?;
    comparison.sites.iter().try_for_each(|site| changes(&site.site, &site.rows, look, out))?;
    let (changed, all) = (comparison.changes().count() as u64, all(comparison));
    let of = facts::number(all);
    writeln!(out, "\n{} in {of} facts.", facts::count(changed, "change"))
}

fn all(comparison: &Comparison) -> u64 {
    let of_sites: usize = comparison.sites.iter().map(|site| site.rows.len()).sum();
    (comparison.run.len() + of_sites) as u64
}

fn table(
    head: &[Column],
    rows: impl Iterator<Item = Vec<Cell>>,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows: Vec<_> = rows.collect();
    let lines = table::lines(head, &rows, look.width, look.color);
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn evidence(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let evidence = &comparison.evidence;
    let number = |n: usize| facts::number(n as u64);
    let (a, b) = (number(evidence.only_a.len()), number(evidence.only_b.len()));
    let both = facts::count(evidence.both, "file");
    writeln!(out, "\n{both} in both by content; {a} only in A, {b} only in B.")
}

fn site(site: &SiteRows) -> Vec<Cell> {
    let row = |item: &str| site.rows.iter().find(|row| row.item == item);
    let pair = |item: &str| -> [Cell; 2] {
        let value = |value: Option<&Value>| value.map_or_else(|| "-".to_owned(), short);
        let row = row(item);
        [row.and_then(|r| r.a.as_ref()), row.and_then(|r| r.b.as_ref())]
            .map(|v| Cell::from(value(v)))
    };
    let changes = site.rows.iter().filter(|row| row.change.is_some()).count() as u64;
    let state = match site.state {
        State::Same => "same".to_owned(),
        State::Changed => facts::count(changes, "change"),
        State::OnlyA => "only in A".to_owned(),
        State::OnlyB => "only in B".to_owned(),
    };
    let mut cells = vec![Cell::from(visible(&site.site).into_owned())];
    cells.extend(
        ["verdict", "records observed", "distinct cards observed"].into_iter().flat_map(pair),
    );
    cells.push(Cell::from(state));
    cells
}

/// What differs on one site, under its name.
fn changes(name: &str, rows: &[Row], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let changed: Vec<_> = rows.iter().filter(|row| row.change.is_some()).map(change).collect();
    if changed.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint(&visible(name), "1", look.color))?;
    table(&CHANGES, changed.into_iter(), look, out)
}

fn change(row: &Row) -> Vec<Cell> {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), short);
    let number = row.change.map(facts::number).unwrap_or_default();
    let item = visible(&row.item).into_owned();
    [item, number, value(&row.a), value(&row.b), row.change_in_words()].map(Cell::from).to_vec()
}

fn short(value: &Value) -> String {
    let shown = value.shown();
    let text = visible(&shown);
    if text.chars().count() <= VALUE {
        return text.into_owned();
    }
    text.chars().take(VALUE - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::comparison;
    use super::*;

    #[test]
    fn the_tables() {
        let mut out = Vec::new();
        render(&comparison(), Look::default(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
