//! What must be said of the one answer with success to a client that scans.

use super::build::{Log, Rule, at, concluded};
use super::{INTRUDER, three_logs};
use crate::case::{Case, Verdict};

/// A scan of so many requests, all refused with a page of about 209 bytes.
fn scan(access: &mut Log, requests: i64) {
    for i in 0..requests {
        let rule = [Rule::Probe, Rule::Injection, Rule::Shell, Rule::Dump][i as usize % 4];
        let bytes = Some(209 + i as u64 % 9);
        access.hit(rule, at(8, 13, 0) + i, Some(INTRUDER), "/shell.jsp", Some(404), bytes);
    }
}

/// A scan with one more request that is answered so.
fn answered(rule: Rule, path: &str, status: u16, bytes: Option<u64>) -> Case {
    let [mut access, application, gateway] = three_logs();
    scan(&mut access, 4_000);
    access.page("/", (0..200).map(|i| 20_000 + i));
    access.hit(rule, at(8, 15, 0), Some(INTRUDER), path, Some(status), bytes);
    concluded(vec![access, application, gateway])
}

#[test]
fn one_success_of_a_scan_stands_out() {
    use Verdict::{Attempted, Suspected};
    let table = [
        // Whatever is sent to it, the front page answers as it does everybody.
        (Rule::Injection, "/", 200, Some(20_114), Attempted),
        (Rule::Injection, "/", 200, Some(1_931), Suspected),
        (Rule::Injection, "/", 200, Some(480_000), Suspected),
        // Nothing is known of the page but that it answered as no refusal does.
        (Rule::Injection, "/cgi-bin/view", 200, Some(1_931), Suspected),
        (Rule::Injection, "/cgi-bin/view", 200, None, Suspected),
        (Rule::Shell, "/upload/s.jsp", 200, Some(58), Suspected),
        // An error page under status 200.
        (Rule::Injection, "/cgi-bin/view", 200, Some(230), Attempted),
        (Rule::Shell, "/upload/s.jsp", 200, Some(212), Attempted),
        // No success at all.
        (Rule::Injection, "/cgi-bin/view", 403, Some(1_931), Attempted),
        (Rule::Injection, "/cgi-bin/view", 302, Some(0), Attempted),
        (Rule::Injection, "/cgi-bin/view", 500, Some(1_931), Attempted),
        // Looking around is no exploit, however it is answered.
        (Rule::Probe, "/", 200, Some(1_931), Attempted),
        (Rule::Probe, "/robots.txt", 200, Some(1_931), Attempted),
    ];
    for (rule, path, status, bytes, verdict) in table {
        let case = answered(rule, path, status, bytes);
        assert_eq!(case.verdict, verdict, "{path} {status} {bytes:?} {:#?}", case.reasons);
    }
}

#[test]
fn the_reason_is_the_success_itself() {
    let case = answered(Rule::Injection, "/cgi-bin/view", 200, Some(1_931));
    let reason = &case.reasons[0];
    assert_eq!(reason.rule.as_deref(), Some("injection"), "{:#?}", case.reasons);
    let success = at(8, 15, 0) as u64;
    assert_eq!(reason.locus.as_ref().map(|locus| locus.offset), Some(success));
}

#[test]
fn refusals_that_an_attacker_shapes_do_not_hide_a_success() {
    let [mut access, application, gateway] = three_logs();
    scan(&mut access, 4_000);
    for i in 0..300 {
        let time = at(8, 14, 30) + i;
        access.hit(Rule::Injection, time, Some(INTRUDER), "/long", Some(404), Some(1_931));
    }
    access.hit(Rule::Injection, at(8, 15, 0), Some(INTRUDER), "/a", Some(200), Some(1_931));
    assert_eq!(concluded(vec![access, application, gateway]).verdict, Verdict::Suspected);
}
