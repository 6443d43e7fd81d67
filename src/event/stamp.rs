//! When was it written? Every spelling of a time stamp that log formats use.
//!
//! [`Stamps`] knows what a stamp does not say itself (zone, year) and reads one spelling a method.
//! Each method reads a stamp at the *start* of a text and returns the instant with what follows it,
//! so that a parser can go on from there; [`Stamps::any`] reads a whole text of any spelling.
//!
//! # Guarantees
//!
//! * A stamp that names a date or hour that does not exist is `None`, never "now" and never a
//!   neighbouring date.
//! * A stamp that can be read in two ways (`05/12/19`) is `None` unless the caller names the way.
//! * A zone in the stamp wins over [`Options::zone`]; a stamp without a year gets it
//!   from [`Options::closed`], or has no time.

use crate::time::{Civil, Time, Zone, civil_prefix, digits, fraction_micros};

use super::Options;
use super::year::Latest;

/// An instant and the text behind its stamp.
pub(super) type Read<'t> = Option<(Time, &'t [u8])>;

/// Reads stamps, with what they leave out.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps {
    /// The zone of stamps that name none.
    pub zone: Zone,
    /// What gives stamps without a year theirs.
    pub latest: Option<Latest>,
}

impl Stamps {
    /// Stamps as `options` complete them.
    pub(super) fn new(options: &Options) -> Self {
        Self { zone: options.zone.clone(), latest: options.closed.and_then(Latest::new) }
    }

