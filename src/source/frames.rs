//! How is compression undone? One reader over frames (gzip members, zstd frames, bzip2 and xz
//! streams), with one policy for how they may end.
//!
//! * Every byte decoded before a damage is delivered before the damage is told.
//! * Zero padding behind the last frame is fine (tapes, block copies); more frames are read on.
//! * Other bytes behind it are [`GapKind::TrailingGarbage`]; if they are many, a frame was lost.
//! * A wrong checksum of a gzip member does not hide the members behind it: it is told at the end.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::GapKind;
use super::codec::{Bzip2, EmptyBzip2, Skippable, Xz, Zstd};
use super::gzip::Member;
use super::input::{Damage, Input};
use super::lz4::Lz4;
use super::magic;

/// The compression methods that are undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Lz4,
}

/// What a decoder did besides giving bytes.
pub(super) enum Progress {
    /// There may be more.
    More,
    /// The frame is over.
    End,
    /// The frame is over and whole in length, but not what it was.
    Wrong(Damage),
    /// The frame cannot be read on.
    Broken(Damage),
}

/// Decodes one frame.
pub(super) trait Frame: Send {
    /// Decodes some bytes into `out`; tells how many, and what came of it.
    fn step(&mut self, input: &mut Input<'_>, out: &mut [u8]) -> (usize, Progress);
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lz4 => "lz4",
        }
    }

    /// Whether another frame begins here.
    fn begins(self, head: &[u8]) -> bool {
        match self {
            Self::Gzip => head.starts_with(b"\x1f\x8b\x08"),
            Self::Zstd => head.starts_with(b"\x28\xb5\x2f\xfd") || magic::is_skippable(head),
            Self::Bzip2 => magic::is_bzip2(head),
            Self::Xz => head.starts_with(b"\xfd7zXZ\0"),
            Self::Lz4 => head.starts_with(b"\x04\x22\x4d\x18") || magic::is_skippable(head),
        }
    }

    fn frame(self, head: &[u8], window: u64) -> Box<dyn Frame> {
        match self {
            Self::Gzip => Box::new(Member::new()),
            Self::Zstd | Self::Lz4 if magic::is_skippable(head) => Box::new(Skippable),
            Self::Zstd => Box::new(Zstd::new(window)),
            Self::Bzip2 if EmptyBzip2::is(head) => Box::new(EmptyBzip2),
            Self::Bzip2 => Box::new(Bzip2::new()),
            Self::Xz => Box::new(Xz::new(window)),
            Self::Lz4 => Box::new(Lz4::default()),
        }
    }
}

/// The decompressed bytes of all frames of an input.
pub(super) struct Frames<'r> {
    method: Method,
    window: u64,
    input: Input<'r>,
    frame: Option<Box<dyn Frame>>,
    count: u64,
    began: u64,
    damage: Option<Damage>,
    ended: bool,
}

/// So many bytes that are no frame may follow the last frame before a lost frame is assumed.
const GARBAGE: u64 = 1 << 16;

impl<'r> Frames<'r> {
    /// Decoders look back over so many bytes (`window`) at most, and hold them.
    pub(super) fn new(method: Method, window: u64, input: Input<'r>) -> Self {
        Self { method, window, input, frame: None, count: 0, began: 0, damage: None, ended: false }
    }

    /// Begins the next frame, if there is one; tells what else there is.
    fn begin(&mut self) {
        while self.count > 0 && self.input.peek(1).first() == Some(&0) {
            let zeros = self.input.fill().iter().take_while(|b| **b == 0).count();
            self.input.consume(zeros);
        }
        let head = self.input.peek(16);
        if self.method.begins(head) {
            self.frame = Some(self.method.frame(head, self.window));
            self.count += 1;
            self.began = self.input.position();
        } else {
            self.ended = true;
            let tail = self.tail();
            self.damage = self.damage.take().or(tail);
        }
    }

    /// What stands behind the last frame: nothing, or bytes that are no frame.
    fn tail(&mut self) -> Option<Damage> {
        let at = self.input.position();
        let rest = u64::MAX - self.input.skip(u64::MAX);
        if rest == 0 {
            return self.input.failure().cloned();
        }
        let kind = if rest > GARBAGE { GapKind::Corrupt } else { GapKind::TrailingGarbage };
        let name = self.method.name();
        let detail = format!("{rest} bytes that are no {name} data follow at byte {at}");
        Some(Damage::new(kind, detail))
    }

    /// One step of the frame. A decoder that panics on evidence is a damage like any other.
    fn step(&mut self, out: &mut [u8]) -> (usize, Progress) {
        let Some(frame) = &mut self.frame else { return (0, Progress::More) };
        let input = &mut self.input;
        let step = catch_unwind(AssertUnwindSafe(|| frame.step(input, out)));
        step.unwrap_or_else(|_| (0, Progress::Broken(Damage::corrupt("the decoder gave up"))))
    }

    /// The damage with its place: which frame, where it begins, where reading stopped.
    fn place(&self, damage: Damage) -> Damage {
        if self.input.failure().is_some_and(|below| *below == damage) {
            return damage;
        }
        let (name, count, began) = (self.method.name(), self.count, self.began);
        let at = self.input.position();
        let detail = format!(
            "{} ({name} part {count} from byte {began}, at byte {at}); what came before is kept",
            damage.detail
        );
        Damage { detail, ..damage }
    }

    fn over(&mut self, progress: Progress) {
        match progress {
            Progress::More => return,
            Progress::End => {}
            Progress::Wrong(damage) => {
                let placed = self.place(damage);
                self.damage.get_or_insert(placed);
            }
            Progress::Broken(damage) => {
                let placed = self.place(damage);
                self.damage.get_or_insert(placed);
                self.ended = true;
            }
        }
        self.frame = None;
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            if self.frame.is_none() {
                self.begin();
            }
            let (n, progress) = self.step(out);
            self.over(progress);
            if n > 0 {
                return Ok(n);
            }
        }
        self.damage.clone().map_or(Ok(0), |damage| Err(damage.into()))
    }
}
