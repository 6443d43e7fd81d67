//! The rules: listed, checked, proved, explained.

use std::fmt::Write;

use leaksweep::element::mask;
use leaksweep::report::visible;
use leaksweep::rule::{RuleInfo, RuleSet};

use super::args::{ExplainArgs, RuleArgs, RulesCommand};
use super::output::say;
use super::{ExitCode, Failure};

/// Does what was asked.
pub(crate) fn run(command: &RulesCommand) -> Result<ExitCode, Failure> {
    match command {
        RulesCommand::List(args) => say(&list(&args.load()?)),
        RulesCommand::Check(args) => check(args),
        RulesCommand::Test(args) => super::prove::run(&args.load()?),
        RulesCommand::Explain(args) => explain(args),
    }
}

/// All rules, by number.
pub(super) fn all(rules: &RuleSet) -> impl Iterator<Item = (u32, &RuleInfo)> {
    (0..rules.len() as u32).map(|index| (index, rules.info(index)))
}

fn level(info: &RuleInfo) -> String {
    format!("{:?}", info.level).to_lowercase()
}

fn list(rules: &RuleSet) -> String {
    let mut lines: Vec<_> = all(rules).map(|(_, info)| info).collect();
    lines.sort_by(|a, b| (b.level, &a.title, &a.id).cmp(&(a.level, &b.title, &b.id)));
    let mut text = String::new();
    for info in lines {
        let _ = writeln!(text, "{:13}  {:36}  {}", level(info), info.id, visible(&info.title));
    }
    let _ = writeln!(text, "{} rules, digest {}", rules.len(), rules.digest());
    text
}

fn check(args: &RuleArgs) -> Result<ExitCode, Failure> {
    let rules = args.load()?;
    let mut text = String::new();
    for warning in rules.warnings() {
        for line in warning.to_string().lines() {
            let _ = writeln!(text, "{}", visible(line));
        }
        text.push('\n');
    }
    let warnings = rules.warnings().len();
    let _ = writeln!(text, "{} rules, no error, {warnings} warnings", rules.len());
    say(&text)
}

fn explain(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let rules = args.rules.load()?;
    let wanted = args.rule.to_lowercase();
    let found: Vec<u32> = all(&rules)
        .filter(|(_, info)| info.id == wanted || info.title.to_lowercase().contains(&wanted))
        .map(|(index, _)| index)
        .collect();
    match found.as_slice() {
        [] => {
            Err(Failure::new(format!("no rule {:?}; `leaksweep rules list` lists them", args.rule)))
        }
        [one] => say(&explained(&rules, *one)),
        many => {
            let title = |i: &u32| format!("{}  {}", rules.info(*i).id, rules.info(*i).title);
            let few = many.iter().take(20).map(title).collect::<Vec<_>>().join("\n");
            Err(Failure::new(format!("{} rules are named so; give an id:\n{few}", many.len())))
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

fn explained(rules: &RuleSet, index: u32) -> String {
    let info = rules.info(index);
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{label:11} {}", visible(value));
        }
    };
    line("title", &info.title);
    line("id", &info.id);
    line("level", &level(info));
    line("author", &info.author);
    line("tags", &info.tags.join(", "));
    if let Some(place) = rules.place(index) {
        line("file", &format!("{}:{}", place.file, place.at.line));
    }
    for description in info.description.lines() {
        line("", description);
    }
    for reference in &info.references {
        line("see", reference);
    }
    if let Some(how) = rules.explain(index) {
        line("fields", &how.fields.join(", "));
        line("candidate", &candidates(how.needs.as_deref()));
    }
    if let Some(proofs) = rules.proofs(index) {
        let shown = |piece: &String| mask(piece.trim_end().as_bytes(), 0, 2_000).to_string();
        proofs.hits.iter().for_each(|piece| line("finds", &shown(piece)));
        proofs.misses.iter().for_each(|piece| line("not", &shown(piece)));
    }
    text
}
