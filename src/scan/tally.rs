//! What evidence yielded, mergeable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::element::{Card, Columns, Elements, Fingerprint, Mails, Masked, Record};
use crate::event::decode::Layer;
use crate::source::{ContentId, Gap, SourceEnd};
use crate::time::Time;

use super::{Facts, Index, Pages, Trace, Trails};

/// What the logs show of the outcome of one hit. Only what is shown counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Answered with success (2xx), or the entry itself shows success.
    Succeeded,
    /// Refused: by a WAF, or answered 4xx.
    Blocked,
    /// The log does not say.
    Unknown,
}

/// One entry that matched one rule: owned, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Line of the entry, counted from 1 in the decompressed stream.
    pub line: u64,
    /// Byte offset of the entry in the decompressed stream.
    pub offset: u64,
    /// When; absent if the entry has no readable time.
    pub time: Option<Time>,
    /// The client's address.
    pub client: Option<Box<str>>,
    /// The request's path, masked.
    pub path: Option<Masked>,
    /// The agent, masked.
    pub user_agent: Option<Masked>,
    /// Response status.
    pub status: Option<u16>,
    /// Response bytes.
    pub bytes: Option<u64>,
    /// The outcome that this entry shows by itself.
    pub outcome: Outcome,
    /// Whether the answer's body holds the output of a command.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub output: bool,
    /// What joins it with entries of other logs.
    #[serde(default)]
    pub links: Links,
    /// Which decoding layer matched.
    pub layer: Layer,
    /// The entry, masked and cut.
    pub excerpt: Masked,
}

/// Keyed hashes of the identifiers by which entries of one request can be joined across logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Request, transaction or trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Fingerprint>,
    /// Session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Fingerprint>,
    /// Thread or process: one of several requests in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Fingerprint>,
}

impl Links {
    /// Those that name one request or session wherever and whenever they stand.
    pub fn lasting(&self) -> impl Iterator<Item = Fingerprint> {
        self.request.into_iter().chain(self.session)
    }
}

/// The hits of one rule in one stream on one site. `counts` is exact; `hits` are the first
/// [`HitSet::CAP`] of each outcome, in the order of the stream: a scanner's ten thousand refusals
/// do not push out the one success behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitSet {
    /// All hits by outcome, in the order of [`Outcome`].
    pub counts: [u64; 3],
    /// The hits that are kept.
    pub hits: Vec<Hit>,
}

impl HitSet {
    /// The most hits of one rule and outcome that are kept per stream and site; more are only
    /// counted, and the report says so.
    pub const CAP: usize = 10_000;

    /// Adds a hit of an outcome; `hit` is only made if it is kept.
    pub fn push(&mut self, outcome: Outcome, hit: impl FnOnce() -> Hit) {
        let count = &mut self.counts[outcome as usize];
        *count += 1;
        if *count <= Self::CAP as u64 {
            self.hits.push(hit());
        }
    }

    /// All hits.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn append(&mut self, next: Self) {
        let room = |count: u64| (Self::CAP as u64).saturating_sub(count);
        let mut rooms = self.counts.map(room);
        let kept = next.hits.into_iter().filter(|hit| {
            let room = &mut rooms[hit.outcome as usize];
            let fits = *room > 0;
            *room = room.saturating_sub(1);
            fits
        });
        self.hits.extend(kept);
        for (count, more) in self.counts.iter_mut().zip(next.counts) {
            *count += more;
        }
    }
}

/// One record as a fact for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordFact {
    /// Its class.
    pub class: Elements,
    /// Its card.
    pub card: Option<Card>,
    /// Its e-mail address.
    pub email: Option<Fingerprint>,
    /// The best key of its person.
    pub person: Option<Fingerprint>,
    /// A date within the record, days since 1970-01-01.
    pub date: Option<i32>,
    /// When the entry was written, seconds since the epoch.
    pub time: Option<i64>,
    /// Who read or sent it: an index into [`Records::clients`].
    pub client: Option<u32>,
    /// Line of the entry.
    pub line: u64,
}

/// The records of one site in one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// The clients named by the facts.
    pub clients: Vec<Box<str>>,
    /// The records, in the order of the stream.
    pub facts: Facts,
    #[serde(skip)]
    index: Texts,
}

impl Records {
    /// Adds a record.
    pub fn push(&mut self, record: &Record, time: Option<Time>, client: Option<&str>, line: u64) {
        let client = client.map(|name| self.client(name));
        self.facts.push(RecordFact {
            class: record.class,
            card: record.card,
            email: record.email,
            person: record.person,
            date: record.date,
            time: time.map(Time::seconds),
            client,
            line,
        });
    }

    pub(super) fn client(&mut self, name: &str) -> u32 {
        self.index.intern(&mut self.clients, name)
    }

