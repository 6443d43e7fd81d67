//! Evidence as it arrives: what the program says of it, end to end.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]
#![allow(clippy::format_push_string)]

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Exit code, standard output, standard error.
    fn run(&self, arguments: &str) -> (i32, String, String) {
        program::run(self.root(), arguments)
    }

    /// The events of a log.
    fn events(&self, arguments: &str) -> Vec<Value> {
        let (_, out, err) = self.run(&format!("inspect --events -f ndjson {arguments}"));
        assert!(!out.is_empty(), "{err}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn line(minute: u32) -> String {
    format!(
        "192.0.2.1 - - [08/Mar/2017:05:{minute:02}:07 +0900] \"GET /a HTTP/1.1\" 200 7 \"-\" \"M\"\n"
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[test]
fn sums_are_what_sha256sum_says() {
    let folder = Folder::new();
    folder.write("logs/a b.log", line(1));
    folder.write("logs/c.log.gz", gzip(line(2).as_bytes()));
    folder.write("logs/marked.log", format!("\u{feff}{}", line(3)));
    folder.write("logs/back\\slash.log", line(4));
    let (code, listing, err) = folder.run("sweep --fail-on none -f sha256sums logs");
    assert_eq!(code, 0, "{err}");
    let sums = listing.lines().filter(|line| !line.starts_with('#')).count();
    let streams = listing.lines().filter(|line| line.starts_with("# stream ")).count();
    assert_eq!((sums, streams), (4, 2), "{listing}");
    let sums = folder.write("SHA256SUMS", &listing);
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--strict"]).arg(&sums).current_dir(folder.root());
    // Not every system has it.
    if let Ok(output) = check.output() {
        assert!(output.status.success(), "{output:?}\n{listing}");
    }
}

#[test]
fn an_inventory_in_the_evidence_is_named_and_can_be_refused() {
    let folder = Folder::new();
    folder.write("logs/x/access.log", line(1));
    folder.write("logs/sites.toml", "[[site]]\nname = \"planted\"\npaths = [\"x/**\"]\n");
    let site = |arguments: &str| {
        let (_, out, err) = folder.run(&format!("sweep -f json {arguments} logs"));
        let report: Value = serde_json::from_str(&out).unwrap();
        let site = report["sites"][0]["site"].as_str().unwrap().to_owned();
        (site, report["run"]["inventory"]["found_in_evidence"].clone(), err)
    };
    let (name, found, err) = site("");
    assert_eq!((name.as_str(), found), ("planted", Value::Bool(true)));
    assert!(err.contains("found in the evidence") && err.contains("--no-inventory"), "{err}");
    let (name, found, err) = site("--sites logs/sites.toml");
    assert_eq!((name.as_str(), found, err.as_str()), ("planted", Value::Bool(false), ""));
    let (name, found, err) = site("--no-inventory");
    assert_eq!((found, err.as_str()), (Value::Null, ""));
    assert_ne!(name, "planted");
}

#[test]
fn the_same_evidence_twice_is_counted_once_and_named() {
    let folder = Folder::new();
    let old: String = (0..30).map(line).collect();
    folder.write("logs/access.log.1", &old);
    folder.write("logs/access.log.1.gz", gzip(old.as_bytes()));
    folder.write("logs/copy/access.log.1", &old);
    folder.write("logs/access.log", line(40));
    let (_, out, _) = folder.run("sweep --site shop -f json logs");
    let report: Value = serde_json::from_str(&out).unwrap();
    let coverage = &report["sites"][0]["coverage"];
    assert_eq!(coverage["lines"], 31, "{coverage}");
    let told = coverage.to_string();
    assert!(told.contains("access.log.1.gz") && told.contains("counted once"), "{told}");
    let status = report["run"]["sources"].to_string();
    assert_eq!(status.matches("duplicate of ").count(), 2, "{status}");
}

/// A log that was copied while it grew, and again later: what both hold is counted once, however they
/// are packed; logs that only begin the same are two.
#[test]
fn an_earlier_copy_of_a_growing_log_is_counted_once() {
    let grown: String = (0..200).map(|n| line(n % 60)).collect();
    let (whole, early) = (grown.as_bytes(), &grown.as_bytes()[..7_010]);
    let another = [early, line(7).repeat(9).as_bytes()].concat();
    let lines = |text: &[u8]| text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
    let told = |early: &[u8], arguments: &str| {
        let folder = Folder::new();
        folder.write("logs/monday/access.log", early);
        folder.write("logs/friday/access.log.gz", gzip(whole));
        let (_, out, _) = folder.run(&format!("sweep --site shop -f json {arguments} logs"));
        let report: Value = serde_json::from_str(&out).unwrap();
        let coverage = &report["sites"][0]["coverage"];
        (coverage["lines"].as_u64().unwrap() as usize, coverage["notes"].to_string(), out)
    };
    for early in [early, &gzip(early)] {
        let (count, notes, report) = told(early, "");
        assert_eq!(count, 200, "{notes}");
        assert!(notes.contains("monday/access.log holds, copied earlier; counted once"), "{notes}");
        assert!(report.contains("duplicate of the beginning of logs/friday/access.log.gz"));
    }
    assert_eq!(told(&another, "").0, 200 + lines(&another));
    let (count, notes, _) = told(early, "--no-pivot");
    assert_eq!(count, 200 + lines(early));
    assert!(notes.contains("was not looked at"), "{notes}");
}

#[test]
fn containers_that_cannot_be_opened_are_named() {
    let folder = Folder::new();
    for (magic, name) in [
        (&b"7z\xbc\xaf\x27\x1c\0\x04aaaa"[..], "7z"),
        (b"\x1f\x9d\x90aaaaaaaa", "compress (.Z)"),
        (b"Rar!\x1a\x07\x01\0aaaa", "rar"),
    ] {
        folder.write("x.log", magic);
        let (code, _, err) = folder.run("sweep x.log");
        assert_eq!(code, 4, "{err}");
        assert!(err.contains(name) && err.contains("cannot be opened"), "{err}");
    }
}

#[test]
fn limits_are_flags_and_what_lies_beyond_is_a_gap() {
    let folder = Folder::new();
    let long = format!("{}{}\n{}", line(1), "x".repeat(5_000), line(2));
    folder.write("a.log", &long);
    let (code, out, err) = folder.run("sweep --max-entry 4K -f json a.log");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert!(code & 4 == 4 && err.contains("905 bytes were not examined"), "{code} {err}");
    assert!(report["run"]["arguments"].to_string().contains("--max-entry"), "{out}");
    assert_eq!(folder.run("sweep --max-entry 8K --fail-on none a.log").0, 0);
    folder.write("b.log.gz", gzip(long.as_bytes()));
    assert_eq!(folder.run("sweep --max-depth 0 b.log.gz").0 & 4, 4);
    let (_, help, _) = folder.run("sweep --help");
    let flags = ["--max-entry", "--max-stream", "--max-ratio", "--max-members", "--max-depth"];
    for flag in flags.into_iter().chain(["--ratio-from", "--max-window"]) {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn a_mapping_gives_names_their_meaning() {
    let folder = Folder::new();
    folder.write(
        "map.toml",
        "time = \"wann\"\nclient_ip = \"wer\"\nrequest = \"was\"\nstatus = \"wie\"\n",
    );
    folder.write(
        "a.log",
        "{\"wann\":\"2017-03-08T05:12:07+09:00\",\"wer\":\"192.0.2.7\",\"was\":\"GET /a?b=1 HTTP/1.1\",\"wie\":404}\n",
    );
    let events = folder.events("--mapping map.toml a.log");
    assert_eq!(events[0]["client_ip"], "192.0.2.7");
    assert_eq!(events[0]["query"], "b=1");
    assert_eq!(events[0]["status"], 404);
    assert_eq!(events[0]["time"], "2017-03-08T05:12:07+09:00");
    folder.write("bad.toml", "clientip = \"wer\"\n");
    let (code, _, err) = folder.run("sweep --mapping bad.toml a.log");
    assert!(code == 2 && err.contains("no field \"clientip\""), "{err}");
}

#[test]
fn a_format_is_taken_from_a_servers_configuration() {
    let folder = Folder::new();
    folder.write(
        "nginx.conf",
        "http {\n  # log_format old '$request';\n  log_format shop '$status|$remote_addr|$time_iso8601|$request'\n    '|$http_host';\n}\n",
    );
    folder.write(
        "a.log",
        "404|192.0.2.7|2017-03-08T05:12:07+09:00|GET /a?b=1 HTTP/1.1|shop.example.com\n",
    );
    let events = folder.events("--log-format @nginx.conf a.log");
    assert_eq!(
        (&events[0]["status"], &events[0]["host"]),
        (&404.into(), &"shop.example.com".into())
    );
    assert_eq!(events[0]["query"], "b=1");
    folder.write(
        "httpd.conf",
        "LogFormat \"%{%Y-%m-%d}t %{%H:%M:%S}t %a \\\"%r\\\" %>s %{Host}i\" mine\n",
    );
    folder.write(
        "b.log",
        "2017-03-08 05:12:07 192.0.2.7 \"GET /a?b=1 HTTP/1.1\" 404 shop.example.com\n",
    );
    let events = folder.events("--timezone +09:00 --log-format @httpd.conf b.log");
    assert_eq!(events[0]["client_ip"], "192.0.2.7");
    assert_eq!(events[0]["time"], "2017-03-08T05:12:07+09:00");
}

#[test]
fn a_stamp_without_a_year_gets_it_from_its_file() {
    let folder = Folder::new();
    let log = "Dec 31 23:59:58 vm sshd[3]: Accepted\nJan  1 00:00:02 vm sshd[3]: Accepted\n";
    let years = |path: &str| -> Vec<String> {
        let events = folder.events(path);
        events.iter().map(|e| e["time"].as_str().unwrap_or("none")[..4].to_owned()).collect()
    };
    folder.write("secure-20170105", log);
    assert_eq!(years("secure-20170105"), ["2016", "2017"]);
    let path = folder.write("messages", log);
    let march = std::time::UNIX_EPOCH + std::time::Duration::from_hours(413_592);
    fs::OpenOptions::new().write(true).open(path).unwrap().set_modified(march).unwrap();
    assert_eq!(years("messages"), ["2016", "2017"]);
}

#[test]
fn lines_that_a_container_engine_cut_are_joined() {
    let folder = Folder::new();
    let request = "192.0.2.7 - - [08/Mar/2017:05:12:07 +0900] \"GET /a?q=%27%20union%20select HTTP/1.1\" 200 7 \"-\" \"M\"";
    let (start, end) = request.split_at(60);
    let (mut docker, mut cri) = (String::new(), String::new());
    for (first, second) in [(request, ""), (start, end), (request, "")] {
        let quoted = |text: &str| text.replace('"', "\\\"");
        let stamp = "2017-03-07T20:12:07.123456789Z";
        let piece = |log: &str| {
            format!("{{\"log\":\"{log}\",\"stream\":\"stdout\",\"time\":\"{stamp}\"}}\n")
        };
        if second.is_empty() {
            docker.push_str(&piece(&format!("{}\\n", quoted(first))));
            cri.push_str(&format!("{stamp} stdout F {first}\n"));
        } else {
            docker.push_str(&piece(&quoted(first)));
            docker.push_str(&piece(&format!("{}\\n", quoted(second))));
            cri.push_str(&format!("{stamp} stdout P {first}\n{stamp} stdout F {second}\n"));
        }
    }
    for (name, log) in [("docker.log", docker), ("cri.log", cri)] {
        folder.write(name, log);
        let events = folder.events(name);
        let lines: Vec<_> = events.iter().map(|event| event["line"].as_u64().unwrap()).collect();
        assert_eq!(lines, [1, 2, 4], "{name}");
        for event in &events {
            assert_eq!(event["query"], "q=%27%20union%20select", "{name}");
            assert_eq!(event["status"], 200, "{name}");
        }
    }
}
