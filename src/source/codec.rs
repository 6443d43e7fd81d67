//! How is one frame of zstd, bzip2 or xz decoded? The outside decoders, each behind [`Frame`].

use std::io::{self, Read};

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::GapKind;
use super::frames::{Frame, Progress};
use super::input::{Damage, Input};

/// What a decoder's error means: the failure of the input below it, its end, or its content.
pub(super) fn broken(input: &Input<'_>, error: &dyn std::fmt::Display) -> Progress {
    let damage = match input.failure() {
        Some(below) => below.clone(),
        None if input.starved() => input.short("the compressed data"),
        None => Damage::corrupt(format!("the compressed data is damaged: {error}")),
    };
    Progress::Broken(damage)
}

/// Bytes that decoders are told to pass over.
pub(super) struct Skippable;

impl Frame for Skippable {
    fn step(&mut self, input: &mut Input<'_>, _out: &mut [u8]) -> (usize, Progress) {
        let header = input.array::<8>().unwrap_or_default();
        let size = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let missing = input.skip(u64::from(size)) > 0 || input.starved();
        let short = || Progress::Broken(input.short("a skippable frame"));
        (0, if missing { short() } else { Progress::End })
    }
}

pub(super) struct Zstd {
    window: u64,
    decoder: FrameDecoder,
    begun: bool,
    broken: Option<Damage>,
}

impl Zstd {
    /// A decoder that looks back over so many bytes at most.
    pub(super) fn new(window: u64) -> Self {
        Self { window, decoder: FrameDecoder::default(), begun: false, broken: None }
    }

    fn begin(&mut self, input: &mut Input<'_>) -> Result<(), Progress> {
        self.begun = true;
        self.decoder.set_max_window_size(self.window);
        self.decoder.init(&mut *input).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { requested, .. } => {
                let detail = format!(
                    "the zstd window of {requested} bytes is over the limit (--max-window)"
                );
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

/// A bzip2 stream with nothing in it: its level aside, always the same bytes. A decoder for it
/// would cost four megabytes, and files of nothing but such streams can be made.
pub(super) struct EmptyBzip2;

impl EmptyBzip2 {
    pub(super) fn is(head: &[u8]) -> bool {
        head.get(4..14) == Some(b"\x17\x72\x45\x38\x50\x90\0\0\0\0")
    }
}

impl Frame for EmptyBzip2 {
    fn step(&mut self, input: &mut Input<'_>, _out: &mut [u8]) -> (usize, Progress) {
        input.consume(14);
        (0, Progress::End)
    }
}

pub(super) struct Bzip2(bzip2::Decompress);

impl Bzip2 {
    pub(super) fn new() -> Self {
        Self(bzip2::Decompress::new(false))
    }
}

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

pub(super) struct Xz(lzma_rust2::XzStream);

impl Xz {
    /// What a decoder needs besides its dictionary, in KiB.
    const TABLES: u64 = 128;

    /// A decoder that looks back over so many bytes at most.
    pub(super) fn new(window: u64) -> Self {
        let memory = u32::try_from((window >> 10) + Self::TABLES).unwrap_or(u32::MAX);
        Self(lzma_rust2::XzStream::new_mem_limit(false, memory))
    }
}

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
