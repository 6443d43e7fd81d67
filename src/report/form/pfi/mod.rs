//! The parts of a PFI final report (PCI SSC, template v1.1 and v3.3 as cited in its FAQs 1448 and
//! 1462) that logs can answer. Numbers of sections are the template's.

mod annex;
mod breach;
mod summary;

use super::super::{Report, facts};
use super::words::time;
use super::{Language, Part};
use annex::{changes, entities, evidence, indicators, limits, tools};
use breach::{exposure, logs, timeline, windows};
use summary::{sites, summary};

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

fn contacts(_: &Report, language: Language) -> Vec<Part> {
    let what = language
        .of("client, PFI company, acquirers, brands", "依頼者、PFI、アクワイアラー、国際ブランド");
    vec![
        Part::Heading(language.of("1.1 Contact information", "1.1 連絡先").into()),
        Part::Blank(what.into()),
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
