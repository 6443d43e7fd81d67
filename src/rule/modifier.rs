//! Modifiers: what they make of a value, applied from left to right.
//!
//! All of specification 2.1.0, and the further names that pySigma knows (`ignorecase`,
//! `multiline`, `dotall`).

use super::condition::nearest;
use super::detection::{Clock, FieldRef, Item, Network, Order, Test};
use super::expression::Expression;
use super::fault::{Code, Fault, Mark};
use super::field::Source;
use super::pattern::{Part, Pattern};
use super::yaml::{Data, Node};

const NAMES: &[&str] = &[
    "all",
    "startswith",
    "endswith",
    "contains",
    "exists",
    "cased",
    "neq",
    "windash",
    "re",
    "i",
    "ignorecase",
    "m",
    "multiline",
    "s",
    "dotall",
    "base64",
    "base64offset",
    "utf16le",
    "utf16be",
    "utf16",
    "wide",
    "lt",
    "lte",
    "gt",
    "gte",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "cidr",
    "expand",
    "fieldref",
];

/// A value on its way through the modifiers.
#[derive(Clone, Debug)]
enum Value {
    /// Text, as written too while no modifier has changed it.
    Text(Pattern, Option<String>),
    Number(String, f64),
    Bool(bool),
    Null,
    Done(Test),
    /// Alternatives that a modifier made of one value.
    Many(Vec<Value>),
}

type Refusal = (Code, String);

fn misuse<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err((Code::Misuse, message.into()))
}

/// Reads an item: its modifiers applied to each value.
pub(super) fn item(
    field: Option<String>,
    at: Mark,
    modifiers: &[&str],
    nodes: &[Node],
) -> Result<Item, Fault> {
    if let Some(unknown) = modifiers.iter().find(|name| !NAMES.contains(name)) {
        let message = format!("unknown modifier `{unknown}`{}", nearest(unknown, NAMES));
        return Err(Fault::new(Code::Modifier, at, message));
    }
    let all = modifiers.contains(&"all");
    if all && nodes.len() < 2 {
        return Err(Fault::new(Code::Misuse, at, "`all` needs more than one value"));
    }
    let from = field.as_deref().map_or(Source::Entry, Source::of);
    let test = |node: &Node| {
        tests(node, modifiers, &from).map_err(|(code, why)| Fault::new(code, node.at, why))
    };
    let values = nodes.iter().map(test).collect::<Result<_, _>>()?;
    let neq = modifiers.contains(&"neq");
    let modifiers = modifiers.iter().map(|m| (*m).to_owned()).collect();
    Ok(Item { field, at, modifiers, values, all, neq })
}

/// What one value is compared by.
fn tests(node: &Node, modifiers: &[&str], from: &Source) -> Result<Vec<Test>, Refusal> {
    let mut value = value(node)?;
    let cased = modifiers.contains(&"cased");
    for name in modifiers.iter().filter(|name| !matches!(**name, "all" | "neq" | "cased")) {
        value = apply(name, value)?;
    }
    let mut tests = Vec::new();
    finish(value, &mut tests);
    tests.iter().try_for_each(|test| check(test, from))?;
    if cased {
        tests.iter_mut().try_for_each(set_cased)?;
    }
    if *from == Source::Entry { tests.into_iter().map(anywhere).collect() } else { Ok(tests) }
}

fn value(node: &Node) -> Result<Value, Refusal> {
    let (text, plain) = match &node.data {
        Data::Null => return Ok(Value::Null),
        Data::Scalar { text, plain } => (text, *plain),
        _ => {
            return Err((Code::Kind, "a value must be text, a number, true, false or null".into()));
        }
    };
    if plain && matches!(text.as_str(), "true" | "True" | "TRUE" | "false" | "False" | "FALSE") {
        return Ok(Value::Bool(text.starts_with(['t', 'T'])));
    }
    let numeric = plain && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text.parse::<f64>() {
        Ok(number) if numeric => Ok(Value::Number(text.clone(), number)),
        _ => Ok(Value::Text(Pattern::parse(text), Some(text.clone()))),
    }
}

