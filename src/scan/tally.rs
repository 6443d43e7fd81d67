//! What evidence yielded, mergeable.

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::element::{Columns, Mails};
use crate::source::{ContentId, Gap, SourceEnd};
use crate::time::Time;

use super::{
    AtOdds, Bounds, Facts, HitSet, Hours, Index, Pages, Points, Records, Sequences, Series, Trace,
    Trails,
};

/// Times that run backwards within a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disorder {
    /// Reversals of more than 300 seconds.
    pub reversals: u64,
    /// The largest, in seconds.
    pub largest: u64,
    /// The time before the largest; of equal ones, before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
}

impl Disorder {
    /// Adds that of later entries.
    fn append(&mut self, next: Self) {
        self.reversals += next.reversals;
        if next.largest > self.largest {
            (self.largest, self.at) = (next.largest, next.at);
        }
    }
}

/// What one stream yielded for one site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteTally {
    /// Entries of the site.
    #[serde(skip_serializing_if = "is_default")]
    pub entries: u64,
    /// Entries that were no event of the format.
    #[serde(skip_serializing_if = "is_default")]
    pub unparsed: u64,
    /// Entries whose time could not be read.
    #[serde(skip_serializing_if = "is_default")]
    pub timeless: u64,
    /// Earliest time.
    #[serde(skip_serializing_if = "is_default")]
    pub first: Option<Time>,
    /// Latest time.
    #[serde(skip_serializing_if = "is_default")]
    pub last: Option<Time>,
    /// Entries per hour since the epoch: what silence is measured against.
    #[serde(skip_serializing_if = "is_default")]
    pub hours: Hours,
    /// Hits by rule index.
    #[serde(skip_serializing_if = "is_default")]
    pub rules: BTreeMap<u32, HitSet>,
    /// How its pages answered with success.
    #[serde(skip_serializing_if = "is_default")]
    pub pages: Pages,
    /// Records.
    #[serde(skip_serializing_if = "is_default")]
    pub records: Records,
    /// Numbers of a card's form that stood alone, by column: what settles such cards.
    #[serde(skip_serializing_if = "is_default")]
    pub columns: Columns,
    /// E-mail addresses that are no leak by themselves.
    #[serde(skip_serializing_if = "is_default")]
    pub mails: Mails,
    /// Matches of rules that correlations refer to, by rule index.
    #[serde(skip_serializing_if = "is_default")]
    pub series: BTreeMap<u32, Series>,
    /// The line at which a host that no inventory lists first named the site: such sites are
    /// bounded in number.
    #[serde(skip_serializing_if = "is_default")]
    pub named_at: Option<u64>,
    /// Entries by what says that they are the site's, in the order of
    /// [`Rank::ALL`](crate::source::Rank::ALL).
    #[serde(skip_serializing_if = "is_default")]
    pub placed: [u64; 5],
    /// Entries that ask for an absolute URI of another host.
    #[serde(skip_serializing_if = "is_default")]
    pub at_odds: AtOdds,
}

/// What a piece of a part file does not say.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl SiteTally {
    /// Forgets what only speeds appending up.
    fn close(&mut self) {
        self.rules.values_mut().for_each(HitSet::close);
        self.series.values_mut().for_each(Series::close);
        self.records.close();
    }

    /// The matches that correlations count.
    fn points(&mut self) -> impl Iterator<Item = &mut Points> {
        self.series.values_mut().map(|series| &mut series.points)
    }

    /// How many bytes of rows are held in memory.
    fn held(&self) -> usize {
        let points = self.series.values().map(|series| series.points.held());
        self.records.facts.held() + points.sum::<usize>()
    }

    pub(super) fn append(&mut self, next: Self, bounds: Bounds) {
        for (ours, theirs) in self.placed.iter_mut().zip(next.placed) {
            *ours += theirs;
        }
        self.at_odds.append(next.at_odds);
        self.named_at = [self.named_at, next.named_at].into_iter().flatten().min();
        self.entries += next.entries;
        self.unparsed += next.unparsed;
        self.timeless += next.timeless;
        self.first = [self.first, next.first].into_iter().flatten().min();
        self.last = [self.last, next.last].into_iter().flatten().max();
        self.hours.merge(next.hours, bounds);
        for (rule, hits) in next.rules {
            self.rules.entry(rule).or_default().append(hits, bounds);
        }
        self.pages.append(next.pages, bounds);
        self.records.append(&next.records, bounds);
        self.columns.merge(next.columns);
        self.mails.merge(next.mails);
        for (rule, series) in next.series {
            self.series.entry(rule).or_default().append(&series, bounds);
        }
    }
}

