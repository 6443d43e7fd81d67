//! Which entries match?
//!
//! A [`Scanner`] is one thread's scratch space over an immutable [`RuleSet`](crate::rule::RuleSet) and [`Finder`](crate::element::Finder). It
//! turns a block into a [`Part`]; parts appended in order make a [`Yield`], what one stream
//! yielded; yields merged make the [`Tally`], from which everything else is computed.
//!
//! What the first pass says of the intruders is followed by a second: a [`Pursuit`] collects
//! everything that their [`Trace`]s left in a stream, hits or not, as [`Trail`]s.
//!
//! # Guarantees
//!
//! * [`Tally::merge`] is associative, commutative and idempotent per content id; the default is its
//!   zero; a tally serialises (the part file).
//! * Nothing raw is in a tally: hits hold masked text, records hold keyed fingerprints.
//! * The prefilter may say yes too often, never no wrongly: [`Mode::Full`] examines every entry and
//!   gives the same tally.

mod bits;
mod bounds;
mod client;
mod coded;
mod copies;
mod hit;
mod hits;
mod hosts;
mod hours;
mod index;
mod kept;
mod keyed;
mod known;
mod marks;
mod note;
mod odds;
mod outcome;
mod page;
mod pieces;
mod pursuit;
mod record;
mod rows;
mod scanner;
mod sequence;
mod tally;
#[cfg(test)]
mod tests;
mod texts;
mod trail;
mod uses;
mod vlq;
mod walk;

pub use bounds::Bounds;
pub use client::network;
pub use copies::Copies;
pub use hit::{Hit, HitEntry, Links, Outcome};
pub use hits::{HitSet, Kinds};
pub use hours::{Hours, Sum};
pub use index::Index;
pub use known::Known;
pub use odds::{AtOdds, Odds};
pub use page::{LargeAnswer, Page, PageId, PageUse, Pages, Sizes};
pub use pursuit::{Pursuer, Pursuit};
pub use record::{Facts, Point, Points, RecordFact, Records, Series, Way};
pub use rows::{Row, Rows};
pub use scanner::{Mode, Scanner};
pub use sequence::{Numbers, Sequences};
pub use tally::{Disorder, Part, SiteTally, StreamFacts, Tally, Yield};
pub use texts::{Numbered, Texts};
pub use trail::{Followed, Moment, Trace, TraceKind, Trail, Trails};
pub use uses::{Use, Uses};
pub use walk::{Run, Walks};
