//! How do we tell it?
//!
//! A [`Report`] is a pure function of the cases and the facts of the run; every output format is a
//! pure function of the report, in a file of its own: [`Format::render`] chooses.
//!
//! # Guarantees
//!
//! * The same report gives the same bytes in every format.
//! * Text from logs is made safe for the place where it is shown: control and bidirectional
//!   characters are made visible, HTML is escaped, CSV cells are never formulas.

mod actor;
mod apart;
mod attack;
pub mod comparison;
mod csv;
mod ecs;
mod facts;
mod form;
mod format;
mod html;
mod json;
mod manifest;
mod ndjson;
mod news;
mod ocsf;
mod part;
mod plausible;
#[cfg(test)]
mod sample;
pub mod schema;
mod sums;
mod table;
mod text;
mod timesketch;
mod visible;

pub use apart::{Apart, write_cases, write_estate, write_words};
pub use comparison::Comparison;
pub use facts::show_command;
pub use form::{Language, Markup};
pub use format::{Format, Look, RenderError};
pub use manifest::{Input, Manifest, Output, sums_line};
pub use news::news;
pub use ocsf::OcsfVersion;
pub use part::{Head, PartError, PartFile};
pub use visible::visible;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::case::{Actor, Baseline, Case, Conclusion, Pivot};
use crate::scan::{Tally, Yield};
use crate::source::{ContentId, Gap, GapKind, SourceEnd, Window};

/// The schema of the report.
pub const SCHEMA: &str = "leaksweep.report/1";

/// The report (schema `leaksweep.report/1`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `leaksweep.report/1`.
    pub schema: String,
    /// The facts of the run.
    pub run: Run,
    /// One case per site, in the order of their names.
    pub sites: Vec<Case>,
    /// Who was at more than one site, or got in somewhere: one actor each.
    #[serde(default)]
    pub actors: Vec<Actor>,
    /// How the actors were followed through the evidence.
    #[serde(default)]
    pub pivot: Pivot,
}

/// The facts of a run that its result depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// `leaksweep 0.1.0`.
    pub tool: String,
    /// SHA-256 of the rule set.
    pub rules: String,
    /// Number of rules.
    pub rule_count: usize,
    /// The arguments.
    pub arguments: Vec<String>,
    /// The period under examination.
    pub window: Option<Window>,
    /// The zone assumed for stamps that name none.
    pub timezone: String,
    /// The limits of reading that were met: what stands beyond them was not examined.
    #[serde(default)]
    pub limits: Vec<Gap>,
    /// Everything that was read, by name.
    pub sources: Vec<RunSource>,
    /// The inventory, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<RunInventory>,
}

/// The inventory that a run took for true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInventory {
    /// Its path.
    pub path: String,
    /// SHA-256 of it.
    pub sha256: ContentId,
    /// Whether nobody named it: it lay in the evidence.
    pub found_in_evidence: bool,
}

/// One source as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSource {
    /// Its path.
    pub path: String,
    /// SHA-256 of its raw bytes; absent if it could not be opened.
    pub sha256: Option<ContentId>,
    /// Raw bytes.
    pub bytes: u64,
    /// Entries in its streams.
    pub lines: u64,
    /// Formats in it.
    pub format: Vec<String>,
    /// `ok`, `duplicate of PATH`, or what is wrong.
    pub status: String,
    /// The streams in it that are not the file itself: decompressed, members of archives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<RunStream>,
}

/// One stream inside a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStream {
    /// Its name: the source's path, `!` before each archive member.
    pub name: String,
    /// SHA-256 of its bytes as read: decompressed, UTF-16 made UTF-8.
    pub sha256: ContentId,
}

impl Report {
    /// Reads a report that was written as JSON.
    ///
    /// # Errors
    ///
    /// If it is none, or holds a count that no logs can lead to.
    pub fn read(mut from: impl std::io::Read) -> serde_json::Result<Self> {
        let mut text = Vec::new();
        from.read_to_end(&mut text).map_err(serde_json::Error::io)?;
        plausible::read(&text)
    }

    /// What is concluded from a tally.
    pub fn new(conclusion: Conclusion, tally: &Tally, run: Run) -> Self {
        let Conclusion { cases, actors, pivot } = conclusion;
        let (schema, run) = (SCHEMA.to_owned(), run.with_sources(tally));
        Self { schema, run, sites: cases, actors, pivot }
    }

