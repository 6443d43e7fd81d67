//! Ordinary traffic: customers who pay, search engines, pictures; and everything in it that looks
//! like card data and is none.

use crate::chance::Chance;
use crate::clock;

/// A line and when it was written.
pub type Timed = (i64, String);

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/56.0.2924.87 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 10_2_1 like Mac OS X) AppleWebKit/602.4.6 (KHTML, like Gecko) Version/10.0 Mobile/14D27 Safari/602.1",
    "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
];

const PAGES: &[&str] = &["index.action", "guide.action", "login.action", "faq.html", "terms.html"];

const ASSETS: &[&str] =
    &["css/base.css", "js/form.js", "img/logo@2x.png", "img/visa.gif", "img/jcb@3x.png"];

/// The times of `count` requests between two times, ascending; nights are quiet.
pub fn times(chance: &mut Chance, count: u64, from: i64, to: i64) -> Vec<i64> {
    let mut times = Vec::with_capacity(count as usize);
    while (times.len() as u64) < count {
        let time = from + chance.below((to - from) as u64) as i64;
        let awake = [25, 90][usize::from((7..24).contains(&clock::hour(time)))];
        if chance.percent(awake) {
            times.push(time);
        }
    }
    times.sort_unstable();
    times
}

/// A customer's address, from the ranges for documentation.
pub fn customer(chance: &mut Chance) -> String {
    match chance.below(10) {
        0 => format!("2001:db8:{:x}::{:x}", chance.below(64), 1 + chance.below(200)),
        1..=5 => format!("198.51.100.{}", 1 + chance.below(254)),
        _ => format!("192.0.2.{}", 1 + chance.below(254)),
    }
}

/// One ordinary line in Apache's combined format.
pub fn combined(chance: &mut Chance, time: i64, app: &str, site: &str) -> String {
    let client = customer(chance);
    let stamp = clock::clf(time);
    let agent = chance.of(AGENTS);
    let (request, status, bytes) = request(chance, time, app);
    let referer = match chance.below(3) {
        0 => "-".to_owned(),
        _ => format!("https://{site}/{app}/index.action"),
    };
    format!(
        "{client} - - [{stamp}] \"{request} HTTP/1.1\" {status} {bytes} \"{referer}\" \"{agent}\""
    )
}

/// Method and target, status, bytes.
fn request(chance: &mut Chance, time: i64, app: &str) -> (String, u16, u64) {
    let page = chance.of(PAGES);
    match chance.below(20) {
        0..=8 => (format!("GET /{app}/{}", chance.of(ASSETS)), 200, 900 + chance.below(40_000)),
        9 => (format!("GET /{app}/{}", chance.of(ASSETS)), 304, 0),
        10..=14 => (format!("GET /{app}/{page}"), 200, 18_000 + chance.below(4_000)),
        15..=16 => (format!("POST /{app}/pay.action"), 302, 0),
        17 => {
            let order = format!("{}{:08}", 20_170_300 + chance.below(9), chance.below(100_000_000));
            let millis = time * 1_000 + chance.below(1_000) as i64;
            let target = format!("GET /{app}/done.action?order_id={order}&t={millis}");
            (target, 200, 15_000 + chance.below(2_000))
        }
        18 => {
            let tracking = 400_000_000_000 + chance.below(99_999_999_999);
            (format!("GET /{app}/parcel.action?denpyo={tracking}"), 200, 9_000 + chance.below(900))
        }
        _ => ("GET /favicon.ico".to_owned(), 404, 209),
    }
}

/// One ordinary line of the gateway, as JSON; cards are masked as they should be.
pub fn gateway(chance: &mut Chance, time: i64, site: &str) -> String {
    let stamp = clock::iso(time, chance.below(1_000));
    let client = customer(chance);
    let op = chance.of(&["EntryTran", "ExecTran", "AlterTran"]);
    let order = format!("T{}-{:06}", 20_170_300 + chance.below(9), chance.below(1_000_000));
    let tran = format!(
        "{:015}{:013}",
        170_308_051_207_000 + chance.below(9_999),
        chance.next() % 10_000_000_000_000
    );
    let card = format!("{}******{:04}", 498_070 + chance.below(9), chance.below(10_000));
    let trace = 4_000_000_000_000_000 + chance.next() % 1_000_000_000_000_000;
    let amount = 100 * (1 + chance.below(900));
    let elapsed = 40 + chance.below(600);
    format!(
        "{{\"ts\":\"{stamp}\",\"level\":\"INFO\",\"site\":\"{site}\",\"op\":\"{op}\",\"src_ip\":\"{client}\",\
         \"order_id\":\"{order}\",\"tran_id\":\"{tran}\",\"trace_no\":\"{trace}\",\"card_masked\":\"{card}\",\"amount\":{amount},\
         \"result\":\"OK\",\"latency_ms\":{elapsed}}}"
    )
}

/// One ordinary line of the Java application.
pub fn application(chance: &mut Chance, time: i64) -> String {
    let stamp = clock::log4j(time, chance.below(1_000));
    let thread = 1 + chance.below(24);
    let order = chance.below(1_000_000);
    let text = match chance.below(4) {
        0 => format!(
            "INFO  [http-nio-8080-exec-{thread}] j.e.pay.OrderService - order T20170308-{order:06} accepted"
        ),
        1 => format!(
            "DEBUG [http-nio-8080-exec-{thread}] j.e.pay.Session - renewed after {} ms",
            800 + order % 90_000
        ),
        2 => format!(
            "INFO  [http-nio-8080-exec-{thread}] j.e.pay.GatewayClient - ExecTran answered in {} ms",
            40 + order % 700
        ),
        _ => format!(
            "WARN  [http-nio-8080-exec-{thread}] j.e.pay.OrderService - order T20170308-{order:06} not found\n\
             java.lang.IllegalStateException: no such order\n\tat jp.example.pay.OrderService.find(OrderService.java:88)\n\t... 31 more"
        ),
    };
    format!("{stamp} {text}")
}

/// One ordinary line of the gateway, as key=value pairs.
pub fn pairs(chance: &mut Chance, time: i64, site: &str) -> String {
    let stamp = clock::log4j(time, chance.below(1_000)).replace(',', ".");
    let client = customer(chance);
    let op = chance.of(&["EntryTran", "ExecTran", "SaveCard"]);
    let order = format!("T{}-{:06}", 20_170_300 + chance.below(9), chance.below(1_000_000));
    let access = format!("{:016x}{:016x}", chance.next(), chance.next());
    let card = format!("{}******{:04}", 523_840 + chance.below(9), chance.below(10_000));
    let elapsed = 40 + chance.below(600);
    format!(
        "{stamp} level=INFO site={site} op={op} src_ip={client} orderId={order} accessId={access} \
         cardMasked={card} result=OK elapsed={elapsed}"
    )
}
