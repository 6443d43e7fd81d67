//! From what was typed to what the library takes.

use std::fs::File;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use leaksweep::element::CaseKey;
use leaksweep::event;
use leaksweep::ledger::Home;
use leaksweep::report::{PartFile, Run, RunInventory};
use leaksweep::rule::{Indicators, RuleSet};
use leaksweep::scan::Tally;
use leaksweep::source::{ContentId, Evidence, Inventory, Window};
use leaksweep::time::{Time, Zone, civil_prefix};

use super::Failure;
use super::args::{EvidenceArgs, LogArgs, MergeArgs, RuleArgs, SweepArgs};
use super::file;

/// The inventory, or an empty one.
pub(crate) fn inventory(file: Option<&Path>) -> Result<Inventory, Failure> {
    file.map_or_else(|| Ok(Inventory::default()), |f| Inventory::load(f).map_err(Failure::new))
}

impl EvidenceArgs {
    /// Finds the evidence.
    pub(crate) fn collect(&self) -> Result<Evidence, Failure> {
        let sites = self.sites();
        let mut inventory = inventory(sites.as_deref())?;
        if let Some(name) = &self.site {
            inventory.assign(name);
        }
        if let Some(zone) = &self.timezone {
            inventory.zone = Some(zone.clone());
        }
        let zone = inventory.zone.clone().unwrap_or_default();
        inventory.window = self.window(inventory.window, &zone)?;
        let mut evidence = Evidence::collect(&self.paths, inventory);
        // The inventory itself is no log.
        if let Some(file) = sites.and_then(|file| std::path::absolute(file).ok()) {
            let is_it = |name: &str| std::path::absolute(name).is_ok_and(|path| path == file);
            evidence.sources.retain(|source| !is_it(&source.name));
        }
        Ok(evidence)
    }

    /// The inventory's file: as named, or `sites.toml` in the one folder that is given. Whoever
    /// handed in the evidence may have written that one, so it is named on
    /// standard error and in the report, and can be refused.
    fn sites(&self) -> Option<PathBuf> {
        let beside = || match self.paths.as_slice() {
            [folder] if !self.no_inventory => {
                Some(folder.join("sites.toml")).filter(|file| file.is_file())
            }
            _ => None,
        };
        self.sites.clone().or_else(beside)
    }

    /// The inventory that is used, for the report.
    fn inventory_read(&self) -> Option<RunInventory> {
        let file = self.sites()?;
        let sha256 = ContentId(Sha256::digest(std::fs::read(&file).ok()?).into());
        let path = file.to_string_lossy().into_owned();
        Some(RunInventory { path, sha256, found_in_evidence: self.sites.is_none() })
    }

    /// The period under examination: `--since` and `--until` go before the inventory's.
    fn window(&self, known: Option<Window>, zone: &Zone) -> Result<Option<Window>, Failure> {
        if self.since.is_none() && self.until.is_none() {
            return Ok(known);
        }
        let ends = known.unwrap_or_else(ever);
        let since = self.since.as_deref().map(|text| time("--since", text, zone)).transpose()?;
        let until = self.until.as_deref().map(|text| time("--until", text, zone)).transpose()?;
        let window = Window { from: since.unwrap_or(ends.from), to: until.unwrap_or(ends.to) };
        if window.from >= window.to {
            let (from, to) = (window.from, window.to);
            return Err(Failure::new(format!("the period ends ({to}) before it starts ({from})")));
        }
        Ok(Some(window))
    }

    /// The arguments that the result depends on, in an order of their own: how many threads there
    /// are, and in which order the paths were given, does not change a report.
    fn canonical(&self) -> Vec<String> {
        let mut arguments = vec!["sweep".to_owned()];
        let path = |p: &Path| p.to_string_lossy().into_owned();
        let zone = self.timezone.as_ref().map(ToString::to_string);
        option(&mut arguments, "--sites", self.sites().as_deref().map(path));
        option(&mut arguments, "--site", self.site.clone());
        option(&mut arguments, "--since", self.since.clone());
        option(&mut arguments, "--until", self.until.clone());
        option(&mut arguments, "--timezone", zone);
        arguments
    }
}

/// As early and as late as a stamp can be written.
fn ever() -> Window {
    const LAST_SECOND_OF_9999: i64 = 253_402_300_799;
    Window {
        from: Time::from_micros(0, 0),
        to: Time::from_micros(LAST_SECOND_OF_9999 * 1_000_000, 0),
    }
}

