//! Which facts hold? From the evidence of a site to the few that the verdict rests on.

use super::attack::{Attack, Attacks};
use super::count::Read;
use super::intruder::{Ground, Intruder, Intruders, is_guessed};
use super::judge::Facts;
use super::site::Site;

/// The facts of a site.
pub(super) fn facts(
    site: &Site<'_>,
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

/// Whether a dump arrived at an intruder after its first step.
pub(super) fn fetched_dump(attack: &Attack<'_, '_>, intruders: &Intruders<'_, '_>) -> bool {
    let after = |i: &Intruder<'_, '_>| i.since.is_none() || attack.seen.hit.time >= i.since;
    attack.is_dump() && attack.client().and_then(|c| intruders.get(c)).is_some_and(after)
}
