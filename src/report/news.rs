//! What is new, as a text of the size of a mail.

use std::io::{self, Write};

use super::facts;
use super::visible::visible;
use crate::case::{Finding, SiteHit};
use crate::ledger::{News, Turn};

/// Sites that are told; the others are counted.
const SITES: usize = 20;
/// Findings of a site that are told; the others are counted.
const FINDINGS: usize = 8;
/// Gaps that are told; the others are counted.
const GAPS: usize = 20;
/// Characters of an entry that are shown.
const EXCERPT: usize = 160;

/// Writes what is new; nothing if nothing is.
///
/// # Errors
///
/// If writing fails.
pub fn news(news: &News, out: &mut dyn Write) -> io::Result<()> {
    for turn in news.turns.iter().take(SITES) {
        self::turn(turn, out)?;
    }
    beyond(news.turns.len(), SITES, "", "sites with news", out)?;
    if !news.gaps.is_empty() {
        writeln!(out, "not examined, or not as it was:")?;
    }
    for gap in news.gaps.iter().take(GAPS) {
        writeln!(out, "  {}: {}", visible(&gap.source), visible(&gap.detail))?;
    }
    beyond(news.gaps.len(), GAPS, "  ", "gaps", out)
}

fn beyond(
    all: usize,
    told: usize,
    indent: &str,
    what: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    if all > told {
        writeln!(out, "{indent}and {} more {what}; the report has them", all - told)?;
    }
    Ok(())
}

fn turn(turn: &Turn, out: &mut dyn Write) -> io::Result<()> {
    let was = match turn.was {
        Some(was) if was != turn.verdict => format!(" (was {})", was.name()),
        _ => String::new(),
    };
    writeln!(out, "{}: {}{was}", visible(&turn.site), turn.verdict.name())?;
    for (finding, more) in turn.findings.iter().take(FINDINGS) {
        self::finding(finding, *more, out)?;
    }
    beyond(turn.findings.len(), FINDINGS, "  ", "findings", out)?;
    for hit in &turn.hits {
        self::hit(hit, out)?;
    }
    writeln!(out)
}

fn finding(finding: &Finding, more: u64, out: &mut dyn Write) -> io::Result<()> {
    let outcome = match finding.outcome {
        crate::scan::Outcome::Succeeded => "answered with success",
        crate::scan::Outcome::Blocked => "refused",
        crate::scan::Outcome::Unknown => "outcome not shown",
    };
    let (title, level) = (visible(&finding.rule.title), facts::word(&finding.rule.level));
    let last = finding.last.map_or_else(String::new, |t| format!(", last {}", facts::minute(t)));
    writeln!(out, "  {more} new of {}: {title} ({level}, {outcome}{last})", finding.count)
}

fn hit(hit: &SiteHit, out: &mut dyn Write) -> io::Result<()> {
    let text: String = hit.excerpt.as_str().chars().take(EXCERPT).collect();
    writeln!(out, "    {}:{}  {}", visible(&hit.of.source), hit.line, visible(&text))
}
