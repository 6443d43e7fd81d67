//! The program as it is run: bad input, exit codes, outputs, and that its outputs are what their
//! schemas say.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;

const LINE: &str = "192.0.2.1 - - [08/Mar/2017:05:12:07 +0900] \"GET /a?b=1 HTTP/1.1\" 200 7 \"-\" \"Mozilla/5.0\"\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn leaksweep(arguments: &[&str], folder: &Path) -> Output {
    program::program(folder, arguments.iter().copied()).output().unwrap()
}

fn run(folder: &Folder, arguments: &str) -> (i32, String, String) {
    program::run(folder.0.path(), arguments)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn samples(arguments: &str) -> (i32, String, String) {
    program::run(root(), arguments)
}

/// Folder, and a good log in it at `logs/shop/access.log`.
fn with_log() -> Folder {
    let folder = Folder::new();
    folder.write("logs/shop/access.log", LINE.repeat(3));
    folder
}

#[test]
fn input_that_is_not_there_is_no_clean_result() {
    let folder = with_log();
    fs::create_dir(folder.path("empty")).unwrap();
    let (code, out, err) = run(&folder, "sweep gone");
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("gone") && err.contains("no input matched"), "{err}");
    assert_eq!(run(&folder, "sweep empty").0, 3);
    let (code, out, err) = run(&folder, "sweep logs gone");
    assert_eq!(code, 4, "{err}");
    assert!(out.contains("shop") && err.contains("gone"), "{out}{err}");
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_a_gap() {
    use std::os::unix::fs::PermissionsExt;
    let folder = with_log();
    let closed = folder.path("logs/closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read_dir(&closed).is_err() {
        let (code, _, err) = run(&folder, "sweep logs");
        assert_eq!(code, 4, "{err}");
        assert!(err.contains("closed"), "{err}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn bytes_that_are_no_log_are_reported_and_harm_nothing() {
    let noise: Vec<u8> =
        (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let elf = [b"\x7fELF\x02\x01\x01\0\0\0".as_slice(), &noise].concat();
    let mixed = [LINE.as_bytes(), b"\xff\xfe\x80 caf\xe9\n", b"a\0b\0\n", LINE.as_bytes()].concat();
    let cases: [(&str, Vec<u8>, &[i32]); 5] = [
        ("binary", elf, &[4]),
        ("no-utf8", mixed, &[0, 4]),
        ("nul", vec![0; 4096], &[0, 4]),
        ("misfit", b"this line fits no format at all\n".to_vec(), &[0]),
        ("empty", Vec::new(), &[0]),
    ];
    for (name, bytes, codes) in cases {
        let folder = Folder::new();
        folder.write(&format!("logs/{name}.log"), bytes);
        let (code, _, err) = run(&folder, "sweep logs");
        assert!(codes.contains(&code), "{name}: {code} {err}");
        assert_eq!(code == 4, err.contains(name), "{name}: {err}");
    }
}

#[test]
fn a_huge_line_is_cut_and_said_to_be() {
    let folder = Folder::new();
    let path = folder.write("logs/access.log", LINE);
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    let piece = vec![b'a'; 1 << 20];
    (0..64).for_each(|_| file.write_all(&piece).unwrap());
    file.write_all(b"\n").unwrap();
    let (code, _, err) = run(&folder, "sweep logs");
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("access.log"), "{err}");
}

#[test]
fn what_lies_beyond_a_bound_is_said_and_told_apart_when_it_is_raised() {
    let folder = Folder::new();
    let line = |n: usize| {
        // Pages that differ by numbers are one.
        let page: String = n.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
        format!("192.0.2.1 - - [08/Mar/2017:10:00:00 +0900] \"GET /{page}.php HTTP/1.1\" 200 {n}\n")
    };
    folder.write("access.log", (0..6_000).map(line).collect::<String>());
    let (_, bounded, _) = run(&folder, "sweep -f json access.log");
    assert!(bounded.contains("1000 answers are of pages beyond the first 5000"), "{bounded}");
    let (_, raised, _) = run(&folder, "sweep -f json --bounds 2 access.log");
    assert!(!raised.contains("are of pages beyond") && raised.contains("\"--bounds\""));
    folder.write("key", [7; 32]);
    let parts = run(&folder, "sweep --bounds 2 --case-key key -o part=part access.log").0;
    assert_eq!(parts, 0);
    let merged = run(&folder, "merge --bounds 2 -f json part").1;
    let (_, whole, _) = run(&folder, "sweep -f json --bounds 2 --case-key key access.log");
    assert_eq!(merged, whole);
    let (code, _, err) = run(&folder, "merge part");
    assert!(code == 2 && err.contains("--bounds"), "{code} {err}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = with_log();
    folder.write("bad.toml", "[[site]]\nname = \"a\"\nhots = []\n");
    folder.write("bad.yml", "title: x\ndetection: [\n");
    folder.write("short.key", "abc");
    folder.write("there.json", "x");
    let cases = [
        ("sweep", "PATH"),
        ("sweep logs --nonsense", "--nonsense"),
        ("sweep logs -f pdf", "html"),
        ("sweep logs -o report.json", "html=report.html"),
        ("sweep logs -o json=logs/r.json", "inside the evidence"),
        ("sweep logs -o json=logs/shop/access.log --force", "evidence"),
        ("sweep logs -o json=there.json", "--force"),
        ("sweep logs -o json=a.json -o html=a.json", "twice"),
        ("sweep logs -o json=none/r.json", "none"),
        ("sweep logs --fail-on maybe", "suspected"),
        ("sweep logs --timezone Nowhere/Land", "Asia/Tokyo"),
        ("sweep logs --since yesterday", "2017-03-09"),
        ("sweep logs --since 2017-03-09 --until 2017-03-08", "before it starts"),
        ("sweep logs --sites bad.toml", "hots"),
        ("sweep logs --sites gone.toml", "gone.toml"),
        ("sweep logs --rules bad.yml", "bad.yml"),
        ("sweep logs --rules gone.yml", "gone.yml"),
        ("sweep logs --no-builtin-rules", "--rules"),
        ("sweep logs --case-key short.key", "short.key"),
        ("sweep logs -q -v", "-v"),
        ("report there.json", "not a report"),
        ("merge there.json", "not a part"),
        ("show logs/shop/access.log", "SOURCE:LINE"),
        ("show logs/shop/access.log:99", "line 99"),
        ("show gone.log:1", "gone.log"),
        ("inspect logs/shop/access.log --events", "ndjson"),
        ("rules explain no-such-rule", "no-such-rule"),
    ];
    for (arguments, hint) in cases {
        let (code, out, err) = run(&folder, arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments}: {err}");
        assert!(err.contains(hint), "{arguments}: {err}");
    }
    assert_eq!(fs::read(folder.path("there.json")).unwrap(), b"x");
    assert_eq!(fs::read_dir(folder.path("logs/shop")).unwrap().count(), 1);
}

#[test]
fn a_clean_run_says_nothing_but_its_result() {
    let folder = with_log();
    let (code, out, err) = run(&folder, "sweep logs");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("SITE") && out.contains("shop"), "{out}");
    let (code, out, err) = run(&folder, "sweep -q logs -o json=r.json -o html=r.html");
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    let page = fs::read_to_string(folder.path("r.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(run(&folder, "--help").1.contains("Examples:"));
    assert!(run(&folder, "sweep --help").1.contains("--case-key"));
}

#[test]
fn standard_input_is_evidence_too() {
    let folder = Folder::new();
    let sweep = ["sweep", "--site", "shop.example.jp", "-f", "json", "-"];
    let mut command = program::program(folder.0.path(), sweep);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(LINE.as_bytes()).unwrap();
    let (code, out, err) = program::said(&child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["sites"][0]["site"], "shop.example.jp");
    assert_eq!(report["sites"][0]["coverage"]["lines"], 1);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let sweep = ["sweep", "-f", "json", "sample-logs"];
    let mut child = program::program(root(), sweep).spawn().unwrap();
    drop(child.stdout.take());
    let (code, _, err) = program::said(&child.wait_with_output().unwrap());
    assert!(![2, 101].contains(&code), "{code} {err}");
    assert!(!err.contains("panicked") && !err.contains("roken pipe"), "{err}");
}

#[test]
fn threads_and_order_change_no_byte() {
    let folder = with_log();
    folder.write("more/pay/access.log", LINE.replace("192.0.2.1", "192.0.2.2"));
    let one = run(&folder, "sweep -f json -j 1 logs more");
    assert_eq!(one, run(&folder, "sweep more logs -f json -j 3"));
    assert_eq!(one.0, 0, "{}", one.2);
}

#[test]
fn parts_make_the_report_of_one_run() {
    let folder = with_log();
    folder.write("more/pay/access.log", LINE.replace("192.0.2.1", "192.0.2.2"));
    folder.write("key", [7; 32]);
    for part in ["logs", "more"] {
        let (code, _, err) =
            run(&folder, &format!("sweep --case-key key {part} -q -o part={part}.part"));
        assert_eq!(code, 0, "{err}");
    }
    let whole = run(&folder, "sweep logs more -f json");
    assert_eq!(run(&folder, "merge more.part logs.part -f json"), whole);
    assert_eq!(run(&folder, "merge logs.part more.part logs.part -f json"), whole);
    run(&folder, "sweep more -q -o part=other.part");
    let (code, _, err) = run(&folder, "merge logs.part other.part");
    assert_eq!(code, 2);
    assert!(err.contains("other.part") && err.contains("--case-key"), "{err}");
}

/// A planted page at one site, and its user's harmless visit to another.
fn with_intruder() -> Folder {
    let folder = Folder::new();
    let line = |client: &str, second: usize, request: &str, bytes: usize| {
        format!(
            "{client} - - [08/Mar/2017:05:12:{second:02} +0900] \"{request} HTTP/1.1\" 200 {bytes} \"-\" \"x\"\n"
        )
    };
    let mut shop = line("203.0.113.66", 0, "GET /index.html", 5_120);
    for i in 1..9 {
        shop += &line("203.0.113.66", i, "POST /img/shell.jsp?cmd=id", 100 + 37 * i);
        shop += &line("198.51.100.7", i, "GET /index.html", 5_120);
    }
    for i in 1..=30 {
        shop += &line("203.0.113.66", 10 + i, &format!("GET /order?id={}", 9_900 + i), 700);
    }
    shop += &line("203.0.113.66", 50, "GET /dump/customers.sql.gz", 48_211_334);
    folder.write("shop/access.log", shop);
    folder.write("pay/access.log", line("203.0.113.66", 40, "GET /terms", 900).repeat(2));
    folder.write("clean/access.log", LINE.repeat(3));
    folder.write("key", [7; 32]);
    folder
}

#[test]
fn an_intruder_is_followed_to_every_site() {
    let folder = with_intruder();
    let report = |arguments: &str| {
        let (code, out, err) = run(&folder, arguments);
        assert!([0, 1].contains(&code), "{err}");
        serde_json::from_str::<Value>(&out).unwrap()
    };
    let whole = report("sweep -f json shop pay clean");
    let actor = &whole["actors"][0];
    assert_eq!(actor["intruder_at"], serde_json::json!(["shop"]), "{actor:#}");
    let visit = |at: usize, key: &str| actor["seen_at"][at][key].clone();
    assert_eq!((visit(0, "site"), visit(0, "requests")), ("pay".into(), 2.into()));
    assert_eq!((visit(1, "site"), visit(1, "requests")), ("shop".into(), 40.into()));
    assert_eq!(visit(1, "first"), "2017-03-08T05:12:00+09:00", "before its first hit");
    assert_eq!((&whole["pivot"]["ruled_out"], &whole["pivot"]["open"]), (&1.into(), &0.into()));
    let told = whole["sites"][1]["reasons"].to_string();
    assert!(told.contains("203.0.113.66, an intruder of shop, was here, too: 2 entries"), "{told}");

    let chain = &whole["sites"][2]["findings"][0];
    let step = |text: &str| {
        let steps = chain["steps"].as_array().unwrap();
        steps.iter().find(|s| s["text"].as_str().unwrap().contains(text)).unwrap().clone()
    };
    assert_eq!(chain["rule"]["id"], "leaksweep-intrusion");
    let dump = step("/dump/customers.sql.gz answered with 48211334 bytes");
    assert_eq!((&dump["stage"], &dump["locus"]["line"]), (&"exfiltration".into(), &48.into()));
    assert_eq!(step("walk through /order?id=#: 29 of 30")["stage"], "collection");
    assert_eq!(step("first entry")["locus"]["line"], 1);

    let without = report("sweep -f json shop pay clean --no-pivot");
    assert_eq!(without["pivot"]["open"], 2);
    assert_eq!(without["sites"][2]["actors"], serde_json::json!([]));

    for part in ["shop", "pay", "clean"] {
        run(&folder, &format!("sweep --case-key key {part} -q -o part={part}.part"));
    }
    let merged = report("merge -f json pay.part clean.part shop.part");
    assert_eq!(merged, whole);
    fs::remove_file(folder.path("pay/access.log")).unwrap();
    let merged = report("merge -f json pay.part clean.part shop.part");
    assert_eq!(merged["pivot"]["open_sources"], serde_json::json!(["pay/access.log"]));
}

#[test]
fn a_report_is_rendered_again_as_it_was() {
    let folder = Folder::new();
    let json = folder.path("r.json");
    let (code, text, _) = samples(&format!("sweep sample-logs -o json={}", json.display()));
    assert!(code != 2, "{code}");
    assert_eq!(run(&folder, "report r.json"), (0, text, String::new()));
    let again = run(&folder, "report r.json -f json");
    assert_eq!(again.1, fs::read_to_string(&json).unwrap());
    let (code, out, err) = run(&folder, "report r.json -f ndjson");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("--hits FILE"), "{err}");
}

/// What each line of an output says of its site at `at` (a JSON pointer).
fn per_site(text: &str, at: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        *counts.entry(value.pointer(at).unwrap().as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn every_format_tells_the_same_for_every_site() {
    let folder = Folder::new();
    let to = |name: &str| folder.path(name).display().to_string();
    let (json, ndjson) = (to("json"), to("ndjson"));
    samples(&format!("sweep sample-logs -q -o json={json} -o ndjson={ndjson}"));
    let formats = ["ocsf", "ecs", "csv", "timesketch", "html"];
    let outputs = formats.map(|f| format!("-o {f}={}", to(f))).join(" ");
    let (code, _, err) = samples(&format!("report {json} --hits {ndjson} -q {outputs}"));
    assert_eq!(code, 0, "{err}");
    let text = |name: &str| fs::read_to_string(folder.path(name)).unwrap();

    let report: Value = serde_json::from_str(&text("json")).unwrap();
    let cases = || report["sites"].as_array().unwrap().iter();
    let number = |case: &Value| case["findings"].as_array().unwrap().len();
    let site = |case: &Value| case["site"].as_str().unwrap().to_owned();
    let findings: BTreeMap<_, _> =
        cases().filter(|c| number(c) > 0).map(|c| (site(c), number(c))).collect();
    assert_eq!(per_site(&text("ocsf"), "/unmapped/leaksweep/site"), findings);
    assert_eq!(per_site(&text("ecs"), "/leaksweep/site"), findings);
    assert_eq!(text("html").matches("class=\"finding\"").count(), findings.values().sum::<usize>());

    let hits = per_site(&text("ndjson"), "/site");
    assert_eq!(hits.keys().collect::<Vec<_>>(), findings.keys().collect::<Vec<_>>());
    assert_eq!(per_site(&text("timesketch"), "/site"), hits);
    for (site, n) in &hits {
        let rows = text("csv").lines().filter(|row| row.starts_with(&format!("{site},"))).count();
        assert_eq!(rows, *n, "{site}");
    }
}

#[test]
fn two_reports_are_laid_side_by_side() {
    let folder = with_intruder();
    assert_eq!(run(&folder, "sweep shop pay -q -o json=a.json").0, 1);
    assert_eq!(run(&folder, "sweep shop clean -q -o json=b.json").0, 1);
    let (code, out, err) = run(&folder, "compare a.json a.json");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("Everything agrees"), "{out}");
    let (code, out, err) = run(&folder, "compare a.json b.json -f json -o html=c.html");
    assert_eq!((code, err.as_str()), (1, ""));
    let compared: Value = serde_json::from_str(&out).unwrap();
    let sites = compared["sites"].as_array().unwrap().iter();
    let states: Vec<_> = sites.map(|s| (s["site"].as_str(), s["state"].as_str())).collect();
    let states: Vec<_> = states.into_iter().map(|(a, b)| (a.unwrap(), b.unwrap())).collect();
    assert_eq!(states, [("clean", "only-b"), ("pay", "only-a"), ("shop", "same")]);
    assert_eq!(compared["evidence"]["only_a"], serde_json::json!(["pay/access.log"]));
    assert!(fs::read_to_string(folder.path("c.html")).unwrap().contains("Table of changes"));
    fs::write(folder.path("no.json"), "{}").unwrap();
    for refused in ["compare a.json no.json", "compare a.json gone.json", "compare a.json"] {
        assert_eq!(run(&folder, refused).0, 2, "{refused}");
    }
    let (code, out, err) = run(&folder, "compare a.json b.json -f ndjson");
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
}

#[test]
fn a_manifest_tells_what_was_changed_since() {
    let folder = with_log();
    fs::create_dir(folder.path("case")).unwrap();
    let outputs = "-q -o json=case/r.json -o html=case/r.html --manifest case/manifest.json";
    let (code, _, err) = run(&folder, &format!("sweep logs {outputs}"));
    assert_eq!(code, 0, "{err}");
    let (code, out, err) = run(&folder, "verify case/manifest.json");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("3 of 3 files"), "{out}");
    let sums = fs::read_to_string(folder.path("case/SHA256SUMS")).unwrap();
    for name in ["logs/shop/access.log", "case/r.json", "case/r.html", "case/manifest.json"] {
        assert!(sums.contains(&format!("  {name}\n")), "{sums}");
    }
    folder.write("logs/shop/access.log", LINE.repeat(4));
    fs::remove_file(folder.path("case/r.html")).unwrap();
    let (code, out, _) = run(&folder, "verify case/manifest.json");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("evidence logs/shop/access.log differs"), "{out}");
    assert!(out.contains("output case/r.html is not there"), "{out}");
    assert!(out.contains("1 of 3 files"), "{out}");
    let (code, _, err) = run(&folder, &format!("sweep logs {outputs}"));
    assert_eq!(code, 2);
    assert!(err.contains("--force"), "{err}");
    assert_eq!(run(&folder, "verify case/r.json").0, 2);
}

#[test]
fn an_option_comes_from_the_command_line_the_environment_the_file() {
    let folder = with_log();
    folder.write("c.toml", "format = \"json\"\nfail-on = \"none\"\n");
    folder.write("bad.toml", "fail-onn = \"none\"\n");
    folder.write("wrong.toml", "fail-on = \"maybe\"\n");
    let run = |arguments: &str, format: Option<&str>| {
        let mut command = program::program(folder.0.path(), arguments.split(' '));
        if let Some(format) = format {
            command.env("LEAKSWEEP_FORMAT", format);
        }
        program::said(&command.output().unwrap())
    };
    let first = |text: String| text.lines().next().unwrap_or_default().to_owned();
    assert_eq!(first(run("sweep logs --config c.toml", None).1), "{");
    assert!(first(run("sweep logs --config c.toml", Some("csv")).1).starts_with("site,source"));
    let typed = run("sweep logs --config c.toml -f text", Some("csv")).1;
    assert!(first(typed).starts_with("SITE"));
    let shown = run("config show --config c.toml", Some("csv")).1;
    for line in [
        "format = \"csv\"    # LEAKSWEEP_FORMAT",
        "fail-on = \"none\"    # c.toml",
        "color = \"auto\"    # default",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    for (file, named) in
        [("bad.toml", "fail-onn"), ("wrong.toml", "suspected"), ("gone.toml", "gone")]
    {
        let (code, _, err) = run(&format!("sweep logs --config {file}"), None);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(named), "{err}");
    }
}

#[test]
fn diagnostics_are_sentences_or_objects() {
    let folder = with_log();
    let (code, _, err) = run(&folder, "sweep logs gone --diagnostics json");
    assert_eq!(code, 4, "{err}");
    let line: Value = serde_json::from_str(err.lines().next().unwrap()).unwrap();
    assert_eq!((&line["level"], &line["source"]), (&"warning".into(), &"gone".into()));
    let (code, _, err) = run(&folder, "sweep logs --sites gone.toml --diagnostics json");
    assert_eq!(code, 2);
    let line: Value = serde_json::from_str(&err).unwrap();
    assert!(line["level"] == "error" && line["message"].as_str().unwrap().contains("gone.toml"));
}

#[test]
fn shells_and_readers_of_manuals_are_served() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, _) = samples(&format!("completions {shell}"));
        assert!(code == 0 && out.contains("sweep") && out.contains("fail-on"), "{shell}");
    }
    let (code, out, _) = samples("man");
    assert!(code == 0 && out.contains(".TH leaksweep 1"), "{out}");
    let (code, out, _) = samples("man sweep");
    assert!(code == 0 && out.contains("fail\\-on"), "{out}");
    assert_eq!(samples("man nonsense").0, 2);
}

