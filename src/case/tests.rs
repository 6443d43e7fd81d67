//! Whole sites, built by hand: what must be concluded from what they yielded.

mod build;
mod outcome;
mod scan;
mod stated;

use build::{Log, Rule, at, cases, clean, concluded, conclusion_by, inventory, record, tally};

use super::catalog::Catalog;
use super::{Case, Count, Reason, Verdict};
use crate::rule::RuleSet;
use crate::scan::Outcome;
use crate::source::GapKind;

const INTRUDER: &str = "203.0.113.66";

/// The exploit in the application log and its tiny answer in the access log.
fn exploit(access: &mut Log, application: &mut Log, time: i64) {
    application.hit(Rule::Exploit, time, None, "", None, None);
    access.hit(Rule::Trace, time + 1, Some(INTRUDER), "/tax/index.action", Some(200), Some(7));
}

/// The planted page in use, with answers of varying size.
fn shell(access: &mut Log, time: i64, client: &str, times: i64) {
    for i in 0..times {
        let bytes = Some(58 + 173 * (i as u64 % 7));
        access.hit(Rule::Shell, time + 97 * i, Some(client), "/tax/img/logo.jsp", Some(200), bytes);
    }
}

fn three_logs() -> [Log; 3] {
    [clean("access"), clean("application"), clean("gateway")]
}

#[test]
fn a_breach_with_records_and_a_dump() {
    let [mut access, mut application, mut gateway] = three_logs();
    let t = at(8, 5, 12);
    exploit(&mut access, &mut application, t);
    shell(&mut access, t + 300, INTRUDER, 40);
    access.hit(
        Rule::Dump,
        t + 9_000,
        Some(INTRUDER),
        "/tax/img/t.tar.gz",
        Some(200),
        Some(48_211_334),
    );
    for card in [1, 2, 2, 3] {
        gateway.record(record(card, true), t + 500 + card as i64, INTRUDER);
    }
    gateway.record(record(9, true), t - 50_000, "198.51.100.7");
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::ConfirmedExfiltration, "{:#?}", case.reasons);
    assert_eq!(case.units.observed.records, 5);
    assert_eq!(case.units.attributed.records, 4);
    assert_eq!(case.units.attributed.distinct.card_number, 3);
    assert_eq!(case.units.declared, Some(676_290));
    let risk = case.at_risk.unwrap();
    assert_eq!(risk.start.seconds(), t);
    assert!(risk.basis.starts_with("from the first step"), "{}", risk.basis);
    assert!(case.storage_window.is_some());
    let kinds: Vec<&str> = case.indicators.iter().map(|i| i.kind.as_str()).collect();
    assert!(kinds.contains(&"client") && kinds.contains(&"path"), "{kinds:?}");
    assert!(case.timeline.is_sorted_by_key(|step| step.time));
    let loci = case.reasons.iter().filter(|r| r.rule.is_some() && r.locus.is_some());
    assert!(loci.count() >= 3);
}

/// Two hundred customers send what a skimmer caught to one page, which other rules know, too.
#[test]
fn customers_whose_input_is_caught_are_no_intruders() {
    let [mut access, application, gateway] = three_logs();
    for i in 0..200 {
        let client = format!("198.51.100.{i}");
        for rule in [Rule::Capture, Rule::Injection, Rule::Shell] {
            let time = at(8, 5, 0) + i;
            access.hit(rule, time, Some(&client), "/media/t.php", Some(200), Some(80 + i as u64));
        }
    }
    let tally = tally(vec![access, application, gateway]);
    let cases = cases(&tally);
    assert_eq!(cases[0].verdict, Verdict::Suspected, "{:#?}", cases[0].reasons);
    let told = |text: &str| cases[0].reasons.iter().any(|reason| reason.text.contains(text));
    assert!(told("sent to /media/t.php from 200 addresses"), "{:#?}", cases[0].reasons);
    assert_eq!(build::pursued(&tally), ["/media/t.php"]);
    let kinds = cases[0].indicators.iter().map(|i| (i.kind.as_str(), i.value.as_str()));
    assert_eq!(kinds.collect::<Vec<_>>(), [("path", "/media/t.php")]);
}

