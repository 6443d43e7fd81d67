//! The escapers: a text from a log, put wherever the report has room for one, changes no markup of
//! the page, no row of the tables, and moves nothing on a terminal.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use leaksweep::report::{Comparison, Format, Language, Look, Markup, Report, visible};
use serde_json::Value;

use super::edit::leaves;
use super::report::{REPORT, render};

/// The report as JSON, its hits apart: they are no part of it.
type Texts = (Value, Value);

static BASE: LazyLock<Texts> = LazyLock::new(|| {
    let hits: Vec<_> = REPORT.sites.iter().flat_map(|case| &case.hits).collect();
    assert!(!hits.is_empty());
    (serde_json::to_value(&*REPORT).unwrap(), serde_json::to_value(hits).unwrap())
});

/// Which values may be any text.
static FREE: LazyLock<[Vec<usize>; 2]> = LazyLock::new(|| {
    let report = free(&BASE.0, |value| serde_json::from_value::<Report>(value).is_ok());
    let hits = free(&BASE.1, |value| {
        serde_json::from_value::<Vec<leaksweep::case::SiteHit>>(value).is_ok()
    });
    assert!(report.len() > 50 && hits.len() > 10, "{} {}", report.len(), hits.len());
    [report, hits]
});

fn free(base: &Value, reads: impl Fn(Value) -> bool) -> Vec<usize> {
    let is_free = |at: &usize| {
        let mut value = base.clone();
        let mut leaves = leaves(&mut value);
        let was_text = leaves[*at].is_string();
        *leaves[*at] = "any text <>".into();
        was_text && reads(value)
    };
    (0..leaves(&mut base.clone()).len()).filter(is_free).collect()
}

/// The report with a text in all places that may have any.
fn with(text: &str) -> Report {
    let fill = |base: &Value, free: &[usize]| {
        let mut value = base.clone();
        let mut leaves = leaves(&mut value);
        for at in free {
            *leaves[*at] = text.into();
        }
        value
    };
    let mut report: Report = serde_json::from_value(fill(&BASE.0, &FREE[0])).unwrap();
    report.sites[0].hits = serde_json::from_value(fill(&BASE.1, &FREE[1])).unwrap();
    report
}

pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    assert_eq!(visible(&visible(&text)), visible(&text));
    let report = with(&text);
    for language in [Language::English, Language::Japanese] {
        for markup in [Markup::Markdown, Markup::Html] {
            let look = Look { language, markup, ..Look::default() };
            for format in Format::ALL {
                written(format, look, &render(&report, format, look));
            }
        }
    }
    let comparison = Comparison::new(("a", &*REPORT), (&text, &report));
    for format in [Format::Text, Format::Html, Format::Csv] {
        let mut out = Vec::new();
        comparison.render(format, Look::default(), &mut out).unwrap();
        match format {
            Format::Csv => table(std::str::from_utf8(&out).unwrap(), None),
            _ => written(format, Look::default(), &out),
        }
    }
}

/// What the bytes of each format may never have.
fn written(format: Format, look: Look, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    let is_page = format == Format::Html
        || matches!(format, Format::Pfi | Format::Ppc) && look.markup == Markup::Html;
    match format {
        _ if is_page => page(text),
        Format::Csv => table(text, Some(14)),
        Format::Json => assert!(serde_json::from_str::<Value>(text).is_ok()),
        Format::Ndjson | Format::Ocsf | Format::Ecs | Format::Timesketch => {
            assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
        }
        Format::Text => assert_eq!(visible(&text.replace('\n', "")), text.replace('\n', "")),
        _ => assert!(
            !text.replace('\n', "").contains(char::is_control),
            "{format}: a control character"
        ),
    }
}

/// A page has the elements and attributes that the program writes, and no others.
fn page(text: &str) {
    static OWN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let benign = with("text");
        let look = |markup| Look { markup, ..Look::default() };
        let mut pages = vec![render(&benign, Format::Html, look(Markup::Html))];
        pages.extend([Format::Pfi, Format::Ppc].map(|f| render(&benign, f, look(Markup::Html))));
        let mut comparison = Vec::new();
        let both = Comparison::new(("a", &*REPORT), ("b", &benign));
        both.render(Format::Html, Look::default(), &mut comparison).unwrap();
        pages.push(comparison);
        pages.iter().flat_map(|page| tags(std::str::from_utf8(page).unwrap())).collect()
    });
    for tag in tags(text) {
        assert!(OWN.contains(&tag), "not of the program: <{tag}>");
    }
    assert_eq!(visible(&text.replace('\n', "")), text.replace('\n', ""));
}

/// The tags of a page, each with the names of its attributes.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, behind) = tag(after);
        rest = match tag.as_str() {
            "script" | "style" => behind.split_once(&format!("</{tag}>")).unwrap().1,
            _ => behind,
        };
        tags.push(tag);
    }
    tags
}

/// The tag that a text behind `<` begins with, its values left out, and what follows.
fn tag(text: &str) -> (String, &str) {
    let mut tag = String::new();
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return (tag, &text[at + 1..]),
            c if !quoted => tag.push(c),
            _ => {}
        }
    }
    panic!("a tag without end: {tag}");
}

/// Rows of RFC 4180, of equal length, no cell of which a spreadsheet would take for a formula
/// (OWASP, CSV injection).
fn table(text: &str, columns: Option<usize>) {
    let mut rows = text.split_terminator("\r\n").map(cells);
    let columns = columns.or_else(|| rows.next().map(|row| row.len()));
    for row in rows {
        assert_eq!(Some(row.len()), columns, "{row:?}");
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a formula: {cell:?}");
            assert_eq!(visible(&cell), cell);
        }
    }
}

fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut quoted, mut before) = (false, None);
    for c in row.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                // Two in a row stand for one.
                if quoted && before == Some('"') {
                    cells.last_mut().unwrap().push(c);
                }
            }
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
        before = Some(c);
    }
    assert!(!quoted, "a row without end");
    cells
}
