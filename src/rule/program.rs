//! A rule, compiled: its condition over comparisons with the values of an entry.
//!
//! # Layers
//!
//! At layer L a field has the values that stand in the log *and* those of the layers up to L: decoded
//! once, twice, and, of a request target, as a server may have read it. A rule matches at the lowest
//! layer at which its condition holds. Since values are only added, a decoded value can make a
//! selection true but never a `not` of it: what a filter leaves out on the raw layer stays left out
//! on all.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use crate::element::Record;
use crate::event::decode::{self, Layer};
use crate::event::{Event, Field};
use crate::payload::{self, Family, Word};

use super::condition::Expr;
use super::detection::{Detection, FieldRef, Item, Test};
use super::document::{Filter, Rule};
use super::field::{self, Lane, Room, Source};
use super::guard::Guard;
use super::matcher::Matcher;
use super::memo::{Answer, Memo, Row};
use super::needle::Proof;
use super::pattern::{Part, Pattern};
use super::sources::{CHANGES, Sources};

/// A condition over comparisons.
#[derive(Clone, Debug)]
pub(super) enum Cond {
    Leaf(Leaf),
    All(Vec<Cond>),
    Any(Vec<Cond>),
    /// One of several comparisons with the values of one field: what they said together is
    /// remembered.
    OneOf(Group),
    Not(Box<Cond>),
}

/// Comparisons with the values of one source.
#[derive(Clone, Debug)]
pub(super) struct Group {
    source: usize,
    /// Its number among the comparisons with the lane of the source.
    slot: usize,
    pub(super) parts: Vec<Cond>,
}

/// A comparison of one field.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Its number among the sources of the set.
    pub(super) source: usize,
    /// Its number among the comparisons with the lane of the source.
    pub(super) slot: usize,
    pub(super) check: Check,
    /// The tests that it was made from; one of them holds if it does.
    pub(super) tests: Arc<[Test]>,
}

/// How a field is compared.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// One of its values matches.
    Value(Matcher),
    /// It is there (or not).
    Exists(bool),
    /// It stands so to another source.
    Field(usize, FieldRef),
}

/// A rule, compiled.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) cond: Cond,
    /// Every source it looks at.
    pub(super) sources: Vec<usize>,
    guards: Vec<Guard>,
}

impl Program {
    /// Compiles a rule with the filters that apply to it.
    pub(super) fn compile(rule: &Rule, filters: &[&Filter], sources: &mut Sources) -> Self {
        let own = expr(&rule.condition, &rule.detections, sources);
        let others = filters.iter().map(|f| expr(&f.condition, &f.detections, sources));
        let cond = all([own].into_iter().chain(others).collect());
        let mut used = Vec::new();
        cond.sources(&mut used);
        used.sort_unstable();
        used.dedup();
        let guards = Guard::all(&cond, sources);
        Self { cond, sources: used, guards }
    }

    /// Whether each field, asked alone, lets the rule match: yes too often, never no wrongly.
    pub(super) fn may_match(&self, subject: &mut Subject<'_>) -> bool {
        self.guards.iter().all(|guard| guard.admits(subject))
    }

    /// The lowest layer at which the rule matches.
    pub(super) fn matches(&self, subject: &mut Subject<'_>) -> Option<Layer> {
        if subject.holds(&self.cond, Layer::Raw) {
            return Some(Layer::Raw);
        }
        // Most entries have no further layers.
        if !self.sources.iter().any(|source| subject.changes(*source)) {
            return None;
        }
        let adds = |subject: &mut Subject<'_>, layer| {
            self.sources.iter().any(|source| subject.adds(*source, layer))
        };
        let mut layers = Layer::DECODED.into_iter();
        layers.find(|layer| adds(subject, *layer) && subject.holds(&self.cond, *layer))
    }
}

impl Cond {
    /// Whether it compares with numbers alone, which costs next to nothing.
    pub(super) fn is_number(&self) -> bool {
        match self {
            Self::Leaf(leaf) => matches!(leaf.check, Check::Value(Matcher::Number(..))),
            Self::All(parts) | Self::Any(parts) | Self::OneOf(Group { parts, .. }) => {
                parts.iter().all(Self::is_number)
            }
            Self::Not(part) => part.is_number(),
        }
    }

