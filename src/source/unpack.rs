//! How is a source opened? Magic bytes, containers in containers, limits, sums.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::frames::{Frames, Method};
use super::input::{Damage, Input};
use super::magic::{self, Content};
use super::tar::Tar;
use super::zip::Zip;
use super::{ContentId, Gap, GapKind, Origin, Source, SourceEnd, Stop, Stream, encoding, io_gap};
use crate::time::Time;

/// What reading may cost before it stops with a gap. What was read until then is kept.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one stream, decompressed.
    pub stream_bytes: u64,
    /// Decompressed bytes for each byte of the source, once there are more than `ratio_from`.
    pub ratio: u64,
    /// Decompressed bytes that are allowed at any ratio.
    pub ratio_from: u64,
    /// Members of the archives of one source.
    pub members: u64,
    /// Containers within containers: `a.tar.gz` with an `x.log.gz` in it is three.
    pub depth: usize,
    /// Bytes that a decoder may look back over, and so hold: zstd's window, xz's dictionary.
    pub window: u64,
    /// Bytes of one entry.
    pub entry_bytes: usize,
    /// Ends the reading, whatever it has cost.
    pub stop: Stop,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stream_bytes: 1 << 40,
            ratio: 1_000,
            ratio_from: 64 << 20,
            members: 100_000,
            depth: 3,
            window: 256 << 20,
            entry_bytes: 1 << 20,
            stop: Stop::default(),
        }
    }
}

impl Source {
    /// Opens the source and hands each stream in it to `visit`, in order.
    pub fn read(&self, limits: &Limits, visit: &mut dyn FnMut(&mut Stream<'_>)) -> SourceEnd {
        let unread = |gap| SourceEnd { sha256: ContentId([0; 32]), bytes: 0, gaps: vec![gap] };
        if limits.stop.is_set() {
            return unread(Stop::gap(&self.name));
        }
        match self.open(&limits.stop) {
            Ok(reader) => read(self, reader, limits, visit),
            Err(error) => unread(io_gap(&self.name, &error)),
        }
    }

    fn open(&self, stop: &Stop) -> io::Result<Box<dyn Read + Send>> {
        match &self.origin {
            Origin::File(path) => Ok(Box::new(regular(path)?)),
            Origin::Stdin => super::pipe::stdin(stop),
        }
    }
}

/// A file, if it is still one: what was a file when it was found may be a pipe now, and opening a
/// pipe waits for ever.
fn regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        const O_NONBLOCK: i32 = 0o4000;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, O_NONBLOCK);
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::other("it is no regular file any more; not read"))
}