#[test]
fn a_baseline_marks_and_removes_nothing() {
    let folder = Folder::new();
    let to = |name: &str| folder.path(name).display().to_string();
    samples(&format!("sweep sample-logs -q -o json={}", to("old")));
    let mut old: Value = serde_json::from_slice(&fs::read(folder.path("old")).unwrap()).unwrap();
    let whole = old.clone();
    let at =
        whole["sites"].as_array().unwrap().iter().position(|case| case["findings"][1].is_object());
    let findings = &mut old["sites"][at.unwrap()]["findings"];
    findings.as_array_mut().unwrap().remove(0);
    findings[0]["count"] = 999_999.into();
    folder.write("changed", old.to_string());
    let (code, out, err) =
        samples(&format!("report {} --baseline {} -f json", to("old"), to("changed")));
    assert_eq!(code, 0, "{err}");
    let mut marked: Value = serde_json::from_str(&out).unwrap();
    let mut marks = Vec::new();
    for case in marked["sites"].as_array_mut().unwrap() {
        for finding in case["findings"].as_array_mut().unwrap() {
            marks.push(finding.as_object_mut().unwrap().remove("baseline").unwrap());
        }
    }
    assert_eq!(marked, whole, "nothing else changes");
    assert_eq!(marks.iter().filter(|mark| *mark == "new").count(), 1);
    assert_eq!(marks.iter().filter(|mark| *mark == "changed").count(), 1);
}

