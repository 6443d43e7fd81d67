//! The same log in every wrapper, whole and damaged.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;

use super::unpack::read;
use super::*;

/// What a source gave: its streams' names, bytes and gaps, and its end.
struct Got {
    streams: Vec<(String, Vec<u8>, StreamEnd)>,
    end: SourceEnd,
}

impl Got {
    /// The kinds of all gaps.
    fn kinds(&self) -> Vec<GapKind> {
        let streams = self.streams.iter().flat_map(|(_, _, end)| &end.gaps);
        streams.chain(&self.end.gaps).map(|gap| gap.kind).collect()
    }

    fn names(&self) -> Vec<&str> {
        self.streams.iter().map(|(name, _, _)| name.as_str()).collect()
    }

    fn bytes(&self, stream: usize) -> &[u8] {
        self.streams.get(stream).map_or(b"no such stream", |(_, bytes, _)| bytes)
    }
}

/// A source of which only the name is known.
fn memory() -> Source {
    Source { name: "f".into(), size: None, written: None, origin: Origin::Stdin }
}

fn unpack_within(bytes: &[u8], limits: &Limits) -> Got {
    let mut streams = Vec::new();
    let reader = Box::new(Cursor::new(bytes.to_vec()));
    let end = read(&memory(), reader, limits, &mut |stream| {
        let mut got = Vec::new();
        let mut buffer = vec![0; 1 << 17];
        loop {
            match stream.read(&mut buffer) {
                0 => break,
                n => got.extend_from_slice(&buffer[..n]),
            }
        }
        let end = stream.finish();
        assert_eq!(end.bytes, got.len() as u64);
        assert_eq!(end.id, sum(&got));
        streams.push((stream.name.clone(), got, end));
    });
    assert_eq!((end.sha256, end.bytes), (sum(bytes), bytes.len() as u64));
    Got { streams, end }
}

fn unpack(bytes: &[u8]) -> Got {
    unpack_within(bytes, &Limits::default())
}

fn sum(bytes: &[u8]) -> ContentId {
    use sha2::Digest;
    ContentId(sha2::Sha256::digest(bytes).into())
}

