//! Which rules can an entry match at all? The prefilter over a block of one kind of log.
//!
//! What rules need of fields that the parser finds is looked for in those fields, by lane, and
//! remembered for each value: most agents, referers and paths were seen before. What they need of
//! the whole entry, or of fields that a log names itself, is found by one automaton over the raw
//! bytes of the block; an entry in which an escape could bring a literal about is decoded and
//! searched again, and so are values that are not in the entry as they stand (un-escaped by the
//! parser). Rules that need nothing rare are looked at for each entry.

use rustc_hash::FxHashMap;

use crate::event::{Event, Field, Fields};
use crate::payload::{self, Family};

use super::detection::Order;
use super::field::Lane;
use super::matcher::{Matcher, whole_number};
use super::memo::{Answer, Answers, Row, Scratch};
use super::needle::{ByteSet, Need, Proof, Witness};
use super::program::Subject;
use super::screen::{self, BySet, ByText, ByValue, ByteClasses, Candidates, Literals};
use super::sources::Sources;

/// The rules for one kind of log, and how to tell which of them an entry may match.
#[derive(Debug, Default)]
pub struct Plan {
    /// The rules that run, by number.
    rules: Vec<u32>,
    /// Literals that stand somewhere in the entry.
    entry: Option<Literals>,
    lanes: Vec<Screen>,
    /// Rules that need a record.
    records: Vec<u32>,
    /// Rules that may match any entry.
    always: Vec<u32>,
}

/// What rules need of the sources of one lane.
#[derive(Debug)]
struct Screen {
    number: usize,
    lane: Lane,
    /// Of the lane: an entry without them has no value for it.
    fields: Fields,
    /// The comparisons whose needs are looked for: what is found are their numbers here.
    checks: Vec<Check>,
    /// What they say to a value that meets none of their needs.
    unmet: Answers,
    literals: Option<Literals>,
    /// By source.
    values: Vec<(usize, ByValue)>,
    classes: Vec<(usize, ByteClasses)>,
    /// Comparisons with every value.
    always: Vec<u32>,
    /// If all that is done with a value is to compare it with numbers: how, and for which rules.
    numbers: Option<Vec<(Order, f64, Vec<u32>)>>,
    /// Rules that need code of a family in the field, which is the same for all.
    payloads: Vec<(Field, Family, u32)>,
}

/// A comparison, and the rules that it makes candidates.
#[derive(Debug)]
struct Check {
    proof: Proof,
    rules: Vec<u32>,
}

/// Needs on their way into a screen, of the numbers of checks.
#[derive(Default)]
struct Needs {
    checks: Vec<Check>,
    /// Their numbers, by source and slot.
    known: FxHashMap<(usize, usize), u32>,
    texts: ByText,
    values: FxHashMap<usize, ByValue>,
    sets: FxHashMap<usize, BySet>,
    always: Vec<u32>,
    payloads: Vec<(Field, Family, u32)>,
}

impl Needs {
    /// Adds a need of a comparison for a rule.
    fn prove(&mut self, need: &Need, proof: &Proof, rule: u32) {
        let next = self.checks.len() as u32;
        let number = *self.known.entry((proof.source, proof.slot)).or_insert(next);
        if number == next {
            self.checks.push(Check { proof: proof.clone(), rules: Vec::new() });
        }
        let rules = &mut self.checks[number as usize].rules;
        if rules.last() != Some(&rule) {
            rules.push(rule);
        }
        // Another rule's comparison needs the same.
        if rules.len() == 1 {
            self.add(need, number);
        }
    }

    fn add(&mut self, need: &Need, number: u32) {
        match need {
            Need::Text(_, text) => self.texts.entry(text.clone()).or_default().push(number),
            Need::Value(source, value) => {
                let values = self.values.entry(*source).or_default();
                values.entry(value.clone()).or_default().push(number);
            }
            Need::Bytes(source, set) => self.set(*source, *set, number),
            Need::Present(_) | Need::Record | Need::Payload(_) => self.always.push(number),
        }
    }

    fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.payloads.is_empty()
    }

    fn set(&mut self, source: usize, set: ByteSet, number: u32) {
        let sets = self.sets.entry(source).or_default();
        match sets.iter_mut().find(|(known, _)| *known == set) {
            Some((_, numbers)) => numbers.push(number),
            None => sets.push((set, vec![number])),
        }
    }
}

/// A plan that is being made.
struct Draft<'s> {
    plan: Plan,
    sources: &'s Sources,
    /// By lane.
    lanes: Vec<Needs>,
    entry: ByText,
}

impl<'s> Draft<'s> {
    fn new(sources: &'s Sources) -> Self {
        let lanes = sources.lanes().iter().map(|_| Needs::default()).collect();
        Self { plan: Plan::default(), sources, lanes, entry: ByText::default() }
    }

