//! What did the actors do? Sentences for the formats for people.

use std::fmt::Write as _;

use super::Report;
use super::facts::{clock, count, number};
use crate::case::{Actor, Presence, Visit};
use crate::scan::TraceKind;
use crate::time::Time;

/// Actors at several sites that are shown; the JSON report has all.
const SHOWN: usize = 10;

/// What an actor did at a site, hits or not.
pub(super) fn presence(presence: &Presence) -> String {
    let who = if presence.intruder { " (got in)" } else { "" };
    let requests = count(presence.requests, "request");
    let out = number(presence.bytes);
    let what = match presence.kind {
        TraceKind::Account => "account ",
        TraceKind::Session => "session ",
        _ => "",
    };
    let mut text = format!("{what}{}{who}: {requests} with {out} bytes of answers", presence.value);
    if presence.records > 0 {
        let _ = write!(text, "; {} in its entries", count(presence.records, "record"));
    }
    if let (Some(first), Some(last)) = (&presence.first, &presence.last) {
        let (first, last) = (clock(first.time), clock(last.time));
        let _ =
            write!(text, "; in all logs {} entries, {first} to {last}", number(presence.entries));
    }
    text
}

/// The actors that were at more than one site, each in one sentence.
pub(super) fn at_several_sites(report: &Report) -> Vec<String> {
    let several = report.actors.iter().filter(|actor| actor.seen_at.len() > 1);
    several.take(SHOWN).map(wanderer).collect()
}

fn wanderer(actor: &Actor) -> String {
    let site = |visit: &Visit| {
        let inside = actor.intruder_at.contains(&visit.site);
        let how = if inside { "got in" } else { "was there" };
        let at = |time: Option<Time>| time.map_or_else(|| "-".to_owned(), clock);
        format!("{} ({how}, from {})", visit.site, at(visit.first))
    };
    let sites: Vec<String> = actor.seen_at.iter().map(site).collect();
    format!("{}: {}", actor.client, sites.join(", "))
}
