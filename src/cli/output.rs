//! Where does the result go? To standard output and to files, with a manifest of them.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use leaksweep::ledger::News;
use leaksweep::pan::hide;
use leaksweep::report::{self, Format, Look, Manifest, Markup, PartFile, RenderError, Report};

use super::args::{Color, OutputArgs, RecordArgs, WriteArgs};
use super::file::{self, Written, refused};
use super::sandbox::Held;
use super::tell::Voice;
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
        let target = Self { format: format.parse()?, path: path.into() };
        match target.markup() {
            None => Err("a form is written as Markdown or as a page; name it .md or .html".into()),
            Some(_) => Ok(target),
        }
    }
}

impl Target {
    /// How a form is written, by the name of its file; `None` for a form of another name.
    fn markup(&self) -> Option<Markup> {
        let is_form = matches!(self.format, Format::Pfi | Format::Ppc);
        match self.path.extension().and_then(|end| end.to_str()) {
            Some("html" | "htm") => Some(Markup::Html),
            Some("md") => Some(Markup::Markdown),
            _ => (!is_form).then(Markup::default),
        }
    }
}

/// Everything that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Outputs {
    stdout: Option<Format>,
    /// Whether the format on standard output was asked for.
    asked: bool,
    files: Vec<Target>,
    manifest: Option<PathBuf>,
    /// The report that this one is marked against.
    earlier: Option<Report>,
    look: Look,
    force: bool,
    voice: Voice,
    /// Whether somebody is there to be told what was written.
    tell: bool,
    /// How far the system holds the program to what it needs.
    held: Option<Held>,
}

/// The name of the sums that `sha256sum --check` takes, beside the manifest.
const SUMS: &str = "SHA256SUMS";

impl OutputArgs {
    /// What is to be written, checked before the work begins.
    pub(crate) fn plan(&self, evidence: &[PathBuf]) -> Result<Outputs, Failure> {
        self.write.plan(evidence, Some(&self.record))
    }
}

impl WriteArgs {
    /// What is to be written, checked before the work begins.
    pub(super) fn plan(
        &self,
        evidence: &[PathBuf],
        record: Option<&RecordArgs>,
    ) -> Result<Outputs, Failure> {
        let manifest = record.and_then(|record| record.manifest.clone());
        let baseline = record.and_then(|record| record.baseline.as_deref());
        let sums = manifest.as_deref().map(sums_beside);
        let mut seen = BTreeSet::new();
        let targets = self.targets.iter().map(|target| &target.path);
        for path in targets.chain(&manifest).chain(&sums) {
            file::check(path, evidence, self.force)?;
            if !seen.insert(path) {
                return Err(refused(path, "it is named twice"));
            }
        }
        let silent = self.quiet && !seen.is_empty();
        Ok(Outputs {
            asked: self.format.is_some(),
            stdout: self.format.or((!silent).then_some(Format::Text)),
            files: self.targets.clone(),
            manifest,
            earlier: baseline.map(super::report::load).transpose()?,
            look: self.look(),
            force: self.force,
            voice: self.diagnostics,
            tell: !self.quiet && io::stderr().is_terminal(),
            held: None,
        })
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
        Look {
            width: width(terminal),
            color,
            ocsf: self.ocsf_version,
            language: self.lang,
            markup: Markup::default(),
        }
    }
}

/// Columns of the terminal; of `COLUMNS`, where there is none.
fn width(terminal: bool) -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let real = || terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0));
    let found = if terminal { real().or(asked) } else { asked };
    found.unwrap_or(Look::default().width).max(40)
}

fn sums_beside(manifest: &Path) -> PathBuf {
    file::folder_of(manifest).join(SUMS)
}

impl Outputs {
    /// Whether nothing but a part is to be written.
    pub(crate) fn is_part(&self) -> bool {
        let files = self.files.iter().map(|target| target.format);
        files.chain(self.stdout).all(|format| format == Format::Part)
    }

    /// Whether a part is to be written, too.
    pub(super) fn has_part(&self) -> bool {
        let files = self.files.iter().map(|target| target.format);
        files.chain(self.stdout).any(|format| format == Format::Part)
    }

    /// Whether a format that lists single hits is to be written.
    pub(super) fn list_hits(&self) -> bool {
        let files = self.files.iter().map(|target| target.format);
        files.chain(self.stdout).any(Format::lists_hits)
    }

