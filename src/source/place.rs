//! Which site does a line belong to?
//!
//! # What bounds the number of sites
//!
//! Whoever sends requests chooses their Host header, so a line's own host makes a site only where
//! nothing better is known, only if it could be a host's name (with a dot) or an address, and
//! `scan` keeps a bounded number of the first such sites of a stream: the entries of the others
//! belong to the site [`Place::OTHER_HOSTS`].

use std::net::IpAddr;

use super::Inventory;
use crate::pan::hide;

/// What a stream's path says of its site; with it, what each line's host says.
#[derive(Debug)]
pub struct Place<'i> {
    inventory: &'i Inventory,
    by_path: Option<&'i str>,
    /// The name that the path alone gives.
    fallback: String,
    /// The host asked for last, and its site: neighbouring lines mostly share them.
    host: String,
    site: Answer<'i>,
    rank: Rank,
}

/// What says to which site a line belongs, from the best source down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Its host (virtual host field, absolute URI or Host) is one of an inventory site.
    ListedHost,
    /// Its file lies where the inventory says, and it names no host.
    ListedPath,
    /// Its file lies where the inventory says, but it names a host that is no site's.
    ForeignHost,
    /// Its own host, which no inventory has.
    OwnHost,
    /// Only the name of its folder or file.
    Name,
}

impl Rank {
    /// All of them, in order.
    pub const ALL: [Self; 5] =
        [Self::ListedHost, Self::ListedPath, Self::ForeignHost, Self::OwnHost, Self::Name];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListedHost => "host in the inventory",
            Self::ListedPath => "path in the inventory",
            Self::ForeignHost => "path in the inventory, against a foreign host",
            Self::OwnHost => "the line's own host",
            Self::Name => "name of the file or folder",
        }
    }
}

#[derive(Debug)]
enum Answer<'i> {
    Listed(&'i str),
    Own(String),
    Path,
}

impl<'i> Place<'i> {
    /// The site of the entries whose host is beyond the bound on such sites.
    pub const OTHER_HOSTS: &'static str = "(other hosts)";

    pub(super) fn new(inventory: &'i Inventory, stream: &str) -> Self {
        let by_path = inventory.by_path(stream);
        let fallback = by_path.map_or_else(|| path_name(stream), str::to_owned);
        let rank = if by_path.is_some() { Rank::ListedPath } else { Rank::Name };
        Self { inventory, by_path, fallback, host: String::new(), site: Answer::Path, rank }
    }

    /// What the path alone says: streams of the same basis give their lines the same sites.
    pub fn basis(&self) -> String {
        let mark = if self.by_path.is_some() { '=' } else { '~' };
        format!("{mark}{}", self.fallback)
    }

    /// The site of a line: by its host in the inventory, by the path in the inventory, else the
    /// line's own host, else a name from the path.
    pub fn site(&mut self, host: Option<&str>) -> &str {
        let host = host.unwrap_or("");
        // Most logs name no host. Comparing nothing with nothing goes to a place that is no memory,
        // which the processor's masked reads pass over, but slowly: hundreds of cycles a line.
        let both_none = host.is_empty() && self.host.is_empty();
        if !both_none && self.host != host {
            host.clone_into(&mut self.host);
            (self.site, self.rank) = self.answer(host);
        }
        self.last()
    }

    /// The last answer.
    pub fn last(&self) -> &str {
        match &self.site {
            Answer::Listed(name) => name,
            Answer::Own(name) => name,
            Answer::Path => &self.fallback,
        }
    }

    /// Whether the last answer was the line's own host: a site that nobody vouches for.
    pub fn is_own_host(&self) -> bool {
        matches!(self.site, Answer::Own(_))
    }

    /// What the last answer rests on.
    pub fn rank(&self) -> Rank {
        self.rank
    }

    fn answer(&self, host: &str) -> (Answer<'i>, Rank) {
        let inventory = self.inventory;
        if let Some(name) = inventory.by_host(host) {
            return (Answer::Listed(name), Rank::ListedHost);
        }
        match (self.by_path, host_name(host)) {
            (Some(name), None) => (Answer::Listed(name), Rank::ListedPath),
            (Some(name), Some(_)) => (Answer::Listed(name), Rank::ForeignHost),
            (None, Some(host)) => (Answer::Own(host), Rank::OwnHost),
            (None, None) => (Answer::Path, Rank::Name),
        }
    }
}

/// The longest host name (RFC 1035).
const NAME: usize = 253;

/// A host without port and final dot, in lower case; `None` if it is empty or too long.
pub(super) fn bare_host(host: &str) -> Option<String> {
    let host = host.trim();
    let bare = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => match host.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') && is_digits(port) => name,
            _ => host,
        },
    };
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    (!bare.is_empty() && bare.len() <= NAME).then(|| bare.to_ascii_lowercase())
}

