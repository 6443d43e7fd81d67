//! The program from cron: what it says and how it ends, killed, locked out, beside logrotate.
#![allow(missing_docs, clippy::unwrap_used, clippy::tests_outside_test_module)]
#![allow(clippy::print_stderr)] // a test that skips says so
#![cfg(unix)]

mod program;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("logs/shop")).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn log(&self) -> PathBuf {
        self.path("logs/shop/access.log")
    }

    fn append(&self, from: usize, to: usize) {
        let mut log = fs::OpenOptions::new().append(true).create(true).open(self.log()).unwrap();
        log.write_all(lines(from, to).as_bytes()).unwrap();
    }

    fn command(&self, arguments: &str) -> Command {
        program::program(self.0.path(), arguments.split_whitespace())
    }

    fn run(&self, arguments: &str) -> (i32, String, String) {
        program::said(&self.command(arguments).output().unwrap())
    }

    /// A scheduled run.
    fn nightly(&self) -> (i32, String, String) {
        self.run("sweep -q --force --state-dir state -o json=new.json logs")
    }

    fn report(&self, name: &str) -> serde_json::Value {
        let mut report: serde_json::Value =
            serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap();
        report["run"]["arguments"] = serde_json::Value::Null;
        report
    }

    /// A scheduled run ends with the report of one sweep over everything.
    fn agrees(&self) {
        let (code, _, err) = self.nightly();
        assert!(code < 2, "{code} {err}");
        let key = "--case-key state/case.key";
        self.run(&format!("sweep -q --force {key} -o json=whole.json logs"));
        let (new, whole) = (self.report("new.json"), self.report("whole.json"));
        assert!(new == whole, "{}", difference(&new, &whole));
    }
}

fn difference(a: &serde_json::Value, b: &serde_json::Value) -> String {
    let text = |value| serde_json::to_string_pretty(value).unwrap();
    let (a, b) = (text(a), text(b));
    format!("{:#?}", a.lines().zip(b.lines()).find(|(a, b)| a != b))
}

fn line(n: usize) -> String {
    let (hour, minute, second) = (n / 3_600 % 24, n / 60 % 60, n % 60);
    let request = match n % 97 {
        13 => "/item?id=1%27%20UNION%20SELECT%20card,cvv%20FROM%20orders--".to_owned(),
        29 => format!("/pay?card_no=4111111111111111&mail=u{n}@example.com"),
        _ => format!("/page/{n}"),
    };
    format!(
        "192.0.2.{} - - [{:02}/Mar/2017:{hour:02}:{minute:02}:{second:02} +0900] \"GET {request} HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0\"\n",
        n % 7,
        1 + n / 86_400,
        n % 5_000,
    )
}

fn lines(from: usize, to: usize) -> String {
    (from..to).map(line).collect()
}

fn harmless(from: usize, to: usize) -> String {
    (from..to).filter(|n| n % 97 != 13 && n % 97 != 29).map(line).collect()
}

#[test]
fn it_is_quiet_without_news_and_loud_with_them() {
    let world = World::new();
    world.append(0, 100);
    let (code, out, err) = world.nightly();
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.contains("shop: ") && out.contains("access.log:14 "), "{out}");
    assert!(!out.contains("4111111111111111"));
    assert_eq!(world.nightly(), (0, String::new(), String::new()), "told once");
    fs::write(world.path("logs/shop/other.log"), harmless(200, 300)).unwrap();
    assert_eq!(world.nightly(), (0, String::new(), String::new()), "nothing in it");
    world.append(100, 200);
    let (code, out, _) = world.nightly();
    assert_eq!(code, 1);
    assert!(out.contains("1 new of 2") && out.contains("access.log:111 "), "{out}");
    assert!(!out.contains("access.log:14 "), "{out}");
    let (_, out, _) = world.run("sweep --state-dir state -f ndjson logs");
    assert_eq!(out, "", "no hit is new");
    assert_eq!(world.run("sweep -q --state-dir state --fail-on attempted logs").0, 0);
}

