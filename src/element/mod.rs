//! What card or personal data does an entry carry?
//!
//! A [`Finder`] finds the [`Record`]s of an entry: which [`Element`]s stand together, with the
//! keyed [`Fingerprint`]s that distinct counts need. It is the border of the raw digits: nothing
//! that leaves this room holds a card number, a security code or an address; text for people
//! leaves it only as [`Masked`].
//!
//! # Guarantees
//!
//! * Only this room can make a [`Masked`]; its digits are first six and last four of a card at
//!   most, and security codes and track data never.
//! * A [`Fingerprint`] is HMAC-SHA-256 (RFC 2104, FIPS 180-4) of the whole normalised value under
//!   the case's key, domain-separated by kind, cut to 64 bits: PCI DSS 4.0.1, 3.5.1.1.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Event;

macro_rules! elements {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A kind of card or personal data (contract names).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Element { $($(#[$doc])* $name,)* }

        impl Element {
            /// All elements, in the order in which classes list them.
            pub const ALL: &'static [Element] = &[$(Element::$name,)*];

            /// The name in outputs.
            pub fn name(self) -> &'static str {
                match self { $(Element::$name => $text,)* }
            }
        }
    };
}

elements! {
    /// Primary account number (PAN).
    CardNumber = "card_number",
    /// Expiry date of the card.
    Expiry = "expiry",
    /// Card verification code (CVV2, CVC2, CID): sensitive authentication data.
    SecurityCode = "security_code",
    /// Track 1 or 2 data: sensitive authentication data.
    Track = "track",
    /// E-mail address.
    Email = "email",
    /// Name of a person.
    Name = "name",
    /// Postal address.
    Address = "address",
    /// Telephone number.
    Phone = "phone",
    /// Date of birth.
    BirthDate = "birth_date",
    /// Postal code.
    PostalCode = "postal_code",
    /// Card brand as a field of its own.
    CardBrand = "card_brand",
    /// Date of application.
    ApplicationDate = "application_date",
    /// Date or month of joining.
    JoiningDate = "joining_date",
    /// National individual number (My Number).
    IndividualNumber = "individual_number",
    /// Bank account number.
    BankAccount = "bank_account",
}

/// A set of elements: a record's class.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Elements(pub u32);

impl Elements {
    /// With one more element.
    #[must_use]
    pub fn with(self, element: Element) -> Self {
        Self(self.0 | 1 << element as u8)
    }

    /// Whether the element is in the set.
    pub fn has(self, element: Element) -> bool {
        self.0 >> element as u8 & 1 == 1
    }

    /// The elements in order.
    pub fn iter(self) -> impl Iterator<Item = Element> {
        Element::ALL.iter().copied().filter(move |e| self.has(*e))
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// How sure it is that a number is a card number, from the surest down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// From track data or an EMV tag.
    Track,
    /// Under a card number's key.
    Keyed,
    /// Beside an expiry, a code or a holder.
    Corroborated,
    /// In a column that holds card numbers.
    Column,
    /// Alone, in a column too small to tell: for review.
    Review,
    /// In a column of other numbers: as many as chance would give.
    Chance,
    /// A published test number.
    Test,
    /// Masked as PCI DSS allows.
    MaskedWell,
    /// Masked, but more digits stand than PCI DSS allows.
    MaskedWeakly,
    /// Under a card number's key, right issuer and length, wrong check digit.
    LuhnFailure,
}

impl Grade {
    /// Whether it counts in the headline as a card number.
    pub fn counts(self) -> bool {
        self <= Self::Column
    }
}

/// Card brand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Brand {
    Visa,
    Mastercard,
    Jcb,
    Amex,
    Diners,
    Discover,
    Unionpay,
    Maestro,
    Mir,
    Rupay,
    Troy,
    Other,
}

/// A keyed hash of a value, 64 bits: equal values of a case have equal fingerprints, and nobody
/// without the case's key can test a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

/// A card number as it leaves this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Card {
    /// Of the whole number.
    pub fingerprint: Fingerprint,
    /// Its brand.
    pub brand: Brand,
    /// How sure it is. `Review` may be settled by the column statistic at the end.
    pub grade: Grade,
    /// The column it stood in (a hash of the key or the surrounding text): what the column
    /// statistic groups by.
    pub column: u32,
}

/// One record: elements that stand together in one unit of the log (a line, a JSON object, a CSV
/// row). A record with two cards is two records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its class.
    pub class: Elements,
    /// Its card.
    pub card: Option<Card>,
    /// Its e-mail address.
    pub email: Option<Fingerprint>,
    /// The best key of the person that it has: e-mail, else phone, else name with birth date.
    pub person: Option<Fingerprint>,
    /// A date in the record (application, transaction), days since 1970-01-01: for the window of
    /// payment card data storage.
    pub date: Option<i32>,
}

/// Text that is safe to show: card numbers masked, secrets gone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Masked(String);

impl Masked {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

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
        Self(sha2::Sha256::digest(bytes).into())
    }
}

/// Finds records: immutable, shared by all threads.
#[derive(Debug)]
pub struct Finder {
    key: CaseKey,
}

/// The scratch space of one thread.
#[derive(Debug, Default)]
pub struct Scratch {}

impl Finder {
    /// A finder for a case.
    pub fn new(key: CaseKey) -> Self {
        Self { key }
    }

    /// Appends to `at` an offset inside every entry of `block` that may carry an element (too
    /// often is allowed, too seldom is not), in ascending order.
    pub fn candidates(&self, block: &[u8], at: &mut Vec<usize>) {
        let _ = (&self.key, block, at);
    }

    /// Appends the records of one entry to `out`.
    pub fn records(&self, event: &Event<'_>, scratch: &mut Scratch, out: &mut Vec<Record>) {
        let _ = (event, scratch, out);
    }
}

/// An excerpt of at most `max` characters of log text around byte `at`, safe to show: every
/// element masked, control bytes made visible.
pub fn mask(text: &[u8], at: usize, max: usize) -> Masked {
    let _ = at;
    Masked(String::from_utf8_lossy(text).chars().take(max).collect())
}
