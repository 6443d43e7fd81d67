//! From the merged tally to the cases: every site is examined by itself, says what the others must
//! know of it, and is judged with what those say. [`conclude`] does that at once; [`words`],
//! [`judged`] and [`assemble`] are the same in steps, of which the first two can be taken for some
//! sites here and for others elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rule::RuleSet;
use crate::scan::{Tally, Trace};
use crate::source::{Criteria, Inventory};

use super::attack::Attacks;
use super::catalog::Catalog;
use super::coverage::{self, Basis};
use super::estate::{Estate, Heard, Overview, Word};
use super::intruder::Intruders;
use super::site::{self, Seen, Site};
use super::story::Story;
use super::suspect::Suspects;
use super::{
    Case, Conclusion, Units, Verdict, Visit, actor, chain, correlate, count, exit, facts, finding,
    judge, outlier, presence, rare, reason, shown, stored, suppressed,
};

/// What is concluded from a tally: a pure function of it, of the inventory and of the rules.
pub fn conclude(tally: &Tally, inventory: &Inventory, rules: &RuleSet) -> Conclusion {
    let (catalog, overview) = (Catalog::new(rules), Overview::of(tally));
    let sites = sites(tally, &overview, inventory, rules, &catalog);
    weigh(&sites, tally, &overview, &catalog, inventory.criteria)
}

/// The traces that a second pass must follow through the evidence, in order.
pub fn traces(tally: &Tally, inventory: &Inventory, rules: &RuleSet) -> Vec<Trace> {
    let overview = Overview::of(tally);
    Heard::of(words(tally, &overview, inventory, rules), tally, &overview).traces
}

/// What others must know of the sites that the tally holds streams of.
pub fn words(
    tally: &Tally,
    overview: &Overview,
    inventory: &Inventory,
    rules: &RuleSet,
) -> Vec<Word> {
    let catalog = Catalog::new(rules);
    let mut sites = sites(tally, overview, inventory, rules, &catalog);
    sites.retain(|site| !site.streams.is_empty());
    sites.iter().map(|site| Examined::new(site, &catalog).word()).collect()
}

/// The cases of the sites that the tally holds streams of.
pub fn judged(
    tally: &Tally,
    estate: &Estate,
    inventory: &Inventory,
    rules: &RuleSet,
) -> Vec<Judged> {
    let catalog = Catalog::new(rules);
    let mut sites = sites(tally, &estate.overview, inventory, rules, &catalog);
    sites.retain(|site| !site.streams.is_empty());
    let Estate { overview, heard } = estate;
    let basis = Basis { catalog: &catalog, criteria: inventory.criteria, overview, heard };
    sites.iter().map(|site| Examined::new(site, &catalog).judge(&basis)).collect()
}

/// What is concluded from the cases of all sites that have streams; the others have no hits, and are
/// judged here.
pub fn assemble(
    mut judged: Vec<Judged>,
    tally: &Tally,
    estate: &Estate,
    inventory: &Inventory,
    rules: &RuleSet,
) -> Conclusion {
    let (catalog, Estate { overview, heard }) = (Catalog::new(rules), estate);
    let basis = Basis { catalog: &catalog, criteria: inventory.criteria, overview, heard };
    let sites = site::sites(tally, overview, inventory);
    let silent = sites.iter().filter(|site| site.streams.is_empty());
    judged.extend(silent.map(|site| Examined::new(site, &catalog).judge(&basis)));
    judged.sort_by(|a, b| a.case.site.cmp(&b.case.site));
    Conclusion::of(judged, overview, heard)
}

/// The sites with all hits, those of correlations and of compared pages among them.
fn sites<'t>(
    tally: &'t Tally,
    overview: &'t Overview,
    inventory: &'t Inventory,
    rules: &RuleSet,
    catalog: &Catalog,
) -> Vec<Site<'t>> {
    let mut sites = site::sites(tally, overview, inventory);
    for site in &mut sites {
        site.add_hits(correlate::hits(site, rules));
        suppressed::set_apart(site, catalog);
        site.add_hits(of_pages(site, catalog));
        suppressed::set_apart(site, catalog);
    }
    sites
}

