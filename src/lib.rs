//! **leaksweep** finds out, from logs alone, whether a payment site was broken into and what was
//! taken.
//!
//! A [`source`] is read as [`line`]s; a line says an [`event`] and may carry [`element`]s of card
//! or personal data; [`rule`]s are [`scan`]ned over them; what they find makes one [`case`] per
//! site; the cases make the [`report`].
//!
//! The rooms are declared in the order in which the data flows, and that order is the only
//! dependency rule: a room may use only the rooms declared above it. `tests/laws.rs` proves it.

pub mod case;
pub mod element;
pub mod event;
pub mod line;
pub mod report;
pub mod rule;
pub mod scan;
pub mod source;
pub mod time;
