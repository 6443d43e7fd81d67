//! Attackers who know the tool: each hides one SQL injection, file or planted page in two days of
//! ordinary traffic; what must be found all the same, or what is known not to be.
//!
//! # What is not found
//!
//! * A payload that a raw line end cuts in two: the server wrote two lines that say little.
//! * A payload in base64 twice over, or only part of a parameter.
//! * Who wrote a forged line: it names whom it likes.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]

mod program;

use serde_json::Value;

const UNION: &str = "/item?id=1%27%20union%20select%20card,exp%20from%20cards--";

/// A line of the client's at a minute of the two days.
fn line(minute: usize, client: &str, user: &str, request: &str, answer: &str) -> String {
    let (day, hour, minute) = (6 + minute / 1440, minute / 60 % 24, minute % 60);
    format!(
        "{client} - {user} [{day:02}/Mar/2017:{hour:02}:{minute:02}:00 +0900] \"{request} HTTP/1.1\" {answer}\n"
    )
}

fn intruder(request: &str) -> String {
    line(2000, "203.0.113.9", "-", request, "200 7000 \"-\" \"Mozilla/5.0\"")
}

/// Ordinary traffic, and at the minute 2000 what the attacker sent.
fn log(attack: &str) -> String {
    let usual = |n: usize| {
        let client = format!("198.51.100.{}", n % 200 + 1);
        let pages = ["GET /", "GET /item?id=7", "POST /pay", "GET /js/a.js"];
        let answer = format!("200 {} \"-\" \"Mozilla/5.0\"", 7000 + n % 37);
        line(n * 2, &client, "-", pages[n % 4], &answer)
    };
    let (before, after) = ((0..1000).map(usual), (1001..1440).map(usual));
    before.chain([attack.to_owned()]).chain(after).collect()
}

/// The code, and the case of the one site.
fn swept(attack: &str) -> (i32, Value) {
    swept_with(attack, "")
}

/// The same of a site that has another log, too.
fn swept_with(attack: &str, other: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("access.log"), log(attack)).unwrap();
    let sweep = ["sweep", "-q", "-f", "json", "--site", "shop", "access.log"];
    let mut command = program::program(folder.path(), sweep);
    if !other.is_empty() {
        std::fs::write(folder.path().join("other.log"), other).unwrap();
        command.arg("other.log");
    }
    let output = command.output().unwrap();
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), report["sites"][0].take())
}

/// Outcome, count and clients of the findings whose title begins so.
fn found(case: &Value, title: &str) -> Vec<(String, u64, Value)> {
    let findings = case["findings"].as_array().unwrap().iter();
    let titled = findings.filter(|f| f["rule"]["title"].as_str().unwrap().starts_with(title));
    let told = |f: &Value| {
        (f["outcome"].as_str().unwrap().into(), f["count"].as_u64().unwrap(), f["clients"].clone())
    };
    titled.map(told).collect()
}

#[test]
fn no_spelling_hides_an_injection() {
    let spellings = [
        "1%2527%2520union%2520select%2520card,exp%2520from%2520cards--",
        "1%252527%252520union%252520select%252520card%252520from%252520cards--",
        "1%u0027%u0020union%u0020select%u0020card,exp%u0020from%u0020cards--",
        "1%c0%a7%20union%20select%20card,exp%20from%20cards--",
        "1%ef%bc%87%20%ef%bd%95nion%20select%20card,exp%20from%20cards--",
        "1%27/**/UnIoN/*x*/aLl/**/sElEcT/**/card,exp/**/from/**/cards--",
        "1%27/*!50000union*//*!50000select*/card,exp/**/from/**/cards--",
        "1%27%0aunion%0dselect%09card,exp%0bfrom%0ccards--",
        "1%26%2339;%20union%20select%20card,exp%20from%20cards--",
        "MScgdW5pb24gc2VsZWN0IGNhcmQsZXhwIGZyb20gY2FyZHMtLQ==",
        "MScgdW5pb24gc2VsZWN0IGNhcmQsZXhwIGZyb20gY2FyZHMtLQ%3d%3D",
    ];
    for spelling in spellings {
        let (_, case) = swept(&intruder(&format!("GET /item?id={spelling}")));
        assert!(!found(&case, "SQL injection").is_empty(), "{spelling}");
    }
    let (_, case) = swept(&intruder("GET /dl?f=..%c0%af..%c0%af..%c0%afetc/passwd"));
    assert!(!found(&case, "Path traversal").is_empty());
}

