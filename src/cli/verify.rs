//! Are the evidence and the outputs still what the manifest says?

use std::fmt::Write as _;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use leaksweep::report::{Manifest, visible};
use leaksweep::source::{ContentId, locate};

use super::args::VerifyArgs;
use super::file::{folder_of, hash};
use super::output::say;
use super::{ExitCode, Failure};

/// How a file stands to the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Same,
    Differs(String),
    /// Not a file, or one that could not be read then.
    NotChecked(&'static str),
}

/// Hashes every file of the manifest again and says what differs.
pub(crate) fn run(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let wrong = |why: String| Failure::new(format!("{}: {why}", args.manifest.display()));
    let file = File::open(&args.manifest).map_err(|error| wrong(error.to_string()))?;
    let manifest = Manifest::read(file).map_err(|error| {
        wrong(format!("not a manifest ({error}); give one written with --manifest"))
    })?;
    let beside = folder_of(&args.manifest);
    let inputs = manifest.inputs.iter().map(|input| {
        ("evidence", &input.path, state(&input.path, input.sha256, input.bytes, beside))
    });
    let outputs = manifest.outputs.iter().map(|output| {
        ("output", &output.path, state(&output.path, Some(output.sha256), output.bytes, beside))
    });
    let states: Vec<_> = inputs.chain(outputs).collect();
    say(&told(&states))?;
    let differs = states.iter().any(|(.., state)| matches!(state, State::Differs(_)));
    Ok(if differs { ExitCode::Found } else { ExitCode::Clean })
}

fn state(name: &str, sha256: Option<ContentId>, bytes: u64, beside: &Path) -> State {
    let Some(sum) = sha256 else { return State::NotChecked("it could not be read then") };
    if name == "-" {
        return State::NotChecked("standard input is no file");
    }
    match hash(&find(name, beside)) {
        Ok(now) if now.sha256 == sum => State::Same,
        Ok(now) => State::Differs(format!(
            "differs: {} bytes with SHA-256 {}, not {bytes} with {sum}",
            now.bytes, now.sha256
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => State::Differs("is not there".into()),
        Err(error) => State::Differs(format!("cannot be read: {error}")),
    }
}

/// The path as the sweep was given it; if it is not there, beside the manifest.
fn find(name: &str, beside: &Path) -> PathBuf {
    let beside = beside.join(name);
    let found = locate(name).or_else(|| locate(&beside.to_string_lossy()));
    found.unwrap_or(beside)
}

fn told(states: &[(&str, &String, State)]) -> String {
    let mut text = String::new();
    for (kind, path, state) in states {
        let what = match state {
            State::Same => continue,
            State::Differs(what) => what.clone(),
            State::NotChecked(why) => format!("was not checked: {why}"),
        };
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{kind} {} {what}", visible(path));
    }
    let same = states.iter().filter(|(.., state)| *state == State::Same).count();
    let _ = writeln!(text, "{same} of {} files are as the manifest says", states.len());
    text
}
