//! The page in a real browser, where one is installed: it looks the same with scripts off, sorts
//! and filters with them on, breaks no policy, and goes to paper.
#![allow(missing_docs, clippy::tests_outside_test_module, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Chromium, if it is there.
fn browser() -> Option<&'static str> {
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    known.into_iter().find(|path| Path::new(path).exists())
}

fn open(browser: &str, folder: &Path, arguments: &[&str], page: &Path) -> Output {
    let profile = tempfile::tempdir_in(folder).unwrap();
    let quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--enable-logging=stderr",
    ];
    let mut command = Command::new("timeout");
    command.arg("60").arg(browser).args(quiet).args(arguments);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command.arg(format!("file://{}", page.display()));
    command.stdin(Stdio::null()).output().unwrap()
}

/// The report on the sample logs as a page.
fn page(folder: &Path) -> PathBuf {
    let page = folder.join("report.html");
    let mut command = Command::new(env!("CARGO_BIN_EXE_leaksweep"));
    command.args(["sweep", "sample-logs", "-q", "-o", &format!("html={}", page.display())]);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    page
}

/// The page as it stands in the browser after it was loaded, without complaints.
fn dom(browser: &str, folder: &Path, page: &Path) -> String {
    let output = open(browser, folder, &["--dump-dom", "--virtual-time-budget=5000"], page);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaints = said.lines().filter(|line| line.contains(":CONSOLE"));
    assert_eq!(complaints.collect::<Vec<_>>(), Vec::<&str>::new());
    String::from_utf8(output.stdout).unwrap()
}

/// The page under another policy for scripts.
fn with_scripts(page: &str, policy: &str) -> String {
    let (head, rest) = page.split_once("script-src &#39;sha256-").unwrap();
    let (_, rest) = rest.split_once("&#39;").unwrap();
    format!("{head}script-src &#39;{policy}&#39;{rest}")
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());

    let on = dom(browser, folder.path(), &page);
    assert!(on.contains("<html lang=\"en\" class=\"js\">"), "our script runs under the policy");
    assert!(on.contains("<p class=\"js\">"), "the filter is shown");

    let text = fs::read_to_string(&page).unwrap();
    let off = folder.path().join("off.html");
    fs::write(&off, with_scripts(&text, "none")).unwrap();
    let output = open(browser, folder.path(), &["--dump-dom"], &off);
    let off = String::from_utf8(output.stdout).unwrap();
    assert!(
        !off.contains("class=\"js\">\n") || off.contains("<html lang=\"en\">"),
        "no script ran"
    );
    for part in ["confirmed-exfiltration", "leaksweep show ", "<svg", "Entries by day"] {
        assert_eq!(off.matches(part).count(), on.matches(part).count(), "{part}");
    }

    // Sorting and filtering, by a page that does what a reader does and writes down what it saw.
    let script = "\n<script>addEventListener('load', () => {\
        const rows = () => [...document.querySelector('table.sites').tBodies[0].rows];\
        document.querySelector('table.sites th').click();\
        const first = rows()[0].cells[0].textContent.trim();\
        document.querySelector('.chips .v').click();\
        const shown = rows().filter((row) => !row.hidden).length;\
        const sections = [...document.querySelectorAll('section')].filter((s) => !s.hidden).length;\
        document.title = [first, shown, sections].join(' ');\
        });</script>";
    let acting =
        with_scripts(&text, "unsafe-inline").replace("</body>", &format!("{script}</body>"));
    let acted = folder.path().join("acting.html");
    fs::write(&acted, acting).unwrap();
    let acted = dom(browser, folder.path(), &acted);
    assert!(
        acted.contains("<title>books.example.com 2 2</title>"),
        "{}",
        acted.get(..900).unwrap()
    );

    let paper = folder.path().join("report.pdf");
    open(browser, folder.path(), &[&format!("--print-to-pdf={}", paper.display())], &page);
    let pdf = fs::read(&paper).unwrap();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 100_000, "{}", pdf.len());
}
