//! Correlations: rules that count or order the matches of other rules (specification 2.1.0, with
//! the boolean temporal conditions of 2.2.0 and pySigma's `value_median`).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::RuleInfo;
use super::condition::Expr;
use super::detection::Order;
use super::document::{self, Place, Proofs, names, required, string, text};
use super::fault::{Code, Fault, Mark};
use super::way;
use super::yaml::{Data, Node};

/// What is computed over a window of matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The number of matches.
    EventCount,
    /// The number of distinct values (tuples, for several fields).
    ValueCount,
    /// Which of the rules matched, in any order.
    Temporal,
    /// Whether the rules matched in the order listed.
    TemporalOrdered,
    /// The sum of the field's numbers.
    ValueSum,
    /// Their mean.
    ValueAvg,
    /// A percentile of them (linear between ranks).
    ValuePercentile,
    /// Their median.
    ValueMedian,
}

/// The names of correlation types.
const TYPES: &[(&str, Measure)] = &[
    ("event_count", Measure::EventCount),
    ("value_count", Measure::ValueCount),
    ("temporal", Measure::Temporal),
    ("temporal_ordered", Measure::TemporalOrdered),
    ("value_sum", Measure::ValueSum),
    ("value_avg", Measure::ValueAvg),
    ("value_percentile", Measure::ValuePercentile),
    ("value_median", Measure::ValueMedian),
];

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = TYPES.iter().find(|(_, measure)| measure == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

impl Measure {
    /// Whether it reads values as numbers.
    pub fn is_of_numbers(self) -> bool {
        matches!(self, Self::ValueSum | Self::ValueAvg | Self::ValuePercentile | Self::ValueMedian)
    }

    fn named(name: &str) -> Option<Self> {
        TYPES.iter().find(|(known, _)| *known == name).map(|(_, measure)| *measure)
    }

    fn is_temporal(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered)
    }

    fn needs_field(self) -> bool {
        !self.is_temporal() && self != Self::EventCount
    }
}

/// When a window of matches is a match of the correlation.
#[derive(Clone, Debug, PartialEq)]
pub enum Threshold {
    /// The measure compares so with every one of the numbers.
    Bounds(Vec<(Order, f64)>),
    /// The rules that matched satisfy this (names are positions in [`Correlation::rules`]), written
    /// so.
    Rules(Expr, String),
    /// Every rule matched.
    Every,
}

/// The field of a rule for which an alias stands.
#[derive(Clone, Debug)]
pub struct Alias {
    /// The rule as written: its id or name.
    pub rule: String,
    /// Where it is written.
    pub at: Mark,
    /// The field.
    pub field: String,
}

/// A correlation document.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// What findings say of it.
    pub info: RuleInfo,
    /// Sigma `name`.
    pub name: Option<String>,
    /// What is computed.
    pub measure: Measure,
    /// The rules it refers to, as written: ids or names; they may be correlations.
    pub refers: Vec<(String, Mark)>,
    /// The same as rule numbers, once all documents are loaded.
    pub rules: Vec<u32>,
    /// Fields whose equal values make a group; empty for one group.
    pub group_by: Vec<String>,
    /// Length of the window, microseconds.
    pub timespan: i64,
    /// When it matches.
    pub threshold: Threshold,
    /// The fields that `value_*` looks at.
    pub fields: Vec<String>,
    /// The percentile of `value_percentile`, 0 to 100.
    pub percentile: f64,
    /// By alias: the field that stands for it in each rule that names it.
    pub aliases: BTreeMap<String, Vec<Alias>>,
    /// Whether the rules it refers to report their own matches too.
    pub generate: bool,
    /// Pieces of log that prove it.
    pub proofs: Proofs,
    /// Where it stands.
    pub place: Place,
}

impl Correlation {
    /// The field of the rule (as written at `position`) that stands for `field`: its alias there.
    pub fn field_of<'c>(&'c self, position: usize, field: &'c str) -> &'c str {
        let rule = self.refers.get(position).map(|(name, _)| name.as_str());
        let mut aliases = self.aliases.get(field).into_iter().flatten();
        let alias = aliases.find(|alias| Some(alias.rule.as_str()) == rule);
        alias.map_or(field, |alias| &alias.field)
    }

