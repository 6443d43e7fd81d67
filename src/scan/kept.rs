//! How may a value be kept that a correlation groups by?

use std::collections::HashMap;

use crate::element::mask;

use super::note::DETAIL;

/// Values as they may be kept, remembered: masking is dear, and most were seen before.
#[derive(Debug, Default)]
pub(super) struct Kept(HashMap<Vec<u8>, String>);

impl Kept {
    /// So many are remembered before all are forgotten.
    const MOST: usize = 4_096;
    /// Longer values are not remembered.
    const LONGEST: usize = 500;

    /// The value as it may be kept.
    pub(super) fn of(&mut self, value: Vec<u8>) -> String {
        if let Some(known) = self.0.get(&value) {
            return known.clone();
        }
        let kept = harmless(&value);
        if value.len() <= Self::LONGEST {
            if self.0.len() == Self::MOST {
                self.0.clear();
            }
            self.0.insert(value, kept.clone());
        }
        kept
    }
}

/// A value, masked unless it is too short a number to be anything secret.
fn harmless(value: &[u8]) -> String {
    /// The shortest card number has twelve digits, the shortest security code three: a number of
    /// this length is a status, a port or a size.
    const LONGEST: usize = 11;
    match std::str::from_utf8(value) {
        Ok(text) if text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.into()
        }
        _ => mask(value, 0, DETAIL).to_string(),
    }
}
