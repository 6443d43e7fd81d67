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
//! * What a file is, its first bytes tell, never its name.
//! * [`Stream::read`] never fails: a damaged stream ends early, and [`Stream::finish`] tells the
//!   gap. Every byte delivered before the damage is kept; what lies behind it in an archive is
//!   read on.
//! * A stream's [`ContentId`] is the SHA-256 of its bytes as delivered: decompressed, UTF-16 and
//!   Japanese encodings made UTF-8, a byte order mark dropped. So a copy of a log, however packed, is recognised as the
//!   same evidence. Lines and offsets count in these bytes too.
//! * Memory is flat: streams are never held, whatever their size ([`Limits`]).

mod codec;
mod collect;
mod criteria;
mod encoding;
mod frames;
mod gzip;
mod hole;
mod input;
mod inventory;
mod japanese;
mod lz4;
mod magic;
mod network;
mod parcel;
mod pipe;
mod place;
mod recoded;
mod stamp;
mod stop;
mod stream;
mod suppression;
mod tar;
mod unpack;
mod zip;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::pan::hide;
use crate::time::Time;

pub use collect::{Evidence, locate};
pub use criteria::Criteria;
pub use inventory::{Inventory, InventoryError, SiteEntry, Window};
pub use network::Network;
pub use parcel::{fold, press, unfold, unpress};
pub use place::{Place, Rank};
pub use stamp::Stamp;
pub use stop::Stop;
pub use stream::{BEGINNING, Stream, StreamEnd, Sum};
pub use suppression::{Alarm, Suppression};
pub use unpack::Limits;

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
    /// A container format that cannot be opened, or no file at all (a device, a pipe).
    Unsupported,
    /// Not a log, or a part of one that cannot be read as text: binary data.
    Binary,
    /// Runs of NUL bytes where entries should be: written over, cut while it was written to, or a
    /// copy with holes.
    Hole,
    /// What was read here before is in no file any more: the log was emptied or rewritten.
    Rewritten,
    /// The program ended twice while it read this; not read again.
    Skipped,
    /// Examined with the rules of an earlier run only.
    Earlier,
    /// The run was stopped by its user; what was read before is kept.
    Stopped,
}

impl GapKind {
    /// Whether this gap makes coverage incomplete (exit code 4); trailing zero padding does not, nor
    /// that rules have changed since.
    pub fn is_loss(self) -> bool {
        !matches!(self, Self::TrailingGarbage | Self::Earlier)
    }
}

/// One file, or standard input.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as given (and walked), with `/` between its parts; `-` for standard input.
    pub name: String,
    /// Bytes on disk, where known: to read the largest first and to show progress.
    pub size: Option<u64>,
    /// When the file was last written, where known.
    pub written: Option<Time>,
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
    /// SHA-256 of the raw bytes (of the file itself, compressed as it is): what `sha256sum` says of
    /// it; all zeros if it could not be opened.
    pub sha256: ContentId,
    /// Raw bytes read.
    pub bytes: u64,
    /// Trouble with the file as a whole.
    pub gaps: Vec<Gap>,
}

/// A name as it may be written: card numbers in it hidden, on one line.
fn printable(name: &[u8]) -> String {
    hide(&escaped(name))
}

/// A name on one line: bytes that are no UTF-8 and control characters are written `\xhh`.
fn escaped(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() {
                escape(&mut text, c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                text.push(c);
            }
        }
        escape(&mut text, chunk.invalid());
    }
    text
}

fn escape(text: &mut String, bytes: &[u8]) {
    use fmt::Write;
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(text, "\\x{byte:02x}");
    }
}

/// The gap of an input/output error at a path.
fn io_gap(source: &str, error: &std::io::Error) -> Gap {
    input::Damage::of(error).at(source)
}
