//! From what was typed to what the library takes.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use leaksweep::Errands;
use leaksweep::element::CaseKey;
use leaksweep::event;
use leaksweep::ledger::Home;
use leaksweep::pan::hide;
use leaksweep::report::{Head, Run, RunInventory};
use leaksweep::rule::{Indicators, RuleSet};
use leaksweep::source::{ContentId, Evidence, Inventory, Source, Window};
use leaksweep::time::{Time, Zone, civil_prefix};

use super::args::{EvidenceArgs, LogArgs, RuleArgs, ScopeArgs, SweepArgs};
use super::file;
use super::limits::{BoundArgs, LimitArgs};
use super::sandbox::{Held, Needs};
use super::{Failure, Outputs};

/// The inventory, or an empty one.
pub(crate) fn inventory(file: Option<&Path>) -> Result<Inventory, Failure> {
    file.map_or_else(|| Ok(Inventory::default()), |f| Inventory::load(f).map_err(Failure::new))
}

impl EvidenceArgs {
    /// Finds the evidence.
    pub(crate) fn collect(&self) -> Result<Evidence, Failure> {
        let sites = self.sites();
        let inventory = self.scope.inventory(sites.as_deref())?;
        let mut evidence = Evidence::collect(&self.paths, inventory);
        if let Some(name) = &self.stdin_name {
            evidence.tell_stdin(name, self.stdin_written);
        }
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
        self.scope.sites.clone().or_else(beside)
    }

    /// The paths that were given, standard input by the name of what it holds.
    fn given(&self) -> BTreeSet<String> {
        let name = |path: &PathBuf| match &self.stdin_name {
            Some(name) if path.as_os_str() == "-" => hide(name),
            _ => hide(&path.to_string_lossy()),
        };
        self.paths.iter().map(name).collect()
    }
}

impl ScopeArgs {
    /// The inventory in this file, with what else was told of the sites.
    pub(super) fn inventory(&self, file: Option<&Path>) -> Result<Inventory, Failure> {
        let mut inventory = inventory(file)?;
        if let Some(name) = &self.site {
            inventory.assign(name);
        }
        if let Some(zone) = &self.timezone {
            inventory.zone = Some(zone.clone());
        }
        let zone = inventory.zone.clone().unwrap_or_default();
        inventory.window = self.window(inventory.window, &zone)?;
        Ok(inventory)
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

    fn canonical(&self, sites: Option<&Path>, arguments: &mut Vec<String>) {
        option(arguments, "--sites", sites.map(|path| path.to_string_lossy().into_owned()));
        option(arguments, "--site", self.site.clone());
        option(arguments, "--since", self.since.clone());
        option(arguments, "--until", self.until.clone());
        option(arguments, "--timezone", self.timezone.as_ref().map(ToString::to_string));
        let suppressions = self.suppressions.as_ref().map(|path| path.display().to_string());
        option(arguments, "--suppressions", suppressions);
    }
}

/// The inventory that is used, for the report.
fn inventory_read(file: &Path, named: bool) -> Option<RunInventory> {
    let sha256 = ContentId(Sha256::digest(std::fs::read(file).ok()?).into());
    let path = hide(&file.to_string_lossy());
    Some(RunInventory { path, sha256, found_in_evidence: !named })
}

/// Everything that the result depends on but the evidence, as it was told.
pub(super) struct Told<'a> {
    pub(super) sites: Option<PathBuf>,
    pub(super) scope: &'a ScopeArgs,
    pub(super) logs: &'a LogArgs,
    pub(super) rules: &'a RuleArgs,
    pub(super) limits: &'a LimitArgs,
    pub(super) bounds: &'a BoundArgs,
}

impl Told<'_> {
    /// The arguments, in an order of their own: how many threads there are, and in which order the
    /// paths were given, does not change a report.
    fn canonical(&self) -> Vec<String> {
        let mut arguments = vec!["sweep".to_owned()];
        self.scope.canonical(self.sites.as_deref(), &mut arguments);
        self.logs.canonical(&mut arguments);
        self.rules.canonical(&mut arguments);
        arguments.extend(self.limits.canonical());
        arguments.extend(self.bounds.canonical());
        arguments.iter().map(|argument| hide(argument)).collect()
    }

    /// The facts of a run under these arguments.
    pub(super) fn run(&self, inventory: &Inventory, rules: &RuleSet) -> Run {
        let named = self.scope.sites.is_some();
        Run {
            tool: concat!("leaksweep ", env!("CARGO_PKG_VERSION")).to_owned(),
            rules: rules.digest(),
            rule_count: rules.len(),
            arguments: self.canonical(),
            window: inventory.window,
            timezone: inventory.zone.clone().unwrap_or_default().to_string(),
            limits: Vec::new(),
            sources: Vec::new(),
            inventory: self.sites.as_deref().and_then(|file| inventory_read(file, named)),
        }
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
            bounds: self.bounds.bounds(),
            jobs: match self.jobs {
                // Asked for now: what says it cannot be read from within the sandbox.
                0 => std::thread::available_parallelism().map_or(1, usize::from),
                jobs => jobs,
            },
            ..leaksweep::Options::default()
        }
    }

    /// What a part of this sweep begins with.
    pub(crate) fn head(&self, key: &Key, evidence: &Evidence, rules: &RuleSet) -> Head {
        let told = Told {
            sites: self.evidence.sites(),
            scope: &self.evidence.scope,
            logs: &self.logs,
            rules: &self.rules,
            limits: &self.limits,
            bounds: &self.bounds,
        };
        Head::new(key.id.clone(), told.run(&evidence.inventory, rules), self.evidence.given())
    }

    /// Enters the sandbox: evidence can be read, and written where something is to be written.
    pub(crate) fn confine(&self, evidence: &Evidence, outputs: &Outputs) -> Result<Held, Failure> {
        // A link to a file leads out of the folder in which it lies.
        let is_link = |path: &&Path| path.is_symlink();
        let links = evidence.sources.iter().filter_map(Source::path).filter(is_link);
        let paths = self.evidence.paths.iter().map(PathBuf::as_path);
        let readable = paths.filter(|path| path.as_os_str() != "-").chain(links);
        let temporary = std::env::temp_dir();
        let mut writable = outputs.folders();
        writable.extend(self.state.state_dir.clone());
        if file::is_inside(&temporary, &self.evidence.paths) {
            let folder = temporary.display();
            let why = "lies inside the evidence, into which nothing is written";
            return Err(Failure::new(format!(
                "the folder for temporary files, {folder}, {why}; name another with TMPDIR"
            )));
        }
        writable.push(temporary);
        let needs = Needs { readable: readable.map(Path::to_owned).collect(), writable };
        self.sandbox.enter(&needs)
    }

    /// What is to be looked for by a second pass that was written down.
    pub(crate) fn errands(&self) -> Result<Option<Errands>, Failure> {
        let Some(path) = &self.pursue else { return Ok(None) };
        let wrong = |why: String| Failure::new(format!("{}: {why}", path.display()));
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let read = Errands::read(file);
        read.map(Some).map_err(|error| wrong(format!("not written by merge --pursuit: {error}")))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
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
