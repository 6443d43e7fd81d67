//! What is no lack of evidence, but must be known to judge it? Copies, clocks that ran back, hosts
//! that contradict each other, hits that were only counted.

use crate::scan::HitSet;
use crate::source::Rank;

use super::site::Site;
use super::{Coverage, Placement};

impl Coverage {
    /// Notes them.
    pub(super) fn notices(&mut self, site: &Site<'_>) {
        self.oddities(site);
        self.foreign_hosts(site);
        self.hosts_at_odds(site);
        self.bounds(site);
    }

    /// What was met of the bounds on what an attacker can make up.
    fn bounds(&mut self, site: &Site<'_>) {
        for stream in &site.streams {
            let (name, tally) = (stream.name(), stream.tally);
            let dropped: u64 = tally.series.values().map(|series| series.dropped).sum();
            if dropped > 0 {
                self.shortfalls.push(format!(
                    "{name}: {dropped} matches were only counted, not correlated with others: what \
                     they show together cannot be seen"
                ));
            }
            if tally.pages.beyond > 0 {
                self.notes.push(format!(
                    "{name}: {} answers are of pages beyond the first {}: what is usual there is not \
                     known, so that their outcome stays open",
                    tally.pages.beyond,
                    stream.bounds.pages()
                ));
            }
            if tally.records.beyond > 0 {
                self.notes.push(format!(
                    "{name}: {} records are of clients beyond the first {}: whether an intruder \
                     read them is not known",
                    tally.records.beyond,
                    stream.bounds.clients()
                ));
            }
            if tally.hours.len() == stream.bounds.hours() {
                self.shortfalls.push(format!(
                    "{name}: only the first {} hours with entries are told apart: holes behind \
                     them cannot be seen",
                    stream.bounds.hours()
                ));
            }
        }
    }

    /// Lines whose host is no site's: sent by chance or to deceive, or of a site that the inventory
    /// lacks.
    fn foreign_hosts(&mut self, site: &Site<'_>) {
        for stream in &site.streams {
            let foreign = stream.tally.placed[Rank::ForeignHost as usize];
            if foreign > 0 {
                self.notes.push(format!(
                    "{}: {foreign} of {} entries name a host that no site of the inventory has; \
                     they are the site's by their path",
                    stream.name(),
                    stream.tally.entries
                ));
            }
        }
    }

    /// Requests for an absolute URI of another host than the one that tells the site.
    fn hosts_at_odds(&mut self, site: &Site<'_>) {
        for stream in &site.streams {
            let odds = &stream.tally.at_odds;
            let Some(first) = &odds.first else { continue };
            self.notes.push(format!(
                "{}: {} entries ask for an absolute URI of another host than their Host or virtual \
                 host, by which they are the site's; the first, in line {}, for {} at {}",
                stream.name(),
                odds.entries,
                first.line,
                first.asked.as_str(),
                first.host.as_str()
            ));
        }
    }

    /// Copies, clocks that ran back, hits only counted.
    fn oddities(&mut self, site: &Site<'_>) {
        for stream in &site.streams {
            let name = stream.name();
            let beyond: u64 = stream.tally.rules.values().flat_map(HitSet::dropped).sum();
            if beyond > 0 {
                self.notes.push(format!("{name}: {beyond} hits were only counted, not kept"));
            }
            if let [_, copies @ ..] = stream.facts.names.as_slice()
                && !copies.is_empty()
            {
                let copies = copies.join(", ");
                self.notes.push(format!("{name} was found again as {copies}; counted once"));
            }
            if !stream.beginnings.is_empty() {
                let copies = stream.beginnings.join(", ");
                self.notes.push(format!(
                    "{name} begins with all that {copies} holds, copied earlier; counted once"
                ));
            }
            if !stream.doubtful.is_empty() {
                let others = stream.doubtful.join(", ");
                self.notes.push(format!(
                    "{name} begins as {others} does: whether that is a copy of it, so that entries \
                     count twice, was not looked at"
                ));
            }
            if stream.disorder.reversals > 0 {
                let (n, largest) = (stream.disorder.reversals, stream.disorder.largest);
                let at = stream.disorder.at.map_or_else(String::new, |at| format!(", after {at}"));
                self.notes.push(format!(
                    "{name}: time runs back by more than 300 s {n} times, by {largest} s at most{at}"
                ));
            }
        }
    }
}

/// What says that the entries are the site's.
pub(super) fn placed(site: &Site<'_>) -> Vec<Placement> {
    let count = |rank: Rank| -> u64 {
        site.streams.iter().map(|stream| stream.tally.placed[rank as usize]).sum()
    };
    let all = Rank::ALL.into_iter().map(|rank| (rank, count(rank)));
    all.filter(|(_, entries)| *entries > 0)
        .map(|(rank, entries)| Placement { by: rank.name().to_owned(), entries })
        .collect()
}