#[test]
fn no_detour_hides_a_path() {
    let straight = swept(&intruder("GET /actuator/heapdump")).1;
    assert!(!found(&straight, "Management or debug endpoint").is_empty());
    for detour in [
        "//actuator//heapdump",
        "/./actuator/./heapdump",
        "/actuator/x/../heapdump",
        "/actuator/x/..;/heapdump",
        "/actuator;a=b/heapdump;c",
        "/actuator%2f%2e%2fheapdump",
        "/%2e/%61ctuator\\heapdump",
    ] {
        let (_, case) = swept(&intruder(&format!("GET {detour}")));
        let titled = |f: &&Value| f["rule"]["title"] == "Management or debug endpoint asked for";
        let found = case["findings"].as_array().unwrap().iter().find(titled);
        let found = found.unwrap_or_else(|| panic!("{detour}: {case}"));
        assert_eq!(found["examples"][0]["layer"], "normalized", "{detour}");
    }
}

#[test]
fn a_long_way_before_the_payload_hides_nothing_silently() {
    let padded = |n| swept(&intruder(&format!("GET /item?pad={}&{}", "a".repeat(n), &UNION[6..])));
    assert!(!found(&padded(900_000).1, "SQL injection").is_empty());
    let (code, case) = padded(1 << 20);
    assert_eq!((code, case["verdict"].as_str()), (4, Some("inconclusive")));
    assert!(case["coverage"]["shortfalls"].to_string().contains("were not examined"), "{case}");
}

/// Quotes and brackets that a server did not escape hide no attack and refuse none.
#[test]
fn a_line_within_a_line_hides_nothing() {
    let request = format!("GET {UNION}");
    let answer = "200 7000 \"-\" \"Mozilla/5.0\"";
    let user = |user: &str| line(2000, "203.0.113.9", user, &request, answer);
    let attacks = [
        user("x\" \"GET / HTTP/1.1\" 404 1 \"-\" \"-"),
        user(
            "x [08/Mar/2017:05:12:07 +0900] \"GET / HTTP/1.1\" 404 1 \"-\" \"b\" 198.51.100.7 - -",
        ),
        intruder(&format!("{request}\" 404 0 \"-\" \"z")),
        line(2000, "203.0.113.9", "-", &request, "200 7000 \"-\" \"x\" 404 0 \"-\" \"y\""),
    ];
    for attack in attacks {
        let (_, case) = swept(&attack);
        let injections = found(&case, "SQL injection");
        assert!(!injections.is_empty(), "{attack}");
        for (outcome, _, clients) in injections {
            assert_eq!((outcome.as_str(), clients[0].as_str()), ("unknown", Some("203.0.113.9")));
        }
    }
}

/// Twelve thousand refused attempts, more than are kept, and one of another client that worked.
#[test]
fn decoys_bury_no_success() {
    let refused = |n: usize| {
        let request = format!("POST /img/x{n}.php?cmd=id");
        line(2000, &format!("192.0.2.{}", n % 250), "-", &request, "404 200 \"-\" \"M\"")
    };
    let (code, case) =
        swept(&((0..12_000).map(refused).collect::<String>() + &shell("203.0.113.9", "-")));
    assert_eq!((code, case["verdict"].as_str()), (1, Some("confirmed-access")));
    let shells = found(&case, "Web shell - a shell command");
    let succeeded = shells.iter().find(|(outcome, ..)| outcome == "succeeded").unwrap();
    assert_eq!((succeeded.1, succeeded.2[0].as_str()), (4, Some("203.0.113.9")));
    assert!(shells.iter().any(|(outcome, count, _)| outcome == "blocked" && *count == 12_000));
    assert!(case["coverage"]["notes"].to_string().contains("only counted, not kept"));
}