/// The hits that comparing pages makes, not a rule.
pub(super) fn of_pages<'t>(site: &Site<'t>, catalog: &Catalog) -> Vec<Seen<'t>> {
    [rare::hits(site, catalog), outlier::hits(site, catalog)].concat()
}

/// What is concluded from all sites.
pub(super) fn weigh(
    sites: &[Site<'_>],
    tally: &Tally,
    overview: &Overview,
    catalog: &Catalog,
    criteria: Criteria,
) -> Conclusion {
    let examined: Vec<_> = sites.iter().map(|site| Examined::new(site, catalog)).collect();
    let heard = &Heard::of(examined.iter().map(Examined::word), tally, overview);
    let basis = Basis { catalog, criteria, overview, heard };
    let judged = examined.iter().map(|site| site.judge(&basis)).collect();
    Conclusion::of(judged, overview, heard)
}

impl Conclusion {
    /// What is concluded from the cases of all sites, which are in the order of their names.
    fn of(judged: Vec<Judged>, overview: &Overview, heard: &Heard) -> Self {
        let actors = actor::actors(&judged, &heard.suspects, overview.bounds.traces());
        let mut cases: Vec<Case> = judged.into_iter().map(|judged| judged.case).collect();
        actor::tell(&mut cases, &actors);
        Self { cases, actors, pivot: heard.pivot.clone() }
    }
}

/// The case of one site, but for what other sites say of its visitors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The case.
    pub case: Case,
    /// What each client did that may be of interest elsewhere.
    pub(super) visits: BTreeMap<Trace, Visit>,
}

/// A site, its attacks, and who got in.
pub(super) struct Examined<'s, 't> {
    site: &'s Site<'t>,
    catalog: &'s Catalog,
    attacks: Attacks<'s, 't>,
    intruders: Intruders<'s, 't>,
}

impl<'s, 't> Examined<'s, 't> {
    pub(super) fn new(site: &'s Site<'t>, catalog: &'s Catalog) -> Self {
        let attacks = Attacks::new(site, catalog);
        let intruders = Intruders::find(site, catalog, &attacks);
        Self { site, catalog, attacks, intruders }
    }

    /// What the other sites must know.
    pub(super) fn word(&self) -> Word {
        Word {
            site: self.site.name.to_owned(),
            last: self.site.span().map(|(_, last)| last),
            suspects: Suspects::of(self.site, &self.attacks, &self.intruders),
        }
    }

    /// The case.
    fn judge(&self, basis: &Basis<'_>) -> Judged {
        let mut case = self.case(basis);
        let suspects = &basis.heard.suspects;
        presence::tell(&mut case, self.site, &basis.heard.traces, suspects);
        exit::tell(&mut case);
        chain::tell(&mut case);
        let visits = actor::visits(&case, suspects);
        Judged { case, visits }
    }

    fn case(&self, basis: &Basis<'_>) -> Case {
        let Self { site, catalog, attacks, intruders } = self;
        let coverage = coverage::coverage(site, basis, !intruders.is_empty());
        let read = count::attributed(site, intruders);
        let facts = facts::facts(site, catalog, attacks, intruders, &read, coverage.complete);
        let verdict = judge::judge(&facts);
        let units = Units {
            observed: count::observed(site),
            attributed: read.count.clone(),
            declared: site.entry.and_then(|entry| entry.declared_records),
            places: count::places(site),
            stored: stored::stored(site),
        };
        let stopped = coverage::stopped(site, basis);
        let story = Story { site, catalog, attacks, intruders, read: &read, stopped };
        let confirmed = verdict <= Verdict::ConfirmedAccess;
        let outcomes = shown::outcomes(site, catalog, attacks, intruders);
        Case {
            site: site.name.to_owned(),
            verdict,
            reasons: reason::reasons(&story, verdict, &units, &coverage),
            at_risk: story.at_risk().filter(|_| confirmed),
            storage_window: story.storage_window().filter(|_| confirmed),
            vulnerability_window: site.vulnerability(),
            findings: finding::findings(site, catalog, &outcomes),
            suppressed: suppressed::told(site, catalog),
            indicators: story.indicators(),
            timeline: story.timeline(),
            actors: Vec::new(),
            hits: finding::hits(site, catalog, &outcomes),
            units,
            coverage,
        }
    }
}
