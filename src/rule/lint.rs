//! What is odd about rules that load? Fields that no log has, and rules that can never fire.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Field, Format, formats};

use super::able::Obstacle;
use super::condition::nearest;
use super::correlation::Correlation;
use super::detection::{Detection, Item, Test};
use super::document::{Logsource, Place};
use super::fault::{Code, Fault, Mark};
use super::field::{self, Source};
use super::set::RuleSet;

impl RuleSet {
    /// What is odd but no error, in the order of files and lines: what loading said, fields that no
    /// log of the rule's kind names so, and rules that can fire on no known format.
    pub fn check(&self) -> Vec<Fault> {
        let formats = formats();
        let mut lint = Lint { rules: self, formats: &formats, found: self.warnings().to_vec() };
        lint.fields();
        lint.correlated();
        lint.never();
        let order = |a: &Fault, b: &Fault| (&a.file, a.at, a.code).cmp(&(&b.file, b.at, b.code));
        lint.found.sort_by(order);
        lint.found.dedup();
        lint.found
    }
}

struct Lint<'r> {
    rules: &'r RuleSet,
    formats: &'r [Arc<dyn Format>],
    found: Vec<Fault>,
}

impl Lint<'_> {
    fn say(&mut self, code: Code, file: &str, at: Mark, message: String) {
        let text = self.rules.text(file);
        self.found.push(Fault::new(code, at, message).in_file(file, text));
    }

    fn numbers(&self) -> std::ops::Range<u32> {
        0..self.rules.len() as u32
    }

    /// The fields that rules and filters look at.
    fn fields(&mut self) {
        let rules = self.numbers().filter_map(|index| self.rules.rule(index));
        let rules = rules.map(|r| (&r.place.file, &r.logsource, &r.detections));
        let filters = self.rules.filters().iter();
        let filters = filters.map(|f| (&f.place.file, &f.logsource, &f.detections));
        for (file, logsource, detections) in rules.chain(filters).collect::<Vec<_>>() {
            for item in items(detections) {
                for name in names(item) {
                    self.field(name, logsource, file, item.at);
                }
            }
        }
    }

    /// The fields that correlations group by and measure.
    fn correlated(&mut self) {
        let correlations: Vec<&Correlation> = self.rules.correlations().map(|(_, c)| c).collect();
        for correlation in correlations {
            let Place { file, at } = &correlation.place;
            for (position, index) in correlation.rules.iter().enumerate() {
                let Some(rule) = self.rules.rule(*index) else { continue };
                for name in correlation.columns(position) {
                    self.field(name, &rule.logsource, file, *at);
                }
            }
        }
    }

    fn field(&mut self, name: &str, logsource: &Logsource, file: &str, at: Mark) {
        if let Some(why) = self.odd(name, logsource) {
            self.say(Code::Unmapped, file, at, format!("`{name}` {why}"));
        }
    }

    /// What is odd about a field; a log of an application may name its fields as it likes, unless
    /// the name is only a slip away from one that has a meaning.
    fn odd(&self, name: &str, logsource: &Logsource) -> Option<String> {
        let source = Source::of(name);
        if !self.formats.iter().any(|format| source.possible(&**format)) {
            return Some("is a field that no known format has".to_owned());
        }
        if !matches!(source, Source::Named(_)) {
            return None;
        }
        let hint = near(name);
        let web = matches!(logsource.category.as_deref(), Some("webserver" | "proxy"));
        (web || !hint.is_empty()).then(|| {
            format!("is no known field: only a log that names it so itself can have it{hint}")
        })
    }

    /// Rules that can fire on no known format; a correlation runs over the logs of all formats.
    fn never(&mut self) {
        let mut never = self.obstacles();
        self.rules.spread(&mut never);
        for (index, why) in never {
            self.lame(index, &why);
        }
    }

    /// The rules, correlations apart, that can fire on no known format, and what stands in the way
    /// on the first that they run on.
    fn obstacles(&self) -> BTreeMap<u32, Obstacle> {
        let each: Vec<_> = self.formats.iter().map(|format| self.rules.unable(&**format)).collect();
        let obstacle = |index: u32| {
            let whys: Option<Vec<&Obstacle>> =
                each.iter().map(|unable| unable.get(&index)).collect();
            whys?.into_iter().max().cloned().map(|why| (index, why))
        };
        let rules = self.numbers().filter(|index| self.rules.rule(*index).is_some());
        rules.filter_map(obstacle).collect()
    }

    fn lame(&mut self, index: u32, why: &Obstacle) {
        let Some(Place { file, at }) = self.rules.place(index) else { return };
        let why = match why {
            Obstacle::Logsource(source) => format!("no known log is for {source}"),
            Obstacle::Fields(_) => format!("it {why}, which no log that it is for has"),
            Obstacle::Condition | Obstacle::Rules => why.to_string(),
        };
        self.say(Code::Never, file, *at, format!("this rule can never fire: {why}"));
    }
}

/// ` (did you mean …?)`, of names long enough for a slip to be one.
fn near(name: &str) -> String {
    const SHORTEST: usize = 5;
    if name.len() < SHORTEST {
        return String::new();
    }
    let known: Vec<&str> =
        Field::ALL.iter().map(|field| field.name()).chain(field::names()).collect();
    nearest(name, &known)
}

/// The items of all detections.
fn items(detections: &[(String, Detection)]) -> Vec<&Item> {
    let mut found = Vec::new();
    for (_, detection) in detections {
        gather(detection, &mut found);
    }
    found
}

fn gather<'d>(detection: &'d Detection, found: &mut Vec<&'d Item>) {
    match detection {
        Detection::Item(item) => found.push(item),
        Detection::All(parts) | Detection::Any(parts) => {
            for part in parts {
                gather(part, found);
            }
        }
    }
}

/// The fields that an item names: its own and those that it compares with.
fn names(item: &Item) -> impl Iterator<Item = &str> {
    let others = item.values.iter().flatten().filter_map(|test| match test {
        Test::Field(other) => Some(other.name.as_str()),
        _ => None,
    });
    item.field.as_deref().into_iter().chain(others)
}
