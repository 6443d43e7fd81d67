//! The readers of reports, hits and manifests: any file is refused, or comes back as it was
//! written, and can be told in every format.

use std::sync::LazyLock;

use leaksweep::report::{
    Comparison, Format, Language, Look, Manifest, Markup, RenderError, Report, Run,
};
use leaksweep::source::Inventory;
use leaksweep::{Options, conclude, pivot};
use serde_json::Value;

use super::edit::edited;
use super::room::{RULES, file, folder, tally};
use super::seeds::INCIDENT;

/// The report on a small incident, with its hits.
pub(super) static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let folder = folder();
    let path = file(folder.path(), "shop.example.com/access.log", INCIDENT.as_bytes());
    let (options, inventory) = (Options::default(), Inventory::default());
    let mut tally = tally(&[path], &options);
    pivot(&mut tally, &inventory, &RULES, &options, &()).unwrap();
    conclude(&tally, &inventory, &RULES, Run::default())
});

static BASE: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(&*REPORT).unwrap());

static MANIFEST: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(Manifest::new(&REPORT, Vec::new())).unwrap());

pub fn check(data: &[u8]) {
    if let Ok(report) = Report::read(edited(&BASE, data).as_slice()) {
        comes_back(&report);
        with_hits(&report, data);
    }
    if let Ok(manifest) = Manifest::read(edited(&MANIFEST, data).as_slice()) {
        let mut written = Vec::new();
        manifest.write(&mut written).unwrap();
        assert_eq!(Manifest::read(written.as_slice()).unwrap(), manifest);
        assert!(!manifest.sums().contains('\r'));
    }
}

fn comes_back(report: &Report) {
    let json = render(report, Format::Json, Look::default());
    let mut read = Report::read(json.as_slice()).unwrap();
    assert_eq!(read, *report, "written and read");
    renders(report);
    let _ = Comparison::new(("a", report), ("b", &REPORT));
    assert!(Comparison::new(("a", report), ("b", &read)).same, "a report is the same as itself");
    read.mark(&REPORT);
}

fn with_hits(report: &Report, data: &[u8]) {
    let mut report = report.clone();
    if report.add_hits(data).is_ok() {
        renders(&report);
    }
}

/// The report in a format, if it can be told so.
pub(super) fn render(report: &Report, format: Format, look: Look) -> Vec<u8> {
    let mut out = Vec::new();
    match format.render(report, look, &mut out) {
        Err(RenderError::Io(error)) => panic!("{error}"),
        Err(_) | Ok(()) => out,
    }
}

/// It can be told in every format, language and markup.
pub(super) fn renders(report: &Report) {
    for format in Format::ALL {
        for (language, markup) in
            [(Language::English, Markup::Markdown), (Language::Japanese, Markup::Html)]
        {
            let _ = render(report, format, Look { language, markup, ..Look::default() });
        }
    }
}
