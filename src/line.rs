//! Where does one entry end and the next begin?
//!
//! [`Blocks`] cuts a stream into [`Block`]s of whole entries; [`Block::entries`] walks one. An
//! entry is a line, or, under a [`Framing`] that knows how entries start or go on, a line with the lines
//! that continue it (a stack trace, the rest of a line that a container engine cut).
//!
//! # Guarantees
//!
//! * The entries of all blocks are the same whatever the block size is.
//! * Every byte of the stream lies in exactly one entry (line ends included) or is counted in
//!   [`Blocks::skipped`]: bytes of a line beyond [`ENTRY_CAP`].
//! * A line of more than [`ENTRY_CAP`] bytes is an entry of its own, of which the first
//!   [`ENTRY_CAP`] bytes are kept. An entry of many lines that together are longer is cut between
//!   two lines: the rest is another entry, and nothing is lost.
//! * A block never holds more than its nominal size or one entry, whichever is more. Memory is
//!   bounded by the nominal size plus a few [`ENTRY_CAP`], whatever stands in the stream, and no
//!   byte is looked at more than a few times.

use memchr::{memchr, memchr_iter, memrchr};

use crate::source::Stream;

/// The most bytes of one entry, line end included, unless [`Blocks::cap`] says otherwise; the rest
/// of a longer line is counted, not examined.
pub const ENTRY_CAP: usize = 1 << 20;

/// How lines make entries.
#[derive(Clone, Copy, Debug, Default)]
pub enum Framing {
    /// Every line is an entry.
    #[default]
    Lines,
    /// A line for which the test says yes starts an entry; others continue the entry before.
    Starts(fn(&[u8]) -> bool),
    /// A line for which the test says yes goes on in the next line.
    GoesOn(fn(&[u8]) -> bool),
}

impl Framing {
    /// Whether `next` belongs to the entry whose last line is `last`.
    fn joins(self, last: &[u8], next: &[u8]) -> bool {
        match self {
            Self::Lines => false,
            Self::Starts(starts) => !starts(trim_line(next)),
            Self::GoesOn(goes_on) => goes_on(trim_line(last)),
        }
    }

    /// Whether no line after one whose last line is `last` can belong to its entry.
    fn ends(self, last: &[u8]) -> bool {
        match self {
            Self::Lines => true,
            Self::Starts(_) => false,
            Self::GoesOn(goes_on) => !goes_on(trim_line(last)),
        }
    }
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
    cap: usize,
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
        Self { bytes, offset, line, framing, cap: ENTRY_CAP }
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
        let bytes = self.block.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let extent = extent(bytes, self.block.framing, self.block.cap, true)?;
        let (offset, line) = (self.block.offset + self.at as u64, self.line);
        self.at += extent.bytes;
        self.line += extent.lines;
        Some(Entry { bytes: trim_line(&bytes[..extent.bytes]), offset, line })
    }
}

/// How far the entry reaches that some bytes begin with.
#[derive(Clone, Copy)]
struct Extent {
    bytes: usize,
    lines: u64,
    /// Its line is longer than [`ENTRY_CAP`]: the bytes behind it up to the line end are skipped.
    cut: bool,
}

/// The extent of the entry at the start of `bytes`; `None` if only more bytes can tell. `whole`:
/// there are no more.
fn extent(bytes: &[u8], framing: Framing, cap: usize, whole: bool) -> Option<Extent> {
    let (mut end, cut) = line(bytes, cap, whole)?;
    if matches!(framing, Framing::Lines) {
        return Some(Extent { bytes: end, lines: 1, cut });
    }
    let (mut lines, mut last) = (1, 0);
    while !cut && !framing.ends(&bytes[last..end]) {
        if end == bytes.len() {
            return whole.then_some(Extent { bytes: end, lines, cut });
        }
        let (len, cut) = line(&bytes[end..], cap, whole)?;
        let joins = framing.joins(&bytes[last..end], &bytes[end..end + len]);
        if cut || end + len > cap || !joins {
            return Some(Extent { bytes: end, lines, cut: false });
        }
        (last, end) = (end, end + len);
        lines += 1;
    }
    Some(Extent { bytes: end, lines, cut })
}

