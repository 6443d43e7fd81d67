//! Faults as they are shown: pairs of a rule file and what is said of it.

use super::RuleSet;

const HEAD: &str = "title: t\nlogsource:\n    category: webserver\ndetection:\n";

fn said(text: &str) -> String {
    match RuleSet::default().add_text("r.yml", text) {
        Ok(()) => "fine".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn faults_are_said_as_a_compiler_would() {
    for (detection, expected) in [
        (
            "    a:\n        cs-uri|contians: x\n    condition: a\n",
            "error[E011]: unknown modifier `contians` (did you mean `contains`?)\n  \
             --> r.yml:6:9\n  |\n6 |         cs-uri|contians: x\n  |         ^",
        ),
        ("    a:\n        cs-uri|re: 'a(b'\n    condition: a\n", "error[E013]"),
        (
            "    sel:\n        cs-uri: x\n    condition: sle\n",
            "error[E021]: condition: there is no `sle` (did you mean `sel`?)\n  \
             --> r.yml:7:16\n  |\n7 |     condition: sle\n  |                ^",
        ),
        (
            "    sel:\n        cs-uri: x\n    condition: all of filter*\n",
            "error[E022]: condition: `all of filter*` selects nothing\n  \
             --> r.yml:7:16\n  |\n7 |     condition: all of filter*\n  |                ^",
        ),
        (
            "    sel: []\n    condition: sel\n",
            "error[E010]: this detection looks for nothing\n  --> r.yml:5:10\n  |\n\
             5 |     sel: []\n  |          ^",
        ),
        (
            "    sel:\n        user|expand: '%admins%'\n    condition: sel\n",
            "error[E015]: the placeholder `%admins%` has no values here: rule refused\n  \
             --> r.yml:6:22\n  |\n6 |         user|expand: '%admins%'\n  |                      ^",
        ),
        (
            "    sel:\n        a: 1\n    condition: sel | count() > 5\n",
            "error[E023]: `| count()` and its kin are obsolete: write a correlation\n  \
             --> r.yml:7:16\n  |\n7 |     condition: sel | count() > 5\n  |                ^",
        ),
        (
            "    sel:\n        a: 1\n",
            "error[E004]: `condition` is missing\n  --> r.yml:5:5\n  |\n5 |     sel:\n  |     ^",
        ),
        (
            "    sel: {a: 1}\n    sel: {b: 2}\n    condition: sel\n",
            "error[E002]: the key `sel` is there twice",
        ),
    ] {
        let text = format!("{HEAD}{detection}");
        let got = said(&text);
        assert!(got.starts_with(expected), "{got}\n  instead of\n{expected}");
    }
}

#[test]
fn documents_and_correlations_are_checked_as_wholes() {
    let rule = |name: &str| format!("{HEAD}    a: {{b: c}}\n    condition: a\nname: {name}\n---\n");
    for (text, code) in [
        ("- a\n", "E003"),
        ("title: t\n", "E003"),
        ("title: [\n", "E002"),
        ("title: t\ndetection: {a: {b: c}, condition: a}\n", "E004"),
        (
            "title: t\nlevel: hi\nlogsource: {category: x}\ndetection: {a: {b: c}, condition: a}\n",
            "E005",
        ),
        ("title: c\ncorrelation: {type: event_cuont, rules: [one], timespan: 1m}\n", "E030"),
        ("title: c\ncorrelation: {type: event_count, rules: [one], timespan: 1m}\n", "E030"),
        (
            "title: c\ncorrelation: {type: event_count, rules: [one], timespan: 1x, condition: {gte: 1}}\n",
            "E031",
        ),
        (
            "title: c\ncorrelation: {type: event_count, rules: [two], timespan: 1m, condition: {gte: 1}}\n",
            "E032",
        ),
        (
            "title: c\nname: c\ncorrelation: {type: temporal, rules: [one, c], timespan: 1m}\n",
            "E034",
        ),
        (
            "title: c\ncorrelation: {type: value_count, rules: [one], timespan: 1m, condition: {gte: 1}}\n",
            "E030",
        ),
        (
            "title: c\ncorrelation: {type: temporal, rules: [one], timespan: 1m, condition: one and two}\n",
            "E021",
        ),
        ("title: f\nfilter: {rules: [two], s: {a: b}, condition: not s}\n", "E032"),
    ] {
        let got = said(&(rule("one") + text));
        assert!(got.starts_with(&format!("error[{code}]")), "{text}: {got}");
    }
    for text in [
        "title: c\ncorrelation: {type: temporal, timespan: 1m, condition: one and not three}\n",
        "title: c\ncorrelation: {type: value_percentile, rules: [one], timespan: 1m, condition: {field: b, percentile: 95, gt: 1, lte: 9}}\n",
        "title: f\nfilter: {rules: any, s: {a: b}, condition: not s}\n",
    ] {
        assert_eq!(said(&(rule("one") + &rule("three") + text)), "fine", "{text}");
    }
}
