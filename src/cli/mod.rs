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
pub(crate) mod inspect;
mod limits;
mod output;
pub(crate) mod page;
mod propose;
mod prove;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod schema;
mod setup;
pub(crate) mod show;
pub(crate) mod state;
pub(crate) mod tell;
mod told;
pub(crate) mod verify;

pub(crate) use args::{Command, ConfigCommand, MergeArgs, SweepArgs, parse};
pub(crate) use exit::{ExitCode, Failure};
pub(crate) use output::Outputs;
pub(crate) use setup::{Key, inventory, part};

/// The operating system gave no threads.
#[allow(clippy::needless_pass_by_value)] // fits map_err
pub(crate) fn no_threads(error: std::io::Error) -> Failure {
    Failure::new(format!("no threads: {error}"))
}
