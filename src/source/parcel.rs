//! Bytes of our own made small, for keeping: one thing that is often taken out (raw deflate,
//! RFC 1951), or many alike that are only read together (xz, half the size).

use std::io::{self, Read, Write};

use flate2::Compression;
use lzma_rust2::{XzOptions, XzReader, XzWriter};

/// Makes bytes small.
pub fn fold(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory cannot fail.
    let _ = out.write_all(bytes);
    out.finish().unwrap_or_default()
}

/// The bytes again.
///
/// # Errors
///
/// If they were not made by [`fold`].
pub fn unfold(small: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::read::DeflateDecoder::new(small).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a text of many lines alike smaller than [`fold`] does, ten times as slowly, in memory of
/// a dozen times its size.
pub fn press(text: &str) -> Vec<u8> {
    /// The dictionary's least and most bytes; none need be larger than the text.
    const DICTIONARY: (usize, usize) = (1 << 12, 1 << 23);
    let mut options = XzOptions::with_preset(6);
    options.lzma_options.dict_size = text.len().clamp(DICTIONARY.0, DICTIONARY.1) as u32;
    // Writing into memory cannot fail.
    let pressed = XzWriter::new(Vec::new(), options).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.finish()
    });
    pressed.unwrap_or_default()
}

/// The text again.
///
/// # Errors
///
/// If it was not made by [`press`].
pub fn unpress(small: &[u8]) -> io::Result<String> {
    let mut text = String::new();
    XzReader::new(small, false).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let text = "what was kept ".repeat(99);
        let small = fold(text.as_bytes());
        assert!(small.len() < text.len() / 9);
        assert_eq!(unfold(&small).unwrap(), text.as_bytes());
        assert!(unfold(&small[..9]).is_err());
        let small = press(&text);
        assert!(small.len() < text.len() / 9);
        assert_eq!(unpress(&small).unwrap(), text);
        assert!(unpress(&small[..9]).is_err());
    }
}
