//! What is put aside and lost is said, for the whole process: a test program of its own.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]

use std::process::Command;

use leaksweep::spill::{Spill, Uniques, lost};

/// Tells a test that it runs by itself: what is lost would be so for all others.
const ALONE: &str = "LEAKSWEEP_TEST_ALONE";

fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// Runs a test of this program by itself, with a folder for temporary files.
fn alone(test: &str, folder: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("TMPDIR", folder).env(ALONE, "");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{test}: {said}");
}

#[test]
fn what_is_lost_is_said() {
    let folder = tempfile::tempdir().unwrap();
    alone("unreadable", folder.path().to_str().unwrap());
    alone("full", "/nowhere/at/all");
}

#[test]
fn unreadable() {
    if !is_alone() {
        return;
    }
    let mut spill = Spill::new().unwrap();
    let range = spill.append(&[1, 2, 3, 4]).unwrap();
    assert_eq!(spill.pieces(range, 1).collect::<Vec<[u8; 2]>>(), [[1, 2], [3, 4]]);
    assert_eq!(lost(), None);
    assert_eq!(spill.pieces::<2>(0..8, 4).count(), 0);
    assert!(lost().unwrap().contains("does not give back"), "{:?}", lost());
}

/// While the disk takes nothing, memory grows so far only.
#[test]
fn full() {
    if !is_alone() {
        return;
    }
    let mut uniques = Uniques::with_bound(100);
    (0..350).for_each(|n| uniques.add(0, n));
    assert_eq!(lost(), None, "held in memory");
    (350..2_000).for_each(|n| uniques.add(0, n));
    assert!(uniques.counts().values().sum::<u64>() < 500);
    let why = lost().unwrap();
    assert!(why.contains("/nowhere/at/all, takes no more"), "{why}");
}
