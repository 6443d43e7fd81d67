//! A labelled log: card numbers in every spelling, among numbers that look like them.

pub mod person;

/// Chance with a seed (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// Random digits behind a prefix, up to a length.
    pub fn digits(&mut self, prefix: &str, len: usize) -> String {
        let mut out = prefix.to_owned();
        while out.len() < len {
            out.push(char::from(b'0' + self.below(10) as u8));
        }
        out
    }

    /// A number with a prefix, a length and a right check digit, of more than four digits.
    pub fn card(&mut self, prefix: &str, len: usize) -> String {
        loop {
            let body = self.digits(prefix, len - 1);
            let number = (0..10).map(|d| format!("{body}{d}")).find(|n| luhn(n)).unwrap();
            if !patterned(&number) {
                return number;
            }
        }
    }
}

fn luhn(number: &str) -> bool {
    let digit = |(i, b): (usize, u8)| {
        let d = u32::from(b - b'0') * (1 + i as u32 % 2);
        d / 10 + d % 10
    };
    number.bytes().rev().enumerate().map(digit).sum::<u32>() % 10 == 0
}

/// What testers type: left to the test numbers.
fn patterned(number: &str) -> bool {
    let bytes = number.as_bytes();
    let runs = bytes.chunk_by(|a, b| a == b).any(|run| run.len() >= 5);
    let mut digits = bytes.to_vec();
    digits.sort_unstable();
    digits.dedup();
    runs || digits.len() < 5 || &bytes[6..9] == b"000"
}

/// One line and what it holds.
pub struct Line {
    pub bytes: Vec<u8>,
    pub shape: &'static str,
    /// Card numbers in it.
    pub cards: Vec<String>,
    /// Whether a person's e-mail address is in it.
    pub mail: bool,
}

const BRANDS: [(&str, usize); 10] = [
    ("4", 16),
    ("51", 16),
    ("55", 16),
    ("2223", 16),
    ("37", 15),
    ("34", 15),
    ("3540", 16),
    ("6011", 16),
    ("6221", 16),
    ("3560", 16),
];

fn fours(card: &str, gap: &str) -> String {
    let cuts: &[usize] = if card.len() == 15 { &[4, 10] } else { &[4, 8, 12] };
    let mut out = String::new();
    for (i, c) in card.char_indices() {
        if cuts.contains(&i) {
            out.push_str(gap);
        }
        out.push(c);
    }
    out
}

fn wide(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_digit() { char::from_u32(c as u32 + 0xFEE0).unwrap() } else { c })
        .collect()
}

fn each_char(text: &str, spell: impl Fn(char) -> String) -> String {
    text.chars().map(spell).collect()
}

fn base64(text: &str) -> String {
    const SET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in text.as_bytes().chunks(3) {
        let n = part.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - part.len()));
        for i in 0..=part.len() {
            out.push(SET[(n >> (18 - 6 * i) & 63) as usize] as char);
        }
        out.push_str(&"=".repeat(3 - part.len()));
    }
    out
}

/// The names of all shapes that carry a card.
pub const SHAPES: &[&str] = &[
    "key=value",
    "query",
    "json",
    "json escaped",
    "xml",
    "xml escaped",
    "bracketed key",
    "print_r",
    "var_dump",
    "ruby",
    "java map",
    "free text",
    "csv",
    "tab",
    "parentheses",
    "hyphen",
    "space",
    "dot",
    "%20",
    "plus",
    "nbsp",
    "ideographic space",
    "unicode hyphen",
    "full-width",
    "full-width sjis",
    "full-width euc",
    "behind %22",
    "double encoded",
    "\\u digits",
    "html digits",
    "% digits",
    "base64",
    "split fields",
    "track 1",
    "track 2",
    "label utf-8",
    "label sjis",
    "iso 8583",
    "emv",
    "nested json",
    "message with expiry",
];

