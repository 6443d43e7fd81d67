//! What if a line is of another format than its stream? Files change their format within
//! (rotation, redeploy, two servers into one file): a line that does not fit the stream's format is
//! tried against the others before it counts as unparsed.
//!
//! The answer depends on the line alone, never on lines before it, so that cuts do not matter.

use std::sync::Arc;

use crate::line::Framing;

use super::{Event, Field, Format, Guess, Kind, Options, Parsed, Parser, Stray};

/// A stream's format, and those that its stray lines may have.
#[derive(Debug)]
struct Mixed {
    main: Arc<dyn Format>,
    strays: Arc<[Arc<dyn Format>]>,
}

/// Wraps a guess so that stray lines are tried against `formats`.
pub(super) fn around(guess: Guess, formats: &[Stray], options: &Options) -> Guess {
    let strays = formats.iter().map(|format| format(options)).collect();
    Guess { format: Arc::new(Mixed { main: guess.format, strays }), ..guess }
}

impl Format for Mixed {
    fn name(&self) -> &'static str {
        self.main.name()
    }

    fn kind(&self) -> Kind {
        self.main.kind()
    }

    fn framing(&self) -> Framing {
        self.main.framing()
    }

    fn fields(&self) -> &[Field] {
        self.main.fields()
    }

    fn has_named(&self) -> bool {
        self.main.has_named()
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        let strays = self.strays.iter().map(|format| format.parser()).collect();
        Box::new(MixedParser { main: self.main.parser(), strays })
    }

    fn after(&self, block: &[u8]) -> Option<Arc<dyn Format>> {
        let main = self.main.after(block)?;
        Some(Arc::new(Self { main, strays: Arc::clone(&self.strays) }))
    }
}

struct MixedParser<'f> {
    main: Box<dyn Parser + 'f>,
    strays: Vec<Box<dyn Parser + 'f>>,
}

impl Parser for MixedParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        let line = clean(entry);
        let parsed = self.main.parse(line, event);
        if parsed != Parsed::Unparsed || memchr::memchr(b'\n', line).is_some() {
            return parsed;
        }
        for stray in &mut self.strays {
            event.reset(entry);
            if stray.parse(line, event) == Parsed::Event {
                return Parsed::Event;
            }
        }
        event.reset(entry);
        Parsed::Unparsed
    }
}

/// A line without what stands before it but is not of it: a byte order mark, and the zeros of the
/// hole that is left where a log was emptied while its server went on writing.
fn clean(line: &[u8]) -> &[u8] {
    match line.first() {
        Some(0) => {
            let zeros = line.iter().take_while(|b| **b == 0).count();
            &line[zeros..]
        }
        Some(0xef) => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
        _ => line,
    }
}
