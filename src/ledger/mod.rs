//! What have we already read?
//!
//! A [`Ledger`] is the state of scheduled runs: one part of a tally for every content that was
//! read, and where it was last seen. A run reads only what is new, keeps what that yielded, and
//! makes the tally of everything ([`Ledger::tally`]); the report on it is byte for byte that of one
//! sweep over all evidence.
//!
//! # How a log is known again
//!
//! * By its [`Stamp`]: as long as path, file system, inode, size and both times
//!   of a file stay the same, it is not opened. A stamp that was taken within [`SETTLED`] of the
//!   file's last change is not believed. Who can set the clock or write to the disk past the file
//!   system can forge a stamp: `--rehash` believes none.
//! * By its bytes: a file under another name, on another disk, with another inode, whose SHA-256 is
//!   known costs one hash.
//! * By its beginning: a log that grew, was rotated or compressed begins with the same 4 KiB
//!   ([`print()`]), and then the SHA-256 of its decompressed bytes up to the [`Mark`] must be what it
//!   was. Only what lies behind the mark is scanned.
//!
//! Inodes are never an identity. What was read before and is in no file any more although its file
//! is still there, or although the entries now there overlap it in time, was emptied or rewritten:
//! a [`GapKind::Rewritten`].
//!
//! # When the rules change
//!
//! Of all that a stream yields, only what each rule found depends on the rules, and on that rule
//! alone. So what was read under other rules is, for rules that are the same ([`RuleSet::fingerprint`]),
//! what would be read now; for the others, what [`OnChange`] says is done, as long as the log is
//! there. What is gone is a [`GapKind::Earlier`] that names the rules which did not look at it.
//!
//! # Guarantees
//!
//! * One transaction for each finished file: a program that is killed at any moment has read a file
//!   whole or not at all, and the next run ends with the same tally.
//! * One run at a time: a lock of the kernel, which dies with its process.
//! * Nothing raw is in the state: excerpts are masked, values are fingerprints under the case key.
//! * What a file held stays known when the file is gone, until [`Shelf::drop_before`] or
//!   [`Shelf::forget`].

mod books;
mod drawer;
mod earlier;
mod error;
mod home;
mod kept;
mod news;
mod setting;
mod shelf;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::rule::RuleSet;
use crate::scan::{Part, Tally, Yield};
use crate::source::{ContentId, Gap, GapKind, Inventory, Source, SourceEnd, Stamp, Sum};

pub use error::LedgerError;
pub use home::Home;
pub use kept::{Content, Mark};
pub use news::{Fresh, News, Told, Turn};
pub use setting::{OnChange, Setting};
pub use shelf::{Piece, Shelf};

use books::Books;
use earlier::Earlier;
use kept::{File, Kept};
use store::Store;

/// A file that changed less than this before it was looked at may change again within the same
/// tick of the file system's clock.
pub const SETTLED: Duration = Duration::from_secs(2);

/// Bytes of a stream's beginning by which candidates for going on are found.
const PRINT: usize = 4096;

/// Streams of the state that are merged into a tally at once.
const AT_ONCE: usize = 1 << 10;

/// The program may end this often while it reads a file, before the file is skipped.
const CRASHES: u32 = 2;

/// A short mark of a stream's first 4 KiB; 0 of a stream that has not so many.
pub fn print(head: &[u8]) -> u64 {
    let Some(head) = head.get(..PRINT) else { return 0 };
    let mut sum = Sum::default();
    sum.add(head);
    sum.id().0.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// The state of scheduled runs. Threads may share it.
#[derive(Debug)]
pub struct Ledger {
    /// The number in the state of the setting of now.
    number: i64,
    /// Earlier settings by their numbers.
    earlier: BTreeMap<i64, Earlier>,
    rehash: bool,
    /// Stamps of files that changed later are not believed, nanoseconds since the epoch.
    settled: i64,
    books: Mutex<Books>,
    _home: Home,
}

/// A content that a stream may be the continuation of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The content's number in the state.
    pub content: i64,
    /// Its bytes.
    pub bytes: u64,
    /// Their sum: the stream must have the same up to there.
    pub sum: ContentId,
    /// Until where it was read for good; without it, the stream is read from its start.
    pub mark: Option<Mark>,
    /// The number of the earlier setting in which it was read, if it must be completed
    /// ([`Ledger::lacking`]).
    pub lacks: Option<i64>,
}

