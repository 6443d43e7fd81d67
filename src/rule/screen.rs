//! Which rules does a value make candidates? Literals, exact values and bytes that rules need,
//! looked for in a value as it stands in the log and in its decoded layers.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, Span};
use memchr::{memchr, memchr_iter, memchr3_iter};
use rustc_hash::FxHashMap;

use crate::event::decode;

use super::needle::{self, ByteSet};

/// Up to so many literals a DFA is made (about 7 kB of memory each).
const DFA_NEEDLES: usize = 4_000;
/// So many bytes are searched before one is: it takes longer to make than a small log to search.
const DFA_PAYS: usize = 1 << 20;

/// Rules by the exact value that they need.
pub(super) type ByValue = FxHashMap<Vec<u8>, Vec<u32>>;

/// Rules by the bytes of which they need one.
pub(super) type BySet = Vec<(ByteSet, Vec<u32>)>;

/// Rules by the literals that they need.
pub(super) type ByText = FxHashMap<Vec<u8>, Vec<u32>>;

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

    #[inline]
    pub(super) fn add(&mut self, rules: &[u32]) {
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

/// Literals, found by one automaton.
#[derive(Debug)]
pub(super) struct Literals {
    /// Soon made.
    nfa: AhoCorasick,
    /// Fast, and made when so much was searched that it pays.
    dfa: OnceLock<Option<AhoCorasick>>,
    /// Bytes that were searched without it.
    searched: AtomicUsize,
    /// Finds where a few literals may stand faster than an automaton does, by vectors.
    few: Option<Searcher>,
    /// By literal: the text, and the rules that need it.
    needing: Vec<(Vec<u8>, Vec<u32>)>,
    /// Bytes that stand in a literal.
    bytes: Box<[bool; 256]>,
}

impl Literals {
    /// `None` if there are none; the texts back if they are too many for an automaton.
    pub(super) fn new(texts: ByText) -> Result<Option<Self>, ByText> {
        if texts.is_empty() {
            return Ok(None);
        }
        let mut needing: Vec<(Vec<u8>, Vec<u32>)> = texts.into_iter().collect();
        needing.sort();
        let Some(nfa) = automaton(AhoCorasickKind::ContiguousNFA, &needing) else {
            return Err(needing.into_iter().collect());
        };
        let never = (needing.len() > DFA_NEEDLES).then_some(None);
        let dfa = never.map_or_else(OnceLock::new, OnceLock::from);
        let mut bytes = Box::new([false; 256]);
        for byte in needing.iter().flat_map(|(text, _)| text) {
            bytes[usize::from(byte.to_ascii_lowercase())] = true;
            bytes[usize::from(byte.to_ascii_uppercase())] = true;
        }
        let few = few(needing.iter().map(|(text, _)| text.as_slice()));
        Ok(Some(Self { nfa, dfa, searched: AtomicUsize::new(0), few, needing, bytes }))
    }

    /// The automaton to search so many bytes with. While one thread makes the fast one, the others
    /// go on with that which is there.
    fn automaton(&self, bytes: usize) -> &AhoCorasick {
        let pays = || {
            let before = self.searched.fetch_add(bytes, Ordering::Relaxed);
            before <= DFA_PAYS && before + bytes > DFA_PAYS
        };
        let dfa = || automaton(AhoCorasickKind::DFA, &self.needing);
        let made = match self.dfa.get() {
            None if pays() => Some(self.dfa.get_or_init(dfa)),
            known => known,
        };
        made.and_then(Option::as_ref).unwrap_or(&self.nfa)
    }

    /// Where the first literal in `bytes` at or behind `from` is; `None` if none follows.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        if let Some(few) = &self.few {
            return few.find_in(bytes, Span::from(from..bytes.len())).map(|found| found.start());
        }
        let input = Input::new(bytes).range(from..).earliest(true);
        self.automaton(bytes.len() - from).find(input).map(|found| found.start())
    }

    /// Searches a text as it is.
    pub(super) fn search(&self, text: &[u8], found: &mut Candidates) {
        for hit in self.automaton(text.len()).find_overlapping_iter(text) {
            found.add(&self.needing[hit.pattern().as_usize()].1);
        }
    }

    /// Searches what decoding makes of a text, as often as `layers` says.
    pub(super) fn search_decoded(&self, text: &[u8], layers: u8, found: &mut Candidates) {
        if layers > 0 && self.brings_about(text, layers > 1) {
            let decoded = decode::once(text);
            self.search(&decoded, found);
            self.search_decoded(&decoded, layers - 1, found);
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
                    let letter = self.bytes[usize::from(byte)] || again && byte.is_ascii_graphic();
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
            || memchr_iter(0xf0, text).any(|at| is_overlong(text, at))
    }
}

