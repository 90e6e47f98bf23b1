//! Escaping, and tables that screen readers can follow.

/// Rows shown of any table.
pub(super) const ROWS_MAX: usize = 300;

/// Text with everything that HTML or SVG would act on made harmless.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A cell of a table.
pub(super) struct Cell {
    markup: String,
    class: &'static str,
}

impl Cell {
    /// Text; escaped.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self { markup: escape(text.as_ref()), class: "" }
    }

    /// Text that stays on one line; escaped.
    pub(super) fn name(text: impl AsRef<str>) -> Self {
        Self { markup: escape(text.as_ref()), class: "name" }
    }

    /// A figure, set right; escaped.
    pub(super) fn figure(text: impl AsRef<str>) -> Self {
        Self { markup: escape(text.as_ref()), class: "figure" }
    }

    /// Markup that is already safe.
    pub(super) fn markup(markup: String) -> Self {
        Self { markup, class: "" }
    }

    /// Sets it off as bad if `is_bad`.
    pub(super) fn bad_if(self, is_bad: bool) -> Self {
        let class = match (is_bad, self.class) {
            (false, class) => class,
            (true, "figure") => "figure bad",
            (true, _) => "bad",
        };
        Self { class, ..self }
    }
}

/// A table; the first cell of each row names it. Beyond [`ROWS_MAX`] rows a
/// line says how many are missing. Empty without rows.
pub(super) fn table(caption: &str, heads: &[&str], rows: Vec<Vec<Cell>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let is_figure = |column: usize| rows[0].get(column).is_some_and(|cell| cell.class.starts_with("figure"));
    let heads = heads.iter().enumerate().map(|(column, head)| {
        let class = if is_figure(column) { " class=\"figure\"" } else { "" };
        format!("<th scope=\"col\"{class}>{}</th>", escape(head))
    });
    let heads: String = heads.collect();
    let missing = rows.len().saturating_sub(ROWS_MAX);
    let body: String = rows.into_iter().take(ROWS_MAX).map(row).collect();
    let note =
        if missing > 0 { format!("<p class=\"note\">and {missing} more rows.</p>") } else { String::new() };
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table><caption>{}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{note}",
        escape(caption)
    )
}

fn row(cells: Vec<Cell>) -> String {
    let cells = cells.into_iter().enumerate().map(|(column, cell)| {
        let (tag, scope) = if column == 0 { ("th", " scope=\"row\"") } else { ("td", "") };
        let class = if cell.class.is_empty() { String::new() } else { format!(" class=\"{}\"", cell.class) };
        format!("<{tag}{scope}{class}>{}</{tag}>", cell.markup)
    });
    format!("<tr>{}</tr>", cells.collect::<String>())
}

/// A key of colours: `(text, class of the style sheet)`.
pub(super) fn legend<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let entries = entries
        .into_iter()
        .map(|(text, class)| format!("<li><span class=\"swatch {class}\"></span>{}</li>", escape(text)));
    format!("<ul class=\"legend\">{}</ul>", entries.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_name_holds_is_acted_on() {
        assert_eq!(escape("<a b='c' d=\"e\">&\u{0}"), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;\u{fffd}");
    }

    #[test]
    fn long_tables_say_what_is_missing() {
        let rows = (0..ROWS_MAX + 5).map(|i| vec![Cell::text(i.to_string())]).collect();
        let table = table("t", &["n"], rows);
        assert_eq!(table.matches("<tr>").count(), ROWS_MAX + 1);
        assert!(table.contains("and 5 more rows"));
    }
}
