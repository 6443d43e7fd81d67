//! What is known, while a block is scanned, of the entries before it? What of it need not be made
//! ready, since it will not be kept.
//!
//! A block is scanned while some before it are not appended yet, so that what is known may be old:
//! it is only used for what nothing between can change.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::hits::Kinds;
use super::{Bounds, Outcome, Part, SiteTally};

/// What the blocks of a stream that are appended already say to those that are scanned.
#[derive(Debug, Default)]
pub struct Known(Mutex<Arc<OfSites>>);

/// By site.
#[derive(Clone, Debug, Default)]
pub(super) struct OfSites {
    pub(super) rules: HashMap<String, Arc<OfRules>>,
    /// The sites that only a Host header names, if there is no room for more ([`Bounds::hosts`]).
    hosts: Option<Arc<HashSet<String>>>,
}

/// By rule.
pub(super) type OfRules = HashMap<u32, Full>;

/// What of one rule is there in full.
#[derive(Clone, Debug, Default)]
pub(super) struct Full {
    /// The first hits of each outcome: what kinds of others are kept.
    kinds: [Option<Arc<Kinds>>; 3],
    /// The matches that correlations count.
    pub(super) points: bool,
}

impl Full {
    /// What kinds of hits are kept behind the first of an outcome, if those are there.
    pub(super) fn kinds(&self, outcome: Outcome) -> Option<&Kinds> {
        self.kinds[outcome as usize].as_deref()
    }

    fn of(tally: &mut SiteTally, rule: u32, bounds: Bounds) -> Option<Self> {
        let kinds = tally.rules.get_mut(&rule).map(|hits| hits.kinds(bounds)).unwrap_or_default();
        let points = tally.series.get(&rule).is_some_and(|series| series.is_full(bounds));
        (points || kinds.iter().any(Option::is_some)).then_some(Self { kinds, points })
    }
}

impl OfSites {
    /// Whether a site that a Host header names is one for which there is no room.
    pub(super) fn bars(&self, host: &str) -> bool {
        self.hosts.as_ref().is_some_and(|hosts| !hosts.contains(host))
    }

    /// The sites that only a Host header names, if there is no room for more beside them.
    fn hosts(part: &Part) -> Option<Arc<HashSet<String>>> {
        let named = || part.sites.iter().filter(|(_, site)| site.named_at.is_some());
        let full = named().count() >= part.bounds.hosts();
        full.then(|| Arc::new(named().map(|(name, _)| name.clone()).collect()))
    }
}

impl Known {
    pub(super) fn now(&self) -> Arc<OfSites> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Appends a block to those before it ([`Part::append`]), which the next ones then know.
    pub fn append(&self, part: &mut Part, next: Part) {
        let rules = |tally: &SiteTally| -> Vec<u32> {
            tally.rules.keys().chain(tally.series.keys()).copied().collect()
        };
        let all = next.sites.iter().map(|(site, tally)| (site.clone(), rules(tally)));
        let changed: Vec<(String, Vec<u32>)> = all.filter(|(_, rules)| !rules.is_empty()).collect();
        let bounds = next.bounds;
        part.append(next);
        if part.bounds != bounds {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(hosts)) = (&known.hosts, OfSites::hosts(part)) {
            Arc::make_mut(&mut known).hosts = Some(hosts);
        }
        for (site, rules) in changed {
            let Some(tally) = part.sites.get_mut(&site) else { continue };
            let full =
                rules.into_iter().filter_map(|rule| Some((rule, Full::of(tally, rule, bounds)?)));
            let full: Vec<(u32, Full)> = full.collect();
            if !full.is_empty() {
                let of_site = Arc::make_mut(&mut known).rules.entry(site).or_default();
                Arc::make_mut(of_site).extend(full);
            }
        }
    }
}
