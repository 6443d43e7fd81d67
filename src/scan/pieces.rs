//! How is what a stream yielded cut into pieces of about a megabyte, so that what reads lines of a
//! part file as a whole need not hold a whole log's? Each can be merged by itself, in any order and
//! more than once. All pieces of a site hold all that its judgement takes from the stream.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Facts, Hit, Part, Points, SiteTally, StreamFacts, Texts, Trace, Trails, Yield};

/// What there may be many of.
enum Piece {
    Clients(Texts),
    Texts(u32, Texts),
    Facts(Facts),
    Points(u32, Points),
    Hits(u32, Vec<Hit>),
}

impl Piece {
    /// The most hits of a piece.
    const HITS: usize = 1 << 10;

    /// About how many bytes the pieces of a line take, at most.
    const LINE: usize = 1 << 20;

    /// About how many bytes it takes as text.
    fn weight(&self) -> usize {
        match self {
            Self::Clients(texts) | Self::Texts(_, texts) => texts.weight(),
            Self::Facts(facts) => 250 * facts.len(),
            Self::Points(_, points) => 80 * points.len(),
            Self::Hits(_, hits) => 700 * hits.len(),
        }
    }

    /// Adds it to what is there of the same kind; what both hold is the same in both.
    fn join(self, site: &mut SiteTally) {
        match self {
            Self::Clients(texts) => site.records.clients.join(texts),
            Self::Texts(rule, texts) => site.series.entry(rule).or_default().texts.join(texts),
            Self::Facts(facts) => site.records.facts.join(facts),
            Self::Points(rule, points) => site.series.entry(rule).or_default().points.join(points),
            Self::Hits(rule, hits) => {
                let ours = &mut site.rules.entry(rule).or_default().hits;
                let place = |hit: &Hit| (hit.line, hit.offset);
                let Some(first) = hits.first().map(place) else { return };
                if let Err(at) = ours.binary_search_by_key(&first, place) {
                    ours.splice(at..at, hits);
                }
            }
        }
    }

    /// Nothing but this piece.
    fn alone(self) -> SiteTally {
        let mut site = SiteTally::default();
        self.join(&mut site);
        site
    }
}

/// Takes what a piece says, unless it is known; what both say is the same.
fn take<T: Default + PartialEq>(ours: &mut T, theirs: T) {
    if *ours == T::default() {
        *ours = theirs;
    }
}

impl StreamFacts {
    fn join(&mut self, other: Self) {
        let Self { names: _, bytes, head, format, log, unable, gaps } = other;
        take(&mut self.bytes, bytes);
        take(&mut self.head, head);
        take(&mut self.format, format);
        take(&mut self.log, log);
        take(&mut self.unable, unable);
        take(&mut self.gaps, gaps);
    }
}

impl Part {
    fn join(&mut self, other: Self) {
        let Self { sites, bounds, entries, bytes, index, sequences, disorder, ends } = other;
        take(&mut self.bounds, bounds);
        take(&mut self.entries, entries);
        take(&mut self.bytes, bytes);
        take(&mut self.sequences, sequences);
        take(&mut self.disorder, disorder);
        take(&mut self.ends, ends);
        self.index.append(index);
        for (site, tally) in sites {
            match self.sites.entry(site) {
                Entry::Vacant(empty) => drop(empty.insert(tally)),
                Entry::Occupied(mut ours) => ours.get_mut().join(*tally),
            }
        }
    }
}

impl Yield {
    /// Another piece of the same reading.
    pub(super) fn join(&mut self, other: Self) {
        let Self { stream, part, trails, prefixes: _ } = other;
        self.stream.join(stream);
        self.part.join(part);
        for (trace, of_sites) in trails {
            self.trails.entry(trace).or_default().extend(of_sites);
        }
    }

    /// The stream as a whole, then what it holds of each site.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Option<&str>, Self)> {
        let followed = self.trails.values().flat_map(BTreeMap::keys);
        let sites: BTreeSet<&String> = self.part.sites.keys().chain(followed).collect();
        let of_sites = sites
            .into_iter()
            .flat_map(|site| self.pieces_of(site).map(move |piece| (Some(site.as_str()), piece)));
        std::iter::once((None, self.whole())).chain(of_sites)
    }

    /// What is not about one site; the sites are only named.
    fn whole(&self) -> Self {
        let Part { sites, bounds, entries, bytes, index, sequences, disorder, ends } = &self.part;
        let named: BTreeMap<_, _> =
            sites.keys().map(|site| (site.clone(), Box::default())).collect();
        let mut stream = self.stream.clone();
        let mut part = Part {
            bounds: *bounds,
            entries: *entries,
            bytes: *bytes,
            index: index.clone(),
            disorder: *disorder,
            ends: *ends,
            ..Part::default()
        };
        // What only the judgement of its sites takes stands with each of them.
        if named.is_empty() {
            part.sequences = sequences.clone();
        } else {
            stream.unable = Arc::default();
        }
        part.sites = named;
        let trails = self.trails.keys().map(|trace| (trace.clone(), Trails::new())).collect();
        Self { stream, part, trails, prefixes: self.prefixes.clone() }
    }

    /// What the judgement of a site takes from the stream.
    fn pieces_of(&self, site: &str) -> impl Iterator<Item = Self> {
        let nothing = || Self::named(&self.stream.names);
        let mut tallies = self.part.sites.get(site).into_iter().flat_map(|tally| tally.pieces());
        let mut first = nothing();
        if let Some(tally) = tallies.next() {
            let Part { bounds, disorder, ref sequences, .. } = self.part;
            let (sites, sequences) = (with(site, tally), sequences.clone());
            first.stream = self.stream.clone();
            first.part = Part { sites, bounds, sequences, disorder, ..Part::default() };
        }
        for (trace, of_sites) in &self.trails {
            if let Some(trail) = of_sites.get(site) {
                let trail = Trails::from([(site.to_owned(), trail.clone())]);
                first.trails.insert(trace.clone(), trail);
            }
        }
        let rest = tallies.map(move |tally| {
            let mut piece = nothing();
            piece.part.sites = with(site, tally);
            piece
        });
        std::iter::once(first).chain(rest)
    }

    /// Forgets which traces the stream may hold but for some: it then answers as before for those
    /// alone, and in little room.
    pub fn narrow(&mut self, traces: &BTreeSet<Trace>) {
        let index = std::mem::take(&mut self.part.index);
        if !traces.is_empty() {
            self.part.index = index.narrowed(traces);
        }
    }
}

