//! The shipped catalogue says where each of its figures comes from.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// A kind's file: its name by folder and file, its text and its content.
struct Kind {
    name: String,
    text: String,
    content: Value,
}

fn kinds() -> Vec<Kind> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let families = folder(&root).into_iter().filter(|path| path.is_dir() && !path.ends_with("nemeses"));
    let files = families
        .flat_map(|family| folder(&family))
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.map(|path| kind(&root, &path)).collect()
}

fn folder(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths
}

fn kind(root: &Path, path: &Path) -> Kind {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let content = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name =
        path.with_extension("").strip_prefix(root).expect("a path below the root").display().to_string();
    Kind { name, text, content }
}

/// Every single value below a node, with its path.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found))
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| leaves(value, &format!("{path}/{index}"), found));
        }
        single => found.push((path.to_owned(), single.clone())),
    }
}

/// Whether a value chooses a behaviour instead of stating a quantity.
fn is_choice(path: &str, value: &Value) -> bool {
    let words = ["unlimited", "fifo", "lru", "delay", "reject"];
    path.ends_with("/name")
        || path.ends_with("/when")
        || path.contains("/generate/")
        || path.contains("/meter/")
        || path.ends_with("/class")
        || value.is_boolean()
        || value.as_str().is_some_and(|text| words.contains(&text))
}

fn figures(kind: &Kind) -> Vec<Value> {
    kind.content["figures"].as_array().cloned().unwrap_or_default()
}

#[test]
fn each_kind_is_named_after_its_file_described_and_known_to_editors() {
    for kind in kinds() {
        assert_eq!(kind.content["kind"], kind.name.as_str());
        assert!(
            kind.content["description"].as_str().is_some_and(|text| text.trim().ends_with('.')),
            "{}",
            kind.name
        );
        let modelines = "# yaml-language-server: $schema=../../docs/schema/kind.json\n# $schema: ../../docs/schema/kind.json\n";
        assert!(kind.text.starts_with(modelines), "{} has not the modelines", kind.name);
    }
}

#[test]
fn each_figure_points_at_a_value_and_names_its_source() {
    for kind in kinds() {
        for figure in figures(&kind) {
            let path = figure["path"].as_str().unwrap_or_default();
            let is_there = kind.content.pointer(&format!("/{path}")).is_some();
            assert!(is_there, "{}: nothing is at {path}", kind.name);
            let confidence = figure["confidence"].as_str().unwrap_or_default();
            assert!(
                ["documented", "widely-reported", "estimate"].contains(&confidence),
                "{}: {path}",
                kind.name
            );
            assert!(figure["source"].as_str().is_some_and(|text| !text.is_empty()), "{}: {path}", kind.name);
            let is_verified = figure["verified"].as_bool().unwrap_or_else(|| panic!("{}: {path}", kind.name));
            let is_from_memory =
                figure["source"].as_str().is_some_and(|text| text.starts_with("from memory"));
            assert!(!(is_verified && is_from_memory), "{}: {path}", kind.name);
        }
    }
}

#[test]
fn each_quantity_of_a_provider_kind_has_a_figure() {
    for kind in kinds().iter().filter(|kind| !kind.name.starts_with("core/")) {
        let figures = figures(kind);
        let mut found = Vec::new();
        leaves(&kind.content["component"], "component", &mut found);
        for (path, value) in found.into_iter().filter(|(path, value)| !is_choice(path, value)) {
            let is_zero = value.as_f64() == Some(0.0);
            let has_figure = figures.iter().any(|figure| figure["path"] == path.as_str());
            assert!(is_zero || has_figure, "{}: {path} has no figure", kind.name);
        }
    }
}
