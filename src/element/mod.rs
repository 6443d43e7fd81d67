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

mod card;
mod class;
mod classes;
mod column;
mod endings;
mod finder;
mod found;
mod iso8583;
mod key;
mod keys;
#[cfg(test)]
mod laws;
mod mail;
mod masking;
mod pairs;
mod person;
mod phones;
mod place;
mod sensitive;
mod sift;
#[cfg(test)]
mod tests;
mod unit;

use serde::{Deserialize, Serialize};

pub use crate::pan::Brand;
pub use class::{Element, Elements, Grade};
pub use column::{Column, Columns, Content, Observation, settle, settled};
pub use finder::{Finder, Scratch};
pub use key::{CaseKey, Fingerprint};
pub use mail::{Holder, Mails};
pub use masking::{Masked, mask};

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
    /// Whether anything of it stands in the Referer: in the address of the page before.
    pub referred: bool,
}