/// The length of the line at the start of `bytes`, line end included and at most `cap`, and
/// whether it is cut there; `None` if only more bytes can tell.
fn line(bytes: &[u8], cap: usize, whole: bool) -> Option<(usize, bool)> {
    let most = &bytes[..bytes.len().min(cap)];
    match memchr(b'\n', most) {
        Some(at) => Some((at + 1, false)),
        None if most.len() == cap => Some((cap, true)),
        None => whole.then_some((most.len(), false)),
    }
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
    cap: usize,
    size: usize,
    /// Bytes read and not yet given away: `buffer[start..end]`. Its length is its capacity, so
    /// that no read has to fill it with zeros first.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The offset behind the last byte that may be read.
    until: u64,
    /// The bytes of a block that was given back.
    spare: Vec<u8>,
    offset: u64,
    line: u64,
    ended: bool,
    /// The bytes up to the next line end belong to a line that was cut.
    skipping: bool,
    skipped: u64,
}

impl<'s, 'r> Blocks<'s, 'r> {
    /// Blocks of about `size` bytes.
    pub fn new(stream: &'s mut Stream<'r>, size: usize) -> Self {
        Self {
            stream,
            framing: Framing::Lines,
            cap: ENTRY_CAP,
            size: size.max(1),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            until: u64::MAX,
            spare: Vec::new(),
            offset: 0,
            line: 1,
            ended: false,
            skipping: false,
            skipped: 0,
        }
    }

    /// Blocks of a stream whose first bytes were taken already: `head`.
    pub fn behind(head: Vec<u8>, stream: &'s mut Stream<'r>, size: usize) -> Self {
        let end = head.len();
        Self { buffer: head, end, ..Self::new(stream, size) }
    }

    /// Blocks of the rest of a stream, which begins with the entry at `offset` in `line`, and whose
    /// first bytes were taken already.
    pub fn resumed(
        head: Vec<u8>,
        stream: &'s mut Stream<'r>,
        size: usize,
        offset: u64,
        line: u64,
    ) -> Self {
        Self { offset, line, ..Self::behind(head, stream, size) }
    }

    /// The same blocks as if the stream ended at an offset, at which an entry begins and which does
    /// not lie before what was read; the stream is not read further.
    #[must_use]
    pub fn until(self, offset: u64) -> Self {
        Self { until: offset, ..self }
    }

    /// The stream's name.
    pub fn name(&self) -> &str {
        &self.stream.name
    }

    /// The first bytes of the stream (`len` of them, if there are so many), without consuming
    /// them: what format recognition looks at. Does not depend on the block size.
    pub fn peek(&mut self, len: usize) -> &[u8] {
        self.fill(len);
        let end = self.end.min(self.start + len);
        &self.buffer[self.start..end]
    }

    /// Sets how lines make entries; to be called before the first block is taken.
    pub fn frame(&mut self, framing: Framing) {
        self.framing = framing;
    }

    /// Sets the most bytes of one entry; to be called before the first block is taken.
    pub fn cap(&mut self, bytes: usize) {
        self.cap = bytes.max(1);
    }

    /// Bytes that lie in no entry because their line was longer than [`ENTRY_CAP`].
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Gives back the bytes of a block that is done with, to be filled again.
    pub fn recycle(&mut self, block: Block) {
        self.spare = block.bytes;
    }

