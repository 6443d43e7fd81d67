//! Detections: what a rule looks for, before it is compiled.
//!
//! A map is all of its items; a list of maps is any of them; a list of scalars is keywords.

use super::expression::Expression;
use super::fault::{Code, Fault, Mark};
use super::modifier;
use super::pattern::Pattern;
use super::yaml::{Data, Node};

/// What one detection looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Detection {
    /// A field or keyword item.
    Item(Item),
    /// All of them.
    All(Vec<Detection>),
    /// Any of them.
    Any(Vec<Detection>),
}

/// A field with the values that it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The field's name as written; `None` for keywords.
    pub field: Option<String>,
    /// Where it stands.
    pub at: Mark,
    /// The modifiers as written.
    pub modifiers: Vec<String>,
    /// One entry per value; a value that a modifier expanded has several alternatives.
    pub values: Vec<Vec<Test>>,
    /// All values must match (`|all`), not any.
    pub all: bool,
    /// No value may match (`|neq`).
    pub neq: bool,
}

/// A comparison with one value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The whole value is this text.
    Text(Pattern),
    /// It matches somewhere.
    Regex(Expression),
    /// It is a number that compares so.
    Compare(Order, f64),
    /// It is an address within the network.
    Cidr(Network),
    /// The field is there, or is not.
    Exists(bool),
    /// The field is absent.
    Null,
    /// It compares so with another field of the entry.
    Field(FieldRef),
    /// A part of the time compares so.
    Clock(Clock, Order, f64),
}

/// Order of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Order {
    Lt,
    Lte,
    Gt,
    Gte,
    Eq,
    Neq,
}

impl Order {
    /// Whether `a` stands so to `b`.
    #[allow(clippy::float_cmp)]
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Lt => a < b,
            Self::Lte => a <= b,
            Self::Gt => a > b,
            Self::Gte => a >= b,
            Self::Eq => a == b,
            Self::Neq => a != b,
        }
    }

    /// The order that a modifier or a condition key names.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "eq" => Self::Eq,
            "neq" => Self::Neq,
            _ => return None,
        })
    }
}

/// A part of a time, in the offset that the log was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Clock {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Another field of the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRef {
    /// Its name.
    pub name: String,
    /// The value may go on behind it.
    pub open_end: bool,
    /// The value may have more before it.
    pub open_start: bool,
    /// Whether upper and lower case differ.
    pub cased: bool,
}

/// An IP network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: std::net::IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a single address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: std::net::IpAddr = address.trim().parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |b| b.trim().parse().ok())?;
        (bits <= most).then_some(Self { address, bits })
    }

    /// Its first address as written, and the bits that count.
    pub(super) fn parts(&self) -> (std::net::IpAddr, u8) {
        (self.address, self.bits)
    }

    /// Whether an address lies in it; IPv4 within IPv6 counts as IPv4.
    pub fn contains(&self, address: std::net::IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (std::net::IpAddr::V4(ours), std::net::IpAddr::V4(theirs)) => {
                let bits = self.bits.saturating_sub(if self.address.is_ipv6() { 96 } else { 0 });
                let differ = u32::from(ours) ^ u32::from(theirs);
                differ.checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
            }
            (std::net::IpAddr::V6(ours), std::net::IpAddr::V6(theirs)) => {
                let differ = u128::from(ours) ^ u128::from(theirs);
                differ.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Reads a detection.
pub(super) fn read(node: &Node) -> Result<Detection, Fault> {
    match &node.data {
        Data::Map(_) => map(node),
        Data::List(items) => list(node, items),
        Data::Scalar { .. } => keywords(node, std::slice::from_ref(node)),
        Data::Null => Err(empty(node.at)),
    }
}

fn empty(at: Mark) -> Fault {
    Fault::new(Code::Empty, at, "this detection looks for nothing")
}

fn map(node: &Node) -> Result<Detection, Fault> {
    let items = node.entries().iter().map(|entry| item(&entry.key, entry.at, &entry.value));
    let items: Vec<Detection> = items.collect::<Result<_, _>>()?;
    one_or(items, Detection::All).ok_or_else(|| empty(node.at))
}

/// Maps in a list are alternatives; the scalars of a list are together one keyword item.
fn list(node: &Node, items: &[Node]) -> Result<Detection, Fault> {
    let scalar = |n: &&Node| matches!(n.data, Data::Scalar { .. } | Data::Null);
    let words: Vec<Node> = items.iter().filter(scalar).cloned().collect();
    let maps = items.iter().filter(|n| !scalar(n)).map(read);
    let mut parts: Vec<Detection> = maps.collect::<Result<_, _>>()?;
    if !words.is_empty() {
        parts.push(keywords(node, &words)?);
    }
    one_or(parts, Detection::Any).ok_or_else(|| empty(node.at))
}

fn one_or(mut parts: Vec<Detection>, many: fn(Vec<Detection>) -> Detection) -> Option<Detection> {
    if parts.len() > 1 { Some(many(parts)) } else { parts.pop() }
}

fn keywords(node: &Node, words: &[Node]) -> Result<Detection, Fault> {
    modifier::item(None, node.at, &[], words).map(Detection::Item)
}

fn item(key: &str, at: Mark, value: &Node) -> Result<Detection, Fault> {
    let mut parts = key.split('|');
    let field = parts.next().filter(|name| !name.is_empty()).map(str::to_owned);
    let modifiers: Vec<&str> = parts.collect();
    let values = match &value.data {
        Data::List(values) if values.is_empty() => {
            return Err(Fault::new(Code::Empty, value.at, format!("`{key}` has no value")));
        }
        Data::List(values) => values.as_slice(),
        _ => std::slice::from_ref(value),
    };
    modifier::item(field, at, &modifiers, values).map(Detection::Item)
}
