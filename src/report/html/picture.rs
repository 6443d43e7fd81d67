//! Pictures as SVG, each with its words: a table stands beside every one.

use super::super::facts::{self, clock};
use super::node::Html;
use crate::case::{Case, Finding};
use crate::rule::Stage;
use crate::scan::Outcome;
use crate::time::Time;

/// Where the lanes begin and how wide they are, in the units of the picture.
const LEFT: f64 = 150.0;
const WIDTH: f64 = 810.0;
/// Height of a lane.
const LANE: f64 = 22.0;

/// A stretch of time drawn over `WIDTH`.
#[derive(Clone, Copy)]
struct Axis {
    from: i64,
    to: i64,
}

impl Axis {
    /// Everything that the picture shows.
    fn of(case: &Case) -> Option<Self> {
        let found = case.findings.iter().flat_map(|f| [f.first, f.last]);
        let span = case.coverage.span.as_ref().map(|p| [p.start, p.end]);
        let risk = case.at_risk.as_ref().map(|p| [p.start, p.end]);
        let gaps = case.coverage.gaps.iter().flat_map(|gap| [gap.from, gap.to]);
        let times: Vec<i64> = found
            .chain(gaps)
            .flatten()
            .chain(span.into_iter().chain(risk).flatten())
            .map(Time::seconds)
            .collect();
        let (from, to) = (*times.iter().min()?, *times.iter().max()?);
        (to > from).then_some(Self { from, to })
    }

    fn x(self, time: Time) -> f64 {
        let share = (time.seconds() - self.from) as f64 / (self.to - self.from) as f64;
        LEFT + WIDTH * share.clamp(0.0, 1.0)
    }
}

/// Attack stages over time, with the gaps of the logs and the at-risk timeframe drawn in.
pub(super) fn timeline(html: &mut Html, case: &Case) {
    let Some(axis) = Axis::of(case).filter(|_| !case.findings.is_empty()) else { return };
    let mut stages: Vec<Option<Stage>> = case.findings.iter().map(|f| f.stage).collect();
    stages.sort();
    stages.dedup();
    let height = LANE * (stages.len() as f64 + 2.0) + 24.0;
    let size = format!("0 0 {} {height}", LEFT + WIDTH + 10.0);
    let label = format!("Attack stages over time on {}", case.site);
    html.with("svg", &[("viewBox", &size), ("role", "img"), ("class", "timeline")], |html| {
        html.leaf("title", &[], &label);
        if let Some(risk) = &case.at_risk {
            let title = format!("at risk: {} to {}", clock(risk.start), clock(risk.end));
            let (from, to) = (axis.x(risk.start), axis.x(risk.end));
            rect(html, "risk", from, 0.0, to - from, height - 24.0, &title);
        }
        logs(html, case, axis);
        for (at, stage) in stages.iter().enumerate() {
            lane(html, case, *stage, axis, LANE * (at as f64 + 1.0));
        }
        ticks(html, case, axis, height);
    });
    let legend = "Bars run from the first to the last hit. Red: succeeded. Amber: the log does not \
                  say. Blue, in the lower half of a lane: refused. Green: entries of the logs, with \
                  their gaps dashed. Shaded: at risk.";
    html.leaf("p", &[("class", "note")], legend);
}

/// The lane of the logs: what there is, and the gaps in it.
fn logs(html: &mut Html, case: &Case, axis: Axis) {
    label(html, "logs", LANE * 0.7);
    if let Some(span) = &case.coverage.span {
        let (from, to) = (axis.x(span.start), axis.x(span.end));
        let title = format!("entries from {} to {}", clock(span.start), clock(span.end));
        rect(html, "log", from, 6.0, to - from, 8.0, &title);
    }
    for gap in &case.coverage.gaps {
        if let (Some(start), Some(end)) = (gap.from, gap.to) {
            let title = format!("{} to {}: {}", clock(start), clock(end), gap.why);
            rect(html, "hole", axis.x(start), 4.0, axis.x(end) - axis.x(start), 12.0, &title);
        }
    }
}

