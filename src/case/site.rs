//! What does the merged tally hold of one site? Its streams, gaps and hits, brought together.

use std::collections::BTreeMap;

use crate::element::{Masked, mask};
use crate::event::decode::Layer;
use crate::scan::{
    Bounds, Disorder, Hit, HitEntry, Outcome, PageUse, Sequences, SiteTally, StreamFacts, Tally,
    Trace, Trail, Trails,
};
use crate::source::{Gap, Inventory, Locus, SiteEntry, Suppression, Window};
use crate::time::Time;

use super::Period;
use super::estate::Overview;
use super::suppressed::Apart;

/// Everything that the tally and the inventory hold of one site.
pub(super) struct Site<'t> {
    pub(super) name: &'t str,
    /// The site in the inventory.
    pub(super) entry: Option<&'t SiteEntry>,
    /// The period under examination.
    pub(super) window: Option<Window>,
    /// Streams that hold entries of the site, by name.
    pub(super) streams: Vec<SiteStream<'t>>,
    /// Trouble with the site's evidence.
    pub(super) gaps: Vec<&'t Gap>,
    /// Hits that were kept, in order of time, then place; those without a time last.
    pub(super) hits: Vec<Seen<'t>>,
    /// What is known to be harmless.
    pub(super) suppressions: &'t [Suppression],
    /// Hits that were set apart for it.
    pub(super) suppressed: Apart,
}

/// One stream, as far as it is about the site.
pub(super) struct SiteStream<'t> {
    pub(super) facts: &'t StreamFacts,
    pub(super) disorder: Disorder,
    pub(super) tally: &'t SiteTally,
    pub(super) bounds: Bounds,
    /// The numbers that run upward in the whole stream.
    pub(super) sequences: &'t Sequences,
    /// What a second pass found in the whole stream.
    pub(super) trails: &'t BTreeMap<Trace, Trails>,
    /// Streams that are its beginning: copies, made before it was written to its end.
    pub(super) beginnings: &'t [String],
    /// Streams that may be its beginning: nobody looked.
    pub(super) doubtful: &'t [String],
}

/// One hit and where it was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen<'t> {
    pub(super) rule: u32,
    pub(super) stream: &'t StreamFacts,
    /// A hit of the tally, or one that was concluded from others.
    pub(super) hit: Hit,
}

impl<'t> SiteStream<'t> {
    /// The first of its names, as long as the tally lives.
    pub(super) fn source(&self) -> &'t str {
        first_name(self.facts)
    }

    /// The kind of log.
    pub(super) fn log(&self) -> &'t str {
        &self.facts.log
    }

    /// Whether its entries say what was answered: access, proxy and WAF logs hold requests, so that
    /// data in them was sent by the client.
    pub(super) fn tells_answers(&self) -> bool {
        !matches!(self.facts.log.as_str(), "access" | "waf" | "error")
    }

    /// What a second pass found of a trace at the site of that name.
    pub(super) fn trail(&self, site: &str, trace: &Trace) -> Option<&'t Trail> {
        self.trails.get(trace)?.get(site)
    }

    /// The first of its names.
    pub(super) fn name(&self) -> &str {
        first_name(self.facts)
    }
}

fn first_name(facts: &StreamFacts) -> &str {
    facts.names.first().map_or("", String::as_str)
}

impl<'t> Seen<'t> {
    /// An answer of a page, told in a sentence: a hit that comparing pages makes, not a rule.
    pub(super) fn of_answer(
        rule: u32,
        stream: &SiteStream<'t>,
        path: Option<&Masked>,
        answer: &PageUse,
        told: &str,
    ) -> Self {
        let entry = HitEntry {
            line: answer.at.line,
            offset: answer.at.offset,
            time: Some(answer.at.time),
            client: answer.client.as_deref().map(Into::into),
            path: path.cloned(),
            status: Some(200),
            bytes: answer.bytes,
            excerpt: mask(told.as_bytes(), 0, 200),
            ..HitEntry::of(Outcome::Succeeded)
        };
        Self::concluded(rule, stream.facts, entry)
    }

    /// A hit that was concluded from others.
    pub(super) fn concluded(rule: u32, stream: &'t StreamFacts, entry: HitEntry) -> Self {
        Self { rule, stream, hit: Hit { layer: Layer::Raw, entry: entry.into() } }
    }

    /// The stream's name.
    pub(super) fn source(&self) -> &'t str {
        first_name(self.stream)
    }

    /// The kind of log.
    pub(super) fn log(&self) -> &'t str {
        &self.stream.log
    }
}

impl Seen<'_> {
    /// The client, if the entry names one.
    pub(super) fn client(&self) -> Option<&str> {
        self.hit.client.as_deref()
    }

    /// The entry's place.
    pub(super) fn locus(&self) -> Locus {
        let HitEntry { line, offset, .. } = *self.hit;
        Locus { source: self.source().to_owned(), line, offset }
    }

    fn order(&self) -> impl Ord + '_ {
        (self.hit.time.is_none(), self.hit.time, self.source(), self.hit.line, self.rule)
    }
}

