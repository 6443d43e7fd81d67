//! What do people want to know of a case, in words? Shared by the formats for people.

use serde::Serialize;

use super::Report;
use crate::case::{
    Alone, Case, ClassCount, Count, Coverage, EmailsApart, Finding, Stored, StoredIn, Suppressed,
    Units, Verdict,
};
use crate::element::{Grade, Holder};
use crate::rule::{Level, Stage};
use crate::scan::Outcome;
use crate::source::ContentId;
use crate::time::Time;

/// The word that the JSON report uses for a value (`succeeded`, `initial-access`).
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// A number with its thousands apart: `676,290`.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 hit`, `2,000 hits`.
pub(super) fn count(value: u64, noun: &str) -> String {
    let plural = match value {
        1 => "",
        _ if noun.ends_with("ss") => "es",
        _ => "s",
    };
    format!("{} {noun}{plural}", number(value))
}

/// A time to the second, as the site's clock showed it: `2017-03-08 05:12:07`.
pub(super) fn clock(time: Time) -> String {
    time.to_string().chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// A time to the minute: `2017-03-08 05:12`.
pub(super) fn minute(time: Time) -> String {
    clock(time).chars().take(16).collect()
}

/// The offset of a time: `+09:00`.
pub(super) fn offset(time: Time) -> String {
    let text = time.to_string();
    let from = text.rfind(['+', '-', 'Z']).filter(|at| *at >= 19);
    from.and_then(|at| text.get(at..)).map_or_else(|| "Z".into(), |o| o.replace('Z', "UTC"))
}

/// The cases from the gravest verdict down, then by name: the order for people.
pub(super) fn gravest_first(report: &Report) -> Vec<&Case> {
    let mut cases: Vec<&Case> = report.sites.iter().collect();
    cases.sort_by(|a, b| (a.verdict, &a.site).cmp(&(b.verdict, &b.site)));
    cases
}

/// All findings with their cases, in the order of the report: what formats of one finding a line
/// are made of.
pub(super) fn findings(report: &Report) -> impl Iterator<Item = (&Case, &Finding)> {
    report.sites.iter().flat_map(|case| case.findings.iter().map(move |finding| (case, finding)))
}

/// How a finding stands to an earlier report: ` · new`; nothing where none was given.
pub(super) fn since(finding: &Finding) -> String {
    finding.baseline.map(|mark| format!(" · {}", word(&mark))).unwrap_or_default()
}

/// What was set apart as harmless, in one sentence.
pub(super) fn suppressed(apart: &Suppressed) -> String {
    let Suppressed { title, reason, entry, expires, .. } = apart;
    let hits = count(apart.count, "hit");
    format!("{hits} of {title}: {reason} (suppression {entry}, until {expires})")
}

/// A finding in one sentence.
pub(super) fn finding_sentence(case: &Case, finding: &Finding) -> String {
    let (hits, outcome) = (count(finding.count, "hit"), word(&finding.outcome));
    format!("{} on {}: {hits}, {outcome}", finding.rule.title, case.site)
}

/// The version of the program that made the report: `0.1.0`.
pub(super) fn version(report: &Report) -> &str {
    report.run.tool.rsplit(' ').next().unwrap_or_default()
}

/// The records of a case, gross and distinct.
pub(super) fn records(case: &Case) -> serde_json::Value {
    let units = &case.units;
    let count =
        |count: &Count| serde_json::json!({"records": count.records, "distinct": count.distinct});
    serde_json::json!({
        "observed": count(&units.observed),
        "attributed": count(&units.attributed),
        "declared": units.declared,
    })
}

/// The file on disk that a stream stands in: `pay.tar.gz` of `pay.tar.gz!logs/app.log`.
pub(super) fn file_of(stream: &str) -> &str {
    stream.split_once('!').map_or(stream, |(file, _)| file)
}

/// SHA-256 of a file that was read.
pub(super) fn sum_of(report: &Report, file: &str) -> Option<ContentId> {
    let sources = &report.run.sources;
    let at = sources.binary_search_by(|source| source.path.as_str().cmp(file)).ok()?;
    sources.get(at)?.sha256
}

/// Which account data the logs store, sentence by sentence: what PCI DSS 12.10.7 asks.
pub(super) fn stored(stored: &Stored) -> Vec<String> {
    let mut sentences = Vec::new();
    if !stored.sources.is_empty() {
        let with = if stored.authentication_data_with_card { "yes" } else { "no" };
        let codes = count(stored.security_codes, "record");
        let tracks = count(stored.tracks, "record");
        sentences.push(format!(
            "sensitive authentication data stored with the card number (PCI DSS 12.10.7): {with}; \
             security codes in {codes}, track data in {tracks}"
        ));
        let source = |s: &StoredIn| format!("{} ({})", s.source, count(s.cards, "record"));
        let sources: Vec<String> = stored.sources.iter().take(5).map(source).collect();
        let more = match stored.sources.len() - sources.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        sentences.push(format!("card data came from {}{more}", sources.join(", ")));
    }
    sentences.extend(stored.alone.iter().filter(|a| a.valid > 0).map(alone));
    sentences
}

/// The e-mail addresses that were not counted as personal, one sentence a kind.
pub(super) fn emails_apart(stored: &Stored) -> impl Iterator<Item = String> + '_ {
    stored.emails_apart.iter().map(of_holder)
}