fn finish(value: Value, tests: &mut Vec<Test>) {
    match value {
        Value::Text(pattern, _) => tests.push(Test::Text(pattern)),
        Value::Number(text, _) => tests.push(Test::Text(Pattern::literal(text.as_bytes()))),
        Value::Bool(yes) => tests.push(Test::Text(Pattern::literal(yes.to_string().as_bytes()))),
        Value::Null => tests.push(Test::Null),
        Value::Done(test) => tests.push(test),
        Value::Many(values) => values.into_iter().for_each(|value| finish(value, tests)),
    }
}

fn check(test: &Test, from: &Source) -> Result<(), Refusal> {
    let Test::Regex(expression) = test else { return Ok(()) };
    expression.check(from).map_err(|why| (Code::Regex, why))
}

fn set_cased(test: &mut Test) -> Result<(), Refusal> {
    match test {
        Test::Text(pattern) => pattern.cased = true,
        Test::Field(other) => other.cased = true,
        Test::Regex(_) => {}
        _ => return misuse("`cased` goes with text only"),
    }
    Ok(())
}

/// A keyword stands anywhere in the entry.
fn anywhere(test: Test) -> Result<Test, Refusal> {
    match test {
        Test::Text(pattern) if pattern.parts.is_empty() => {
            Err((Code::Empty, "an empty keyword stands in every entry".into()))
        }
        Test::Text(pattern) => Ok(Test::Text(pattern.open_start().open_end())),
        Test::Regex(_) => Ok(test),
        _ => misuse("a keyword must be text or a regular expression"),
    }
}

fn apply(name: &str, value: Value) -> Result<Value, Refusal> {
    if let Value::Many(values) = value {
        let applied = values.into_iter().map(|value| apply(name, value));
        return Ok(Value::Many(applied.collect::<Result<_, _>>()?));
    }
    match name {
        "contains" | "startswith" | "endswith" => affix(name, value),
        "re" => regex(value),
        "i" | "ignorecase" | "m" | "multiline" | "s" | "dotall" => flag(name, value),
        "cidr" => network(value),
        "exists" => exists(&value),
        "expand" => expand(value),
        "fieldref" => fieldref(value),
        "lt" | "lte" | "gt" | "gte" => compare(name, &value),
        "minute" | "hour" | "day" | "week" | "month" | "year" => clock(name, &value),
        "windash" => text(name, value).map(windash),
        "base64" | "base64offset" => text(name, value).and_then(|p| base64(name, &p)),
        _ => text(name, value).map(|pattern| utf16(name, pattern)),
    }
}

/// The text that a text modifier needs; numbers are text.
fn text(name: &str, value: Value) -> Result<Pattern, Refusal> {
    match value {
        Value::Text(pattern, _) => Ok(pattern),
        Value::Number(text, _) => Ok(Pattern::literal(text.as_bytes())),
        _ => misuse(format!("`{name}` goes with text only")),
    }
}

/// The text as written, for modifiers that no other may precede.
fn untouched(name: &str, value: Value) -> Result<String, Refusal> {
    match value {
        Value::Text(_, Some(text)) | Value::Number(text, _) => Ok(text),
        _ => misuse(format!("`{name}` must be the first modifier, on text")),
    }
}

fn affix(name: &str, value: Value) -> Result<Value, Refusal> {
    match value {
        Value::Done(Test::Field(mut other)) => {
            other.open_end |= name != "endswith";
            other.open_start |= name != "startswith";
            Ok(Value::Done(Test::Field(other)))
        }
        // A regular expression is not anchored: it stands anywhere already.
        Value::Done(Test::Regex(_)) => Ok(value),
        _ => {
            let mut pattern = text(name, value)?;
            if name != "startswith" {
                pattern = pattern.open_start();
            }
            if name != "endswith" {
                pattern = pattern.open_end();
            }
            Ok(Value::Text(pattern, None))
        }
    }
}

fn regex(value: Value) -> Result<Value, Refusal> {
    let source = untouched("re", value)?;
    Ok(Value::Done(Test::Regex(Expression::new(&source, ""))))
}

