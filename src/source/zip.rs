//! The members of a zip archive (APPNOTE 6.3), as they come by: local headers are followed, so that
//! no seeking is needed, an archive in an archive is read like any other, and one that is cut short
//! gives everything before the cut.

use std::io::{self, Read};

use flate2::Crc;
use memchr::memmem;

use super::frames::Progress;
use super::gzip::Inflate;
use super::input::{Damage, Input};
use super::printable;
use super::unpack::{Archive, Member};
use crate::time::{Civil, Time};

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// The other signatures behind the members.
const ENDS: [[u8; 4]; 3] = [*b"PK\x05\x06", *b"PK\x06\x06", *b"PK\x06\x07"];

/// An archive being read.
pub(super) struct Zip<'r> {
    input: Input<'r>,
    body: Body,
    /// What the header says of the content; absent where it comes behind it.
    told: Option<Told>,
    descriptor: bool,
    lost: bool,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    crc: u32,
    packed: u64,
    plain: u64,
}

enum Body {
    /// Nothing left to read.
    Done,
    /// Bytes as they are, so many; summed up where that can be compared.
    Stored(u64, Option<Crc>),
    Deflated(Box<Inflate>),
    /// Read to its end, but it is not what it was.
    Wrong(Damage),
}

/// The fields of a local header that matter.
struct Header {
    flags: u16,
    method: u16,
    told: Told,
    name: Vec<u8>,
    written: Option<Time>,
}

impl<'r> Zip<'r> {
    pub(super) fn new(input: Input<'r>) -> Self {
        let body = Body::Done;
        Self { input, body, told: None, descriptor: false, lost: false, ended: false }
    }

    /// Passes over the directory, so that everything is hashed and checked.
    fn drain(&mut self) {
        self.input.skip(u64::MAX);
        self.ended = true;
    }

    fn short_end(&mut self) -> Result<Option<Member>, Damage> {
        let short = self.input.short("the archive (its directory is missing)");
        self.drain();
        Err(short)
    }

    /// Goes on to the next bytes that look like a header.
    fn search(&mut self) {
        let have = self.input.peek(1 << 12);
        let found = [LOCAL, CENTRAL].iter().filter_map(|s| memmem::find(have, &s[..])).min();
        let n = found.unwrap_or(have.len().saturating_sub(3).max(1));
        self.input.consume(n);
    }

    fn header(&mut self) -> Result<Header, Damage> {
        let fixed = self.input.array::<30>().ok_or_else(|| self.short_header())?;
        let u16_at = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let u32_at = |at: usize| u32::from(u16_at(at)) | u32::from(u16_at(at + 2)) << 16;
        let name = self.bytes(u16_at(26))?;
        let extra = self.bytes(u16_at(28))?;
        let (packed, plain) = (u64::from(u32_at(18)), u64::from(u32_at(22)));
        let mut told = Told { crc: u32_at(14), packed, plain };
        told.widen(&extra);
        let written = unix_time(&extra).or_else(|| dos_time(u16_at(12), u16_at(10)));
        Ok(Header { flags: u16_at(6), method: u16_at(8), told, name, written })
    }

    fn short_header(&self) -> Damage {
        self.input.short("a header of the archive")
    }

    fn bytes(&mut self, len: u16) -> Result<Vec<u8>, Damage> {
        let len = usize::from(len);
        let bytes = self.input.peek(len).get(..len).map(<[u8]>::to_vec);
        self.input.consume(len);
        bytes.ok_or_else(|| self.short_header())
    }

    fn member(&mut self, header: Header) -> Member {
        let Header { flags, method, told, name, written } = header;
        let behind = flags & 8 != 0;
        let sized = !behind || told.packed > 0;
        self.told = Some(told).filter(|_| !behind);
        self.descriptor = behind;
        self.body = match method {
            8 if flags & 1 == 0 => Body::Deflated(Box::new(Inflate::new())),
            0 => Body::Stored(if sized { told.packed } else { 0 }, self.told.map(|_| Crc::new())),
            _ => Body::Stored(if sized { told.packed } else { 0 }, None),
        };
        let closed = match method {
            _ if flags & 1 != 0 => Some("it is encrypted".to_owned()),
            8 => None,
            // bzip2, zstd and xz data are told by their own magic bytes.
            0 | 12 | 93 | 95 if sized => None,
            0 | 12 | 93 | 95 => Some("its length is not told before its content".to_owned()),
            other => Some(format!("zip compression method {other}")),
        };
        if closed.is_some() && !sized {
            self.lost = true;
        }
        Member { name: printable(&name), written, closed }
    }

