//! One thread's way through a block.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::element::{Finder, Record, Scratch};
use crate::event::{Event, Field, Format, Parsed};
use crate::line::{Block, Entry};
use crate::rule::{Candidates, Memo, Plan, RuleSet};
use crate::source::{Inventory, Place, Rank};

use super::client::client;
use super::index::Noted;
use super::known::{Known, OfRules, OfSites};
use super::marks::Marks;
use super::note::{Matched, Notes, Showing};
use super::page::Answers;
use super::{Bounds, Part, SiteTally, Way};

/// Whether the prefilter is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Only candidate entries are examined.
    #[default]
    Filtered,
    /// Every entry is examined: slow, and the authority in tests.
    Full,
}

/// One thread's scratch space for scanning blocks of one stream.
#[derive(Debug)]
pub struct Scanner<'s> {
    notes: Notes<'s>,
    finder: &'s Finder,
    inventory: &'s Inventory,
    mode: Mode,
    scratch: Scratch,
    records: Vec<Record>,
    candidates: Candidates,
    chosen: Vec<u32>,
    memo: Memo,
    noted: Noted,
    at: Vec<usize>,
}

impl<'s> Scanner<'s> {
    /// A scanner for one thread.
    pub fn new(
        rules: &'s RuleSet,
        finder: &'s Finder,
        inventory: &'s Inventory,
        mode: Mode,
    ) -> Self {
        Self {
            notes: Notes::new(rules, finder, inventory),
            finder,
            inventory,
            mode,
            scratch: Scratch::default(),
            records: Vec::new(),
            candidates: Candidates::default(),
            chosen: Vec::new(),
            memo: Memo::default(),
            noted: Noted::new(rules),
            at: Vec::new(),
        }
    }

    /// The same under other bounds.
    #[must_use]
    pub fn within(mut self, bounds: Bounds) -> Self {
        self.notes.bounds = bounds;
        self
    }

    /// Scans a block of the stream `name`, which is of `format`.
    pub fn scan(&mut self, block: &Block, format: &dyn Format, name: &str) -> Part {
        self.scan_behind(block, format, name, &Known::default())
    }

    /// Scans a block before which others are `known`: what would be dropped when it is appended to
    /// them is not made ready.
    pub fn scan_behind(
        &mut self,
        block: &Block,
        format: &dyn Format,
        name: &str,
        known: &Known,
    ) -> Part {
        let (plan, bounds) = (self.notes.rules.plan(format.kind()), self.notes.bounds);
        let bytes = block.bytes.len() as u64;
        let mut part = Part { bounds, bytes, ..Part::default() };
        let mut parser = format.parser();
        let mut event = Event::default();
        let mut sites = Sites::new(self.inventory.place(name), bounds, known.now());
        let mut marks = self.marks(block, true);
        self.memo.begin();
        for entry in block.entries() {
            part.entries += 1;
            event.reset(entry.bytes);
            let parsed = parser.parse(entry.bytes, &mut event);
            if parsed == Parsed::Skip {
                continue;
            }
            part.sequences.note(&event, bounds);
            let site = sites.of(&event, entry.line);
            site.note(&event, parsed, bounds);
            site.tally.at_odds.note(&event, entry.line);
            site.answers.note(&event, &entry, self.inventory);
            if let Some(time) = event.time {
                part.clock(time);
            }
            let marked = marks.of(&entry, &plan, self.mode);
            self.records.clear();
            if marked.element {
                self.find_records(&event, &entry, site);
            }
            let goal = Goal { tally: &mut site.tally, known: &site.known, is_indexed: true };
            self.find_hits(&event, &entry, &plan, marked.literal, goal);
        }
        self.at = marks.at;
        part.index = self.noted.take();
        sites.into_part(&mut part);
        part
    }

    /// What a block holds of these rules and of nothing else; an entry of a site that is not among
    /// `sites` is one of [`Place::OTHER_HOSTS`], as it was when they were found.
    pub fn hits(
        &mut self,
        block: &Block,
        format: &dyn Format,
        name: &str,
        sites: &BTreeMap<String, Box<SiteTally>>,
    ) -> Part {
        let plan = self.notes.rules.plan(format.kind());
        let mut part = Part { bounds: self.notes.bounds, ..Part::default() };
        if plan.rules().is_empty() {
            return part;
        }
        let mut parser = format.parser();
        let mut event = Event::default();
        let mut place = self.inventory.place(name);
        let mut marks = self.marks(block, self.notes.rules.counts_records());
        let known = OfRules::default();
        for entry in block.entries() {
            event.reset(entry.bytes);
            if parser.parse(entry.bytes, &mut event) == Parsed::Skip {
                continue;
            }
            let marked = marks.of(&entry, &plan, self.mode);
            self.records.clear();
            if marked.element {
                self.finder.records(&event, &mut self.scratch, &mut self.records);
            }
            let host = event.get(Field::Host).and_then(|h| std::str::from_utf8(h).ok());
            let site = Some(place.site(host)).filter(|site| sites.contains_key(*site));
            let site = site.unwrap_or(Place::OTHER_HOSTS);
            let goal = Goal { tally: part.site(site), known: &known, is_indexed: false };
            self.find_hits(&event, &entry, &plan, marked.literal, goal);
        }
        self.at = marks.at;
        part.sites.retain(|_, found| !found.rules.is_empty() || !found.series.is_empty());
        part
    }

