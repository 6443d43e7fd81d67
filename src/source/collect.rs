//! Which files are there? The walk over what was given on the command line.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Gap, GapKind, Inventory, Origin, Source, io_gap, printable};
use crate::pan::is_hidden;
use crate::time::Time;

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

impl Evidence {
    /// Finds all sources under the given paths (`-` is standard input), recursively, in a
    /// deterministic order. Paths that cannot be listed become gaps.
    ///
    /// A link to a file is read. A link to a folder is followed only where it was given as a path,
    /// so that no link can lead in circles; elsewhere it is a gap unless its folder is examined
    /// anyway. Devices, pipes and sockets are never opened.
    pub fn collect(paths: &[PathBuf], inventory: Inventory) -> Self {
        let roots = paths.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
        let mut walk = Walk { roots, found: Vec::new(), gaps: Vec::new() };
        for path in paths {
            walk.given(path);
        }
        let Walk { mut found, mut gaps, .. } = walk;
        found.sort_by(|a, b| (&a.name, a.path()).cmp(&(&b.name, b.path())));
        found.dedup_by(|a, b| a.name == b.name && a.path() == b.path());
        found.dedup_by(|later, first| {
            let same = later.name == first.name;
            gaps.extend(same.then(|| nameless(&first.name)));
            same
        });
        gaps.sort();
        gaps.dedup();
        Self { inventory, sources: found, gaps }
    }

    /// What standard input holds: the file of this name, which was written then. Nothing that is
    /// found in it depends on how it came.
    pub fn tell_stdin(&mut self, holds: &str, written: Option<Time>) {
        for source in &mut self.sources {
            if matches!(source.origin, Origin::Stdin) {
                source.name = printable(holds.as_bytes());
                source.written = written;
            }
        }
    }
}

/// Names that differ only in the digits that are not shown would be mistaken for each other.
fn nameless(name: &str) -> Gap {
    let detail =
        "another file, whose name differs only within a card number, is not read: rename it";
    Gap { source: name.to_owned(), kind: GapKind::Unsupported, detail: detail.to_owned() }
}

struct Walk {
    roots: Vec<PathBuf>,
    found: Vec<Source>,
    gaps: Vec<Gap>,
}

impl Walk {
    fn given(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            self.found.push(Source {
                name: "-".into(),
                size: None,
                written: None,
                origin: Origin::Stdin,
            });
            return;
        }
        // Doubled slashes and inner dots would give one file two names.
        let path: PathBuf = path.components().collect();
        match fs::metadata(&path) {
            Ok(meta) => self.add(&path, &meta),
            Err(error) => self.gaps.push(io_gap(&name(&path), &error)),
        }
    }

    fn add(&mut self, path: &Path, meta: &Metadata) {
        if meta.is_dir() {
            self.folder(path);
        } else if meta.is_file() {
            self.found.push(Source::file(path, meta));
        } else {
            self.unsupported(path, "not a regular file (a device, pipe or socket); not read");
        }
    }

    fn folder(&mut self, path: &Path) {
        match fs::read_dir(path) {
            Ok(entries) => entries.for_each(|entry| match entry {
                Ok(entry) => self.entry(&entry.path()),
                Err(error) => self.gaps.push(io_gap(&name(path), &error)),
            }),
            Err(error) => self.gaps.push(io_gap(&name(path), &error)),
        }
    }

    fn entry(&mut self, path: &Path) {
        let is_link = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
        match fs::metadata(path) {
            Ok(meta) if is_link && meta.is_dir() => self.linked_folder(path),
            Ok(meta) => self.add(path, &meta),
            Err(error) => self.gaps.push(io_gap(&name(path), &error)),
        }
    }

    fn linked_folder(&mut self, path: &Path) {
        let target = fs::canonicalize(path).unwrap_or_default();
        if !self.roots.iter().any(|root| target.starts_with(root)) {
            self.unsupported(path, "a link to a folder elsewhere; not followed: give the folder");
        }
    }

    fn unsupported(&mut self, path: &Path, detail: &str) {
        let (source, kind) = (name(path), GapKind::Unsupported);
        self.gaps.push(Gap { source, kind, detail: detail.to_owned() });
    }
}

impl Source {
    fn file(path: &Path, meta: &Metadata) -> Self {
        Self {
            name: name(path),
            size: Some(meta.len()),
            written: meta.modified().ok().and_then(written),
            origin: Origin::File(path.to_owned()),
        }
    }

    /// The file; `None` for standard input.
    pub fn path(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) => Some(path),
            Origin::Stdin => None,
        }
    }

    /// The file in which the stream of this name lies: the way back from a locus. `None` if it is
    /// not there any more, or was standard input.
    pub fn holding(stream: &str) -> Option<Self> {
        let ends = stream.match_indices('!').map(|(at, _)| at);
        let names = std::iter::once(stream.len()).chain(ends).map(|end| &stream[..end]);
        names.filter_map(locate).find_map(|path| {
            let meta = fs::metadata(&path).ok().filter(Metadata::is_file)?;
            Some(Self::file(&path, &meta))
        })
    }
}

