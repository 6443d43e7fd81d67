//! Which captured header is which? HAProxy writes captured headers without their names
//! (`{Mozilla/5.0 (X11)|shop.example.com}`); a position in which every value of the head has the
//! shape of a host name, or of a user agent, is taken for that header.

use super::request::{is_address, set_host_if_absent};
use super::{Event, Field};

/// The positions whose meaning the head shows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Captures {
    host: Option<usize>,
    agent: Option<usize>,
}

/// More captures than any configuration in use has.
const CAP: usize = 16;

/// What the values of each position have in common.
#[derive(Debug, Default)]
pub(super) struct Survey {
    seen: [usize; CAP],
    hosts: [usize; CAP],
    agents: [usize; CAP],
}

impl Survey {
    /// Notes the captures of an event.
    pub(super) fn note(&mut self, event: &Event<'_>) {
        for (at, value) in values(event).enumerate().take(CAP).filter(|(_, v)| !v.is_empty()) {
            self.seen[at] += 1;
            self.hosts[at] += usize::from(is_host(value));
            self.agents[at] += usize::from(is_agent(value));
        }
    }

    /// The positions in which all values agree; attacks send odd agents, so half will do there.
    pub(super) fn captures(&self) -> Captures {
        let first = |test: fn(&Self, usize) -> bool| (0..CAP).find(|at| test(self, *at));
        Captures {
            host: first(|s, at| s.seen[at] > 0 && s.hosts[at] == s.seen[at]),
            agent: first(|s, at| s.agents[at] * 2 > s.seen[at] && s.hosts[at] == 0),
        }
    }
}

impl Captures {
    /// The fields that lines have beside those of their templates.
    pub(super) fn fields(self) -> Option<Field> {
        self.agent.map(|_| Field::UserAgent)
    }

    /// Sets host and user agent from the captures of an event.
    pub(super) fn apply(self, event: &mut Event<'_>) {
        let value = |at: Option<usize>| {
            let value = values(event).nth(at?)?;
            (!value.is_empty()).then(|| value.to_vec())
        };
        let (host, agent) = (value(self.host), value(self.agent));
        if let Some(host) = host {
            set_host_if_absent(event, host);
        }
        if let Some(agent) = agent {
            event.set(Field::UserAgent, agent);
        }
    }
}

fn values<'e>(event: &'e Event<'_>) -> impl Iterator<Item = &'e [u8]> {
    let captures = event.named().iter().find(|(name, _)| name.as_ref() == b"captures");
    captures.into_iter().flat_map(|(_, value)| value.split(|b| *b == b'|'))
}

/// Whether a value has a product as user agents do (`curl/8.5.0`) and is no referer.
fn is_agent(value: &[u8]) -> bool {
    memchr::memchr(b'/', value).is_some() && !value.starts_with(b"http") && value[0] != b'/'
}

/// Whether a value has the shape of a host name with a domain, perhaps with a port.
fn is_host(value: &[u8]) -> bool {
    let host = value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'));
    host && !is_address(value) && memchr::memchr(b'.', value).is_some_and(|at| at > 0)
}