    /// `10/Oct/2000:13:55:36 -0700`, also without zone, with a fraction of a second, with a blank
    /// before the time, with `-` or blanks between the date's parts and with a two-digit year:
    /// `05-Dec-2019 13:55:36.123`, `5 Dec 19 13:55:36,123`, `Thu, 05 Dec 2019 13:55:36 GMT`.
    /// [`Clf`] does the first, common spelling faster.
    pub(super) fn day_month_year<'t>(&self, text: &'t [u8]) -> Read<'t> {
        let (day, rest) = number(skip_weekday(text), 1, 2)?;
        let (month, rest) = month(one_of(rest, b"/- ")?)?;
        let (year, rest) = year(one_of(rest, b"/- ")?)?;
        let (clock, rest) = clock(one_of(rest, b": T")?)?;
        self.finish(clock.on(year, month, day), rest)
    }

    /// ISO 8601 and its relatives: `2019-12-05T13:55:36.123+09:00`, `2012/04/09 11:53:29`,
    /// `2019-12-05 13:55:36,123`, `2019/1/5 3:55:36`, `2019/12/05 - 13:55:36`,
    /// `2019:12:05-13:55:36`; without zone in [`Options::zone`].
    pub(super) fn iso<'t>(&self, text: &'t [u8]) -> Read<'t> {
        if let Some((civil, rest)) = civil_prefix(text) {
            return self.finish(civil, rest);
        }
        let (year, rest) = number(text, 4, 4)?;
        let (month, rest) = number(one_of(rest, b"-/.:")?, 1, 2)?;
        let (day, rest) = number(one_of(rest, b"-/.:")?, 1, 2)?;
        let rest = rest.strip_prefix(b" - ").or_else(|| one_of(rest, b"T _-"))?;
        let (clock, rest) = clock(rest)?;
        self.finish(clock.on(year, month, day), rest)
    }

    /// RFC 3164: `Nov 23 08:46:37`, `Nov  3 08:46:37.123`, also `Nov 23 2026 08:46:37`. Without a
    /// year in the stamp or [`Options::closed`] there is no time.
    pub(super) fn syslog<'t>(&self, text: &'t [u8]) -> Read<'t> {
        let (civil, rest) = self.syslog_civil(text)?;
        self.finish(civil?, rest)
    }

    /// The length of an RFC 3164 stamp at the start of `text`, whether or not its year is known.
    pub(super) fn syslog_len(&self, text: &[u8]) -> Option<usize> {
        self.syslog_civil(text).map(|(_, rest)| text.len() - rest.len())
    }

    fn syslog_civil<'t>(&self, text: &'t [u8]) -> Option<(Option<Civil>, &'t [u8])> {
        let (month, rest) = month(text)?;
        let (day, rest) = number(skip_blanks(one_of(rest, b" ")?), 1, 2)?;
        let rest = one_of(rest, b" ")?;
        let (own_year, rest) = match number(rest, 4, 4) {
            Some((year, rest)) => (Some(year), one_of(rest, b" ")?),
            None => (None, rest),
        };
        let (clock, rest) = clock(rest)?;
        let civil = match own_year {
            Some(year) => Some(clock.on(year, month, day)),
            None => self.latest.and_then(|l| l.complete(clock.on(0, month, day), &self.zone)),
        };
        Some((civil, rest))
    }

    /// C's `asctime`, as Apache's error log writes it: `Mon Nov 23 08:46:29.054642 2026`; also
    /// `date`'s `Mon Nov 23 08:46:29 UTC 2026`.
    pub(super) fn asctime<'t>(&self, text: &'t [u8]) -> Read<'t> {
        let (month, rest) = month(skip_weekday(text))?;
        let (day, rest) = number(skip_blanks(one_of(rest, b" ")?), 1, 2)?;
        let (clock, rest) = clock(one_of(rest, b" ")?)?;
        let (offset, rest) = match zone(rest) {
            Some((offset, rest)) if number(one_of(rest, b" ")?, 4, 4).is_some() => {
                (Some(offset), rest)
            }
            _ => (None, rest),
        };
        let (year, rest) = number(one_of(rest, b" ")?, 4, 4)?;
        let civil = clock.on(year, month, day);
        match offset {
            Some(offset) => Some((civil.at_offset(offset)?, rest)),
            None => Some((self.zone.resolve(civil)?, rest)),
        }
    }

    /// `java.util.logging`: `Dec 05, 2019 1:55:36 PM`.
    pub(super) fn java_util<'t>(&self, text: &'t [u8]) -> Read<'t> {
        let (month, rest) = month(text)?;
        let (day, rest) = number(one_of(rest, b" ")?, 1, 2)?;
        let (year, rest) = number(rest.strip_prefix(b", ")?, 4, 4)?;
        let (mut clock, rest) = clock(one_of(rest, b" ")?)?;
        let half = rest.get(..3)?;
        if clock.hour == 0 || clock.hour > 12 {
            return None;
        }
        clock.hour = match half {
            b" AM" => clock.hour % 12,
            b" PM" => clock.hour % 12 + 12,
            _ => return None,
        };
        self.finish(clock.on(year, month, day), &rest[3..])
    }

    /// `03/20/05, 7:55:20` and `12/05/2019 13:55:36`: month first (IIS native format, US locales).
    pub(super) fn month_day_year<'t>(&self, text: &'t [u8]) -> Read<'t> {
        let (month, rest) = number(text, 1, 2)?;
        let (day, rest) = number(one_of(rest, b"/-")?, 1, 2)?;
        let (year, rest) = year(one_of(rest, b"/-")?)?;
        let rest = rest.strip_prefix(b",").unwrap_or(rest);
        let (clock, rest) = clock(one_of(rest, b" T:")?)?;
        self.finish(clock.on(year, month, day), rest)
    }

    /// `17/03/09 23:53:00`: a two-digit year first (log4j `yy/MM/dd`).
    pub(super) fn short_year_month_day<'t>(&self, text: &'t [u8]) -> Read<'t> {
        let (year, rest) = number(text, 2, 2)?;
        let (month, rest) = number(one_of(rest, b"/-")?, 2, 2)?;
        let (day, rest) = number(one_of(rest, b"/-")?, 2, 2)?;
        let (clock, rest) = clock(one_of(rest, b" T")?)?;
        self.finish(clock.on(full_year(year), month, day), rest)
    }

    /// `20191205135536`, `20191205T135536Z`, `20191205 135536`, `20191205-13:55:36`;
    /// only of the years 1970 to 2099, so that other long numbers are no stamps.
    pub(super) fn compact<'t>(&self, text: &'t [u8]) -> Read<'t> {
        let (date, rest) = text.split_at_checked(8)?;
        let rest = one_of(rest, b"T -_").unwrap_or(rest);
        let (clock, rest) = clock(rest).or_else(|| compact_clock(rest))?;
        let civil = clock.on(digits(&date[..4])?, digits(&date[4..6])?, digits(&date[6..])?);
        let plausible = (1970..2100).contains(&civil.year);
        plausible.then(|| self.finish(civil, rest))?
    }

    /// Reads a whole text of any spelling above (blanks and brackets around it left out); `None`
    /// if something follows the stamp or if it can be read in two ways.
    pub(super) fn any(&self, text: &[u8]) -> Option<Time> {
        let text = text.trim_ascii();
        let text =
            text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]")).unwrap_or(text).trim_ascii();
        let whole = |read: Read<'_>| read.filter(|(_, rest)| rest.is_empty()).map(|(time, _)| time);
        if !text.first()?.is_ascii_digit() {
            return whole(self.day_month_year(text))
                .or_else(|| whole(self.asctime(text)))
                .or_else(|| whole(self.syslog(text)))
                .or_else(|| whole(self.java_util(text)));
        }
        let sure = whole(self.iso(text))
            .or_else(|| whole(self.day_month_year(text)))
            .or_else(|| whole(epoch(text)))
            .or_else(|| whole(self.compact(text)));
        let both = || (whole(self.short_year_month_day(text)), whole(self.month_day_year(text)));
        sure.or_else(|| match both() {
            (Some(time), None) | (None, Some(time)) => Some(time),
            _ => None,
        })
    }

    /// The instant of a civil time, with the zone that follows it if there is one.
    fn finish<'t>(&self, civil: Civil, rest: &'t [u8]) -> Read<'t> {
        match zone(rest) {
            Some((offset, rest)) => Some((civil.at_offset(offset)?, rest)),
            None => Some((self.zone.resolve(civil)?, rest)),
        }
    }
}

