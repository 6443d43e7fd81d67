//! What are we looking for?
//!
//! A [`Rule`] is a Sigma rule as written; a [`RuleSet`] is rules compiled: immutable, shared by
//! all threads, and it knows the digest of what it was made from. A [`Correlation`] counts or
//! orders the matches of other rules.
//!
//! # Guarantees
//!
//! * A rule is used whole or refused with a place and a sentence ([`Fault`]), never in part.
//! * The literals that make an entry a candidate are necessary: a rule matches no other entry.

mod able;
mod condition;
mod correlation;
mod detection;
mod document;
mod expression;
mod fault;
mod field;
mod guard;
mod indicator;
mod lint;
mod matcher;
mod memo;
mod modifier;
mod needle;
mod pattern;
mod plan;
mod program;
mod screen;
mod set;
mod sources;
mod table;
mod way;
mod words;
mod yaml;

use serde::{Deserialize, Serialize};

pub use able::Obstacle;
pub use condition::Expr;
pub use correlation::{Alias, Column, Correlation, Measure, Threshold};
pub use detection::{Clock, Detection, FieldRef, Item, Network, Order, Test};
pub use document::{Document, Filter, Logsource, Place, Proofs, Rule};
pub use expression::Expression;
pub use fault::{Code, Fault, Mark, RuleError};
pub use indicator::Indicators;
pub use memo::Memo;
pub use pattern::{Part, Pattern};
pub use plan::Plan;
pub use program::Subject;
pub use screen::Candidates;
pub use set::{Explanation, RuleSet};
pub use table::table;
pub use way::Way;

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

impl RuleInfo {
    const fn nothing() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            level: Level::Informational,
            author: String::new(),
            tags: Vec::new(),
            references: Vec::new(),
            description: String::new(),
        }
    }
}

/// Tactics of MITRE ATT&CK, by their tag, and the stage that each is here.
const TACTICS: &[(&str, Stage)] = &[
    ("reconnaissance", Stage::Reconnaissance),
    ("resource-development", Stage::Reconnaissance),
    ("initial-access", Stage::InitialAccess),
    ("execution", Stage::Execution),
    ("privilege-escalation", Stage::Execution),
    ("lateral-movement", Stage::Execution),
    ("persistence", Stage::Persistence),
    ("command-and-control", Stage::Persistence),
    ("credential-access", Stage::CredentialAccess),
    ("discovery", Stage::Discovery),
    ("collection", Stage::Collection),
    ("exfiltration", Stage::Exfiltration),
    ("defense-evasion", Stage::DefenseEvasion),
    ("defense-impairment", Stage::DefenseEvasion),
    ("stealth", Stage::DefenseEvasion),
    ("impact", Stage::Impact),
];

impl Stage {
    /// Its name: that of the ATT&CK tactic, and of the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            _ => TACTICS.iter().find(|(_, stage)| *stage == self).map_or("", |(name, _)| name),
        }
    }

    /// The stage that tags name: our own `leaksweep.exposure`, else the first ATT&CK tactic
    /// (`attack.initial-access` or `attack.initial_access`).
    pub fn of(tags: &[String]) -> Option<Self> {
        if tags.iter().any(|tag| tag == "leaksweep.exposure") {
            return Some(Self::Exposure);
        }
        let tactic = |tag: &String| {
            let name = tag.strip_prefix("attack.")?.replace('_', "-");
            TACTICS.iter().find(|(tactic, _)| *tactic == name).map(|(_, stage)| *stage)
        };
        tags.iter().find_map(tactic)
    }
}

/// A folder of the data by others, where it is there.
#[cfg(test)]
pub(crate) fn data(name: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var_os("LEAKSWEEP_DATA").map(std::path::PathBuf::from);
    let beside = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let beside_parent =
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let roots = root.into_iter().chain([beside(), beside_parent()]);
    roots.map(|root| root.join(name)).find(|path| path.exists())
}