    /// What it costs to ask, roughly: numbers, then short texts, then the rest.
    fn cost(&self) -> u8 {
        match self {
            Self::Leaf(Leaf { check: Check::Value(matcher), .. }) => match matcher {
                Matcher::Any | Matcher::Number(..) => 0,
                Matcher::Exact(_) | Matcher::Prefix(_) | Matcher::Suffix(_) => 1,
                Matcher::Contains(_) | Matcher::Network(_) | Matcher::Clock(..) => 2,
                Matcher::Regex(_) => 3,
            },
            Self::Leaf(Leaf { check: Check::Exists(_), .. }) => 0,
            Self::Leaf(_) => 3,
            Self::All(parts) | Self::Any(parts) | Self::OneOf(Group { parts, .. }) => {
                parts.iter().map(Self::cost).max().unwrap_or(0)
            }
            Self::Not(part) => part.cost(),
        }
    }

    pub(super) fn sources(&self, used: &mut Vec<usize>) {
        match self {
            Self::Leaf(leaf) => {
                used.push(leaf.source);
                used.extend(match leaf.check {
                    Check::Field(other, _) => Some(other),
                    _ => None,
                });
            }
            Self::All(parts) | Self::Any(parts) | Self::OneOf(Group { parts, .. }) => {
                for part in parts {
                    part.sources(used);
                }
            }
            Self::Not(part) => part.sources(used),
        }
    }
}

/// All of them, the cheapest first: most often one of them says no.
fn all(mut parts: Vec<Cond>) -> Cond {
    parts.sort_by_key(Cond::cost);
    if parts.len() > 1 { Cond::All(parts) } else { parts.pop().unwrap_or(Cond::All(Vec::new())) }
}

fn any(mut parts: Vec<Cond>) -> Cond {
    if parts.len() > 1 { Cond::Any(parts) } else { parts.pop().unwrap_or(Cond::Any(Vec::new())) }
}

fn expr(expr_: &Expr, detections: &[(String, Detection)], sources: &mut Sources) -> Cond {
    let mut each = |parts: &[Expr]| parts.iter().map(|p| expr(p, detections, sources)).collect();
    match expr_ {
        Expr::All(parts) => all(each(parts)),
        Expr::Any(parts) => any(each(parts)),
        Expr::Not(part) => Cond::Not(Box::new(expr(part, detections, sources))),
        Expr::Name(n) => match detections.get(*n) {
            Some((_, found)) => detection(found, sources),
            None => Cond::Any(Vec::new()),
        },
    }
}

fn detection(from: &Detection, sources: &mut Sources) -> Cond {
    match from {
        Detection::Item(from) => item(from, sources),
        Detection::All(parts) => all(parts.iter().map(|p| detection(p, sources)).collect()),
        Detection::Any(parts) => any(parts.iter().map(|p| detection(p, sources)).collect()),
    }
}

fn item(from: &Item, sources: &mut Sources) -> Cond {
    let source = sources.number(from.field.as_deref());
    let made = if from.all {
        all(from.values.iter().map(|tests| one_of(source, tests, sources)).collect())
    } else {
        let tests: Vec<Test> = from.values.concat();
        one_of(source, &tests, sources)
    };
    if from.neq { Cond::Not(Box::new(made)) } else { made }
}

/// One of the tests.
fn one_of(source: usize, tests: &[Test], sources: &mut Sources) -> Cond {
    let parts = leaves(source, tests, sources);
    let values = |part: &Cond| matches!(part, Cond::Leaf(Leaf { check: Check::Value(_), .. }));
    if parts.len() > 1 && parts.iter().all(values) {
        return Cond::OneOf(Group { source, slot: sources.slot(source), parts });
    }
    any(parts)
}

/// One comparison per test, those for a text anywhere taken together.
fn leaves(source: usize, tests: &[Test], sources: &mut Sources) -> Vec<Cond> {
    let mut made = Vec::new();
    for cased in [false, true] {
        let here = |test: &&Test| needle(test).is_some_and(|(_, c)| c == cased);
        let group: Vec<Test> = tests.iter().filter(here).cloned().collect();
        let needles: Vec<&[u8]> = group.iter().filter_map(needle).map(|(text, _)| text).collect();
        if !needles.is_empty() {
            let check = || Check::Value(Matcher::contains(&needles, cased));
            made.push(Cond::Leaf(sources.leaf(source, &group, check)));
        }
    }
    let others = tests.iter().filter(|test| needle(test).is_none());
    made.extend(others.map(|test| leaf(source, test, sources)));
    made
}

fn needle(test: &Test) -> Option<(&[u8], bool)> {
    let Test::Text(pattern) = test else { return None };
    Matcher::needle(pattern).map(|text| (text, pattern.cased))
}

