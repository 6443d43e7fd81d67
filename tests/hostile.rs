//! What befalls a run: signals, full disks, closed pipes, little memory, evidence that changes while
//! it is read. What was read is reported, what was not is named, and the exit code is right.
#![cfg(unix)]
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]
#![allow(clippy::print_stderr)]

mod program;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use leaksweep::element::{CaseKey, Finder};
use leaksweep::rule::RuleSet;
use leaksweep::scan::Tally;
use leaksweep::source::{Evidence, GapKind, Inventory};
use leaksweep::{Options, Progress, sweep};

fn line(n: u32) -> String {
    let (minute, second) = (n / 60 % 60, n % 60);
    format!(
        "192.0.2.{} - - [08/Mar/2017:05:{minute:02}:{second:02} +0900] \"GET /a?n={n} HTTP/1.1\" 200 7 \"-\" \"M\"\n",
        n % 200
    )
}

fn log(lines: u32) -> String {
    (0..lines).map(line).collect()
}

/// A folder with a log in it at `logs/access.log`, and a folder `out`.
fn folder(log: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("logs/access.log"), log).unwrap();
    folder
}

fn program(folder: &Path, arguments: &str) -> Command {
    program::program(folder, arguments.split_whitespace())
}

/// Exit code, standard output, standard error.
fn run(folder: &Path, arguments: &str) -> (Option<i32>, String, String) {
    let output = program(folder, arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Standard input stalls, and then the user has enough: what came is reported, and that it is not
/// all.
#[test]
fn a_signal_ends_the_reading_with_a_partial_result() {
    for signal in ["-INT", "-TERM"] {
        let folder = folder("");
        let mut command = program(folder.path(), "sweep -v -f json --site shop -");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        assert!(first.contains("sandbox"), "it listens now: {first}");
        // More than fits into the pipe and the buffers: when it is taken, some of it was read.
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(log(80_000).as_bytes()).unwrap();
        send(signal, &child);
        let mut out = String::new();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}: {out}");
        drop(pipe);
        let report: Value = serde_json::from_str(&out).unwrap();
        let read = report["run"]["sources"][0]["lines"].as_u64().unwrap();
        assert!((1..=80_000).contains(&read), "{signal}: {read} lines");
        assert!(report["run"]["sources"][0]["status"].to_string().contains("stopped"), "{out}");
        assert_eq!(report["sites"][0]["verdict"], "inconclusive", "{signal}");
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("the run was stopped"), "{signal}: {rest}");
    }
}

#[test]
fn what_a_stopped_run_did_not_come_to_is_named() {
    let folder = folder(&log(100));
    let evidence = Evidence::collect(&[folder.path().join("logs")], Inventory::default());
    let options = Options::default();
    options.limits.stop.set();
    let tally = swept(&evidence, &options);
    let kinds: Vec<GapKind> = tally.all_gaps().map(|gap| gap.kind).collect();
    assert_eq!(kinds, [GapKind::Stopped]);
    assert!(tally.streams.is_empty());
}

fn swept(evidence: &Evidence, options: &Options) -> Tally {
    let finder = Finder::new(CaseKey::from_bytes(b"hostile"));
    sweep(evidence, &RuleSet::builtin().unwrap(), &finder, options, &()).unwrap()
}

