//! One site's section: what happened, how much, what it rests on, what could not be seen.

use super::super::facts::{self, clock};
use super::node::Html;
use super::{Share, actor, more, picture, verdict};
use crate::case::{Case, Count, Coverage, Finding, Indicator, Placement, Reason, Step, Suppressed};
use crate::time::Time;

/// Findings that stand open.
const OPEN: usize = 3;
/// Samples of a finding.
const EXAMPLES: usize = 5;

/// Writes the section.
pub(super) fn section(html: &mut Html, case: &Case, at: usize, share: Share) {
    let id = format!("s{at}");
    html.with("section", &[("id", &id)], |html| {
        html.with("h2", &[], |html| {
            html.text(&case.site);
            html.text(" ");
            verdict(html, case.verdict);
        });
        html.with("ul", &[("class", "reasons")], |html| {
            case.reasons.iter().for_each(|reason| reason_line(html, reason));
        });
        html.with("p", &[("class", "next")], |html| {
            html.leaf("strong", &[], "Next: ");
            html.text(facts::next_step(case));
        });
        windows(html, case);
        picture::timeline(html, case, share.findings);
        units(html, case);
        stored(html, case);
        actor::actors(html, case, share.actors);
        findings(html, &case.findings, share);
        suppressed(html, &case.suppressed);
        steps(html, &case.timeline, share.lines);
        indicators(html, &case.indicators, share.lines);
        coverage(html, &case.coverage, share.lines);
    });
}

fn reason_line(html: &mut Html, reason: &Reason) {
    html.with("li", &[], |html| {
        html.text(&reason.text);
        if let Some(locus) = &reason.locus {
            html.text(" ");
            command(html, &facts::show_command(&locus.source, locus.line));
        }
    });
}

/// A command to be copied: one click selects it.
pub(super) fn command(html: &mut Html, text: &str) {
    html.leaf("code", &[("class", "cmd")], text);
}

fn windows(html: &mut Html, case: &Case) {
    let periods = [
        ("At risk", &case.at_risk),
        ("Dates of the records exposed", &case.storage_window),
        ("Vulnerable", &case.vulnerability_window),
    ];
    for (title, period) in periods {
        if let Some(period) = period {
            let (start, end) = (clock(period.start), clock(period.end));
            html.with("p", &[], |html| {
                html.leaf("strong", &[], &format!("{title}: "));
                html.text(&format!(
                    "{start} to {end} {} ({})",
                    facts::offset(period.start),
                    period.basis
                ));
            });
        }
    }
}

fn units(html: &mut Html, case: &Case) {
    let units = &case.units;
    if units.observed.records == 0 && units.declared.is_none() {
        return;
    }
    html.leaf("h3", &[], "Records");
    let titles =
        ["", "Records, gross#", "Distinct cards#", "Distinct e-mail addresses#", "Persons#"];
    html.table("", &titles, |html| {
        count_row(html, "in the logs", &units.observed);
        count_row(html, "read by the intruder", &units.attributed);
    });
    if let Some(declared) = units.declared {
        let text = format!(
            "The inventory declares that the data store holds at most {} records.",
            facts::number(declared)
        );
        html.leaf("p", &[], &text);
    }
    for (title, count) in [
        ("Classes in the logs", &units.observed),
        ("Classes read by the intruder", &units.attributed),
    ] {
        if title.ends_with("logs") || !facts::read_all(units) {
            classes(html, title, count);
        }
    }
    brands(html, &units.observed);
}

fn stored(html: &mut Html, case: &Case) {
    let mut lines = facts::stored(&case.units.stored);
    lines.extend(facts::emails_apart(&case.units.stored));
    if !lines.is_empty() {
        html.leaf("h3", &[], "Account data in the logs");
        let there = lines.len();
        list(html, lines.into_iter(), there);
    }
}

fn count_row(html: &mut Html, name: &str, count: &Count) {
    html.with("tr", &[], |html| {
        html.leaf("th", &[("scope", "row")], name);
        let distinct = count.distinct;
        for n in [count.records, distinct.card_number, distinct.email, distinct.person] {
            html.number(n);
        }
    });
}

