//! Which streams can hold traces of a client, path or agent? A small index made on the first pass,
//! so that the pivot reads only those again.
//!
//! Each kind of trace has one bit of 65,536 by its hash (a Bloom filter with one hash, 8 KB a
//! stream at most, whatever an attacker makes up). A bit that is not set means that the stream
//! surely holds no such trace; one that is set may be another's.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::event::{Event, Field};
use crate::source::Inventory;

use super::client::{client, network};
use super::{Trace, TraceKind};

/// The traces that a stream may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Clients, IPv6 by /64.
    clients: Bits,
    /// Request paths.
    paths: Bits,
    /// Agents.
    agents: Bits,
}

impl Index {
    /// Whether the stream may hold entries of that trace; never no wrongly.
    pub fn may_hold(&self, trace: &Trace) -> bool {
        self.of(trace.kind).has(bit(trace.value.as_bytes()))
    }

    /// Whether the stream holds any trace of that kind.
    pub fn has(&self, kind: TraceKind) -> bool {
        !self.of(kind).0.is_empty()
    }

    fn of(&self, kind: TraceKind) -> &Bits {
        match kind {
            TraceKind::Client => &self.clients,
            TraceKind::Path => &self.paths,
            TraceKind::UserAgent => &self.agents,
        }
    }

    /// Adds what further entries name.
    pub(super) fn append(&mut self, next: Self) {
        self.clients.append(next.clients);
        self.paths.append(next.paths);
        self.agents.append(next.agents);
    }
}

/// What the entries of one block name: the same bits, laid out flat.
#[derive(Default)]
pub(super) struct Noted {
    clients: Flat,
    paths: Flat,
    agents: Flat,
}

impl Noted {
    /// Notes what an entry names.
    pub(super) fn note(&mut self, event: &Event<'_>, inventory: &Inventory) {
        let client = event.get(Field::Client);
        if let Some(bit) = client.and_then(|given| client_bit(given, event, inventory)) {
            self.clients.set(bit);
        }
        if let Some(path) = event.get(Field::Stem) {
            self.paths.set(bit(path));
        }
        if let Some(agent) = event.get(Field::UserAgent) {
            self.agents.set(bit(agent));
        }
    }
}

impl From<Noted> for Index {
    fn from(noted: Noted) -> Self {
        let Noted { clients, paths, agents } = noted;
        Self { clients: clients.into(), paths: paths.into(), agents: agents.into() }
    }
}

/// A set of numbers below 65,536, a word for each 64.
struct Flat(Vec<u64>);

impl Default for Flat {
    fn default() -> Self {
        Self(vec![0; 1 << 10])
    }
}

impl Flat {
    fn set(&mut self, bit: u16) {
        self.0[usize::from(bit >> 6)] |= 1 << (bit & 63);
    }
}

impl From<Flat> for Bits {
    fn from(flat: Flat) -> Self {
        let pieces = (0..=u8::MAX).zip(flat.0.as_chunks::<4>().0);
        Self(pieces.filter(|(_, words)| **words != [0; 4]).map(|(at, w)| (at, *w)).collect())
    }
}

/// The bit of a client. Text of digits and dots is its own canonical spelling, if it is an address.
fn client_bit(given: &[u8], event: &Event<'_>, inventory: &Inventory) -> Option<u16> {
    let plain = given.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    if plain && inventory.trusted_proxies.is_empty() {
        return Some(bit(given));
    }
    let client = client(event, inventory)?;
    Some(bit(network(&client).as_bytes()))
}

/// A set of numbers below 65,536, in pieces of 256: small while few are in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct Bits(BTreeMap<u8, [u64; 4]>);

impl Bits {
    fn has(&self, bit: u16) -> bool {
        let words = self.0.get(&((bit >> 8) as u8));
        words.is_some_and(|words| words[usize::from(bit >> 6 & 3)] >> (bit & 63) & 1 == 1)
    }

    fn append(&mut self, next: Self) {
        for (piece, words) in next.0 {
            let ours = self.0.entry(piece).or_default();
            ours.iter_mut().zip(words).for_each(|(ours, theirs)| *ours |= theirs);
        }
    }
}

impl From<Bits> for String {
    /// Each piece as its number and its words in hexadecimal.
    fn from(bits: Bits) -> Self {
        bits.0.iter().fold(Self::new(), |mut text, (piece, words)| {
            // Writing into a string cannot fail.
            let _ = write!(text, "{piece:02x}");
            for word in words {
                let _ = write!(text, "{word:016x}");
            }
            text
        })
    }
}

impl TryFrom<String> for Bits {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        /// Digits of a piece: its number and four words.
        const PIECE: usize = 2 + 4 * 16;
        let wrong = || "not an index in hexadecimal".to_owned();
        if !text.is_ascii() || !text.len().is_multiple_of(PIECE) {
            return Err(wrong());
        }
        let number = |digits: &str| u64::from_str_radix(digits, 16).map_err(|_| wrong());
        let mut bits = Self::default();
        for at in (0..text.len()).step_by(PIECE) {
            let piece = number(&text[at..at + 2])? as u8;
            let words = bits.0.entry(piece).or_default();
            for (i, word) in words.iter_mut().enumerate() {
                let from = at + 2 + 16 * i;
                *word = number(&text[from..from + 16])?;
            }
        }
        Ok(bits)
    }
}

/// The bit that a text has: a multiplicative hash, eight bytes at a time.
fn bit(text: &[u8]) -> u16 {
    /// Odd, with its bits well spread (the golden ratio).
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = text.len() as u64;
    let mut mix = |word: u64| hash = (hash.rotate_left(23) ^ word).wrapping_mul(SPREAD);
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    mix(rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    (hash >> 48) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(clients: &[&str]) -> Index {
        let mut noted = Noted::default();
        for client in clients {
            let mut event = Event::default();
            event.set(Field::Client, client.as_bytes());
            event.set(Field::Stem, &b"/a"[..]);
            noted.note(&event, &Inventory::default());
        }
        noted.into()
    }

    #[test]
    fn what_was_noted_is_found_under_every_spelling() {
        let index = index(&["203.0.113.66", "2001:DB8:0:1::9", "::ffff:198.51.100.7"]);
        for client in ["203.0.113.66", "2001:db8:0:1::/64", "198.51.100.7"] {
            assert!(index.may_hold(&Trace::new(TraceKind::Client, client)), "{client}");
        }
        assert!(!index.may_hold(&Trace::new(TraceKind::Client, "203.0.113.67")));
        assert!(index.has(TraceKind::Path) && !index.has(TraceKind::UserAgent));
    }

    #[test]
    fn appending_is_union_and_a_part_file_keeps_it() {
        let (mut one, other) = (index(&["192.0.2.1"]), index(&["192.0.2.2"]));
        one.append(other.clone());
        assert_eq!(one, index(&["192.0.2.2", "192.0.2.1"]));
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Index>(&text).unwrap(), one);
        assert!(
            serde_json::from_str::<Index>(&text.replace("\"paths\":\"", "\"paths\":\"0")).is_err()
        );
    }
}
