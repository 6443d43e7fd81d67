//! Which rules can fire on which logs?
//!
//! A rule runs on the sources that its `logsource` contains; of those, it is unable if its
//! condition cannot become true while every field that the format never has is absent (three-valued
//! logic: true, false, unknown).

use crate::event::{Format, Kind};

use super::document::{Logsource, Rule};
use super::field::Source;
use super::program::{Check, Cond, Group, Leaf, Program};

/// Whether a log of this kind is one that the rule is written for.
///
/// * `category: webserver`: access logs and requests in WAF logs; `application`: application and
///   gateway logs; any other category: logs of that category or kind (`waf`, `gateway`).
/// * Error logs are `service: apache` and `service: nginx`, as Sigma's taxonomy has it. What they
///   repeat of requests stands in the access log too: a correlation would count it twice.
/// * `service` must be the log's own, and so must `product` where the log knows it.
/// * `product: leaksweep`: every log; with `category: message` those in which a program tells
///   something in its own words, as all but plain access logs do.
/// * A log of no known kind: keyword rules of the categories above.
pub(super) fn applies(rule: &Rule, program: &Program, sources: &[Source], kind: Kind) -> bool {
    let source = &rule.logsource;
    let unknown = kind.category.is_empty() && kind.service.is_empty() && kind.log.is_empty();
    if unknown && !is_own(source) {
        let keyword = |n: &usize| matches!(sources.get(*n), Some(Source::Entry));
        return is_of_the_web(source) && program.sources.iter().all(keyword);
    }
    matches(source, kind)
}

fn is_own(source: &Logsource) -> bool {
    source.product.as_deref() == Some("leaksweep")
}

fn is_of_the_web(source: &Logsource) -> bool {
    let category = source.category.as_deref();
    let service = source.service.as_deref();
    matches!(category, Some("webserver" | "application" | "database" | "proxy" | "waf" | "gateway"))
        || category.is_none() && matches!(service, Some("apache" | "nginx"))
}

fn matches(source: &Logsource, kind: Kind) -> bool {
    let category = source.category.as_deref().is_none_or(|category| match category {
        "webserver" => kind.category == category || matches!(kind.log, "access" | "waf"),
        "application" => kind.category == category || matches!(kind.log, "application" | "gateway"),
        "message" if is_own(source) => kind.messages,
        other => kind.category == other || kind.log == other,
    });
    let service = source.service.as_deref().is_none_or(|service| kind.service == service);
    category && service && (is_own(source) || product(source, kind))
}

fn product(source: &Logsource, kind: Kind) -> bool {
    match source.product.as_deref() {
        None => true,
        Some(server @ ("apache" | "nginx" | "iis")) => {
            kind.service == server || (kind.service.is_empty() && source.category.is_some())
        }
        // Which application wrote a log is not known from it.
        Some(_) => source.category.is_some(),
    }
}

/// Why a rule cannot fire on a format; of several, the greatest comes nearest to firing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// It is for other logs.
    Logsource(String),
    /// It needs one of these fields, which the format never has.
    Fields(Vec<String>),
    /// Its condition cannot become true.
    Condition,
    /// Rules that it refers to cannot fire.
    Rules,
}

impl Obstacle {
    /// The same in a sentence about a format.
    pub fn on(&self, format: &str) -> String {
        match self {
            Self::Logsource(_) => format!("{self}, which {format} is not"),
            Self::Fields(_) => format!("{self}, which {format} never has"),
            Self::Condition => format!("{self} on {format}"),
            Self::Rules => self.to_string(),
        }
    }
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Logsource(source) => write!(f, "is for {source}"),
            Self::Fields(fields) => write!(f, "needs {}", fields.join(" or ")),
            Self::Condition => f.write_str("its condition cannot hold"),
            Self::Rules => f.write_str("rules that it refers to cannot fire"),
        }
    }
}

/// What three-valued logic says of a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    True,
    False,
    Unknown,
}

/// Why a rule cannot fire on a format that it runs on; `None` if it can.
pub(super) fn why_not(
    program: &Program,
    sources: &[Source],
    names: &[String],
    format: &dyn Format,
) -> Option<Obstacle> {
    let judge = Judge { sources, format };
    if judge.truth(&program.cond) != Truth::False {
        return None;
    }
    let mut missing = Vec::new();
    judge.missing(&program.cond, &mut missing);
    let mut fields: Vec<String> =
        missing.into_iter().filter_map(|n| names.get(n).cloned()).collect();
    fields.dedup();
    Some(if fields.is_empty() { Obstacle::Condition } else { Obstacle::Fields(fields) })
}

struct Judge<'j> {
    sources: &'j [Source],
    format: &'j dyn Format,
}

