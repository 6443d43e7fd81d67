//! The program as a user starts it: in a folder, by words on a command line.
#![allow(dead_code)] // each test program calls what it needs

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program, about to be started without a terminal.
pub(crate) fn program<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leaksweep"));
    command.args(arguments).current_dir(folder).env_remove("COLUMNS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, standard output, standard error of a run; arguments have blanks between them.
pub(crate) fn run(folder: &Path, arguments: &str) -> (i32, String, String) {
    said(&program(folder, arguments.split_whitespace()).output().unwrap())
}

/// Exit code, standard output, standard error.
pub(crate) fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}
