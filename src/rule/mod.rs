//! What are we looking for?
//!
//! A [`Rule`] is a Sigma rule as written; a [`RuleSet`] is rules compiled: immutable, shared by
//! all threads, and it knows the digest of what it was made from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::event::Format;

/// What a finding says of the rule that made it (the Detection Rule License 1.1 asks for the
/// author).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// Sigma `id`.
    pub id: String,
    /// Sigma `title`.
    pub title: String,
    /// Sigma `level`.
    pub level: Level,
    /// Sigma `author`.
    pub author: String,
    /// Sigma `tags`: `attack.initial_access`, `cve.2017-5638`.
    pub tags: Vec<String>,
    /// Sigma `references`.
    pub references: Vec<String>,
    /// Sigma `description`.
    pub description: String,
}

/// Sigma severity levels, ascending.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Level {
    #[default]
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

/// A stage of an intrusion, from a rule's ATT&CK tactic tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Stage {
    Reconnaissance,
    InitialAccess,
    Execution,
    Persistence,
    CredentialAccess,
    Discovery,
    Collection,
    Exfiltration,
    DefenseEvasion,
    Impact,
    /// Clear card or personal data where it should not be: an exposure, not an intrusion.
    Exposure,
}

/// Rules, compiled.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<RuleInfo>,
}

/// A rule that cannot be used, with its place, as a compiler would say it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(pub String);

impl RuleSet {
    /// The built-in rules.
    pub fn builtin() -> Result<Self, RuleError> {
        Ok(Self::default())
    }

    /// Adds the rules of a file or folder.
    pub fn add(&mut self, path: &Path) -> Result<(), RuleError> {
        let _ = path;
        Ok(())
    }

    /// What is known of rule number `index`.
    pub fn info(&self, index: u32) -> &RuleInfo {
        &self.rules[index as usize]
    }

    /// How many rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The stage of an intrusion that rule number `index` speaks of.
    pub fn stage(&self, index: u32) -> Option<Stage> {
        let _ = index;
        None
    }

    /// The rules (by index) that can never fire on a format, with the reason.
    pub fn unable(&self, format: &dyn Format) -> BTreeMap<u32, String> {
        let _ = format;
        BTreeMap::new()
    }
}
