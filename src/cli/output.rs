//! Where does the result go? Standard output and files that never overwrite, never stand inside
//! the evidence, and are whole or not there.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use leaksweep::report::{Format, Look, PartFile, RenderError, Report};

use super::args::{Color, WriteArgs};
use super::{ExitCode, Failure};

/// One `FMT=PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    format: Format,
    path: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) =
            text.split_once('=').ok_or("write it like html=report.html: a format, `=`, a path")?;
        if path.is_empty() || path == "-" {
            return Err("a path is missing; for standard output use --format".into());
        }
        Ok(Self { format: format.parse()?, path: path.into() })
    }
}

/// Everything that is to be written.
#[derive(Debug)]
pub(crate) struct Outputs {
    stdout: Option<Format>,
    files: Vec<Target>,
    look: Look,
    /// Whether somebody is there to be told what was written.
    tell: bool,
}

impl WriteArgs {
    /// What is to be written, checked before the work begins.
    pub(crate) fn plan(&self, evidence: &[PathBuf]) -> Result<Outputs, Failure> {
        let mut seen = BTreeSet::new();
        for target in &self.targets {
            check(&target.path, evidence, self.force)?;
            if !seen.insert(&target.path) {
                return Err(refused(&target.path, "it is named twice"));
            }
        }
        let silent = self.quiet && !self.targets.is_empty();
        let stdout = self.format.or((!silent).then_some(Format::Text));
        let tell = !self.quiet && io::stderr().is_terminal();
        Ok(Outputs { stdout, files: self.targets.clone(), look: self.look(), tell })
    }

    fn look(&self) -> Look {
        let terminal = io::stdout().is_terminal();
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                terminal && !set("NO_COLOR") && std::env::var_os("TERM") != Some("dumb".into())
            }
        };
        Look { width: width(terminal), color, ocsf: self.ocsf_version }
    }
}

/// Columns of the terminal; of `COLUMNS`, where there is none.
fn width(terminal: bool) -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let real = || terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0));
    let found = if terminal { real().or(asked) } else { asked };
    found.unwrap_or(Look::default().width).max(40)
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(format!("output {}: {why}", path.display()))
}

/// Refuses what would overwrite something, stand inside the evidence, or not be possible.
fn check(path: &Path, evidence: &[PathBuf], force: bool) -> Result<(), Failure> {
    let folder = folder_of(path);
    let real = fs::canonicalize(folder).map_err(|error| {
        refused(path, &format!("its folder {}: {error}; make it first", folder.display()))
    })?;
    for given in evidence.iter().filter(|given| given.as_os_str() != "-") {
        let Ok(root) = fs::canonicalize(given) else { continue };
        if root.is_dir() && real.starts_with(&root) {
            let why = format!(
                "it lies inside the evidence {}, into which nothing is written; choose another folder",
                given.display()
            );
            return Err(refused(path, &why));
        }
        if fs::canonicalize(path).is_ok_and(|path| path == root) {
            return Err(refused(path, "it is a piece of the evidence; choose another name"));
        }
    }
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => Err(refused(path, "it is a folder; name a file")),
        Ok(_) if !force => {
            Err(refused(path, "it exists; choose another name, or overwrite it with --force"))
        }
        _ => Ok(()),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Outputs {
    /// Writes files first, then standard output.
    pub(crate) fn write(
        &self,
        report: &Report,
        part: impl FnOnce() -> PartFile,
    ) -> Result<(), Failure> {
        let wants_part = |format| format == Format::Part;
        let needed = self.stdout.is_some_and(wants_part)
            || self.files.iter().any(|target| wants_part(target.format));
        let part = needed.then(part);
        self.write_with(|format, look, out| render(format, report, part.as_ref(), look, out))
    }

    /// Writes what `render` makes in each format.
    pub(crate) fn write_with(
        &self,
        render: impl Fn(Format, Look, &mut dyn Write) -> Result<(), RenderError>,
    ) -> Result<(), Failure> {
        for target in &self.files {
            let plain = Look { color: false, width: Look::default().width, ..self.look };
            write_file(&target.path, |out| render(target.format, plain, out))
                .map_err(|error| refused(&target.path, &error.to_string()))?;
            if self.tell {
                super::tell::written(target.format, &target.path);
            }
        }
        let Some(format) = self.stdout else { return Ok(()) };
        to_stdout(|out| render(format, self.look, out))
    }
}

fn render(
    format: Format,
    report: &Report,
    part: Option<&PartFile>,
    look: Look,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    match part {
        Some(part) if format == Format::Part => Ok(part.write(out)?),
        _ => format.render(report, look, out),
    }
}

/// Writes to standard output. A reader that has seen enough (a broken pipe) is no error.
pub(super) fn to_stdout<E: Into<RenderError>>(
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write(&mut out).map_err(Into::into);
    match written.and_then(|()| Ok(out.flush()?)) {
        Err(RenderError::Io(error)) if is_broken_pipe(&error) => Ok(()),
        Err(RenderError::Io(error)) => Err(Failure::new(format!("standard output: {error}"))),
        other => other.map_err(Failure::new),
    }
}

fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Says something to standard output.
pub(super) fn say(text: &str) -> Result<ExitCode, Failure> {
    to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(ExitCode::Clean)
}

/// Writes a file under another name in the same folder, then gives it its own: it is whole or not
/// there.
fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder_of(path).join(format!(".{name}.{}.part", std::process::id()));
    let written = create(&draft).map_err(RenderError::from).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        Ok(())
    });
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

/// A new file that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_format_and_a_path() {
        let target: Target = "json=a=b.json".parse().unwrap();
        assert_eq!((target.format, target.path), (Format::Json, PathBuf::from("a=b.json")));
        for bad in ["report.json", "json=", "json=-", "pdf=x.pdf"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_is_overwritten_or_written_into_the_evidence() {
        let folder = tempfile::tempdir().unwrap();
        let (logs, out) = (folder.path().join("logs"), folder.path().join("out"));
        fs::create_dir_all(logs.join("deep")).unwrap();
        fs::create_dir(&out).unwrap();
        fs::write(out.join("old.json"), "x").unwrap();
        let evidence = [logs.clone(), out.join("old.json")];
        let why = |path: PathBuf, force| format!("{:?}", check(&path, &evidence[..1], force));
        assert!(why(logs.join("deep/r.json"), true).contains("inside the evidence"));
        assert!(why(out.join("old.json"), false).contains("--force"));
        assert!(why(out.clone(), true).contains("folder"));
        assert!(why(out.join("none/r.json"), false).contains("make it first"));
        assert!(check(&out.join("new.json"), &evidence, false).is_ok());
        assert!(check(&out.join("old.json"), &evidence[..1], true).is_ok());
        assert!(check(&out.join("old.json"), &evidence, true).is_err());
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.json");
        let failed = write_file(&path, |_| Err(RenderError::NoTally));
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        write_file(&path, |out| Ok(out.write_all(b"x")?)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