/// Reads a source from any reader.
pub(super) fn read(
    source: &Source,
    reader: Box<dyn Read + Send>,
    limits: &Limits,
    visit: &mut dyn FnMut(&mut Stream<'_>),
) -> SourceEnd {
    let stop = limits.stop.clone();
    let mut raw = Raw { reader, bytes: Arc::default(), hash: None, stop, failed: false };
    let mut unpacker = Unpacker {
        limits,
        visit,
        raw: Arc::clone(&raw.bytes),
        plain: Arc::default(),
        members: 0,
        gaps: Vec::new(),
        id: None,
        stop: false,
        left: false,
    };
    let (head, failure) = raw.head();
    let is_plain = magic::content(&head) == Content::Text
        && !encoding::of(&head).is_changed()
        && source.size.is_some_and(|size| size <= limits.stream_bytes);
    if !is_plain {
        // A plain stream is summed up by itself, and that sum is the source's.
        raw.hash = Some(Sha256::new_with_prefix(&head));
    }
    let rest = Broken { failure, reader: &mut raw };
    let name = source.name.as_str();
    unpacker.open(name, source.written, Input::behind(head, rest), 0);
    let Unpacker { mut gaps, id, left, .. } = unpacker;
    if !left && !is_plain {
        gaps.extend(raw.drain().err().map(|error| io_gap(name, &error)));
    }
    if !left && !raw.failed {
        gaps.extend(shrunk(source, raw.bytes.load(Ordering::Relaxed)));
    }
    let sum = raw.hash.take().map(|hash| ContentId(hash.finalize().into()));
    let empty = || ContentId(Sha256::new().finalize().into());
    gaps.dedup();
    SourceEnd {
        sha256: sum.or(id).unwrap_or_else(empty),
        bytes: raw.bytes.load(Ordering::Relaxed),
        gaps,
    }
}

/// The gap of a file that had fewer bytes when it was read than when it was found.
fn shrunk(source: &Source, bytes: u64) -> Option<Gap> {
    let size = source.size.filter(|size| bytes < *size)?;
    let detail = format!(
        "it had {size} bytes when it was found and {bytes} when it was read: cut or replaced \
         meanwhile; what was there is examined"
    );
    Some(Damage::new(GapKind::Truncated, detail).at(&source.name))
}

/// The source's own bytes: counted, and summed up unless the stream does that.
struct Raw {
    reader: Box<dyn Read + Send>,
    bytes: Arc<AtomicU64>,
    hash: Option<Sha256>,
    stop: Stop,
    /// Whether it ended with an error, not with the end of its bytes.
    failed: bool,
}

impl Raw {
    /// The first bytes, and the error that ended them.
    fn head(&mut self) -> (Vec<u8>, Option<io::Error>) {
        let mut head = Vec::with_capacity(magic::HEAD);
        let failure = Read::take(self, magic::HEAD as u64).read_to_end(&mut head).err();
        (head, failure)
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 17];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Read for Raw {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.stop.check().map_err(io::Error::from).and_then(|()| self.reader.read(out));
        let is_signal = |e: &io::Error| e.kind() == io::ErrorKind::Interrupted;
        self.failed |= read.as_ref().is_err_and(|error| !is_signal(error));
        let n = read?;
        self.bytes.fetch_add(n as u64, Ordering::Relaxed);
        if let Some(hash) = &mut self.hash {
            hash.update(&out[..n]);
        }
        Ok(n)
    }
}

/// The rest behind a head whose reading already failed, or not.
struct Broken<'r> {
    failure: Option<io::Error>,
    reader: &'r mut Raw,
}

impl Read for Broken<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.failure.take().map_or_else(|| self.reader.read(out), Err)
    }
}

/// Decompressed bytes, counted against the source's: the guard against bombs.
struct Metered<R> {
    reader: R,
    out: Arc<AtomicU64>,
    raw: Arc<AtomicU64>,
    ratio: u64,
    from: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let (given, taken) = (&self.out, self.raw.load(Ordering::Relaxed));
        let most = self.from.max(taken.saturating_mul(self.ratio)).saturating_add(1);
        let left = most.saturating_sub(given.load(Ordering::Relaxed));
        if left == 0 {
            let detail = format!(
                "more than {} decompressed bytes from one; the rest is not read",
                self.ratio
            );
            return Err(Damage::new(GapKind::Limit, detail).into());
        }
        // No more than that, so that the cut does not depend on how much is asked for at once.
        let len = usize::try_from(left).map_or(out.len(), |left| left.min(out.len()));
        let n = self.reader.read(out.get_mut(..len).unwrap_or_default())?;
        given.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// A member of an archive.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name, printable: a label, never a path.
    pub(super) name: String,
    /// When its content was last written, where the archive says.
    pub(super) written: Option<Time>,
    /// Why its content cannot be read.
    pub(super) closed: Option<String>,
}

/// An archive whose members come by; it reads as the content of the last one.
pub(super) trait Archive: Read + Send {
    /// The next file; `None` at the end. After a damage the next call goes on where it can.
    fn next(&mut self) -> Result<Option<Member>, Damage>;

    /// Whether nothing more can be read.
    fn is_over(&mut self) -> bool;
}

/// One source being taken apart.
struct Unpacker<'u> {
    limits: &'u Limits,
    visit: &'u mut dyn FnMut(&mut Stream<'_>),
    /// Bytes of the source read so far.
    raw: Arc<AtomicU64>,
    /// Bytes of unpacked streams delivered so far.
    plain: Arc<AtomicU64>,
    members: u64,
    gaps: Vec<Gap>,
    /// The sum of the last stream.
    id: Option<ContentId>,
    /// Nothing more is to be opened.
    stop: bool,
    /// The visitor wants no more, not even sums.
    left: bool,
}

