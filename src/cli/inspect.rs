//! What does one log say? Its format, its sites and times, its first events field by field, and
//! which rules can fire on it.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use leaksweep::element::mask;
use leaksweep::event::{Event, Field, Format, Parsed, recognise};
use leaksweep::report::{RenderError, visible};
use leaksweep::rule::RuleSet;
use leaksweep::source::{Evidence, Gap, Inventory, Place, Stream};
use leaksweep::time::Time;

use super::args::{InspectArgs, InspectFormat};
use super::events::line as event_line;
use super::output::to_stdout;
use super::rules::all;
use super::sandbox::{Needs, Sandbox};
use super::tell::Voice;
use super::{ExitCode, Failure, propose, setup};

/// Looks at a file.
pub(crate) fn run(args: &InspectArgs) -> Result<ExitCode, Failure> {
    if args.events != (args.format == InspectFormat::Ndjson) {
        return Err(Failure::new("--events and --format ndjson go together; give both or neither"));
    }
    let mut inventory = setup::inventory(args.sites.as_deref())?;
    inventory.zone = args.timezone.clone().or(inventory.zone);
    let rules = args.rules.load()?;
    let evidence = Evidence::collect(std::slice::from_ref(&args.file), inventory);
    let [source] = evidence.sources.as_slice() else {
        return many(&args.file, &evidence);
    };
    Sandbox::Auto.enter(&Needs::to_read(source))?;
    let look = Look { args, rules: &rules, inventory: &evidence.inventory };
    let mut gaps = Vec::new();
    to_stdout(|out| {
        let mut written = Ok(());
        let end = source.read(&args.limits.limits(), &mut |stream| {
            if written.is_ok() {
                written = look.stream(stream, out);
            }
            gaps.extend(stream.finish().gaps);
        });
        gaps.extend(end.gaps);
        written
    })?;
    Voice::default().list(gaps.iter(), false);
    let loss = gaps.iter().any(|gap: &Gap| gap.kind.is_loss());
    Ok(if loss { ExitCode::Incomplete } else { ExitCode::Clean })
}

fn many(path: &Path, evidence: &Evidence) -> Result<ExitCode, Failure> {
    match evidence.sources.len() {
        0 => Ok(Voice::default().no_input(&evidence.gaps)),
        n => {
            let path = path.display();
            Err(Failure::new(format!("{path} is a folder of {n} files; inspect one of them")))
        }
    }
}

/// What to look for.
struct Look<'l> {
    args: &'l InspectArgs,
    rules: &'l RuleSet,
    inventory: &'l Inventory,
}

/// What is counted over all entries of a stream.
#[derive(Default)]
struct Facts {
    entries: u64,
    unparsed: u64,
    sites: BTreeSet<String>,
    first: Option<Time>,
    last: Option<Time>,
    /// Some unparsed entries, masked.
    samples: Vec<String>,
    /// A mapping for the names that nobody knows.
    mapping: String,
    /// The share of the head's lines that are of the format.
    confidence: f64,
    encoding: &'static str,
    /// A `log_format` that fits, where the format is unknown.
    proposal: Option<(String, f64)>,
}

impl Facts {
    fn note(&mut self, event: &Event<'_>, parsed: Parsed, place: &mut Place<'_>) {
        self.entries += 1;
        self.unparsed += u64::from(parsed == Parsed::Unparsed);
        let host = event.get(Field::Host).and_then(|host| std::str::from_utf8(host).ok());
        let site = place.site(host);
        if self.sites.len() < SITES && !self.sites.contains(site) {
            self.sites.insert(site.to_owned());
        }
        self.first = [self.first, event.time].into_iter().flatten().min();
        self.last = [self.last, event.time].into_iter().flatten().max();
        if parsed == Parsed::Unparsed && self.samples.len() < SAMPLES {
            let sample = mask(event.raw, 0, VALUE).as_str().to_owned();
            if !self.samples.contains(&sample) {
                self.samples.push(sample);
            }
        }
        if self.mapping.is_empty() && event.get(Field::Client).is_none() {
            self.mapping = propose::mapping(event);
        }
    }
}

/// A format of which no more lines are is as good as unknown; that of lines that have a stamp and
/// nothing else that is known has this score.
const KNOWN: f64 = 0.6;

/// Sites that are named.
const SITES: usize = 20;

/// Unparsed entries that are shown.
const SAMPLES: usize = 5;

/// Characters of a value that are shown.
const VALUE: usize = 300;

