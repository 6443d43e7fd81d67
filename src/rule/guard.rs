//! What must one field say, or the whole rule cannot match? Conditions that must hold together and
//! that ask one lane only, taken together: whether they can hold is remembered for each value, so
//! that a candidate whose agent or status bars it is told by one look-up.

use crate::event::Field;
use crate::event::decode::Layer;

use super::field::Lane;
use super::memo::Answer;
use super::program::{Cond, Subject};
use super::sources::Sources;

/// The part of a rule's condition that depends on one lane.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    lane: usize,
    /// Its number among the comparisons with the lane.
    slot: usize,
    /// Whether values of the lane repeat, so that what it says is worth remembering.
    repeats: bool,
    cond: Cond,
    /// A source of the lane.
    source: usize,
}

impl Guard {
    /// The guards of a condition: comparisons with numbers first, then those with the fewest
    /// different values.
    pub(super) fn all(cond: &Cond, sources: &mut Sources) -> Vec<Self> {
        let mut parts = Vec::new();
        flatten(cond, &mut parts);
        let mut guards: Vec<Self> = Vec::new();
        for part in parts {
            let Some((lane, source)) = only_lane(part, sources) else { continue };
            match guards.iter_mut().find(|guard| guard.lane == lane) {
                Some(guard) => guard.cond = Cond::All(vec![guard.cond.clone(), part.clone()]),
                None => guards.push(Self::new(lane, source, part.clone(), sources)),
            }
        }
        guards.sort_by_key(|guard| (!guard.cond.is_number(), order(sources.lanes()[guard.lane])));
        guards
    }

    fn new(lane: usize, source: usize, cond: Cond, sources: &mut Sources) -> Self {
        let repeats = order(sources.lanes()[lane]) < SELDOM;
        Self { lane, slot: sources.slot(source), repeats, cond, source }
    }

    /// Whether the condition holds at any layer, and so the rule may match.
    pub(super) fn admits(&self, subject: &mut Subject<'_>) -> bool {
        let row = if self.repeats { subject.row(self.lane) } else { None };
        let known = row.and_then(|row| subject.memo.answer(row, self.slot));
        known.map_or_else(
            || {
                let says = self.can_hold(subject);
                if let Some(row) = row {
                    subject.memo.note(row, self.slot, Answer::of(says));
                }
                says
            },
            |known| known.first().is_some(),
        )
    }

    fn can_hold(&self, subject: &mut Subject<'_>) -> bool {
        let mut decoded = Layer::DECODED.into_iter();
        subject.holds(&self.cond, Layer::Raw)
            || subject.changes(self.source) && decoded.any(|layer| subject.holds(&self.cond, layer))
    }
}

/// The conditions that must hold together.
fn flatten<'c>(cond: &'c Cond, parts: &mut Vec<&'c Cond>) {
    match cond {
        Cond::All(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        part => parts.push(part),
    }
}

/// The lane on which all of a condition depends, and one of its sources.
fn only_lane(cond: &Cond, sources: &Sources) -> Option<(usize, usize)> {
    let mut used = Vec::new();
    cond.sources(&mut used);
    let first = *used.first()?;
    let lane = sources.lane(first)?;
    used.iter().all(|source| sources.lane(*source) == Some(lane)).then_some((lane, first))
}

/// The order of lanes whose values seldom repeat.
const SELDOM: u8 = 2;

/// Lanes by how many values they have.
fn order(lane: Lane) -> u8 {
    match lane {
        Lane::Field(Field::BytesOut | Field::BytesIn | Field::TimeTaken) => SELDOM,
        Lane::Field(_) | Lane::Exchange => 0,
        Lane::Target => 1,
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{Event, Field};
    use crate::rule::{Memo, RuleSet};

    /// Each field alone says no only where the rule cannot match, at any layer, and says the same
    /// when it is remembered.
    #[test]
    fn what_one_field_says_bars_a_rule_and_never_wrongly() {
        let rule = "title: t\nlogsource: {category: webserver}\ndetection:\n  \
                    a: {sc-status: 200, sc-bytes|gte: 10, cs-uri-query|contains: 'evil x'}\n  \
                    b: {cs-user-agent|contains: Mozilla}\n  condition: a and not b\n";
        let mut rules = RuleSet::default();
        rules.add_text("r.yml", rule).unwrap();
        let mut memo = Memo::default();
        for (target, status, bytes, agent, may) in [
            ("/a?evil x", "200", "10", "curl", true),
            ("/a?evil+x", "200", "11", "curl", true),
            ("/a?%2565vil%2520x", "200", "11", "curl", true),
            ("/a?evilx", "200", "11", "curl", false),
            ("/a?evil x", "404", "11", "curl", false),
            ("/a?evil x", "200", "9", "curl", false),
            ("/a?evil x", "200", "11", "Mozilla/5.0", false),
            ("/a?evil x", "200", "11", "%4dozilla/5.0", true),
        ] {
            for _ in 0..2 {
                let mut event = Event::default();
                event.set_target(target.as_bytes());
                event.set(Field::Status, status.as_bytes());
                event.set(Field::BytesOut, bytes.as_bytes());
                event.set(Field::UserAgent, agent.as_bytes());
                let mut subject = rules.subject(&event, &[], &mut memo);
                assert_eq!(rules.may_match(0, &mut subject), may, "{target} {status} {agent}");
                assert_eq!(rules.matches(0, &mut subject).is_some(), may, "{target} {status}");
            }
        }
    }
}