#[test]
fn events_are_written_field_by_field() {
    let folder = with_log();
    let (code, out, err) = run(&folder, "inspect --events -f ndjson logs/shop/access.log");
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out.lines().count(), 3);
    let event: Value = serde_json::from_str(out.lines().nth(1).unwrap()).unwrap();
    for (key, value) in [
        ("line", Value::from(2)),
        ("time", "2017-03-08T05:12:07+09:00".into()),
        ("client_ip", "192.0.2.1".into()),
        ("method", "GET".into()),
        ("path", "/a".into()),
        ("query", "b=1".into()),
        ("status", 200.into()),
        ("bytes", 7.into()),
        ("user_agent", "Mozilla/5.0".into()),
        ("referer", Value::Null),
        ("user", Value::Null),
    ] {
        assert_eq!(event[key], value, "{key}: {event}");
    }
    let (code, out, _) = run(&folder, "inspect logs/shop/access.log");
    assert_eq!(code, 0);
    assert!(out.contains("format") && out.contains("c-ip") && out.contains("192.0.2.1"), "{out}");
}

#[test]
fn an_entry_is_shown_again_masked() {
    let folder = Folder::new();
    let card = format!("4{}", "1".repeat(15)); // a published test number
    let line =
        |n: u32| format!("ts=2017-03-08T05:20:1{n}+09:00 op=ExecTran cardNo={card} n=x{n}\n");
    folder.write("logs/gateway.log", (0..5).map(line).collect::<String>());
    let (code, out, err) = run(&folder, "show -C 1 logs/gateway.log:3");
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(out.contains("> 3: ts=2017-03-08T05:20:12") && !out.contains(&card), "{out}");
    for arguments in ["inspect logs/gateway.log", "inspect --events -f ndjson logs/gateway.log"] {
        let (code, out, _) = run(&folder, arguments);
        assert_eq!(code, 0);
        assert!(out.contains("ExecTran") && !out.contains(&card), "{out}");
    }
}

