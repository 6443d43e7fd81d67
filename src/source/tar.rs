//! The members of a tar archive (POSIX ustar and pax, GNU long names, v7), as they come by.
//!
//! A damaged header is told once; reading goes on at the next header that is whole.

use std::io::{self, Read};

use super::GapKind;
use super::input::{Damage, Input};
use super::printable;
use super::unpack::{Archive, Member};
use crate::time::Time;

const BLOCK: usize = 512;

/// The most bytes of a long name or of pax records.
const RECORDS: u64 = 1 << 18;

/// An archive being read.
pub(super) struct Tar<'r> {
    input: Input<'r>,
    /// Bytes of the member that are not yet read.
    left: u64,
    /// Bytes that fill its last block.
    padding: u64,
    /// A zero block was seen: the archive is whole.
    marked: bool,
    /// Header blocks are being passed over because they are damaged.
    lost: bool,
    /// What records say of the next member.
    next: Records,
}

#[derive(Default)]
struct Records {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

/// Whether these bytes begin with a tar header: only its checksum is asked, for v7 has no magic.
pub(super) fn is_header(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<BLOCK>() else { return false };
    let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
    let field: u64 = block[148..156].iter().map(|b| u64::from(*b)).sum();
    block[0] != 0 && number(&block[148..156]) == Some(sum - field + 8 * u64::from(b' '))
}

/// A number: octal digits between blanks and NULs, or (GNU) big-endian behind a set first bit.
fn number(field: &[u8]) -> Option<u64> {
    if let [first @ 0x80..=0xfe, rest @ ..] = field {
        let high = u64::from(first & 0x7f);
        return rest.iter().try_fold(high, |n, b| n.checked_mul(256)?.checked_add(u64::from(*b)));
    }
    let text = field.trim_ascii_start();
    let end = text.iter().position(|b| matches!(b, 0 | b' ')).unwrap_or(text.len());
    text[..end].iter().try_fold(0u64, |n, b| match b {
        b'0'..=b'7' => n.checked_mul(8)?.checked_add(u64::from(b - b'0')),
        _ => None,
    })
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

impl<'r> Tar<'r> {
    pub(super) fn new(input: Input<'r>) -> Self {
        let next = Records::default();
        Self { input, left: 0, padding: 0, marked: false, lost: false, next }
    }

    /// The next header block that is whole.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, Damage> {
        loop {
            if self.input.peek(1).is_empty() {
                return self.end();
            }
            let Some(block) = self.input.array::<BLOCK>() else { return self.tail() };
            if is_header(&block) {
                self.lost = false;
                return Ok(Some(block));
            }
            if block.iter().all(|b| *b == 0) {
                self.marked = true;
            } else if !std::mem::replace(&mut self.lost, true) {
                return Err(self.stray());
            }
        }
    }

    fn end(&self) -> Result<Option<[u8; BLOCK]>, Damage> {
        match self.input.failure() {
            Some(damage) => Err(damage.clone()),
            None if self.marked || self.lost => Ok(None),
            None => Err(self.input.short("the archive (its end mark is missing)")),
        }
    }

    /// Less than a block at the end.
    fn tail(&mut self) -> Result<Option<[u8; BLOCK]>, Damage> {
        let short = self.input.short("a header of the archive");
        let padded = self.marked && self.input.fill().iter().all(|b| *b == 0);
        self.input.skip(BLOCK as u64);
        if padded || self.lost { Ok(None) } else { Err(short) }
    }

    fn stray(&self) -> Damage {
        let at = self.input.position() - BLOCK as u64;
        if self.marked {
            let detail = format!("bytes that are no tar data follow at byte {at}");
            return Damage::new(GapKind::TrailingGarbage, detail);
        }
        Damage::corrupt(format!("a header is damaged at byte {at}; members may be missing"))
    }

    fn size(&mut self, block: &[u8; BLOCK]) -> u64 {
        // Links, devices and folders have no content, whatever their header says.
        if matches!(block[156], b'1'..=b'6') {
            return 0;
        }
        let records = matches!(block[156], b'L' | b'K' | b'x' | b'X' | b'g');
        let told = if records { None } else { self.next.size };
        told.or_else(|| number(&block[124..136])).unwrap_or(0)
    }

    /// What a header announces: a member, or records about the next one.
    fn entry(&mut self, block: &[u8; BLOCK]) -> Result<Option<Member>, Damage> {
        match block[156] {
            b'L' => {
                let name = self.records()?;
                self.next.name = Some(text(&name).to_vec());
            }
            b'x' | b'X' => {
                let records = self.records()?;
                self.next.take_pax(&records);
            }
            b'K' | b'g' => {}
            b'1'..=b'6' => self.next = Records::default(),
            kind => return self.member(block, kind),
        }
        Ok(None)
    }

    fn member(&mut self, block: &[u8; BLOCK], kind: u8) -> Result<Option<Member>, Damage> {
        let records = std::mem::take(&mut self.next);
        let name = printable(&records.name.unwrap_or_else(|| header_name(block)));
        if kind == b'S' {
            // What is read is the file without its holes.
            self.skip_sparse_map(block[482])?;
        }
        let folder = name.ends_with('/') && self.left == 0;
        let seconds = number(&block[136..148]).and_then(|s| i64::try_from(s).ok());
        let written =
            seconds.filter(|s| *s > 0).map(|s| Time::from_micros(s.saturating_mul(1_000_000), 0));
        Ok((!folder).then_some(Member { name, written, closed: None }))
    }

    /// Blocks of a GNU sparse file's map follow its header, uncounted.
    fn skip_sparse_map(&mut self, mut more: u8) -> Result<(), Damage> {
        while more == 1 {
            let block = self.input.array::<BLOCK>();
            more = block.ok_or_else(|| self.input.short("a header of the archive"))?[504];
        }
        Ok(())
    }

    /// The content of a record member.
    fn records(&mut self) -> Result<Vec<u8>, Damage> {
        let mut records = Vec::new();
        let mut some = Read::take(&mut *self, RECORDS);
        some.read_to_end(&mut records).map_err(|error| Damage::of(&error))?;
        Ok(records)
    }
}

impl Archive for Tar<'_> {
    fn is_over(&mut self) -> bool {
        self.input.peek(1).is_empty()
    }