#[test]
fn a_breach_without_data_out() {
    let [mut access, mut application, gateway] = three_logs();
    exploit(&mut access, &mut application, at(9, 1, 44));
    shell(&mut access, at(9, 1, 50), INTRUDER, 10);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::ConfirmedAccess, "{:#?}", case.reasons);
    assert_eq!(case.units.attributed, Count::default());
}

#[test]
fn an_exploit_without_a_side_effect_is_suspected() {
    let [access, mut application, gateway] = three_logs();
    application.hit(Rule::Exploit, at(9, 19, 2), None, "", None, None);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::Suspected);
    assert!(case.at_risk.is_none() && case.indicators.is_empty());
}

#[test]
fn a_side_effect_that_chance_explains_is_none() {
    let [mut access, mut application, gateway] = three_logs();
    for i in 0..5_000 {
        access.hit(
            Rule::Trace,
            at(7, 0, 0) + 50 * i,
            Some("192.0.2.9"),
            "/a.action",
            Some(200),
            Some(9),
        );
    }
    exploit(&mut access, &mut application, at(9, 19, 2) + 3);
    assert_eq!(concluded(vec![access, application, gateway]).verdict, Verdict::Suspected);
}

#[test]
fn a_guessed_login_is_suspected_and_with_records_confirmed() {
    let logs = || {
        let [mut access, application, gateway] = three_logs();
        access.hit(Rule::Guessed, at(7, 2, 32), Some(INTRUDER), "/admin/login", Some(302), None);
        access.last().unwrap().outcome = Outcome::Succeeded;
        [access, application, gateway]
    };
    assert_eq!(concluded(logs().into()).verdict, Verdict::Suspected);
    let [access, application, mut gateway] = logs();
    gateway.record(record(1, false), at(7, 3, 0), INTRUDER);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::ConfirmedExfiltration);
}

#[test]
fn blocked_attacks_stay_attempts() {
    let [mut access, application, gateway] = three_logs();
    for i in 0..30 {
        access.hit(
            Rule::Injection,
            at(9, 22, 0) + i,
            Some(INTRUDER),
            "/pay/index.action",
            Some(403),
            Some(199),
        );
    }
    assert_eq!(concluded(vec![access, application, gateway]).verdict, Verdict::Attempted);
}

#[test]
fn a_site_that_answers_everything_is_not_entered() {
    let [mut access, application, gateway] = three_logs();
    for i in 0..60 {
        let path = format!("/{}.jsp", i % 20);
        access.hit(
            Rule::Shell,
            at(8, 13, 0) + i,
            Some(INTRUDER),
            &path,
            Some(200),
            Some(5_000 + i as u64),
        );
    }
    assert_eq!(concluded(vec![access, application, gateway]).verdict, Verdict::Attempted);
}

#[test]
fn an_administrators_own_tool_is_no_proof() {
    let [mut access, application, gateway] = three_logs();
    for day in 6..10 {
        shell(&mut access, at(day, 9, 0), "192.0.2.5", 5);
    }
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::Suspected, "{:#?}", case.reasons);
}

#[test]
fn a_large_export_for_many_is_no_hit() {
    let [mut access, application, gateway] = three_logs();
    for client in ["192.0.2.5", "192.0.2.6", "192.0.2.7"] {
        access.hit(
            Rule::Dump,
            at(8, 9, 0),
            Some(client),
            "/manual.zip",
            Some(200),
            Some(30_000_000),
        );
    }
    assert_eq!(concluded(vec![access, application, gateway]).verdict, Verdict::NotConfirmed);
}

#[test]
fn an_exploit_answered_by_the_usual_page_is_an_attempt() {
    let [mut access, application, gateway] = three_logs();
    for i in 0..4 {
        let bytes = Some(20_100 + i as u64);
        access.hit(Rule::Injection, at(8, 9, i), Some(INTRUDER), "/list", Some(200), bytes);
    }
    assert_eq!(concluded(vec![access, application, gateway]).verdict, Verdict::Attempted);

    let [mut access, application, gateway] = three_logs();
    for i in 0..4 {
        let bytes = Some(20_100 + 900 * i as u64);
        access.hit(Rule::Injection, at(8, 9, i), Some(INTRUDER), "/list", Some(200), bytes);
    }
    assert_eq!(concluded(vec![access, application, gateway]).verdict, Verdict::Suspected);
}

