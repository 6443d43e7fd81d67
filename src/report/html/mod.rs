//! One self-contained page: no network, readable without scripts and on paper.
//!
//! The content security policy allows nothing but the page's own style and script, by their
//! hashes, so that even a mistake in escaping could not run or send anything.

pub(super) mod comparison;
pub(super) mod form;
mod actor;
mod node;
mod picture;
mod site;
mod strip;

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::{Report, facts};
use crate::case::{Case, Verdict};
use node::Html;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes the page.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<!DOCTYPE html>\n<html lang=\"en\">\n")?;
    let cases = facts::gravest_first(report);
    let mut html = Html::default();
    head(&mut html, "leaksweep report");
    first_screen(&mut html, report);
    out.write_all(html.as_bytes())?;
    let share = Share::of(cases.len());
    for (at, case) in cases.iter().enumerate() {
        let mut html = Html::default();
        site::section(&mut html, case, at, share);
        out.write_all(html.as_bytes())?;
    }
    let mut html = Html::default();
    run(&mut html, report);
    html.close("main");
    html.own("script", SCRIPT);
    html.close("body");
    html.close("html");
    out.write_all(html.as_bytes())
}

fn head(html: &mut Html, title: &str) {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(STYLE)),
        base64(&Sha256::digest(SCRIPT)),
    );
    html.with("head", &[], |html| {
        html.open("meta", &[("charset", "utf-8")]);
        html.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
        let size = "width=device-width, initial-scale=1";
        html.open("meta", &[("name", "viewport"), ("content", size)]);
        html.open("meta", &[("name", "referrer"), ("content", "no-referrer")]);
        html.leaf("title", &[], title);
        html.own("style", STYLE);
    });
    html.open("body", &[]);
    html.open("main", &[]);
}

fn first_screen(html: &mut Html, report: &Report) {
    html.leaf("h1", &[], "What the logs show");
    html.leaf("p", &[("class", "lead")], &summary(report));
    html.with("p", &[("class", "chips")], |html| {
        for (verdict, n) in by_verdict(report) {
            let class = format!("v {}", verdict.name());
            html.leaf("span", &[("class", &class)], &format!("{n} {}", verdict.name()));
        }
    });
    facts_of_run(html, report);
    html.with("p", &[("class", "js"), ("hidden", "")], |html| {
        html.text("Filter ");
        html.open("input", &[("type", "search"), ("id", "filter"), ("aria-label", "Filter sites")]);
        html.text(" a click on a verdict filters, on a column's title sorts, on a command copies");
    });
    let titles = [
        "Site",
        "Verdict",
        "Records#",
        "Distinct cards#",
        "Read by intruder#",
        "First access",
        "Last access",
        "Coverage",
    ];
    html.table("sites sortable", &titles, |html| {
        for (at, case) in facts::gravest_first(report).into_iter().enumerate() {
            html.with("tr", &[], |html| row(html, case, at));
        }
    });
    actors(html, report);
    let note = "Records are counted in the logs, gross and distinct; they are not a count of the \
                data store. A quiet log is not a quiet system.";
    html.leaf("p", &[("class", "note")], note);
}

/// Who was at several sites.
fn actors(html: &mut Html, report: &Report) {
    let sentences = super::actor::at_several_sites(report);
    if sentences.is_empty() {
        return;
    }
    html.leaf("h3", &[], "At several sites");
    html.with("ul", &[], |html| sentences.iter().for_each(|text| html.leaf("li", &[], text)));
}

/// The headline in one sentence.
fn summary(report: &Report) -> String {
    let confirmed = |c: &&Case| c.verdict <= Verdict::ConfirmedAccess;
    let total = facts::count(report.sites.len() as u64, "site");
    match report.sites.iter().filter(confirmed).count() {
        0 => format!("Unauthorised access is confirmed on none of {total}."),
        n => format!("Unauthorised access is confirmed on {n} of {total}."),
    }
}

fn by_verdict(report: &Report) -> Vec<(Verdict, usize)> {
    let mut counts: Vec<(Verdict, usize)> = Vec::new();
    for case in facts::gravest_first(report) {
        match counts.last_mut() {
            Some((verdict, n)) if *verdict == case.verdict => *n += 1,
            _ => counts.push((case.verdict, 1)),
        }
    }
    counts
}

fn row(html: &mut Html, case: &Case, at: usize) {
    let access = facts::access(case);
    let anchor = format!("#s{at}");
    html.with("td", &[], |html| html.leaf("a", &[("href", &anchor)], &case.site));
    let gravity = (case.verdict as u8).to_string();
    html.with("td", &[("data-v", &gravity)], |html| verdict(html, case.verdict));
    html.number(case.units.observed.records);
    html.number(case.units.observed.distinct.card_number);
    html.number(case.units.attributed.records);
    html.cell(&access.map(|(first, _)| facts::minute(first)).unwrap_or_default());
    html.cell(&access.map(|(_, last)| facts::minute(last)).unwrap_or_default());
    html.cell(&facts::coverage(case));
}

