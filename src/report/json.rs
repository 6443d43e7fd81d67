//! A report (schema `leaksweep.report/1`) or a comparison as JSON.

use std::io::{self, Write};

use serde::Serialize;

/// Writes it, indented, in the order of its types.
pub(super) fn render(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}
