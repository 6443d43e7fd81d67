//! What is kept of a record, and of a match that correlations refer to?

use serde::{Deserialize, Deserializer, Serialize};

use crate::element::{Card, Elements, Fingerprint, Record};
use crate::time::Time;

use super::rows::Rows;
use super::{Bounds, Texts};

/// Which way the data of a record went, as its entry says.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// As entries of its log go: into a request, or out of a program.
    #[default]
    Usual,
    /// In the Referer: the address of a page held it, and a browser tells that address to every
    /// host from which the page loads anything.
    Referer,
    /// In a request for an absolute URI of a host that is not the site's: out to that host.
    Elsewhere,
}

impl Way {
    /// All of them, in order.
    pub(super) const ALL: [Self; 3] = [Self::Usual, Self::Referer, Self::Elsewhere];

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
    fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

/// The records of a stream on one site.
pub type Facts = Rows<RecordFact>;

/// The matches of one rule in one stream on one site.
pub type Points = Rows<Point>;

/// One record as a fact for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordFact {
    /// Its class.
    pub class: Elements,
    /// Its card.
    pub card: Option<Card>,
    /// Its e-mail address.
    pub email: Option<Fingerprint>,
    /// The best key of its person.
    pub person: Option<Fingerprint>,
    /// A date within the record, days since 1970-01-01.
    pub date: Option<i32>,
    /// When the entry was written, seconds since the epoch.
    #[serde(default, deserialize_with = "second")]
    pub time: Option<i64>,
    /// Who read or sent it: an index into [`Records::clients`].
    pub client: Option<u32>,
    /// Which way it went.
    #[serde(default, skip_serializing_if = "Way::is_usual")]
    pub way: Way,
    /// Line of the entry.
    pub line: u64,
}

/// The records of one site in one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// The clients named by the facts.
    pub clients: Texts,
    /// The records, in the order of the stream.
    pub facts: Facts,
    /// Records whose client is beyond [`Bounds::clients`], and so unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub beyond: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Records {
    /// Adds a record.
    pub fn push(
        &mut self,
        record: &Record,
        way: Way,
        time: Option<Time>,
        client: Option<&str>,
        line: u64,
    ) {
        let client = client.map(|name| self.client(name));
        self.facts.push(&RecordFact {
            class: record.class,
            card: record.card,
            email: record.email,
            person: record.person,
            date: record.date,
            time: time.map(Time::seconds),
            client,
            way,
            line,
        });
    }

    /// Forgets what only speeds appending up.
    pub(super) fn close(&mut self) {
        self.clients.close();
        self.facts.close();
    }

    pub(super) fn client(&mut self, name: &str) -> u32 {
        self.clients.intern(name)
    }

    pub(super) fn append(&mut self, next: &Self, bounds: Bounds) {
        let map: Vec<Option<u32>> =
            next.clients.iter().map(|name| self.admit(name, bounds)).collect();
        let mut beyond = next.beyond;
        self.facts.extend(next.facts.iter().map(|fact| {
            let client = fact.client.and_then(|client| map.get(client as usize).copied().flatten());
            beyond += u64::from(client.is_none() && fact.client.is_some());
            RecordFact { client, ..fact }
        }));
        self.beyond += beyond;
    }

    /// The number of a client, if it is known or there is room.
    fn admit(&mut self, name: &str, bounds: Bounds) -> Option<u32> {
        if self.clients.len() < bounds.clients() {
            return Some(self.client(name));
        }
        self.clients.known(name)
    }
}

/// One match of a rule that a correlation refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// When, microseconds since the epoch.
    #[serde(deserialize_with = "instant")]
    pub time: i64,
    /// Line of the entry.
    pub line: u64,
    /// Byte offset of the entry.
    pub offset: u64,
    /// What the entry says in each column of the rule
    /// ([`RuleSet::columns`](crate::rule::RuleSet::columns)): an index into [`Series::texts`];
    /// `None` where the field is absent.
    pub values: Box<[Option<u32>]>,
}

fn second<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let second = Option::<i64>::deserialize(deserializer)?;
    let micros = second.map_or(0, |second| second.saturating_mul(1_000_000));
    Time::checked(micros).map_err(serde::de::Error::custom)?;
    Ok(second)
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Time::checked(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// The matches of one rule in one stream on one site, for the correlations that refer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The texts that points name, masked.
    pub texts: Texts,
    /// The matches, in the order of the stream.
    pub points: Points,
    /// Matches beyond [`Bounds::points`]: counted, not kept.
    pub dropped: u64,
    /// Matches without a readable time: they cannot be correlated.
    pub timeless: u64,
}

