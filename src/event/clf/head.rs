//! What stands before the time: `client ident user`, with a virtual host or forwarded addresses in
//! front.

use memchr::{memchr, memchr_iter};

use crate::event::escape::backslashes;
use crate::event::request::{
    client_of, is_address, is_host_name, set_host, set_host_if_absent, split_port,
};
use crate::event::{Event, Field};

/// Reads what stands before the time: `client ident user`, with a virtual host or a list of
/// forwarded addresses in front.
///
/// Something else in front (a syslog header) makes it no such line: wrappers are others' to undo.
pub(super) fn head<'a>(head: &'a [u8], event: &mut Event<'a>) -> Option<()> {
    if let Some(client) = head.strip_suffix(b" - -") {
        if is_bare(client) {
            event.set(Field::Client, client);
            return Some(());
        }
        if memchr(b' ', client).is_none() {
            set_client(client, event);
            return Some(());
        }
    }
    let rest = front(head, event)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let Some(ident) = memchr(b' ', rest) else { return Some(()) };
    // lighttpd and some hosters write the virtual host where the ident stands.
    set_if_host(&rest[..ident], event);
    let user = &rest[ident + 1..];
    match user.strip_suffix(b" -") {
        Some(id) if memchr(b' ', id).is_none() => set_plain(event, Field::RequestId, id),
        _ => set_plain(event, Field::User, user),
    }
    Some(())
}

/// Reads virtual host, forwarded addresses and client; returns what follows them.
fn front<'a>(head: &'a [u8], event: &mut Event<'a>) -> Option<&'a [u8]> {
    let (first, rest) = first_field(head);
    let (second, after) = first_field(rest.strip_prefix(b" ").unwrap_or(b""));
    if is_list(first) || is_address(first) || second == b"-" {
        return Some(client(head, event));
    }
    if is_list(second) || is_address(second) || after.starts_with(b" - ") {
        set_host(event, unquoted(first));
        return Some(client(&rest[1..], event));
    }
    let short = memchr_iter(b' ', head).count() <= 2;
    short.then(|| client(head, event))
}

/// Reads the client: a list of forwarded addresses, an address behind one, or a name.
fn client<'a>(text: &'a [u8], event: &mut Event<'a>) -> &'a [u8] {
    let (first, rest) = first_field(text);
    if !is_list(first) {
        set_client(first, event);
        return rest;
    }
    set_forwarded(event, first);
    let (second, after) = first_field(rest.strip_prefix(b" ").unwrap_or(b""));
    if !is_address(second) {
        return rest;
    }
    set_client(second, event);
    after
}

fn is_list(field: &[u8]) -> bool {
    memchr(b',', field).is_some() || field.starts_with(b"\"") && !is_host_name(unquoted(field))
}

pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(text)
}

fn set_forwarded<'a>(event: &mut Event<'a>, list: &'a [u8]) {
    let list = unquoted(list);
    event.set(Field::ForwardedFor, list);
    set_plain(event, Field::Client, client_of(list));
}

/// Sets the client: an address without port and brackets, or a name. Some tools put a file's name
/// or a logger's before the line (`access.log:192.0.2.7`).
fn set_client<'a>(client: &'a [u8], event: &mut Event<'a>) {
    if is_bare(client) {
        return event.set(Field::Client, client);
    }
    let client = unquoted(client);
    let behind = || memchr_iter(b':', client).map(|at| &client[at + 1..]).find(|c| is_address(c));
    let address = if is_address(client) { Some(client) } else { behind() };
    let bare = address.map_or(client, |address| split_port(address).0);
    let bare = bare.strip_prefix(b"[").and_then(|b| b.strip_suffix(b"]")).unwrap_or(bare);
    set_plain(event, Field::Client, bare);
}

/// Whether a text is an address without port and brackets, told by its bytes alone.
fn is_bare(text: &[u8]) -> bool {
    let kinds = text.iter().fold(0, |kinds, byte| kinds | KINDS[usize::from(*byte)]);
    match kinds {
        DIGIT | DOT | V4 => true,
        kinds if kinds & !V6 == 0 => memchr_iter(b':', text).nth(1).is_some(),
        _ => false,
    }
}

const DIGIT: u8 = 1;
const DOT: u8 = 2;
const LETTER: u8 = 4;
const COLON: u8 = 8;
const OTHER: u8 = 16;
const V4: u8 = DIGIT | DOT;
const V6: u8 = DIGIT | LETTER | COLON;

/// By byte: what it may be in an address.
const KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => LETTER,
            b'.' => DOT,
            b':' => COLON,
            _ => OTHER,
        };
        byte += 1;
    }
    kinds
};

/// Sets the host, if a text of unknown meaning has the shape of one.
pub(super) fn set_if_host<'a>(text: &'a [u8], event: &mut Event<'a>) {
    let text = text.trim_ascii();
    if is_host_name(text) {
        set_host_if_absent(event, text);
    }
}

pub(super) fn set_plain<'a>(event: &mut Event<'a>, field: Field, value: &'a [u8]) {
    if value != b"-" && !value.is_empty() {
        event.set(field, backslashes(value));
    }
}

/// The first field of a head: quoted, or a list whose members end in commas, or a word.
fn first_field(text: &[u8]) -> (&[u8], &[u8]) {
    if let Some(end) = text.strip_prefix(b"\"").and_then(|inner| memchr(b'"', inner)) {
        return text.split_at(end + 2);
    }
    let end = memchr_iter(b' ', text).find(|at| *at > 0 && text[at - 1] != b',');
    text.split_at(end.unwrap_or(text.len()))
}