    fn next(&mut self) -> Result<Option<Member>, Damage> {
        loop {
            if self.input.skip(self.left.saturating_add(self.padding)) > 0 {
                return Err(self.input.short("a member of the archive"));
            }
            (self.left, self.padding) = (0, 0);
            let Some(block) = self.block()? else { return Ok(None) };
            self.left = self.size(&block);
            self.padding = (BLOCK as u64 - self.left % BLOCK as u64) % BLOCK as u64;
            if let Some(member) = self.entry(&block)? {
                return Ok(Some(member));
            }
        }
    }
}

fn header_name(block: &[u8; BLOCK]) -> Vec<u8> {
    let (name, prefix) = (text(&block[..100]), text(&block[345..500]));
    if &block[257..263] != b"ustar\0" || prefix.is_empty() {
        return name.to_vec();
    }
    [prefix, b"/", name].concat()
}

impl Records {
    /// Takes `LENGTH KEY=VALUE\n` records (POSIX pax).
    fn take_pax(&mut self, mut records: &[u8]) {
        while let Some(blank) = memchr::memchr(b' ', records) {
            let length = std::str::from_utf8(&records[..blank]).ok().and_then(|l| l.parse().ok());
            let Some(record) = length.and_then(|l: usize| records.get(blank + 1..l)) else {
                return;
            };
            records = &records[blank + 1 + record.len()..];
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(equals) = memchr::memchr(b'=', record) {
                self.take(&record[..equals], &record[equals + 1..]);
            }
        }
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"path" if self.name.is_none() => self.name = Some(value.to_vec()),
            b"GNU.sparse.name" => self.name = Some(value.to_vec()),
            b"size" => self.size = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()),
            _ => {}
        }
    }
}

/// The content of the member that was announced last.
impl Read for Tar<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let n = self.input.read(&mut out[..most])?;
        self.left -= n as u64;
        if n == 0 && most > 0 {
            return Err(self.input.short("a member of the archive").into());
        }
        Ok(n)
    }
}