fn flag(name: &str, value: Value) -> Result<Value, Refusal> {
    let Value::Done(Test::Regex(expression)) = value else {
        return misuse(format!("`{name}` goes with `re` only"));
    };
    let flag = match name {
        "i" | "ignorecase" => "i",
        "m" | "multiline" => "m",
        _ => "s",
    };
    Ok(Value::Done(Test::Regex(expression.with(flag))))
}

fn network(value: Value) -> Result<Value, Refusal> {
    let text = untouched("cidr", value)?;
    let bad = || (Code::Cidr, format!("`{text}` is no network"));
    Network::parse(&text).map(|net| Value::Done(Test::Cidr(net))).ok_or_else(bad)
}

fn exists(value: &Value) -> Result<Value, Refusal> {
    match value {
        Value::Bool(yes) => Ok(Value::Done(Test::Exists(*yes))),
        _ => misuse("`exists` takes true or false"),
    }
}

fn expand(value: Value) -> Result<Value, Refusal> {
    if let Value::Text(_, Some(text)) = &value
        && let Some(name) = placeholder(text)
    {
        let message = format!("the placeholder `%{name}%` has no values here: rule refused");
        return Err((Code::Placeholder, message));
    }
    Ok(value)
}

fn placeholder(text: &str) -> Option<&str> {
    let mut pieces = text.split('%').skip(1);
    let name =
        |piece: &&str| !piece.is_empty() && piece.chars().all(|c| c.is_alphanumeric() || c == '_');
    let found = pieces.find(name)?;
    text.contains(&format!("%{found}%")).then_some(found)
}

fn fieldref(value: Value) -> Result<Value, Refusal> {
    let name = untouched("fieldref", value)?;
    let other = FieldRef { name, open_end: false, open_start: false, cased: false };
    Ok(Value::Done(Test::Field(other)))
}

fn compare(name: &str, value: &Value) -> Result<Value, Refusal> {
    let order = Order::named(name).unwrap_or(Order::Eq);
    match value {
        Value::Number(_, number) => Ok(Value::Done(Test::Compare(order, *number))),
        Value::Done(Test::Clock(part, _, number)) => {
            Ok(Value::Done(Test::Clock(*part, order, *number)))
        }
        _ => misuse(format!("`{name}` takes a number")),
    }
}

fn clock(name: &str, value: &Value) -> Result<Value, Refusal> {
    let Value::Number(_, number) = value else {
        return misuse(format!("`{name}` takes a number"));
    };
    let part = match name {
        "minute" => Clock::Minute,
        "hour" => Clock::Hour,
        "day" => Clock::Day,
        "week" => Clock::Week,
        "month" => Clock::Month,
        _ => Clock::Year,
    };
    Ok(Value::Done(Test::Clock(part, Order::Eq, *number)))
}

/// The five forms of what begins a parameter.
const DASHES: &[&str] = &["-", "/", "–", "—", "―"];

/// Every dash or slash that begins a parameter, in any of its forms.
fn windash(pattern: Pattern) -> Value {
    let mut made = Pattern { parts: Vec::new(), cased: pattern.cased };
    for part in pattern.parts {
        match part {
            Part::Text(text) => vary(&text, &mut made),
            other => made.parts.push(other),
        }
    }
    Value::Text(made, None)
}

fn vary(text: &[u8], made: &mut Pattern) {
    let word = |at: usize| {
        text.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80)
    };
    for (at, byte) in text.iter().enumerate() {
        let before = at.checked_sub(1).is_some_and(word);
        if matches!(byte, b'-' | b'/') && !before && word(at + 1) {
            made.push_among(DASHES);
        } else {
            made.push(&[*byte]);
        }
    }
}

