//! The entry at a locus again: how a reader verifies a finding.

use std::collections::VecDeque;

use leaksweep::element::mask;
use leaksweep::event::{self, recognise};
use leaksweep::line::Entry;
use leaksweep::pan::hide;
use leaksweep::source::{Source, Stream};

use super::args::ShowArgs;
use super::output::say;
use super::sandbox::{Needs, Sandbox};
use super::{ExitCode, Failure};

/// Where an entry stands.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    source: String,
    line: u64,
}

/// Finds the entry and shows it, masked.
pub(crate) fn run(args: &ShowArgs) -> Result<ExitCode, Failure> {
    let place = parse(&args.locus).ok_or_else(|| {
        let locus = &args.locus;
        Failure::new(format!("{locus:?} is not a locus; write SOURCE:LINE, as a report does"))
    })?;
    let source = Source::holding(&place.source).ok_or_else(|| {
        let name = &place.source;
        Failure::new(format!("{name}: no such file; run it in the folder of the sweep"))
    })?;
    Sandbox::Auto.enter(&Needs::to_read(&source))?;
    let mut found = None;
    source.read(&args.limits.limits(), &mut |stream| {
        if stream.name == place.source {
            found = Some(window(stream, &place, args));
            stream.leave();
        }
    });
    match found {
        None => Err(Failure::new(format!("{}: the file holds no such stream", place.source))),
        Some(None) => Err(Failure::new(format!("{}: it has no line {}", place.source, place.line))),
        Some(Some(text)) => say(&text),
    }
}

/// `SOURCE:LINE` or `SOURCE : line N @ byte B`.
fn parse(locus: &str) -> Option<Place> {
    let (source, line) = match locus.rsplit_once(" : line ") {
        Some((source, rest)) => (source, rest.split(' ').next()?),
        None => locus.rsplit_once(':')?,
    };
    let line = line.parse().ok().filter(|line| *line > 0)?;
    (!source.is_empty()).then(|| Place { source: hide(source), line })
}

/// The entry that holds the line and its neighbours, written out; `None` if there is no such line.
fn window(stream: &mut Stream<'_>, place: &Place, args: &ShowArgs) -> Option<String> {
    let mut blocks = args.limits.blocks(stream);
    let format = recognise(blocks.peek(leaksweep::HEAD), &event::Options::default()).format;
    blocks.frame(format.framing());
    let mut before: VecDeque<(u64, Vec<u8>)> = VecDeque::new();
    let mut text = None;
    let mut after = args.context;
    for block in blocks {
        for entry in block.entries() {
            match &mut text {
                Some(text) if after == 0 => return Some(std::mem::take(text)),
                Some(text) => {
                    after -= 1;
                    text.push_str(&shown(entry.line, entry.bytes, ' ', args.max));
                }
                None if holds(&entry, place.line) => {
                    let mut all: String =
                        before.drain(..).map(|(n, b)| shown(n, &b, ' ', args.max)).collect();
                    all.push_str(&shown(entry.line, entry.bytes, '>', args.max));
                    text = Some(all);
                }
                None if args.context > 0 => {
                    before.push_back((entry.line, entry.bytes.to_vec()));
                    if before.len() as u64 > args.context {
                        before.pop_front();
                    }
                }
                None => {}
            }
        }
    }
    text
}

/// Whether the line is one of the entry's.
fn holds(entry: &Entry<'_>, line: u64) -> bool {
    let more = entry.bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
    (entry.line..=entry.line + more).contains(&line)
}

/// An entry, masked. Its lines stand under each other again.
fn shown(line: u64, bytes: &[u8], mark: char, max: usize) -> String {
    let masked = mask(bytes, 0, max);
    let lines = masked.as_str().split("\\n").collect::<Vec<_>>();
    format!("{mark} {line}: {}\n", lines.join(&format!("\n  {line}+ ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_locus_are_read() {
        let place = |source: &str, line| Some(Place { source: source.into(), line });
        let cases = [
            ("zei/access.log:1042", place("zei/access.log", 1042)),
            ("a.tar.gz!logs/x.log : line 7 @ byte 88", place("a.tar.gz!logs/x.log", 7)),
            ("C:/logs/a.log:3", place("C:/logs/a.log", 3)),
            ("access.log", None),
            ("access.log:0", None),
            (":3", None),
        ];
        for (locus, expected) in cases {
            assert_eq!(parse(locus), expected, "{locus}");
        }
    }
}