    fn append(&mut self, next: &Self) {
        let map: Vec<u32> = next.clients.iter().map(|name| self.client(name)).collect();
        self.facts.extend(
            next.facts
                .iter()
                .map(|fact| RecordFact { client: fact.client.map(|c| map[c as usize]), ..fact }),
        );
    }
}

/// One match of a rule that a correlation refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// When, microseconds since the epoch.
    pub time: i64,
    /// Line of the entry.
    pub line: u64,
    /// Byte offset of the entry.
    pub offset: u64,
    /// What the entry says in each column of the rule
    /// ([`RuleSet::columns`](crate::rule::RuleSet::columns)): an index into [`Series::texts`];
    /// `None` where the field is absent.
    pub values: Box<[Option<u32>]>,
}

/// The matches of one rule in one stream on one site, for the correlations that refer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The texts that points name, masked.
    pub texts: Vec<Box<str>>,
    /// The matches, in the order of the stream.
    pub points: Vec<Point>,
    /// Matches beyond [`Series::CAP`]: counted, not kept.
    pub dropped: u64,
    /// Matches without a readable time: they cannot be correlated.
    pub timeless: u64,
    #[serde(skip)]
    index: Texts,
}

/// Where a text stands in a list of texts; made anew when it is missing.
#[derive(Clone, Debug, Default)]
struct Texts(rustc_hash::FxHashMap<Box<str>, u32>);

impl Texts {
    /// The place of a text in `texts`, which it is added to if it is not there.
    fn intern(&mut self, texts: &mut Vec<Box<str>>, text: &str) -> u32 {
        // Neighbours mostly say the same.
        if texts.last().is_some_and(|last| **last == *text) {
            return texts.len() as u32 - 1;
        }
        if self.0.len() != texts.len() {
            self.0 = texts.iter().enumerate().map(|(i, text)| (text.clone(), i as u32)).collect();
        }
        if let Some(found) = self.0.get(text) {
            return *found;
        }
        let new = texts.len() as u32;
        texts.push(text.into());
        self.0.insert(text.into(), new);
        new
    }
}

impl PartialEq for Texts {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Texts {}

impl Series {
    /// The most points that are kept per rule, stream and site (about 100 MB at most); more are
    /// only counted, and the report says so.
    pub const CAP: usize = 1_000_000;

    /// Adds a match with what it says in each column; `None` for a match without a time.
    pub fn push(&mut self, time: Option<i64>, line: u64, offset: u64, values: &[Option<&str>]) {
        let Some(time) = time else {
            self.timeless += 1;
            return;
        };
        if self.points.len() >= Self::CAP {
            self.dropped += 1;
            return;
        }
        let texts = &mut self.texts;
        let values = values.iter().map(|v| v.map(|text| self.index.intern(texts, text))).collect();
        self.points.push(Point { time, line, offset, values });
    }

    /// The text of a value.
    pub fn text(&self, value: Option<u32>) -> Option<&str> {
        self.texts.get(value? as usize).map(|text| &**text)
    }

    pub(super) fn append(&mut self, next: &Self) {
        self.dropped += next.dropped;
        self.timeless += next.timeless;
        for point in &next.points {
            let values: Vec<Option<&str>> = point.values.iter().map(|v| next.text(*v)).collect();
            self.push(Some(point.time), point.line, point.offset, &values);
        }
    }
}

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
pub struct SiteTally {
    /// Entries of the site.
    pub entries: u64,
    /// Entries that were no event of the format.
    pub unparsed: u64,
    /// Entries whose time could not be read.
    pub timeless: u64,
    /// Earliest time.
    pub first: Option<Time>,
    /// Latest time.
    pub last: Option<Time>,
    /// Entries per hour since the epoch: what silence is measured against.
    pub hours: BTreeMap<i64, u64>,
    /// Hits by rule index.
    pub rules: BTreeMap<u32, HitSet>,
    /// How its pages answered with success.
    #[serde(default)]
    pub pages: Pages,
    /// Records.
    pub records: Records,
    /// Numbers of a card's form that stood alone, by column: what settles such cards.
    #[serde(default)]
    pub columns: Columns,
    /// E-mail addresses that are no leak by themselves.
    #[serde(default, skip_serializing_if = "Mails::is_empty")]
    pub mails: Mails,
    /// Matches of rules that correlations refer to, by rule index.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub series: BTreeMap<u32, Series>,
    /// The line at which a host that no inventory lists first named the site: such sites are
    /// bounded in number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_at: Option<u64>,
    /// Entries by what says that they are the site's, in the order of
    /// [`Rank::ALL`](crate::source::Rank::ALL).
    #[serde(default)]
    pub placed: [u64; 5],
}

impl SiteTally {
    pub(super) fn append(&mut self, next: Self) {
        for (ours, theirs) in self.placed.iter_mut().zip(next.placed) {
            *ours += theirs;
        }
        self.named_at = [self.named_at, next.named_at].into_iter().flatten().min();
        self.entries += next.entries;
        self.unparsed += next.unparsed;
        self.timeless += next.timeless;
        self.first = [self.first, next.first].into_iter().flatten().min();
        self.last = [self.last, next.last].into_iter().flatten().max();
        for (hour, n) in next.hours {
            *self.hours.entry(hour).or_default() += n;
        }
        for (rule, hits) in next.rules {
            self.rules.entry(rule).or_default().append(hits);
        }
        self.pages.append(next.pages);
        self.records.append(&next.records);
        self.columns.merge(next.columns);
        self.mails.merge(next.mails);
        for (rule, series) in next.series {
            self.series.entry(rule).or_default().append(&series);
        }
    }
}

/// What a run of entries of one stream yielded. Appending is associative and keeps the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// By site.
    pub sites: BTreeMap<String, SiteTally>,
    /// Entries, skipped ones (comments, blank lines) included.
    pub entries: u64,
    /// Bytes of entries, line ends included.
    pub bytes: u64,
    /// The clients, paths and agents that the entries may name.
    #[serde(default)]
    pub index: Index,
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
        for (site, tally) in super::hosts::admitted(&self.sites, next.sites) {
            self.sites.entry(site).or_default().append(tally);
        }
        self.entries += next.entries;
        self.bytes += next.bytes;
        self.index.append(next.index);
        if let Some((first, last)) = next.ends {
            if let Some((_, before)) = self.ends {
                self.step(before, first);
            }
            self.ends = Some((self.ends.map_or(first, |(f, _)| f), last));
        }
        self.disorder.append(next.disorder);
    }
}

