//! Law 6 for the whole program: ten thousand made-up card numbers, in every spelling, in every
//! field of every kind of log, in names of files, archives' members, sites and keys; and nothing
//! that is written anywhere holds one of them, nor a track or a security code.
//!
//! # What this does not show
//!
//! * A number spelled in a way that the program does not know (ciphers, words, digits of other
//!   scripts, separators other than blank, `-`, `.` and `+`) is no card number to it.
//! * Of a card number, the first six and last four digits are shown (PCI DSS 4.0.1, 3.4.1); of two
//!   files whose names differ only in the digits between, one is not read, and a gap says so.
//! * Memory may be swapped out, and a process of the same user may look into it.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]

mod plant;
mod search;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plant::{DISCRETIONARY, LOGS, Planter, written};

/// Every output that a sweep can write.
const OUTPUTS: &str = "-o text=out/text -o json=out/report.json -o ndjson=out/hits.ndjson \
    -o csv=out/csv -o html=out/html -o ocsf=out/ocsf -o ecs=out/ecs -o timesketch=out/ts.jsonl \
    -o pfi=out/pfi.md -o ppc=out/ppc.html -o part=out/part -o sha256sums=out/sums \
    --manifest out/manifest.json";

/// A folder with evidence, and all that was said and written about it.
struct World {
    folder: tempfile::TempDir,
    planter: Planter,
    said: Vec<(String, Vec<u8>)>,
}

impl World {
    fn new(part: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = Self { folder, planter: Planter::new(), said: Vec::new() };
        // Beside an intrusion, so that all of the intruder's traces are followed.
        let breached = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/zei.example.jp");
        for name in ["access.log", "app.log", "gateway.log"] {
            let bytes = fs::read(breached.join(name)).unwrap();
            world.write(&format!("logs/zei.example.jp/{name}"), bytes);
        }
        for log in LOGS {
            let text = written(log, part, &mut world.planter);
            let path = world.path(&format!("logs/zei.example.jp/{}", log.path));
            let before = fs::read_to_string(path).unwrap_or_default();
            world.write(&format!("logs/zei.example.jp/{}", log.path), before + &text);
        }
        fs::create_dir(world.path("out")).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A line with an attack, in a file whose path is made of cards.
    fn write_named(&mut self, template: &str) {
        let line = "203.0.113.66 - - [08/Mar/2017:05:12:07 +0900] \"GET /a?f=../../../etc/passwd&c={} HTTP/1.1\" 200 7 \"-\" \"-\"\n";
        let (name, line) = (self.planter.fill(template), self.planter.fill(line));
        self.write(&name, line.repeat(3));
    }

    /// Runs the program and keeps what it says.
    fn run(&mut self, arguments: &str) -> Option<i32> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leaksweep"));
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        self.said.push((format!("{arguments}: standard output"), output.stdout));
        self.said.push((format!("{arguments}: standard error"), output.stderr));
        output.status.code()
    }

    /// Everything that was said or written, outside the evidence.
    fn everything(&mut self) -> Vec<(String, Vec<u8>)> {
        let mut all = std::mem::take(&mut self.said);
        for folder in ["out", "state"].map(|name| self.path(name)).iter().filter(|f| f.exists()) {
            let read = |path: PathBuf| (path.display().to_string(), fs::read(path).unwrap());
            all.extend(files(folder).into_iter().map(read));
        }
        all
    }

