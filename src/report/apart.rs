//! Which lines of a part file are there where sites are judged apart, on many machines?
//!
//! An estate is what the judgement of one site must know of all the others; a word is what one site
//! says to them; a case is its judgement, with the hits, which may be many, in lines of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::part::{Head, Line, PartError, write_line};
use crate::case::{Estate, Judged, SiteHit, Word};
use crate::scan::{Tally, Trace, Yield};

/// What part files hold besides what was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// What the judgement of one site must know of all the others.
    pub estate: Option<Estate>,
    words: BTreeMap<String, Word>,
    judged: BTreeMap<String, Judged>,
    hits: BTreeMap<String, Hits>,
    /// What the index of each stream is to be asked for; absent where it is kept whole.
    asked: Option<BTreeSet<Trace>>,
    /// Whether a stream was read.
    begun: bool,
}

/// Hits of a site, in numbered pieces.
pub(super) type Hits = BTreeMap<u32, Vec<SiteHit>>;

/// The most hits of a line.
const HITS: usize = 1 << 10;

impl Apart {
    /// Keeps of the index of each stream no more than what the words ask for.
    pub fn asking() -> Self {
        Self { asked: Some(BTreeSet::new()), ..Self::default() }
    }

    /// What the sites say to each other.
    pub fn words(&mut self) -> impl Iterator<Item = Word> {
        std::mem::take(&mut self.words).into_values()
    }

    /// Whether nothing was judged apart.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.judged.is_empty() && self.hits.is_empty()
    }

    /// Whether there is a case of the site.
    pub fn is_judged(&self, site: &str) -> bool {
        self.judged.contains_key(site)
    }

    /// The cases, with the hits that came along.
    pub fn judged(&mut self) -> Vec<Judged> {
        let mut judged = std::mem::take(&mut self.judged);
        for (site, hits) in std::mem::take(&mut self.hits) {
            if let Some(judged) = judged.get_mut(&site) {
                judged.case.hits = hits.into_values().flatten().collect();
            }
        }
        judged.into_values().collect()
    }

    /// Takes in what a line holds; gives back the rest.
    pub(super) fn take(&mut self, line: Line) -> Result<Option<Tally>, PartError> {
        if let Some(estate) = line.estate {
            self.estate = Some(estate);
            self.asked.get_or_insert_default();
        }
        if let Some(word) = line.word {
            self.listen(word)?;
        }
        if let Some(judged) = line.case {
            self.judged.insert(judged.case.site.clone(), judged);
        }
        if let (Some(site), Some(hits)) = (line.site, line.hits) {
            self.hits.entry(site).or_default().extend(hits);
        }
        Ok(line.tally.map(|tally| self.narrowed(tally)))
    }

    fn listen(&mut self, word: Word) -> Result<(), PartError> {
        if let Some(asked) = &mut self.asked {
            if self.begun {
                return Err(PartError::Late(word.site));
            }
            asked.extend(word.traces().cloned());
        }
        self.words.insert(word.site.clone(), word);
        Ok(())
    }

    fn narrowed(&mut self, mut tally: Tally) -> Tally {
        self.begun |= !tally.streams.is_empty();
        if let Some(asked) = &self.asked {
            tally.streams.values_mut().for_each(|yielded: &mut Yield| yielded.narrow(asked));
        }
        tally
    }
}

/// Writes an estate, under the head of the parts that it is of.
///
/// # Errors
///
/// If writing fails.
pub fn write_estate(head: Head, estate: Estate, out: &mut dyn Write) -> io::Result<()> {
    write_line(out, &Line { head: Some(head), estate: Some(estate), ..Line::default() })
}

/// Writes what sites say to the others, one line each.
///
/// # Errors
///
/// If writing fails.
pub fn write_words(words: Vec<Word>, out: &mut dyn Write) -> io::Result<()> {
    words.into_iter().try_for_each(|word| {
        let site = Some(word.site.clone());
        write_line(out, &Line { site, word: Some(word), ..Line::default() })
    })
}

/// Writes cases, one line each, and their hits, if they are wanted.
///
/// # Errors
///
/// If writing fails.
pub fn write_cases(judged: Vec<Judged>, hits: bool, out: &mut dyn Write) -> io::Result<()> {
    judged.into_iter().try_for_each(|mut judged| {
        let site = Some(judged.case.site.clone());
        let all = std::mem::take(&mut judged.case.hits);
        write_line(out, &Line { site: site.clone(), case: Some(judged), ..Line::default() })?;
        let pieces = (0..).zip(all.chunks(HITS)).filter(|_| hits);
        pieces.into_iter().try_for_each(|(number, piece)| {
            let hits = Some(Hits::from([(number, piece.to_vec())]));
            write_line(out, &Line { site: site.clone(), hits, ..Line::default() })
        })
    })
}