/// What happens, how, and the gap that it makes.
type Change = (&'static str, fn(&Path), Option<GapKind>);

/// Something happens to a file between the walk over the folders and the reading.
#[test]
fn evidence_that_changes_meanwhile_is_a_gap() {
    let changes: [Change; 5] = [
        ("it vanishes", |path| fs::remove_file(path).unwrap(), Some(GapKind::Missing)),
        ("it shrinks", |path| fs::write(path, line(1)).unwrap(), Some(GapKind::Truncated)),
        ("it grows", |path| fs::write(path, log(500)).unwrap(), None),
        ("a pipe takes its place", pipe, Some(GapKind::Io)),
        ("its permission is taken", closed, Some(GapKind::Permission)),
    ];
    for (what, change, expected) in changes {
        let folder = folder(&log(100));
        let evidence = Evidence::collect(&[folder.path().join("logs")], Inventory::default());
        let path = folder.path().join("logs/access.log");
        change(&path);
        // Root may read everything.
        let expected =
            expected.filter(|kind| *kind != GapKind::Permission || File::open(&path).is_err());
        let tally = swept(&evidence, &Options::default());
        let kinds: Vec<GapKind> = tally.all_gaps().map(|gap| gap.kind).collect();
        assert_eq!(kinds, expected.into_iter().collect::<Vec<_>>(), "{what}");
        let there = if path.is_file() { fs::read(&path).unwrap_or_default().len() } else { 0 };
        let read: u64 = tally.streams.values().map(|yielded| yielded.stream.bytes).sum();
        assert_eq!(read, there as u64, "{what}");
    }
}

/// Does something to a file when the first block of it was scanned.
struct Meddler {
    path: PathBuf,
    change: fn(&Path),
    done: AtomicBool,
}

impl Progress for Meddler {
    fn scanned(&self, _name: &str, _bytes: u64) {
        if !self.done.swap(true, Ordering::Relaxed) {
            (self.change)(&self.path);
        }
    }

    fn done(&self, _name: &str, _bytes: u64) {}
}

/// Something happens to a file in the middle of its reading.
#[test]
fn evidence_that_changes_while_it_is_read_is_a_gap() {
    let shrink: fn(&Path) = |path| {
        File::options().write(true).open(path).unwrap().set_len(100_000).unwrap();
    };
    let grow: fn(&Path) = |path| {
        let mut file = File::options().append(true).open(path).unwrap();
        file.write_all(line(1).as_bytes()).unwrap();
    };
    let changes: [Change; 3] = [
        ("it vanishes", |path| fs::remove_file(path).unwrap(), None),
        ("it shrinks", shrink, Some(GapKind::Truncated)),
        ("it grows", grow, None),
    ];
    let rules = RuleSet::builtin().unwrap();
    let finder = Finder::new(CaseKey::from_bytes(b"hostile"));
    for (what, change, expected) in changes {
        let folder = folder(&log(200_000));
        let path = folder.path().join("logs/access.log");
        let before = fs::metadata(&path).unwrap().len();
        let evidence = Evidence::collect(&[folder.path().join("logs")], Inventory::default());
        let options = Options { jobs: 1, block: 1 << 16, ..Options::default() };
        let meddler = Meddler { path, change, done: AtomicBool::default() };
        let tally = sweep(&evidence, &rules, &finder, &options, &meddler).unwrap();
        let kinds: Vec<GapKind> = tally.all_gaps().map(|gap| gap.kind).collect();
        assert_eq!(kinds, expected.into_iter().collect::<Vec<_>>(), "{what}");
        let yielded = tally.streams.values().next().unwrap();
        assert_eq!(yielded.part.bytes, yielded.stream.bytes, "{what}");
        assert_eq!(yielded.stream.bytes < before, expected.is_some(), "{what}");
    }
}

fn pipe(path: &Path) {
    fs::remove_file(path).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn closed(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
}

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing_half_written() {
    let folder = folder(&log(100));
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let output = program(folder.path(), "sweep -f json logs").stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("standard output"), "{said}");
    }
    let small = folder.path().join("out");
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=4k", "tmpfs"]).arg(&small).stderr(Stdio::null());
    let mounted = mount.status().is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("skipped: no small disk can be mounted here");
        return;
    }
    let (code, _, said) = run(folder.path(), "sweep -q -o html=out/r.html logs");
    let left = fs::read_dir(&small).unwrap().count();
    assert!(Command::new("umount").arg(&small).status().unwrap().success());
    assert_eq!((code, left), (Some(2), 0), "{said}");
    assert!(said.contains("out/r.html"), "{said}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let attack = "GET /a.jsp?q=1%27%20union%20select%201,2,3%20from%20users-- HTTP/1.1";
    let log: String = log(2_000).replace("GET /a?n=7 HTTP/1.1", attack);
    let folder = folder(&log);
    let (whole, ..) = run(folder.path(), "sweep -f html logs");
    let mut child = program(folder.path(), "sweep -f html logs").spawn().unwrap();
    let mut some = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), whole);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// With too little memory the program may fail, but it never says that all is well, and leaves
/// nothing half-written; with enough it says what it always says.
#[test]
fn little_memory_gives_no_wrong_result() {
    let folder = folder(&log(20_000));
    let bin = env!("CARGO_BIN_EXE_leaksweep");
    let mut worked = 0;
    for kib in [20_000, 60_000, 100_000, 200_000, 8_000_000] {
        let script = format!(
            "ulimit -v {kib}; exec {bin} sweep -q -j 2 --site s --fail-on none -o json=out/r.json --force logs"
        );
        let out = folder.path().join("out/r.json");
        let mut shell = Command::new("sh");
        let done = shell.args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        if done.status.code() == Some(0) {
            let report: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
            assert_eq!(report["sites"][0]["coverage"]["lines"], 20_000, "{kib}: {said}");
            worked += 1;
        } else {
            let code = done.status.code();
            assert!(
                !code.is_some_and(|code| [1, 3, 4, 5].contains(&code)),
                "{kib}: {code:?} {said}"
            );
            assert!(!out.exists() || worked > 0, "{kib}: {said}");
            // A signal says it by itself: with least of all not even the program's code is loaded.
            assert!(!said.is_empty() || code.is_none(), "{kib}: {code:?} silently");
        }
    }
    assert!(worked > 0);
}

