//! Was a log emptied or rewritten? What no single entry shows: it is known from what an earlier run
//! read.

use crate::element::mask;
use crate::event::decode::Layer;
use crate::rule::{Level, Stage};
use crate::scan::Outcome;
use crate::source::{Gap, GapKind};

use super::finding::id;
use super::site::Site;
use super::{Example, Finding, FindingRule};

/// What the finding names as its rule: none of the set, since it looks at no entry.
const RULE: &str = "leaksweep-log-rewritten";

/// Examples of the finding, and the most characters of each.
const EXAMPLES: usize = 5;
const DETAIL: usize = 400;

/// The logs of a site that were emptied or rewritten since they were read first.
pub(super) fn rewritten(site: &Site<'_>) -> Option<Finding> {
    let gaps = site.gaps.iter().filter(|gap| gap.kind == GapKind::Rewritten);
    let count = gaps.clone().count() as u64;
    let examples = gaps.take(EXAMPLES).map(|gap| example(gap)).collect();
    (count > 0).then(|| Finding {
        id: id(site.name, RULE, Outcome::Unknown),
        rule: FindingRule {
            id: RULE.to_owned(),
            title: "Log emptied or rewritten".to_owned(),
            level: Level::Medium,
            author: "leaksweep".to_owned(),
            tags: vec!["attack.defense_evasion".to_owned(), "attack.t1070".to_owned()],
        },
        stage: Some(Stage::DefenseEvasion),
        outcome: Outcome::Unknown,
        shown: Vec::new(),
        count,
        first: None,
        last: None,
        clients: Vec::new(),
        examples,
        baseline: None,
        steps: Vec::new(),
    })
}

/// The log as it is now: all of it is in doubt.
fn example(gap: &Gap) -> Example {
    Example {
        source: gap.source.clone(),
        line: 1,
        offset: 0,
        time: None,
        layer: Layer::Raw,
        excerpt: mask(gap.detail.as_bytes(), 0, DETAIL),
    }
}
