//! Rules: any text is refused with its faults or becomes rules that find the same with their
//! prefilter and without, in any log.

use leaksweep::event::{Options, recognise};
use leaksweep::line::Block;
use leaksweep::rule::{RuleError, RuleSet};
use leaksweep::scan::{Mode, Scanner};
use leaksweep::source::Inventory;

use super::room::FINDER;

/// A log that every rule is held against, besides what the input itself brings.
const LOG: &str = "192.0.2.7 - - [23/Nov/2026:08:46:37 +0000] \"GET /a?id=%27%20or%201=1 HTTP/1.1\" 200 236 \"-\" \"agent\"\n\
                   192.0.2.8 - - [23/Nov/2026:08:46:38 +0000] \"POST /b/../c HTTP/1.1\" 500 - \"http://h/\" \"curl/8\"\n";

/// The rules stand before a NUL byte, their log behind it.
pub fn check(data: &[u8]) {
    let mut pieces = data.splitn(2, |byte| *byte == 0);
    let rules = String::from_utf8_lossy(pieces.next().unwrap_or_default());
    match load(&rules) {
        Err(error) => told(&error, &rules),
        Ok(set) => {
            let _ = (set.check(), set.digest());
            finds_the_same(&set, LOG.as_bytes());
            finds_the_same(&set, pieces.next().unwrap_or_default());
        }
    }
}

pub(super) fn load(text: &str) -> Result<RuleSet, RuleError> {
    let mut set = RuleSet::default();
    set.add_text("fuzz.yml", text).map(|()| set)
}

/// A refusal says why and where.
fn told(error: &RuleError, text: &str) {
    assert!(!error.faults.is_empty() && !error.to_string().is_empty());
    // The end of the file may be told as the line behind the last.
    let lines = text.split(['\r', '\n']).count() as u64 + 1;
    assert!(error.faults.iter().all(|fault| u64::from(fault.at.line) <= lines), "{error}");
}

pub(super) fn finds_the_same(rules: &RuleSet, log: &[u8]) {
    let format = recognise(log, &Options::default()).format;
    let block = Block::new(log.to_vec(), 0, 1, format.framing());
    let inventory = Inventory::default();
    let [filtered, full] = [Mode::Filtered, Mode::Full].map(|mode| {
        let mut scanner = Scanner::new(rules, &FINDER, &inventory, mode);
        // The second time it remembers.
        let first = scanner.scan(&block, &*format, "a.log");
        assert_eq!(first, scanner.scan(&block, &*format, "a.log"), "memory changes the answer");
        first
    });
    assert_eq!(filtered, full, "the prefilter changes the answer");
}
