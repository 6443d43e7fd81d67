//! How is a file written? Only for its owner, whole or not there, hashed on its way, never over
//! another, through a link, or into the evidence.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use leaksweep::report::RenderError;
use leaksweep::source::ContentId;
use sha2::{Digest, Sha256};

use super::Failure;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) sha256: ContentId,
    pub(super) bytes: u64,
}

/// Why nothing is written there.
pub(super) fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(format!("output {}: {why}", path.display()))
}

/// Refuses what would overwrite something, stand inside the evidence, or not be possible.
pub(super) fn check(path: &Path, evidence: &[PathBuf], force: bool) -> Result<(), Failure> {
    let folder = folder_of(path);
    let real = fs::canonicalize(folder).map_err(|error| {
        refused(path, &format!("its folder {}: {error}; make it first", folder.display()))
    })?;
    for given in evidence.iter().filter(|given| given.as_os_str() != "-") {
        let Ok(root) = fs::canonicalize(given) else { continue };
        if root.is_dir() && real.starts_with(&root) {
            let why = format!(
                "it lies inside the evidence {}, into which nothing is written; choose another folder",
                given.display()
            );
            return Err(refused(path, &why));
        }
        if fs::canonicalize(path).is_ok_and(|path| path == root) {
            return Err(refused(path, "it is a piece of the evidence; choose another name"));
        }
    }
    let why = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => "it is a folder; name a file",
        Ok(meta) if meta.is_symlink() => "it is a symbolic link; name the file itself",
        Ok(meta) if !meta.is_file() => return Ok(()),
        Ok(_) if !force => "it exists; choose another name, or overwrite it with --force",
        _ => return Ok(()),
    };
    Err(refused(path, why))
}

/// Whether a folder is or lies in a folder of the evidence.
pub(super) fn is_inside(folder: &Path, evidence: &[PathBuf]) -> bool {
    let roots = evidence.iter().filter_map(|given| fs::canonicalize(given).ok());
    fs::canonicalize(folder).is_ok_and(|real| roots.into_iter().any(|root| real.starts_with(root)))
}

/// The folder that a path stands in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file under another name in the same folder, then gives it its own: it is whole or not
/// there, and without `force` it is never put over one that came meanwhile. A device or a named pipe
/// is written to as it is: a file in its place would take it away from the whole machine.
pub(super) fn write(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut dyn Write) -> Result<(), RenderError>,
) -> Result<Written, RenderError> {
    if fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file()) {
        let mut out = Hashing::to(OpenOptions::new().write(true).open(path)?);
        write(&mut out)?;
        out.flush()?;
        return Ok(out.written());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder_of(path).join(format!(".{name}.{}.part", std::process::id()));
    let written = create(&draft).map_err(RenderError::from).and_then(|file| {
        let mut out = Hashing::to(file);
        write(&mut out)?;
        out.flush()?;
        out.to.get_ref().sync_all()?;
        give_name(&draft, path, force)?;
        // The name is on disk only when its folder is.
        #[cfg(unix)]
        File::open(folder_of(path))?.sync_all()?;
        Ok(out.written())
    });
    let _ = fs::remove_file(&draft);
    written
}

/// A second name fails where the name is taken; renaming would not.
fn give_name(draft: &Path, path: &Path, force: bool) -> io::Result<()> {
    let linked =
        if force { Err(io::ErrorKind::Unsupported.into()) } else { fs::hard_link(draft, path) };
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems know no second names.
        Err(_) => fs::rename(draft, path),
        Ok(()) => Ok(()),
    }
}

/// A new file that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Passes bytes on and hashes them.
struct Hashing<W: Write> {
    to: BufWriter<W>,
    sum: Sha256,
    bytes: u64,
}

impl<W: Write> Hashing<W> {
    fn to(to: W) -> Self {
        Self { to: BufWriter::new(to), sum: Sha256::new(), bytes: 0 }
    }

    fn written(self) -> Written {
        Written { sha256: ContentId(self.sum.finalize().into()), bytes: self.bytes }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.to.write(bytes)?;
        self.sum.update(bytes.get(..taken).unwrap_or(bytes));
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Hash and size of a file as it is now.
pub(super) fn hash(path: &Path) -> io::Result<Written> {
    // Nobody may be writing into a pipe.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut out = Hashing::to(io::sink());
    io::copy(&mut File::open(path)?, &mut out)?;
    Ok(out.written())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten_or_written_into_the_evidence() {
        let folder = tempfile::tempdir().unwrap();
        let (logs, out) = (folder.path().join("logs"), folder.path().join("out"));
        fs::create_dir_all(logs.join("deep")).unwrap();
        fs::create_dir(&out).unwrap();
        fs::write(out.join("old.json"), "x").unwrap();
        let evidence = [logs.clone(), out.join("old.json")];
        let why = |path: PathBuf, force| format!("{:?}", check(&path, &evidence[..1], force));
        assert!(why(logs.join("deep/r.json"), true).contains("inside the evidence"));
        assert!(why(out.join("old.json"), false).contains("--force"));
        assert!(why(out.clone(), true).contains("folder"));
        assert!(why(out.join("none/r.json"), false).contains("make it first"));
        assert!(check(&out.join("new.json"), &evidence, false).is_ok());
        assert!(check(&out.join("old.json"), &evidence[..1], true).is_ok());
        assert!(check(&out.join("old.json"), &evidence, true).is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&logs, out.join("link")).unwrap();
            std::os::unix::fs::symlink(logs.join("new"), out.join("into")).unwrap();
            assert!(why(out.join("into"), true).contains("symbolic link"));
            assert!(why(out.join("link/r.json"), true).contains("inside the evidence"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_stays_a_device() {
        use std::os::unix::fs::FileTypeExt;
        let path = Path::new("/dev/null");
        for force in [false, true] {
            check(path, &[], force).unwrap();
            assert_eq!(write(path, force, |out| Ok(out.write_all(b"x")?)).unwrap().bytes, 1);
            assert!(fs::metadata(path).unwrap().file_type().is_char_device());
        }
        assert!(hash(path).is_err());
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.json");
        let failed = write(&path, false, |_| Err(RenderError::NoTally));
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let written = write(&path, false, |out| Ok(out.write_all(b"x")?)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
        assert_eq!(hash(&path).unwrap(), written);
        assert!(write(&path, false, |out| Ok(out.write_all(b"y")?)).is_err(), "it came meanwhile");
        write(&path, true, |out| Ok(out.write_all(b"y")?)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"y");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
