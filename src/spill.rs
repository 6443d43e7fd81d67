//! Where do numbers go that do not fit into memory?
//!
//! Into a file of our own in the folder for temporary files (`TMPDIR`; on Windows `TEMP`), which
//! only its owner may read and which is gone with the process, however it ends: its name is
//! taken away as soon as it is open (elsewhere than on Unix, at the end). What goes there are
//! keyed hashes, times and numbers, never raw data. [`Sorter`] puts pieces in order in this way, and
//! [`Uniques`] counts distinct hashes, exactly.
//!
//! If the disk is full, memory is used instead, up to [`PATIENCE`] times as much as is held
//! otherwise. What is then left out, and what cannot be read back, is [`lost`], which says so for
//! the whole process: a count without it would be wrong, so that nothing may be told of one.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::OnceLock;

/// How often as much as its bound is held in memory while the disk takes nothing.
pub const PATIENCE: usize = 4;

const RETURNS_NOTHING: &str = "does not give back what was put aside there";

static LOST: OnceLock<String> = OnceLock::new();

/// Why something that was put aside in this process is missing, if anything is.
pub fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// What was done, unless something that was put aside in this process is missing: then why. What is
/// written or told without it would be wrong.
pub fn unless_lost<T>(done: T) -> Result<T, &'static str> {
    lost().map_or(Ok(done), Err)
}

/// Says that something is missing.
pub fn lose(why: &str, error: &io::Error) {
    LOST.get_or_init(|| {
        let folder = std::env::temp_dir();
        format!("the folder for temporary files, {}, {why}: {error}", folder.display())
    });
}

/// A file that numbers are put aside in.
#[derive(Debug)]
pub struct Spill {
    file: File,
    len: u64,
    /// Its name, where an open file cannot be without one.
    named: Option<PathBuf>,
}

impl Drop for Spill {
    fn drop(&mut self) {
        if let Some(path) = &self.named {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Spill {
    /// A new file.
    ///
    /// # Errors
    ///
    /// If the folder for temporary files takes none.
    pub fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir();
        let name = |n: u32| folder.join(format!("leaksweep-{}-{n}.spill", std::process::id()));
        let taken = |file: &io::Result<(File, PathBuf)>| {
            file.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::AlreadyExists)
        };
        let open = |path: PathBuf| Ok((options().open(&path)?, path));
        let mut tried = (0..u32::MAX).map(name).map(open).skip_while(taken);
        let (file, path) =
            tried.next().unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))?;
        let named = std::fs::remove_file(&path).err().map(|_| path);
        Ok(Self { file, len: 0, named })
    }

    /// Puts bytes aside and tells where.
    ///
    /// # Errors
    ///
    /// If the disk takes no more; nothing was put aside then.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<Range<u64>> {
        let from = self.len;
        write_at(&self.file, bytes, from)?;
        self.len += bytes.len() as u64;
        Ok(from..self.len)
    }

    /// Reads bytes back and appends them.
    pub fn read(&self, range: Range<u64>, to: &mut Vec<u8>) {
        let from = to.len();
        to.resize(from + (range.end - range.start) as usize, 0);
        if let Err(error) = read_at(&self.file, &mut to[from..], range.start) {
            lose(RETURNS_NOTHING, &error);
            to.truncate(from);
        }
    }

    /// Reads pieces of `N` bytes back, in their order, so many at a time.
    pub fn pieces<const N: usize>(&self, range: Range<u64>, at_once: usize) -> Pieces<'_, N> {
        Pieces { spill: self, range, at_once, buffer: Vec::new(), at: 0 }
    }
}

/// Pieces of a part of a [`Spill`], in their order.
#[derive(Debug)]
pub struct Pieces<'s, const N: usize> {
    spill: &'s Spill,
    range: Range<u64>,
    at_once: usize,
    buffer: Vec<u8>,
    at: usize,
}

impl<const N: usize> Pieces<'_, N> {
    fn fill(&mut self) {
        let len = ((self.at_once * N) as u64).min(self.range.end - self.range.start);
        self.buffer.resize(len as usize, 0);
        self.at = 0;
        self.range.start += len;
        if let Err(error) = read_at(&self.spill.file, &mut self.buffer, self.range.start - len) {
            lose(RETURNS_NOTHING, &error);
            self.range.start = self.range.end;
            self.buffer.clear();
        }
    }
}

