//! What was examined, and what could not be? What gives "not confirmed" a meaning.
//!
//! Each check adds facts (gaps, notes) and, where a threshold of [`Criteria`] fails, a shortfall:
//! a sentence that stands in the way of `not-confirmed`.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Criteria, GapKind};
use crate::time::Time;

use super::catalog::Catalog;
use super::estate::{Heard, Overview};
use super::numbering::{self, Hole};
use super::rotation::{Missing, rotated};
use super::silence::Profile;
use super::site::Site;
use super::{Activity, Coverage, CoverageGap, Period, notice};

/// Kinds of log that every visit writes to: silence in others (WAF, errors) is their normal state.
const STEADY: &[&str] = &["access", "application", "gateway"];

/// What coverage is judged with besides the site itself.
pub(super) struct Basis<'b> {
    pub(super) catalog: &'b Catalog,
    pub(super) criteria: Criteria,
    pub(super) overview: &'b Overview,
    pub(super) heard: &'b Heard,
}

/// The logs of a site that stopped before the evidence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped {
    /// The last entry.
    pub(super) at: Time,
}

/// The coverage of a site. `breached` says that intruders are known there: then all logs stopping
/// together is containment and no hole.
pub(super) fn coverage(site: &Site<'_>, basis: &Basis<'_>, breached: bool) -> Coverage {
    let mut coverage = Coverage { criteria: basis.criteria, ..Coverage::default() };
    coverage.count(site);
    coverage.logs(site);
    coverage.spoiled(site);
    coverage.shares(&basis.criteria);
    coverage.silences(site, basis, breached);
    coverage.retention(site, &basis.criteria);
    coverage.rotations(site, &basis.overview.missing);
    coverage.sequences(site, &basis.criteria);
    coverage.notices(site);
    coverage.rules(site, basis);
    coverage.complete = coverage.shortfalls.is_empty();
    coverage
}

/// Whether all logs of the site stop long before the evidence ends: what a site that was taken
/// off the network looks like.
pub(super) fn stopped(site: &Site<'_>, basis: &Basis<'_>) -> Option<Stopped> {
    let (_, at) = site.span()?;
    let (end, criteria) = (basis.heard.evidence_end(site.window)?, &basis.criteria);
    let profiles = profiles(site);
    let together = profiles
        .iter()
        .all(|(_, profile, last)| !profile.is_hole_between(last.seconds(), at.seconds(), criteria));
    let enough = criteria.stopped_entries;
    let expected = profiles
        .iter()
        .map(|(_, profile, _)| profile.expected_between(at.seconds(), end.seconds(), enough));
    (together && expected.sum::<u64>() >= enough).then_some(Stopped { at })
}

/// Kind, profile and last time of each steady log of the site.
fn profiles<'t>(site: &Site<'t>) -> Vec<(&'t str, Profile, Time)> {
    let mut kinds: BTreeMap<&str, (BTreeMap<i64, u64>, Option<Time>)> = BTreeMap::new();
    for stream in site.streams.iter().filter(|s| STEADY.contains(&s.facts.log.as_str())) {
        let (hours, last) = kinds.entry(&stream.facts.log).or_default();
        for (hour, n) in stream.tally.hours.iter() {
            *hours.entry(*hour).or_default() += n;
        }
        *last = (*last).max(stream.tally.last);
    }
    let profile = |(kind, (hours, last)): (_, (_, Option<Time>))| {
        Some((kind, Profile::new(hours, site.offset()), last?))
    };
    kinds.into_iter().filter_map(profile).collect()
}

impl Coverage {
    fn count(&mut self, site: &Site<'_>) {
        self.sources = site.streams.iter().map(|stream| stream.name().to_owned()).collect();
        self.lines = site.streams.iter().map(|stream| stream.tally.entries).sum();
        self.unparsed = site.streams.iter().map(|stream| stream.tally.unparsed).sum();
        self.parsed = self.lines.saturating_sub(self.unparsed);
        self.timeless = site.streams.iter().map(|stream| stream.tally.timeless).sum();
        self.placed = notice::placed(site);
        self.span = site.span().map(|(start, end)| Period {
            start,
            end,
            basis: "first and last time in its logs".to_owned(),
        });
        self.activity = Activity::of(site);
    }