#[test]
fn a_lock_is_the_kernels_and_names_its_holder() {
    let world = World::new();
    world.append(0, 100);
    world.nightly();
    let lock = fs::File::open(world.path("state/lock")).unwrap();
    lock.lock().unwrap();
    let (code, out, err) = world.nightly();
    assert_eq!((code, out.as_str()), (75, ""));
    assert!(err.contains("process ") && err.contains("--wait-lock"), "{err}");
    let start = Instant::now();
    assert_eq!(world.run("sweep --state-dir state --wait-lock 1s logs").0, 75);
    assert!(start.elapsed() >= Duration::from_secs(1));
    let mut waiting = world.command("sweep -q --state-dir state --wait-lock 60s logs");
    let waiting = waiting.stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    drop(lock);
    assert_eq!(finish(waiting), Some(0));
    // A file that says it is locked locks nothing.
    fs::write(world.path("state/lock"), "process 1 on another host").unwrap();
    assert_eq!(world.nightly().0, 0);
}

fn finish(mut child: Child) -> Option<i32> {
    child.wait().unwrap().code()
}

#[test]
fn a_state_that_cannot_be_used_is_a_clear_error() {
    let world = World::new();
    world.append(0, 100);
    fs::write(world.path("file"), "x").unwrap();
    let (code, _, err) = world.run("sweep --state-dir file logs");
    assert!(code == 2 && err.contains("state file"), "{err}");
    let (code, _, err) = world.run("sweep --state-dir logs/state logs");
    assert!(code == 2 && err.contains("inside the evidence"), "{err}");
    world.nightly();
    let (code, _, err) = {
        fs::write(world.path("other.key"), [7; 32]).unwrap();
        world.run("sweep --case-key other.key --state-dir state logs")
    };
    assert!(code == 2 && err.contains("another case key"), "{err}");
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(world.path(&format!("state/state.db{end}")));
    }
    fs::write(world.path("state/state.db"), "this is no database at all".repeat(99)).unwrap();
    let (code, _, err) = world.nightly();
    assert!(code == 2 && err.contains("damaged"), "{err}");
    let mode = |name: &str| fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("state"), mode("state/case.key")), (0o700, 0o600));
}

/// A file system of half a megabyte is soon full.
#[test]
fn a_full_disk_harms_nothing() {
    let world = World::new();
    let state = world.path("small");
    fs::create_dir(&state).unwrap();
    let mount = |arguments: &[&str]| {
        let status =
            Command::new("mount").args(arguments).arg(&state).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=640k", "tmpfs"]) {
        eprintln!("SKIPPED: a small file system cannot be mounted here");
        return;
    }
    for n in 0..400 {
        fs::write(world.path(&format!("logs/shop/{n:03}.log")), lines(100 * n, 100 * n + 100))
            .unwrap();
    }
    let (code, _, err) = world.run("sweep -q --state-dir small logs");
    let grown = mount(&["-o", "remount,size=64m"]);
    let (again, _, later) = world.run("sweep -q --state-dir small -o json=new.json logs");
    let read_only = mount(&["-o", "remount,ro"]);
    let (refused, _, why) = world.run("sweep -q --state-dir small logs");
    assert!(Command::new("umount").arg(&state).status().unwrap().success());
    assert!(grown && read_only);
    assert!(code == 2 && err.contains("full"), "{code} {err}");
    assert!(again == 1, "{again} {later}");
    assert_eq!(world.report("new.json")["run"]["sources"].as_array().unwrap().len(), 400);
    assert!(refused == 2 && why.contains("ead-only"), "{refused} {why}");
}

/// Kills a run after a while; whether it was still running.
fn kill_after(mut child: Child, wait: Duration) -> bool {
    std::thread::sleep(wait);
    let running = child.try_wait().unwrap().is_none();
    let _ = child.kill();
    child.wait().unwrap();
    running
}

/// Killed at random moments, the next run ends with the same report. The moments are spread over
/// how long a run takes.
fn survives_kills(times: u32) {
    let world = World::new();
    for n in 0..6 {
        fs::write(world.path(&format!("logs/shop/{n}.log")), lines(1_000 * n, 1_000 * n + 300))
            .unwrap();
    }
    let start = Instant::now();
    world.agrees();
    let whole = start.elapsed() / 2;
    let (mut killed, mut written) = (0, 10_000);
    let mut random = 88_172_645_463_325_252_u64;
    for turn in 0..times {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        world.append(written, written + 40);
        written += 40;
        if turn % 5 == 4 {
            fs::rename(world.log(), world.path(&format!("logs/shop/access.log.{turn}"))).unwrap();
        }
        let mut run = world.command("sweep -q --force --state-dir state -o json=killed.json logs");
        let run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A run that reads only what is new is shorter than the first.
        let moment = whole.mul_f64((random % 750) as f64 / 1_000.0);
        killed += u32::from(kill_after(run, moment));
        if let Ok(text) = fs::read(world.path("killed.json")) {
            assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok(), "half an output");
        }
        if times < 50 || turn % 10 == 9 {
            world.agrees();
        } else {
            let (code, _, err) = world.nightly();
            assert!(code < 2, "{code} {err}");
        }
    }
    world.agrees();
    assert!(killed * 4 > times, "{killed} of {times} were killed at work");
}