/// What a run of entries of one stream yielded. Appending is associative and keeps the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// By site; boxed, since a map makes room for eleven at once and most streams are of one.
    pub sites: BTreeMap<String, Box<SiteTally>>,
    /// How much of it is told apart.
    #[serde(default, skip_serializing_if = "Bounds::are_usual")]
    pub bounds: Bounds,
    /// Entries, skipped ones (comments, blank lines) included.
    pub entries: u64,
    /// Bytes of entries, line ends included.
    pub bytes: u64,
    /// The clients, paths and agents that the entries may name.
    #[serde(default)]
    pub index: Index,
    /// The numbers that run upward in it.
    #[serde(default, skip_serializing_if = "Sequences::is_empty")]
    pub sequences: Sequences,
    /// Time order within the stream.
    pub disorder: Disorder,
    /// The first and the last entry's time, for the order across the cut.
    pub ends: Option<(Time, Time)>,
}

impl Part {
    /// Reversals smaller than this are normal: a line is written when its request ends.
    pub const REVERSAL_SECONDS: i64 = 300;

    /// Notes the time of the next entry.
    pub fn clock(&mut self, time: Time) {
        let (first, last) = self.ends.unwrap_or((time, time));
        self.step(last, time);
        self.ends = Some((first, time));
    }

    fn step(&mut self, before: Time, after: Time) {
        let back = before.seconds() - after.seconds();
        if back > Self::REVERSAL_SECONDS {
            self.disorder.append(Disorder { reversals: 1, largest: back as u64, at: Some(before) });
        }
    }

    /// Appends what the following entries yielded.
    pub fn append(&mut self, next: Self) {
        self.bounds = self.bounds.max(next.bounds);
        for (site, tally) in super::hosts::admitted(&self.sites, next.sites, self.bounds) {
            self.sites.entry(site).or_default().append(*tally, self.bounds);
        }
        self.entries += next.entries;
        self.bytes += next.bytes;
        self.index.append(next.index);
        self.sequences.merge(next.sequences, self.bounds);
        if let Some((first, last)) = next.ends {
            if let Some((_, before)) = self.ends {
                self.step(before, first);
            }
            self.ends = Some((self.ends.map_or(first, |(f, _)| f), last));
        }
        self.disorder.append(next.disorder);
    }

    /// Makes it small, once nothing is appended any more: what it becomes does not depend on cuts.
    pub fn close(&mut self) {
        self.index.fold();
        self.sites.values_mut().for_each(|site| site.close());
    }
}

/// What rules found.
impl Part {
    /// What it holds of a site.
    pub(super) fn site(&mut self, site: &str) -> &mut SiteTally {
        self.sites.entry(site.to_owned()).or_default()
    }

    /// Puts what some rules found ([`Scanner::hits`](super::Scanner::hits)) in the place of what
    /// it says of them.
    pub fn replace_hits(&mut self, rules: &BTreeSet<u32>, found: Self) {
        for tally in self.sites.values_mut() {
            tally.rules.retain(|rule, _| !rules.contains(rule));
            tally.series.retain(|rule, _| !rules.contains(rule));
        }
        for (site, found) in found.sites {
            let tally = self.sites.entry(site).or_default();
            tally.rules.extend(found.rules);
            tally.series.extend(found.series);
        }
    }
}

