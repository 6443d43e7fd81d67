//! Text of no known format: nothing is parsed, everything is scanned.

use super::{Event, Field, Format, Kind, Parsed, Parser};

/// Text of no known format: every entry is unparsed and scanned as text.
#[derive(Debug)]
pub(super) struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn kind(&self) -> Kind {
        Kind { category: "", service: "", log: "", messages: true }
    }

    fn fields(&self) -> &[Field] {
        &[]
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(TextParser)
    }
}

struct TextParser;

impl Parser for TextParser {
    fn parse<'a>(&mut self, entry: &'a [u8], _event: &mut Event<'a>) -> Parsed {
        if entry.iter().all(u8::is_ascii_whitespace) { Parsed::Skip } else { Parsed::Unparsed }
    }
}
