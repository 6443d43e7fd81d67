//! Which parts of a field does a target take for values? As the field stands in the log, so that an
//! escaped separator separates nothing.

use crate::event::{Field, decode};

/// The values in a field's text, as [`inner`] leaves it.
pub(super) fn parts(field: Field, text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut found = Vec::new();
    match field {
        Field::Cookie => {
            let pairs = text.split(|b| *b == b';').map(<[u8]>::trim_ascii);
            pairs.for_each(|pair| push_pair(pair, &mut found));
        }
        Field::Body => push_query(text, &mut found),
        Field::UserAgent => found.push(text),
        _ => push_target(text, &mut found),
    }
    found.into_iter()
}

/// What of a field's text can hold values: of a Referer not its own scheme and host; an agent only
/// if it has a sign that agents do not have (they are full of brackets, blanks and semicolons), be it
/// escaped.
pub(super) fn inner(field: Field, text: &[u8]) -> &[u8] {
    match field {
        Field::Referer => behind_authority(text),
        Field::UserAgent if !is_odd(text) && !is_odd(&decode::once(text)) => b"",
        _ => text,
    }
}

/// Whether an agent has a sign that agents do not have.
fn is_odd(agent: &[u8]) -> bool {
    let begins = agent.first().is_some_and(|b| matches!(b, b';' | b'|' | b'&' | b'('));
    begins
        || memchr::memchr3(b'\'', b'"', b'`', agent).is_some()
        || memchr::memchr3(b'<', b'$', b'{', agent).is_some()
        || memchr::memchr(b'\\', agent).is_some()
}

/// The path and query of an address; the whole text, if it is none.
fn behind_authority(text: &[u8]) -> &[u8] {
    let Some(scheme) = memchr::memmem::find(text, b"://").filter(|at| *at < 12) else {
        return text;
    };
    let host = &text[scheme + 3..];
    let plain = host
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
        .count();
    &host[plain..]
}

fn push_target<'t>(text: &'t [u8], found: &mut Vec<&'t [u8]>) {
    let cut = memchr::memchr(b'?', text);
    let path = &text[..cut.unwrap_or(text.len())];
    found.push(path.strip_prefix(b"/").unwrap_or(path));
    let segments = path.split(|b| *b == b'/').filter(|s| !s.is_empty() && s.len() + 1 < path.len());
    found.extend(segments.filter(|segment| !plain(segment)));
    if let Some(cut) = cut {
        push_query(&text[cut + 1..], found);
    }
}

/// The names and values of a query. A `&` that no name and `=` follow belongs to the value before it
/// (`a=1 && id`).
fn push_query<'t>(query: &'t [u8], found: &mut Vec<&'t [u8]>) {
    let mut start = 0;
    for at in memchr::memchr_iter(b'&', query) {
        if at >= start && begins_pair(&query[at + 1..]) {
            push_pair(&query[start..at], found);
            start = at + 1;
        }
    }
    push_pair(&query[start..], found);
}

/// Whether a parameter begins here: a name up to a `=` or `&`.
fn begins_pair(text: &[u8]) -> bool {
    let name = text.iter().take_while(|b| is_name(**b)).count();
    name > 0 && matches!(text.get(name), None | Some(b'=' | b'&'))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%' | b':' | b'$' | b'@')
}

fn push_pair<'t>(pair: &'t [u8], found: &mut Vec<&'t [u8]>) {
    match memchr::memchr(b'=', pair) {
        Some(at) => {
            let (name, value) = (&pair[..at], &pair[at + 1..]);
            if !name.iter().all(|b| is_name(*b)) || name.contains(&b'%') {
                found.push(pair);
                found.push(name);
            }
            if !tells_own_place(name, value) {
                found.push(value);
            }
        }
        None => found.push(pair),
    }
}

/// Parameters in which the visitor's side says where it is: counters their page, programs that log
/// in where they listen (RFC 8252, 7.3).
const PLACES: [&[u8]; 8] = [
    b"dl",
    b"dr",
    b"redirect_uri",
    b"post_logout_redirect_uri",
    b"referrer",
    b"referer",
    b"ref",
    b"origin",
];

/// Whether a value is a plain address of the visitor's own computer where it says where it is: no
/// server fetches that.
fn tells_own_place(name: &[u8], value: &[u8]) -> bool {
    if !PLACES.contains(&name) {
        return false;
    }
    let address = decode::twice(value);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b":/._-?=&%#~,".contains(b);
    let local = [&b"http://localhost"[..], b"https://localhost", b"http://127.0.0.1"];
    local.iter().any(|local| address.starts_with(local)) && address.iter().all(plain)
}

/// Whether nothing of interest can stand in a segment.
fn plain(segment: &[u8]) -> bool {
    segment.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(field: Field, text: &str) -> Vec<String> {
        parts(field, inner(field, text.as_bytes()))
            .map(|p| String::from_utf8_lossy(p).into_owned())
            .collect()
    }

    #[test]
    fn values_are_what_a_target_takes_for_them() {
        let target = |text| shown(Field::Target, text);
        assert_eq!(target("/a/b'c?x=1&y=a%26b"), ["a/b'c", "b'c", "1", "a%26b"]);
        assert_eq!(target("/p?x=1+&&+id&y=2"), ["p", "1+&&+id", "2"]);
        assert_eq!(target("/p?'or'1'='1"), ["p", "'or'1'='1", "'or'1'", "'1"]);
        assert_eq!(target("/p?a(b)=c"), ["p", "a(b)=c", "a(b)", "c"]);
        assert_eq!(target("/p?dl=http%3A%2F%2Flocalhost%3A80%2F&x=1"), ["p", "1"]);
        assert_eq!(target("/p?dl=http://localhost/'"), ["p", "http://localhost/'"]);
        assert_eq!(target("/p?u=http://localhost/"), ["p", "http://localhost/"]);
        assert_eq!(shown(Field::Referer, "http://h.example/p?q=1'"), ["p", "1'"]);
        assert_eq!(shown(Field::Referer, "' or 1=1"), ["' or 1=1"]);
        assert_eq!(shown(Field::Cookie, "a=1; b=2'"), ["1", "2'"]);
        assert_eq!(shown(Field::Body, "a=1&b=2"), ["1", "2"]);
        assert_eq!(shown(Field::UserAgent, "%22onclick%3Dx"), ["%22onclick%3Dx"]);
        assert_eq!(shown(Field::UserAgent, "Shop%20App/1 (+http://shop.example)"), [""]);
    }
}
