//! Web access logs: Apache common, combined, vhost_combined; nginx combined.

use super::{Guess, Head, Options};

/// The guess of this family.
pub(super) fn guess(_head: &Head<'_>, _options: &Options) -> Option<Guess> {
    None
}
