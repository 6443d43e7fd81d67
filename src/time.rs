//! When did it happen?
//!
//! One instant type for the whole program, [`Time`]: microseconds since the Unix epoch together
//! with the offset that the log was written in, so that a report can show an event as the site's
//! own clock showed it. [`Zone`] resolves civil times of logs that name no zone.
//!
//! `jiff` (time zone rules) enters the program only here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Microseconds.
const HOUR: i64 = 3_600_000_000;

/// A point in time, ordered by instant; the offset is only how it is shown.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Time {
    /// Microseconds since 1970-01-01T00:00:00Z.
    micros: i64,
    /// Minutes east of UTC that the stamp was written with.
    offset: i16,
}

/// A civil (wall clock) time: what a stamp says before a zone is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year, for example 2017.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 60 (a leap second counts as 59).
    pub second: u8,
    /// Microsecond within the second.
    pub micro: u32,
}

impl Civil {
    /// Microseconds since the epoch if this wall clock stood at UTC; `None` for a date that does
    /// not exist (30 February, hour 25).
    pub fn as_utc_micros(self) -> Option<i64> {
        let days = days_from_civil(self.year, self.month, self.day)?;
        if self.hour > 23 || self.minute > 59 || self.second > 60 || self.micro > 999_999 {
            return None;
        }
        let second = i64::from(self.second.min(59));
        let seconds =
            days * 86_400 + i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + second;
        Some(seconds * 1_000_000 + i64::from(self.micro))
    }

    /// The instant at a fixed offset in minutes east of UTC; `None` if the date does not exist.
    pub fn at_offset(self, offset: i16) -> Option<Time> {
        let micros = self.as_utc_micros()?;
        Some(Time { micros: micros - i64::from(offset) * 60_000_000, offset })
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant's algorithm); `None` if
/// the date does not exist.
fn days_from_civil(year: i32, month: u8, day: u8) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (i64::from(month) + 9) % 12;
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    Some(era * 146_097 + doe - 719_468)
}

/// The proleptic Gregorian date of a day number since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u8;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u8;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl Time {
    /// The instant of `micros` microseconds since the epoch, shown at `offset` minutes east of UTC.
    pub fn from_micros(micros: i64, offset: i16) -> Self {
        Self { micros, offset }
    }

    /// The same microseconds since the epoch, if a stamp can say them: of the years 0000 to 9999,
    /// and the days around them that offsets reach. Numbers that come from a file go through this,
    /// so that no reckoning with times overflows.
    ///
    /// # Errors
    ///
    /// If they are earlier or later.
    pub fn checked(micros: i64) -> Result<i64, TimeError> {
        const FIRST: i64 = (-719_528 - 2) * 86_400_000_000;
        const LAST: i64 = (2_932_896 + 3) * 86_400_000_000;
        let within = (FIRST..LAST).contains(&micros);
        within.then_some(micros).ok_or_else(|| TimeError(format!("{micros} microseconds")))
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.micros.div_euclid(1_000_000)
    }

    /// Whole hours since the epoch, rounded down: the bucket of activity statistics.
    pub fn hour(self) -> i64 {
        self.micros.div_euclid(HOUR)
    }

    /// Whether it lies in an hour since the epoch: sooner told than the hour.
    pub fn is_in_hour(self, hour: i64) -> bool {
        let begin = hour.saturating_mul(HOUR);
        (begin..begin.saturating_add(HOUR)).contains(&self.micros)
    }

    /// When an hour since the epoch begins.
    pub fn of_hour(hour: i64, offset: i16) -> Self {
        Self::from_micros(hour.saturating_mul(HOUR), offset)
    }

    /// Minutes east of UTC that the stamp was written with.
    pub fn offset(self) -> i16 {
        self.offset
    }

    /// The same instant shown at another offset.
    #[must_use]
    pub fn shown_at(self, offset: i16) -> Self {
        Self { offset, ..self }
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.micros == other.micros
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.micros.cmp(&other.micros)
    }
}

impl std::hash::Hash for Time {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.micros.hash(state);
    }
}

