//! What must be said of the outcome of an attack, and by what it is shown.

use super::build::{Log, Rule, at, concluded};
use super::{INTRUDER, exploit, shell, three_logs};
use crate::case::{Case, Finding, Shown, Verdict};
use crate::element::Fingerprint;
use crate::scan::{Links, Outcome};

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
fn an_exploit_that_several_rules_know_is_no_usual_answer() {
    let [mut access, application, gateway] = three_logs();
    for rule in [Rule::Exploit, Rule::Injection, Rule::Other] {
        access.hit(rule, at(8, 5, 0), Some(INTRUDER), "/pay", Some(200), Some(480_000));
    }
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::Suspected, "{:#?}", case.reasons);
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
        application.last().unwrap().links = Links { request: id, ..Links::default() }.kept();
        access.hit(Rule::Trace, at(8, 5, 3), Some(INTRUDER), "/a.action", Some(200), Some(7));
        access.last().unwrap().links = Links { request: id, ..Links::default() }.kept();
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
        waf.last().unwrap().links = Links { request: id, ..Links::default() }.kept();
        application.hit(Rule::Injection, at(8, 5, 1), None, "", None, None);
        application.last().unwrap().links = Links { request: id, ..Links::default() }.kept();
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

/// A page of code that nobody knows a signature for, used by a client from a time on.
fn unknown_page(access: &mut Log, client: &str, from: i64) {
    let uses: Vec<_> = (0..6).map(|i| (client, from + 60 * i, 58 + 173 * i as u64)).collect();
    access.used_page("/tax/help.jsp", &uses);
}

#[test]
fn a_rare_page_after_an_exploit_is_a_foothold() {
    let case = |from: i64, client: &str, exploited: bool| {
        let [mut access, application, gateway] = three_logs();
        if exploited {
            let (time, client) = (at(8, 5, 0), Some("203.0.113.9"));
            access.hit(Rule::Injection, time, client, "/tax/a", Some(200), Some(90));
        }
        unknown_page(&mut access, client, from);
        concluded(vec![access, application, gateway])
    };
    let found = case(at(8, 5, 10), "203.0.113.9", true);
    assert_eq!(found.verdict, Verdict::ConfirmedAccess, "{:#?}", found.reasons);
    assert!(found.indicators.iter().any(|i| i.kind == "path" && i.value == "/tax/help.jsp"));
    assert_eq!(case(at(8, 5, 10), "203.0.113.9", false).verdict, Verdict::NotConfirmed);
    let others = case(at(8, 5, 10), "198.51.100.1", true);
    assert_eq!(others.verdict, Verdict::Suspected, "another client's page");
    let later = case(at(9, 8, 0), "203.0.113.9", true);
    assert_eq!(later.verdict, Verdict::Suspected, "a day later");
    let early = case(at(6, 8, 0), "203.0.113.9", true);
    assert_eq!(early.verdict, Verdict::Suspected, "a page that was there before");
}

#[test]
fn an_answer_many_times_larger_than_its_page_is_told() {
    let case = |path: &str, bytes: u64, others: u64| {
        let [mut access, application, gateway] = three_logs();
        access.page(path, (0..others).map(|i| 9_000 + i));
        access.answered_largely(path, INTRUDER, at(8, 5, 0), bytes);
        concluded(vec![access, application, gateway])
    };
    let found = |case: &Case| {
        let large = case.findings.iter().find(|f| f.rule.id == "leaksweep-large-answer");
        large.map(|finding| (finding.rule.level, finding.examples[0].line))
    };
    let told = case("/report", 734_003_200, 300);
    assert_eq!(found(&told), Some((crate::rule::Level::Medium, at(8, 5, 0) as u64)));
    assert_eq!(told.verdict, Verdict::NotConfirmed, "it may be meant so: {:#?}", told.reasons);
    assert_eq!(found(&case("/report", 60_000, 300)), None, "not so much larger");
    assert_eq!(found(&case("/report", 734_003_200, 10)), None, "nobody knows what is usual");
    assert_eq!(found(&case("/price-list.pdf", 734_003_200, 300)), None, "a file");
}

#[test]
fn an_intrusion_is_a_finding_of_its_own() {
    let [mut access, mut application, mut gateway] = three_logs();
    let looking = (at(8, 5, 2), Some(INTRUDER));
    access.hit(Rule::Injection, looking.0, looking.1, "/tax/a", Some(404), Some(90));
    exploit(&mut access, &mut application, at(8, 5, 12));
    shell(&mut access, at(8, 5, 20), INTRUDER, 9);
    gateway.record(super::record(1, true), at(8, 6, 0), INTRUDER);
    let case = concluded(vec![access, application, gateway]);
    let chain = &case.findings[0];
    assert_eq!(chain.rule.title, "Intrusion: initial access, persistence, collection");
    for tag in ["attack.initial-access", "attack.t1190", "attack.t1505.003"] {
        assert!(chain.rule.tags.iter().any(|t| t == tag), "{tag} {:?}", chain.rule.tags);
    }
    assert!(chain.steps.is_sorted() && chain.count == chain.steps.len() as u64);
    let stages: Vec<_> = chain.steps.iter().filter_map(|s| s.locus.as_ref().and(s.stage)).collect();
    assert!(stages.contains(&crate::rule::Stage::Persistence), "{:#?}", chain.steps);

    let [access, mut application, gateway] = three_logs();
    unnamed(&mut application);
    let suspected = concluded(vec![access, application, gateway]);
    assert!(suspected.findings.iter().all(|f| f.steps.is_empty()), "nobody got in");
}
