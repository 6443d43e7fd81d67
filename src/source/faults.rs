//! Evidence through a reader that fails, stalls, gives little at a time and flips bytes, at chosen
//! places: what was read before is kept, what was not is a gap, and nothing hangs or panics.

use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;

use super::unpack::read;
use super::*;

/// What happens when the reader comes to a place.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// An error of the device, from here on.
    Fails,
    /// The file was cut meanwhile.
    Ends,
    /// A signal came; the next read goes on.
    Interrupts,
    /// The byte here is another one.
    Flips(u8),
    /// The user stops the run.
    Stops,
}

/// A reader with faults, which gives at most `most` bytes at a time.
struct Faulty {
    bytes: Cursor<Vec<u8>>,
    most: usize,
    /// In the order of their places.
    faults: Vec<(u64, Fault)>,
    stop: Stop,
}

impl Faulty {
    fn new(bytes: &[u8], most: usize, faults: &[(u64, Fault)]) -> Self {
        let mut faults = faults.to_vec();
        faults.sort_by_key(|(at, _)| *at);
        Self { bytes: Cursor::new(bytes.to_vec()), most, faults, stop: Stop::default() }
    }
}

impl Read for Faulty {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let at = self.bytes.position();
        let next = self.faults.first().copied();
        let room = next.map_or(u64::MAX, |(place, _)| place.saturating_sub(at));
        let most = self.most.min(out.len()).min(usize::try_from(room).unwrap_or(usize::MAX));
        if most > 0 || out.is_empty() {
            return self.bytes.read(&mut out[..most]);
        }
        let Some((_, fault)) = next else { return Ok(0) };
        match fault {
            Fault::Fails => return Err(io::Error::other("the device failed")),
            Fault::Ends => return Ok(0),
            Fault::Stops => self.stop.set(),
            Fault::Interrupts | Fault::Flips(_) => {}
        }
        self.faults.remove(0);
        match fault {
            Fault::Interrupts => Err(io::ErrorKind::Interrupted.into()),
            Fault::Flips(mask) => {
                let n = self.bytes.read(&mut out[..1])?;
                out[..n].iter_mut().for_each(|byte| *byte ^= mask);
                Ok(n)
            }
            _ => self.read(out),
        }
    }
}

/// Fails at once.
pub(super) struct Failing;

impl Read for Failing {
    fn read(&mut self, _out: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the device failed"))
    }
}

/// All bytes of all streams, and all gaps.
fn got(faulty: Faulty) -> (Vec<u8>, Vec<GapKind>) {
    let limits = Limits { stop: faulty.stop.clone(), ..Limits::default() };
    let source = Source { name: "f".into(), size: None, written: None, origin: Origin::Stdin };
    let (mut bytes, mut gaps) = (Vec::new(), Vec::new());
    let end = read(&source, Box::new(faulty), &limits, &mut |stream| {
        let mut buffer = [0; 999];
        while let n @ 1.. = stream.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..n]);
        }
        gaps.extend(stream.finish().gaps);
    });
    gaps.extend(end.gaps);
    // A failure may be met again where the rest is read only to be summed up; a report says it once.
    gaps.sort();
    gaps.dedup();
    (bytes, gaps.iter().map(|gap| gap.kind).collect())
}

fn log() -> Vec<u8> {
    (0..3_000).flat_map(|n| format!("entry {n} of a log that is read\n").into_bytes()).collect()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn tar(bytes: &[u8]) -> Vec<u8> {
    let mut tar = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, "a.log", bytes).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn short_reads_and_signals_change_nothing() {
    let log = log();
    for packed in [log.clone(), gz(&log), tar(&log), gz(&tar(&log))] {
        for most in [1, 7, 4_096, usize::MAX] {
            let signals = [0, 1, 100, 5_000].map(|at| (at, Fault::Interrupts));
            let (bytes, gaps) = got(Faulty::new(&packed, most, &signals));
            assert!(bytes == log, "reads of {most}");
            assert_eq!(gaps, [], "reads of {most}");
        }
    }
}

#[test]
fn what_was_read_before_a_failure_is_kept_and_the_rest_is_a_gap() {
    let log = log();
    for at in [0, 1, 511, 512, 513, 70_000] {
        for (fault, kind) in [(Fault::Fails, GapKind::Io), (Fault::Stops, GapKind::Stopped)] {
            let (bytes, gaps) = got(Faulty::new(&log, 1_000, &[(at, fault)]));
            assert!(log.starts_with(&bytes), "{fault:?} at {at}");
            // What one read gave before the user stopped the run is not thrown away.
            assert!((at..at + 1_001).contains(&(bytes.len() as u64)), "{fault:?} at {at}");
            assert_eq!(gaps, [kind], "{fault:?} at {at}");
        }
    }
    // A plain file that was cut meanwhile is a shorter file.
    assert_eq!(got(Faulty::new(&log, 1_000, &[(70_000, Fault::Ends)])).1, []);
}

#[test]
fn a_failure_in_packed_evidence_is_a_gap_wherever_it_comes() {
    let log = log();
    for packed in [gz(&log), tar(&log), gz(&tar(&log))] {
        for at in (0..packed.len() as u64).step_by(packed.len() / 40) {
            for fault in [Fault::Fails, Fault::Stops] {
                let (bytes, gaps) = got(Faulty::new(&packed, 333, &[(at, fault)]));
                assert!(log.starts_with(&bytes), "{fault:?} at {at}");
                assert!(!gaps.is_empty(), "{fault:?} at {at} is silent");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A flipped byte of a gzip file is found by its checksum, unless it lies in its header.
    #[test]
    fn a_flipped_byte_in_a_gzip_file_is_found(place in 0.0..1.0_f64, mask in 1_u8.., most in 1_usize..5_000) {
        let (log, packed) = (log(), gz(&log()));
        let at = 10 + ((packed.len() - 10) as f64 * place) as u64;
        let (bytes, gaps) = got(Faulty::new(&packed, most, &[(at, Fault::Flips(mask))]));
        prop_assert!(!gaps.is_empty() || bytes == log);
    }

    /// Whatever befalls them, containers are read to their end or to a gap.
    #[test]
    fn faults_anywhere_harm_nothing(
        faults in proptest::collection::vec((0_u64..20_000, 0..5_u8, 1_u8..), 0..6),
        most in 1_usize..5_000,
        kind in 0..4_usize,
    ) {
        let log = log();
        let packed = [log.clone(), gz(&log), tar(&log), gz(&tar(&log))][kind].clone();
        let fault = |(at, kind, mask): (u64, u8, u8)| (at, match kind {
            0 => Fault::Fails,
            1 => Fault::Ends,
            2 => Fault::Interrupts,
            3 => Fault::Stops,
            _ => Fault::Flips(mask),
        });
        let faults: Vec<_> = faults.into_iter().map(fault).collect();
        let _ = got(Faulty::new(&packed, most, &faults));
    }
}
