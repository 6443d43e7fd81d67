//! One gzip member (RFC 1952), and raw deflate (RFC 1951) with its checksum, which zip needs too.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::frames::{Frame, Progress};
use super::input::{Damage, Input};
use crate::time::Time;

/// Raw deflate data, summed up while it is inflated.
pub(super) struct Inflate {
    inflater: Decompress,
    crc: Crc,
}

impl Inflate {
    pub(super) fn new() -> Self {
        Self { inflater: Decompress::new(false), crc: Crc::new() }
    }

    /// CRC-32 of the bytes so far.
    pub(super) fn crc(&self) -> u32 {
        self.crc.sum()
    }

    /// Compressed bytes so far.
    pub(super) fn total_in(&self) -> u64 {
        self.inflater.total_in()
    }

    /// Decompressed bytes so far.
    pub(super) fn total_out(&self) -> u64 {
        self.inflater.total_out()
    }

    /// Inflates some bytes. Exactly the bytes of the deflate data are consumed.
    pub(super) fn step(&mut self, input: &mut Input<'_>, out: &mut [u8]) -> (usize, Progress) {
        let (before_in, before_out) = (self.total_in(), self.total_out());
        let source = input.fill();
        let bare = source.is_empty();
        let result = self.inflater.decompress(source, out, FlushDecompress::None);
        input.consume((self.total_in() - before_in) as usize);
        let n = (self.total_out() - before_out) as usize;
        self.crc.update(&out[..n]);
        let progress = match result {
            Ok(Status::StreamEnd) => Progress::End,
            Ok(_) if bare && n == 0 => Progress::Broken(input.short("the compressed data")),
            Ok(_) => Progress::More,
            Err(error) => Progress::Broken(Damage::corrupt(format!(
                "the compressed data is damaged: {error}"
            ))),
        };
        (n, progress)
    }
}

/// A gzip member.
pub(super) struct Member {
    inflate: Inflate,
    part: Part,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Body,
    Trailer,
}

/// When the content was last written, as a gzip header says that has it.
pub(super) fn written(head: &[u8]) -> Option<Time> {
    let [0x1f, 0x8b, 8, _, a, b, c, d, ..] = head else { return None };
    let seconds = u32::from_le_bytes([*a, *b, *c, *d]);
    (seconds > 0).then(|| Time::from_micros(i64::from(seconds) * 1_000_000, 0))
}

/// Flags of the header.
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

impl Member {
    pub(super) fn new() -> Self {
        Self { inflate: Inflate::new(), part: Part::Header }
    }

    /// Passes over the header.
    fn header(input: &mut Input<'_>) -> Result<(), Damage> {
        let short = |input: &Input<'_>| input.short("a gzip header");
        let fixed = input.array::<10>().ok_or_else(|| short(input))?;
        let flags = fixed[3];
        if fixed[2] != 8 || flags & RESERVED != 0 {
            return Err(Damage::corrupt("the gzip header is damaged"));
        }
        if flags & EXTRA != 0 {
            let len = input.array::<2>().ok_or_else(|| short(input))?;
            input.skip(u64::from(u16::from_le_bytes(len)));
        }
        for text in [NAME, COMMENT] {
            if flags & text != 0 {
                skip_text(input);
            }
        }
        if flags & HEADER_CRC != 0 {
            input.skip(2);
        }
        if input.starved() { Err(short(input)) } else { Ok(()) }
    }

    /// Compares the checksum and the length (modulo 2^32) that the member ends with.
    fn trailer(&self, input: &mut Input<'_>) -> Progress {
        let crc = input.array().map(u32::from_le_bytes);
        let length = input.array().map(u32::from_le_bytes);
        let Some((crc, length)) = crc.zip(length) else {
            return Progress::Broken(input.short("a gzip checksum"));
        };
        if crc != self.inflate.crc() {
            return Progress::Wrong(Damage::corrupt("the checksum is wrong"));
        }
        if length != self.inflate.total_out() as u32 {
            return Progress::Wrong(Damage::corrupt("the length is wrong"));
        }
        Progress::End
    }
}

/// Passes over a text and the NUL that ends it.
fn skip_text(input: &mut Input<'_>) {
    loop {
        let have = input.fill();
        let nul = memchr::memchr(0, have);
        let n = nul.map_or(have.len(), |at| at + 1);
        input.consume(n);
        if nul.is_some() || n == 0 {
            return;
        }
    }
}

impl Frame for Member {
    fn step(&mut self, input: &mut Input<'_>, out: &mut [u8]) -> (usize, Progress) {
        match self.part {
            Part::Header => match Self::header(input) {
                Ok(()) => {
                    self.part = Part::Body;
                    (0, Progress::More)
                }
                Err(damage) => (0, Progress::Broken(damage)),
            },
            Part::Body => match self.inflate.step(input, out) {
                (n, Progress::End) => {
                    self.part = Part::Trailer;
                    (n, Progress::More)
                }
                other => other,
            },
            Part::Trailer => (0, self.trailer(input)),
        }
    }
}
