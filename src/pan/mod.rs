//! Which card numbers does a text spell?
//!
//! A card number (primary account number, PAN; ISO/IEC 7812-1) is digits of an issuer's range with
//! a right check digit. Logs spell them in many ways: in groups, escaped once or thrice, in
//! full-width forms, in base64. This room undoes the spellings and knows the ranges; what a number
//! means where it stands, the room `element` says.
//!
//! It stands before all rooms that read, because names too may hold a card number: of a file, of a
//! member of an archive, of a host. Everybody else only ever sees them as [`hide`] writes them.

pub(crate) mod base64;
mod fold;
pub(crate) mod iin;
mod name;
pub(crate) mod number;
pub(crate) mod plain;
mod spelled;

pub use iin::Brand;
pub use name::{hide, is_hidden};
pub(crate) use spelled::{spelled, truncated};
