//! What was there, hour by hour: how many entries, which numbers?
//!
//! Whoever forges stamps can name any hour, so the hours of one site in one stream are bounded: the
//! earliest [`Bounds::hours`] are kept. Which those are does not depend on the order of merging: an
//! hour among the earliest of all is among the earliest of every part.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::Bounds;
use crate::time::{Time, TimeError};

/// What adds up within an hour, in any order.
pub trait Sum {
    /// Adds another of the same hour.
    fn add(&mut self, other: Self);
}

impl Sum for u64 {
    fn add(&mut self, other: Self) {
        *self += other;
    }
}

/// By hour since the epoch: entries, if nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<i64, T>", bound(deserialize = "T: Deserialize<'de>"))]
pub struct Hours<T = u64>(BTreeMap<i64, T>);

impl<T: Sum> Hours<T> {
    /// Adds what an hour has.
    pub(crate) fn add(&mut self, hour: i64, has: T, bounds: Bounds) {
        match self.0.entry(hour) {
            Entry::Occupied(mut known) => known.get_mut().add(has),
            Entry::Vacant(free) => {
                free.insert(has);
            }
        }
        if self.0.len() > bounds.hours() {
            self.0.pop_last();
        }
    }

    /// Adds what other entries showed.
    pub(crate) fn merge(&mut self, other: Self, bounds: Bounds) {
        other.0.into_iter().for_each(|(hour, has)| self.add(hour, has, bounds));
    }
}

impl<T> Default for Hours<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Deref for Hours<T> {
    type Target = BTreeMap<i64, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[cfg(test)]
impl<T: Sum> FromIterator<(i64, T)> for Hours<T> {
    fn from_iter<I: IntoIterator<Item = (i64, T)>>(hours: I) -> Self {
        let mut all = Self::default();
        hours.into_iter().for_each(|(hour, has)| all.add(hour, has, Bounds::default()));
        all
    }
}

impl<T> TryFrom<BTreeMap<i64, T>> for Hours<T> {
    type Error = TimeError;

    fn try_from(hours: BTreeMap<i64, T>) -> Result<Self, TimeError> {
        for hour in hours.keys() {
            Time::checked(Time::of_hour(*hour, 0).micros())?;
        }
        Ok(Self(hours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_hours_is_bounded_and_the_order_does_not_matter() {
        let hour = |n: i64| n * 7_919 % 100_003 - 50_000;
        let all: Hours = (0..100_003).map(|n| (hour(n), 1)).collect();
        let usual = Bounds::default();
        assert_eq!(all.len(), usual.hours());
        assert_eq!(all.keys().next_back(), Some(&(-50_000 + usual.hours() as i64 - 1)));
        let mut merged = Hours::default();
        for part in [2, 0, 1] {
            let of_part = (0..100_003).filter(|n| n % 3 == part);
            merged.merge(of_part.map(|n| (hour(n), 1)).collect(), usual);
        }
        assert!(merged == all);
    }

    #[test]
    fn hours_that_no_stamp_can_say_are_refused() {
        let read = |hour: i64| serde_json::from_str::<Hours>(&format!("{{\"{hour}\":1}}"));
        assert!(read(413_000).is_ok());
        for hour in [i64::MIN, i64::MAX, 1 << 40] {
            assert!(read(hour).is_err(), "{hour}");
        }
    }
}