impl Ledger {
    /// Opens the state for sweeps in a setting.
    ///
    /// # Errors
    ///
    /// If the state cannot be read or written, is damaged, of another version, or was made under
    /// another case key.
    pub fn open(home: Home, setting: &Setting, rehash: bool) -> Result<Self, LedgerError> {
        let mut store = Store::open(&home)?;
        store.agree("case key", &setting.key, &home)?;
        let number = store.setting(setting)?;
        let others = store.settings()?.into_iter().filter(|(other, _)| *other != number);
        let earlier = others.map(|(other, then)| (other, Earlier::new(setting, &then))).collect();
        let settled = SystemTime::now() - SETTLED;
        let settled = settled.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let books = Mutex::new(Books::load(store)?);
        let settled = settled.as_nanos() as i64;
        Ok(Self { number, earlier, rehash, settled, books, _home: home })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what a file holds is known, so that it need not be read; notes where it is.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub fn knows(&self, source: &Source, inventory: &Inventory) -> Result<bool, LedgerError> {
        let Some(stamp) = source.stamp() else { return Ok(false) };
        let mut books = self.books();
        let known = books.files.get(&source.name).filter(|file| file.stamp == stamp);
        if !self.rehash
            && known.is_some_and(|file| self.holds_good(&books, file, &source.name, inventory))
        {
            books.met.insert(source.name.clone());
            return Ok(true);
        }
        if !books.sizes.contains(&stamp.size) {
            return Ok(false);
        }
        drop(books);
        let Ok(sum) = source.sum() else { return Ok(false) };
        let mut books = self.books();
        let Some((path, file)) = books.sums.get(&sum).cloned() else { return Ok(false) };
        if !self.holds_good(&books, &file, &source.name, inventory) {
            return Ok(false);
        }
        let file = file.renamed(&path, &source.name, self.believed(stamp));
        books.put_file(&source.name, file)?;
        Ok(true)
    }

    /// A stamp as it is kept: of no worth if the file may change again unseen.
    fn believed(&self, stamp: Stamp) -> Stamp {
        let settled = stamp.changed.max(stamp.modified) < self.settled;
        if settled { stamp } else { Stamp { changed: 0, ..stamp } }
    }

    /// Whether everything in the file was read in this setting, and the name `name` would give its
    /// entries the same sites.
    fn holds_good(&self, books: &Books, file: &File, name: &str, inventory: &Inventory) -> bool {
        file.holds.iter().all(|(inside, id)| {
            let place = inventory.place(&format!("{name}{inside}")).basis();
            let kept = books.kept.get(id);
            kept.is_some_and(|kept| kept.place == place && self.is_usable(kept))
        })
    }

    /// Whether what a content yielded in another setting may stand.
    fn is_usable(&self, kept: &Kept) -> bool {
        self.earlier.get(&kept.setting).map_or(kept.setting == self.number, Earlier::stands)
    }

    /// By earlier setting: the rules for which what was read in it must be read again, and for
    /// which alone.
    pub fn lacking(&self) -> BTreeMap<i64, &BTreeSet<u32>> {
        let books = self.books();
        let used: BTreeSet<i64> = books.kept.values().map(|kept| kept.setting).collect();
        let used = self.earlier.iter().filter(|(number, _)| used.contains(number));
        used.filter_map(|(number, earlier)| Some((*number, earlier.lacks()?))).collect()
    }

    /// The contents that a stream which begins so may go on from, shortest first. Of those that the
    /// head holds whole, it is known: at most one of them is among the candidates.
    pub fn candidates(&self, head: &[u8], place: &str) -> Vec<Candidate> {
        let books = self.books();
        let fits = |id: &i64| {
            let kept = books.kept.get(id)?;
            let lacks = self.earlier.get(&kept.setting).and_then(Earlier::lacks);
            let lacks = lacks.map(|_| kept.setting);
            let usable = lacks.is_some() || self.is_usable(kept);
            let Kept { bytes, sum, mark, .. } = *kept;
            (usable && kept.place == place && bytes > 0).then_some(Candidate {
                content: *id,
                bytes,
                sum,
                mark,
                lacks,
            })
        };
        let alike = books.by_print.get(&print(head)).into_iter().flatten();
        let mut alike: Vec<Candidate> = alike.filter_map(fits).collect();
        alike.sort_by_key(|candidate| candidate.bytes);
        let long = alike.split_off(alike.partition_point(|c| c.bytes <= head.len() as u64));
        let short = books.short.range(..=head.len() as u64).copied();
        let (mut sum, mut at, mut whole) = (Sum::default(), 0, None);
        for end in short.chain(alike.iter().map(|candidate| candidate.bytes)) {
            sum.add(&head[at..end as usize]);
            at = end as usize;
            whole = books.by_sum.get(&sum.id()).into_iter().flatten().find_map(fits).or(whole);
        }
        whole.into_iter().chain(long).collect()
    }

    /// What a content yielded, up to its mark and behind it.
    ///
    /// # Errors
    ///
    /// If the state cannot be read.
    pub fn parts(&self, content: i64) -> Result<(Part, Part), LedgerError> {
        let books = self.books();
        let Some(kept) = books.kept.get(&content) else { return Ok(Default::default()) };
        let (_, mut until_mark, mut tail) = books.store.body(content, kept)?;
        if let Some(earlier) = self.earlier.get(&kept.setting) {
            earlier.translate(&mut until_mark);
            earlier.translate(&mut tail);
        }
        Ok((until_mark, tail))
    }

    /// How often the program ended while it read this file as it is.
    pub fn crashes(&self, source: &Source) -> u32 {
        let books = self.books();
        let attempt = books.attempts.get(&source.name);
        attempt.filter(|(stamp, _)| *stamp == token(source)).map_or(0, |(_, count)| *count)
    }

    /// Whether the program ended so often while it read this file that it is not read again; that
    /// is a gap of this run.
    pub fn skips(&self, source: &Source) -> bool {
        let skips = self.crashes(source) >= CRASHES;
        if skips {
            let detail = format!(
                "the program ended {CRASHES} times while it read this file; skipped until it changes or `state forget` names it"
            );
            let gap = Gap { source: source.name.clone(), kind: GapKind::Skipped, detail };
            self.books().gaps.push(gap);
        }
        skips
    }

    /// Notes that a file is about to be read.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub fn begin(&self, source: &Source) -> Result<(), LedgerError> {
        let count = self.crashes(source) + 1;
        self.books().store.begin(&source.name, &token(source), count)
    }