fn classes(html: &mut Html, title: &str, count: &Count) {
    let Some(most) = count.classes.iter().map(|class| class.records).max() else { return };
    html.leaf("h4", &[], title);
    html.table("", &["Exactly these together", "Gross#", "Distinct cards#", ""], |html| {
        for class in &count.classes {
            html.with("tr", &[], |html| {
                html.cell(&facts::class(class));
                html.number(class.records);
                html.number(class.distinct_cards);
                html.with("td", &[("class", "bar")], |html| {
                    picture::bars(html, class.records, class.distinct_cards, most);
                });
            });
        }
    });
}

fn brands(html: &mut Html, count: &Count) {
    if count.brands.is_empty() && count.apart.is_empty() {
        return;
    }
    html.leaf("h4", &[], "By brand, and numbers set apart");
    html.table("", &["", "Records, gross#", "Distinct#"], |html| {
        let brands = count.brands.iter().map(|b| (facts::word(&b.brand), b.records, b.distinct));
        let apart = count
            .apart
            .iter()
            .map(|a| (format!("not counted: {}", facts::word(&a.grade)), a.records, a.distinct));
        for (name, records, distinct) in brands.chain(apart) {
            html.with("tr", &[], |html| {
                html.cell(&name);
                html.number(records);
                html.number(distinct);
            });
        }
    });
}

fn findings(html: &mut Html, findings: &[Finding], share: Share) {
    if findings.is_empty() {
        return;
    }
    html.leaf("h3", &[], "Findings");
    for (at, finding) in findings.iter().take(share.findings).enumerate() {
        let attributes = [("class", "finding"), ("open", "")];
        let attributes = if at < OPEN { &attributes[..] } else { &attributes[..1] };
        html.with("details", attributes, |html| {
            html.with("summary", &[], |html| headline(html, finding));
            finding_body(html, finding, share.lines);
        });
    }
    more(html, findings.len(), share.findings);
}

fn headline(html: &mut Html, finding: &Finding) {
    let level = facts::word(&finding.rule.level);
    html.leaf("span", &[("class", &format!("l {level}"))], &level);
    html.leaf("strong", &[], &finding.rule.title);
    let stage = finding.stage.map(|stage| format!(" · {}", facts::word(&stage)));
    html.text(&format!(
        " {} · {}{}{}",
        facts::count(finding.count, "hit"),
        facts::word(&finding.outcome),
        stage.unwrap_or_default(),
        facts::since(finding),
    ));
}

