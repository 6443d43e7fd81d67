//! Which answers are far larger than their page's own? A page that gives everybody ten kilobytes and
//! one client seven hundred megabytes was made to give out more than it is for: the size outlier
//! that an examiner looks for where the request itself (a form body) is not in the log.
//!
//! Alone that may be a report or an export that is meant so: the level is medium. A page has a
//! usual size only if many clients use it ([`Usual`]); files that are there to be fetched differ in
//! size by nature.

use crate::scan::LargeAnswer;

use super::catalog::Catalog;
use super::site::{Seen, Site};
use super::usual::Usual;

/// So many times the largest usual size.
const TIMES: u64 = 8;

/// Files that are there to be fetched, by the ends of their names.
const FILES: [&str; 34] = [
    "7z", "apk", "avi", "bin", "bmp", "css", "dmg", "exe", "gif", "gz", "ico", "iso", "jar",
    "jpeg", "jpg", "js", "m3u8", "m4s", "map", "mov", "mp3", "mp4", "msi", "pdf", "png", "rpm",
    "svg", "ts", "tgz", "wasm", "webm", "webp", "woff2", "zip",
];

/// The largest answer of each page in each stream, where it is such an outlier.
pub(super) fn hits<'t>(site: &Site<'t>, catalog: &Catalog) -> Vec<Seen<'t>> {
    let logs = site.streams.iter().filter(|stream| stream.log() == "access");
    let large = logs.flat_map(|stream| {
        let pages = stream.tally.pages.of.iter();
        pages.filter_map(move |(id, page)| Some((stream, *id, page.largest.as_deref()?)))
    });
    let mut large = large.filter(|(_, _, large)| !is_file(large)).peekable();
    if large.peek().is_none() {
        return Vec::new();
    }
    let (usual, rule) = (Usual::new(site), catalog.outlier());
    let outliers = large.filter_map(|(stream, id, large)| {
        let (bytes, (_, high)) = (large.used.bytes?, usual.of(id)?);
        let told = format!("an answer of {bytes} bytes, where 98 of 100 have at most {high}");
        (bytes / TIMES > high)
            .then(|| Seen::of_answer(rule, stream, Some(&large.path), &large.used, &told))
    });
    outliers.collect()
}

fn is_file(large: &LargeAnswer) -> bool {
    let end = large.path.as_str().rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    end.is_some_and(|end| FILES.contains(&end.as_str()))
}