/// How it is written which rules cannot fire: each reason once, with the rules that it is of.
mod by_reason {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        unable: &Arc<BTreeMap<u32, String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut rules: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (rule, why) in &**unable {
            rules.entry(why).or_default().push(*rule);
        }
        serializer.collect_map(rules)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<BTreeMap<u32, String>>, D::Error> {
        let rules = BTreeMap::<String, Vec<u32>>::deserialize(deserializer)?;
        let of = |(why, rules): (String, Vec<u32>)| {
            rules.into_iter().map(move |rule| (rule, why.clone()))
        };
        Ok(Arc::new(rules.into_iter().flat_map(of).collect()))
    }
}

/// What is known of one stream besides its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamFacts {
    /// All names under which this content was found, in order; more than one is a duplicate.
    pub names: Vec<String>,
    /// Decompressed bytes.
    pub bytes: u64,
    /// Tells streams apart that do not begin the same; absent of a stream that is very short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<u64>,
    /// Format name.
    pub format: String,
    /// Kind of log: `access`, `application`, `gateway`, `waf`, `error`, or empty.
    pub log: String,
    /// Rules (by index) that could never fire on this format, with the reason: streams of one format
    /// share it.
    #[serde(with = "by_reason", default, skip_serializing_if = "is_default")]
    pub unable: Arc<BTreeMap<u32, String>>,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

/// What one stream yielded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yield {
    /// The stream.
    pub stream: StreamFacts,
    /// Its entries.
    pub part: Part,
    /// What a second pass found of each trace that it looked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trails: BTreeMap<Trace, Trails>,
    /// Sums of its first bytes, by how many, that a second pass was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prefixes: BTreeMap<u64, ContentId>,
}

impl Yield {
    /// Whether the stream may hold a trace for which it was not searched.
    pub fn is_open(&self, trace: &Trace) -> bool {
        self.part.index.may_hold(trace) && !self.trails.contains_key(trace)
    }

    /// The same content under more names. What it yielded is taken from the reading under the
    /// first of all names, since a path can decide the site.
    fn unite(&mut self, mut other: Self) {
        let order = self.stream.names.first().cmp(&other.stream.names.first());
        let mut names = std::mem::take(&mut self.stream.names);
        names.append(&mut other.stream.names);
        names.sort();
        names.dedup();
        let mut prefixes = std::mem::take(&mut self.prefixes);
        prefixes.append(&mut other.prefixes);
        match order {
            Ordering::Less => {}
            Ordering::Equal => self.join(other),
            Ordering::Greater => *self = other,
        }
        self.stream.names = names;
        self.prefixes = prefixes;
    }

    /// Of a stream of these names nothing.
    pub(super) fn named(names: &[String]) -> Self {
        let stream = StreamFacts { names: names.to_vec(), ..StreamFacts::default() };
        Self { stream, ..Self::default() }
    }

    /// What a second pass found in the stream of that name, and the sums of its first bytes.
    pub fn followed(
        name: &str,
        trails: BTreeMap<Trace, Trails>,
        prefixes: BTreeMap<u64, ContentId>,
    ) -> Self {
        Self { trails, prefixes, ..Self::named(&[name.to_owned()]) }
    }

    /// How many bytes of rows are held in memory.
    fn held(&self) -> usize {
        self.part.sites.values().map(|site| site.held()).sum()
    }
}