fn finding_body(html: &mut Html, finding: &Finding, lines: usize) {
    let time = |time: Option<Time>| time.map_or_else(|| "unknown".to_owned(), clock);
    let clients: Vec<&str> = finding.clients.iter().take(10).map(String::as_str).collect();
    let others = match finding.clients.len().saturating_sub(clients.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    html.leaf(
        "p",
        &[],
        &format!(
            "First {}, last {}; by {}{others}. Rule {} by {}.",
            time(finding.first),
            time(finding.last),
            clients.join(", "),
            finding.rule.id,
            finding.rule.author
        ),
    );
    step_table(html, &finding.steps, lines);
    if finding.examples.is_empty() {
        return;
    }
    html.table("", &["When", "Entry, masked", "Show it"], |html| {
        for example in finding.examples.iter().take(EXAMPLES) {
            html.with("tr", &[], |html| {
                html.whole(&time(example.time));
                html.with("td", &[], |html| html.leaf("code", &[], example.excerpt.as_str()));
                let show = facts::show_command(&example.source, example.line);
                html.with("td", &[], |html| command(html, &show));
            });
        }
    });
}

fn steps(html: &mut Html, steps: &[Step], lines: usize) {
    if steps.is_empty() {
        return;
    }
    html.leaf("h3", &[], "Step by step");
    step_table(html, steps, lines);
}

fn step_table(html: &mut Html, steps: &[Step], lines: usize) {
    if steps.is_empty() {
        return;
    }
    html.table("", &["When", "Stage", "What", "Who", "Show it"], |html| {
        for step in steps.iter().take(lines) {
            html.with("tr", &[], |html| {
                html.whole(&clock(step.time));
                html.whole(&step.stage.map(|stage| facts::word(&stage)).unwrap_or_default());
                html.cell(&step.text);
                html.cell(step.client.as_deref().unwrap_or_default());
                html.with("td", &[], |html| {
                    if let Some(locus) = &step.locus {
                        command(html, &facts::show_command(&locus.source, locus.line));
                    }
                });
            });
        }
    });
    more(html, steps.len(), lines);
}

/// What was set apart as harmless.
fn suppressed(html: &mut Html, all: &[Suppressed]) {
    if all.is_empty() {
        return;
    }
    html.leaf("h3", &[], "Suppressed");
    html.with("ul", &[], |html| {
        for apart in all {
            html.leaf("li", &[], &facts::suppressed(apart));
        }
    });
}

fn indicators(html: &mut Html, indicators: &[Indicator], lines: usize) {
    if indicators.is_empty() {
        return;
    }
    html.leaf("h3", &[], "Indicators");
    html.table("sortable", &["Kind", "Value", "First", "Last", "Hits#"], |html| {
        for indicator in indicators.iter().take(lines) {
            html.with("tr", &[], |html| {
                html.cell(&indicator.kind);
                html.with("td", &[], |html| html.leaf("code", &[], &indicator.value));
                html.whole(&indicator.first.map(clock).unwrap_or_default());
                html.whole(&indicator.last.map(clock).unwrap_or_default());
                html.number(indicator.count);
            });
        }
    });
    more(html, indicators.len(), lines);
}

fn coverage(html: &mut Html, facts_: &Coverage, lines: usize) {
    html.leaf("h3", &[], "What was examined, and what was not");
    html.leaf("p", &[], &facts::examined(facts_));
    if !facts_.missing.is_empty() {
        let text = format!("Expected but not supplied: {}.", facts_.missing.join(", "));
        html.leaf("p", &[], &text);
    }
    list(html, facts_.shortfalls.iter().cloned(), lines);
    list(
        html,
        facts_.gaps.iter().map(|gap| match (gap.from, gap.to) {
            (Some(from), Some(to)) => format!("{} to {}: {}", clock(from), clock(to), gap.why),
            _ => gap.why.clone(),
        }),
        lines,
    );
    list(html, facts_.notes.iter().cloned(), lines);
    placed(html, facts_);
    html.with("details", &[], |html| {
        html.leaf("summary", &[], "What a verdict of not-confirmed needs");
        list(html, facts_.criteria.in_words().into_iter(), lines);
    });
    let (able, unable) = (facts_.rules_able.len(), facts_.rules_unable.len());
    let text = format!("{able} rules could have fired on these logs, {unable} could not.");
    html.leaf("p", &[], &text);
    if unable > 0 {
        html.with("details", &[], |html| {
            html.leaf("summary", &[], "Rules that could not have fired, and why");
            let unable = facts_.rules_unable.iter().map(|u| format!("{}: {}", u.rule, u.why));
            list(html, unable, lines);
        });
    }
}

/// What says that the entries are the site's.
fn placed(html: &mut Html, facts_: &Coverage) {
    let of = |p: &Placement| format!("{} by {}", facts::count(p.entries, "line"), p.by);
    let all: Vec<_> = facts_.placed.iter().map(of).collect();
    if !all.is_empty() {
        html.leaf("p", &[], &format!("Told to be of this site: {}.", all.join(", ")));
    }
}

fn list(html: &mut Html, texts: impl ExactSizeIterator<Item = String>, lines: usize) {
    let there = texts.len();
    if there == 0 {
        return;
    }
    html.with("ul", &[], |html| texts.take(lines).for_each(|text| html.leaf("li", &[], &text)));
    more(html, there, lines);
}
