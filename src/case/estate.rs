//! What must the judgement of one site know of all the others?
//!
//! A site is judged from what its own streams hold and from an [`Estate`]: the few facts that all
//! evidence has in common, and what the sites have to tell each other. So each can be judged where
//! its own part of the evidence lies, and the result is that of judging all at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::scan::{Bounds, Copies, Index, Tally, Trace};
use crate::source::{ContentId, Gap, Window};
use crate::time::Time;

use super::Pivot;
use super::rotation::{self, Missing};
use super::suspect::Suspects;

/// What all streams show together, whatever their sites.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The widest bounds under which a stream was read.
    pub(super) bounds: Bounds,
    /// Contents that were found under more than one name.
    names: BTreeMap<ContentId, Vec<String>>,
    /// Streams that are the beginning of another one.
    pub(super) copies: BTreeSet<ContentId>,
    /// The names of those, by the stream that they are the beginning of.
    beginnings: BTreeMap<ContentId, Vec<String>>,
    /// The names of streams that may be the beginning of one: nobody looked.
    doubtful: BTreeMap<ContentId, Vec<String>>,
    /// Rotated files that are not there.
    pub(super) missing: Vec<Missing>,
    /// Trouble with evidence of which only the path says whose it is.
    pub(super) gaps: Vec<Gap>,
}

impl Overview {
    /// What the streams of a tally show.
    pub fn of(tally: &Tally) -> Self {
        let Copies { sure, doubtful } = tally.copies();
        let streams = || tally.streams.iter();
        let several = streams().filter(|(_, yielded)| yielded.stream.names.len() > 1);
        let siteless = tally.streams.values().filter(|yielded| yielded.part.sites.is_empty());
        let gaps = siteless.flat_map(|yielded| &yielded.stream.gaps);
        let gaps = gaps.chain(tally.sources.values().flat_map(|end| &end.gaps)).chain(&tally.gaps);
        Self {
            bounds: tally.bounds(),
            names: several.map(|(id, yielded)| (*id, yielded.stream.names.clone())).collect(),
            beginnings: by_whole(tally, &sure),
            doubtful: by_whole(tally, &doubtful),
            copies: sure.into_keys().collect(),
            missing: rotation::missing(tally),
            gaps: gaps.cloned().collect(),
        }
    }

    /// Prepares what was read of some sites for their judgement: what stands elsewhere, too, counts
    /// where it counts in all evidence together.
    pub fn settle(&self, tally: &mut Tally) {
        tally.rename(&self.names);
    }

    /// The streams that are the beginning of this one.
    pub(super) fn beginnings(&self, stream: &ContentId) -> &[String] {
        self.beginnings.get(stream).map_or(&[], Vec::as_slice)
    }

    /// The streams that may be.
    pub(super) fn doubtful(&self, stream: &ContentId) -> &[String] {
        self.doubtful.get(stream).map_or(&[], Vec::as_slice)
    }
}

/// The names of copies, by the stream that they are the beginning of.
fn by_whole(
    tally: &Tally,
    copies: &BTreeMap<ContentId, ContentId>,
) -> BTreeMap<ContentId, Vec<String>> {
    let mut names: BTreeMap<ContentId, Vec<String>> = BTreeMap::new();
    for (short, long) in copies {
        let of_short = tally.streams.get(short).into_iter().flat_map(|y| &y.stream.names);
        names.entry(*long).or_default().extend(of_short.cloned());
    }
    for names in names.values_mut() {
        names.sort_unstable();
    }
    names
}

/// What the other sites must know of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// The site.
    pub site: String,
    /// The last time in its logs.
    pub(super) last: Option<Time>,
    /// Who must be pursued.
    pub(super) suspects: Suspects,
}

impl Word {
    /// All that may be looked for.
    pub fn traces(&self) -> impl Iterator<Item = &Trace> {
        self.suspects.all()
    }
}

/// What all sites together say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The sites that said something.
    pub(super) sites: BTreeSet<String>,
    /// The latest time that the logs of two sites reach, so that one wrong stamp does not move it.
    last: Option<Time>,
    /// Who must be pursued.
    pub(super) suspects: Suspects,
    /// What is looked for.
    pub(super) traces: Vec<Trace>,
    /// How far it was.
    pub(super) pivot: Pivot,
}

impl Heard {
    /// What the words say, and the index of the streams to it.
    pub fn of(words: impl IntoIterator<Item = Word>, tally: &Tally, overview: &Overview) -> Self {
        let (mut heard, mut lasts) = (Self::default(), Vec::new());
        for word in words {
            lasts.extend(word.last);
            heard.sites.insert(word.site);
            heard.suspects.extend(word.suspects);
        }
        lasts.sort_unstable();
        heard.last = lasts.iter().rev().nth(1).or(lasts.last()).copied();
        let streams = heard.indices(tally, overview);
        heard.traces = heard.suspects.traces(&streams, overview.bounds);
        let beyond = heard.suspects.beyond(overview.bounds);
        heard.pivot = Pivot::new(tally, &heard.traces, beyond);
        heard
    }

    /// What is to be looked for.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// Which traces the streams of the sites may hold.
    fn indices<'t>(&self, tally: &'t Tally, overview: &Overview) -> Vec<&'t Index> {
        let whole = tally.streams.iter().filter(|(id, _)| !overview.copies.contains(*id));
        let of_sites = whole.map(|(_, yielded)| &yielded.part);
        let of_sites =
            of_sites.filter(|part| part.sites.keys().any(|site| self.sites.contains(site)));
        of_sites.map(|part| &part.index).collect()
    }

    /// Until when silence means something: as far as the logs reach, or the window's end if that is
    /// later.
    pub(super) fn evidence_end(&self, window: Option<Window>) -> Option<Time> {
        self.last.max(window.map(|window| window.to))
    }
}

/// What the judgement of one site must know of all the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estate {
    /// What all streams show together.
    pub overview: Overview,
    /// What all sites together say.
    pub heard: Heard,
}

impl Estate {
    /// A site that said nothing to the others.
    pub fn unheard<'s>(&self, mut sites: impl Iterator<Item = &'s str>) -> Option<&'s str> {
        sites.find(|site| !self.heard.sites.contains(*site))
    }

    /// A site that said something and is not among those that were judged.
    pub fn unjudged(&self, is_judged: impl Fn(&str) -> bool) -> Option<&str> {
        self.heard.sites.iter().map(String::as_str).find(|site| !is_judged(site))
    }
}