/// The manifest and `-v` say what the system holds the program to, and where things are put aside.
#[test]
fn the_sandbox_is_stated_and_can_be_required() {
    let folder = folder(&log(10));
    let sandbox = |flags: &str| {
        let arguments = format!("sweep -v {flags} --force --manifest out/m.json logs");
        let (code, _, said) = run(folder.path(), &arguments);
        let manifest = fs::read(folder.path().join("out/m.json")).unwrap_or_default();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
        (code, manifest["sandbox"].as_str().unwrap_or_default().to_owned(), said)
    };
    // Below the folder for temporary files nothing can be kept from being written.
    let other = tempfile::tempdir_in(folder.path()).unwrap();
    let with_temporary = |flags: &str| {
        let mut command = program(folder.path(), flags);
        let output = command.env("TMPDIR", other.path()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, off, said) = sandbox("--sandbox off");
    assert_eq!((code, off.as_str()), (Some(0), "not available: --sandbox off"), "{said}");
    let (_, auto, said) = sandbox("");
    assert!(said.contains(&format!("sandbox {auto}; temporary files in")), "{said}");
    let (code, said) = with_temporary("sweep -q --sandbox require -o json=out/r.json logs");
    if auto.contains("not available") {
        assert_eq!(code, Some(2), "{said}");
        eprintln!("skipped: {auto}");
        return;
    }
    assert_eq!(code, Some(0), "{said}");
    let report = fs::read(folder.path().join("out/r.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["sites"][0]["coverage"]["lines"], 10, "the sandbox hides nothing");
    let (code, said) = with_temporary("sweep -q --sandbox require -o json=r.json logs");
    assert!(code == Some(2) && said.contains("evidence lies in it"), "{code:?} {said}");
}

/// With links in the evidence, a state, an inventory, rules and a key: all of it works within.
#[test]
fn the_sandbox_lets_a_full_run_through() {
    let folder = folder(&log(10));
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    fs::create_dir(path("elsewhere")).unwrap();
    fs::write(path("elsewhere/b.log"), log(7)).unwrap();
    std::os::unix::fs::symlink(path("elsewhere/b.log"), path("logs/b.log")).unwrap();
    fs::write(path("sites.toml"), "[[site]]\nname = \"s\"\npaths = [\"logs/**\"]\n").unwrap();
    let arguments = "sweep -q --sites sites.toml --state-dir state --manifest out/m.json \
                     --force -f json logs";
    for _ in 0..2 {
        let (code, out, said) = run(folder.path(), arguments);
        assert_eq!(code, Some(0), "{said}");
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(report["sites"][0]["coverage"]["lines"], 17, "{out}");
    }
}

/// What looks at single files or parts is in the sandbox, too: the kernel gives such a process no new
/// privileges.
#[cfg(target_os = "linux")]
#[test]
fn what_only_looks_is_in_the_sandbox() {
    let folder = folder(&log(10));
    let (_, _, said) = run(folder.path(), "sweep -v logs");
    if said.contains("not available") {
        eprintln!("skipped: {said}");
        return;
    }
    for arguments in ["inspect -", "merge -"] {
        let mut command = program(folder.path(), arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let held = || fs::read_to_string(&status).unwrap().contains("NoNewPrivs:\t1");
        let tries = (0..600).take_while(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            !held()
        });
        assert!(tries.count() < 600, "{arguments}: it waits for its input and is not held");
        drop(child.stdin.take());
        child.wait().unwrap();
    }
    let (code, shown, said) = run(folder.path(), "show logs/access.log:3");
    assert!(code == Some(0) && shown.contains("/a?n=2"), "{shown} {said}");
}

#[test]
fn temporary_files_are_not_put_into_the_evidence() {
    let folder = folder(&log(10));
    let mut command = program(folder.path(), "sweep logs");
    let output = command.env("TMPDIR", folder.path().join("logs")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("TMPDIR") && said.contains("inside the evidence"), "{said}");
}

/// Nothing in the program opens a connection or listens for one; that it could not, the sandbox says.
#[test]
fn no_code_speaks_to_a_network() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&text);
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for name in ["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "ToSocketAddrs"] {
                assert!(!code.contains(name), "{}: {name}", path.display());
            }
            files += 1;
        }
    }
    assert!(files > 100);
}
