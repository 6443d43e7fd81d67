//! Where would a server go, if it fetched this value?
//!
//! An address in a parameter is everyday; one that names the server itself, its private network or
//! the metadata service of a cloud is not, nor one that writes a number where a name stands
//! (`http://2852039166/`, `http://0xA9FEA9FE/`), nor a scheme that browsers do not speak.

use super::known::{Texts, Words};

/// What an address means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Url {
    /// A program or text on another server, named as includes want it: `http://h/x.txt?`.
    Include,
    /// An address of version 4 in the usual form that is public.
    Bare,
    /// A scheme that servers speak and browsers do not: `gopher:`, `php:`, `file:`.
    Scheme,
    /// A host written so that filters do not know it: numbers, other digits, `user@`.
    Disguised,
    /// The server itself, a private network, a metadata service.
    Internal,
}

impl Url {
    /// The word that rules know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Bare => "bare",
            Self::Scheme => "scheme",
            Self::Disguised => "disguised",
            Self::Internal => "internal",
        }
    }
}

/// Schemes that a server's own functions open.
static SCHEMES: Words = Words::new(
    "file gopher dict php phar expect glob zip zlib bzip2 ogg rar ssh2 ssh2.shell \
    ssh2.exec ssh2.tunnel ssh2.sftp ssh2.scp jar netdoc ldap ldaps \
    ldapi tftp sftp imap imaps pop3 smtp rtsp rtmp rsync svn telnet nntp local_file jdbc rmi \
    ssh finger mongodb redis mysql acap irc xri view-source scp smb data ftps git \
    compress.zlib compress.bzip2 resource feed vim",
);

/// Services that fetch names for whoever tests that a server fetches, and names of inner ones.
static HOSTS: Texts = Texts::new(&[
    "localhost",
    "metadata.google.internal",
    "metadata.packet.net",
    "kubernetes.default",
    "localtest.me",
    "lvh.me",
    "burpcollaborator.net",
    "oastify.com",
    "interact.sh",
    "interactsh.com",
    "dnslog.cn",
    "ceye.io",
    "requestbin",
    "webhook.site",
    "canarytokens",
    "bxss.",
    "xss.ht",
    "pipedream.net",
]);

/// How names of such services end.
const ENDS: [&[u8]; 6] = [b".nip.io", b".xip.io", b".sslip.io", b".local", b".internal", b".oast."];

/// What the value means as an address; `None` if it is none, or an everyday one.
pub fn url(value: &[u8]) -> Option<Url> {
    let text = value[..value.len().min(1_024)].trim_ascii().to_ascii_lowercase();
    let text = text.strip_prefix(b"url:").unwrap_or(&text);
    let colon = memchr::memchr(b':', text).unwrap_or(0);
    let scheme = &text[..colon];
    let web = matches!(scheme, b"http" | b"https" | b"ftp" | b"ws" | b"wss");
    let slashes = |text: &[u8]| text.iter().take_while(|b| matches!(b, b'/' | b'\\')).count();
    if colon == 0 {
        let marks = slashes(text);
        let (slashes, rest) = text.split_at(marks);
        return if marks >= 2 { host(rest).or_else(|| folded(slashes, rest)) } else { None };
    }
    let rest = &text[colon + 1..];
    let marks = slashes(rest);
    if !web {
        let known = SCHEMES.has(scheme);
        let data = scheme != b"data"
            || rest.starts_with(b"text")
            || rest.starts_with(b"//")
            || rest.starts_with(b"application");
        let opens = marks > 0
            || scheme == b"data"
            || scheme == b"jar" && rest.starts_with(b"http")
            || rest.starts_with(b"file");
        return (known && data && opens).then_some(Url::Scheme);
    }
    host(&rest[marks..]).or_else(|| include(rest).then_some(Url::Include))
}

/// What the host of an address, behind its slashes, means.
fn host(text: &[u8]) -> Option<Url> {
    let end = text.iter().position(|b| matches!(b, b'/' | b'?' | b'\\')).unwrap_or(text.len());
    let (user, name) = match memchr::memrchr(b'@', &text[..end]) {
        Some(at) => (true, &text[at + 1..end]),
        None => (false, &text[..end]),
    };
    let six = name.starts_with(b"[");
    let name = if six {
        name
    } else {
        name.split(|b| matches!(b, b':' | b'#' | b' ')).next().unwrap_or_default()
    };
    if HOSTS.any_in(name) || ENDS.iter().any(|end| name.ends_with(end)) {
        return Some(Url::Internal);
    }
    if six {
        return Some(Url::Disguised);
    }
    if let Some(address) = dotted(name) {
        return Some(if private(address) { Url::Internal } else { Url::Bare });
    }
    let head = &text[..text.len().min(60)];
    let escaped = memchr::memchr_iter(b'\\', head).count() > 2;
    let marks = user && !name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    (numeric(name) || escaped || marks || circled(name)).then_some(Url::Disguised)
}

/// Slashes that only a browser folds to the two before a host: `///bad.example`, `/\\bad.example`.
fn folded(slashes: &[u8], rest: &[u8]) -> Option<Url> {
    let part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let name = &rest[..rest.iter().take_while(part).count()];
    let odd = slashes.len() == 3 || slashes.len() == 2 && slashes[0] != slashes[1];
    let ends = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let domain = name.contains(&b'.') && ends.len() > 1 && ends.iter().all(u8::is_ascii_alphabetic);
    (odd && domain && !name.starts_with(b".")).then_some(Url::Disguised)
}

fn dotted(name: &[u8]) -> Option<std::net::Ipv4Addr> {
    std::str::from_utf8(name).ok()?.parse().ok()
}

fn private(address: std::net::Ipv4Addr) -> bool {
    let shared = matches!(address.octets(), [100, 64..=127, ..] | [0, ..] | [192, 0, 0, _]);
    address.is_private() || address.is_loopback() || address.is_link_local() || shared
}

/// Numbers where a name stands: decimal, hexadecimal or octal, as a whole or in parts.
fn numeric(name: &[u8]) -> bool {
    let number = |part: &[u8]| {
        let hex = part
            .strip_prefix(b"0x")
            .map(|hex| !hex.is_empty() && hex.iter().all(u8::is_ascii_hexdigit));
        hex.unwrap_or(!part.is_empty() && part.iter().all(u8::is_ascii_digit))
    };
    name.len() > 5 && name.split(|b| *b == b'.').all(number)
}

/// Letters and digits in circles, and full stops of other scripts, which resolve as plain ones.
fn circled(name: &[u8]) -> bool {
    name.windows(3)
        .any(|w| matches!(w, [0xe2, 0x91..=0x93, _] | [0xe3, 0x80, 0x82] | [0xef, 0xbc | 0xbd, _]))
}

/// Whether a program or text is named as includes want it.
fn include(rest: &[u8]) -> bool {
    let ends: [&[u8]; 12] = [
        b".txt", b".txt?", b".php?", b".inc", b".inc?", b".gif?", b".jpg?", b".png?", b".dat?",
        b"?", b".sh", b".phtml",
    ];
    // An address with a query of its own that holds another ends so too, as counters pass them on.
    let path = rest.strip_suffix(b"?").unwrap_or(rest);
    let plain = !path.iter().any(|b| matches!(b, b'?' | b';' | b'=' | b'&'));
    plain && rest.len() > 8 && ends.iter().any(|end| rest.ends_with(end)) || rest.ends_with(b"\0")
}
