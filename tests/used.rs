//! No part of the language is without a file that shows it: each key and word of the schemas is in a shipped
//! topology, scenario or kind.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// What no shipped file says, and why.
const UNUSED: [(&str, &str); 4] = [
    ("first-fill-wins:", "what it is for is a published model of caches: the validation has it"),
    ("hit:", "as above"),
    (
        "pool-timeout",
        "a class of failure like others that retries and rescues name; the tests of policies have it",
    ),
    ("reneged", "as above"),
];

/// Texts of all YAML files below a folder.
fn texts(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            texts(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            all.extend(text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]));
        }
    }
}

/// Keys, with a colon after them, and words that a schema allows.
fn collect(schema: &Value, all: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                all.extend(properties.keys().map(|key| format!("{key}:")));
            }
            let words = object.get("enum").and_then(Value::as_array).into_iter().flatten();
            all.extend(words.chain(object.get("const")).filter_map(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| collect(value, all));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, all)),
        _ => {}
    }
}

/// Whether a text has a word that is not a part of a longer one.
fn has(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && (word.ends_with(':') || !after.is_some_and(is_part))
    })
}

#[test]
fn every_key_and_word_of_the_language_is_in_a_shipped_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    ["topologies", "scenarios", "catalogue"].iter().for_each(|folder| texts(&root.join(folder), &mut text));
    let mut all = BTreeSet::new();
    for kind in ["topology", "scenario", "kind"] {
        let schema =
            std::fs::read_to_string(root.join(format!("docs/schema/{kind}.json"))).expect("a schema");
        collect(&serde_json::from_str(&schema).expect("JSON"), &mut all);
    }
    assert!(all.len() > 400, "{}", all.len());
    let unused: Vec<&String> = all.iter().filter(|word| !has(&text, word)).collect();
    let excused: Vec<&str> = UNUSED.iter().map(|(word, _)| *word).collect();
    assert_eq!(unused, excused, "show each in a scenario, or say here why not");
}
