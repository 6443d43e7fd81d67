//! When may a site be called "not confirmed"? One list of thresholds, written in the inventory
//! (`[criteria]`) where others than the usual ones are wanted, and printed with the verdict.

use serde::{Deserialize, Serialize};

/// The thresholds of coverage. A site without a hit is `not-confirmed` only if all of them hold;
/// otherwise it is `inconclusive`, and the shortfalls say which failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Criteria {
    /// At least so many entries: a handful of lines shows nothing.
    pub entries: u64,
    /// At most so many of 1,000 entries of known formats may be no event of their format: an
    /// entry that is not understood is examined only as text.
    pub unparsed_per_mille: u64,
    /// At most so many of 1,000 entries may have no readable time: they cannot be placed in the
    /// window.
    pub timeless_per_mille: u64,
    /// A silence is a hole if, by the site's own profile of hours, at least so many entries would
    /// have been written in it. Quiet nights expect few.
    pub silent_entries: u64,
    /// Shorter silences are no holes, in minutes: entries are counted by the hour.
    pub silent_minutes: u64,
    /// All logs of a breached site stopping before the evidence ends is taken for containment if,
    /// by the profile, at least so many entries are missing after it.
    pub stopped_entries: u64,
    /// In a sequence of numbers that is dense elsewhere (orders, requests, records), so many missing
    /// ones are a hole; 0 to look at none.
    pub sequence_missing: u64,
    /// At least so many rules against intrusions must have been able to fire.
    pub rules_able: usize,
    /// The logs must reach so many days back before the window, so that an intrusion that began
    /// before it shows; 0 for the window alone. PCI DSS 10.5.1 has twelve months kept.
    pub retention_days: u64,
}

impl Criteria {
    /// The criteria as sentences, for people.
    pub fn in_words(&self) -> Vec<String> {
        let Self { entries, unparsed_per_mille, timeless_per_mille, rules_able, .. } = self;
        let Self { silent_entries, silent_minutes, sequence_missing, retention_days, .. } = self;
        let mut words = vec![
            "every kind of log that the inventory expects is there, whole and readable".to_owned(),
            format!("at least {entries} entries"),
            format!("at most {unparsed_per_mille} of 1,000 entries are no event of their format"),
            format!("at most {timeless_per_mille} of 1,000 entries have no readable time"),
            format!(
                "no silence of {silent_minutes} minutes or more in which {silent_entries} entries \
                 were to be expected, from the start of the window to its end"
            ),
            "no rotated file is missing".to_owned(),
            match rules_able {
                1 => "at least one rule against intrusions could have fired".to_owned(),
                n => format!("at least {n} rules against intrusions could have fired"),
            },
        ];
        if *sequence_missing > 0 {
            words.push(format!(
                "no sequence of numbers that is dense elsewhere lacks {sequence_missing} or more"
            ));
        }
        if *retention_days > 0 {
            words.push(format!("the logs reach {retention_days} days back before the window"));
        }
        words
    }
}

impl Default for Criteria {
    fn default() -> Self {
        Self {
            entries: 100,
            unparsed_per_mille: 10,
            timeless_per_mille: 10,
            silent_entries: 30,
            silent_minutes: 60,
            stopped_entries: 10,
            sequence_missing: 20,
            rules_able: 1,
            retention_days: 0,
        }
    }
}
