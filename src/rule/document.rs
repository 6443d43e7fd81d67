//! Sigma documents: a rule, a correlation or a filter, read from YAML.

use crate::event::formats;

use super::condition::{Expr, nearest};
use super::correlation::{self, Correlation};
use super::detection::{self, Detection};
use super::fault::{Code, Fault, Mark};
use super::yaml::{Data, Node};
use super::{Level, RuleInfo};

/// A document of a rule file.
#[derive(Clone, Debug)]
pub enum Document {
    /// A rule.
    Rule(Rule),
    /// A correlation of rules.
    Correlation(Correlation),
    /// A filter of rules.
    Filter(Filter),
}

/// A Sigma rule as written.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What findings say of it.
    pub info: RuleInfo,
    /// Sigma `name`: what correlations may call it.
    pub name: Option<String>,
    /// Which logs it is for.
    pub logsource: Logsource,
    /// Its detections by name, in the order of the file.
    pub detections: Vec<(String, Detection)>,
    /// Which of them must hold together.
    pub condition: Expr,
    /// The condition as written.
    pub condition_text: String,
    /// Log lines that prove it.
    pub proofs: Proofs,
    /// Where it stands.
    pub place: Place,
}

/// A file and a place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, as given.
    pub file: String,
    /// Where in it.
    pub at: Mark,
}

/// Which logs a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Logsource {
    pub category: Option<String>,
    pub product: Option<String>,
    pub service: Option<String>,
}

impl Logsource {
    /// Whether this source is the other or a part of it.
    pub fn within(&self, other: &Self) -> bool {
        let part =
            |ours: &Option<String>, theirs: &Option<String>| theirs.is_none() || ours == theirs;
        part(&self.category, &other.category)
            && part(&self.product, &other.product)
            && part(&self.service, &other.service)
    }
}

impl std::fmt::Display for Logsource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts =
            [("category", &self.category), ("product", &self.product), ("service", &self.service)];
        let known = parts.iter().filter_map(|(key, v)| Some(format!("{key} {}", (*v).as_ref()?)));
        f.write_str(&known.collect::<Vec<_>>().join(", "))
    }
}

/// Lines that a rule must and must not find: `leaksweep:` in its file, which other tools ignore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    /// The format of the lines, where recognition from so few cannot tell.
    pub format: Option<String>,
    /// Pieces of log, each of which must be found.
    pub hits: Vec<String>,
    /// Pieces of log, none of which may be found.
    pub misses: Vec<String>,
}

/// A filter: what its rules shall leave out.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What is known of it.
    pub info: RuleInfo,
    /// Ids or names of the rules; empty for all.
    pub rules: Vec<(String, Mark)>,
    /// Only rules for a source within this one.
    pub logsource: Logsource,
    /// Its selections by name.
    pub detections: Vec<(String, Detection)>,
    /// The condition that must hold besides the rule's own.
    pub condition: Expr,
    /// The condition as written.
    pub condition_text: String,
    /// Where it stands.
    pub place: Place,
}

/// Reads one document.
pub(super) fn read(node: &Node, file: &str) -> Result<Document, Fault> {
    if !matches!(node.data, Data::Map(_)) {
        return Err(Fault::new(Code::Document, node.at, "a Sigma document is a map"));
    }
    let place = Place { file: file.to_owned(), at: node.at };
    if let Some(body) = node.get("correlation") {
        return correlation::read(node, body, place).map(Document::Correlation);
    }
    if let Some(body) = node.get("filter") {
        return filter(node, body, place).map(Document::Filter);
    }
    if node.get("detection").is_none() {
        let message = "neither `detection` nor `correlation` nor `filter`: no Sigma document";
        return Err(Fault::new(Code::Document, node.at, message));
    }
    rule(node, place).map(Document::Rule)
}

fn rule(node: &Node, place: Place) -> Result<Rule, Fault> {
    let body = required(node, "detection")?;
    let (detections, condition) = detections(body)?;
    Ok(Rule {
        info: info(node)?,
        name: text(node, "name")?,
        logsource: logsource(required(node, "logsource")?)?,
        condition_text: condition_text(body),
        detections,
        condition,
        proofs: proofs(node)?,
        place,
    })
}

fn filter(node: &Node, body: &Node, place: Place) -> Result<Filter, Fault> {
    let (detections, condition) = detections(body)?;
    let logsource = node.get("logsource").map_or(Ok(Logsource::default()), logsource)?;
    let rules = names(body, "rules")?;
    let any = rules.len() == 1 && rules.first().is_some_and(|(name, _)| name == "any");
    Ok(Filter {
        info: info(node)?,
        rules: if any { Vec::new() } else { rules },
        logsource,
        detections,
        condition,
        condition_text: condition_text(body),
        place,
    })
}

type Detections = (Vec<(String, Detection)>, Expr);

