//! What was the outcome of each hit, and what shows it? Only what a log shows counts; the rest
//! stays unknown.
//!
//! That an exploit was answered 2xx says only that the request was served: whether the exploit
//! worked, other things must show. A page, dump or secret that was given out was given out.

use serde::{Deserialize, Serialize};

use crate::scan::Outcome;

use super::attack::Attacks;
use super::catalog::{Catalog, Role};
use super::intruder::{Ground, Intruders};
use super::site::{Seen, Site};
use super::usual::Fit;

/// What shows the outcome of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// The output of a command stands in the answer's body.
    Output,
    /// Another log shows its side effect, joined by request, session or time.
    SideEffect,
    /// The same client went on to use what the exploit opened.
    FollowUp,
    /// The status of the answer.
    Status,
    /// A firewall refused it; the same request, joined by its id, or by client, path and time.
    Firewall,
    /// The answer was of the page's usual size: no effect shows.
    UsualSize,
    /// The answer's size is unlike the page's own, which by itself proves nothing.
    UnlikeSize,
    /// The entry says nothing of the outcome, or nothing that tells.
    Nothing,
}

/// The outcome of each hit of a site, in their order.
pub(super) fn outcomes(
    site: &Site<'_>,
    catalog: &Catalog,
    attacks: &Attacks<'_, '_>,
    intruders: &Intruders<'_, '_>,
) -> Vec<(Outcome, Shown)> {
    let of = |seen: &Seen<'_>| {
        let role = catalog.get(seen.rule).map_or(Role::Other, |rule| rule.role);
        outcome(seen, role, attacks, intruders)
    };
    site.hits.iter().map(of).collect()
}

fn outcome(
    seen: &Seen<'_>,
    role: Role,
    attacks: &Attacks<'_, '_>,
    intruders: &Intruders<'_, '_>,
) -> (Outcome, Shown) {
    let hit = &*seen.hit;
    if attacks.is_refused(seen) {
        return (Outcome::Blocked, Shown::Firewall);
    }
    if hit.outcome == Outcome::Blocked {
        return (Outcome::Blocked, Shown::Status);
    }
    if hit.output {
        return (Outcome::Succeeded, Shown::Output);
    }
    if intruders.is_proven(seen) {
        return (Outcome::Succeeded, Shown::SideEffect);
    }
    if !matches!(role, Role::Exploit | Role::Trace) {
        let shown = if hit.outcome == Outcome::Unknown { Shown::Nothing } else { Shown::Status };
        return (hit.outcome, shown);
    }
    if role == Role::Exploit && opened(seen, intruders) {
        return (Outcome::Succeeded, Shown::FollowUp);
    }
    let shown = match attacks.fit(seen) {
        Fit::Usual => Shown::UsualSize,
        Fit::Unlike => Shown::UnlikeSize,
        Fit::Unknown => Shown::Nothing,
    };
    (Outcome::Unknown, shown)
}

/// The outcome that hits have of which only the number is known.
pub(super) fn of_dropped(raw: Outcome, role: Role) -> Outcome {
    match (raw, role) {
        (Outcome::Succeeded, Role::Exploit | Role::Trace) => Outcome::Unknown,
        _ => raw,
    }
}

/// Whether the client of an exploit used a planted page afterwards.
fn opened(seen: &Seen<'_>, intruders: &Intruders<'_, '_>) -> bool {
    let intruder = seen.client().and_then(|client| intruders.get(client));
    let used = intruder.and_then(|intruder| intruder.grounds.get(&Ground::Foothold));
    used.is_some_and(|used| seen.hit.time.is_some() && seen.hit.time <= used.hit.time)
}
