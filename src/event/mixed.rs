//! What if a line is of another format than its stream? Files change their format within
//! (rotation, redeploy, two servers into one file): a line that does not fit the stream's format is
//! tried against the others before it counts as unparsed.
//!
//! The answer depends on the line alone, never on lines before it, so that cuts do not matter.

use std::sync::Arc;

use crate::line::Framing;

use super::{Event, Field, Format, Guess, Head, Kind, Options, Parsed, Parser, Stray};

/// So many lines of the head are tried.
const SAMPLE: usize = 400;

/// A stream's format, and those that its stray lines may have.
#[derive(Debug)]
struct Mixed {
    main: Arc<dyn Format>,
    strays: Arc<[Arc<dyn Format>]>,
    /// The strays that the head has lines of: their rules apply, too.
    seen: Arc<[Arc<dyn Format>]>,
    /// The fields of all of them.
    fields: Vec<Field>,
}

/// Wraps a guess so that stray lines are tried against `formats`.
pub(super) fn around(guess: Guess, head: &Head<'_>, formats: &[Stray], options: &Options) -> Guess {
    let strays: Arc<[_]> = formats.iter().map(|format| format(options)).collect();
    let seen = seen(&*guess.format, &strays, head);
    Guess { format: Arc::new(Mixed::new(guess.format, strays, seen)), ..guess }
}

/// The strays of which the head has lines that the main format does not read.
fn seen(main: &dyn Format, strays: &[Arc<dyn Format>], head: &Head<'_>) -> Arc<[Arc<dyn Format>]> {
    let mut main = main.parser();
    let mut parsers: Vec<_> = strays.iter().map(|stray| stray.parser()).collect();
    let mut seen = vec![false; strays.len()];
    for line in head.lines.iter().take(SAMPLE) {
        let mut event = Event::default();
        event.reset(line);
        if main.parse(line, &mut event) == Parsed::Unparsed
            && let Some(stray) = of_stray(&mut parsers, line, line, &mut event)
        {
            seen[stray] = true;
        }
    }
    strays.iter().zip(seen).filter(|(_, seen)| *seen).map(|(stray, _)| Arc::clone(stray)).collect()
}

/// Parses a line by the first of the formats that it is an event of; which that is.
fn of_stray<'a>(
    strays: &mut [Box<dyn Parser + '_>],
    entry: &'a [u8],
    line: &'a [u8],
    event: &mut Event<'a>,
) -> Option<usize> {
    strays.iter_mut().position(|stray| {
        event.reset(entry);
        stray.parse(line, event) == Parsed::Event
    })
}

impl Mixed {
    fn new(
        main: Arc<dyn Format>,
        strays: Arc<[Arc<dyn Format>]>,
        seen: Arc<[Arc<dyn Format>]>,
    ) -> Self {
        let all = || std::iter::once(&main).chain(seen.iter());
        let has = |field: &&Field| all().any(|format| format.fields().contains(field));
        let fields = Field::ALL.iter().filter(has).copied().collect();
        Self { main, strays, seen, fields }
    }
}

impl Format for Mixed {
    fn name(&self) -> &'static str {
        self.main.name()
    }

    /// The kind of the main format, with what the others add: requests among messages, or messages
    /// among requests.
    fn kind(&self) -> Kind {
        let main = self.main.kind();
        let also = |is: fn(Kind) -> bool| self.seen.iter().any(|format| is(format.kind()));
        let requests = main.category.is_empty() && also(|kind| kind.category == "webserver");
        Kind {
            category: if requests { "webserver" } else { main.category },
            messages: main.messages || also(|kind| kind.messages),
            ..main
        }
    }

    fn framing(&self) -> Framing {
        self.main.framing()
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn has_named(&self) -> bool {
        self.main.has_named() || self.seen.iter().any(|format| format.has_named())
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        let strays = self.strays.iter().map(|format| format.parser()).collect();
        Box::new(MixedParser { main: self.main.parser(), strays })
    }

    fn after(&self, block: &[u8]) -> Option<Arc<dyn Format>> {
        let main = self.main.after(block)?;
        Some(Arc::new(Self::new(main, Arc::clone(&self.strays), Arc::clone(&self.seen))))
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
        if of_stray(&mut self.strays, entry, line, event).is_some() {
            return Parsed::Event;
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

#[cfg(test)]
mod tests {
    use super::super::recognise;
    use super::*;

    const ACCESS: &str = "192.0.2.7 - - [11/Oct/2021:06:40:52 +0000] \"GET / HTTP/1.1\" 200 7\n";
    const ERROR: &str = "[Mon Nov 23 08:46:29 2026] [error] [client 192.0.2.7] refused\n";

    /// Format, category and whether there are messages.
    fn told(text: &str) -> (&'static str, &'static str, bool) {
        let format = recognise(text.as_bytes(), &Options::default()).format;
        let kind = format.kind();
        (format.name(), kind.category, kind.messages)
    }

    #[test]
    fn what_a_file_holds_besides_its_format_counts_too() {
        let table = [
            (ACCESS.repeat(3), ("common", "webserver", false)),
            (ERROR.repeat(3), ("apache-error", "", true)),
            (ERROR.to_owned() + &ACCESS.repeat(2), ("common", "webserver", true)),
            (ERROR.repeat(2) + ACCESS, ("apache-error", "webserver", true)),
        ];
        for (text, want) in table {
            assert_eq!(told(&text), want, "{text}");
        }
    }
}
