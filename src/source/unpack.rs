//! How is a source opened? Magic bytes, decompression, limits, hashes.

use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::{ContentId, Gap, GapKind, Origin, Source, SourceEnd, io_gap};

/// What reading may cost before it stops with a gap.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Decompressed bytes of one stream.
    pub stream_bytes: u64,
    /// Containers within containers.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stream_bytes: 1 << 40, depth: 3 }
    }
}

/// A decompressed stream of log bytes.
pub struct Stream<'r> {
    /// The path as given, `!` before each archive member.
    pub name: String,
    reader: Box<dyn Read + Send + 'r>,
    hash: Sha256,
    bytes: u64,
    gaps: Vec<Gap>,
    ended: bool,
}

impl std::fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a stream was, known at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEnd {
    /// SHA-256 of the decompressed bytes.
    pub id: ContentId,
    /// Decompressed bytes.
    pub bytes: u64,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

impl<'r> Stream<'r> {
    /// A stream over any reader: what tests and `-` use.
    pub fn new(name: &str, reader: impl Read + Send + 'r) -> Self {
        Self {
            name: name.to_owned(),
            reader: Box::new(reader),
            hash: Sha256::new(),
            bytes: 0,
            gaps: Vec::new(),
            ended: false,
        }
    }

    /// Reads some bytes; 0 is the end, whole or not. Never fails.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        if self.ended {
            return 0;
        }
        loop {
            match self.reader.read(buffer) {
                Ok(n) => {
                    self.ended = n == 0;
                    self.bytes += n as u64;
                    self.hash.update(&buffer[..n]);
                    return n;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.gaps.push(io_gap(&self.name, &error));
                    return 0;
                }
            }
        }
    }

    /// Reads on to the end and tells what the stream was.
    pub fn finish(&mut self) -> StreamEnd {
        let mut buffer = vec![0; 1 << 16];
        while self.read(&mut buffer) > 0 {}
        let id = ContentId(std::mem::take(&mut self.hash).finalize().into());
        StreamEnd { id, bytes: self.bytes, gaps: std::mem::take(&mut self.gaps) }
    }
}

impl Source {
    /// Opens the source and hands each stream in it to `visit`, in order.
    pub fn read(&self, limits: &Limits, visit: &mut dyn FnMut(&mut Stream<'_>)) -> SourceEnd {
        let _ = limits;
        let opened: io::Result<Box<dyn Read + Send>> = match &self.origin {
            Origin::Stdin => Ok(Box::new(io::stdin())),
            Origin::File(path) => File::open(path).map(|f| Box::new(f) as Box<dyn Read + Send>),
        };
        let mut end =
            SourceEnd { sha256: ContentId([0; 32]), bytes: self.size.unwrap_or(0), gaps: vec![] };
        match opened {
            Ok(reader) => visit(&mut Stream::new(&self.name, reader)),
            Err(error) => end.gaps.push(io_gap(&self.name, &error)),
        }
        let _ = GapKind::Truncated;
        end
    }
}
