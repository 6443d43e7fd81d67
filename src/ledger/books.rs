//! Which rows of the state are held in memory, and how do they change? Parts are not among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::LedgerError;
use super::kept::{Content, File, Kept};
use super::store::Store;
use crate::scan::Part;
use crate::source::{ContentId, Gap, GapKind, Source, SourceEnd, Stamp};
use crate::time::Time;

/// The rows of the state that are held in memory; parts are not among them.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) store: Store,
    pub(super) files: BTreeMap<String, Arc<File>>,
    pub(super) kept: BTreeMap<i64, Kept>,
    /// Up to which byte the hits of contents were told that were not told whole.
    pub(super) untold: BTreeMap<i64, u64>,
    /// Files that were being read when the program ended, with how often that happened.
    pub(super) attempts: BTreeMap<String, (String, u32)>,
    /// Files by the sum of their raw bytes, as they were met last under the path.
    pub(super) sums: HashMap<ContentId, (String, Arc<File>)>,
    /// Sizes of known files.
    pub(super) sizes: BTreeSet<u64>,
    /// Contents by their sum; more than one where paths differ in the site that they give.
    pub(super) by_sum: HashMap<ContentId, Vec<i64>>,
    /// How many bytes the contents have that are shorter than a [`print`](super::print()).
    pub(super) short: BTreeSet<u64>,
    /// The others by their beginning.
    pub(super) by_print: HashMap<u64, Vec<i64>>,
    /// Paths that were met in this run.
    pub(super) met: BTreeSet<String>,
    /// Gaps of this run that are no property of any content.
    pub(super) gaps: Vec<Gap>,
}

impl Books {
    pub(super) fn load(mut store: Store) -> Result<Self, LedgerError> {
        let (files, kept) = (store.files()?, store.kept()?);
        let mut books = Self {
            files: BTreeMap::new(),
            kept: BTreeMap::new(),
            untold: store.untold()?,
            attempts: store.attempts()?,
            sums: HashMap::new(),
            sizes: BTreeSet::new(),
            by_sum: HashMap::new(),
            short: BTreeSet::new(),
            by_print: HashMap::new(),
            met: BTreeSet::new(),
            gaps: Vec::new(),
            store,
        };
        for (path, file) in files {
            books.know_file(&path, file);
        }
        for (id, kept) in kept {
            books.know_content(id, kept);
        }
        Ok(books)
    }

    pub(super) fn know_file(&mut self, path: &str, file: File) {
        let file = Arc::new(file);
        if file.was_read() {
            self.sums.insert(file.end.sha256, (path.to_owned(), Arc::clone(&file)));
            self.sizes.insert(file.end.bytes);
        }
        self.files.insert(path.to_owned(), file);
    }

    pub(super) fn know_content(&mut self, id: i64, kept: Kept) {
        let of_sum = self.by_sum.entry(kept.sum).or_default();
        if !of_sum.contains(&id) {
            of_sum.push(id);
        }
        if kept.print == 0 {
            self.short.insert(kept.bytes);
        } else if !self.kept.contains_key(&id) {
            self.by_print.entry(kept.print).or_default().push(id);
        }
        self.kept.insert(id, kept);
    }

    /// The number of a content that is known.
    pub(super) fn number(&self, kept: &Kept) -> Option<i64> {
        let alike = self.by_sum.get(&kept.sum)?;
        let same = |id: &&i64| self.kept.get(id).is_some_and(|known| known.place == kept.place);
        alike.iter().find(same).copied()
    }

    /// Notes a file that holds what is known already.
    pub(super) fn put_file(&mut self, path: &str, mut file: File) -> Result<(), LedgerError> {
        file.prior = self.prior(path, &file.holds);
        self.store.put_file(path, &file)?;
        self.met.insert(path.to_owned());
        self.know_file(path, file);
        Ok(())
    }

