//! How fast is each format parsed? Bytes per second on one thread, every entry parsed.
//!
//! ```text
//! cargo bench --bench event              32 MB of each
//! cargo bench --bench event -- --quick   1 MB, so that it cannot rot
//! ```
#![allow(clippy::print_stdout, missing_docs)]

use std::time::Instant;

use leaksweep::event::{Event, Options, Parsed, decode, recognise};

/// Lines of each format, without the numbers that differ from line to line.
const LOGS: &[&str] = &[
    "203.0.113.@ - - [23/Nov/2026:08:4@:37 +0900] \"GET /product/47@2?color=red&size=4@ HTTP/1.1\" 200 414@6 \"https://shop.example.com/category/@\" \"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Mobile/15E148 Safari/604.1\"",
    "203.0.113.@ - - [23/Nov/2026:08:4@:37 +0900] \"GET /product/47@2?color=red HTTP/1.1\" 200 414@6",
    "shop.example.com:443 203.0.113.@ - - [23/Nov/2026:08:4@:37 +0900] \"GET /product/47@2?x=\\\"y\\\" HTTP/1.1\" 200 414@6 \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.@\"",
    "https 2023-04-26T12:23:0@.186641Z app/shop/490d68edf04676fe 192.168.1.@:44740 10.0.0.1:80 0.086 0.048 0.037 200 200 0 5@7 \"GET https://www.example.com:443/robots.txt?a=@ HTTP/1.1\" \"curl/7.46.0\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x \"Root=1-58337281\" \"www.example.com\" \"arn:aws:y\" 1 2018-07-02T22:22:48.364000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\"",
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n2021-04-01 00:0@:21 10.0.0.1 GET /foo.asp a=@ 80 - 192.0.2.@ Mozilla/5.0+(Windows+NT+5.1)+AppleWebKit/537.36 http://h/ 200 0 0 6@",
    "127.0.0.1:550@2 [23/Nov/2026:08:46:3@.177] fe be/web1 0/0/0/0/0 404 39@6 - - ---- 1/1/0/0/0 0/0 {curl/8.5.0|shop.example.com} \"GET /q?x=@&y=b HTTP/1.1\"",
    "79a59df9 bucket1 [06/Feb/2019:00:00:3@ +0000] 192.0.2.@ 79a59df9 3E57427F3EXAMPLE REST.GET.OBJECT - \"GET /bucket1/a@?versioning HTTP/1.1\" 200 - 113 - 7 - \"-\" \"S3Console/0.4\" - s9lz= SigV2 ECDHE AuthHeader bucket1.s3.us-west-1.amazonaws.com TLSV1.1",
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header\n2024-03-12\t15:22:2@\tCDG50-P2\t703\t192.0.2.@\tGET\td6r.cloudfront.net\t/a%20b\t400\t-\tMozilla/5.0%2520(X11;%2520x)\tq=%2527@\t-\tError\t375W\tshop.example.com",
    "[10/Feb/2024:21:23:4@ +0100] shop.example.com 192.0.2.@ 0.002 \"GET /api/@ HTTP/2.0\" 200 61 333 - curl/8.6.0",
    "1795423@97.197      0 192.0.2.@ TCP_MISS/404 500 POST http://shop.example.com/pay/@? - HIER_DIRECT/127.0.0.1 text/html",
    "[2016-04-15T20:17:0@.310Z] \"POST /api/v1/locations/@ HTTP/2\" 204 - 154 0 226 100 \"10.0.35.@\" \"nsq2http\" \"cc21d9b0-cf5c-432b\" \"locations\" \"tcp://10.0.2.1:80\"",
    r#"{"ts":"2017-03-08T05:20:1@.031+09:00","level":"INFO","site":"zei.example.jp","op":"SearchCard","src_ip":"203.0.113.6@","order_id":"T20170308-00@123","card_no":"411111111111111@","expire":"2003","mail":"tanaka.taro@example.com"}"#,
    r#"{"time":"2026-11-23T08:46:3@+00:00","host":"shop.example.com","remote_addr":"127.0.0.@","request":"GET /search?q=%27%20UNION%20SELECT%20card_no-- HTTP/1.1","status":404,"bytes":153,"referer":"https://shop.example.com/a?b=1","ua":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","args":"q=%27%20UNION%20SELECT%20card_no--"}"#,
    r#"{"level":"info","ts":1795423597.18511@,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"60690","proto":"HTTP/1.1","method":"GET","host":"shop.example.com","uri":"/a@","headers":{"Connection":["close"],"User-Agent":["Mozilla/5.0 (X11; Linux x86_64)"],"Referer":["https://shop.example.com/a?b=1"],"X-Forwarded-For":["203.0.113.7, 10.0.0.1"],"Cookie":[]}},"user_id":"","duration":0.003114473,"size":3,"status":200,"resp_headers":{"Server":["Caddy"],"Etag":["\"toy5ok3\""],"Content-Type":["text/html; charset=utf-8"],"Last-Modified":["Mon, 23 Nov 2026 08:45:56 GMT"],"Accept-Ranges":["bytes"],"Content-Length":["3"]}}"#,
    r#"ts=2017-03-08T05:20:1@.031+09:00 level=INFO site=dannshin.jhf.example.jp op=SearchCard src_ip=203.0.113.9@ cardNo=411111111111111@ expire=2003 securityCode=123 mail=a@example.com name="YAMADA TARO" address="Tokyo, Chiyoda 1-2" tel=03-0000-0000 birthday=1970-01-01"#,
    r"2017-03-08 05:12:0@,412 INFO  [http-nio-8080-exec-7] jp.example.zei.controller.PaymentController - payment accepted for order T2017030@ in 12@ ms",
    "time:08/Mar/2017:05:12:0@ +0900\thost:203.0.113.66\tvhost:zei.example.jp\treq:GET /tax/index.action?x=1 HTTP/1.1\tstatus:200\tsize:7\treferer:-\tua:Mozilla/5.0 (X11; Linux x86_64)\treqtime:0.003",
    r#"2026/11/23 08:46:3@ [error] 7687#7687: *2 open() "/tmp/fm/www/search" failed (2: No such file or directory), client: 127.0.0.@, server: shop.example.com, request: "GET /search?q=%27%20UNION%20SELECT%20card_no-- HTTP/1.1", host: "www.other.example""#,
    r#"[Mon Nov 23 08:46:3@.171858 2026] [security2:error] [pid 8415:tid 8422] [client 127.0.0.@:52416] [client 127.0.0.@] ModSecurity: Warning. Pattern match "(?i)union" at ARGS:q. [file "/tmp/fm/apache/h2.conf"] [line "31"] [id "100"] [msg "sqli test"] [tag "t"] [hostname "www.other.example"] [uri "/search"] [unique_id "awP9baQPSevntErod0O12AAAAAE"]"#,
    r#"<190>Nov 23 08:46:3@ vm nginx: 127.0.0.@ - - [23/Nov/2026:08:46:37 +0000] "GET /search?q=%27%20UNION%20SELECT%20card_no-- HTTP/1.1" 404 153 "-" "sqlmap/1.7""#,
    r#"{"log":"127.0.0.@ - - [23/Nov/2026:08:46:37 +0000] \"GET /search?q=%27%20UNION%20SELECT%20card_no-- HTTP/1.1\" 404 153 \"-\" \"sqlmap/1.7\"\n","stream":"stdout","time":"2024-05-05T10:00:0@.123456789Z"}"#,
    "timestamp,site,ip,method,uri,status,bytes,ua\n2024-05-05T10:00:0@Z,shop.example.com,192.0.2.7,GET,\"/q?a=1,2\",200,512,\"Mozilla/5.0 (X11; Linux x86_64)\"",
];

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let (bytes, runs) = if quick { (1 << 20, 1) } else { (32 << 20, 5) };
    for log in LOGS {
        let text = repeated(log, bytes);
        let guess = recognise(&text[..text.len().min(1 << 16)], &Options::default());
        time(guess.format.name(), text.len(), runs, || parse(&text, &guess));
    }
    let text = repeated(LOGS[0], bytes);
    let values: Vec<&[u8]> = text.split(|b| *b == b' ').collect();
    time("decode (does it change?)", text.len(), runs, || {
        values.iter().filter(|value| decode::changes(value)).count()
    });
}

