//! What happened, in which order, from when to when? Windows, indicators, timeline.

use std::collections::BTreeMap;

use crate::time::Time;

use super::attack::{Answer, Attack, Attacks};
use super::catalog::{Catalog, Role};
use super::count::Read;
use super::coverage::Stopped;
use super::finding::span;
use super::intruder::{Ground, Intruders};
use super::site::{Seen, Site};
use super::{Indicator, Period, Step, effect};

/// The most steps of a timeline.
const STEPS: usize = 100;

/// The most indicators of one kind.
const INDICATORS: usize = 100;

/// Everything of one site that the story is told from.
pub(super) struct Story<'a, 's, 't> {
    pub(super) site: &'s Site<'t>,
    pub(super) catalog: &'s Catalog,
    pub(super) attacks: &'a Attacks<'s, 't>,
    pub(super) intruders: &'a Intruders<'s, 't>,
    pub(super) read: &'a Read,
    pub(super) stopped: Option<Stopped>,
}

impl<'s> Story<'_, 's, '_> {
    /// Whether a hit is a step of an intrusion that got in.
    fn is_step_inside(&self, attack: &Attack<'_, '_>) -> bool {
        self.intruders.is_step(attack)
    }

    /// Times of everything that an intruder did with success: steps and records.
    fn inside(&self) -> Option<(Time, Time)> {
        let hits = self.attacks.all.iter().filter(|attack| self.is_step_inside(attack));
        let effects = self.site.hits.iter().filter(|seen| self.intruders.is_side_effect(seen));
        let seen = hits.map(|attack| attack.seen).chain(effects);
        let records = self.records().map(|(first, last)| [first, last]);
        span(seen.filter_map(|seen| seen.hit.time).chain(records.into_iter().flatten()))
    }

    /// First and last record that an intruder's requests read.
    fn records(&self) -> Option<(Time, Time)> {
        let offset = self.site.offset();
        let (first, last) = self.read.times?;
        let time = |second: i64| Time::from_micros(second * 1_000_000, offset);
        Some((time(first), time(last)))
    }

    /// From the intrusion to its containment (PCI PFI, at-risk timeframe).
    pub(super) fn at_risk(&self) -> Option<Period> {
        if self.intruders.is_empty() {
            return None;
        }
        let (first, last) = self.inside()?;
        let entry = self.entry(first);
        let start = entry.unwrap_or(first);
        let (end, until) = self.containment(last);
        let from = if entry.is_some() {
            "from the first step of the intrusion that the logs show"
        } else {
            "from the first use of the intruder's way in; how it was opened is not in the logs, \
                 so that the intrusion may have begun earlier"
        };
        Some(Period { start, end, basis: format!("{from}, {until}") })
    }

    /// When the intruder was shut out, after its last trace, and what that rests on.
    fn containment(&self, last: Time) -> (Time, String) {
        let stopped = self.stopped.filter(|stopped| stopped.at >= last);
        match (self.site.contained(), stopped) {
            (Some(at), _) if at >= last => {
                (at, "to the containment that the inventory states".to_owned())
            }
            (Some(at), _) => {
                let late =
                    "to its last trace, later than the containment that the inventory states";
                (last, format!("{late} ({at})"))
            }
            (None, Some(Stopped { at })) => {
                (at, "to the time at which all logs of the site stop".to_owned())
            }
            (None, None) => (last, self.until_last_trace()),
        }
    }

    fn until_last_trace(&self) -> String {
        let refused = self.attacks.all.iter().filter(|attack| {
            attack.answer == Answer::Refused
                && attack.client().is_some_and(|c| self.intruders.get(c).is_some())
        });
        match span(refused.filter_map(|attack| attack.seen.hit.time)) {
            Some((_, last)) if self.inside().is_some_and(|(_, inside)| last > inside) => {
                format!("to its last success; later attempts, until {last}, were refused")
            }
            _ => "to its last trace; no containment shows in the logs".to_owned(),
        }
    }

    /// When the intruder got in, if the logs show how: by an exploit or a guessed login of its
    /// own, or the last exploit of nobody known that was accepted before its first step.
    fn entry(&self, first: Time) -> Option<Time> {
        let accepted = self.attacks.all.iter().filter(|a| self.attacks.is_accepted_exploit(a));
        let unknown = accepted.filter(|attack| attack.client().is_none());
        let latest =
            Time::from_micros(first.micros() + effect::JOIN_SECONDS * 1_000_000, first.offset());
        let before = unknown.filter_map(|a| a.seen.hit.time).filter(|time| *time <= latest).max();
        let own = self.attacks.all.iter().any(|attack| {
            let opens = matches!(attack.rule.role, Role::Exploit | Role::Guess);
            opens && attack.seen.hit.time == Some(first) && self.is_step_inside(attack)
        });
        let side_effect = self.intruders.iter().any(|intruder| {
            intruder.since == Some(first) && intruder.grounds.contains_key(&Ground::SideEffect)
        });
        before.map(|time| time.min(first)).or((own || side_effect).then_some(first))
    }

    /// The dates within the records that the intruders' requests read (PCI PFI, window of payment
    /// card data storage).
    pub(super) fn storage_window(&self) -> Option<Period> {
        let (first, last) = self.read.days?;
        let offset = self.site.offset();
        let midnight = |day: i32| i64::from(day) * 86_400 - i64::from(offset) * 60;
        let time = |second: i64| Time::from_micros(second * 1_000_000, offset);
        Some(Period {
            start: time(midnight(first)),
            end: time(midnight(last) + 86_399),
            basis: "dates within the records read by the intruder".to_owned(),
        })
    }

