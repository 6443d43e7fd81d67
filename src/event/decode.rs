//! What did the attacker's target see? Decoding layers over a value: raw, once decoded, twice
//! decoded. Layers are additive: matching runs on each, and a finding says which one matched.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// How often a text was decoded before it matched.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Layer {
    /// As it stands in the log (un-escaped by the producer's rules).
    #[default]
    #[serde(rename = "raw")]
    Raw,
    /// Decoded once.
    #[serde(rename = "decoded-1")]
    Once,
    /// Decoded twice.
    #[serde(rename = "decoded-2")]
    Twice,
}

/// Percent-decodes once (`+` becomes a blank); borrows where nothing changes.
pub fn percent(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|b| matches!(b, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let hex = |b: u8| (b as char).to_digit(16);
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        match text[i] {
            b'%' => match text
                .get(i + 1)
                .copied()
                .and_then(hex)
                .zip(text.get(i + 2).copied().and_then(hex))
            {
                Some((hi, lo)) => {
                    out.push((hi * 16 + lo) as u8);
                    i += 2;
                }
                None => out.push(b'%'),
            },
            b'+' => out.push(b' '),
            byte => out.push(byte),
        }
        i += 1;
    }
    Cow::Owned(out)
}