impl<const N: usize> Iterator for Pieces<'_, N> {
    type Item = [u8; N];

    fn next(&mut self) -> Option<[u8; N]> {
        if self.at == self.buffer.len() {
            self.fill();
        }
        let piece = self.buffer.get(self.at..)?.first_chunk().copied()?;
        self.at += N;
        Some(piece)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        bytes = bytes.get(n..).unwrap_or_default();
        at += n as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match std::os::windows::fs::FileExt::seek_read(file, rest, at + done as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => done += n,
        }
    }
    Ok(())
}

/// Puts pieces of `N` bytes in their order, those that are equal once. At most so many are held in
/// memory; more are put aside in sorted runs, which are merged at the end.
#[derive(Debug)]
pub struct Sorter<const N: usize> {
    bound: usize,
    first_bound: usize,
    held: Vec<[u8; N]>,
    runs: Vec<Range<u64>>,
    spill: Option<Spill>,
}

impl<const N: usize> Sorter<N> {
    /// Holds at most so many pieces in memory.
    pub fn new(bound: usize) -> Self {
        let bound = bound.max(1);
        Self { bound, first_bound: bound, held: Vec::new(), runs: Vec::new(), spill: None }
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: [u8; N]) {
        self.held.push(piece);
        if self.held.len() >= self.bound {
            self.tidy();
        }
    }

    /// All pieces in their order, as often as they are wanted.
    pub fn sorted(mut self) -> Sorted<N> {
        self.sort();
        Sorted(self)
    }

    fn sort(&mut self) {
        self.held.sort_unstable();
        self.held.dedup();
    }

    /// Makes room: by leaving out what is there twice, and if that is not enough, on the disk.
    fn tidy(&mut self) {
        self.sort();
        if self.held.len() <= self.bound / 2 {
            return;
        }
        match self.put_aside() {
            Ok(()) => self.held.clear(),
            Err(_) if self.bound < PATIENCE * self.first_bound => self.bound *= 2,
            Err(error) => {
                lose("takes no more", &error);
                self.held.clear();
            }
        }
    }

    fn put_aside(&mut self) -> io::Result<()> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => none.insert(Spill::new()?),
        };
        self.runs.push(spill.append(self.held.as_flattened())?);
        Ok(())
    }
}

/// Pieces of a [`Sorter`], in their order.
#[derive(Debug)]
pub struct Sorted<const N: usize>(Sorter<N>);

impl<const N: usize> Sorted<N> {
    /// The most pieces of a run that are read at once.
    const AT_ONCE: usize = 1 << 10;

    /// All of them. What is read of the runs takes no more memory than the sorter might hold.
    pub fn iter(&self) -> impl Iterator<Item = [u8; N]> + '_ {
        let Self(Sorter { bound, held, runs, spill, .. }) = self;
        let at_once = (bound / runs.len().max(1)).clamp(1, Self::AT_ONCE);
        let of_run = |run: &Range<u64>| Some(spill.as_ref()?.pieces(run.clone(), at_once));
        let mut aside: Vec<Pieces<'_, N>> = runs.iter().filter_map(of_run).collect();
        let mut memory = held.iter().copied();
        let mut next = move |run: usize| match aside.get_mut(run) {
            Some(pieces) => pieces.next(),
            None => memory.next(),
        };
        let first = (0..=runs.len()).filter_map(|run| Some(Reverse((next(run)?, run))));
        let mut heads: BinaryHeap<Reverse<([u8; N], usize)>> = first.collect();
        let mut last = None;
        std::iter::from_fn(move || {
            while let Some(mut head) = heads.peek_mut() {
                let Reverse((piece, run)) = *head;
                match next(run) {
                    Some(following) => *head = Reverse((following, run)),
                    None => drop(PeekMut::pop(head)),
                }
                if last.replace(piece) != Some(piece) {
                    return Some(piece);
                }
            }
            None
        })
    }
}

