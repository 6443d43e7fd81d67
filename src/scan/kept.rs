//! How may a value be kept that a correlation groups by, or that a hit shows?

use std::collections::HashMap;

use crate::element::mask;

use super::note::DETAIL;

/// What was made of values, remembered: masking is dear, and most were seen before.
#[derive(Debug)]
pub(super) struct Kept<T>(HashMap<Vec<u8>, T>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Kept<T> {
    /// So many are remembered before all are forgotten.
    const MOST: usize = 4_096;
    /// Longer values are not remembered.
    const LONGEST: usize = 500;

    /// What `mask` makes of the value.
    pub(super) fn of(&mut self, value: &[u8], mask: impl FnOnce(&[u8]) -> T) -> T {
        if let Some(known) = self.0.get(value) {
            return known.clone();
        }
        let made = mask(value);
        if value.len() <= Self::LONGEST {
            if self.0.len() == Self::MOST {
                self.0.clear();
            }
            self.0.insert(value.to_owned(), made.clone());
        }
        made
    }
}

/// A value, masked unless it is too short a number to be anything secret.
pub(super) fn harmless(value: &[u8]) -> String {
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