#[test]
fn a_few_kills_lose_and_repeat_nothing() {
    survives_kills(5);
}

#[test]
#[ignore = "long: run it in release"]
fn hundreds_of_kills_lose_and_repeat_nothing() {
    survives_kills(300);
}

/// Whether a file is being read for the n-th time, as the state says.
fn is_begun(world: &World, n: i64) -> bool {
    let Ok(db) = rusqlite::Connection::open(world.path("state/state.db")) else { return false };
    let count = db.query_row("SELECT max(count) FROM attempts", [], |row| row.get::<_, i64>(0));
    count.is_ok_and(|count| count >= n)
}

#[test]
fn what_ends_the_program_twice_is_skipped_and_named() {
    let world = World::new();
    let poison = world.path("logs/shop/poison.log");
    fs::write(&poison, lines(0, 1_000).repeat(300)).unwrap();
    for n in 1..=2 {
        let mut run = world.command("sweep -q --state-dir state logs");
        let mut run = run.stdout(Stdio::null()).spawn().unwrap();
        while !is_begun(&world, n) {
            assert!(run.try_wait().unwrap().is_none(), "it ended before it was killed");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(30));
        run.kill().unwrap();
        run.wait().unwrap();
    }
    for _ in 0..2 {
        let (code, out, _) = world.nightly();
        assert_eq!(code & !1, 4, "{out}");
        assert!(out.contains("poison.log: the program ended 2 times"), "{out}");
    }
    let (_, out, _) = world.run("state show --state-dir state");
    assert!(out.contains("poison.log: skipped"), "{out}");
    world.run("state forget --state-dir state logs/shop/poison.log");
    fs::write(&poison, lines(0, 100)).unwrap();
    world.agrees();
}

#[test]
fn a_state_is_shown() {
    let world = World::new();
    world.append(0, 100);
    world.nightly();
    let (code, out, _) = world.run("state show --state-dir state");
    assert_eq!(code, 0);
    assert!(out.contains("logs/shop/access.log: ") && out.contains("100 entries"), "{out}");
    let (code, out, _) = world.run("state gc --state-dir state --keep 1d");
    assert!(code == 0 && out.starts_with("0 contents dropped"), "{out}");
    fs::remove_file(world.log()).unwrap();
    assert!(world.run("state gc --state-dir state --keep 1d").1.starts_with("1 contents dropped"));
    let (code, _, err) = world.run("state show --state-dir nothing");
    assert!(code == 2 && err.contains("no state"), "{err}");
}

#[test]
fn a_state_of_another_version_is_refused_with_a_way_out() {
    let world = World::new();
    world.append(0, 100);
    world.nightly();
    let db = rusqlite::Connection::open(world.path("state/state.db")).unwrap();
    db.pragma_update(None, "user_version", 3).unwrap();
    drop(db);
    let (code, out, err) = world.nightly();
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("another version") && err.contains("--case-key"), "{err}");
    let (code, _, err) = world.run("sweep -q --state-dir new --case-key state/case.key logs");
    assert_eq!((code, err.as_str()), (1, ""));
}

#[test]
fn what_a_changed_rule_finds_is_told_and_nothing_else() {
    let world = World::new();
    world.append(0, 100);
    let rule = |text: &str| {
        let rule = format!(
            "title: own\nid: 00000000-0000-4000-8000-000000000001\nlevel: high\nlogsource: \
             {{category: webserver}}\ndetection: {{k: ['{text}'], condition: k}}\n"
        );
        fs::write(world.path("own.yml"), rule).unwrap();
    };
    let sweep = "sweep -f ndjson --rules own.yml --state-dir state --on-rule-change new-rules logs";
    rule("/page/98 ");
    assert!(world.run(sweep).1.contains("UNION"));
    rule("/page/9");
    let (_, out, _) = world.run(sweep);
    assert_eq!(out.lines().count(), 11, "{out}");
    assert!(out.lines().all(|line| line.contains("-000000000001\"")), "{out}");
    assert_eq!(world.run(sweep).1, "");
}

/// The real logrotate, under a configuration, on the world's log.
struct Rotation<'w> {
    world: &'w World,
    options: &'w str,
}