/// Seconds (`1795423597`, `1795423597.193`, `1.795423597e9`), milliseconds, microseconds or
/// nanoseconds since the epoch, told apart by the number of digits; shown at UTC.
pub(super) fn epoch(text: &[u8]) -> Read<'_> {
    let whole = count_digits(text);
    let (head, mut rest) = text.split_at(whole);
    let mut fraction: &[u8] = &[];
    if let [b'.', after @ ..] = rest {
        (fraction, rest) = after.split_at(count_digits(after));
    }
    if let [b'e' | b'E', ..] = rest {
        return exponent(text);
    }
    let value: i64 = std::str::from_utf8(head).ok()?.parse().ok()?;
    let micros = match whole {
        9 | 10 => value * 1_000_000 + i64::from(fraction_micros(fraction)),
        12 | 13 => value * 1_000 + i64::from(fraction_micros(fraction) / 1_000),
        15 | 16 => value,
        18 | 19 => value / 1_000,
        _ => return None,
    };
    Some((Time::from_micros(micros, 0), rest))
}

/// The fast reader of the common log format's `10/Oct/2000:13:55:36 -0700`: entries of one hour
/// share all but ten digits, so the hour is computed once. One per parser.
#[derive(Clone, Debug, Default)]
pub(super) struct Clf {
    /// `10/Oct/2000:13` of the last stamp.
    hour: [u8; 14],
    /// ` -0700` of the last stamp.
    zone: [u8; 6],
    start: i64,
    offset: i16,
    /// `10/Oct/2000:13` of the last stamp without a zone, and where its hour starts.
    local: Option<([u8; 14], Time)>,
}

impl Clf {
    /// Reads `10/Oct/2000:13:55:36.123` without a zone at the start of a text.
    pub(super) fn local<'t>(&mut self, text: &'t [u8], stamps: &Stamps) -> Read<'t> {
        let hour: [u8; 14] = *text.first_chunk()?;
        let (clock, rest) = clock(text.get(12..)?)?;
        if zone(rest).is_some() {
            return stamps.day_month_year(text);
        }
        let start = match self.local {
            Some((known, start)) if known == hour => start,
            _ => {
                let start = whole_hour(&hour, stamps)?;
                self.local = Some((hour, start));
                start
            }
        };
        if clock.minute > 59 || clock.second > 60 {
            return None;
        }
        let seconds = i64::from(clock.minute) * 60 + i64::from(clock.second.min(59));
        let micros = start.micros() + seconds * 1_000_000 + i64::from(clock.micro);
        Some((Time::from_micros(micros, start.offset()), rest))
    }

    /// Reads a whole text; what is not of the exact spelling goes to [`Stamps::any`].
    pub(super) fn read(&mut self, text: &[u8], stamps: &Stamps) -> Option<Time> {
        let Some((hour, b':', [a, b], b':', [c, d], zone)) = exact(text) else {
            return stamps.any(text);
        };
        if *hour != self.hour || *zone != self.zone {
            self.learn(text, stamps)?;
            (self.hour, self.zone) = (*hour, *zone);
        }
        let (minute, second) = (pair(*a, *b)?, pair(*c, *d)?);
        if minute > 59 || second > 60 {
            return None;
        }
        let seconds = i64::from(minute) * 60 + i64::from(second.min(59));
        Some(Time::from_micros(self.start + seconds * 1_000_000, self.offset))
    }

    fn learn(&mut self, text: &[u8], stamps: &Stamps) -> Option<()> {
        let (time, rest) = stamps.day_month_year(text)?;
        if !rest.is_empty() {
            return None;
        }
        let local = time.micros() + i64::from(time.offset()) * 60_000_000;
        self.start = time.micros() - local.rem_euclid(3_600_000_000);
        self.offset = time.offset();
        Some(())
    }
}