    /// Reads until `want` bytes are held or the stream ends.
    fn fill(&mut self, want: usize) {
        if self.end - self.start >= want || self.ended {
            return;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < want {
            self.buffer.resize(want, 0);
        }
        while self.end < want && !self.ended {
            let held = (self.end - self.start) as u64;
            let left = self.until.saturating_sub(self.offset + held);
            let room = self.buffer.len() - self.end;
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(room);
            let n = self.stream.read(&mut self.buffer[self.end..self.end + most]);
            self.ended = n == 0;
            self.end += n;
        }
    }

    /// Passes over the rest of a line that was cut.
    fn skip(&mut self) {
        while self.skipping {
            let held = &self.buffer[self.start..self.end];
            let found = memchr(b'\n', held);
            let n = found.map_or(held.len(), |at| at + 1);
            self.start += n;
            self.offset += n as u64;
            self.skipped += n as u64;
            self.skipping = found.is_none() && !self.ended;
            if self.skipping {
                self.fill(self.size.min(self.cap));
            }
        }
    }

    /// The whole entries that the next block holds: as many as its size allows, at least one.
    fn extent(&mut self) -> Option<Extent> {
        let mut want = self.size;
        loop {
            self.fill(want);
            let held = &self.buffer[self.start..self.end];
            if let Some(extent) = extents(held, (self.framing, self.cap), self.ended, self.size) {
                return Some(extent);
            }
            if self.ended {
                return None;
            }
            // Doubled, so that what is looked at again stays in proportion.
            want = 2 * want.max(self.end - self.start);
        }
    }

    /// Takes the first `n` held bytes out: the buffer itself if little is left in it, else a copy.
    fn take(&mut self, n: usize) -> Vec<u8> {
        let (cut, left) = (self.start + n, self.end - self.start - n);
        if self.start > 0 || left > n {
            let bytes = self.buffer[self.start..cut].to_vec();
            self.start = cut;
            return bytes;
        }
        let mut next = std::mem::take(&mut self.spare);
        // Most streams of an archive are one short block.
        next.resize(if self.ended { left } else { self.size.max(left) }, 0);
        next[..left].copy_from_slice(&self.buffer[cut..self.end]);
        (self.start, self.end) = (0, left);
        let mut bytes = std::mem::replace(&mut self.buffer, next);
        bytes.truncate(n);
        bytes
    }
}

/// The extent of the entries that make a block of about `size` bytes; a cut line ends it.
fn extents(
    held: &[u8],
    (framing, cap): (Framing, usize),
    whole: bool,
    size: usize,
) -> Option<Extent> {
    let uncut = matches!(framing, Framing::Lines) && size <= cap;
    if let Some(all) = uncut.then(|| lines(held, size)).flatten() {
        return Some(all);
    }
    let mut all = Extent { bytes: 0, lines: 0, cut: false };
    while !all.cut && all.bytes < held.len() {
        let Some(next) = extent(&held[all.bytes..], framing, cap, whole) else { break };
        if all.bytes > 0 && all.bytes + next.bytes > size {
            break;
        }
        let (bytes, lines) = (all.bytes + next.bytes, all.lines + next.lines);
        all = Extent { bytes, lines, cut: next.cut };
    }
    (all.bytes > 0).then_some(all)
}

/// The extent of the lines that end within `size` bytes, if there are so many.
fn lines(held: &[u8], size: usize) -> Option<Extent> {
    let bytes = memrchr(b'\n', held.get(..size)?)? + 1;
    let lines = memchr_iter(b'\n', held.get(..bytes)?).count() as u64;
    Some(Extent { bytes, lines, cut: false })
}

impl Iterator for Blocks<'_, '_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        self.skip();
        let extent = self.extent()?;
        let (offset, line) = (self.offset, self.line);
        let bytes = self.take(extent.bytes);
        self.skipping = extent.cut;
        self.offset += extent.bytes as u64;
        self.line += extent.lines;
        Some(Block { bytes, offset, line, framing: self.framing, cap: self.cap })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    fn continues(line: &[u8]) -> bool {
        !line.starts_with(b" ")
    }

    fn goes_on(line: &[u8]) -> bool {
        line.ends_with(b"a")
    }

    const FRAMINGS: [Framing; 3] =
        [Framing::Lines, Framing::Starts(continues), Framing::GoesOn(goes_on)];

    type Seen = (Vec<u8>, u64, u64);

