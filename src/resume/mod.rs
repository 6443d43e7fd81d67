//! How is read on where earlier runs ended?
//!
//! What the ledger knows is not read; a log that begins as one that is known, and has its bytes up
//! to the mark, is scanned only behind it; everything else is read as by a sweep. What every file
//! yielded is settled before the next is begun.

mod reading;
mod renew;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::element::Finder;
use crate::event;
use crate::ledger::{Candidate, Content, Ledger, LedgerError, Mark, print};
use crate::line::Blocks;
use crate::pass::{self, Framed, Pass};
use crate::rule::RuleSet;
use crate::scan::{Known, Tally};
use crate::source::{Evidence, Gap, Source, Stop, Stream};
use crate::{HEAD, Options, Progress, Search, facts, lock};
use reading::{Reading, rest, resumable};
use renew::{Idle, Renewal, lacking};

/// Reads what is new in the evidence, and returns the tally of everything that was ever read:
/// that of one sweep over all of it.
///
/// # Errors
///
/// If the state cannot be read or written, or the operating system gives no threads. What was
/// finished before stays.
pub fn resume(
    evidence: &Evidence,
    rules: &RuleSet,
    finder: &Finder,
    options: &Options,
    progress: &dyn Progress,
    ledger: &Ledger,
) -> Result<Tally, LedgerError> {
    let (inventory, mode, idle) = (&evidence.inventory, options.mode, Mutex::default());
    let bounds = options.bounds;
    let search = Search { inventory, rules, finder, mode, bounds, idle: &idle };
    let threads = pass::threads(options.jobs)?;
    let pass = Pass::new(options, progress, &threads);
    let lacking = lacking(ledger, rules);
    let waiting: BTreeMap<i64, Idle<'_>> =
        lacking.keys().map(|setting| (*setting, Idle::default())).collect();
    let renewals = lacking.iter().zip(waiting.values());
    let renewals = renewals.map(|((of, lacking), idle)| (*of, lacking.renewal(search, idle)));
    let renewals = &renewals.collect();
    let reader = Reader { pass, search, ledger, renewals };
    let (failed, left) = (Mutex::new(None), Mutex::new(Vec::new()));
    let read = |source: &Source| {
        if options.limits.stop.is_set() {
            lock(&left).push(Stop::gap(&source.name));
        } else if lock(&failed).is_none()
            && let Err(error) = reader.file(source)
        {
            lock(&failed).get_or_insert(error);
        }
    };
    // Files that the program did not survive come last, each alone: so none is taken for another.
    let (suspects, sound): (Vec<&Source>, Vec<&Source>) =
        evidence.sources.iter().partition(|source| ledger.crashes(source) > 0);
    pass.each(sound, read);
    for suspect in suspects {
        pass.each(vec![suspect], read);
    }
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    conclude(evidence, ledger, left.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The tally of everything. A run that left something says nothing of what is gone: it may be in
/// what it left.
fn conclude(evidence: &Evidence, ledger: &Ledger, left: Vec<Gap>) -> Result<Tally, LedgerError> {
    if left.is_empty() {
        ledger.close()?;
    }
    let mut tally = ledger.tally()?;
    let gaps = evidence.gaps.iter().cloned().chain(left).collect();
    tally.merge(Tally { gaps, ..Tally::default() });
    Ok(tally)
}

/// What the threads share.
#[derive(Clone, Copy)]
struct Reader<'r> {
    pass: Pass<'r>,
    search: Search<'r>,
    ledger: &'r Ledger,
    /// By earlier setting.
    renewals: &'r BTreeMap<i64, Renewal<'r>>,
}

/// How a file's streams are read.
#[derive(Default)]
struct Decided {
    /// It cannot be read again, should its beginning deceive: a pipe.
    once: bool,
    /// What each stream goes on from, as far as it had to be read to know that.
    streams: BTreeMap<String, Option<Candidate>>,
}

impl Reader<'_> {
    /// Reads a file, if it must be.
    fn file(self, source: &Source) -> Result<(), LedgerError> {
        if self.ledger.skips(source) || self.ledger.knows(source, self.search.inventory)? {
            self.pass.progress.done(&source.name, source.size.unwrap_or(0));
            return Ok(());
        }
        self.ledger.begin(source)?;
        let mut decided = Decided { once: source.stamp().is_none(), ..Decided::default() };
        while !self.streams(source, &mut decided)? {}
        Ok(())
    }

    /// Reads the streams of a file and settles it; `false` if one was not what its beginning said,
    /// so that the file must be read again.
    fn streams(self, source: &Source, decided: &mut Decided) -> Result<bool, LedgerError> {
        let stamp = source.stamp();
        let (mut contents, mut failed) = (Vec::new(), None);
        let mut refuted = false;
        let end = source.read(self.pass.limits, &mut |stream| match self.stream(stream, decided) {
            Ok(Some(content)) => contents.push(content),
            Ok(None) => {
                refuted = true;
                stream.leave();
            }
            Err(error) => {
                failed.get_or_insert(error);
                stream.leave();
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if !refuted {
            self.pass.progress.done(&source.name, end.bytes);
            self.ledger.settle(source, stamp, end, contents)?;
        }
        Ok(!refuted)
    }

    /// Reads one stream; `None` if it must be read again from its start, as is then decided.
    fn stream(
        self,
        stream: &mut Stream<'_>,
        decided: &mut Decided,
    ) -> Result<Option<Content>, LedgerError> {
        let name = stream.name.clone();
        let place = self.search.inventory.place(&name).basis();
        let head = stream.head(HEAD);
        let events = self.pass.events.of(&name, stream.written);
        let format = event::recognise(&head, &events).format;
        let mut reading = Reading::new(print(&head), format);
        let from = match self.from(stream, &head, &place, decided) {
            Ok(from) => from,
            Err(choice) => {
                decided.streams.insert(name, choice);
                return Ok(None);
            }
        };
        let skipped = match &from {
            Some(from) if let Some(renewal) = self.renewal(from) => {
                self.renew(stream, head, from, renewal, &mut reading)?
            }
            Some(from)
                if from.lacks.is_none()
                    && let Some(mark) = resumable(from) =>
            {
                self.go_on(stream, from, mark, &mut reading)?
            }
            _ => Some(self.scan(Blocks::behind(head, stream, self.pass.block), &mut reading)),
        };
        let Some(skipped) = skipped else {
            decided.streams.insert(name, None);
            return Ok(None);
        };
        Ok(Some(self.content(stream, place, reading, skipped, from)))
    }

    /// Scans what lies behind the mark; `None` if before it lies something else than did. Returns
    /// how many bytes lie in no entry.
    fn go_on(
        self,
        stream: &mut Stream<'_>,
        from: &Candidate,
        mark: Mark,
        reading: &mut Reading,
    ) -> Result<Option<u64>, LedgerError> {
        let Some(rest) = rest(stream, from, mark) else { return Ok(None) };
        let (until_mark, _) = self.ledger.parts(from.content)?;
        reading.go_on(until_mark, rest.sum, mark);
        let size = self.pass.block;
        let blocks = Blocks::resumed(rest.bytes, stream, size, mark.offset, mark.line);
        Ok(Some(self.scan(blocks, reading)))
    }

    /// What the stream goes on from; an error if it had to be read to know that, so that it must
    /// be read again.
    fn from(
        self,
        stream: &mut Stream<'_>,
        head: &[u8],
        place: &str,
        decided: &Decided,
    ) -> Result<Option<Candidate>, Option<Candidate>> {
        if decided.once {
            return Ok(None);
        }
        if let Some(choice) = decided.streams.get(&stream.name) {
            return Ok(choice.clone());
        }
        let candidates = self.ledger.candidates(head, place);
        let in_head = |candidate: &Candidate| candidate.bytes <= head.len() as u64;
        match candidates.as_slice() {
            [] => Ok(None),
            [only]
                if in_head(only) || resumable(only).is_some() || self.renewal(only).is_some() =>
            {
                Ok(Some(only.clone()))
            }
            several => Err(furthest(stream, several, head.len())),
        }
    }

    /// Scans the blocks; returns how many bytes lie in no entry.
    fn scan(self, blocks: Blocks<'_, '_>, reading: &mut Reading) -> u64 {
        let name = blocks.name().to_owned();
        let known = Known::default();
        let worker = || |framed: &Framed| self.search.scan(framed, &name, &known);
        let format = Arc::clone(&reading.format);
        let append = |part, block: &Framed| reading.append(part, block, &known);
        self.pass.walk_on(&name, blocks, format, worker, append).skipped
    }

    fn content(
        self,
        stream: &mut Stream<'_>,
        place: String,
        reading: Reading,
        skipped: u64,
        from: Option<Candidate>,
    ) -> Content {
        let name = stream.name.clone();
        let (id, facts) = facts(stream, &*reading.format, skipped, self.pass, self.search.rules);
        let Reading { mark, mut until_mark, mut tail, print, .. } = reading;
        let mark = mark.filter(|mark| skipped == 0 && mark.offset >= HEAD as u64);
        if mark.is_none() {
            until_mark.append(std::mem::take(&mut tail));
            until_mark.close();
        }
        let from = from.map(|candidate| candidate.content);
        Content { name, id, place, print, facts, mark, until_mark, tail, from }
    }
}

/// The furthest candidate whose bytes the stream has. One that lies in the head is known to be.
fn furthest(stream: &mut Stream<'_>, candidates: &[Candidate], head: usize) -> Option<Candidate> {
    let mut found = None;
    for candidate in candidates {
        let known = candidate.bytes <= head as u64;
        if known || stream.pass_to(candidate.bytes) && stream.sum().id() == candidate.sum {
            found = Some(candidate.clone());
        }
    }
    found
}