fn leaf(source: usize, test: &Test, sources: &mut Sources) -> Cond {
    let other = match test {
        Test::Field(other) => sources.number(Some(&other.name)),
        _ => source,
    };
    let check = || match test {
        Test::Text(pattern) => Check::Value(Matcher::of(pattern)),
        Test::Regex(expression) => Check::Value(Matcher::Regex(expression.clone())),
        Test::Compare(order, number) => Check::Value(Matcher::Number(*order, *number)),
        Test::Cidr(network) => Check::Value(Matcher::Network(*network)),
        Test::Clock(part, order, n) => Check::Value(Matcher::Clock(*part, *order, *n)),
        Test::Exists(yes) => Check::Exists(*yes),
        Test::Null => Check::Exists(false),
        Test::Field(how) => Check::Field(other, how.clone()),
    };
    Cond::Leaf(sources.leaf(source, std::slice::from_ref(test), check))
}

/// An entry that rules are held against, with what was decoded of it so far.
#[derive(Debug)]
pub struct Subject<'e> {
    pub(super) event: &'e Event<'e>,
    pub(super) records: &'e [Record],
    pub(super) memo: &'e mut Memo,
    sources: &'e Sources,
    /// By source.
    decoded: Vec<(usize, Decoded)>,
    /// Whether the event is plain, if that was asked.
    plain: Option<bool>,
    /// The other requests that a server may have read.
    readings: OnceCell<Vec<(Layer, Event<'static>)>>,
    /// What the values of fields do as code.
    words: Vec<(Field, Vec<Word>)>,
}

/// By layer: the values that decoding adds to a source. At the raw layer the values as they stand,
/// of a source for which they are dear to find.
#[derive(Debug, Default)]
struct Decoded([Vec<Vec<u8>>; Layer::COUNT]);

impl<'e> Subject<'e> {
    pub(super) fn new(
        event: &'e Event<'e>,
        records: &'e [Record],
        sources: &'e Sources,
        memo: &'e mut Memo,
    ) -> Self {
        memo.turn();
        let (decoded, words) = (Vec::new(), Vec::new());
        let (plain, readings) = (None, OnceCell::new());
        Self { event, records, memo, sources, decoded, plain, readings, words }
    }

    /// What the entry says.
    pub fn event(&self) -> &'e Event<'e> {
        self.event
    }

    /// Whether the entry may be the first of its block whose value of a lane this is: yes too
    /// often, never no wrongly.
    pub fn is_first(&mut self, lane: Option<usize>) -> bool {
        let row = lane.and_then(|lane| self.row(lane));
        row.is_none_or(|row| self.memo.is_first(row))
    }

    /// Whether `test` says yes to a value of a source, as it stands in the log.
    pub(super) fn each(&self, source: usize, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.each_of(self.event, source, test)
    }

    /// The same of a reading of the event.
    pub(super) fn each_of(
        &self,
        event: &Event<'_>,
        source: usize,
        test: &mut dyn FnMut(&[u8]) -> bool,
    ) -> bool {
        let from = self.sources.list.get(source);
        from.is_some_and(|from| from.any(event, self.records, test))
    }

