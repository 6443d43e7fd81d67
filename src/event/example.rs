//! Which formats are there? One example of each, from which it is recognised as a log would be:
//! what a format can never have is said by the format itself.

use std::sync::Arc;

use super::{Format, Options, recognise};

/// Every format that has a name of its own, with all the fields that it may have: of JSON and
/// `#Fields` logs, which have what each of them names, an example with all that is usual.
pub fn formats() -> Vec<Arc<dyn Format>> {
    let options = Options::default();
    EXAMPLES.iter().map(|(_, text)| recognise(text.as_bytes(), &options).format).collect()
}

/// The name of each format and a head of a log of it.
const EXAMPLES: &[(&str, &str)] = &[
    ("morgan", "GET /a?b=1 200 12.345 ms - 345"),
    ("rails", r#"Started GET "/a?b=1" for 192.0.2.7 at 2024-05-05 10:00:00 +0900"#),
    (
        "common",
        r#"192.0.2.7 - - [23/Nov/2026:08:46:37 +0000] "GET /a?b=1 HTTP/1.0" 404 236"#,
    ),
    (
        "combined",
        r#"192.0.2.7 - - [23/Nov/2026:08:46:37 +0000] "GET /a?b=1 HTTP/1.1" 404 236 "-" "agent""#,
    ),
    (
        "vhost-combined",
        r#"www.shop.example:80 192.0.2.7 - - [23/Nov/2026:08:46:37 +0000] "GET / HTTP/1.1" 404 416 "-" "agent""#,
    ),
    (
        "aws-alb",
        r#"https 2023-04-26T12:23:00.186641Z app/a/490d68edf04676fe 2601:6bbc::1:44740 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/robots.txt?a HTTP/1.1" "curl/7.46.0" ECDHE TLSv1.2 arn:x "Root=1" "www.example.com" "arn:y" 1 2018-07-02T22:22:48.364000Z "forward""#,
    ),
    (
        "aws-elb",
        r#"2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "- - - " "-" - -"#,
    ),
    (
        "aws-s3",
        r#"79a59df9 bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df9 3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" - s9lz= SigV2 ECDHE AuthHeader bucket1.s3.us-west-1.amazonaws.com TLSV1.1"#,
    ),
    (
        "haproxy",
        r#"127.0.0.1:55092 [23/Nov/2026:08:46:37.177] fe be/web1 0/0/0/0/0 404 396 - - ---- 1/1/0/0/0 0/0 "GET /q?x HTTP/1.1""#,
    ),
    (
        "squid",
        "1795423597.197      0 127.0.0.1 TCP_MISS/404 500 POST http://shop.example.com/pay? - HIER/127.0.0.1 text/html",
    ),
    (
        "envoy",
        r#"[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0" "locations" "tcp://10.0.2.1:80""#,
    ),
    (
        "nginx-proxy-manager",
        r#"[24/Jan/2022:13:40:19 +0000] 444 - GET https shop.example "/.env" [Client 192.0.2.9] [Length 0] [Gzip -] "agent" "-""#,
    ),
    (
        "npmplus",
        r#"[10/Feb/2024:21:23:49 +0100] shop.example 192.0.2.9 0.002 "GET /api/ HTTP/2.0" 200 61 333 - curl/8.6.0"#,
    ),
    (
        "zoraxy",
        "2025/05/01 13:17:19 [2025-05-01 13:17:19.096748] [router:root] [origin:shop.example] [client: 192.0.2.9] [useragent: Mozilla/5.0 (x)] GET / 444",
    ),
    (
        "confluence",
        "[17/Jun/2021:12:57:26 +0200] user http-nio-8080-exec-6 192.168.192.1 GET /index.action HTTP/1.1 200 1020ms 7881 http://localhost/ Mozilla/5.0 (x)",
    ),
    (
        "apache-ssl-request",
        r#"[16/Oct/2019:11:53:47 +0200] 192.0.2.9 TLSv1.2 ECDHE-RSA "GET /a?b HTTP/1.1" -"#,
    ),
    (
        "uwsgi",
        "[pid: 24386|app: 0|req: 482950/4125645] 192.0.2.9 () {44 vars in 1322 bytes} [Tue Jan  3 05:01:31 2012] GET /a/?_=1 => generated 192 bytes in 21 msecs (HTTP/1.1 200) 4 headers in 188 bytes",
    ),
    (
        "iis-native",
        "192.168.114.201, -, 03/20/05, 7:55:20, W3SVC2, SALES1, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /DeptLogo.gif, -,",
    ),
    (
        "iis-w3c",
        "#Fields: date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken
2021-04-01 00:00:21 W3SVC1 WEB 10.0.0.1 GET /foo.asp a=1 80 - 192.0.2.9 HTTP/1.1 Mozilla/5.0+(x) a=b http://h/ shop.example 200 0 0 9 9 65",
    ),
    (
        "w3c",
        "#Fields: date time c-ip cs-method cs-uri sc-status bytes time-taken cs(User-Agent)
2026-11-23 08:46:37 127.0.0.1 GET /search?q=1 404 767 0 \"agent\"",
    ),
    (
        "cloudfront",
        "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header
2024-03-12\t15:22:28\tCDG50-P2\t703\t192.0.2.9\tGET\td6r.cloudfront.net\t/a\t400\t-\tagent\tq=1\t-\tError\t375W\tshop.example",
    ),
    (
        "json-access",
        r#"{"time":"2026-11-23T08:46:37Z","client_ip":"192.0.2.7","method":"POST","uri":"/a?b=1","protocol":"HTTP/1.1","status":200,"bytes_sent":9,"request_length":9,"referer":"http://h/","http_user_agent":"agent","http_host":"shop.example","user":"u","content_type":"text/plain","cookie":"a=b","x_forwarded_for":"192.0.2.8","request_time":"0.1","server_addr":"10.0.0.1","server_port":80,"request_body":"c=d","response_body":"e","request_id":"1","session_id":"2"}"#,
    ),
    (
        "modsecurity-json",
        r#"{"transaction":{"client_ip":"192.0.2.7","time_stamp":"Mon Nov 23 08:46:37 2026","server_id":"1","client_port":1,"host_ip":"10.0.0.1","host_port":80,"unique_id":"1","request":{"method":"GET","http_version":1.1,"uri":"/a?b=1","headers":{"Host":"shop.example","User-Agent":"agent","Referer":"http://h/","Cookie":"a=b","Content-Type":"text/plain","X-Forwarded-For":"192.0.2.8"}},"response":{"body":"","http_code":403,"headers":{}},"producer":{"modsecurity":"ModSecurity v3.0.3"},"messages":[{"message":"m","details":{"ruleId":"1"}}]}}"#,
    ),
    (
        "json-gateway",
        r#"{"ts":"2026-11-23T08:46:37Z","level":"INFO","site":"shop.example","op":"SearchTrade","client_ip":"192.0.2.7","shop_id":"s1","order_id":"o1","status":"OK","error_code":"E01"}"#,
    ),
    (
        "json-waf",
        r#"{"time":"2026-11-23T08:46:37Z","action":"blocked","client_ip":"192.0.2.7","host":"shop.example","rule_id":"944100","message":"m"}"#,
    ),
    (
        "json",
        r#"{"timestamp":"2026-11-23T08:46:37Z","level":"INFO","logger":"a.B","thread":"main","message":"order accepted","op":"order","user":"u","client_ip":"192.0.2.7","session_id":"1","request_id":"2"}"#,
    ),
    (
        "key-value",
        "time=2026-11-23T08:46:37Z level=info msg=\"order accepted\" op=order user=u client_ip=192.0.2.7 session_id=1 request_id=2",
    ),
    (
        "log4j",
        "2026-11-23 08:46:37,412 WARN  [exec-7] jp.example.Auth - login failed",
    ),
    (
        "apache-error",
        "[Mon Nov 23 08:46:37.010092 2026] [core:error] [pid 25:tid 14] [client 192.0.2.7:37752] AH00126: Invalid URI, referer: http://h/",
    ),
    (
        "nginx-error",
        "2026/11/23 08:46:37 [error] 10#10: *7 open() \"/a\" failed (2: No such file or directory), client: 192.0.2.7, server: z, request: \"GET /a HTTP/1.1\", host: \"z\", referrer: \"http://h/\"",
    ),
    (
        "modsecurity-error",
        "[Thu Sep 30 13:27:06.010092 2021] [:error] [pid 2560:tid 14] [client 192.0.2.7:37752] ModSecurity: Warning. [id \"930110\"] [msg \"P\"] [hostname \"z\"] [uri \"/a\"] [unique_id \"x\"]",
    ),
    (
        "modsecurity-audit",
        "--c0ffee01-A--
[23/Nov/2026:08:46:37 +0000] Zuqxw38AAQEAAEcR 192.0.2.7 50212 10.0.0.1 80
--c0ffee01-B--
POST /a?b=1 HTTP/1.1
Host: shop.example
User-Agent: agent

--c0ffee01-C--
c=d
--c0ffee01-F--
HTTP/1.1 403 Forbidden

--c0ffee01-Z--
",
    ),
    ("text", "what no format knows"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_of_its_format() {
        for ((name, _), format) in EXAMPLES.iter().zip(formats()) {
            assert_eq!(format.name(), *name);
        }
    }
}
