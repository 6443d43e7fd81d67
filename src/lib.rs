//! **leaksweep** finds out, from logs alone, whether a payment site was broken into and what was
//! taken.
//!
//! A [`source`] is read as [`mod@line`]s; a line says an [`event`] and may carry [`element`]s of card
//! or personal data; [`rule`]s are [`scan`]ned over them; what they find makes one [`case`] per
//! site; the cases make the [`report`].
//!
//! The rooms are declared in the order in which the data flows, and that order is the only
//! dependency rule: a room may use only the rooms declared above it. `tests/laws.rs` proves it.
//!
//! The whole flow is three functions: [`sweep`] reads everything in parallel into one mergeable
//! [`Tally`], [`pivot`] follows the intruders that it shows through the evidence again, and
//! [`conclude`] makes the report, a pure function of the tally.

pub mod time;
pub mod spill;
pub mod pan;
pub mod source;
pub mod line;
pub mod event;
mod pass;
pub mod payload;
pub mod element;
pub mod rule;
pub mod scan;
pub mod case;
pub mod ledger;
mod resume;
mod pursue;
pub mod report;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use case::{Estate, Judged};
use element::Finder;
use pass::{Framed, Pass};
use report::{Report, Run};
use rule::RuleSet;
use scan::{Bounds, Known, Mode, Part, Scanner, SiteTally, StreamFacts, Tally, Yield};
use source::{ContentId, Evidence, Gap, GapKind, Inventory, Limits, Source, Stream};

/// How a sweep is done; what it finds does not depend on `jobs`, `block` and `mode`.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is told about the logs from outside.
    pub events: event::Options,
    /// What reading may cost.
    pub limits: Limits,
    /// Whether the prefilter is used.
    pub mode: Mode,
    /// How much of what an attacker can make up is told apart.
    pub bounds: Bounds,
    /// Threads; 0 for as many as the machine has.
    pub jobs: usize,
    /// Bytes of a block.
    pub block: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            events: event::Options::default(),
            limits: Limits::default(),
            mode: Mode::default(),
            bounds: Bounds::default(),
            jobs: 0,
            block: 1 << 20,
        }
    }
}

pub use pass::HEAD;
pub use pursue::{Errand, Errands, errands, pivot, pursue};
pub use resume::resume;

/// Is told how far a sweep is.
pub trait Progress: Sync {
    /// Another `bytes` decompressed bytes of the stream `name` were scanned.
    fn scanned(&self, name: &str, bytes: u64);

    /// A source is done, which has `bytes` raw bytes.
    fn done(&self, name: &str, bytes: u64);
}

/// Progress that nobody looks at.
impl Progress for () {
    fn scanned(&self, _name: &str, _bytes: u64) {}

    fn done(&self, _name: &str, _bytes: u64) {}
}

/// What the first pass looks for.
#[derive(Clone, Copy)]
pub(crate) struct Search<'s> {
    inventory: &'s Inventory,
    rules: &'s RuleSet,
    finder: &'s Finder,
    mode: Mode,
    bounds: Bounds,
    /// Scanners that nobody uses now: what they remember is worth keeping.
    idle: &'s Mutex<Vec<Scanner<'s>>>,
}

impl<'s> Search<'s> {
    fn scan(self, (block, format): &Framed, name: &str, known: &Known) -> Part {
        self.with(|scanner| scanner.scan_behind(block, &**format, name, known))
    }

    /// What the rules find, and nothing else ([`Scanner::hits`]).
    fn hits(
        self,
        (block, format): &Framed,
        name: &str,
        sites: &BTreeMap<String, Box<SiteTally>>,
    ) -> Part {
        self.with(|scanner| scanner.hits(block, &**format, name, sites))
    }

