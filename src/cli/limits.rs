//! What may reading cost? The limits as flags; each one that is reached is a gap in the report.

use clap::Args;
use leaksweep::line::Blocks;
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
    }

    fn limits(arguments: &[&str]) -> LimitArgs {
        use clap::Parser;
        Only::try_parse_from([&["x"], arguments].concat()).unwrap().limits
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
