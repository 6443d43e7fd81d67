//! Where are the entries of an actor? The second pass: blocks are searched for literals that such
//! entries must contain, and only entries that contain one are parsed.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::event::{Event, Field, Format, Parsed};
use crate::line::{Block, Entry};
use crate::source::{Inventory, Place};

use super::client::client;
use super::{Bounds, Followed, Mode, Trace, TraceKind};

/// The traces that are looked for in a stream: immutable, shared by all threads.
#[derive(Debug)]
pub struct Pursuit {
    traces: Vec<Trace>,
    /// What an entry of a trace must contain; `None` for a search of everything.
    literals: Option<AhoCorasick>,
    bounds: Bounds,
}

/// A W3C log says with this which fields the following lines have.
const DIRECTIVE: &str = "#Fields";

impl Pursuit {
    /// The pursuit of some traces.
    pub fn new(traces: Vec<Trace>, mode: Mode, bounds: Bounds) -> Self {
        let mut literals: BTreeSet<String> = traces.iter().flat_map(literals).collect();
        literals.insert(DIRECTIVE.to_owned());
        let mut builder = AhoCorasick::builder();
        let search = builder.match_kind(MatchKind::LeftmostFirst).build(&literals);
        Self { traces, literals: search.ok().filter(|_| mode == Mode::Filtered), bounds }
    }

    /// The traces.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }
}

/// Texts one of which stands in every entry that shows the trace. A producer may escape quotes,
/// slashes and blanks, so that only what lies between them is searched for.
fn literals(trace: &Trace) -> Vec<String> {
    match trace.kind {
        TraceKind::Client => of_client(&trace.value),
        TraceKind::Path | TraceKind::UserAgent | TraceKind::Account | TraceKind::Session => {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            let pieces = trace.value.split(|c| !plain(c));
            pieces.max_by_key(|piece| piece.len()).map(str::to_owned).into_iter().collect()
        }
    }
}

fn of_client(client: &str) -> Vec<String> {
    let bare = client.strip_suffix("/64").unwrap_or(client);
    match bare.parse() {
        Ok(IpAddr::V4(address)) => of_ipv4(address),
        Ok(IpAddr::V6(network)) => of_ipv6(network),
        Err(_) => vec![client.to_owned()],
    }
}

/// An address as it stands, and as an IPv6 address may hold it.
fn of_ipv4(address: Ipv4Addr) -> Vec<String> {
    let [.., high, low] = address.to_ipv6_mapped().segments();
    let mut all = vec![address.to_string()];
    for hex in [format!("{high:x}:{low:x}"), format!("{high:04x}:{low:04x}")] {
        all.extend([hex.to_ascii_uppercase(), hex]);
    }
    all
}

/// What every spelling of an address of the network begins with.
fn of_ipv6(network: Ipv6Addr) -> Vec<String> {
    let [first, ..] = network.segments();
    if first == 0 {
        return vec!["::".to_owned(), "0:0".to_owned(), "0000:".to_owned()];
    }
    let hex = [format!("{first:x}:"), format!("{first:04x}:")];
    hex.iter().flat_map(|hex| [hex.to_ascii_uppercase(), hex.clone()]).collect()
}

/// One thread's way through the blocks of a stream that is searched again.
#[derive(Debug)]
pub struct Pursuer<'s> {
    pursuit: &'s Pursuit,
    inventory: &'s Inventory,
    /// The sites that the first pass found in the stream.
    sites: &'s BTreeSet<String>,
    /// Where literals begin in the block.
    at: Vec<usize>,
}

impl<'s> Pursuer<'s> {
    /// A pursuer for one thread.
    pub fn new(
        pursuit: &'s Pursuit,
        inventory: &'s Inventory,
        sites: &'s BTreeSet<String>,
    ) -> Self {
        Self { pursuit, inventory, sites, at: Vec::new() }
    }

    /// What a block of the stream `name`, which is of `format`, holds of the traces.
    pub fn follow(&mut self, block: &Block, format: &dyn Format, name: &str) -> Followed {
        let mut followed = Followed::within(self.pursuit.bounds);
        if !self.search(block) {
            return followed;
        }
        let mut parser = format.parser();
        let mut event = Event::default();
        let mut place = self.inventory.place(name);
        let mut passed = 0;
        for entry in block.entries() {
            if !self.is_candidate(block, &entry, &mut passed) {
                continue;
            }
            event.reset(entry.bytes);
            if parser.parse(entry.bytes, &mut event) != Parsed::Skip {
                self.note(&event, &entry, &mut place, &mut followed);
            }
        }
        followed
    }

    /// Finds the literals in a block; whether there is anything to look at.
    fn search(&mut self, block: &Block) -> bool {
        self.at.clear();
        let Some(literals) = &self.pursuit.literals else { return true };
        self.at.extend(literals.find_iter(&block.bytes).map(|found| found.start()));
        !self.at.is_empty()
    }

    /// Whether the entry contains a literal; entries must come in order.
    fn is_candidate(&self, block: &Block, entry: &Entry<'_>, passed: &mut usize) -> bool {
        if self.pursuit.literals.is_none() {
            return true;
        }
        let start = (entry.offset - block.offset) as usize;
        let end = start + entry.bytes.len();
        let before = self.at[*passed..].iter().take_while(|at| **at < start).count();
        *passed += before;
        self.at.get(*passed).is_some_and(|at| *at < end)
    }

    fn note(
        &self,
        event: &Event<'_>,
        entry: &Entry<'_>,
        place: &mut Place<'_>,
        followed: &mut Followed,
    ) {
        let client = client(event, self.inventory);
        let client = client.as_deref();
        for trace in self.pursuit.traces.iter().filter(|trace| trace.is_in(event, client)) {
            let host = event.get(Field::Host).and_then(|host| std::str::from_utf8(host).ok());
            let site = place.site(host);
            let known = self.sites.contains(site);
            let site = if known { site } else { Place::OTHER_HOSTS };
            followed.note(trace, site, event, client, entry);
        }
    }
}
