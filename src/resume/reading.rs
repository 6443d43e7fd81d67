//! What did a stream yield so far, and until where was it read for good?

use std::sync::Arc;

use crate::HEAD;
use crate::event::Format;
use crate::ledger::{Candidate, Mark};
use crate::pass::Framed;
use crate::scan::{Known, Part};
use crate::source::{Stream, Sum};

/// The mark behind which a stream can be scanned alone: the head, which tells the format, lies
/// before it.
pub(super) fn resumable(candidate: &Candidate) -> Option<Mark> {
    candidate.mark.filter(|mark| mark.offset >= HEAD as u64)
}

/// What lies behind a mark up to the end of what was read then.
pub(super) struct Rest {
    pub(super) bytes: Vec<u8>,
    /// The sum of everything before the mark.
    pub(super) sum: Sum,
}

/// Reads up to where the candidate ended, if the stream has its bytes. What lies behind the mark is
/// about one block.
pub(super) fn rest(stream: &mut Stream<'_>, from: &Candidate, mark: Mark) -> Option<Rest> {
    let reached = stream.pass_to(mark.offset);
    let sum = stream.sum();
    if !reached || sum.id() != mark.sum {
        return None;
    }
    let behind = usize::try_from(from.bytes.saturating_sub(mark.offset)).ok()?;
    let bytes = stream.head(behind);
    (stream.sum().id() == from.sum).then_some(Rest { bytes, sum })
}

/// What a stream yielded so far, in two parts: until the mark, and behind it.
pub(super) struct Reading {
    pub(super) format: Arc<dyn Format>,
    pub(super) print: u64,
    /// The sum of everything before the mark.
    sum: Sum,
    pub(super) mark: Option<Mark>,
    pub(super) until_mark: Part,
    pub(super) tail: Part,
    /// The bytes behind the mark.
    behind: Vec<u8>,
    /// Another format began: what a mark cannot say.
    turned: bool,
}

impl Reading {
    pub(super) fn new(print: u64, format: Arc<dyn Format>) -> Self {
        Self {
            format,
            print,
            sum: Sum::default(),
            mark: None,
            until_mark: Part::default(),
            tail: Part::default(),
            behind: Vec::new(),
            turned: false,
        }
    }

    /// Begins where another reading ended.
    pub(super) fn go_on(&mut self, until_mark: Part, sum: Sum, mark: Mark) {
        (self.until_mark, self.mark, self.sum) = (until_mark, Some(mark), sum);
    }

    /// Is what another reading was, whole.
    pub(super) fn stay(&mut self, until_mark: Part, tail: Part, mark: Mark) {
        (self.until_mark, self.tail, self.mark) = (until_mark, tail, Some(mark));
    }

    /// Takes in the next block: the mark moves to its start, as long as the format stays.
    pub(super) fn append(&mut self, part: Part, (block, format): &Framed, known: &Known) {
        self.turned |= !Arc::ptr_eq(format, &self.format);
        if self.turned {
            return self.tail.append(part);
        }
        known.append(&mut self.until_mark, std::mem::replace(&mut self.tail, part));
        self.sum.add(&self.behind);
        self.behind.clone_from(&block.bytes);
        let (offset, line) = (block.offset, block.line);
        self.mark = Some(Mark { offset, line, sum: self.sum.id() });
    }
}
