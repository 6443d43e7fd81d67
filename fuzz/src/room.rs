//! What all promises need: a folder for evidence, the built-in rules, a key.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use leaksweep::element::{CaseKey, Finder};
use leaksweep::rule::RuleSet;
use leaksweep::scan::Tally;
use leaksweep::source::{Evidence, Inventory};
use leaksweep::{Options, sweep};

pub static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().unwrap());

pub static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new(CaseKey::from_bytes(b"fuzz")));

/// In memory where the system has such a place: a fuzzer writes a file for each input.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

/// A file of evidence in a folder.
pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

pub fn evidence(paths: &[PathBuf]) -> Evidence {
    Evidence::collect(paths, Inventory::default())
}

/// What a sweep yields by the built-in rules.
pub fn tally(paths: &[PathBuf], options: &Options) -> Tally {
    sweep(&evidence(paths), &RULES, &FINDER, options, &()).unwrap()
}
