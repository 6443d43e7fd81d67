//! How are values compared without being kept? By keyed hashes.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// A keyed hash of a value, 64 bits: equal values of a case have equal fingerprints, and nobody
/// without the case's key can test a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

/// The key of a case: 256 random bits, or from `--case-key FILE` where counts of several runs
/// must merge. Never printed.
#[derive(Clone)]
pub struct CaseKey([u8; 32]);

impl fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaseKey(…)")
    }
}

impl CaseKey {
    /// A key of random bits from the operating system.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// A key derived from the bytes of a key file.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(Sha256::digest(bytes).into())
    }

    /// The machine that makes fingerprints under this key.
    pub(super) fn stamp(&self) -> Stamp {
        // RFC 2104 pads a key that is shorter than the hash's block with zeros.
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(self.0) {
            *to = from;
        }
        let stamp = Stamp(Hmac::new(&block.into()));
        block.fill(0);
        stamp
    }
}

/// What a fingerprint is of: the prefix that keeps equal values of different kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    Card,
    Masked,
    Email,
    Phone,
    Person,
    Prefix,
    Link,
}

impl Domain {
    fn tag(self) -> &'static [u8] {
        match self {
            Self::Card => b"card\0",
            Self::Masked => b"masked\0",
            Self::Email => b"email\0",
            Self::Phone => b"phone\0",
            Self::Person => b"person\0",
            Self::Prefix => b"prefix\0",
            Self::Link => b"link\0",
        }
    }
}

/// HMAC-SHA-256 (RFC 2104) with the key already taken in.
#[derive(Clone)]
pub(super) struct Stamp(Hmac<Sha256>);

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stamp(…)")
    }
}

impl Stamp {
    /// The fingerprint of a normalised value: the first 64 bits.
    pub(super) fn of(&self, domain: Domain, value: &[u8]) -> Fingerprint {
        let mut mac = self.0.clone();
        mac.update(domain.tag());
        mac.update(value);
        let bytes = mac.finalize().into_bytes();
        Fingerprint(bytes.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_of_one_kind_and_key_are_equal() {
        let (a, b) = (CaseKey::from_bytes(b"a").stamp(), CaseKey::from_bytes(b"b").stamp());
        assert_eq!(a.of(Domain::Card, b"1"), a.of(Domain::Card, b"1"));
        assert_ne!(a.of(Domain::Card, b"1"), a.of(Domain::Email, b"1"));
        assert_ne!(a.of(Domain::Card, b"1"), b.of(Domain::Card, b"1"));
    }
}
