//! What did the firewall refuse? Joined with the other logs of the site, so that the server's own
//! log of the same request, or a log before the firewall, is not taken for a success.

use std::collections::BTreeMap;

use crate::element::Fingerprint;
use crate::scan::Outcome;
use crate::time::Time;

use super::effect::JOIN_SECONDS;
use super::site::{Seen, Site};

/// The entries of one request are written within so many seconds.
const REQUEST_SECONDS: i64 = 60;

/// The requests that the firewall refused.
#[derive(Default)]
pub(super) struct Refusals<'s> {
    requests: BTreeMap<Fingerprint, Option<Time>>,
    by_client: BTreeMap<(&'s str, &'s str), Vec<i64>>,
}

impl<'s> Refusals<'s> {
    pub(super) fn new(site: &'s Site<'_>) -> Self {
        let mut refusals = Self::default();
        let blocked =
            |seen: &&Seen<'_>| seen.log() == "waf" && seen.hit.outcome == Outcome::Blocked;
        for seen in site.hits.iter().filter(blocked) {
            refusals.requests.extend(seen.hit.links().request.map(|id| (id, seen.hit.time)));
            if let (Some(key), Some(time)) = (key(seen), seen.hit.time) {
                refusals.by_client.entry(key).or_default().push(time.seconds());
            }
        }
        refusals
    }

    /// Whether the firewall refused the request of a hit.
    pub(super) fn is_refused(&self, seen: &Seen<'_>) -> bool {
        if seen.log() == "waf" {
            return seen.hit.outcome == Outcome::Blocked;
        }
        // What was answered with success was another request, whatever it says of itself.
        seen.hit.outcome != Outcome::Succeeded
            && (self.is_same_request(seen) || self.is_refused_then(seen))
    }

    /// Whether the request is one that was refused, by its id; a client may choose the id, so that
    /// one used again later says nothing.
    fn is_same_request(&self, seen: &Seen<'_>) -> bool {
        let refused = seen.hit.links().request.and_then(|id| self.requests.get(&id));
        let near = |(a, b): (Time, Time)| (a.seconds() - b.seconds()).abs() <= REQUEST_SECONDS;
        refused.is_some_and(|time| time.zip(seen.hit.time).is_some_and(near))
    }

    /// Whether a request of the same client for the same path was refused at the time.
    fn is_refused_then(&self, seen: &Seen<'_>) -> bool {
        let times = key(seen).and_then(|key| self.by_client.get(&key));
        let (Some(times), Some(time)) = (times, seen.hit.time.map(Time::seconds)) else {
            return false;
        };
        let from = times.partition_point(|refused| *refused < time - JOIN_SECONDS);
        times.get(from).is_some_and(|refused| *refused <= time + JOIN_SECONDS)
    }
}

fn key<'s>(seen: &'s Seen<'_>) -> Option<(&'s str, &'s str)> {
    Some((seen.client()?, seen.hit.path.as_ref()?.as_str()))
}
