//! Where is the state, and who works with it? The folder and its lock.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::LedgerError;

/// The folder of a state, locked for this process. The kernel lets go of the lock when the process
/// ends, however it ends.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    _lock: File,
}

/// How often a lock is asked for again.
const PATIENCE: Duration = Duration::from_millis(100);

impl Home {
    /// Makes the folder if it is not there (mode 0700), and takes the lock; if another holds it,
    /// waits for it as long as is said.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, or another run holds the lock ([`LedgerError::Held`]).
    pub fn enter(dir: &Path, wait: Duration) -> Result<Self, LedgerError> {
        let wrong = |error: io::Error| LedgerError::folder(dir, &error);
        make(dir).map_err(wrong)?;
        let mut lock = open(&dir.join("lock")).map_err(wrong)?;
        let until = Instant::now() + wait;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(error)) => return Err(wrong(error)),
                Err(fs::TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(PATIENCE);
                }
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(LedgerError::Held {
                        dir: dir.display().to_string(),
                        who: holder(&mut lock),
                    });
                }
            }
        }
        sign(&mut lock).map_err(wrong)?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of the case key that is used where none is given.
    pub fn key_file(&self) -> PathBuf {
        self.dir.join("case.key")
    }

    /// The database's file, made if it is not there, readable by its owner only.
    pub(super) fn database(&self) -> Result<PathBuf, LedgerError> {
        let path = self.dir.join("state.db");
        open(&path).map_err(|error| LedgerError::folder(&path, &error))?;
        Ok(path)
    }
}

fn make(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes into the lock who holds it: for people; the lock itself is the kernel's.
fn sign(lock: &mut File) -> io::Result<()> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "this host" } else { host.trim() };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_micros() as i64);
    let since = crate::time::Time::from_micros(now, 0);
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "process {} on {host} since {since}", std::process::id())
}

fn holder(lock: &mut File) -> String {
    let mut who = String::new();
    let read = lock.rewind().and_then(|()| lock.take(200).read_to_string(&mut who));
    let who = who.trim();
    if read.is_err() || who.is_empty() { "it did not say who it is".into() } else { who.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_other_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("a/state");
        let home = Home::enter(&dir, Duration::ZERO).unwrap();
        let start = Instant::now();
        let refused = Home::enter(&dir, Duration::from_millis(250)).unwrap_err().to_string();
        assert!(start.elapsed() >= Duration::from_millis(250));
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(home);
        assert!(Home::enter(&dir, Duration::ZERO).is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&dir), mode(&dir.join("lock"))), (0o700, 0o600));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        let refused = Home::enter(&file, Duration::ZERO).unwrap_err().to_string();
        assert!(refused.contains("file"), "{refused}");
    }
}