/// RFC 3339 with offset; a fraction only where there is one. RFC 3339 has years of four digits: an
/// instant whose year at its offset has none is shown at the farthest offset that a stamp can have.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FARTHEST: i16 = 18 * 60 + 59;
        let local = self.micros + i64::from(self.offset) * 60_000_000;
        match civil_from_days(local.div_euclid(86_400_000_000)).0 {
            ..0 if self.offset < FARTHEST => return self.shown_at(FARTHEST).fmt(f),
            10_000.. if self.offset > -FARTHEST => return self.shown_at(-FARTHEST).fmt(f),
            _ => {}
        }
        let (seconds, micro) = (local.div_euclid(1_000_000), local.rem_euclid(1_000_000));
        let (days, in_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if micro != 0 {
            let digits = format!("{micro:06}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", self.offset.abs() / 60, self.offset.abs() % 60)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not an RFC 3339 time with offset.
#[derive(Debug, thiserror::Error)]
#[error("not a time: {0:?} (write it like 2017-03-09T23:53:00+09:00)")]
pub struct TimeError(String);

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        rfc3339(text.as_bytes()).ok_or_else(|| TimeError(text.chars().take(40).collect()))
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

/// Parses RFC 3339 (`2017-03-09T23:53:00.5+09:00`), also with a blank for the `T`, a comma for
/// the point, and `+0900` for the offset. `None` where there is no offset.
pub fn rfc3339(text: &[u8]) -> Option<Time> {
    let (civil, rest) = civil_prefix(text)?;
    civil.at_offset(offset(rest)?)
}

/// Parses the civil part of an ISO 8601 stamp and returns what follows it.
pub fn civil_prefix(text: &[u8]) -> Option<(Civil, &[u8])> {
    let head = text.get(..19)?;
    let separators = [(4, b"-/"), (7, b"-/"), (10, b"T "), (13, b"::"), (16, b"::")];
    if separators.iter().any(|(at, any)| !any.contains(&head[*at])) {
        return None;
    }
    let number = |from: usize, to: usize| digits(&head[from..to]);
    let mut civil = Civil {
        year: number(0, 4)? as i32,
        month: number(5, 7)? as u8,
        day: number(8, 10)? as u8,
        hour: number(11, 13)? as u8,
        minute: number(14, 16)? as u8,
        second: number(17, 19)? as u8,
        micro: 0,
    };
    let mut rest = &text[19..];
    if let [b'.' | b',', after @ ..] = rest {
        let n = after.iter().take_while(|b| b.is_ascii_digit()).count();
        if n == 0 {
            return Some((civil, rest));
        }
        civil.micro = fraction_micros(&after[..n]);
        rest = &after[n..];
    }
    Some((civil, rest))
}

/// Microseconds of a decimal fraction's digits (`5` is 500,000); digits beyond six are dropped.
pub fn fraction_micros(digits: &[u8]) -> u32 {
    let mut micros = 0;
    for i in 0..6 {
        micros = micros * 10 + digits.get(i).map_or(0, |d| u32::from(d - b'0'));
    }
    micros
}

/// Parses a whole text of one to nine decimal digits.
pub fn digits(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    let mut value = 0u32;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some(value)
}

/// Parses `Z`, `+09:00`, `+0900` or `+09` (after an optional blank) into minutes east of UTC.
/// What follows the offset is ignored.
pub fn offset(text: &[u8]) -> Option<i16> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, rest) = match text {
        [b'Z' | b'z', ..] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let hours = digits(rest.get(..2)?)? as i16;
    let minutes = match &rest[2..] {
        [b':', m @ ..] if m.len() >= 2 => digits(&m[..2])? as i16,
        m if m.len() >= 2 && m[0].is_ascii_digit() => digits(&m[..2])? as i16,
        _ => 0,
    };
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// The zone of logs that name none: a fixed offset or an IANA zone with its daylight saving.
#[derive(Clone, Debug)]
pub struct Zone(jiff::tz::TimeZone);

/// A zone name that is neither an IANA name nor an offset.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown time zone {0:?} (write an IANA name such as Asia/Tokyo, or an offset such as +09:00)"
)]
pub struct ZoneError(String);

impl Default for Zone {
    /// UTC.
    fn default() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        if let Some(minutes) = offset(name.as_bytes()) {
            let fixed = jiff::tz::Offset::from_seconds(i32::from(minutes) * 60);
            return fixed
                .map(|o| Self(jiff::tz::TimeZone::fixed(o)))
                .map_err(|_| ZoneError(name.to_owned()));
        }
        jiff::tz::TimeZone::get(name).map(Self).map_err(|_| ZoneError(name.to_owned()))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.iana_name() {
            Some(name) => f.write_str(name),
            None => match self.0.to_fixed_offset() {
                Ok(fixed) => write!(f, "{fixed}"),
                Err(_) => f.write_str("local"),
            },
        }
    }
}

impl Zone {
    /// The instant at which this zone's clocks showed `civil`; of two (clocks set back), the
    /// earlier; `None` if the date does not exist.
    pub fn resolve(&self, civil: Civil) -> Option<Time> {
        if let Ok(fixed) = self.0.to_fixed_offset() {
            return civil.at_offset((fixed.seconds() / 60) as i16);
        }
        let datetime = jiff::civil::DateTime::new(
            civil.year as i16,
            civil.month as i8,
            civil.day as i8,
            civil.hour as i8,
            civil.minute as i8,
            civil.second.min(59) as i8,
            (civil.micro * 1_000) as i32,
        )
        .ok()?;
        let zoned = self.0.to_ambiguous_zoned_datetime(datetime).compatible().ok()?;
        let minutes = (zoned.offset().seconds() / 60) as i16;
        Some(Time::from_micros(zoned.timestamp().as_microsecond(), minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc3339() {
        for text in
            ["2017-03-09T23:53:00+09:00", "1969-12-31T23:59:59.25Z", "2024-02-29T00:00:00-03:30"]
        {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), text);
        }
        assert_eq!(
            "2017-03-09 23:53:00,5+0900".parse::<Time>().unwrap().to_string(),
            "2017-03-09T23:53:00.5+09:00"
        );
        for bad in ["", "2017-02-29T00:00:00Z", "2017-03-09T24:00:00Z", "2017-03-09T23:53:00"] {
            assert!(bad.parse::<Time>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_instant_that_a_stamp_says_is_shown_so_that_it_can_be_read() {
        for text in ["9999-12-31T23:59:59-18:00", "0000-01-01T00:00:00+18:00"] {
            for offset in [-1_080, 0, 1_080] {
                let time: Time = text.parse().unwrap();
                let shown = time.shown_at(offset).to_string();
                assert_eq!(shown.parse::<Time>().unwrap(), time, "{shown}");
            }
        }
    }

    #[test]
    fn zones_follow_their_clocks() {
        let civil =
            Civil { year: 2017, month: 7, day: 1, hour: 12, minute: 0, second: 0, micro: 0 };
        let shown = |zone: &str| zone.parse::<Zone>().unwrap().resolve(civil).unwrap().to_string();
        assert_eq!(shown("Asia/Tokyo"), "2017-07-01T12:00:00+09:00");
        assert_eq!(shown("Europe/Berlin"), "2017-07-01T12:00:00+02:00");
        assert_eq!(shown("+09:00"), "2017-07-01T12:00:00+09:00");
        assert!("Nowhere/Land".parse::<Zone>().is_err());
    }
}
