//! What shells and manual readers want: completions, manual pages.

use super::args::{self, CompletionsArgs, ManArgs};
use super::output::to_stdout;
use super::{ExitCode, Failure};

/// Writes what a shell needs to complete the command line.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "leaksweep", &mut text);
    to_stdout(|out| out.write_all(&text))?;
    Ok(ExitCode::Clean)
}

/// Writes the manual page of the program or of one command.
pub(crate) fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    let mut command = args::command();
    command.build();
    let page = match &args.command {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::new(format!("no command {name:?}; see `leaksweep --help`")))?,
    };
    to_stdout(|out| clap_mangen::Man::new(page).render(out))?;
    Ok(ExitCode::Clean)
}
