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
//! [`Tally`], `read` is what it does with one source, and [`conclude`] makes the report, a pure
//! function of the tally.

pub mod time;
pub mod source;
pub mod line;
pub mod event;
pub mod element;
pub mod rule;
pub mod scan;
pub mod case;
pub mod report;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use element::Finder;
use event::Format;
use line::{Block, Blocks};
use report::{Report, Run};
use rule::RuleSet;
use scan::{Mode, Part, Scanner, StreamFacts, Tally, Yield};
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
            jobs: 0,
            block: 1 << 20,
        }
    }
}

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

/// The bytes of a stream's head by which its format is recognised.
pub const HEAD: usize = 1 << 16;

/// Everything that a sweep's threads share.
#[derive(Clone, Copy)]
struct Sweep<'s> {
    inventory: &'s Inventory,
    rules: &'s RuleSet,
    finder: &'s Finder,
    options: &'s Options,
    progress: &'s dyn Progress,
    /// The threads that scan; `None` for one thread that does everything.
    pool: Option<&'s rayon::ThreadPool>,
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
    let jobs = match options.jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let pool = pool.map_err(std::io::Error::other)?;
    let inventory = &evidence.inventory;
    let pool = (jobs > 1).then_some(&pool);
    let sweep = Sweep { inventory, rules, finder, options, progress, pool };
    let mut tally = Tally { gaps: evidence.gaps.clone(), ..Tally::default() };
    // Each reader unpacks one source at a time, so that memory does not grow with their number.
    let queue = largest_first(&evidence.sources);
    let next = AtomicUsize::new(0);
    let merged = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(queue.len()) {
            scope.spawn(|| {
                while let Some(source) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let yielded = read(source, sweep);
                    merged.lock().unwrap_or_else(std::sync::PoisonError::into_inner).merge(yielded);
                }
            });
        }
    });
    tally.merge(merged.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    Ok(tally)
}

/// The largest source is begun first, so that no thread is left alone with it at the end.
fn largest_first(sources: &[Source]) -> Vec<&Source> {
    let mut queue: Vec<&Source> = sources.iter().collect();
    queue.sort_by_key(|source| std::cmp::Reverse(source.size));
    queue
}

/// Reads and scans one source: the streams in it become yields.
fn read(source: &Source, sweep: Sweep<'_>) -> Tally {
    let mut tally = Tally::default();
    let end = source.read(&sweep.options.limits, &mut |stream| {
        let (id, yielded) = read_stream(stream, sweep);
        tally.merge(Tally { streams: BTreeMap::from([(id, yielded)]), ..Tally::default() });
    });
    sweep.progress.done(&source.name, end.bytes);
    tally.sources.insert(source.name.clone(), end);
    tally
}

/// A block and the format that it begins in.
type Framed = (Block, Arc<dyn Format>);

/// Scans one stream: while one batch of blocks is scanned, the next is read.
fn read_stream(stream: &mut Stream<'_>, sweep: Sweep<'_>) -> (ContentId, Yield) {
    let name = stream.name.clone();
    let mut blocks = Blocks::new(stream, sweep.options.block);
    let first = event::recognise(blocks.peek(HEAD), &sweep.options.events).format;
    blocks.frame(first.framing());
    let mut part = Part::default();
    let mut format = Arc::clone(&first);
    let mut batch = take(&mut blocks, &mut format, sweep);
    while !batch.is_empty() {
        let mut parts = Vec::new();
        let mut next = Vec::new();
        if let Some(pool) = sweep.pool {
            pool.in_place_scope(|scope| {
                scope.spawn(|_| parts = scan_in_parallel(&batch, &name, sweep));
                next = take(&mut blocks, &mut format, sweep);
            });
        } else {
            let mut scanner = sweep.scanner();
            parts.extend(batch.iter().map(|(block, f)| scanner.scan(block, &**f, &name)));
            next = take(&mut blocks, &mut format, sweep);
        }
        for next in parts {
            part.append(next);
        }
        sweep.progress.scanned(&name, batch.iter().map(|(b, _)| b.bytes.len() as u64).sum());
        batch = next;
    }
    let skipped = blocks.skipped();
    let mut end = stream.finish();
    end.gaps.extend(skipped_gap(&name, skipped));
    let facts = StreamFacts {
        names: vec![name],
        bytes: end.bytes,
        format: first.name().to_owned(),
        log: first.kind().log.to_owned(),
        unable: sweep.rules.unable(&*first),
        gaps: end.gaps,
    };
    (end.id, Yield { stream: facts, part })
}

fn scan_in_parallel(batch: &[Framed], name: &str, sweep: Sweep<'_>) -> Vec<Part> {
    let scan =
        |scanner: &mut Scanner<'_>, (block, format): &Framed| scanner.scan(block, &**format, name);
    batch.par_iter().map_init(|| sweep.scanner(), scan).collect()
}

/// The next blocks, as many as keep all threads busy.
fn take(
    blocks: &mut Blocks<'_, '_>,
    format: &mut Arc<dyn Format>,
    sweep: Sweep<'_>,
) -> Vec<Framed> {
    let many = sweep.pool.map_or(1, |pool| 2 * pool.current_num_threads());
    let mut batch = Vec::with_capacity(many);
    for block in blocks.by_ref().take(many) {
        let begins_in = Arc::clone(format);
        if let Some(after) = begins_in.after(&block.bytes) {
            *format = after;
        }
        batch.push((block, begins_in));
    }
    batch
}

fn skipped_gap(name: &str, skipped: u64) -> Option<Gap> {
    (skipped > 0).then(|| Gap {
        source: name.to_owned(),
        kind: GapKind::Limit,
        detail: format!(
            "{skipped} bytes were not examined: entries longer than {} bytes are cut",
            line::ENTRY_CAP
        ),
    })
}

impl<'s> Sweep<'s> {
    fn scanner(self) -> Scanner<'s> {
        Scanner::new(self.rules, self.finder, self.inventory, self.options.mode)
    }
}

/// The report on a tally: a pure function of it, of the inventory and of the rules.
pub fn conclude(tally: &Tally, inventory: &Inventory, rules: &RuleSet, run: Run) -> Report {
    Report {
        schema: report::SCHEMA.to_owned(),
        run: run.with_sources(tally),
        sites: case::cases(tally, inventory, rules),
    }
}
