//! A table that fits the terminal.

use super::visible::{fit, width};

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) align: Align,
    /// Columns of low importance go first when the terminal is narrow; 0 never goes.
    pub(super) spare: u8,
}

/// A cell: what it says and how it is painted (an SGR code; empty for plain).
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) paint: &'static str,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, paint: "" }
    }
}

/// The least that the first column is cut to before other columns are left out.
const FIRST: usize = 24;

/// The lines of a table in at most `columns` columns of a terminal.
pub(super) fn lines(
    head: &[Column],
    rows: &[Vec<Cell>],
    columns: usize,
    color: bool,
) -> Vec<String> {
    let widths: Vec<usize> = (0..head.len()).map(|at| column_width(head, rows, at)).collect();
    let shown = choose(head, &widths, columns);
    let others: usize = shown.iter().skip(1).map(|at| widths[*at] + 2).sum();
    let first = widths.first().copied().unwrap_or(0);
    let first = first.min(columns.saturating_sub(others).max(FIRST));
    let width = |at: usize| if at == 0 { first } else { widths[at] };
    let titles: Vec<Cell> =
        head.iter().map(|column| Cell { text: column.title.into(), paint: "1" }).collect();
    std::iter::once(&titles)
        .chain(rows)
        .map(|row| {
            let cells: Vec<String> = shown
                .iter()
                .filter_map(|at| Some(pad(row.get(*at)?, width(*at), head[*at].align, color)))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

fn column_width(head: &[Column], rows: &[Vec<Cell>], at: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width(&cell.text));
    cells.max().unwrap_or(0).max(width(head[at].title))
}

/// The columns that fit, the most dispensable left out first.
fn choose(head: &[Column], widths: &[usize], columns: usize) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..head.len()).collect();
    loop {
        let first = widths.first().copied().unwrap_or(0).min(FIRST);
        let need: usize = first + shown.iter().skip(1).map(|at| widths[*at] + 2).sum::<usize>();
        let spare = shown.iter().copied().filter(|at| head[*at].spare > 0);
        match spare.max_by_key(|at| head[*at].spare) {
            Some(at) if need > columns => shown.retain(|other| *other != at),
            _ => return shown,
        }
    }
}

fn pad(cell: &Cell, columns: usize, align: Align, color: bool) -> String {
    let text = fit(&cell.text, columns);
    let blanks = " ".repeat(columns.saturating_sub(width(&text)));
    let text = paint(&text, cell.paint, color);
    match align {
        Align::Left => format!("{text}{blanks}"),
        Align::Right => format!("{blanks}{text}"),
    }
}

/// The text in a colour (an SGR code), if colours may be used.
pub(super) fn paint(text: &str, code: &str, color: bool) -> String {
    if color && !code.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_loses_spare_columns_and_long_names() {
        let head = [
            Column { title: "SITE", align: Align::Left, spare: 0 },
            Column { title: "N", align: Align::Right, spare: 0 },
            Column { title: "NOTE", align: Align::Left, spare: 1 },
        ];
        let row = |site: &str, n: &str| {
            [site, n, "a long note"].map(|t| Cell::from(t.to_owned())).to_vec()
        };
        let rows = [row("東京都税.example.jp", "7"), row("b", "1,234")];
        let wide = lines(&head, &rows, 80, false);
        assert_eq!(wide[0], "SITE                     N  NOTE");
        assert_eq!(wide[1], "東京都税.example.jp      7  a long note");
        let narrow = lines(&head, &rows, 34, false);
        assert_eq!(narrow[1], "東京都税.example.jp      7");
        let long = [row("a-very-long-name.of-a-site.example.jp", "7")];
        assert_eq!(lines(&head, &long, 34, false)[1], "a-very-long-name.of-a-site.exa…  7");
    }
}
