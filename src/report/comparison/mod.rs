//! What do two reports agree on, and what differs?
//!
//! Two investigations of the same evidence (an internal and an external one), or the same one
//! before and after a revision: both reports are taken apart into facts, and facts of
//! the same name are laid side by side. The differing ones, numbered, are the *Table of Changes*
//! that a revised PFI report carries.
//!
//! A comparison is a pure function of two reports, and every format of it a pure function of the
//! comparison.

mod csv;
mod fact;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde::Serialize;

use super::{Format, Look, RenderError, Report, RunSource, html, json};
use crate::case::Case;
use crate::source::ContentId;
pub use fact::{Section, Value};

/// The schema of a comparison.
pub const SCHEMA: &str = "leaksweep.comparison/1";

/// Two reports side by side (schema `leaksweep.comparison/1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// `leaksweep.comparison/1`.
    pub schema: String,
    /// Names of the two reports, as they were given.
    pub files: [String; 2],
    /// Whether everything agrees: all facts, and what was read.
    pub same: bool,
    /// What was read, by content.
    pub evidence: Evidence,
    /// The facts of the two runs.
    pub run: Vec<Row>,
    /// Every site of either report, in the order of their names.
    pub sites: Vec<SiteRows>,
}

/// Which files both read; the same content under two paths is the same file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Contents (SHA-256) that both read.
    pub both: u64,
    /// Files that only A read.
    pub only_a: Vec<String>,
    /// Files that only B read.
    pub only_b: Vec<String>,
}

/// One site in both reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteRows {
    /// The site.
    pub site: String,
    /// Whether it is in both, and the same there.
    pub state: State,
    /// Its facts, section by section.
    pub rows: Vec<Row>,
}

/// One fact in both reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its number in the Table of Changes; `None` where both agree, and for the details of a site
    /// that only one report has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<u64>,
    /// The section of a report that it belongs to.
    pub section: Section,
    /// What is stated.
    pub item: String,
    /// What A says.
    pub a: Option<Value>,
    /// What B says.
    pub b: Option<Value>,
    /// B minus A, of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<i64>,
}

/// How something stands in two reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In both, and the same.
    Same,
    /// In both, and not the same.
    Changed,
    /// Only in A.
    OnlyA,
    /// Only in B.
    OnlyB,
}

impl Comparison {
    /// Lays two reports side by side, each with the name that it was given by.
    pub fn new(a: (&str, &Report), b: (&str, &Report)) -> Self {
        let ((name_a, a), (name_b, b)) = (a, b);
        let mut comparison = Self {
            schema: SCHEMA.to_owned(),
            files: [name_a.to_owned(), name_b.to_owned()],
            same: false,
            evidence: evidence(&a.run.sources, &b.run.sources),
            run: rows(fact::of_run(&a.run), fact::of_run(&b.run)),
            sites: sites(&a.sites, &b.sites),
        };
        comparison.number();
        let same_evidence =
            comparison.evidence.only_a.is_empty() && comparison.evidence.only_b.is_empty();
        comparison.same = same_evidence && comparison.changes().count() == 0;
        comparison
    }

    /// Gives every row that differs its number in the Table of Changes. A site that only one
    /// report has is one change: its verdict.
    fn number(&mut self) {
        let changed = self.sites.iter_mut().flat_map(|site| {
            let whole = matches!(site.state, State::Same | State::Changed);
            site.rows.iter_mut().filter(move |row| whole || row.section == Section::Verdict)
        });
        let differing = self.run.iter_mut().chain(changed).filter(|row| row.a != row.b);
        for (row, number) in differing.zip(1..) {
            row.change = Some(number);
        }
    }

    /// The Table of Changes: what differs, with its site; the run's own facts have none.
    pub fn changes(&self) -> impl Iterator<Item = (Option<&str>, &Row)> {
        let of_run = self.run.iter().map(|row| (None, row));
        let of_sites = self
            .sites
            .iter()
            .flat_map(|site| site.rows.iter().map(|row| (Some(site.site.as_str()), row)));
        of_run.chain(of_sites).filter(|(_, row)| row.change.is_some())
    }

