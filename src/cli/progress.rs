//! How far is it? A bar on standard error, if that is a terminal.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use leaksweep::Progress;
use leaksweep::report::visible;
use leaksweep::source::Evidence;

/// A bar over the raw bytes of all sources.
#[derive(Debug)]
pub(crate) struct Bar {
    is_shown: bool,
    /// Raw bytes of all sources.
    total: u64,
    sizes: HashMap<String, u64>,
    begun: Instant,
    state: Mutex<State>,
}

/// How far it is.
#[derive(Debug, Default)]
struct State {
    /// Raw bytes done with.
    at: u64,
    /// What is known of the sources that are being read.
    sources: HashMap<String, Begun>,
    /// When the bar was drawn last.
    drawn: Option<Instant>,
}

/// A source that is being read.
#[derive(Debug, Default)]
struct Begun {
    /// Raw bytes that the bar was moved for it.
    credited: u64,
    /// Decompressed bytes scanned.
    scanned: u64,
}

/// How many decompressed bytes are taken for one raw byte of a compressed log until its end tells.
const RATIO: u64 = 10;

/// Between two drawings.
const PAUSE: Duration = Duration::from_millis(100);

/// Columns of the bar itself.
const COLUMNS: usize = 24;

/// Takes the line away, whatever stands in it.
const CLEAR: &str = "\r\x1b[K";

impl Bar {
    /// A bar; hidden when nobody would see it.
    pub(crate) fn new(evidence: &Evidence, quiet: bool) -> Self {
        let sizes: HashMap<String, u64> =
            evidence.sources.iter().map(|s| (s.name.clone(), s.size.unwrap_or(0))).collect();
        let is_shown = !quiet && io::stderr().is_terminal();
        let (total, begun) = (sizes.values().sum(), Instant::now());
        Self { is_shown, total, sizes, begun, state: Mutex::default() }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if self.is_shown {
            tell(CLEAR);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line that is shown, of so many columns at most.
    fn line(&self, at: u64, name: &str, took: Duration, columns: usize) -> String {
        let total = self.total.max(at).max(1);
        let full = (at as f64 / total as f64 * COLUMNS as f64) as usize;
        let bar = "█".repeat(full) + &" ".repeat(COLUMNS - full);
        let rate = at as f64 / took.as_secs_f64().max(0.001);
        let left = ((total - at) as f64 / rate.max(1.0)) as u64;
        let (done, all, rate) = (Size(at), Size(total), Size(rate as u64));
        let left = format!("{}:{:02}:{:02}", left / 3_600, left / 60 % 60, left % 60);
        let line = format!("{bar} {done}/{all} {rate}/s {left} left  {}", visible(name));
        line.chars().take(columns.saturating_sub(1)).collect()
    }

    /// Moves the bar for `source` until `credit` has been given for it, and draws it if it is time.
    fn credit(&self, source: &str, name: &str, credit: impl FnOnce(&mut Begun) -> u64) {
        let mut state = self.state();
        let of_source = state.sources.entry(source.to_owned()).or_default();
        let credit = credit(of_source);
        let more = credit.saturating_sub(of_source.credited);
        of_source.credited += more;
        state.at += more;
        if self.is_shown && state.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE) {
            state.drawn = Some(Instant::now());
            let columns = terminal_size::terminal_size_of(io::stderr());
            let columns = columns.map_or(80, |(columns, _)| usize::from(columns.0));
            tell(&(CLEAR.to_owned() + &self.line(state.at, name, self.begun.elapsed(), columns)));
        }
    }
}

/// Progress that cannot be shown harms nothing.
fn tell(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Bytes, as a person reads them.
struct Size(u64);

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let power = (self.0.max(1).ilog2() / 10).min(4);
        let unit = ["B", "KiB", "MiB", "GiB", "TiB"][power as usize];
        let digits = usize::from(power > 0);
        write!(f, "{:.digits$} {unit}", self.0 as f64 / (1_u64 << (10 * power)) as f64)
    }
}

fn is_compressed(name: &str) -> bool {
    let ends = [".gz", ".zst", ".bz2", ".xz", ".lz4", ".zip", ".tgz"];
    ends.iter().any(|end| name.ends_with(end))
}

impl Progress for Bar {
    fn scanned(&self, name: &str, bytes: u64) {
        if !self.is_shown {
            return;
        }
        let source = name.split_once('!').map_or(name, |(file, _)| file);
        let size = self.sizes.get(source).copied().unwrap_or(u64::MAX);
        let ratio = if is_compressed(source) { RATIO } else { 1 };
        self.credit(source, name, |begun| {
            begun.scanned += bytes;
            (begun.scanned / ratio).min(size)
        });
    }

    fn done(&self, name: &str, bytes: u64) {
        self.credit(name, name, |_| bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar() -> (tempfile::TempDir, Bar, [String; 2]) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.gz"), [0; 100]).unwrap();
        std::fs::write(folder.path().join("b.log"), [0; 50]).unwrap();
        let paths = [folder.path().to_owned()];
        let evidence = Evidence::collect(&paths, leaksweep::source::Inventory::default());
        let names = [0, 1].map(|n| evidence.sources[n].name.clone());
        (folder, Bar::new(&evidence, true), names)
    }

    #[test]
    fn the_bar_ends_where_the_bytes_end() {
        let (_folder, bar, [a, b]) = bar();
        bar.scanned(&a, 5_000);
        bar.scanned(&b, 20);
        bar.done(&b, 50);
        bar.done(&a, 100);
        assert_eq!((bar.state().at, bar.total), (150, 150));
    }

    #[test]
    fn the_line_tells_how_much_how_fast_and_how_long() {
        let (_folder, mut bar, _) = bar();
        bar.total = 3 << 30;
        let line = bar.line(1 << 30, "a\x1b[2Jb", Duration::from_secs(2), 200);
        assert!(line.starts_with("████████   "), "{line}");
        assert!(line.contains(" 1.0 GiB/3.0 GiB 512.0 MiB/s 0:00:04 left  a"), "{line}");
        assert!(!line.contains('\x1b'));
        assert_eq!(bar.line(0, "a", Duration::ZERO, 20).chars().count(), 19);
        assert_eq!(Size(1_023).to_string(), "1023 B");
    }
}
