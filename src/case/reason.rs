//! Why this verdict? Sentences, each with the rule and place that it rests on.

use std::collections::{BTreeMap, BTreeSet};

use super::attack::Attack;
use super::catalog::{Catalog, Role};
use super::facts::{fetched_dump, unweighed};
use super::foothold::Corroboration;
use super::intruder::{Ground, Intruder, is_guessed};
use super::site::Seen;
use super::story::Story;
use super::{Coverage, Direction, PlaceCount, Reason, Units, Verdict, count};

/// The most reasons of one kind.
const EACH: usize = 5;

/// The reasons of a verdict, the weightiest first.
pub(super) fn reasons(
    story: &Story<'_, '_, '_>,
    verdict: Verdict,
    units: &Units,
    coverage: &Coverage,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for intruder in story.intruders.iter().take(EACH) {
        reasons.extend(grounds(intruder, story.catalog));
    }
    reasons.extend(data_out(story, units));
    if verdict == Verdict::Suspected {
        reasons.extend(suspicions(story));
    }
    if verdict == Verdict::Attempted {
        reasons.extend(attempts(story));
    }
    reasons.extend(exposures(story, units));
    reasons.extend(of_coverage(verdict, coverage));
    reasons
}

fn plain(text: String) -> Reason {
    Reason { text, rule: None, locus: None }
}

/// A reason that rests on one hit.
fn on(seen: &Seen<'_>, catalog: &Catalog, text: String) -> Reason {
    let rule = catalog.get(seen.rule).map(|rule| rule.info.id.clone());
    Reason { text, rule, locus: Some(seen.locus()) }
}

/// On what grounds a client is an intruder.
fn grounds(intruder: &Intruder<'_, '_>, catalog: &Catalog) -> Vec<Reason> {
    let client = intruder.client;
    let reason = |(ground, seen): (&Ground, &&Seen<'_>)| {
        let text = match ground {
            Ground::SideEffect => {
                format!("an exploit and, within seconds, its side effect in the answer to {client}")
            }
            Ground::Foothold => {
                let because: Vec<&str> =
                    intruder.corroboration.iter().map(|c| because(*c)).collect();
                format!("{client} used a planted page with success: {}", because.join("; "))
            }
            Ground::Guessed => format!("{client} logged in after many failed logins"),
        };
        on(seen, catalog, text)
    };
    intruder.grounds.iter().map(reason).collect()
}

fn because(corroboration: Corroboration) -> &'static str {
    match corroboration {
        Corroboration::ExploitBefore => "an exploit was accepted before",
        Corroboration::Rare => "only one or two clients use the page, and often",
        Corroboration::Varied => "its answers vary in size",
        Corroboration::DataAfter => "the same client read records or fetched a dump afterwards",
    }
}

/// What went out.
fn data_out(story: &Story<'_, '_, '_>, units: &Units) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let records = units.attributed.records;
    if records > 0 {
        let cards = units.attributed.distinct.card_number;
        reasons.push(plain(format!(
            "{records} records with {cards} distinct cards stand in entries of the intruders' requests"
        )));
    }
    for intruder in story.intruders.iter().filter(|intruder| intruder.is_shared()).take(EACH) {
        let (client, before, after) =
            (intruder.client, intruder.records_before, intruder.records_after);
        reasons.push(plain(format!(
            "{client} had {before} records before the intrusion and {after} after it: customers share \
             the address, so that the records alone prove no theft"
        )));
    }
    let dumps = story.attacks.all.iter().filter(|attack| fetched_dump(attack, story.intruders));
    reasons.extend(dumps.take(EACH).map(|attack| dump(attack, story.catalog)));
    reasons
}

fn dump(attack: &Attack<'_, '_>, catalog: &Catalog) -> Reason {
    let (path, bytes) = (attack.path().unwrap_or("a file"), attack.seen.hit.bytes.unwrap_or(0));
    let client = attack.client().unwrap_or("a client");
    on(attack.seen, catalog, format!("{client} fetched {path}, {bytes} bytes"))
}

fn suspicions(story: &Story<'_, '_, '_>) -> Vec<Reason> {
    let attacks = story.attacks;
    let pick = |which: &dyn Fn(&Attack<'_, '_>) -> bool, text: &str| -> Vec<Reason> {
        let mut rules = BTreeSet::new();
        let first = attacks.all.iter().filter(|a| which(a)).filter(|a| rules.insert(a.seen.rule));
        let reason = |a: &Attack<'_, '_>| {
            on(a.seen, story.catalog, format!("{}: {text}", a.rule.info.title))
        };
        first.take(EACH).map(reason).collect()
    };
    let mut reasons = pick(
        &|a| attacks.is_accepted_exploit(a),
        "an exploit was accepted and is not seen blocked; no side effect shows in the logs",
    );
    reasons.extend(pick(
        &|a| attacks.is_anomaly(a) && a.rule.role == Role::Foothold,
        "a page like a web shell answered with success, but nothing corroborates an intrusion",
    ));
    reasons.extend(pick(
        &|a| attacks.is_anomaly(a) && matches!(a.rule.role, Role::Dump | Role::Secret),
        "data was given out to a client that nothing else shows to be an intruder",
    ));
    reasons.extend(captures(story));
    reasons.extend(pick(&is_guessed, "a login succeeded after many failures of the same client"));
    let unweighed = unweighed(story.site, story.catalog).take(EACH);
    reasons.extend(unweighed.map(|rule| Reason {
        text: format!(
            "{}: more kinds of it were served than are kept one by one; what was only counted may \
             have worked",
            rule.info.title
        ),
        rule: Some(rule.info.id.clone()),
        locus: None,
    }));
    reasons
}