/// What evidence yielded: one mergeable partial for threads, scheduled runs and many machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// By content: the same evidence under two names is counted once.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub streams: BTreeMap<ContentId, Yield>,
    /// Files by name: hash and size as read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, SourceEnd>,
    /// Paths that could not be found or listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl Tally {
    /// All gaps: of paths, of files, of streams.
    pub fn all_gaps(&self) -> impl Iterator<Item = &Gap> {
        let files = self.sources.values().flat_map(|end| &end.gaps);
        let streams = self.streams.values().flat_map(|yielded| &yielded.stream.gaps);
        self.gaps.iter().chain(files).chain(streams)
    }

    /// The widest bounds under which a stream was read.
    pub fn bounds(&self) -> Bounds {
        self.streams.values().map(|yielded| yielded.part.bounds).max().unwrap_or_default()
    }

    /// Everything that either yielded.
    pub fn merge(&mut self, other: Self) {
        self.extend([other]);
    }

    /// In pieces of which each can be merged by itself: sources, gaps, streams, and of every stream
    /// what it holds of each site, which is named.
    pub fn pieces(&self) -> impl Iterator<Item = (Option<&str>, Self)> {
        let of_source = |(name, end): (&String, &SourceEnd)| Self {
            sources: BTreeMap::from([(name.clone(), end.clone())]),
            ..Self::default()
        };
        let sources = self.sources.iter().map(of_source);
        let gaps =
            (!self.gaps.is_empty()).then(|| Self { gaps: self.gaps.clone(), ..Self::default() });
        let streams = self.streams.iter().flat_map(|(id, yielded)| {
            yielded.pieces().map(|(site, piece)| (site, Self::of_stream(*id, piece)))
        });
        sources.chain(gaps).map(|piece| (None, piece)).chain(streams)
    }

    /// What one stream yielded.
    pub fn of_stream(id: ContentId, yielded: Yield) -> Self {
        Self { streams: BTreeMap::from([(id, yielded)]), ..Self::default() }
    }

    /// Takes in under which names other contents were found elsewhere: what was read under another
    /// than the first of all is left out, for that one's reading counts.
    pub fn rename(&mut self, names: &BTreeMap<ContentId, Vec<String>>) {
        self.streams.retain(|id, yielded| {
            let Some(all) = names.get(id) else { return true };
            let is_first = all.first() == yielded.stream.names.first();
            yielded.stream.names.clone_from(all);
            is_first
        });
    }

    fn add(&mut self, other: Self) {
        for (id, mut theirs) in other.streams {
            let ends = [self.streams.first_key_value(), self.streams.last_key_value()];
            let unable = ends.into_iter().flatten().map(|(_, known)| &known.stream.unable);
            if let Some(known) = unable.into_iter().find(|known| **known == theirs.stream.unable) {
                theirs.stream.unable = Arc::clone(known);
            }
            match self.streams.entry(id) {
                Entry::Vacant(empty) => {
                    empty.insert(theirs);
                }
                Entry::Occupied(mut ours) => ours.get_mut().unite(theirs),
            }
        }
        self.sources.extend(other.sources);
        self.gaps.extend(other.gaps);
    }

    /// Puts rows aside, if many are held in memory.
    fn make_room(&mut self) {
        let sites = self.streams.values_mut().flat_map(|yielded| yielded.part.sites.values_mut());
        let mut sites: Vec<&mut SiteTally> = sites.map(|site| &mut **site).collect();
        if sites.iter().map(|site| site.held()).sum::<usize>() <= Facts::BOUND {
            return;
        }
        Facts::put_aside(sites.iter_mut().map(|site| &mut site.records.facts));
        Points::put_aside(sites.into_iter().flat_map(SiteTally::points));
    }

    /// Of every stream that may hold one of these traces: those for which it was not searched yet.
    pub fn unfollowed(&self, traces: &[Trace]) -> BTreeMap<ContentId, Vec<Trace>> {
        let open = |(id, yielded): (&ContentId, &Yield)| {
            let open = traces.iter().filter(|trace| yielded.is_open(trace));
            (*id, open.cloned().collect::<Vec<_>>())
        };
        self.streams.iter().map(open).filter(|(_, traces)| !traces.is_empty()).collect()
    }
}

impl Extend<Self> for Tally {
    /// Merges many: records are put aside as they come.
    fn extend<T: IntoIterator<Item = Self>>(&mut self, others: T) {
        let mut new = 0;
        for other in others {
            new += other.streams.values().map(Yield::held).sum::<usize>();
            self.add(other);
            if new > Facts::BOUND / 2 {
                self.make_room();
                new = 0;
            }
        }
        if new > 0 {
            self.make_room();
        }
        self.gaps.sort();
        self.gaps.dedup();
    }
}
