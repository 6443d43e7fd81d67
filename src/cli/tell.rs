//! What is said on standard error: what is missing, and nothing when nothing is.
#![allow(clippy::print_stderr)]

use std::io::{self, IsTerminal};
use std::path::Path;

use clap::ValueEnum;
use leaksweep::case::{Case, Verdict};
use leaksweep::pan::hide;
use leaksweep::report::{Format, Report, Run, RunInventory, visible};
use leaksweep::scan::Tally;
use leaksweep::source::{Gap, GapKind};

use super::ExitCode;
use super::sandbox::Held;

/// Gaps that are told one by one; the others are counted and stand in the report.
const TOLD: usize = 20;

/// How it is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Voice {
    /// In sentences
    #[default]
    Text,
    /// As one JSON object a line: level, source, message
    Json,
}

impl Voice {
    /// Says something of a source, card numbers in it hidden: a rule, a path or a configuration that
    /// is wrong may hold one.
    pub(crate) fn say(self, level: &str, source: Option<&str>, message: &str) {
        let (source, message) = (source.map(hide), hide(message));
        match (self, source) {
            (Self::Text, None) if level == "error" => eprintln!("leaksweep: error: {message}"),
            (Self::Text, None) => eprintln!("leaksweep: {message}"),
            (Self::Text, Some(source)) => eprintln!("leaksweep: {}: {message}", visible(&source)),
            (Self::Json, source) => {
                let line =
                    serde_json::json!({"level": level, "source": source, "message": message});
                eprintln!("{line}");
            }
        }
    }

    /// Says that nothing was found to examine.
    pub(crate) fn no_input(self, gaps: &[Gap]) -> ExitCode {
        self.list(gaps.iter(), false);
        let why = "no input matched: there is no file under the paths given; check them";
        self.say("error", None, why);
        ExitCode::NoInput
    }

    /// Says what could not be read; with `-v`, also what was.
    pub(crate) fn gaps(self, tally: &Tally, report: &Report, verbose: bool) {
        if verbose {
            self.read(report);
        }
        self.list(tally.all_gaps(), verbose);
    }

    /// Says that there is nothing to say, if somebody is there.
    pub(crate) fn nothing_new(self) {
        if io::stderr().is_terminal() {
            let message = "nothing new since the last run; -f text shows everything";
            self.say("info", None, message);
        }
    }

    /// Says what was read, file by file (`-v`).
    fn read(self, report: &Report) {
        for file in &report.run.sources {
            let (status, formats) = (visible(&file.status), file.format.join(", "));
            let message = format!("{} entries, {formats}: {status}", file.lines);
            self.say("info", Some(&file.path), &message);
        }
    }

    /// Says what is missing, one line each.
    pub(crate) fn list<'g>(self, gaps: impl Iterator<Item = &'g Gap>, all: bool) {
        let mut gaps: Vec<&Gap> = gaps.filter(|gap| all || gap.kind.is_loss()).collect();
        gaps.sort();
        gaps.dedup();
        let told = if all { gaps.len() } else { TOLD };
        for gap in gaps.iter().take(told) {
            self.say("warning", Some(&gap.source), &visible(&gap.detail));
        }
        if gaps.len() > told {
            let more = gaps.len() - told;
            let message = format!("and {more} more gaps; -v tells all, and the report has them");
            self.say("warning", None, &message);
        }
    }

    /// Says how far the system holds the program to what it needs, and where it puts things aside.
    pub(crate) fn held(self, held: &Held) {
        let temporary = std::env::temp_dir();
        let message = format!("sandbox {held}; temporary files in {}", temporary.display());
        self.say("info", None, &visible(&message));
    }

    /// Says that an inventory was used which nobody named.
    pub(crate) fn inventory(self, run: &Run) {
        let found = run.inventory.as_ref().filter(|inventory| inventory.found_in_evidence);
        if let Some(RunInventory { path, .. }) = found {
            let message = "an inventory found in the evidence is used; name it with --sites, or \
                           refuse it with --no-inventory";
            self.say("info", Some(path), message);
        }
    }

    /// Says how it ended and what to open next.
    pub(crate) fn closing(self, report: &Report, files: &[(Format, &Path)]) {
        let graver = |case: &&Case| case.verdict <= Verdict::Suspected;
        let grave: Vec<&Case> = report.sites.iter().filter(graver).collect();
        let (all, some) = (report.sites.len(), grave.len());
        self.say("info", None, &format!("done: {some} of {all} sites need to be looked at"));
        for (format, path) in files {
            let what = if *format == Format::Html { ": open it in a browser" } else { "" };
            let path = path.display().to_string();
            self.say("info", None, &format!("{format} is in {}{what}", visible(&path)));
        }
        let first = grave.iter().min_by_key(|case| (case.verdict, &case.site));
        let locus = first.and_then(|case| case.reasons.iter().find_map(|r| r.locus.as_ref()));
        if let Some(locus) = locus {
            let command = leaksweep::report::show_command(&locus.source, locus.line);
            self.say("info", None, &format!("begin with: {}", visible(&command)));
        }
    }
}

/// Whether something is there that could not be read, so that the sweep has a result: that it is
/// incomplete.
pub(crate) fn unreadable(gaps: &[Gap]) -> bool {
    gaps.iter().any(|gap| gap.kind != GapKind::Missing)
}
