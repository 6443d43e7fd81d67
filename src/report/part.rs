//! What did one run read, to be merged with what others read? The part file (schema
//! `leaksweep.part/6`).
//!
//! A part file is lines of JSON: a head, then pieces, each of which can be merged by itself, in any
//! order and more than once. So part files one behind the other are a part file, and a program that
//! sorts or spreads the lines need not know what is in them: a piece that is about one site begins
//! with `{"site":`, and all of those hold all that the site's judgement takes from the logs. What it
//! takes from other sites has lines of its own ([`Apart`]).

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};

use super::apart::{Apart, Hits};
use super::{Run, plausible};
use crate::case::{Estate, Judged, Word};
use crate::scan::Tally;
use crate::source::ContentId;

const SCHEMA: &str = "leaksweep.part/6";

/// What must agree before parts are merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// `leaksweep.part/6`.
    pub schema: String,
    /// Which case key made the fingerprints; says nothing about the key itself. Empty before it is
    /// known.
    pub key: String,
    /// The facts of the run; its arguments are those that the result depends on, without paths.
    pub run: Run,
    /// The paths that were given.
    pub paths: BTreeSet<String>,
}

/// What one run yielded, or several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartFile {
    /// What must agree.
    pub head: Head,
    /// What was read.
    pub tally: Tally,
    /// What else there is, where sites are judged apart.
    pub apart: Apart,
}

/// One line.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) head: Option<Head>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tally: Option<Tally>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) estate: Option<Estate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) word: Option<Word>,
    /// With which estate a case and its hits were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<ContentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) case: Option<Judged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hits: Option<Hits>,
}

/// Why parts cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// Not a part file.
    #[error("not a part file of schema {SCHEMA:?}: line {line}: {why}")]
    NotAPart {
        /// Which line, from 1.
        line: u64,
        /// What is wrong, and at which of its columns.
        why: String,
    },
    /// It cannot be read to its end.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// Pieces without a head.
    #[error("not a part file: it has no head")]
    NoHead,
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
        /// The merger's.
        ours: String,
    },
    /// Another case key.
    #[error(
        "made under another case key, so that distinct cards cannot be counted across the parts; sweep again with one --case-key FILE"
    )]
    Key,
    /// Other options.
    #[error(
        "made by `leaksweep {theirs}`, which is not what this merge is told (`{ours}`); give merge the options of the sweeps"
    )]
    Options {
        /// The part's.
        theirs: String,
        /// The merger's.
        ours: String,
    },
    /// What a site says comes after the streams, of which it asks something.
    #[error("the words of sites must come before the streams, and that of {0} does not")]
    Late(String),
    /// The inventory says something else than it did.
    #[error("made with another inventory, or another version of it; sweep again with the same one")]
    Inventory,
}

impl Head {
    /// A head.
    pub fn new(key: String, run: Run, paths: BTreeSet<String>) -> Self {
        Self { schema: SCHEMA.to_owned(), key, run, paths }
    }

    /// The facts of the run as the report tells them.
    pub fn run(&self, no_pivot: bool) -> Run {
        let mut run = self.run.clone();
        run.arguments.extend(no_pivot.then(|| "--no-pivot".to_owned()));
        run.arguments.extend(self.paths.iter().cloned());
        run
    }

    /// Takes in what another part was made with, if it is the same.
    fn agree(&mut self, other: Self) -> Result<(), PartError> {
        let (ours, theirs) = (&self.run, &other.run);
        if other.schema != SCHEMA {
            return Err(PartError::Schema(other.schema));
        }
        if theirs.rules != ours.rules {
            let (theirs, ours) = (theirs.rules.clone(), ours.rules.clone());
            return Err(PartError::Rules { theirs, ours });
        }
        if theirs.arguments != ours.arguments {
            let (theirs, ours) = (theirs.arguments.join(" "), ours.arguments.join(" "));
            return Err(PartError::Options { theirs, ours });
        }
        let sum = |run: &Run| run.inventory.as_ref().map(|inventory| inventory.sha256);
        if sum(theirs) != sum(ours) {
            return Err(PartError::Inventory);
        }
        if !self.key.is_empty() && other.key != self.key {
            return Err(PartError::Key);
        }
        self.key = other.key;
        self.run.inventory = other.run.inventory;
        self.paths.extend(other.paths);
        Ok(())
    }
}

impl PartFile {
    /// What was read, and nothing else.
    pub fn new(head: Head, tally: Tally) -> Self {
        Self { head, tally, apart: Apart::default() }
    }

