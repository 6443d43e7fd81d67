//! What does a key say of its value? The key tables of real payment systems, as data.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// What a value under a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Card,
    /// A card's number, or a bank account's where it is too short for a card.
    Account,
    Code,
    /// A security code only beside a card.
    CodePerhaps,
    Expiry,
    Month,
    Year,
    Holder,
    Track,
    Pin,
    Mail,
    Name,
    /// A name only beside a card or another personal element.
    NamePerhaps,
    Address,
    Phone,
    Birth,
    Postal,
    Brand,
    Applied,
    Joined,
    Individual,
    Bank,
    /// A date of the business, for the window of storage.
    Dated,
    /// An identifier of something else: a number under it needs corroboration.
    Id,
}

impl Role {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "card" => Self::Card,
            "account" => Self::Account,
            "code" => Self::Code,
            "code?" => Self::CodePerhaps,
            "expiry" => Self::Expiry,
            "month" => Self::Month,
            "year" => Self::Year,
            "holder" => Self::Holder,
            "track" => Self::Track,
            "pin" => Self::Pin,
            "mail" => Self::Mail,
            "name" => Self::Name,
            "name?" => Self::NamePerhaps,
            "address" => Self::Address,
            "phone" => Self::Phone,
            "birth" => Self::Birth,
            "postal" => Self::Postal,
            "brand" => Self::Brand,
            "applied" => Self::Applied,
            "joined" => Self::Joined,
            "individual" => Self::Individual,
            "bank?" => Self::Bank,
            "dated" => Self::Dated,
            "id" => Self::Id,
            _ => return None,
        })
    }

    /// Whether a number under it is a card's.
    pub(super) fn is_card(self) -> bool {
        matches!(self, Self::Card | Self::Account)
    }

    /// Whether a value under it can make a record by itself: what the prefilter looks for.
    pub(super) fn stands_alone(self) -> bool {
        matches!(
            self,
            Self::Code
                | Self::Pin
                | Self::Name
                | Self::Address
                | Self::Phone
                | Self::Birth
                | Self::Individual
        )
    }
}

const KEYS: &str = include_str!("keys.txt");

/// Keys that mean something only by what they stand in: `card[number]`, `"card":{"number":…}`.
const INNER: &[&str] = &["number", "num", "no", "nr", "value", "code", "name", "month", "year"];

/// What they stand in when they belong to a card.
const OUTER: &[&str] =
    &["card", "creditcard", "cc", "payment", "paymentmethod", "source", "pan", "debitcard", "dc"];

fn rows() -> impl Iterator<Item = (Role, &'static str)> {
    KEYS.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .filter_map(|(role, words)| Some((Role::parse(role)?, words)))
        .flat_map(|(role, words)| words.split_whitespace().map(move |word| (role, word)))
}

static TABLE: LazyLock<FxHashMap<&[u8], Role>> =
    LazyLock::new(|| rows().map(|(role, word)| (word.as_bytes(), role)).collect());

/// Keys in ASCII whose value can make a record by itself.
pub(super) fn standing() -> impl Iterator<Item = &'static str> {
    rows().filter(|(role, word)| role.stands_alone() && word.is_ascii()).map(|(_, word)| word)
}

/// A key without case, punctuation and namespace; at most 40 bytes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Norm([u8; 40], usize);

impl Norm {
    pub(super) fn of(key: &[u8]) -> Self {
        let mut norm = Self([0; 40], 0);
        for byte in key.iter().filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80) {
            let Some(slot) = norm.0.get_mut(norm.1) else { return Self([0; 40], 0) };
            *slot = byte.to_ascii_lowercase();
            norm.1 += 1;
        }
        norm
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }

    /// A hash of it that stays the same over runs and machines (FNV-1a).
    pub(super) fn hash(&self) -> u32 {
        fnv(self.as_bytes())
    }

    fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|w| w.as_bytes() == self.as_bytes())
    }
}

/// FNV-1a, 32 bits.
pub(super) fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}

/// The role of a key as written, with the containers that it names (`card[number]`,
/// `customer.email`) and the object that it stands in, if known.
pub(super) fn role(key: &[u8], outer: impl FnOnce() -> Norm) -> Option<Role> {
    let whole = Norm::of(key);
    if let Some(role) = look_up(whole.as_bytes()) {
        return Some(inner_role(&whole, outer).unwrap_or(role));
    }
    if whole.is_one_of(INNER) {
        return inner_role(&whole, outer);
    }
    let mut rest = key;
    while let Some(at) = rest.iter().position(|b| matches!(b, b'.' | b'[' | b':' | b'/')) {
        rest = rest.get(at + 1..).unwrap_or_default();
        let inner = Norm::of(rest);
        if inner.is_one_of(INNER) || inner.1 < 3 {
            return None;
        }
        if let Some(role) = look_up(inner.as_bytes()) {
            return Some(role);
        }
    }
    None
}

fn look_up(word: &[u8]) -> Option<Role> {
    let polite = word.strip_prefix("ご".as_bytes()).or(word.strip_prefix("お".as_bytes()));
    TABLE.get(word).or_else(|| TABLE.get(polite?)).copied()
}

fn inner_role(word: &Norm, outer: impl FnOnce() -> Norm) -> Option<Role> {
    if !word.is_one_of(INNER) || !outer().is_one_of(OUTER) {
        return None;
    }
    Some(match word.as_bytes() {
        b"name" => Role::Holder,
        b"month" => Role::Month,
        b"year" => Role::Year,
        b"code" => Role::CodePerhaps,
        _ => Role::Card,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_every_spelling() {
        let none = || Norm::of(b"");
        let table: &[(&str, Option<Role>)] = &[
            ("cardNo", Some(Role::Card)),
            ("CARD_NUMBER", Some(Role::Card)),
            ("card[number]", Some(Role::Card)),
            ("payment.card.number", Some(Role::Card)),
            ("meta.number", None),
            ("customer.email", Some(Role::Mail)),
            ("order[customer_name]", Some(Role::Name)),
            ("company", None),
            ("lucid", None),
            ("file.name", None),
            ("product_name", None),
            ("ご住所", Some(Role::Address)),
            ("お電話番号", Some(Role::Phone)),
            ("expires", None),
            ("joinMonth", Some(Role::Joined)),
            ("appliedAt", Some(Role::Applied)),
            ("order_id", Some(Role::Id)),
        ];
        for (key, want) in table {
            assert_eq!(role(key.as_bytes(), none), *want, "{key}");
        }
        assert_eq!(role(b"number", || Norm::of(b"card")), Some(Role::Card));
        assert_eq!(role(b"name", || Norm::of(b"card")), Some(Role::Holder));
    }

    #[test]
    fn every_row_is_read() {
        assert!(KEYS.lines().all(|line| line.is_empty() || line.starts_with('#') || {
            line.split_once(": ").is_some_and(|(role, _)| Role::parse(role).is_some())
        }));
    }
}
