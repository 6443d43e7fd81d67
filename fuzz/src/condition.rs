//! Conditions: any text is refused, or says the same of every mixture of selections with the
//! prefilter and without.

use std::fmt::Write;

use super::sigma::{finds_the_same, load};

/// An entry for every mixture of four words.
fn log() -> String {
    let mut log = String::new();
    for mixture in 0..16 {
        let words = ["alpha", "beta", "gamma", "delta"].iter().enumerate();
        let words: Vec<&str> =
            words.filter(|(n, _)| mixture >> n & 1 == 1).map(|(_, word)| *word).collect();
        writeln!(log, "x {} y", words.join(" ")).unwrap();
    }
    log
}

pub fn check(data: &[u8]) {
    let condition = String::from_utf8_lossy(data);
    let quoted = condition.replace('\'', "''").replace(['\n', '\r'], " ");
    let rule = format!(
        "title: fuzz\nid: 1d1ca705-0000-4000-8000-00000000f022\nlogsource:\n    category: application\n\
         detection:\n    one: [alpha]\n    sel_a: [beta]\n    sel_b: [gamma]\n    other: [delta]\n    \
         condition: '{quoted}'\n"
    );
    if let Ok(rules) = load(&rule) {
        finds_the_same(&rules, log().as_bytes());
    }
}
