//! One self-contained page.
use super::Report;
use std::io::{self, Write};
pub(super) fn render(_report: &Report, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}
