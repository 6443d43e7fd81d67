//! Which hits follow from others? Sigma correlation rules, over the series of one site.
//!
//! All streams of the site are merged in the order of event time, not of arrival; ties go by
//! stream, line and the order of the rules. Matches without a readable time are not correlated; the
//! series count them. A correlation may refer to others: those are computed first.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::element::mask;
use crate::rule::{Correlation, Measure, RuleSet};
use crate::scan::{HitEntry, Outcome, Point};
use crate::time::Time;

use super::gather::{Gathered, Group};
use super::site::{Seen, Site, SiteStream};
use super::window::{Episode, Place};

/// Longest excerpt of a correlation's hit, characters.
const EXCERPT: usize = 500;

/// The hits of correlation rules: each is placed at the entry that completes it, under the
/// correlation rule's own number and with that entry's client, and its outcome is what the rule
/// says of the whole.
pub(super) fn hits<'t>(site: &Site<'t>, rules: &RuleSet) -> Vec<Seen<'t>> {
    let run = Run::new(site, rules);
    let mut found: Vec<(u32, &Correlation, &Match<'t>)> = Vec::new();
    for (index, correlation) in in_order(rules).into_iter().filter(|(i, _)| rules.reports(*i)) {
        let matches = run.derived.get(&index).into_iter().flatten();
        found.extend(matches.map(|m| (index, correlation, m)));
    }
    let kept = run.kept(&found.iter().map(|(.., found)| run.spot(found)).collect());
    found.iter().filter_map(|(index, c, found)| run.seen(*index, c, found, &kept)).collect()
}

/// The correlations that match, those that do not report among them.
pub(super) fn matched(site: &Site<'_>, rules: &RuleSet) -> BTreeSet<u32> {
    let derived = Run::new(site, rules).derived.into_iter();
    derived.filter(|(_, matches)| !matches.is_empty()).map(|(index, _)| index).collect()
}

/// Correlations, those that are referred to before those that refer to them (circles are refused
/// when rules are loaded).
fn in_order(rules: &RuleSet) -> Vec<(u32, &Correlation)> {
    let mut waiting: Vec<(u32, &Correlation)> = rules.correlations().collect();
    let mut ordered: Vec<(u32, &Correlation)> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let needed = |i: &u32| waiting.iter().any(|(w, _)| w == i);
        let (ready, rest): (Vec<_>, Vec<_>) =
            waiting.iter().copied().partition(|(_, c)| !c.rules.iter().any(needed));
        if ready.is_empty() {
            break;
        }
        ordered.extend(ready);
        waiting = rest;
    }
    ordered
}

/// A match of a correlation.
struct Match<'t> {
    group: Group<'t>,
    episode: Episode,
}

impl Match<'_> {
    /// The entry that completed it.
    fn at(&self) -> Place {
        self.episode.fired
    }
}

/// A place in a stream of that name: line and offset.
type Spot<'t> = (&'t str, u64, u64);

struct Run<'r, 't> {
    site: &'r Site<'t>,
    rules: &'r RuleSet,
    derived: BTreeMap<u32, Vec<Match<'t>>>,
}

impl<'r, 't> Run<'r, 't> {
    /// Evaluates all correlations.
    fn new(site: &'r Site<'t>, rules: &'r RuleSet) -> Self {
        let ordered = in_order(rules);
        let mut run = Self { site, rules, derived: BTreeMap::new() };
        for (index, correlation) in ordered {
            let matches = run.evaluate(correlation);
            run.derived.insert(index, matches);
        }
        run
    }

