//! How much in each moment? Strips and curves of counts over time, by columns of the picture, so
//! that no span of time makes a picture of more than its width.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Shades of a strip, from nearly nothing to the most.
const SHADES: u64 = 5;

/// Counts by column, each one unit wide.
#[derive(Debug, Default)]
pub(super) struct Columns(BTreeMap<i64, u64>);

impl Columns {
    /// Adds a count to the columns from `from` to `to`: each shows the most that fell on it.
    pub(super) fn add(&mut self, from: f64, to: f64, count: u64) {
        if count == 0 {
            return;
        }
        let first = from.floor() as i64;
        for column in first..(to.ceil() as i64).max(first + 1) {
            let most = self.0.entry(column).or_default();
            *most = (*most).max(count);
        }
    }

    /// The most in one column.
    pub(super) fn most(&self) -> u64 {
        self.0.values().copied().max().unwrap_or(0)
    }

    /// For each shade the outline of its columns. Shades grow with the square root, so that quiet
    /// hours do not vanish beside busy ones.
    pub(super) fn shades(&self, y: f64, height: f64) -> Vec<(u64, String)> {
        let most = (self.most() as f64).sqrt();
        let shade = |n: u64| ((n as f64).sqrt() / most * SHADES as f64).ceil() as u64;
        let mut paths: BTreeMap<u64, String> = BTreeMap::new();
        for (first, width, shade) in runs(self.0.iter().map(|(at, n)| (*at, shade(*n)))) {
            let path = paths.entry(shade).or_default();
            // Writing into a string cannot fail.
            let _ = write!(path, "M{first} {y}h{width}v{height}h-{width}z");
        }
        paths.into_iter().collect()
    }

    /// The outline of bars that stand on `foot` and are at most `height` high.
    pub(super) fn curve(&self, foot: f64, height: f64) -> String {
        let most = self.most().max(1) as f64;
        // In tenths, never nothing where something is.
        let tenths = |n: u64| (height * 10.0 * n as f64 / most).ceil().max(10.0) as u64;
        let mut path = String::new();
        for (first, width, high) in runs(self.0.iter().map(|(at, n)| (*at, tenths(*n)))) {
            let high = high as f64 / 10.0;
            let _ = write!(path, "M{first} {foot}v-{high}h{width}v{high}z");
        }
        path
    }
}

/// Neighbouring columns of one value: where they begin, how many there are, the value.
fn runs(columns: impl Iterator<Item = (i64, u64)>) -> Vec<(i64, i64, u64)> {
    let mut runs: Vec<(i64, i64, u64)> = Vec::new();
    for (at, value) in columns {
        match runs.last_mut() {
            Some((first, width, of)) if *first + *width == at && *of == value => *width += 1,
            _ => runs.push((at, 1, value)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_show_the_most_that_fell_on_them() {
        let mut columns = Columns::default();
        columns.add(10.2, 12.0, 4);
        columns.add(11.9, 12.1, 100);
        columns.add(20.0, 20.0, 0);
        assert_eq!(columns.most(), 100);
        let shades = columns.shades(0.0, 10.0);
        let expected = [(1, "M10 0h1v10h-1z".to_owned()), (5, "M11 0h2v10h-2z".to_owned())];
        assert_eq!(shades, expected);
        assert_eq!(columns.curve(20.0, 10.0), "M10 20v-1h1v1zM11 20v-10h2v10z");
    }
}
