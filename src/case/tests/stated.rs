//! What the inventory states counts: thresholds, containment, the window of vulnerability.

use super::build::{at, conclusion_with, inventory, tally, time};
use super::{INTRUDER, exploit, shell, three_logs};
use crate::case::{Case, Verdict};
use crate::source::{Criteria, SiteEntry, Window};

fn clean_under(criteria: Criteria) -> Case {
    let mut inventory = inventory();
    inventory.criteria = criteria;
    conclusion_with(&tally(three_logs().into()), &inventory).cases.remove(0)
}

#[test]
fn every_criterion_can_be_asked_for_and_is_printed() {
    let usual = Criteria::default();
    assert_eq!(clean_under(usual).verdict, Verdict::NotConfirmed);
    let table = [
        (Criteria { entries: 1_000_000, ..usual }, "at least 1000000 must be"),
        (Criteria { silent_entries: 1, silent_minutes: 1, ..usual }, ""),
        (Criteria { rules_able: 1_000, ..usual }, "at least 1000 must"),
        (Criteria { retention_days: 90, ..usual }, "0 days back before the window (at least 90"),
    ];
    for (criteria, lacks) in table {
        let case = clean_under(criteria);
        let told = case.coverage.shortfalls.iter().any(|s| s.contains(lacks));
        assert_eq!(told, !lacks.is_empty(), "{lacks}: {:?}", case.coverage.shortfalls);
        assert_eq!(case.verdict == Verdict::Inconclusive, told, "{lacks}");
        assert_eq!(case.coverage.criteria, criteria);
        assert!(criteria.in_words().iter().any(|w| w.contains(&criteria.entries.to_string())));
    }
}

/// A breach at a site of which the inventory states more.
fn breached(state: impl FnOnce(&mut SiteEntry)) -> Case {
    let [mut access, mut application, gateway] = three_logs();
    exploit(&mut access, &mut application, at(8, 5, 12));
    shell(&mut access, at(8, 5, 20), INTRUDER, 10);
    let mut inventory = inventory();
    state(&mut inventory.sites[0]);
    let tally = tally(vec![access, application, gateway]);
    conclusion_with(&tally, &inventory).cases.remove(0)
}

#[test]
fn containment_ends_the_at_risk_timeframe() {
    let known = breached(|site| site.contained = Some(time(at(9, 23, 53) + 7))).at_risk.unwrap();
    assert_eq!(known.end.seconds(), at(9, 23, 53) + 7, "to the second");
    assert!(known.basis.ends_with("to the containment that the inventory states"));
    let early = breached(|site| site.contained = Some(time(at(8, 5, 13)))).at_risk.unwrap();
    assert!(early.end.seconds() > at(8, 5, 13));
    assert!(early.basis.contains("later than the containment"), "{}", early.basis);
    let unknown = breached(|_| {}).at_risk.unwrap();
    assert!(unknown.basis.contains("no containment shows"), "{}", unknown.basis);
}

#[test]
fn after_containment_nothing_is_expected() {
    let mut logs = three_logs();
    for log in &mut logs {
        log.silence(at(9, 12, 0), at(11, 0, 0));
    }
    let mut inventory = inventory();
    inventory.sites[0].contained = Some(time(at(9, 12, 0)));
    let case = conclusion_with(&tally(logs.into()), &inventory).cases.remove(0);
    assert_eq!(case.verdict, Verdict::NotConfirmed, "{:#?}", case.coverage.shortfalls);
}

#[test]
fn the_window_of_vulnerability_is_shown_as_stated() {
    let window = Window { from: time(at(6, 22, 0)), to: time(at(9, 21, 56)) };
    let shown = breached(|site| site.vulnerable = Some(window)).vulnerability_window.unwrap();
    assert_eq!((shown.start, shown.end), (window.from, window.to));
    assert!(breached(|_| {}).vulnerability_window.is_none());
}

#[test]
fn a_silent_waf_proves_nothing() {
    let [access, mut application, gateway] = three_logs();
    application.hit(super::Rule::Exploit, at(8, 5, 12), None, "", None, None);
    let waf = super::clean("waf");
    let logs = vec![access, application, gateway, waf];
    let case = conclusion_with(&tally(logs), &inventory()).cases.remove(0);
    assert_eq!(case.verdict, Verdict::Suspected, "{:#?}", case.reasons);
}
