//! How is what was read under other rules completed?
//!
//! Nothing that a stream yields depends on the rules but what each of them found. So a stream that
//! is known is read again for the rules alone that are new or changed, and what they find takes its
//! place beside what the others found; what lies behind the bytes that are known is scanned as all
//! that is new.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::Reader;
use super::reading::{Reading, rest, resumable};
use crate::Search;
use crate::event::Format;
use crate::ledger::{Candidate, Ledger, LedgerError, Mark};
use crate::line::Blocks;
use crate::pass::{Framed, Pass};
use crate::rule::RuleSet;
use crate::scan::{Part, Scanner};
use crate::source::Stream;

/// The rules that did not look at what was read in an earlier setting.
pub(super) struct Lacking {
    numbers: BTreeSet<u32>,
    /// All rules, of which only those are looked for.
    rules: RuleSet,
}

/// Scanners that nobody uses at the moment.
pub(super) type Idle<'s> = Mutex<Vec<Scanner<'s>>>;

/// How what was read in an earlier setting is completed.
pub(super) struct Renewal<'s> {
    numbers: &'s BTreeSet<u32>,
    search: Search<'s>,
}

/// What is lacking, by the number of the earlier setting.
pub(super) fn lacking(ledger: &Ledger, rules: &RuleSet) -> BTreeMap<i64, Lacking> {
    let of = |numbers: BTreeSet<u32>| Lacking { rules: rules.only(&numbers), numbers };
    ledger.lacking().into_iter().map(|(setting, numbers)| (setting, of(numbers.clone()))).collect()
}

impl Lacking {
    pub(super) fn renewal<'s>(&'s self, all: Search<'s>, idle: &'s Idle<'s>) -> Renewal<'s> {
        Renewal { numbers: &self.numbers, search: Search { rules: &self.rules, idle, ..all } }
    }
}

impl Renewal<'_> {
    /// Puts what the lacking rules find in these blocks in the place of what the part says of
    /// them. Returns how many bytes lie in no entry.
    fn complete(
        &self,
        part: &mut Part,
        blocks: Blocks<'_, '_>,
        pass: Pass<'_>,
        format: &Arc<dyn Format>,
    ) -> u64 {
        let (name, mut found) = (blocks.name().to_owned(), Part::default());
        let sites = &part.sites;
        let worker = || |framed: &Framed| self.search.hits(framed, &name, sites);
        let append = |next, _: &Framed| found.append(next);
        let walked = pass.walk_on(&name, blocks, Arc::clone(format), worker, append);
        part.replace_hits(self.numbers, found);
        walked.skipped
    }
}

impl<'r> Reader<'r> {
    /// How the candidate is completed, if it must be and has a mark. One without is short, and
    /// sooner scanned than taken out of the state.
    pub(super) fn renewal(self, from: &Candidate) -> Option<(&'r Renewal<'r>, Mark)> {
        self.renewals.get(&from.lacks?).zip(resumable(from))
    }

    /// Completes what is known of a stream, and scans what grew behind it; `None` if it begins with
    /// other bytes. Returns how many bytes lie in no entry.
    pub(super) fn renew(
        self,
        stream: &mut Stream<'_>,
        head: Vec<u8>,
        from: &Candidate,
        (renewal, mark): (&Renewal<'_>, Mark),
        reading: &mut Reading,
    ) -> Result<Option<u64>, LedgerError> {
        let (mut until_mark, mut tail) = self.ledger.parts(from.content)?;
        let (size, format) = (self.pass.block, Arc::clone(&reading.format));
        let blocks = Blocks::behind(head, stream, size).until(mark.offset);
        renewal.complete(&mut until_mark, blocks, self.pass, &format);
        let Some(mut rest) = rest(stream, from, mark) else { return Ok(None) };
        let next = stream.head(1);
        let has_grown = !next.is_empty();
        rest.bytes.extend(next);
        let blocks = Blocks::resumed(rest.bytes, stream, size, mark.offset, mark.line);
        if has_grown {
            reading.go_on(until_mark, rest.sum, mark);
            return Ok(Some(self.scan(blocks, reading)));
        }
        let skipped = renewal.complete(&mut tail, blocks, self.pass, &format);
        reading.stay(until_mark, tail, mark);
        Ok(Some(skipped))
    }
}
