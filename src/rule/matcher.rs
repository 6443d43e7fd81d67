//! Comparing bytes.

use regex::bytes::{Regex, RegexBuilder};

/// Compiles a regular expression as Sigma has it: PCRE without look-around, unanchored, case
/// sensitive unless flagged. Bytes are no text for sure, so an ASCII expression works on bytes.
pub(super) fn regex(source: &str, flags: &str) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(source);
    builder.unicode(!source.is_ascii()).size_limit(1 << 22);
    builder.case_insensitive(flags.contains('i'));
    builder.multi_line(flags.contains('m')).dot_matches_new_line(flags.contains('s'));
    builder.build().map_err(|error| error.to_string())
}
