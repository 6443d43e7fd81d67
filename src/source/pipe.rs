//! How is a pipe read that may say nothing for hours? By a thread of its own, so that the reader can
//! be stopped while it waits.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::Stop;

/// Bytes that are handed over at a time.
const PIECE: usize = 1 << 17;

/// How often the flag is looked at while nothing comes.
const PATIENCE: Duration = Duration::from_millis(50);

type Piece = io::Result<Vec<u8>>;

/// Standard input, without the standard library's small buffer and lock.
pub(super) fn stdin(stop: &Stop) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(Pipe::new(input()?, stop.clone())))
}

#[cfg(unix)]
fn input() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;
    Ok(std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn input() -> io::Result<io::Stdin> {
    Ok(io::stdin())
}

/// What another thread reads.
struct Pipe {
    pieces: Receiver<Piece>,
    piece: Vec<u8>,
    at: usize,
    stop: Stop,
}

impl Pipe {
    fn new(reader: impl Read + Send + 'static, stop: Stop) -> Self {
        let (sender, pieces) = sync_channel(2);
        // It is never joined: it may wait for bytes for ever, and ends with the process.
        std::thread::spawn(move || pump(reader, &sender));
        Self { pieces, piece: Vec::new(), at: 0, stop }
    }

    /// Waits for the next piece; an empty one is the end.
    fn next(&self) -> Piece {
        loop {
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => return piece,
                Err(RecvTimeoutError::Timeout) => self.stop.check()?,
                // An interrupt at a terminal ends whatever writes into the pipe too: such an end is
                // not that of the evidence.
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(self.stop.check().map(|()| Vec::new())?);
                }
            }
        }
    }
}

/// Hands over what a reader gives, until it ends, fails, or nobody wants more.
fn pump(mut reader: impl Read, to: &SyncSender<Piece>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = match reader.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) => return,
            read => read,
        };
        let ends = read.is_err();
        let piece = read.map(|n| {
            piece.truncate(n);
            piece
        });
        if to.send(piece).is_err() || ends {
            return;
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            (self.piece, self.at) = (self.next()?, 0);
        }
        let held = self.piece.get(self.at..).unwrap_or_default();
        let n = held.len().min(out.len());
        out[..n].copy_from_slice(&held[..n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives some bytes, then stalls for ever.
    struct Stalling(&'static [u8]);

    impl Read for Stalling {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.read(out)? {
                0 => loop {
                    std::thread::park();
                },
                n => Ok(n),
            }
        }
    }

    #[test]
    fn a_reader_that_stalls_can_be_stopped() {
        let stop = Stop::default();
        let mut pipe = Pipe::new(Stalling(b"abc"), stop.clone());
        let mut three = [0; 3];
        pipe.read_exact(&mut three).unwrap();
        assert_eq!(&three, b"abc");
        stop.set();
        assert!(pipe.read(&mut three).unwrap_err().to_string().contains("stopped"));
    }

    #[test]
    fn all_bytes_come_and_then_the_end_or_the_error() {
        let long: Vec<u8> = (0..400_000_u32).map(|n| n as u8).collect();
        let mut all = Vec::new();
        let mut pipe = Pipe::new(io::Cursor::new(long.clone()), Stop::default());
        pipe.read_to_end(&mut all).unwrap();
        assert_eq!(all, long);
        let broken = io::Cursor::new(b"ab").chain(super::super::faults::Failing);
        let mut pipe = Pipe::new(broken, Stop::default());
        assert_eq!(pipe.read(&mut [0; 8]).unwrap(), 2);
        assert!(pipe.read(&mut [0; 8]).is_err());
    }
}
