//! What is told of one hit, line by line (`leaksweep.hit/1`)?

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::element::Masked;
use crate::event::decode::Layer;
use crate::rule::{Level, Stage};
use crate::scan::{HitEntry, Outcome};
use crate::time::Time;

/// One hit for the line-by-line output. There may be very many: what they have in common they share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Told", into = "Told")]
pub struct SiteHit {
    /// Where, and of which rule.
    pub of: Arc<HitOf>,
    /// The outcome, which is concluded from all hits of the site.
    pub outcome: Outcome,
    /// Which decoding layer matched.
    pub layer: Layer,
    /// The entry.
    pub entry: Arc<HitEntry>,
}

/// What all hits of one rule in one stream on one site have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HitOf {
    /// Site.
    pub site: String,
    /// Stream.
    pub source: String,
    /// Rule id.
    pub rule: String,
    /// Rule title.
    pub title: String,
    /// Rule level.
    pub level: Level,
    /// Stage.
    pub stage: Option<Stage>,
    /// Rule author.
    pub author: String,
}

impl Deref for SiteHit {
    type Target = HitEntry;

    fn deref(&self) -> &HitEntry {
        &self.entry
    }
}

/// A hit as it is written.
#[derive(Serialize, Deserialize)]
struct Told {
    site: String,
    source: String,
    line: u64,
    offset: u64,
    time: Option<Time>,
    client: Option<Arc<str>>,
    rule: String,
    title: String,
    level: Level,
    stage: Option<Stage>,
    outcome: Outcome,
    layer: Layer,
    author: String,
    excerpt: Masked,
}

impl From<SiteHit> for Told {
    fn from(hit: SiteHit) -> Self {
        let SiteHit { of, outcome, layer, entry } = hit;
        let HitOf { site, source, rule, title, level, stage, author } = Arc::unwrap_or_clone(of);
        let HitEntry { line, offset, time, client, excerpt, .. } = Arc::unwrap_or_clone(entry);
        Self {
            site,
            source,
            line,
            offset,
            time,
            client,
            rule,
            title,
            level,
            stage,
            outcome,
            layer,
            author,
            excerpt,
        }
    }
}

impl From<Told> for SiteHit {
    fn from(told: Told) -> Self {
        let Told { site, source, rule, title, level, stage, author, outcome, layer, .. } = told;
        let entry = HitEntry {
            line: told.line,
            offset: told.offset,
            time: told.time,
            client: told.client,
            excerpt: told.excerpt,
            ..HitEntry::of(outcome)
        };
        let of = HitOf { site, source, rule, title, level, stage, author };
        Self { of: of.into(), outcome, layer, entry: entry.into() }
    }
}