fn lane(html: &mut Html, case: &Case, stage: Option<Stage>, axis: Axis, y: f64) {
    label(html, &stage.map_or_else(|| "other".into(), |s| facts::word(&s)), y + LANE * 0.7);
    for finding in case.findings.iter().filter(|f| f.stage == stage) {
        let Some((first, last)) = finding.first.zip(finding.last) else { continue };
        let (from, to) = (axis.x(first), axis.x(last));
        let y = y + if finding.outcome == Outcome::Blocked { 11.0 } else { 4.0 };
        rect(html, class(finding), from, y, to - from, 6.0, &title(finding));
    }
}

fn class(finding: &Finding) -> &'static str {
    match finding.outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Blocked => "blocked",
        Outcome::Unknown => "unknown",
    }
}

fn title(finding: &Finding) -> String {
    let time = |time: Option<Time>| time.map(clock).unwrap_or_default();
    format!(
        "{}, {}: {} from {} to {}",
        finding.rule.title,
        facts::word(&finding.outcome),
        facts::count(finding.count, "hit"),
        time(finding.first),
        time(finding.last)
    )
}

fn label(html: &mut Html, text: &str, y: f64) {
    let y = format!("{y:.1}");
    html.leaf("text", &[("x", "140"), ("y", &y), ("text-anchor", "end")], text);
}

/// A rectangle, never thinner than can be seen, with a tooltip.
fn rect(html: &mut Html, class: &str, x: f64, y: f64, width: f64, height: f64, title: &str) {
    let [x, y, width, height] = [x, y, width.max(3.0), height].map(|n| format!("{n:.1}"));
    let attributes =
        [("class", class), ("x", &*x), ("y", &*y), ("width", &*width), ("height", &*height)];
    html.with("rect", &attributes, |html| html.leaf("title", &[], title));
}

/// Steps between marks on the axis, in seconds.
const STEPS: [i64; 12] =
    [60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000];

/// Marks at round times of the site's clock.
fn ticks(html: &mut Html, case: &Case, axis: Axis, height: f64) {
    let clock_of = case.findings.iter().find_map(|f| f.first).map_or(0, Time::offset);
    let shift = i64::from(clock_of) * 60;
    let long = axis.to - axis.from;
    let step = STEPS.into_iter().find(|step| long / step <= 7).unwrap_or(long / 7 + 1);
    let mut at = (axis.from + shift).div_euclid(step) * step + step - shift;
    while at < axis.to {
        let time = Time::from_micros(at * 1_000_000, clock_of);
        let (x, y) = (format!("{:.1}", axis.x(time)), format!("{:.1}", height - 8.0));
        let foot = format!("{:.1}", height - 22.0);
        let line = [("class", "tick"), ("x1", &*x), ("x2", &*x), ("y1", "0"), ("y2", &*foot)];
        html.leaf("line", &line, "");
        let shown = clock(time);
        let shown = if step >= 86_400 { shown.get(..10) } else { shown.get(5..16) };
        let text = [("x", &*x), ("y", &*y), ("text-anchor", "middle")];
        html.leaf("text", &text, shown.unwrap_or_default());
        at += step;
    }
}

/// Two bars: gross above distinct.
pub(super) fn bars(html: &mut Html, gross: u64, distinct: u64, most: u64) {
    let width = |n: u64| 200.0 * n as f64 / most.max(1) as f64;
    html.with("svg", &[("viewBox", "0 0 200 16"), ("class", "bars"), ("role", "img")], |html| {
        rect(html, "gross", 0.0, 0.0, width(gross), 7.0, &format!("{gross} gross"));
        rect(html, "distinct", 0.0, 9.0, width(distinct), 7.0, &format!("{distinct} distinct"));
    });
}
