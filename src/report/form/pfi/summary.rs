//! Section 1.4: is there conclusive evidence, and what does it rest on?

use super::super::words::{is_confirmed, period, time, verdict, yes};
use super::super::{Language, Part, blank, table};
use crate::case::{Case, Finding};
use crate::report::Report;
use crate::report::facts::{self, number};
use crate::rule::Stage;
use crate::scan::Outcome;

/// 1.4: whether there is conclusive evidence, site by site.
pub(super) fn summary(report: &Report, language: Language) -> Vec<Part> {
    let confirmed = report.sites.iter().filter(|case| is_confirmed(case)).count();
    let all = report.sites.len();
    let text = language.of(
        format!("Conclusive evidence of a breach: {confirmed} of {all} sites."),
        format!("侵害の確証があるサイト：{all}件中{confirmed}件。"),
    );
    let head = language.of(
        [
            "Site",
            "Conclusive evidence of a breach",
            "Verdict",
            "First access",
            "Last access",
            "Records read by the intruder, gross",
            "Distinct accounts",
        ],
        [
            "サイト",
            "侵害の確証",
            "判定",
            "最初のアクセス",
            "最後のアクセス",
            "侵入者が読み出した件数（総数）",
            "カード番号（重複なし）",
        ],
    );
    let row = |case: &&Case| {
        let access = facts::access(case);
        vec![
            case.site.clone(),
            yes(is_confirmed(case), language).into(),
            verdict(case.verdict, language).into(),
            time(access.map(|(first, _)| first)),
            time(access.map(|(_, last)| last)),
            number(case.units.attributed.records),
            number(case.units.attributed.distinct.card_number),
        ]
    };
    vec![
        Part::Heading(
            language.of("1.4 Executive summary of findings", "1.4 調査結果の概要").into(),
        ),
        Part::Text(text),
        table(&head, facts::gravest_first(report).iter().map(row).collect(), "-"),
    ]
}

/// What 1.4 asks of each site: of a breach its dates, cause and containment; else the log coverage.
pub(super) fn sites(report: &Report, language: Language) -> Vec<Part> {
    let mut parts = Vec::new();
    for case in facts::gravest_first(report) {
        parts.push(Part::Subheading(case.site.clone()));
        parts.push(Part::List(case.reasons.iter().map(|reason| reason.text.clone()).collect()));
        if is_confirmed(case) {
            parts.extend(breach(case, language));
        } else {
            parts.push(coverage(case, language));
        }
    }
    let attestation = language.of("1.5 PFI attestation of independence", "1.5 独立性の宣誓");
    parts.push(Part::Heading(attestation.into()));
    parts.push(Part::Blank(language.of("signed by the PFI", "PFIの署名").into()));
    parts
}

fn breach(case: &Case, language: Language) -> Vec<Part> {
    let causes: Vec<String> = causes(case).map(|finding| finding.rule.title.clone()).collect();
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let basis = case.at_risk.as_ref().map(|p| p.basis.clone()).unwrap_or_default();
    let read = case.units.attributed.records > 0;
    let rows = vec![
        row(language.of("Dates of intrusion", "侵入の期間"), period(case.at_risk.as_ref())),
        row(language.of("What the dates rest on", "期間の根拠"), basis),
        row(language.of("Attack vector", "攻撃手法"), causes.join("; ")),
        row(
            language.of("Evidence that account data was read", "カード情報が読み出された証拠"),
            yes(read, language).into(),
        ),
    ];
    let head = language.of(["Question", "Answer from logs"], ["質問", "ログからの回答"]);
    let missing = language.of(
        "contained (how, when, by whom); root cause and contributing factors; malware",
        "封じ込め（方法、日時、担当）、根本原因と要因、マルウェア",
    );
    vec![table(&head, rows, "-"), Part::Blank(missing.into())]
}

/// The findings by which the intruder may have come in: accepted ones first.
fn causes(case: &Case) -> impl Iterator<Item = &Finding> {
    let came_in =
        |f: &&Finding| f.stage == Some(Stage::InitialAccess) && f.outcome != Outcome::Blocked;
    case.findings.iter().filter(came_in)
}

/// The questions that the template asks where there is no conclusive evidence.
fn coverage(case: &Case, language: Language) -> Part {
    let facts_ = &case.coverage;
    let unknown = blank(language).trim_end_matches([':', '：']);
    let or_none = |text: String| {
        if text.is_empty() { language.of("none", "なし").to_owned() } else { text }
    };
    let detail = language.of(
        format!(
            "{} of {} entries read; {} rules could not have fired",
            number(facts_.parsed),
            number(facts_.lines),
            facts_.rules_unable.len()
        ),
        format!(
            "{}件中{}件を解読。適用できない検出規則：{}",
            number(facts_.lines),
            number(facts_.parsed),
            facts_.rules_unable.len()
        ),
    );
    let rows = [
        (
            language.of(
                "Were system logs available for all relevant systems?",
                "すべての関連システムのログがあるか",
            ),
            language.of(
                format!("missing: {}", or_none(facts_.missing.join(", "))),
                format!("不足：{}", or_none(facts_.missing.join(", "))),
            ),
        ),
        (
            language.of("Were network logs available?", "ネットワークのログがあるか"),
            unknown.to_owned(),
        ),
        (
            language.of(
                "Did the logs give the detail that PCI DSS requirement 10 asks?",
                "PCI DSS要件10の詳細があるか",
            ),
            detail,
        ),
        (
            language.of("Were log files amended or tampered with?", "ログの改ざんはあるか"),
            or_none(facts_.notes.join("; ")),
        ),
        (
            language.of(
                "Were changes made to the environment, or data deleted?",
                "環境の変更、データの削除はあるか",
            ),
            unknown.to_owned(),
        ),
        (
            language.of("Reasons why the evidence is inconclusive", "確証がない理由"),
            or_none(facts_.shortfalls.join("; ")),
        ),
    ];
    let head = language.of(["Question", "Answer from logs"], ["質問", "ログからの回答"]);
    table(&head, rows.map(|(question, answer)| vec![question.to_owned(), answer]).to_vec(), "-")
}