#[test]
fn a_secret_given_out_is_suspected() {
    let [mut access, application, gateway] = three_logs();
    for i in 0..100 {
        access.hit(Rule::Probe, at(8, 9, i), Some(INTRUDER), "/x", Some(404), Some(209));
    }
    access.hit(Rule::Secret, at(8, 10, 0), Some(INTRUDER), "/.env", Some(200), Some(612));
    assert_eq!(concluded(vec![access, application, gateway]).verdict, Verdict::Suspected);
}

#[test]
fn data_that_the_intruder_sent_was_not_read() {
    let [mut access, mut application, gateway] = three_logs();
    exploit(&mut access, &mut application, at(8, 5, 12));
    access.record(record(1, true), at(8, 6, 0), INTRUDER);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::ConfirmedAccess);
    assert_eq!((case.units.observed.records, case.units.attributed.records), (1, 0));
}

#[test]
fn card_data_in_requests_and_in_the_sites_own_logs_is_told_apart() {
    use super::Direction::{Incoming, Recorded};
    let [mut access, application, mut gateway] = three_logs();
    access.record(record(1, true), at(7, 6, 0), "198.51.100.7");
    access.record(record(1, true), at(7, 7, 0), "198.51.100.7");
    gateway.record(record(2, true), at(7, 6, 0), "198.51.100.8");
    let case = concluded(vec![access, application, gateway]);
    let places: Vec<_> = case.units.places.iter().collect();
    let shown = places.iter().map(|p| (p.log.as_str(), p.direction, p.records, p.distinct_cards));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [("access", Incoming, 2, 1), ("gateway", Recorded, 1, 1)]
    );
    let told = case.reasons.iter().any(|r| {
        r.text.contains("1 sent in requests, access log; 1 written by the site's own programs")
    });
    assert!(told, "{:#?}", case.reasons);
}

#[test]
fn pages_that_customers_use_are_not_planted() {
    let [mut access, application, mut gateway] = three_logs();
    for i in 0..5 {
        let client = format!("192.0.2.{i}");
        shell(&mut access, at(8, 9, i), &client, 4);
        gateway.record(record(i as u64, true), at(8, 10, i), &client);
    }
    let case = concluded(vec![access, application, gateway]);
    assert!(case.verdict > Verdict::ConfirmedAccess, "{:#?}", case.reasons);
}

#[test]
fn customers_behind_the_intruders_address_prove_no_theft() {
    let [mut access, mut application, mut gateway] = three_logs();
    let t = at(9, 1, 44);
    exploit(&mut access, &mut application, t);
    for i in 0..40 {
        gateway.record(record(i, false), t - 80_000 + 4_000 * i as i64, INTRUDER);
    }
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::ConfirmedAccess);
    assert!(case.reasons.iter().any(|r| r.text.contains("customers share")), "{:#?}", case.reasons);
}

#[test]
fn an_intrusion_older_than_the_oldest_log() {
    let [mut access, application, mut gateway] = three_logs();
    shell(&mut access, at(6, 0, 10), INTRUDER, 40);
    gateway.record(record(1, true), at(6, 0, 30), INTRUDER);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::ConfirmedExfiltration);
    assert!(case.at_risk.unwrap().basis.contains("may have begun earlier"));
}

#[test]
fn erased_logs_do_not_make_a_breach_milder() {
    let [mut access, mut application, gateway] = three_logs();
    exploit(&mut access, &mut application, at(8, 5, 12));
    access.silence(at(8, 9, 0), at(8, 17, 0));
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::ConfirmedAccess);
    assert!(!case.coverage.complete);
    assert!(case.coverage.gaps.iter().any(|g| g.why.contains("while other logs")));
}

#[test]
fn containment_is_no_hole() {
    let [mut access, mut application, mut gateway] = three_logs();
    exploit(&mut access, &mut application, at(8, 5, 12));
    for log in [&mut access, &mut application, &mut gateway] {
        log.silence(at(9, 20, 0), at(11, 0, 0));
    }
    let case = concluded(vec![access, application, gateway]);
    assert!(case.coverage.complete, "{:#?}", case.coverage.shortfalls);
    let risk = case.at_risk.unwrap();
    assert!(risk.basis.contains("all logs of the site stop"), "{}", risk.basis);
    assert_eq!(risk.end, case.coverage.span.unwrap().end);
}

