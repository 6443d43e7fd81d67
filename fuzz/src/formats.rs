//! Recognition and every parser: no stream is too strange, no byte is in two entries, and what an
//! entry says does not depend on where blocks are cut.

use std::sync::{Arc, LazyLock};

use leaksweep::HEAD;
use leaksweep::event::{self, Event, Field, Format, Options, Parsed, recognise};
use leaksweep::line::Block;

static FORMATS: LazyLock<Vec<Arc<dyn Format>>> = LazyLock::new(event::formats);

pub fn check(data: &[u8]) {
    let guess = recognise(&data[..data.len().min(HEAD)], &Options::default());
    assert!((0.0..=1.0).contains(&guess.score), "{}", guess.score);
    cuts_do_not_matter(data, &guess.format);
    for format in &*FORMATS {
        cuts_do_not_matter(data, format);
    }
}

/// What an entry says: a copy.
#[derive(Debug, PartialEq)]
struct Said {
    parsed: Parsed,
    time: Option<leaksweep::time::Time>,
    known: Vec<(Field, Vec<u8>)>,
    named: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Said {
    fn new(parsed: Parsed, event: &Event<'_>) -> Self {
        let known = |field: &Field| Some((*field, event.get(*field)?.to_vec()));
        Self {
            parsed,
            time: event.time,
            known: Field::ALL.iter().filter_map(known).collect(),
            named: event.named().iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect(),
        }
    }
}

fn cuts_do_not_matter(data: &[u8], format: &Arc<dyn Format>) {
    let whole = Block::new(data.to_vec(), 0, 1, format.framing());
    let mut parser = format.parser();
    let mut cut = Arc::clone(format);
    let mut entries = whole.entries().peekable();
    while let Some(entry) = entries.next() {
        let said = parse(&mut *parser, entry.bytes);
        assert_eq!(said, parse(&mut *cut.parser(), entry.bytes), "{}", format.name());
        let start = entry.offset as usize;
        let end = entries.peek().map_or(data.len(), |next| next.offset as usize);
        assert!(start + entry.bytes.len() <= end, "entries overlap");
        cut = cut.after(&data[start..end]).unwrap_or(cut);
    }
}

fn parse(parser: &mut dyn event::Parser, entry: &[u8]) -> Said {
    let mut event = Event::default();
    event.reset(entry);
    let parsed = parser.parse(entry, &mut event);
    let told = event.time.map(|time| time.to_string());
    assert!(told.is_none_or(|text| !text.is_empty()));
    Said::new(parsed, &event)
}
