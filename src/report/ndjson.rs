//! One hit a line (schema `leaksweep.hit/1`), in the order of site, time, stream, line, rule;
//! hits without a time come last in their site.

use std::io::{self, BufRead, Write};

use serde::Serialize;

use super::Report;
use crate::case::SiteHit;

#[derive(Serialize)]
struct HitLine<'h> {
    schema: &'static str,
    #[serde(flatten)]
    hit: &'h SiteHit,
}

/// Writes the hits of all sites.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for hit in hits(report) {
        serde_json::to_writer(&mut *out, &HitLine { schema: "leaksweep.hit/1", hit })?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads hits that were written so.
pub(super) fn read(from: impl BufRead) -> io::Result<Vec<SiteHit>> {
    let hit = |line: io::Result<String>| Ok(serde_json::from_str(&line?)?);
    from.lines().map(hit).collect()
}

/// All hits in the order of the line-by-line formats.
pub(super) fn hits(report: &Report) -> Vec<&SiteHit> {
    let mut hits: Vec<&SiteHit> = report.sites.iter().flat_map(|case| &case.hits).collect();
    hits.sort_by(|a, b| order(a).cmp(&order(b)));
    hits
}

fn order(hit: &SiteHit) -> impl Ord + '_ {
    let time = (hit.time.is_none(), hit.time);
    let of = &*hit.of;
    (&of.site, time, &of.source, hit.line, hit.offset, &of.rule, hit.outcome)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_line_has_the_keys_of_the_contract_in_order() {
        let mut out = Vec::new();
        render(&sample::report(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 2);
        let keys = "schema,site,source,line,offset,time,client,rule,title,level,stage,outcome,\
                    layer,author,excerpt";
        for line in text.lines() {
            let mut at = 0;
            for key in keys.split(',') {
                at += line[at..].find(&format!("\"{key}\":")).expect(key);
            }
        }
        assert!(text.lines().next().unwrap().contains("05:12:07"), "earliest first: {text}");
    }
}
