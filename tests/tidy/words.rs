//! Words that have no place in the repository.

use super::assert_none;
use super::files::{files, shown};
use super::source::sources;

const TEXTS: &[&str] = &[".rs", ".md", ".yaml", ".yml", ".toml", ".sql", ".json"];
const FOLDERS: &[&str] = &["src", "tests", "benches", "docs", "catalogue", "topologies", "scenarios", "fuzz"];

/// Split, so that this file does not contain them.
fn unfinished() -> Vec<String> {
    [("TO", "DO"), ("FIX", "ME"), ("X", "XX"), ("HA", "CK")].map(|(a, b)| format!("{a}{b}")).to_vec()
}

/// Paths of the machine that something was written on.
fn machine_paths() -> Vec<String> {
    [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/U", "sers/")].map(|(a, b)| format!("{a}{b}")).to_vec()
}

fn is_whole_word(line: &str, at: usize, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    !line[..at].ends_with(is_letter) && !line[at + word.len()..].starts_with(is_letter)
}

#[test]
fn nothing_is_left_unfinished_and_no_machine_is_named() {
    let (unfinished, paths) = (unfinished(), machine_paths());
    let mut complaints = Vec::new();
    for file in FOLDERS.iter().flat_map(|folder| files(folder, TEXTS)) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let word = unfinished
                .iter()
                .find(|word| line.match_indices(word.as_str()).any(|(at, _)| is_whole_word(line, at, word)));
            if let Some(found) = word.or_else(|| paths.iter().find(|path| line.contains(path.as_str()))) {
                complaints.push(format!("{}:{}: `{found}`", shown(&file), number + 1));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!") && !source.text.starts_with("#![doc"));
    assert_none(silent.map(|source| format!("{}: no `//!` at its top", shown(&source.path))).collect());
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let mut complaints = Vec::new();
    for source in sources() {
        for (number, line) in source.code.lines().enumerate() {
            if line.contains("#[allow(") || line.contains("#![allow(") {
                complaints.push(format!(
                    "{}:{}: use #[expect(..., reason)]",
                    shown(&source.path),
                    number + 1
                ));
            }
        }
    }
    assert_none(complaints);
}
