//! Is that an e-mail address, and whose? Anchored on `@`, judged by the public suffix list.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Fingerprint;
use crate::pan::plain::byte;

/// Whose address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// It may well be a person's.
    Person,
    /// A role (`info@`, `support@`), no person by itself.
    Role,
    /// Of one of the site's own domains.
    Own,
    /// A service account of a cloud.
    Service,
    /// Of a domain for documentation and tests (RFC 2606).
    Reserved,
    /// The contact that a robot's User-Agent gives.
    Robot,
}

/// How often addresses that are no leak by themselves were seen, by whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mails(BTreeMap<Holder, Seen>);

/// Addresses of one kind: how often, and which (the smallest fingerprints: a union keeps the
/// smallest of both, so that the order of merging does not matter).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    times: u64,
    which: BTreeSet<u64>,
}

impl Mails {
    /// The most different addresses of a kind that are counted; if there are more, it is this
    /// many or more.
    pub const CAP: usize = 10_000;

    /// Notes an address.
    pub fn note(&mut self, holder: Holder, address: Fingerprint) {
        let seen = self.0.entry(holder).or_default();
        seen.times += 1;
        seen.which.insert(address.0);
        seen.cap();
    }

    /// Adds what other entries showed.
    pub fn merge(&mut self, other: Self) {
        for (holder, theirs) in other.0 {
            let seen = self.0.entry(holder).or_default();
            seen.times += theirs.times;
            seen.which.extend(theirs.which);
            seen.cap();
        }
    }

    /// Of each kind how often, and how many different ones.
    pub fn counts(&self) -> impl Iterator<Item = (Holder, u64, u64)> + '_ {
        self.0.iter().map(|(holder, seen)| (*holder, seen.times, seen.which.len() as u64))
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Seen {
    fn cap(&mut self) {
        while self.which.len() > Mails::CAP {
            self.which.pop_last();
        }
    }
}

/// An address: where it stands and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub span: Range<usize>,
    pub holder: Holder,
}

const LOCAL_CAP: usize = 64;
const DOMAIN_CAP: usize = 253;

/// Mobile carriers that issued addresses with dots where RFC 5321 has none.
const DOTTED: &[&str] =
    &["docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "vodafone.ne.jp", "disney.ne.jp"];

/// Local parts that name a role.
const ROLES: &[&str] = &[
    "info",
    "support",
    "admin",
    "administrator",
    "postmaster",
    "webmaster",
    "hostmaster",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "mailer-daemon",
    "root",
    "abuse",
    "contact",
    "sales",
    "security",
    "help",
    "helpdesk",
    "service",
    "newsletter",
    "bounce",
    "daemon",
    "nobody",
    "www-data",
    "apache",
    "nginx",
    "postfix",
    "cron",
    "system",
    "office",
    "press",
];

/// Top-level domains that RFC 2606 and RFC 6761 set apart.
const RESERVED: &[&str] = &["test", "example", "invalid", "localhost"];

/// Top-level domains that are file name extensions too.
const FILES: &[&str] = &["zip", "mov", "py", "sh", "pl", "ps", "md", "rs", "so", "pm"];

/// All addresses of a text; `agent` is where the User-Agent stands, `own` the site's domains.
pub(super) fn addresses(text: &[u8], agent: &Range<usize>, own: &[String]) -> Vec<Address> {
    memchr::memchr_iter(b'@', text)
        .filter_map(|at| {
            let (span, domain) = address(text, at)?;
            let local = text.get(span.start..at)?;
            let robot = agent.contains(&at) || text.get(..span.start)?.ends_with(b"(+");
            let holder = if robot { Holder::Robot } else { holder(local, &domain, own) };
            Some(Address { span, holder })
        })
        .collect()
}

fn address(text: &[u8], at: usize) -> Option<(Range<usize>, String)> {
    let (end, domain) = domain(text, at + 1)?;
    let dotted = DOTTED
        .iter()
        .any(|d| domain.strip_suffix(d).is_some_and(|s| s.is_empty() || s.ends_with('.')));
    let start = local_start(text, at, dotted)?;
    (!is_other(text, start, at, end)).then_some((start..end, domain))
}

fn is_local(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b'.' | b'_' | b'-' | b'+' | b'~' | b'!' | b'#' | b'$' | b'^')
}

