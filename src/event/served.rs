//! Which path would the server serve?

use super::decode;

/// The path as servers resolve it: decoded, `\` for `/`, without path parameters (`;jsessionid=…`,
/// `..;`), `//`, `.` and `..` resolved, without what Windows drops from the end of a name (dots,
/// blanks, `::$DATA`), up to a NUL. `None` if decoding alone gives the same, or if it is no path.
pub(super) fn served(stem: &[u8]) -> Option<Vec<u8>> {
    if !matches!(stem.first(), Some(b'/' | b'\\')) || !is_crooked(stem) {
        return None;
    }
    let decoded = decode::twice(stem);
    let path = resolved(&decoded);
    (path != stem && path != *decoded && path != *decode::once(stem)).then_some(path)
}

/// Whether a path may be served as another one: yes too often, never no wrongly.
fn is_crooked(stem: &[u8]) -> bool {
    let pair = |pair: &[u8]| matches!(pair, [b'/', b'/' | b'.'] | [b'.' | b' ', b'/']);
    stem.iter().any(|b| matches!(b, b'%' | b'\\' | b';' | b'&' | b'+' | b':' | 0))
        || stem.windows(2).any(pair)
        || stem.ends_with(b".")
        || stem.ends_with(b" ")
}

fn resolved(path: &[u8]) -> Vec<u8> {
    let is_separator = |b: &u8| matches!(b, b'/' | b'\\');
    let path = path.split(|b| *b == 0).next().unwrap_or_default();
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut open = true;
    for segment in path.split(is_separator) {
        open = true;
        match name(segment) {
            b"" | b"." => {}
            b".." => drop(kept.pop()),
            name => {
                kept.push(name);
                open = false;
            }
        }
    }
    if open {
        kept.push(b"");
    }
    [b"/", kept.join(&b'/').as_slice()].concat()
}

/// The name of the file or folder that a segment means.
fn name(segment: &[u8]) -> &[u8] {
    let name = segment.split(|b| *b == b';').next().unwrap_or_default();
    let stream = name.len().saturating_sub(7);
    let name = if name[stream..].eq_ignore_ascii_case(b"::$data") { &name[..stream] } else { name };
    let name = name.trim_ascii_end();
    if matches!(name, b"." | b"..") {
        return name;
    }
    let end = name.iter().rposition(|b| !matches!(b, b'.' | b' ')).map_or(0, |at| at + 1);
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_the_one_that_is_served() {
        for (stem, path) in [
            ("/a//b/./c/../d", Some("/a/b/d")),
            ("/a/..;/manager/html", Some("/manager/html")),
            ("/a;jsessionid=1A/b", Some("/a/b")),
            ("/public/%2e%2e/.git/config", Some("/.git/config")),
            ("/x/%252e%252e%252fWEB-INF/web.xml", Some("/WEB-INF/web.xml")),
            ("\\a\\..\\b", Some("/b")),
            ("/web.config.", Some("/web.config")),
            ("/web.config::$DATA", Some("/web.config")),
            ("/shell.php%00.jpg", Some("/shell.php")),
            ("/../../etc/passwd", Some("/etc/passwd")),
            ("/a/..", Some("/")),
            ("/a/.../b", Some("/a/b")),
            ("/%61dmin", None),
            ("/.well-known/x", None),
            ("/a/b.php", None),
            ("/a/", None),
            ("/", None),
            ("a/../b", None),
            ("", None),
        ] {
            assert_eq!(served(stem.as_bytes()).as_deref(), path.map(str::as_bytes), "{stem}");
        }
    }

    proptest::proptest! {
        #[test]
        fn straight_paths_are_served_as_they_are(stem in "/[a%2ef/.;\\\\ :&+\u{0}]{0,12}") {
            let stem = stem.as_bytes();
            let path = resolved(&decode::twice(stem));
            let new = path != stem && path != *decode::twice(stem) && path != *decode::once(stem);
            proptest::prop_assert_eq!(served(stem), new.then_some(path));
        }
    }
}