    fn add(&mut self, rule: u32, witness: Option<&Witness>) {
        self.plan.rules.push(rule);
        match witness {
            Some(witness) => witness.needs.iter().for_each(|(need, proof)| {
                match proof.as_ref().and_then(|p| Some((p, self.sources.lane(p.source)?))) {
                    Some((proof, lane)) => self.lanes[lane].prove(need, proof, rule),
                    None => self.add_to_entry(need, rule),
                }
            }),
            None => self.plan.always.push(rule),
        }
    }

    /// A need that no lane can tell of.
    fn add_to_entry(&mut self, need: &Need, rule: u32) {
        match need {
            Need::Text(_, text) => self.entry.entry(text.clone()).or_default().push(rule),
            Need::Record => self.plan.records.push(rule),
            Need::Payload(family) => self.add_payload(*family, rule),
            Need::Value(..) | Need::Bytes(..) | Need::Present(_) => self.plan.always.push(rule),
        }
    }

    fn add_payload(&mut self, family: Family, rule: u32) {
        for field in payload::FIELDS {
            let lane = self.sources.number_of(Lane::of(*field));
            match lane.and_then(|lane| self.lanes.get_mut(lane)) {
                Some(needs) => needs.payloads.push((*field, family, rule)),
                None => self.plan.always.push(rule),
            }
        }
    }

    fn finish(mut self) -> Plan {
        self.plan.entry = Literals::new(self.entry).unwrap_or_else(|texts| {
            self.plan.always.extend(texts.into_values().flatten());
            None
        });
        let lanes = self.lanes.into_iter().zip(self.sources.lanes()).enumerate();
        let lanes = lanes.filter(|(_, (needs, _))| !needs.is_empty());
        self.plan.lanes = lanes.map(|(n, (needs, lane))| Screen::new(n, *lane, needs)).collect();
        self.plan
    }
}

impl Plan {
    pub(super) fn new<'w>(
        rules: impl Iterator<Item = (u32, Option<&'w Witness>)>,
        sources: &Sources,
    ) -> Self {
        let mut draft = Draft::new(sources);
        rules.for_each(|(rule, witness)| draft.add(rule, witness));
        draft.finish()
    }

    /// The rules that run, by number.
    pub fn rules(&self) -> &[u32] {
        &self.rules
    }

    /// Where the first literal in the raw `bytes` at or behind `from` begins; `None` if none
    /// follows.
    pub fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.entry.as_ref()?.next(bytes, from)
    }

    /// Adds the rules that the entry may match. `hit` says whether [`Plan::next`] found a literal
    /// in the raw entry.
    pub fn candidates(&self, subject: &mut Subject<'_>, hit: bool, found: &mut Candidates) {
        found.add(&self.always);
        if !subject.records.is_empty() {
            found.add(&self.records);
        }
        if let Some(literals) = &self.entry {
            in_entry(literals, subject, hit, found);
        }
        let event = subject.event;
        let lanes = self.lanes.iter().filter(|lane| event.has_any(lane.fields));
        lanes.for_each(|lane| lane.candidates(subject, found));
    }
}

fn in_entry(literals: &Literals, subject: &mut Subject<'_>, hit: bool, found: &mut Candidates) {
    let event = subject.event;
    if hit {
        literals.search(event.raw, found);
    }
    // No literal has a blank.
    if event.has_only_blanks() || subject.is_plain() {
        return;
    }
    literals.search_decoded(event.raw, 2, found);
    for value in event.foreign() {
        literals.search(value, found);
        literals.search_decoded(value, 2, found);
    }
}

/// Adds the rules whose comparison with a number holds: sooner made than remembered.
fn compare(numbers: &[(Order, f64, Vec<u32>)], number: f64, found: &mut Candidates) {
    for (order, wanted, rules) in numbers {
        if order.holds(number, *wanted) {
            found.add(rules);
        }
    }
}

impl Screen {
    fn new(number: usize, lane: Lane, needs: Needs) -> Self {
        let mut always = needs.always;
        let literals = Literals::new(needs.texts).unwrap_or_else(|texts| {
            always.extend(texts.into_values().flatten());
            None
        });
        let classes = needs.sets.into_iter().map(|(at, sets)| (at, ByteClasses::new(sets)));
        let compares = |check: &Check| match check.proof.matcher {
            Matcher::Number(order, wanted) => Some((order, wanted, check.rules.clone())),
            _ => None,
        };
        let alone = matches!(lane, Lane::Field(_)) && needs.payloads.is_empty();
        let numbers = alone.then(|| needs.checks.iter().map(compares).collect()).flatten();
        let mut unmet = Answers::default();
        needs.checks.iter().for_each(|check| unmet.set(check.proof.slot, Answer::Never));
        Self {
            number,
            lane,
            fields: lane.fields(),
            checks: needs.checks,
            unmet,
            literals,
            values: needs.values.into_iter().collect(),
            classes: classes.collect(),
            always,
            numbers,
            payloads: needs.payloads,
        }
    }

