//! How may the name of a file, a site or a host be written? With the digits of a card number in it
//! hidden.

use super::base64::holds_digits;
use super::spelled::spelled;

/// A path or host name without the card numbers in it, in whatever spelling: of each the first six
/// and last four digits stand, joined by `…`. Every part between slashes stands for itself, so that
/// the name of a file in a folder is the same wherever the folder is.
pub fn hide(name: &str) -> String {
    name.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn part(name: &str) -> String {
    let mut name = name.to_owned();
    while may_hold(name.as_bytes()) {
        let mut spans = spelled(name.as_bytes());
        spans.sort_by_key(|(span, _)| span.start);
        let Some((span, shown)) = spans.into_iter().next() else { break };
        // Whatever is found begins and ends with a character of its spelling.
        let whole = name.is_char_boundary(span.start) && name.is_char_boundary(span.end);
        if span.is_empty() || !whole {
            return "…".to_owned();
        }
        name.replace_range(span, &shown);
    }
    name
}

/// Whether a name has digits enough, or what may spell some: most have not, and hosts are many.
fn may_hold(name: &[u8]) -> bool {
    let spells = |b: &u8| !b.is_ascii() || matches!(b, b'%' | b'\\' | b'&' | b'=');
    name.iter().filter(|b| b.is_ascii_digit()).count() >= 12
        || name.iter().any(spells)
        || (0..name.len()).any(|at| holds_digits(name, at))
}

/// Whether a name may be one that [`hide`] gave.
pub fn is_hidden(name: &str) -> bool {
    name.match_indices('…').any(|(at, mark)| {
        let before = name[..at].bytes().rev().take(6).filter(u8::is_ascii_digit).count();
        let after = name[at + mark.len()..].bytes().take(4).filter(u8::is_ascii_digit).count();
        (before, after) == (6, 4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_everything_but_card_numbers() {
        let table = [
            ("see more….log", "see more….log"),
            ("logs/access.log-20170308", "logs/access.log-20170308"),
            ("logs/1488920527412.log", "logs/1488920527412.log"),
            ("a-4929123412342222.log", "a-492912…2222.log"),
            ("4929-1234-1234-2222/b.log", "492912…2222/b.log"),
            ("h4716123412340017.example", "h471612…0017.example"),
            ("%34929123412342222", "492912…2222"),
            ("eyJwYW4iOiIzNTQwMDYxMDQxMjQxMzUwIn0.log", "354006…1350.log"),
            ("a4929123412342222b4716123412340017", "a492912…2222b471612…0017"),
            ("card_no=４９２９１２３４１２３４２２２２", "card_no=492912…2222"),
        ];
        for (name, shown) in table {
            assert_eq!(hide(name), shown, "{name}");
            assert_eq!(hide(shown), shown, "{name}");
            assert_eq!(is_hidden(shown), name != shown, "{name}");
        }
    }
}
