//! The report for a terminal: the table of sites, then what stands behind each verdict.

use std::io::{self, Write};

use super::actor;
use super::facts::{self, clock, number};
use super::table::{self, Align, Cell, Column, paint};
use super::visible::{visible, width, wrap};
use super::{Look, Report};
use crate::case::{Activity, Case, Count, Finding, Verdict};
use crate::time::Time;

/// Findings of a site that are shown; the others are counted.
const FINDINGS: usize = 5;
/// Reasons and gaps of a site that are shown; the others are counted.
const SENTENCES: usize = 6;

const HEAD: [Column; 8] = [
    Column { title: "SITE", align: Align::Left, spare: 0 },
    Column { title: "VERDICT", align: Align::Left, spare: 0 },
    Column { title: "RECORDS", align: Align::Right, spare: 0 },
    Column { title: "BY INTRUDER", align: Align::Right, spare: 4 },
    Column { title: "CARDS", align: Align::Right, spare: 0 },
    Column { title: "FIRST ACCESS", align: Align::Left, spare: 2 },
    Column { title: "LAST ACCESS", align: Align::Left, spare: 3 },
    Column { title: "COVERAGE", align: Align::Left, spare: 1 },
];

/// Writes the table and the blocks.
pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let cases = facts::gravest_first(report);
    let rows: Vec<Vec<Cell>> = cases.iter().map(|case| row(case)).collect();
    for line in table::lines(&HEAD, &rows, look.width, look.color) {
        writeln!(out, "{line}")?;
    }
    for case in cases.into_iter().filter(|case| is_told(case)) {
        Block { look, out }.case(case)?;
    }
    Block { look, out }.wanderers(report)?;
    criteria(report, look, out)?;
    closing(report, out)
}

/// Whether there is more to say of a site than its row: what its logs store is grave without any
/// intrusion (PCI DSS 3.3.1), and a finding that may be meant so is for somebody who knows.
fn is_told(case: &Case) -> bool {
    let whatever = facts::stores_card_data(case) || facts::has_findings(case);
    case.verdict != Verdict::NotConfirmed || whatever
}

/// What "not confirmed" rests on, where a verdict is that or failed to be.
fn criteria(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let rests =
        |case: &&Case| matches!(case.verdict, Verdict::NotConfirmed | Verdict::Inconclusive);
    let Some(case) = report.sites.iter().find(rests) else { return Ok(()) };
    let words = case.coverage.criteria.in_words().join("; ");
    let text = format!("not-confirmed needs: {words}.");
    writeln!(out)?;
    wrap(&text, look.width).iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn row(case: &Case) -> Vec<Cell> {
    let access = facts::access(case);
    let time = |time: Option<Time>| Cell::from(time.map_or_else(|| "-".into(), facts::minute));
    let or_dash = |n: u64| Cell::from(if n == 0 { "-".to_owned() } else { number(n) });
    vec![
        Cell::from(visible(&case.site).into_owned()),
        Cell { text: case.verdict.name().to_owned(), paint: color(case.verdict) },
        or_dash(case.units.observed.records),
        or_dash(case.units.attributed.records),
        or_dash(case.units.observed.distinct.card_number),
        time(access.map(|(first, _)| first)),
        time(access.map(|(_, last)| last)),
        Cell::from(facts::coverage(case)),
    ]
}

fn color(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::ConfirmedExfiltration => "1;31",
        Verdict::ConfirmedAccess => "31",
        Verdict::Suspected => "1;33",
        Verdict::Attempted => "36",
        Verdict::NotConfirmed => "32",
        Verdict::Inconclusive => "35",
        Verdict::NotExamined => "2",
    }
}

/// The last lines: what the times mean, and what these numbers are not.
fn closing(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = &report.run;
    let zones: Vec<String> = report
        .sites
        .iter()
        .filter_map(facts::access)
        .map(|(first, _)| first)
        .map(facts::offset)
        .collect();
    let zone = zones.first().filter(|first| zones.iter().all(|zone| zone == *first));
    writeln!(out)?;
    writeln!(
        out,
        "{} in {}, {} · {} · times {}",
        facts::count(report.sites.len() as u64, "site"),
        facts::count(run.sources.len() as u64, "file"),
        facts::count(run.rule_count as u64, "rule"),
        visible(&run.tool),
        zone.map_or("as each log wrote them", String::as_str),
    )?;
    writeln!(out, "Counts are of records in logs, not in the data store.")
}