    /// Passes over what is left of a member, and checks it.
    fn finish(&mut self) -> Result<(), Damage> {
        let mut sink = [0; 1 << 12];
        while self.fill(&mut sink)? > 0 {}
        if std::mem::take(&mut self.descriptor) && !self.lost {
            self.skip_descriptor();
        }
        Ok(())
    }

    /// Passes over a descriptor that nobody checked.
    fn skip_descriptor(&mut self) {
        if self.input.peek(4).starts_with(&DESCRIPTOR) {
            self.input.consume(16);
            let narrow = self.input.peek(4).starts_with(b"PK");
            self.input.consume(if narrow { 0 } else { 8 });
        }
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        match std::mem::replace(&mut self.body, Body::Done) {
            Body::Done => Ok(0),
            Body::Wrong(damage) => Err(damage),
            Body::Stored(left, crc) => self.copy(out, left, crc),
            Body::Deflated(inflate) => self.inflate(out, inflate),
        }
    }

    fn copy(&mut self, out: &mut [u8], left: u64, crc: Option<Crc>) -> Result<usize, Damage> {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let n = self.input.read(&mut out[..most]).map_err(|error| Damage::of(&error))?;
        if n == 0 && most > 0 {
            return Err(self.input.short("a member of the archive"));
        }
        let crc = crc.map(|mut crc| {
            crc.update(&out[..n]);
            crc
        });
        let left = left - n as u64;
        self.body = match (crc, self.told) {
            (Some(crc), Some(told)) if left == 0 && crc.sum() != told.crc => Body::Wrong(wrong()),
            (crc, _) if left > 0 => Body::Stored(left, crc),
            _ => Body::Done,
        };
        Ok(n)
    }

    fn inflate(&mut self, out: &mut [u8], mut inflate: Box<Inflate>) -> Result<usize, Damage> {
        loop {
            let (n, progress) = inflate.step(&mut self.input, out);
            match progress {
                Progress::More if n == 0 => continue,
                Progress::More => self.body = Body::Deflated(inflate),
                Progress::End | Progress::Wrong(_) => self.body = self.check(&inflate),
                Progress::Broken(damage) if n > 0 => self.body = Body::Wrong(damage),
                Progress::Broken(damage) => {
                    self.descriptor = false;
                    return Err(damage);
                }
            }
            return if n > 0 { Ok(n) } else { self.fill(out) };
        }
    }

    /// Compares what was told of a member with what it is.
    fn check(&mut self, inflate: &Inflate) -> Body {
        let (crc, packed, plain) = (inflate.crc(), inflate.total_in(), inflate.total_out());
        let is = Told { crc, packed, plain };
        let right = match self.told {
            Some(told) => told == is,
            None => std::mem::take(&mut self.descriptor) && self.check_descriptor(is),
        };
        if right { Body::Done } else { Body::Wrong(wrong()) }
    }

    /// Passes over the descriptor: with or without a signature, its lengths of 4 or 8 bytes.
    fn check_descriptor(&mut self, is: Told) -> bool {
        let wide = [&is.packed.to_le_bytes()[..], &is.plain.to_le_bytes()].concat();
        let narrow = [&wide[..4], &wide[8..12]].concat();
        for signature in [&DESCRIPTOR[..], b""] {
            for lengths in [&narrow, &wide] {
                let expected = [signature, &is.crc.to_le_bytes(), lengths].concat();
                if self.input.peek(expected.len()).starts_with(&expected) {
                    self.input.consume(expected.len());
                    return true;
                }
            }
        }
        self.skip_descriptor();
        false
    }
}

