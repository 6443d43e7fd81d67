//! The whole: with the prefilter and without, whole and in pieces, by one thread and by several,
//! the same is found; nothing vanishes.

use leaksweep::report::Run;
use leaksweep::scan::{Mode, Tally};
use leaksweep::source::Inventory;
use leaksweep::{Options, conclude, pivot};

use super::report::renders;
use super::room::{RULES, file, folder, tally};

/// Logs stand between NUL bytes.
pub fn check(data: &[u8]) {
    let folder = folder();
    let logs = data.split(|byte| *byte == 0).take(4).enumerate();
    let paths: Vec<_> = logs
        .map(|(n, log)| file(folder.path(), &format!("shop.example.com/{n}.log"), log))
        .collect();
    let followed = |options: &Options| {
        let mut tally = tally(&paths, options);
        pivot(&mut tally, &Inventory::default(), &RULES, options, &()).unwrap();
        tally
    };
    let one = Options { jobs: 1, ..Options::default() };
    let whole = followed(&one);
    let full = followed(&Options { mode: Mode::Full, ..one.clone() });
    same(&whole, &full, "the prefilter changes the answer");
    let cut = followed(&Options { block: 99, jobs: 2, ..one });
    same(&whole, &cut, "cuts change the answer");
    for yielded in whole.streams.values() {
        assert_eq!(yielded.part.bytes, yielded.stream.bytes, "bytes vanish");
    }
    renders(&conclude(&whole, &Inventory::default(), &RULES, Run::default()));
}

/// Says where they differ: a tally is long.
fn same(a: &Tally, b: &Tally, what: &str) {
    if a == b {
        return;
    }
    let [a, b] = [a, b].map(|tally| serde_json::to_string_pretty(tally).unwrap());
    let differs = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    panic!("{what}: {differs:?}");
}
