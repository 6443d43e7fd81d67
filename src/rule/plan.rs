//! Which rules can an entry match at all? The prefilter over a block of one kind of log.
//!
//! One automaton of the necessary literals of all rules for this kind runs over the raw bytes of
//! the block. An entry in which an escape could bring a literal about is decoded and searched
//! again; fields whose values are not in the entry as they stand (un-escaped by the parser) are
//! searched too. Rules without rare literals are found by their exact values in the parsed event,
//! or looked at for each entry.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use memchr::{memchr, memchr3_iter};
use rustc_hash::FxHashMap;

use crate::element::Record;
use crate::event::{Event, decode};
use crate::payload;

use super::field::Source;
use super::needle::{ByteSet, Need, Witness};

/// Up to so many literals the automaton is a DFA (about 7 kB of memory each); beyond, an NFA.
const DFA_NEEDLES: usize = 4_000;

/// The rules for one kind of log, and how to tell which of them an entry may match.
#[derive(Debug, Default)]
pub struct Plan {
    /// The rules that run, by number.
    pub(super) rules: Vec<u32>,
    automaton: Option<AhoCorasick>,
    /// By literal: the rules that need it.
    needing: Vec<Vec<u32>>,
    /// By source and exact value: the rules that need it.
    values: Vec<(usize, ByValue)>,
    /// By source: the rules that need one of some bytes in it.
    sets: Vec<(usize, BySet)>,
    /// The same, as they are looked for.
    classes: Vec<ByteClasses>,
    /// Rules that need any value of a source.
    present: Vec<(usize, u32)>,
    /// Rules that need a record.
    records: Vec<u32>,
    /// Rules that need a value with a sign that code needs.
    payloads: Vec<u32>,
    /// Rules that may match any entry.
    always: Vec<u32>,
    /// Bytes that stand in a literal.
    bytes: Bytes,
}

/// Rules by the bytes of which they need one.
type BySet = Vec<(ByteSet, Vec<u32>)>;

/// Rules by the exact value that they need.
type ByValue = FxHashMap<Vec<u8>, Vec<u32>>;

#[derive(Debug)]
struct Bytes([bool; 256]);

/// Rules by the bytes of which they need one in a source. Bytes that no rule tells apart are one
/// class, so that a value is looked through with one look-up for each byte.
#[derive(Debug)]
struct ByteClasses {
    source: usize,
    /// By byte: the bit of its class; none for bytes that no rule needs.
    class: Box<[u64; 256]>,
    /// Rules by the classes of which they need one.
    rules: Vec<(u64, Vec<u32>)>,
}

impl ByteClasses {
    /// Beyond so many, the rest shares the last class: found too often, never too seldom.
    const MOST: usize = 64;

    fn new(source: usize, sets: &BySet) -> Self {
        let mut class = Box::new([0; 256]);
        let mut kinds: Vec<Vec<bool>> = Vec::new();
        for byte in 0..=255_u8 {
            let kind: Vec<bool> = sets.iter().map(|(set, _)| set.has(byte)).collect();
            if !kind.contains(&true) {
                continue;
            }
            let at = kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
                kinds.push(kind);
                kinds.len() - 1
            });
            class[usize::from(byte)] = 1 << at.min(Self::MOST - 1);
        }
        let mask = |set: &ByteSet| set.iter().fold(0, |mask, byte| mask | class[usize::from(byte)]);
        let rules = sets.iter().map(|(set, rules)| (mask(set), rules.clone())).collect();
        Self { source, class, rules }
    }

    /// The classes of the bytes of a value, as it is and decoded.
    fn of(&self, value: &[u8], layers: u8) -> u64 {
        let mut found = value.iter().fold(0, |found, byte| found | self.class[usize::from(*byte)]);
        if layers > 0 && decode::changes(value) {
            found |= self.of(&decode::once(value), layers - 1);
        }
        found
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self([false; 256])
    }
}

/// The rules that an entry may match, in order.
#[derive(Debug, Default)]
pub struct Candidates {
    rules: Vec<u32>,
    seen: Vec<bool>,
}

impl Candidates {
    /// Takes them, in ascending order.
    pub fn drain(&mut self, into: &mut Vec<u32>) {
        into.clear();
        into.append(&mut self.rules);
        for rule in into.iter() {
            self.seen[*rule as usize] = false;
        }
        into.sort_unstable();
    }

