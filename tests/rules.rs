//! The built-in rules: each is complete and proves itself.

use leaksweep::rule::RuleSet;

#[test]
fn built_in_rules_load() {
    let rules = RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"));
    assert!(rules.len() > 60);
}
