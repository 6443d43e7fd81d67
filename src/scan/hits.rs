//! Which of a million hits are kept? The first, and of the others those that are unlike them.

use std::collections::HashMap;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::client::network;
use super::{Bounds, Hit, HitEntry};

/// The hits of one rule in one stream on one site. `counts` is exact; `hits` are, of each outcome,
/// the first [`Bounds::hits`] in the order of the stream, and behind them the first
/// [`HitSet::OF_KIND`] of each kind of hit: neither a scanner's ten thousand refusals nor ten
/// thousand harmless answers push out the one success behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitSet {
    /// All hits by outcome, in the order of [`Outcome`](super::Outcome).
    pub counts: [u64; 3],
    /// The hits that are kept.
    #[serde(deserialize_with = "in_order")]
    pub hits: Vec<Hit>,
    /// The outcomes, in that order, of which there were more kinds of hits than [`Bounds::kinds`]
    /// behind the first: what was not kept may be like none that was.
    #[serde(default, skip_serializing_if = "is_none_crowded")]
    pub crowded: [bool; 3],
    #[serde(skip)]
    behind: Behind,
}

/// Hits as a part file has them: pieces are joined by where they begin.
fn in_order<'de, D: Deserializer<'de>>(read: D) -> Result<Vec<Hit>, D::Error> {
    let hits = Vec::<Hit>::deserialize(read)?;
    if hits.is_sorted_by_key(|hit| (hit.line, hit.offset)) {
        return Ok(hits);
    }
    Err(D::Error::custom("hits that are not in the order of their log"))
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_none_crowded(crowded: &[bool; 3]) -> bool {
    *crowded == [false; 3]
}

impl HitSet {
    /// How many hits of a kind are kept behind the first: as many uses as make a planted page.
    pub const OF_KIND: u8 = 3;

    /// Adds a hit of a block, unless what is `known` of the entries before it, or the block itself,
    /// says that it will not be kept; if it does not, `show` makes it, with what it is only shown by,
    /// which is dear. Only what is appended to another set is kept as this one promises.
    pub fn push(
        &mut self,
        entry: &HitEntry,
        bounds: Bounds,
        known: Option<&Kinds>,
        show: impl FnOnce() -> Hit,
    ) {
        let count = &mut self.counts[entry.outcome as usize];
        *count += 1;
        if *count <= bounds.hits() as u64 && known.is_none()
            || self.may_be_kept(entry, bounds, known)
        {
            self.hits.push(show());
        }
    }

    /// Whether a hit behind the first ones may tell something new: not the fourth of its kind, even if
    /// the first is none.
    fn may_be_kept(&mut self, hit: &HitEntry, bounds: Bounds, known: Option<&Kinds>) -> bool {
        let kind = Kind::of(hit);
        match known.map_or(News::New, |known| known.news(&kind, bounds)) {
            News::New => {
                let kinds = &mut self.behind.0.get_or_insert_default()[hit.outcome as usize];
                Arc::make_mut(kinds).add(kind)
            }
            News::Known => false,
            News::Crowded => {
                self.crowded[hit.outcome as usize] = true;
                false
            }
        }
    }

    /// The kinds of hits of each outcome that are kept behind the first, where those are there.
    pub(super) fn kinds(&mut self, bounds: Bounds) -> [Option<Arc<Kinds>>; 3] {
        let counts = self.counts;
        let is_full = |outcome: &usize| counts[*outcome] >= bounds.hits() as u64;
        if !(0..3).any(|outcome| is_full(&outcome)) {
            return [const { None }; 3];
        }
        let behind = self.behind.of(&self.hits, bounds);
        std::array::from_fn(|o| Some(o).filter(is_full).map(|o| Arc::clone(&behind[o])))
    }

    /// All hits.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Hits that are counted and not kept, in that order.
    pub fn dropped(&self) -> [u64; 3] {
        let mut dropped = self.counts;
        for hit in &self.hits {
            let left = &mut dropped[hit.outcome as usize];
            *left = left.saturating_sub(1);
        }
        dropped
    }

    pub(super) fn append(&mut self, next: Self, bounds: Bounds) {
        let mut before = self.counts;
        for hit in next.hits {
            let before = &mut before[hit.outcome as usize];
            if self.wants(*before, &hit, bounds) {
                self.hits.push(hit);
            }
            *before += 1;
        }
        self.counts.iter_mut().zip(next.counts).for_each(|(ours, theirs)| *ours += theirs);
        self.crowded.iter_mut().zip(next.crowded).for_each(|(ours, theirs)| *ours |= theirs);
    }

    /// Forgets what only speeds appending up.
    pub(super) fn close(&mut self) {
        self.hits.shrink_to_fit();
        self.behind = Behind::default();
    }

    /// Puts hits that were appended in another order into that of the stream.
    pub(super) fn sort(&mut self) {
        self.hits.sort_by_key(|hit| hit.line);
        self.behind = Behind::default();
    }

    /// Whether a hit is kept that has so many of its outcome before it: one of the first, or one that
    /// tells something new.
    fn wants(&mut self, before: u64, hit: &Hit, bounds: Bounds) -> bool {
        if before < bounds.hits() as u64 {
            return true;
        }
        let kind = Kind::of(hit);
        let kinds = &mut self.behind.of(&self.hits, bounds)[hit.outcome as usize];
        match kinds.news(&kind, bounds) {
            News::New => Arc::make_mut(kinds).add(kind),
            News::Known => false,
            News::Crowded => {
                self.crowded[hit.outcome as usize] = true;
                false
            }
        }
    }
}

/// What tells one hit from another of the same rule and outcome, but for its time: who, where, and
/// how it was answered. Sizes within 64 bytes are alike, as an echo of the request makes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    client: Option<Box<str>>,
    path: Option<Box<str>>,
    status: Option<u16>,
    size: Option<u64>,
    output: bool,
}