    /// Keeps what a file held, in one transaction.
    ///
    /// # Errors
    ///
    /// If the state cannot be written: then nothing of the file is kept.
    pub fn settle(
        &self,
        source: &Source,
        stamp: Option<Stamp>,
        end: SourceEnd,
        contents: Vec<Content>,
    ) -> Result<(), LedgerError> {
        let stamp = self.believed(stamp.unwrap_or_default());
        self.books().settle(&source.name, stamp, end, contents, self.number)
    }

    /// Brings the state to the end of a run: forgets names that are no more, and contents of which
    /// longer ones were read; says what was rewritten.
    ///
    /// # Errors
    ///
    /// If the state cannot be read or written.
    pub fn close(&self) -> Result<(), LedgerError> {
        self.books().close()
    }

    /// What all evidence yielded, whenever it was read.
    ///
    /// # Errors
    ///
    /// If the state cannot be read, or is damaged.
    pub fn tally(&self) -> Result<Tally, LedgerError> {
        let books = self.books();
        let mut tally = Tally { gaps: books.gaps.clone(), ..Tally::default() };
        for (path, file) in &books.files {
            tally.sources.insert(path.clone(), file.end.clone());
        }
        let held = books.held(|_| true);
        let names = books.names();
        // Merging looks at everything that is there: so many streams at once.
        let mut some = BTreeMap::new();
        books.store.bodies(|id, body| {
            let (Some(kept), Some(names)) = (books.kept.get(&id), names.get(&id)) else {
                return Ok(());
            };
            if !held.contains(&id) {
                let end = SourceEnd { sha256: kept.sum, bytes: kept.bytes, gaps: Vec::new() };
                tally.sources.insert(names[0].clone(), end);
            }
            if some.len() >= AT_ONCE || some.contains_key(&kept.sum) {
                let streams = std::mem::take(&mut some);
                tally.merge(Tally { streams, ..Tally::default() });
            }
            some.insert(kept.sum, self.yielded(&books, id, kept, body, names.clone())?);
            Ok(())
        })?;
        tally.merge(Tally { streams: some, ..Tally::default() });
        Ok(tally)
    }