#[test]
fn the_rules_are_listed_checked_and_explained() {
    let (code, out, err) = samples("rules list");
    assert_eq!((code, err.as_str()), (0, ""));
    let id = out.lines().next().unwrap().split_whitespace().nth(1).unwrap();
    assert!(samples(&format!("rules explain {id}")).1.contains(id));
    let (code, out, _) = samples("rules check");
    assert!(code == 0 && out.contains("no error, 0 warnings"), "{out}");
    let (code, out, _) = samples("rules test");
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_broken_rule_ends_with_2_and_an_odd_one_is_named() {
    let check = |file: &str| {
        samples(&format!("rules check --no-builtin-rules --rules tests/faults/{file}.yml"))
    };
    let (code, out, err) = check("E021-unknown");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("error[E021]") && err.contains("E021-unknown.yml:5:16"), "{err}");
    let (code, out, _) = check("W041-unmapped");
    assert_eq!(code, 0);
    assert!(out.contains("warning[W041]") && out.contains("W041-unmapped.yml:5:9"), "{out}");
    assert!(out.contains("1 rules, no error, 1 warnings"), "{out}");
}

#[test]
fn a_rule_says_what_it_looks_for_and_where_it_can_fire() {
    let (code, out, _) = samples("rules explain 3fed2d6b");
    assert_eq!(code, 0);
    let line = |label: &str, part: &str| {
        assert!(out.lines().any(|l| l.starts_with(label) && l.contains(part)), "{label}: {out}");
    };
    line("logs", "category webserver");
    line("looks for", "cs-content-type");
    line("fields", "cs-content-type");
    line("fires on", "json-access");
    line("not on", "log4j");
    line("finds", "content_type");
    let (_, out, _) = samples("rules explain 5f60b3f6");
    assert!(out.contains("measures    temporal_ordered") && out.contains("refers to"), "{out}");
}

