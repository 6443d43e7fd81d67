//! The parts of several runs in one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use leaksweep::case::{self, Estate, Heard, Overview};
use leaksweep::report::{self, Apart, Head, PartFile, Report, Run};
use leaksweep::rule::RuleSet;
use leaksweep::scan::Tally;
use leaksweep::source::Inventory;

use super::args::{MergeArgs, Step};
use super::sandbox::{Held, Needs};
use super::setup::Told;
use super::{ExitCode, Failure, Outputs, to_stdout};

impl MergeArgs {
    /// The inventory, with what else was told of the sites.
    pub(crate) fn inventory(&self) -> Result<Inventory, Failure> {
        self.scope.inventory(self.scope.sites.as_deref())
    }

    /// All parts in one, made with the rules and options given.
    pub(crate) fn merged(
        &self,
        rules: &RuleSet,
        inventory: &Inventory,
    ) -> Result<PartFile, Failure> {
        let told = Told {
            sites: self.scope.sites.clone(),
            scope: &self.scope,
            logs: &self.logs,
            rules: &self.rules,
            limits: &self.limits,
            bounds: &self.bounds,
        };
        // Which key it was, the first part tells.
        let head = Head::new(String::new(), told.run(inventory, rules), [].into());
        let mut merged = PartFile::new(head, Tally::default());
        if self.step == Some(Step::Estate) {
            merged.apart = Apart::asking();
        }
        for path in &self.parts {
            let wrong = |why: String| Failure::new(format!("{}: {why}", path.display()));
            let from = open(path).map_err(|error| wrong(error.to_string()))?;
            merged.read(from).map_err(|error| wrong(error.to_string()))?;
        }
        if !self.whole.is_empty() {
            merged.head.paths = self.whole.iter().cloned().collect();
        }
        Ok(merged)
    }

    /// Enters the sandbox: outputs can be written. Where the evidence lies only the parts say, so
    /// everything can be read.
    pub(crate) fn confine(&self, outputs: &Outputs) -> Result<Held, Failure> {
        let parts = self.parts.iter().filter(|path| path.as_os_str() != "-").cloned();
        let readable = parts.chain(["/".into()]).collect();
        let mut writable = outputs.folders();
        writable.push(std::env::temp_dir());
        self.sandbox.enter(&Needs { readable, writable })
    }

    /// How the evidence of the parts is read again.
    pub(crate) fn options(&self, inventory: &Inventory) -> leaksweep::Options {
        leaksweep::Options {
            events: self.logs.options(inventory),
            limits: self.limits.limits(),
            bounds: self.bounds.bounds(),
            ..leaksweep::Options::default()
        }
    }
}

/// Takes one step of judging sites apart.
pub(crate) fn take(
    step: Step,
    mut part: PartFile,
    inventory: &Inventory,
    rules: &RuleSet,
    outputs: &Outputs,
) -> Result<ExitCode, Failure> {
    let PartFile { head, tally, apart } = &mut part;
    match step {
        Step::Estate => {
            let overview = Overview::of(tally);
            let heard = Heard::of(apart.words(), tally, &overview);
            let errands = leaksweep::errands(tally, heard.traces());
            super::nothing_lost()?;
            to_stdout(|out| {
                report::write_estate(head.clone(), Estate { overview, heard }, out)?;
                errands.write(out)
            })?;
        }
        Step::Words => {
            let estate = settled(apart, tally)?;
            let words = case::words(tally, &estate.overview, inventory, rules);
            super::nothing_lost()?;
            to_stdout(|out| report::write_words(words, out))?;
        }
        Step::Cases => {
            let estate = settled(apart, tally)?;
            let judged = case::judged(tally, &estate, inventory, rules);
            if let Some(site) = estate.unheard(judged.iter().map(|j| j.case.site.as_str())) {
                let why = "said nothing to the others; give its words to --step estate";
                return Err(Failure::new(format!("{site} {why}")));
            }
            super::nothing_lost()?;
            to_stdout(|out| report::write_cases(judged, &estate, outputs.list_hits(), out))?;
        }
    }
    Ok(ExitCode::Clean)
}

/// The estate, and the tally as it says that it counts.
fn settled(apart: &mut Apart, tally: &mut Tally) -> Result<Estate, Failure> {
    let estate = apart.estate.take().ok_or_else(no_estate)?;
    estate.overview.settle(tally);
    Ok(estate)
}

fn no_estate() -> Failure {
    Failure::new("there is no estate among the parts; merge --step estate makes it")
}

/// The report from cases that were judged apart; nothing, if there is no estate among the parts.
pub(crate) fn assembled(
    part: &mut PartFile,
    inventory: &Inventory,
    rules: &RuleSet,
    run: &Run,
    outputs: &Outputs,
) -> Result<Option<Report>, Failure> {
    let estate = match part.apart.estate.take() {
        Some(estate) => estate,
        None if part.apart.is_empty() => return Ok(None),
        None => return Err(no_estate()),
    };
    let astray = part.apart.astray(&estate).map_err(|error| Failure::new(error.to_string()))?;
    if let Some(site) = astray {
        let why = "its case was made with another estate; merge --step cases makes it anew";
        return Err(Failure::new(format!("{site}: {why}")));
    }
    if let Some(site) = estate.unjudged(|site| part.apart.is_judged(site)) {
        let why = "no case of it is among the parts; merge --step cases makes it";
        return Err(Failure::new(format!("{site}: {why}")));
    }
    if outputs.has_part() {
        return Err(Failure::new("cases are no part of a report: give another format with -f"));
    }
    let judged = part.apart.judged();
    Ok(Some(leaksweep::assemble(judged, &estate, &part.tally, inventory, rules, run.clone())))
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(File::open(path)?))
}