impl Kind {
    fn of(hit: &HitEntry) -> Self {
        Self {
            client: hit.client.as_deref().map(|client| network(client).into()),
            path: hit.path.as_ref().map(|path| path.as_str().into()),
            status: hit.status,
            size: hit.bytes.map(|bytes| bytes / 64),
            output: hit.output,
        }
    }
}

/// What a hit adds to those that are kept.
enum News {
    New,
    Known,
    Crowded,
}

/// How many hits of each kind are kept behind the first ones of an outcome. Paths are an attacker's:
/// the map is keyed at random.
#[derive(Clone, Debug, Default)]
pub struct Kinds(HashMap<Kind, u8>);

impl Kinds {
    fn news(&self, kind: &Kind, bounds: Bounds) -> News {
        match self.0.get(kind) {
            Some(kept) if *kept >= HitSet::OF_KIND => News::Known,
            None if self.0.len() >= bounds.kinds() => News::Crowded,
            _ => News::New,
        }
    }

    /// Adds a hit, unless enough of its kind are there.
    fn add(&mut self, kind: Kind) -> bool {
        let kept = self.0.entry(kind).or_default();
        let is_new = *kept < HitSet::OF_KIND;
        *kept += u8::from(is_new);
        is_new
    }
}

/// By outcome; made anew when it is missing.
#[derive(Clone, Debug, Default)]
struct Behind(Option<Box<[Arc<Kinds>; 3]>>);

impl Behind {
    fn of(&mut self, kept: &[Hit], bounds: Bounds) -> &mut [Arc<Kinds>; 3] {
        self.0.get_or_insert_with(|| {
            let mut made: [Kinds; 3] = Default::default();
            let mut before = [0; 3];
            for hit in kept {
                let before = &mut before[hit.outcome as usize];
                if *before >= bounds.hits() {
                    made[hit.outcome as usize].add(Kind::of(hit));
                }
                *before += 1;
            }
            Box::new(made.map(Arc::new))
        })
    }
}

