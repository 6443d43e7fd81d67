//! One thread's way through a block.

use crate::element::{Finder, Record, Scratch};
use crate::event::{Event, Field, Format, Parsed};
use crate::line::Block;
use crate::rule::RuleSet;
use crate::source::Inventory;

use super::Part;

/// Whether the prefilter is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Only candidate entries are examined.
    #[default]
    Filtered,
    /// Every entry is examined: slow, and the authority in tests.
    Full,
}

/// One thread's scratch space for scanning blocks of one stream.
#[derive(Debug)]
pub struct Scanner<'s> {
    rules: &'s RuleSet,
    finder: &'s Finder,
    inventory: &'s Inventory,
    mode: Mode,
    scratch: Scratch,
    records: Vec<Record>,
}

impl<'s> Scanner<'s> {
    /// A scanner for one thread.
    pub fn new(
        rules: &'s RuleSet,
        finder: &'s Finder,
        inventory: &'s Inventory,
        mode: Mode,
    ) -> Self {
        Self { rules, finder, inventory, mode, scratch: Scratch::default(), records: Vec::new() }
    }

    /// Scans a block of the stream `name`, which is of `format`.
    pub fn scan(&mut self, block: &Block, format: &dyn Format, name: &str) -> Part {
        let mut part = Part::default();
        let mut parser = format.parser();
        let mut event = Event::default();
        let mut place = self.inventory.place(name);
        let _ = (self.rules, self.mode);
        for entry in block.entries() {
            event.reset(entry.bytes);
            part.entries += 1;
            let parsed = parser.parse(entry.bytes, &mut event);
            if parsed == Parsed::Skip {
                continue;
            }
            let host = event.get(Field::Host).and_then(|h| std::str::from_utf8(h).ok());
            let site = place.site(host).to_owned();
            let tally = part.sites.entry(site).or_default();
            if place.is_own_host() {
                tally.named_at.get_or_insert(entry.line);
            }
            tally.entries += 1;
            tally.unparsed += u64::from(parsed == Parsed::Unparsed);
            self.records.clear();
            self.finder.records(&event, &mut self.scratch, &mut self.records);
            self.scratch.observations().iter().for_each(|seen| tally.columns.note(seen));
            let client = event.get(Field::Client).and_then(|c| std::str::from_utf8(c).ok());
            for record in &self.records {
                tally.records.push(record, event.time, client, entry.line);
            }
        }
        part.bytes = block.bytes.len() as u64;
        part
    }
}
