//! What happened at this site, and how sure are we?
//!
//! [`conclude`] turns the merged tally into one [`Case`] per site; [`judge`](judge::judge) alone makes
//! a [`Verdict`]. The types here are the report's JSON, key by key (schema `leaksweep.report/1`).

pub mod judge;

mod able;
mod activity;
mod actor;
mod attack;
mod catalog;
mod chain;
mod conclude;
mod correlate;
mod count;
mod coverage;
mod effect;
mod estate;
mod exit;
mod facts;
mod finding;
mod foothold;
mod gather;
mod hit;
mod intruder;
mod notice;
mod numbering;
mod pivot;
mod presence;
mod prove;
mod outlier;
mod rare;
mod reason;
mod refusal;
mod rotation;
mod scanner;
mod sequence;
mod shown;
mod silence;
mod site;
mod stored;
mod story;
mod suppressed;
mod suspect;
mod tampering;
mod usual;
mod window;
#[cfg(test)]
mod tests;

pub use activity::Activity;
pub use actor::{Actor, Visit};
pub use conclude::{Judged, assemble, conclude, judged, traces, words};
pub use estate::{Estate, Heard, Overview, Word};
pub use hit::{HitOf, SiteHit};
pub use pivot::Pivot;
pub use presence::{HourCount, LARGE, OperationCount, PathUse, Presence, Sighting, Walk};
pub use prove::{Refuted, prove};
pub use shown::Shown;
pub use stored::{Alone, EmailsApart, Stored, StoredIn};
pub use suppressed::Suppressed;

use serde::{Deserialize, Serialize};

use crate::element::{Brand, Element, Masked};
use crate::event::decode::Layer;
use crate::rule::{Level, Stage};
use crate::scan::Outcome;
use crate::source::{Criteria, Locus};
use crate::time::Time;

/// What is concluded about a site, from the gravest down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Confirmed access, and data out by the intruder.
    ConfirmedExfiltration,
    /// A trace that exists only if the intruder's code ran or protected data was read here.
    ConfirmedAccess,
    /// An exploit accepted and not seen blocked, or a strong anomaly without a side effect.
    Suspected,
    /// Attacks seen, every one answered negatively or blocked.
    Attempted,
    /// No hit, and the coverage criteria are met for the whole window.
    NotConfirmed,
    /// No hit, but coverage is not sufficient.
    Inconclusive,
    /// In the inventory, but no log was supplied.
    NotExamined,
}

impl Verdict {
    /// The contract's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfirmedExfiltration => "confirmed-exfiltration",
            Self::ConfirmedAccess => "confirmed-access",
            Self::Suspected => "suspected",
            Self::Attempted => "attempted",
            Self::NotConfirmed => "not-confirmed",
            Self::Inconclusive => "inconclusive",
            Self::NotExamined => "not-examined",
        }
    }
}

/// Why: a sentence, and the rule or place that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The sentence.
    pub text: String,
    /// The id of the rule that it rests on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// The entry that it rests on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub locus: Option<Locus>,
}

/// A period and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Its start.
    pub start: Time,
    /// Its end.
    pub end: Time,
    /// What start and end rest on.
    pub basis: String,
}

/// Everything concluded about one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The site.
    pub site: String,
    /// The conclusion.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<Reason>,
    /// At-risk timeframe: intrusion to containment (PCI PFI).
    pub at_risk: Option<Period>,
    /// Window of payment card data storage: dates of the records exposed (PCI PFI).
    pub storage_window: Option<Period>,
    /// Window of vulnerability: as the inventory states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerability_window: Option<Period>,
    /// Records and persons, gross and distinct.
    pub units: Units,
    /// What the rules found, gravest first.
    pub findings: Vec<Finding>,
    /// What the rules found that is known to be harmless: set apart before anything was concluded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressed: Vec<Suppressed>,
    /// Clients, paths and agents of the intruders.
    pub indicators: Vec<Indicator>,
    /// The steps, in order of time.
    pub timeline: Vec<Step>,
    /// What the actors did here, hits or not, by trace.
    #[serde(default)]
    pub actors: Vec<Presence>,
    /// What was examined, and what could not be.
    pub coverage: Coverage,
    /// Every hit that was kept, for the line-by-line output; not part of the report.
    #[serde(skip)]
    pub hits: Vec<SiteHit>,
}

/// The three numbers that must never be one: observed, attributed, declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// All records that stand in the logs of the site.
    pub observed: Count,
    /// Only those that the intruder's requests read.
    pub attributed: Count,
    /// The data store's own maximum, from the inventory.
    pub declared: Option<u64>,
    /// Where the observed records stand: how they came into the logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PlaceCount>,
    /// Which account data the logs themselves store, and where.
    #[serde(default)]
    pub stored: Stored,
}

/// Records in one kind of log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceCount {
    /// The kind of log; empty if it is not known.
    pub log: String,
    /// Which way they went.
    pub direction: Direction,
    /// Records, gross.
    pub records: u64,
    /// Distinct cards.
    pub distinct_cards: u64,
}

/// Which way data went, as the kind of log shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// It stands in a request: a client sent it (a customer's form, what a skimmer carries to its
    /// gate).
    Incoming,
    /// It stands in a request to another host, as a log of a proxy shows it: a beacon, or a call of
    /// the site's own programs.
    Outgoing,
    /// It stands in a Referer: the address of a page held it, and browsers tell that address to
    /// every third party from which the page loads anything.
    Referer,
    /// The site's own programs wrote it down: an exposure (PCI DSS 3), whoever read it.
    Recorded,
}

