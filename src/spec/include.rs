//! A topology in several files: parts whose entries are joined with those of the file that includes them.

use super::codes;
use super::node::{Node, Value};
use crate::diag::{Diag, Location};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files that a topology may include at most.
const PARTS_MAX: usize = 64;

/// What only the file that includes others may say.
const OF_THE_WHOLE: [&str; 3] = ["description", "environments", "include"];

/// A file that another one names, seen from where that one lies.
pub(super) fn beside(path: &Path, name: &str) -> PathBuf {
    path.with_file_name("").join(name)
}

/// Whether both paths lead to one file that is there.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Takes out of a file of which topology it is a part, with where it says so.
pub(super) fn take_part_of(file: &mut Node, diags: &mut Vec<Diag>) -> Option<(Location, String)> {
    let Value::Map(map) = &mut file.value else { return None };
    let (_, node) = map.shift_remove("part-of")?;
    if let Value::Text(name) = node.value {
        return Some((node.at, name));
    }
    let message = format!("`part-of` is {}, not the name of a file", node.kind());
    diags.push(Diag::error(codes::WRONG_TYPE, message).at(node.at).help("such as `topology.yaml`"));
    None
}

/// Takes out of a topology which files it includes, each with where it says so.
pub(super) fn take_includes(topology: &mut Node, diags: &mut Vec<Diag>) -> Vec<(Location, String)> {
    let Value::Map(map) = &mut topology.value else { return Vec::new() };
    let Some((_, list)) = map.shift_remove("include") else { return Vec::new() };
    let Some(items) = list.as_list() else {
        let message = format!("`include` is {}, not a list of files", list.kind());
        diags.push(Diag::error(codes::WRONG_TYPE, message).at(list.at).help("such as `[data.yaml]`"));
        return Vec::new();
    };
    if let Some(item) = items.get(PARTS_MAX) {
        let message = format!("a topology includes at most {PARTS_MAX} files");
        diags.push(Diag::error(codes::WRONG_SIZE, message).at(item.at.clone()));
    }
    let mut names = BTreeSet::new();
    let mut files = Vec::new();
    for item in items.iter().take(PARTS_MAX) {
        let Value::Text(name) = &item.value else {
            let message = format!("a file to include is {}, not a text", item.kind());
            diags.push(Diag::error(codes::WRONG_TYPE, message).at(item.at.clone()));
            continue;
        };
        if names.insert(name.clone()) {
            files.push((item.at.clone(), name.clone()));
        } else {
            let message = format!("`{name}` is included twice");
            diags.push(Diag::error(codes::REPEATED_KEY, message).at(item.at.clone()).help("remove one"));
        }
    }
    files
}

/// Adds the entries of a part to those of the whole. An entry belongs to one file: what is in both is a mistake.
pub(super) fn join(whole: &mut Node, part: Node, diags: &mut Vec<Diag>) {
    let name = whole.get("topology").and_then(Node::scalar);
    let kind = part.kind();
    let (Value::Map(sections), Value::Map(all)) = (part.value, &mut whole.value) else {
        let message = format!("a part of a topology is a map, and this is {kind}");
        diags.push(Diag::error(codes::WRONG_TYPE, message).at(part.at));
        return;
    };
    if !sections.contains_key("topology") {
        diags.push(
            Diag::error(codes::MISSING_KEY, "a part of a topology needs `topology`, its name").at(part.at),
        );
    }
    for (key, (at, section)) in sections {
        if key == "topology" {
            if let (Some(name), Some(said)) =
                (&name, section.scalar().filter(|said| Some(said) != name.as_ref()))
            {
                let message = format!("a part of the topology `{name}` says that it is of `{said}`");
                let help = format!("write `topology: {name}`");
                diags.push(Diag::error(codes::BAD_PART, message).at(section.at).help(help));
            }
        } else if OF_THE_WHOLE.contains(&key.as_str()) {
            let message = format!("`{key}` stands in the file that includes others, not in a part");
            diags.push(Diag::error(codes::BAD_PART, message).at(at));
        } else if let Some((place, existing)) = all.get_mut(&key) {
            join_section(&key, (place, existing), (at, section), diags);
        } else {
            all.insert(key, (at, section));
        }
    }
}

/// Adds the entries of a section, such as `components`, to those that are there.
fn join_section(
    name: &str,
    (place, whole): (&Location, &mut Node),
    (at, part): (Location, Node),
    diags: &mut Vec<Diag>,
) {
    let (Value::Map(all), Value::Map(entries)) = (&mut whole.value, part.value) else {
        diags.push(twice(name, at, place));
        return;
    };
    for (key, entry) in entries {
        if let Some((there, _)) = all.get(&key) {
            diags.push(twice(&key, entry.0, there));
        } else {
            all.insert(key, entry);
        }
    }
}

fn twice(key: &str, at: Location, there: &Location) -> Diag {
    let message = format!("`{key}` is also in {}:{}", there.file, there.line);
    Diag::error(codes::REPEATED_KEY, message)
        .at(at)
        .help("an entry stands in one file: remove one of the two")
}
