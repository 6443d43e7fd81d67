//! The promises of `fuzz/`, on every build: what was kept of what a fuzzer found, some of what it
//! starts from, and mutations of both, always the same.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]

#[path = "../fuzz/src/lib.rs"]
mod promises;

use std::path::Path;

use promises::{Check, TARGETS, seeds};

/// Mutations of each input.
const MUTATIONS: usize = 3;
/// So many of the seeds.
const SEEDS: usize = 25;
/// Longer inputs are replayed, not changed: the time goes into many short ones.
const LONG: usize = 8 << 10;

/// Numbers without a pattern (xorshift64, Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most.max(1)
    }
}

/// The kept inputs of a target, and what it starts from.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(kept).into_iter().flatten();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let mut inputs: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let seeds = seeds::of(target);
    let step = 1 + seeds.len() / SEEDS;
    inputs.extend(seeds.into_iter().step_by(step));
    inputs
}

/// An input with a few bytes flipped, cut out, doubled, or taken from another.
fn mutated(input: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=chance.below(4) {
        let from = chance.below(bytes.len());
        let to = bytes.len().min(from + chance.below(24));
        match chance.below(4) {
            0 => bytes[from..to].iter_mut().for_each(|b| *b ^= 1 << chance.below(8)),
            1 => drop(bytes.drain(from..to)),
            2 => bytes.extend_from_within(from..to),
            _ => {
                let start = chance.below(other.len());
                let piece = &other[start..other.len().min(start + 24)];
                bytes.splice(from..to, piece.iter().copied());
            }
        }
    }
    bytes
}

fn replay(check: Check, inputs: &[Vec<u8>]) {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    check(b"");
    for input in inputs {
        check(input);
        for _ in 0..if input.len() < LONG { MUTATIONS } else { 0 } {
            let other = &inputs[chance.below(inputs.len())];
            check(&mutated(input, other, &mut chance));
        }
    }
}

macro_rules! promises {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            let inputs = inputs(stringify!($target));
            assert!(!inputs.is_empty());
            replay(promises::$target::check, &inputs);
        })*

        #[test]
        fn all_are_here() {
            assert_eq!(TARGETS.map(|(target, _)| target), [$(stringify!($target)),*]);
        }
    };
}

promises! {
    condition decode element escape formats indicators inventory layout part report sigma sweep
    unpack
}
