//! A small report for the tests of the formats: a breached site with hostile text in its logs, a
//! clean one, one without logs.

use crate::case::{
    Activity, Actor, Alone, Case, ClassCount, Count, Coverage, CoverageGap, Distinct, Example,
    Finding, FindingRule, HitOf, HourCount, Indicator, PathUse, Period, Pivot, Presence, Reason,
    Shown, ShownBy, Sighting, SiteHit, Step, Stored, StoredIn, Suppressed, Unable, Units, Verdict,
    Visit,
};
use crate::element::{Element, Grade, mask};
use crate::event::decode::Layer;
use crate::report::{Report, Run, RunSource};
use crate::rule::{Level, Stage};
use crate::scan::{HitEntry, Outcome, TraceKind};
use crate::source::{ContentId, Locus};
use crate::time::Time;

const HOSTILE: &str = "=cmd|'/c calc'!A1 <script>alert(1)</script> \x1b]52;c;QQ==\x07 \u{202e}evil";

fn at(text: &str) -> Time {
    format!("2017-03-{text}+09:00").parse().unwrap()
}

fn locus(line: u64) -> Locus {
    Locus { source: "zei/access.log".into(), line, offset: line * 100 }
}

pub(super) fn report() -> Report {
    Report {
        schema: super::SCHEMA.to_owned(),
        run: run(),
        sites: vec![clean(), unseen(), breached()],
        actors: vec![wanderer()],
        pivot: Pivot { traces: 1, followed: 2, ruled_out: 1, ..Pivot::default() },
    }
}

fn run() -> Run {
    Run {
        tool: "leaksweep 0.1.0".into(),
        rules: "5f".repeat(32),
        rule_count: 12,
        arguments: vec!["sweep".into(), "logs".into()],
        window: None,
        timezone: "UTC".into(),
        limits: vec![],
        sources: vec![RunSource {
            path: "zei/access.log".into(),
            sha256: Some(ContentId([7; 32])),
            bytes: 1234,
            lines: 12,
            format: vec!["apache-combined".into()],
            status: "ok".into(),
            streams: Vec::new(),
        }],
        inventory: None,
    }
}

fn breached() -> Case {
    Case {
        site: "zei.example.jp".into(),
        verdict: Verdict::ConfirmedExfiltration,
        reasons: vec![Reason {
            text: "a page that the intruder planted answered with data".into(),
            rule: Some("r-1".into()),
            locus: Some(locus(7)),
        }],
        at_risk: Some(Period {
            start: at("08T05:12:07"),
            end: at("09T23:53:00"),
            basis: "first accepted exploit to the end of the logs".into(),
        }),
        storage_window: None,
        vulnerability_window: None,
        units: Units {
            observed: counted(),
            attributed: counted(),
            declared: Some(676_290),
            stored: stored(),
            ..Units::default()
        },
        findings: vec![finding()],
        suppressed: vec![Suppressed {
            entry: 1,
            rule: "id-2".into(),
            title: "Dump asked for".into(),
            reason: format!("night batch {HOSTILE}"),
            expires: "2027-03-31".into(),
            count: 12,
            first: Some(at("08T05:12:07")),
            last: None,
        }],
        indicators: vec![Indicator {
            kind: "client".into(),
            value: "203.0.113.66".into(),
            first: Some(at("08T05:12:07")),
            last: Some(at("09T21:55:00")),
            count: 2,
        }],
        timeline: vec![Step {
            time: at("08T05:12:07"),
            stage: Some(Stage::InitialAccess),
            text: format!("exploit accepted {HOSTILE}"),
            client: Some("203.0.113.66".into()),
            locus: Some(locus(7)),
            techniques: vec!["T1190".into()],
            inside: true,
        }],
        actors: vec![present()],
        coverage: coverage(),
        hits: vec![hit(9, "08T05:13:00"), hit(7, "08T05:12:07")],
    }
}

fn present() -> Presence {
    let at = |line, text| Some(Sighting { time: at(text), locus: locus(line) });
    Presence {
        kind: TraceKind::Client,
        value: "203.0.113.66".into(),
        intruder: true,
        entries: 676_349,
        requests: 59,
        bytes: 48_296_559,
        succeeded: 46,
        refused: 13,
        records: 676_290,
        first: at(3, "08T05:02:07"),
        last: at(12, "09T21:55:00"),
        paths_known: 1,
        beyond: 0,
        paths: vec![PathUse {
            path: HOSTILE.into(),
            count: 40,
            bytes: 22_215,
            time: None,
            locus: locus(9),
        }],
        large: vec![],
        operations: vec![],
        walks: vec![],
        agents: vec![HOSTILE.into()],
        accounts: vec![],
        sessions: vec![],
        clients: vec!["203.0.113.66".into()],
        hours: vec![HourCount { hour: self::at("08T05:00:00"), count: 676_349 }],
    }
}

