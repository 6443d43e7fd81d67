//! Runs of NUL bytes within a log: a block that a crash left unwritten, a file that was cut while
//! a program wrote on (what stood before is gone), an entry wiped by hand.

use super::{Gap, GapKind};

/// Shorter runs are data: attackers send NUL bytes, too.
pub(super) const HOLE: usize = 256;

/// The holes of a stream. A run at its end is none: files are allotted before they are filled.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// Length of the run that the stream stands in.
    run: usize,
    count: u64,
    bytes: u64,
}

impl Holes {
    /// Looks at the next bytes of the stream.
    pub(super) fn look(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let nuls = bytes.iter().take_while(|b| **b == 0).count();
            self.run += nuls;
            bytes = bytes.get(nuls..).unwrap_or_default();
            if bytes.is_empty() {
                return;
            }
            self.close();
            let next = memchr::memchr(0, bytes).unwrap_or(bytes.len());
            bytes = bytes.get(next..).unwrap_or_default();
        }
    }

    fn close(&mut self) {
        if self.run >= HOLE {
            self.count += 1;
            self.bytes += self.run as u64;
        }
        self.run = 0;
    }

    /// The holes as a gap.
    pub(super) fn gap(&self, source: &str) -> Option<Gap> {
        let (count, bytes) = (self.count, self.bytes);
        let runs = if count == 1 { "run" } else { "runs" };
        (count > 0).then(|| Gap {
            source: source.to_owned(),
            kind: GapKind::Hole,
            detail: format!(
                "{bytes} NUL bytes in {count} {runs} stand where entries should: unwritten at a \
                 crash, cut while it was written to, or overwritten"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(bytes: &[u8], step: usize) -> (u64, u64) {
        let mut holes = Holes::default();
        bytes.chunks(step).for_each(|chunk| holes.look(chunk));
        (holes.count, holes.bytes)
    }

    #[test]
    fn long_runs_within_are_holes_however_they_are_read() {
        let nul = |n: usize| vec![0; n];
        let table = [
            (b"GET / 200\n".to_vec(), (0, 0)),
            ([nul(300), b"GET /\n".to_vec()].concat(), (1, 300)),
            ([b"a\n".to_vec(), nul(255), b"b\n".to_vec()].concat(), (0, 0)),
            (
                [b"a\n".to_vec(), nul(256), b"b".to_vec(), nul(999), b"c".to_vec()].concat(),
                (2, 1_255),
            ),
            ([b"a\n".to_vec(), nul(4_096)].concat(), (0, 0)), // allotted, not yet filled
        ];
        for (bytes, wanted) in table {
            for step in [1, 7, 256, 9_999] {
                assert_eq!(holes(&bytes, step), wanted, "{step}");
            }
        }
    }
}