/// What is known of one stream besides its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamFacts {
    /// All names under which this content was found, in order; more than one is a duplicate.
    pub names: Vec<String>,
    /// Decompressed bytes.
    pub bytes: u64,
    /// Format name.
    pub format: String,
    /// Kind of log: `access`, `application`, `gateway`, `waf`, `error`, or empty.
    pub log: String,
    /// Rules (by index) that could never fire on this format, with the reason.
    pub unable: BTreeMap<u32, String>,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

/// What one stream yielded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yield {
    /// The stream.
    pub stream: StreamFacts,
    /// Its entries.
    pub part: Part,
    /// What a second pass found of each trace that it looked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trails: BTreeMap<Trace, Trails>,
}

impl Yield {
    /// Whether the stream may hold a trace for which it was not searched.
    pub fn is_open(&self, trace: &Trace) -> bool {
        self.part.index.may_hold(trace) && !self.trails.contains_key(trace)
    }

    /// The same content under more names. What it yielded is taken from the reading under the
    /// first of all names, since a path can decide the site.
    fn unite(&mut self, mut other: Self) {
        if other.stream.names.first() == self.stream.names.first() {
            self.trails.append(&mut other.trails);
        }
        let mut names = std::mem::take(&mut self.stream.names);
        if other.stream.names.first() < names.first() {
            names.extend(std::mem::replace(self, other).stream.names);
            names.append(&mut self.stream.names);
        } else {
            names.extend(other.stream.names);
        }
        names.sort();
        names.dedup();
        self.stream.names = names;
    }
}

/// What evidence yielded: one mergeable partial for threads, scheduled runs and many machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// By content: the same evidence under two names is counted once.
    pub streams: BTreeMap<ContentId, Yield>,
    /// Files by name: hash and size as read.
    pub sources: BTreeMap<String, SourceEnd>,
    /// Paths that could not be found or listed.
    pub gaps: Vec<Gap>,
}

impl Tally {
    /// All gaps: of paths, of files, of streams.
    pub fn all_gaps(&self) -> impl Iterator<Item = &Gap> {
        let files = self.sources.values().flat_map(|end| &end.gaps);
        let streams = self.streams.values().flat_map(|yielded| &yielded.stream.gaps);
        self.gaps.iter().chain(files).chain(streams)
    }

    /// Everything that either yielded.
    pub fn merge(&mut self, other: Self) {
        for (id, theirs) in other.streams {
            match self.streams.entry(id) {
                std::collections::btree_map::Entry::Vacant(empty) => {
                    empty.insert(theirs);
                }
                std::collections::btree_map::Entry::Occupied(mut ours) => {
                    ours.get_mut().unite(theirs);
                }
            }
        }
        self.sources.extend(other.sources);
        self.gaps.extend(other.gaps);
        self.gaps.sort();
        self.gaps.dedup();
        self.make_room();
    }

    /// Puts records aside, if many are held in memory.
    fn make_room(&mut self) {
        let sites = self.streams.values_mut().flat_map(|y| y.part.sites.values_mut());
        let mut facts: Vec<&mut Facts> = sites.map(|site| &mut site.records.facts).collect();
        facts.retain(|facts| facts.held() > 0);
        if facts.iter().map(|facts| facts.held()).sum::<usize>() > Facts::BOUND {
            Facts::put_all_aside(&mut facts);
        }
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