fn option(arguments: &mut Vec<String>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        arguments.extend([name.to_owned(), value]);
    }
}

/// A time as typed: RFC 3339, or without offset (the zone's), or only a date.
fn time(flag: &str, text: &str, zone: &Zone) -> Result<Time, Failure> {
    let long = match text.len() {
        10 => format!("{text}T00:00:00"),
        16 => format!("{text}:00"),
        _ => text.to_owned(),
    };
    let civil = || match civil_prefix(long.as_bytes()) {
        Some((civil, [])) => zone.resolve(civil),
        _ => None,
    };
    long.parse::<Time>().ok().or_else(civil).ok_or_else(|| {
        Failure::new(format!("{flag} {text:?} is not a time; write 2017-03-09T23:53:00+09:00"))
    })
}

impl RuleArgs {
    /// The rules.
    pub(crate) fn load(&self) -> Result<RuleSet, Failure> {
        let none = self.added.is_empty() && self.indicators.is_empty();
        if self.no_builtin_rules && none {
            return Err(Failure::new(
                "there are no rules: --no-builtin-rules without --rules PATH; add rules",
            ));
        }
        let mut rules = RuleSet::default();
        if !self.no_builtin_rules {
            rules = RuleSet::builtin().map_err(Failure::new)?;
        }
        for path in &self.added {
            rules.add(path).map_err(Failure::new)?;
        }
        if !self.indicators.is_empty() {
            let text = indicators(&self.indicators)?.rules();
            rules.add_text("indicators", &text).map_err(Failure::new)?;
        }
        Ok(rules)
    }

    fn canonical(&self, arguments: &mut Vec<String>) {
        for path in &self.added {
            option(arguments, "--rules", Some(path.to_string_lossy().into_owned()));
        }
        for path in &self.indicators {
            option(arguments, "--indicators", Some(path.to_string_lossy().into_owned()));
        }
        if self.no_builtin_rules {
            arguments.push("--no-builtin-rules".to_owned());
        }
    }
}

/// The indicators of all lists.
fn indicators(lists: &[PathBuf]) -> Result<Indicators, Failure> {
    let mut indicators = Indicators::default();
    for path in lists {
        let wrong = |error: String| Failure::new(format!("{}: {error}", path.display()));
        let list = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        indicators.add(&list).map_err(wrong)?;
    }
    Ok(indicators)
}

impl LogArgs {
    /// What is told about the logs from outside.
    pub(super) fn options(&self, inventory: &Inventory) -> event::Options {
        event::Options {
            zone: inventory.zone.clone().unwrap_or_default(),
            log_format: self.log_format.as_ref().map(|format| format.text.clone()),
            mapping: self.mapping.as_ref().map(|names| names.mapping.clone()).unwrap_or_default(),
            ..event::Options::default()
        }
    }

    fn canonical(&self, arguments: &mut Vec<String>) {
        let typed = self.log_format.as_ref().map(|format| format.typed.clone());
        option(arguments, "--log-format", typed);
        option(arguments, "--mapping", self.mapping.as_ref().map(|names| names.typed.clone()));
    }
}

/// A case key and what tells it from others without telling anything about it.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The key.
    pub(crate) key: CaseKey,
    /// Its name in part files and states.
    pub(super) id: String,
}

