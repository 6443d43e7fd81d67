//! One hit a row, in the order of the ndjson format (RFC 4180, UTF-8). A cell that a spreadsheet
//! would take for a formula is prefixed with `'` (OWASP, CSV injection).

use std::io::{self, Write};

use super::ndjson::hits;
use super::{Report, facts, visible};
use crate::case::SiteHit;

const HEAD: &str = "site,source,line,offset,time,client,rule,title,level,stage,outcome,layer,\
                    author,excerpt\r\n";

/// Writes the hits of all sites.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    for hit in hits(report) {
        let cells: Vec<String> = row(hit).iter().map(|text| cell(text)).collect();
        write!(out, "{}\r\n", cells.join(","))?;
    }
    Ok(())
}

fn row(hit: &SiteHit) -> [String; 14] {
    let of = &*hit.of;
    [
        of.site.clone(),
        of.source.clone(),
        hit.line.to_string(),
        hit.offset.to_string(),
        hit.time.map(|time| time.to_string()).unwrap_or_default(),
        hit.client.as_deref().unwrap_or_default().to_owned(),
        of.rule.clone(),
        of.title.clone(),
        facts::word(&of.level),
        of.stage.map(|stage| facts::word(&stage)).unwrap_or_default(),
        facts::word(&hit.outcome),
        facts::word(&hit.layer),
        of.author.clone(),
        hit.excerpt.as_str().to_owned(),
    ]
}

/// A cell that no spreadsheet takes for a formula.
pub(super) fn cell(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let shown = visible(text);
    let quote = if risky { "'" } else { "" };
    if risky || shown.contains([',', '"', ';', '\'']) || shown.trim() != shown {
        format!("\"{quote}{}\"", shown.replace('"', "\"\""))
    } else {
        shown.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let cases = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("@SUM(1)", "\"'@SUM(1)\""),
            ("-2+3", "\"'-2+3\""),
            ("\t=1", "\"'\\t=1\""),
            ("a\nb", "a\\nb"),
        ];
        for (text, written) in cases {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn every_hit_is_a_row() {
        let mut out = Vec::new();
        render(&sample::report(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("\r\n").count(), 3, "{text}");
    }
}
