//! Which entries are worth a look? A scan over a whole block that is never wrong by leaving one
//! out.

/// Appends an offset inside every entry that may carry an element.
pub(super) fn candidates(block: &[u8], at: &mut Vec<usize>) {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', block).chain([block.len()]) {
        if end > start {
            at.push(start);
        }
        start = end + 1;
    }
}
