//! Which year, if a stamp names none? Syslog's `Nov 23 08:46:37` was written at most a year before
//! its file was closed: before the date in the file's name (`messages-20170312`), else before the
//! time at which the file was last written. So a file that runs over New Year's Eve has two years,
//! and 29 February falls into a leap year. Entries that carry a whole time inside tell the year best.
//! Nothing known, no time: never "now".

use crate::time::{Civil, Time, Zone};

/// Clocks of different machines and zones may be so far apart.
const SLACK: i64 = 86_400_000_000;

/// The latest instant at which a stream's entries can have been written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latest {
    time: Time,
    year: i32,
}

impl Latest {
    /// A day of slack after `time`; nothing, if that is no time: whoever makes an archive can claim
    /// any.
    pub(super) fn new(time: Time) -> Option<Self> {
        let micros = Time::checked(time.micros().saturating_add(SLACK)).ok()?;
        let time = Time::from_micros(micros, 0);
        let year = time.to_string().get(..4)?.parse().ok()?;
        Some(Self { time, year })
    }

    /// For a stream in which an entry was written at `time`, near its beginning.
    pub(super) fn within_a_year_of(time: Time) -> Option<Self> {
        const MONTHS: i64 = 350 * 86_400_000_000;
        Self::new(Time::from_micros(time.micros().saturating_add(MONTHS), 0))
    }

    /// The latest year in which `civil` exists and is not later than this.
    pub(super) fn complete(self, civil: Civil, zone: &Zone) -> Option<Civil> {
        let years = (0..=8).map(|back| Civil { year: self.year - back, ..civil });
        years.into_iter().find(|c| zone.resolve(*c).is_some_and(|time| time <= self.time))
    }
}

/// The end of the day that a file's name gives (`messages-20170312`, `access.2017-03-12.log`).
pub(super) fn dated(name: &str) -> Option<Time> {
    let runs = name.as_bytes().split(|b| !b.is_ascii_digit() && *b != b'-');
    runs.rev().find_map(date)
}

/// A date of eight digits that a run of digits and dashes consists of.
fn date(run: &[u8]) -> Option<Time> {
    let digits: Vec<u8> = run.iter().copied().filter(u8::is_ascii_digit).collect();
    let value = |from: usize, to: usize| crate::time::digits(digits.get(from..to)?);
    let civil = Civil {
        year: value(0, 4).filter(|year| (1990..2100).contains(year))? as i32,
        month: value(4, 6)? as u8,
        day: value(6, 8)? as u8,
        hour: 23,
        minute: 59,
        second: 59,
        micro: 0,
    };
    (digits.len() == 8).then(|| civil.at_offset(0))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(month: u8, day: u8, latest: &str) -> Option<i32> {
        let civil = Civil { year: 0, month, day, hour: 12, minute: 0, second: 0, micro: 0 };
        let latest = Latest::new(latest.parse().unwrap()).unwrap();
        latest.complete(civil, &Zone::default()).map(|civil| civil.year)
    }

    #[test]
    fn a_claimed_time_that_is_none_gives_no_year() {
        for micros in [i64::MAX, i64::MIN, i64::MAX / 20] {
            assert!(Latest::new(Time::from_micros(micros, 0)).is_none(), "{micros}");
        }
    }

    #[test]
    fn a_stamp_lies_within_the_year_before_its_file_was_closed() {
        let closed = "2017-03-09T14:00:00Z";
        assert_eq!(year(3, 9, closed), Some(2017));
        assert_eq!(year(3, 10, closed), Some(2017), "another zone");
        assert_eq!(year(3, 12, closed), Some(2016));
        assert_eq!(year(12, 31, closed), Some(2016));
        assert_eq!(year(12, 31, "2016-12-31T23:59:59Z"), Some(2016));
        assert_eq!(year(1, 3, "2016-12-31T23:59:59Z"), Some(2016));
        assert_eq!(year(2, 29, closed), Some(2016), "a leap day");
        assert_eq!(year(2, 30, closed), None);
    }

    #[test]
    fn an_entry_inside_tells_the_year_of_its_neighbours() {
        let near = Latest::within_a_year_of("2017-03-09T14:00:00Z".parse().unwrap()).unwrap();
        let year = |month, day| {
            let civil = Civil { year: 0, month, day, hour: 12, minute: 0, second: 0, micro: 0 };
            near.complete(civil, &Zone::default()).map(|civil| civil.year)
        };
        assert_eq!([year(3, 8), year(3, 9), year(12, 31)], [Some(2017); 3]);
        assert_eq!([year(1, 1), year(2, 1)], [Some(2018); 2]);
    }

    #[test]
    fn a_name_may_hold_the_date() {
        let day = |name| dated(name).map(|time| time.to_string()[..10].to_owned());
        assert_eq!(day("logs/messages-20170312"), Some("2017-03-12".into()));
        assert_eq!(day("a/access.2017-03-12.log.gz"), Some("2017-03-12".into()));
        assert_eq!(day("20160101.tar.gz!messages-20170312.gz"), Some("2017-03-12".into()));
        for name in ["messages", "messages.1", "a-20171312", "id-4111111111111111", "-"] {
            assert_eq!(day(name), None, "{name}");
        }
    }
}