    fn with(self, look: impl FnOnce(&mut Scanner<'s>) -> Part) -> Part {
        let new =
            || Scanner::new(self.rules, self.finder, self.inventory, self.mode).within(self.bounds);
        let idle = lock(self.idle).pop();
        let mut scanner = idle.unwrap_or_else(new);
        let part = look(&mut scanner);
        lock(self.idle).push(scanner);
        part
    }
}

/// Nothing panics while it holds one of these locks, so what a panic left behind them is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads and scans all evidence, in parallel.
///
/// # Errors
///
/// If the operating system gives no threads.
pub fn sweep(
    evidence: &Evidence,
    rules: &RuleSet,
    finder: &Finder,
    options: &Options,
    progress: &dyn Progress,
) -> std::io::Result<Tally> {
    let (inventory, idle) = (&evidence.inventory, Mutex::default());
    let (mode, bounds) = (options.mode, options.bounds);
    let search = Search { inventory, rules, finder, mode, bounds, idle: &idle };
    let threads = pass::threads(options.jobs)?;
    let pass = Pass::new(options, progress, &threads);
    let mut tally = Tally { gaps: evidence.gaps.clone(), ..Tally::default() };
    let merged = Mutex::new(Tally::default());
    pass.each(evidence.sources.iter().collect(), |source| {
        let yielded = read(source, pass, search);
        lock(&merged).merge(yielded);
    });
    tally.merge(merged.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(tally)
}

/// Reads and scans one source: the streams in it become yields.
fn read(source: &Source, pass: Pass<'_>, search: Search<'_>) -> Tally {
    let mut tally = Tally::default();
    let end = source.read(pass.limits, &mut |stream| {
        let (id, yielded) = scan(stream, pass, search);
        tally.merge(Tally::of_stream(id, yielded));
    });
    pass.progress.done(&source.name, end.bytes);
    tally.sources.insert(source.name.clone(), end);
    tally
}

/// Scans one stream.
fn scan(stream: &mut Stream<'_>, pass: Pass<'_>, search: Search<'_>) -> (ContentId, Yield) {
    let name = stream.name.clone();
    let known = Known::default();
    let worker = || |framed: &Framed| search.scan(framed, &name, &known);
    let mut part = Part::default();
    let walked = pass.walk(stream, worker, |next| known.append(&mut part, next));
    part.close();
    let (id, stream) = facts(stream, &*walked.format, walked.skipped, pass, search.rules);
    (id, Yield { stream, part, ..Yield::default() })
}

/// What is known of a stream that was read, of whose bytes so many lie in no entry.
pub(crate) fn facts(
    stream: &mut Stream<'_>,
    format: &dyn event::Format,
    skipped: u64,
    pass: Pass<'_>,
    rules: &RuleSet,
) -> (ContentId, StreamFacts) {
    let name = stream.name.clone();
    let mut end = stream.finish();
    end.gaps.extend(skipped_gap(&name, skipped, pass.limits.entry_bytes));
    let facts = StreamFacts {
        names: vec![name],
        bytes: end.bytes,
        head: end.head(),
        format: format.name().to_owned(),
        log: format.kind().log.to_owned(),
        unable: rules.obstacles(format),
        gaps: end.gaps,
    };
    (end.id, facts)
}

fn skipped_gap(name: &str, skipped: u64, most: usize) -> Option<Gap> {
    (skipped > 0).then(|| Gap {
        source: name.to_owned(),
        kind: GapKind::Limit,
        detail: format!(
            "{skipped} bytes were not examined: entries longer than {most} bytes are cut"
        ),
    })
}

/// The report on a tally: a pure function of it, of the inventory and of the rules.
pub fn conclude(tally: &Tally, inventory: &Inventory, rules: &RuleSet, run: Run) -> Report {
    Report::new(case::conclude(tally, inventory, rules), tally, run)
}

/// The same report from cases that were judged elsewhere, site by site
/// ([`case::judged`]): the tally holds what is of no site.
pub fn assemble(
    judged: Vec<Judged>,
    estate: &Estate,
    tally: &Tally,
    inventory: &Inventory,
    rules: &RuleSet,
    run: Run,
) -> Report {
    let conclusion = case::assemble(judged, tally, estate, inventory, rules);
    Report::new(conclusion, tally, run)
}
