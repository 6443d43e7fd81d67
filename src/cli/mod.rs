//! What did the user ask for, and how is it answered? Flags, files, messages, exit codes.
//!
//! Only the program has this room, not the library; clap's types do not leave it.

mod args;
pub(crate) mod compare;
pub(crate) mod config;
mod events;
mod exit;
mod explain;
mod file;
pub(crate) mod guard;
pub(crate) mod inspect;
mod limits;
pub(crate) mod merge;
mod output;
pub(crate) mod page;
mod propose;
mod prove;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod sandbox;
mod setup;
pub(crate) mod show;
pub(crate) mod signal;
pub(crate) mod state;
pub(crate) mod suppressions;
pub(crate) mod tell;
mod told;
pub(crate) mod verify;

pub(crate) use args::{Command, ConfigCommand, MergeArgs, SweepArgs, parse};
pub(crate) use exit::{ExitCode, Failure};
pub(crate) use output::{Outputs, to_stdout};
pub(crate) use sandbox::Sandbox;

/// Nothing may be told of evidence of which something that was put aside is missing.
pub(crate) fn nothing_lost() -> Result<(), Failure> {
    leaksweep::spill::unless_lost(()).map_err(Failure::new)
}

/// The operating system gave no threads.
#[allow(clippy::needless_pass_by_value)] // fits map_err
pub(crate) fn no_threads(error: std::io::Error) -> Failure {
    Failure::new(format!("no threads: {error}"))
}
