//! What is said on standard error: what is missing, and nothing when nothing is.
#![allow(clippy::print_stderr)]

use std::path::Path;

use leaksweep::report::{Format, Report, visible};
use leaksweep::scan::Tally;
use leaksweep::source::{Gap, GapKind};

use super::ExitCode;
use super::exit::gaps as all_gaps;

/// Gaps that are told one by one; the others are counted and stand in the report.
const TOLD: usize = 20;

/// Whether something is there that could not be read, so that the sweep has a result: that it is
/// incomplete.
pub(crate) fn unreadable(gaps: &[Gap]) -> bool {
    gaps.iter().any(|gap| gap.kind != GapKind::Missing)
}

/// Says that nothing was found to examine.
pub(crate) fn no_input(gaps: &[Gap]) -> ExitCode {
    list(gaps.iter(), false);
    eprintln!(
        "leaksweep: error: no input matched: there is no file under the paths given; check them"
    );
    ExitCode::NoInput
}

/// Says what could not be read; with `-v`, also what was.
pub(crate) fn gaps(tally: &Tally, report: &Report, verbose: bool) {
    if verbose {
        read(report);
    }
    list(all_gaps(tally), verbose);
}

/// Says what was read, file by file (`-v`).
fn read(report: &Report) {
    for file in &report.run.sources {
        let (path, status) = (visible(&file.path), visible(&file.status));
        let formats = file.format.join(", ");
        eprintln!("leaksweep: {path}: {} entries, {formats}: {status}", file.lines);
    }
}

/// Says what is missing, one line each.
pub(crate) fn list<'g>(gaps: impl Iterator<Item = &'g Gap>, all: bool) {
    let mut gaps: Vec<&Gap> = gaps.filter(|gap| all || gap.kind.is_loss()).collect();
    gaps.sort();
    gaps.dedup();
    let told = if all { gaps.len() } else { TOLD };
    for gap in gaps.iter().take(told) {
        eprintln!("leaksweep: {}: {}", visible(&gap.source), visible(&gap.detail));
    }
    if gaps.len() > told {
        let more = gaps.len() - told;
        eprintln!("leaksweep: and {more} more gaps; -v tells all, and the report has them");
    }
}

/// Says what was written, and what to do with it.
pub(crate) fn written(format: Format, path: &Path) {
    let path = path.display().to_string();
    let what = if format == Format::Html { " (open it in a browser)" } else { "" };
    eprintln!("leaksweep: {format} written to {}{what}", visible(&path));
}
