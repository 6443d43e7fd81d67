//! Which facts does a report state? A flat list of named values, so that two can be laid side by
//! side.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Run, facts};
use crate::case::{Case, Count, Period};

/// The part of a report that a fact belongs to, in the order of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// How the run was done.
    Run,
    /// The conclusion.
    Verdict,
    /// At-risk timeframe, window of payment card data storage.
    Windows,
    /// Records and cards: what is at risk.
    Exposure,
    /// What the rules found.
    Findings,
    /// By what the intruder is known.
    Indicators,
    /// What was examined, and what is missing.
    Coverage,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Anything else.
    Text(String),
}

impl Value {
    /// As people read it.
    pub(in super::super) fn shown(&self) -> String {
        match self {
            Self::Number(n) => facts::number(*n),
            Self::Text(text) => text.clone(),
        }
    }
}

/// One fact.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) section: Section,
    pub(super) item: String,
    pub(super) value: Value,
}

impl Fact {
    pub(super) fn key(&self) -> (Section, String) {
        (self.section, self.item.clone())
    }
}

/// Facts on the way, each under a name of its own.
#[derive(Default)]
struct Facts {
    all: Vec<Fact>,
    /// How often each name was used.
    names: BTreeMap<(Section, String), u64>,
}

impl Facts {
    /// Adds a fact; a second of the same name (two rules of one title) is numbered.
    fn add(&mut self, section: Section, item: String, value: Value) {
        let uses = self.names.entry((section, item.clone())).or_default();
        *uses += 1;
        let item = if *uses > 1 { format!("{item} ({uses})") } else { item };
        self.all.push(Fact { section, item, value });
    }

    fn text(&mut self, section: Section, item: impl Into<String>, text: impl Into<String>) {
        self.add(section, item.into(), Value::Text(text.into()));
    }

    fn number(&mut self, section: Section, item: impl Into<String>, n: u64) {
        self.add(section, item.into(), Value::Number(n));
    }

    fn period(&mut self, name: &str, period: Option<&Period>) {
        if let Some(period) = period {
            self.text(Section::Windows, format!("{name} from"), period.start.to_string());
            self.text(Section::Windows, format!("{name} until"), period.end.to_string());
        }
    }

    /// A count, gross and distinct.
    fn count(&mut self, name: &str, count: &Count) {
        let distinct = count.distinct;
        let mut number = |item: String, n| self.number(Section::Exposure, item, n);
        number(format!("records {name}"), count.records);
        number(format!("distinct cards {name}"), distinct.card_number);
        number(format!("distinct e-mail addresses {name}"), distinct.email);
        number(format!("distinct persons {name}"), distinct.person);
        for class in &count.classes {
            let elements = facts::class(class);
            number(format!("records of {elements} {name}"), class.records);
            number(format!("distinct cards of {elements} {name}"), class.distinct_cards);
        }
        for brand in &count.brands {
            let of = facts::word(&brand.brand);
            number(format!("records of {of} {name}"), brand.records);
            number(format!("distinct cards of {of} {name}"), brand.distinct);
        }
        for apart in &count.apart {
            number(format!("set apart as {} {name}", facts::word(&apart.grade)), apart.records);
        }
    }
}

/// The facts of a run.
pub(super) fn of_run(run: &Run) -> Vec<Fact> {
    let mut facts = Facts::default();
    facts.text(Section::Run, "program", run.tool.clone());
    facts.text(Section::Run, "rules, SHA-256", run.rules.clone());
    facts.number(Section::Run, "rules", run.rule_count as u64);
    facts.text(Section::Run, "zone of logs that name none", run.timezone.clone());
    if let Some(window) = run.window {
        facts.text(Section::Run, "period examined from", window.from.to_string());
        facts.text(Section::Run, "period examined until", window.to.to_string());
    }
    facts.number(Section::Run, "files read", run.sources.len() as u64);
    let bytes = run.sources.iter().map(|source| source.bytes).fold(0, u64::saturating_add);
    facts.number(Section::Run, "bytes read", bytes);
    facts.all
}

/// The facts of a site.
pub(super) fn of_case(case: &Case) -> Vec<Fact> {
    let mut facts = Facts::default();
    facts.text(Section::Verdict, "verdict", case.verdict.name());
    facts.period("at risk", case.at_risk.as_ref());
    facts.period("records stored", case.storage_window.as_ref());
    facts.period("vulnerable", case.vulnerability_window.as_ref());
    facts.count("observed", &case.units.observed);
    facts.count("read by intruders", &case.units.attributed);
    if let Some(declared) = case.units.declared {
        facts.number(Section::Exposure, "records declared at most", declared);
    }
    for finding in &case.findings {
        let (title, outcome) = (&finding.rule.title, facts::word(&finding.outcome));
        facts.number(Section::Findings, format!("{title} ({outcome}), hits"), finding.count);
    }
    for indicator in &case.indicators {
        let item = format!("{} {}, hits", indicator.kind, indicator.value);
        facts.number(Section::Indicators, item, indicator.count);
    }
    of_coverage(&mut facts, case);
    facts.all
}

fn of_coverage(facts: &mut Facts, case: &Case) {
    let coverage = &case.coverage;
    let complete = if coverage.complete { "yes" } else { "no" };
    facts.text(Section::Coverage, "criteria of coverage met", complete);
    facts.number(Section::Coverage, "logs", coverage.sources.len() as u64);
    facts.number(Section::Coverage, "entries", coverage.lines);
    facts.number(Section::Coverage, "entries not parsed", coverage.unparsed);
    if let Some(span) = &coverage.span {
        facts.text(Section::Coverage, "entries from", span.start.to_string());
        facts.text(Section::Coverage, "entries until", span.end.to_string());
    }
    for shortfall in &coverage.shortfalls {
        facts.text(Section::Coverage, format!("lacks: {shortfall}"), "yes");
    }
}
