//! Where does one entry end and the next begin?
//!
//! [`Blocks`] cuts a stream into [`Block`]s of whole entries; [`Block::entries`] walks one. An
//! entry is a line, or, under a [`Framing`] that knows how entries start, a line with the lines
//! that continue it (a stack trace belongs to the entry that it continues).
//!
//! # Guarantees
//!
//! * The entries of all blocks are the same whatever the block size is.
//! * Every byte of the stream lies in exactly one entry (line ends included) or is counted in
//!   [`Blocks::skipped`]: bytes of a line or entry beyond [`ENTRY_CAP`].
//! * A block never holds more than its nominal size plus one entry of at most [`ENTRY_CAP`] bytes.

use memchr::memchr;

use crate::source::Stream;

/// The most bytes of one entry that are kept; the rest of a longer entry is counted, not examined.
pub const ENTRY_CAP: usize = 1 << 20;

/// How lines make entries.
#[derive(Clone, Copy, Debug, Default)]
pub enum Framing {
    /// Every line is an entry.
    #[default]
    Lines,
    /// A line for which the test says yes starts an entry; others continue the entry before.
    Starts(fn(&[u8]) -> bool),
}

/// A run of whole entries, and where it lies in its stream.
#[derive(Debug)]
pub struct Block {
    /// The bytes, line ends included.
    pub bytes: Vec<u8>,
    /// Offset of the first byte in the decompressed stream.
    pub offset: u64,
    /// Number of the first line, counted from 1.
    pub line: u64,
    framing: Framing,
}

/// One entry: a line with its continuation lines, without the final line end.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The bytes without the final `\n` or `\r\n`.
    pub bytes: &'a [u8],
    /// Offset of the first byte in the decompressed stream.
    pub offset: u64,
    /// Number of the first line, counted from 1.
    pub line: u64,
}

impl Block {
    /// A block of bytes that are already in memory.
    pub fn new(bytes: Vec<u8>, offset: u64, line: u64, framing: Framing) -> Self {
        Self { bytes, offset, line, framing }
    }

    /// The entries in order.
    pub fn entries(&self) -> Entries<'_> {
        Entries { block: self, at: 0, line: self.line }
    }
}

/// Iterator over the entries of a block.
#[derive(Debug)]
pub struct Entries<'a> {
    block: &'a Block,
    at: usize,
    line: u64,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let bytes = self.block.bytes.as_slice();
        if self.at >= bytes.len() {
            return None;
        }
        let (start, first_line) = (self.at, self.line);
        let mut end = line_end(bytes, start);
        self.line += 1;
        if let Framing::Starts(starts) = self.block.framing {
            while end < bytes.len() && !starts(trim_line(&bytes[end..line_end(bytes, end)])) {
                end = line_end(bytes, end);
                self.line += 1;
            }
        }
        self.at = end;
        let entry = trim_line(&bytes[start..end]);
        Some(Entry { bytes: entry, offset: self.block.offset + start as u64, line: first_line })
    }
}

/// The index just behind the line that starts at `from`.
fn line_end(bytes: &[u8], from: usize) -> usize {
    memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |n| from + n + 1)
}

fn trim_line(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Cuts a stream into blocks of whole entries.
#[derive(Debug)]
pub struct Blocks<'s, 'r> {
    stream: &'s mut Stream<'r>,
    framing: Framing,
    size: usize,
    carry: Vec<u8>,
    offset: u64,
    line: u64,
    ended: bool,
    skipped: u64,
}

impl<'s, 'r> Blocks<'s, 'r> {
    /// Blocks of about `size` bytes.
    pub fn new(stream: &'s mut Stream<'r>, size: usize) -> Self {
        Self {
            stream,
            framing: Framing::Lines,
            size: size.max(1),
            carry: Vec::new(),
            offset: 0,
            line: 1,
            ended: false,
            skipped: 0,
        }
    }

    /// The first bytes of the stream (up to about `len`), without consuming them: what format
    /// recognition looks at. Does not depend on the block size.
    pub fn peek(&mut self, len: usize) -> &[u8] {
        self.fill(len);
        &self.carry[..self.carry.len().min(len)]
    }

    /// Sets how lines make entries; to be called before the first block is taken.
    pub fn frame(&mut self, framing: Framing) {
        self.framing = framing;
    }

    /// Bytes that lie in no entry because their entry was longer than [`ENTRY_CAP`].
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn fill(&mut self, len: usize) {
        let mut chunk = vec![0; 1 << 16];
        while self.carry.len() < len && !self.ended {
            let n = self.stream.read(&mut chunk);
            self.ended = n == 0;
            self.carry.extend_from_slice(&chunk[..n]);
        }
    }

    /// The index at which the carried bytes can be cut between two entries.
    fn cut(&self) -> Option<usize> {
        let mut end = self.carry.len();
        loop {
            let cut = memchr::memrchr(b'\n', &self.carry[..end])? + 1;
            match self.framing {
                Framing::Lines => return Some(cut),
                Framing::Starts(starts) => {
                    let next = &self.carry[cut..];
                    let whole = memchr(b'\n', next).is_some();
                    if whole && starts(trim_line(&next[..line_end(next, 0)])) {
                        return Some(cut);
                    }
                    end = cut - 1;
                }
            }
        }
    }
}

impl Iterator for Blocks<'_, '_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let mut want = self.size;
        let cut = loop {
            self.fill(want);
            if self.ended {
                break self.carry.len();
            }
            match self.cut() {
                Some(cut) => break cut,
                None => want = self.carry.len() + self.size,
            }
        };
        if cut == 0 {
            return None;
        }
        let rest = self.carry.split_off(cut);
        let bytes = std::mem::replace(&mut self.carry, rest);
        let block = Block { bytes, offset: self.offset, line: self.line, framing: self.framing };
        self.offset += block.bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', &block.bytes).count() as u64;
        Some(block)
    }
}
