//! What a fuzzer starts from: pieces of the sample logs, the rules, small files of every kind.

use std::path::{Path, PathBuf};

use super::unpack::{gzip, tar, zip};

/// A break-in in few lines.
pub const INCIDENT: &str = concat!(
    r#"192.0.2.7 - - [08/Mar/2017:05:12:07 +0900] "GET /index.php?id=1%27+union+select+1,2--+ HTTP/1.1" 200 3236 "-" "sqlmap/1.0""#,
    "\n",
    r#"192.0.2.7 - - [08/Mar/2017:05:13:07 +0900] "GET /a/../../../../etc/passwd HTTP/1.1" 404 12 "-" "curl/7""#,
    "\n",
    r#"192.0.2.7 - - [08/Mar/2017:05:14:07 +0900] "POST /uploads/c99.php?cmd=id HTTP/1.1" 200 812 "-" "curl/7""#,
    "\n",
    r#"192.0.2.7 - - [08/Mar/2017:05:15:07 +0900] "POST /pay?card_no=4111111111111111&mail=a%40example.com HTTP/1.1" 200 9 "http://shop.example.com/" "M""#,
    "\n",
    r#"198.51.100.9 - - [08/Mar/2017:06:12:07 +0900] "GET /index.html HTTP/1.1" 200 3236 "-" "M""#,
    "\n",
);

fn root() -> PathBuf {
    // The product's folder, whichever of the two crates this is built in.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if here.ends_with("fuzz") && here.join("../sample-logs").is_dir() {
        here.join("..")
    } else {
        here.into()
    }
}

/// The inputs that a target starts from.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "formats" | "element" | "decode" | "sweep" => logs(),
        "sigma" => files("rules", "yml")
            .chain(files("tests/sigma", "yml"))
            .chain(files("tests/faults", "yml"))
            .collect(),
        "condition" => texts(&[
            "one",
            "1 of sel_*",
            "all of them",
            "not one and (sel_a or sel_b)",
            "not (1 of them)",
            "all of sel_* or not other",
            "2 of them",
            "one | count() > 3",
        ]),
        "layout" => texts(&[
            "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"\n192.0.2.7 - - [23/Nov/2026:08:46:37 +0000] \"GET /a?b HTTP/1.1\" 200 9 \"-\" \"M\"",
            "$status|$remote_addr|$time_iso8601|$request\n404|192.0.2.7|2017-03-08T05:12:07+09:00|GET /a?b=1 HTTP/1.1",
            "%{%Y-%m-%d}t %{%H:%M:%S}t %a \"%r\" %>s\n2017-03-08 05:12:07 192.0.2.7 \"GET / HTTP/1.1\" 404",
            "+09:00\nx",
            "Asia/Tokyo\nx",
        ]),
        "indicators" => texts(&[
            "192.0.2.7\n198.51.100.0/24\n2001:db8::1\n",
            "# comment\nua: evil/1.0\npath: /x.jsp\n",
            "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern\":\"[ipv4-addr:value = '192.0.2.7']\"}]}",
        ]),
        "inventory" => files("sample-logs", "toml").collect(),
        "part" | "report" => vec![
            vec![0; 8],
            b"\x10\x00\x06\x03a<b".to_vec(),
            b"\x40\x01\x05\x00\x02\x00\x02\x08\xff\xff\xff\xff\xff\xff\xff\x7f".to_vec(),
        ],
        "escape" => texts(&[
            "<script>alert(1)</script>",
            "\" onload=\"x",
            "=HYPERLINK(\"x\")",
            "\u{1b}]52;c;AA\u{7}",
            "a\r\nb,c;\"d\"",
            "\u{202e}x\u{200b}",
            "| a | `b` [c](d) ![e](f) <!-- ",
            "-->]]>&lt;&#39;",
        ]),
        "unpack" => containers(),
        _ => Vec::new(),
    }
}

fn texts(list: &[&str]) -> Vec<Vec<u8>> {
    list.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Five lines here and there of each log, and the small incident.
fn logs() -> Vec<Vec<u8>> {
    let mut pieces = vec![INCIDENT.as_bytes().to_vec()];
    for log in files("sample-logs", "log") {
        let lines: Vec<&[u8]> = log.split_inclusive(|b| *b == b'\n').collect();
        pieces.extend(lines.chunks(5).step_by(1 + lines.len() / 20).map(<[_]>::concat));
    }
    pieces.extend(leaksweep::event::formats().iter().map(|f| f.name().into()));
    pieces
}

fn containers() -> Vec<Vec<u8>> {
    let text = INCIDENT.as_bytes();
    let two = [gzip(text), gzip(text)].concat();
    let mut inputs =
        vec![gzip(text), tar(text), zip(text), gzip(&tar(text)), zip(&gzip(text)), two];
    inputs.extend(files("sample-logs", "gz"));
    inputs.extend(inputs.clone().into_iter().map(|bytes| bytes[..bytes.len() / 2].to_vec()));
    inputs
        .into_iter()
        .map(|bytes| [vec![0], bytes].concat())
        .chain([[&[0b11_10_01], text].concat()])
        .collect()
}

/// The contents of all files below a folder whose names end so.
fn files(folder: &str, ending: &str) -> impl Iterator<Item = Vec<u8>> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.into_iter().map(|path| std::fs::read(path).unwrap())
}
