//! Was a page planted? What corroborates that a page which answers like a web shell is one.
//!
//! Two of four things must ([`Corroboration`]), one of them an exploit before or data after: an
//! administrator's own tool is rare and varied, too. A client that gets success from many such
//! pages met a site that answers everything, and is believed only with both.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::Time;

use super::attack::{Answer, Attack, Attacks};
use super::catalog::Role;
use super::count;
use super::site::{Seen, Site};

/// A page that more clients use is not planted.
const FOOTHOLD_CLIENTS: usize = 2;

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
        let corroboration = context.corroboration(client, path, uses);
        let holds = is_enough(&corroboration, attacks.was_answered_everywhere(client));
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
    /// How many clients had success at a page.
    clients: BTreeMap<&'s str, usize>,
    /// The first exploit accepted, by client; of a log that names none under `None`.
    exploits: BTreeMap<Option<&'s str>, Time>,
    /// The last dump or record of a client.
    data: BTreeMap<&'s str, i64>,
}

impl<'s, 't> Context<'s, 't> {
    fn new(site: &'s Site<'t>, attacks: &Attacks<'s, 't>) -> Self {
        let (mut uses, mut clients) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new());
        let (mut exploits, mut data) = (BTreeMap::new(), last_records(site));
        for attack in &attacks.all {
            let (client, time) = (attack.client(), attack.seen.hit.time);
            if let (true, Some(time)) = (attacks.is_accepted_exploit(attack), time) {
                exploits.entry(client).or_insert(time);
            }
            let Some(client) = client else { continue };
            if let (true, Some(time)) = (attack.is_dump(), time) {
                let last = data.entry(client).or_insert(i64::MIN);
                *last = time.seconds().max(*last);
            }
            if let (true, Some(path)) = (attack.is(Role::Foothold, Answer::Accepted), attack.path())
            {
                uses.entry((client, path)).or_default().push(*attack);
            }
        }
        for (_, path) in uses.keys() {
            *clients.entry(*path).or_default() += 1;
        }
        Self { uses, clients, exploits, data }
    }

    fn corroboration(
        &self,
        client: &str,
        path: &str,
        uses: &[Attack<'_, '_>],
    ) -> BTreeSet<Corroboration> {
        let first = uses.first().and_then(|a| a.seen.hit.time);
        let often = uses.len() >= FOOTHOLD_USES;
        let sizes: BTreeSet<_> = uses.iter().filter_map(|a| a.seen.hit.bytes).collect();
        let rare = self.clients.get(path).is_some_and(|n| *n <= FOOTHOLD_CLIENTS);
        let before = |client| self.exploits.get(&client).is_some_and(|t| Some(*t) <= first);
        let since = first.map_or(i64::MIN, Time::seconds);
        let after = self.data.get(client).is_some_and(|last| *last >= since);
        let found = [
            (before(Some(client)) || before(None), Corroboration::ExploitBefore),
            (often && rare, Corroboration::Rare),
            (often && sizes.len() > 1, Corroboration::Varied),
            (after, Corroboration::DataAfter),
        ];
        found.into_iter().filter(|(holds, _)| *holds).map(|(_, which)| which).collect()
    }
}

/// When the last headline record of each client was written.
fn last_records<'s>(site: &'s Site<'_>) -> BTreeMap<&'s str, i64> {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for (client, time) in site.streams.iter().flat_map(count::headline_times) {
        last.entry(client).and_modify(|t| *t = time.max(*t)).or_insert(time);
    }
    last
}