#[test]
fn clean_sites() {
    let case = concluded(three_logs().into());
    assert_eq!(case.verdict, Verdict::NotConfirmed, "{:#?}", case.coverage);
    assert!(case.coverage.complete && case.coverage.gaps.is_empty());

    let [mut access, application, gateway] = three_logs();
    access.silence(at(8, 9, 0), at(8, 17, 0));
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::Inconclusive);
    assert_eq!(case.coverage.gaps.len(), 1, "{:#?}", case.coverage.gaps);

    let [mut access, application, gateway] = three_logs();
    access.gap(GapKind::Truncated);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::Inconclusive);

    let [access, application, _] = three_logs();
    let case = concluded(vec![access, application]);
    assert_eq!(case.verdict, Verdict::Inconclusive);
    assert_eq!(case.coverage.missing, ["gateway"]);

    let case = concluded(vec![]);
    assert_eq!(case.verdict, Verdict::NotExamined);
}

#[test]
fn logs_that_begin_late_or_end_early_are_short() {
    for (from, to) in [(at(6, 0, 0), at(7, 12, 0)), (at(9, 12, 0), at(11, 0, 0))] {
        let mut logs = three_logs();
        for log in &mut logs {
            log.silence(from, to);
        }
        let case = concluded(logs.into());
        assert_eq!(case.verdict, Verdict::Inconclusive, "{:#?}", case.coverage);
    }
}

#[test]
fn an_exposure_is_no_intrusion() {
    let [access, application, mut gateway] = three_logs();
    gateway.record(record(1, true), at(7, 12, 0), "198.51.100.7");
    gateway.hit(Rule::Exposure, at(7, 12, 0), Some("198.51.100.7"), "", None, None);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::NotConfirmed);
    assert!(case.reasons.iter().any(|r| r.text.contains("exposure")));
    assert_eq!(case.findings.len(), 1);
}

#[test]
fn unparsed_entries_stand_in_the_way() {
    let [mut access, application, gateway] = three_logs();
    access.unparsed(1_000);
    let case = concluded(vec![access, application, gateway]);
    assert_eq!(case.verdict, Verdict::Inconclusive);
    assert!(case.coverage.shortfalls[0].contains("no event"), "{:?}", case.coverage.shortfalls);
}

#[test]
fn a_correlation_is_able_where_its_condition_can_hold() {
    let word = |name: &str| {
        format!(
            "title: {name}\nid: {name}\nname: {name}\nlogsource: {{category: webserver}}\n\
             detection: {{s: [word-{name}], condition: s}}\n---\n"
        )
    };
    for (condition, able) in
        [("a or b", true), ("a and b", false), ("b and not a", true), ("a and not b", false)]
    {
        let mut rules = RuleSet::default();
        let body = format!("{{type: temporal, timespan: 1m, condition: {condition}}}");
        let text = word("a") + &word("b") + "title: c\nid: c\ncorrelation: " + &body;
        rules.add_text("r.yml", &text).unwrap();
        // Rule 0 of the set is `a`, as it is `Exploit` of the others here.
        let logs = three_logs().map(|mut log| {
            log.unable(Rule::Exploit, "no words");
            log
        });
        let catalog = Catalog::new(&rules);
        let concluded = conclusion_by(&catalog, &tally(logs.into()), &inventory());
        let unable = concluded.cases[0].coverage.rules_unable.iter();
        let unable: Vec<_> = unable.map(|u| (u.rule.as_str(), u.why.as_str())).collect();
        let alone = vec![("a", "no words")];
        let with = vec![("a", "no words"), ("c", "refers to a, which cannot fire")];
        assert_eq!(unable, if able { alone } else { with }, "{condition}");
    }
}

#[test]
fn rules_that_cannot_fire_are_named() {
    let [mut access, mut application, gateway] = three_logs();
    access.unable(Rule::Injection, "no Content-Type");
    application.unable(Rule::Injection, "no requests");
    let case = concluded(vec![access, application]);
    assert_eq!(case.coverage.rules_unable.len(), 1);
    assert_eq!(case.coverage.rules_unable[0].why, "no Content-Type; no requests");
    drop(gateway);
}

