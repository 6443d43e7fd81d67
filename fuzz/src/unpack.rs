//! Unpacking: any bytes in any nesting give streams within the limits, the same ones each time, and
//! the sum of the file itself.

use std::io::{Cursor, Write};
use std::sync::LazyLock;

use leaksweep::source::{Limits, Source, SourceEnd, StreamEnd, Sum};

use super::room::{evidence, file, folder};

static LIMITS: LazyLock<Limits> = LazyLock::new(|| Limits {
    stream_bytes: 1 << 20,
    ratio: 100,
    ratio_from: 1 << 18,
    members: 50,
    depth: 3,
    entry_bytes: 1 << 16,
    ..Limits::default()
});

/// The first byte says how the others are wrapped: two bits for each layer, the innermost first.
pub fn check(data: &[u8]) {
    let Some((plan, content)) = data.split_first() else { return };
    let wrapped = (0..4).fold(content.to_vec(), |bytes, layer| wrap(plan >> (2 * layer), &bytes));
    let folder = folder();
    let path = file(folder.path(), "a.log", &wrapped);
    let sources = evidence(&[path]).sources;
    let (end, streams) = read(&sources[0], 1 << 16);
    assert_eq!((end.clone(), streams.clone()), read(&sources[0], 7), "the second time");
    let mut sum = Sum::default();
    sum.add(&wrapped);
    assert_eq!((end.sha256, end.bytes), (sum.id(), wrapped.len() as u64));
    assert!(streams.len() as u64 <= LIMITS.members + 1);
    assert!(streams.iter().all(|(name, _)| !name.contains(char::is_control)));
    assert!(streams.iter().all(|(_, end)| end.bytes <= LIMITS.stream_bytes));
}

fn read(source: &Source, at_once: usize) -> (SourceEnd, Vec<(String, StreamEnd)>) {
    let mut streams = Vec::new();
    let mut buffer = vec![0; at_once];
    let end = source.read(&LIMITS, &mut |stream| {
        while stream.read(&mut buffer) > 0 {}
        streams.push((stream.name.clone(), stream.finish()));
    });
    (end, streams)
}

fn wrap(how: u8, bytes: &[u8]) -> Vec<u8> {
    match how & 3 {
        1 => gzip(bytes),
        2 => tar(bytes),
        3 => zip(bytes),
        _ => bytes.to_vec(),
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

pub(super) fn tar(bytes: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, "logs/a", bytes).unwrap();
    tar.into_inner().unwrap()
}

pub(super) fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default();
    zip.start_file("logs/a", plain).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}
