//! What must hold whatever an attacker writes?
//!
//! Each module is one promise: `check` panics if the bytes that it is given break it. A fuzzer calls
//! it (`targets/`), and so does an ordinary test (`../tests/fuzz.rs`), which replays the kept
//! inputs and pieces of the sample logs on every build.

#![allow(missing_docs, clippy::missing_panics_doc, reason = "a broken promise is a panic")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test, seen from two crates")]

pub mod condition;
pub mod decode;
mod edit;
pub mod element;
pub mod escape;
pub mod formats;
pub mod indicators;
pub mod inventory;
pub mod layout;
pub mod part;
pub mod report;
mod room;
pub mod seeds;
pub mod sigma;
pub mod sweep;
pub mod unpack;

/// One promise.
pub type Check = fn(&[u8]);

/// All promises, by the names of their targets.
pub const TARGETS: [(&str, Check); 13] = [
    ("condition", condition::check),
    ("decode", decode::check),
    ("element", element::check),
    ("escape", escape::check),
    ("formats", formats::check),
    ("indicators", indicators::check),
    ("inventory", inventory::check),
    ("layout", layout::check),
    ("part", part::check),
    ("report", report::check),
    ("sigma", sigma::check),
    ("sweep", sweep::check),
    ("unpack", unpack::check),
];
