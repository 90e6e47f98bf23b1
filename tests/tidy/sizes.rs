//! Files and functions stay small enough to be read in one go.

use super::assert_none;
use super::files::shown;
use super::source::{block_end, sources};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Files that are longer than they should be: they may shrink and leave this list, and never grow.
const TOO_LONG_FILES: &[(&str, usize)] = &[];
/// The same for functions.
const TOO_LONG_FUNCTIONS: &[(&str, usize)] = &[("src/sim/start.rs new", 83)];

/// What is allowed to a file or function.
fn limit(lists: &[&[(&str, usize)]], name: &str, usual: usize) -> usize {
    let listed = lists.iter().flat_map(|list| list.iter()).find(|(listed, _)| *listed == name);
    listed.map_or(usual, |(_, max)| *max)
}

#[test]
fn files_are_short() {
    let mut complaints = Vec::new();
    for source in sources() {
        let (name, lines) = (shown(&source.path), source.text.lines().count());
        let max = limit(&[TOO_LONG_FILES], &name, FILE_LINES_MAX);
        if lines > max {
            complaints.push(format!("{name}: {lines} lines, {max} are allowed"));
        }
    }
    assert_none(complaints);
}

#[test]
fn functions_are_short() {
    let mut complaints = Vec::new();
    for source in sources() {
        for (name, line, length) in functions(&source.code) {
            let file = shown(&source.path);
            let max = limit(&[TOO_LONG_FUNCTIONS], &format!("{file} {name}"), FUNCTION_LINES_MAX);
            if length > max {
                complaints.push(format!("{file}:{line}: `{name}` has {length} lines, {max} are allowed"));
            }
        }
    }
    assert_none(complaints);
}

/// Name, first line and number of lines of every function with a body.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let is_word_before = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &code[at + 3..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let body = rest.find(['{', ';']).filter(|end| rest[*end..].starts_with('{'));
        if let (false, false, Some(body)) = (is_word_before, name.is_empty(), body) {
            let end = block_end(code, at + 3 + body);
            let line = code[..at].matches('\n').count() + 1;
            found.push((name, line, code[at..end].matches('\n').count() + 1));
        }
    }
    found
}

#[test]
fn what_became_short_enough_leaves_the_lists() {
    let sources = sources();
    let is_long_file = |name: &str| {
        sources.iter().any(|s| shown(&s.path) == name && s.text.lines().count() > FILE_LINES_MAX)
    };
    let is_long_function = |name: &str| {
        let (file, function) = name.split_once(' ').unwrap_or_default();
        sources.iter().filter(|s| shown(&s.path) == file).any(|s| {
            functions(&s.code)
                .iter()
                .any(|(name, _, length)| name == function && *length > FUNCTION_LINES_MAX)
        })
    };
    let files = TOO_LONG_FILES.iter().filter(|(name, _)| !is_long_file(name));
    let functions = TOO_LONG_FUNCTIONS.iter().filter(|(name, _)| !is_long_function(name));
    assert_none(files.chain(functions).map(|(name, _)| format!("{name} needs no exception")).collect());
}

#[test]
fn functions_are_found_with_their_lengths() {
    let code =
        "fn a() {\n  if x {\n  }\n}\ntrait T { fn b(); }\n  fn c<F: fn(u8)>(f: F)\n  where F: X {\n}\n";
    let expected = [("a".to_owned(), 1, 4), ("c".to_owned(), 6, 3)];
    assert_eq!(functions(code), expected);
}
