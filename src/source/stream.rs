//! One log as bytes: decompressed, decoded to UTF-8 where it was UTF-16, summed up.

use std::collections::BTreeMap;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::hole::Holes;
use super::input::Damage;
use super::{ContentId, Gap, GapKind};
use crate::time::Time;

/// A decompressed stream of log bytes.
pub struct Stream<'r> {
    /// The path as given, `!` before each archive member.
    pub name: String,
    /// When it was last written, as far as the file system or the archive around it says.
    pub written: Option<Time>,
    /// How its text was encoded, as its first bytes show.
    pub encoding: &'static str,
    reader: Box<dyn Read + Send + 'r>,
    most: u64,
    hash: Sha256,
    id: Option<ContentId>,
    bytes: u64,
    /// Lengths at which the bytes so far are to be summed up, the next one last.
    marks: Vec<u64>,
    prefixes: BTreeMap<u64, ContentId>,
    holes: Holes,
    gaps: Vec<Gap>,
    ended: bool,
    left: bool,
}

impl std::fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("name", &self.name).finish_non_exhaustive()
    }
}

/// So many bytes at the start of a stream are summed up: logs that begin the same may be copies
/// of one log, made at different times.
pub const BEGINNING: u64 = 4_096;

/// What a stream was, known at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEnd {
    /// SHA-256 of the bytes as delivered.
    pub id: ContentId,
    /// Bytes delivered.
    pub bytes: u64,
    /// SHA-256 of the first bytes, by how many: of [`BEGINNING`], and as [`Stream::sum_at`] asked.
    pub prefixes: BTreeMap<u64, ContentId>,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

impl StreamEnd {
    /// Eight bytes of the sum of its first [`BEGINNING`] bytes, if it has so many.
    pub fn head(&self) -> Option<u64> {
        let ContentId(sum) = self.prefixes.get(&BEGINNING)?;
        sum.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    }
}

/// A SHA-256 in the making.
#[derive(Clone, Debug, Default)]
pub struct Sum(Sha256);

impl Sum {
    /// Takes in more bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The sum of the bytes so far.
    pub fn id(&self) -> ContentId {
        ContentId(self.0.clone().finalize().into())
    }
}

impl io::Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'r> Stream<'r> {
    /// A stream over any reader: what tests use.
    pub fn new(name: &str, reader: impl Read + Send + 'r) -> Self {
        Self::limited(name, Box::new(reader), u64::MAX)
    }

    /// A stream of at most `most` bytes; more are a gap.
    pub(super) fn limited(name: &str, reader: Box<dyn Read + Send + 'r>, most: u64) -> Self {
        Self {
            name: name.to_owned(),
            written: None,
            encoding: "UTF-8 or bytes",
            reader,
            most,
            hash: Sha256::new(),
            id: None,
            bytes: 0,
            marks: vec![BEGINNING],
            prefixes: BTreeMap::new(),
            holes: Holes::default(),
            gaps: Vec::new(),
            ended: false,
            left: false,
        }
    }

    /// Reads some bytes; 0 is the end, whole or not. Never fails.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        while !self.ended && !buffer.is_empty() {
            match self.reader.read(buffer) {
                Ok(n) => return self.deliver(&buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.damage(Damage::of(&error)),
            }
        }
        0
    }

    /// Asks for the sums of the first bytes, so many each; before anything is read.
    pub fn sum_at(&mut self, lengths: &[u64]) {
        self.marks.extend(lengths);
        self.marks.sort_unstable_by(|a, b| b.cmp(a));
        self.marks.dedup();
    }

    /// The sum of the bytes delivered so far.
    pub fn sum(&self) -> Sum {
        Sum(self.hash.clone())
    }

    /// The next bytes, exactly `len` of them unless the stream ends.
    pub fn head(&mut self, len: usize) -> Vec<u8> {
        let mut head = vec![0; len];
        let mut at = 0;
        while at < len {
            match self.read(&mut head[at..]) {
                0 => break,
                n => at += n,
            }
        }
        head.truncate(at);
        head
    }

    /// Reads on to an offset, without looking at the bytes, which are summed up as all others;
    /// whether the stream reaches it and is not past it.
    pub fn pass_to(&mut self, offset: u64) -> bool {
        let mut buffer = vec![0; 1 << 16];
        while self.bytes < offset {
            let left = usize::try_from(offset - self.bytes).unwrap_or(usize::MAX);
            let most = buffer.len().min(left);
            if self.read(&mut buffer[..most]) == 0 {
                return false;
            }
        }
        self.bytes == offset
    }

    fn deliver(&mut self, bytes: &[u8]) -> usize {
        self.ended = bytes.is_empty();
        let room = self.most - self.bytes;
        if bytes.len() as u64 > room {
            let detail =
                format!("the stream is longer than {} bytes; the rest is not read", self.most);
            self.damage(Damage::new(GapKind::Limit, detail));
        }
        let n = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        self.sum_up(&bytes[..n]);
        self.holes.look(&bytes[..n]);
        n
    }

    fn sum_up(&mut self, mut bytes: &[u8]) {
        while let Some(mark) = self.marks.pop_if(|mark| *mark <= self.bytes + bytes.len() as u64) {
            let (before, behind) = bytes.split_at((mark - self.bytes) as usize);
            self.hash.update(before);
            self.bytes = mark;
            self.prefixes.insert(mark, self.sum().id());
            bytes = behind;
        }
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn damage(&mut self, damage: Damage) {
        self.ended = true;
        self.gaps.push(damage.at(&self.name));
    }

    /// Reads on to the end and tells what the stream was. The gaps are told once.
    pub fn finish(&mut self) -> StreamEnd {
        let mut buffer = if self.ended { Vec::new() } else { vec![0; 1 << 16] };
        while self.read(&mut buffer) > 0 {}
        let hash = &mut self.hash;
        let id = *self.id.get_or_insert_with(|| ContentId(std::mem::take(hash).finalize().into()));
        self.gaps.extend(std::mem::take(&mut self.holes).gaps(&self.name));
        let prefixes = std::mem::take(&mut self.prefixes);
        StreamEnd { id, bytes: self.bytes, prefixes, gaps: std::mem::take(&mut self.gaps) }
    }

    /// Gives up the stream and its whole source: nothing more is read or summed up. For looking at
    /// the first entries of a large file; never for a sweep.
    pub fn leave(&mut self) {
        self.ended = true;
        self.left = true;
    }

    pub(super) fn was_left(&self) -> bool {
        self.left
    }
}
