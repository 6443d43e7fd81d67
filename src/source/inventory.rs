//! Which site does a log belong to? The inventory that the user gives, and what is assumed
//! without one.

use serde::{Deserialize, Serialize};

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
    /// Networks whose X-Forwarded-For is believed, as written (`192.0.2.0/24`).
    pub trusted_proxies: Vec<String>,
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
}

/// The period under examination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its start.
    pub from: Time,
    /// Its end.
    pub to: Time,
}

/// An inventory that cannot be used: names the file, the key and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InventoryError(pub String);

impl Inventory {
    /// The site of a line: by its host in the inventory, by its path in the inventory, else the
    /// line's own host, else a name from the path.
    pub fn site(&self, path: &str, host: Option<&str>) -> String {
        let host = host.map(|h| h.to_ascii_lowercase());
        host.unwrap_or_else(|| path.rsplit('/').nth(1).unwrap_or("unknown").to_owned())
    }
}
