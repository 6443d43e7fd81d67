//! Which facts hold? From the evidence of a site to the few that the verdict rests on.

use crate::scan::Outcome;

use super::attack::{Attack, Attacks};
use super::catalog::{Catalog, Known, Role};
use super::count::Read;
use super::intruder::{Ground, Intruder, Intruders, is_guessed};
use super::judge::Facts;
use super::site::Site;
use super::suppressed;

/// The facts of a site.
pub(super) fn facts(
    site: &Site<'_>,
    catalog: &Catalog,
    attacks: &Attacks<'_, '_>,
    intruders: &Intruders<'_, '_>,
    read: &Read,
    covered: bool,
) -> Facts {
    let shown = |ground| intruders.iter().any(|i| i.grounds.contains_key(&ground));
    Facts {
        examined: is_examined(site),
        covered,
        attacked: attacks.all.iter().any(|attack| attacks.is_attempt(attack)),
        accepted: attacks.all.iter().any(|attack| attacks.is_accepted_exploit(attack)),
        anomaly: attacks.all.iter().any(|attack| attacks.is_anomaly(attack)),
        guessed: attacks.all.iter().any(is_guessed),
        unweighed: unweighed(site, catalog).next().is_some(),
        side_effect: shown(Ground::SideEffect),
        foothold: shown(Ground::Foothold),
        output: attacks.all.iter().any(Attack::is_answered_with_output),
        records_read: read.is_theft,
        dump_fetched: attacks.all.iter().any(|attack| fetched_dump(attack, intruders)),
    }
}

/// Logs of the site were supplied, readable or not.
fn is_examined(site: &Site<'_>) -> bool {
    site.streams.iter().any(|stream| stream.tally.entries > 0) || !site.gaps.is_empty()
}

/// The grave rules of which more kinds of hits were served than are kept.
pub(super) fn unweighed<'c>(
    site: &'c Site<'_>,
    catalog: &'c Catalog,
) -> impl Iterator<Item = &'c Known> {
    let sets = site.streams.iter().flat_map(|stream| &stream.tally.rules);
    let known = sets.filter_map(|(rule, set)| Some((catalog.get(*rule)?, set)));
    let served = known.filter(|(rule, set)| {
        let unclear = matches!(rule.role, Role::Exploit | Role::Guess);
        set.crowded[Outcome::Succeeded as usize]
            || unclear && set.crowded[Outcome::Unknown as usize]
    });
    let grave = served.map(|(rule, _)| rule).filter(|rule| rule.is_attack() && rule.is_grave());
    grave.filter(|rule| rule.role != Role::Probe && suppressed::whole(site, rule).is_none())
}

/// Whether a dump arrived at an intruder after its first step.
pub(super) fn fetched_dump(attack: &Attack<'_, '_>, intruders: &Intruders<'_, '_>) -> bool {
    let after = |i: &Intruder<'_, '_>| i.since.is_none() || attack.seen.hit.time >= i.since;
    attack.is_dump() && attack.client().and_then(|c| intruders.get(c)).is_some_and(after)
}