    fn add(&mut self, rules: &[u32]) {
        for rule in rules {
            let at = *rule as usize;
            if self.seen.len() <= at {
                self.seen.resize(at + 1, false);
            }
            if !std::mem::replace(&mut self.seen[at], true) {
                self.rules.push(*rule);
            }
        }
    }
}

impl Plan {
    pub(super) fn new<'w>(rules: impl Iterator<Item = (u32, Option<&'w Witness>)>) -> Self {
        let mut plan = Self::default();
        let mut texts: FxHashMap<&[u8], Vec<u32>> = FxHashMap::default();
        for (rule, witness) in rules {
            plan.rules.push(rule);
            let Some(witness) = witness else {
                plan.always.push(rule);
                continue;
            };
            for need in &witness.needs {
                match need {
                    Need::Text(text) => texts.entry(text).or_default().push(rule),
                    Need::Value(source, value) => plan.value(*source, value, rule),
                    Need::Bytes(source, set) => plan.set(*source, *set, rule),
                    Need::Present(source) => plan.present.push((*source, rule)),
                    Need::Record => plan.records.push(rule),
                    Need::Payload => plan.payloads.push(rule),
                }
            }
        }
        plan.classes = plan.sets.iter().map(|(at, sets)| ByteClasses::new(*at, sets)).collect();
        plan.build(texts);
        plan
    }

    fn value(&mut self, source: usize, value: &[u8], rule: u32) {
        let at = self.values.iter().position(|(known, _)| *known == source);
        let at = at.unwrap_or_else(|| {
            self.values.push((source, FxHashMap::default()));
            self.values.len() - 1
        });
        self.values[at].1.entry(value.to_owned()).or_default().push(rule);
    }

    fn set(&mut self, source: usize, set: ByteSet, rule: u32) {
        let at = self.sets.iter().position(|(known, _)| *known == source);
        let at = at.unwrap_or_else(|| {
            self.sets.push((source, Vec::new()));
            self.sets.len() - 1
        });
        let sets = &mut self.sets[at].1;
        match sets.iter_mut().find(|(known, _)| *known == set) {
            Some((_, rules)) => rules.push(rule),
            None => sets.push((set, vec![rule])),
        }
    }

    fn build(&mut self, texts: FxHashMap<&[u8], Vec<u32>>) {
        let mut texts: Vec<(&[u8], Vec<u32>)> = texts.into_iter().collect();
        texts.sort();
        for byte in texts.iter().flat_map(|(text, _)| *text) {
            self.bytes.0[usize::from(byte.to_ascii_lowercase())] = true;
            self.bytes.0[usize::from(byte.to_ascii_uppercase())] = true;
        }
        let small = texts.len() <= DFA_NEEDLES;
        let kind = if small { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let needles: Vec<&[u8]> = texts.iter().map(|(text, _)| *text).collect();
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(kind))
            .prefilter(false)
            .build(&needles);
        match built {
            Ok(automaton) => {
                self.automaton = (!needles.is_empty()).then_some(automaton);
                self.needing = texts.into_iter().map(|(_, rules)| rules).collect();
            }
            // Too large to build: every rule is looked at for each entry.
            Err(_) => self.always.extend(texts.into_iter().flat_map(|(_, rules)| rules)),
        }
    }

    /// The rules that run, by number.
    pub fn rules(&self) -> &[u32] {
        &self.rules
    }

    /// Where the first literal in `bytes` at or behind `from` begins; `None` if none follows.
    pub fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let input = Input::new(bytes).range(from..).earliest(true);
        self.automaton.as_ref()?.find(input).map(|found| found.start())
    }

    /// Adds the rules that the entry may match. `hit` says whether [`Plan::next`] found a literal
    /// in the raw entry.
    pub fn candidates(
        &self,
        event: &Event<'_>,
        records: &[Record],
        sources: Sources<'_>,
        hit: bool,
        found: &mut Candidates,
    ) {
        found.add(&self.always);
        if !records.is_empty() {
            found.add(&self.records);
        }
        if !self.payloads.is_empty() && payload::suspect(event) {
            found.add(&self.payloads);
        }
        if self.automaton.is_some() {
            if hit {
                self.search(event.raw, found);
            }
            self.decode(event.raw, 2, found);
            for value in event.foreign() {
                self.search(value, found);
                self.decode(value, 2, found);
            }
        }
        self.candidates_within(event, records, sources, found);
        for (source, rules) in &self.values {
            if let Some(from) = sources.0.get(*source) {
                from.any(event, records, &mut |value| {
                    look_up(value, 2, rules, found);
                    false
                });
            }
        }
    }

    /// Adds the rules for which a value that they need is there, or one of their bytes in it, as it
    /// is or decoded.
    fn candidates_within(
        &self,
        event: &Event<'_>,
        records: &[Record],
        sources: Sources<'_>,
        found: &mut Candidates,
    ) {
        for (source, rule) in &self.present {
            if sources.0.get(*source).is_some_and(|from| from.any(event, records, &mut |_| true)) {
                found.add(&[*rule]);
            }
        }
        for classes in &self.classes {
            let Some(from) = sources.0.get(classes.source) else { continue };
            let mut present = 0;
            from.any(event, records, &mut |value| {
                present |= classes.of(value, 2);
                false
            });
            for (mask, rules) in &classes.rules {
                if mask & present != 0 {
                    found.add(rules);
                }
            }
        }
    }

    fn search(&self, bytes: &[u8], found: &mut Candidates) {
        let Some(automaton) = &self.automaton else { return };
        for hit in automaton.find_overlapping_iter(bytes) {
            found.add(&self.needing[hit.pattern().as_usize()]);
        }
    }

    /// Searches what decoding makes of a text, as often as `layers` says.
    fn decode(&self, text: &[u8], layers: u8, found: &mut Candidates) {
        if layers > 0 && self.brings_about(text, layers > 1) {
            let decoded = decode::once(text);
            self.search(&decoded, found);
            self.decode(&decoded, layers - 1, found);
        }
    }

    /// Whether decoding can bring a literal about, or (if `again`) an escape of the next layer,
    /// which may be of any printable letters: yes too often, never no wrongly.
    fn brings_about(&self, text: &[u8], again: bool) -> bool {
        let hex = |at: usize| (*text.get(at)? as char).to_digit(16);
        let matters = |at: usize| match text[at] {
            b'%' => match hex(at + 1).zip(hex(at + 2)) {
                Some((hi, lo)) => {
                    let byte = (hi * 16 + lo) as u8;
                    let letter =
                        self.bytes.0[usize::from(byte)] || again && byte.is_ascii_graphic();
                    letter || matches!(byte, 0xc0 | 0xc1 | 0xe0 | 0xf0)
                }
                None => matches!(text.get(at + 1), Some(b'u' | b'U')),
            },
            b'&' => {
                let window = &text[at..text.len().min(at + 16)];
                memchr(b';', window).is_some()
            }
            _ => matches!(text.get(at + 1), Some(b'x' | b'u')),
        };
        memchr3_iter(b'%', b'&', b'\\', text).any(matters)
            || memchr3_iter(0xc0, 0xc1, 0xe0, text).any(|at| is_overlong(text, at))
            || memchr::memchr_iter(0xf0, text).any(|at| is_overlong(text, at))
    }
}

/// Whether UTF-8 that is longer than it need be begins here.
fn is_overlong(text: &[u8], at: usize) -> bool {
    let Some(next) = text.get(at + 1) else { return false };
    match text[at] {
        0xe0 => (0x80..0xa0).contains(next),
        0xf0 => (0x80..0x90).contains(next),
        _ => true,
    }
}

/// The sources of the set that a plan belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'s>(pub(super) &'s [Source]);

fn look_up(value: &[u8], layers: u8, rules: &FxHashMap<Vec<u8>, Vec<u32>>, found: &mut Candidates) {
    const SHORT: usize = 64;
    let mut folded = [0; SHORT];
    let known = match folded.get_mut(..value.len()) {
        Some(folded) => {
            folded.copy_from_slice(value);
            folded.make_ascii_lowercase();
            rules.get(&*folded)
        }
        None => rules.get(&value.to_ascii_lowercase()),
    };
    if let Some(known) = known {
        found.add(known);
    }
    if layers > 0 && decode::changes(value) {
        look_up(&decode::once(value), layers - 1, rules, found);
    }
}
