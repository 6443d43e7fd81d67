//! One fact a row, agreeing ones too, for spreadsheets (RFC 4180).

use std::io::{self, Write};

use super::super::csv::cell;
use super::super::facts;
use super::{Comparison, Row, Value};

const HEAD: &str = "change,site,section,item,a,b,difference\r\n";

/// Writes all facts.
pub(super) fn render(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    comparison.run.iter().try_for_each(|row| line("", row, out))?;
    for site in &comparison.sites {
        site.rows.iter().try_for_each(|row| line(&site.site, row, out))?;
    }
    Ok(())
}

fn line(site: &str, row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let value = |value: &Option<Value>| match value {
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::Text(text)) => cell(text),
        None => String::new(),
    };
    let cells = [
        row.change.map(|n| n.to_string()).unwrap_or_default(),
        cell(site),
        facts::word(&row.section),
        cell(&row.item),
        value(&row.a),
        value(&row.b),
        row.difference.map(|n| n.to_string()).unwrap_or_default(),
    ];
    write!(out, "{}\r\n", cells.join(","))
}
