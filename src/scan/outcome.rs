//! What does an entry show of the outcome of an attack?

use memchr::memmem;

use crate::event::{Event, Field};

use super::Outcome;

impl Outcome {
    /// The outcome that an entry shows by itself: what a WAF says it blocked is blocked; else the
    /// response status decides (RFC 9110): 2xx succeeded, 4xx was refused. A redirect, a server's
    /// own failure (an exploit often ends in a 500) or no status say nothing.
    pub fn of(event: &Event<'_>) -> Self {
        if event.get(Field::Action) == Some(b"blocked") {
            return Self::Blocked;
        }
        match event.number(Field::Status) {
            Some(200..=299) => Self::Succeeded,
            Some(400..=499) => Self::Blocked,
            _ => Self::Unknown,
        }
    }
}

/// Whether the answer's body, where a log holds it, holds the output of a command: what `id`,
/// `/etc/passwd` or Windows shells print, and pages do not.
pub(super) fn shows_output(event: &Event<'_>) -> bool {
    const SIGNS: [&[u8]; 6] = [
        b"uid=0(",
        b") gid=",
        b"root:x:0:0:",
        b"nt authority\\system",
        b"Volume Serial Number is",
        b"drwxr-xr-x",
    ];
    let body = event.get(Field::ResponseBody);
    body.is_some_and(|body| SIGNS.iter().any(|sign| memmem::find(body, sign).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_action_decide() {
        let cases: [(&[u8], &[u8], Outcome); 8] = [
            (b"200", b"", Outcome::Succeeded),
            (b"206", b"detected", Outcome::Succeeded),
            (b"200", b"blocked", Outcome::Blocked),
            (b"403", b"", Outcome::Blocked),
            (b"404", b"", Outcome::Blocked),
            (b"302", b"", Outcome::Unknown),
            (b"500", b"", Outcome::Unknown),
            (b"", b"", Outcome::Unknown),
        ];
        for (status, action, outcome) in cases {
            let mut event = Event::default();
            event.set(Field::Status, status);
            event.set(Field::Action, action);
            assert_eq!(Outcome::of(&event), outcome, "{status:?} {action:?}");
        }
    }
}
