//! How does a page usually answer, and who uses it? The baseline of one site in one stream.
//!
//! Only answers with success (2xx) count, so that a scanner's refusals make no pages. The pages of
//! a stream are bounded ([`Bounds::pages`], the first in the order of the stream): answers of others
//! are counted, and what would rest on their usual size stays unknown.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::element::{Masked, mask};
use crate::event::{Event, Field};
use crate::line::Entry;
use crate::source::Inventory;

use super::client::client;
use super::keyed::Keyed;
use super::vlq;
use super::{Bounds, Moment};

/// A page: a hash of its path. Digits in a row stand for any number, so that `/order/10021` is one
/// page with `/order/10022`, and no card number can be hashed. It is cut from SHA-256, so that nobody
/// can name a page that he plants so that it passes for another, which everybody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PageId(u64);

impl PageId {
    /// The page of a path; `None` for paths that hide what they say behind escapes.
    pub fn of(path: &[u8]) -> Option<Self> {
        if memchr::memchr2(b'%', b'\\', path).is_some() {
            return None;
        }
        let mut hash = Sha256::new();
        for run in path.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
            hash.update(if run[0].is_ascii_digit() { &b"0"[..] } else { run });
        }
        let hash: [u8; 32] = hash.finalize().into();
        hash.first_chunk().map(|head| Self(u64::from_be_bytes(*head)))
    }
}

impl From<PageId> for String {
    fn from(page: PageId) -> Self {
        format!("{:016x}", page.0)
    }
}

impl TryFrom<String> for PageId {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

/// Sizes of answers: how many fall into each class. A class is an eighth of a power of two wide, so
/// that a quantile is off by an eighth at most. Adding is all that there is to merging.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Sizes(BTreeMap<u16, u64>);

/// Each class as the gap from the one before, and how many fall into it.
impl From<Sizes> for String {
    fn from(Sizes(classes): Sizes) -> Self {
        let (mut text, mut next) = (Self::new(), 0);
        for (class, count) in classes {
            vlq::write(&mut text, u64::from(class) - next);
            vlq::write(&mut text, count);
            next = u64::from(class) + 1;
        }
        text
    }
}

impl TryFrom<String> for Sizes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (mut classes, mut next) = (BTreeMap::new(), 0_u64);
        let mut numbers = vlq::Numbers::of(&text);
        while let Some(gap) = numbers.next() {
            let count = numbers.next().ok_or("a size without a count")??;
            if count > Bounds::ENTRIES {
                return Err(format!("{count} answers of one size: no logs lead to so many"));
            }
            let class = u16::try_from(next.saturating_add(gap?)).map_err(|e| e.to_string())?;
            classes.insert(class, count);
            next = u64::from(class) + 1;
        }
        Ok(Self(classes))
    }
}

/// Sizes below this are classes of their own.
const EXACT: u64 = 16;

impl Sizes {
    fn add(&mut self, mut classes: Vec<u16>) {
        classes.sort_unstable();
        for same in classes.chunk_by(|a, b| a == b) {
            *self.0.entry(same[0]).or_default() += same.len() as u64;
        }
    }

