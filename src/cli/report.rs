//! A JSON report in another format.

use std::fs::File;
use std::io::BufReader;

use leaksweep::report::{Report, SCHEMA};

use super::args::ReportArgs;
use super::{ExitCode, Failure};

/// Reads the report and writes it again.
pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let outputs = args.output.plan(std::slice::from_ref(&args.file))?;
    let wrong = |why: String| Failure::new(format!("{}: {why}", args.file.display()));
    let file = File::open(&args.file).map_err(|error| wrong(error.to_string()))?;
    let report: Report = serde_json::from_reader(BufReader::new(file)).map_err(|error| {
        wrong(format!("not a report ({error}); give a file written with -f json"))
    })?;
    if report.schema != SCHEMA {
        return Err(wrong(format!("schema {:?}; this program reads {SCHEMA:?}", report.schema)));
    }
    outputs.write_report(&report)?;
    Ok(ExitCode::Clean)
}
