//! Two JSON reports side by side.

use leaksweep::pan::hide;
use leaksweep::report::Comparison;

use super::args::CompareArgs;
use super::report::load;
use super::{ExitCode, Failure};

/// Reads both reports and writes what agrees and what differs.
pub(crate) fn run(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let outputs = args.write.plan(&[args.a.clone(), args.b.clone()], None)?;
    let (a, b) = (load(&args.a)?, load(&args.b)?);
    let names = [&args.a, &args.b].map(|path| hide(&path.to_string_lossy()));
    let comparison = Comparison::new((&names[0], &a), (&names[1], &b));
    outputs.write_with(|format, look, out| comparison.render(format, look, out))?;
    Ok(if comparison.same { ExitCode::Clean } else { ExitCode::Found })
}
