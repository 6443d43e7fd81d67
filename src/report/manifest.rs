//! What was read, with what, and what was written: the paper that goes with the evidence.
//!
//! Sign it and have it time-stamped (`minisign -Sm manifest.json`; RFC 3161: `openssl ts -query
//! -data manifest.json -sha256 -cert -out manifest.tsq`), and everything that it names is fixed by
//! its hash.

use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};

use super::Report;
use crate::pan::is_hidden;
use crate::source::{ContentId, Gap, Window};

const SCHEMA: &str = "leaksweep.manifest/1";

/// The manifest (schema `leaksweep.manifest/1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `leaksweep.manifest/1`.
    pub schema: String,
    /// `leaksweep 0.1.0`.
    pub tool: String,
    /// SHA-256 of the rule set.
    pub rules: String,
    /// Number of rules.
    pub rule_count: usize,
    /// The arguments that the result depends on.
    pub arguments: Vec<String>,
    /// The period under examination.
    pub window: Option<Window>,
    /// The zone assumed for stamps that name none.
    pub timezone: String,
    /// The limits of reading that were met.
    pub limits: Vec<Gap>,
    /// How far the system kept the program to reading evidence and writing outputs while it read:
    /// `enforced`, or `partly` or `not available` and why. A fact of the machine, not of the
    /// evidence, so it stands here and not in the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// The folder for what does not fit into memory; it is left as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary: Option<String>,
    /// What was read, by path.
    pub inputs: Vec<Input>,
    /// What was written, in the order of the command line.
    pub outputs: Vec<Output>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its path as given; `-` for standard input.
    pub path: String,
    /// SHA-256 of its raw bytes; absent if it could not be opened.
    pub sha256: Option<ContentId>,
    /// Raw bytes.
    pub bytes: u64,
    /// `ok`, `duplicate of PATH`, or what is wrong.
    pub status: String,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its path as given.
    pub path: String,
    /// Its format.
    pub format: String,
    /// SHA-256 of its bytes.
    pub sha256: ContentId,
    /// Its size.
    pub bytes: u64,
}

impl Manifest {
    /// Of a report and the outputs that it was written to.
    pub fn new(report: &Report, outputs: Vec<Output>) -> Self {
        let run = &report.run;
        let input = |source: &super::RunSource| Input {
            path: source.path.clone(),
            sha256: source.sha256,
            bytes: source.bytes,
            status: source.status.clone(),
        };
        Self {
            schema: SCHEMA.to_owned(),
            tool: run.tool.clone(),
            rules: run.rules.clone(),
            rule_count: run.rule_count,
            arguments: run.arguments.clone(),
            window: run.window,
            timezone: run.timezone.clone(),
            limits: run.limits.clone(),
            sandbox: None,
            temporary: None,
            inputs: run.sources.iter().map(input).collect(),
            outputs,
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// If it is none, or of another version.
    pub fn read(from: impl io::Read) -> io::Result<Self> {
        let manifest: Self = serde_json::from_reader(io::BufReader::new(from))?;
        if manifest.schema == SCHEMA {
            return Ok(manifest);
        }
        let why = format!("schema {:?}; this program reads {SCHEMA:?}", manifest.schema);
        Err(io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// All its files for `sha256sum --check`, inputs first.
    pub fn sums(&self) -> String {
        let inputs = self.inputs.iter().filter(|input| input.path != "-");
        let inputs = inputs.filter_map(|input| Some((input.sha256?, &*input.path)));
        let outputs = self.outputs.iter().map(|output| (output.sha256, &*output.path));
        inputs.chain(outputs).map(|(sum, path)| sums_line(sum, path)).collect()
    }
}

/// A line of `SHA256SUMS`. A path with a line end or a backslash is written as GNU coreutils do:
/// escaped, behind a backslash. A path that is not written whole stands in a comment.
pub fn sums_line(sum: ContentId, path: &str) -> String {
    if is_hidden(path) {
        return format!("# name holds a card number {sum}  {}\n", super::visible(path));
    }
    let escaped = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    let mut line = if escaped == path { String::new() } else { "\\".to_owned() };
    // Writing into a string cannot fail.
    let _ = writeln!(line, "{sum}  {escaped}");
    line
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_manifest_comes_back_and_lists_its_sums() {
        let output = Output {
            path: "out\\a\n.json".into(),
            format: "json".into(),
            sha256: ContentId([1; 32]),
            bytes: 3,
        };
        let manifest = Manifest::new(&sample::report(), vec![output]);
        let mut file = Vec::new();
        manifest.write(&mut file).unwrap();
        assert_eq!(Manifest::read(file.as_slice()).unwrap(), manifest);
        assert!(Manifest::read(&b"{}"[..]).is_err());
        let expected = format!(
            "{}  zei/access.log\n\\{}  out\\\\a\\n.json\n",
            "07".repeat(32),
            "01".repeat(32)
        );
        assert_eq!(manifest.sums(), expected);
    }
}