    /// Writes the comparison as text, JSON, HTML or CSV.
    ///
    /// # Errors
    ///
    /// If writing fails, or in a format that lists hits or parts.
    pub fn render(
        &self,
        format: Format,
        look: Look,
        out: &mut dyn Write,
    ) -> Result<(), RenderError> {
        match format {
            Format::Text => text::render(self, look, out)?,
            Format::Json => json::render(self, out)?,
            Format::Html => html::comparison::render(self, out)?,
            Format::Csv => csv::render(self, out)?,
            _ => return Err(RenderError::NoComparison(format)),
        }
        Ok(())
    }
}

/// Which contents both read.
fn evidence(a: &[RunSource], b: &[RunSource]) -> Evidence {
    let all = |sources| -> BTreeSet<_> {
        let sources: &[RunSource] = sources;
        sources.iter().map(identity).collect()
    };
    let (ours, theirs) = (all(a), all(b));
    let only = |sources: &[RunSource], others: &BTreeSet<_>| -> Vec<String> {
        let unknown = sources.iter().filter(|source| !others.contains(&identity(source)));
        unknown.map(|source| source.path.clone()).collect()
    };
    Evidence {
        both: ours.intersection(&theirs).filter(|(content, _)| content.is_some()).count() as u64,
        only_a: only(a, &theirs),
        only_b: only(b, &ours),
    }
}

/// By what a file is the same in two reports: its content or, if nothing could be read, its path.
fn identity(source: &RunSource) -> (Option<ContentId>, Option<String>) {
    (source.sha256, source.sha256.is_none().then(|| source.path.clone()))
}