impl Archive for Zip<'_> {
    fn is_over(&mut self) -> bool {
        self.ended || self.input.peek(1).is_empty()
    }

    fn next(&mut self) -> Result<Option<Member>, Damage> {
        while !self.ended {
            self.finish()?;
            let signature = self.input.peek(4).first_chunk::<4>().copied();
            match signature {
                Some(LOCAL) => {
                    self.lost = false;
                    let header = self.header()?;
                    let folder = header.name.ends_with(b"/") && header.told.plain == 0;
                    let member = self.member(header);
                    if !folder {
                        return Ok(Some(member));
                    }
                }
                Some(DESCRIPTOR) => self.input.consume(4),
                Some(CENTRAL) => self.drain(),
                Some(end) if ENDS.contains(&end) => self.drain(),
                Some(_) if std::mem::replace(&mut self.lost, true) => self.search(),
                Some(_) => {
                    let at = self.input.position();
                    let detail = format!("no zip header at byte {at}; members may be missing");
                    return Err(Damage::corrupt(detail));
                }
                None => return self.short_end(),
            }
        }
        self.input.failure().map_or(Ok(None), |damage| Err(damage.clone()))
    }
}

/// The time of modification in the extra field of Info-ZIP (`UT`).
fn unix_time(extra: &[u8]) -> Option<Time> {
    let mut fields = fields(extra);
    let (_, field) = fields.find(|(id, _)| *id == 0x5455)?;
    let seconds = field.get(1..5).filter(|_| field[0] & 1 == 1)?.first_chunk::<4>()?;
    Some(Time::from_micros(i64::from(i32::from_le_bytes(*seconds)) * 1_000_000, 0))
}

/// MS-DOS's date and time (APPNOTE 4.4.6), whose zone nobody knows: taken for UTC.
fn dos_time(date: u16, time: u16) -> Option<Time> {
    let civil = Civil {
        year: 1980 + i32::from(date >> 9),
        month: (date >> 5 & 15) as u8,
        day: (date & 31) as u8,
        hour: (time >> 11) as u8,
        minute: (time >> 5 & 63) as u8,
        second: 2 * (time & 31) as u8,
        micro: 0,
    };
    // Archivers that know no time write the first day of 1980.
    (date > 0x21).then(|| civil.at_offset(0))?
}

/// The fields of an extra field: id and content.
fn fields(mut extra: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let ([a, b, c, d], rest) = extra.split_first_chunk::<4>()?;
        let (field, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([*c, *d])))?;
        extra = rest;
        Some((u16::from_le_bytes([*a, *b]), field))
    })
}

fn wrong() -> Damage {
    Damage::corrupt("the checksum or the length of the member is wrong")
}

impl Told {
    /// Takes the lengths of the zip64 extra field where the header's own are full.
    fn widen(&mut self, extra: &[u8]) {
        for (_, mut field) in fields(extra).filter(|(id, _)| *id == 1) {
            for value in [&mut self.plain, &mut self.packed] {
                if *value != u64::from(u32::MAX) {
                    continue;
                }
                let Some((number, rest)) = field.split_first_chunk::<8>() else { return };
                *value = u64::from_le_bytes(*number);
                field = rest;
            }
        }
    }
}

/// The content of the member that was announced last.
impl Read for Zip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(self.fill(out)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_tells_when_it_was_written() {
        let told = |time: Option<Time>| time.map(|time| time.to_string());
        assert_eq!(told(dos_time(0x4a69, 0x2984)), Some("2017-03-09T05:12:08Z".into()));
        assert_eq!(told(dos_time(0x21, 0)), None, "no time known");
        assert_eq!(told(dos_time(0x4bff, 0)), None, "no such month");
        let extra = b"\x01\x00\x02\x00ab\x55\x54\x05\x00\x03\x58\xe1\xc0\x58";
        assert_eq!(told(unix_time(extra)), Some("2017-03-09T05:00:08Z".into()));
        assert_eq!(told(unix_time(&extra[..12])), None);
    }
}
