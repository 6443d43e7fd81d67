//! Is the evidence still what was read? A `SHA256SUMS` listing: `sha256sum -c` checks it where the
//! sweep ran, from the same folder.
//!
//! A line sums up a file as it lies on disk, compressed as it is. What `sha256sum` cannot check
//! stands in comments (`#`), which it passes over: standard input, names that no line may hold, what
//! could not be opened, and the streams inside the files, summed up as they were read
//! (decompressed, decoded).

use std::fmt::Write as _;
use std::io::{self, Write};

use super::manifest::sums_line;
use super::{Report, RunSource, visible};

/// Writes the listing, in the order of the sources' names.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report.run.sources.iter().try_for_each(|source| out.write_all(lines(source).as_bytes()))
}

/// The lines of one source and of the streams in it.
fn lines(source: &RunSource) -> String {
    let mut text = line(source);
    for stream in &source.streams {
        let (name, sum) = (visible(&stream.name), &stream.sha256);
        // Writing into a string cannot fail.
        let _ = writeln!(text, "# stream {sum}  {name}");
    }
    text
}

fn line(source: &RunSource) -> String {
    let path = &source.path;
    let shown = visible(path);
    match &source.sha256 {
        None => format!("# not read: {shown}: {}\n", visible(&source.status)),
        Some(sum) if path == "-" => format!("# standard input {sum}\n"),
        Some(sum) if is_escaped(path) => format!("# name escaped {sum}  {shown}\n"),
        Some(sum) => sums_line(*sum, path),
    }
}

/// Whether a name may hold a byte that is no printable text, written `\xhh`; or holds one, in a report
/// that this program did not write.
fn is_escaped(path: &str) -> bool {
    path.contains("\\x") || path.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::super::{RunStream, sample};
    use super::*;
    use crate::source::ContentId;

    fn listing(path: &str, sha256: Option<ContentId>) -> String {
        let mut report = sample::report();
        let source = &mut report.run.sources[0];
        path.clone_into(&mut source.path);
        source.sha256 = sha256;
        let mut out = Vec::new();
        render(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_what_sha256sum_checks_and_all_else_is_a_comment() {
        let sum = "07".repeat(32);
        let id = Some(ContentId([7; 32]));
        assert_eq!(listing("zei/a b.log.gz", id), format!("{sum}  zei/a b.log.gz\n"));
        assert_eq!(listing("a\\b.log", id), format!("\\{sum}  a\\\\b.log\n"));
        for (path, id) in [("-", id), ("a\\x0ab.log", id), ("a\x1bb.log", id), ("gone.log", None)] {
            let text = listing(path, id);
            assert!(text.starts_with("# ") && text.lines().count() == 1, "{text}");
        }
    }

    #[test]
    fn streams_inside_are_named_in_comments() {
        let mut report = sample::report();
        let name = "zei/access.log!x.log".to_owned();
        report.run.sources[0].streams = vec![RunStream { name, sha256: ContentId([9; 32]) }];
        let mut out = Vec::new();
        render(&report, &mut out).unwrap();
        let expected = format!("# stream {}  zei/access.log!x.log\n", "09".repeat(32));
        assert!(String::from_utf8(out).unwrap().ends_with(&expected));
    }
}
