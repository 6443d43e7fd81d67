//! Which hits does the user know to be harmless? The suppressions that he gives, each with its
//! reason and its last day.

use std::path::Path;

use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use super::{InventoryError, Network};

/// Hits that are known to be harmless (`--suppressions FILE`, TOML): those that meet every key that
/// it names.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// Its number in the file, from 1.
    pub entry: usize,
    /// Why they are harmless.
    pub reason: String,
    /// The last day on which it holds: `2027-03-31`.
    pub expires: String,
    rule: Option<String>,
    site: Option<String>,
    client: Option<Network>,
    path: Option<GlobMatcher>,
}

/// A hit, as far as suppressions speak of it.
#[derive(Clone, Copy, Debug)]
pub struct Alarm<'h> {
    /// The id of its rule.
    pub rule: &'h str,
    /// The title of its rule.
    pub title: &'h str,
    /// Its site.
    pub site: &'h str,
    /// The client, if the entry names one.
    pub client: Option<&'h str>,
    /// The path that was asked for, if the entry names one.
    pub path: Option<&'h str>,
}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    suppression: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: Option<String>,
    site: Option<String>,
    client: Option<String>,
    path: Option<String>,
    reason: String,
    expires: toml::value::Datetime,
}

impl Suppression {
    /// Reads a file of suppressions.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is no TOML, or if an entry has an unknown key, no reason, no last day,
    /// or names neither a rule nor a client nor a path. The message names the file and the entry.
    pub fn load(path: &Path) -> Result<Vec<Self>, InventoryError> {
        let wrong = |why: String| InventoryError(format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text).map_err(wrong)
    }

    fn parse(text: &str) -> Result<Vec<Self>, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        let entries = written.suppression.into_iter().enumerate();
        let read = |(at, entry): (usize, Entry)| {
            entry.read(at + 1).map_err(|why| format!("suppression {}: {why}", at + 1))
        };
        entries.map(read).collect()
    }

    /// Whether its last day is before `today` (`2027-04-01`).
    pub fn is_expired(&self, today: &str) -> bool {
        self.expires.as_str() < today
    }

    /// Whether it speaks of a hit.
    pub fn covers(&self, hit: &Alarm<'_>) -> bool {
        let address = || hit.client.and_then(|client| client.parse().ok());
        self.is_of(hit.rule, hit.title, hit.site)
            && self.client.is_none_or(|net| address().is_some_and(|ip| net.contains(ip)))
            && self.path.as_ref().is_none_or(|glob| hit.path.is_some_and(|p| glob.is_match(p)))
    }

    /// Whether it speaks of every hit of a rule at a site, whoever sent it.
    pub fn covers_all(&self, rule: &str, title: &str, site: &str) -> bool {
        self.client.is_none() && self.path.is_none() && self.is_of(rule, title, site)
    }

    fn is_of(&self, rule: &str, title: &str, site: &str) -> bool {
        self.rule.as_ref().is_none_or(|wanted| wanted == rule || wanted == title)
            && self.site.as_ref().is_none_or(|wanted| wanted == site)
    }
}

impl Entry {
    fn read(self, entry: usize) -> Result<Suppression, String> {
        if self.reason.trim().is_empty() {
            return Err("a reason is needed".into());
        }
        if self.rule.is_none() && self.client.is_none() && self.path.is_none() {
            return Err("it names neither a rule nor a client nor a path".into());
        }
        let (Some(date), None) = (self.expires.date, self.expires.time) else {
            return Err("expires is a day: 2027-03-31".into());
        };
        let client = self.client.map(|text| text.parse::<Network>()).transpose();
        let path = self.path.map(|glob| Glob::new(&glob).map(|g| g.compile_matcher())).transpose();
        Ok(Suppression {
            entry,
            reason: self.reason,
            expires: date.to_string(),
            rule: self.rule,
            site: self.site,
            client: client.map_err(|error| format!("client: {error}"))?,
            path: path.map_err(|error| format!("path: {error}"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIT: Alarm<'static> = Alarm {
        rule: "id-1",
        title: "Dump asked for",
        site: "zei.example.jp",
        client: Some("192.0.2.7"),
        path: Some("/batch/night/export.csv"),
    };

    fn one(keys: &str) -> Result<Suppression, String> {
        let text = format!("[[suppression]]\n{keys}\nreason = \"r\"\nexpires = 2027-03-31");
        Suppression::parse(&text).map(|mut all| all.remove(0))
    }

    #[test]
    fn every_key_that_it_names_must_be_met() {
        for (keys, covers) in [
            ("rule = \"id-1\"", true),
            ("rule = \"Dump asked for\"", true),
            ("rule = \"id-2\"", false),
            ("rule = \"id-1\"\nsite = \"zei.example.jp\"", true),
            ("rule = \"id-1\"\nsite = \"other.example.jp\"", false),
            ("client = \"192.0.2.0/24\"", true),
            ("client = \"198.51.100.7\"", false),
            ("path = \"/batch/*\"", true),
            ("path = \"/batch\"", false),
            ("path = \"*.csv\"\nclient = \"192.0.2.7\"", true),
            ("path = \"*.csv\"\nclient = \"192.0.2.8\"", false),
        ] {
            assert_eq!(one(keys).unwrap().covers(&HIT), covers, "{keys}");
        }
        let unknown = Alarm { client: None, path: None, ..HIT };
        assert!(!one("client = \"192.0.2.0/24\"").unwrap().covers(&unknown));
        assert!(!one("path = \"*\"").unwrap().covers(&unknown));
        assert!(one("rule = \"id-1\"").unwrap().covers_all("id-1", "", "a"));
        assert!(!one("rule = \"id-1\"\npath = \"*\"").unwrap().covers_all("id-1", "", "a"));
    }

    #[test]
    fn it_ends_behind_its_last_day() {
        let one = one("rule = \"id-1\"").unwrap();
        let expired = ["2027-03-30", "2027-03-31", "2027-04-01"].map(|day| one.is_expired(day));
        assert_eq!((expired, one.expires.as_str()), ([false, false, true], "2027-03-31"));
    }

    #[test]
    fn says_what_is_wrong() {
        let end = "expires = 2027-03-31";
        for (text, expected) in [
            (format!("rule = \"x\"\n{end}"), "missing field `reason`"),
            (format!("rule = \"x\"\nreason = \" \"\n{end}"), "suppression 1: a reason is needed"),
            ("rule = \"x\"\nreason = \"r\"".into(), "missing field `expires`"),
            ("rule = \"x\"\nreason = \"r\"\nexpires = 12:00:00".into(), "expires is a day"),
            (format!("site = \"x\"\nreason = \"r\"\n{end}"), "neither a rule nor a client"),
            (format!("client = \"x\"\nreason = \"r\"\n{end}"), "client: \"x\" is no network"),
            (format!("path = \"[\"\nreason = \"r\"\n{end}"), "path: "),
            (format!("rul = \"x\"\nreason = \"r\"\n{end}"), "unknown field `rul`"),
        ] {
            let why = Suppression::parse(&format!("[[suppression]]\n{text}")).unwrap_err();
            assert!(why.contains(expected), "{why:?} should say {expected:?}");
        }
        assert!(Suppression::load(Path::new("/no/such.toml")).unwrap_err().0.contains("/no/such"));
    }
}