    fn yielded(
        &self,
        books: &Books,
        id: i64,
        kept: &Kept,
        body: &str,
        names: Vec<String>,
    ) -> Result<Yield, LedgerError> {
        let (mut stream, mut part, tail) = books.store.complete(kept, body)?;
        part.append(tail);
        part.close();
        stream.gaps.extend(kept.notes.iter().cloned());
        if let Some(earlier) = self.earlier.get(&kept.setting) {
            earlier.translate(&mut part);
            stream.unable = earlier.unable(&stream.unable).into();
            stream.gaps.extend(earlier.gap(&names[0]));
        }
        for gap in &mut stream.gaps {
            gap.source.clone_from(&names[0]);
        }
        stream.gaps.sort();
        stream.names = names;
        let (trails, prefixes) = books.store.followed(id)?;
        Ok(Yield { stream, part, trails, prefixes })
    }

    /// Keeps what a second pass added to the tally: trails, and sums of beginnings.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub fn keep_followed(&self, tally: &Tally) -> Result<(), LedgerError> {
        let mut books = self.books();
        let names = books.names();
        let of = |id: &i64, names: &[String]| {
            let yielded = tally.streams.get(&books.kept[id].sum)?;
            let same = yielded.stream.names.first() == names.first();
            let found = !yielded.trails.is_empty() || !yielded.prefixes.is_empty();
            (same && found).then_some((*id, (&yielded.trails, &yielded.prefixes)))
        };
        let followed: Vec<_> = names.iter().filter_map(|(id, names)| of(id, names)).collect();
        books.store.keep_followed(&followed)
    }

    /// What was told before.
    ///
    /// # Errors
    ///
    /// If the state cannot be read.
    pub fn told(&self) -> Result<Told, LedgerError> {
        self.books().store.told()
    }

    /// Up to which byte the hits of each stream were told, by the stream's first name.
    pub fn fresh(&self, told: &Told, rules: &RuleSet) -> Fresh {
        let books = self.books();
        let names = books.names();
        let until = names
            .into_iter()
            .filter_map(|(id, names)| Some((names.into_iter().next()?, books.told_until(id))));
        Fresh::new(until.collect(), told, rules)
    }

    /// Notes that everything was told: called when all outputs are on disk.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub fn tell(&self, told: &Told) -> Result<(), LedgerError> {
        self.books().store.tell(told)
    }
}

/// What tells one state of a file from another, for attempts.
fn token(source: &Source) -> String {
    let stamp = source.stamp().unwrap_or_default();
    format!("{}:{}", stamp.size, stamp.modified)
}
