//! What does a rule look for, in words? For people who read a finding and have no rule file open.

use std::fmt;

use super::detection::{Clock, Detection, FieldRef, Item, Network, Order, Test};

/// So many values of an item are shown.
const SHOWN: usize = 12;

impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::Item(item) => return item.fmt(f),
            Self::All(parts) => (parts, " and "),
            Self::Any(parts) => (parts, " or "),
        };
        for (n, part) in parts.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { word })?;
            match part {
                Self::Item(item) => item.fmt(f)?,
                many => write!(f, "({many})")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tests: Vec<String> = self.values.iter().flatten().map(ToString::to_string).collect();
        let quantity = match (self.neq, self.all, tests.len()) {
            (true, ..) => "none of ",
            (_, true, _) => "all of ",
            (_, _, 0..=1) => "",
            _ => "any of ",
        };
        write!(f, "{} {quantity}", self.field.as_deref().unwrap_or("keyword"))?;
        let more = tests.len().saturating_sub(SHOWN);
        f.write_str(&tests.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", "))?;
        if more > 0 { write!(f, ", and {more} more") } else { Ok(()) }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(pattern) if pattern.cased => write!(f, "\"{pattern}\" (case matters)"),
            Self::Text(pattern) => write!(f, "\"{pattern}\""),
            Self::Regex(expression) => expression.fmt(f),
            Self::Compare(order, number) => write!(f, "{order} {number}"),
            Self::Cidr(network) => network.fmt(f),
            Self::Exists(true) => f.write_str("is there"),
            Self::Exists(false) | Self::Null => f.write_str("is absent"),
            Self::Field(other) => other.fmt(f),
            Self::Clock(clock, order, number) => write!(f, "{clock} {order} {number}"),
        }
    }
}

impl fmt::Display for FieldRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match (self.open_start, self.open_end) {
            (false, false) => "is",
            (false, true) => "starts with",
            (true, false) => "ends with",
            (true, true) => "contains",
        };
        write!(f, "{how} the value of {}", self.name)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, bits) = self.parts();
        write!(f, "{address}/{bits}")
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
            Self::Eq => "=",
            Self::Neq => "!=",
        })
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        })
    }
}