/// Thirteen thousand attacks that a page answers as it always does, of one client or of more than
/// are told apart, and behind them one of another client, whose answer is unlike the page's.
#[test]
fn decoys_that_are_served_bury_no_success_either() {
    let flood = |clients: usize| -> String {
        let served = |n: usize| {
            let answer = format!("200 {} \"-\" \"M\"", 7000 + n % 37);
            line(
                2000,
                &format!("2001:db8:0:{:x}::1", n % clients),
                "-",
                &format!("GET {UNION}"),
                &answer,
            )
        };
        (0..13_000).map(served).collect()
    };
    let theft = line(2001, "203.0.113.9", "-", &format!("GET {UNION}"), "200 90000 \"-\" \"M\"");
    let verdict = |attack: &str| {
        let (_, case) = swept(attack);
        (case["verdict"].as_str().unwrap().to_owned(), case["reasons"].to_string())
    };
    assert_eq!(verdict(&flood(1)).0, "attempted");
    let (suspected, why) = verdict(&(flood(1) + &theft));
    assert_eq!(suspected, "suspected");
    assert!(why.contains("an exploit was accepted and is not seen blocked"), "{why}");
    let (suspected, why) = verdict(&(flood(3_000) + &theft));
    assert_eq!(suspected, "suspected");
    assert!(why.contains("may have worked"), "{why}");
}

/// A loud scan of one client, and in it one exploit whose answer is unlike the page's: the scan does
/// not excuse it. Where the page answers as it always does, nothing shows that it worked.
#[test]
fn a_scan_buries_no_success_of_its_own() {
    let of_scan = |request: &str, answer: &str| {
        line(2000, "203.0.113.9", "-", request, &format!("{answer} \"-\" \"sqlmap/1.4\""))
    };
    let refused = |n: usize| of_scan(&format!("GET /old{n}.php?{}", &UNION[6..]), "404 209");
    let scan = (0..300).map(refused).collect::<String>() + &of_scan("GET /", "200 7001");
    let with = |answer: &str| {
        let (_, case) = swept(&(scan.clone() + &of_scan(&format!("GET {UNION}"), answer)));
        (case["verdict"].as_str().unwrap().to_owned(), case["reasons"].to_string())
    };
    for answer in ["200 7011", "404 90000", "500 90000"] {
        assert_eq!(with(answer).0, "attempted", "{answer}");
    }
    let (verdict, why) = with("200 90000");
    assert_eq!(verdict, "suspected");
    assert!(why.contains("an exploit was accepted and is not seen blocked"), "{why}");
}

/// A planted page in use by the client, who is logged in as the user.
fn shell(client: &str, user: &str) -> String {
    let commands = ["id", "ls+-la", "cat+/etc/passwd", "id"].iter().zip(1..).map(|(command, n)| {
        let (request, answer) = (format!("POST /img/logo.php?cmd={command}"), 50 + n * 70);
        line(2001, client, user, &request, &format!("200 {answer} \"-\" \"M\""))
    });
    commands.collect()
}

/// Whoever goes on from another address under the account that he broke in with is followed; the
/// names that were refused are nobody's.
#[test]
fn another_address_is_no_other_man() {
    let refused = line(1990, "203.0.113.9", "suzuki", "GET /", "401 90 \"-\" \"M\"");
    let elsewhere = line(2100, "192.0.2.77", "tanaka", "GET /orders", "200 7000 \"-\" \"N\"");
    let others = line(2101, "192.0.2.78", "suzuki", "GET /orders", "200 7000 \"-\" \"N\"");
    let (_, case) = swept(&[refused, shell("203.0.113.9", "tanaka"), elsewhere, others].concat());
    assert_eq!(case["verdict"], "confirmed-access", "{case}");
    let accounts = case["actors"].as_array().unwrap().iter().filter(|a| a["kind"] == "account");
    let accounts: Vec<_> = accounts.map(|a| (&a["value"], a["clients"].to_string())).collect();
    let both = r#"["203.0.113.9","192.0.2.77"]"#.to_owned();
    assert_eq!(accounts, [(&Value::from("tanaka"), both)]);
    let why = case["reasons"].to_string();
    assert!(why.contains("was used from 192.0.2.77, too"), "{why}");
}