/// Where what customers enter is caught, one reason for each rule and page.
fn captures(story: &Story<'_, '_, '_>) -> Vec<Reason> {
    let attacks = story.attacks;
    let caught = |a: &&Attack<'_, '_>| a.rule.role == Role::Capture && attacks.is_anomaly(a);
    let mut pages: BTreeMap<_, Vec<&Attack<'_, '_>>> = BTreeMap::new();
    for attack in attacks.all.iter().filter(caught) {
        pages.entry((attack.seen.rule, attack.path())).or_default().push(attack);
    }
    let reason = |((_, path), hits): (_, Vec<&Attack<'_, '_>>)| {
        let (first, path): (_, Option<&str>) = (hits.first()?, path);
        let clients: BTreeSet<_> = hits.iter().filter_map(|hit| hit.client()).collect();
        let text = format!(
            "{}: sent to {} from {} address{}; what customers entered there must be taken for \
             stolen",
            first.rule.info.title,
            path.unwrap_or("a page"),
            clients.len(),
            if clients.len() == 1 { "" } else { "es" },
        );
        Some(on(first.seen, story.catalog, text))
    };
    pages.into_iter().filter_map(reason).take(EACH).collect()
}

/// How often, by whom and how long attacks were refused.
fn attempts(story: &Story<'_, '_, '_>) -> Vec<Reason> {
    let mut attempts = story.attacks.all.iter().filter(|a| story.attacks.is_attempt(a));
    let clients: BTreeSet<_> = attempts.clone().filter_map(Attack::client).collect();
    let count = attempts.clone().count();
    let text = format!(
        "attacks were seen ({count} hits by {} client{}); none got more than a refusal or a harmless answer",
        clients.len(),
        if clients.len() == 1 { "" } else { "s" }
    );
    attempts.next().map(|first| on(first.seen, story.catalog, text)).into_iter().collect()
}

/// Card data in the site's own logs: an exposure, and no sign of an intrusion.
fn exposures(story: &Story<'_, '_, '_>, units: &Units) -> Vec<Reason> {
    let observed = &units.observed;
    if observed.distinct.card_number == 0 {
        return Vec::new();
    }
    let secret = count::has_authentication_data(observed);
    let code = if secret { ", and security codes or track data (PCI DSS 3.3.1)" } else { "" };
    let text = format!(
        "clear card numbers stand in the site's own logs: {} distinct{code} ({}); that is an exposure, \
         and by itself no sign of an intrusion",
        observed.distinct.card_number,
        whence(units)
    );
    let exposed =
        story.site.hits.iter().find(|seen| {
            story.catalog.get(seen.rule).is_some_and(|rule| rule.role == Role::Exposure)
        });
    vec![exposed.map_or_else(|| plain(text.clone()), |seen| on(seen, story.catalog, text.clone()))]
}

/// How the card numbers came into the logs.
fn whence(units: &Units) -> String {
    let with_cards = units.places.iter().filter(|place| place.distinct_cards > 0);
    let place = |place: &PlaceCount| {
        let how = match place.direction {
            Direction::Incoming => "sent in requests",
            Direction::Outgoing => "sent out to other hosts",
            Direction::Referer => {
                "in Referers, addresses of pages, which browsers tell third parties"
            }
            Direction::Recorded => "written by the site's own programs",
        };
        let kind = if place.log.is_empty() { "unknown" } else { &place.log };
        format!("{} {how}, {kind} log", place.distinct_cards)
    };
    with_cards.map(place).collect::<Vec<_>>().join("; ")
}

fn of_coverage(verdict: Verdict, coverage: &Coverage) -> Vec<Reason> {
    let lacks = || coverage.shortfalls.iter().cloned().map(plain);
    match verdict {
        Verdict::NotExamined => vec![plain("no log of the site was supplied".to_owned())],
        Verdict::Inconclusive => lacks().collect(),
        Verdict::NotConfirmed => vec![plain(format!(
            "no sign of an intrusion, and the criteria of coverage are met: {} entries in {} sources, {} rules could have fired",
            coverage.lines,
            coverage.sources.len(),
            coverage.rules_able.len()
        ))],
        Verdict::Attempted | Verdict::Suspected if !coverage.complete => {
            let note = "coverage is incomplete, so that more may have happened than the logs show";
            std::iter::once(plain(note.to_owned())).chain(lacks()).collect()
        }
        _ => Vec::new(),
    }
}