fn utf16(name: &str, pattern: Pattern) -> Value {
    let encode = |text: &[u8]| -> Vec<u8> {
        let text = String::from_utf8_lossy(text);
        match name {
            "utf16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        }
    };
    let mut encoded = pattern.map(encode);
    if name == "utf16" {
        let mut with_mark = Pattern::literal(&[0xff, 0xfe]);
        with_mark.cased = encoded.cased;
        for part in encoded.parts {
            match part {
                Part::Text(text) => with_mark.push(&text),
                wild => with_mark.parts.push(wild),
            }
        }
        encoded = with_mark;
    }
    Value::Text(encoded, None)
}

/// The most texts that are encoded for one value: encoding mixes a dash with what stands beside it,
/// so that each combination of its forms is a text of its own (up to five dashes).
const ENCODED: usize = 5 * 5 * 5 * 5 * 5;

fn base64(name: &str, pattern: &Pattern) -> Result<Value, Refusal> {
    let Some(texts) = pattern.spellings(ENCODED) else {
        return misuse(format!("`{name}` goes with text without wildcards, and few dashes"));
    };
    let encode: fn(&[u8]) -> Vec<Value> = match name {
        "base64" => |bytes| vec![Value::Text(Pattern::literal(&base64_of(bytes)), None)],
        _ => |bytes| (0..3).map(|offset| shifted(bytes, offset)).collect(),
    };
    Ok(Value::Many(texts.iter().flat_map(|text| encode(text)).collect()))
}

/// The Base64 of bytes that begin `offset` bytes into a group of three, without the characters
/// that depend on what stands before or behind them.
fn shifted(bytes: &[u8], offset: usize) -> Value {
    let whole = [&b"  "[..offset], bytes].concat();
    let encoded = base64_of(&whole);
    let start = [0, 2, 3][offset];
    let end = encoded.len() - [0, 3, 2][whole.len() % 3];
    Value::Text(Pattern::literal(encoded.get(start..end).unwrap_or_default()), None)
}

/// Base64 (RFC 4648, section 4) with padding.
fn base64_of(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= group.len() { letter } else { b'=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(modifiers: &[&str], text: &str) -> Vec<String> {
        let node =
            Node { at: Mark::default(), data: Data::Scalar { text: text.into(), plain: false } };
        match item(Some("f".into()), Mark::default(), modifiers, &[node]) {
            Ok(item) => item
                .values
                .concat()
                .iter()
                .map(|test| match test {
                    Test::Text(pattern) => pattern.to_string(),
                    other => format!("{other:?}"),
                })
                .collect(),
            Err(fault) => vec![fault.code.name().to_owned()],
        }
    }

    #[test]
    fn modifiers_make_what_the_specification_says() {
        let cases: &[(&[&str], &str, &[&str])] = &[
            (&["contains"], "a", &["*a*"]),
            (&["contains"], "*a*", &["*a*"]),
            (&["startswith"], "a", &["a*"]),
            (&["endswith"], "a", &["*a"]),
            (&["base64"], "foobar", &["Zm9vYmFy"]),
            (&["base64"], "fooba", &["Zm9vYmE="]),
            (&["base64offset", "contains"], "foobar", &["*Zm9vYmFy*", "*Zvb2Jhc*", "*mb29iYX*"]),
            (&["wide", "base64"], "ping", &["cABpAG4AZwA="]),
            (&["windash"], "a -b", &["a (-|/|–|—|―)b"]),
            (&["windash", "base64"], "-b", &["LWI=", "L2I=", "4oCTYg==", "4oCUYg==", "4oCVYg=="]),
            (&["windash"], "a-b", &["a-b"]),
            (&["expand"], "%user%", &["E015"]),
            (&["expand"], "100% of", &["100% of"]),
            (&["contians"], "a", &["E011"]),
            (&["all"], "a", &["E012"]),
            (&["contains", "re"], "a", &["E012"]),
            (&["i"], "a", &["E012"]),
            (&["gt"], "a", &["E012"]),
            (&["re"], "(", &["E013"]),
            (&["cidr"], "10.0.0.0/33", &["E014"]),
        ];
        for (modifiers, text, expected) in cases {
            assert_eq!(&made(modifiers, text), expected, "{modifiers:?} {text}");
        }
    }

    #[test]
    fn networks_contain_addresses_of_their_family() {
        for (net, address, inside) in [
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "10.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("192.0.2.1", "192.0.2.1", true),
        ] {
            let net = Network::parse(net).unwrap();
            assert_eq!(net.contains(address.parse().unwrap()), inside, "{net:?} {address}");
        }
    }
}
