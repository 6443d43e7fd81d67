//! Which rules could have fired on the logs of a site? That none hit says something only of those.

use std::collections::BTreeSet;

use super::catalog::{Catalog, Known, Role};
use super::coverage::Basis;
use super::site::Site;
use super::{Coverage, Unable};

impl Coverage {
    /// Which rules could have fired.
    pub(super) fn rules(&mut self, site: &Site<'_>, basis: &Basis<'_>) {
        let mut against_intrusion = 0;
        for (index, rule) in basis.catalog.iter() {
            let id = rule.info.id.clone();
            if is_able(index, site, basis.catalog) {
                self.rules_able.push(id);
                against_intrusion += usize::from(rule.role != Role::Exposure);
            } else {
                self.rules_unable
                    .push(Unable { rule: id, why: why_unable(index, rule, site, basis) });
            }
        }
        self.rules_able.sort();
        self.rules_unable.sort_by(|a, b| a.rule.cmp(&b.rule));
        let needed = basis.criteria.rules_able;
        if against_intrusion < needed && !site.streams.is_empty() {
            self.shortfalls.push(format!(
                "{against_intrusion} rules against intrusions could have fired on these logs \
                 (at least {needed} must)"
            ));
        }
    }
}

/// Whether a rule could have fired on any stream of the site; a correlation, if enough of the rules
/// that it refers to could, each on a stream of its own.
fn is_able(index: u32, site: &Site<'_>, catalog: &Catalog) -> bool {
    let Some(rule) = catalog.get(index) else { return false };
    match &rule.correlation {
        None => site.streams.iter().any(|stream| !stream.facts.unable.contains_key(&index)),
        // Circles of correlations are refused when rules are loaded.
        Some(correlation) => correlation.is_possible(&|rule| is_able(rule, site, catalog)),
    }
}

fn why_unable(index: u32, rule: &Known, site: &Site<'_>, basis: &Basis<'_>) -> String {
    if site.streams.is_empty() {
        return "no log of the site".to_owned();
    }
    if let Some(correlation) = &rule.correlation {
        let lame = correlation.rules.iter().filter(|i| !is_able(**i, site, basis.catalog));
        let ids = lame.filter_map(|i| Some(basis.catalog.get(*i)?.info.id.as_str()));
        return format!("refers to {}, which cannot fire", ids.collect::<Vec<_>>().join(", "));
    }
    let whys = site.streams.iter().filter_map(|stream| stream.facts.unable.get(&index));
    let whys: BTreeSet<&str> = whys.map(String::as_str).collect();
    whys.into_iter().collect::<Vec<_>>().join("; ")
}