    /// Adds the single hits, which a JSON report does not hold, from an ndjson output of the same
    /// run. Hits of sites that the report does not have are left out.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or a line is no hit.
    pub fn add_hits(&mut self, from: impl std::io::BufRead) -> std::io::Result<()> {
        for hit in ndjson::read(from)? {
            let at = self.sites.binary_search_by(|case| case.site.cmp(&hit.of.site));
            if let Some(case) = at.ok().and_then(|at| self.sites.get_mut(at)) {
                case.hits.push(hit);
            }
        }
        Ok(())
    }

    /// Marks each finding as new, changed or unchanged against an earlier report; none is left
    /// out. Findings are told by their id: rule, site and outcome.
    pub fn mark(&mut self, earlier: &Self) {
        let known: BTreeMap<&str, u64> =
            facts::findings(earlier).map(|(_, finding)| (&*finding.id, finding.count)).collect();
        for finding in self.sites.iter_mut().flat_map(|case| &mut case.findings) {
            finding.baseline = Some(match known.get(&*finding.id) {
                None => Baseline::New,
                Some(count) if *count == finding.count => Baseline::Unchanged,
                Some(_) => Baseline::Changed,
            });
        }
    }
}

impl Run {
    /// With what the tally knows of the sources.
    #[must_use]
    pub fn with_sources(mut self, tally: &Tally) -> Self {
        let met = tally.all_gaps().filter(|gap| gap.kind == GapKind::Limit);
        self.limits = met.cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let within = within(tally);
        let of = |path: &str| within.get(path).map(Vec::as_slice).unwrap_or_default();
        let (sources, copies) = (tally.sources.iter(), copies(tally));
        self.sources = sources.map(|(path, end)| source(path, end, of(path), &copies)).collect();
        self
    }
}

/// A stream and what it yielded.
type Within<'t> = (&'t ContentId, &'t Yield);

/// The streams in each source, in the order of their sums: looked up, since sources are many.
fn within(tally: &Tally) -> BTreeMap<&str, Vec<Within<'_>>> {
    let mut within: BTreeMap<&str, Vec<Within<'_>>> = BTreeMap::new();
    for (id, yielded) in &tally.streams {
        let paths: BTreeSet<&str> = yielded.stream.names.iter().flat_map(|n| paths(n)).collect();
        for path in paths {
            within.entry(path).or_default().push((id, yielded));
        }
    }
    within
}

/// Everything that the path of a stream's file may be: its name, up to any `!`.
fn paths(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('!').map(|(end, _)| end);
    ends.chain([name.len()]).map(|end| &name[..end])
}

/// Streams that are the beginning of another one, with the name of that.
fn copies(tally: &Tally) -> BTreeMap<ContentId, &str> {
    let name = |long| tally.streams.get(long)?.stream.names.first().map(String::as_str);
    let copies = tally.copies().sure;
    copies.iter().filter_map(|(short, long)| Some((*short, name(long)?))).collect()
}

/// One source's line in the report.
fn source(
    path: &str,
    end: &SourceEnd,
    within: &[Within<'_>],
    copies: &BTreeMap<ContentId, &str>,
) -> RunSource {
    let inside = |name: &&String| {
        name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('!'))
    };
    let mut line = RunSource {
        path: path.to_owned(),
        sha256: (end.sha256 != ContentId([0; 32])).then_some(end.sha256),
        bytes: end.bytes,
        lines: 0,
        format: Vec::new(),
        status: String::new(),
        streams: Vec::new(),
    };
    let mut troubles: Vec<String> = end.gaps.iter().map(|gap| gap.detail.clone()).collect();
    for (id, yielded) in within {
        let names = &yielded.stream.names;
        match (copies.get(*id), names.first().filter(|first| !inside(first))) {
            (Some(whole), _) => troubles.push(format!("duplicate of the beginning of {whole}")),
            (None, Some(first)) => troubles.push(format!("duplicate of {first}")),
            (None, None) => line.lines += yielded.part.entries,
        }
        let own = names.iter().filter(|name| inside(name) && **id != end.sha256);
        line.streams.extend(own.map(|name| RunStream { name: name.clone(), sha256: **id }));
        line.format.push(yielded.stream.format.clone());
        troubles.extend(yielded.stream.gaps.iter().map(|gap| gap.detail.clone()));
    }
    line.streams.sort_by(|a, b| a.name.cmp(&b.name));
    line.format.sort();
    line.format.dedup();
    line.status = if troubles.is_empty() { "ok".to_owned() } else { troubles.join("; ") };
    line
}
