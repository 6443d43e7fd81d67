//! Which sites are known beforehand? The inventory that the user gives.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Deserializer, Serialize};

use super::place::{self, Place};
use super::{Criteria, Network, Suppression};
use crate::time::{Time, Zone};

/// The sites known beforehand (`--sites FILE`, TOML). Empty when none was given.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The sites, in the order of the file.
    pub sites: Vec<SiteEntry>,
    /// The period under examination.
    pub window: Option<Window>,
    /// The zone of logs that name none.
    pub zone: Option<Zone>,
    /// What "not confirmed" needs.
    pub criteria: Criteria,
    /// Networks whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<Network>,
    /// Hits that are known to be harmless.
    pub suppressions: Vec<Suppression>,
    hosts: HashMap<String, usize>,
    globs: GlobSet,
    /// The site of each glob.
    glob_sites: Vec<usize>,
    /// The site of all streams that no glob places.
    otherwise: Option<usize>,
}

/// One site of the inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteEntry {
    /// The site's name in the report.
    pub name: String,
    /// Virtual host or Host values, compared without case and port.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Globs of paths, relative to the inventory file.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The number of records that the data store itself held: a maximum.
    #[serde(default)]
    pub declared_records: Option<u64>,
    /// E-mail domains that are the site's own.
    #[serde(default)]
    pub own_domains: Vec<String>,
    /// Kinds of log that coverage needs: `access`, `application`, `gateway`, `waf`, `error`.
    #[serde(default)]
    pub expected: Vec<String>,
    /// When the site was vulnerable, from outside knowledge: the weakness known (or brought in) to
    /// mended.
    #[serde(default)]
    pub vulnerable: Option<Window>,
    /// When the site was taken off line or the intruder locked out, from outside knowledge.
    #[serde(default, deserialize_with = "optional_stamp", skip_serializing_if = "Option::is_none")]
    pub contained: Option<Time>,
}

/// The kinds of log that [`SiteEntry::expected`] knows.
const LOGS: [&str; 5] = ["access", "application", "gateway", "waf", "error"];

/// The period under examination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its start.
    #[serde(deserialize_with = "stamp")]
    pub from: Time,
    /// Its end.
    #[serde(deserialize_with = "stamp")]
    pub to: Time,
}

/// A time as a string or, in TOML, as a bare date-time; it must name its offset.
fn stamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stamp {
        Bare(toml::value::Datetime),
        Text(String),
    }
    let text = match Stamp::deserialize(deserializer)? {
        Stamp::Bare(stamp) => stamp.to_string(),
        Stamp::Text(text) => text,
    };
    text.parse().map_err(|error| serde::de::Error::custom(format!("{error} ({text:?})")))
}

fn optional_stamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    stamp(deserializer).map(Some)
}

/// An inventory that cannot be used: names the file, the key and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InventoryError(pub String);

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    timezone: Option<String>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    window: Option<Window>,
    #[serde(default)]
    criteria: Criteria,
    #[serde(default)]
    site: Vec<SiteEntry>,
}

