//! Rust files as the other checks see them: without comments, texts and tests.

use super::assert_none;
use super::files::{files, root, shown};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One file of the library.
pub(super) struct Source {
    /// Where it is.
    pub(super) path: PathBuf,
    /// All of it.
    pub(super) text: String,
    /// Comments, texts and the modules of tests blanked out; lines stay where they were.
    pub(super) code: String,
}

impl Source {
    /// The library's module that it belongs to: the first folder or file name below `src`.
    pub(super) fn module(&self) -> String {
        let below = self.path.strip_prefix(root().join("src")).expect("a file below src");
        let first = below.iter().next().expect("a file name").to_string_lossy();
        first.trim_end_matches(".rs").to_owned()
    }
}

/// Every file of the library that is compiled outside tests, found by following `mod` lines.
pub(super) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for start in ["lib.rs", "main.rs"] {
        follow(&root().join("src").join(start), &mut found, false);
    }
    found.into_iter().filter(|(_, is_test)| !is_test).map(|(source, _)| source).collect()
}

fn follow(path: &Path, found: &mut Vec<(Source, bool)>, is_test: bool) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", shown(path)));
    let plain = blank_texts(&text);
    let code = blank_tests(&plain);
    let own_folder = match path.file_name().and_then(|name| name.to_str()) {
        Some("lib.rs" | "main.rs" | "mod.rs") => path.parent().expect("a folder").to_owned(),
        _ => path.with_extension(""),
    };
    let mut is_for_tests = false;
    for line in plain.lines().map(str::trim) {
        if line == "#[cfg(test)]" {
            is_for_tests = true;
            continue;
        }
        if let Some(name) = declared(line) {
            let file = own_folder.join(format!("{name}.rs"));
            let file = if file.exists() { file } else { own_folder.join(name).join("mod.rs") };
            follow(&file, found, is_test || is_for_tests);
        }
        is_for_tests &= line.starts_with("#[");
    }
    found.push((Source { path: path.to_owned(), text, code }, is_test));
}

/// The name in `pub(crate) mod name;`.
fn declared(line: &str) -> Option<&str> {
    let (before, rest) = line.strip_suffix(';')?.split_once("mod ")?;
    let is_declaration = before.is_empty() || before.starts_with("pub");
    (is_declaration && rest.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(rest)
}

/// Blanks comments, strings and characters, so that braces and words in them do not count.
pub(super) fn blank_texts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out: String = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = text_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The end of the comment, string or character that begins here; here, if none does.
fn text_end(chars: &[char], at: usize) -> usize {
    let find = |from: usize, pattern: &str| -> usize {
        let pattern: Vec<char> = pattern.chars().collect();
        let places = from..chars.len().saturating_sub(pattern.len() - 1);
        let found = places.into_iter().find(|place| chars[*place..].starts_with(&pattern));
        found.map_or(chars.len(), |place| place + pattern.len())
    };
    let is_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match (chars[at], chars.get(at + 1), chars.get(at + 2)) {
        ('/', Some('/'), _) => find(at, "\n") - 1,
        ('/', Some('*'), _) => find(at, "*/"),
        ('r', Some('"' | '#'), _) if !is_word => {
            let marks = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            if chars.get(at + 1 + marks) != Some(&'"') {
                return at;
            }
            find(at + 2 + marks, &format!("\"{}", "#".repeat(marks)))
        }
        ('"', ..) => quoted_end(chars, at, '"'),
        ('\'', Some('\\'), _) => quoted_end(chars, at, '\''),
        ('\'', Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

fn quoted_end(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// Blanks `#[cfg(test)] mod name { ... }`.
fn blank_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]\nmod ") {
        let end = match (out[start..].find('{'), out[start..].find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|at| open < at) => block_end(&out, start + open),
            (_, Some(semicolon)) => start + semicolon + 1,
            _ => out.len(),
        };
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// Just after the brace that closes the one at `open`.
pub(super) fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    code.len()
}

#[test]
fn every_rust_file_is_part_of_the_program() {
    let mut found = Vec::new();
    for start in ["lib.rs", "main.rs"] {
        follow(&root().join("src").join(start), &mut found, false);
    }
    let reached: BTreeSet<PathBuf> = found.into_iter().map(|(source, _)| source.path).collect();
    let dead = files("src", &[".rs"]).into_iter().filter(|file| !reached.contains(file));
    assert_none(dead.map(|file| format!("{}: no `mod` line leads here", shown(&file))).collect());
}

#[test]
fn texts_comments_and_tests_are_not_taken_for_code() {
    let rust = "fn a<'x>() { \"}\\\"\"; '{'; '\\''; r#\"}\"#; } // }\n#[cfg(test)]\nmod tests { fn b() {} }\n/* { */";
    let plain = blank_texts(rust);
    assert_eq!(plain.matches('{').count(), plain.matches('}').count());
    assert_eq!(plain.lines().count(), rust.lines().count());
    let code = blank_tests(&plain);
    assert!(code.contains("fn a<'x>()") && !code.contains("fn b"), "{code}");
}
