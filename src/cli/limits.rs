//! What may reading cost? The limits as flags; each one that is reached is a gap in the report.

use std::num::NonZeroU32;

use clap::Args;
use leaksweep::line::Blocks;
use leaksweep::scan::Bounds;
use leaksweep::source::{Limits, Stop, Stream};

/// The limits of one sweep.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits (what lies beyond one is a gap in the report)")]
pub(crate) struct LimitArgs {
    /// Bytes of one line or entry; the rest of a longer one is counted
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1M")]
    max_entry: u64,
    /// Bytes of one log, decompressed
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1T")]
    max_stream: u64,
    /// Decompressed bytes for each byte of a file, beyond --ratio-from
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio)]
    max_ratio: u64,
    /// Decompressed bytes of a file that are allowed at any ratio
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64M")]
    ratio_from: u64,
    /// Members of the archives of one file
    #[arg(long, value_name = "N", default_value_t = Limits::default().members)]
    max_members: u64,
    /// Containers within containers; `a.tar.gz` with an `x.log.gz` in it is three
    #[arg(long, value_name = "N", default_value_t = Limits::default().depth)]
    max_depth: usize,
    /// Bytes that an unpacked file may refer back to and that are held for it: the window of zstd
    /// (`zstd --long=30` needs 1G), the dictionary of xz
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "256M")]
    max_window: u64,
}

/// How much of what an attacker can make up is told apart.
#[derive(Debug, Args)]
#[command(next_help_heading = BOUNDS)]
pub(crate) struct BoundArgs {
    /// Tell N times as much apart, in as much more memory
    #[arg(long, value_name = "N", default_value_t = NonZeroU32::MIN, long_help = bounds_help())]
    bounds: NonZeroU32,
}

const BOUNDS: &str = "Bounds (what lies beyond one is counted, and the report says so)";

/// The usual bounds, each with its number.
fn bounds_help() -> String {
    let usual = Bounds::default();
    let each = [
        (usual.pages(), "pages whose answers are compared with each other"),
        (usual.hours(), "hours with entries"),
        (usual.clients(), "clients of records"),
        (usual.hits(), "hits of one rule and outcome"),
        (usual.kinds(), "kinds of hits of one rule and outcome behind those"),
        (usual.points(), "matches of one rule that correlations count"),
        (usual.texts(), "bytes of the texts that those differ by"),
        (usual.hosts(), "sites that only a Host header names"),
        (usual.uses(), "paths, agents, accounts... of one intruder"),
        (usual.walks(), "walks of one intruder through numbered pages"),
        (usual.traces(), "clients that are followed (of all logs; likewise paths, agents...)"),
    ];
    let lines = each.map(|(number, what)| format!("{number:>12} {what}"));
    format!(
        "Tell N times as much apart, in as much more memory. Whatever an attacker makes up, of one \
         site in one log are told apart:\n\n{}\n",
        lines.join("\n")
    )
}

impl BoundArgs {
    /// The bounds as the library takes them.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds::times(self.bounds)
    }

    /// Bounds that are not the usual ones, as arguments of a run.
    pub(super) fn canonical(&self) -> Vec<String> {
        if self.bounds() == Bounds::default() {
            return Vec::new();
        }
        vec!["--bounds".to_owned(), self.bounds().factor().to_string()]
    }
}

impl LimitArgs {
    /// The limits as the library takes them.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            stream_bytes: self.max_stream,
            ratio: self.max_ratio,
            ratio_from: self.ratio_from,
            members: self.max_members,
            depth: self.max_depth,
            window: self.max_window,
            entry_bytes: usize::try_from(self.max_entry).unwrap_or(usize::MAX),
            stop: Stop::default(),
        }
    }

    /// The blocks of a stream, under these limits.
    pub(super) fn blocks<'s, 'r>(&self, stream: &'s mut Stream<'r>) -> Blocks<'s, 'r> {
        let mut blocks = Blocks::new(stream, 1 << 20);
        blocks.cap(self.limits().entry_bytes);
        blocks
    }

    /// The limits that are not the usual ones, as arguments of a run.
    pub(super) fn canonical(&self) -> Vec<String> {
        let (usual, set) = (Limits::default(), self.limits());
        let pairs = [
            ("--max-entry", usual.entry_bytes as u64, set.entry_bytes as u64),
            ("--max-stream", usual.stream_bytes, set.stream_bytes),
            ("--max-ratio", usual.ratio, set.ratio),
            ("--ratio-from", usual.ratio_from, set.ratio_from),
            ("--max-members", usual.members, set.members),
            ("--max-depth", usual.depth as u64, set.depth as u64),
            ("--max-window", usual.window, set.window),
        ];
        let other = pairs.into_iter().filter(|(_, usual, set)| usual != set);
        other.flat_map(|(name, _, set)| [name.to_owned(), set.to_string()]).collect()
    }
}

/// A number of bytes: `4096`, `64K`, `1M`, `2G`, `1T` (powers of 1,024).
fn size(text: &str) -> Result<u64, String> {
    let shift = match text.as_bytes().last().map(u8::to_ascii_uppercase) {
        Some(b'K') => 10,
        Some(b'M') => 20,
        Some(b'G') => 30,
        Some(b'T') => 40,
        _ => 0,
    };
    let digits = if shift == 0 { text } else { &text[..text.len() - 1] };
    let number: u64 = digits.parse().map_err(|_| "write it like 4096, 64K, 1M, 2G or 1T")?;
    number.checked_mul(1 << shift).filter(|n| *n > 0).ok_or_else(|| "out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Only {
        #[command(flatten)]
        limits: LimitArgs,
        #[command(flatten)]
        bounds: BoundArgs,
    }

    fn only(arguments: &[&str]) -> Only {
        use clap::Parser;
        Only::try_parse_from([&["x"], arguments].concat()).unwrap()
    }

    fn limits(arguments: &[&str]) -> LimitArgs {
        only(arguments).limits
    }

    #[test]
    fn bounds_are_said_if_they_are_not_the_usual_ones() {
        assert!(only(&["--bounds", "1"]).bounds.canonical().is_empty());
        let set = only(&["--bounds", "20"]).bounds;
        assert_eq!(
            (set.bounds().pages(), set.canonical()),
            (100_000, vec!["--bounds".into(), "20".into()])
        );
        assert!(bounds_help().contains(" 5000 pages"));
    }

    #[test]
    fn the_flags_default_to_the_librarys_limits() {
        assert!(limits(&[]).canonical().is_empty());
        let set = limits(&["--max-entry", "64K", "--max-depth", "5"]);
        assert_eq!(set.canonical(), ["--max-entry", "65536", "--max-depth", "5"]);
    }

    #[test]
    fn a_size_is_digits_and_a_unit() {
        assert_eq!(size("64k"), Ok(65_536));
        assert_eq!(size("12"), Ok(12));
        for bad in ["", "K", "0", "-1", "1X", "99999999T"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
