//! The nine items of a report to Japan's Personal Information Protection Commission (施行規則
//! 第8条第1項), as far as logs can tell them.
//!
//! What counts there is persons, not rows or cards, and a leak that happened (発生) is kept apart
//! from one that may have happened (おそれ). A refused attack is neither.

use super::super::Report;
use super::super::facts::{self, number};
use super::words::{class, element, elements, is_confirmed, period, time, verdict};
use super::{Language, Part, table};
use crate::case::{Case, Verdict};
use crate::rule::Stage;
use crate::scan::Outcome;

/// The report.
pub(super) fn parts(report: &Report, language: Language) -> Vec<Part> {
    let items = [
        opening,
        overview,
        items,
        persons,
        causes,
        secondary,
        response,
        publication,
        prevention,
        other,
    ];
    items.into_iter().flat_map(|item| item(report, language)).collect()
}

fn opening(report: &Report, language: Language) -> Vec<Part> {
    let title = language.of(
        "Report of a leak to the PPC: what the logs answer",
        "漏えい等報告（個人情報保護委員会）：ログから分かる範囲",
    );
    let note = language.of(
        "Filled in by {} from logs alone. Due: preliminary within 3 to 5 days, final within 30 days (60 for unauthorised access). Times as each log wrote them.",
        "{}がログだけから記入した。期限：速報は3～5日以内、確報は30日以内（不正アクセスは60日以内）。日時はログの表記による。",
    );
    vec![Part::Title(title.into()), Part::Text(note.replace("{}", &report.run.tool))]
}

fn heading(number: u8, text: &str) -> Part {
    Part::Heading(format!("{number}. {text}"))
}

/// Whether a leak happened, may have happened, or did not, by the verdict.
fn status(case: &Case, language: Language) -> &'static str {
    match case.verdict {
        Verdict::ConfirmedExfiltration => language.of("happened", "発生"),
        Verdict::ConfirmedAccess => language.of("may have happened", "おそれ"),
        Verdict::Suspected => {
            language.of("to be judged: access is not proven", "要判断（侵入は未確認）")
        }
        Verdict::Attempted => {
            language.of("no: every attack was refused", "なし（攻撃はすべて拒否）")
        }
        Verdict::NotConfirmed => language.of("not confirmed", "確認されず"),
        Verdict::Inconclusive | Verdict::NotExamined => {
            language.of("cannot be judged: logs are missing", "判断できない（ログ不足）")
        }
    }
}

fn overview(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "Leak", "Verdict", "First access", "Last access"],
        ["サイト", "漏えい等", "判定", "最初のアクセス", "最後のアクセス"],
    );
    let row = |case: &&Case| {
        let access = facts::access(case);
        vec![
            case.site.clone(),
            status(case, language).into(),
            verdict(case.verdict, language).into(),
            time(access.map(|(first, _)| first)),
            time(access.map(|(_, last)| last)),
        ]
    };
    vec![
        heading(1, language.of("Overview", "概要")),
        table(&head, facts::gravest_first(report).iter().map(row).collect(), "-"),
        Part::Blank(
            language
                .of(
                    "when and how it was discovered, business operator, entrusted parties",
                    "発覚日と経緯、事業者名、委託の有無",
                )
                .into(),
        ),
    ]
}

/// The sites of which a leak happened or may have happened.
fn concerned(report: &Report) -> impl Iterator<Item = &Case> {
    report.sites.iter().filter(|case| is_confirmed(case))
}

fn items(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "Items of personal data read by the intruder"],
        ["サイト", "侵入者が読み出した個人データの項目"],
    );
    let row = |case: &Case| {
        let read = elements(&case.units.attributed);
        let names: Vec<String> = read.into_iter().map(|e| element(e, language)).collect();
        vec![case.site.clone(), names.join(language.of(", ", "、"))]
    };
    let none = language.of("No site is confirmed.", "確認されたサイトはない。");
    vec![
        heading(
            2,
            language.of(
                "Items of personal data leaked or possibly leaked",
                "漏えい等が発生し、又は発生したおそれがある個人データの項目",
            ),
        ),
        table(&head, concerned(report).map(row).collect(), none),
        Part::Blank(
            language
                .of(
                    "items in the data store that were within reach but stand in no log",
                    "ログに現れないが侵入者の手の届く範囲にあった項目",
                )
                .into(),
        ),
    ]
}

