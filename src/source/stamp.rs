//! Is a file still what it was? What the file system says of it, and what its bytes say.

use std::fs::{self, File, Metadata};
use std::io;

use serde::{Deserialize, Serialize};

use super::{ContentId, Source, Sum};

/// What the file system says of a file without reading it. As long as all of it stays the same,
/// so did the bytes, unless somebody set the clock back or wrote past the file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The file system.
    pub device: u64,
    /// The file's number in it.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds since the epoch.
    pub modified: i64,
    /// Last change of content, name or permissions, nanoseconds since the epoch: no program can
    /// set it.
    pub changed: i64,
}

impl Stamp {
    #[cfg(unix)]
    fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000) + nanos;
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.len(),
            modified: nanos(meta.mtime(), meta.mtime_nsec()),
            changed: nanos(meta.ctime(), meta.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn of(meta: &Metadata) -> Self {
        let modified = meta.modified().ok();
        let since = modified.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = since.map_or(0, |d| d.as_nanos() as i64);
        Self { device: 0, inode: 0, size: meta.len(), modified, changed: modified }
    }

    /// Whether it is the same file on the same file system, whatever is in it now.
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.inode != 0 && (self.device, self.inode) == (other.device, other.inode)
    }
}

impl Source {
    /// The file's stamp; `None` of standard input, and where there is no file any more.
    pub fn stamp(&self) -> Option<Stamp> {
        fs::metadata(self.path()?).ok().map(|meta| Stamp::of(&meta))
    }

    /// SHA-256 of the raw bytes; of standard input, that of nothing.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn sum(&self) -> io::Result<ContentId> {
        let mut sum = Sum::default();
        if let Some(path) = self.path() {
            io::copy(&mut File::open(path)?, &mut sum)?;
        }
        Ok(sum.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Evidence, Inventory};

    #[test]
    fn a_stamp_changes_with_the_file_and_a_sum_with_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let write = |text: &str| {
            fs::write(&path, text).unwrap();
            let evidence = Evidence::collect(std::slice::from_ref(&path), Inventory::default());
            let source = &evidence.sources[0];
            (source.stamp().unwrap(), source.sum().unwrap())
        };
        let (one, other) = (write("abc"), write("abcd"));
        assert!(one.0 != other.0 && one.1 != other.1);
        #[cfg(unix)]
        assert!(one.0.is_same_file(&other.0));
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(one.1.to_string(), abc);
    }
}