#[test]
fn a_correlation_says_what_it_counts_or_orders() {
    for (title, lines) in [
        ("temporal with a condition that says not", &["condition   fail and not ok"][..]),
        ("temporal_ordered, by event time", &["condition   every rule", "within      10 s"]),
        (
            "value_percentile",
            &["measures    value_percentile 90", "of          n", "condition   >= 9"],
        ),
        ("event_count between two bounds", &["condition   > 1 and <= 3", "by          u"]),
        ("aliases", &["alias       user: u in fail, who in other"]),
        (
            "what a filter leaves out",
            &["filter      a filter: not s", "            s: g \"known\""],
        ),
    ] {
        let arguments = "rules explain --no-builtin-rules --rules tests/sigma".split(' ');
        let arguments: Vec<&str> = arguments.chain([title]).collect();
        let (code, out, err) = program::said(&leaksweep(&arguments, root()));
        assert_eq!(code, 0, "{err}");
        for line in lines {
            assert!(out.lines().any(|l| l == *line), "{title}: no {line:?} in\n{out}");
        }
    }
}

#[test]
fn outputs_are_what_their_schemas_say() {
    let folder = Folder::new();
    let to = |name: &str| folder.path(name).display().to_string();
    let outputs = format!("-o json={} -o ndjson={} -o part={}", to("r"), to("h"), to("p"));
    let (code, _, err) = samples(&format!("sweep -q sample-logs {outputs}"));
    assert!(![2, 3, 101].contains(&code), "{err}");
    let without = format!("-o json={}", to("s"));
    samples(&format!("sweep -q --no-pivot sample-logs/water.example.com {without}"));
    for (a, b, out) in [("r", "s", "c"), ("s", "r", "d")] {
        let compared = samples(&format!("compare -f json {} {}", to(a), to(b))).1;
        fs::write(folder.path(out), compared).unwrap();
    }
    for (file, schema) in [
        ("r", "report"),
        ("s", "report"),
        ("h", "hit"),
        ("p", "part"),
        ("c", "comparison"),
        ("d", "comparison"),
    ] {
        let schema: Value = serde_json::from_str(&samples(&format!("schema {schema}")).1).unwrap();
        let text = fs::read_to_string(folder.path(file)).unwrap();
        for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            let wrong = fault(&value.unwrap(), &schema, &schema, "");
            assert_eq!(wrong, None, "{file}");
        }
    }
}