fn with(site: &str, tally: SiteTally) -> BTreeMap<String, Box<SiteTally>> {
    BTreeMap::from([(site.to_owned(), tally.into())])
}

impl SiteTally {
    /// Another piece of what the same stream yielded.
    fn join(&mut self, mut other: Self) {
        let mut theirs = other.take_pieces();
        if other.entries > self.entries {
            theirs.extend(self.take_pieces());
            *self = other;
        }
        for piece in theirs {
            piece.join(self);
        }
    }

    /// The pieces: first all with as much of what there may be many of as a line holds.
    fn pieces(&self) -> impl Iterator<Item = Self> {
        let mut whole = self.clone();
        let (mut rest, mut weight) = (Vec::new(), 0);
        for piece in whole.take_pieces() {
            weight += piece.weight();
            if weight <= Piece::LINE { piece.join(&mut whole) } else { rest.push(piece) }
        }
        std::iter::once(whole).chain(rest.into_iter().map(Piece::alone))
    }

    /// Takes out what there may be many of.
    fn take_pieces(&mut self) -> Vec<Piece> {
        let clients = std::mem::take(&mut self.records.clients).into_pieces().map(Piece::Clients);
        let mut pieces: Vec<Piece> = clients.collect();
        for (rule, series) in &mut self.series {
            let texts = std::mem::take(&mut series.texts).into_pieces();
            pieces.extend(texts.map(|piece| Piece::Texts(*rule, piece)));
        }
        let facts = std::mem::take(&mut self.records.facts).into_pieces().map(Piece::Facts);
        let points = self.series.iter_mut().flat_map(|(rule, series)| {
            let pieces = std::mem::take(&mut series.points).into_pieces();
            pieces.map(|piece| Piece::Points(*rule, piece))
        });
        let hits = self.rules.iter_mut().flat_map(|(rule, set)| {
            let mut all = std::mem::take(&mut set.hits).into_iter();
            let pieces = std::iter::from_fn(move || Some(all.by_ref().take(Piece::HITS).collect()));
            let some = pieces.take_while(|piece: &Vec<Hit>| !piece.is_empty());
            some.map(|piece| Piece::Hits(*rule, piece))
        });
        pieces.extend(facts.chain(points).chain(hits));
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bounds, HitEntry, Outcome, Point};
    use super::*;
    use crate::element::Masked;
    use crate::event::decode::Layer;

    fn hit(line: u64) -> Hit {
        let entry = HitEntry {
            line,
            offset: 100 * line,
            time: None,
            client: None,
            path: None,
            user_agent: None,
            status: Some(200),
            bytes: None,
            outcome: Outcome::Succeeded,
            output: false,
            links: None,
            excerpt: Masked::default(),
        };
        Hit { layer: Layer::Raw, entry: entry.into() }
    }

    #[test]
    fn many_hits_matches_and_texts_are_several_lines_that_come_in_any_order() {
        let (mut whole, usual) =
            (SiteTally { entries: 9, ..SiteTally::default() }, Bounds::default());
        for line in 0..9_000 {
            let rule = (line % 2) as u32;
            whole.rules.entry(rule).or_default().push(&hit(line), usual, None, || hit(line));
            let series = whole.series.entry(rule).or_default();
            let text = format!("{line:-<200}");
            series.push(Some(line as i64), line, 100 * line, &[Some(&text)], usual);
            whole.records.client(&text);
        }
        let pieces: Vec<SiteTally> = whole.pieces().collect();
        assert!(pieces.len() > 30, "{}", pieces.len());
        assert!(!pieces.len().is_multiple_of(7), "all of them come");
        for order in [1, 7, pieces.len() - 1] {
            let mut joined = SiteTally::default();
            for at in (0..3 * pieces.len()).map(|n| n * order % pieces.len()) {
                let line = serde_json::to_string(&pieces[at]).unwrap();
                assert!(line.len() < 2 * Piece::LINE);
                joined.join(serde_json::from_str(&line).unwrap());
            }
            assert!(joined == whole, "{order}");
        }
        let points = |site: &SiteTally| -> Vec<Point> {
            site.series.values().flat_map(|series| series.points.iter()).collect()
        };
        assert_eq!(points(&whole).len(), 9_000);
    }
}
