//! Under which rules, and told what, was something read? What a part is only good under.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rule::RuleSet;
use crate::scan::Part;
use crate::source::{Gap, GapKind, Inventory, Sum};

/// What is done with what was read under other rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChange {
    /// What is still there is read again.
    #[default]
    Rescan,
    /// It is kept: new rules see only what is read from now on.
    Keep,
}

/// Everything besides its bytes that decides what a stream yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What tells the case key from others.
    pub(super) key: String,
    /// What was told about logs and sites, and the program's version; as a sum.
    pub(super) basis: String,
    /// The digest of the rules.
    pub(super) rules: String,
    /// The rules in their order, which parts name by number.
    pub(super) list: Vec<Listed>,
    pub(super) on_change: OnChange,
}

/// A rule, and the columns of the matches that correlations want of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed(pub(super) String, pub(super) Vec<String>);

impl Setting {
    /// The setting of a sweep; `key` tells the case key from others, `told` what was said of the
    /// logs besides the inventory.
    pub fn new(
        key: &str,
        inventory: &Inventory,
        told: &str,
        rules: &RuleSet,
        on_change: OnChange,
    ) -> Self {
        let listed = |index: u32| {
            let columns = rules.columns(index).unwrap_or_default().to_vec();
            Listed(rules.info(index).id.clone(), columns)
        };
        Self {
            key: key.to_owned(),
            basis: basis(inventory, told),
            rules: rules.digest(),
            list: (0..rules.len() as u32).map(listed).collect(),
            on_change,
        }
    }

    /// Whether what was read in another setting may stand.
    pub(super) fn accepts(&self, then: &Self) -> bool {
        self.on_change == OnChange::Keep && self.basis == then.basis
    }

    /// The number that each rule of then has now.
    fn numbers(&self, then: &Self) -> BTreeMap<u32, u32> {
        let now: BTreeMap<&str, u32> = (0..).zip(&self.list).map(|(n, r)| (&*r.0, n)).collect();
        let pair = |(n, rule): (u32, &Listed)| Some((n, *now.get(&*rule.0)?));
        (0..).zip(&then.list).filter_map(pair).collect()
    }

    /// Gives the rules in a part of then the numbers of now; what rules found that are no more is
    /// dropped.
    pub(super) fn translate(&self, then: &Self, part: &mut Part) {
        let numbers = self.numbers(then);
        let same_columns = |old: u32, new: u32| {
            then.list.get(old as usize).map(|r| &r.1) == self.list.get(new as usize).map(|r| &r.1)
        };
        for site in part.sites.values_mut() {
            site.rules = renumbered(std::mem::take(&mut site.rules), &numbers);
            site.series.retain(|old, _| numbers.get(old).is_some_and(|n| same_columns(*old, *n)));
            site.series = renumbered(std::mem::take(&mut site.series), &numbers);
        }
    }

    /// The rules of then that could not fire, and all that came since, which did not.
    pub(super) fn unable(&self, then: &Self, was: &BTreeMap<u32, String>) -> BTreeMap<u32, String> {
        let numbers = self.numbers(then);
        let known: Vec<u32> = numbers.values().copied().collect();
        let mut unable = renumbered(was.clone(), &numbers);
        for new in (0..self.list.len() as u32).filter(|n| !known.contains(n)) {
            unable.insert(new, "the rule came after this was read".to_owned());
        }
        unable
    }

    /// What is said of a content that was read in another setting.
    pub(super) fn earlier(&self, then: &Self, name: &str) -> Gap {
        let what = if self.basis == then.basis { "rules" } else { "settings" };
        let digest: String = then.rules.chars().take(8).collect();
        let why = match self.on_change {
            OnChange::Keep if self.basis == then.basis => "kept as was asked",
            _ => "it is no longer there to be read again",
        };
        let detail = format!("examined with the {what} of an earlier run (rules {digest}): {why}");
        Gap { source: name.to_owned(), kind: GapKind::Earlier, detail }
    }
}

fn renumbered<T>(of: BTreeMap<u32, T>, numbers: &BTreeMap<u32, u32>) -> BTreeMap<u32, T> {
    of.into_iter().filter_map(|(old, value)| Some((*numbers.get(&old)?, value))).collect()
}

/// A sum over what is told about logs and sites. Where a path belongs is kept with each content.
fn basis(inventory: &Inventory, told: &str) -> String {
    let sites: Vec<_> =
        inventory.sites.iter().map(|s| (&s.name, &s.hosts, &s.own_domains)).collect();
    let zone = inventory.zone.clone().unwrap_or_default().to_string();
    let proxies = &inventory.trusted_proxies;
    let version = env!("CARGO_PKG_VERSION");
    let mut sum = Sum::default();
    sum.add(format!("{version}\0{zone}\0{told}\0{proxies:?}\0{sites:?}").as_bytes());
    sum.id().to_string()
}
