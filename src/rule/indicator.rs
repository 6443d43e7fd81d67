//! Which known marks of an intruder are looked for? Lists of indicators, turned into rules.
//!
//! A list is text (one value a line, `#` for remarks), CSV with the columns `kind` (or `type`) and
//! `value` (or `indicator`), a STIX 2.1 bundle, or a report of an earlier case
//! (`leaksweep.report/1`), whose own indicators it then holds. Each kind becomes one Sigma rule, so
//! that indicators are matched with all other rules, at the same cost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;

use serde_json::Value;

/// Values to look for, by kind.
type Marks = BTreeMap<Kind, BTreeSet<String>>;

/// What an indicator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Address,
    Network,
    Agent,
    Path,
    Referer,
    QueryHash,
}

impl Kind {
    /// By the names that lists use.
    fn of(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        Some(match name.as_str() {
            "address" | "client" | "ip" | "ipv4" | "ipv6" | "ipv4_addr" | "ipv6_addr"
            | "src_ip" => Self::Address,
            "network" | "cidr" | "netblock" => Self::Network,
            "agent" | "user_agent" | "useragent" => Self::Agent,
            "path" | "uri" | "page" => Self::Path,
            "referer" | "referrer" | "url" | "domain" | "domain_name" => Self::Referer,
            "query_hash" | "query_sha256" | "sha256" => Self::QueryHash,
            _ => return None,
        })
    }

    /// What a value is that no list says the kind of.
    fn guess(value: &str) -> Self {
        let hash = value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
        if value.parse::<IpAddr>().is_ok() {
            Self::Address
        } else if network(value).is_some() {
            Self::Network
        } else if hash {
            Self::QueryHash
        } else if value.starts_with('/') {
            Self::Path
        } else if value.contains("://") {
            Self::Referer
        } else {
            Self::Agent
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Address => "Indicator - address",
            Self::Network => "Indicator - network",
            Self::Agent => "Indicator - agent",
            Self::Path => "Indicator - path",
            Self::Referer => "Indicator - referer",
            Self::QueryHash => "Indicator - query",
        }
    }

    /// The field with the modifiers by which it is compared.
    fn field(self) -> &'static str {
        match self {
            Self::Address => "c-ip",
            Self::Network => "c-ip|cidr",
            Self::Agent => "cs-user-agent|contains",
            Self::Path => "cs-uri-stem",
            Self::Referer => "cs-referer|contains",
            Self::QueryHash => "leaksweep.query.sha256",
        }
    }

    /// The last digits of the rule's id, which is the same for every list.
    fn id(self) -> u64 {
        self as u64 + 1
    }
}

/// Known marks of intruders, from any number of lists.
#[derive(Debug, Default)]
pub struct Indicators(Marks);

impl Indicators {
    /// Adds those of a list.
    ///
    /// # Errors
    ///
    /// What is wrong with the list, in a sentence.
    pub fn add(&mut self, list: &str) -> Result<(), String> {
        let list = list.trim_start_matches('\u{feff}');
        let marks = match list.trim_start().chars().next() {
            Some('{') => of_json(list)?,
            _ => of_lines(list)?,
        };
        if marks.is_empty() {
            return Err("there is no indicator in it".to_owned());
        }
        for (kind, values) in marks {
            self.0.entry(kind).or_default().extend(values);
        }
        Ok(())
    }

    /// Sigma documents that look for them, one for each kind.
    pub fn rules(&self) -> String {
        let documents = self.0.iter().map(|(kind, values)| document(*kind, values));
        documents.collect::<Vec<_>>().join("---\n")
    }
}

fn document(kind: Kind, values: &BTreeSet<String>) -> String {
    let mut text = format!(
        "title: {}\nid: 1d1ca705-0000-4000-8000-{:012}\nstatus: stable\ndescription: A value of the list of indicators.\n\
         author: leaksweep\ntags: [leaksweep.indicator]\nlogsource:\n    category: webserver\ndetection:\n    selection:\n",
        kind.title(),
        kind.id()
    );
    if kind == Kind::Network {
        // Compared only where the address begins as one of the network may.
        list(&mut text, "c-ip|startswith", values.iter().flat_map(|value| beginnings(value)));
    }
    list(&mut text, kind.field(), values.iter().cloned());
    text.push_str("    condition: selection\nlevel: medium\n");
    text
}

fn list(text: &mut String, field: &str, values: impl Iterator<Item = String>) {
    let _ = writeln!(text, "        {field}:");
    for value in values {
        let literal = if field.contains("cidr") { value } else { escaped(&value) };
        let _ = writeln!(text, "            - {}", quoted(&literal));
    }
}