    /// Finds the rules that it refers to by id or name: an alias may name one by the other. What
    /// is wrong is returned.
    pub(super) fn bind(&mut self, names: &Names) -> Vec<(Mark, String)> {
        let file = &self.place.file;
        let mut wrong = Vec::new();
        for (name, at) in &self.refers {
            match names.find(file, name) {
                Ok(rule) => self.rules.push(rule),
                Err(why) => wrong.push((*at, why)),
            }
        }
        for alias in self.aliases.values_mut().flatten() {
            let number = names.find(file, &alias.rule).ok();
            let same = |name: &str| number.is_some() && names.find(file, name).ok() == number;
            match self.refers.iter().find(|(name, _)| same(name)) {
                Some((name, _)) => alias.rule.clone_from(name),
                None => wrong.push((alias.at, no_rule(&alias.rule))),
            }
        }
        wrong
    }

    /// Whether it can match where only the rules for which `can` holds do.
    pub fn is_possible(&self, can: &dyn Fn(u32) -> bool) -> bool {
        match &self.threshold {
            Threshold::Every => self.rules.iter().all(|rule| can(*rule)),
            Threshold::Bounds(_) => self.rules.iter().any(|rule| can(*rule)),
            Threshold::Rules(expr, _) => {
                self.rules.iter().any(|rule| can(*rule))
                    && expr.is_possible(&|at| self.rules.get(at).is_some_and(|rule| can(*rule)))
            }
        }
    }

    /// The fields whose values a match of the rule at `position` must bring: group-by, then
    /// values.
    pub fn columns(&self, position: usize) -> impl Iterator<Item = &str> {
        let fields = self.group_by.iter().chain(&self.fields);
        fields.map(move |field| self.field_of(position, field))
    }
}

/// The rules of a set, by what a correlation may call them.
#[derive(Default)]
pub(super) struct Names {
    ids: FxHashMap<String, u32>,
    /// With the files in which they are so named: two authors may choose one name.
    names: FxHashMap<String, Vec<(String, u32)>>,
}

impl Names {
    /// Adds a rule; whether its id is new.
    pub(super) fn add(&mut self, number: u32, id: &str, name: Option<&str>, file: &str) -> bool {
        if let Some(name) = name {
            self.names.entry(name.to_owned()).or_default().push((file.to_owned(), number));
        }
        id.is_empty() || self.ids.insert(id.to_owned(), number).is_none()
    }

    /// Whether any rule has that id or name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.ids.contains_key(name) || self.names.contains_key(name)
    }

    /// The rule that a document in `file` calls so: by its id, by a name in the same file, or by
    /// a name that only one rule has.
    pub(super) fn find(&self, file: &str, name: &str) -> Result<u32, String> {
        if let Some(number) = self.ids.get(name) {
            return Ok(*number);
        }
        let so_named = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        let near = so_named.iter().find(|(theirs, _)| theirs == file);
        match (near, so_named) {
            (Some((_, number)), _) | (None, [(_, number)]) => Ok(*number),
            (None, []) => Err(no_rule(name)),
            (None, _) => {
                Err(format!("several rules have the name `{name}`: refer to one by its id"))
            }
        }
    }
}

pub(super) fn no_rule(name: &str) -> String {
    format!("there is no rule `{name}`")
}

/// A field of the matches of a rule that correlations want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The field.
    pub name: String,
    /// Whether its values are told or reckoned with; else they are only told apart.
    pub is_told: bool,
}

/// Reads a correlation.
pub(super) fn read(node: &Node, body: &Node, place: Place) -> Result<Correlation, Fault> {
    let kind = required(body, "type")?;
    let name = string(kind)?;
    let unknown =
        || Fault::new(Code::Correlation, kind.at, format!("`{name}` is no correlation type"));
    let measure = Measure::named(&name).ok_or_else(unknown)?;
    let mut refers = names(body, "rules")?;
    let condition = body.get("condition").filter(|given| !matches!(given.data, Data::Null));
    let (threshold, fields, percentile) = threshold(measure, condition, &mut refers, body.at)?;
    if refers.is_empty() {
        return Err(Fault::new(Code::Missing, body.at, "`rules` is missing"));
    }
    let span = required(body, "timespan")?;
    Ok(Correlation {
        info: document::info(node)?,
        name: text(node, "name")?,
        measure,
        refers,
        rules: Vec::new(),
        group_by: names(body, "group-by")?.into_iter().map(|(name, _)| name).collect(),
        timespan: timespan(&string(span)?)
            .ok_or_else(|| Fault::new(Code::Timespan, span.at, "a timespan is like `10m`, `1h`"))?,
        threshold,
        fields,
        percentile,
        aliases: aliases(body)?,
        generate: generate(node, body)?,
        proofs: document::proofs(node)?,
        place,
    })
}

fn generate(node: &Node, body: &Node) -> Result<bool, Fault> {
    let Some(given) = body.get("generate").or_else(|| node.get("generate")) else {
        return Ok(false);
    };
    match given.text() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(Fault::new(Code::Kind, given.at, "`generate` is true or false")),
    }
}

