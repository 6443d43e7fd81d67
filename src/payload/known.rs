//! Which of the texts that a reading knows are in a value?
//!
//! A list is compiled once, into an automaton or a table, so that a value costs one pass over it
//! however long the list is. What is asked of many places in a value is answered by one pass for
//! all of them ([`Ahead`]): a value that holds a thousand openings costs no more than another of
//! its length.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use rustc_hash::FxHashSet;

/// Which bytes a text has: most of what code needs is missing in most values.
pub(super) struct Signs([u64; 4]);

impl Signs {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut signs = [0; 4];
        for byte in text {
            signs[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        Self(signs)
    }

    /// Whether it has one of them.
    pub(super) fn any(&self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1)
    }
}

/// Texts that may stand anywhere.
pub(super) struct Texts {
    list: &'static [&'static str],
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Texts {
    pub(super) const fn new(list: &'static [&'static str]) -> Self {
        Self { list, automaton: OnceLock::new() }
    }

    /// Whether one of them is in the text.
    pub(super) fn any_in(&self, text: &[u8]) -> bool {
        /// None of any list is shorter.
        const SHORTEST: usize = 2;
        text.len() >= SHORTEST && self.automaton().is_some_and(|texts| texts.is_match(text))
    }

    /// Where each of them stands in the text, those that overlap too.
    pub(super) fn all_in<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
        let all = self.automaton().map(|texts| texts.find_overlapping_iter(text));
        all.into_iter().flatten().map(|found| found.range())
    }

    /// Without a search for rare bytes before it, whose cost the value would choose.
    fn automaton(&self) -> Option<&AhoCorasick> {
        let mut builder = AhoCorasick::builder();
        let builder = builder.kind(Some(AhoCorasickKind::DFA)).prefilter(false);
        self.automaton.get_or_init(|| builder.build(self.list).ok()).as_ref()
    }
}

/// Whether parts of a text hold some texts, for parts that are asked for from left to right.
pub(super) struct Ahead<'t> {
    texts: &'static Texts,
    text: &'t [u8],
    /// Of the finds that begin at or behind the last part's start, the one that ends first.
    next: Option<Range<usize>>,
    /// Whether that was looked for.
    sought: bool,
}

impl<'t> Ahead<'t> {
    pub(super) fn new(texts: &'static Texts, text: &'t [u8]) -> Self {
        Self { texts, text, next: None, sought: false }
    }

    /// Whether one of the texts is in the part.
    pub(super) fn is_in(&mut self, part: &Range<usize>) -> bool {
        let behind = self.next.as_ref().is_some_and(|next| next.start < part.start);
        if behind || !self.sought {
            self.next = self.find(part.start);
            self.sought = true;
        }
        self.next.as_ref().is_some_and(|next| next.end <= part.end)
    }

    fn find(&self, from: usize) -> Option<Range<usize>> {
        let found = self.texts.automaton()?.find(self.text.get(from..)?)?;
        Some(from + found.start()..from + found.end())
    }
}

/// Where something stands next, asked from left to right: looked for once for each place.
#[derive(Default)]
pub(super) struct Next {
    at: Option<usize>,
    sought: bool,
}

impl Next {
    /// Where it stands at or behind `from`; `find` says how far behind.
    pub(super) fn behind(
        &mut self,
        from: usize,
        find: impl FnOnce() -> Option<usize>,
    ) -> Option<usize> {
        if !self.sought || self.at.is_some_and(|at| at < from) {
            self.at = find().map(|n| from + n);
            self.sought = true;
        }
        self.at
    }
}

/// Words that are asked for whole, or as the beginning or end of another.
pub(super) struct Words {
    list: &'static str,
    each: &'static [&'static str],
    table: OnceLock<Table>,
}

struct Table {
    words: FxHashSet<&'static [u8]>,
    /// In order, without those that another of them begins.
    beginnings: Vec<&'static [u8]>,
    longest: usize,
}

impl Words {
    /// Words with blanks between them.
    pub(super) const fn new(list: &'static str) -> Self {
        Self { list, each: &[], table: OnceLock::new() }
    }

    /// Words that may hold blanks.
    pub(super) const fn each(each: &'static [&'static str]) -> Self {
        Self { list: "", each, table: OnceLock::new() }
    }

    pub(super) fn has(&self, word: &[u8]) -> bool {
        let table = self.table();
        word.len() <= table.longest && table.words.contains(word)
    }

    /// Whether the text begins with one.
    pub(super) fn begin(&self, text: &[u8]) -> bool {
        let beginnings = &self.table().beginnings;
        let at = beginnings.partition_point(|word| *word <= text);
        at.checked_sub(1).is_some_and(|at| text.starts_with(beginnings[at]))
    }

    /// Whether the text ends with one of at least so many letters.
    pub(super) fn end(&self, text: &[u8], least: usize) -> bool {
        let table = self.table();
        let ends = least..=text.len().min(table.longest);
        ends.into_iter().any(|n| table.words.contains(&text[text.len() - n..]))
    }

    fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            let words = self.list.split_ascii_whitespace().chain(self.each.iter().copied());
            let words: FxHashSet<&[u8]> = words.map(str::as_bytes).collect();
            let longest = words.iter().map(|word| word.len()).max().unwrap_or(0);
            let mut beginnings: Vec<&[u8]> = words.iter().copied().collect();
            beginnings.sort_unstable();
            beginnings.dedup_by(|word, before| word.starts_with(before));
            Table { words, beginnings, longest }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TEXTS: Texts = Texts::new(&["ab", "abc", "c="]);

    proptest::proptest! {
        #[test]
        fn parts_hold_what_a_search_of_each_finds(text in "[abc=]{0,40}", cuts in proptest::collection::vec((0..40_usize, 0..20_usize), 0..20)) {
            let text = text.as_bytes();
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut ahead = Ahead::new(&TEXTS, text);
            for (start, len) in cuts {
                let part = start.min(text.len())..(start + len).min(text.len());
                proptest::prop_assert_eq!(ahead.is_in(&part), TEXTS.any_in(&text[part]));
            }
        }
    }

    #[test]
    fn words_are_known_whole_and_by_their_ends() {
        static WORDS: Words = Words::new("on load mouse");
        static HEADS: Words = Words::each(&["mail from", "to:"]);
        static NESTED: Words = Words::new("end a ended b endless ac");
        assert!(WORDS.has(b"load") && !WORDS.has(b"loa") && !WORDS.has(b""));
        assert!(WORDS.begin(b"mouseover") && !WORDS.begin(b"amouse") && !WORDS.begin(b""));
        assert!(WORDS.end(b"unload", 3) && !WORDS.end(b"on", 3) && !WORDS.end(b"", 1));
        assert!(HEADS.begin(b"mail from: x") && !HEADS.has(b"mail"));
        assert!(NESTED.begin(b"endz") && NESTED.begin(b"ended") && NESTED.begin(b"abz"));
        assert!(!NESTED.begin(b"en") && !NESTED.begin(b"") && !NESTED.begin(b"c"));
    }

    #[test]
    fn signs_are_the_bytes_of_a_text() {
        let signs = Signs::of(b"a\xff\0<");
        assert!(signs.any(b"x<") && signs.any(b"\xff") && signs.any(b"\0") && !signs.any(b"xyz"));
        assert!(!Signs::of(b"").any(b"a"));
    }
}
