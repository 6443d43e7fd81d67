//! How is compression undone? One reader over frames (gzip members, zstd frames, bzip2 and xz
//! streams), with one policy for how they may end.
//!
//! * Every byte decoded before a damage is delivered before the damage is told.
//! * Zero padding behind the last frame is fine (tapes, block copies); more frames are read on.
//! * Other bytes behind it are [`GapKind::TrailingGarbage`]; if they are many, a frame was lost.
//! * A wrong checksum of a gzip member does not hide the members behind it: it is told at the end.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::GapKind;
use super::gzip::Member;
use super::input::{Damage, Input};
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

    fn frame(self, head: &[u8]) -> Box<dyn Frame> {
        match self {
            Self::Gzip => Box::new(Member::new()),
            Self::Zstd | Self::Lz4 if magic::is_skippable(head) => Box::new(Skippable),
            Self::Zstd => Box::new(Zstd::default()),
            Self::Bzip2 => Box::new(Bzip2(bzip2::Decompress::new(false))),
            Self::Xz => Box::new(Xz(lzma_rust2::XzStream::new_mem_limit(false, XZ_MEMORY_KIB))),
            Self::Lz4 => Box::new(Lz4::default()),
        }
    }
}

/// The decompressed bytes of all frames of an input.
pub(super) struct Frames<'r> {
    method: Method,
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
    pub(super) fn new(method: Method, input: Input<'r>) -> Self {
        Self { method, input, frame: None, count: 0, began: 0, damage: None, ended: false }
    }

    /// Begins the next frame, if there is one; tells what else there is.
    fn begin(&mut self) {
        while self.count > 0 && self.input.peek(1).first() == Some(&0) {
            let zeros = self.input.fill().iter().take_while(|b| **b == 0).count();
            self.input.consume(zeros);
        }
        let head = self.input.peek(16);
        if self.method.begins(head) {
            self.frame = Some(self.method.frame(head));
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

/// What a decoder's error means: the failure of the input below it, its end, or its content.
fn broken(input: &Input<'_>, error: &dyn std::fmt::Display) -> Progress {
    let damage = match input.failure() {
        Some(below) => below.clone(),
        None if input.starved() => input.short("the compressed data"),
        None => Damage::corrupt(format!("the compressed data is damaged: {error}")),
    };
    Progress::Broken(damage)
}

/// Bytes that decoders are told to pass over.
struct Skippable;

impl Frame for Skippable {
    fn step(&mut self, input: &mut Input<'_>, _out: &mut [u8]) -> (usize, Progress) {
        let header = input.array::<8>().unwrap_or_default();
        let size = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let missing = input.skip(u64::from(size)) > 0 || input.starved();
        let short = || Progress::Broken(input.short("a skippable frame"));
        (0, if missing { short() } else { Progress::End })
    }
}

/// The largest window: what `zstd --long=27` asks for.
const ZSTD_WINDOW: u64 = 1 << 27;

#[derive(Default)]
struct Zstd {
    decoder: FrameDecoder,
    begun: bool,
    broken: Option<Damage>,
}

impl Zstd {
    fn begin(&mut self, input: &mut Input<'_>) -> Result<(), Progress> {
        self.begun = true;
        self.decoder.set_max_window_size(ZSTD_WINDOW);
        self.decoder.init(&mut *input).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { requested, .. } => {
                let detail = format!("the zstd window of {requested} bytes is over the limit");
                Progress::Broken(Damage::new(GapKind::Limit, detail))
            }
            error => broken(input, &error),
        })
    }

    /// Decodes until there are bytes to give.
    fn decode(&mut self, input: &mut Input<'_>) {
        let one = || BlockDecodingStrategy::UptoBlocks(1);
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            let Err(error) = self.decoder.decode_blocks(&mut *input, one()) else { continue };
            let Progress::Broken(damage) = broken(input, &error) else { return };
            self.broken = Some(damage);
            // The decoder holds back a window's worth of good bytes until it has seen the last
            // block: it is shown an empty one (RFC 8878 3.1.1.2), with a checksum to spare.
            let closed = self.decoder.decode_blocks(&[1, 0, 0, 0, 0, 0, 0][..], one());
            if closed.is_err() {
                return;
            }
        }
    }

    fn verdict(&mut self) -> Progress {
        if let Some(damage) = self.broken.take() {
            return Progress::Broken(damage);
        }
        let written = self.decoder.get_checksum_from_data();
        match written.zip(self.decoder.get_calculated_checksum()) {
            Some((a, b)) if a != b => Progress::Wrong(Damage::corrupt("the checksum is wrong")),
            _ => Progress::End,
        }
    }
}

impl Frame for Zstd {
    fn step(&mut self, input: &mut Input<'_>, out: &mut [u8]) -> (usize, Progress) {
        if !self.begun
            && let Err(progress) = self.begin(input)
        {
            return (0, progress);
        }
        if self.broken.is_none() {
            self.decode(input);
        }
        match self.decoder.read(out) {
            Ok(0) => (0, self.verdict()),
            Ok(n) => (n, Progress::More),
            Err(error) => (0, broken(input, &error)),
        }
    }
}

struct Bzip2(bzip2::Decompress);