    /// A reader that gives a few bytes at a time, as a pipe may.
    struct Dribble<'d>(&'d [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let few = out.len().min(self.1);
            self.0.read(&mut out[..few])
        }
    }

    fn cut(bytes: &[u8], framing: Framing, size: usize) -> (Vec<Seen>, u64) {
        let few = 1 + bytes.len() / 1_000 + size % 5;
        let mut stream = Stream::new("t", Dribble(bytes, few));
        let mut blocks = Blocks::new(&mut stream, size);
        assert_eq!(blocks.peek(100), &bytes[..bytes.len().min(100)]);
        blocks.frame(framing);
        let mut seen = Vec::new();
        let mut held = 0;
        while let Some(block) = blocks.next() {
            held += block.bytes.len() as u64;
            let entries = block.entries().map(|e| (e.bytes.to_vec(), e.offset, e.line));
            let before = seen.len();
            seen.extend(entries);
            assert!(block.bytes.len() <= size || seen.len() == before + 1, "a block is too large");
            if seen.len() % 3 == 0 {
                blocks.recycle(block);
            }
        }
        assert_eq!(held + blocks.skipped(), bytes.len() as u64, "bytes vanished");
        (seen, blocks.skipped())
    }

    /// The same, from the whole stream at once, by the words of the guarantees.
    fn reference(bytes: &[u8], framing: Framing) -> (Vec<Seen>, u64) {
        let mut entries: Vec<(usize, usize, u64, bool)> = Vec::new();
        let (mut at, mut skipped) = (0, 0);
        for (n, whole) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
            let kept = whole.len().min(ENTRY_CAP);
            let long = kept == ENTRY_CAP && whole[kept - 1] != b'\n';
            skipped += (whole.len() - kept) as u64;
            let joins = match (framing, entries.last()) {
                (framing, Some((from, to, _, false))) => {
                    let last = bytes[*from..*to].split_inclusive(|b| *b == b'\n').next_back();
                    !long
                        && to - from + kept <= ENTRY_CAP
                        && framing.joins(last.unwrap_or_default(), &whole[..kept])
                }
                _ => false,
            };
            match entries.last_mut() {
                Some(last) if joins => last.1 = at + kept,
                _ => entries.push((at, at + kept, n as u64 + 1, long)),
            }
            at += whole.len();
        }
        let seen = entries
            .into_iter()
            .map(|(from, to, line, _)| (trim_line(&bytes[from..to]).to_vec(), from as u64, line));
        (seen.collect(), skipped)
    }

    const SIZES: [usize; 9] = [1, 2, 7, 64, 4_096, 1 << 16, ENTRY_CAP - 1, ENTRY_CAP + 1, 16 << 20];

    fn assert_cuts(bytes: &[u8], framing: Framing, sizes: &[usize]) {
        let expected = reference(bytes, framing);
        for size in sizes {
            let got = cut(bytes, framing, *size);
            assert!(got == expected, "block size {size}, {} bytes", bytes.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn block_sizes_do_not_matter(text in "[ ab\r\n]{0,200}", size in 1usize..80) {
            for framing in FRAMINGS {
                assert_cuts(text.as_bytes(), framing, &[size, 1, 4_096]);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn block_sizes_do_not_matter_around_the_cap(
            lines in proptest::collection::vec((-2i64..4, 0u64..5), 1..5),
            size in 0..SIZES.len(),
        ) {
            let mut bytes = Vec::new();
            for (around, kind) in lines {
                let len = match kind {
                    0 => ENTRY_CAP as i64 + around,
                    1 => ENTRY_CAP as i64 / 2 + around,
                    2 => 2 * ENTRY_CAP as i64 + around,
                    _ => 20 + around,
                } as usize;
                bytes.push(if kind % 2 == 0 { b' ' } else { b'x' });
                bytes.resize(bytes.len() + len - 1, b'y');
                bytes.push(b'\n');
            }
            for framing in FRAMINGS {
                assert_cuts(&bytes, framing, &[SIZES[size]]);
                assert_cuts(&bytes[..bytes.len() - 1], framing, &[SIZES[size]]);
            }
        }
    }

    #[test]
    fn an_entry_longer_than_the_cap_is_cut_between_lines() {
        let trace = [b"start\n".to_vec(), b" at a frame\n".repeat(200_000)].concat();
        let (entries, skipped) = reference(&trace, Framing::Starts(continues));
        assert_eq!((entries.len(), skipped), (3, 0));
        assert_cuts(&trace, Framing::Starts(continues), &[1 << 12, 1 << 20, 16 << 20]);
    }

    #[test]
    fn a_line_of_200_mb_costs_bounded_memory() {
        let line = std::io::repeat(b'x').take(200 << 20).chain(&b"\nnext\n"[..]);
        let mut stream = Stream::new("t", line);
        let mut blocks = Blocks::new(&mut stream, 1 << 20);
        let first = blocks.next().unwrap();
        assert_eq!(first.bytes.len(), ENTRY_CAP);
        let next = blocks.next().unwrap();
        assert_eq!((next.bytes.as_slice(), next.line), (&b"next\n"[..], 2));
        assert!(blocks.next().is_none());
        assert_eq!(blocks.skipped(), (200 << 20) + 1 - ENTRY_CAP as u64);
        assert!(blocks.buffer.len() <= 4 * ENTRY_CAP);
    }
}