fn wanderer() -> Actor {
    let visit = |site: &str, text| Visit {
        site: site.into(),
        hits: 2,
        entries: 60,
        first: Some(at(text)),
        last: Some(at(text)),
        ..Visit::default()
    };
    Actor {
        client: "203.0.113.66".into(),
        intruder_at: vec!["zei.example.jp".into()],
        seen_at: vec![
            visit("shop.example.jp", "09T22:00:07"),
            visit("zei.example.jp", "08T05:02:07"),
        ],
    }
}

fn stored() -> Stored {
    Stored {
        authentication_data_with_card: true,
        security_codes: 12,
        tracks: 0,
        sources: vec![StoredIn {
            source: "zei/gateway.log".into(),
            cards: 676_290,
            authentication_data: 12,
        }],
        alone: vec![Alone {
            grade: Grade::Chance,
            valid: 303,
            invalid: 2_697,
            by_chance: 300,
            exceeding: 0,
        }],
        emails_apart: vec![],
    }
}

fn counted() -> Count {
    let class = |elements: &[Element], records, distinct_cards| ClassCount {
        elements: elements.to_vec(),
        records,
        distinct_cards,
    };
    Count {
        records: 676_290,
        classes: vec![
            class(&[Element::CardNumber, Element::Expiry], 61_661, 51_000),
            class(&[Element::CardNumber, Element::Expiry, Element::Email], 614_629, 313_181),
        ],
        distinct: Distinct { card_number: 364_181, email: 362_049, person: 362_049 },
        brands: vec![],
        apart: vec![],
    }
}

fn finding() -> Finding {
    Finding {
        id: "f-1".into(),
        rule: FindingRule {
            id: "r-1".into(),
            title: "Struts S2-045".into(),
            level: Level::Critical,
            author: "leaksweep".into(),
            tags: vec!["attack.initial_access".into()],
        },
        stage: Some(Stage::InitialAccess),
        outcome: Outcome::Succeeded,
        shown: vec![ShownBy { by: Shown::SideEffect, count: 2 }],
        count: 2,
        first: Some(at("08T05:12:07")),
        last: Some(at("08T05:13:00")),
        clients: vec!["203.0.113.66".into()],
        examples: vec![Example {
            source: "zei/access.log".into(),
            line: 7,
            offset: 700,
            time: Some(at("08T05:12:07")),
            layer: Layer::Raw,
            excerpt: mask(HOSTILE.as_bytes(), 0, 200),
        }],
        baseline: None,
        steps: vec![],
    }
}

fn hit(line: u64, time: &str) -> SiteHit {
    let of = HitOf {
        site: "zei.example.jp".into(),
        source: "zei/access.log".into(),
        rule: "r-1".into(),
        title: "Struts S2-045".into(),
        level: Level::Critical,
        stage: Some(Stage::InitialAccess),
        author: "leaksweep".into(),
    };
    let entry = HitEntry {
        line,
        offset: line * 100,
        time: Some(at(time)),
        client: Some("203.0.113.66".into()),
        excerpt: mask(HOSTILE.as_bytes(), 0, 200),
        ..HitEntry::of(Outcome::Succeeded)
    };
    let (of, entry) = (of.into(), entry.into());
    SiteHit { of, outcome: Outcome::Succeeded, layer: Layer::Raw, entry }
}

fn coverage() -> Coverage {
    Coverage {
        sources: vec!["zei/access.log".into()],
        logs: vec!["access".into()],
        lines: 12,
        parsed: 11,
        unparsed: 1,
        span: Some(Period {
            start: at("06T00:00:00"),
            end: at("09T23:53:00"),
            basis: "first and last entry".into(),
        }),
        activity: Activity {
            start: Some(at("06T00:00:00")),
            hours: 12,
            counts: vec![4, 0, 1, 2, 900, 60, 2, 1],
        },
        gaps: vec![CoverageGap {
            from: Some(at("07T01:00:00")),
            to: Some(at("07T09:00:00")),
            why: "no entry for 8 hours".into(),
        }],
        rules_able: vec!["r-1".into()],
        rules_unable: vec![Unable { rule: "r-2".into(), why: "no Content-Type field".into() }],
        complete: false,
        shortfalls: vec!["no entry for 8 hours".into()],
        ..Coverage::default()
    }
}

fn bare(site: &str, verdict: Verdict, coverage: Coverage) -> Case {
    Case {
        site: site.into(),
        verdict,
        reasons: vec![],
        at_risk: None,
        storage_window: None,
        vulnerability_window: None,
        units: Units::default(),
        findings: vec![],
        suppressed: vec![],
        indicators: vec![],
        timeline: vec![],
        actors: vec![],
        coverage,
        hits: vec![],
    }
}

fn clean() -> Case {
    let whole = Coverage { complete: true, shortfalls: vec![], gaps: vec![], ..coverage() };
    bare("shop.example.jp", Verdict::NotConfirmed, whole)
}

fn unseen() -> Case {
    bare("東京.example.jp", Verdict::NotExamined, Coverage::default())
}