impl Frame for Bzip2 {
    fn step(&mut self, input: &mut Input<'_>, out: &mut [u8]) -> (usize, Progress) {
        let (before_in, before_out) = (self.0.total_in(), self.0.total_out());
        let source = input.fill();
        let bare = source.is_empty();
        let result = self.0.decompress(source, out);
        input.consume((self.0.total_in() - before_in) as usize);
        let n = (self.0.total_out() - before_out) as usize;
        let progress = match result {
            Ok(bzip2::Status::StreamEnd) => Progress::End,
            Ok(_) if bare && n == 0 => broken(input, &""),
            Ok(_) => Progress::More,
            Err(error) => broken(input, &error),
        };
        (n, progress)
    }
}

/// What an xz decoder may use: four times what `xz -9` needs.
const XZ_MEMORY_KIB: u32 = 260 << 10;

struct Xz(lzma_rust2::XzStream);

impl Frame for Xz {
    fn step(&mut self, input: &mut Input<'_>, out: &mut [u8]) -> (usize, Progress) {
        // An error loses what the same call decoded, so calls are kept small.
        let few = out.len().min(4_096);
        let source = input.fill();
        let last = source.is_empty();
        let action = if last { lzma_rust2::Action::Finish } else { lzma_rust2::Action::Run };
        match self.0.process(source, &mut out[..few], action) {
            Ok(done) => {
                input.consume(done.bytes_consumed);
                let stuck = done.bytes_consumed == 0 && done.bytes_produced == 0;
                let progress = match done.status {
                    lzma_rust2::Status::StreamEnd => Progress::End,
                    lzma_rust2::Status::Ok if stuck => broken(input, &"it does not go on"),
                    lzma_rust2::Status::Ok => Progress::More,
                };
                (done.bytes_produced, progress)
            }
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                let detail = "the xz dictionary is over the limit";
                (0, Progress::Broken(Damage::new(GapKind::Limit, detail)))
            }
            Err(error) => (0, broken(input, &error)),
        }
    }
}

/// The largest block of the lz4 frame format.
const LZ4_BLOCK: u32 = 4 << 20;

/// The decoder owns its reader, so it is fed block by block: it never sees the input's end.
#[derive(Default)]
struct Lz4 {
    decoder: Option<Box<lz4_flex::frame::FrameDecoder<VecDeque<u8>>>>,
    flags: u8,
    last: bool,
    broken: Option<Damage>,
}

impl Lz4 {
    /// Moves bytes from the input into the feed; `None` if there are fewer.
    fn feed(feed: &mut VecDeque<u8>, input: &mut Input<'_>, mut n: usize) -> Option<()> {
        while n > 0 {
            let have = input.fill();
            let step = have.len().min(n);
            feed.extend(have.get(..step).filter(|some| !some.is_empty())?);
            input.consume(step);
            n -= step;
        }
        Some(())
    }

    /// Feeds the frame's header: magic, flags, then what the flags announce, and a check byte.
    fn begin(&mut self, input: &mut Input<'_>) -> Option<VecDeque<u8>> {
        self.flags = *input.peek(6).get(4)?;
        let (size, dictionary) = (self.flags >> 3 & 1, self.flags & 1);
        let mut feed = VecDeque::new();
        Self::feed(&mut feed, input, 7 + 8 * usize::from(size) + 4 * usize::from(dictionary))?;
        Some(feed)
    }

    /// Feeds the next block, or the end mark, with its checksum.
    fn block(&mut self, feed: &mut VecDeque<u8>, input: &mut Input<'_>) -> Option<()> {
        let size = input.array::<4>()?;
        feed.extend(size);
        let size = u32::from_le_bytes(size) & 0x7fff_ffff;
        self.last = size == 0;
        let checked = if self.last { self.flags >> 2 & 1 } else { self.flags >> 4 & 1 };
        Self::feed(feed, input, size.min(LZ4_BLOCK) as usize + 4 * usize::from(checked))
    }

    fn next(&mut self, input: &mut Input<'_>) -> Option<()> {
        let Some(mut decoder) = self.decoder.take() else {
            let feed = self.begin(input)?;
            self.decoder = Some(Box::new(lz4_flex::frame::FrameDecoder::new(feed)));
            return Some(());
        };
        let hungry = decoder.get_ref().is_empty() && !self.last;
        let fed = if hungry { self.block(decoder.get_mut(), input) } else { Some(()) };
        self.decoder = Some(decoder);
        fed
    }
}

impl Frame for Lz4 {
    fn step(&mut self, input: &mut Input<'_>, out: &mut [u8]) -> (usize, Progress) {
        if self.broken.is_none() && self.next(input).is_none() {
            self.broken = Some(input.short("the compressed data"));
        }
        let read = self.decoder.as_mut().map_or(Ok(0), |decoder| decoder.read(out));
        let fed = self.decoder.as_ref().is_some_and(|d| !d.get_ref().is_empty());
        match read {
            Ok(0) | Err(_) if self.broken.is_some() => {
                (0, self.broken.take().map_or(Progress::End, Progress::Broken))
            }
            Ok(0) if self.last && !fed => (0, Progress::End),
            Ok(n) => (n, Progress::More),
            Err(error) => (0, broken(input, &error)),
        }
    }
}
