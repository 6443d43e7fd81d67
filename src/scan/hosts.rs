//! How many sites may a stream name? Whoever sends requests chooses their Host header, so sites
//! that only such a header names are bounded: the first [`Bounds::hosts`] of a stream are kept,
//! the entries of the others belong to the site [`Place::OTHER_HOSTS`]. Which are kept, and the
//! order in which the others' hits and records stand, depend on the lines alone, not on blocks.

use std::collections::BTreeMap;

use super::{Bounds, Records, Series, SiteTally};
use crate::source::Place;

type Sites = BTreeMap<String, Box<SiteTally>>;

/// The sites of the next entries, without those for which there is no room beside `known`.
pub(super) fn admitted(known: &Sites, mut next: Sites, bounds: Bounds) -> Sites {
    let taken = known.values().filter(|site| site.named_at.is_some()).count();
    let new = next.iter().filter(|(name, _)| !known.contains_key(*name));
    let mut new: Vec<(u64, String)> =
        new.filter_map(|(name, site)| Some((site.named_at?, name.clone()))).collect();
    let room = bounds.hosts().saturating_sub(taken);
    if new.len() <= room {
        return next;
    }
    new.sort_unstable();
    let mut others = SiteTally::default();
    for (_, name) in new.drain(room..) {
        others.append(*next.remove(&name).unwrap_or_default(), bounds);
    }
    others.named_at = None;
    others.sort(bounds);
    next.entry(Place::OTHER_HOSTS.to_owned()).or_default().append(others, bounds);
    next
}

impl SiteTally {
    /// Puts what stands in the order of the stream into that order again.
    fn sort(&mut self, bounds: Bounds) {
        for hits in self.rules.values_mut() {
            hits.sort();
        }
        self.records = std::mem::take(&mut self.records).sorted();
        for series in self.series.values_mut() {
            *series = std::mem::take(series).sorted(bounds);
        }
    }
}

impl Records {
    fn sorted(self) -> Self {
        let mut facts: Vec<_> = self.facts.iter().collect();
        facts.sort_by_key(|fact| fact.line);
        let mut sorted = Self::default();
        for fact in facts {
            let client = fact.client.and_then(|client| self.clients.get(client));
            let client = client.map(|name| sorted.client(name));
            sorted.facts.push(&super::RecordFact { client, ..fact });
        }
        sorted.beyond = self.beyond;
        sorted
    }
}

impl Series {
    fn sorted(mut self, bounds: Bounds) -> Self {
        let mut points: Vec<_> = std::mem::take(&mut self.points).iter().collect();
        points.sort_by_key(|point| point.line);
        self.points.extend(points);
        let mut sorted = Self::default();
        sorted.append(&self, bounds);
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::super::Part;
    use super::*;

    /// What blocks of `size` lines make of a stream in which each line names a site.
    fn tallied(lines: &[String], size: usize) -> Sites {
        let mut all = Part::default();
        for (block, names) in lines.chunks(size).enumerate() {
            let mut part = Part::default();
            for (i, name) in names.iter().enumerate() {
                let line = (block * size + i) as u64;
                let tally = part.sites.entry(name.clone()).or_default();
                tally.entries += 1;
                let own = name.contains('.').then_some(line);
                tally.named_at = tally.named_at.or(own);
                let client = tally.records.client(&format!("192.0.2.{}", line % 50));
                tally.records.facts.push(&super::super::RecordFact {
                    class: crate::element::Elements::default(),
                    card: None,
                    email: None,
                    person: None,
                    date: None,
                    time: None,
                    client: Some(client),
                    way: super::super::Way::Usual,
                    line,
                });
            }
            all.append(part);
        }
        all.sites
    }

    #[test]
    fn a_flood_of_hosts_makes_a_bounded_number_of_sites() {
        let host = |n: usize| match n % 10 {
            0 => "listed".to_owned(),
            // Backwards, so that the order of names is not the order of lines.
            _ => format!("{:05}.example", 99_999 - n % 3_000),
        };
        let names: Vec<String> = (0..6_000).map(host).collect();
        let expected = tallied(&names, 1);
        assert_eq!(expected.len(), Bounds::default().hosts() + 2);
        let entries: u64 = expected.values().map(|site| site.entries).sum();
        assert_eq!((entries, expected["listed"].entries), (6_000, 600));
        for size in [2, 7, 1_500, 6_000] {
            assert!(tallied(&names, size) == expected, "blocks of {size} lines");
        }
    }
}
