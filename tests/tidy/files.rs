//! The files of the repository that people write.

use super::assert_none;
use std::path::{Path, PathBuf};

/// The repository's root.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files with one of these endings in a folder below the root and in its folders, in order.
pub(super) fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&root().join(folder), endings, &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                walk(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// A path as it is written in messages: from the root on.
pub(super) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn every_yaml_file_tells_editors_its_schema() {
    const MODELINE: &str = "# yaml-language-server: $schema=";
    let mut complaints = Vec::new();
    for (folder, schema) in [("topologies", "topology"), ("scenarios", "scenario"), ("catalogue", "kind")] {
        for file in files(folder, &[".yaml", ".yml"]) {
            let is_nemesis = file.parent().is_some_and(|folder| folder.ends_with("nemeses"));
            let schema = if is_nemesis { "nemesis" } else { schema };
            let text = std::fs::read_to_string(&file).expect("a readable file");
            let first = text.lines().next().unwrap_or_default();
            let named = first.strip_prefix(MODELINE).map(str::trim);
            let wanted = format!("docs/schema/{schema}.json");
            if !named.is_some_and(|named| named.ends_with(&wanted)) {
                complaints.push(format!("{}: its first line is not `{MODELINE}.../{wanted}`", shown(&file)));
                continue;
            }
            let target = file.parent().expect("a folder").join(named.unwrap_or_default());
            let climbs_to_root = target.components().count() - root().join(&wanted).components().count();
            let ups = named.unwrap_or_default().matches("../").count();
            if climbs_to_root != 2 * ups {
                complaints.push(format!("{}: its schema's path does not lead to {wanted}", shown(&file)));
            }
        }
    }
    assert_none(complaints);
}