    /// Adds what a part file holds, piece by piece. Behind an estate, which has the head of all,
    /// lines need none.
    ///
    /// # Errors
    ///
    /// If it is none, or was made with other rules, options, inventory or case key.
    pub fn read(&mut self, from: impl Read) -> Result<(), PartError> {
        let Self { head, tally, apart } = self;
        let (mut headless, mut wrong) = (apart.estate.is_none(), None);
        let mut piece = |line: Result<Line, PartError>| -> Result<Tally, PartError> {
            let mut line = line?;
            if let Some(theirs) = line.head.take() {
                head.agree(theirs)?;
                headless = false;
            }
            if headless {
                return Err(PartError::NoHead);
            }
            Ok(apart.take(line)?.unwrap_or_default())
        };
        let until_wrong = |line| piece(line).map_err(|error| wrong = Some(error)).ok();
        tally.extend(lines(from).map_while(until_wrong));
        match wrong {
            Some(error) => Err(error),
            None if headless => Err(PartError::NoHead),
            None => Ok(()),
        }
    }

    /// Writes the part: its head, then its pieces.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write_line(out, &Line { head: Some(self.head.clone()), ..Line::default() })?;
        self.tally.pieces().try_for_each(|(site, piece)| {
            let site = site.map(str::to_owned);
            write_line(out, &Line { site, tally: Some(piece), ..Line::default() })
        })
    }
}

/// The lines of a part file that are not blank.
fn lines(from: impl Read) -> impl Iterator<Item = Result<Line, PartError>> {
    (1..).zip(BufReader::new(from).split(b'\n')).filter_map(|(number, text)| match text {
        Ok(text) if text.trim_ascii().is_empty() => None,
        Ok(text) => Some(line(number, &text)),
        Err(error) => Some(Err(error.into())),
    })
}

/// The line of this number, from 1.
fn line(number: u64, text: &[u8]) -> Result<Line, PartError> {
    plausible::read(text).map_err(|error| {
        let (said, column) = (error.to_string(), error.column());
        let what = said.rsplit_once(" at line ").map_or(&*said, |(what, _)| what);
        PartError::NotAPart { line: number, why: format!("{what} at column {column}") }
    })
}

pub(super) fn write_line(out: &mut dyn Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{RunInventory, sample};
    use super::*;
    use crate::element::{Elements, Fingerprint, Record};
    use crate::scan::{Part, SiteTally, StreamFacts, Way, Yield};
    use crate::source::ContentId;

    fn written(part: &PartFile) -> Vec<u8> {
        let mut file = Vec::new();
        part.write(&mut file).unwrap();
        file
    }

    fn part(key: &str, change: impl FnOnce(&mut Run)) -> PartFile {
        let mut run = sample::report().run;
        change(&mut run);
        let head = Head::new(key.into(), run, BTreeSet::from(["logs".to_owned()]));
        PartFile::new(head, Tally::default())
    }

    /// A site of which a log holds so many records that they do not go into one line.
    fn large(part: &mut PartFile) {
        let mut site = SiteTally { entries: 9, ..SiteTally::default() };
        let card = |line: u64| Record {
            class: Elements(1),
            email: Some(Fingerprint(line)),
            ..Record::default()
        };
        for line in 0..40_000 {
            site.records.push(&card(line), Way::Usual, None, Some("192.0.2.7"), line);
        }
        let sites = BTreeMap::from([("a".to_owned(), site.into())]);
        let stream =
            StreamFacts { names: vec!["a/log".into()], bytes: 7, ..StreamFacts::default() };
        let yielded = Yield { stream, part: Part { sites, ..Part::default() }, ..Yield::default() };
        part.tally = Tally::of_stream(ContentId([1; 32]), yielded);
    }

    #[test]
    fn many_records_are_several_lines_that_come_in_any_order() {
        let mut whole = part("k", |_| ());
        large(&mut whole);
        let text = String::from_utf8(written(&whole)).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.iter().filter(|line| line.starts_with("{\"site\":\"a\"")).count(), 10);
        lines[1..].reverse();
        let mut read = part("", |_| ());
        read.read([&lines[..], &lines[..]].concat().join("\n").as_bytes()).unwrap();
        assert!(read.tally == whole.tally && read.head == whole.head);
    }

    #[test]
    fn parts_come_back_and_refuse_strangers() {
        let whole = part("k", |_| ());
        let mut read = part("", |_| ());
        let twice = [written(&whole), written(&whole)].concat();
        read.read(twice.as_slice()).unwrap();
        assert_eq!(read, whole);
        let mut refused = |part: &PartFile| read.read(written(part).as_slice()).unwrap_err();
        assert!(matches!(refused(&part("other", |_| ())), PartError::Key));
        let rules = part("k", |run| run.rules = "other".into());
        assert!(matches!(refused(&rules), PartError::Rules { .. }));
        let options = part("k", |run| run.arguments.push("--site".into()));
        assert!(matches!(refused(&options), PartError::Options { .. }));
        let (path, sha256) = ("sites.toml".into(), ContentId([7; 32]));
        let read_then = RunInventory { path, sha256, found_in_evidence: false };
        let inventory = part("k", |run| run.inventory = Some(read_then));
        assert!(matches!(refused(&inventory), PartError::Inventory));
        assert!(matches!(read.read(&b""[..]), Err(PartError::NoHead)));
        assert!(matches!(
            read.read(&br#"{"schema":"leaksweep.part/1"}"#[..]),
            Err(PartError::NotAPart { line: 1, .. })
        ));
    }
}
