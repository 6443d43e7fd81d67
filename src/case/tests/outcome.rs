//! What must be said of the outcome of an attack, and by what it is shown.

use super::build::{Log, Rule, at, concluded};
use super::{INTRUDER, exploit, shell, three_logs};
use crate::case::{Case, Finding, Shown, Verdict};
use crate::element::Fingerprint;
use crate::scan::Outcome;

/// How the hits of a rule are told: outcome, what shows it, how many.
fn told(case: &Case, rule: &str) -> Vec<(Outcome, Shown, u64)> {
    let findings = case.findings.iter().filter(|finding| finding.rule.id == rule);
    let shown =
        |f: &Finding| -> Vec<_> { f.shown.iter().map(|by| (f.outcome, by.by, by.count)).collect() };
    findings.flat_map(shown).collect()
}

/// One exploit that was answered 200 with so many bytes, on a page of about 20 kB.
fn answered(bytes: u64) -> Case {
    let [mut access, application, gateway] = three_logs();
    access.page("/pay", (0..200).map(|i| 20_000 + i));
    access.hit(Rule::Injection, at(8, 5, 0), Some(INTRUDER), "/pay", Some(200), Some(bytes));
    concluded(vec![access, application, gateway])
}

#[test]
fn a_page_of_usual_size_shows_no_effect() {
    let case = answered(20_114);
    assert_eq!(case.verdict, Verdict::Attempted, "{:#?}", case.reasons);
    assert_eq!(told(&case, "injection"), [(Outcome::Unknown, Shown::UsualSize, 1)]);
    for bytes in [7, 480_000] {
        let case = answered(bytes);
        assert_eq!(case.verdict, Verdict::Suspected, "{bytes}");
        assert_eq!(told(&case, "injection"), [(Outcome::Unknown, Shown::UnlikeSize, 1)]);
    }
}

#[test]
fn a_page_that_only_the_attacker_asks_for_has_no_usual_size() {
    let [mut access, application, gateway] = three_logs();
    access.page("/pay", (0..2).map(|i| 20_000 + i));
    access.hit(Rule::Injection, at(8, 5, 0), Some(INTRUDER), "/pay", Some(200), Some(20_001));
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::Suspected);
    assert_eq!(told(&case, "injection"), [(Outcome::Unknown, Shown::Nothing, 1)]);
}

#[test]
fn what_follows_shows_that_an_exploit_worked() {
    let [mut access, mut application, gateway] = three_logs();
    access.hit(Rule::Injection, at(8, 5, 0), Some(INTRUDER), "/tax/a", Some(200), Some(90));
    exploit(&mut access, &mut application, at(8, 5, 12));
    shell(&mut access, at(8, 5, 20), INTRUDER, 9);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(told(&case, "injection"), [(Outcome::Succeeded, Shown::FollowUp, 1)]);
    assert_eq!(told(&case, "exploit"), [(Outcome::Succeeded, Shown::SideEffect, 1)]);
    assert_eq!(told(&case, "trace"), [(Outcome::Succeeded, Shown::SideEffect, 1)]);
    assert_eq!(told(&case, "shell"), [(Outcome::Succeeded, Shown::Status, 9)]);
}

/// An exploit in the application log, which does not name its client.
fn unnamed(application: &mut Log) {
    application.hit(Rule::Exploit, at(8, 5, 0), None, "", None, None);
}

#[test]
fn the_id_of_the_request_joins_logs_at_any_distance() {
    let case = |id: Option<Fingerprint>| {
        let [mut access, mut application, gateway] = three_logs();
        unnamed(&mut application);
        application.last().unwrap().links.request = id;
        access.hit(Rule::Trace, at(8, 5, 3), Some(INTRUDER), "/a.action", Some(200), Some(7));
        access.last().unwrap().links.request = id;
        concluded(vec![access, application, gateway])
    };
    assert_eq!(case(None).verdict, Verdict::Suspected, "too far apart in time");
    assert_eq!(case(Some(Fingerprint(5))).verdict, Verdict::ConfirmedAccess);
}

#[test]
fn what_the_firewall_refused_is_no_success_in_another_log() {
    let case = |id: Option<Fingerprint>| {
        let [access, mut application, gateway] = three_logs();
        let mut waf = super::clean("waf");
        waf.hit(Rule::Injection, at(8, 5, 0), Some(INTRUDER), "/pay", Some(403), None);
        waf.last().unwrap().links.request = id;
        application.hit(Rule::Injection, at(8, 5, 1), None, "", None, None);
        application.last().unwrap().links.request = id;
        concluded(vec![access, waf, application, gateway])
    };
    assert_eq!(case(None).verdict, Verdict::Suspected);
    let joined = case(Some(Fingerprint(9)));
    assert_eq!(joined.verdict, Verdict::Attempted, "{:#?}", joined.reasons);
    assert_eq!(told(&joined, "injection"), [(Outcome::Blocked, Shown::Firewall, 2)]);
}

#[test]
fn the_output_of_a_command_is_a_trace_of_its_own() {
    let [mut access, application, gateway] = three_logs();
    access.hit(Rule::Injection, at(8, 5, 0), Some(INTRUDER), "/pay", Some(200), Some(300));
    access.last().unwrap().output = true;
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::ConfirmedAccess, "{:#?}", case.reasons);
    assert_eq!(told(&case, "injection"), [(Outcome::Succeeded, Shown::Output, 1)]);
}