fn aliases(body: &Node) -> Result<BTreeMap<String, Vec<Alias>>, Fault> {
    let mut all = BTreeMap::new();
    for alias in body.get("aliases").map(Node::entries).unwrap_or_default() {
        let fields = alias.value.entries().iter();
        let fields =
            fields.map(|e| Ok(Alias { rule: e.key.clone(), at: e.at, field: string(&e.value)? }));
        all.insert(alias.key.clone(), fields.collect::<Result<_, Fault>>()?);
    }
    Ok(all)
}

type Parts = (Threshold, Vec<String>, f64);

fn threshold(
    measure: Measure,
    condition: Option<&Node>,
    refers: &mut Vec<(String, Mark)>,
    at: Mark,
) -> Result<Parts, Fault> {
    let wrong = |at, message: &str| Err(Fault::new(Code::Correlation, at, message));
    match condition {
        None if measure.is_temporal() => Ok((Threshold::Every, Vec::new(), 50.0)),
        None => wrong(at, "this type needs a `condition`"),
        Some(Node { data: Data::Scalar { text, .. }, at })
            if measure == Measure::Temporal || measure == Measure::TemporalOrdered =>
        {
            let expr = rules_expr(text, refers, *at)?;
            if measure == Measure::TemporalOrdered && expr.width() > way::MOST {
                return wrong(*at, "there are too many ways to fulfil this condition in order");
            }
            Ok((Threshold::Rules(expr, text.clone()), Vec::new(), 50.0))
        }
        Some(node @ Node { data: Data::Map(_), .. }) => bounds(measure, node),
        Some(node) => wrong(node.at, "the condition of this type is a map like `gte: 10`"),
    }
}

/// The rules of a boolean temporal condition: those listed must all be named; without a list, the
/// names in the condition are the list.
fn rules_expr(text: &str, refers: &mut Vec<(String, Mark)>, at: Mark) -> Result<Expr, Fault> {
    if refers.is_empty() {
        let words = text.split(|c: char| c.is_whitespace() || "()".contains(c));
        let keyword = |w: &&str| !matches!(*w, "" | "and" | "or" | "not");
        for word in words.filter(keyword) {
            if !refers.iter().any(|(name, _)| name == word) {
                refers.push((word.to_owned(), at));
            }
        }
    }
    let names: Vec<&str> = refers.iter().map(|(name, _)| name.as_str()).collect();
    let expr = Expr::parse(text, &names, at)?;
    let mut used = Vec::new();
    expr.names(&mut used);
    match (0..names.len()).find(|n| !used.contains(n)) {
        None => Ok(expr),
        Some(idle) => {
            let message = format!("the condition does not name the listed rule `{}`", names[idle]);
            Err(Fault::new(Code::Correlation, at, message))
        }
    }
}

fn bounds(measure: Measure, node: &Node) -> Result<Parts, Fault> {
    let mut bounds = Vec::new();
    let mut percentile = 50.0;
    for entry in node.entries() {
        let number = || {
            let wrong = || Fault::new(Code::Kind, entry.value.at, "a number is expected here");
            entry.value.text().and_then(|t| t.parse::<f64>().ok()).ok_or_else(wrong)
        };
        match (entry.key.as_str(), Order::named(&entry.key)) {
            (_, Some(order)) => bounds.push((order, number()?)),
            ("percentile", _) => percentile = number()?,
            ("field", _) => {}
            (other, _) => {
                let message = format!("a correlation condition has no `{other}`");
                return Err(Fault::new(Code::Correlation, entry.at, message));
            }
        }
    }
    let fields: Vec<String> = names(node, "field")?.into_iter().map(|(name, _)| name).collect();
    let wrong = |message: &str| Err(Fault::new(Code::Correlation, node.at, message));
    if measure.needs_field() && fields.is_empty() {
        return wrong("this type needs a `field` in its condition");
    }
    if !(0.0..=100.0).contains(&percentile) {
        return wrong("a percentile lies between 0 and 100");
    }
    if bounds.is_empty() {
        return wrong("the condition needs one of lt, lte, gt, gte, eq, neq");
    }
    Ok((Threshold::Bounds(bounds), fields, percentile))
}

/// `10m` in microseconds; `s m h d` of the specification, `w M y` of pySigma.
fn timespan(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let count: i64 = text[..text.len() - unit.len_utf8()].trim().parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        'M' => 30 * 86_400,
        'y' => 365 * 86_400,
        _ => return None,
    };
    (count > 0).then(|| count.checked_mul(seconds)?.checked_mul(1_000_000)).flatten()
}
