//! Which finds belong to one record?
//!
//! A record is what stands together in one unit of the log:
//!
//! 1. each object of a JSON array of which two or more objects hold something; else the entry;
//! 2. within such a unit, each card and what stands with it: when a unit holds two or more cards,
//!    or none and the same key with different values, a new record begins wherever a card or a
//!    key comes again with another value (rows of a table, tuples of an INSERT, lines).
//!
//! The same value again in a unit (a request echoed in the answer) is no new record.

use std::ops::Range;

use super::found::Found;
use super::{Element, Grade};

/// Divides the finds of a text, which are in its order, into records.
pub(super) fn records(text: &[u8], found: Vec<Found>) -> Vec<Vec<Found>> {
    let mut units: Vec<(Option<usize>, Vec<Found>)> = Vec::new();
    let objects = split_objects(text, &found);
    for find in found {
        let home = objects.iter().rposition(|o| o.contains(&find.span.start));
        match units.iter_mut().find(|(unit, _)| *unit == home) {
            Some((_, unit)) => unit.push(find),
            None => units.push((home, vec![find])),
        }
    }
    units.into_iter().flat_map(|(_, unit)| split(unit)).collect()
}

/// The objects of arrays that are units of their own.
fn split_objects(text: &[u8], found: &[Found]) -> Vec<Range<usize>> {
    if found.len() < 2 || memchr::memchr(b'{', text).is_none() {
        return Vec::new();
    }
    let objects = array_objects(text);
    let holds = |o: &&(usize, Range<usize>)| found.iter().any(|f| o.1.contains(&f.span.start));
    let full: Vec<&(usize, Range<usize>)> = objects.iter().filter(holds).collect();
    let siblings = |array: usize| full.iter().filter(|o| o.0 == array).count();
    full.iter().filter(|o| siblings(o.0) > 1).map(|o| o.1.clone()).collect()
}

/// Every object that is an element of an array, with the place of the array.
fn array_objects(text: &[u8]) -> Vec<(usize, Range<usize>)> {
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut objects = Vec::new();
    for (at, b) in text.iter().enumerate() {
        match b {
            b'{' | b'[' if open.len() < 256 => open.push((*b, at)),
            b'}' | b']' => {
                let Some((bracket, start)) = open.pop() else { continue };
                let array = open.last().filter(|(b, _)| *b == b'[' && bracket == b'{');
                objects.extend(array.map(|(_, array)| (*array, start..at + 1)));
            }
            _ => {}
        }
    }
    objects.sort_by_key(|(_, object)| (object.start, std::cmp::Reverse(object.end)));
    objects
}

fn is_card(find: &Found) -> bool {
    find.card.is_some_and(|c| !c.tentative)
}

/// Divides a unit. Where a card stands under its key, numbers that stand alone are records of
/// their own, and nothing else belongs to them.
fn split(unit: Vec<Found>) -> Vec<Vec<Found>> {
    let grade = |f: &Found| f.card.map(|c| c.grade);
    if !unit.iter().any(|f| grade(f).is_some_and(|g| g != Grade::Review)) {
        return split_rows(unit);
    }
    let (alone, rest) = unit.into_iter().partition(|f| grade(f) == Some(Grade::Review));
    let alone: Vec<Found> = alone;
    alone.into_iter().map(|find| vec![find]).chain(split_rows(rest)).collect()
}

/// Divides a unit at repetitions, if it holds more than one record.
fn split_rows(unit: Vec<Found>) -> Vec<Vec<Found>> {
    let mut cards: Vec<&[u8]> = unit.iter().filter(|f| is_card(f)).map(|f| &*f.value).collect();
    cards.sort_unstable();
    cards.dedup();
    if cards.len() == 1 {
        return vec![unit];
    }
    let mut records: Vec<Vec<Found>> = vec![Vec::new()];
    let mut past: Vec<(Element, Vec<u8>)> = Vec::new();
    for find in unit {
        let again = past.iter().any(|(e, v)| *e == find.element && **v == *find.value);
        if again && matches!(find.element, Element::CardNumber | Element::Email | Element::Track) {
            continue;
        }
        past.push((find.element, find.value.to_vec()));
        if records.last().is_some_and(|record| repeats(record, &find)) {
            records.push(Vec::new());
        }
        if let Some(record) = records.last_mut() {
            record.push(find);
        }
    }
    records
}

/// Whether a find of the same kind under the same key stands in the record with another value.
fn repeats(record: &[Found], find: &Found) -> bool {
    record.iter().any(|f| {
        let same = f.element == find.element && (f.key == find.key || is_card(f) && is_card(find));
        same && f.value != find.value
    })
}