impl Rotation<'_> {
    fn is_here() -> bool {
        let here = Command::new("logrotate").arg("--version").output().is_ok();
        if !here {
            eprintln!("SKIPPED: logrotate is not installed (Debian package logrotate)");
        }
        here
    }

    fn rotate(&self) {
        let config = self.world.path("rotate.conf");
        let log = self.world.log().display().to_string();
        let text = format!(
            "{log} {{\n{}\nrotate 9\nnocreate\nmissingok\nsu root root\n}}\n",
            self.options
        );
        let text = if is_root() { text } else { text.replace("su root root\n", "") };
        fs::write(&config, text).unwrap();
        let state = self.world.path("rotate.state");
        let mut command = Command::new("logrotate");
        command.arg("--force").arg("--state").arg(state).arg(&config);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

fn files(folder: &Path) -> Vec<String> {
    let names =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Three nights under a rotation: what is written between a run and the rotation is found in the
/// rotated file, nothing is told twice, and nothing looks like tampering.
fn rotates(options: &str, last: &str) {
    if !Rotation::is_here() {
        return;
    }
    let world = World::new();
    let rotation = Rotation { world: &world, options };
    let mut written = 0;
    let mut told = 0;
    for night in 0..3 {
        world.append(written, written + 300);
        world.agrees();
        world.append(written + 300, written + 400);
        if night == 2 && options.contains("dateext") {
            // A date comes only once a day.
            break;
        }
        if night < 1 || !options.contains("dateext") {
            rotation.rotate();
        }
        world.append(written + 400, written + 500);
        written += 500;
        let (code, out, err) = world.run("sweep -q --state-dir state -f ndjson logs");
        assert!(code < 2, "{err}");
        told += out.lines().filter(|line| line.contains("UNION")).count();
        world.agrees();
    }
    let (_, whole, _) = world.run("sweep -q -f ndjson logs");
    assert!(told > 0 && whole.lines().count() > told);
    assert!(!fs::read_to_string(world.path("new.json")).unwrap().contains("tampering"));
    let names = files(&world.path("logs/shop"));
    assert!(names.iter().any(|name| name.contains(last)), "{names:?}");
}

#[test]
fn a_log_is_followed_through_renaming() {
    rotates("", "access.log.3");
}

#[test]
fn a_log_is_followed_through_renaming_and_compression() {
    rotates("compress", "access.log.3.gz");
}

#[test]
fn a_log_is_followed_through_delayed_compression() {
    rotates("compress\ndelaycompress", "access.log.2.gz");
}

#[test]
fn a_log_is_followed_through_copying_and_truncation() {
    rotates("copytruncate", "access.log.3");
}

#[test]
fn a_log_is_followed_through_copying_truncation_and_compression() {
    rotates("copytruncate\ncompress", "access.log.3.gz");
}

#[test]
fn a_log_is_followed_to_a_dated_name() {
    rotates("dateext\ncompress", "access.log-");
}

#[test]
fn a_log_is_followed_into_another_folder() {
    let world = World::new();
    fs::create_dir(world.path("logs/shop/old")).unwrap();
    if Rotation::is_here() {
        let rotation = Rotation { world: &world, options: "olddir old" };
        world.append(0, 300);
        world.nightly();
        rotation.rotate();
        let (_, out, _) = world.nightly();
        // The folder `old` names another site: by the path alone nothing better is known.
        assert!(!out.contains("tampering"), "{out}");
    }
}

/// The units of the README are what systemd takes.
#[test]
fn the_units_of_the_readme_are_sound() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let units: Vec<&str> =
        readme.split("```ini\n").skip(1).filter_map(|text| text.split("```").next()).collect();
    let world = World::new();
    let binary = env!("CARGO_BIN_EXE_leaksweep");
    let names = ["leaksweep.service", "leaksweep.timer"];
    for (name, unit) in names.iter().zip(&units) {
        fs::write(world.path(name), unit.replace("/usr/local/bin/leaksweep", binary)).unwrap();
    }
    assert_eq!(units.len(), 2);
    let mut verify = Command::new("systemd-analyze");
    verify.arg("verify").args(names.iter().map(|name| world.path(name)));
    let Ok(output) = verify.output() else {
        eprintln!("SKIPPED: systemd-analyze is not installed");
        return;
    };
    let (code, out, err) = program::said(&output);
    assert_eq!(code, 0, "{out}{err}");
    assert!(!err.contains("leaksweep."), "{err}");
}
