//! What does that which was read under other rules, or told something else, say under those of now?

use std::collections::{BTreeMap, BTreeSet};

use super::setting::{Listed, OnChange, Setting};
use crate::scan::Part;
use crate::source::{Gap, GapKind};

/// The most rules that a gap names.
const NAMED: usize = 10;

/// An earlier setting, as it looks from the present one.
#[derive(Debug)]
pub(super) struct Earlier {
    /// The digest of its rules.
    digest: String,
    on_change: OnChange,
    /// Whether nothing but the rules differs.
    same_but_for_rules: bool,
    /// The number that each of its rules has now, if it is still there.
    numbers: BTreeMap<u32, u32>,
    /// Rules of now, by their numbers, that were not there then or were others.
    unseen: BTreeSet<u32>,
    /// Those of them that were not there.
    new: BTreeSet<u32>,
    /// Rules of now of whose matches correlations want other columns than then.
    other_columns: BTreeSet<u32>,
    /// The first of the unseen, for people.
    named: String,
}

impl Earlier {
    pub(super) fn new(now: &Setting, then: &Setting) -> Self {
        let known: BTreeMap<&str, (u32, &Listed)> =
            (0..).zip(&then.list).map(|(n, rule)| (&*rule.key, (n, rule))).collect();
        let (mut numbers, mut unseen) = (BTreeMap::new(), BTreeSet::new());
        let (mut new, mut other_columns) = (BTreeSet::new(), BTreeSet::new());
        for (number, rule) in (0..).zip(&now.list) {
            let was = known.get(&*rule.key);
            if was.is_none_or(|(_, was)| was.sum != rule.sum) {
                unseen.insert(number);
            }
            match was {
                None => drop(new.insert(number)),
                Some((_, was)) if was.columns != rule.columns => {
                    other_columns.insert(number);
                }
                Some(_) => {}
            }
            numbers.extend(was.map(|(was, _)| (*was, number)));
        }
        Self {
            digest: then.rules.chars().take(8).collect(),
            on_change: now.on_change,
            same_but_for_rules: now.basis == then.basis,
            named: named(&unseen, &now.list),
            numbers,
            unseen,
            new,
            other_columns,
        }
    }

    /// Whether what was read then is, in the numbers of now, what would be read now.
    pub(super) fn is_whole(&self) -> bool {
        self.same_but_for_rules && self.unseen.is_empty()
    }

    /// Whether what was read then need not be read again.
    pub(super) fn stands(&self) -> bool {
        match self.on_change {
            OnChange::Rescan => false,
            OnChange::NewRules => self.is_whole(),
            OnChange::Keep => self.same_but_for_rules,
        }
    }

    /// The rules for which what was read then must be read again, if only for some.
    pub(super) fn lacks(&self) -> Option<&BTreeSet<u32>> {
        let some = self.on_change == OnChange::NewRules && self.same_but_for_rules;
        Some(&self.unseen).filter(|unseen| some && !unseen.is_empty())
    }

    /// Gives the rules in a part of then the numbers of now; what rules found that are no more is
    /// dropped.
    pub(super) fn translate(&self, part: &mut Part) {
        for site in part.sites.values_mut() {
            site.rules = self.renumbered(std::mem::take(&mut site.rules));
            site.series = self.renumbered(std::mem::take(&mut site.series));
            site.series.retain(|rule, _| !self.other_columns.contains(rule));
        }
    }

    /// The rules of then that could not fire, and all that came or changed since, which did not.
    pub(super) fn unable(&self, was: &BTreeMap<u32, String>) -> BTreeMap<u32, String> {
        let how = |rule| if self.new.contains(rule) { "came" } else { "was changed" };
        let why = |rule| format!("the rule {} after this was read", how(rule));
        let mut unable = self.renumbered(was.clone());
        unable.extend(self.unseen.iter().map(|rule| (*rule, why(rule))));
        unable
    }

    fn renumbered<T>(&self, of: BTreeMap<u32, T>) -> BTreeMap<u32, T> {
        of.into_iter().filter_map(|(was, value)| Some((*self.numbers.get(&was)?, value))).collect()
    }

    /// What is said of a content that was read then and not again; nothing if that is all the same.
    pub(super) fn gap(&self, name: &str) -> Option<Gap> {
        let what = if self.same_but_for_rules { "rules" } else { "settings" };
        let why = match self.on_change {
            OnChange::Keep if self.same_but_for_rules => "kept as was asked",
            _ => "it is no longer there to be read again",
        };
        let Self { digest, named, .. } = self;
        let detail =
            format!("examined with the {what} of an earlier run (rules {digest}): {why}{named}");
        let gap = Gap { source: name.to_owned(), kind: GapKind::Earlier, detail };
        (!self.is_whole()).then_some(gap)
    }
}

/// The rules that did not look at something, as part of a sentence.
fn named(rules: &BTreeSet<u32>, list: &[Listed]) -> String {
    let keys = rules.iter().filter_map(|n| list.get(*n as usize)).map(|rule| &*rule.key);
    let first = keys.take(NAMED).collect::<Vec<_>>().join(", ");
    match rules.len().saturating_sub(NAMED) {
        _ if rules.is_empty() => String::new(),
        0 => format!("; not looked at by the rules {first}"),
        more => format!("; not looked at by the rules {first} and {more} more"),
    }
}
