//! What may the program leave behind when it dies? No memory, and no word that it read.

use std::panic;

use leaksweep::element::mask;

use super::tell::Voice;

/// No core dump is written, which would hold the evidence as it was read; what a panic says is
/// masked.
pub(crate) fn set() {
    no_core_dump();
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" at {at}"));
        let said = sentence(&place, info.payload_as_str().unwrap_or_default());
        Voice::default().say("error", None, &said);
    }));
}

fn sentence(place: &str, said: &str) -> String {
    format!("internal error{place}: {}", mask(said.as_bytes(), 0, usize::MAX))
}

/// Where the system refuses it, a dump is left to what the system allows.
#[cfg(unix)]
fn no_core_dump() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn no_core_dump() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_quotes_no_card() {
        let said = sentence(" at src/x.rs:1:2", "byte 3 of `card_no=4929123412342222`");
        assert!(said.starts_with("internal error at src/x.rs:1:2: byte 3"), "{said}");
        assert!(said.contains("492912…2222") && !said.contains("4929123"), "{said}");
    }
}