/// A verdict in words and colour.
fn verdict(html: &mut Html, verdict: Verdict) {
    let class = format!("v {}", verdict.name());
    html.leaf("span", &[("class", &class)], verdict.name());
}

/// How much was read, and how much of it whole.
fn covered(report: &Report) -> String {
    let sources = &report.run.sources;
    let whole = sources.iter().filter(|s| s.status == "ok" || s.status.starts_with("duplicate"));
    let complete = report.sites.iter().filter(|case| case.coverage.complete).count() as u64;
    format!(
        "{} of {} read whole; complete for {} of {}",
        facts::number(whole.count() as u64),
        facts::count(sources.len() as u64, "file"),
        facts::number(complete),
        facts::count(report.sites.len() as u64, "site"),
    )
}

/// What the result depends on.
fn facts_of_run(html: &mut Html, report: &Report) {
    let run = &report.run;
    html.with("dl", &[("class", "run")], |html| {
        let mut fact = |name: &str, value: &str| {
            html.leaf("dt", &[], name);
            html.leaf("dd", &[], value);
        };
        fact("Command", &format!("leaksweep {}", run.arguments.join(" ")));
        fact("Program", &run.tool);
        fact("Rules", &format!("{}, SHA-256 {}", run.rule_count, run.rules));
        fact("Coverage", &covered(report));
        if let Some(window) = run.window {
            let (from, to) = (facts::clock(window.from), facts::clock(window.to));
            fact("Period examined", &format!("{from} to {to} ({})", facts::offset(window.to)));
        }
        fact("Zone of logs that name none", &run.timezone);
        if let Some(inventory) = &run.inventory {
            let found = if inventory.found_in_evidence { " (found in the evidence)" } else { "" };
            fact("Inventory", &format!("{}{found}, SHA-256 {}", inventory.path, inventory.sha256));
        }
    });
}

/// Files that are listed; the others are counted.
const FILES: usize = 2_000;

/// Everything that was read.
fn run(html: &mut Html, report: &Report) {
    html.leaf("h2", &[], "Evidence");
    let titles = ["File", "Bytes#", "Entries#", "Formats", "State", "SHA-256"];
    html.table("sortable", &titles, |html| {
        for source in report.run.sources.iter().take(FILES) {
            html.with("tr", &[], |html| {
                html.cell(&source.path);
                html.number(source.bytes);
                html.number(source.lines);
                html.cell(&source.format.join(", "));
                html.cell(&source.status);
                let sum = source.sha256.map(|id| id.to_string()).unwrap_or_default();
                html.with("td", &[], |html| html.leaf("code", &[("class", "sum")], &sum));
            });
        }
    });
    more(html, report.run.sources.len(), FILES);
}

/// How much of each of its lists a site shows, gravest first: a page of many sites must still open.
#[derive(Clone, Copy)]
struct Share {
    findings: usize,
    actors: usize,
    /// Steps, indicators, gaps, rules.
    lines: usize,
}

impl Share {
    fn of(sites: usize) -> Self {
        let share = |all: usize, least, most| (all / sites.max(1)).clamp(least, most);
        Self {
            findings: share(2_000, 5, 100),
            actors: share(5_000, 5, 50),
            lines: share(10_000, 10, 200),
        }
    }
}

/// Says how much of a list is not shown.
fn more(html: &mut Html, there: usize, shown: usize) {
    if there > shown {
        let text = format!("{shown} of {there} are shown; the JSON report has all.");
        html.leaf("p", &[("class", "note")], &text);
    }
}

/// Base 64 (RFC 4648) of a hash.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * at) & 63) as usize).copied();
            let padding = at > three.len();
            out.push(if padding { '=' } else { char::from(digit.unwrap_or(b'=')) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn base64_as_in_the_rfc() {
        for (text, encoded) in
            [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_page_of_many_findings_says_what_it_leaves_out() {
        let mut report = sample::report();
        let case = report.sites.iter().find(|c| !c.findings.is_empty()).cloned().unwrap();
        let findings = case.findings.iter().cycle().take(100).cloned().collect();
        let busy = Case { findings, ..case };
        report.sites = vec![busy; 500];
        let mut out = Vec::new();
        render(&report, &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert_eq!(page.matches("5 of 100 are shown").count(), 500);
        assert!(page.len() < 16 << 20, "{}", page.len());
    }

    #[test]
    fn a_page_holds_everything_and_nothing_hostile() {
        let mut out = Vec::new();
        render(&sample::report(), &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        for part in [
            "zei.example.jp",
            "confirmed-exfiltration",
            "676,290",
            "364,181",
            "leaksweep sweep logs",
            "leaksweep show zei/access.log:7",
            "<svg",
            "東京.example.jp",
            "no entry for 8 hours",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("<script").count(), 1, "only our own script");
        assert!(!page.contains('\x1b') && !page.contains('\u{202e}'));
        assert!(!page.contains("http://") && !page.contains("https://"), "no network");
        assert!(
            !page.contains(" style=") && !page.contains(" onclick="),
            "the policy forbids them"
        );
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
        for tag in ["div", "table", "tr", "td", "section", "svg", "details", "p", "g", "ul", "li"] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }
}