    /// Kinds of log, present and missing.
    fn logs(&mut self, site: &Site<'_>) {
        let with_entries = site.streams.iter().filter(|stream| stream.tally.entries > 0);
        let present: BTreeSet<&str> = with_entries.map(|stream| &*stream.facts.log).collect();
        self.logs = present.iter().filter(|l| !l.is_empty()).map(|l| (*l).to_owned()).collect();
        let stated = site.entry.map(|entry| &entry.expected).filter(|kinds| !kinds.is_empty());
        let default = vec!["access".to_owned()];
        let expected = stated.unwrap_or(&default);
        self.missing =
            expected.iter().filter(|kind| !present.contains(kind.as_str())).cloned().collect();
        for kind in &self.missing {
            let who = if stated.is_some() { "expected by the inventory" } else { "always needed" };
            self.shortfalls.push(format!("no {kind} log was supplied ({who})"));
        }
    }

    /// Evidence that could not be read whole.
    fn spoiled(&mut self, site: &Site<'_>) {
        for gap in &site.gaps {
            let why = format!("{}: {}", gap.source, gap.detail);
            if gap.kind.is_loss() {
                self.shortfalls.push(format!("{}: {why}", loss(gap.kind)));
            }
            self.gaps.push(CoverageGap { from: None, to: None, why });
        }
    }

    /// Shares of entries that could not be understood or placed.
    fn shares(&mut self, criteria: &Criteria) {
        if (1..criteria.entries).contains(&self.lines) {
            self.shortfalls.push(format!(
                "only {} entries were supplied (at least {} must be)",
                self.lines, criteria.entries
            ));
        }
        let checks = [
            (self.unparsed, criteria.unparsed_per_mille, "are no event of their log's format"),
            (self.timeless, criteria.timeless_per_mille, "have no readable time"),
        ];
        for (n, most, what) in checks {
            if u128::from(n) * 1_000 > u128::from(most) * u128::from(self.lines) {
                let lines = self.lines;
                self.shortfalls.push(format!(
                    "{n} of {lines} entries {what} (at most {most} of 1,000 may be so)"
                ));
            }
        }
    }

    /// Holes in time: within each kind of log, and at the edges of the window.
    fn silences(&mut self, site: &Site<'_>, basis: &Basis<'_>, breached: bool) {
        let Some((first, last)) = site.span() else { return };
        let stopped = stopped(site, basis).filter(|_| breached);
        let begin = site.window.map_or(first, |window| window.from);
        let end = match (site.window, stopped) {
            (Some(window), None) => window.to,
            (Some(window), Some(stopped)) => window.to.min(stopped.at),
            (None, _) => last,
        };
        let end = site.contained().map_or(end, |contained| end.min(contained));
        if let Some(Stopped { at }) = stopped {
            self.notes.push(format!("all logs of the site stop at {at}: taken for containment"));
        }
        let profiles = profiles(site);
        for (kind, profile, last) in &profiles {
            let others = profiles.iter().filter(|(other, ..)| other != kind);
            let others: Vec<&Profile> = others.map(|(_, profile, _)| profile).collect();
            for (from, to) in holes(profile, begin, *last, end, &basis.criteria) {
                self.hole(kind, from, to, others_went_on(&others, from, to));
            }
        }
    }

    fn hole(&mut self, kind: &str, from: Time, to: Time, went_on: bool) {
        let rest = if went_on { ", while other logs of the site went on" } else { "" };
        let why = format!("no entry in the {kind} log{rest}, at hours that are never silent");
        self.shortfalls.push(format!("{why}: {from} to {to}"));
        self.gaps.push(CoverageGap { from: Some(from), to: Some(to), why });
    }