fn local_start(text: &[u8], at: usize, dotted: bool) -> Option<usize> {
    if at.checked_sub(1).map(|i| byte(text, i)) == Some(b'"') {
        let floor = at.saturating_sub(LOCAL_CAP);
        let quoted = text.get(floor..at - 1)?;
        let open = quoted.iter().rposition(|b| *b == b'"')?;
        let inner = quoted.get(open + 1..)?;
        return (!inner.is_empty() && inner.iter().all(|b| is_local(*b))).then_some(floor + open);
    }
    let mut start = at;
    while start > 0 && at - start <= LOCAL_CAP && is_local(byte(text, start - 1)) {
        start -= 1;
    }
    while start < at
        && !byte(text, start).is_ascii_alphanumeric()
        && !(dotted && matches!(byte(text, start), b'.' | b'-' | b'_'))
        && byte(text, start) != b'_'
    {
        start += 1;
    }
    let local = text.get(start..at)?;
    let sane = dotted || !(local.ends_with(b".") || local.windows(2).any(|w| w == b".."));
    (!local.is_empty() && local.len() <= LOCAL_CAP && sane).then_some(start)
}

/// The end of the domain at `from`, and the domain in lower case.
pub(super) fn domain(text: &[u8], from: usize) -> Option<(usize, String)> {
    let ascii = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let rest = text.get(from..text.len().min(from + DOMAIN_CAP)).filter(|r| !is_scaled(r))?;
    let len = rest.iter().position(|b| !ascii(b)).unwrap_or(rest.len());
    let wide = rest.iter().position(|b| !ascii(b) && *b < 0x80).unwrap_or(rest.len());
    let lens = std::iter::once(len).chain((wide != len).then_some(wide));
    lens.into_iter().find_map(|len| {
        let name = std::str::from_utf8(rest.get(..len)?).ok()?.trim_end_matches(['.', '-']);
        let lower = name.to_lowercase();
        is_domain(&lower).then_some((from + name.len(), lower))
    })
}

/// `2x.png`, an image for a dense screen: pages ask for so many that it is told at once that this is
/// no domain.
fn is_scaled(rest: &[u8]) -> bool {
    let [b'0'..=b'9', b'x', b'.', top @ ..] = rest else { return false };
    let end = top.iter().find(|b| !b.is_ascii_alphanumeric());
    end.is_none_or(|b| b.is_ascii() && !matches!(b, b'.' | b'-'))
}

fn is_domain(name: &str) -> bool {
    let (Some((front, top)), true) = (name.rsplit_once('.'), name.len() <= DOMAIN_CAP) else {
        return false;
    };
    let labels = name.split('.').all(|l| (1..=63).contains(&l.len()) && !l.starts_with('-'));
    if !labels || is_file(front, top) {
        return false;
    }
    RESERVED.contains(&top)
        || psl::suffix(name.as_bytes())
            .is_some_and(|s| s.is_known() && s.as_bytes().len() < name.len())
}

/// `2x.png`, `v2.py`, `3x.zip`: an asset, not a host.
fn is_file(front: &str, top: &str) -> bool {
    let digits = front.trim_start_matches('v').trim_end_matches('x');
    let version = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let single = !front.contains('.');
    version && (front.ends_with('x') || FILES.contains(&top))
        || single && (matches!(top, "zip" | "mov") || front.len() < 2 && FILES.contains(&top))
}