/// Counts distinct keyed hashes by group, exactly, in bounded memory.
#[derive(Debug)]
pub struct Uniques(Sorter<12>);

impl Default for Uniques {
    fn default() -> Self {
        Self::with_bound(Self::BOUND)
    }
}

impl Uniques {
    /// 12 MiB.
    pub const BOUND: usize = 1 << 20;

    /// Holds at most so many hashes in memory.
    pub fn with_bound(bound: usize) -> Self {
        Self(Sorter::new(bound))
    }

    /// Adds a hash to a group.
    pub fn add(&mut self, group: u32, hash: u64) {
        let mut piece = [0; 12];
        let (of_group, of_hash) = piece.split_at_mut(4);
        of_group.copy_from_slice(&group.to_be_bytes());
        of_hash.copy_from_slice(&hash.to_be_bytes());
        self.0.push(piece);
    }

    /// How many different hashes each group has.
    pub fn counts(self) -> BTreeMap<u32, u64> {
        let mut counts = BTreeMap::new();
        for [a, b, c, d, ..] in self.0.sorted().iter() {
            *counts.entry(u32::from_be_bytes([a, b, c, d])).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Numbers that look random (splitmix64).
    fn mixed(n: u64) -> u64 {
        let z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
    }

    #[test]
    fn a_small_memory_counts_as_a_large_one() {
        for (numbers, different) in [(0, 1), (999, 999), (10_000, 400), (50_000, 33_333)] {
            let mut small = Uniques::with_bound(1_000);
            let mut large = Uniques::default();
            let mut sets: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
            for n in 0..numbers {
                let (group, hash) = ((n % 3) as u32, mixed(n % different));
                small.add(group, hash);
                large.add(group, hash);
                sets.entry(group).or_default().insert(hash);
            }
            let want: BTreeMap<u32, u64> = sets.iter().map(|(g, s)| (*g, s.len() as u64)).collect();
            assert!(numbers <= 10_000 || small.0.runs.len() > 10);
            assert!(small.0.held.len() < 1_000);
            assert_eq!(small.counts(), want);
            assert_eq!(large.counts(), want);
        }
    }

    #[test]
    fn what_is_put_aside_comes_back_in_order() {
        let mut spill = Spill::new().unwrap();
        let first = spill.append(&[1, 2, 3, 4]).unwrap();
        let second = spill.append(&(0..=255).cycle().take(9_000).collect::<Vec<u8>>()).unwrap();
        assert_eq!(spill.pieces(first, 1).collect::<Vec<[u8; 2]>>(), [[1, 2], [3, 4]]);
        assert_eq!(spill.pieces::<3>(second, 1_000).count(), 3_000);
    }

    #[test]
    fn what_is_sorted_comes_as_often_as_it_is_wanted() {
        let mut sorter = Sorter::new(50);
        let pieces: Vec<[u8; 8]> = (0..4_000).map(|n| mixed(n % 3_000).to_be_bytes()).collect();
        for piece in &pieces {
            sorter.push(*piece);
        }
        let all = sorter.sorted();
        assert!(all.0.runs.len() > 50);
        let want: BTreeSet<[u8; 8]> = pieces.into_iter().collect();
        assert!(all.iter().eq(want.iter().copied()));
        assert!(all.iter().zip(all.iter().skip(7)).all(|(one, later)| one < later));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it_and_nothing_is_left() {
        use std::os::unix::fs::PermissionsExt;
        let spill = Spill::new().unwrap();
        assert_eq!(spill.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(spill.named, None);
    }

    /// 10⁸ distinct hashes: 1.2 GB on the disk, and little memory.
    #[test]
    #[ignore = "takes a minute and 1.2 GB of temporary files"]
    fn a_hundred_million_distinct_hashes() {
        let mut distinct = Uniques::default();
        (0..100_000_000).for_each(|n| distinct.add(0, mixed(n)));
        assert_eq!(distinct.counts(), BTreeMap::from([(0, 100_000_000)]));
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let peak = peak.and_then(|kb| kb.parse::<u64>().ok());
        // Of the whole process, in which the other long tests may run too.
        assert!(peak.is_none_or(|kb| kb < 512 * 1024), "peak {peak:?} kB");
    }
}
