//! Lists of indicators: any list is refused, or makes rules that load.

use leaksweep::rule::Indicators;

use super::sigma::{finds_the_same, load};

pub fn check(data: &[u8]) {
    let mut indicators = Indicators::default();
    if indicators.add(&String::from_utf8_lossy(data)).is_ok() {
        let text = indicators.rules();
        let rules = load(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(!rules.is_empty());
        finds_the_same(&rules, data);
    }
}
