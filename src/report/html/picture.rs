//! Pictures as SVG, each with its words: a table stands beside every one.

use super::super::facts::{self, clock};
use super::more;
use super::node::Html;
use super::strip::Columns;
use crate::case::{Activity, Case, Finding, Presence};
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

/// Findings that a picture draws at least.
const DRAWN: usize = 20;

/// Attack stages over time, with the gaps of the logs and the at-risk timeframe drawn in; of the
/// findings at least as many as are `shown`, gravest first.
pub(super) fn timeline(html: &mut Html, case: &Case, shown: usize) {
    let Some(axis) = Axis::of(case) else { return };
    let drawn = case.findings.get(..shown.max(DRAWN)).unwrap_or(&case.findings);
    html.with("div", &[("class", "wide")], |html| picture(html, case, drawn, axis));
    html.leaf("p", &[("class", "note")], &legend(case));
    more(html, case.findings.len(), drawn.len());
    html.with("details", &[], |html| days(html, &case.coverage.activity));
}

fn picture(html: &mut Html, case: &Case, drawn: &[Finding], axis: Axis) {
    let mut stages: Vec<Option<Stage>> = drawn.iter().map(|finding| finding.stage).collect();
    stages.sort();
    stages.dedup();
    let height = LANE * (stages.len() as f64 + 2.0) + 26.0;
    let size = format!("0 0 {} {height}", LEFT + WIDTH + 10.0);
    html.with("svg", &[("viewBox", &size), ("role", "img"), ("class", "timeline")], |html| {
        html.leaf("title", &[], &format!("Attack stages over time on {}", case.site));
        if let Some(risk) = &case.at_risk {
            let title = format!("at risk: {} to {}", clock(risk.start), clock(risk.end));
            let (from, to) = (axis.x(risk.start), axis.x(risk.end));
            rect(html, "risk", from, 0.0, to - from, height - 24.0, &title);
        }
        logs(html, case, axis);
        heat(html, &case.coverage.activity, axis);
        for (at, stage) in stages.iter().enumerate() {
            lane(html, drawn, *stage, axis, LANE * (at as f64 + 2.0));
        }
        ticks(html, case, axis, height);
    });
}

fn legend(case: &Case) -> String {
    let logs =
        "Green: entries of the logs, with their gaps dashed; below, the stronger the busier.";
    let hits = "Bars run from the first to the last hit. Red, thick: succeeded. Amber: the log does \
                not say. Blue, thin, low in its lane: refused. Shaded: at risk.";
    if case.findings.is_empty() { logs.to_owned() } else { format!("{logs} {hits}") }
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

/// The strip of entries over time: the darker, the busier.
fn heat(html: &mut Html, activity: &Activity, axis: Axis) {
    let columns = columns(activity, axis);
    label(html, "entries", LANE * 1.7);
    let title = format!("at most {} entries {}", facts::number(columns.most()), step(activity));
    html.with("g", &[("class", "heat")], |html| {
        html.leaf("title", &[], &title);
        for (shade, path) in columns.shades(LANE + 4.0, 14.0) {
            html.leaf("path", &[("class", &format!("h{shade}")), ("d", &path)], "");
        }
    });
}

fn columns(activity: &Activity, axis: Axis) -> Columns {
    let mut columns = Columns::default();
    for (start, end, count) in activity.steps() {
        columns.add(axis.x(start), axis.x(end), count);
    }
    columns
}

/// `an hour`, `in 6 hours`.
fn step(activity: &Activity) -> String {
    match activity.hours {
        0 | 1 => "an hour".to_owned(),
        n => format!("in {n} hours"),
    }
}

/// Days that are listed.
const DAYS: usize = 100;

/// The table beside the strip: how many entries each day has, and when it was busiest.
fn days(html: &mut Html, activity: &Activity) {
    html.leaf("summary", &[], "Entries by day");
    let mut days: Vec<(String, u64, (u64, Time))> = Vec::new();
    for (start, _, count) in activity.steps() {
        let day: String = clock(start).chars().take(10).collect();
        match days.last_mut().filter(|(last, ..)| *last == day) {
            Some((_, all, most)) => {
                *all += count;
                *most = if count > most.0 { (count, start) } else { *most };
            }
            None => days.push((day, count, (count, start))),
        }
    }
    let busiest = format!("Most entries {}#", step(activity));
    html.table("", &["Day", "Entries#", &busiest, "From"], |html| {
        for (day, all, (most, from)) in days.iter().take(DAYS) {
            html.with("tr", &[], |html| {
                html.whole(day);
                html.number(*all);
                html.number(*most);
                html.whole(&facts::minute(*from));
            });
        }
    });
    more(html, days.len(), DAYS);
}

/// Width and height of an actor's curve.
const CURVE: (f64, f64) = (240.0, 26.0);

/// An actor's entries by the hour, over the time of the whole picture.
pub(super) fn curve(html: &mut Html, case: &Case, presence: &Presence) {
    let Some(axis) = Axis::of(case) else { return };
    let x = |time: Time| (axis.x(time) - LEFT) / WIDTH * CURVE.0;
    let mut columns = Columns::default();
    for hour in &presence.hours {
        let end = Time::from_micros(hour.hour.micros() + 3_600_000_000, hour.hour.offset());
        columns.add(x(hour.hour), x(end), hour.count);
    }
    let size = format!("0 0 {} {}", CURVE.0, CURVE.1);
    html.with("svg", &[("viewBox", &size), ("role", "img")], |html| {
        let most = facts::number(columns.most());
        let title = format!("{}: at most {most} entries an hour", presence.value);
        html.leaf("title", &[], &title);
        let y = format!("{}", CURVE.1 - 0.5);
        let right = format!("{}", CURVE.0);
        let line = [("class", "tick"), ("x1", "0"), ("x2", &*right), ("y1", &*y), ("y2", &*y)];
        html.leaf("line", &line, "");
        let class = if presence.intruder { "succeeded" } else { "gross" };
        html.leaf("path", &[("class", class), ("d", &columns.curve(CURVE.1 - 1.0, 22.0))], "");
    });
}

fn lane(html: &mut Html, drawn: &[Finding], stage: Option<Stage>, axis: Axis, y: f64) {
    label(html, &stage.map_or_else(|| "other".into(), |s| facts::word(&s)), y + LANE * 0.7);
    for finding in drawn.iter().filter(|finding| finding.stage == stage) {
        let Some((first, last)) = finding.first.zip(finding.last) else { continue };
        let (from, to) = (axis.x(first), axis.x(last));
        let (down, high) = match finding.outcome {
            Outcome::Succeeded => (3.0, 9.0),
            Outcome::Unknown => (5.0, 6.0),
            Outcome::Blocked => (14.0, 4.0),
        };
        rect(html, class(finding), from, y + down, to - from, high, &title(finding));
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