/// Finds the texts in any case.
fn automaton(kind: AhoCorasickKind, texts: &[(Vec<u8>, Vec<u32>)]) -> Option<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).kind(Some(kind)).prefilter(false);
    builder.build(texts.iter().map(|(text, _)| text)).ok()
}

/// Finds a piece of each literal, in any case, by vectors; `None` if they are too many for that.
fn few<'t>(texts: impl Iterator<Item = &'t [u8]>) -> Option<Searcher> {
    /// What the vectors hold.
    const MOST: usize = 64;
    let pieces: Option<Vec<Vec<u8>>> =
        texts.map(|text| piece(text).map(<[u8]>::to_ascii_lowercase)).collect();
    let mut pieces = pieces?;
    pieces.sort();
    pieces.dedup();
    // A text that begins like none before it goes into the bucket of the vectors that its number
    // says. So a spelling of each piece comes first, and different pieces share no bucket.
    let spelled = pieces.iter().flat_map(|piece| spellings(piece).into_iter().enumerate());
    let mut spelled: Vec<(usize, Vec<u8>)> = spelled.collect();
    spelled.sort();
    let searcher = || Searcher::new(spelled.iter().map(|(_, text)| text));
    (spelled.len() <= MOST).then(searcher).flatten()
}

/// A rare piece of a literal that has few spellings: signs have one case. Of those, one that begins
/// rarely, since the vectors look at the first two bytes.
fn piece(text: &[u8]) -> Option<&[u8]> {
    const RARE: f64 = 0.05;
    let letters = |piece: &[u8]| piece.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let begins = |piece: &[u8]| piece.get(..2).map_or(1.0, needle::share);
    let signs = text.windows(2).filter(|pair| pair.iter().all(u8::is_ascii_punctuation));
    let pieces = signs.chain(text.windows(3)).chain(text.windows(text.len().clamp(1, 4)));
    pieces.filter(|piece| needle::share(piece) <= RARE).min_by(|one, other| {
        letters(one).cmp(&letters(other)).then(begins(one).total_cmp(&begins(other)))
    })
}

/// A text in every case.
fn spellings(text: &[u8]) -> Vec<Vec<u8>> {
    text.iter().fold(vec![Vec::new()], |begun, byte| {
        let mut cases = vec![byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
        cases.dedup();
        begun.iter().flat_map(|b| cases.iter().map(|case| [b, &[*case][..]].concat())).collect()
    })
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

/// Looks a value up, as it is and decoded up to `layers` times.
pub(super) fn look_up(value: &[u8], layers: u8, rules: &ByValue, found: &mut Candidates) {
    if let Some(known) = rules.get(&value.to_ascii_lowercase()) {
        found.add(known);
    }
    if layers > 0 && decode::changes(value) {
        look_up(&decode::once(value), layers - 1, rules, found);
    }
}

/// Rules by the bytes of which they need one in a source. Bytes that no rule tells apart are one
/// class, so that a value is looked through with one look-up for each byte.
#[derive(Debug)]
pub(super) struct ByteClasses {
    /// By byte: the bit of its class; none for bytes that no rule needs.
    class: Box<[u64; 256]>,
    /// Rules by the classes of which they need one.
    rules: Vec<(u64, Vec<u32>)>,
}

impl ByteClasses {
    /// Beyond so many, the rest shares the last class: found too often, never too seldom.
    const MOST: usize = 64;

    pub(super) fn new(sets: BySet) -> Self {
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
        let rules = sets.into_iter().map(|(set, rules)| (mask(&set), rules)).collect();
        Self { class, rules }
    }

    /// Looks for the bytes in a value, as it is and decoded up to `layers` times.
    pub(super) fn search(&self, value: &[u8], layers: u8, found: &mut Candidates) {
        let present = self.of(value, layers);
        for (mask, rules) in &self.rules {
            if mask & present != 0 {
                found.add(rules);
            }
        }
    }

    fn of(&self, value: &[u8], layers: u8) -> u64 {
        let mut found = value.iter().fold(0, |found, byte| found | self.class[usize::from(*byte)]);
        if layers > 0 && decode::changes(value) {
            found |= self.of(&decode::once(value), layers - 1);
        }
        found
    }
}
