//! Decoding layers and the lexers of payloads: what is decoded is never longer, decoding is told of
//! exactly where it changes something, and twice is once and once again.

use std::borrow::Cow;

use leaksweep::event::decode::{changes, once, percent, twice};
use leaksweep::payload::Family;

pub fn check(data: &[u8]) {
    let first = once(data);
    assert_eq!(changes(data), matches!(first, Cow::Owned(_)));
    assert!(first.len() <= data.len() && percent(data).len() <= data.len());
    let second = once(&first);
    assert_eq!(second, twice(data));
    for value in [data, &first, &second] {
        for family in Family::ALL {
            assert_eq!(family.word(value), family.word(value));
        }
    }
}
