//! `--state-dir` and `leaksweep state`: what is known from earlier runs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use leaksweep::Options;
use leaksweep::ledger::{Home, Ledger, LedgerError, News, OnChange, Piece, Setting, Shelf};
use leaksweep::report::visible;
use leaksweep::rule::RuleSet;
use leaksweep::source::Inventory;
use leaksweep::time::Time;

use super::args::{OnRuleChange, StateArgs, StateCommand, StateDir};
use super::exit::FailOn;
use super::output::say;
use super::setup::Key;
use super::{ExitCode, Failure};

/// A span of time as typed: `30s`, `10m`, `12h`, `400d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
        let unit =
            units.into_iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
        let span = unit.and_then(|(n, seconds)| n.parse::<u64>().ok()?.checked_mul(seconds));
        let span = span.ok_or("write it like 30s, 10m, 12h or 400d")?;
        Ok(Self(Duration::from_secs(span)))
    }
}

/// A state that cannot be used.
pub(crate) fn unusable(error: LedgerError) -> Failure {
    match error {
        LedgerError::Held { .. } => Failure::held(error),
        other => Failure::new(other),
    }
}

impl StateArgs {
    /// Enters the state's folder, if one is named.
    pub(crate) fn enter(&self, evidence: &[PathBuf]) -> Result<Option<Home>, Failure> {
        let Some(dir) = &self.state_dir else { return Ok(None) };
        outside(dir, evidence)?;
        let wait = self.wait_lock.map_or(Duration::ZERO, |span| span.0);
        Home::enter(dir, wait).map(Some).map_err(unusable)
    }

    /// Opens the state for a sweep.
    pub(crate) fn open(
        &self,
        home: Home,
        key: &Key,
        inventory: &Inventory,
        rules: &RuleSet,
        options: &Options,
    ) -> Result<Ledger, Failure> {
        let on_change = match self.on_rule_change {
            OnRuleChange::Rescan => OnChange::Rescan,
            OnRuleChange::NewRules => OnChange::NewRules,
            OnRuleChange::Keep => OnChange::Keep,
        };
        let Options { events, limits, bounds, .. } = options;
        let told = format!("{:?}\0{:?}\0{limits:?}\0{bounds:?}", events.log_format, events.mapping);
        let setting = Setting::new(&key.id, inventory, &told, rules, on_change);
        Ledger::open(home, &setting, self.rehash).map_err(unusable)
    }
}

/// Refuses a state within the evidence.
fn outside(dir: &Path, evidence: &[PathBuf]) -> Result<(), Failure> {
    let real = |path: &Path| {
        let there = path.ancestors().find_map(|above| above.canonicalize().ok());
        there.or_else(|| Path::new(".").canonicalize().ok())
    };
    let Some(dir_there) = real(dir) else { return Ok(()) };
    let within = |path: &&PathBuf| path.canonicalize().is_ok_and(|e| dir_there.starts_with(e));
    match evidence.iter().find(within) {
        None => Ok(()),
        Some(path) => Err(Failure::new(format!(
            "--state-dir {}: it lies inside the evidence {}, into which nothing is written; choose another folder",
            dir.display(),
            path.display()
        ))),
    }
}

/// How a run ends that tells only what is new.
pub(crate) fn code(news: &News, fail_on: FailOn) -> ExitCode {
    let found = news.turns.iter().any(|turn| match fail_on {
        FailOn::Never => false,
        FailOn::Verdict(least) => turn.verdict <= least,
        FailOn::Level(least) => turn.findings.iter().any(|(f, _)| f.rule.level >= least),
    });
    ExitCode::from_facts(found, !news.gaps.is_empty())
}

/// `leaksweep state`.
pub(crate) fn run(command: &StateCommand) -> Result<ExitCode, Failure> {
    match command {
        StateCommand::Show(args) => show(&shelf(args)?),
        StateCommand::Forget(args) => {
            let mut shelf = shelf(&args.state)?;
            let mut text = String::new();
            for path in &args.paths {
                let path: PathBuf = path.components().collect();
                let path = path.display().to_string();
                let n = shelf.forget(&path).map_err(unusable)?;
                let _ = writeln!(text, "{}: {n} contents forgotten", visible(&path));
            }
            say(&text)
        }
        StateCommand::Gc(args) => {
            let mut shelf = shelf(&args.state)?;
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let since = now.unwrap_or_default().saturating_sub(args.keep.0);
            let since = Time::from_micros(since.as_micros() as i64, 0);
            let n = shelf.drop_before(since).map_err(unusable)?;
            say(&format!("{n} contents dropped that are gone and end before {since}\n"))
        }
    }
}

fn shelf(args: &StateDir) -> Result<Shelf, Failure> {
    if !args.state_dir.join("state.db").is_file() {
        let dir = args.state_dir.display();
        return Err(Failure::new(format!(
            "{dir}: there is no state; `sweep --state-dir` makes it"
        )));
    }
    let home = Home::enter(&args.state_dir, Duration::ZERO).map_err(unusable)?;
    Shelf::open(home).map_err(unusable)
}

fn show(shelf: &Shelf) -> Result<ExitCode, Failure> {
    let pieces = shelf.pieces();
    let (bytes, entries) = pieces.iter().fold((0, 0), |(b, e), p| (b + p.bytes, e + p.entries));
    let mut text = String::new();
    for piece in &pieces {
        let _ = writeln!(text, "{}", line(piece));
    }
    for path in shelf.skipped() {
        let _ = writeln!(text, "{}: skipped, the program ended while it read it", visible(path));
    }
    let size = shelf.size();
    let _ = writeln!(
        text,
        "{} contents, {bytes} bytes, {entries} entries; the state itself is {size} bytes",
        pieces.len()
    );
    say(&text)
}

fn line(piece: &Piece) -> String {
    let name = piece.names.first().map_or("", String::as_str);
    let copies = match piece.names.len() {
        0 | 1 => String::new(),
        n => format!(" and {} copies", n - 1),
    };
    let until = piece.last.map_or_else(|| "no time".to_owned(), |time| format!("until {time}"));
    let gone = if piece.is_there { "" } else { ", gone" };
    let sum: String = piece.sum.chars().take(12).collect();
    format!(
        "{}{copies}: {} bytes, {} entries, {until}, {sum}{gone}",
        visible(name),
        piece.bytes,
        piece.entries
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        let seconds = |text: &str| text.parse::<Span>().ok().map(|span| span.0.as_secs());
        assert_eq!(seconds("10m"), Some(600));
        assert_eq!(seconds("400d"), Some(34_560_000));
        for bad in ["", "10", "m", "-1s", "1w", "99999999999999999999d"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_state_within_the_evidence_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        std::fs::create_dir(&logs).unwrap();
        let evidence = [logs.clone()];
        assert!(outside(&logs.join("new/state"), &evidence).is_err());
        assert!(outside(&folder.path().join("state"), &evidence).is_ok());
    }
}