#[test]
fn grades_that_do_not_count_stand_apart() {
    use crate::element::Grade;
    let [access, application, mut gateway] = three_logs();
    for (i, grade) in
        [Grade::Test, Grade::Test, Grade::MaskedWell, Grade::Keyed].into_iter().enumerate()
    {
        let mut fact = record(7, false);
        fact.card.as_mut().unwrap().grade = grade;
        gateway.record(fact, at(7, 12, i as i64), "198.51.100.7");
    }
    let units = concluded(vec![access, application, gateway]).units;
    assert_eq!((units.observed.records, units.observed.distinct.card_number), (1, 1));
    let apart: Vec<_> =
        units.observed.apart.iter().map(|a| (a.grade, a.records, a.distinct)).collect();
    assert_eq!(apart, [(Grade::Test, 2, 1), (Grade::MaskedWell, 1, 1)]);
}

#[test]
fn classes_are_a_partition() {
    let [access, application, mut gateway] = three_logs();
    for (card, mail) in [(1, true), (1, true), (2, false), (1, false)] {
        gateway.record(record(card, mail), at(7, 12, 0), "198.51.100.7");
    }
    let count = concluded(vec![access, application, gateway]).units.observed;
    let classes: Vec<(usize, u64, u64)> =
        count.classes.iter().map(|c| (c.elements.len(), c.records, c.distinct_cards)).collect();
    assert_eq!(classes, [(2, 2, 2), (3, 2, 1)]);
    assert_eq!((count.distinct.card_number, count.distinct.email), (2, 1));
    assert_eq!(count.brands.iter().map(|b| b.records).sum::<u64>(), 4);
}

#[test]
fn an_intruder_is_one_actor_on_all_sites() {
    let [mut access, mut application, gateway] = three_logs();
    exploit(&mut access, &mut application, at(8, 5, 12));
    shell(&mut access, at(8, 5, 20), INTRUDER, 9);
    let mut both = tally(vec![access, application, gateway]);
    let [mut access, ..] = three_logs();
    for i in 0..12 {
        access.hit(Rule::Injection, at(9, 22, i), Some(INTRUDER), "/pay", Some(403), Some(199));
    }
    both.merge(build::tally_of("nenkin.example.jp", vec![access]));
    let build::Conclusion { cases, actors, .. } = build::conclusion(&both);
    assert_eq!(cases.len(), 2);
    assert_eq!(cases[0].verdict, Verdict::Attempted);
    let told =
        |r: &Reason| r.text.contains("an intruder of zei.example.jp, was here, too: 12 hits");
    assert!(cases[0].reasons.iter().any(told), "{:#?}", cases[0].reasons);
    assert_eq!(actors.len(), 1);
    assert_eq!(actors[0].intruder_at, ["zei.example.jp"]);
    assert_eq!(actors[0].seen_at.len(), 2);
}

#[test]
fn a_stray_text_is_no_site() {
    let mut note = clean("");
    note.silence(0, i64::MAX);
    note.unparsed(40);
    let mut both = tally(three_logs().into());
    both.merge(build::tally_of("notes", vec![note]));
    assert_eq!(cases(&both).len(), 1);
}

#[test]
fn the_order_of_merging_does_not_matter() {
    let logs = || {
        let [mut access, mut application, mut gateway] = three_logs();
        exploit(&mut access, &mut application, at(8, 5, 12));
        shell(&mut access, at(8, 5, 20), INTRUDER, 9);
        gateway.record(record(1, true), at(8, 6, 0), INTRUDER);
        [access, application, gateway]
    };
    let forth = cases(&tally(logs().into()));
    let mut reversed: Vec<Log> = logs().into();
    reversed.reverse();
    assert_eq!(cases(&tally(reversed)), forth);
}

#[test]
fn the_report_of_a_case_reads_back() {
    let [mut access, mut application, gateway] = three_logs();
    exploit(&mut access, &mut application, at(8, 5, 12));
    let mut case = concluded(vec![access, application, gateway]);
    let text = serde_json::to_string(&case).unwrap();
    case.hits.clear();
    assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), case);
}
