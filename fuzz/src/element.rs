//! The scanner of card and personal data: its prefilter misses nothing, and what is masked holds no
//! card number, whatever stood around it.

use leaksweep::HEAD;
use leaksweep::element::{Record, Scratch, mask};
use leaksweep::event::{Event, Options, recognise};
use leaksweep::line::Block;

use super::room::FINDER;

/// The most characters of an excerpt.
const SHOWN: usize = 500;

pub fn check(data: &[u8]) {
    let format = recognise(&data[..data.len().min(HEAD)], &Options::default()).format;
    let block = Block::new(data.to_vec(), 0, 1, format.framing());
    let mut at = Vec::new();
    FINDER.candidates(&block.bytes, &mut at);
    assert!(at.is_sorted() && at.iter().all(|at| *at < data.len()));
    let mut parser = format.parser();
    for entry in block.entries() {
        let mut event = Event::default();
        event.reset(entry.bytes);
        parser.parse(entry.bytes, &mut event);
        let (start, end) = (entry.offset as usize, entry.offset as usize + entry.bytes.len());
        let candidate = at.iter().any(|at| (start..end).contains(at));
        let found = records(&event);
        assert!(candidate || found.is_empty(), "the prefilter passes over {found:?}");
        masked(entry.bytes);
    }
}

fn records(event: &Event<'_>) -> Vec<Record> {
    let mut found = Vec::new();
    FINDER.records(event, &mut Scratch::default(), &mut found);
    found
}

fn masked(text: &[u8]) {
    let shown = mask(text, text.len() / 2, SHOWN);
    let shown = shown.as_str();
    assert!(shown.chars().count() <= SHOWN && !shown.contains(char::is_control));
    let mut event = Event::default();
    event.reset(shown.as_bytes());
    for record in records(&event) {
        assert!(record.card.is_none_or(|card| !card.grade.counts()), "a card is left");
        assert!(record.email.is_none(), "an address is left");
    }
    assert!(runs(shown).all(|digits| !is_card(digits)), "a number is left");
}

/// Runs of digits.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit())
}

/// A number of one of the great brands, as anyone would write it (ISO/IEC 7812-1).
fn is_card(digits: &str) -> bool {
    let two: u32 = digits.get(..2).and_then(|d| d.parse().ok()).unwrap_or(0);
    let brand = match digits.len() {
        15 => matches!(two, 34 | 37),
        16 => matches!(two, 40..=49 | 51..=55),
        _ => false,
    };
    let double = |(i, d): (usize, u32)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { d };
    let sum: u32 =
        digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(double).sum();
    brand && sum.is_multiple_of(10)
}
