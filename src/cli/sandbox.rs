//! What may the program touch while it reads evidence? On Linux the kernel keeps it to that
//! (Landlock): evidence can be read, outputs written where they belong, and nothing else be opened,
//! no program started, no TCP connection made.
//!
//! It holds for the thread that enters it and for all that are started later, so it is entered
//! before there are others. It can only allow: what lies below a folder in which outputs are
//! written cannot be kept from being written, and that is stated ([`Held::Partly`]).

use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use leaksweep::source::Source;

use super::Failure;

/// Whether the sandbox is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sandbox {
    /// As far as the system can
    Auto,
    /// In full, or end with code 2
    Require,
    /// Not at all
    Off,
}

/// What the program needs from now on.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// The evidence.
    pub(crate) readable: Vec<PathBuf>,
    /// Folders of outputs, of the state, for temporary files.
    pub(crate) writable: Vec<PathBuf>,
}

/// How far the system holds the program to its needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// In everything that this program knows to ask for.
    Fully,
    /// Not in everything: why.
    Partly(String),
    /// Not at all: why.
    Not(String),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fully => f.write_str("enforced"),
            Self::Partly(why) => write!(f, "partly: {why}"),
            Self::Not(why) => write!(f, "not available: {why}"),
        }
    }
}

impl Sandbox {
    /// Enters the sandbox, for this thread and all that it starts.
    pub(crate) fn enter(self, needs: &Needs) -> Result<Held, Failure> {
        if self == Self::Off {
            return Ok(Held::Not("--sandbox off".to_owned()));
        }
        let held = match restrict(needs) {
            Held::Fully => needs.exposed().map_or(Held::Fully, Held::Partly),
            other => other,
        };
        if self == Self::Require && held != Held::Fully {
            return Err(Failure::new(format!("--sandbox require: {held}")));
        }
        Ok(held)
    }
}

impl Needs {
    /// What one file of evidence needs, of which only standard output tells.
    pub(crate) fn to_read(source: &Source) -> Self {
        Self {
            readable: source.path().map(Path::to_owned).into_iter().collect(),
            ..Self::default()
        }
    }

    /// Which evidence lies below a folder in which something is written.
    fn exposed(&self) -> Option<String> {
        let real = |path: &PathBuf| path.canonicalize().ok();
        let evidence: Vec<PathBuf> = self.readable.iter().filter_map(real).collect();
        let below = |folder: &Path| evidence.iter().any(|path| path.starts_with(folder));
        let open = self.writable.iter().find(|folder| real(folder).is_some_and(|f| below(&f)))?;
        Some(format!("the folder {} is written to, and evidence lies in it", open.display()))
    }
}

#[cfg(not(target_os = "linux"))]
fn restrict(_needs: &Needs) -> Held {
    Held::Not("this system has no Landlock".to_owned())
}

#[cfg(target_os = "linux")]
fn restrict(needs: &Needs) -> Held {
    use landlock::RulesetStatus;
    match landlocked(needs) {
        Ok(RulesetStatus::FullyEnforced) => Held::Fully,
        Ok(RulesetStatus::PartiallyEnforced) => {
            Held::Partly("the kernel knows only a part of it".to_owned())
        }
        Ok(RulesetStatus::NotEnforced) => Held::Not("the kernel has no Landlock".to_owned()),
        Err(error) => Held::Not(error.to_string()),
    }
}

/// Asks the kernel for as much as it can do of its sixth generation (Linux 6.12).
#[cfg(target_os = "linux")]
fn landlocked(needs: &Needs) -> Result<landlock::RulesetStatus, landlock::RulesetError> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr,
        Scope, path_beneath_rules,
    };
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let write =
        read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V6))?
        .handle_access(AccessNet::from_all(ABI::V6))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(&needs.readable, read))?
        .add_rules(path_beneath_rules(&needs.writable, write))?
        .restrict_self()?;
    Ok(status.ruleset)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::print_stderr)]
mod tests {
    use std::fs;
    use std::io::ErrorKind::PermissionDenied;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Runs something in a thread that is in the sandbox; the others are not.
    fn within<T: Send>(needs: &Needs, what: impl FnOnce() -> T + Send) -> Option<T> {
        std::thread::scope(|scope| {
            let held = scope.spawn(|| match Sandbox::Auto.enter(needs).unwrap() {
                Held::Not(why) => {
                    eprintln!("skipped: {why}");
                    None
                }
                _ => Some(what()),
            });
            held.join().unwrap()
        })
    }

    #[test]
    fn what_is_not_needed_cannot_be_done() {
        let folder = tempfile::tempdir().unwrap();
        let [logs, out, other] = ["logs", "out", "other"].map(|name| folder.path().join(name));
        for at in [&logs, &out, &other] {
            fs::create_dir(at).unwrap();
            fs::write(at.join("a.log"), "x").unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap();
        let needs = Needs { readable: vec![logs.clone()], writable: vec![out.clone()] };
        assert_eq!(needs.exposed(), None);
        let denied = |done: std::io::Result<()>| done.is_err_and(|e| e.kind() == PermissionDenied);
        let done = within(&needs, || {
            assert_eq!(fs::read(logs.join("a.log")).unwrap(), b"x");
            assert_eq!(fs::read_dir(&logs).unwrap().count(), 1);
            assert!(denied(fs::write(logs.join("a.log"), "y")), "evidence is written over");
            assert!(denied(fs::write(logs.join("b.log"), "y")), "evidence is added");
            assert!(denied(fs::remove_file(logs.join("a.log"))), "evidence is removed");
            assert!(denied(fs::rename(logs.join("a.log"), out.join("b.log"))), "evidence is moved");
            assert!(denied(fs::File::options().append(true).open(logs.join("a.log")).map(drop)));
            assert!(denied(fs::read(other.join("a.log")).map(drop)), "something else is read");
            assert!(denied(fs::read("/etc/passwd").map(drop)), "something else is read");
            assert!(denied(std::process::Command::new("/bin/true").status().map(drop)));
            fs::write(out.join("r.json"), "r").unwrap();
            fs::rename(out.join("r.json"), out.join("s.json")).unwrap();
            // Threads that are started now are held too.
            let inner = std::thread::spawn(move || fs::write(logs.join("c.log"), "y"));
            assert!(denied(inner.join().unwrap()), "a thread is free");
            TcpStream::connect(address).map(drop)
        });
        if let Some(connected) = done {
            assert!(connected.is_err(), "the network is open (a kernel before 6.7 leaves it so)");
            assert_eq!(fs::read(other.join("a.log")).unwrap(), b"x", "this thread is free");
        }
    }

    #[test]
    fn evidence_below_a_folder_of_outputs_is_stated() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let needs = Needs { readable: vec![logs], writable: vec![folder.path().to_owned()] };
        assert!(needs.exposed().unwrap().contains("evidence lies in it"));
        let entered = std::thread::scope(|scope| {
            scope.spawn(|| Sandbox::Require.enter(&needs)).join().unwrap()
        });
        assert!(entered.is_err(), "required in full");
        assert_eq!(Sandbox::Off.enter(&needs).unwrap().to_string(), "not available: --sandbox off");
    }
}
