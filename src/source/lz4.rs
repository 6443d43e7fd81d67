//! How is one lz4 frame decoded? (lz4 frame format 1.6.)

use std::collections::VecDeque;
use std::io::Read;

use super::codec::broken;
use super::frames::{Frame, Progress};
use super::input::{Damage, Input};

/// The largest block of the lz4 frame format.
const LZ4_BLOCK: u32 = 4 << 20;

/// The decoder owns its reader, so it is fed block by block: it never sees the input's end.
#[derive(Default)]
pub(super) struct Lz4 {
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