    fn marks<'b>(&mut self, block: &'b Block, elements: bool) -> Marks<'b> {
        let mut at = std::mem::take(&mut self.at);
        at.clear();
        if self.mode == Mode::Filtered && elements {
            self.finder.candidates(&block.bytes, &mut at);
        }
        Marks::new(block, at)
    }

    fn find_records(&mut self, event: &Event<'_>, entry: &Entry<'_>, site: &mut Site) {
        let tally = &mut site.tally;
        self.finder.records(event, &mut self.scratch, &mut self.records);
        self.scratch.observations().iter().for_each(|seen| tally.columns.note(seen));
        self.scratch.mails().iter().for_each(|(holder, mail)| tally.mails.note(*holder, *mail));
        if self.records.is_empty() {
            return;
        }
        let client = client(event, self.inventory);
        for record in &self.records {
            let way = match record.referred {
                true => Way::Referer,
                false if site.foreign && event.authority().is_some() => Way::Elsewhere,
                false => Way::Usual,
            };
            tally.records.push(record, way, event.time, client.as_deref(), entry.line);
        }
    }

    fn find_hits(
        &mut self,
        event: &Event<'_>,
        entry: &Entry<'_>,
        plan: &Plan,
        literal: bool,
        Goal { tally, known, is_indexed }: Goal<'_>,
    ) {
        let (rules, records) = (self.notes.rules, self.records.as_slice());
        let mut subject = rules.subject(event, records, &mut self.memo);
        if is_indexed {
            self.noted.note(&mut subject, self.inventory);
        }
        let chosen = match self.mode {
            Mode::Full => plan.rules(),
            Mode::Filtered => {
                plan.candidates(&mut subject, literal, &mut self.candidates);
                self.candidates.drain(&mut self.chosen);
                self.chosen.retain(|rule| rules.may_match(*rule, &mut subject));
                &self.chosen
            }
        };
        let shown = Showing::default();
        for rule in chosen {
            if let Some(layer) = rules.matches(*rule, &mut subject) {
                let known = known.get(rule);
                let matched = Matched { rule: *rule, layer, event, records, entry, known };
                self.notes.note(&matched, &shown, tally);
            }
        }
    }
}

/// Where what is found in an entry goes.
struct Goal<'f> {
    tally: &'f mut SiteTally,
    known: &'f OfRules,
    /// Whether what the entry names is noted in the index.
    is_indexed: bool,
}

/// The sites of a block. Neighbouring entries mostly share one, and one hour.
struct Sites<'i> {
    place: Place<'i>,
    bounds: Bounds,
    known: Arc<OfSites>,
    list: Vec<Site>,
    /// Hosts are an attacker's: keyed at random.
    index: HashMap<String, usize>,
    last: usize,
}

struct Site {
    name: String,
    tally: SiteTally,
    /// What is known of the site from before.
    known: Arc<OfRules>,
    answers: Answers,
    /// Whether the entry names a host that is no site's.
    foreign: bool,
    hour: i64,
    in_hour: u64,
}

impl<'i> Sites<'i> {
    fn new(place: Place<'i>, bounds: Bounds, known: Arc<OfSites>) -> Self {
        Self { place, bounds, known, list: Vec::new(), index: HashMap::default(), last: 0 }
    }

    fn of(&mut self, event: &Event<'_>, line: u64) -> &mut Site {
        let host = event.get(Field::Host).and_then(|h| std::str::from_utf8(h).ok());
        self.place.site(host);
        let (rank, own) = (self.place.rank(), self.place.is_own_host());
        let barred = own && self.known.bars(self.place.last());
        let name = if barred { Place::OTHER_HOSTS } else { self.place.last() };
        if self.list.get(self.last).is_none_or(|site| site.name != name) {
            self.last = self.index.get(name).copied().unwrap_or(self.list.len());
        }
        if self.last == self.list.len() {
            self.index.insert(name.to_owned(), self.last);
            let tally = SiteTally::default();
            let known = self.known.rules.get(name).cloned().unwrap_or_default();
            let (name, answers) = (name.to_owned(), Answers::default());
            let (foreign, hour, in_hour) = (false, 0, 0);
            self.list.push(Site { name, tally, known, answers, foreign, hour, in_hour });
        }
        let site = &mut self.list[self.last];
        site.foreign = rank == Rank::ForeignHost;
        site.tally.placed[rank as usize] += 1;
        if own && !barred {
            site.tally.named_at.get_or_insert(line);
        }
        site
    }

    fn into_part(self, part: &mut Part) {
        for mut site in self.list {
            site.close_hour(self.bounds);
            site.tally.pages = site.answers.into_pages();
            part.sites.insert(site.name, site.tally.into());
        }
    }
}

impl Site {
    /// Counts an entry.
    fn note(&mut self, event: &Event<'_>, parsed: Parsed, bounds: Bounds) {
        let tally = &mut self.tally;
        tally.entries += 1;
        tally.unparsed += u64::from(parsed == Parsed::Unparsed);
        let Some(time) = event.time else {
            tally.timeless += 1;
            return;
        };
        tally.first = Some(tally.first.map_or(time, |first| first.min(time)));
        tally.last = Some(tally.last.map_or(time, |last| last.max(time)));
        if !time.is_in_hour(self.hour) {
            self.close_hour(bounds);
            self.hour = time.hour();
        }
        self.in_hour += 1;
    }

    fn close_hour(&mut self, bounds: Bounds) {
        if self.in_hour > 0 {
            self.tally.hours.add(self.hour, self.in_hour, bounds);
            self.in_hour = 0;
        }
    }
}