/// Lines taken out of a log that numbers its orders.
#[test]
fn lines_that_are_gone_leave_a_hole_in_the_numbers() {
    let order = |n: usize| {
        let (day, hour, minute) = (6 + n / 1440, n / 60 % 24, n % 60);
        format!(
            "{{\"ts\":\"2017-03-{day:02}T{hour:02}:{minute:02}:00+09:00\",\"level\":\"INFO\",\
             \"op\":\"ExecTran\",\"order_id\":\"A{:06}\",\"src_ip\":\"198.51.100.7\"}}\n",
            4_000 + n
        )
    };
    let orders = |gone: std::ops::Range<usize>| {
        (0..2_880).filter(|n| !gone.contains(n)).map(order).collect::<String>()
    };
    let missing = |orders: &str| {
        let (_, case) = swept_with(&intruder("GET /"), orders);
        case["coverage"]["shortfalls"].to_string()
    };
    assert!(!missing(&orders(0..0)).contains("order_id"), "{}", missing(&orders(0..0)));
    let why = missing(&orders(2_010..2_045));
    assert!(why.contains("35 numbers of order_id are missing"), "{why}");
}

/// A page with a card number in its address tells it to every host that it loads from.
#[test]
fn card_data_in_a_referer_is_no_incoming_data() {
    let referer = "https://shop.example/confirm?card_number=4539146208371594&exp=0320";
    let answer = format!("200 900 \"{referer}\" \"M\"");
    let form = line(
        2003,
        "198.51.100.8",
        "-",
        "GET /pay?card_number=5457210398465122",
        "200 9 \"-\" \"M\"",
    );
    let (_, case) = swept(&(line(2002, "198.51.100.7", "-", "GET /js/a.js", &answer) + &form));
    let places = case["units"]["places"].as_array().unwrap().iter();
    let places: Vec<_> = places.map(|p| (&p["direction"], &p["distinct_cards"])).collect();
    let [incoming, referer] = ["incoming", "referer"].map(Value::from);
    assert_eq!(places, [(&incoming, &Value::from(1)), (&referer, &Value::from(1))]);
    assert!(case["reasons"].to_string().contains("1 in Referers"), "{}", case["reasons"]);
}

/// The site comes from the Host; that the request asks for another is told.
#[test]
fn a_foreign_absolute_uri_is_told() {
    let asked = "{\"time\":\"2017-03-07T09:20:00+09:00\",\"remote_addr\":\"203.0.113.9\",\
                 \"request\":\"GET http://bank.example/x HTTP/1.1\",\"host\":\"shop.example\",\
                 \"status\":404,\"body_bytes_sent\":9,\"http_user_agent\":\"M\"}\n";
    let (_, case) = swept_with(&intruder("GET /"), &asked.repeat(3));
    let notes = case["coverage"]["notes"].to_string();
    assert!(notes.contains("3 entries ask for an absolute URI of another host"), "{notes}");
    assert!(notes.contains("for bank.example at shop.example"), "{notes}");
}

/// Whoever writes the address of another into X-Forwarded-For is named himself. Behind a proxy that
/// the inventory trusts, what the proxy added is believed, and nothing before it.
#[test]
fn a_forged_forwarding_names_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let forwarded = |line: &str, by: &str| format!("{} \"{by}\"\n", line.trim_end());
    let attack = intruder(&format!("GET {UNION}"));
    let log = log("").lines().map(|line| forwarded(line, "-")).collect::<String>();
    let attack = forwarded(&attack, "198.51.100.7, 192.0.2.77");
    std::fs::write(folder.path().join("access.log"), log + &attack).unwrap();
    let site = "[[site]]\nname = \"shop\"\npaths = [\"*.log\"]\n";
    for (trusted, named) in [("", "203.0.113.9"), ("203.0.113.9/32", "192.0.2.77")] {
        let sites = format!("trusted_proxies = [{}]\n{site}", quoted(trusted));
        std::fs::write(folder.path().join("sites.toml"), sites).unwrap();
        let sweep = ["sweep", "-q", "-f", "json", "--sites", "sites.toml", "access.log"];
        let mut command = program::program(folder.path(), sweep);
        command.arg("--log-format").arg(
            "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" \"%{X-Forwarded-For}i\"",
        );
        let report: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        let found = found(&report["sites"][0], "SQL injection");
        assert!(!found.is_empty(), "{report}");
        assert!(
            found.iter().all(|(.., clients)| clients == &serde_json::json!([named])),
            "{found:?}"
        );
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\"{text}\"") }
}

