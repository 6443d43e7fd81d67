//! How far is it? A bar on standard error, if that is a terminal.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use leaksweep::Progress;
use leaksweep::report::visible;
use leaksweep::source::Evidence;

/// A bar over the raw bytes of all sources.
#[derive(Debug)]
pub(crate) struct Bar {
    shown: ProgressBar,
    /// What is known of the sources that are being read.
    begun: Mutex<HashMap<String, Begun>>,
    sizes: HashMap<String, u64>,
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

const TEMPLATE: &str = "{bar:24} {bytes}/{total_bytes} {bytes_per_sec} {eta} left  {wide_msg}";

impl Bar {
    /// A bar; hidden when nobody would see it.
    pub(crate) fn new(evidence: &Evidence, quiet: bool) -> Self {
        let sizes: HashMap<String, u64> =
            evidence.sources.iter().map(|s| (s.name.clone(), s.size.unwrap_or(0))).collect();
        let target =
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(sizes.values().sum()), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        Self { shown: bar, begun: Mutex::default(), sizes }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.shown.finish_and_clear();
    }

    /// Moves the bar for `source` until `credit` has been given for it.
    fn credit(&self, source: &str, credit: impl FnOnce(&mut Begun) -> u64) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source = begun.entry(source.to_owned()).or_default();
        let credit = credit(of_source);
        self.shown.inc(credit.saturating_sub(of_source.credited));
        of_source.credited = of_source.credited.max(credit);
    }
}

fn is_compressed(name: &str) -> bool {
    let ends = [".gz", ".zst", ".bz2", ".xz", ".lz4", ".zip", ".tgz"];
    ends.iter().any(|end| name.ends_with(end))
}

impl Progress for Bar {
    fn scanned(&self, name: &str, bytes: u64) {
        if self.shown.is_hidden() {
            return;
        }
        let source = name.split_once('!').map_or(name, |(file, _)| file);
        let size = self.sizes.get(source).copied().unwrap_or(u64::MAX);
        let ratio = if is_compressed(source) { RATIO } else { 1 };
        self.credit(source, |begun| {
            begun.scanned += bytes;
            (begun.scanned / ratio).min(size)
        });
        self.shown.set_message(visible(name).into_owned());
    }

    fn done(&self, name: &str, bytes: u64) {
        self.credit(name, |_| bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_ends_where_the_bytes_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.gz"), [0; 100]).unwrap();
        std::fs::write(folder.path().join("b.log"), [0; 50]).unwrap();
        let paths = [folder.path().to_owned()];
        let evidence = Evidence::collect(&paths, leaksweep::source::Inventory::default());
        let bar = Bar::new(&evidence, true);
        let (a, b) = (&evidence.sources[0].name, &evidence.sources[1].name);
        bar.scanned(a, 5_000);
        bar.scanned(b, 20);
        bar.done(b, 50);
        bar.done(a, 100);
        assert_eq!((bar.shown.position(), bar.shown.length()), (150, Some(150)));
    }
}