    /// Clients, planted pages, dumps and agents of the intruders; pages that catch what customers
    /// enter.
    pub(super) fn indicators(&self) -> Vec<Indicator> {
        let mut found: BTreeMap<(&str, &str), Traces> = BTreeMap::new();
        let mut note = |kind, value: Option<&'s str>, time| {
            if let Some(value) = value {
                found.entry((kind, value)).or_default().add(time);
            }
        };
        let theirs =
            |seen: &&Seen<'_>| seen.client().is_some_and(|c| self.intruders.get(c).is_some());
        for seen in self.site.hits.iter().filter(theirs) {
            note("client", seen.client(), seen.hit.time);
            let agent = seen.hit.user_agent.as_ref().map(crate::element::Masked::as_str);
            note("user_agent", agent, seen.hit.time);
        }
        for attack in self.attacks.all.iter().filter(|attack| self.is_step_inside(attack)) {
            if matches!(attack.rule.role, Role::Foothold | Role::Dump) {
                note("path", attack.path(), attack.seen.hit.time);
            }
        }
        for attack in self.attacks.all.iter().filter(|attack| self.attacks.is_of_victim(attack)) {
            note("path", attack.path(), attack.seen.hit.time);
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut fits = |kind| {
            let count = counts.entry(kind).or_default();
            *count += 1;
            *count <= INDICATORS
        };
        let kept = found.into_iter().filter(|((kind, _), _)| fits(kind));
        kept.map(|((kind, value), traces)| traces.indicator(kind, value)).collect()
    }

    /// The steps, in order of time; at most [`STEPS`], those inside first.
    pub(super) fn timeline(&self) -> Vec<Step> {
        let mut steps = self.attack_steps();
        steps.extend(self.record_steps().into_iter().map(|step| (true, step)));
        if let Some(Stopped { at }) = self.stopped.filter(|_| !self.intruders.is_empty()) {
            let text = "all logs of the site stop".to_owned();
            let (techniques, inside) = (Vec::new(), false);
            let step =
                Step { time: at, stage: None, text, client: None, locus: None, techniques, inside };
            steps.push((true, step));
        }
        steps.sort_by(|(a, one), (b, other)| {
            (!a, one.time, &one.text, &one.client).cmp(&(
                !b,
                other.time,
                &other.text,
                &other.client,
            ))
        });
        steps.truncate(STEPS);
        let mut steps: Vec<Step> = steps.into_iter().map(|(_, step)| step).collect();
        steps.sort_by(|a, b| (a.time, &a.text, &a.client).cmp(&(b.time, &b.text, &b.client)));
        steps
    }

    /// One step for all hits of one rule, client and answer; and whether it got in.
    fn attack_steps(&self) -> Vec<(bool, Step)> {
        let mut groups: BTreeMap<_, Vec<&Seen<'_>>> = BTreeMap::new();
        for attack in &self.attacks.all {
            let key = (attack.seen.rule, attack.client(), attack.answer as u8);
            let inside = self.is_step_inside(attack) || self.intruders.is_proven(attack.seen);
            groups.entry((key, inside)).or_default().push(attack.seen);
        }
        for seen in self.site.hits.iter().filter(|seen| self.intruders.is_side_effect(seen)) {
            let key = (seen.rule, seen.client(), Answer::Accepted as u8);
            groups.entry((key, true)).or_default().push(seen);
        }
        let step = |((key, inside), seen): ((_, bool), Vec<_>)| {
            let (_, client, answer): (u32, Option<&str>, u8) = key;
            Some((inside, Step { inside, ..self.attack_step(&seen, client, answer)? }))
        };
        groups.into_iter().filter_map(step).collect()
    }

    fn attack_step(&self, seen: &[&Seen<'_>], client: Option<&str>, answer: u8) -> Option<Step> {
        let first = seen.first().filter(|seen| seen.hit.time.is_some())?;
        let last = seen.iter().rev().find_map(|seen| seen.hit.time)?;
        let rule = self.catalog.get(first.rule)?;
        let answer = match answer {
            a if a == Answer::Accepted as u8 => "accepted",
            a if a == Answer::Refused as u8 => "refused",
            _ => "answer unclear",
        };
        let title = &rule.info.title;
        let text = match seen.len() {
            1 => format!("{title} ({answer})"),
            n => format!("{title} ({answer}), {n} times until {last}"),
        };
        Some(Step {
            time: first.hit.time?,
            stage: rule.stage,
            text,
            client: client.map(str::to_owned),
            locus: Some(first.locus()),
            techniques: rule.techniques(),
            inside: false,
        })
    }

    fn record_steps(&self) -> Vec<Step> {
        let Some((first, last)) = self.records() else { return Vec::new() };
        let step = |time, text: &str| Step {
            time,
            stage: Some(crate::rule::Stage::Collection),
            text: text.to_owned(),
            client: None,
            locus: None,
            techniques: vec!["T1213".to_owned()],
            inside: true,
        };
        vec![
            step(first, "first record read by an intruder"),
            step(last, "last record read by an intruder"),
        ]
    }
}

/// When and how often something was seen.
#[derive(Default)]
struct Traces {
    first: Option<Time>,
    last: Option<Time>,
    count: u64,
}

impl Traces {
    fn add(&mut self, time: Option<Time>) {
        self.first = [self.first, time].into_iter().flatten().min();
        self.last = self.last.max(time);
        self.count += 1;
    }

    fn indicator(self, kind: &str, value: &str) -> Indicator {
        let Self { first, last, count } = self;
        Indicator { kind: kind.to_owned(), value: value.to_owned(), first, last, count }
    }
}
