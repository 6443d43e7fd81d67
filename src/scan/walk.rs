//! Does a client walk through numbers? Pages of a list, records by their ids, one after the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::element::mask;

use super::Bounds;

/// The most characters of a target that are kept.
const DETAIL: usize = 120;

/// Requests in sequence may leave out so many numbers in between.
const STRIDE: u64 = 10;

/// The requests for targets that differ by numbers only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Requests.
    pub requests: u64,
    /// Requests whose last number is a little above the one of the request before.
    pub in_sequence: u64,
    /// Line of the first.
    line: u64,
    /// The last number of the first request, and of the latest: only to join what was read apart.
    /// Numbers too long for a page or id (a card's) are none.
    ends: (u32, u32),
}

impl Run {
    fn follows(before: u32, after: u32) -> bool {
        after.checked_sub(before).is_some_and(|by| (1..=STRIDE).contains(&u64::from(by)))
    }

    fn append(&mut self, next: &Self) {
        self.requests += next.requests;
        self.in_sequence += next.in_sequence;
        self.in_sequence += u64::from(Self::follows(self.ends.1, next.ends.0));
        self.ends.1 = next.ends.1;
    }
}

/// By target, masked, with `#` for its numbers: the first [`Bounds::walks`] in the order of the
/// stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walks {
    /// The runs.
    pub of: BTreeMap<Box<str>, Run>,
}

impl Walks {
    pub(super) fn note(&mut self, target: &[u8], line: u64) {
        let Some((shape, number)) = shape(target) else { return };
        let one = Run { requests: 1, in_sequence: 0, line, ends: (number, number) };
        let masked = mask(&shape, 0, DETAIL);
        match self.of.get_mut(masked.as_str()) {
            Some(run) => run.append(&one),
            None => drop(self.of.insert(masked.as_str().into(), one)),
        }
    }

    /// Appends the runs of following entries, of which there may be more than are kept.
    pub(super) fn append(&mut self, next: Self, bounds: Bounds) {
        let mut new: Vec<_> = next.of.into_iter().collect();
        new.sort_by(|(a, one), (b, other)| (one.line, a).cmp(&(other.line, b)));
        for (target, run) in new {
            if let Some(ours) = self.of.get_mut(&target) {
                ours.append(&run);
            } else if self.of.len() < bounds.walks() {
                self.of.insert(target, run);
            }
        }
    }
}

/// A target with `#` for every number, and its last number; `None` if it has none, or one that is
/// too long to count by.
fn shape(target: &[u8]) -> Option<(Vec<u8>, u32)> {
    let mut shape = Vec::with_capacity(target.len());
    let mut last = None;
    for piece in target.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
        if piece[0].is_ascii_digit() {
            last = Some(std::str::from_utf8(piece).ok()?.parse().ok()?);
            shape.push(b'#');
        } else {
            shape.extend_from_slice(piece);
        }
    }
    Some((shape, last?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(targets: &[String], block: usize) -> Walks {
        let mut all = Walks::default();
        for (at, targets) in targets.chunks(block).enumerate() {
            let mut walks = Walks::default();
            for (i, target) in targets.iter().enumerate() {
                walks.note(target.as_bytes(), (at * block + i) as u64);
            }
            all.append(walks, Bounds::default());
        }
        all
    }

    #[test]
    fn a_walk_is_counted_whatever_the_cuts() {
        let mut targets: Vec<String> = (1..=50).map(|i| format!("/order?id={i}")).collect();
        targets.extend([9, 3, 70].map(|i| format!("/order?id={i}")));
        targets.push("/about".to_owned());
        let whole = walked(&targets, 1);
        let run = &whole.of["/order?id=#"];
        assert_eq!((run.requests, run.in_sequence, whole.of.len()), (53, 49, 1));
        for block in [3, 54] {
            assert_eq!(walked(&targets, block), whole, "{block}");
        }
    }

    #[test]
    fn the_number_of_a_card_is_none() {
        assert_eq!(shape(b"/card/4111111111111111"), None);
        assert_eq!(shape(b"/a"), None);
        assert_eq!(shape(b"/p2/id=7"), Some((b"/p#/id=#".to_vec(), 7)));
    }
}