/// The first place where a value is not what a schema says; knows the words that ours use.
fn fault(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return fault(value, root.pointer(&reference[1..]).unwrap(), root, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().any(|one| fault(value, one, root, at).is_none());
        return (!fits).then(|| format!("{at}: {value} fits none of {any:?}"));
    }
    let is_type = match schema["type"].as_str() {
        None => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some(other) => return Some(format!("type {other}?")),
    };
    let listed = schema["enum"].as_array().is_none_or(|values| values.contains(value));
    let constant = schema.get("const").is_none_or(|constant| constant == value);
    let least = schema["minimum"].as_i64().is_none_or(|least| value.as_i64() >= Some(least));
    let matches = schema["pattern"].as_str().is_none_or(|pattern| {
        regex::Regex::new(pattern).unwrap().is_match(value.as_str().unwrap_or_default())
    });
    if !(is_type && listed && constant && least && matches) {
        return Some(format!("{at}: {value} is not {schema}"));
    }
    let required = schema["required"].as_array().into_iter().flatten();
    if let Some(missing) = required.filter_map(Value::as_str).find(|key| value.get(key).is_none()) {
        return Some(format!("{at}: {missing} is missing"));
    }
    let described =
        schema.get("properties").filter(|_| schema.get("additionalProperties").is_none());
    if let (Some(described), Some(members)) = (described, value.as_object())
        && let Some(key) = members.keys().find(|key| described.get(key.as_str()).is_none())
    {
        return Some(format!("{at}/{key} is not described"));
    }
    let items = value.as_array().into_iter().flatten().enumerate();
    let mut items = items.map(|(i, item)| (i.to_string(), item, &schema["items"]));
    let members = value.as_object().into_iter().flatten().map(|(key, member)| {
        let known = schema["properties"].get(key);
        (key.clone(), member, known.unwrap_or(&schema["additionalProperties"]))
    });
    let mut inside = items.by_ref().chain(members);
    inside.find_map(|(key, inner, schema)| fault(inner, schema, root, &format!("{at}/{key}")))
}