/// The file or folder that outputs call so. In its real name there may be a card number where the
/// output has `…`.
pub fn locate(written: &str) -> Option<PathBuf> {
    let path = Path::new(written);
    if path.exists() || !is_hidden(written) {
        return path.exists().then(|| path.to_owned());
    }
    let parts: Vec<&Path> = path.iter().map(Path::new).collect();
    unhidden(PathBuf::new(), &parts)
}

fn unhidden(within: PathBuf, parts: &[&Path]) -> Option<PathBuf> {
    let Some((part, rest)) = parts.split_first() else {
        return within.exists().then_some(within);
    };
    let written = name(part);
    if !is_hidden(&written) {
        return unhidden(within.join(part), rest);
    }
    let here = Path::new(".");
    let folder = if within.as_os_str().is_empty() { here } else { &within };
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let names = entries.map(|entry| PathBuf::from(entry.file_name()));
    let mut names: Vec<PathBuf> = names.filter(|real| name(real) == written).collect();
    names.sort();
    names.iter().find_map(|real| unhidden(within.join(real), rest))
}

/// A file's time; `None` before 1970, which no log is.
fn written(time: SystemTime) -> Option<Time> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Time::from_micros(i64::try_from(since.as_micros()).ok()?, 0))
}

/// The name of a path: with `/` between its parts, printable.
fn name(path: &Path) -> String {
    let name = printable(path.as_os_str().as_encoded_bytes());
    if cfg!(windows) { name.replace('\\', "/") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(evidence: &Evidence) -> Vec<String> {
        let names = evidence.sources.iter().map(|s| s.name.as_str());
        names.map(|n| n.rsplit("/w/").next().unwrap_or(n).to_owned()).collect()
    }

    fn kinds(evidence: &Evidence) -> Vec<GapKind> {
        evidence.gaps.iter().map(|gap| gap.kind).collect()
    }

    #[test]
    fn walks_folders_in_order_and_names_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("w");
        fs::create_dir_all(root.join("b/deep")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        for file in ["b/deep/2.log", "a.log", "c.log", "b/1.log"] {
            fs::write(root.join(file), "x\n").unwrap();
        }
        let paths = [root.join("c.log"), root.clone(), root.join("gone"), "-".into(), "-".into()];
        let evidence = Evidence::collect(&paths, Inventory::default());
        let mut expected = ["a.log", "b/1.log", "b/deep/2.log", "c.log", "-"];
        expected.sort_by_key(|name| *name != "-");
        assert_eq!(names(&evidence), expected);
        assert_eq!(kinds(&evidence), [GapKind::Missing]);
        let held = Source::holding(&format!("{}!x.log", root.join("a.log").display())).unwrap();
        assert!(held.name.ends_with("a.log"));
    }

    #[test]
    fn a_name_with_a_card_number_is_hidden_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("w");
        fs::create_dir_all(root.join("h4716123412340017")).unwrap();
        let log = root.join("h4716123412340017/a-4929123412342222.log");
        fs::write(&log, "x\n").unwrap();
        let evidence = Evidence::collect(std::slice::from_ref(&root), Inventory::default());
        assert_eq!(names(&evidence), ["h471612…0017/a-492912…2222.log"]);
        let written = &evidence.sources[0].name;
        assert_eq!(locate(written), Some(log));
        assert_eq!(&Source::holding(&format!("{written}!x")).unwrap().name, written);
        fs::write(root.join("h4716123412340017/a-4929120000042222.log"), "y\n").unwrap();
        let evidence = Evidence::collect(std::slice::from_ref(&root), Inventory::default());
        assert_eq!((evidence.sources.len(), kinds(&evidence)), (1, vec![GapKind::Unsupported]));
    }

    #[cfg(unix)]
    #[test]
    fn follows_no_link_in_circles_and_opens_no_pipe() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let (root, other) = (folder.path().join("w"), folder.path().join("other"));
        fs::create_dir_all(root.join("in")).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(root.join("in/a.log"), "x\n").unwrap();
        symlink(&root, root.join("in/circle")).unwrap();
        symlink(&other, root.join("elsewhere")).unwrap();
        symlink(root.join("in/a.log"), root.join("link.log")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
        let evidence = Evidence::collect(std::slice::from_ref(&root), Inventory::default());
        assert_eq!(names(&evidence), ["in/a.log", "link.log"]);
        let expected = [GapKind::Missing, GapKind::Unsupported, GapKind::Unsupported];
        assert_eq!(kinds(&evidence), expected);
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_utf8_stay_apart_and_printable() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        for name in [&b"\xff.log"[..], b"\xfe.log", b"a\nb.log"] {
            fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
        }
        let evidence = Evidence::collect(&[folder.path().to_owned()], Inventory::default());
        let tails: Vec<_> =
            evidence.sources.iter().filter_map(|s| s.name.rsplit('/').next()).collect();
        assert_eq!(tails, ["\\xfe.log", "\\xff.log", "a\\x0ab.log"]);
    }
}
