//! Who scans, and which answer to a scanner stands out?
//!
//! A scanner sends many attacks, of which nearly all are refused. That excuses none of the others: an
//! answer with success is what the scan was for. It stands out unless it is of a size that the same
//! client's refusals have, too, as where a site gives its error page under status 200.

use std::collections::BTreeMap;

use super::attack::{Answer, Attack};
use super::usual::ECHO;

/// A client is a scanner from so many attacks on; fewer say little about how it works.
const ATTACKS: usize = 20;

/// ... if at least so many of a hundred were refused.
const REFUSED_PERCENT: usize = 90;

/// A size is one of refusals if at least one in so many has it: whoever knows the size of an answer
/// that he hopes for must then have most of his scan answered alike to hide it.
const SHARE: usize = 10;

/// The clients that scan, each with the sizes of its refusals, sorted.
#[derive(Debug)]
pub(super) struct Scanners<'s>(BTreeMap<&'s str, Vec<u64>>);

/// What one client sent.
#[derive(Default)]
struct Sent {
    attacks: usize,
    refused: usize,
    /// Of refusals.
    sizes: Vec<u64>,
}

impl<'s> Scanners<'s> {
    pub(super) fn new(attacks: &[Attack<'s, '_>]) -> Self {
        let mut clients: BTreeMap<&str, Sent> = BTreeMap::new();
        for attack in attacks {
            if let Some(client) = attack.client() {
                clients.entry(client).or_default().add(attack);
            }
        }
        let scanners = clients.into_iter().filter(|(_, sent)| sent.is_scan());
        Self(scanners.map(|(client, sent)| (client, sent.sizes())).collect())
    }

    /// Whether a client scans.
    pub(super) fn has(&self, client: Option<&str>) -> bool {
        client.is_some_and(|client| self.0.contains_key(client))
    }

    /// Whether the answer to an attack was a success, even for a client that scans.
    pub(super) fn stands_out(&self, attack: &Attack<'_, '_>) -> bool {
        let Some(sizes) = attack.client().and_then(|client| self.0.get(client)) else {
            return true;
        };
        attack.answer == Answer::Accepted
            && attack.seen.hit.bytes.is_none_or(|bytes| !is_refusal(sizes, bytes))
    }
}

impl Sent {
    fn add(&mut self, attack: &Attack<'_, '_>) {
        self.attacks += 1;
        if attack.answer == Answer::Refused {
            self.refused += 1;
            self.sizes.extend(attack.seen.hit.bytes);
        }
    }

    fn is_scan(&self) -> bool {
        self.attacks >= ATTACKS && self.refused * 100 >= self.attacks * REFUSED_PERCENT
    }

    fn sizes(mut self) -> Vec<u64> {
        self.sizes.sort_unstable();
        self.sizes
    }
}

/// Whether enough refusals have the size, but for the length of an echoed request.
fn is_refusal(sizes: &[u64], bytes: u64) -> bool {
    let from = sizes.partition_point(|size| *size < bytes.saturating_sub(ECHO));
    let to = sizes.partition_point(|size| *size <= bytes.saturating_add(ECHO));
    (to - from) * SHARE >= sizes.len() && to > from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_of_refusals_is_one_that_many_of_them_have() {
        let table: [(&[u64], u64, bool); 7] = [
            (&[], 209, false),
            (&[209, 209, 215], 209, true),
            (&[209, 209, 215], 260, true),
            (&[209, 209, 215], 300, false),
            (&[209, 209, 215], 0, false),
            (&[199, 199, 199, 199, 199, 199, 199, 199, 199, 199, 5_000], 5_000, false),
            (&[199, u64::MAX], u64::MAX, true),
        ];
        for (sizes, bytes, refusal) in table {
            assert_eq!(is_refusal(sizes, bytes), refusal, "{sizes:?} {bytes}");
        }
    }
}