    /// The folders in which something is to be written.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let targets = self.files.iter().map(|target| &target.path).chain(&self.manifest);
        targets.map(|path| file::folder_of(path).to_owned()).collect()
    }

    /// Knows how far the system holds the program to what it needs, for the manifest.
    #[must_use]
    pub(crate) fn held(self, held: Held) -> Self {
        Self { held: Some(held), ..self }
    }

    /// Writes a report and what goes with it.
    pub(crate) fn write(
        &self,
        report: Report,
        part: impl FnOnce() -> PartFile,
    ) -> Result<(), Failure> {
        self.write_report(report, self.has_part().then(part).as_ref())
    }

    /// Writes files, then what is new to standard output, unless another format is asked for there.
    pub(crate) fn write_news(
        &self,
        report: Report,
        part: impl FnOnce() -> PartFile,
        told: &News,
    ) -> Result<(), Failure> {
        if self.asked {
            return self.write(report, part);
        }
        Self { stdout: None, tell: false, ..self.clone() }.write(report, part)?;
        to_stdout(|out| report::news(told, out))
    }

    /// Writes a report, marked against the earlier one, and what goes with it.
    pub(super) fn write_report(
        &self,
        mut report: Report,
        part: Option<&PartFile>,
    ) -> Result<(), Failure> {
        if let Some(earlier) = &self.earlier {
            report.mark(earlier);
        }
        let render = |format, look, out: &mut dyn Write| render(format, &report, part, look, out);
        let written = self.to_files(render)?;
        self.write_manifest(&report, written)?;
        self.to_stdout(render)?;
        if self.tell {
            let files: Vec<_> = self.files.iter().map(|t| (t.format, &*t.path)).collect();
            self.voice.closing(&report, &files);
        }
        Ok(())
    }

    /// Writes what `render` makes in each format: files first, then standard output.
    pub(super) fn write_with(
        &self,
        render: impl Fn(Format, Look, &mut dyn Write) -> Result<(), RenderError>,
    ) -> Result<(), Failure> {
        self.to_files(&render)?;
        self.to_stdout(&render)
    }

    fn to_files(
        &self,
        render: impl Fn(Format, Look, &mut dyn Write) -> Result<(), RenderError>,
    ) -> Result<Vec<report::Output>, Failure> {
        let plain = Look { color: false, width: Look::default().width, ..self.look };
        let write = |target: &Target| {
            let look = Look { markup: target.markup().unwrap_or_default(), ..plain };
            let written = self.to_file(&target.path, |out| render(target.format, look, out))?;
            Ok(output(target, written))
        };
        self.files.iter().map(write).collect()
    }

    fn to_stdout(
        &self,
        render: impl Fn(Format, Look, &mut dyn Write) -> Result<(), RenderError>,
    ) -> Result<(), Failure> {
        match self.stdout {
            Some(format) => to_stdout(|out| render(format, self.look, out)),
            None => Ok(()),
        }
    }

    /// Writes the manifest of what was read and written, and the sums of all of it.
    fn write_manifest(&self, report: &Report, outputs: Vec<report::Output>) -> Result<(), Failure> {
        let Some(path) = &self.manifest else { return Ok(()) };
        let manifest = Manifest {
            sandbox: self.held.as_ref().map(ToString::to_string),
            temporary: Some(std::env::temp_dir().to_string_lossy().into_owned()),
            ..Manifest::new(report, outputs)
        };
        let sum = self.to_file(path, |out| Ok(manifest.write(out)?))?;
        let own = report::sums_line(sum.sha256, &hide(&path.to_string_lossy()));
        let sums = manifest.sums() + &own;
        self.to_file(&sums_beside(path), |out| Ok(out.write_all(sums.as_bytes())?))?;
        Ok(())
    }

    fn to_file(
        &self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> Result<(), RenderError>,
    ) -> Result<Written, Failure> {
        file::write(path, self.force, write).map_err(|error| refused(path, &error.to_string()))
    }
}

fn output(target: &Target, written: Written) -> report::Output {
    report::Output {
        path: hide(&target.path.to_string_lossy()),
        format: target.format.name().to_owned(),
        sha256: written.sha256,
        bytes: written.bytes,
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
pub(crate) fn to_stdout<E: Into<RenderError>>(
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

/// Says something to standard output, card numbers in it hidden.
pub(super) fn say(text: &str) -> Result<ExitCode, Failure> {
    let mut lines = text.split_inclusive('\n').map(hide);
    to_stdout(|out| lines.try_for_each(|line| out.write_all(line.as_bytes())))?;
    Ok(ExitCode::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_format_and_a_path() {
        let target: Target = "json=a=b.json".parse().unwrap();
        assert_eq!((target.format, target.path), (Format::Json, PathBuf::from("a=b.json")));
        for bad in ["report.json", "json=", "json=-", "pdf=x.pdf", "pfi=x.json"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}