impl Judge<'_> {
    fn possible(&self, source: usize) -> bool {
        self.sources.get(source).is_none_or(|source| source.possible(self.format))
    }

    fn truth(&self, cond: &Cond) -> Truth {
        let any = |parts: &[Cond], wanted: Truth, otherwise: Truth| {
            let mut truth = otherwise;
            for part in parts {
                match self.truth(part) {
                    found if found == wanted => return wanted,
                    Truth::Unknown => truth = Truth::Unknown,
                    _ => {}
                }
            }
            truth
        };
        match cond {
            Cond::Leaf(leaf) => self.leaf(leaf),
            Cond::All(parts) => any(parts, Truth::False, Truth::True),
            Cond::Any(parts) | Cond::OneOf(Group { parts, .. }) => {
                any(parts, Truth::True, Truth::False)
            }
            Cond::Not(part) => match self.truth(part) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Unknown => Truth::Unknown,
            },
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Truth {
        match leaf.check {
            _ if self.possible(leaf.source) => match leaf.check {
                Check::Field(other, _) if !self.possible(other) => Truth::False,
                _ => Truth::Unknown,
            },
            Check::Exists(false) => Truth::True,
            _ => Truth::False,
        }
    }

    /// The sources whose absence makes a condition false.
    fn missing(&self, cond: &Cond, found: &mut Vec<usize>) {
        match cond {
            Cond::Leaf(leaf) if !self.possible(leaf.source) => found.push(leaf.source),
            Cond::Leaf(Leaf { check: Check::Field(other, _), .. }) => found.push(*other),
            Cond::Any(parts) | Cond::OneOf(Group { parts, .. }) => {
                for part in parts {
                    self.missing(part, found);
                }
            }
            Cond::All(parts) => {
                let failed = parts.iter().find(|part| self.truth(part) == Truth::False);
                if let Some(part) = failed {
                    self.missing(part, found);
                }
            }
            Cond::Leaf(_) | Cond::Not(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::RuleSet;
    use super::*;
    use crate::event::formats;

    fn format(name: &str) -> Arc<dyn Format> {
        formats().into_iter().find(|format| format.name() == name).unwrap()
    }

    fn rule(logsource: &str, detection: &str) -> RuleSet {
        let mut rules = RuleSet::default();
        let text = format!(
            "title: t\nlogsource: {{{logsource}}}\ndetection: {{{detection}, condition: s}}\n"
        );
        rules.add_text("r.yml", &text).unwrap();
        rules
    }

    #[test]
    fn the_logsource_decides_on_which_logs_a_rule_runs() {
        const ALL: &[&str] = &[
            "combined",
            "squid",
            "json-gateway",
            "log4j",
            "apache-error",
            "nginx-error",
            "modsecurity-audit",
            "text",
        ];
        let field = "s: {cs-method: GET}";
        let table: &[(&str, &str, &[&str])] = &[
            ("category: webserver", field, &["combined", "squid", "modsecurity-audit"]),
            ("category: proxy", field, &["squid"]),
            ("category: application", field, &["json-gateway", "log4j"]),
            ("category: webserver, product: iis", field, &["combined", "squid"]),
            ("service: apache", field, &["apache-error"]),
            ("service: nginx", field, &["nginx-error"]),
            ("category: process_creation, product: windows", field, &[]),
            ("product: windows", field, &[]),
            ("product: leaksweep", field, ALL),
            ("category: message, product: leaksweep", field, &ALL[2..]),
            // Of a log that no format knows, the whole entry can be searched.
            (
                "category: webserver",
                "s: [needle]",
                &["combined", "squid", "modsecurity-audit", "text"],
            ),
            ("category: process_creation", "s: [needle]", &[]),
        ];
        for (logsource, detection, expected) in table {
            let rules = rule(logsource, detection);
            let runs = ALL.iter().filter(|name| rules.applies(0, format(name).kind()));
            assert_eq!(runs.copied().collect::<Vec<_>>(), *expected, "{logsource}");
        }
    }

    #[test]
    fn a_rule_that_needs_what_a_format_never_has_cannot_fire_on_it() {
        let needs = |fields: &str| Some(format!("needs {fields}, which common never has"));
        let table = [
            ("s: {cs-method: GET}", None),
            ("s: {cs-user-agent: x}", needs("cs-user-agent")),
            ("s: {cs-user-agent: x, cs-method: GET}", needs("cs-user-agent")),
            ("s: [{cs-user-agent: x}, {cs-cookie: y}]", needs("cs-user-agent or cs-cookie")),
            ("s: [{cs-user-agent: x}, {cs-method: GET}]", None),
            ("s: {cs-user-agent: null, cs-method: GET}", None),
            ("s: {cs-user-agent|exists: false, cs-method: GET}", None),
            ("s: {cs-user-agent|exists: true}", needs("cs-user-agent")),
            ("s: {cs-user-agent|neq: x}", None),
            ("s: {cs-method|fieldref: cs-cookie}", needs("cs-cookie")),
            ("s: {unheard_of: x}", needs("unheard_of")),
            ("s: [keyword]", None),
        ];
        for (detection, expected) in table {
            let unable = rule("category: webserver", detection).unable(&*format("common"));
            assert_eq!(unable.get(&0).map(|why| why.on("common")), expected, "{detection}");
        }
    }

    #[test]
    fn a_correlation_cannot_match_where_its_rules_cannot() {
        let one = |name: &str, field: &str| {
            format!(
                "title: {name}\nname: {name}\nlogsource: {{category: webserver}}\n\
                 detection: {{s: {{{field}: x}}, condition: s}}\n---\n"
            )
        };
        let base = one("can", "cs-method") + &one("cannot", "cs-cookie");
        let count = "type: event_count, condition: {gte: 2}";
        for (body, possible) in [
            (format!("{count}, rules: [can]"), true),
            (format!("{count}, rules: [cannot]"), false),
            (format!("{count}, rules: [can, cannot]"), true),
            ("type: temporal, rules: [can, cannot]".into(), false),
            ("type: temporal, condition: can or cannot".into(), true),
            ("type: temporal, condition: can and cannot".into(), false),
            ("type: temporal, condition: can and not cannot".into(), true),
        ] {
            let mut rules = RuleSet::default();
            let text = format!("{base}title: c\ncorrelation: {{{body}, timespan: 1m}}\n");
            rules.add_text("r.yml", &text).unwrap();
            assert_eq!(!rules.unable(&*format("common")).contains_key(&2), possible, "{body}");
        }
    }
}