/// Made-up stamps stretch the span, which the coverage says; they make no site look examined.
#[test]
fn forged_stamps_are_holes() {
    let forged = intruder("GET /").replace("/2017:", "/1971:");
    let (_, case) = swept(&forged);
    assert_eq!(case["verdict"], "inconclusive");
    assert!(case["coverage"]["shortfalls"].to_string().contains("1971"), "{}", case["coverage"]);
}

/// An attack from the address of a monitoring service is an attack.
#[test]
fn a_monitor_that_attacks_is_named() {
    let check =
        line(1999, "203.0.113.9", "-", "GET /health", "200 2 \"-\" \"monitor/1\"").repeat(500);
    let file = line(2001, "203.0.113.9", "-", "GET /.env", "200 900 \"-\" \"monitor/1\"");
    let (code, case) = swept(&(check + &file));
    let files = found(&case, "Source control or hidden configuration");
    assert_eq!(
        (code, files[0].0.as_str(), files[0].2[0].as_str()),
        (1, "succeeded", Some("203.0.113.9"))
    );
}

/// Thousands of made-up hosts make a bounded number of sites, and the attack on one is found.
#[test]
fn made_up_hosts_hide_no_attack() {
    let folder = tempfile::tempdir().unwrap();
    let request = |n: i32| if n == 2_999 { format!("GET {UNION}") } else { "GET /".to_owned() };
    let line =
        |n: i32| ["h".to_owned(), n.to_string(), ".example:80 ".to_owned(), intruder(&request(n))];
    let lines: String = (0..3_000).flat_map(line).collect();
    std::fs::write(folder.path().join("access.log"), lines).unwrap();
    let (_, report, _) = program::run(folder.path(), "sweep -q -f json access.log");
    let report: Value = serde_json::from_str(&report).unwrap();
    let sites = report["sites"].as_array().unwrap();
    assert_eq!(sites.len(), 1_001);
    let others = sites.iter().find(|case| case["site"] == "(other hosts)").unwrap();
    assert!(!found(others, "SQL injection").is_empty(), "{}", others["findings"]);
}

/// An attacker chooses the method, and bytes that break off a line for who looks at it.
#[test]
fn no_method_and_no_byte_hides_an_attack() {
    let methods = ["PROPFIND", "get", "FOO", "-", "", "GET\t"].map(|m| format!("{m} {UNION}"));
    let bytes = ["\r", "\0", "\u{b}", "\u{8}", "\u{1b}[2K", "\u{202e}", "\u{2028}"];
    let bytes = bytes.map(|byte| format!("GET /item?a={byte}&{}", &UNION[6..]));
    for request in methods.into_iter().chain(bytes) {
        let (_, case) = swept(&intruder(&request));
        let found = found(&case, "SQL injection - UNION SELECT");
        assert_eq!(found.len(), 1, "{request:?}");
        assert_eq!(found[0].2[0], "203.0.113.9", "{request:?}");
        let shown = case.to_string();
        assert!(!shown.contains(['\r', '\0', '\u{1b}', '\u{202e}', '\u{2028}']), "{shown}");
    }
}

/// Lines that are no entry of the log's format are searched all the same.
#[test]
fn no_other_format_hides_an_attack() {
    let attack = intruder(&format!("GET {UNION}"));
    let object = format!(
        "{{\"time\":\"2017-03-07T09:20:00+09:00\",\"remote_addr\":\"203.0.113.9\",\
         \"request\":\"GET {UNION} HTTP/1.1\",\"status\":200,\"body_bytes_sent\":7000}}\n"
    );
    let comment = format!("#{attack}");
    for line in [object, comment, attack.replace("Mar", "Xyz"), format!("\n\n  \n{attack}")] {
        let (_, case) = swept(&line);
        assert!(!found(&case, "SQL injection - UNION SELECT").is_empty(), "{line}");
    }
}

