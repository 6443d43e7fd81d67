//! Where in a block may something be found?

use crate::line::{Block, Entry};
use crate::rule::Plan;

use super::Mode;

/// Where in a block something may be found.
pub(super) struct Marks<'b> {
    block: &'b Block,
    /// Offsets in entries that may carry an element, ascending.
    pub(super) at: Vec<usize>,
    /// How many of them lie before the entry.
    passed: usize,
    /// The next literal of a rule; `None` if it was not searched yet.
    next: Option<usize>,
}

/// What an entry may have.
#[derive(Clone, Copy)]
pub(super) struct Marked {
    pub(super) literal: bool,
    pub(super) element: bool,
}

impl<'b> Marks<'b> {
    /// `at`: offsets in the block at which an element may begin, ascending.
    pub(super) fn new(block: &'b Block, at: Vec<usize>) -> Self {
        Self { block, at, passed: 0, next: None }
    }

    /// What the entry may have; entries must come in order.
    pub(super) fn of(&mut self, entry: &Entry<'_>, plan: &Plan, mode: Mode) -> Marked {
        if mode == Mode::Full {
            return Marked { literal: true, element: true };
        }
        let start = (entry.offset - self.block.offset) as usize;
        let end = start + entry.bytes.len();
        let next = match self.next {
            Some(next) if next >= start => next,
            _ => plan.next(&self.block.bytes, start).unwrap_or(usize::MAX),
        };
        self.next = Some(next);
        let before = self.at[self.passed..].iter().take_while(|at| **at < start).count();
        self.passed += before;
        let element = self.at.get(self.passed).is_some_and(|at| *at < end);
        Marked { literal: next < end, element }
    }
}
