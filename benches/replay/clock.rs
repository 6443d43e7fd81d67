//! Stamps in Japan's time, in the spellings of the logs.

/// 2017-03-06T00:00:00+09:00 in seconds since the epoch: when the oldest log begins.
pub const BEGIN: i64 = 1_488_726_000;

/// Seconds since the epoch of a day of March 2017 and a time of day.
pub fn march(day: i64, hour: i64, minute: i64, second: i64) -> i64 {
    BEGIN + (day - 6) * 86_400 + hour * 3_600 + minute * 60 + second
}

fn parts(time: i64) -> (i64, i64, i64, i64) {
    let local = time - BEGIN;
    (6 + local.div_euclid(86_400), local / 3_600 % 24, local / 60 % 60, local % 60)
}

/// The hour of the day.
pub fn hour(time: i64) -> i64 {
    parts(time).1
}

/// `08/Mar/2017:05:12:07 +0900`
pub fn clf(time: i64) -> String {
    let (d, h, m, s) = parts(time);
    format!("{d:02}/Mar/2017:{h:02}:{m:02}:{s:02} +0900")
}

/// `2017-03-08T05:12:07.031+09:00`
pub fn iso(time: i64, millis: u64) -> String {
    let (d, h, m, s) = parts(time);
    format!("2017-03-{d:02}T{h:02}:{m:02}:{s:02}.{millis:03}+09:00")
}

/// `2017-03-08 05:12:07,412`
pub fn log4j(time: i64, millis: u64) -> String {
    let (d, h, m, s) = parts(time);
    format!("2017-03-{d:02} {h:02}:{m:02}:{s:02},{millis:03}")
}

/// `2017/03/08 05:12:07`
pub fn nginx(time: i64) -> String {
    let (d, h, m, s) = parts(time);
    format!("2017/03/{d:02} {h:02}:{m:02}:{s:02}")
}