impl PartialEq for Behind {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Behind {}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;
    use crate::element::mask;
    use crate::event::decode::Layer;

    fn hit(line: u64, client: u64) -> Hit {
        let outcome = if line.is_multiple_of(3) { Outcome::Blocked } else { Outcome::Succeeded };
        let entry = HitEntry {
            line,
            offset: line,
            time: None,
            client: Some(format!("2001:db8:0:{client:x}::{line:x}").into()),
            path: Some(mask(b"/item", 0, 10)),
            user_agent: None,
            status: Some(200),
            bytes: Some(7_000 + line % 40),
            outcome,
            output: false,
            links: None,
            excerpt: mask(b"", 0, 1),
        };
        Hit { layer: Layer::Raw, entry: entry.into() }
    }

    /// Twenty thousand hits of a few clients, then a few of many.
    fn hits(clients: u64) -> Vec<Hit> {
        let many = (0..20_000).map(|line| hit(line, line % 5));
        many.chain((20_000..24_000).map(|line| hit(line, line % clients))).collect()
    }

    fn later(mut hit: Hit) -> Hit {
        Arc::make_mut(&mut hit.entry).line += 24_000;
        hit
    }

    fn block(hits: &[Hit], known: &[Option<Arc<Kinds>>; 3]) -> HitSet {
        let mut set = HitSet::default();
        for hit in hits {
            let known = known[hit.outcome as usize].as_deref();
            set.push(hit, Bounds::default(), known, || hit.clone());
        }
        set
    }

    fn set(hits: &[Hit]) -> HitSet {
        let mut set = HitSet::default();
        for hit in hits.chunks(1) {
            set.append(block(hit, &Default::default()), Bounds::default());
        }
        set
    }

    #[test]
    fn cuts_do_not_matter_behind_the_cap() {
        for clients in [9, 3_000] {
            let all = hits(clients);
            let whole = set(&all);
            for size in [900, 7_001, 11_000, 24_000] {
                let mut joined = HitSet::default();
                // A part file is read again between two blocks.
                for hits in all.chunks(size) {
                    let text = serde_json::to_string(&joined).unwrap();
                    joined = serde_json::from_str(&text).unwrap();
                    joined.append(block(hits, &Default::default()), Bounds::default());
                }
                assert!(joined == whole, "{clients} {size}");
            }
        }
    }

    /// Blocks are scanned with what was known when some of those before them were not appended yet.
    #[test]
    fn what_is_known_from_before_changes_nothing_that_is_kept() {
        for clients in [9, 3_000] {
            let mut all = hits(clients);
            all.extend(hits(2_000).into_iter().map(later));
            let (whole, mut joined) = (set(&all), HitSet::default());
            let mut known = vec![joined.kinds(Bounds::default())];
            let mut shown = 0;
            for (n, hits) in all.chunks(700).enumerate() {
                let next = block(hits, &known[(n * 7 / 8).min(n.saturating_sub(n % 4))]);
                shown += next.hits.len();
                joined.append(next, Bounds::default());
                known.push(joined.kinds(Bounds::default()));
            }
            assert!(joined == whole, "{clients}");
            assert!(shown < 40_000, "{shown}");
        }
    }

    #[test]
    fn a_hit_unlike_the_others_is_kept_whatever_is_before_it() {
        let few = set(&hits(9));
        assert_eq!((few.count(), few.crowded), (24_000, [false; 3]));
        assert_eq!(few.dropped().iter().sum::<u64>() + few.hits.len() as u64, 24_000);
        let client = |set: &HitSet, client: &str| {
            set.hits.iter().filter(|hit| hit.client.as_deref().unwrap().starts_with(client)).count()
        };
        assert_eq!(client(&few, "2001:db8:0:8::"), usize::from(HitSet::OF_KIND));
        let many = set(&hits(3_000));
        assert_eq!(many.crowded, [true, false, false]);
        let usual = Bounds::default();
        assert!(many.hits.len() <= 3 * (usual.hits() + 3 * usual.kinds()));
    }
}