/// Writes the block of one case.
struct Block<'o> {
    look: Look,
    out: &'o mut dyn Write,
}

impl Block<'_> {
    fn case(&mut self, case: &Case) -> io::Result<()> {
        let verdict = paint(case.verdict.name(), color(case.verdict), self.look.color);
        writeln!(self.out, "\n{}: {verdict}", paint(&visible(&case.site), "1", self.look.color))?;
        self.sentences(
            "because",
            case.reasons.iter().map(|reason| match &reason.locus {
                Some(at) => format!("{} [{}:{}]", reason.text, at.source, at.line),
                None => reason.text.clone(),
            }),
        )?;
        self.periods(case)?;
        self.activity(&case.coverage.activity)?;
        self.counts(case)?;
        self.sentences("stored", facts::stored(&case.units.stored).into_iter())?;
        let told = |text: &String| case.reasons.iter().any(|reason| reason.text == *text);
        let missing: Vec<_> = case.coverage.shortfalls.iter().filter(|s| !told(s)).collect();
        self.sentences("missing", missing.into_iter().cloned())?;
        self.findings(&case.findings)?;
        self.sentences("suppressed", case.suppressed.iter().map(facts::suppressed))?;
        self.sentences("followed", case.actors.iter().map(actor::presence))?;
        self.entry("next", facts::next_step(case))
    }

    /// The actors that were at several sites.
    fn wanderers(&mut self, report: &Report) -> io::Result<()> {
        let actors = actor::at_several_sites(report);
        if actors.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{}:", paint("at several sites", "1", self.look.color))?;
        actors.iter().try_for_each(|actor| self.entry("", actor))
    }

    fn periods(&mut self, case: &Case) -> io::Result<()> {
        let periods = [
            ("at risk", &case.at_risk),
            ("records of", &case.storage_window),
            ("vulnerable", &case.vulnerability_window),
        ];
        for (label, period) in periods {
            if let Some(period) = period {
                let (start, end) = (clock(period.start), clock(period.end));
                self.entry(label, &format!("{start} to {end} ({})", period.basis))?;
            }
        }
        Ok(())
    }

    /// How busy the logs were over time, as a line of bars.
    fn activity(&mut self, activity: &Activity) -> io::Result<()> {
        let Some((start, ..)) = activity.steps().next() else { return Ok(()) };
        let (line, each) = sparkline(&activity.counts);
        let hours = facts::count(each as u64 * u64::from(activity.hours), "hour");
        let from = facts::minute(start);
        self.entry("busy", &format!("{line} ({hours} a bar, from {from})"))
    }

    fn counts(&mut self, case: &Case) -> io::Result<()> {
        let units = &case.units;
        if let Some(declared) = units.declared {
            let text = format!("{} in the data store at most (inventory)", number(declared));
            self.entry("declared", &text)?;
        }
        self.count("in the logs", &units.observed)?;
        if facts::read_all(units) {
            return match units.observed.records {
                0 => Ok(()),
                _ => self.entry("by intruder", "all of them"),
            };
        }
        self.count("by intruder", &units.attributed)
    }

    fn count(&mut self, label: &str, count: &Count) -> io::Result<()> {
        if count.records == 0 {
            return Ok(());
        }
        let distinct = count.distinct;
        let text = format!(
            "{} gross; distinct: {}, {}, {}",
            facts::count(count.records, "record"),
            facts::count(distinct.card_number, "card"),
            facts::count(distinct.email, "e-mail address"),
            facts::count(distinct.person, "person"),
        );
        self.entry(label, &text)?;
        for class in &count.classes {
            let (gross, cards) = (number(class.records), number(class.distinct_cards));
            let head = format!("{gross:>9} gross {cards:>9} cards  ");
            self.hanging("", &head, &facts::class(class))?;
        }
        Ok(())
    }

    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        for (at, finding) in findings.iter().take(FINDINGS).enumerate() {
            let label = if at == 0 { "found" } else { "" };
            let text = format!(
                "{} ({}, {}), {}, by {}{}",
                finding.rule.title,
                facts::word(&finding.rule.level),
                facts::word(&finding.outcome),
                facts::count(finding.count, "hit"),
                clients(&finding.clients),
                facts::since(finding),
            );
            self.entry(label, &text)?;
            if let Some(example) = finding.examples.first() {
                self.entry(
                    "",
                    &format!("  {}", facts::show_command(&example.source, example.line)),
                )?;
            }
        }
        match findings.len().saturating_sub(FINDINGS) {
            0 => Ok(()),
            more => self.entry("", &format!("and {more} more; see the json or html report")),
        }
    }

    fn sentences(
        &mut self,
        label: &str,
        texts: impl ExactSizeIterator<Item = String>,
    ) -> io::Result<()> {
        let more = texts.len().saturating_sub(SENTENCES);
        for (at, text) in texts.take(SENTENCES).enumerate() {
            self.entry(if at == 0 { label } else { "" }, &text)?;
        }
        match more {
            0 => Ok(()),
            more => self.entry("", &format!("and {more} more; see the json or html report")),
        }
    }

    /// A label and a text, wrapped.
    fn entry(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.hanging(label, "", text)
    }

    /// A label and a text, wrapped under itself behind `head`.
    fn hanging(&mut self, label: &str, head: &str, text: &str) -> io::Result<()> {
        const LABEL: usize = 12;
        let blanks = " ".repeat(LABEL.saturating_sub(width(label)));
        let label = paint(label, "2", self.look.color);
        let indent = LABEL + 3 + width(head);
        let lines = wrap(&visible(text), self.look.width.saturating_sub(indent));
        for (at, line) in lines.iter().enumerate() {
            let line = match at {
                0 => format!("  {label}{blanks} {head}{line}"),
                _ => format!("{}{line}", " ".repeat(indent)),
            };
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Bars of a line.
const BARS: usize = 48;

/// The counts as a line of bars, and how many of them make one bar; where there is nothing, there
/// is no bar.
fn sparkline(counts: &[u64]) -> (String, usize) {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let each = counts.len().div_ceil(BARS).max(1);
    // A report that is read back may claim any numbers.
    let sum = |chunk: &[u64]| chunk.iter().map(|n| u128::from(*n)).sum();
    let bars: Vec<u128> = counts.chunks(each).map(sum).collect();
    let most = bars.iter().copied().max().unwrap_or(0).max(1);
    let bar = |n: &u128| match n {
        0 => '·',
        n => HEIGHTS.get((n * 8).div_ceil(most) as usize - 1).copied().unwrap_or('█'),
    };
    (bars.iter().map(bar).collect(), each)
}

fn clients(clients: &[String]) -> String {
    match clients {
        [] => "nobody named".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn shown(look: Look) -> String {
        let mut out = Vec::new();
        render(&sample::report(), look, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_and_the_blocks() {
        insta::assert_snapshot!(shown(Look::default()));
    }

    #[test]
    fn a_line_of_bars_hides_no_silence_and_no_entry() {
        assert_eq!(sparkline(&[0, 1, 800, 400]), ("·▁█▄".to_owned(), 1));
        let (line, each) = sparkline(&[7; 100]);
        assert_eq!((line.chars().count(), each), (34, 3));
    }

    #[test]
    fn every_line_fits_and_nothing_hostile_passes() {
        for columns in [60, 80, 132] {
            let text = shown(Look { width: columns, ..Look::default() });
            let long = text.lines().filter(|line| width(line) > columns).collect::<Vec<_>>();
            assert!(long.is_empty(), "{columns}: {long:?}");
            assert!(!text.contains('\x1b'), "no escape without colours");
        }
        assert!(
            shown(Look { color: true, ..Look::default() }).contains("\x1b[1;31mconfirmed-exfil")
        );
    }
}