/// Where the hour of `10/Oct/2000:13` starts; `None` if the zone's offset changes within it.
fn whole_hour(hour: &[u8; 14], stamps: &Stamps) -> Option<Time> {
    let at = |clock: &[u8]| Some(stamps.day_month_year(&[&hour[..], clock].concat())?.0);
    let (start, end) = (at(b":00:00")?, at(b":59:59")?);
    (start.offset() == end.offset()).then_some(start)
}

/// The parts of a text of exactly the common spelling: hour, `:`, minute, `:`, second, zone.
type Exact<'t> = (&'t [u8; 14], u8, &'t [u8; 2], u8, &'t [u8; 2], &'t [u8; 6]);

fn exact(text: &[u8]) -> Option<Exact<'_>> {
    let text: &[u8; 26] = text.try_into().ok()?;
    let (hour, rest) = text.split_first_chunk()?;
    let (minute, rest) = rest[1..].split_first_chunk()?;
    let (second, zone) = rest[1..].split_first_chunk()?;
    Some((hour, text[14], minute, text[17], second, zone.first_chunk()?))
}

fn pair(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + ones - b'0')
}

/// A time of day.
struct Clock {
    hour: u8,
    minute: u8,
    second: u8,
    micro: u32,
}

impl Clock {
    fn on(&self, year: u32, month: u32, day: u32) -> Civil {
        Civil {
            year: year as i32,
            month: month as u8,
            day: day as u8,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            micro: self.micro,
        }
    }
}

/// `13:55:36`, `7:55:20`, `13:55:36.123`, `13:55:36,123`, `13:55:36:123`.
fn clock(text: &[u8]) -> Option<(Clock, &[u8])> {
    let (hour, rest) = number(text, 1, 2)?;
    let (minute, rest) = number(one_of(rest, b":")?, 2, 2)?;
    let (second, mut rest) = number(one_of(rest, b":")?, 2, 2)?;
    let mut micro = 0;
    if let [b'.' | b',' | b':', after @ ..] = rest {
        let n = count_digits(after);
        if n > 0 {
            micro = fraction_micros(&after[..n]);
            rest = &after[n..];
        }
    }
    Some((Clock { hour: hour as u8, minute: minute as u8, second: second as u8, micro }, rest))
}

/// `135536`, `135536.123`.
fn compact_clock(text: &[u8]) -> Option<(Clock, &[u8])> {
    let (clock, mut rest) = text.split_at_checked(6)?;
    let at = |from: usize| digits(&clock[from..from + 2]).map(|n| n as u8);
    let mut micro = 0;
    let point = one_of(rest, b".,");
    let fraction = point.unwrap_or(rest);
    match count_digits(fraction) {
        0 => {}
        n if n == 3 || point.is_some() => {
            micro = fraction_micros(&fraction[..n]);
            rest = &fraction[n..];
        }
        _ => return None,
    }
    Some((Clock { hour: at(0)?, minute: at(2)?, second: at(4)?, micro }, rest))
}