impl Inventory {
    /// Reads an inventory file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is no TOML, has an unknown key, or says something twice or against
    /// itself. The message names the file and, where there is one, the line.
    pub fn load(path: &Path) -> Result<Self, InventoryError> {
        let wrong = |error: std::io::Error| InventoryError(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(wrong)?;
        let folder = std::path::absolute(path).map_err(wrong)?;
        let folder = folder.parent().unwrap_or(&folder);
        Self::parse(&text, folder)
            .map_err(|why| InventoryError(format!("{}{}", path.display(), why.0)))
    }

    /// An inventory from its text; globs are relative to `folder`. Errors begin with `:` or
    /// `:LINE:`.
    fn parse(text: &str, folder: &Path) -> Result<Self, InventoryError> {
        let written: Written = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + line_of(text, span.start));
            let place = line.map_or_else(|| ":".to_owned(), |line| format!(":{line}:"));
            InventoryError(format!("{place} {}", error.message()))
        })?;
        written.resolve(folder).map_err(|why| InventoryError(format!(": {why}")))
    }

    /// The site of an inventory host.
    pub fn by_host(&self, host: &str) -> Option<&str> {
        if self.hosts.is_empty() {
            return None;
        }
        let site = self.hosts.get(&place::bare_host(host)?)?;
        self.name(*site)
    }

    /// The site that an inventory glob gives to a stream. A member of an archive is looked up
    /// also as the archive, and as a file beside it.
    pub fn by_path(&self, stream: &str) -> Option<&str> {
        let placed = self.by_glob(stream).or(self.otherwise)?;
        self.name(placed)
    }

    /// All streams that no glob places belong to this site (`--site NAME`).
    pub fn assign(&mut self, name: &str) {
        let known = self.sites.iter().position(|site| site.name == name);
        self.otherwise = Some(known.unwrap_or_else(|| {
            self.sites.push(SiteEntry { name: name.to_owned(), ..SiteEntry::default() });
            self.sites.len() - 1
        }));
    }

    fn by_glob(&self, stream: &str) -> Option<usize> {
        if self.glob_sites.is_empty() {
            return None;
        }
        let (file, member) = stream.split_once('!').map_or((stream, None), |(f, m)| (f, Some(m)));
        let beside = member.map(|m| Path::new(file).with_file_name(m.replace('!', "/")));
        let paths = [Some(PathBuf::from(stream)), Some(PathBuf::from(file)), beside];
        paths.into_iter().flatten().find_map(|path| self.first_match(&path))
    }

    fn first_match(&self, path: &Path) -> Option<usize> {
        let spelled = spellings(path);
        let matches = spelled.iter().flat_map(|path| self.globs.matches(path));
        matches.filter_map(|glob| self.glob_sites.get(glob)).min().copied()
    }

    fn name(&self, site: usize) -> Option<&str> {
        self.sites.get(site).map(|site| site.name.as_str())
    }

    /// What the path says of a stream's site: computed once for a stream, asked for every line.
    pub fn place(&self, stream: &str) -> Place<'_> {
        Place::new(self, stream)
    }

    /// The site of a line: by its host in the inventory, by its path in the inventory, else the
    /// line's own host, else a name from the path. [`Inventory::place`] is the quick way.
    pub fn site(&self, path: &str, host: Option<&str>) -> String {
        self.place(path).site(host).to_owned()
    }

    /// Whether the address is that of a proxy whose X-Forwarded-For is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(address))
    }
}

/// A path as it was given and as the system knows it: a `..` or a link must not keep a glob from
/// its file.
fn spellings(path: &Path) -> Vec<PathBuf> {
    let given = std::path::absolute(path).ok();
    let known = std::fs::canonicalize(path).ok().filter(|known| Some(known) != given.as_ref());
    given.into_iter().chain(known).collect()
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count()
}

impl Written {
    fn resolve(self, folder: &Path) -> Result<Inventory, String> {
        if let Some(window) = self.window.filter(|window| window.from >= window.to) {
            return Err(format!("[window] ends ({}) before it starts", window.to));
        }
        let zone = self.timezone.map(|name| name.parse::<Zone>());
        let proxies = self.trusted_proxies.iter().map(|text| text.parse::<Network>());
        let mut inventory = Inventory {
            window: self.window,
            criteria: self.criteria,
            zone: zone.transpose().map_err(|error| format!("timezone: {error}"))?,
            trusted_proxies: proxies
                .collect::<Result<_, _>>()
                .map_err(|error| format!("trusted_proxies: {error}"))?,
            ..Inventory::default()
        };
        let mut globs = GlobSetBuilder::new();
        for site in self.site {
            inventory.add(site, folder, &mut globs)?;
        }
        inventory.globs = globs.build().map_err(|error| format!("paths: {error}"))?;
        Ok(inventory)
    }
}

