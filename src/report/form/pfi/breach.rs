//! Sections 2 to 4: which logs there are, when the intruder was there, and what was at risk.

use super::super::words::{class, element, elements, is_confirmed, period, time, yes};
use super::super::{Language, Part, table};
use crate::case::{BrandCount, Case, ClassCount, Count, CoverageGap, Period, Step};
use crate::element::Element;
use crate::report::Report;
use crate::report::facts::{self, number, word};

pub(super) fn logs(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "Kinds of log", "Logs", "Entries", "Parsed", "Period", "Gaps"],
        ["サイト", "ログの種類", "ログ数", "件数", "解読", "期間", "欠落"],
    );
    let gap = |gap: &CoverageGap| match (gap.from, gap.to) {
        (Some(from), Some(to)) => {
            format!("{} – {}: {}", facts::clock(from), facts::clock(to), gap.why)
        }
        _ => gap.why.clone(),
    };
    let row = |case: &Case| {
        let facts_ = &case.coverage;
        let gaps: Vec<String> = facts_.gaps.iter().map(gap).collect();
        vec![
            case.site.clone(),
            facts_.logs.join(", "),
            number(facts_.sources.len() as u64),
            number(facts_.lines),
            facts::share(facts_.parsed, facts_.lines),
            period(facts_.span.as_ref()),
            gaps.join("; "),
        ]
    };
    vec![
        Part::Heading(language.of("2 Logs reviewed", "2 調査したログ").into()),
        table(&head, report.sites.iter().map(row).collect(), "-"),
    ]
}

pub(super) fn windows(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        [
            "Site",
            "At-risk timeframe (window of intrusion)",
            "Rests on",
            "Window of payment card data storage",
            "Rests on",
        ],
        ["サイト", "侵害期間", "根拠", "カード情報の保存期間", "根拠"],
    );
    let basis = |p: Option<&Period>| p.map(|p| p.basis.clone()).unwrap_or_default();
    let row = |case: &Case| {
        let (risk, storage) = (case.at_risk.as_ref(), case.storage_window.as_ref());
        vec![case.site.clone(), period(risk), basis(risk), period(storage), basis(storage)]
    };
    let rows = report.sites.iter().filter(|case| is_confirmed(case)).map(row).collect();
    vec![
        Part::Heading(language.of("3.1 Windows", "3.1 期間").into()),
        table(&head, rows, language.of("No site is confirmed as breached.", "侵害が確認されたサイトはない。")),
        Part::Blank(language.of("window of system vulnerability; dates of malware; transaction dates in the data store", "脆弱性の存在した期間、マルウェアの日付、データベース上の取引日").into()),
    ]
}

/// 3.4: elements at risk and the accounts by brand.
pub(super) fn exposure(report: &Report, language: Language) -> Vec<Part> {
    let title = language.of(
        "3.4 Elements at risk, and volume by brand",
        "3.4 危険にさらされた項目とブランド別件数",
    );
    let missing = language.of(
        "PIN, PIN block; the count in the data store itself",
        "PIN、PINブロック、データベース上の実数",
    );
    let confirmed = report.sites.iter().filter(|case| is_confirmed(case));
    let mut parts = vec![Part::Heading(title.into())];
    parts.extend(confirmed.flat_map(|case| at_risk(case, language)));
    parts.push(Part::Blank(missing.into()));
    parts
}

fn at_risk(case: &Case, language: Language) -> Vec<Part> {
    let read = &case.units.attributed;
    let mut parts = vec![
        Part::Subheading(case.site.clone()),
        by_element(read, language),
        by_class(read, language),
        by_brand(read, language),
    ];
    parts.extend(case.units.declared.map(|most| {
        let most = number(most);
        Part::Text(language.of(
            format!("The inventory declares at most {most} records in the data store."),
            format!("目録によるデータベース上の最大件数：{most}件。"),
        ))
    }));
    parts
}

fn by_element(read: &Count, language: Language) -> Part {
    let at_risk = elements(read);
    let head = language.of(
        ["Element", "In records read by the intruder"],
        ["項目", "侵入者が読み出した記録にあるか"],
    );
    let row = |e: &Element| vec![element(*e, language), yes(at_risk.contains(e), language).into()];
    table(&head, Element::ALL.iter().map(row).collect(), "-")
}

fn by_class(read: &Count, language: Language) -> Part {
    let head = language.of(
        ["Exactly these together", "Records, gross", "Distinct accounts"],
        ["組み合わせ", "件数（総数）", "カード番号（重複なし）"],
    );
    let row = |c: &ClassCount| {
        vec![class(&c.elements, language), number(c.records), number(c.distinct_cards)]
    };
    let none = language.of("No record was read in the logs.", "ログには読み出された記録がない。");
    table(&head, read.classes.iter().map(row).collect(), none)
}

fn by_brand(read: &Count, language: Language) -> Part {
    let head = language.of(
        ["Brand", "Records, gross", "Unique accounts"],
        ["ブランド", "件数（総数）", "カード番号（重複なし）"],
    );
    let row = |b: &BrandCount| vec![word(&b.brand), number(b.records), number(b.distinct)];
    let none = language.of("No account by brand.", "ブランド別の件数はない。");
    table(&head, read.brands.iter().map(row).collect(), none)
}

pub(super) fn timeline(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "When", "Stage", "What", "Who", "Entry"],
        ["サイト", "日時", "段階", "内容", "接続元", "記録"],
    );
    let row = |case: &Case, step: &Step| {
        let entry = step.locus.as_ref().map(|at| format!("{}:{}", at.source, at.line));
        vec![
            case.site.clone(),
            time(Some(step.time)),
            step.stage.map(|stage| word(&stage)).unwrap_or_default(),
            step.text.clone(),
            step.client.clone().unwrap_or_default(),
            entry.unwrap_or_default(),
        ]
    };
    let confirmed = report.sites.iter().filter(|case| is_confirmed(case));
    let rows = confirmed.flat_map(|case| case.timeline.iter().map(move |step| row(case, step)));
    vec![
        Part::Heading(language.of("4 Timeline", "4 時系列").into()),
        table(&head, rows.collect(), "-"),
    ]
}