/// The key file of a state: made of random bits if it is not there, readable by its owner only.
fn made(file: PathBuf) -> Result<PathBuf, Failure> {
    let wrong = |why: String| Failure::new(format!("case key {}: {why}", file.display()));
    if !file.exists() {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(|error| wrong(error.to_string()))?;
        let write = |out: &mut dyn std::io::Write| Ok(out.write_all(&bits)?);
        file::write(&file, false, write).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(file)
}

/// A key file shorter than this could be guessed.
const KEY_BYTES: usize = 16;

impl SweepArgs {
    /// The key of the case: the file given, else the state's, else a random one.
    pub(crate) fn key(&self, home: Option<&Home>) -> Result<Key, Failure> {
        let of_state = || home.map(|home| made(home.key_file())).transpose();
        let file = self.case_key.clone().map_or_else(of_state, |file| Ok(Some(file)))?;
        let Some(path) = &file else {
            let none = |error| Failure::new(format!("no random key: {error}"));
            let mut id = [0; 8];
            getrandom::fill(&mut id).map_err(none)?;
            return Ok(Key { key: CaseKey::random().map_err(none)?, id: hex(&id) });
        };
        let wrong = |why: String| Failure::new(format!("case key {}: {why}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        if bytes.len() < KEY_BYTES {
            return Err(wrong(format!(
                "{} bytes are too few for a key; make one with `head -c 32 /dev/urandom`",
                bytes.len()
            )));
        }
        let id = Sha256::new().chain_update("leaksweep case key id\0").chain_update(&bytes);
        Ok(Key { key: CaseKey::from_bytes(&bytes), id: hex(&id.finalize()[..8]) })
    }

    /// How the sweep is done.
    pub(crate) fn options(&self, inventory: &Inventory) -> leaksweep::Options {
        leaksweep::Options {
            events: self.logs.options(inventory),
            limits: self.limits.limits(),
            jobs: self.jobs,
            ..leaksweep::Options::default()
        }
    }

    /// The facts of the run.
    pub(crate) fn run(&self, evidence: &Evidence, rules: &RuleSet) -> Run {
        let mut arguments = self.evidence.canonical();
        self.logs.canonical(&mut arguments);
        self.rules.canonical(&mut arguments);
        arguments.extend(self.limits.canonical());
        if self.no_pivot {
            arguments.push("--no-pivot".to_owned());
        }
        let mut paths: Vec<String> =
            self.evidence.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        paths.sort();
        arguments.extend(paths);
        let inventory = self.evidence.inventory_read();
        Run { inventory, ..run(rules, arguments, &evidence.inventory) }
    }
}

fn run(rules: &RuleSet, arguments: Vec<String>, inventory: &Inventory) -> Run {
    Run {
        tool: concat!("leaksweep ", env!("CARGO_PKG_VERSION")).to_owned(),
        rules: rules.digest(),
        rule_count: rules.len(),
        arguments,
        window: inventory.window,
        timezone: inventory.zone.clone().unwrap_or_default().to_string(),
        limits: Vec::new(),
        sources: Vec::new(),
        inventory: None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A part file of what a sweep read.
pub(crate) fn part(key: Key, run: Run, tally: Tally) -> PartFile {
    PartFile::new(key.id, run, tally)
}

impl MergeArgs {
    /// All parts in one, made with the rules given.
    pub(crate) fn merged(
        &self,
        rules: &RuleSet,
        inventory: &Inventory,
    ) -> Result<PartFile, Failure> {
        let mut merged: Option<PartFile> = None;
        for path in &self.parts {
            let wrong = |why: String| Failure::new(format!("{}: {why}", path.display()));
            let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
            let part = PartFile::read(file).map_err(|error| wrong(error.to_string()))?;
            part.made_with(&rules.digest()).map_err(|error| wrong(error.to_string()))?;
            match &mut merged {
                None => merged = Some(part),
                Some(all) => all.merge(part).map_err(|error| wrong(error.to_string()))?,
            }
        }
        let mut part = merged.ok_or_else(|| Failure::new("no part file was given"))?;
        part.run.window = inventory.window.or(part.run.window);
        if self.parts.len() > 1 {
            part.run.arguments = self.canonical();
        }
        Ok(part)
    }

    /// How the evidence of the parts is read again.
    pub(crate) fn options(&self, part: &PartFile) -> leaksweep::Options {
        let zone = part.run.timezone.parse().unwrap_or_default();
        let events = event::Options { zone, ..self.logs.options(&Inventory::default()) };
        leaksweep::Options { events, ..leaksweep::Options::default() }
    }

    fn canonical(&self) -> Vec<String> {
        let mut arguments = vec!["merge".to_owned()];
        option(&mut arguments, "--sites", self.sites.as_ref().map(|p| p.display().to_string()));
        self.logs.canonical(&mut arguments);
        self.rules.canonical(&mut arguments);
        if self.no_pivot {
            arguments.push("--no-pivot".to_owned());
        }
        let mut parts: Vec<String> = self.parts.iter().map(|p| p.display().to_string()).collect();
        parts.sort();
        arguments.extend(parts);
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_offset() {
        let zone: Zone = "+09:00".parse().unwrap();
        let read = |text: &str| time("--since", text, &zone).map(|t| t.to_string()).ok();
        for text in ["2017-03-09T23:53:00+09:00", "2017-03-09T23:53:00", "2017-03-09T23:53"] {
            assert_eq!(read(text).as_deref(), Some("2017-03-09T23:53:00+09:00"), "{text}");
        }
        assert_eq!(read("2017-03-09").as_deref(), Some("2017-03-09T00:00:00+09:00"));
        for bad in ["yesterday", "2017-13-01", "2017-03-09T23:53:00x", ""] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