fn alone(alone: &Alone) -> String {
    let columns = match alone.grade {
        Grade::Column => "columns of card numbers",
        Grade::Chance => "columns of other numbers",
        _ => "columns too small to tell",
    };
    let hidden = match alone.exceeding {
        0 => String::new(),
        n => format!("; {} far above chance: card numbers may be among them", count(n, "column")),
    };
    format!(
        "numbers without a key in {columns}: {} with a right check digit, of which chance alone \
         gives {}{hidden}",
        number(alone.valid),
        number(alone.by_chance)
    )
}

fn of_holder(apart: &EmailsApart) -> String {
    let kind = match apart.holder {
        Holder::Role => "of roles",
        Holder::Own => "of the site's own domains",
        Holder::Service => "of service accounts",
        Holder::Reserved => "of domains for tests",
        Holder::Robot => "of robots",
        Holder::Person => "of persons",
    };
    let (times, distinct) = (number(apart.times), number(apart.distinct));
    format!("e-mail addresses {kind}, not counted as personal: {times} gross, {distinct} distinct")
}

/// First and last unauthorised access: from the start of the at-risk timeframe to the last hit in
/// it that was not refused, or the last record read. `None` where no access was found.
pub(super) fn access(case: &Case) -> Option<(Time, Time)> {
    let risk = case.at_risk.as_ref()?;
    let hits = case
        .findings
        .iter()
        .filter(|f| f.outcome != Outcome::Blocked && f.stage != Some(Stage::Exposure))
        .filter_map(|f| f.last);
    let reads = case
        .timeline
        .iter()
        .filter(|step| matches!(step.stage, Some(Stage::Collection | Stage::Exfiltration)))
        .map(|step| step.time);
    let last = hits.chain(reads).filter(|t| *t >= risk.start && *t <= risk.end).max();
    Some((risk.start, last.unwrap_or(risk.end)))
}

/// Whether the intruder read all the records that stand in the logs.
pub(super) fn read_all(units: &Units) -> bool {
    let (read, there) = (&units.attributed, &units.observed);
    read.records == there.records && read.classes == there.classes
}

/// The coverage in a few words.
pub(super) fn coverage(case: &Case) -> String {
    let facts = &case.coverage;
    match facts.shortfalls.len() {
        _ if case.verdict == Verdict::NotExamined => "no log".to_owned(),
        0 if facts.complete => "complete".to_owned(),
        0 => "incomplete".to_owned(),
        n => count(n as u64, "shortfall"),
    }
}

