//! Where does each option come from? The command line, else the environment (`LEAKSWEEP_*`), else
//! the configuration file, else its default.
//!
//! The keys of the file are the long names of the options of `sweep`, `merge` and `report`. No file
//! is looked for: it is named by `--config` or `LEAKSWEEP_CONFIG`, so that nobody's sweep depends
//! on what lies around. What it says is put before what was typed, and read as if typed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};

use super::args::ConfigShowArgs;
use super::output::say;
use super::{ExitCode, Failure};

/// The commands that are configured.
const COMMANDS: [&str; 3] = ["sweep", "merge", "report"];

/// Options that only a command line can mean.
const TYPED: [&str; 3] = ["help", "version", "config"];

/// What the configuration file says: by long name, the values as they would be typed.
type Values = BTreeMap<String, Vec<String>>;

/// The command with the environment read into it.
pub(super) fn with_environment(command: clap::Command) -> clap::Command {
    COMMANDS.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |command| command.mut_args(from_environment))
    })
}

fn from_environment(arg: Arg) -> Arg {
    let Some(long) = arg.get_long().filter(|long| !TYPED.contains(long)) else { return arg };
    let name = variable(long);
    let arg = match arg.get_action() {
        ArgAction::SetTrue => arg.value_parser(BoolishValueParser::new()),
        _ => arg,
    };
    arg.env(name).hide_env(true)
}

/// `LEAKSWEEP_FAIL_ON` of `fail-on`.
fn variable(long: &str) -> String {
    format!("LEAKSWEEP_{}", long.to_uppercase().replace('-', "_"))
}

/// What was typed, with what the configuration file says for everything that neither the command
/// line nor the environment does.
pub(super) fn typed(
    command: &clap::Command,
    typed: Vec<OsString>,
) -> Result<Vec<OsString>, Failure> {
    // A first look, which forgives everything: the real one complains.
    let Ok(first) = command.clone().ignore_errors(true).try_get_matches_from(&typed) else {
        return Ok(typed);
    };
    let Some((name, given)) = first.subcommand().filter(|(name, _)| COMMANDS.contains(name)) else {
        return Ok(typed);
    };
    let (Some(path), Some(command)) = (file(&first), command.find_subcommand(name)) else {
        return Ok(typed);
    };
    let mut values = load(path)?;
    values.retain(|long, _| !is_given(command, given, long));
    let added = command.get_arguments().flat_map(|arg| spelled(arg, &values));
    let at = typed.iter().position(|word| word == name).map_or(typed.len(), |at| at + 1);
    let (head, tail) = typed.split_at(at);
    Ok(head.iter().cloned().chain(added).chain(tail.iter().cloned()).collect())
}

fn file(matches: &ArgMatches) -> Option<&Path> {
    matches.try_get_one::<PathBuf>("config").ok().flatten().map(PathBuf::as_path)
}

fn is_given(command: &clap::Command, matches: &ArgMatches, long: &str) -> bool {
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some(long));
    arg.is_some_and(|arg| {
        let source = matches.value_source(arg.get_id().as_str());
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    })
}

/// The option as it would be typed.
fn spelled(arg: &Arg, values: &Values) -> Vec<OsString> {
    let Some((long, values)) = arg.get_long().and_then(|long| Some((long, values.get(long)?)))
    else {
        return Vec::new();
    };
    match arg.get_action() {
        ArgAction::SetTrue if values.iter().any(|value| value == "true") => {
            vec![format!("--{long}").into()]
        }
        ArgAction::SetTrue => Vec::new(),
        _ => values.iter().map(|value| format!("--{long}={value}").into()).collect(),
    }
}

/// Reads the configuration file.
fn load(path: &Path) -> Result<Values, Failure> {
    let wrong = |why: String| Failure::new(format!("configuration {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let known = names();
    let mut values = Values::new();
    for (key, value) in table {
        if !known.contains(&key) {
            return Err(wrong(format!("no option {key:?}; there are {}", known.join(", "))));
        }
        let words = words(value).ok_or_else(|| {
            wrong(format!("{key}: a text, a number, true, false, or a list of them is needed"))
        })?;
        values.insert(key, words);
    }
    Ok(values)
}

fn words(value: toml::Value) -> Option<Vec<String>> {
    let word = |value: toml::Value| match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Datetime(time) => Some(time.to_string()),
        _ => None,
    };
    match value {
        toml::Value::Array(all) => all.into_iter().map(word).collect(),
        one => word(one).map(|word| vec![word]),
    }
}

/// The long names of everything that can be configured.
fn names() -> Vec<String> {
    let command = super::args::command();
    let configured = command.get_subcommands().filter(|c| COMMANDS.contains(&c.get_name()));
    let mut names: Vec<String> = configured
        .flat_map(clap::Command::get_arguments)
        .filter_map(|arg| arg.get_long().filter(|long| !TYPED.contains(long)).map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Shows every option of `sweep` that is set and where its value comes from.
pub(crate) fn show(args: &ConfigShowArgs) -> Result<ExitCode, Failure> {
    let values = args.config.as_deref().map(load).transpose()?.unwrap_or_default();
    let command = super::args::command();
    let Some(sweep) = command.find_subcommand("sweep") else { return Ok(ExitCode::Failure) };
    let lines = sweep.get_arguments().filter_map(|arg| origin(arg, &values, args));
    say(&lines.collect::<String>())
}

/// One option, its value and its origin; `None` for one that nobody set and that has no default.
fn origin(arg: &Arg, values: &Values, args: &ConfigShowArgs) -> Option<String> {
    let long = arg.get_long().filter(|long| !TYPED.contains(long))?;
    let line = |value: &str, from: &str| Some(format!("{long} = {value}    # {from}\n"));
    let name = variable(long);
    if let Some(value) = std::env::var_os(&name) {
        return line(&format!("{:?}", value.to_string_lossy()), &name);
    }
    if let (Some(values), Some(path)) = (values.get(long), &args.config) {
        let value =
            if let [one] = &values[..] { format!("{one:?}") } else { format!("{values:?}") };
        return line(&value, &path.display().to_string());
    }
    let default = arg.get_default_values().first()?;
    line(&format!("{:?}", default.to_string_lossy()), "default")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str, arguments: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        let words = format!("leaksweep --config {} {arguments}", path.display());
        let words = words.split(' ').map(OsString::from).collect();
        let all = typed(&super::super::args::command(), words).map_err(|f| f.to_string())?;
        let all: Vec<_> = all.into_iter().skip(3).map(|w| w.into_string().unwrap()).collect();
        Ok(all.join(" "))
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let file = "timezone = \"Asia/Tokyo\"\njobs = 2\nrules = [\"a\", \"b\"]\nquiet = true\nverbose = false";
        let all = "sweep --timezone=Asia/Tokyo --rules=a --rules=b --quiet --jobs=2 logs";
        assert_eq!(with_file(file, "sweep logs").unwrap(), all);
        let typed = with_file(file, "sweep logs --jobs 1 --rules c -q --timezone UTC").unwrap();
        assert_eq!(typed, "sweep logs --jobs 1 --rules c -q --timezone UTC");
        assert_eq!(with_file(file, "inspect x").unwrap(), "inspect x");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let nonsense = with_file("timezon = \"UTC\"", "sweep logs").unwrap_err();
        assert!(nonsense.contains("timezon") && nonsense.contains("timezone"), "{nonsense}");
        assert!(with_file("jobs = {a = 1}", "sweep logs").unwrap_err().contains("jobs"));
        assert!(with_file("jobs = ", "sweep logs").unwrap_err().contains("line 1"));
    }
}
