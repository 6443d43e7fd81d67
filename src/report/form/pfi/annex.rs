//! The appendices: indicators, evidence, tools, limitations, changes.

use super::super::words::time;
use super::super::{Language, Part, table};
use crate::case::{Baseline, Case, Finding, Indicator};
use crate::report::facts::{self, count, number, word};
use crate::report::{Report, RunSource};

pub(super) fn indicators(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "Kind", "Value", "First", "Last", "Hits"],
        ["サイト", "種類", "値", "最初", "最後", "件数"],
    );
    let row = |case: &Case, i: &Indicator| {
        vec![
            case.site.clone(),
            i.kind.clone(),
            i.value.clone(),
            time(i.first),
            time(i.last),
            number(i.count),
        ]
    };
    let rows =
        report.sites.iter().flat_map(|case| case.indicators.iter().map(move |i| row(case, i)));
    vec![
        Part::Heading(language.of("Appendix: threat indicators", "付録：脅威の痕跡").into()),
        table(&head, rows.collect(), language.of("None.", "なし。")),
        Part::Blank(
            language
                .of(
                    "names, sizes and hashes of files on the system, registry, malware",
                    "システム上のファイル名・サイズ・ハッシュ、レジストリ、マルウェア",
                )
                .into(),
        ),
    ]
}

pub(super) fn entities(_: &Report, language: Language) -> Vec<Part> {
    vec![
        Part::Heading(
            language.of("Appendix C: impacted entities", "付録C：影響を受けた事業者").into(),
        ),
        Part::Blank(
            language.of("by acquirer, and a master list", "アクワイアラー別、および一覧").into(),
        ),
    ]
}

pub(super) fn evidence(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["File", "Bytes", "SHA-256", "Entries", "State"],
        ["ファイル", "バイト", "SHA-256", "件数", "状態"],
    );
    let row = |source: &RunSource| {
        let sum = source.sha256.map(|sum| sum.to_string()).unwrap_or_default();
        vec![
            source.path.clone(),
            number(source.bytes),
            sum,
            number(source.lines),
            source.status.clone(),
        ]
    };
    vec![
        Part::Heading(language.of("Evidence", "証拠品").into()),
        table(&head, report.run.sources.iter().map(row).collect(), "-"),
    ]
}

pub(super) fn tools(report: &Report, language: Language) -> Vec<Part> {
    let run = &report.run;
    let text = language.of(
        format!(
            "{}, {}, digest {}; leaksweep {}",
            run.tool,
            count(run.rule_count as u64, "rule"),
            run.rules,
            run.arguments.join(" ")
        ),
        format!(
            "{}、検出規則{}件、ダイジェスト{}；leaksweep {}",
            run.tool,
            run.rule_count,
            run.rules,
            run.arguments.join(" ")
        ),
    );
    vec![Part::Heading(language.of("Tools", "使用したツール").into()), Part::Text(text)]
}

pub(super) fn limits(report: &Report, language: Language) -> Vec<Part> {
    let fixed = language.of(
        ["Counts are of records in logs, not in the data store.", "A quiet log is not a quiet system: what was not logged is not seen.", "System images, PIN data, compliance with PCI DSS and containment are not to be known from logs."],
        ["件数はログ上の記録の数であり、データベース上の数ではない。", "ログに現れないことは、起きなかったことの証明ではない。", "システムの保全データ、PIN、PCI DSSへの準拠、封じ込めは、ログからは分からない。"],
    );
    let met = report.run.limits.iter().map(|gap| format!("{}: {}", gap.source, gap.detail));
    vec![
        Part::Heading(language.of("Limitations", "限界").into()),
        Part::List(fixed.into_iter().map(str::to_owned).chain(met).collect()),
    ]
}

/// Changes against an earlier report; the first version has none.
pub(super) fn changes(report: &Report, language: Language) -> Vec<Part> {
    let changed =
        |(_, f): &(&Case, &Finding)| matches!(f.baseline, Some(Baseline::New | Baseline::Changed));
    let row = |(case, finding): (&Case, &Finding)| {
        let mark = finding.baseline.map(|mark| word(&mark)).unwrap_or_default();
        vec![case.site.clone(), finding.rule.title.clone(), mark, number(finding.count)]
    };
    let head = language
        .of(["Site", "Finding", "Change", "Hits now"], ["サイト", "検出", "変更", "現在の件数"]);
    let none = language.of(
        "Version 1.0: no earlier report was given (--baseline), or nothing changed.",
        "第1.0版：以前の報告の指定がないか、変更がない。",
    );
    vec![
        Part::Heading(language.of("Table of changes", "変更履歴").into()),
        table(&head, facts::findings(report).filter(changed).map(row).collect(), none),
        Part::Blank(
            language
                .of("version number, date, author of each change", "版番号、日付、変更者")
                .into(),
        ),
    ]
}
