//! Who sent a request?

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use crate::event::{Event, Field};
use crate::source::Inventory;

/// The client's address in canonical spelling (or its host name, where the server looked names
/// up); `None` if the entry has none or it is neither.
pub(super) fn client(event: &Event<'_>, inventory: &Inventory) -> Option<String> {
    let address = peer(event, inventory).map(|address| address.to_string());
    address.or_else(|| host(event).map(str::to_owned))
}

/// The host name that stands where an address should.
pub(super) fn host<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    given(event).filter(|name| is_host(name))
}

/// The client's address, if the entry has one: IPv4 within IPv6 as IPv4.
///
/// What a proxy of the inventory's `trusted_proxies` says in X-Forwarded-For is believed: the last
/// address of the list that is no trusted proxy itself. Anybody else can write there what he likes.
pub(super) fn peer(event: &Event<'_>, inventory: &Inventory) -> Option<IpAddr> {
    let peer = address(given(event)?)?;
    let client = match event.get(Field::ForwardedFor).map(std::str::from_utf8) {
        Some(Ok(list)) if inventory.trusts(peer) => forwarded(list, peer, inventory),
        _ => peer,
    };
    Some(client.to_canonical())
}

fn given<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    Some(std::str::from_utf8(event.get(Field::Client)?).ok()?.trim())
}

fn forwarded(list: &str, peer: IpAddr, inventory: &Inventory) -> IpAddr {
    let mut client = peer;
    for hop in list.rsplit(',') {
        let Some(address) = address(hop.trim()) else { return client };
        client = address;
        if !inventory.trusts(address) {
            return client;
        }
    }
    client
}

/// An address, perhaps in brackets or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    bare.unwrap_or(text).parse().ok().or_else(with_port)
}

/// By what a client is the same: its address, or the /64 of an IPv6 address. A customer gets at
/// least that much, and changes addresses within it at will.
pub fn network(client: &str) -> Cow<'_, str> {
    let v6 = client.contains(':').then(|| client.parse::<Ipv6Addr>().ok());
    let Some(address) = v6.flatten() else { return Cow::Borrowed(client) };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return Cow::Owned(mapped.to_string());
    }
    let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
    Cow::Owned(format!("{network}/64"))
}

fn is_host(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    (3..=253).contains(&text.len())
        && text.contains('.')
        && text.bytes().all(plain)
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_are_one() {
        let table = [
            ("203.0.113.66", "203.0.113.66"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
            ("::ffff:203.0.113.66", "203.0.113.66"),
            ("::1", "::/64"),
            ("unknown", "unknown"),
        ];
        for (client, wanted) in table {
            assert_eq!(network(client), wanted, "{client}");
        }
    }

    #[test]
    fn forwarded_addresses_are_believed_of_trusted_proxies_only() {
        let mut inventory = Inventory::default();
        inventory.trusted_proxies.push("192.0.2.0/24".parse().unwrap());
        for (peer, list, expected) in [
            ("198.51.100.7", "10.0.0.1", Some("198.51.100.7")),
            ("192.0.2.9", "203.0.113.5", Some("203.0.113.5")),
            ("192.0.2.9", "203.0.113.5, 192.0.2.8", Some("203.0.113.5")),
            ("192.0.2.9", "1.1.1.1, 203.0.113.5", Some("203.0.113.5")),
            ("192.0.2.9", "<script>", Some("192.0.2.9")),
            ("::ffff:198.51.100.7", "", Some("198.51.100.7")),
            ("host.example.com", "", Some("host.example.com")),
            ("<script>", "", None),
        ] {
            let mut event = Event::default();
            event.set(Field::Client, peer.as_bytes());
            event.set(Field::ForwardedFor, list.as_bytes());
            assert_eq!(client(&event, &inventory).as_deref(), expected, "{peer} {list}");
        }
    }
}