/// Records, by class and brand, gross and distinct.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Records, gross.
    pub records: u64,
    /// By exact element combination.
    pub classes: Vec<ClassCount>,
    /// Distinct values, by keyed hash.
    pub distinct: Distinct,
    /// By brand.
    pub brands: Vec<BrandCount>,
    /// Numbers set apart from the headline: test, masked, chance, for review, wrong check digit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<ApartCount>,
}

/// Distinct values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {
    /// Card numbers.
    pub card_number: u64,
    /// E-mail addresses.
    pub email: u64,
    /// Persons, by the best key each record has.
    pub person: u64,
}

/// Records of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// The exact combination.
    pub elements: Vec<Element>,
    /// Records with exactly it.
    pub records: u64,
    /// Distinct cards in them.
    pub distinct_cards: u64,
}

/// Records of one brand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrandCount {
    /// The brand.
    pub brand: Brand,
    /// Records, gross.
    pub records: u64,
    /// Distinct cards.
    pub distinct: u64,
}

/// Numbers that look like cards but are not counted as such.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApartCount {
    /// Why they are apart.
    pub grade: crate::element::Grade,
    /// How many.
    pub records: u64,
    /// Distinct numbers.
    pub distinct: u64,
}

/// The rule of a finding, as the report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRule {
    /// Sigma id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Level.
    pub level: Level,
    /// Author.
    pub author: String,
    /// Tags.
    pub tags: Vec<String>,
}

/// What one rule found on one site, by outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Deterministic: a hash of rule, site and outcome.
    pub id: String,
    /// The rule.
    pub rule: FindingRule,
    /// The stage of an intrusion that it speaks of.
    pub stage: Option<Stage>,
    /// The outcome.
    pub outcome: Outcome,
    /// What shows it, and of how many hits that were kept.
    #[serde(default)]
    pub shown: Vec<ShownBy>,
    /// Hits, exact.
    pub count: u64,
    /// The first.
    pub first: Option<Time>,
    /// The last.
    pub last: Option<Time>,
    /// Who, most active first, at most 50.
    pub clients: Vec<String>,
    /// Some hits, earliest first.
    pub examples: Vec<Example>,
    /// How it stands to an earlier report; absent where none was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<Baseline>,
    /// Of an intrusion as a whole: its steps, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// How a finding stands to an earlier report. It is only marked, never left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Baseline {
    /// The earlier report does not have it.
    New,
    /// The earlier report has it, with fewer or more hits.
    Changed,
    /// The earlier report has it as it is.
    Unchanged,
}

/// How many hits of a finding show their outcome in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownBy {
    /// What shows it.
    pub by: Shown,
    /// Hits.
    pub count: u64,
}

/// One hit as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The stream.
    pub source: String,
    /// Line.
    pub line: u64,
    /// Byte offset.
    pub offset: u64,
    /// When.
    pub time: Option<Time>,
    /// Which layer matched.
    pub layer: Layer,
    /// The entry, masked.
    pub excerpt: Masked,
}

/// A trace by which the intruder can be recognised elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicator {
    /// `client`, `path`, `user_agent`.
    pub kind: String,
    /// Its value, masked.
    pub value: String,
    /// First seen.
    pub first: Option<Time>,
    /// Last seen.
    pub last: Option<Time>,
    /// How often, in hits.
    pub count: u64,
}

/// One step of the story.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub time: Time,
    /// The stage.
    pub stage: Option<Stage>,
    /// What happened, in a sentence.
    pub text: String,
    /// Who.
    pub client: Option<String>,
    /// Where it stands.
    pub locus: Option<Locus>,
    /// ATT&CK techniques that the rule's tags name: `T1505.003`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub techniques: Vec<String>,
    /// Whether it is a step of one who got in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inside: bool,
}

/// A stretch of time without entries, or evidence that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageGap {
    /// From.
    pub from: Option<Time>,
    /// To.
    pub to: Option<Time>,
    /// Why.
    pub why: String,
}

/// A rule that could not have fired, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unable {
    /// Rule id.
    pub rule: String,
    /// Why.
    pub why: String,
}

/// How many entries are the site's on what ground.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The ground, in words.
    pub by: String,
    /// Entries.
    pub entries: u64,
}

/// What was examined, and what could not be: what makes "not confirmed" mean something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Streams that hold entries of the site.
    pub sources: Vec<String>,
    /// Kinds of log among them.
    pub logs: Vec<String>,
    /// Kinds of log that the inventory expects and that are not there.
    pub missing: Vec<String>,
    /// Entries.
    pub lines: u64,
    /// Entries that were events of their format.
    pub parsed: u64,
    /// Entries that were only scanned as text.
    pub unparsed: u64,
    /// Entries whose time could not be read.
    #[serde(default)]
    pub timeless: u64,
    /// From the first to the last time.
    pub span: Option<Period>,
    /// How busy the logs were over time.
    #[serde(default)]
    pub activity: Activity,
    /// What is missing.
    pub gaps: Vec<CoverageGap>,
    /// Ids of rules that could have fired on something given.
    pub rules_able: Vec<String>,
    /// Rules that could not.
    pub rules_unable: Vec<Unable>,
    /// Whether the criteria for "not confirmed" are met; if not, what fails.
    pub complete: bool,
    /// What fails.
    pub shortfalls: Vec<String>,
    /// What says that the entries are the site's, from the best source down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placed: Vec<Placement>,
    /// What is no lack but must be known: copies, clocks that ran back, containment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The criteria for "not confirmed".
    #[serde(default)]
    pub criteria: Criteria,
}

/// What is concluded from a tally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conclusion {
    /// One case per site: every site of the inventory and every site that the logs name, in the
    /// order of their names.
    pub cases: Vec<Case>,
    /// Who was at more than one site, or got in somewhere.
    pub actors: Vec<Actor>,
    /// How they were followed.
    pub pivot: Pivot,
}