fn sites(a: &[Case], b: &[Case]) -> Vec<SiteRows> {
    let by_name = |cases| -> BTreeMap<String, &Case> {
        let cases: &[Case] = cases;
        cases.iter().map(|case| (case.site.clone(), case)).collect()
    };
    let (a, b) = (by_name(a), by_name(b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names.into_iter().map(|name| site(name, a.get(name).copied(), b.get(name).copied())).collect()
}

fn site(name: &str, a: Option<&Case>, b: Option<&Case>) -> SiteRows {
    let facts = |case: Option<&Case>| case.map(fact::of_case).unwrap_or_default();
    let rows = rows(facts(a), facts(b));
    let state = match (a, b) {
        (Some(_), None) => State::OnlyA,
        (None, Some(_)) => State::OnlyB,
        _ if rows.iter().all(|row| row.a == row.b) => State::Same,
        _ => State::Changed,
    };
    SiteRows { site: name.to_owned(), state, rows }
}

/// Facts of the same name side by side: those of A in their order, each section followed by what
/// only B has in it.
fn rows(a: Vec<fact::Fact>, b: Vec<fact::Fact>) -> Vec<Row> {
    let mut left: BTreeMap<(Section, String), Value> =
        b.iter().map(|fact| (fact.key(), fact.value.clone())).collect();
    let mut rows: Vec<Row> = Vec::with_capacity(a.len());
    for fact in a {
        let other = left.remove(&fact.key());
        rows.push(row(fact.section, fact.item, Some(fact.value), other));
    }
    let only_b = b.into_iter().filter(|fact| left.contains_key(&fact.key()));
    rows.extend(only_b.map(|fact| row(fact.section, fact.item, None, Some(fact.value))));
    rows.sort_by_key(|row| row.section);
    rows
}

fn row(section: Section, item: String, a: Option<Value>, b: Option<Value>) -> Row {
    let difference = match (&a, &b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) if a != b => {
            i64::try_from(i128::from(*b) - i128::from(*a)).ok()
        }
        _ => None,
    };
    Row { change: None, section, item, a, b, difference }
}

impl Row {
    /// How the fact changed, in words: `-312,109 (÷1.86)`.
    pub(super) fn change_in_words(&self) -> String {
        match (&self.a, &self.b, self.difference) {
            (Some(Value::Number(a)), Some(Value::Number(b)), Some(difference)) => {
                let sign = if difference < 0 { '-' } else { '+' };
                let by = super::facts::number(difference.unsigned_abs());
                format!("{sign}{by}{}", factor(*a, *b))
            }
            (Some(_), None, _) => "only in A".to_owned(),
            (None, Some(_), _) => "only in B".to_owned(),
            (a, b, _) if a != b => "changed".to_owned(),
            _ => String::new(),
        }
    }
}

/// By how much a number grew or shrank: ` (÷1.86)`.
fn factor(a: u64, b: u64) -> String {
    let (sign, factor) = match (a, b) {
        (0, _) | (_, 0) => return String::new(),
        (a, b) if a > b => ('÷', a as f64 / b as f64),
        (a, b) => ('×', b as f64 / a as f64),
    };
    format!(" ({sign}{factor:.2})")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::case::Verdict;

    /// The sample's report as another examiner revised it.
    fn revised() -> Report {
        let mut report = sample::report();
        report.sites.retain(|case| case.verdict != Verdict::NotExamined);
        let breached = report.sites.iter_mut().find(|case| !case.findings.is_empty()).unwrap();
        breached.units.observed.records = 364_181;
        breached.indicators.clear();
        breached.at_risk.as_mut().unwrap().end = "2017-03-09T22:00:00+09:00".parse().unwrap();
        report
    }

    pub(super) fn comparison() -> Comparison {
        Comparison::new(("a.json", &sample::report()), ("b.json", &revised()))
    }

    #[test]
    fn a_report_agrees_with_itself() {
        let mut report = sample::report();
        let unread =
            RunSource { path: "unread.log".into(), sha256: None, ..report.run.sources[0].clone() };
        report.run.sources.push(unread);
        let comparison = Comparison::new(("a", &report), ("a", &report));
        assert!(comparison.same);
        assert_eq!(comparison.changes().count(), 0);
        assert!(comparison.sites.iter().all(|site| site.state == State::Same));
        assert_eq!(comparison.evidence.both, 1);
    }

    #[test]
    fn what_differs_is_numbered() {
        let comparison = comparison();
        assert!(!comparison.same);
        let changes: Vec<String> = comparison
            .changes()
            .map(|(site, row)| {
                format!("{} {} {}", site.unwrap_or("-"), row.item, row.change_in_words())
            })
            .collect();
        for wanted in [
            "zei.example.jp records observed -312,109 (÷1.86)",
            "zei.example.jp client 203.0.113.66, hits only in A",
            "zei.example.jp at risk until changed",
            "東京.example.jp verdict only in A",
        ] {
            assert!(changes.iter().any(|c| c == wanted), "{wanted}: {changes:#?}");
        }
        let numbers: Vec<_> = comparison.changes().filter_map(|(_, row)| row.change).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        let states: Vec<_> = comparison.sites.iter().map(|site| site.state).collect();
        assert_eq!(states, [State::Same, State::Changed, State::OnlyA]);
    }

    #[test]
    fn sides_can_be_turned() {
        let (a, b) = (sample::report(), revised());
        let there = Comparison::new(("a", &a), ("b", &b));
        let back = Comparison::new(("b", &b), ("a", &a));
        let changed = |c: &Comparison| -> BTreeSet<(Option<String>, String, Option<i64>)> {
            let key = |(site, row): (Option<&str>, &Row)| {
                (site.map(str::to_owned), row.item.clone(), row.difference.map(i64::abs))
            };
            c.changes().map(key).collect()
        };
        assert_eq!(changed(&there), changed(&back));
    }

    #[test]
    fn every_format_is_written_and_safe() {
        let comparison = comparison();
        for format in [Format::Text, Format::Json, Format::Html, Format::Csv] {
            let mut out = Vec::new();
            comparison.render(format, Look::default(), &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.contains("zei.example.jp"), "{format}");
            assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{format}");
        }
        for format in [Format::Ndjson, Format::Part] {
            let refused = comparison.render(format, Look::default(), &mut Vec::new());
            assert!(refused.unwrap_err().to_string().contains("text, json, html or csv"));
        }
    }
}