/// A double-quoted scalar: JSON's string, with what YAML takes for unprintable escaped, too
/// (YAML 1.2.2, 5.1).
fn quoted(literal: &str) -> String {
    let mut text = String::new();
    for c in Value::from(literal).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'..='\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'..='\u{ffff}' => {
                let _ = write!(text, "\\u{:04x}", c as u32);
            }
            _ => text.push(c),
        }
    }
    text
}

/// The value with Sigma's wildcards taken as they stand.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}

fn network(value: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = value.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, bits))
}

/// How the addresses of a network begin, as text: to the last whole part.
fn beginnings(value: &str) -> Vec<String> {
    match network(value) {
        Some((IpAddr::V4(address), bits)) => {
            let [a, b, c, d] = address.octets();
            let span = |part: u8, bits: u8| {
                let size = 1_u16 << (8 - bits);
                let from = u16::from(part) / size * size;
                from..from + size
            };
            match bits {
                0..=8 => span(a, bits).map(|a| format!("{a}.")).collect(),
                9..=16 => span(b, bits - 8).map(|b| format!("{a}.{b}.")).collect(),
                17..=24 => span(c, bits - 16).map(|c| format!("{a}.{b}.{c}.")).collect(),
                _ => vec![format!(
                    "{a}.{b}.{c}.{}",
                    if bits == 32 { d.to_string() } else { String::new() }
                )],
            }
        }
        Some((IpAddr::V6(address), bits)) => {
            let whole = usize::from(bits / 16).clamp(1, 2);
            let parts: Vec<String> =
                address.segments()[..whole].iter().map(|part| format!("{part:x}")).collect();
            vec![parts.join(":")]
        }
        None => Vec::new(),
    }
}

fn of_lines(text: &str) -> Result<Marks, String> {
    let mut marks = Marks::new();
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    let columns = lines.peek().and_then(|first| columns(first));
    if columns.is_some() {
        lines.next();
    }
    for line in lines {
        match columns {
            None => add(&mut marks, Kind::guess(line), line),
            Some((kind, value)) => {
                let cells = cells(line);
                let cell = |at: usize| cells.get(at).map(String::as_str).unwrap_or_default();
                let named = Kind::of(cell(kind));
                let kind =
                    named.ok_or_else(|| format!("{:?} is no kind of indicator", cell(kind)))?;
                add(&mut marks, kind, cell(value));
            }
        }
    }
    Ok(marks)
}

/// Where the columns of kind and value are, if the line is a heading.
fn columns(line: &str) -> Option<(usize, usize)> {
    let heads: Vec<String> = cells(line).iter().map(|cell| cell.to_ascii_lowercase()).collect();
    let find = |names: [&str; 2]| heads.iter().position(|head| names.contains(&head.as_str()));
    find(["kind", "type"]).zip(find(["value", "indicator"]))
}

fn cells(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => found.push(String::new()),
            _ => found.last_mut().into_iter().for_each(|cell| cell.push(c)),
        }
    }
    found.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn add(marks: &mut Marks, kind: Kind, value: &str) {
    let kind = if kind == Kind::Address && network(value).is_some() { Kind::Network } else { kind };
    let value = if kind == Kind::QueryHash { value.to_ascii_lowercase() } else { value.to_owned() };
    if !value.is_empty() {
        marks.entry(kind).or_default().insert(value);
    }
}

/// A STIX bundle or a report.
fn of_json(text: &str) -> Result<Marks, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut marks = Marks::new();
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    for site in list(&whole, "sites") {
        for indicator in list(&site, "indicators") {
            let kind = indicator["kind"].as_str().and_then(Kind::of);
            if let Some((kind, value)) = kind.zip(indicator["value"].as_str()) {
                add(&mut marks, kind, value);
            }
        }
    }
    for object in list(&whole, "objects") {
        stix(&object, &mut marks);
    }
    Ok(marks)
}

fn stix(object: &Value, marks: &mut Marks) {
    let kind = object["type"].as_str().unwrap_or_default();
    match (Kind::of(kind), object["value"].as_str(), object["pattern"].as_str()) {
        (Some(kind), Some(value), _) => add(marks, kind, value),
        (_, _, Some(pattern)) if kind == "indicator" => comparisons(pattern, marks),
        _ => {}
    }
}

