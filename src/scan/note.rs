//! How does an entry that matches a rule become a hit, and a point of a correlation?

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use crate::element::{Finder, Masked, Record, mask};
use crate::event::decode::Layer;
use crate::event::{Event, Field};
use crate::line::Entry;
use crate::rule::{Column, RuleSet};
use crate::source::Inventory;
use crate::time::Time;

use super::client::client;
use super::kept::{Kept, harmless};
use super::known::Full;
use super::outcome::shows_output;
use super::{Bounds, Hit, HitEntry, Links, Outcome, SiteTally};

/// The most characters of an entry that a hit shows.
const EXCERPT: usize = 500;
/// The most characters of a path or agent that a hit shows.
pub(super) const DETAIL: usize = 200;

/// What one thread notes of matches.
#[derive(Debug)]
pub(super) struct Notes<'s> {
    pub(super) rules: &'s RuleSet,
    pub(super) bounds: Bounds,
    finder: &'s Finder,
    inventory: &'s Inventory,
    kept: RefCell<Kept<String>>,
    details: RefCell<Kept<Masked>>,
    clients: RefCell<Kept<Arc<str>>>,
}

/// An entry that a rule matches.
#[derive(Clone, Copy)]
pub(super) struct Matched<'m, 'e> {
    pub(super) rule: u32,
    pub(super) layer: Layer,
    pub(super) event: &'m Event<'e>,
    pub(super) records: &'m [Record],
    pub(super) entry: &'m Entry<'e>,
    pub(super) known: Option<&'m Full>,
}

/// How an entry is shown, whichever rules it matches: made once, and shared by their hits.
#[derive(Default)]
pub(super) struct Showing {
    /// What tells it from others, and no more.
    brief: OnceCell<HitEntry>,
    whole: OnceCell<Arc<HitEntry>>,
}

impl<'s> Notes<'s> {
    pub(super) fn new(rules: &'s RuleSet, finder: &'s Finder, inventory: &'s Inventory) -> Self {
        let (bounds, kept, details, clients) = Default::default();
        Self { rules, bounds, finder, inventory, kept, details, clients }
    }

    /// Notes a match.
    pub(super) fn note(&self, matched: &Matched<'_, '_>, shown: &Showing, tally: &mut SiteTally) {
        let Matched { rule, layer, event, entry, known, .. } = *matched;
        if self.rules.columns(rule).is_some() {
            self.point(matched, tally);
        }
        if !self.rules.reports(rule) {
            return;
        }
        let brief = shown.brief.get_or_init(|| self.brief(event, entry));
        let known = known.and_then(|known| known.kinds(brief.outcome));
        tally.rules.entry(rule).or_default().push(brief, self.bounds, known, || {
            let whole = shown.whole.get_or_init(|| Arc::new(self.whole(brief, event, entry)));
            Hit { layer, entry: Arc::clone(whole) }
        });
    }

    /// What tells an entry that matches from others.
    fn brief(&self, event: &Event<'_>, entry: &Entry<'_>) -> HitEntry {
        let kept = |client: String| {
            self.clients.borrow_mut().of(client.as_bytes(), |_| client.as_str().into())
        };
        HitEntry {
            line: entry.line,
            offset: entry.offset,
            time: event.time,
            client: client(event, self.inventory).map(kept),
            path: self.detail(event, Field::Stem),
            status: event.number(Field::Status).and_then(|n| n.try_into().ok()),
            bytes: event.number(Field::BytesOut),
            output: shows_output(event),
            ..HitEntry::of(Outcome::of(event))
        }
    }

    /// The same with what it is only shown by.
    fn whole(&self, brief: &HitEntry, event: &Event<'_>, entry: &Entry<'_>) -> HitEntry {
        HitEntry {
            user_agent: self.detail(event, Field::UserAgent),
            links: self.links(event).kept(),
            excerpt: mask(entry.bytes, 0, EXCERPT),
            ..brief.clone()
        }
    }

    fn detail(&self, event: &Event<'_>, field: Field) -> Option<Masked> {
        let masked = |value| self.details.borrow_mut().of(value, |value| mask(value, 0, DETAIL));
        event.get(field).map(masked)
    }

    fn links(&self, event: &Event<'_>) -> Links {
        let link = |field| event.get(field).map(|value| self.finder.link(value));
        Links {
            request: link(Field::RequestId),
            session: link(Field::Session),
            thread: link(Field::Thread),
        }
    }

    /// Notes a match for the correlations that refer to its rule.
    fn point(&self, matched: &Matched<'_, '_>, tally: &mut SiteTally) {
        let Matched { rule, event, records, entry, known, .. } = *matched;
        let series = tally.series.entry(rule).or_default();
        if known.is_some_and(|known| known.points) {
            return series.drop_one(event.time.is_some());
        }
        let shown = |(column, value): (&Column, Option<Vec<u8>>)| match &*column.name {
            "c-ip" | "src_ip" => client(event, self.inventory),
            _ if column.is_told => value.map(|value| self.kept.borrow_mut().of(&value, harmless)),
            // Masking is dear, and makes one of cards that differ where it hides them.
            _ => value.map(|value| format!("{:x}", self.finder.link(&value).0)),
        };
        let values = self.rules.column_values(rule, event, records);
        let values: Vec<Option<String>> = values.map(shown).collect();
        let values: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
        series.push(event.time.map(Time::micros), entry.line, entry.offset, &values, self.bounds);
    }
}