    fn candidates(&self, subject: &mut Subject<'_>, found: &mut Candidates) {
        // Of digits alone, which decoding does not change.
        if let Some(numbers) = &self.numbers
            && let Some(number) = self.lane.value(subject.event).and_then(whole_number)
        {
            return compare(numbers, number, found);
        }
        let row = subject.row_in(self.number, self.lane);
        if let Some(rules) = row.and_then(|row| subject.memo.rules(row)) {
            return found.add(rules);
        }
        self.find_out(subject, row, found);
    }

    /// Adds the rules that the values of the lane make candidates, and notes them in the row.
    fn find_out(&self, subject: &mut Subject<'_>, row: Option<Row>, found: &mut Candidates) {
        let mut scratch = std::mem::take(&mut subject.memo.scratch);
        self.rules(subject, row, &mut scratch);
        found.add(&scratch.rules);
        if let Some(row) = row {
            subject.memo.note_rules(row, &scratch.rules);
        }
        subject.memo.scratch = scratch;
    }

    fn rules(&self, subject: &mut Subject<'_>, row: Option<Row>, scratch: &mut Scratch) {
        let Scratch { found, checks, rules } = scratch;
        if let Some(row) = row {
            subject.memo.presume(row, &self.unmet);
        }
        self.search(subject, found);
        found.drain(checks);
        rules.clear();
        self.prove(subject, row, checks, rules);
        let event = subject.event;
        let suspect = |(field, ..): &(Field, Family, u32)| payload::suspect(event, *field);
        if self.payloads.first().is_some_and(suspect) {
            let mut does = |(field, family, _): &&(Field, Family, u32)| {
                subject.words(*field).iter().any(|word| word.family == *family)
            };
            rules.extend(self.payloads.iter().filter(&mut does).map(|(.., rule)| *rule));
        }
    }

    /// Adds the rules of comparisons that say yes: those that are soon made first, since one whose
    /// rules are all candidates by another need not be made here.
    fn prove(
        &self,
        subject: &mut Subject<'_>,
        row: Option<Row>,
        checks: &[u32],
        rules: &mut Vec<u32>,
    ) {
        let checks = || checks.iter().filter_map(|number| self.checks.get(*number as usize));
        let of = |dear| checks().filter(move |check| check.proof.matcher.is_dear() == dear);
        for check in of(false).chain(of(true)) {
            if check.rules.iter().all(|rule| rules.contains(rule)) {
                if let Some(row) = row {
                    subject.memo.forget(row, check.proof.slot);
                }
            } else if subject.proves(&check.proof, row) {
                rules.extend_from_slice(&check.rules);
            }
        }
    }

    fn search(&self, subject: &mut Subject<'_>, found: &mut Candidates) {
        found.add(&self.always);
        let layers = if subject.is_plain() { 0 } else { 2 };
        self.search_in(subject, subject.event, layers, found);
        if self.lane == Lane::Target {
            for (_, reading) in subject.readings() {
                self.search_in(subject, reading, 0, found);
            }
        }
    }

    /// Searches the values of an event, as they are and decoded up to `layers` times.
    fn search_in(
        &self,
        subject: &Subject<'_>,
        event: &Event<'_>,
        layers: u8,
        found: &mut Candidates,
    ) {
        if let Some(literals) = &self.literals {
            self.texts(subject, event, &mut |text| {
                literals.search(text, found);
                literals.search_decoded(text, layers, found);
            });
        }
        for (source, checks) in &self.values {
            subject.each_of(event, *source, &mut |value| {
                screen::look_up(value, layers, checks, found);
                false
            });
        }
        for (source, classes) in &self.classes {
            subject.each_of(event, *source, &mut |value| {
                classes.search(value, layers, found);
                false
            });
        }
    }

    /// The texts in which every value of the lane's sources stands.
    fn texts(&self, subject: &Subject<'_>, event: &Event<'_>, look: &mut dyn FnMut(&[u8])) {
        if let Some(whole) = self.lane.value(event) {
            return look(whole);
        }
        let mut sources: Vec<usize> = self.checks.iter().map(|check| check.proof.source).collect();
        sources.sort_unstable();
        sources.dedup();
        for source in sources {
            subject.each_of(event, source, &mut |value| {
                look(value);
                false
            });
        }
    }
}