/// The name that a line's own host gives to its site, if it could be one: an address, or labels
/// of letters, digits, `-` and `_` with a dot between them.
fn host_name(host: &str) -> Option<String> {
    let bare = bare_host(host)?;
    if bare.parse::<IpAddr>().is_ok() {
        return Some(bare);
    }
    let is_name = bare.split('.').all(is_label);
    let last = bare.rsplit_once('.').map_or("", |(_, last)| last);
    (is_name && last.starts_with(|c: char| c.is_ascii_lowercase())).then(|| hide(&bare))
}

fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=63).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A name from a path: the nearest folder (an archive is one) that is not just called `logs`, else
/// the file's own stem; `stdin` for standard input.
fn path_name(stream: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for path in stream.split('!') {
        let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
        names.extend(folders.split('/'));
        names.push(stem(file));
    }
    let folder = names.iter().rev().skip(1).find(|name| !DULL.contains(name));
    match folder.or(names.last()) {
        Some(&"-") | None => "stdin".to_owned(),
        Some(name) => (*name).to_owned(),
    }
}

/// Folders that name no site.
const DULL: [&str; 5] = ["", ".", "..", "log", "logs"];

/// Endings of log files and archives.
const ENDINGS: [&str; 15] = [
    "gz", "tgz", "bz2", "xz", "zst", "lz4", "zip", "tar", "log", "txt", "json", "jsonl", "ndjson",
    "csv", "old",
];

/// A file's name without the endings of logs, rotations and archives.
fn stem(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((rest, end)) if !rest.is_empty() && (ENDINGS.contains(&end) || is_digits(end)) => {
            stem(rest)
        }
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lines_own_host_makes_a_site_only_if_it_could_be_one() {
        let inventory = Inventory::default();
        let mut place = inventory.place("logs/shop/access.log");
        for (host, site) in [
            (Some("WWW.Example.JP:443"), "www.example.jp"),
            (Some("xn--zckzah.example."), "xn--zckzah.example"),
            (Some("203.0.113.9:80"), "203.0.113.9"),
            (Some("[2001:db8::1]:443"), "2001:db8::1"),
            (Some("2001:db8::1"), "2001:db8::1"),
            (Some("-"), "shop"),
            (Some("_"), "shop"),
            (Some(""), "shop"),
            (None, "shop"),
            (Some("localhost"), "shop"),
            (Some("../../etc/passwd"), "shop"),
            (Some("a.b' or 1=1--"), "shop"),
            (Some("${jndi:ldap://x.example/a}"), "shop"),
            (Some("-a.example"), "shop"),
            (Some("a..example"), "shop"),
            (Some("1.2.3.4.5"), "shop"),
            (Some("日本.jp"), "shop"),
            (Some("h4716123412340017.example"), "h471612…0017.example"),
        ] {
            assert_eq!(place.site(host), site, "{host:?}");
        }
        let long = format!("{}.example", "a.".repeat(200));
        assert_eq!(place.site(Some(&long)), "shop");
    }

    #[test]
    fn what_a_site_rests_on_is_known() {
        let mut inventory = Inventory::default();
        inventory.assign("shop");
        let mut listed = inventory.place("logs/x.log");
        for (host, rank) in [
            (None, Rank::ListedPath),
            (Some("evil.example"), Rank::ForeignHost),
            (Some("_"), Rank::ListedPath),
        ] {
            assert_eq!(listed.site(host), "shop", "{host:?}");
            assert_eq!(listed.rank(), rank, "{host:?}");
        }
        let nothing = Inventory::default();
        let mut place = nothing.place("logs/x.log");
        for (host, site, rank) in
            [(None, "x", Rank::Name), (Some("a.example"), "a.example", Rank::OwnHost)]
        {
            assert_eq!(place.site(host), site);
            assert_eq!(place.rank(), rank);
        }
    }

    #[test]
    fn a_path_names_its_site() {
        for (stream, site) in [
            ("-", "stdin"),
            ("-!x/y.log", "x"),
            ("ev/zei.example.jp/access.log", "zei.example.jp"),
            ("ev/zei.example.jp/logs/access.log.1.gz", "zei.example.jp"),
            ("access.log.1.gz", "access"),
            ("./pay.example.jp.log", "pay.example.jp"),
            ("ev/pay.tar.gz!logs/app.log.1", "pay"),
            ("pay.tar.gz!app.log", "pay"),
            ("pay.tar.gz!shop/app.log", "shop"),
            ("/access.log", "access"),
            ("a.zip!b.tar!c.log", "b"),
        ] {
            assert_eq!(Inventory::default().site(stream, None), site, "{stream}");
        }
    }
}
