//! One rule, explained: what it looks for and where it can, what makes an entry a candidate, and
//! the lines that prove it.

use std::collections::BTreeMap;
use std::fmt::Write;

use leaksweep::element::mask;
use leaksweep::event::formats;
use leaksweep::report::visible;
use leaksweep::rule::{Correlation, Measure, Obstacle, Rule, RuleInfo, RuleSet, Threshold};

use super::args::ExplainArgs;
use super::output::say;
use super::rules::{all, level};
use super::{ExitCode, Failure};

/// Explains each rule whose id begins so, or with a part of a title that no other has.
pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let rules = args.rules.load()?;
    let found: Result<Vec<u32>, Failure> =
        args.wanted.iter().map(|wanted| find(&rules, wanted)).collect();
    let pages: Vec<String> = found?.into_iter().map(|rule| explained(&rules, rule)).collect();
    say(&pages.join("\n"))
}

/// The one rule that is meant.
fn find(rules: &RuleSet, wanted: &str) -> Result<u32, Failure> {
    let lower = wanted.to_lowercase();
    let named =
        |info: &RuleInfo| info.id.starts_with(&lower) || info.title.to_lowercase().contains(&lower);
    let found: Vec<u32> =
        all(rules).filter(|(_, info)| named(info)).map(|(index, _)| index).collect();
    match found.as_slice() {
        [] => Err(Failure::new(format!("no rule {wanted:?}; `leaksweep rules list` lists them"))),
        [one] => Ok(*one),
        many => {
            let title = |i: &u32| format!("{}  {}", rules.info(*i).id, rules.info(*i).title);
            let few = many.iter().take(20).map(title).collect::<Vec<_>>().join("\n");
            Err(Failure::new(format!("{} rules are named so; give an id:\n{few}", many.len())))
        }
    }
}

fn explained(rules: &RuleSet, index: u32) -> String {
    let mut page = Page::default();
    page.head(rules, index);
    if let Some(rule) = rules.rule(index) {
        page.rule(rule);
        page.filters(rules, rule);
        page.reach(rules, index);
    }
    if let Some(correlation) = rules.correlation(index) {
        page.correlation(rules, correlation);
    }
    if let Some(how) = rules.explain(index) {
        page.line("fields", &how.fields.join(", "));
        page.line("candidate", &candidates(how.needs.as_deref()));
    }
    page.proofs(rules, index);
    page.0
}

/// Lines, each with a label.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            let _ = writeln!(self.0, "{label:11} {}", visible(value));
        }
    }

    fn head(&mut self, rules: &RuleSet, index: u32) {
        let info = rules.info(index);
        self.line("title", &info.title);
        self.line("id", &info.id);
        self.line("level", &level(info));
        self.line("author", &info.author);
        self.line("tags", &info.tags.join(", "));
        if let Some(place) = rules.place(index) {
            self.line("file", &format!("{}:{}", place.file, place.at.line));
        }
        for description in info.description.lines() {
            self.line("", description);
        }
        for reference in &info.references {
            self.line("see", reference);
        }
    }

    /// What a rule looks for, and in which logs.
    fn rule(&mut self, rule: &Rule) {
        self.line("logs", &rule.logsource.to_string());
        for (name, detection) in &rule.detections {
            self.line("looks for", &format!("{name}: {detection}"));
        }
        self.line("condition", &rule.condition_text);
    }

    /// The filters that leave out some of what a rule finds.
    fn filters(&mut self, rules: &RuleSet, rule: &Rule) {
        for filter in rules.filters_of(rule) {
            self.line("filter", &format!("{}: {}", filter.info.title, filter.condition_text));
            for (name, detection) in &filter.detections {
                self.line("", &format!("{name}: {detection}"));
            }
        }
    }

    /// What a correlation counts or orders.
    fn correlation(&mut self, rules: &RuleSet, correlation: &Correlation) {
        for ((name, _), rule) in correlation.refers.iter().zip(&correlation.rules) {
            let info = rules.info(*rule);
            self.line("refers to", &format!("{name}: {} ({})", info.title, info.id));
            if rules.rule(*rule).is_some() {
                self.reach(rules, *rule);
            }
        }
        self.line("measures", &measure(correlation));
        self.line("of", &correlation.fields.join(", "));
        self.line("by", &correlation.group_by.join(", "));
        for (alias, stands) in &correlation.aliases {
            let fields = stands.iter().map(|one| format!("{} in {}", one.field, one.rule));
            self.line("alias", &format!("{alias}: {}", fields.collect::<Vec<_>>().join(", ")));
        }
        self.line("within", &format!("{} s", correlation.timespan / 1_000_000));
        self.line("condition", &condition(correlation));
        if correlation.generate {
            self.line("generate", "the rules it refers to report too");
        }
    }

    /// The formats on which the rule can fire, and why not on the others.
    fn reach(&mut self, rules: &RuleSet, index: u32) {
        let mut able = Vec::new();
        let mut whys: BTreeMap<Obstacle, Vec<&str>> = BTreeMap::new();
        for format in formats() {
            match rules.unable(&*format).remove(&index) {
                None => able.push(format.name()),
                Some(why) => whys.entry(why).or_default().push(format.name()),
            }
        }
        let able = if able.is_empty() { "no known format".to_owned() } else { able.join(", ") };
        self.line("fires on", &able);
        for (why, formats) in whys {
            self.line("not on", &format!("{} ({why})", formats.join(", ")));
        }
    }

    fn proofs(&mut self, rules: &RuleSet, index: u32) {
        let Some(proofs) = rules.proofs(index) else { return };
        let shown = |piece: &String| mask(piece.trim_end().as_bytes(), 0, 2_000).to_string();
        proofs.hits.iter().for_each(|piece| self.line("finds", &shown(piece)));
        proofs.misses.iter().for_each(|piece| self.line("not", &shown(piece)));
    }
}

fn measure(correlation: &Correlation) -> String {
    match correlation.measure {
        Measure::ValuePercentile => format!("{} {}", correlation.measure, correlation.percentile),
        other => other.to_string(),
    }
}

/// When a window of matches is a match of the correlation, in words.
fn condition(correlation: &Correlation) -> String {
    match &correlation.threshold {
        Threshold::Every => "every rule".to_owned(),
        Threshold::Rules(_, text) => text.clone(),
        Threshold::Bounds(bounds) => {
            let bounds = bounds.iter().map(|(order, number)| format!("{order} {number}"));
            bounds.collect::<Vec<_>>().join(" and ")
        }
    }
}

/// What makes an entry a candidate, in words.
fn candidates(needs: Option<&[String]>) -> String {
    const SHOWN: usize = 30;
    let Some(needs) = needs else { return "every entry: the rule needs nothing rare".to_owned() };
    let mut needs: Vec<&str> = needs.iter().map(String::as_str).collect();
    needs.sort_unstable();
    needs.dedup();
    let more = needs.len().saturating_sub(SHOWN);
    let few = needs.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{few}, and {more} more") } else { few }
}