fn persons(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        [
            "Site",
            "Persons (distinct, at least)",
            "Distinct e-mail addresses",
            "Distinct cards",
            "Records, gross",
            "Data store, at most",
        ],
        [
            "サイト",
            "本人の数（重複なし、少なくとも）",
            "メールアドレス（重複なし）",
            "カード番号（重複なし）",
            "件数（総数）",
            "データベースの最大件数",
        ],
    );
    let row = |case: &Case| {
        let read = &case.units.attributed;
        vec![
            case.site.clone(),
            number(read.distinct.person),
            number(read.distinct.email),
            number(read.distinct.card_number),
            number(read.records),
            case.units.declared.map_or_else(|| "-".to_owned(), number),
        ]
    };
    let counted = language.of(
        "Persons are counted by the best key of each record (e-mail address, else name and other data, else card); the legal count is of persons, from one on where unauthorised access or cards are concerned.",
        "本人の数は各記録の最も確かな識別子（メールアドレス、次に氏名等、次にカード番号）で数えた。不正アクセス又はカード情報の場合、1人から報告の対象となる。",
    );
    let none = language.of("No site is confirmed.", "確認されたサイトはない。");
    vec![
        heading(3, language.of("Number of persons", "個人データに係る本人の数")),
        table(&head, concerned(report).map(row).collect(), none),
        Part::Text(counted.into()),
    ]
}

fn causes(report: &Report, language: Language) -> Vec<Part> {
    let mut parts = vec![heading(4, language.of("Cause", "原因"))];
    for case in concerned(report) {
        let came_in = |f: &&crate::case::Finding| {
            f.stage == Some(Stage::InitialAccess) && f.outcome != Outcome::Blocked
        };
        let mut titles: Vec<_> =
            case.findings.iter().filter(came_in).map(|f| f.rule.title.clone()).collect();
        titles.dedup();
        let reasons = case.reasons.iter().map(|reason| reason.text.clone());
        parts.push(Part::Subheading(case.site.clone()));
        parts.push(Part::List(titles.into_iter().chain(reasons).collect()));
    }
    let missing = language
        .of("root cause: missing updates, settings, organisation", "根本原因（更新、設定、体制）");
    parts.push(Part::Blank(missing.into()));
    parts
}

fn secondary(_: &Report, language: Language) -> Vec<Part> {
    vec![
        heading(
            5,
            language.of(
                "Secondary damage, present or feared",
                "二次被害又はそのおそれの有無及びその内容",
            ),
        ),
        Part::Blank(
            language
                .of("fraudulent use of cards, phishing", "カードの不正利用、フィッシング等")
                .into(),
        ),
    ]
}

fn response(_: &Report, language: Language) -> Vec<Part> {
    vec![
        heading(6, language.of("What was done for the persons", "本人への対応の実施状況")),
        Part::Blank(language.of("notices, contact point", "通知、窓口").into()),
    ]
}

fn publication(_: &Report, language: Language) -> Vec<Part> {
    vec![
        heading(7, language.of("Publication", "公表の実施状況")),
        Part::Blank(language.of("date and means", "日付、方法").into()),
    ]
}

fn prevention(_: &Report, language: Language) -> Vec<Part> {
    vec![
        heading(8, language.of("Measures against a recurrence", "再発防止のための措置")),
        Part::Blank(language.of("done and planned", "実施済み、予定").into()),
    ]
}

fn other(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "At-risk timeframe", "Classes read, gross and distinct cards", "Logs complete"],
        ["サイト", "侵害期間", "組み合わせ別件数（総数／カード番号）", "ログの完全性"],
    );
    let row = |case: &Case| {
        let classes = case.units.attributed.classes.iter().map(|c| {
            format!(
                "{}: {} / {}",
                class(&c.elements, language),
                number(c.records),
                number(c.distinct_cards)
            )
        });
        let complete = if case.coverage.complete {
            language.of("complete", "完全").to_owned()
        } else {
            case.coverage.shortfalls.join("; ")
        };
        vec![
            case.site.clone(),
            period(case.at_risk.as_ref()),
            classes.collect::<Vec<_>>().join("; "),
            complete,
        ]
    };
    vec![
        heading(9, language.of("Other matters", "その他参考となる事項")),
        table(&head, report.sites.iter().map(row).collect(), "-"),
        Part::Blank(
            language
                .of(
                    "other authorities and brands that were told",
                    "他の官庁、国際ブランド等への報告",
                )
                .into(),
        ),
    ]
}