impl Inventory {
    fn add(
        &mut self,
        site: SiteEntry,
        folder: &Path,
        globs: &mut GlobSetBuilder,
    ) -> Result<(), String> {
        let (index, name) = (self.sites.len(), site.name.as_str());
        if name.trim().is_empty() {
            return Err("a [[site]] has an empty name".into());
        }
        if self.sites.iter().any(|other| other.name == name) {
            return Err(format!("the site {name:?} is there twice"));
        }
        if let Some(kind) = site.expected.iter().find(|kind| !LOGS.contains(&kind.as_str())) {
            let known = LOGS.join(", ");
            return Err(format!("site {name:?}: expected: {kind:?} is none of {known}"));
        }
        if let Some(wrong) = site.vulnerable.filter(|window| window.from >= window.to) {
            return Err(format!("site {name:?}: vulnerable ends ({}) before it starts", wrong.to));
        }
        for host in &site.hosts {
            let bare = place::bare_host(host);
            let bare = bare.ok_or_else(|| format!("site {name:?}: {host:?} is no host"))?;
            if self.hosts.insert(bare, index).is_some_and(|other| other != index) {
                return Err(format!("site {name:?}: the host {host:?} is another site's too"));
            }
        }
        let folders = spellings(folder);
        for (glob, folder) in site.paths.iter().flat_map(|g| folders.iter().map(move |f| (g, f))) {
            let rooted = root(folder, glob);
            let built = GlobBuilder::new(&rooted).literal_separator(true).build();
            globs.add(built.map_err(|e| format!("site {name:?}: paths: {glob:?}: {}", e.kind()))?);
            self.glob_sites.push(index);
        }
        self.sites.push(site);
        Ok(())
    }
}