    /// Adds other sizes.
    pub fn merge(&mut self, other: &Self) {
        for (class, count) in &other.0 {
            *self.0.entry(*class).or_default() += count;
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The sizes between which all but one in `part` lie at either end: first and last of their
    /// classes.
    pub fn usual(&self, part: u64) -> Option<(u64, u64)> {
        let outside = self.count() / part;
        let low = beyond(outside, self.0.iter())?;
        let high = beyond(outside, self.0.iter().rev())?;
        Some((least(low), least(high + 1) - 1))
    }
}

/// The first class with which there are more than `outside` sizes.
fn beyond<'a>(outside: u64, mut classes: impl Iterator<Item = (&'a u16, &'a u64)>) -> Option<u16> {
    let mut passed = 0;
    let class = classes.find(|(_, count)| {
        passed += **count;
        passed > outside
    });
    class.map(|(class, _)| *class)
}

/// The class of a size.
fn class(bytes: u64) -> u16 {
    if bytes < EXACT {
        return bytes as u16;
    }
    let power = bytes.ilog2();
    EXACT as u16 + (power as u16 - 4) * 8 + (bytes >> (power - 3) & 7) as u16
}

/// The least size of a class.
fn least(class: u16) -> u64 {
    let class = u64::from(class);
    let Some(above) = class.checked_sub(EXACT) else { return class };
    let power = 1_u64.checked_shl((above / 8 + 1) as u32);
    power.and_then(|power| power.checked_mul(8 + above % 8)).unwrap_or(u64::MAX)
}

/// One use of a page that could have been planted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageUse {
    /// The client, if the entry names one.
    pub client: Option<Box<str>>,
    /// When, and where it stands.
    pub at: Moment,
    /// Response bytes.
    pub bytes: Option<u64>,
}

/// An answer that is large by itself, whatever the page: from [`LargeAnswer::BYTES`] on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeAnswer {
    /// The path, masked.
    pub path: Masked,
    /// To whom, and how large.
    pub used: PageUse,
}

impl LargeAnswer {
    /// Smaller answers are not kept one by one, however small the others are: a page of a shop may
    /// well hold a hundred articles for once.
    pub const BYTES: u64 = 1 << 20;

    fn bytes(&self) -> u64 {
        self.used.bytes.unwrap_or(0)
    }
}

/// How a page answered with success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Sizes of its answers.
    pub sizes: Sizes,
    /// Hashes of its clients, at most [`Page::FEW`] + 1.
    clients: Vec<u32>,
    /// Line of its first answer.
    pub line: u64,
    /// Of a page of code (by its extension): its path, masked.
    pub path: Option<Masked>,
    /// Of a page of code: its first uses, while it has few clients.
    pub uses: Vec<PageUse>,
    /// The largest of its whole answers (200), the first of these, if it is large by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest: Option<Box<LargeAnswer>>,
}

impl Page {
    /// A planted page has no more clients.
    pub const FEW: usize = 2;

    /// The most uses that are kept.
    const USES: usize = 8;

    /// Whether more than [`Page::FEW`] clients use it.
    pub fn has_many_clients(&self) -> bool {
        self.clients.len() > Self::FEW
    }

    fn new(path: &[u8], line: u64) -> Self {
        let path = is_code(path).then(|| mask(path, 0, super::note::DETAIL));
        let (sizes, clients, uses) = (Sizes::default(), Vec::new(), Vec::new());
        Self { sizes, clients, line, path, uses, largest: None }
    }

    /// Notes a large answer that follows all that were noted.
    pub(crate) fn answer_largely(&mut self, next: Box<LargeAnswer>) {
        if self.largest.as_ref().is_none_or(|ours| next.bytes() > ours.bytes()) {
            self.largest = Some(next);
        }
    }

    /// A page with these answers, each to another client.
    #[cfg(test)]
    pub(crate) fn answering(path: &str, bytes: impl IntoIterator<Item = u64>) -> Self {
        let mut page = Self::new(path.as_bytes(), 1);
        for (client, bytes) in (0..).zip(bytes) {
            page.sizes.add(vec![class(bytes)]);
            page.used_by(client);
        }
        page
    }

    /// A page with these uses, of which each is a client, a second and a size.
    #[cfg(test)]
    pub(crate) fn used(path: &str, uses: &[(&str, i64, u64)]) -> Self {
        let mut page = Self::new(path.as_bytes(), 1);
        for (client, second, bytes) in uses {
            page.sizes.add(vec![class(*bytes)]);
            page.used_by(short(client.as_bytes()));
            let time = crate::time::Time::from_micros(second * 1_000_000, 540);
            let at = Moment { time, line: *second as u64, offset: *second as u64 };
            page.uses.push(PageUse { client: Some((*client).into()), at, bytes: Some(*bytes) });
        }
        page
    }

