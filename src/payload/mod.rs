//! What would a value do, if it were taken for code?
//!
//! Signatures ask whether a request looks like a known attack. This room asks what the target's
//! interpreter would make of each value: [`sqli`] reads it as SQL goes on behind a number or a
//! quote, [`cmdi`] as a shell reads a command line, [`xss`] as a browser reads a page, [`code`] as
//! programs do, [`url`] as a server that fetches addresses. Rules see the
//! answers as fields: `leaksweep.sqli`, `leaksweep.cmdi`, `leaksweep.xss`, `leaksweep.code` and `leaksweep.url` hold one word for each
//! value that does something.
//!
//! # What is read
//!
//! The path and its segments, each name and value of the query, of the Referer and of cookies and
//! form bodies; as they stand in the log, decoded once and decoded twice, and what they hold in
//! Base64 ([`decode`]).
//!
//! # Cost
//!
//! Only a value with a sign that code needs, or one that is text in Base64, is read at all, so
//! ordinary entries cost one pass over a few short fields. That is part of the meaning of the
//! fields, not a prefilter: what holds no such sign has no words.

mod cmdi;
mod code;
mod known;
mod part;
mod sqli;
mod token;
mod url;
mod xss;

use std::borrow::Cow;

use crate::event::decode::Layer;
use crate::event::{Event, Field, decode};

use part::{inner, parts};

pub use cmdi::{Cmdi, cmdi};
pub use code::{Code, code};
pub use sqli::{Sqli, sqli};
pub use url::{Url, url};
pub use xss::{Xss, xss};

/// What a value is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// SQL.
    Sqli,
    /// A shell's command line.
    Cmdi,
    /// A page.
    Xss,
    /// A program of any language, or its data.
    Code,
    /// An address that a server fetches.
    Url,
}

impl Family {
    /// All families.
    pub const ALL: &'static [Self] = &[Self::Sqli, Self::Cmdi, Self::Xss, Self::Code, Self::Url];

    /// The family of the field that a rule names.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "leaksweep.sqli" => Some(Self::Sqli),
            "leaksweep.cmdi" => Some(Self::Cmdi),
            "leaksweep.xss" => Some(Self::Xss),
            "leaksweep.code" => Some(Self::Code),
            "leaksweep.url" => Some(Self::Url),
            _ => None,
        }
    }

    /// What a decoded value does, in the word that rules know it by.
    pub fn word(self, value: &[u8]) -> Option<&'static str> {
        match self {
            Self::Sqli => sqli(value).map(Sqli::name),
            Self::Cmdi => cmdi(value).map(Cmdi::name),
            Self::Xss => xss(value).map(Xss::name),
            Self::Code => code(value).map(Code::name),
            Self::Url => url(value).map(Url::name),
        }
    }
}

/// The fields that come from the client and may be taken for code.
pub const FIELDS: &[Field] =
    &[Field::Target, Field::Referer, Field::UserAgent, Field::Cookie, Field::Body];

/// Whether a value has a sign that code needs: quotes, brackets, blanks, separators, an address, or
/// an escape that stands for one.
fn is_suspect(value: &[u8]) -> bool {
    let mut seen = 0;
    for byte in value {
        seen |= SIGNS[usize::from(*byte)];
    }
    seen & SIGN != 0
        || seen & ESCAPE != 0
            && memchr::memchr_iter(b'%', value).any(|at| escapes_sign(&value[at + 1..]))
        || seen & COLON != 0 && memchr::memchr_iter(b':', value).any(|at| slash(&value[at + 1..]))
}

/// Whether an escape, behind its `%`, stands for a sign, or for the `%` of another.
fn escapes_sign(digits: &[u8]) -> bool {
    let hex = |at: usize| (*digits.get(at)? as char).to_digit(16);
    match hex(0).zip(hex(1)) {
        Some((high, low)) => match (high * 16 + low) as u8 {
            0 | 0xa0 | 0xc0 | 0xc1 => true,
            // Longer than it need be only if a low byte follows.
            0xe0 | 0xf0 => matches!(digits.get(3), Some(b'8' | b'9')),
            b':' => slash(&digits[2..]),
            byte => SIGNS[usize::from(byte)] & (SIGN | ESCAPE) != 0,
        },
        None => digits.first().is_some_and(|b| b | 0x20 == b'u'),
    }
}