/// The comparisons of a STIX pattern for equality: `[ipv4-addr:value = '203.0.113.9']`.
fn comparisons(pattern: &str, marks: &mut Marks) {
    for comparison in pattern.split(['[', ']']).flat_map(|part| part.split(" OR ")) {
        let Some((path, value)) = comparison.split_once('=') else { continue };
        let value = value.trim().trim_matches('\'').replace("\\'", "'").replace("\\\\", "\\");
        let path = path.trim();
        let kind = match path.split(':').next().unwrap_or_default() {
            _ if path.contains("User-Agent") => Some(Kind::Agent),
            _ if path.contains("Referer") => Some(Kind::Referer),
            _ if path.ends_with("request_value") => Some(Kind::Path),
            "network-traffic" if path.contains("src_ref") || path.contains("dst_ref") => {
                Some(Kind::Address)
            }
            name => Kind::of(name),
        };
        if let Some(kind) = kind {
            add(marks, kind, &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleSet;

    fn marks(list: &str) -> Vec<(Kind, Vec<String>)> {
        let json = list.starts_with('{');
        let marks = if json { of_json(list) } else { of_lines(list) }.unwrap();
        marks.into_iter().map(|(kind, values)| (kind, values.into_iter().collect())).collect()
    }

    #[test]
    fn every_form_of_list_is_read() {
        let text = "# known\n203.0.113.9\n198.51.100.0/24\n/tax/img/logo.jsp\nhttp://bad.example/\nevil agent/1.0\n";
        let expected = [Kind::Address, Kind::Network, Kind::Agent, Kind::Path, Kind::Referer];
        assert_eq!(marks(text).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), expected);
        let csv = "kind,value,note\nip,203.0.113.9,\"a, b\"\nuser_agent,\"x, y\",\n";
        assert_eq!(
            marks(csv),
            [
                (Kind::Address, vec!["203.0.113.9".to_owned()]),
                (Kind::Agent, vec!["x, y".to_owned()])
            ]
        );
        let stix = r#"{"type":"bundle","objects":[
            {"type":"indicator","pattern":"[ipv4-addr:value = '203.0.113.9' OR ipv4-addr:value = '203.0.113.10']"},
            {"type":"indicator","pattern":"[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x']"},
            {"type":"ipv6-addr","value":"2001:db8::9"}]}"#;
        let found = marks(stix);
        assert_eq!(found[0].1, ["2001:db8::9", "203.0.113.10", "203.0.113.9"]);
        assert_eq!(found[1], (Kind::Agent, vec!["x".to_owned()]));
        let report = r#"{"sites":[{"indicators":[{"kind":"client","value":"203.0.113.9"},{"kind":"path","value":"/x.jsp"}]}]}"#;
        assert_eq!(marks(report).len(), 2);
        let wrong = |list: &str| Indicators::default().add(list).unwrap_err();
        assert_eq!(wrong("# nothing\n"), "there is no indicator in it");
        assert!(!wrong("{").is_empty() && wrong("kind,value\nshoe,42\n").contains("shoe"));
    }

    #[test]
    fn they_become_rules_that_need_something_rare() {
        let hash = "a".repeat(64);
        let list = format!(
            "203.0.113.9\n198.51.100.0/22\n2001:db8::/32\n/a?*'b\nevil\nhttp://h/\n{hash}\n"
        );
        let mut indicators = Indicators::default();
        indicators.add(&list).unwrap();
        indicators.add("203.0.113.77\n").unwrap();
        let mut rules = RuleSet::default();
        rules.add_text("list", &indicators.rules()).unwrap();
        assert_eq!(rules.len(), 6);
        assert!((0..6).all(|rule| rules.explain(rule).unwrap().needs.is_some()));
    }

    #[test]
    fn no_value_breaks_out_of_its_rule() {
        let odd = (0..0x2100).chain(0xd7f0..0x1_0010).filter_map(char::from_u32);
        for c in odd.filter(|c| !c.is_whitespace()) {
            let mut indicators = Indicators::default();
            indicators.add(&format!("evil{c}\"'\\x: [agent]")).unwrap();
            let mut rules = RuleSet::default();
            rules.add_text("list", &indicators.rules()).unwrap();
            assert_eq!(rules.len(), 1, "{c:?}");
        }
    }

    #[test]
    fn networks_begin_as_their_addresses_do() {
        assert_eq!(
            beginnings("198.51.100.0/22"),
            ["198.51.100.", "198.51.101.", "198.51.102.", "198.51.103."]
        );
        assert_eq!(beginnings("10.0.0.0/8"), ["10."]);
        assert_eq!(beginnings("192.0.2.64/26"), ["192.0.2."]);
        assert_eq!(beginnings("192.0.2.7/32"), ["192.0.2.7"]);
        assert_eq!(beginnings("2001:db8::/32"), ["2001:db8"]);
    }
}