    /// How far the logs reach back before the window.
    fn retention(&mut self, site: &Site<'_>, criteria: &Criteria) {
        let (Some(window), Some((first, _))) = (site.window, site.span()) else { return };
        let days = (window.from.seconds() - first.seconds()).div_euclid(86_400).max(0);
        if (days as u64) < criteria.retention_days {
            self.shortfalls.push(format!(
                "the logs reach {days} days back before the window (at least {} they must)",
                criteria.retention_days
            ));
        } else if days > 0 {
            self.notes.push(format!("the logs reach {days} days back before the window"));
        }
    }

    /// Rotated files that are missing.
    fn rotations(&mut self, site: &Site<'_>, missing: &[Missing]) {
        let names = site.streams.iter().flat_map(|stream| &stream.facts.names);
        let bases: BTreeSet<String> = names.map(|name| rotated(name).0).collect();
        for hole in missing.iter().filter(|hole| bases.contains(&hole.base)) {
            let why =
                format!("rotated files of {} are missing: {}", hole.base, hole.files.join(" "));
            let outside = site.window.is_some_and(|window| {
                hole.to.is_some_and(|to| to < window.from)
                    || hole.from.is_some_and(|from| from > window.to)
            });
            if outside {
                self.notes.push(format!("{why} (outside the window)"));
                continue;
            }
            self.shortfalls.push(why.clone());
            self.gaps.push(CoverageGap { from: hole.from, to: hole.to, why });
        }
    }

    /// Numbers that are missing from sequences.
    fn sequences(&mut self, site: &Site<'_>, criteria: &Criteria) {
        for hole in numbering::holes(site, criteria) {
            let Hole { log, field, from, to, missing } = hole;
            let why = format!(
                "{log}: {missing} numbers of {field} are missing, which has no such hole elsewhere"
            );
            if site.window.is_some_and(|window| to < window.from || from > window.to) {
                self.notes.push(format!("{why}: {from} to {to} (outside the window)"));
                continue;
            }
            self.shortfalls.push(format!("{why}: {from} to {to}"));
            self.gaps.push(CoverageGap { from: Some(from), to: Some(to), why });
        }
    }
}

/// The holes of one kind of log between the begin and the end of what must be covered.
fn holes(
    profile: &Profile,
    begin: Time,
    last: Time,
    end: Time,
    criteria: &Criteria,
) -> Vec<(Time, Time)> {
    let at = |second: i64| Time::from_micros(second * 1_000_000, begin.offset());
    let within = profile.holes(criteria).into_iter().map(|s| (s.from * 3_600, s.to * 3_600));
    let first = profile.first_hour().unwrap_or(0) * 3_600;
    let edges = [(begin.seconds(), first), (last.seconds(), end.seconds())];
    let edges =
        edges.into_iter().filter(|(from, to)| profile.is_hole_between(*from, *to, criteria));
    let mut all: Vec<(i64, i64)> = within.chain(edges).collect();
    all.sort_unstable();
    let inside =
        all.into_iter().filter(|(from, to)| *to > begin.seconds() && *from < end.seconds());
    inside.map(|(from, to)| (at(from), at(to))).collect()
}

fn others_went_on(others: &[&Profile], from: Time, to: Time) -> bool {
    others.iter().any(|profile| profile.has_entries_between(from.seconds(), to.seconds()))
}

fn loss(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Missing => "a path is missing",
        GapKind::Permission => "a path may not be read",
        GapKind::Io => "reading failed",
        GapKind::Truncated => "a file is cut short",
        GapKind::Corrupt => "a file is damaged",
        GapKind::TrailingGarbage => "a file has foreign bytes at its end",
        GapKind::Limit => "a limit was reached",
        GapKind::Unsupported => "a file cannot be opened",
        GapKind::Binary => "a file, or a part of one, is no log",
        GapKind::Hole => "a file has holes",
        GapKind::Rewritten => "a log was emptied or rewritten",
        GapKind::Skipped => "a file was skipped",
        GapKind::Earlier => "the rules have changed since",
        GapKind::Stopped => "the run was stopped",
    }
}
