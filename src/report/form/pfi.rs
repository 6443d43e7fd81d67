//! The parts of a PFI final report (PCI SSC, template v1.1 and v3.3 as cited in its FAQs 1448 and
//! 1462) that logs can answer. Numbers of sections are the template's.

use super::super::Report;
use super::super::facts::{self, count, number, word};
use super::words::{class, element, elements, is_confirmed, period, time, verdict, yes};
use super::{Language, Part, table};
use crate::case::{Baseline, Case, Finding};
use crate::element::Element;
use crate::rule::Stage;
use crate::scan::Outcome;

/// The report.
pub(super) fn parts(report: &Report, language: Language) -> Vec<Part> {
    let sections = [
        opening, contacts, timeframe, locations, summary, sites, logs, windows, exposure, timeline,
        indicators, entities, evidence, tools, limits, changes,
    ];
    sections.into_iter().flat_map(|section| section(report, language)).collect()
}

fn opening(report: &Report, language: Language) -> Vec<Part> {
    let title =
        language.of("PFI final report: what the logs answer", "PFI最終報告書：ログから分かる範囲");
    let note = language.of(
        "Filled in by {} from logs alone. Conclusions rest on the entries that they name; every blank is for the investigator.",
        "{}がログだけから記入した。結論は示された記録に基づく。空欄は調査員が記入する。",
    );
    vec![Part::Title(title.into()), Part::Text(note.replace("{}", &report.run.tool))]
}

fn contacts(_: &Report, language: Language) -> Vec<Part> {
    let what = language
        .of("client, PFI company, acquirers, brands", "依頼者、PFI、アクワイアラー、国際ブランド");
    vec![
        Part::Heading(language.of("1.1 Contact information", "1.1 連絡先").into()),
        Part::Blank(what.into()),
    ]
}

fn timeframe(report: &Report, language: Language) -> Vec<Part> {
    let window = report.run.window.map_or_else(
        || language.of("not limited", "限定なし").to_owned(),
        |w| format!("{} – {} {}", facts::clock(w.from), facts::clock(w.to), facts::offset(w.to)),
    );
    let spans = || report.sites.iter().filter_map(|case| case.coverage.span.as_ref());
    let (first, last) = (spans().map(|s| s.start).min(), spans().map(|s| s.end).max());
    let text = language.of(
        format!(
            "Period examined: {window}. Entries of the logs: {} to {}.",
            time(first),
            time(last)
        ),
        format!("調査対象期間：{window}。ログの範囲：{} ～ {}。", time(first), time(last)),
    );
    vec![
        Part::Heading(
            language.of("1.2 Date and timeframe of assessment", "1.2 調査の日付と期間").into(),
        ),
        Part::Text(text),
        Part::Blank(
            language
                .of("dates of the engagement and of this report", "調査の開始日、報告日")
                .into(),
        ),
    ]
}

fn locations(report: &Report, language: Language) -> Vec<Part> {
    let sites: Vec<String> = report.sites.iter().map(|case| case.site.clone()).collect();
    vec![
        Part::Heading(language.of("1.3 Locations reviewed", "1.3 調査した場所").into()),
        Part::List(sites),
        Part::Blank(
            language
                .of("data centres, offices, systems imaged", "データセンター、拠点、保全した機器")
                .into(),
        ),
    ]
}

/// 1.4: whether there is conclusive evidence, site by site.
fn summary(report: &Report, language: Language) -> Vec<Part> {
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
fn sites(report: &Report, language: Language) -> Vec<Part> {
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
    let unknown = super::blank(language);
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

fn logs(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "Kinds of log", "Logs", "Entries", "Parsed", "Period", "Gaps"],
        ["サイト", "ログの種類", "ログ数", "件数", "解読", "期間", "欠落"],
    );
    let gap = |gap: &crate::case::CoverageGap| match (gap.from, gap.to) {
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

fn windows(report: &Report, language: Language) -> Vec<Part> {
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
    let basis = |p: Option<&crate::case::Period>| p.map(|p| p.basis.clone()).unwrap_or_default();
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
fn exposure(report: &Report, language: Language) -> Vec<Part> {
    let mut parts = vec![Part::Heading(
        language
            .of(
                "3.4 Elements at risk, and volume by brand",
                "3.4 危険にさらされた項目とブランド別件数",
            )
            .into(),
    )];
    for case in report.sites.iter().filter(|case| is_confirmed(case)) {
        let read = &case.units.attributed;
        let at_risk = elements(read);
        parts.push(Part::Subheading(case.site.clone()));
        let head = language.of(
            ["Element", "In records read by the intruder"],
            ["項目", "侵入者が読み出した記録にあるか"],
        );
        let row =
            |e: &Element| vec![element(*e, language), yes(at_risk.contains(e), language).into()];
        parts.push(table(&head, Element::ALL.iter().map(row).collect(), "-"));
        let head = language.of(
            ["Exactly these together", "Records, gross", "Distinct accounts"],
            ["組み合わせ", "件数（総数）", "カード番号（重複なし）"],
        );
        let row = |c: &crate::case::ClassCount| {
            vec![class(&c.elements, language), number(c.records), number(c.distinct_cards)]
        };
        parts.push(table(
            &head,
            read.classes.iter().map(row).collect(),
            language.of("No record was read in the logs.", "ログには読み出された記録がない。"),
        ));
        let head = language.of(
            ["Brand", "Records, gross", "Unique accounts"],
            ["ブランド", "件数（総数）", "カード番号（重複なし）"],
        );
        let row = |b: &crate::case::BrandCount| {
            vec![word(&b.brand), number(b.records), number(b.distinct)]
        };
        parts.push(table(
            &head,
            read.brands.iter().map(row).collect(),
            language.of("No account by brand.", "ブランド別の件数はない。"),
        ));
        if let Some(declared) = case.units.declared {
            parts.push(Part::Text(language.of(
                format!(
                    "The inventory declares at most {} records in the data store.",
                    number(declared)
                ),
                format!("目録によるデータベース上の最大件数：{}件。", number(declared)),
            )));
        }
    }
    parts.push(Part::Blank(
        language
            .of(
                "PIN, PIN block; the count in the data store itself",
                "PIN、PINブロック、データベース上の実数",
            )
            .into(),
    ));
    parts
}

fn timeline(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "When", "Stage", "What", "Who", "Entry"],
        ["サイト", "日時", "段階", "内容", "接続元", "記録"],
    );
    let row = |case: &Case, step: &crate::case::Step| {
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

fn indicators(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["Site", "Kind", "Value", "First", "Last", "Hits"],
        ["サイト", "種類", "値", "最初", "最後", "件数"],
    );
    let row = |case: &Case, i: &crate::case::Indicator| {
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

fn entities(_: &Report, language: Language) -> Vec<Part> {
    vec![
        Part::Heading(
            language.of("Appendix C: impacted entities", "付録C：影響を受けた事業者").into(),
        ),
        Part::Blank(
            language.of("by acquirer, and a master list", "アクワイアラー別、および一覧").into(),
        ),
    ]
}

fn evidence(report: &Report, language: Language) -> Vec<Part> {
    let head = language.of(
        ["File", "Bytes", "SHA-256", "Entries", "State"],
        ["ファイル", "バイト", "SHA-256", "件数", "状態"],
    );
    let row = |source: &super::super::RunSource| {
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

fn tools(report: &Report, language: Language) -> Vec<Part> {
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

fn limits(report: &Report, language: Language) -> Vec<Part> {
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
fn changes(report: &Report, language: Language) -> Vec<Part> {
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