impl Unpacker<'_> {
    /// Looks at the first bytes and hands on what it finds: a stream, or what is in the container.
    fn open(&mut self, name: &str, written: Option<Time>, mut input: Input<'_>, depth: usize) {
        let written = super::gzip::written(input.peek(magic::HEAD)).or(written);
        let content = magic::content(input.peek(magic::HEAD));
        let container = matches!(content, Content::Compressed(_) | Content::Tar | Content::Zip);
        if container && depth >= self.limits.depth {
            let detail = format!("containers are nested deeper than {depth}; not opened");
            return self.gap(name, Damage::new(GapKind::Limit, detail));
        }
        match content {
            Content::Text => self.stream(name, written, input, depth),
            Content::Compressed(method) => self.compressed(name, written, method, input, depth),
            Content::Tar => self.archive(name, written, Tar::new(input), depth),
            Content::Zip => self.archive(name, written, Zip::new(input), depth),
            Content::Unsupported(format) => {
                let detail = format!("{format} cannot be opened; not examined");
                self.gap(name, Damage::new(GapKind::Unsupported, detail));
            }
            Content::Binary(what) => {
                let detail = format!("{what}, not a log; not examined");
                self.gap(name, Damage::new(GapKind::Binary, detail));
            }
        }
    }

    /// The most decompressed bytes that the bytes read so far may give.
    fn most(&self) -> u64 {
        let raw = self.raw.load(Ordering::Relaxed);
        self.limits.ratio_from.max(raw.saturating_mul(self.limits.ratio))
    }

    fn gap(&mut self, name: &str, damage: Damage) {
        self.gaps.push(damage.at(name));
    }

    fn metered<R: Read>(&self, reader: R, out: Arc<AtomicU64>) -> Metered<R> {
        let Limits { ratio, ratio_from, .. } = *self.limits;
        Metered { reader, out, raw: Arc::clone(&self.raw), ratio, from: ratio_from }
    }

    fn stream(&mut self, name: &str, written: Option<Time>, mut input: Input<'_>, depth: usize) {
        let encoding = encoding::of(input.peek(magic::HEAD));
        let decoded = encoding::decoded(input, encoding);
        let reader = match depth {
            0 => decoded,
            _ => Box::new(self.metered(decoded, Arc::clone(&self.plain))),
        };
        let mut stream = Stream::limited(name, reader, self.limits.stream_bytes);
        stream.written = written;
        stream.encoding = encoding.name();
        (self.visit)(&mut stream);
        self.left |= stream.was_left();
        let end = stream.finish();
        self.stop |= self.left || self.plain.load(Ordering::Relaxed) > self.most();
        self.gaps.extend(end.gaps);
        self.id = Some(end.id);
    }

    fn compressed(
        &mut self,
        name: &str,
        written: Option<Time>,
        method: Method,
        input: Input<'_>,
        depth: usize,
    ) {
        let frames = self.metered(Frames::new(method, self.limits.window, input), Arc::default());
        self.open(name, written, Input::new(frames), depth + 1);
    }

    fn archive(
        &mut self,
        name: &str,
        written: Option<Time>,
        mut archive: impl Archive,
        depth: usize,
    ) {
        while !self.stop {
            match archive.next() {
                Ok(Some(mut member)) => {
                    member.written = member.written.or(written);
                    self.member(name, &member, &mut archive, depth);
                }
                Ok(None) => return,
                Err(damage) => {
                    self.gap(name, damage);
                    if archive.is_over() {
                        return;
                    }
                }
            }
        }
    }

    fn member(&mut self, archive: &str, member: &Member, content: &mut dyn Archive, depth: usize) {
        if !self.admits(archive) {
            return;
        }
        let name = format!("{archive}!{}", member.name);
        match &member.closed {
            None => self.open(&name, member.written, Input::new(content), depth + 1),
            Some(why) => {
                let detail = format!("{why}; not examined");
                self.gap(&name, Damage::new(GapKind::Unsupported, detail));
            }
        }
    }

    /// Counts a member; beyond the limit the source is given up.
    fn admits(&mut self, name: &str) -> bool {
        self.members += 1;
        if self.members > self.limits.members {
            let detail = format!("more than {} members; the rest is not read", self.limits.members);
            self.gap(name, Damage::new(GapKind::Limit, detail));
            self.stop = true;
        }
        !self.stop
    }
}
