//! Aligned columns of text that never exceed a width.

use super::words::clip;

/// Spaces before each line and between columns.
const GAP: usize = 2;

/// How a piece of text is set off, where colour is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Paint {
    #[default]
    Plain,
    Good,
    Bad,
    Unsure,
    Dim,
    Strong,
}

impl Paint {
    /// The text with this paint, if `colour`.
    pub(super) fn on(self, text: &str, colour: bool) -> String {
        let code = match self {
            Self::Plain => "",
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Unsure => "33",
            Self::Dim => "2",
            Self::Strong => "1",
        };
        if !colour || code.is_empty() || text.trim().is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Text and its paint.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) paint: Paint,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>, paint: Paint) -> Self {
        Self { text: text.into(), paint }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Paint::Plain)
    }
}

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Text, cut down to this many characters when the table is too wide.
    Text(usize),
    /// Figures, never cut.
    Figure,
}

/// A table whose columns are as wide as what is in them.
pub(super) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Row>,
}

enum Row {
    Cells(Vec<Cell>),
    /// A remark under the row before it.
    Note(Cell),
}

impl Table {
    pub(super) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row::Cells(cells));
    }

    pub(super) fn note(&mut self, note: impl Into<Cell>) {
        self.rows.push(Row::Note(note.into()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, none wider than `width`. Too wide, text columns are cut first, then columns are left out from the right.
    pub(super) fn render(&self, width: usize, colour: bool) -> String {
        let widths = self.widths(width);
        let mut out = String::new();
        if self.columns.iter().any(|(head, _)| !head.is_empty()) {
            let heads: Vec<Cell> =
                self.columns.iter().map(|(head, _)| Cell::new(*head, Paint::Dim)).collect();
            out.push_str(&self.line(&heads, &widths, colour));
        }
        for row in &self.rows {
            match row {
                Row::Cells(cells) => out.push_str(&self.line(cells, &widths, colour)),
                Row::Note(cell) => {
                    let text = clip(&cell.text, width.saturating_sub(3 * GAP));
                    out.push_str(&format!("{}{}\n", " ".repeat(3 * GAP), cell.paint.on(&text, colour)));
                }
            }
        }
        out
    }

    fn line(&self, cells: &[Cell], widths: &[usize], colour: bool) -> String {
        let mut line = String::new();
        for ((cell, (_, align)), width) in cells.iter().zip(&self.columns).zip(widths) {
            let text = clip(&cell.text, *width);
            let pad = " ".repeat(width - text.chars().count().min(*width));
            let painted = cell.paint.on(&text, colour);
            line.push_str(&" ".repeat(GAP));
            match align {
                Align::Text(_) => line.push_str(&(painted + &pad)),
                Align::Figure => line.push_str(&(pad + &painted)),
            }
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    }

    fn widths(&self, limit: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(head, _)| head.chars().count()).collect();
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(cell.text.chars().count());
                }
            }
        }
        while total(&widths) > limit {
            let over = total(&widths) - limit;
            let spare = |index: usize| match self.columns[index].1 {
                Align::Text(least) => widths[index].saturating_sub(least),
                Align::Figure => 0,
            };
            match (0..widths.len()).max_by_key(|index| spare(*index)).filter(|index| spare(*index) > 0) {
                Some(widest) => widths[widest] -= over.min(spare(widest)),
                None if widths.len() > 1 => drop(widths.pop()),
                None => {
                    widths[0] = limit.saturating_sub(GAP);
                    break;
                }
            }
        }
        widths
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + GAP).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new(&[("name", Align::Text(6)), ("calls", Align::Figure), ("p99", Align::Figure)]);
        table.row(vec!["commerce-service".into(), "1,200/s".into(), Cell::new("24ms", Paint::Bad)]);
        table.row(vec!["redis".into(), "5/s".into(), "900us".into()]);
        table.note("left by itself");
        table
    }

    #[test]
    fn text_is_set_left_and_figures_right() {
        let lines: Vec<String> = table().render(80, false).lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "  name                calls    p99");
        assert_eq!(lines[1], "  commerce-service  1,200/s   24ms");
        assert_eq!(lines[2], "  redis                 5/s  900us");
        assert_eq!(lines[3], "      left by itself");
    }

    #[test]
    fn no_line_exceeds_any_width_and_figures_are_never_cut() {
        for width in 8..60 {
            let text = table().render(width, false);
            for line in text.lines().filter(|line| !line.trim_start().starts_with("left")) {
                assert!(line.chars().count() <= width, "{width}: {line:?}");
            }
            assert!(!text.contains("24m…"), "{text}");
        }
    }

    #[test]
    fn colour_changes_no_width() {
        let coloured = table().render(80, true);
        assert!(coloured.contains("\x1b[1;31m24ms\x1b[0m"));
        let plain = coloured.replace("\x1b[1;31m", "").replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(plain, table().render(80, false));
    }
}