    fn evaluate(&self, correlation: &Correlation) -> Vec<Match<'t>> {
        let mut matches: Vec<Match<'t>> = Vec::new();
        self.gathered(correlation).episodes(correlation, |group, episode| {
            matches.push(Match { group, episode });
        });
        let order = |m: &Match<'t>| (m.at().time, m.at().stream, m.at().line);
        matches.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.group.cmp(&b.group)));
        matches
    }

    /// The matches of all rules that the correlation refers to, those without a value left out
    /// where a value is measured.
    fn gathered(&self, correlation: &Correlation) -> Gathered<'t> {
        let mut all = Gathered::of(correlation);
        for (position, rule) in correlation.rules.iter().enumerate() {
            match self.derived.get(rule) {
                Some(matches) => {
                    chained(self.rules, *rule, correlation, position, matches, &mut all);
                }
                None => self.series(*rule, correlation, position, &mut all),
            }
        }
        all
    }

    fn series(
        &self,
        rule: u32,
        correlation: &Correlation,
        position: usize,
        all: &mut Gathered<'t>,
    ) {
        let columns = self.rules.columns(rule).unwrap_or_default();
        let column = |field: &str| columns.iter().position(|column| column.name == field);
        let wanted = Wanted::new(correlation, position, column);
        for (stream, log) in (0..).zip(&self.site.streams) {
            let Some(series) = log.tally.series.get(&rule) else { continue };
            for point in series.points.iter() {
                let Point { time, line, offset, values } = point;
                let text = |column: usize| -> Option<&'t str> {
                    series.text(values.get(column).copied().flatten())
                };
                wanted.push(Place { time, stream, line, offset }, text, all);
            }
        }
    }

    /// Where the entry stands that completes a match.
    fn spot(&self, found: &Match<'t>) -> Spot<'t> {
        let source = self.stream(found.at().stream).map_or("", SiteStream::source);
        (source, found.at().line, found.at().offset)
    }

    fn stream(&self, number: u32) -> Option<&'r SiteStream<'t>> {
        self.site.streams.get(number as usize)
    }

    /// What is kept of the entries that stand there.
    fn kept(&self, wanted: &HashSet<Spot<'t>>) -> HashMap<Spot<'t>, &'r HitEntry> {
        let of = |seen: &'r Seen<'t>| {
            ((seen.source(), seen.hit.line, seen.hit.offset), &*seen.hit.entry)
        };
        self.site.hits.iter().map(of).filter(|(spot, _)| wanted.contains(spot)).collect()
    }

    fn seen(
        &self,
        rule: u32,
        correlation: &Correlation,
        found: &Match<'t>,
        kept: &HashMap<Spot<'t>, &HitEntry>,
    ) -> Option<Seen<'t>> {
        let stream = self.stream(found.at().stream)?;
        let completing = kept.get(&self.spot(found)).copied();
        let entry = HitEntry {
            client: client(correlation, found).or_else(|| completing?.client.clone()),
            path: completing.and_then(|hit| hit.path.clone()),
            user_agent: completing.and_then(|hit| hit.user_agent.clone()),
            status: completing.and_then(|hit| hit.status),
            bytes: completing.and_then(|hit| hit.bytes),
            line: found.at().line,
            offset: found.at().offset,
            time: Some(self.time(found.at().time)),
            outcome: completing.map_or(Outcome::Unknown, |hit| hit.outcome),
            output: completing.is_some_and(|hit| hit.output),
            links: completing.and_then(|hit| hit.links.clone()),
            excerpt: mask(self.tell(correlation, found).as_bytes(), 0, EXCERPT),
        };
        Some(Seen::concluded(rule, stream.facts, entry))
    }

    fn time(&self, micros: i64) -> Time {
        Time::from_micros(micros, self.site.offset())
    }

    /// The match in a sentence: how many, of whom, from when to when, and where to look.
    fn tell(&self, correlation: &Correlation, found: &Match<'t>) -> String {
        let named = correlation.group_by.iter().zip(&found.group);
        let by: Vec<String> = named.map(|(f, v)| format!("{f}={}", v.unwrap_or("-"))).collect();
        let Episode { count, first, fired, last, .. } = found.episode;
        let place = |place: &Place| {
            let name = self.stream(place.stream).map_or("", SiteStream::source);
            format!("{name}:{}", place.line)
        };
        let mut places = vec![first, fired, last];
        places.dedup_by_key(|place| Place { time: 0, ..*place });
        let places: Vec<String> = places.iter().map(place).collect();
        let of = if by.is_empty() { String::new() } else { format!(" of {}", by.join(" ")) };
        let (first, last) = (self.time(first.time), self.time(last.time));
        let what = if matches!(correlation.measure, Measure::Temporal | Measure::TemporalOrdered) {
            "matches together"
        } else {
            "matches"
        };
        format!("{count} {what}{of} from {first} to {last}: {}", places.join(" "))
    }
}

/// The client, where the correlation groups by it.
fn client(correlation: &Correlation, found: &Match<'_>) -> Option<Arc<str>> {
    let names = ["c-ip", "src_ip"];
    let at = correlation.group_by.iter().position(|field| names.contains(&field.as_str()))?;
    found.group.get(at).copied().flatten().map(Into::into)
}

/// The matches of another correlation: their fields are those that it groups by.
fn chained<'t>(
    rules: &RuleSet,
    rule: u32,
    correlation: &Correlation,
    position: usize,
    matches: &[Match<'t>],
    all: &mut Gathered<'t>,
) {
    let fields = rules.correlation(rule).map(|c| c.group_by.as_slice()).unwrap_or_default();
    let column = |field: &str| fields.iter().position(|f| f == field);
    let wanted = Wanted::new(correlation, position, column);
    for found in matches {
        wanted.push(found.at(), |column| found.group.get(column).copied().flatten(), all);
    }
}

/// Which columns of a rule's matches a correlation wants.
struct Wanted {
    /// The rule's position in the correlation.
    position: usize,
    /// What it groups by.
    by: Vec<Option<usize>>,
    /// What it measures.
    of: Vec<Option<usize>>,
}

impl Wanted {
    fn new(
        correlation: &Correlation,
        position: usize,
        column: impl Fn(&str) -> Option<usize>,
    ) -> Self {
        let mut by: Vec<Option<usize>> = correlation.columns(position).map(column).collect();
        let of = by.split_off(correlation.group_by.len().min(by.len()));
        Self { position, by, of }
    }

    /// Adds a match, unless it has no value where one is measured.
    fn push<'t>(
        &self,
        place: Place,
        text: impl Fn(usize) -> Option<&'t str>,
        all: &mut Gathered<'t>,
    ) {
        let text = |column: &Option<usize>| text((*column)?);
        let value = value(self.of.iter().map(text));
        if value.is_some() || self.of.is_empty() {
            let group = self.by.iter().map(text).collect();
            all.push(place, self.position, &group, value.as_deref());
        }
    }
}

/// The value of a match: of several fields, their tuple; `None` if one is absent.
fn value<'v>(mut texts: impl ExactSizeIterator<Item = Option<&'v str>>) -> Option<Cow<'v, str>> {
    if texts.len() == 1 {
        return texts.next()?.map(Cow::Borrowed);
    }
    let values: Vec<&str> = texts.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| Cow::Owned(values.join("\u{0}")))
}