/// The detections of a rule or filter and the condition over them.
fn detections(body: &Node) -> Result<Detections, Fault> {
    let mut found = Vec::new();
    for entry in body.entries() {
        match entry.key.as_str() {
            "condition" | "rules" => {}
            "timeframe" => {
                let message = "`timeframe` is obsolete: write a correlation";
                return Err(Fault::new(Code::Obsolete, entry.at, message));
            }
            name => found.push((name.to_owned(), detection::read(&entry.value)?)),
        }
    }
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let given = required(body, "condition")?;
    let parse = |node: &Node| Expr::parse(&string(node)?, &names, node.at);
    let mut several: Vec<Expr> = given.items().iter().map(parse).collect::<Result<_, _>>()?;
    let condition = match (several.pop(), several.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => Expr::Any(several.into_iter().chain([last]).collect()),
        (None, _) => return Err(Fault::new(Code::Missing, given.at, "`condition` is empty")),
    };
    Ok((found, condition))
}

fn condition_text(body: &Node) -> String {
    let given = body.get("condition").map(Node::items).unwrap_or_default();
    let texts: Vec<&str> = given.iter().filter_map(Node::text).collect();
    texts.join(" | ")
}

/// What findings say of a document.
pub(super) fn info(node: &Node) -> Result<RuleInfo, Fault> {
    let list = |key| names(node, key).map(|found| found.into_iter().map(|(n, _)| n).collect());
    Ok(RuleInfo {
        id: text(node, "id")?.unwrap_or_default(),
        title: string(required(node, "title")?)?,
        level: level(node)?,
        author: text(node, "author")?.unwrap_or_default(),
        tags: list("tags")?,
        references: list("references")?,
        description: text(node, "description")?.unwrap_or_default(),
    })
}

fn level(node: &Node) -> Result<Level, Fault> {
    let Some(given) = node.get("level") else { return Ok(Level::default()) };
    Ok(match string(given)?.as_str() {
        "informational" => Level::Informational,
        "low" => Level::Low,
        "medium" => Level::Medium,
        "high" => Level::High,
        "critical" => Level::Critical,
        other => {
            let message =
                format!("`{other}` is no level (informational, low, medium, high, critical)");
            return Err(Fault::new(Code::Kind, given.at, message));
        }
    })
}

fn logsource(node: &Node) -> Result<Logsource, Fault> {
    let source = Logsource {
        category: text(node, "category")?,
        product: text(node, "product")?,
        service: text(node, "service")?,
    };
    if source == Logsource::default() {
        let message = "`logsource` needs a category, product or service";
        return Err(Fault::new(Code::Missing, node.at, message));
    }
    Ok(source)
}

/// The proofs of a document.
pub(super) fn proofs(node: &Node) -> Result<Proofs, Fault> {
    let Some(own) = node.get("leaksweep") else { return Ok(Proofs::default()) };
    let known = |key: &str| matches!(key, "hits" | "misses" | "format");
    if let Some(entry) = own.entries().iter().find(|entry| !known(&entry.key)) {
        let message = format!("`leaksweep` has no key `{}` (hits, misses, format)", entry.key);
        return Err(Fault::new(Code::Kind, entry.at, message));
    }
    let list = |key| {
        names(own, key).map(|found| found.into_iter().map(|(line, _)| line).collect::<Vec<_>>())
    };
    Ok(Proofs { format: format(own)?, hits: list("hits")?, misses: list("misses")? })
}

/// The format that proofs are in, where they name it.
fn format(own: &Node) -> Result<Option<String>, Fault> {
    let Some(given) = own.get("format") else { return Ok(None) };
    let name = string(given)?;
    let formats = formats();
    let known: Vec<&str> = formats.iter().map(|format| format.name()).collect();
    if known.contains(&name.as_str()) {
        return Ok(Some(name));
    }
    let message = format!("there is no format `{name}`{}", nearest(&name, &known));
    Err(Fault::new(Code::Kind, given.at, message))
}

/// The value of a key that must be there.
pub(super) fn required<'n>(node: &'n Node, key: &str) -> Result<&'n Node, Fault> {
    let missing = || Fault::new(Code::Missing, node.at, format!("`{key}` is missing"));
    node.get(key).filter(|value| !matches!(value.data, Data::Null)).ok_or_else(missing)
}

/// A scalar as text.
pub(super) fn string(node: &Node) -> Result<String, Fault> {
    let text = node.text().map(str::to_owned);
    text.ok_or_else(|| Fault::new(Code::Kind, node.at, "text is expected here"))
}

/// The text under a key that may be missing.
pub(super) fn text(node: &Node, key: &str) -> Result<Option<String>, Fault> {
    match node.get(key) {
        Some(value) if !matches!(value.data, Data::Null) => string(value).map(Some),
        _ => Ok(None),
    }
}

/// The texts of a list (or the only one) under a key that may be missing.
pub(super) fn names(node: &Node, key: &str) -> Result<Vec<(String, Mark)>, Fault> {
    let items = node.get(key).map(Node::items).unwrap_or_default();
    items.iter().map(|item| string(item).map(|name| (name, item.at))).collect()
}