    /// That nothing which was said or written holds what was planted.
    fn holds_nothing(&mut self) {
        let cards: HashSet<u64> = self.planter.cards.iter().map(|c| c.parse().unwrap()).collect();
        for (name, bytes) in self.everything() {
            let leaks = search::leaks(&bytes, &cards);
            assert!(leaks.is_empty(), "{name}: {} leaks: {:?}", leaks.len(), leaks.first());
            for secret in [DISCRETIONARY, "cvv=739", "Code\":\"739", "Code\\\":\\\"739"] {
                let found = memchr::memmem::find(&bytes, secret.as_bytes());
                assert_eq!(found, None, "{name} holds {secret}");
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Plants one in `part` of ten thousand cards and looks for them everywhere.
fn nothing_leaks(part: usize) {
    let mut world = World::new(part);
    for name in ["logs/f{=}/access.log", "logs/x/a-{=}.log", "logs/x/{=}/{=}.log"] {
        world.write_named(name);
    }
    assert!(world.planter.cards.len() * part >= 9_000, "{}", world.planter.cards.len());
    let code = world.run(&format!("sweep -v {OUTPUTS} logs"));
    assert!(matches!(code, Some(1 | 5)), "{code:?}");
    let site = fs::read_to_string(world.path("out/text")).unwrap();
    assert!(site.contains("confirmed-"), "an intruder is followed: {site}");
    world.run("sweep --no-pivot -q -f json logs");
    world.run("sweep --state-dir state logs");
    world.run("sweep --state-dir state -f text logs");
    world.run("verify out/manifest.json");
    world.run("compare out/report.json out/report.json");
    world.run("merge -f text out/part");
    for log in LOGS {
        let path = format!("logs/zei.example.jp/{}", log.path);
        world.run(&format!("inspect {path}"));
        world.run(&format!("inspect --events -f ndjson {path}"));
        world.run(&format!("show -C 5 {path}:6"));
    }
    world.holds_nothing();
}

#[test]
fn nothing_leaks_of_a_thousand_cards() {
    nothing_leaks(10);
}

#[test]
#[ignore = "takes minutes unless built with --release"]
fn nothing_leaks_of_ten_thousand_cards() {
    nothing_leaks(1);
}

/// What was swept under a name with a card in it can be verified, shown and swept again.
#[test]
fn a_hidden_name_leads_back_to_its_file() {
    let mut world = World::new(1_000);
    world.write_named("named/f{=}/a-{=}.log");
    let file = files(&world.path("named")).remove(0);
    assert_eq!(
        world.run("sweep -q -o json=out/r.json --manifest out/manifest.json named"),
        Some(1)
    );
    assert_eq!(world.run("verify out/manifest.json"), Some(0));
    let report = fs::read_to_string(world.path("out/r.json")).unwrap();
    let (_, path) = report.split_once("\"path\": \"named/").unwrap();
    let hidden = format!("named/{}", path.split('"').next().unwrap());
    assert!(hidden.contains('…'), "{hidden}");
    assert_eq!(world.run(&format!("show {hidden}:2")), Some(0));
    assert_eq!(world.run(&format!("show {}:2", file.display())), Some(0));
    world.run("sweep --state-dir state named");
    assert_eq!(world.run("sweep --state-dir state named"), Some(0), "nothing is new");
    world.holds_nothing();
}

/// Errors quote what is wrong, and a card in it is no exception.
#[test]
fn errors_quote_no_card() {
    let mut world = World::new(1_000);
    let broken = [
        (
            "rules/a.yml",
            "title: x {=}\nid: {=}\nlogsource: {category: webserver}\ndetection:\n  a: {cs-uri|{=}: b}\n  condition: b {=}\n",
        ),
        ("rules/b.yml", "title: [ {=}\n"),
        ("sites.toml", "[[site]]\nname = \"{=}\"\n{=} = 1\n"),
        ("bad.toml", "[[site]]\nname = {=} {=}\n"),
        ("config.toml", "{=} = 1\n"),
        ("config2.toml", "sites = \"{=}\" {=}\n"),
        ("map.toml", "{=} = \"x\"\n"),
        ("old.json", "{\"schema\":\"{=}\"}"),
    ];
    for (name, template) in broken {
        let text = world.planter.fill(template);
        world.write(name, text);
    }
    let card = world.planter.card();
    let arguments = [
        "rules check --rules rules/a.yml",
        "rules check --rules rules/b.yml",
        "sweep --rules rules/a.yml logs",
        "sweep --sites sites.toml logs",
        "sweep --sites bad.toml logs",
        "--config config.toml sweep logs",
        "--config config2.toml sweep logs",
        "sweep --mapping map.toml logs",
        "compare old.json old.json",
        "merge old.json",
        "verify old.json",
        "sweep --CARD logs",
        "sweep --timezone CARD logs",
        "sweep --since CARD logs",
        "sweep --diagnostics json --fail-on CARD logs",
        "sweep CARD",
        "inspect CARD.log",
        "show CARD.log:1",
        "rules explain CARD",
        "state show --state-dir CARD",
        "sweep -o json=none/CARD.json logs",
    ];
    for arguments in arguments {
        let code = world.run(&arguments.replace("CARD", &card));
        assert!(matches!(code, Some(2 | 3)), "{arguments}: {code:?}");
        let (_, said) = world.said.last().unwrap();
        assert!(!said.is_empty(), "{arguments} says why");
    }
    world.holds_nothing();
}

/// A core dump would hold the evidence as it was read.
#[cfg(target_os = "linux")]
#[test]
fn no_core_is_dumped() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leaksweep"));
    let mut child = command
        .args(["sweep", "-q", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let is_off = || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let limits = fs::read_to_string(&limits).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        core.split_whitespace().rev().take(3).skip(1).all(|word| word == "0")
    };
    let off = (0..500).any(|_| is_off());
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(off);
}