/// What looks like an address and is something else: user information of a URL, a remote of a
/// version control system, a message identifier, a call.
fn is_other(text: &[u8], start: usize, at: usize, end: usize) -> bool {
    let local = text.get(start..at).unwrap_or_default();
    let after = (byte(text, end), byte(text, end + 1));
    let remote = matches!(local, b"git" | b"hg" | b"svn") || matches!(after, (b':', b'/' | b'~'));
    let before = text.get(start.saturating_sub(120)..start).unwrap_or_default();
    let word = before
        .iter()
        .rposition(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>' | b'/'));
    let word = before.get(word.map_or(0, |n| n + 1)..).unwrap_or_default();
    let slashes = before.get(..before.len() - word.len()).unwrap_or_default();
    let userinfo = slashes.ends_with(b"://");
    let scheme = word.to_ascii_lowercase();
    let call = [&b"sip:"[..], b"sips:", b"xmpp:"].iter().any(|s| scheme.starts_with(s));
    remote || userinfo || call || byte(text, end) == b'@' || is_message_id(before)
}

fn is_message_id(before: &[u8]) -> bool {
    let near =
        before.get(before.len().saturating_sub(64)..).unwrap_or_default().to_ascii_lowercase();
    let line = near.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let headers = ["message-id", "references:", "in-reply-to", "content-id", "msgid", "messageid"];
    headers.iter().any(|h| {
        memchr::memmem::rfind(line, h.as_bytes()).is_some_and(|i| {
            let between = line.get(i + h.len()..).unwrap_or_default();
            between.iter().all(|b| matches!(b, b':' | b'=' | b'<' | b'"' | b' ' | b'>' | b'\''))
        })
    })
}

fn holder(local: &[u8], domain: &str, own: &[String]) -> Holder {
    let local = String::from_utf8_lossy(local).to_ascii_lowercase();
    let top = domain.rsplit('.').next().unwrap_or_default();
    let registered = psl::domain_str(domain).unwrap_or(domain);
    let within = |d: &str| domain.strip_suffix(d).is_some_and(|s| s.is_empty() || s.ends_with('.'));
    if own.iter().any(|d| within(d)) {
        Holder::Own
    } else if RESERVED.contains(&top) || registered.starts_with("example.") {
        Holder::Reserved
    } else if within("gserviceaccount.com") {
        Holder::Service
    } else if ROLES.contains(&local.trim_matches('"')) {
        Holder::Role
    } else {
        Holder::Person
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        addresses(text.as_bytes(), &(0..0), &[])
            .into_iter()
            .map(|a| text[a.span].to_owned())
            .collect()
    }

    #[test]
    fn addresses_and_what_only_looks_like_one() {
        let table: &[(&str, &[&str])] = &[
            ("mail=taro.yamada+shop@mail.co.jp&x=1", &["taro.yamada+shop@mail.co.jp"]),
            ("<a@b.co>, c@xn--wgv71a119e.jp.", &["a@b.co", "c@xn--wgv71a119e.jp"]),
            ("\"taro.yamada\"@docomo.ne.jp", &["\"taro.yamada\"@docomo.ne.jp"]),
            ("u=.user..dots.@docomo.ne.jp", &[".user..dots.@docomo.ne.jp"]),
            ("taro@日本語.jp", &["taro@日本語.jp"]),
            ("taro@foo.jpです", &["taro@foo.jp"]),
            ("GET /img/logo@2x.png lodash@4.17.21 icon@3x.zip script@v2.py", &[]),
            ("me@2x.co.jp,me@2x.io", &["me@2x.co.jp"]),
            ("https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/1", &[]),
            ("https://user:pw@host.com/x", &[]),
            ("git@github.com:org/repo", &[]),
            ("root@ip-10-0-0-1.ec2.internal root@10.0.0.1 @media @angular/core", &[]),
            ("Message-ID: <CABx1@mail.gmail.com>", &[]),
            ("sip:alice@atlanta.com", &[]),
            ("user..dots@gmail.com", &[]),
        ];
        for (text, want) in table {
            assert_eq!(found(text), *want, "{text}");
        }
    }

    #[test]
    fn whose_address() {
        let own = ["shop.jp".to_owned()];
        let table = [
            ("taro@foo.co.jp", Holder::Person),
            ("info@foo.co.jp", Holder::Role),
            ("taro@mail.shop.jp", Holder::Own),
            ("taro@example.com", Holder::Reserved),
            ("taro@mail.test", Holder::Reserved),
            ("x@proj.iam.gserviceaccount.com", Holder::Service),
        ];
        for (text, want) in table {
            let got = addresses(text.as_bytes(), &(0..0), &own);
            assert_eq!(got.first().map(|a| a.holder), Some(want), "{text}");
        }
        let agent = "Bot (+bot@foobot.com)";
        let got = addresses(agent.as_bytes(), &(0..agent.len()), &[]);
        assert_eq!(got.first().map(|a| a.holder), Some(Holder::Robot));
    }
}
