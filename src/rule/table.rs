//! The rules as a table for people: what `rules/README.md` shows.

use std::fmt::Write;

use super::{Level, RuleSet};

/// A Markdown table of all rules, by file, then as they stand in it.
pub fn table(rules: &RuleSet) -> String {
    let mut order: Vec<u32> = (0..rules.len() as u32).collect();
    order.sort_by_key(|index| rules.place(*index).map(|p| (p.file.as_str(), p.at)));
    let mut text = String::from("| file | rule | level | looks at | id |\n|---|---|---|---|---|\n");
    for index in order {
        let info = rules.info(index);
        let file = rules.place(index).map_or("", |p| p.file.rsplit('/').next().unwrap_or(""));
        let source = rules
            .rule(index)
            .map_or("other rules", |rule| rule.logsource.category.as_deref().unwrap_or("any log"));
        let level = level(info.level);
        let _ = writeln!(text, "| {file} | {} | {level} | {source} | `{}` |", info.title, info.id);
    }
    text
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Informational => "informational",
        Level::Low => "low",
        Level::Medium => "medium",
        Level::High => "high",
        Level::Critical => "critical",
    }
}
