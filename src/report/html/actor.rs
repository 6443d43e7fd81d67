//! Who was there, and how much they asked for over time: the table beside the curves.

use super::super::facts::{self, clock};
use super::node::Html;
use super::site::command;
use super::{more, picture};
use crate::case::{Case, Presence, Sighting};

/// Paths of an actor.
const PATHS: usize = 10;

/// What the actors did at the site, hits or not.
pub(super) fn actors(html: &mut Html, case: &Case, listed: usize) {
    if case.actors.is_empty() {
        return;
    }
    html.leaf("h3", &[], "Actors: every entry of theirs, hits or not");
    let titles = [
        "Who",
        "Entries over time",
        "Entries#",
        "Requests#",
        "Succeeded#",
        "Refused#",
        "Answer bytes#",
        "Records#",
        "First",
        "Last",
    ];
    html.table("actors sortable", &titles, |html| {
        for presence in case.actors.iter().take(listed) {
            html.with("tr", &[], |html| row(html, case, presence));
        }
    });
    more(html, case.actors.len(), listed);
    for presence in case.actors.iter().filter(|p| p.intruder).take(listed) {
        html.with("details", &[], |html| detail(html, presence));
    }
}

fn row(html: &mut Html, case: &Case, presence: &Presence) {
    html.with("td", &[("class", "who")], |html| {
        html.leaf("code", &[], &presence.value);
        html.text(if presence.intruder { " got in" } else { "" });
    });
    html.with("td", &[("class", "curve")], |html| picture::curve(html, case, presence));
    let numbers = [
        presence.entries,
        presence.requests,
        presence.succeeded,
        presence.refused,
        presence.bytes,
        presence.records,
    ];
    for n in numbers {
        html.number(n);
    }
    for sighting in [&presence.first, &presence.last] {
        html.whole(&sighting.as_ref().map(|s| facts::minute(s.time)).unwrap_or_default());
    }
}

/// What an intruder asked for, and with what.
fn detail(html: &mut Html, presence: &Presence) {
    let paths = facts::count(presence.paths_known, "path");
    html.leaf(
        "summary",
        &[],
        &format!("{}: {paths}, agents, first and last entry", presence.value),
    );
    for (name, sighting) in [("First entry", &presence.first), ("Last entry", &presence.last)] {
        if let Some(sighting) = sighting {
            html.with("p", &[], |html| place(html, name, sighting));
        }
    }
    let names = [
        ("Agents", &presence.agents),
        ("Accounts", &presence.accounts),
        ("Sessions that begin with", &presence.sessions),
    ];
    for (name, values) in names {
        if !values.is_empty() {
            html.leaf("p", &[], &format!("{name}: {}", values.join(" · ")));
        }
    }
    html.table("", &["Path", "Entries#", "Answer bytes#", "Show the first"], |html| {
        for path in presence.paths.iter().take(PATHS) {
            html.with("tr", &[], |html| {
                html.with("td", &[], |html| html.leaf("code", &[], &path.path));
                html.number(path.count);
                html.number(path.bytes);
                let show = facts::show_command(&path.locus.source, path.locus.line);
                html.with("td", &[], |html| command(html, &show));
            });
        }
    });
    more(html, presence.paths.len(), PATHS);
}

fn place(html: &mut Html, name: &str, sighting: &Sighting) {
    html.text(&format!("{name}: {} ", clock(sighting.time)));
    command(html, &facts::show_command(&sighting.locus.source, sighting.locus.line));
}
