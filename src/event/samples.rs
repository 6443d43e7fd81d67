//! Proofs that every web format is known by its lines, says what they say, and that no bytes make
//! any of them panic.

use proptest::prelude::*;

use super::proof::{prove, tell, tell_with};
use super::*;

/// A line of each web format: its format's name, its `#Fields` if it needs one, and what it says.
const LINES: &[(&str, &str, &[&str])] = &[
    (
        "common",
        r#"192.0.2.7 - - [23/Nov/2026:08:46:37 +0000] "GET /a?b=1 HTTP/1.0" 404 236"#,
        &["2026-11-23T08:46:37Z ", "‹c-ip=192.0.2.7›", "‹cs-uri-query=b=1›", "‹sc-status=404›"],
    ),
    (
        "apache-combined",
        r#"127.0.0.1 - - [23/Nov/2026:08:46:37 +0000] "GET /caf\xc3\xa9 HTTP/1.1" 404 236 "-" "a\tb""#,
        &["‹cs-uri-stem=/café›", r"‹cs-user-agent=a\tb›"],
    ),
    (
        "nginx-combined",
        r#"127.0.0.1 - john doe [23/Nov/2026:08:46:37 +0000] "GET /q?x=\x22q\x22 HTTP/1.1" 499 0 "" "-""#,
        &["‹cs-username=john doe›", r#"‹cs-uri-query=x=\"q\"›"#, "‹cs-referer=›"],
    ),
    (
        "vhost-combined",
        r#"www.other.example:80 127.0.0.1 - - [23/Nov/2026:08:46:37 +0000] "GET / HTTP/1.1" 404 416 "-" "sqlmap/1.7""#,
        &["‹cs-host=www.other.example›", "‹s-port=80›", "‹c-ip=127.0.0.1›"],
    ),
    (
        "aws-alb",
        r#"https 2023-04-26T12:23:00.186641Z app/a/490d68edf04676fe 2601:6bbc::1:44740 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/robots.txt?a HTTP/1.1" "curl/7.46.0" ECDHE TLSv1.2 arn:x "Root=1" "www.example.com" "arn:y" 1 2018-07-02T22:22:48.364000Z "forward""#,
        &[
            "2023-04-26T12:23:00.186641Z ",
            "‹c-ip=2601:6bbc::1›",
            "‹cs-host=www.example.com›",
            "‹cs-uri-stem=/robots.txt›",
            "‹sc-bytes=57›",
        ],
    ),
    (
        "aws-elb",
        r#"2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "- - - " "-" - -"#,
        &["‹c-ip=192.168.131.39›", "‹sc-status=200›", "‹sc-bytes=29›"],
    ),
    (
        "aws-s3",
        r#"79a59df9 bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df9 3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" - s9lz= SigV2 ECDHE AuthHeader bucket1.s3.us-west-1.amazonaws.com TLSV1.1"#,
        &["‹c-ip=192.0.2.3›", "‹cs-host=bucket1.s3.us-west-1.amazonaws.com›", "‹sc-bytes=113›"],
    ),
    (
        "haproxy",
        r#"127.0.0.1:55092 [23/Nov/2026:08:46:37.177] fe be/web1 0/0/0/0/0 404 396 - - ---- 1/1/0/0/0 0/0 {ua #22q#22|shop.example.com} "GET /q?x=#22q#22&y=a\b HTTP/1.1""#,
        &[
            "2026-11-23T08:46:37.177+09:00 ",
            r#"‹cs-uri-query=x=\"q\"&y=a\\b›"#,
            "‹captures=ua \\\"q\\\"|shop.example.com›",
            "‹cs-host=shop.example.com›",
        ],
    ),
    (
        "squid",
        "1795423597.197      0 127.0.0.1 TCP_MISS/404 500 POST http://shop.example.com/pay? - HIER/127.0.0.1 text/html",
        &["2026-11-23T08:46:37.197Z ", "‹cs-host=shop.example.com›", "‹cs-uri-query=›"],
    ),
    (
        "envoy",
        r#"[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0" "locations" "tcp://10.0.2.1:80""#,
        &["‹c-ip=10.0.35.28›", "‹cs-host=locations›", "‹cs-bytes=154›", "‹sc-bytes=0›"],
    ),
    (
        "nginx-proxy-manager",
        r#"[24/Jan/2022:13:40:19 +0000] 444 - GET https shop.example "/.env" [Client 192.0.2.9] [Length 0] [Gzip -] "agent" "-""#,
        &["‹c-ip=192.0.2.9›", "‹cs-host=shop.example›", "‹cs-uri-stem=/.env›"],
    ),
    (
        "npmplus",
        r#"[10/Feb/2024:21:23:49 +0100] shop.example 192.0.2.9 0.002 "GET /api/ HTTP/2.0" 200 61 333 - curl/8.6.0"#,
        &["‹cs-bytes=333›", "‹cs-user-agent=curl/8.6.0›"],
    ),
    (
        "zoraxy",
        "2025/05/01 13:17:19 [2025-05-01 13:17:19.096748] [router:root] [origin:shop.example] [client: 192.0.2.9] [useragent: Mozilla/5.0 (x)] GET / 444",
        &["‹cs-host=shop.example›", "‹cs-user-agent=Mozilla/5.0 (x)›", "‹sc-status=444›"],
    ),
    (
        "confluence",
        "[17/Jun/2021:12:57:26 +0200] user http-nio-8080-exec-6 192.168.192.1 GET /index.action HTTP/1.1 200 1020ms 7881 http://localhost/ Mozilla/5.0 (x)",
        &["‹cs-username=user›", "‹sc-bytes=7881›", "‹cs-user-agent=Mozilla/5.0 (x)›"],
    ),
    (
        "apache-ssl-request",
        r#"[16/Oct/2019:11:53:47 +0200] 192.0.2.9 TLSv1.2 ECDHE-RSA "GET /a?b HTTP/1.1" -"#,
        &["‹c-ip=192.0.2.9›", "‹cs-uri-query=b›"],
    ),
    (
        "iis-native",
        "192.168.114.201, -, 03/20/05, 7:55:20, W3SVC2, SALES1, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /DeptLogo.gif, -,",
        &["2005-03-20T07:55:20+09:00 ", "‹cs-uri=/DeptLogo.gif›", "‹sc-bytes=3223›"],
    ),
    (
        "uwsgi",
        "[pid: 24386|app: 0|req: 482950/4125645] 192.0.2.9 () {44 vars in 1322 bytes} [Tue Jan  3 05:01:31 2012] GET /a/?_=1 => generated 192 bytes in 21 msecs (HTTP/1.1 200) 4 headers in 188 bytes",
        &["2012-01-03T05:01:31+09:00 ", "‹cs-uri-query=_=1›", "‹sc-status=200›"],
    ),
    (
        "iis-w3c",
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2021-04-01 00:00:21 10.0.0.1 GET /foo.asp a=1 80 - 192.0.2.9 Mozilla/5.0+(Windows+NT;++x) http://h/ 200 0 0 65",
        &[
            "2021-04-01T00:00:21Z ",
            "‹cs-uri=/foo.asp?a=1›",
            "‹cs-user-agent=Mozilla/5.0 (Windows NT; +x)›",
        ],
    ),
    (
        "w3c",
        "#Fields: date time c-ip cs-method cs-uri sc-status bytes time-taken x-H(authType) cs(User-Agent)
2026-11-23 08:46:37 127.0.0.1 GET /search?q=1 404 767 0 - \"Moz \"\"x\"\" y\"",
        &["‹cs-uri-query=q=1›", "‹sc-bytes=767›", r#"‹cs-user-agent=Moz \"x\" y›"#],
    ),
    (
        "cloudfront",
        "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header
2024-03-12\t15:22:28\tCDG50-P2\t703\t192.0.2.9\tGET\td6r.cloudfront.net\t/a%20b\t400\t-\tMozilla/5.0%2520(x)\tq=%2527\t-\tError\t375W\tshop.example",
        &[
            "2024-03-12T15:22:28Z ",
            "‹cs-uri-stem=/a%20b›",
            "‹cs-user-agent=Mozilla/5.0 (x)›",
            "‹cs-host=shop.example›",
            "‹cs-uri-query=q=%2527›",
        ],
    ),
];

#[test]
fn every_format_is_known_by_one_line() {
    for (name, log, parts) in LINES {
        prove(&[(log, name, "access", &[parts])]);
    }
}

#[test]
fn formats_of_the_user_are_read_from_text_and_configuration() {
    let apache = r#"# LogFormat "%h %l" not_this
LogFormat "%h %l %u %t \"%r\" %>s %b" common
LogFormat "%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t %{X-Forwarded-For}i %a %V \
\"%m %U%q %H\" %>s %B %D \"%{Cookie}i\" %{X-Tenant}i" pay"#;
    let nginx = r#"http { log_format  pay  escape=json '$remote_addr|$time_iso8601|'
        '$request_method $scheme://$host$request_uri|$status|"$http_x_tenant"'; }"#;
    let cases: &[(&str, &str, &[&str])] = &[
        (
            apache,
            r#"2026-11-23T08:46:37.171+0000 203.0.113.7, 10.0.0.1 127.0.0.1 shop.example "GET /a b?c=\"d\" HTTP/1.1" 200 3 293 "a=b; c=\\" t1"#,
            &[
                "2026-11-23T08:46:37.171Z ",
                "‹c-ip=127.0.0.1›",
                "‹x-forwarded-for=203.0.113.7, 10.0.0.1›",
                r#"‹cs-uri=/a b?c=\"d\"›"#,
                r"‹cs-cookie=a=b; c=\\›",
                "‹x-tenant=t1›",
            ],
        ),
        (
            nginx,
            r#"192.0.2.9|2026-11-23T08:46:37+09:00|GET https://shop.example/a?b|200|"t1""#,
            &["2026-11-23T08:46:37+09:00 ", "‹cs-host=shop.example›", "‹cs-uri=/a?b›"],
        ),
        (
            "$remote_addr [$time_local] \"$request\" $status \"$http_user_agent\" \"$request_body\"",
            r#"127.0.0.1 [23/Nov/2026:08:46:37 +0000] "GET /q?x="q"&y=a\b HTTP/1.1" 404 "ua "with q" and \" """#,
            &[r#"‹cs-uri-query=x=\"q\"&y=a\\b›"#, r#"‹cs-user-agent=ua \"with q\" and \\›"#],
        ),
    ];
    for (format, line, parts) in cases {
        let options = Options { log_format: Some((*format).into()), ..Options::default() };
        let (guess, told) = tell_with(line.as_bytes(), &options);
        assert_eq!(guess.format.name(), "log-format", "{format}");
        for part in *parts {
            assert!(told[0].contains(part), "{part} is not in {}", told[0]);
        }
    }
}

#[test]
fn a_head_of_junk_or_attacks_does_not_hide_the_format() {
    let good = "192.0.2.7 - - [23/Nov/2026:08:46:37 +0000] \"GET / HTTP/1.1\" 200 3 \"-\" \"x\"\n";
    let junk = "\\x16\\x03\\x01 garbage {\"a\n".repeat(40);
    let (guess, told) = tell(format!("{junk}{}", good.repeat(9)).as_bytes());
    assert_eq!(guess.format.name(), "combined");
    assert_eq!(told.iter().filter(|t| t.as_str() == "UNPARSED").count(), 40);
    let attacks: String = [r#""\x16\x03\x01""#, r#""-""#, r#""""#, r#""a=b: {"x":1}""#]
        .map(|request| {
            format!("1.1.1.1 - - [23/Nov/2026:08:46:37 +0000] {request} 400 0 \"-\" \"-\"\n")
        })
        .concat();
    let (guess, told) = tell(attacks.as_bytes());
    assert_eq!((guess.format.name(), guess.score), ("combined", 1.0));
    assert_eq!(told.len(), 4);
}

#[test]
fn a_stray_line_of_another_format_is_read() {
    let alb = LINES.iter().find(|(name, ..)| *name == "aws-alb").map_or("", |(_, line, _)| line);
    let clf = LINES[0].1;
    let json = r#"{"remote_addr":"192.0.2.8","status":200,"request":"GET /j HTTP/1.1"}"#;
    let error = "[Mon Nov 23 08:46:29 2026] [error] [client 192.0.2.6] denied";
    let log = format!("{clf}\n{clf}\n\n{alb}\n{clf}\n{json}\n{error}\n{clf}\n");
    let (guess, told) = tell(log.as_bytes());
    assert_eq!(guess.format.name(), "common");
    assert_eq!(told.len(), 7, "blank lines are skipped");
    for (at, part) in [(2, "‹c-ip=2601:6bbc::1›"), (4, "‹cs-uri=/j›"), (5, "‹c-ip=192.0.2.6›")]
    {
        assert!(told[at].contains(part), "{part} is not in {}", told[at]);
    }
}

#[test]
fn marks_and_holes_in_front_of_a_line_are_not_of_it() {
    for before in ["\u{feff}", "\0\0\0"] {
        let (_, told) = tell(format!("{before}{}\n", LINES[0].1).as_bytes());
        assert!(told[0].contains("‹c-ip=192.0.2.7›"), "{}", told[0]);
    }
}

#[test]
fn columns_change_within_a_file_and_at_cuts() {
    let first = "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n\
                 2021-04-01 00:00:21 192.0.2.9 GET /a 200\n";
    let second = "#Date: 2021-04-02 00:00:00\n#Fields: time cs-method cs-uri-stem c-ip\n";
    let third = "00:00:22 GET /b 192.0.2.8\n";
    let (guess, whole) = tell([first, second, third].concat().as_bytes());
    assert!(whole[1].starts_with("2021-04-02T00:00:22Z "), "{whole:?}");
    assert!(whole[1].contains("‹c-ip=192.0.2.8›"), "{whole:?}");
    let after = guess.format.after([first, second].concat().as_bytes()).unwrap();
    let mut event = Event::default();
    event.reset(third.as_bytes());
    assert_eq!(after.parser().parse(third.as_bytes(), &mut event), Parsed::Event);
    assert_eq!(event.get(Field::Client), Some(&b"192.0.2.8"[..]));
    assert!(after.after(third.as_bytes()).is_none());
}

#[test]
fn fields_say_what_can_be() {
    for (name, log, _) in LINES {
        let (guess, _) = tell(log.as_bytes());
        let fields = guess.format.fields();
        let mut parser = guess.format.parser();
        for line in log.lines() {
            let mut event = Event::default();
            event.reset(line.as_bytes());
            parser.parse(line.as_bytes(), &mut event);
            let unsaid =
                Field::ALL.iter().find(|f| event.get(**f).is_some() && !fields.contains(f));
            assert_eq!(unsaid, None, "{name}");
            assert!(guess.format.has_named() || event.named().is_empty(), "{name}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_format_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        tell(&text);
    }

    #[test]
    fn no_mutated_line_makes_a_format_panic(
        which in 0..LINES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        doubled in any::<prop::sample::Index>(),
    ) {
        let whole = LINES[which].1.as_bytes();
        let (guess, _) = tell(whole);
        let mut line = whole.rsplit(|b| *b == b'\n').next().unwrap_or_default().to_vec();
        for (at, byte) in edits {
            let at = at.index(line.len());
            line[at] = byte;
        }
        line.splice(doubled.index(line.len()).., whole[doubled.index(whole.len())..].to_vec());
        line.truncate(cut.index(line.len() + 1).max(1));
        let mut event = Event::default();
        event.reset(&line);
        guess.format.parser().parse(&line, &mut event);
        tell(&line);
    }
}

/// Lines of nothing but what parsers look for must cost about as much as they are long.
#[test]
fn hostile_lines_do_not_cost_the_square_of_their_length() {
    let start = r#"192.0.2.7 - - [23/Nov/2026:08:46:37 +0000] "GET / HTTP/1.1" 200 3 "-" ""#;
    let fills = [
        "\"", " ", "\" ", "\"a ", "\\\"", "] \"", "[", " - ", "\\", "{\"a\":", "%2525", "\t", "a,",
    ];
    for fill in fills {
        let long = fill.repeat(50_000 / fill.len());
        for line in [long.clone(), format!("{start}{long}"), format!("2026-11-23 08:46:37 {long}")]
        {
            let begin = std::time::Instant::now();
            tell(line.as_bytes());
            assert!(begin.elapsed().as_secs() < 5, "{fill:?} takes {:?}", begin.elapsed());
        }
    }
}
