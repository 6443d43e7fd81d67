//! How are the intruders followed through the evidence?
//!
//! What the first pass says of them becomes [`Errands`]: what is to be looked for in which source.
//! An errand can be run by whoever has the source, on any machine; what it finds is merged.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read, Write};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::case;
use crate::pass::{self, Framed, Pass};
use crate::rule::RuleSet;
use crate::scan::{Followed, Pursuer, Pursuit, Tally, Trace, Yield};
use crate::source::{ContentId, Inventory, Source, Stream};
use crate::{Options, Progress, lock};

/// What is to be looked for in one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// The stream's name.
    pub name: String,
    /// What it must hold, or the errand is void.
    pub content: ContentId,
    /// The sites that the first pass found in it.
    pub sites: BTreeSet<String>,
    /// What is looked for.
    pub traces: Vec<Trace>,
    /// How many of its first bytes are to be summed up: lengths of streams that may be copies of it,
    /// made earlier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengths: Vec<u64>,
}

/// By source: the errands in its streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errands(BTreeMap<String, Vec<Errand>>);

/// One line of a file of errands.
#[derive(Serialize, Deserialize)]
struct Line {
    source: String,
    errands: Vec<Errand>,
}

impl Errands {
    /// Reads errands, one source a line.
    ///
    /// # Errors
    ///
    /// If they are none.
    pub fn read(from: impl Read) -> serde_json::Result<Self> {
        let lines = serde_json::Deserializer::from_reader(BufReader::new(from)).into_iter();
        let of = |line: Line| (line.source, line.errands);
        lines.map(|line| line.map(of)).collect::<Result<_, _>>().map(Self)
    }

    /// Writes errands, one source a line, which begins with its name.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (source, errands) in &self.0 {
            let line = Line { source: source.clone(), errands: errands.clone() };
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// What a second pass must look for, and where: streams that the tally's index rules out are left
/// out, and so are those that were followed before.
pub fn errands(tally: &Tally, traces: &[Trace]) -> Errands {
    let mut errands = Errands::default();
    let mut wanted: BTreeMap<ContentId, (Vec<Trace>, Vec<u64>)> = BTreeMap::new();
    for (content, traces) in tally.unfollowed(traces) {
        wanted.entry(content).or_default().0 = traces;
    }
    for (short, long) in tally.copies().doubtful {
        wanted.entry(long).or_default().1.push(tally.streams[&short].stream.bytes);
    }
    for (content, (traces, lengths)) in wanted {
        let Some(yielded) = tally.streams.get(&content) else { continue };
        let Some(name) = yielded.stream.names.first().cloned() else { continue };
        let Some(source) = holder(tally, &name) else { continue };
        let sites = yielded.part.sites.keys().cloned().collect();
        let errand = Errand { name, content, sites, traces, lengths };
        errands.0.entry(source).or_default().push(errand);
    }
    errands
}

/// The source in which a stream lies.
fn holder(tally: &Tally, stream: &str) -> Option<String> {
    let ends = stream.match_indices('!').map(|(end, _)| end).chain([stream.len()]);
    let name = ends.rev().map(|end| &stream[..end]).find(|name| tally.sources.contains_key(*name));
    name.map(str::to_owned)
}

/// How often the evidence is gone through after the intruders: once for what the first pass shows of
/// them, and once more for the accounts and sessions that their own requests turn out to carry.
const ROUNDS: usize = 2;

/// Follows the intruders: reads again the sources that may hold a trace of them, as far as they are
/// still there and hold what they held, and adds to the tally everything that each trace left.
///
/// # Errors
///
/// If the operating system gives no threads.
pub fn pivot(
    tally: &mut Tally,
    inventory: &Inventory,
    rules: &RuleSet,
    options: &Options,
    progress: &dyn Progress,
) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let errands = errands(tally, &case::traces(tally, inventory, rules));
        let sources = errands.0.keys().filter_map(|name| Source::holding(name));
        let sources: Vec<Source> = sources.collect();
        let found = pursue(&sources, &errands, inventory, options, progress)?;
        if found == Tally::default() {
            break;
        }
        tally.merge(found);
    }
    Ok(())
}

/// Runs the errands in these sources. Of a stream that holds other bytes than it did, nothing is
/// told.
///
/// # Errors
///
/// If the operating system gives no threads.
pub fn pursue(
    sources: &[Source],
    errands: &Errands,
    inventory: &Inventory,
    options: &Options,
    progress: &dyn Progress,
) -> io::Result<Tally> {
    let threads = pass::threads(options.jobs)?;
    let pass = Pass::new(options, progress, &threads);
    let found = Mutex::new(Tally::default());
    let wanted = sources.iter().filter(|source| errands.0.contains_key(&source.name));
    pass.each(wanted.collect(), |source| {
        let Some(errands) = errands.0.get(&source.name) else { return };
        source.read(pass.limits, &mut |stream| {
            let errand = errands.iter().find(|errand| errand.name == stream.name);
            let followed = errand.and_then(|e| e.run(stream, pass, inventory, options));
            lock(&found).extend(followed);
        });
    });
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

impl Errand {
    /// What the stream holds of the traces, and how it begins; nothing if it holds other bytes than it did.
    fn run(
        &self,
        stream: &mut Stream<'_>,
        pass: Pass<'_>,
        inventory: &Inventory,
        options: &Options,
    ) -> Option<Tally> {
        let pursuit = Pursuit::new(self.traces.clone(), options.mode, options.bounds);
        let worker = || {
            let mut pursuer = Pursuer::new(&pursuit, inventory, &self.sites);
            move |(block, format): &Framed| pursuer.follow(block, &**format, &self.name)
        };
        let mut followed = Followed::default();
        stream.sum_at(&self.lengths);
        if !self.traces.is_empty() {
            pass.walk(stream, worker, |next| followed.append(next));
        }
        let mut end = stream.finish();
        end.prefixes.retain(|length, _| self.lengths.contains(length));
        let trails = followed.finish(&self.traces);
        let yielded = Yield::followed(&self.name, trails, end.prefixes);
        (end.id == self.content).then(|| Tally::of_stream(end.id, yielded))
    }
}
