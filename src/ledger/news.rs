//! What was not told before?

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::case::{Case, Finding, SiteHit, Verdict};
use crate::rule::RuleSet;
use crate::source::{Gap, GapKind};

/// What the runs before told: enough to see what is new, nothing from the logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    sites: BTreeMap<String, ToldSite>,
    gaps: BTreeSet<String>,
    /// By its id, each rule's fingerprint ([`RuleSet::fingerprint`]).
    rules: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ToldSite {
    verdict: Verdict,
    /// Hits of each finding, by its id.
    findings: BTreeMap<String, u64>,
}

impl Told {
    /// What is told with these cases, gaps and rules.
    pub fn of<'g>(cases: &[Case], gaps: impl Iterator<Item = &'g Gap>, rules: &RuleSet) -> Self {
        let site = |case: &Case| {
            let findings = case.findings.iter().map(|f| (f.id.clone(), f.count)).collect();
            (case.site.clone(), ToldSite { verdict: case.verdict, findings })
        };
        Self {
            sites: cases.iter().map(site).collect(),
            gaps: gaps.filter(|gap| stays(gap)).map(name).collect(),
            rules: listed(rules).collect(),
        }
    }
}

/// Rules by their ids, with their fingerprints.
fn listed(rules: &RuleSet) -> impl Iterator<Item = (String, String)> {
    (0..rules.len() as u32).map(|n| (rules.info(n).id.clone(), rules.fingerprint(n)))
}

/// Whether a gap stays what it is once it was told. What was skipped or not found in this run is
/// told in every run, as long as it is so.
fn stays(gap: &Gap) -> bool {
    use GapKind::{Io, Missing, Permission, Skipped, Stopped};
    !matches!(gap.kind, Skipped | Missing | Permission | Io | Stopped)
}

fn name(gap: &Gap) -> String {
    format!("{:?}\0{}\0{}", gap.kind, gap.source, gap.detail)
}

/// What is new since the run before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Sites of which something is new, gravest first.
    pub turns: Vec<Turn>,
    /// Losses that are new.
    pub gaps: Vec<Gap>,
}

/// What is new of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The site.
    pub site: String,
    /// What was concluded before; `None` of a site that is new.
    pub was: Option<Verdict>,
    /// What is concluded now.
    pub verdict: Verdict,
    /// Findings that are new or have more hits, and how many more; gravest first.
    pub findings: Vec<(Finding, u64)>,
    /// The first entries with hits that are new, each once, at most [`Turn::HITS`].
    pub hits: Vec<SiteHit>,
}

impl Turn {
    /// The most entries that are shown of a site.
    pub const HITS: usize = 5;

    fn new(case: &Case, told: Option<&ToldSite>, fresh: &Fresh) -> Self {
        let more = |finding: &Finding| {
            let before = told.and_then(|told| told.findings.get(&finding.id)).copied();
            finding.count.saturating_sub(before.unwrap_or(0))
        };
        let new = |finding: &Finding| Some((finding.clone(), more(finding))).filter(|f| f.1 > 0);
        let mut hits: Vec<&SiteHit> = case.hits.iter().filter(|hit| fresh.is_fresh(hit)).collect();
        let mut seen = HashSet::new();
        hits.retain(|hit| seen.len() < Self::HITS && seen.insert((&hit.of.source, hit.line)));
        Self {
            site: case.site.clone(),
            was: told.map(|told| told.verdict),
            verdict: case.verdict,
            findings: case.findings.iter().filter_map(new).collect(),
            hits: hits.into_iter().cloned().collect(),
        }
    }

    /// Whether the verdict is graver than before.
    pub fn is_graver(&self) -> bool {
        self.was.is_none_or(|was| self.verdict < was)
    }

    /// Whether there is anything to tell: hits, or a verdict that is graver and says that
    /// something happened.
    fn is_new(&self) -> bool {
        !self.findings.is_empty() || self.is_graver() && self.verdict <= Verdict::Attempted
    }
}

impl News {
    /// What these cases and gaps say that was not told.
    pub fn since<'g>(
        told: &Told,
        cases: &[Case],
        gaps: impl Iterator<Item = &'g Gap>,
        fresh: &Fresh,
    ) -> Self {
        let turns = cases.iter().map(|case| Turn::new(case, told.sites.get(&case.site), fresh));
        let mut turns: Vec<Turn> = turns.filter(Turn::is_new).collect();
        turns.sort_by(|a, b| (a.verdict, &a.site).cmp(&(b.verdict, &b.site)));
        let unknown = |gap: &&Gap| gap.kind.is_loss() && !told.gaps.contains(&name(gap));
        let mut gaps: Vec<Gap> = gaps.filter(unknown).cloned().collect();
        gaps.sort();
        gaps.dedup();
        Self { turns, gaps }
    }

    /// Whether nothing is new.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty() && self.gaps.is_empty()
    }
}

/// Tells hits that were not told from those that were.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// Up to which byte each stream was told.
    until: HashMap<String, u64>,
    /// The rules of now that were the same then.
    rules: BTreeSet<String>,
}

impl Fresh {
    pub(super) fn new(until: HashMap<String, u64>, told: &Told, rules: &RuleSet) -> Self {
        let same = listed(rules).filter(|(id, sum)| told.rules.get(id) == Some(sum));
        Self { until, rules: same.map(|(id, _)| id).collect() }
    }

    /// Whether a hit lies behind what was told, or its rule is new or changed: what a rule found
    /// before it was changed is not kept, so that all that it finds is told again.
    pub fn is_fresh(&self, hit: &SiteHit) -> bool {
        let until = self.until.get(&hit.of.source).copied().unwrap_or(0);
        hit.offset >= until || !self.rules.contains(&hit.of.rule)
    }
}
