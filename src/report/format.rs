//! Which output format?

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use super::form::{self, Language, Markup};
use super::ocsf::OcsfVersion;
use super::{Report, csv, ecs, html, json, ndjson, ocsf, sums, text, timesketch};

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table and a block per site, for a terminal.
    Text,
    /// The report (schema `leaksweep.report/1`).
    Json,
    /// One hit a line (schema `leaksweep.hit/1`).
    Ndjson,
    /// One self-contained page.
    Html,
    /// One hit a row.
    Csv,
    /// One finding a line, as OCSF Detection Finding (class 2004).
    Ocsf,
    /// One finding a line, as alert of the Elastic Common Schema.
    Ecs,
    /// One hit a line, for a Timesketch timeline.
    Timesketch,
    /// The sum of every source, as `sha256sum -c` checks them.
    Sha256sums,
    /// What a PFI final report asks and logs can answer.
    Pfi,
    /// The nine items of a report to Japan's Personal Information Protection Commission.
    Ppc,
    /// What the evidence yielded, to be merged (schema `leaksweep.part/6`).
    Part,
}

/// How text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns that there are.
    pub width: usize,
    /// Whether colours may be used.
    pub color: bool,
    /// The version of the schema that OCSF findings are written for.
    pub ocsf: OcsfVersion,
    /// The language of forms.
    pub language: Language,
    /// How forms are written.
    pub markup: Markup,
}

impl Default for Look {
    /// Plain text of 120 columns.
    fn default() -> Self {
        Self {
            width: 120,
            color: false,
            ocsf: OcsfVersion::default(),
            language: Language::default(),
            markup: Markup::default(),
        }
    }
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The output could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The format needs the hits, and the report came from a file that does not hold them.
    #[error(
        "{0} lists single hits, which a JSON report does not hold; write it in the sweep (-o {0}=PATH), or add the sweep's ndjson output with --hits FILE"
    )]
    NoHits(Format),
    /// A comparison holds facts of sites, no hits.
    #[error("a comparison is written as text, json, html or csv, not as {0}")]
    NoComparison(Format),
    /// A part is made of what was read, not of a report.
    #[error("a part can be written only by `leaksweep sweep` and `leaksweep merge`")]
    NoTally,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Json,
        Self::Ndjson,
        Self::Html,
        Self::Csv,
        Self::Ocsf,
        Self::Ecs,
        Self::Timesketch,
        Self::Pfi,
        Self::Ppc,
        Self::Sha256sums,
        Self::Part,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Ocsf => "ocsf",
            Self::Ecs => "ecs",
            Self::Timesketch => "timesketch",
            Self::Pfi => "pfi",
            Self::Ppc => "ppc",
            Self::Sha256sums => "sha256sums",
            Self::Part => "part",
        }
    }

    /// Whether it lists single hits.
    pub fn lists_hits(self) -> bool {
        matches!(self, Self::Ndjson | Self::Csv | Self::Timesketch)
    }

    /// Writes the report.
    ///
    /// # Errors
    ///
    /// If writing fails, or the report cannot give this format.
    pub fn render(
        self,
        report: &Report,
        look: Look,
        out: &mut dyn Write,
    ) -> Result<(), RenderError> {
        match self {
            Self::Text => text::render(report, look, out)?,
            Self::Json => json::render(report, out)?,
            Self::Html => html::render(report, out)?,
            Self::Ocsf => ocsf::render(report, look, out)?,
            Self::Ecs => ecs::render(report, out)?,
            Self::Pfi => form::pfi(report, look, out)?,
            Self::Ppc => form::ppc(report, look, out)?,
            Self::Sha256sums => sums::render(report, out)?,
            _ if self.lists_hits() && without_hits(report) => {
                return Err(RenderError::NoHits(self));
            }
            Self::Ndjson => ndjson::render(report, out)?,
            Self::Csv => csv::render(report, out)?,
            Self::Timesketch => timesketch::render(report, out)?,
            Self::Part => return Err(RenderError::NoTally),
        }
        Ok(())
    }
}

/// Whether the report was read from a file: it has findings but no hits.
fn without_hits(report: &Report) -> bool {
    report.sites.iter().any(|case| case.hits.is_empty() && !case.findings.is_empty())
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
            format!("no format {name:?}; there are {}", names.join(", "))
        })
    }
}