/// A log of `lines` lines that do not repeat too well.
fn log(lines: usize) -> Vec<u8> {
    let line = |n: usize| {
        let (client, size) = (n * 7 % 251, n.wrapping_mul(2_654_435_761) % 99_991);
        format!("192.0.2.{client} - - [x] \"GET /p/{n} HTTP/1.1\" 200 {size} \"-\" \"a\"\n")
    };
    (0..lines).flat_map(|n| line(n).into_bytes()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::GzBuilder::new()
        .filename("x.log")
        .comment("c")
        .extra([1, 2, 3])
        .write(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bzip2::read::BzEncoder::new(bytes, bzip2::Compression::new(1)).read_to_end(&mut out).unwrap();
    out
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new()
        .block_size(lz4_flex::frame::BlockSize::Max64KB)
        .block_mode(lz4_flex::frame::BlockMode::Linked)
        .block_checksums(true)
        .content_checksum(true);
    let mut writer = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(members: &[(&str, &[u8])], method: ::zip::CompressionMethod) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = ::zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A zip as a pipe gets it: lengths and checksums behind the content.
fn streamed_zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new_stream(Vec::new());
    for (name, bytes) in members {
        writer.start_file(*name, ::zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

type Pack = fn(&[u8]) -> Vec<u8>;

const METHODS: [(&str, Pack); 5] =
    [("gzip", gzip), ("bzip2", bzip2), ("xz", xz), ("zstd", zstd), ("lz4", lz4)];

const ARCHIVES: [(&str, Pack); 4] = [
    ("tar", |bytes| tar(&[("a/x.log", bytes)])),
    ("zip", |bytes| zip(&[("a/x.log", bytes)], ::zip::CompressionMethod::Deflated)),
    ("stored zip", |bytes| zip(&[("a/x.log", bytes)], ::zip::CompressionMethod::Stored)),
    ("streamed zip", |bytes| streamed_zip(&[("a/x.log", bytes)])),
];

#[test]
fn wrapping_does_not_matter() {
    let log = log(9_000);
    for (name, pack) in METHODS.into_iter().chain(ARCHIVES) {
        for bytes in [&log[..], b"one line", b""] {
            let got = unpack(&pack(bytes));
            assert!(got.bytes(0) == bytes, "{name}");
            assert_eq!((got.kinds(), got.streams.len()), (vec![], 1), "{name}");
        }
    }
    let plain = unpack(&log);
    assert!(plain.bytes(0) == log && plain.kinds().is_empty());
    assert_eq!(plain.end.sha256, plain.streams[0].2.id);
}

#[test]
fn frames_follow_each_other_and_padding_is_fine() {
    for (name, pack) in METHODS {
        let two = [pack(b"one\n"), pack(b""), pack(b"two\n")].concat();
        let padded = [&two[..], &[0; 1_024]].concat();
        for bytes in [&two, &padded] {
            let got = unpack(bytes);
            assert_eq!((got.bytes(0), got.kinds()), (&b"one\ntwo\n"[..], vec![]), "{name}");
        }
        let garbage = [&two[..], b"garbage"].concat();
        let got = unpack(&garbage);
        let expected = (&b"one\ntwo\n"[..], vec![GapKind::TrailingGarbage]);
        assert_eq!((got.bytes(0), got.kinds()), expected, "{name}");
    }
}

#[test]
fn a_truncated_stream_keeps_what_came_before() {
    let log = log(9_000);
    for (name, pack) in METHODS.into_iter().chain(ARCHIVES) {
        let packed = pack(&log);
        for percent in [30, 60, 90] {
            let got = unpack(&packed[..packed.len() * percent / 100]);
            assert!(log.starts_with(got.bytes(0)), "{name} {percent}");
            let kept = got.bytes(0).len() * 100 / log.len();
            // bzip2 and lz4 decode whole blocks only.
            assert!(kept + 25 >= percent, "{name}: {kept} of {percent} percent");
            assert_eq!(got.kinds()[0], GapKind::Truncated, "{name} {percent}");
        }
    }
}

#[test]
fn gzip_ends_as_platform_studies_say() {
    let whole = gzip(b"one\n");
    let n = whole.len();
    let mut wrong = whole.clone();
    wrong[n - 6] ^= 1;
    let mut long = whole.clone();
    long[n - 1] ^= 1;
    for (what, bytes, kept, kinds) in [
        ("member 2 cut in its header", [&whole[..], &whole[..9]].concat(), "one\n", "Truncated"),
        ("wrong checksum, then a member", [&wrong[..], &whole].concat(), "one\none\n", "Corrupt"),
        ("wrong length", long, "one\n", "Corrupt"),
        ("checksum cut off", whole[..n - 3].to_vec(), "one\n", "Truncated"),
        ("header cut off", whole[..5].to_vec(), "", "Truncated"),
        ("a lost member", [&whole[..], &vec![7; 70_000]].concat(), "one\n", "Corrupt"),
        ("an empty file", vec![], "", ""),
    ] {
        let got = unpack(&bytes);
        let names: Vec<_> = got.kinds().iter().map(|kind| format!("{kind:?}")).collect();
        assert_eq!((got.bytes(0), names.join(" ")), (kept.as_bytes(), kinds.to_owned()), "{what}");
    }
}

#[test]
fn archives_nest_to_depth_three() {
    let inner = gzip(b"deep\n");
    let bytes = gzip(&tar(&[("logs/x.log.gz", &inner), ("y.log", b"flat\n")]));
    let got = unpack(&bytes);
    assert_eq!(got.names(), ["f!logs/x.log.gz", "f!y.log"]);
    assert_eq!((got.bytes(0), got.bytes(1)), (&b"deep\n"[..], &b"flat\n"[..]));
    assert_eq!(got.kinds(), []);
    let deeper = gzip(&tar(&[("b.zip", &streamed_zip(&[("c.gz", &inner)])), ("y.log", b"flat\n")]));
    let got = unpack(&deeper);
    assert_eq!((got.names(), got.kinds()), (vec!["f!y.log"], vec![GapKind::Limit]));
    assert_eq!(got.end.gaps[0].source, "f!b.zip!c.gz");
}

#[test]
fn members_that_cannot_be_read_are_named_and_the_others_are_read() {
    let members: [(&str, &[u8]); 4] = [
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\x04"),
        ("b.png", b"\x89PNG\r\n\x1a\n\0\0"),
        ("c.log.gz", &gzip(b"c\n")[..12]),
        ("d.log", b"d\n"),
    ];
    for packed in [tar(&members), streamed_zip(&members)] {
        let got = unpack(&packed);
        assert_eq!(got.names(), ["f!c.log.gz", "f!d.log"]);
        assert_eq!(got.bytes(1), b"d\n");
        let kinds = [GapKind::Truncated, GapKind::Unsupported, GapKind::Binary];
        assert_eq!(got.kinds(), kinds);
        assert!(got.end.gaps[0].detail.starts_with("7z "));
    }
    let mut encrypted = zip(&members[3..], ::zip::CompressionMethod::Deflated);
    encrypted[6] |= 1;
    assert_eq!(unpack(&encrypted).kinds(), [GapKind::Unsupported]);
}

#[test]
fn a_damaged_header_does_not_hide_the_members_behind_it() {
    let members: [(&str, &[u8]); 3] = [("a.log", b"a\n"), ("b.log", b"b\n"), ("c.log", b"c\n")];
    let mut torn = tar(&members);
    torn[1_024 + 3] ^= 0x55;
    let mut zipped = zip(&members, ::zip::CompressionMethod::Deflated);
    let second = memchr::memmem::find_iter(&zipped, b"PK\x03\x04").nth(1).unwrap();
    zipped[second] = b'X';
    for packed in [torn, zipped] {
        let got = unpack(&packed);
        assert_eq!(got.names(), ["f!a.log", "f!c.log"]);
        assert_eq!(got.kinds(), [GapKind::Corrupt]);
    }
}

#[test]
fn long_and_hostile_member_names_are_labels() {
    let long = format!("{}/x.log", "d".repeat(300));
    let got = unpack(&tar(&[(&long, b"x\n")]));
    assert_eq!(got.names(), [format!("f!{long}")]);
    let got = unpack(&streamed_zip(&[("../../etc/\x1b[2Jpasswd", b"x\n")]));
    assert_eq!(got.names(), ["f!../../etc/\\x1b[2Jpasswd"]);
}

#[test]
fn limits_keep_what_was_read() {
    let bomb = gzip(&gzip(&vec![b'\n'; 80 << 20]));
    let got = unpack(&bomb);
    assert_eq!(got.kinds(), [GapKind::Limit]);
    assert!(got.bytes(0).len() >= 64 << 20);
    let log = log(9_000);
    let short = Limits { stream_bytes: 1_000, ..Limits::default() };
    for packed in [tar(&[("a", &log), ("b", b"b\n")]), gzip(&log)] {
        let got = unpack_within(&packed, &short);
        assert_eq!((got.bytes(0), &got.kinds()[..]), (&log[..1_000], &[GapKind::Limit][..]));
    }
    let few = Limits { members: 2, ..Limits::default() };
    let got = unpack_within(&tar(&[("a", b"a"), ("b", b"b"), ("c", b"c"), ("d", b"d")]), &few);
    assert_eq!((got.names(), got.kinds()), (vec!["f!a", "f!b"], vec![GapKind::Limit]));
}

/// A zstd frame of one raw block that asks for a window of 8 MiB (RFC 8878, 3.1.1).
fn windowed(text: &[u8]) -> Vec<u8> {
    let last_raw = ((text.len() as u32) << 3) | 1;
    [b"\x28\xb5\x2f\xfd\x00\x68", &last_raw.to_le_bytes()[..3], text].concat()
}

#[test]
fn a_window_over_the_limit_is_a_gap_and_can_be_allowed() {
    let narrow = Limits { window: 1 << 20, ..Limits::default() };
    let got = unpack_within(&windowed(b"a log\n"), &narrow);
    assert_eq!(got.kinds(), [GapKind::Limit]);
    assert_eq!(unpack(&windowed(b"a log\n")).bytes(0), b"a log\n");
    let log = log(9_000);
    let got = unpack_within(&xz(&log), &Limits { window: 1 << 10, ..Limits::default() });
    assert_ne!(got.kinds(), []);
    assert!(unpack(&xz(&log)).bytes(0) == log);
}

#[test]
fn encodings_are_undone_inside_of_wrappers_too() {
    let text = "192.0.2.1 GET /日本 200\r\n".repeat(100);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat();
    for bytes in [&utf16, &marked] {
        for packed in [bytes.clone(), gzip(bytes)] {
            let got = unpack(&packed);
            assert!(got.bytes(0) == text.as_bytes());
            assert_eq!(got.kinds(), []);
        }
    }
}

#[test]
fn a_visitor_may_leave_early() {
    let mut seen = 0;
    let packed = tar(&[("a", b"a\n"), ("b", b"b\n")]);
    let end = read(&memory(), Box::new(Cursor::new(packed)), &Limits::default(), &mut |stream| {
        seen += 1;
        stream.leave();
    });
    assert_eq!((seen, end.gaps), (1, vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn damage_never_panics_and_keeps_the_prefix(
        at in 0.0f64..1.0, flip in 0u8..=255, cut in 0.2f64..1.5,
    ) {
        let log = log(1_500);
        for (name, pack) in METHODS.into_iter().chain(ARCHIVES) {
            let mut packed = pack(&log);
            let content = magic::content(&packed);
            let at = (at * packed.len() as f64) as usize;
            packed[at] ^= flip;
            packed.truncate((cut * packed.len() as f64) as usize);
            let got = unpack(&packed);
            // Bytes decoded from a damaged place may be wrong until a checksum tells.
            let first = got.streams.first().map_or(&[][..], |(_, bytes, _)| bytes);
            let right = first.iter().zip(&log).take_while(|(a, b)| a == b).count();
            // A tar has no checksum of its content.
            let whole = (right == log.len() || name == "tar") && first.len() == log.len();
            let known = magic::content(&packed) == content;
            prop_assert!(whole || !known || !got.kinds().is_empty(), "{name}: silent loss");
        }
    }

    #[test]
    fn noise_is_read_without_a_panic(
        magic in 0usize..9, noise in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let pack = METHODS.into_iter().chain(ARCHIVES).nth(magic).unwrap().1;
        let head = pack(b"some text to have a header\n");
        for keep in [4, 10, 30, 60] {
            unpack(&[&head[..keep.min(head.len())], &noise].concat());
        }
    }
}

/// The seventeen shapes of one log of 1,000 lines, if the data is there.
#[test]
fn the_edge_shapes_are_read() {
    let near = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    let data = std::env::var("LEAKSWEEP_DATA").unwrap_or_else(|_| near.to_owned());
    let folder = PathBuf::from(data).join("edge");
    let Ok(base) = std::fs::read(folder.join("base.log")) else { return };
    let lines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
    let evidence = Evidence::collect(&[folder], Inventory::default());
    assert_eq!((evidence.sources.len(), evidence.gaps.len()), (17, 0));
    for source in &evidence.sources {
        let mut streams = Vec::new();
        let end = source.read(&Limits::default(), &mut |stream| {
            let mut bytes = Vec::new();
            let mut buffer = vec![0; 1 << 16];
            while let n @ 1.. = stream.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..n]);
            }
            streams.push((stream.name.clone(), bytes, stream.finish().gaps));
        });
        let file = source.name.rsplit('/').next().unwrap_or_default();
        let (name, bytes, gaps) = &streams[0];
        assert_eq!(end.gaps, [], "{file}");
        match file {
            "truncated.log.gz" => {
                assert!(base.starts_with(bytes) && lines(bytes) == 588);
                assert_eq!(gaps[0].kind, GapKind::Truncated);
                continue;
            }
            "two.tar.gz" => {
                assert!(name.ends_with("two.tar.gz!base.log") && *bytes == base);
                assert!(streams[1].0.ends_with("!crlf.log") && lines(&streams[1].1) == 1_000);
            }
            "attack.log" => {}
            "nofinalnl.log" => assert!(base.starts_with(bytes) && bytes.len() + 1 == base.len()),
            "crlf.log" => assert_eq!(lines(bytes), 1_000),
            "longline.log" | "nulhole.log" | "junkfirst.log" => assert!(lines(bytes) >= 1_000),
            _ => assert!(*bytes == base, "{file}"),
        }
        let kinds: Vec<_> = gaps.iter().map(|gap| gap.kind).collect();
        let hole = (file == "nulhole.log").then_some(GapKind::Hole);
        assert_eq!(kinds, hole.into_iter().collect::<Vec<_>>(), "{file}");
    }
}
