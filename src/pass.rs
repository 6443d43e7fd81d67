//! How is all evidence read, by many threads and in little memory?
//!
//! A [`Pass`] unpacks several sources at a time and cuts each stream into blocks; a worker for each
//! thread makes something of every block, and what it makes is appended in the order of the
//! stream, so that neither threads nor cuts matter.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use crate::Progress;
use crate::event::{self, Format};
use crate::line::{Block, Blocks};
use crate::source::{Limits, Source, Stream};

/// The bytes of a stream's head by which its format is recognised.
pub const HEAD: usize = 1 << 16;

/// What the threads of a pass share.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'p> {
    pub(crate) limits: &'p Limits,
    pub(crate) events: &'p event::Options,
    /// Bytes of a block.
    pub(crate) block: usize,
    pub(crate) progress: &'p dyn Progress,
    jobs: usize,
    /// The threads that look at blocks; `None` for one thread that does everything.
    pool: Option<&'p rayon::ThreadPool>,
}

/// A block and the format that it begins in.
pub(crate) type Framed = (Block, Arc<dyn Format>);

/// What is known of a stream besides what its blocks gave.
pub(crate) struct Walked {
    /// The format that it begins in.
    pub(crate) format: Arc<dyn Format>,
    /// Bytes that lie in no entry.
    pub(crate) skipped: u64,
}

/// Threads for passes; `jobs` of 0 is as many as the machine has.
///
/// # Errors
///
/// If the operating system gives no threads.
pub(crate) fn threads(jobs: usize) -> std::io::Result<rayon::ThreadPool> {
    let jobs = match jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(std::io::Error::other)
}

impl<'p> Pass<'p> {
    pub(crate) fn new(
        options: &'p crate::Options,
        progress: &'p dyn Progress,
        pool: &'p rayon::ThreadPool,
    ) -> Self {
        let jobs = pool.current_num_threads();
        Self {
            limits: &options.limits,
            events: &options.events,
            block: options.block,
            progress,
            jobs,
            pool: (jobs > 1).then_some(pool),
        }
    }

    /// Reads sources, the largest first, so that no thread is left alone with it at the end. Each
    /// reader unpacks one at a time, so that memory does not grow with their number.
    pub(crate) fn each(self, mut sources: Vec<&Source>, read: impl Fn(&Source) + Sync) {
        sources.sort_by_key(|source| std::cmp::Reverse(source.size));
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.min(sources.len()) {
                scope.spawn(|| {
                    while let Some(source) = sources.get(next.fetch_add(1, Ordering::Relaxed)) {
                        read(source);
                    }
                });
            }
        });
    }

    /// Walks through a stream: while blocks are looked at, the next are read and what was made of
    /// those before is appended. `append` gets what the workers made of the blocks, in order.
    pub(crate) fn walk<P: Send, W: FnMut(&Framed) -> P>(
        self,
        stream: &mut Stream<'_>,
        worker: impl Fn() -> W + Sync,
        mut append: impl FnMut(P),
    ) -> Walked {
        let name = stream.name.clone();
        let events = self.events.of(&name, stream.written);
        let mut blocks = Blocks::new(stream, self.block);
        let first = event::recognise(blocks.peek(HEAD), &events).format;
        self.walk_on(&name, blocks, first, worker, |part, _| append(part))
    }

    /// Walks through blocks, the first of which begins in a format that is known. `append` also
    /// gets the block.
    pub(crate) fn walk_on<P: Send, W: FnMut(&Framed) -> P>(
        self,
        name: &str,
        mut blocks: Blocks<'_, '_>,
        first: Arc<dyn Format>,
        worker: impl Fn() -> W + Sync,
        mut append: impl FnMut(P, &Framed),
    ) -> Walked {
        blocks.cap(self.limits.entry_bytes);
        blocks.frame(first.framing());
        let mut frames = Frames { blocks: &mut blocks, format: Arc::clone(&first) };
        let append = |part, framed: &Framed| {
            append(part, framed);
            self.progress.scanned(name, framed.0.bytes.len() as u64);
        };
        match self.pool {
            Some(pool) => frames.together(pool, &worker, append),
            None => frames.alone(worker(), append),
        }
        Walked { format: first, skipped: blocks.skipped() }
    }
}

/// The blocks of a stream, each with the format that it begins in.
struct Frames<'b, 's, 'r> {
    blocks: &'b mut Blocks<'s, 'r>,
    /// The next block's.
    format: Arc<dyn Format>,
}

impl Iterator for Frames<'_, '_, '_> {
    type Item = Framed;

    fn next(&mut self) -> Option<Framed> {
        let block = self.blocks.next()?;
        let begins_in = Arc::clone(&self.format);
        if let Some(after) = begins_in.after(&block.bytes) {
            self.format = after;
        }
        Some((block, begins_in))
    }
}

impl Frames<'_, '_, '_> {
    /// One thread does everything.
    fn alone<P>(&mut self, mut work: impl FnMut(&Framed) -> P, mut append: impl FnMut(P, &Framed)) {
        while let Some(framed) = self.next() {
            append(work(&framed), &framed);
            self.blocks.recycle(framed.0);
        }
    }

    /// The pool looks at blocks while this thread reads and appends. A bounded number is under way,
    /// so that memory does not grow with the stream.
    fn together<P: Send, W: FnMut(&Framed) -> P>(
        &mut self,
        pool: &rayon::ThreadPool,
        worker: &(impl Fn() -> W + Sync),
        mut append: impl FnMut(P, &Framed),
    ) {
        let most = 3 * pool.current_num_threads();
        pool.in_place_scope(|scope| {
            let mut under_way = VecDeque::with_capacity(most);
            loop {
                for framed in self.by_ref().take(most - under_way.len()) {
                    let (done, part) = mpsc::sync_channel(1);
                    under_way.push_back(part);
                    scope.spawn(move |_| {
                        let part = worker()(&framed);
                        // It is waited for until the scope ends.
                        let _ = done.send((part, framed));
                    });
                }
                // A worker that panics sends nothing; the scope passes its panic on.
                let Some(Ok((part, framed))) = under_way.pop_front().map(|first| first.recv())
                else {
                    return;
                };
                append(part, &framed);
                self.blocks.recycle(framed.0);
            }
        });
    }
}
