//! The JSON Schemas.

use leaksweep::report::schema;

use super::args::{SchemaArgs, SchemaOf};
use super::output::say;
use super::{ExitCode, Failure};

/// Prints one.
pub(crate) fn run(args: &SchemaArgs) -> Result<ExitCode, Failure> {
    say(match args.output {
        SchemaOf::Report => schema::REPORT,
        SchemaOf::Hit => schema::HIT,
        SchemaOf::Part => schema::PART,
        SchemaOf::Comparison => schema::COMPARISON,
    })
}