    fn used_by(&mut self, client: u32) {
        if !self.has_many_clients() && !self.clients.contains(&client) {
            self.clients.push(client);
        }
        if self.has_many_clients() {
            self.uses.clear();
        }
    }

    /// Adds the answers of later entries, or of another stream.
    pub fn merge(&mut self, next: Self) {
        self.sizes.merge(&next.sizes);
        self.uses.extend(next.uses);
        self.uses.truncate(Self::USES);
        if let Some(large) = next.largest {
            self.answer_largely(large);
        }
        for client in next.clients {
            self.used_by(client);
        }
    }
}

/// Whether a path names a program of the server: what an intruder plants.
fn is_code(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 12] = [
        b".jsp", b".jspx", b".jspf", b".php", b".phtml", b".php5", b".php7", b".asp", b".aspx",
        b".ashx", b".cfm", b".cgi",
    ];
    ENDS.iter().any(|end| {
        path.len() > end.len() && path[path.len() - end.len()..].eq_ignore_ascii_case(end)
    })
}

/// The pages of one site in one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// By page; boxed, since a map makes room for eleven at once and many streams have one.
    pub of: BTreeMap<PageId, Box<Page>>,
    /// Answers of pages that are not kept.
    pub beyond: u64,
}

impl Pages {
    /// Appends the pages of following entries, of which there may be more than are kept.
    pub(super) fn append(&mut self, next: Self, bounds: Bounds) {
        self.beyond += next.beyond;
        let mut pages: Vec<_> = next.of.into_iter().collect();
        pages.sort_by_key(|(id, page)| (page.line, *id));
        for (id, page) in pages {
            if let Some(ours) = self.of.get_mut(&id) {
                ours.merge(*page);
            } else if self.of.len() < bounds.pages() {
                self.of.insert(id, page);
            } else {
                self.beyond += page.sizes.count();
            }
        }
    }
}

/// The pages of one site in one block. Paths are an attacker's: their maps are keyed at random, so
/// that no log can be made whose paths collide.
#[derive(Default)]
pub(super) struct Answers {
    /// By path as written, so that a path is hashed into its page once; `None` for what is no page.
    seen: HashMap<Box<[u8]>, Option<usize>, Keyed>,
    numbers: HashMap<PageId, usize>,
    pages: Vec<(PageId, Page)>,
    /// By page: the classes of its answers' sizes, not counted yet.
    classes: Vec<Vec<u16>>,
}

impl Answers {
    /// Notes an answer with success.
    pub(super) fn note(&mut self, event: &Event<'_>, entry: &Entry<'_>, inventory: &Inventory) {
        let Some(path) = event.get(Field::Stem) else { return };
        if !matches!(event.get(Field::Status), Some([b'2', _, _])) {
            return;
        }
        let Some(bytes) = event.number(Field::BytesOut) else { return };
        let Some(number) = self.number(path, entry.line) else { return };
        self.classes[number].push(class(bytes));
        let page = &mut self.pages[number].1;
        let used = || {
            let client = client(event, inventory).map(Into::into);
            let at = Moment { time: event.time?, line: entry.line, offset: entry.offset };
            Some(PageUse { client, at, bytes: Some(bytes) })
        };
        if bytes >= LargeAnswer::BYTES && event.get(Field::Status) == Some(b"200") {
            let path = mask(path, 0, super::note::DETAIL);
            if let Some(used) = used() {
                page.answer_largely(Box::new(LargeAnswer { path, used }));
            }
        }
        if page.has_many_clients() {
            return;
        }
        page.used_by(event.get(Field::Client).map_or(0, short));
        if page.path.is_some() && !page.has_many_clients() && page.uses.len() < Page::USES {
            page.uses.extend(used());
        }
    }

