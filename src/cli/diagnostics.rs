//! Showing what is wrong with an input, with the lines it is about.

use super::terminal::{Terminal, tell};
use crate::diag::{Diag, Location, Severity};
use crate::spec::Sources;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What was said already, so that a file read on behalf of several others is complained of once.
#[derive(Debug, Default)]
pub(super) struct Said(BTreeSet<Sentence>);

/// What makes two diagnostics the same to a reader; a file has many paths, and only one identity.
type Sentence = (PathBuf, u32, u32, &'static str, String);

impl Said {
    /// Of the diagnostics that `concerns` picks, keeps those that were not said before.
    pub(super) fn keep_new(&mut self, diags: &mut Vec<Diag>, concerns: impl Fn(&Diag) -> bool) {
        diags.retain(|diag| !concerns(diag) || self.0.insert(sentence(diag)));
    }
}

fn sentence(diag: &Diag) -> Sentence {
    let at = diag.at.clone().unwrap_or_default();
    let file = std::fs::canonicalize(&at.file).unwrap_or_else(|_| PathBuf::from(&at.file));
    (file, at.line, at.column, diag.code, diag.message.clone())
}

/// Whether a diagnostic is about a file.
pub(super) fn is_about(diag: &Diag, path: &Path) -> bool {
    let same = |file: &str| {
        std::fs::canonicalize(file).is_ok_and(|file| path.canonicalize().is_ok_and(|path| path == file))
    };
    diag.at.as_ref().is_some_and(|at| at.file.as_str() == path.display().to_string() || same(&at.file))
}

/// Shows all diagnostics on standard error, and how many there are.
pub(super) fn show(diags: &[Diag], sources: &Sources, terminal: &Terminal) {
    if diags.is_empty() {
        return;
    }
    let renderer = if terminal.stderr_colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(terminal.width);
    let mut text = String::new();
    for diag in diags {
        text.push_str(&renderer.render(&[group(diag, sources)]));
        text.push_str("\n\n");
    }
    text.push_str(&format!("{}\n", count(diags)));
    tell(&text);
}

/// `2 errors, 1 warning`.
pub(super) fn count(diags: &[Diag]) -> String {
    let of = |severity| diags.iter().filter(|diag| diag.severity == severity).count();
    let plural = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let parts = [plural(of(Severity::Error), "error"), plural(of(Severity::Warning), "warning")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn group<'a>(diag: &'a Diag, sources: &'a Sources) -> Group<'a> {
    let level = match diag.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diag.message.as_str()).id(diag.code);
    let group = match &diag.at {
        Some(at) => match sources.get(&at.file).and_then(|text| Some((text, span(text, at)?))) {
            Some((text, span)) => title.element(
                Snippet::source(text.as_str())
                    .path(at.file.as_str())
                    .annotation(AnnotationKind::Primary.span(span)),
            ),
            None if at.file.is_empty() => Group::with_title(title),
            None => title.element(origin(at)),
        },
        None => Group::with_title(title),
    };
    match diag.help.as_deref().filter(|help| !help.is_empty()) {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}

fn origin(at: &Location) -> Origin<'_> {
    let origin = Origin::path(at.file.as_str());
    if at.line == 0 { origin } else { origin.line(at.line as usize).char_column(at.column as usize) }
}

/// The bytes that a location marks; `None` when it is beyond the text.
fn span(text: &str, at: &Location) -> Option<Range<usize>> {
    let line_index = (at.line as usize).checked_sub(1)?;
    let line_start: usize = text.split_inclusive('\n').take(line_index).map(str::len).sum();
    let line = text.split_inclusive('\n').nth(line_index)?.trim_end_matches(['\n', '\r']);
    let skipped = (at.column as usize).saturating_sub(1);
    let byte = |chars: usize| line.char_indices().nth(chars).map_or(line.len(), |(index, _)| index);
    let (start, end) = (byte(skipped), byte(skipped + at.length.max(1) as usize));
    Some(line_start + start..line_start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(line: u32, column: u32, length: u32) -> Location {
        Location { file: "a.yaml".into(), line, column, length }
    }

    #[test]
    fn a_location_marks_characters_of_its_line_only() {
        let text = "first\nää: ölig\r\nlast";
        let marked =
            |line, column, length| span(text, &location(line, column, length)).map(|span| &text[span]);
        assert_eq!(marked(2, 5, 2), Some("öl"));
        assert_eq!(marked(2, 5, 99), Some("ölig"));
        assert_eq!(marked(3, 9, 1), Some(""));
        assert_eq!(marked(4, 1, 1), None);
        assert_eq!(marked(0, 0, 1), None);
    }

    #[test]
    fn a_diagnostic_names_code_place_line_and_way_out() {
        let diag = Diag::error("E999", "this is wrong").at(location(2, 1, 4)).help("write it differently");
        let sources: Sources = [("a.yaml".to_owned(), "fine: 1\nodd!: 2\n".to_owned())].into();
        let text = Renderer::plain().render(&[group(&diag, &sources)]).to_string();
        for part in
            ["error[E999]: this is wrong", "--> a.yaml:2:1", "odd!: 2", "^^^^", "help: write it differently"]
        {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let elsewhere = Renderer::plain().render(&[group(&diag, &Sources::new())]).to_string();
        assert!(elsewhere.contains("a.yaml:2:1"), "{elsewhere}");
    }

    #[test]
    fn counts_agree_with_grammar() {
        let (error, warning) = (Diag::error("E1", "x"), Diag::warning("W1", "y"));
        assert_eq!(count(&[error.clone(), error, warning]), "2 errors, 1 warning");
    }
}
