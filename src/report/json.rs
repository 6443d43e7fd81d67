//! The report as JSON (schema `leaksweep.report/1`).

use std::io::{self, Write};

use super::Report;

/// Writes the report, indented, in the order of its types.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