    /// What a path held before, if it was one stream and is another now: to be explained.
    pub(super) fn prior(&self, path: &str, holds: &[(String, i64)]) -> Option<(i64, Stamp)> {
        let before = self.files.get(path)?;
        match before.holds.as_slice() {
            _ if before.prior.is_some() => before.prior,
            [(_, id)] if before.stamp.inode != 0 && holds != before.holds => {
                Some((*id, before.stamp))
            }
            _ => None,
        }
    }

    pub(super) fn settle(
        &mut self,
        path: &str,
        stamp: Stamp,
        end: SourceEnd,
        contents: Vec<Content>,
        setting: i64,
    ) -> Result<(), LedgerError> {
        let mut holds = Vec::new();
        let mut changed = Vec::new();
        let mut last = self.kept.keys().next_back().copied().unwrap_or(0);
        for content in contents {
            let inside = content.name.strip_prefix(path).unwrap_or_default().to_owned();
            let unable = self.store.unable(&content.facts.unable)?;
            let mut kept = content.kept(setting, unable, self);
            kept.packed = kept.bytes != end.bytes;
            let fresh =
                changed.iter().find(|(_, other, _)| kept.is_same(other)).map(|(id, ..)| *id);
            let id = self.number(&kept).or(fresh).unwrap_or_else(|| {
                last += 1;
                last
            });
            holds.push((inside, id));
            changed.push((id, kept, content));
        }
        let prior = self.prior(path, &holds);
        let mut file = File { stamp, end, holds, prior };
        if !file.was_read() {
            file.stamp = Stamp::default();
        }
        let (untold, outgrown) = (self.not_told(&changed), self.outgrown(&changed));
        self.store.settle(path, &file, &changed, &untold, &outgrown)?;
        self.untold.extend(untold);
        self.kept.extend(outgrown);
        for (id, kept, _) in changed {
            self.know_content(id, kept);
        }
        self.met.insert(path.to_owned());
        self.attempts.remove(path);
        self.know_file(path, file);
        Ok(())
    }

    /// Up to where the new among these contents were told: as far as what they go on from.
    fn not_told(&self, changed: &[(i64, Kept, Content)]) -> Vec<(i64, u64)> {
        let new = changed.iter().filter(|(id, ..)| !self.kept.contains_key(id));
        let until = |content: &Content| content.from.map_or(0, |from| self.told_until(from));
        new.map(|(id, _, content)| (*id, until(content))).collect()
    }

    /// Up to which byte the hits of a content were told.
    pub(super) fn told_until(&self, id: i64) -> u64 {
        let whole = || self.kept.get(&id).map_or(0, |kept| kept.bytes);
        self.untold.get(&id).copied().unwrap_or_else(whole)
    }

    /// The contents that these go on from.
    fn outgrown(&self, changed: &[(i64, Kept, Content)]) -> Vec<(i64, Kept)> {
        let grown = |(id, _, content): &(i64, Kept, Content)| {
            let from = content.from.filter(|from| from != id)?;
            let kept = self.kept.get(&from)?;
            Some((from, Kept { next: Some(*id), ..kept.clone() }))
        };
        changed.iter().filter_map(grown).collect()
    }