    /// The other requests that a server may have read, with their layers.
    pub(super) fn readings(&self) -> &[(Layer, Event<'static>)] {
        self.readings.get_or_init(|| decode::readings(self.event))
    }

    /// The row of a lane's value, if it has one that is worth remembering.
    #[inline]
    pub(super) fn row(&mut self, lane: usize) -> Option<Row> {
        let of = *self.sources.lanes().get(lane)?;
        self.row_in(lane, of)
    }

    /// The same of a lane of which it is known what it is.
    #[inline]
    pub(super) fn row_in(&mut self, number: usize, lane: Lane) -> Option<Row> {
        let (event, mut room) = (self.event, Room::default());
        let room = &mut room;
        self.memo.row(number, move || lane.key(event, room))
    }

    /// The row of the value on which the values of a source depend.
    fn row_of(&mut self, source: usize) -> Option<Row> {
        self.row(self.sources.lane(source)?)
    }

    /// Whether a comparison says yes to a value at any layer, whatever was presumed of it in the row
    /// of its lane.
    pub(super) fn proves(&mut self, proof: &Proof, row: Option<Row>) -> bool {
        let first = self.find_first(proof.source, &proof.matcher);
        if let Some(row) = row {
            self.memo.note(row, proof.slot, first.into());
        }
        first.is_some()
    }

    /// Whether a value as it stands in the log, or one decoded up to the layer, matches.
    fn value(&mut self, leaf: &Leaf, matcher: &Matcher, layer: Layer) -> bool {
        match self.row_for(leaf.source, matcher) {
            None => self.any(leaf.source, layer, &mut |value| matcher.matches(value)),
            row => {
                let first = self.first(leaf.source, leaf.slot, matcher, row);
                first.is_some_and(|first| first <= layer)
            }
        }
    }

    /// The row in which it is remembered what a comparison says to a source; a number is sooner
    /// compared than remembered.
    fn row_for(&mut self, source: usize, matcher: &Matcher) -> Option<Row> {
        match matcher {
            Matcher::Number(..) => None,
            _ => self.row_of(source),
        }
    }

    /// The lowest layer at which a comparison says yes to a value of a source.
    fn first(
        &mut self,
        source: usize,
        slot: usize,
        matcher: &Matcher,
        row: Option<Row>,
    ) -> Option<Layer> {
        let ask = |subject: &mut Self| subject.find_first(source, matcher);
        match row {
            Some(row) => self.remembered(row, slot, ask),
            None => ask(self),
        }
    }

    fn remembered(
        &mut self,
        row: Row,
        slot: usize,
        ask: impl FnOnce(&mut Self) -> Option<Layer>,
    ) -> Option<Layer> {
        let answer = self.memo.answer(row, slot).unwrap_or_else(|| {
            let answer = ask(self).into();
            self.memo.note(row, slot, answer);
            answer
        });
        answer.first()
    }

    fn find_first(&mut self, source: usize, matcher: &Matcher) -> Option<Layer> {
        let all = &mut |value: &[u8]| matcher.matches(value);
        let whole = field::with_query(self.event, &self.sources.list[source]);
        let raw = match whole.filter(|_| matcher.grows()) {
            Some(whole) => matcher.matches(whole),
            None => self.any(source, Layer::Raw, all),
        };
        if raw {
            return Some(Layer::Raw);
        }
        if !self.changes(source) {
            return None;
        }
        let decoded = self.decoded(source);
        Layer::DECODED.into_iter().find(|layer| decoded.says(matcher, *layer))
    }

    fn decoded(&mut self, source: usize) -> &Decoded {
        let at = self.decoded.iter().position(|(known, _)| *known == source);
        let at = at.unwrap_or_else(|| {
            let decoded = self.decode(source);
            self.decoded.push((source, decoded));
            self.decoded.len() - 1
        });
        &self.decoded[at].1
    }

    /// What the values of a field do as code.
    pub(super) fn words(&mut self, field: Field) -> &[Word] {
        let at = self.words.iter().position(|(known, _)| *known == field);
        let at = at.unwrap_or_else(|| {
            self.words.push((field, payload::words(self.event, field)));
            self.words.len() - 1
        });
        &self.words[at].1
    }

    fn decode(&mut self, source: usize) -> Decoded {
        let sources = self.sources;
        let from = &sources.list[source];
        if let Source::Payload(family) = from {
            return self.payload(*family);
        }
        let mut decoded = Decoded::default();
        from.any(self.event, self.records, &mut |value| {
            decoded.add(value);
            false
        });
        if from.lane() == Some(Lane::Target) {
            for (layer, event) in self.readings() {
                from.any(event, self.records, &mut |value| {
                    decoded.0[*layer as usize].push(value.to_vec());
                    false
                });
            }
        }
        decoded
    }

    /// Whether decoding changes none of the values that stand in the entry.
    pub(super) fn is_plain(&mut self) -> bool {
        let event = self.event;
        *self.plain.get_or_insert_with(|| event.is_plain())
    }

    /// The words of a family that the entry has, by layer.
    fn payload(&mut self, family: Family) -> Decoded {
        let mut decoded = Decoded::default();
        for field in payload::FIELDS {
            for word in self.words(*field).iter().filter(|word| word.family == family) {
                decoded.0[word.layer as usize].push(word.name.into());
            }
        }
        decoded
    }

    /// Whether decoding changes a value of the source's lane: remembered of a value that is long,
    /// since mostly it does not. A target has layers that the entry does not show, too.
    pub(super) fn changes(&mut self, source: usize) -> bool {
        /// Up to so many bytes, looking is faster than remembering.
        const SHORT: usize = 16;
        let (event, sources) = (self.event, self.sources);
        let lane = sources.lane(source).and_then(|lane| sources.lanes().get(lane));
        let Some(lane) = lane else { return true };
        if *lane != Lane::Target {
            if self.is_plain() {
                return false;
            }
            if let Source::Known(field) = sources.list[source]
                && let Some(value) = event.get(field).filter(|value| value.len() <= SHORT)
            {
                return decode::changes(value);
            }
        }
        let Some(row) = self.row_of(source) else { return event.has_any(lane.fields()) };
        let answer = self.memo.answer(row, CHANGES).unwrap_or_else(|| {
            let says = lane.value(event).is_none_or(|value| self.changes_value(*lane, value));
            self.memo.note(row, CHANGES, Answer::of(says));
            Answer::of(says)
        });
        answer.first().is_some()
    }

    fn changes_value(&self, lane: Lane, value: &[u8]) -> bool {
        decode::changes(value) || lane == Lane::Target && !self.readings().is_empty()
    }

    /// Whether a layer adds a value to a source.
    fn adds(&mut self, source: usize, layer: Layer) -> bool {
        self.changes(source) && !self.decoded(source).0[layer as usize].is_empty()
    }

    fn any(&mut self, source: usize, layer: Layer, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        if matches!(self.sources.list[source], Source::Payload(_)) {
            if self.decoded(source).0[Layer::Raw as usize].iter().any(|value| test(value)) {
                return true;
            }
        } else if self.each(source, test) {
            return true;
        }
        self.any_decoded(source, layer, test)
    }

    fn any_decoded(
        &mut self,
        source: usize,
        layer: Layer,
        test: &mut dyn FnMut(&[u8]) -> bool,
    ) -> bool {
        layer != Layer::Raw
            && self.changes(source)
            && self.decoded(source).up_to(layer).any(|value| test(value))
    }

    pub(super) fn holds(&mut self, cond: &Cond, layer: Layer) -> bool {
        match cond {
            Cond::All(parts) => parts.iter().all(|part| self.holds(part, layer)),
            Cond::Any(parts) => parts.iter().any(|part| self.holds(part, layer)),
            Cond::OneOf(group) => self.one_of(group, layer),
            Cond::Not(part) => !self.holds(part, layer),
            Cond::Leaf(leaf) => match &leaf.check {
                Check::Value(matcher) => self.value(leaf, matcher, layer),
                Check::Exists(yes) => self.any(leaf.source, Layer::Raw, &mut |_| true) == *yes,
                Check::Field(other, how) => self.compares(leaf.source, *other, how, layer),
            },
        }
    }

    fn one_of(&mut self, group: &Group, layer: Layer) -> bool {
        let Some(row) = self.row_of(group.source) else {
            return group.parts.iter().any(|part| self.holds(part, layer));
        };
        let first = self.remembered(row, group.slot, |subject| subject.first_of(&group.parts));
        first.is_some_and(|first| first <= layer)
    }

    /// The lowest layer at which one of several comparisons with values says yes.
    fn first_of(&mut self, parts: &[Cond]) -> Option<Layer> {
        let mut lowest = None;
        for part in parts {
            let Cond::Leaf(Leaf { source, slot, check: Check::Value(matcher), .. }) = part else {
                continue;
            };
            let row = self.row_for(*source, matcher);
            let first = self.first(*source, *slot, matcher, row);
            lowest = [lowest, first].into_iter().flatten().min();
            if lowest == Some(Layer::Raw) {
                break;
            }
        }
        lowest
    }

    fn compares(&mut self, source: usize, other: usize, how: &FieldRef, layer: Layer) -> bool {
        let mut theirs: Vec<Vec<u8>> = Vec::new();
        self.any(other, layer, &mut |value| {
            theirs.push(value.to_owned());
            false
        });
        theirs.iter().any(|text| {
            let mut pattern = Pattern { parts: vec![Part::Text(text.clone())], cased: how.cased };
            if how.open_start {
                pattern = pattern.open_start();
            }
            if how.open_end {
                pattern = pattern.open_end();
            }
            let matcher = Matcher::of(&pattern);
            self.any(source, layer, &mut |value| matcher.matches(value))
        })
    }
}

impl Decoded {
    /// The values that layers above the raw text add, up to one.
    fn up_to(&self, layer: Layer) -> impl Iterator<Item = &Vec<u8>> {
        self.0[1..=layer as usize].iter().flatten()
    }

    /// Whether a comparison says yes to a value that a layer adds. One that ends the value before it
    /// says nothing new to a comparison that grows.
    fn says(&self, matcher: &Matcher, layer: Layer) -> bool {
        let mut before: &[u8] = b"";
        self.0[layer as usize].iter().any(|value| {
            let before = std::mem::replace(&mut before, value);
            !(matcher.grows() && field::ends_apart(before, value)) && matcher.matches(value)
        })
    }

    fn add(&mut self, value: &[u8]) {
        let Cow::Owned(once) = decode::once(value) else { return };
        if let Cow::Owned(twice) = decode::once(&once) {
            self.0[Layer::Twice as usize].push(twice);
        }
        self.0[Layer::Once as usize].push(once);
    }
}
