//! In which ways can a condition be fulfilled? Where order matters, each is followed by itself.

use std::collections::BTreeSet;

use super::condition::Expr;

/// The most ways that the condition of an ordered correlation may have.
pub(super) const MOST: usize = 64;

/// One way to fulfil a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The names that must hold.
    pub wanted: BTreeSet<usize>,
    /// The names that must not.
    pub barred: BTreeSet<usize>,
}

impl Way {
    /// Both ways at once; `None` if one bars what the other wants.
    fn with(&self, other: &Self) -> Option<Self> {
        let wanted = &self.wanted | &other.wanted;
        let barred = &self.barred | &other.barred;
        wanted.is_disjoint(&barred).then_some(Self { wanted, barred })
    }
}

impl Expr {
    /// Every way to fulfil it: its disjunctive normal form.
    pub fn ways(&self) -> Vec<Way> {
        ways(self, true)
    }

    /// At most how many ways there are, found without listing them.
    pub(super) fn width(&self) -> usize {
        width(self, true)
    }
}

/// The ways in which an expression holds, or (`yes` is false) does not.
fn ways(expr: &Expr, yes: bool) -> Vec<Way> {
    match (expr, yes) {
        (Expr::Name(name), true) => vec![Way { wanted: [*name].into(), ..Way::default() }],
        (Expr::Name(name), false) => vec![Way { barred: [*name].into(), ..Way::default() }],
        (Expr::Not(part), _) => ways(part, !yes),
        (Expr::All(parts), true) | (Expr::Any(parts), false) => {
            parts.iter().fold(vec![Way::default()], |all, part| {
                let each = ways(part, yes);
                all.iter().flat_map(|way| each.iter().filter_map(|next| way.with(next))).collect()
            })
        }
        (Expr::Any(parts), true) | (Expr::All(parts), false) => {
            parts.iter().flat_map(|part| ways(part, yes)).collect()
        }
    }
}

fn width(expr: &Expr, yes: bool) -> usize {
    match (expr, yes) {
        (Expr::Name(_), _) => 1,
        (Expr::Not(part), _) => width(part, !yes),
        (Expr::All(parts), true) | (Expr::Any(parts), false) => {
            parts.iter().fold(1, |all, part| all.saturating_mul(width(part, yes)))
        }
        (Expr::Any(parts), true) | (Expr::All(parts), false) => {
            parts.iter().fold(0, |all, part| all.saturating_add(width(part, yes)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::fault::Mark;

    fn shown(text: &str) -> String {
        let names = ["a", "b", "c"];
        let expr = Expr::parse(text, &names, Mark::default()).unwrap();
        let list = |set: &BTreeSet<usize>| set.iter().map(|n| names[*n]).collect::<String>();
        let ways: Vec<String> = expr
            .ways()
            .iter()
            .map(|way| format!("{}-{}", list(&way.wanted), list(&way.barred)))
            .collect();
        assert!(ways.len() <= expr.width());
        ways.join(" ")
    }

    #[test]
    fn ways_are_the_alternatives_of_a_condition() {
        for (text, ways) in [
            ("a and b", "ab-"),
            ("a or b", "a- b-"),
            ("a and (b or c)", "ab- ac-"),
            ("a and not b", "a-b"),
            ("not (a and b)", "-a -b"),
            ("not (a or not b) and c", "bc-a"),
            ("a and not a", ""),
        ] {
            assert_eq!(shown(text), ways, "{text}");
        }
    }
}
