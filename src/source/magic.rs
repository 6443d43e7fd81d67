//! What is in a file? Told from its first bytes, never from its name.

use super::frames::Method;
use super::hole::HOLE;

/// How many first bytes decide.
pub(super) const HEAD: usize = 1 << 14;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A log, as far as one can see.
    Text,
    /// Compressed by a method that is undone here.
    Compressed(Method),
    /// A tar archive.
    Tar,
    /// A zip archive.
    Zip,
    /// A container that is not opened; its name.
    Unsupported(&'static str),
    /// Something that is no log; what.
    Binary(&'static str),
}

use Content::{Binary, Compressed, Unsupported, Zip};

/// The signatures, at the start of the file.
const SIGNATURES: &[(&[u8], Content)] = &[
    (b"\x1f\x8b\x08", Compressed(Method::Gzip)),
    (b"\x28\xb5\x2f\xfd", Compressed(Method::Zstd)),
    (b"\xfd7zXZ\0", Compressed(Method::Xz)),
    (b"\x04\x22\x4d\x18", Compressed(Method::Lz4)),
    (b"PK\x03\x04", Zip),
    (b"PK\x05\x06", Zip),
    (b"PK\x07\x08", Zip),
    (b"7z\xbc\xaf\x27\x1c", Unsupported("7z")),
    (b"\x1f\x9d", Unsupported("compress (.Z)")),
    (b"\x1f\xa0", Unsupported("SCO compress")),
    (b"\x1f\x1e", Unsupported("pack (.z)")),
    (b"Rar!\x1a\x07", Unsupported("rar")),
    (b"LZIP\x01", Unsupported("lzip")),
    (b"\x89LZO\0\r\n\x1a\n", Unsupported("lzop")),
    (b"\x02\x21\x4c\x18", Unsupported("lz4 legacy frame")),
    (b"\xff\x06\0\0sNaPpY", Unsupported("snappy frame")),
    (b"]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", Unsupported("lzma (alone)")),
    (b"xar!\0\x1c", Unsupported("xar")),
    (b"MSCF\0\0\0\0", Unsupported("cabinet")),
    (b"\xc7\x71", Unsupported("cpio")),
    (b"\x71\xc7", Unsupported("cpio")),
    (b"!<arch>\n", Unsupported("ar")),
    (b"\xff\xfe\0\0", Unsupported("UTF-32 text")),
    (b"\0\0\xfe\xff", Unsupported("UTF-32 text")),
    (b"ElfFile\0", Unsupported("Windows event log (evtx)")),
    (b"LPKSHHRH", Unsupported("systemd journal (export it with journalctl -o json)")),
    (b"PAR1", Unsupported("Parquet")),
    (b"Obj\x01", Unsupported("Avro")),
    (b"\xed\xab\xee\xdb", Unsupported("rpm")),
    (b"Salted__", Unsupported("OpenSSL-encrypted data")),
    (b"age-encryption.org/", Unsupported("age-encrypted data")),
    (b"-----BEGIN PGP MESSAGE", Unsupported("PGP-encrypted data")),
    (b"SQLite format 3\0", Binary("an SQLite database")),
    (b"\x7fELF", Binary("an ELF program")),
    (b"\xca\xfe\xba\xbe", Binary("a Java class or Mach-O program")),
    (b"\x89PNG\r\n\x1a\n", Binary("a PNG image")),
    (b"\xff\xd8\xff", Binary("a JPEG image")),
    (b"GIF87a", Binary("a GIF image")),
    (b"GIF89a", Binary("a GIF image")),
    (b"%PDF-", Binary("a PDF document")),
    (b"\xd4\xc3\xb2\xa1", Binary("a packet capture")),
    (b"\xa1\xb2\xc3\xd4", Binary("a packet capture")),
    (b"\x0a\x0d\x0d\x0a", Binary("a packet capture")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Binary("an OLE document")),
];

/// Tells from the first [`HEAD`] bytes what a stream is.
pub(super) fn content(head: &[u8]) -> Content {
    let signature = SIGNATURES.iter().find(|(magic, _)| head.starts_with(magic));
    match signature {
        Some((_, content)) => *content,
        None if is_bzip2(head) => Compressed(Method::Bzip2),
        None if is_skippable(head) => Compressed(Method::Zstd),
        None if super::tar::is_header(head) => Content::Tar,
        None if is_cpio_text(head) => Unsupported("cpio"),
        None if super::encoding::of(head).is_utf16() => Content::Text,
        None if is_binary(head) => Binary("binary data"),
        None => Content::Text,
    }
}

/// `BZh`, a level, and the magic of a block or of the end: three letters alone could be a log.
pub(super) fn is_bzip2(head: &[u8]) -> bool {
    let Some((start, block)) = head.split_at_checked(4) else { return false };
    start.starts_with(b"BZh")
        && (b'1'..=b'9').contains(&start[3])
        && (block.starts_with(b"\x31\x41\x59\x26\x53\x59")
            || block.starts_with(b"\x17\x72\x45\x38\x50\x90"))
}

/// A skippable frame, which zstd and lz4 share (RFC 8878 3.1.2).
pub(super) fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// `070701` or `070707` with 70 more octal or hexadecimal digits.
fn is_cpio_text(head: &[u8]) -> bool {
    (head.starts_with(b"07070")) && head.len() >= 76 && head[..76].iter().all(u8::is_ascii_hexdigit)
}

/// Whether less than half of the bytes stand in lines that could be a log's. Holes do not count,
/// so that a log that begins with one is read; an entry with some control bytes is no reason
/// either: attackers send them.
fn is_binary(head: &[u8]) -> bool {
    let (mut all, mut textual) = (0, 0);
    for line in head.split_inclusive(|b| *b == b'\n') {
        let (bytes, controls) = weigh(line);
        all += bytes;
        if controls * 16 <= bytes {
            textual += bytes;
        }
    }
    textual * 2 < all
}

/// Bytes of a line outside of holes, and how many of them no text has.
fn weigh(line: &[u8]) -> (usize, usize) {
    let (mut bytes, mut controls) = (0, 0);
    for run in line.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
        let nul = run.first() == Some(&0);
        if nul && run.len() >= HOLE {
            continue;
        }
        bytes += run.len();
        controls += if nul { run.len() } else { run.iter().filter(|b| is_control(**b)).count() };
    }
    (bytes, controls)
}

fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=0x06 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 7u32;
        let step = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..len).map(step).collect()
    }

    #[test]
    fn tells_logs_from_containers_and_programs() {
        let mut hole = vec![0; 5_000];
        hole.extend_from_slice(b"192.0.2.1 - - [x] \"GET / HTTP/1.1\" 200 1\n");
        let mut program = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8\0\0\0".to_vec();
        program.extend(noise(4_000));
        let mut dirty = b"192.0.2.1 - - \"GET / HTTP/1.1\" 200 1\n".repeat(20);
        dirty.extend_from_slice(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n");
        for (head, expected) in [
            (&b""[..], Content::Text),
            (b"BZh is a word", Content::Text),
            (b"BZh91AY&SY", Compressed(Method::Bzip2)),
            (b"\x1f\x8b\x08\0", Compressed(Method::Gzip)),
            (b"7z\xbc\xaf\x27\x1c\0\x04", Unsupported("7z")),
            (b"\x7fELF\x02\x01\x01\0", Binary("an ELF program")),
            (b"\x93\xfa\x96\x7b\x8c\xea\n", Content::Text), // Shift_JIS
            (b"h\0e\0l\0l\0o\0\n\0", Content::Text),
            (&hole, Content::Text),
            (&dirty, Content::Text),
            (&[0; 9_000], Content::Text),
            (&program, Binary("binary data")),
            (&noise(8_000), Binary("binary data")),
        ] {
            assert_eq!(content(head), expected, "{:?}", &head[..head.len().min(20)]);
        }
    }
}