    pub(super) fn close(&mut self) -> Result<(), LedgerError> {
        let gone = self.gone();
        let held = self.held(|path| !gone.contains(path));
        // A name whose content is elsewhere now is only an old name of it.
        let moved = |path: &&String| {
            let holds = &self.files[*path].holds;
            holds.iter().all(|(_, id)| held.contains(id) || self.kept[id].is_spent())
        };
        let moved: Vec<String> = gone.iter().filter(moved).cloned().collect();
        let notes = self.rewritten(&held);
        for path in &moved {
            self.files.remove(path);
        }
        let held = self.held(|_| true);
        let outgrown = |(id, kept): (&i64, &Kept)| kept.is_spent() && !held.contains(id);
        let outgrown: Vec<i64> =
            self.kept.iter().filter(|entry| outgrown(*entry)).map(|(id, _)| *id).collect();
        for (id, gap) in &notes {
            self.kept.entry(*id).and_modify(|kept| kept.notes.push(gap.clone()));
        }
        let doubtful: BTreeSet<i64> = notes.iter().map(|(id, _)| *id).collect();
        let doubtful: Vec<(i64, &Kept)> =
            doubtful.iter().filter_map(|id| Some((*id, self.kept.get(id)?))).collect();
        let mut explained = Vec::new();
        for (path, file) in self.files.iter_mut().filter(|(_, file)| file.prior.is_some()) {
            Arc::make_mut(file).prior = None;
            explained.push((path, &**file));
        }
        self.store.close(&moved, &explained, &doubtful, &outgrown)?;
        self.kept.retain(|id, _| !outgrown.contains(id));
        Ok(())
    }

    /// Paths that were not met and are not there any more.
    pub(super) fn gone(&self) -> BTreeSet<String> {
        let unmet = self.files.keys().filter(|path| !self.met.contains(*path));
        unmet
            .filter(|path| Source::holding(path).is_none_or(|s| s.name != **path))
            .cloned()
            .collect()
    }

    /// The contents of some files.
    pub(super) fn held(&self, which: impl Fn(&String) -> bool) -> BTreeSet<i64> {
        let files = self.files.iter().filter(|(path, _)| which(path));
        files.flat_map(|(_, file)| file.holds.iter().map(|(_, id)| *id)).collect()
    }

    /// Contents that were at a path, are nowhere now, and did not leave by rotation: the gap that
    /// each makes in what stands there now.
    pub(super) fn rewritten(&self, held: &BTreeSet<i64>) -> Vec<(i64, Gap)> {
        let mut notes = Vec::new();
        for (path, file) in &self.files {
            let (Some((was, stamp)), [(_, is)]) = (file.prior, file.holds.as_slice()) else {
                continue;
            };
            let lost = self.kept.get(&was).filter(|k| !held.contains(&was) && !k.is_spent());
            let Some(lost) = lost else { continue };
            let (before, after) = (lost.ends, self.kept.get(is).and_then(|kept| kept.ends));
            if stamp.is_same_file(&file.stamp) || overlap(before, after) {
                notes.push((*is, rewritten(path, lost.bytes, before)));
            }
        }
        notes
    }

    /// The names of every content, sorted. One whose name was taken by another is called after its
    /// first byte's sum.
    pub(super) fn names(&self) -> BTreeMap<i64, Vec<String>> {
        let mut names: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (path, file) in &self.files {
            for (inside, id) in &file.holds {
                names.entry(*id).or_default().push(format!("{path}{inside}"));
            }
        }
        for (id, kept) in &self.kept {
            names.entry(*id).or_insert_with(|| {
                let sum: String = kept.sum.to_string().chars().take(8).collect();
                vec![format!("{} (earlier, {sum})", kept.name)]
            });
        }
        for names in names.values_mut() {
            names.sort();
            names.dedup();
        }
        names
    }
}

/// Whether what stands there now was written before the last of what stood there: five minutes are
/// allowed, since a line is written when its request ends.
fn overlap(before: Option<(Time, Time)>, after: Option<(Time, Time)>) -> bool {
    let pair = before.zip(after);
    pair.is_some_and(|((_, last), (first, _))| {
        first.seconds() < last.seconds() - Part::REVERSAL_SECONDS
    })
}

fn rewritten(path: &str, bytes: u64, ends: Option<(Time, Time)>) -> Gap {
    let until = ends.map_or_else(String::new, |(_, last)| format!(", up to {last}"));
    let detail = format!(
        "{bytes} bytes that were read here before{until} are in no file any more: the log was emptied or rewritten, a sign of tampering, unless a rotation took them out of sight"
    );
    Gap { source: path.to_owned(), kind: GapKind::Rewritten, detail }
}
