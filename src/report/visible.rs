//! What may a terminal be shown? Logs are written by attackers: no byte of theirs may move the
//! cursor, set the clipboard or turn the reading direction.

use std::borrow::Cow;

/// The text with everything visible that a terminal or a reader would not see as it stands:
/// control characters as `\x1b`, invisible and direction-changing ones as `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => shown.extend(c.escape_default()),
            c if is_hidden(c) && c.is_ascii() => {
                shown.extend(['\\', 'x']);
                let digits = [c as u32 >> 4, c as u32 & 15];
                shown.extend(digits.into_iter().filter_map(|d| char::from_digit(d, 16)));
            }
            c if is_hidden(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Controls (C0, DEL, C1), bidirectional marks (Unicode UAX #9), zero-width and format
/// characters, line separators, tags, and the byte order mark.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Columns that a text takes on a terminal: two for East Asian wide characters (UAX #11), none
/// for combining marks.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    match c as u32 {
        0x0300..=0x036f | 0x3099..=0x309a | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0x33ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xa000..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text cut to at most `columns`, with an ellipsis where something was cut.
pub(super) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += char_width(*c);
        used <= columns
    });
    Cow::Owned(kept.chain(std::iter::once('…')).collect())
}

/// The text broken at blanks into lines of at most `columns`; a word longer than that is broken
/// where it must.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    if width(text) <= columns {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if width(line) + 1 + width(word) <= columns || line.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
        while let Some(rest) = lines.last_mut().and_then(|line| overflow(line, columns)) {
            lines.push(rest);
        }
    }
    lines
}

/// Cuts the line at `columns` and gives back what is too much.
fn overflow(line: &mut String, columns: usize) -> Option<String> {
    let mut used = 0;
    let (at, _) = line.char_indices().find(|(_, c)| {
        used += char_width(*c);
        used > columns
    })?;
    Some(line.split_off(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_bytes_are_made_visible() {
        let cases = [
            ("plain 日本 text", "plain 日本 text"),
            ("\x1b]52;c;AAAA\x07", "\\x1b]52;c;AAAA\\x07"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("x\u{202e}gpj.exe\u{200b}", "x\\u{202e}gpj.exe\\u{200b}"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\x7f"),
        ];
        for (text, shown) in cases {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("東京都"), 6);
        assert_eq!(width("tokyo"), 5);
        assert_eq!(fit("東京都税", 6), "東京…");
        assert_eq!(fit("東京都", 6), "東京都");
    }

    #[test]
    fn lines_break_at_blanks_and_long_words_where_they_must() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("0123456789abcdef x", 8), ["01234567", "89abcdef", "x"]);
    }
}
