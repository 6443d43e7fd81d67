//! A part file (schema `leaksweep.part/1`): what one run or machine read, to be merged with what
//! others read.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::Run;
use crate::scan::Tally;

const SCHEMA: &str = "leaksweep.part/1";

/// What one run yielded, with the facts that must agree before parts are merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartFile {
    /// `leaksweep.part/1`.
    pub schema: String,
    /// Which case key made the fingerprints; says nothing about the key itself.
    pub key: String,
    /// The facts of the run.
    pub run: Run,
    /// What it yielded.
    pub tally: Tally,
}

/// Why parts cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// Not a part file.
    #[error("not a part file: {0}")]
    NotAPart(#[from] serde_json::Error),
    /// A part file of another version.
    #[error("a part file of schema {0:?}; this program reads {SCHEMA:?}")]
    Schema(String),
    /// Other rules.
    #[error(
        "made with other rules (digest {theirs}, not {ours}); sweep again with the same rules, or merge with --rules as then"
    )]
    Rules {
        /// The part's.
        theirs: String,
        /// The first part's, or this program's.
        ours: String,
    },
    /// Another case key.
    #[error(
        "made under another case key, so that distinct cards cannot be counted across the parts; sweep again with one --case-key FILE"
    )]
    Key,
    /// Another time zone was assumed.
    #[error("made with --timezone {theirs}, the parts before with {ours}")]
    Zone {
        /// The part's.
        theirs: String,
        /// The first part's.
        ours: String,
    },
}

impl PartFile {
    /// A part.
    pub fn new(key: String, run: Run, tally: Tally) -> Self {
        Self { schema: SCHEMA.to_owned(), key, run, tally }
    }

    /// Reads a part file.
    ///
    /// # Errors
    ///
    /// If it is none, or of another version.
    pub fn read(from: impl Read) -> Result<Self, PartError> {
        let part: Self = serde_json::from_reader(io::BufReader::new(from))?;
        if part.schema == SCHEMA { Ok(part) } else { Err(PartError::Schema(part.schema)) }
    }

    /// Adds what another part holds.
    ///
    /// # Errors
    ///
    /// If the two were made with different rules, case keys or time zones.
    pub fn merge(&mut self, other: Self) -> Result<(), PartError> {
        other.made_with(&self.run.rules)?;
        if other.key != self.key {
            return Err(PartError::Key);
        }
        if other.run.timezone != self.run.timezone {
            let ours = self.run.timezone.clone();
            return Err(PartError::Zone { theirs: other.run.timezone, ours });
        }
        self.tally.merge(other.tally);
        Ok(())
    }

    /// Whether it was made with the rules of this digest: hits name rules by number.
    ///
    /// # Errors
    ///
    /// If it was not.
    pub fn made_with(&self, digest: &str) -> Result<(), PartError> {
        if self.run.rules == digest {
            return Ok(());
        }
        let (theirs, ours) = (self.run.rules.clone(), digest.to_owned());
        Err(PartError::Rules { theirs, ours })
    }

    /// Writes the part, on one line.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn parts_come_back_and_refuse_strangers() {
        let part = PartFile::new("k".into(), sample::report().run, Tally::default());
        let mut file = Vec::new();
        part.write(&mut file).unwrap();
        let mut read = PartFile::read(file.as_slice()).unwrap();
        assert_eq!(read, part);
        read.merge(part.clone()).unwrap();
        let stranger = PartFile { key: "other".into(), ..part.clone() };
        assert!(matches!(read.merge(stranger), Err(PartError::Key)));
        let mut run = part.run.clone();
        run.rules = "other".into();
        let other_rules = PartFile { run, ..part };
        assert!(matches!(read.merge(other_rules), Err(PartError::Rules { .. })));
        assert!(PartFile::read(&b"{}"[..]).is_err());
    }
}
