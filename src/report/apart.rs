//! Which lines of a part file are there where sites are judged apart, on many machines?
//!
//! An estate is what the judgement of one site must know of all the others; a word is what one site
//! says to them; a case is its judgement, with the hits, which may be many, in lines of their own.
//! Both carry the sum of the estate that they were made with: those of another one are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::part::{Head, Line, PartError, write_line};
use crate::case::{Estate, Judged, SiteHit, Word};
use crate::scan::{Tally, Trace, Yield};
use crate::source::{ContentId, Sum};

/// What part files hold besides what was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// What the judgement of one site must know of all the others.
    pub estate: Option<Estate>,
    words: BTreeMap<String, Word>,
    judged: BTreeMap<String, Judged>,
    hits: BTreeMap<String, Hits>,
    /// The sums of the estates that these were made with, and a site of each.
    made_with: BTreeMap<Option<ContentId>, String>,
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

    /// A site whose case was made with another estate.
    ///
    /// # Errors
    ///
    /// If the estate cannot be written.
    pub fn astray(&self, estate: &Estate) -> io::Result<Option<&str>> {
        let ours = Some(sum(estate)?);
        let other = self.made_with.iter().find(|(made_with, _)| **made_with != ours);
        Ok(other.map(|(_, site)| site.as_str()))
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
        let of_case = line.case.as_ref().map(|judged| &judged.case.site);
        let of_hits = line.site.as_ref().filter(|_| line.hits.is_some());
        if let Some(site) = of_case.or(of_hits) {
            self.made_with.entry(line.of).or_insert_with(|| site.clone());
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

/// The sum of an estate as it is written.
fn sum(estate: &Estate) -> io::Result<ContentId> {
    let mut sum = Sum::default();
    serde_json::to_writer(&mut sum, estate)?;
    Ok(sum.id())
}

/// Writes cases that were made with an estate, one line each, and their hits, if they are wanted.
///
/// # Errors
///
/// If writing fails.
pub fn write_cases(
    judged: Vec<Judged>,
    estate: &Estate,
    hits: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let of = Some(sum(estate)?);
    judged.into_iter().try_for_each(|mut judged| {
        let site = Some(judged.case.site.clone());
        let all = std::mem::take(&mut judged.case.hits);
        write_line(out, &Line { site: site.clone(), of, case: Some(judged), ..Line::default() })?;
        let pieces = (0..).zip(all.chunks(HITS)).filter(|_| hits);
        pieces.into_iter().try_for_each(|(number, piece)| {
            let hits = Some(Hits::from([(number, piece.to_vec())]));
            write_line(out, &Line { site: site.clone(), of, hits, ..Line::default() })
        })
    })
}
