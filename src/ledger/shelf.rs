//! What is in the state, and how is something taken out of it?

use std::collections::BTreeSet;

use super::kept::Kept;
use super::store::Store;
use super::{Books, Home, LedgerError};
use crate::source::Source;
use crate::time::Time;

/// A state that is looked through or tidied up; no sweep needs it.
#[derive(Debug)]
pub struct Shelf {
    books: Books,
    home: Home,
}

/// One content of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its names; of a content whose name was taken by another, what it is called.
    pub names: Vec<String>,
    /// Whether a file of that name is there.
    pub is_there: bool,
    /// Decompressed bytes that were read.
    pub bytes: u64,
    /// Entries.
    pub entries: u64,
    /// The last time in it.
    pub last: Option<Time>,
    /// Its sum in hexadecimal.
    pub sum: String,
}

impl Shelf {
    /// Opens a state that is there.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn open(home: Home) -> Result<Self, LedgerError> {
        let books = Books::load(Store::open(&home)?)?;
        Ok(Self { books, home })
    }

    /// Everything in it, in the order of the names.
    pub fn pieces(&self) -> Vec<Piece> {
        let names = self.books.names();
        let mut pieces: Vec<Piece> =
            names.into_iter().filter_map(|(id, names)| self.piece(id, names)).collect();
        pieces.sort_by(|a, b| a.names.cmp(&b.names));
        pieces
    }

    fn piece(&self, id: i64, names: Vec<String>) -> Option<Piece> {
        let kept = self.books.kept.get(&id)?;
        let (entries, last) = (kept.entries, kept.ends.map(|(_, last)| last));
        let is_there = names.iter().any(|name| Source::holding(name).is_some());
        let sum = kept.sum.to_string();
        Some(Piece { names, is_there, bytes: kept.bytes, entries, last, sum })
    }

    /// Bytes of the state on disk.
    pub fn size(&self) -> u64 {
        let files = ["state.db", "state.db-wal"].map(|name| self.home.dir().join(name));
        files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|meta| meta.len()).sum()
    }

    /// Files that are not read again because the program ended while it read them.
    pub fn skipped(&self) -> Vec<&str> {
        let skipped = self.books.attempts.iter().filter(|(_, (_, n))| *n >= super::CRASHES);
        skipped.map(|(path, _)| path.as_str()).collect()
    }

    /// Forgets files by their path, or all in a folder: what is still there is read again, and all
    /// of it is new. Returns how many contents that were.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub fn forget(&mut self, path: &str) -> Result<usize, LedgerError> {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let named = |name: &str| name == path || name.starts_with(&folder);
        let files = self.books.files.keys().chain(self.books.attempts.keys());
        let paths: BTreeSet<String> = files.filter(|file| named(file)).cloned().collect();
        let held = self.books.held(|path| !paths.contains(path));
        let its = |(id, kept): (&i64, &Kept)| named(file_of(&kept.name)) && !held.contains(id);
        let kept = self.books.kept.iter();
        let contents: Vec<i64> = kept.filter(|entry| its(*entry)).map(|(id, _)| *id).collect();
        let paths: Vec<String> = paths.into_iter().collect();
        self.drop_all(&paths, &contents)?;
        Ok(contents.len())
    }

    /// Drops what is no longer there and whose last entry is older than a time: from then on no
    /// report counts it. Returns how many contents that were.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub fn drop_before(&mut self, time: Time) -> Result<usize, LedgerError> {
        let there = |path: &String| Source::holding(path).is_some();
        let held = self.books.held(there);
        let old = |(id, kept): &(&i64, &Kept)| {
            kept.ends.is_none_or(|(_, last)| last < time) && !held.contains(id)
        };
        let kept = self.books.kept.iter();
        let contents: Vec<i64> = kept.filter(old).map(|(id, _)| *id).collect();
        let dropped: BTreeSet<i64> = contents.iter().copied().collect();
        let empty = |(path, file): &(&String, &std::sync::Arc<super::File>)| {
            !there(path) && file.holds.iter().all(|(_, id)| dropped.contains(id))
        };
        let files = self.books.files.iter();
        let paths: Vec<String> = files.filter(empty).map(|(path, _)| path.clone()).collect();
        self.drop_all(&paths, &contents)?;
        Ok(contents.len())
    }

    fn drop_all(&mut self, paths: &[String], contents: &[i64]) -> Result<(), LedgerError> {
        self.books.store.forget(paths, contents)?;
        self.books.files.retain(|path, _| !paths.contains(path));
        self.books.kept.retain(|id, _| !contents.contains(id));
        Ok(())
    }
}

/// The path of the file that a stream lies in.
fn file_of(stream: &str) -> &str {
    stream.split_once('!').map_or(stream, |(file, _)| file)
}
