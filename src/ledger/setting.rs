//! Under which rules, and told what, was something read? What a part is only good under.

use serde::{Deserialize, Serialize};

use crate::rule::{Column, RuleSet};
use crate::source::{Inventory, Sum};

/// What is done with what was read under other rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChange {
    /// What is still there is read again.
    #[default]
    Rescan,
    /// What is still there is read again for rules that are new or changed, and for nothing else.
    NewRules,
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

/// A rule as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    /// What tells it from others ([`RuleSet::key`]).
    pub(super) key: String,
    /// What tells it from other versions of itself ([`RuleSet::fingerprint`]).
    pub(super) sum: String,
    /// The columns of the matches that correlations want of it.
    pub(super) columns: Vec<Column>,
}

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
        let listed = |index: u32| Listed {
            key: rules.key(index),
            sum: rules.fingerprint(index),
            columns: rules.columns(index).unwrap_or_default().to_vec(),
        };
        Self {
            key: key.to_owned(),
            basis: basis(inventory, told),
            rules: rules.digest(),
            list: (0..rules.len() as u32).map(listed).collect(),
            on_change,
        }
    }
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