impl Series {
    /// Adds a match with what it says in each column; `None` for a match without a time.
    pub fn push(
        &mut self,
        time: Option<i64>,
        line: u64,
        offset: u64,
        values: &[Option<&str>],
        bounds: Bounds,
    ) {
        let Some(time) = time else {
            self.timeless += 1;
            return;
        };
        if self.is_full(bounds) {
            self.dropped += 1;
            return;
        }
        let texts = &mut self.texts;
        let values = values.iter().map(|v| v.map(|text| texts.intern(text))).collect();
        self.points.push(&Point { time, line, offset, values });
    }

    /// Whether no further match is kept: the first ones are, and none behind one that is not.
    pub(super) fn is_full(&self, bounds: Bounds) -> bool {
        let full = self.points.len() >= bounds.points() || self.texts.bytes() >= bounds.texts();
        self.dropped > 0 || full
    }

    /// Counts a match behind those that are kept.
    pub(super) fn drop_one(&mut self, has_time: bool) {
        self.dropped += u64::from(has_time);
        self.timeless += u64::from(!has_time);
    }

    /// Forgets what only speeds appending up.
    pub(super) fn close(&mut self) {
        self.texts.close();
        self.points.close();
    }

    /// The text of a value.
    pub fn text(&self, value: Option<u32>) -> Option<&str> {
        self.texts.get(value?)
    }

    pub(super) fn append(&mut self, next: &Self, bounds: Bounds) {
        self.timeless += next.timeless;
        for point in next.points.iter() {
            let values: Vec<Option<&str>> = point.values.iter().map(|v| next.text(*v)).collect();
            self.push(Some(point.time), point.line, point.offset, &values, bounds);
        }
        self.dropped += next.dropped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A match of each of many made-up texts: the first ones are kept, whatever the cuts, and no later
    /// one in the place of one that is not.
    #[test]
    fn a_flood_of_texts_is_bounded_and_cuts_do_not_matter() {
        let usual = Bounds::default();
        let text = |n: u64| format!("{n:0>200}");
        let made = |block: u64| {
            let mut all = Series::default();
            for from in (0..100_000).step_by(block as usize) {
                let mut series = Series::default();
                for n in from..(from + block).min(100_000) {
                    series.push(Some(n as i64), n, n, &[Some(&text(n)), Some("same")], usual);
                }
                all.append(&series, usual);
            }
            all
        };
        let whole = made(1);
        let bytes: usize = whole.texts.iter().map(str::len).sum();
        assert!((usual.texts()..usual.texts() + 400).contains(&bytes), "{bytes}");
        assert_eq!(whole.points.len() as u64 + whole.dropped, 100_000);
        assert_eq!(
            whole.points.iter().last().map(|point| point.line + 1),
            Some(whole.points.len() as u64)
        );
        assert!(made(9_999) == whole);
    }

    /// Records of each of many made-up clients: those of the first ones are known.
    #[test]
    fn a_flood_of_clients_is_bounded_and_cuts_do_not_matter() {
        let most = Bounds::default().clients() as u64;
        let made = |block: u64| {
            let mut all = Records::default();
            for from in (0..most + 1_000).step_by(block as usize) {
                let mut records = Records::default();
                for n in from..(from + block).min(most + 1_000) {
                    // A client that was there before is known behind the flood, too.
                    let client = records.client(&if n % 5_000 == 1 { 1 } else { n }.to_string());
                    records.facts.push(&RecordFact { client: Some(client), line: n, ..fact() });
                }
                all.append(&records, Bounds::default());
            }
            all
        };
        let whole = made(100_000);
        assert_eq!(whole.clients.len() as u64, most);
        let unknown = whole.facts.iter().filter(|fact| fact.client.is_none()).count() as u64;
        assert!(whole.beyond > 500 && whole.beyond == unknown, "{}", whole.beyond);
        assert!(made(333_333) == whole);
    }

    fn fact() -> RecordFact {
        RecordFact {
            class: Elements::default(),
            card: None,
            email: None,
            person: None,
            date: None,
            time: None,
            client: None,
            way: Way::Usual,
            line: 0,
        }
    }

    /// A part file may say any time; what no stamp can say is refused, so that nothing overflows.
    #[test]
    fn times_that_no_stamp_can_say_are_refused() {
        let series = |time: i64| {
            format!(
                r#"{{"texts":[],"points":[{{"time":{time},"line":1,"offset":0,"values":[]}}],"dropped":0,"timeless":0}}"#
            )
        };
        let records = |time: i64| {
            let facts =
                serde_json::to_string(&[RecordFact { time: Some(time), ..fact() }]).unwrap();
            format!(r#"{{"clients":[],"facts":{facts}}}"#)
        };
        let read = |micros: i64| serde_json::from_str::<Series>(&series(micros)).is_ok();
        assert!(read(1_488_924_000_000_000) && !read(i64::MAX) && !read(i64::MIN));
        let read = |seconds: i64| serde_json::from_str::<Records>(&records(seconds)).is_ok();
        assert!(read(1_488_924_000) && !read(i64::MAX) && !read(i64::MIN) && !read(1 << 40));
    }
}