/// A glob with the folder of the inventory before it.
fn root(folder: &Path, glob: &str) -> String {
    if glob.starts_with('/') {
        return glob.to_owned();
    }
    let glob = glob.strip_prefix("./").unwrap_or(glob);
    let folder = globset::escape(&folder.to_string_lossy());
    format!("{}/{glob}", folder.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
timezone = "Asia/Tokyo"
trusted_proxies = ["192.0.2.0/24", "2001:db8::1"]
[window]
from = "2017-03-06T22:00:00+09:00"
to   = 2017-03-10T00:00:00+09:00

[[site]]
name  = "zei.example.jp"
hosts = ["zei.example.jp", "WWW.zei.example.jp:443"]
paths = ["zei/**"]
declared_records = 676290
own_domains = ["example.jp"]
expected = ["access", "application", "gateway"]

[[site]]
name = "other"
paths = ["*.other.log", "/var/log/other/*"]
vulnerable = { from = 2017-03-06T22:00:00+09:00, to = "2017-03-09T21:56:00+09:00" }
contained = 2017-03-09T23:53:00+09:00

[criteria]
entries = 1000
retention_days = 90
"#;

    fn inventory() -> Inventory {
        Inventory::parse(TEXT, Path::new("/ev/[1]")).unwrap()
    }

    #[test]
    fn reads_the_contracts_example() {
        let inventory = inventory();
        assert_eq!(inventory.sites.len(), 2);
        assert_eq!(inventory.sites[0].declared_records, Some(676_290));
        assert_eq!(inventory.window.unwrap().to.to_string(), "2017-03-10T00:00:00+09:00");
        assert_eq!(inventory.zone.as_ref().unwrap().to_string(), "Asia/Tokyo");
        assert_eq!((inventory.criteria.entries, inventory.criteria.retention_days), (1_000, 90));
        assert_eq!(inventory.criteria.silent_minutes, Criteria::default().silent_minutes);
        let other = &inventory.sites[1];
        assert_eq!(other.contained.unwrap().to_string(), "2017-03-09T23:53:00+09:00");
        assert_eq!(other.vulnerable.unwrap().to.to_string(), "2017-03-09T21:56:00+09:00");
        assert!(inventory.trusts("192.0.2.7".parse().unwrap()));
        assert!(!inventory.trusts("192.0.3.7".parse().unwrap()));
    }

    #[test]
    fn what_no_glob_places_belongs_to_the_site_given() {
        let mut inventory = inventory();
        inventory.assign("rest");
        inventory.assign("rest");
        assert_eq!(inventory.sites.len(), 3);
        assert_eq!(inventory.by_path("-"), Some("rest"));
        assert_eq!(inventory.by_path("/ev/[1]/zei/access.log"), Some("zei.example.jp"));
    }

    #[test]
    fn finds_sites_by_host_and_path() {
        let inventory = inventory();
        assert_eq!(inventory.by_host("ZEI.example.jp:8443"), Some("zei.example.jp"));
        assert_eq!(inventory.by_host("www.zei.example.jp."), Some("zei.example.jp"));
        assert_eq!(inventory.by_host("example.jp"), None);
        for (path, site) in [
            ("/ev/[1]/zei/access.log", Some("zei.example.jp")),
            ("/ev/[1]/zei/a/b/c.log.gz", Some("zei.example.jp")),
            ("/ev/[1]/x.other.log", Some("other")),
            ("/ev/[1]/x/x.other.log", None),
            ("/var/log/other/access.log", Some("other")),
            ("/ev/[1]/all.tar.gz!zei/access.log", Some("zei.example.jp")),
            ("/ev/[1]/zei/all.tar.gz!x/access.log", Some("zei.example.jp")),
            ("/ev/1/zei/access.log", None),
            ("-", None),
        ] {
            assert_eq!(inventory.by_path(path), site, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_or_a_detour_does_not_keep_a_glob_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        std::fs::create_dir_all(real.join("zei")).unwrap();
        std::fs::write(real.join("zei/access.log"), "").unwrap();
        std::fs::write(real.join("sites.toml"), "[[site]]\nname = \"a\"\npaths = [\"zei/*\"]")
            .unwrap();
        std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
        for sites in ["real", "link", "real/zei/.."] {
            let file = folder.path().join(sites).join("sites.toml");
            let inventory = Inventory::load(&file).unwrap();
            for logs in ["real", "link", "link/../real"] {
                let log = folder.path().join(logs).join("zei/access.log");
                assert_eq!(inventory.by_path(&log.to_string_lossy()), Some("a"), "{sites} {logs}");
            }
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, expected) in [
            ("timezon = \"UTC\"", ":1: unknown field `timezon`"),
            ("[[site]]\nname = \"a\"\nhots = []", ":3: unknown field `hots`"),
            ("[[site]]\nhosts = []", "missing field `name`"),
            ("[criteria]\nentrys = 1", ":2: unknown field `entrys`"),
            ("[[site]]\nname = \"a\"\ncontained = \"2017-03-09\"", ":3:"),
            ("timezone = \"Nowhere\"", "timezone: unknown time zone"),
            ("trusted_proxies = [\"a\"]", "trusted_proxies: \"a\" is no network"),
            ("[[site]]\nname = \"a\"\n[[site]]\nname = \"a\"", "the site \"a\" is there twice"),
            ("[[site]]\nname = \" \"", "empty name"),
            ("[[site]]\nname = \"a\"\nexpected = [\"acess\"]", "\"acess\" is none of access"),
            ("[[site]]\nname = \"a\"\npaths = [\"a[\"]", "paths: \"a[\""),
            (
                "[[site]]\nname = \"a\"\nhosts = [\"x.jp\"]\n[[site]]\nname = \"b\"\nhosts = [\"X.jp:80\"]",
                "the host \"X.jp:80\" is another site's too",
            ),
            ("[window]\nfrom = \"2017-03-06T22:00:00\"\nto = \"2017-03-07T22:00:00Z\"", ":2:"),
            (
                "[window]\nfrom = \"2017-03-08T22:00:00Z\"\nto = \"2017-03-07T22:00:00Z\"",
                "before it starts",
            ),
        ] {
            let why = Inventory::parse(text, Path::new("/ev")).unwrap_err().0;
            assert!(why.contains(expected), "{why:?} should say {expected:?}");
        }
        let missing = Inventory::load(Path::new("/no/such/sites.toml")).unwrap_err();
        assert!(missing.0.starts_with("/no/such/sites.toml: "), "{missing}");
    }
}
