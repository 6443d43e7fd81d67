//! Where is the evidence?
//!
//! [`Evidence::collect`] walks what was given on the command line and finds [`Source`]s: files,
//! or standard input. [`Source::read`] opens one, undoes its compression by magic bytes, and hands
//! each contained [`Stream`] to a visitor. What cannot be read becomes a [`Gap`]; bad evidence is
//! never an error.
//!
//! # Guarantees
//!
//! * Evidence is opened for reading only, and nothing is unpacked to disk.
//! * [`Stream::read`] never fails: a damaged stream ends early, and [`Stream::finish`] tells the
//!   gap. Every byte delivered before the damage is kept.
//! * A stream's [`ContentId`] is the SHA-256 of its decompressed bytes, so that a copy of a log,
//!   compressed or not, is recognised as the same evidence.

mod inventory;
mod unpack;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use inventory::{Inventory, InventoryError, SiteEntry, Window};
pub use unpack::{Limits, Stream, StreamEnd};

/// SHA-256 of a stream's decompressed bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ContentId(pub [u8; 32]);

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<ContentId> for String {
    fn from(id: ContentId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ContentId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut id = [0; 32];
        let bytes = text.as_bytes();
        let nibble = |at: usize| bytes.get(at).and_then(|b| (*b as char).to_digit(16));
        for (i, byte) in id.iter_mut().enumerate() {
            let pair = nibble(2 * i).zip(nibble(2 * i + 1));
            *byte = pair.map(|(hi, lo)| (hi * 16 + lo) as u8).ok_or("not a SHA-256 in hex")?;
        }
        (bytes.len() == 64).then_some(Self(id)).ok_or_else(|| "not a SHA-256 in hex".into())
    }
}

/// A place in the evidence, as an instruction for reaching it again:
/// `pay.tar.gz!logs/app.log.1 : line 1042 @ byte 88213`, counted in the decompressed stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Locus {
    /// The stream's name: the path as given, `!` before each archive member.
    pub source: String,
    /// Line, counted from 1.
    pub line: u64,
    /// Byte offset of the entry's first byte.
    pub offset: u64,
}

impl fmt::Display for Locus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} : line {} @ byte {}", self.source, self.line, self.offset)
    }
}

/// Evidence that could not be examined, with its place and reason: it is reported, and it stands
/// in the way of a "not confirmed".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// The path or stream.
    pub source: String,
    /// What kind of trouble.
    pub kind: GapKind,
    /// One sentence for a person: what happened, where, and what was kept.
    pub detail: String,
}

/// The kinds of [`Gap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// No such file or folder.
    Missing,
    /// No permission to read it.
    Permission,
    /// Another input/output error.
    Io,
    /// The compressed stream ends too early; what came before is kept.
    Truncated,
    /// The compressed stream is damaged (checksum, code); what came before is kept.
    Corrupt,
    /// Bytes that are no compressed data follow the compressed data.
    TrailingGarbage,
    /// A limit was reached (size, ratio, nesting, entry length); what came before is kept.
    Limit,
    /// A container format that cannot be opened.
    Unsupported,
    /// Not a log: binary data.
    Binary,
}

impl GapKind {
    /// Whether this gap makes coverage incomplete (exit code 4); trailing zero padding does not.
    pub fn is_loss(self) -> bool {
        !matches!(self, Self::TrailingGarbage)
    }
}

/// Everything to be examined.
#[derive(Debug, Default)]
pub struct Evidence {
    /// What is known of the sites beforehand.
    pub inventory: Inventory,
    /// The files and streams found, in the order of their names.
    pub sources: Vec<Source>,
    /// What could not be found or listed.
    pub gaps: Vec<Gap>,
}

/// One file, or standard input.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as given (and walked), with `/` between its parts; `-` for standard input.
    pub name: String,
    /// Bytes on disk, where known: to read the largest first and to show progress.
    pub size: Option<u64>,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Origin {
    File(PathBuf),
    Stdin,
}

/// What reading a source gave besides its streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEnd {
    /// SHA-256 of the raw bytes as read (of the file itself, compressed as it is).
    pub sha256: ContentId,
    /// Raw bytes read.
    pub bytes: u64,
    /// Trouble with the file as a whole.
    pub gaps: Vec<Gap>,
}

impl Evidence {
    /// Finds all sources under the given paths (`-` is standard input), recursively, in a
    /// deterministic order. Paths that cannot be listed become gaps.
    pub fn collect(paths: &[PathBuf], inventory: Inventory) -> Self {
        let mut evidence = Self { inventory, ..Self::default() };
        for path in paths {
            evidence.add(path);
        }
        evidence.sources.sort_by(|a, b| a.name.cmp(&b.name));
        evidence.sources.dedup_by(|a, b| a.name == b.name);
        evidence
    }

    fn add(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            self.sources.push(Source { name: "-".into(), size: None, origin: Origin::Stdin });
            return;
        }
        let name = path.to_string_lossy().replace('\\', "/");
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => match std::fs::read_dir(path) {
                Ok(entries) => entries.flatten().for_each(|entry| self.add(&entry.path())),
                Err(error) => self.gaps.push(io_gap(&name, &error)),
            },
            Ok(meta) if meta.is_file() => self.sources.push(Source {
                name,
                size: Some(meta.len()),
                origin: Origin::File(path.to_owned()),
            }),
            Ok(_) => self.gaps.push(Gap {
                source: name,
                kind: GapKind::Unsupported,
                detail: "not a regular file; skipped".into(),
            }),
            Err(error) => self.gaps.push(io_gap(&name, &error)),
        }
    }
}

/// The gap of an input/output error at a path.
fn io_gap(source: &str, error: &std::io::Error) -> Gap {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => GapKind::Missing,
        std::io::ErrorKind::PermissionDenied => GapKind::Permission,
        _ => GapKind::Io,
    };
    Gap { source: source.to_owned(), kind, detail: error.to_string() }
}
