//! Which hits does the user know to be harmless? They are set apart before anything is concluded,
//! and counted, so that none is silently gone.

use serde::{Deserialize, Serialize};

use crate::element::Masked;
use crate::source::{Alarm, Suppression};
use crate::time::Time;

use super::catalog::{Catalog, Known};
use super::site::{Seen, Site};

/// The hits of one rule that one suppression set apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The suppression's number in its file, from 1.
    pub entry: usize,
    /// The rule's id.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// Why they are harmless, as the suppression states it.
    pub reason: String,
    /// The last day of the suppression.
    pub expires: String,
    /// How many hits.
    pub count: u64,
    /// The first of those with a time.
    pub first: Option<Time>,
    /// The last of them.
    pub last: Option<Time>,
}

/// Takes the hits out of the site that a suppression speaks of. What was counted but not kept can
/// only be told by its rule ([`told`]).
pub(super) fn set_apart(site: &mut Site<'_>, catalog: &Catalog) {
    if site.suppressions.is_empty() {
        return;
    }
    for seen in std::mem::take(&mut site.hits) {
        match covering(site, &seen, catalog) {
            Some((suppression, known)) => site.suppressed.count(suppression, known, &seen),
            None => site.hits.push(seen),
        }
    }
}

fn covering<'t, 'c>(
    site: &Site<'t>,
    seen: &Seen<'_>,
    catalog: &'c Catalog,
) -> Option<(&'t Suppression, &'c Known)> {
    let known = catalog.get(seen.rule)?;
    let hit = Alarm {
        rule: &known.info.id,
        title: &known.info.title,
        site: site.name,
        client: seen.client(),
        path: seen.hit.path.as_ref().map(Masked::as_str),
    };
    Some((site.suppressions.iter().find(|suppression| suppression.covers(&hit))?, known))
}

/// The suppression of every hit of a rule at the site, whoever sent it.
pub(super) fn whole<'t>(site: &Site<'t>, known: &Known) -> Option<&'t Suppression> {
    let (rule, title) = (known.info.id.as_str(), known.info.title.as_str());
    site.suppressions.iter().find(|suppression| suppression.covers_all(rule, title, site.name))
}

/// Everything that was set apart, those that were counted but not kept among it, in the order of
/// the suppressions and of the rules' ids.
pub(super) fn told(site: &Site<'_>, catalog: &Catalog) -> Vec<Suppressed> {
    let mut all = site.suppressed.clone();
    for (rule, set) in site.streams.iter().flat_map(|stream| &stream.tally.rules) {
        let beyond: u64 = set.dropped().iter().sum();
        let known = catalog.get(*rule).filter(|_| beyond > 0);
        if let Some((known, suppression)) = known.and_then(|k| Some((k, whole(site, k)?))) {
            all.entry(suppression, known).count += beyond;
        }
    }
    all.0.sort_by(|a, b| (a.entry, &a.rule).cmp(&(b.entry, &b.rule)));
    all.0
}

/// What was set apart, by suppression and rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Apart(Vec<Suppressed>);

impl Apart {
    fn count(&mut self, suppression: &Suppression, known: &Known, seen: &Seen<'_>) {
        let entry = self.entry(suppression, known);
        entry.count += 1;
        if let Some(time) = seen.hit.time {
            entry.first = Some(entry.first.map_or(time, |first| first.min(time)));
            entry.last = entry.last.max(Some(time));
        }
    }

    fn entry(&mut self, suppression: &Suppression, known: &Known) -> &mut Suppressed {
        let same = |s: &Suppressed| s.entry == suppression.entry && s.rule == known.info.id;
        let at = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Suppressed {
                entry: suppression.entry,
                rule: known.info.id.clone(),
                title: known.info.title.clone(),
                reason: suppression.reason.clone(),
                expires: suppression.expires.clone(),
                count: 0,
                first: None,
                last: None,
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}
