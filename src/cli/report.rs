//! A JSON report in another format.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use leaksweep::report::{Report, SCHEMA};

use super::args::ReportArgs;
use super::{ExitCode, Failure};

/// Reads the report and writes it again.
pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let read: Vec<_> =
        [Some(&args.file), args.hits.as_ref()].into_iter().flatten().cloned().collect();
    let outputs = args.write.plan(&read, Some(&args.record))?;
    let mut report = load(&args.file)?;
    if let Some(path) = &args.hits {
        let added = open(path)?;
        report.add_hits(added).map_err(|error| wrong(path, &format!("no hits ({error})")))?;
    }
    outputs.write_report(report, None)?;
    Ok(ExitCode::Clean)
}

/// A report from its file.
pub(super) fn load(path: &Path) -> Result<Report, Failure> {
    let report = Report::read(open(path)?).map_err(|error| {
        wrong(path, &format!("not a report ({error}); give a file written with -f json"))
    })?;
    if report.schema == SCHEMA {
        return Ok(report);
    }
    Err(wrong(path, &format!("schema {:?}; this program reads {SCHEMA:?}", report.schema)))
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    File::open(path).map(BufReader::new).map_err(|error| wrong(path, &error.to_string()))
}

fn wrong(path: &Path, why: &str) -> Failure {
    Failure::new(format!("{}: {why}", path.display()))
}
