//! Bytes of our own made small, for keeping (raw deflate, RFC 1951).

use std::io::{self, Read, Write};

use flate2::Compression;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let bytes = b"what was kept ".repeat(99);
        let small = fold(&bytes);
        assert!(small.len() < bytes.len() / 9);
        assert_eq!(unfold(&small).unwrap(), bytes);
        assert!(unfold(&small[..9]).is_err());
    }
}
