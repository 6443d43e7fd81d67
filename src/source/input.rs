//! A reader that looks ahead and remembers how it ended.

use std::io::{self, Read};

use super::{Gap, GapKind};

/// Why reading stopped before the evidence did: what a layer tells the layers above it, inside an
/// [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(super) struct Damage {
    pub(super) kind: GapKind,
    pub(super) detail: String,
}

impl Damage {
    pub(super) fn new(kind: GapKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    pub(super) fn corrupt(detail: impl Into<String>) -> Self {
        Self::new(GapKind::Corrupt, detail)
    }

    /// The gap that it makes in a source or stream.
    pub(super) fn at(self, source: &str) -> Gap {
        Gap { source: source.to_owned(), kind: self.kind, detail: self.detail }
    }

    /// What an error says: the damage that a layer put into it, or the system's own words.
    pub(super) fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|e| e.downcast_ref::<Self>());
        inner.cloned().unwrap_or_else(|| Self::new(kind_of(error), error.to_string()))
    }
}

impl From<Damage> for io::Error {
    fn from(damage: Damage) -> Self {
        Self::other(damage)
    }
}

/// The kind of gap that an input/output error makes.
pub(super) fn kind_of(error: &io::Error) -> GapKind {
    match error.kind() {
        io::ErrorKind::NotFound => GapKind::Missing,
        io::ErrorKind::PermissionDenied => GapKind::Permission,
        _ => GapKind::Io,
    }
}

/// Bytes held at once; reads of this size and more go straight to the reader below.
const SIZE: usize = 1 << 16;

/// A buffered reader with a look ahead, a position and a memory of its end.
pub(super) struct Input<'r> {
    reader: Box<dyn Read + Send + 'r>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    consumed: u64,
    failure: Option<Damage>,
    ended: bool,
    starved: bool,
}

impl<'r> Input<'r> {
    pub(super) fn new(reader: impl Read + Send + 'r) -> Self {
        Self::behind(Vec::new(), reader)
    }

    /// An input that begins with bytes that were already taken from the reader.
    pub(super) fn behind(head: Vec<u8>, reader: impl Read + Send + 'r) -> Self {
        let end = head.len();
        Self {
            reader: Box::new(reader),
            buffer: head,
            start: 0,
            end,
            consumed: 0,
            failure: None,
            ended: false,
            starved: false,
        }
    }

    /// The next bytes, at least `len` of them unless the input ends (or the buffer is full).
    pub(super) fn peek(&mut self, len: usize) -> &[u8] {
        let len = len.min(SIZE);
        while self.end - self.start < len && !self.ended {
            self.pull();
        }
        &self.buffer[self.start..self.end]
    }

    /// The next bytes, as many as there are; none at the end, whole or not.
    pub(super) fn fill(&mut self) -> &[u8] {
        let bare = self.peek(1).is_empty();
        self.starved |= bare;
        &self.buffer[self.start..self.end]
    }

    /// Goes on behind bytes that were seen.
    pub(super) fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.consumed += n as u64;
    }

    /// Bytes consumed so far.
    pub(super) fn position(&self) -> u64 {
        self.consumed
    }

    /// How the reader below failed, once all bytes before the failure are consumed.
    pub(super) fn failure(&self) -> Option<&Damage> {
        self.failure.as_ref().filter(|_| self.start == self.end)
    }

    /// Whether somebody wanted more bytes than there are.
    pub(super) fn starved(&self) -> bool {
        self.starved
    }

    /// What it means that `what` needs more bytes than there are.
    pub(super) fn short(&self, what: &str) -> Damage {
        let cut = || Damage::new(GapKind::Truncated, format!("the data ends within {what}"));
        self.failure.clone().unwrap_or_else(cut)
    }

    /// The next `N` bytes, consumed; `None` if there are fewer.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let found = self.peek(N).first_chunk::<N>().copied();
        self.starved |= found.is_none();
        self.consume(N);
        found
    }

    /// Skips bytes; returns how many were not there.
    pub(super) fn skip(&mut self, mut n: u64) -> u64 {
        while n > 0 {
            let have = self.fill().len() as u64;
            if have == 0 {
                break;
            }
            let step = have.min(n);
            self.consume(step as usize);
            n -= step;
        }
        n
    }

    fn pull(&mut self) {
        if self.buffer.len() < SIZE {
            self.buffer.resize(SIZE, 0);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        match self.reader.read(&mut self.buffer[self.end..]) {
            Ok(0) => self.ended = true,
            Ok(n) => self.end += n,
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &io::Error) {
        if error.kind() != io::ErrorKind::Interrupted {
            self.failure = Some(Damage::of(error));
            self.ended = true;
        }
    }

    /// Reads past the empty buffer, straight into the caller's.
    fn read_through(&mut self, out: &mut [u8]) -> usize {
        while !self.ended {
            match self.reader.read(out) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    self.consumed += n as u64;
                    return n;
                }
                Err(error) => self.fail(&error),
            }
        }
        0
    }
}

impl Default for Input<'_> {
    fn default() -> Self {
        Self::new(io::empty())
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = if self.start == self.end && out.len() >= SIZE {
            self.read_through(out)
        } else {
            let have = self.fill();
            let n = have.len().min(out.len());
            out[..n].copy_from_slice(&have[..n]);
            self.consume(n);
            n
        };
        self.starved |= n == 0;
        match &self.failure {
            Some(damage) if n == 0 && !out.is_empty() => Err(damage.clone().into()),
            _ => Ok(n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, then fails.
    struct Drip<'d>(&'d [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Err(Damage::corrupt("torn").into());
            };
            out[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn looks_ahead_and_delivers_everything_before_the_failure() {
        let mut input = Input::new(Drip(b"abcdef"));
        assert_eq!(input.peek(4), b"abcd");
        assert_eq!(input.array::<2>(), Some(*b"ab"));
        assert_eq!(input.failure(), None);
        assert_eq!(input.skip(3), 0);
        assert_eq!(input.fill(), b"f");
        assert_eq!(input.array::<2>(), None);
        assert_eq!(input.position(), 6);
        assert_eq!(input.failure().map(|d| d.kind), Some(GapKind::Corrupt));
        assert_eq!(input.short("x").detail, "torn");
        assert!(input.read(&mut [0; 8]).is_err());
    }
}