    fn number(&mut self, path: &[u8], line: u64) -> Option<usize> {
        if let Some(known) = self.seen.get(path) {
            return *known;
        }
        let number = PageId::of(path).map(|id| {
            *self.numbers.entry(id).or_insert_with(|| {
                self.pages.push((id, Page::new(path, line)));
                self.classes.push(Vec::new());
                self.pages.len() - 1
            })
        });
        self.seen.insert(path.into(), number);
        number
    }

    pub(super) fn into_pages(self) -> Pages {
        let counted = self.pages.into_iter().zip(self.classes).map(|((id, mut page), classes)| {
            page.sizes.add(classes);
            (id, Box::new(page))
        });
        Pages { of: counted.collect(), beyond: 0 }
    }
}

/// A short hash of a client: only to count few of them.
fn short(client: &[u8]) -> u32 {
    client
        .iter()
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_every_size_once() {
        for bytes in (0..5_000).chain([48_211_334, 1 << 40, u64::MAX >> 1, u64::MAX - 1]) {
            let class = class(bytes);
            assert!(least(class) <= bytes && bytes < least(class + 1), "{bytes} {class}");
        }
    }

    #[test]
    fn usual_sizes_leave_outliers_out() {
        let mut sizes = Sizes::default();
        sizes.add((0..200).map(|i| class(20_000 + i)).chain([class(7)]).collect());
        let (low, high) = sizes.usual(100).unwrap();
        assert!(
            (18_000..=20_000).contains(&low) && (20_199..=21_000).contains(&high),
            "{low} {high}"
        );
        assert_eq!(Sizes::default().usual(100), None);
    }

    #[test]
    fn sizes_come_back() {
        let mut sizes = Sizes::default();
        sizes.add([0, 1, 1, 499, 65_535].to_vec());
        for sizes in [sizes, Sizes::default()] {
            let text = serde_json::to_string(&sizes).unwrap();
            assert_eq!(serde_json::from_str::<Sizes>(&text).unwrap(), sizes);
        }
        for wrong in ["A", "AAA", "//////C", "?", "A//////////P"] {
            assert!(Sizes::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_make_no_pages_and_escapes_hide() {
        let page = |path: &str| PageId::of(path.as_bytes());
        assert_eq!(page("/order/10021"), page("/order/4"));
        assert_ne!(page("/order/1"), page("/order/a"));
        assert_eq!(page("/%34%31"), None);
        let text = String::from(page("/a").unwrap());
        assert_eq!(PageId::try_from(text).unwrap(), page("/a").unwrap());
    }

    #[test]
    fn a_flood_of_pages_is_bounded_and_cuts_do_not_matter() {
        let made = |block: usize| {
            let mut all = Pages::default();
            let lines: Vec<usize> = (0..12_000).collect();
            for lines in lines.chunks(block) {
                let mut answers = Answers::default();
                for line in lines {
                    let letter = |n: usize| (b'a' + (line % 9_000 / n % 26) as u8) as char;
                    let path = format!("/{}{}{}.php", letter(676), letter(26), letter(1));
                    let mut event = Event::default();
                    event.set(Field::Stem, path.into_bytes());
                    event.set(Field::Status, &b"200"[..]);
                    let bytes = if line % 5 == 0 { (line % 4_001) << 18 } else { 7 };
                    event.set(Field::BytesOut, bytes.to_string().into_bytes());
                    event.set(Field::Client, format!("192.0.2.{}", line % 7).into_bytes());
                    event.time = Some(crate::time::Time::from_micros(*line as i64, 0));
                    let entry = Entry { bytes: b"", offset: *line as u64, line: *line as u64 };
                    answers.note(&event, &entry, &Inventory::default());
                }
                all.append(answers.into_pages(), Bounds::default());
            }
            all
        };
        let whole = made(1);
        assert_eq!(whole.of.len(), Bounds::default().pages());
        assert!(whole.beyond > 0);
        assert!(whole.of.values().filter(|page| page.largest.is_some()).count() > 500);
        for block in [7, 1_000, 12_000] {
            assert!(made(block) == whole, "{block}");
        }
    }
}