impl Look<'_> {
    fn stream(&self, stream: &mut Stream<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
        let name = stream.name.clone();
        let options = self.args.logs.options(self.inventory).of(&name, stream.written);
        let encoding = stream.encoding;
        let mut blocks = self.args.limits.blocks(stream);
        let head = blocks.peek(leaksweep::HEAD);
        let guess = recognise(head, &options);
        let known = guess.format.name() != "text" && guess.score > KNOWN;
        let proposal = if known { None } else { propose::log_format(head, &options) };
        let mut format = guess.format;
        let first = std::sync::Arc::clone(&format);
        blocks.frame(format.framing());
        let mut facts = Facts { confidence: guess.score, encoding, proposal, ..Facts::default() };
        let mut place = self.inventory.place(&name);
        let mut shown = Vec::new();
        while let Some(block) = blocks.next() {
            let mut parser = format.parser();
            let mut event = Event::default();
            for entry in block.entries() {
                event.reset(entry.bytes);
                let parsed = parser.parse(entry.bytes, &mut event);
                if parsed == Parsed::Skip {
                    continue;
                }
                if self.args.events {
                    out.write_all(event_line(entry, &event, parsed).as_bytes())?;
                    continue;
                }
                facts.note(&event, parsed, &mut place);
                if (facts.entries as usize) <= self.args.head {
                    fields(&event, parsed, entry.line, &mut shown);
                }
            }
            drop(parser);
            if let Some(after) = format.after(&block.bytes) {
                format = after;
            }
            blocks.recycle(block);
        }
        if self.args.events {
            return Ok(());
        }
        summary(&name, &*first, &facts, out)?;
        out.write_all(&shown)?;
        unknown(&facts, out)?;
        Ok(self.able(&*first, out)?)
    }

    fn able(&self, format: &dyn Format, out: &mut dyn Write) -> std::io::Result<()> {
        let unable = self.rules.unable(format);
        writeln!(
            out,
            "\nrules that can fire: {} of {}",
            self.rules.len() - unable.len(),
            self.rules.len()
        )?;
        for (index, info) in all(self.rules).filter(|(index, _)| !unable.contains_key(index)) {
            let _ = index;
            writeln!(out, "  {}", visible(&info.title))?;
        }
        if !unable.is_empty() {
            writeln!(out, "rules that cannot, and why:")?;
        }
        for (index, why) in &unable {
            writeln!(
                out,
                "  {}: {}",
                visible(&self.rules.info(*index).title),
                visible(&why.on(format.name()))
            )?;
        }
        Ok(())
    }
}

fn summary(
    name: &str,
    format: &dyn Format,
    facts: &Facts,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let kind = format.kind();
    writeln!(out, "{}", visible(name))?;
    let sure = facts.confidence * 100.0;
    let (format, log) = (format.name(), kind.log);
    writeln!(out, "  format    {format} ({log} log), confidence {sure:.0} %")?;
    writeln!(out, "  encoding  {}", facts.encoding)?;
    if let Some((container, member)) = name.split_once('!') {
        writeln!(out, "  container {} holds {}", visible(container), visible(member))?;
    }
    let sites: Vec<_> = facts.sites.iter().map(|site| visible(site).into_owned()).collect();
    writeln!(out, "  sites     {}", sites.join(", "))?;
    match facts.first.zip(facts.last) {
        Some((first, last)) => writeln!(out, "  span      {first} to {last}")?,
        None => writeln!(out, "  span      no entry has a readable time")?,
    }
    let share = facts.unparsed as f64 * 100.0 / facts.entries.max(1) as f64;
    writeln!(out, "  entries   {}, {} unparsed ({share:.2} %)", facts.entries, facts.unparsed)
}

/// Entries that fit nothing, and what the user can tell of them.
fn unknown(facts: &Facts, out: &mut dyn Write) -> std::io::Result<()> {
    if !facts.samples.is_empty() {
        writeln!(out, "\nunparsed, for example:")?;
        facts.samples.iter().try_for_each(|sample| writeln!(out, "  {}", visible(sample)))?;
    }
    if let Some((text, fits)) = &facts.proposal {
        let fits = fits * 100.0;
        writeln!(out, "\na format to tell with --log-format, fits {fits:.0} % of the lines:")?;
        writeln!(out, "  '{}'", visible(text))?;
    }
    if !facts.mapping.is_empty() {
        writeln!(out, "\na mapping to tell with --mapping FILE (what each name means):")?;
        facts.mapping.lines().try_for_each(|line| writeln!(out, "  {}", visible(line)))?;
    }
    Ok(())
}

/// One event, field by field, into a vector (to which writing cannot fail).
fn fields(event: &Event<'_>, parsed: Parsed, line: u64, out: &mut Vec<u8>) {
    let _ = writeln!(
        out,
        "\nline {line}{}",
        if parsed == Parsed::Unparsed { " (unparsed)" } else { "" }
    );
    if let Some(time) = event.time {
        let _ = writeln!(out, "  {:16} {time}", "time");
    }
    let known = Field::ALL.iter().filter_map(|f| Some((f.name().as_bytes(), event.get(*f)?)));
    let named = event.named().iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    for (name, value) in known.chain(named) {
        let name = mask(name, 0, 40);
        let _ = writeln!(
            out,
            "  {:16} {}",
            name.as_str(),
            super::events::value(name.as_str(), value, VALUE)
        );
    }
    if parsed == Parsed::Unparsed {
        let _ = writeln!(out, "  {}", mask(event.raw, 0, VALUE));
    }
}
