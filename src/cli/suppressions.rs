//! What does the user know to be harmless, and does each of it still do anything?

use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

use leaksweep::report::Report;
use leaksweep::source::Suppression;
use leaksweep::time::Time;

use super::Failure;
use super::tell::Voice;

/// The suppressions of a file that hold today; says which do not any more.
pub(crate) fn load(file: Option<&Path>, voice: Voice) -> Result<Vec<Suppression>, Failure> {
    let Some(path) = file else { return Ok(Vec::new()) };
    let mut all = Suppression::load(path).map_err(Failure::new)?;
    let today = today();
    all.retain(|suppression| {
        let expired = suppression.is_expired(&today);
        if expired {
            let Suppression { entry, expires, .. } = suppression;
            let message = format!("suppression {entry} ended on {expires}: it suppresses nothing");
            voice.say("warning", file.and_then(Path::to_str), &message);
        }
        !expired
    });
    Ok(all)
}

/// Says which suppressions no hit needed.
pub(crate) fn unused(held: &[Suppression], report: &Report, voice: Voice) {
    let suppressed = report.sites.iter().flat_map(|case| &case.suppressed);
    let used: BTreeSet<usize> = suppressed.map(|apart| apart.entry).collect();
    for Suppression { entry, reason, .. } in held.iter().filter(|s| !used.contains(&s.entry)) {
        let message = format!("suppression {entry} met no hit: take it out ({reason})");
        voice.say("warning", None, &message);
    }
}

/// The day, in UTC: `2027-03-31`.
fn today() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = Time::from_micros(now.as_micros() as i64, 0).to_string();
    now.chars().take(10).collect()
}