/// A line that carries a card in the shape.
#[allow(clippy::too_many_lines)]
fn planted(shape: &'static str, chance: &mut Chance) -> Line {
    let (prefix, len) = *chance.of(&BRANDS);
    let (prefix, len) = if matches!(shape, "split fields") { ("4", 16) } else { (prefix, len) };
    let card = chance.card(prefix, len);
    let c = &card;
    let n = chance.below(1_000_000);
    let month = 1 + chance.below(12);
    let text = match shape {
        "key=value" => format!("op=ExecTran OrderID=T{n} CardNo={c} Expire=20{month:02}"),
        "query" => format!("GET /pay?order={n}&card_number={c}&amount=100 HTTP/1.1"),
        "json" => format!(r#"{{"id":{n},"card_no":"{c}","amount":100}}"#),
        "json escaped" => format!(r#"{{"id":{n},"body":"{{\"cardNumber\":\"{c}\"}}"}}"#),
        "xml" => format!("<req><id>{n}</id><cc_number>{c}</cc_number></req>"),
        "xml escaped" => format!("&lt;PAN&gt;{c}&lt;/PAN&gt; {n}"),
        "bracketed key" => format!("POST /pay card%5Bnumber%5D={c}&x={n}"),
        "print_r" => format!("    [card_number] => {c}"),
        "var_dump" => format!(r#"["card_number"]=> string({len}) "{c}""#),
        "ruby" => format!(r#"Parameters: {{"id"=>"{n}", "number"=>"1", "cc_number"=>"{c}"}}"#),
        "java map" => format!("request {{id={n}, pan={c}, cvv=***}}"),
        "free text" => format!("authorisation of {c} went through for customer {n}"),
        "csv" => format!("2017-03-08,{n},{c},JPY"),
        "tab" => format!("2017-03-08\t{n}\t{c}\tJPY"),
        "parentheses" => format!("charged ({c}) ok"),
        "hyphen" => format!("entered {} at till {n}", fours(c, "-")),
        "space" => format!("number read {} by agent {n}", fours(c, " ")),
        "dot" => format!("form value {} given", fours(c, ".")),
        "%20" => format!("GET /find?q={} HTTP/1.1", fours(c, "%20")),
        "plus" => format!("GET /search?term={} HTTP/1.1", fours(c, "+")),
        "nbsp" => format!("pasted {} here", fours(c, "\u{A0}")),
        "ideographic space" => format!("入力 {} です", fours(c, "\u{3000}")),
        "unicode hyphen" => format!("noted {} down", fours(c, "\u{2010}")),
        "full-width" | "full-width sjis" | "full-width euc" => format!("番号は{}です", wide(c)),
        "behind %22" => format!("GET /s?q=%22{c}%22 HTTP/1.1"),
        "double encoded" => format!("GET /r?u=card_no%253D{c}%2526x HTTP/1.1"),
        "\\u digits" => {
            format!(r#"{{"card_no":"{}"}}"#, each_char(c, |c| format!("\\u00{:02x}", c as u32)))
        }
        "html digits" => format!("card_no={}", each_char(c, |c| format!("&#{};", c as u32))),
        "% digits" => format!("card_no={}&x=1", each_char(c, |c| format!("%{:02X}", c as u32))),
        "base64" => format!("payload={} n={n}", base64(&format!("id={n}&card_no={c}&exp=2012"))),
        "split fields" => format!(
            "card_no01={}&card_no02={}&card_no03={}&card_no04={}",
            &c[..4],
            &c[4..8],
            &c[8..12],
            &c[12..]
        ),
        "track 1" => format!("swipe %B{c}^YAMADA/TARO^20{month:02}1011234567890?"),
        "track 2" => format!("swipe ;{c}=20{month:02}1011234567890?"),
        "label utf-8" => format!("受付 カード番号：{c} 有効期限：20{month:02}"),
        "label sjis" => format!("受付 クレジットカード番号 {c}"),
        "iso 8583" => format!("0200 7024048020C08000 F002={c} F004=000000010000"),
        "emv" => {
            let bcd = if c.len() % 2 == 1 { format!("{c}F") } else { c.clone() };
            format!("tlv 5F2A0203925A{:02X}{bcd}5F24032012{:02}9F1A020392", bcd.len() / 2, 31)
        }
        "nested json" => format!(
            r#"{{"payment":{{"type":"card","card":{{"exp":"1","number":"{c}"}}}},"n":{n}}}"#
        ),
        _ => format!("approved {c} {month:02}/2{} ok", n % 10),
    };
    let bytes = match shape {
        "full-width sjis" | "label sjis" => encoding_rs::SHIFT_JIS.encode(&text).0.into_owned(),
        "full-width euc" => encoding_rs::EUC_JP.encode(&text).0.into_owned(),
        _ => text.into_bytes(),
    };
    Line { bytes, shape, cards: vec![card], mail: false }
}

/// The names of all decoys.
pub const DECOYS: &[&str] = &[
    "order id",
    "sequence",
    "jan",
    "ticks",
    "variant",
    "fbid",
    "imei",
    "epoch ms",
    "epoch us",
    "uuid",
    "snowflake",
    "iccid",
    "long id",
    "phone-like",
    "stamp id",
    "tracking",
    "corporate",
    "imeisv",
    "media id",
    "test card",
    "masked",
    "hex",
    "float",
    "retina",
    "scoped package",
    "free id",
    "messy id",
    "csv id",
    "access",
    "sentry",
    "message id",
    "git",
    "bot",
];

fn decoy(kind: &'static str, i: u64, chance: &mut Chance) -> Line {
    let n = chance.below(1_000_000);
    let words = ["batch", "queue", "worker", "retry", "export", "sync"];
    let word = *chance.of(&words);
    let mut id = |prefix: &str, len| chance.digits(prefix, len);
    let text = match kind {
        "order id" => format!("order_id={} amount=100", id("", 16)),
        "sequence" => format!("seq={} done", 4_512_000_000_000_000 + i),
        "jan" => format!("jan={} qty=1", id("49", 13)),
        "ticks" => format!("ticks={}", id("638", 18)),
        "variant" => format!("variant: {} in cart", id("39", 14)),
        "fbid" => format!("GET /p?fbid={} HTTP/1.1", id("10", 15)),
        "imei" => format!("device {} online", imei(&id("35", 14))),
        "epoch ms" => format!(r#"{{"ts":{},"op":"x"}}"#, id("14889", 13)),
        "epoch us" => format!("t={} x", id("14889", 16)),
        "uuid" => {
            format!("id={}-{}-{}-{}-{}", id("", 8), id("4", 4), id("4", 4), id("8", 4), id("", 12))
        }
        "snowflake" => format!("msg={} ok", id("9", 18)),
        "iccid" => format!("iccid={} sim", id("8981", 19)),
        "long id" => format!("TranID={} x", id("1703", 28)),
        "phone-like" => format!("ref {}-{}-{}", id("1", 3), id("", 4), id("", 4)),
        "stamp id" => format!(
            "no={}{:02}{:02}{:02}{:02}{:02}{}",
            22 + i % 6,
            1 + n % 12,
            1 + n % 28,
            n % 24,
            n % 60,
            i % 60,
            id("", 4)
        ),
        "tracking" => format!("tracking {}-{}-{} sent", id("", 4), id("", 4), id("", 4)),
        "corporate" => format!("corp={} jp", id("4", 13)),
        "imeisv" => format!("imeisv={} x", id("3534", 16)),
        "media id" => format!("/media/{}/view", id("35", 19)),
        "test card" => format!(
            "card_no={}",
            ["4111111111111111", "5555555555554444", "378282246310005"][(i % 3) as usize]
        ),
        "masked" => format!(r#"{{"card_no":"{}******{}","n":{n}}}"#, id("4", 6), id("", 4)),
        "hex" => format!("digest=a{}b{}f", id("4", 16), id("5", 16)),
        "float" => format!("load 0.{} {}.5", id("4", 16), id("4", 16)),
        "retina" => format!(
            r#"192.0.2.1 - - [08/Mar/2017:05:12:07 +0900] "GET /img/logo{n}@2x.png HTTP/1.1" 200 {n} "-" "-""#
        ),
        "scoped package" => format!("npm install lodash@4.17.{} @scope/name", n % 100),
        "free id" => format!("{word} item {} finished", id("", 16)),
        "messy id" => format!("[{word}-{}] {word} took {n} us for {} ({word})", n % 9, id("4", 16)),
        "csv id" => format!("{n},{},{word},{}", id("", 16), id("", 10)),
        "access" => format!(
            r#"192.0.2.{} - - [08/Mar/2017:05:12:07 +0900] "GET /item/{n}?v={} HTTP/1.1" 200 {n} "-" "Mozilla/5.0""#,
            n % 250,
            id("1", 10)
        ),
        "sentry" => {
            format!("dsn https://{}@o{n}.ingest.sentry.io/1", "0123456789abcdef0123456789abcdef")
        }
        "message id" => format!("Message-ID: <CAB{n}@mail.gmail.com>"),
        "git" => format!("clone git@github.com:org/repo{n}.git"),
        _ => format!(
            r#"192.0.2.9 - - [08/Mar/2017:05:12:07 +0900] "GET / HTTP/1.1" 200 {n} "-" "foobot/1.0 (+bot@foobot.com)""#
        ),
    };
    Line { bytes: text.into_bytes(), shape: kind, cards: Vec::new(), mail: false }
}

fn imei(body: &str) -> String {
    (0..10).map(|d| format!("{body}{d}")).find(|n| luhn(n)).unwrap()
}

/// A line with a person's e-mail address.
fn mail(i: u64, chance: &mut Chance) -> Line {
    let n = chance.below(1_000_000);
    let host = *chance.of(&["foo.co.jp", "docomo.ne.jp", "gmail.com", "mail.bar.org"]);
    let text = match i % 6 {
        0 => format!("mail=user{n}@{host} ok"),
        1 => format!("GET /r?email=user{n}%40{host}&x=1 HTTP/1.1"),
        2 => format!(r#"{{"email":"user{n}\u0040{host}"}}"#),
        3 => format!("to <first.last{n}@{host}>, done"),
        4 => format!("user{n}&#64;{host}"),
        _ => format!("u{n}+tag@{host};"),
    };
    Line { bytes: text.into_bytes(), shape: "e-mail", cards: Vec::new(), mail: true }
}

/// A labelled log: so many lines of each shape and of each decoy.
pub fn log(shapes: u64, decoys: u64, seed: u64) -> Vec<Line> {
    let mut chance = Chance(seed);
    let mut lines = Vec::new();
    for i in 0..shapes.max(decoys) {
        for shape in SHAPES.iter().filter(|_| i < shapes) {
            lines.push(planted(shape, &mut chance));
        }
        for kind in DECOYS.iter().filter(|_| i < decoys) {
            lines.push(decoy(kind, i, &mut chance));
        }
        if i < shapes * 4 {
            lines.push(mail(i, &mut chance));
        }
    }
    lines
}