/// The lines behind the last line end of `log`, over and over, `@` standing for a digit.
fn repeated(log: &str, bytes: usize) -> Vec<u8> {
    let (header, line) = log.rsplit_once('\n').unwrap_or(("", log));
    let mut text = format!("{header}\n").into_bytes();
    for n in 0.. {
        if text.len() >= bytes {
            break;
        }
        let digit = b'0' + (n * 7 % 10) as u8;
        text.extend(line.bytes().map(|b| if b == b'@' { digit } else { b }));
        text.push(b'\n');
    }
    text
}

fn parse(text: &[u8], guess: &leaksweep::event::Guess) -> usize {
    let mut parser = guess.format.parser();
    let mut event = Event::default();
    let (mut events, mut from) = (0, 0);
    for end in memchr::memchr_iter(b'\n', text) {
        let line = &text[from..end];
        event.reset(line);
        events += usize::from(parser.parse(line, &mut event) == Parsed::Event);
        from = end + 1;
    }
    events
}

/// Prints the fastest of some runs.
fn time(name: &str, bytes: usize, runs: usize, mut work: impl FnMut() -> usize) {
    let seconds = (0..runs).map(|_| {
        let start = Instant::now();
        assert!(work() > 0 || name.starts_with("decode"));
        start.elapsed().as_secs_f64()
    });
    let best = seconds.fold(f64::INFINITY, f64::min);
    println!("{name:<28} {:>8.0} MB/s", bytes as f64 / best / 1e6);
}
