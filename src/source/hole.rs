//! Runs of NUL bytes within a log: a block that a crash left unwritten, a file that was cut while
//! a program wrote on (what stood before is gone), an entry wiped by hand. And text in UTF-16 within a
//! log that is none, where every other byte is NUL: no rule reads it.

use super::{Gap, GapKind};

/// Shorter runs are data: attackers send NUL bytes, too.
pub(super) const HOLE: usize = 256;

/// So many single NUL bytes, each behind one other byte, are UTF-16.
const WIDE: u64 = 32;

/// The holes of a stream. A run at its end is none: files are allotted before they are filled.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// Length of the run that the stream stands in.
    run: usize,
    count: u64,
    bytes: u64,
    /// Bytes since the last NUL before that run.
    between: usize,
    /// Single NUL bytes behind single others, up to here.
    alternating: u64,
    /// Bytes of UTF-16.
    wide: u64,
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
            self.between += next;
            bytes = bytes.get(next..).unwrap_or_default();
        }
    }

    fn close(&mut self) {
        if self.run == 0 {
            return;
        }
        if self.run >= HOLE {
            self.count += 1;
            self.bytes += self.run as u64;
        }
        let alternates = self.run == 1 && self.between == 1;
        self.alternating = if alternates { self.alternating + 1 } else { 0 };
        self.wide += match self.alternating {
            ..WIDE => 0,
            WIDE => 2 * WIDE,
            _ => 2,
        };
        (self.run, self.between) = (0, 0);
    }

    /// The holes and the UTF-16 as gaps.
    pub(super) fn gaps(&self, source: &str) -> impl Iterator<Item = Gap> {
        self.gap(source).into_iter().chain(self.unread(source))
    }

    fn unread(&self, source: &str) -> Option<Gap> {
        let bytes = self.wide;
        (bytes > 0).then(|| Gap {
            source: source.to_owned(),
            kind: GapKind::Binary,
            detail: format!(
                "{bytes} bytes of UTF-16 and more stand in a log of another encoding: they were not \
                 read as text"
            ),
        })
    }

    fn gap(&self, source: &str) -> Option<Gap> {
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

    #[test]
    fn utf16_behind_other_text_is_told_however_it_is_read() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let line = "192.0.2.1 GET /order HTTP/1.1 200\r\n";
        let table = [
            ([line.as_bytes().to_vec(), wide(&line.repeat(9))].concat(), true),
            ([line.as_bytes().to_vec(), wide("short")].concat(), false),
            ([line.as_bytes(), &[0; 300][..], line.as_bytes()].concat(), false),
            (b"a%00b\0c".repeat(99), false),
        ];
        for (bytes, told) in table {
            for step in [1, 7, 256, 9_999] {
                let mut holes = Holes::default();
                bytes.chunks(step).for_each(|chunk| holes.look(chunk));
                assert_eq!(holes.unread("x").is_some(), told, "{step}");
            }
        }
    }
}
