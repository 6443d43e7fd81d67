//! The parts of several runs in one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use leaksweep::report::{Head, PartFile};
use leaksweep::rule::RuleSet;
use leaksweep::scan::Tally;
use leaksweep::source::Inventory;

use super::args::MergeArgs;
use super::sandbox::{Held, Needs};
use super::setup::Told;
use super::{Failure, Outputs};

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
        let mut merged = PartFile { head, tally: Tally::default() };
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

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(File::open(path)?))
}
