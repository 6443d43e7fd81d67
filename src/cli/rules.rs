//! The rules: listed and checked.

use std::fmt::Write;

use leaksweep::report::visible;
use leaksweep::rule::{RuleInfo, RuleSet};

use super::args::{RuleArgs, RulesCommand};
use super::output::say;
use super::{ExitCode, Failure};

/// Does what was asked.
pub(crate) fn run(command: &RulesCommand) -> Result<ExitCode, Failure> {
    match command {
        RulesCommand::List(args) => say(&list(&args.load()?)),
        RulesCommand::Check(args) => check(args),
        RulesCommand::Test(args) => super::prove::run(&args.load()?),
        RulesCommand::Explain(args) => super::explain::run(args),
    }
}

/// All rules, by number.
pub(super) fn all(rules: &RuleSet) -> impl Iterator<Item = (u32, &RuleInfo)> {
    (0..rules.len() as u32).map(|index| (index, rules.info(index)))
}

/// The level of a rule, as it is shown.
pub(super) fn level(info: &RuleInfo) -> String {
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
    let warnings = rules.check();
    for warning in &warnings {
        for line in warning.to_string().lines() {
            let _ = writeln!(text, "{}", visible(line));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{} rules, no error, {} warnings", rules.len(), warnings.len());
    say(&text)
}