/// Minutes east of UTC written behind a stamp: `Z`, `+09:00`, ` +0900`, ` UTC`, ` JST`. A blank and
/// a bare hour (` -12 …`) is text, not a zone.
fn zone(text: &[u8]) -> Option<(i16, &[u8])> {
    let (spaced, rest) = match text {
        [b' ', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    for (name, minutes) in [(&b"UTC"[..], 0), (b"GMT", 0), (b"JST", 540), (b"Z", 0), (b"z", 0)] {
        let after = rest.strip_prefix(name);
        if let Some(after) = after.filter(|a| !a.first().is_some_and(u8::is_ascii_alphanumeric)) {
            return Some((minutes, after));
        }
    }
    let (sign, rest) = match rest {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number_of(rest, 2)?;
    let minutes = number_of(one_of(rest, b":").unwrap_or(rest), 2);
    let (minutes, rest) = match minutes {
        None if spaced => return None,
        found => found.unwrap_or((0, rest)),
    };
    (hours <= 18 && minutes < 60).then_some((sign * (hours * 60 + minutes) as i16, rest))
}

const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";

/// An English month name of three letters, or more of its letters, as a number from 1.
fn month(text: &[u8]) -> Option<(u32, &[u8])> {
    let name = text.first_chunk::<3>()?.to_ascii_lowercase();
    let at = MONTHS.chunks(3).position(|m| m == name)?;
    let letters = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    Some((at as u32 + 1, &text[letters..]))
}

/// A year of four digits, or of two (00–68 is 2000–2068, as POSIX reads them).
fn year(text: &[u8]) -> Option<(u32, &[u8])> {
    match count_digits(text) {
        4 => number(text, 4, 4),
        2 => number(text, 2, 2).map(|(year, rest)| (full_year(year), rest)),
        _ => None,
    }
}

fn full_year(short: u32) -> u32 {
    if short < 69 { 2000 + short } else { 1900 + short }
}

/// Leaves out `Mon `, `Mon, ` or `Monday, `.
fn skip_weekday(text: &[u8]) -> &[u8] {
    const DAYS: &[u8; 21] = b"montuewedthufrisatsun";
    let Some(name) = text.first_chunk::<3>().map(|t| t.to_ascii_lowercase()) else { return text };
    if !DAYS.chunks(3).any(|d| d == name) {
        return text;
    }
    let letters = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let rest = &text[letters..];
    skip_blanks(rest.strip_prefix(b",").unwrap_or(rest))
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    text.trim_ascii_start()
}

/// What follows the first byte, if that is one of `any`.
fn one_of<'t>(text: &'t [u8], any: &[u8]) -> Option<&'t [u8]> {
    let (first, rest) = text.split_first()?;
    any.contains(first).then_some(rest)
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// A run of at least `least` and at most `most` digits, all of the run.
fn number(text: &[u8], least: usize, most: usize) -> Option<(u32, &[u8])> {
    let n = count_digits(text);
    (least..=most).contains(&n).then(|| Some((digits(&text[..n])?, &text[n..])))?
}

/// The first `n` bytes as digits, whatever follows.
fn number_of(text: &[u8], n: usize) -> Option<(u32, &[u8])> {
    let (head, rest) = text.split_at_checked(n)?;
    Some((digits(head)?, rest))
}

/// Seconds with an exponent, as some JSON writers give them: `1.795423597193e+09`.
fn exponent(text: &[u8]) -> Read<'_> {
    let n = text
        .iter()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+'))
        .count();
    let seconds: f64 = std::str::from_utf8(&text[..n]).ok()?.parse().ok()?;
    let micros = (1e8..1e10).contains(&seconds).then(|| (seconds * 1e6).round() as i64)?;
    Some((Time::from_micros(micros, 0), &text[n..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps() -> Stamps {
        Stamps {
            zone: "+09:00".parse().unwrap(),
            latest: Latest::new("2026-12-30T00:00:00Z".parse().unwrap()),
        }
    }

    #[test]
    fn reads_every_spelling() {
        for (text, expected) in [
            ("10/Oct/2000:13:55:36 -0700", "2000-10-10T13:55:36-07:00"),
            ("23/Nov/2026:08:46:37.177", "2026-11-23T08:46:37.177+09:00"),
            ("29/Feb/2024:00:00:00 +0000", "2024-02-29T00:00:00Z"),
            ("05/Dec/2019 13:55:36", "2019-12-05T13:55:36+09:00"),
            ("05-Dec-2019 13:55:36.123", "2019-12-05T13:55:36.123+09:00"),
            ("5 Dec 19 13:55:36,123", "2019-12-05T13:55:36.123+09:00"),
            ("05/Dec/99:13:55:36 +0530", "1999-12-05T13:55:36+05:30"),
            ("Thu, 05 Dec 2019 13:55:36 GMT", "2019-12-05T13:55:36Z"),
            ("2019-12-05T13:55:36.123456789Z", "2019-12-05T13:55:36.123456Z"),
            ("2019-12-05T13:55:36+01:00", "2019-12-05T13:55:36+01:00"),
            ("2019-12-05 13:55:36,123", "2019-12-05T13:55:36.123+09:00"),
            ("2012/04/09 11:53:29", "2012-04-09T11:53:29+09:00"),
            ("2019/1/5 3:55:36", "2019-01-05T03:55:36+09:00"),
            ("2026-11-23 08:46:37 JST", "2026-11-23T08:46:37+09:00"),
            ("1795423597", "2026-11-23T08:46:37Z"),
            ("1795423597.193", "2026-11-23T08:46:37.193Z"),
            ("1795423597193", "2026-11-23T08:46:37.193Z"),
            ("1795423597193456", "2026-11-23T08:46:37.193456Z"),
            ("1795423597193456789", "2026-11-23T08:46:37.193456Z"),
            ("1.795423597e+09", "2026-11-23T08:46:37Z"),
            ("Nov 23 08:46:37", "2026-11-23T08:46:37+09:00"),
            ("Nov  3 2025 08:46:37", "2025-11-03T08:46:37+09:00"),
            ("Mon Nov 23 08:46:29.054642 2026", "2026-11-23T08:46:29.054642+09:00"),
            ("Tue Jan  3 05:01:31 UTC 2012", "2012-01-03T05:01:31Z"),
            ("Dec 05, 2019 1:55:36 PM", "2019-12-05T13:55:36+09:00"),
            ("03/20/05, 7:55:20", "2005-03-20T07:55:20+09:00"),
            ("17/03/29 23:53:00", "2017-03-29T23:53:00+09:00"),
            ("20191205135536", "2019-12-05T13:55:36+09:00"),
            ("20191205T135536Z", "2019-12-05T13:55:36Z"),
            ("[2016-04-15T20:17:00.310Z]", "2016-04-15T20:17:00.31Z"),
        ] {
            let read = stamps().any(text.as_bytes());
            assert_eq!(read.map(|t| t.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_does_not_exist() {
        for text in [
            "",
            "-",
            "0",
            "now",
            "29/Feb/2023:00:00:00 +0000",
            "31/Apr/2023:00:00:00 +0000",
            "10/Okt/2000:13:55:36 -0700",
            "10/Oct/2000:24:00:00 +0000",
            "10/Oct/2000:13:60:36 +0000",
            "10/Oct/2000:13:55:36 +0000 x",
            "2019-13-05T13:55:36Z",
            "2019-12-05",
            "05/12/06 13:55:36",
            "17954",
            "Dec 05, 2019 13:55:36 PM",
            "4111111111111111111111",
        ] {
            assert_eq!(stamps().any(text.as_bytes()), None, "{text}");
        }
        let no_year = Stamps::default();
        assert_eq!(no_year.any(b"Nov 23 08:46:37"), None);
        assert_eq!(no_year.syslog_len(b"Nov 23 08:46:37 web1"), Some(15));
    }

    #[test]
    fn tells_what_follows() {
        let read = stamps().iso(b"2019-12-05 13:55:36,123 - 12 items").unwrap();
        assert_eq!(read.1, b" - 12 items");
        assert_eq!(stamps().iso(b"2019-12-05 13:55:36 -12 x").unwrap().1, b" -12 x");
        assert_eq!(stamps().syslog(b"Nov 23 08:46:37 vm nginx: x").unwrap().1, b" vm nginx: x");
    }

    #[test]
    fn the_fast_reader_agrees_with_the_plain_one() {
        let mut clf = Clf::default();
        for text in [
            "10/Oct/2000:13:55:36 -0730",
            "10/Oct/2000:13:56:00 -0730",
            "10/Oct/2000:13:56:00 +0000",
            "10/Oct/2000:14:56:60 +0000",
            "10/Oct/2000:14:56:61 +0000",
            "10/Oct/2000:14:5x:00 +0000",
            "30/Feb/2000:14:56:00 +0000",
            "10/Oct/2000:14:57:00 +0000",
            "10/Oct/2000:14:57:00",
            "5/Oct/2000:14:57:00 +0000",
        ] {
            let fast = clf.read(text.as_bytes(), &stamps());
            let plain = stamps().day_month_year(text.as_bytes()).map(|t| t.0);
            assert_eq!(fast.map(|t| t.to_string()), plain.map(|t| t.to_string()), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
            let _ = stamps().any(&text);
            let _ = Clf::default().read(&text, &stamps());
        }

        #[test]
        fn mutated_stamps_never_panic(at in 0usize..26, byte: u8, cut in 0usize..27) {
            for text in [&b"10/Oct/2000:13:55:36 -0700"[..], b"2019-12-05T13:55:36+01:00  ",
                b"Mon Nov 23 08:46:29 UTC 2026", b"20191205135536+09:00       "] {
                let mut text = text.to_vec();
                text[at] = byte;
                text.truncate(cut);
                let _ = stamps().any(&text);
                let _ = Clf::default().read(&text, &stamps());
            }
        }
    }
}