impl Site<'_> {
    /// Whether it is a site at all: in the inventory, or named by a log. A stray text in a folder
    /// (a note, a table) that holds no time, no card and nothing that a rule looks for names none;
    /// it is among the run's sources.
    fn is_one(&self) -> bool {
        let yielded = |stream: &SiteStream<'_>| {
            let tally = stream.tally;
            let card = tally.records.facts.iter().any(|fact| fact.card.is_some());
            !stream.facts.log.is_empty() || tally.first.is_some() || !tally.rules.is_empty() || card
        };
        self.entry.is_some() || !self.gaps.is_empty() || self.streams.iter().any(yielded)
    }

    /// When the site was taken off line, as the inventory states it.
    pub(super) fn contained(&self) -> Option<Time> {
        self.entry.and_then(|entry| entry.contained)
    }

    /// When it was vulnerable, as the inventory states it.
    pub(super) fn vulnerability(&self) -> Option<Period> {
        let Window { from, to } = self.entry.and_then(|entry| entry.vulnerable)?;
        Some(Period { start: from, end: to, basis: "as the inventory states it".to_owned() })
    }

    /// The first and last time in its logs.
    pub(super) fn span(&self) -> Option<(Time, Time)> {
        let first = self.streams.iter().filter_map(|s| s.tally.first).min()?;
        Some((first, self.streams.iter().filter_map(|s| s.tally.last).max()?))
    }

    /// The offset that its logs are written in, minutes east of UTC.
    pub(super) fn offset(&self) -> i16 {
        self.span().map_or(0, |(first, _)| first.offset())
    }
}

/// Every site of the inventory and every site that the logs name, in the order of their names.
pub(super) fn sites<'t>(
    tally: &'t Tally,
    overview: &'t Overview,
    inventory: &'t Inventory,
) -> Vec<Site<'t>> {
    let mut sites = BTreeMap::new();
    for entry in &inventory.sites {
        let site = Site { entry: Some(entry), ..Site::new(&entry.name, inventory) };
        sites.insert(entry.name.as_str(), site);
    }
    for (id, yielded) in tally.streams.iter().filter(|(id, _)| !overview.copies.contains(*id)) {
        for (name, of_site) in &yielded.part.sites {
            let site = sites.entry(name).or_insert_with(|| Site::new(name, inventory));
            site.streams.push(SiteStream {
                facts: &yielded.stream,
                disorder: yielded.part.disorder,
                tally: of_site,
                bounds: yielded.part.bounds,
                sequences: &yielded.part.sequences,
                trails: &yielded.trails,
                beginnings: overview.beginnings(id),
                doubtful: overview.doubtful(id),
            });
        }
    }
    assign_gaps(&mut sites, tally, overview, inventory);
    let mut sites: Vec<Site<'_>> = sites.into_values().filter(Site::is_one).collect();
    sites.iter_mut().for_each(Site::finish);
    sites
}

/// Gives every gap to the sites whose evidence it spoils: those with entries in the stream, else
/// the one that its path belongs to. Other gaps stay facts of the run.
fn assign_gaps<'t>(
    sites: &mut BTreeMap<&'t str, Site<'t>>,
    tally: &'t Tally,
    overview: &'t Overview,
    inventory: &Inventory,
) {
    for yielded in tally.streams.values() {
        for gap in &yielded.stream.gaps {
            for name in yielded.part.sites.keys() {
                sites.entry(name).and_modify(|site| site.gaps.push(gap));
            }
        }
    }
    overview.gaps.iter().for_each(|gap| assign_by_path(sites, gap, inventory));
}

fn assign_by_path<'t>(
    sites: &mut BTreeMap<&'t str, Site<'t>>,
    gap: &'t Gap,
    inventory: &Inventory,
) {
    if let Some(site) = sites.get_mut(inventory.site(&gap.source, None).as_str()) {
        site.gaps.push(gap);
    }
}

impl<'t> Site<'t> {
    fn new(name: &'t str, inventory: &'t Inventory) -> Self {
        Self {
            name,
            entry: None,
            window: inventory.window,
            streams: Vec::new(),
            gaps: Vec::new(),
            hits: Vec::new(),
            suppressions: &inventory.suppressions,
            suppressed: Apart::default(),
        }
    }

    /// Puts everything in an order that does not depend on how the tally was merged.
    fn finish(&mut self) {
        self.streams.sort_by(|a, b| a.name().cmp(b.name()));
        self.gaps.sort();
        self.gaps.dedup();
        for stream in &self.streams {
            for (rule, set) in &stream.tally.rules {
                let seen = |hit: &Hit| Seen { rule: *rule, stream: stream.facts, hit: hit.clone() };
                self.hits.extend(set.hits.iter().map(seen));
            }
        }
        self.sort_hits();
    }

    /// Adds hits that were concluded from others.
    pub(super) fn add_hits(&mut self, hits: Vec<Seen<'t>>) {
        self.hits.extend(hits);
        self.sort_hits();
    }

    fn sort_hits(&mut self) {
        self.hits.sort_by(|a, b| a.order().cmp(&b.order()));
    }
}