/// What leaksweep writes holds no record that leaksweep could find.
#[test]
fn outputs_hold_nothing_to_be_found() {
    let folder = Folder::new();
    let formats = ["html", "json", "ndjson", "csv", "text"];
    let to =
        |format: &&str| format!("-o {format}={}", folder.path(&format!("{format}.log")).display());
    let outputs: Vec<String> = formats.iter().map(to).collect();
    samples(&format!("sweep -q sample-logs {}", outputs.join(" ")));
    let (code, out, err) =
        program::said(&leaksweep(&["sweep", "-f", "json", "."], folder.0.path()));
    assert!(code == 0 || code == 1, "{code} {err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    for site in report["sites"].as_array().unwrap() {
        assert_eq!(site["units"]["observed"]["distinct"]["card_number"], 0, "{}", site["site"]);
        assert_eq!(site["units"]["observed"]["distinct"]["email"], 0, "{}", site["site"]);
    }
}

/// `$ leaksweep …` and `$ cargo run --release -- …` in the README, as they stand there; output
/// that follows a command is how its output begins.
#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let folder = Folder::new();
    #[cfg(unix)]
    std::os::unix::fs::symlink(root().join("sample-logs"), folder.path("sample-logs")).unwrap();
    let mut commands = 0;
    for block in text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for part in block.split("$ ").skip(1) {
            let (command, shown) = part.split_once('\n').unwrap_or((part, ""));
            let command = command.replace("cargo run --release -- ", "leaksweep ");
            let Some(arguments) = command.strip_prefix("leaksweep ") else { continue };
            if arguments.contains(['|', '>', '\'']) || !arguments.contains("sample-logs") {
                continue;
            }
            let (code, out, err) = run(&folder, arguments);
            assert!(![2, 3, 101].contains(&code), "{command}: {code} {err}");
            for (line, real) in shown.lines().zip(out.lines()).take_while(|(l, _)| *l != "…") {
                assert_eq!(line.trim_end(), real, "{command}");
            }
            commands += 1;
        }
    }
    assert!(commands > 0);
}