/// What several parameters of one name hold is joined by some servers.
#[test]
fn pieces_in_parameters_of_one_name_hide_nothing() {
    let pieces = "id=1%27%20union/*&id=*/select/*&id=*/card,exp/*&id=*/from%20cards--";
    let (_, case) = swept(&intruder(&format!("GET /item?{pieces}")));
    assert!(!found(&case, "SQL injection - UNION SELECT").is_empty(), "{case}");
}

/// A raw line end forges a line, and names whom it likes; it hides no attack.
#[test]
fn a_forged_line_hides_no_attack() {
    let harmless = line(2000, "198.51.100.7", "-", "GET /", "200 7000 \"-\" \"Mozilla/5.0\"");
    let user = format!("x\n{harmless}198.51.100.8 - y");
    let attack = line(2000, "203.0.113.9", &user, &format!("GET {UNION}"), "200 7000 \"-\" \"M\"");
    let (_, case) = swept(&attack);
    let found = found(&case, "SQL injection - UNION SELECT");
    assert_eq!((found.len(), &found[0].2[0]), (1, &Value::from("198.51.100.8")));
    assert_eq!(case["coverage"]["unparsed"], 1);
}

/// The limit: each half says little. Both are counted as lines of no format.
#[test]
fn a_payload_cut_by_a_raw_line_end_is_two_lines_of_no_format() {
    let (_, case) = swept(&intruder(&format!("GET {}", UNION.replace("union%20", "union\n"))));
    assert!(found(&case, "SQL injection").is_empty(), "no limit any more: {case}");
    assert_eq!(case["coverage"]["unparsed"], 2);
}

/// Hours taken out of a log whose other hours are never silent.
#[test]
fn hours_that_were_wiped_are_holes() {
    let is_wiped =
        |line: &&str| ["07/Mar/2017:06:", "07/Mar/2017:07:"].iter().any(|h| line.contains(h));
    let log = log(&intruder("GET /"));
    let wiped: String = log.split_inclusive('\n').filter(|line| !is_wiped(line)).collect();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("access.log"), wiped).unwrap();
    let (_, report, _) = program::run(folder.path(), "sweep -q -f json --site shop access.log");
    let report: Value = serde_json::from_str(&report).unwrap();
    let case = &report["sites"][0];
    assert_eq!(case["verdict"], "inconclusive", "{case}");
    let why = case["coverage"]["shortfalls"].to_string();
    assert!(why.contains("at hours that are never silent"), "{why}");
}

/// Sizes add up, whatever whoever writes the log claims that was sent.
#[test]
fn sizes_that_no_server_sends_hide_nothing() {
    let claimed = |n: usize| {
        let request = format!("GET /item?id={n}");
        line(2001 + n, "203.0.113.9", "-", &request, &format!("200 {} \"-\" \"x\"", u64::MAX))
    };
    let attack = shell("203.0.113.9", "-") + &(0..60).map(claimed).collect::<String>();
    let (_, case) = swept(&attack);
    assert_eq!(case["verdict"], "confirmed-exfiltration", "{case}");
    let sent = case["actors"].as_array().unwrap().iter().map(|actor| &actor["bytes"]);
    assert_eq!(sent.filter(|sent| **sent == u64::MAX).count(), 1, "{case}");
}

/// A report on stamps at either end of time can be read again.
#[test]
fn stamps_at_the_ends_of_time_break_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let stamps = [
        "01/Jan/0000:00:00:00 +1800",
        "08/Mar/2017:10:00:00 +0900",
        "31/Dec/9999:23:59:59 +1800",
        "31/Dec/9999:23:59:59 -1800",
    ];
    let line = |n: usize| {
        let stamp = stamps[n % stamps.len()];
        format!("203.0.113.9 - - [{stamp}] \"GET {UNION} HTTP/1.1\" 200 {n} \"-\" \"M\"\n")
    };
    std::fs::write(folder.path().join("access.log"), (0..80).map(line).collect::<String>())
        .unwrap();
    let run = |arguments: &[&str]| {
        let output = program::program(folder.path(), arguments.iter().copied()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1 | 5)), "{told}");
        output.stdout
    };
    let report = run(&["sweep", "-q", "-f", "json", "--site", "shop", "access.log"]);
    std::fs::write(folder.path().join("report.json"), &report).unwrap();
    for format in ["html", "text", "json"] {
        run(&["report", "-f", format, "report.json"]);
    }
}