/// The elements of a class: `card_number + expiry + email`.
pub(super) fn class(class: &ClassCount) -> String {
    let names: Vec<_> = class.elements.iter().map(|element| element.name()).collect();
    names.join(" + ")
}

/// The command that shows an example again, for a POSIX shell.
pub fn show_command(source: &str, line: u64) -> String {
    let locus = format!("{source}:{line}");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+@%=,".contains(c);
    if locus.chars().all(plain) && !locus.starts_with('-') {
        format!("leaksweep show {locus}")
    } else {
        format!("leaksweep show -- '{}'", locus.replace('\'', r"'\''"))
    }
}

/// What was examined, in one sentence.
pub(super) fn examined(facts: &Coverage) -> String {
    if facts.sources.is_empty() {
        return "No log of this site was supplied.".to_owned();
    }
    let entries = match facts.lines {
        1 => "1 entry".to_owned(),
        n => format!("{} entries", number(n)),
    };
    let logs = count(facts.sources.len() as u64, "log");
    let kinds = facts.logs.join(", ");
    let parsed = share(facts.parsed, facts.lines);
    let span = facts.span.as_ref().map_or_else(String::new, |span| {
        format!(", from {} to {}", clock(span.start), clock(span.end))
    });
    format!("{entries} in {logs} ({kinds}), {parsed} of them parsed{span}.")
}

/// A share in percent; never 100 % unless it is all.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 || part == whole {
        return "all".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    format!("{:.1} %", percent.min(99.9))
}

/// Whether a site's logs hold card data.
pub(super) fn stores_card_data(case: &Case) -> bool {
    !case.units.stored.sources.is_empty()
}

/// Whether a site has findings that somebody should look at.
pub(super) fn has_findings(case: &Case) -> bool {
    case.findings.iter().any(|found| found.rule.level >= Level::Medium)
}

/// What to do with a case next, in one sentence.
pub(super) fn next_step(case: &Case) -> &'static str {
    match case.verdict {
        Verdict::ConfirmedExfiltration => {
            "Keep all logs and an image of the server, take the site off line, tell acquirer and \
             card brands, and have the records counted in the data store itself."
        }
        Verdict::ConfirmedAccess => {
            "Keep all logs and an image of the server, take the site off line, and look in the \
             server and the data store for what the logs do not show."
        }
        Verdict::Suspected => {
            "Look at the entries named here with `leaksweep show`, and on the server for files \
             and processes of that time."
        }
        Verdict::Attempted => "Check that what was attacked is patched and stays blocked.",
        Verdict::NotConfirmed if stores_card_data(case) => {
            "Find the program that writes card data into its logs, stop it, and have the logs \
             deleted safely once nobody needs them as evidence."
        }
        Verdict::NotConfirmed if has_findings(case) => {
            "Ask those who run the site whether what was found is meant so."
        }
        Verdict::NotConfirmed => "Nothing more from these logs.",
        Verdict::Inconclusive => "Find the missing logs named here and sweep again.",
        Verdict::NotExamined => "Get the logs of this site.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_people() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(676_290), "676,290");
        assert_eq!(number(1_000_000), "1,000,000");
        assert_eq!(count(1, "hit"), "1 hit");
        assert_eq!(count(2, "access"), "2 accesses");
        assert_eq!(share(1, 1), "all");
        assert_eq!(share(99_999, 100_000), "99.9 %");
        let time: Time = "2017-03-08T05:12:07.412+09:00".parse().unwrap();
        assert_eq!((clock(time), offset(time)), ("2017-03-08 05:12:07".into(), "+09:00".into()));
        let utc: Time = "2017-03-08T05:12:07Z".parse().unwrap();
        assert_eq!(offset(utc), "UTC");
    }

    #[test]
    fn commands_are_safe_to_paste() {
        assert_eq!(show_command("zei/access.log", 7), "leaksweep show zei/access.log:7");
        let hostile = show_command("a b!x'$(id).log", 7);
        assert_eq!(hostile, r"leaksweep show -- 'a b!x'\''$(id).log:7'");
    }
}
