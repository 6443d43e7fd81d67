//! Was a page planted? What corroborates that a page which answers like a web shell is one.
//!
//! One or two clients use it, and two of four things corroborate it ([`Corroboration`]), one of
//! them an exploit before or data after: an administrator's own tool is rare and varied, too. A
//! client that gets success from many such pages met a site that answers everything, and is
//! believed only with both.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::Time;

use super::attack::{Answer, Attack, Attacks};
use super::catalog::Role;
use super::count;
use super::site::{Seen, Site};

/// A page must be used so often before its rarity and its answers mean something.
const FOOTHOLD_USES: usize = 3;

/// What corroborates the use of a planted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Corroboration {
    /// An exploit was accepted before.
    ExploitBefore,
    /// One or two clients use it, and often.
    Rare,
    /// Its answers vary in size: output, not a page.
    Varied,
    /// The same client fetched a dump or had records afterwards.
    DataAfter,
}

/// A planted page in use.
#[derive(Debug)]
pub(super) struct Foothold<'s, 't> {
    pub(super) client: &'s str,
    /// Its first successful use.
    pub(super) first: &'s Seen<'t>,
    pub(super) corroboration: BTreeSet<Corroboration>,
}

/// The planted pages of a site, as far as they are corroborated.
pub(super) fn footholds<'s, 't>(
    site: &'s Site<'t>,
    attacks: &Attacks<'s, 't>,
) -> Vec<Foothold<'s, 't>> {
    let context = Context::new(site, attacks);
    let foothold = |((client, path), uses): (&(&'s str, &'s str), &Vec<Attack<'s, 't>>)| {
        let corroboration = context.corroboration(client, path, uses, attacks);
        let everywhere = attacks.was_answered_everywhere(Some(client));
        let holds = attacks.is_rare(Some(path)) && is_enough(&corroboration, everywhere);
        let first = uses.first().filter(|_| holds)?.seen;
        Some(Foothold { client, first, corroboration })
    };
    context.uses.iter().filter_map(foothold).collect()
}

/// Whether that is enough to call the page planted.
fn is_enough(corroboration: &BTreeSet<Corroboration>, answered_everywhere: bool) -> bool {
    let exploit = corroboration.contains(&Corroboration::ExploitBefore);
    let data = corroboration.contains(&Corroboration::DataAfter);
    let tied = if answered_everywhere { exploit && data } else { exploit || data };
    tied && corroboration.len() >= 2
}

/// What the corroboration of footholds is looked up in.
struct Context<'s, 't> {
    /// The successful uses of planted pages, by client and page.
    uses: BTreeMap<(&'s str, &'s str), Vec<Attack<'s, 't>>>,
    /// The first exploit accepted, by client; of a log that names none under `None`.
    exploits: BTreeMap<Option<&'s str>, Time>,
    /// The last dump of a client.
    dumps: BTreeMap<&'s str, Time>,
    /// The first record of a client in a log that says what was read.
    records: BTreeMap<&'s str, i64>,
}

impl<'s, 't> Context<'s, 't> {
    fn new(site: &'s Site<'_>, attacks: &Attacks<'s, 't>) -> Self {
        let mut context = Self {
            uses: BTreeMap::new(),
            exploits: BTreeMap::new(),
            dumps: BTreeMap::new(),
            records: count::first_records(site),
        };
        attacks.all.iter().for_each(|attack| context.add(attack, attacks));
        context
    }

    fn add(&mut self, attack: &Attack<'s, 't>, attacks: &Attacks<'s, 't>) {
        let (client, path, time) = (attack.client(), attack.path(), attack.seen.hit.time);
        if let (true, Some(time)) = (attacks.is_accepted_exploit(attack), time) {
            self.exploits.entry(client).or_insert(time);
        }
        if let (true, Some(client), Some(time)) = (attack.is_dump(), client, time) {
            self.dumps.insert(client, time);
        }
        let planted = attack.is(Role::Foothold, Answer::Accepted) && attack.rule.is_grave();
        if let (true, Some(client), Some(path)) = (planted, client, path) {
            let uses = self.uses.entry((client, path)).or_default();
            // One entry may match several rules for web shells.
            if uses.last().is_none_or(|last| last.entry() != attack.entry()) {
                uses.push(*attack);
            }
        }
    }

    fn corroboration(
        &self,
        client: &str,
        path: &str,
        uses: &[Attack<'_, '_>],
        attacks: &Attacks<'_, '_>,
    ) -> BTreeSet<Corroboration> {
        let first = uses.first().and_then(|a| a.seen.hit.time);
        let often = uses.len() >= FOOTHOLD_USES;
        let sizes: BTreeSet<_> = uses.iter().filter_map(|a| a.seen.hit.bytes).collect();
        let before = |client| self.exploits.get(&client).is_some_and(|t| Some(*t) <= first);
        let dump = self.dumps.get(client).is_some_and(|last| Some(*last) >= first);
        let since = first.map_or(i64::MIN, Time::seconds);
        // Records from before, too, are those of a customer.
        let records = self.records.get(client).is_some_and(|first| *first >= since);
        let found = [
            (before(Some(client)) || before(None), Corroboration::ExploitBefore),
            (often && attacks.is_rare(Some(path)), Corroboration::Rare),
            (often && sizes.len() > 1, Corroboration::Varied),
            (dump || records, Corroboration::DataAfter),
        ];
        found.into_iter().filter(|(holds, _)| *holds).map(|(_, which)| which).collect()
    }
}
