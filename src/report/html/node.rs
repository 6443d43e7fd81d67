//! HTML as it may be written: every text escaped, every hidden character visible.

use std::fmt::Write;

use super::super::visible;

/// Attributes of an element.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// A piece of HTML or SVG being written.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// What was written.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Opens an element.
    pub(super) fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            // Writing into a string cannot fail.
            let _ = write!(self.0, " {name}=\"{}\"", escape(value));
        }
        self.0.push('>');
    }

    /// Closes it.
    pub(super) fn close(&mut self, tag: &'static str) {
        let _ = writeln!(self.0, "</{tag}>");
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(&escape(text));
    }

    /// An element that holds only text.
    pub(super) fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    /// An element with what `inside` writes.
    pub(super) fn with(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        inside(self);
        self.close(tag);
    }

    /// The program's own style or script, which is not escaped.
    pub(super) fn own(&mut self, tag: &'static str, text: &'static str) {
        let _ = write!(self.0, "<{tag}>{text}");
        self.close(tag);
    }

    /// A table with a head that printers repeat; a column whose title ends in `#` is of numbers.
    pub(super) fn table(&mut self, class: &str, head: &[&str], rows: impl FnOnce(&mut Self)) {
        self.with("div", &[("class", "wide")], |html| {
            html.with("table", &[("class", class)], |html| {
                html.with("thead", &[], |html| {
                    html.with("tr", &[], |html| {
                        for title in head {
                            let class = if title.ends_with('#') { "n" } else { "" };
                            let title = title.trim_end_matches('#');
                            html.leaf("th", &[("scope", "col"), ("class", class)], title);
                        }
                    });
                });
                html.with("tbody", &[], rows);
            });
        });
    }

    /// A table cell.
    pub(super) fn cell(&mut self, text: &str) {
        self.leaf("td", &[], text);
    }

    /// A table cell that is not broken: a time.
    pub(super) fn whole(&mut self, text: &str) {
        self.leaf("td", &[("class", "t")], text);
    }

    /// A table cell with a number, sorted as such.
    pub(super) fn number(&mut self, value: u64) {
        let shown = super::super::facts::number(value);
        self.leaf("td", &[("class", "n"), ("data-v", &value.to_string())], &shown);
    }
}

fn escape(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        let mut html = Html::default();
        html.leaf("p", &[("title", "\"><script>")], "</p><script>alert('1')</script>\u{202e}");
        assert_eq!(
            html.0,
            "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)\
             &lt;/script&gt;\\u{202e}</p>\n"
        );
    }
}