/// Whether a slash, as such or escaped, begins the text: what follows a scheme.
fn slash(text: &[u8]) -> bool {
    matches!(
        text,
        [b'/' | b'\\', ..] | [b'%', b'2', b'f' | b'F', ..] | [b'%', b'5', b'c' | b'C', ..]
    )
}

const SIGN: u8 = 1;
const ESCAPE: u8 = 2;
const COLON: u8 = 4;

/// By byte: what it may be a sign of.
const SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    let of = b"'\"`();|<>${}\\*^#+ \t\r\n";
    let mut at = 0;
    while at < of.len() {
        signs[of[at] as usize] = SIGN;
        at += 1;
    }
    signs[b'%' as usize] = ESCAPE;
    signs[b':' as usize] = COLON;
    signs
};

/// Whether a field has a sign that code needs, or Base64 that may hide one: without, it has no
/// words.
pub fn suspect(event: &Event<'_>, field: Field) -> bool {
    event.get(field).is_some_and(may_hold_code)
}

fn may_hold_code(text: &[u8]) -> bool {
    is_suspect(text) || decode::holds_base64(text)
}

/// What a value of a field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    /// What it is taken for.
    pub family: Family,
    /// How it was decoded: [`Layer::Raw`] for a value as it stands in the log, the others for what
    /// decoding changes.
    pub layer: Layer,
    /// The word that rules know it by.
    pub name: &'static str,
}

/// What the values of a field do, each word once and in order. Every value is decoded and read once
/// for all families.
pub fn words(event: &Event<'_>, field: Field) -> Vec<Word> {
    let mut found = Vec::new();
    let text = event.get(field).map(|text| inner(field, text)).filter(|text| may_hold_code(text));
    text.into_iter().flat_map(|text| parts(field, text)).for_each(|part| {
        if is_suspect(part) {
            read(part, &mut found);
        }
        if let Some(text) = decode::base64(part) {
            note(&text, Layer::Base64, &mut found);
        }
    });
    found.sort_unstable();
    found
}

/// At the raw layer only what no decoding changes is read, since no target takes an escape for what
/// it looks like.
fn read(value: &[u8], found: &mut Vec<Word>) {
    let Cow::Owned(once) = decode::once(value) else { return note(value, Layer::Raw, found) };
    note(&once, Layer::Once, found);
    if let Cow::Owned(twice) = decode::once(&once) {
        note(&twice, Layer::Twice, found);
    }
}

fn note(value: &[u8], layer: Layer, found: &mut Vec<Word>) {
    for family in Family::ALL {
        let name = family.word(value).filter(|name| !is_passed_on(layer, value, name));
        let word = name.map(|name| Word { family: *family, layer, name });
        found.extend(word.filter(|word| !found.contains(word)));
    }
}

/// Whether this is what programs pass on in Base64 every day: an address of any page, as counters
/// and banners have it, or an element of an XML document, as log-ins by SAML have it.
fn is_passed_on(layer: Layer, value: &[u8], name: &str) -> bool {
    let address = || [Url::Bare, Url::Include].iter().any(|url| url.name() == name);
    let element = || name == Xss::Element.name() && is_document(value);
    layer == Layer::Base64 && (address() || element())
}

/// Whether an XML document begins here, by its declaration or with an element of a namespace, that
/// has no script.
fn is_document(text: &[u8]) -> bool {
    let name = text.strip_prefix(b"<").unwrap_or_default();
    let prefix = name.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let begins = name.starts_with(b"?xml ") || prefix > 0 && name.get(prefix) == Some(&b':');
    begins && memchr::memmem::find(&text.to_ascii_lowercase(), b"script").is_none()
}

#[cfg(test)]
mod tests;
