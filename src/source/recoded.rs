//! Delivers an input in other bytes than it has, a piece at a time.

use std::io::{self, Read};

use super::input::Input;

/// Makes other bytes of an input's.
pub(super) trait Recode: Send {
    /// Makes some more bytes ready, in a buffer that is empty; whether they are the last.
    fn recode(&mut self, input: &mut Input<'_>, ready: &mut Vec<u8>) -> bool;
}

/// An input whose bytes become others.
pub(super) struct Recoded<'r, R> {
    input: Input<'r>,
    how: R,
    ready: Vec<u8>,
    /// How much of it was delivered.
    at: usize,
    ended: bool,
}

impl<'r, R: Recode> Recoded<'r, R> {
    pub(super) fn new(input: Input<'r>, how: R) -> Self {
        Self { input, how, ready: Vec::new(), at: 0, ended: false }
    }
}

impl<R: Recode> Read for Recoded<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() && !self.ended {
            self.ready.clear();
            self.at = 0;
            self.ended = self.how.recode(&mut self.input, &mut self.ready);
        }
        let ready = &self.ready[self.at..];
        let n = ready.len().min(out.len());
        out[..n].copy_from_slice(&ready[..n]);
        self.at += n;
        match self.input.failure() {
            Some(damage) if n == 0 => Err(damage.clone().into()),
            _ => Ok(n),
        }
    }
}
