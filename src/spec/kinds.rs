//! The catalogue: kinds as data.

use super::codes;
use super::load::internal;
use super::merge::merge;
use super::nemeses::{self, Nemesis};
use super::node::Node;
use super::raw::{RawConfidence, RawFigure, RawKind};
use super::schema::{FileKind, schema};
use super::shelf::Shelved;
use super::validate::{suggest, validate};
use super::yaml;
use crate::diag::{Diag, Location};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A kind a component can be of.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its name, such as `aws/fargate-service`.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The kind it is based on.
    pub extends: Option<String>,
    /// Where its values come from.
    pub figures: Vec<Figure>,
    /// The file it was read from.
    pub file: String,
    component: Node,
    text: String,
}

impl Kind {
    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The figure behind a value that this kind states itself.
    #[must_use]
    pub fn figure(&self, pointer: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| {
            pointer.strip_prefix(&figure.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// A value of a kind and where it comes from.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Figure {
    /// Which value: a pointer into the component, such as `connections`.
    pub path: String,
    /// The value as the source states it.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// Where it is stated.
    pub source: String,
    /// How sure it is.
    pub confidence: RawConfidence,
    /// Whether somebody looked it up; if not, it is an assumption.
    pub verified: bool,
    /// What else to know.
    pub note: Option<String>,
}

/// All kinds.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    kinds: BTreeMap<String, Shelved<Kind>>,
    nemeses: BTreeMap<String, Shelved<Nemesis>>,
}

/// Kinds may be based on one another this deeply.
const DEPTH_MAX: usize = 8;

impl Catalogue {
    /// The kinds that come with the program. Each is read when it is first asked for.
    #[must_use]
    pub fn embedded() -> Self {
        let mut catalogue = Self::default();
        for (path, text) in crate::catalogue::EMBEDDED {
            let name = path.strip_suffix(".yaml").unwrap_or(path);
            match name.strip_prefix("nemeses/") {
                Some(nemesis) => {
                    catalogue.nemeses.insert(nemesis.to_owned(), Shelved::unread(path, text));
                }
                None => {
                    catalogue.kinds.insert(name.to_owned(), Shelved::unread(path, text));
                }
            }
        }
        catalogue
    }

    /// Adds the kinds of a user's folder and its subfolders; they replace embedded ones of the same name.
    ///
    /// # Errors
    /// Everything wrong with its files. The kinds that are right have been added.
    pub fn add_folder(&mut self, folder: &Path) -> Result<(), Vec<Diag>> {
        let mut diags = Vec::new();
        self.read_folder(folder, 0, &mut diags);
        self.check_bases(&mut diags);
        if diags.is_empty() { Ok(()) } else { Err(diags) }
    }

    /// Adds the kind of one file.
    ///
    /// # Errors
    /// Everything wrong with it.
    pub fn add_file(&mut self, path: &Path) -> Result<(), Vec<Diag>> {
        let mut diags = Vec::new();
        self.read_file(path, &mut diags);
        self.check_bases(&mut diags);
        if diags.is_empty() { Ok(()) } else { Err(diags) }
    }

    fn read_folder(&mut self, folder: &Path, depth: usize, diags: &mut Vec<Diag>) {
        let unreadable = |message: String| {
            let at = Location { file: folder.display().to_string(), ..Location::default() };
            Diag::error(codes::UNREADABLE, message).at(at)
        };
        if depth >= DEPTH_MAX {
            return diags.push(unreadable(format!("folders of kinds are nested at most {DEPTH_MAX} deep")));
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return diags.push(unreadable(format!("the folder cannot be read: {error}"))),
        };
        let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.read_folder(&path, depth + 1, diags);
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                self.read_file(&path, diags);
            }
        }
    }

    fn read_file(&mut self, path: &Path, diags: &mut Vec<Diag>) {
        match yaml::read(path) {
            Ok(text) => self.add(&text, &path.display().to_string(), diags),
            Err(diag) => diags.push(diag),
        }
    }

    fn add(&mut self, text: &str, file: &str, diags: &mut Vec<Diag>) {
        let Some(node) = yaml::parse_file(text, file, diags) else { return };
        if node.get("nemesis").is_some() {
            let nemesis = nemeses::read(&node, text, file, diags);
            self.nemeses.extend(nemesis.map(|nemesis| (nemesis.name.clone(), Shelved::read(nemesis))));
            return;
        }
        let before = diags.len();
        validate(&node, schema(FileKind::Kind), diags);
        if diags.len() > before {
            return;
        }
        let kind = read_kind(&node, text, file, diags);
        self.kinds.extend(kind.map(|kind| (kind.name.clone(), Shelved::read(kind))));
    }

    /// Checks that every kind is based on kinds that exist, and not on itself.
    fn check_bases(&self, diags: &mut Vec<Diag>) {
        let names: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
        for kind in self.kinds() {
            let mut error = |message: String, help: String| {
                diags
                    .push(Diag::error(codes::UNKNOWN_KIND, message).at(kind.component.at.clone()).help(help));
            };
            let bases = std::iter::successors(Some(kind), |kind| self.get(kind.extends.as_ref()?));
            if let Some(base) = kind.extends.as_ref().filter(|base| !self.kinds.contains_key(*base)) {
                let message = format!("kind `{}` extends `{base}`, which does not exist", kind.name);
                error(message, suggest(base, &names));
            } else if bases.take(DEPTH_MAX + 1).count() > DEPTH_MAX {
                let message = format!("kind `{}` is based on itself or on too many others", kind.name);
                error(message, format!("kinds are based on one another at most {DEPTH_MAX} deep"));
            }
        }
    }

    /// All kinds, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values().map(|kind| kind.get(embedded_kind))
    }

    /// All nemeses, by name.
    pub fn nemeses(&self) -> impl Iterator<Item = &Nemesis> {
        self.nemeses.values().map(|nemesis| nemesis.get(embedded_nemesis))
    }

    /// A nemesis by name.
    #[must_use]
    pub fn nemesis(&self, name: &str) -> Option<&Nemesis> {
        Some(self.nemeses.get(name)?.get(embedded_nemesis))
    }

    /// A kind by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Kind> {
        Some(self.kinds.get(name)?.get(embedded_kind))
    }

    /// The figure behind a value of a component of some kind, if the value was written in the
    /// file of that kind or of one it is based on; what anybody else wrote has none.
    #[must_use]
    pub fn figure(&self, kind: &str, pointer: &str, written_in: &str) -> Option<&Figure> {
        self.chain(kind).find(|kind| kind.file == written_in)?.figure(pointer)
    }

    /// A kind and those it is based on, nearest first.
    pub(super) fn chain(&self, kind: &str) -> impl Iterator<Item = &Kind> {
        let next = |kind: &&Kind| self.get(kind.extends.as_ref()?);
        std::iter::successors(self.get(kind), next).take(DEPTH_MAX)
    }

    /// Lays a component over its kind, and that over the kinds it is based on; notes their names in `used`.
    ///
    /// # Errors
    /// What the kind could have been, when there is none of that name.
    pub(super) fn fill_in(
        &self,
        kind: &str,
        component: Node,
        used: &mut BTreeSet<String>,
        diags: &mut Vec<Diag>,
    ) -> Result<Node, String> {
        if !self.kinds.contains_key(kind) {
            let names: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
            return Err(suggest(kind, &names));
        }
        let mut layers = vec![component];
        for kind in self.chain(kind) {
            used.insert(kind.name.clone());
            layers.push(kind.component.clone());
        }
        let mut whole = Node::empty(Location::default());
        while let Some(over) = layers.pop() {
            merge(&mut whole, over, diags);
        }
        Ok(whole)
    }
}

/// Makes a kind of a file whose shape is right.
fn read_kind(node: &Node, text: &str, file: &str, diags: &mut Vec<Diag>) -> Option<Kind> {
    let raw = match serde_json::from_value::<RawKind>(node.to_json()) {
        Ok(raw) => raw,
        Err(error) => {
            diags.push(internal(&error, &node.at));
            return None;
        }
    };
    let component = node.get("component").cloned().unwrap_or_else(|| Node::empty(node.at.clone()));
    check_kind(&raw, node, &component, diags);
    let figures = raw.figures.into_iter().map(figure).collect();
    let (name, description, extends) = (raw.kind, raw.description, raw.extends);
    let (file, text) = (file.to_owned(), text.to_owned());
    Some(Kind { name, description, extends, figures, file, component, text })
}

/// Reads a kind that came with the program, and that a test has found to be right.
fn embedded_kind(file: &str, text: &str) -> Kind {
    let mut diags = Vec::new();
    let kind =
        yaml::parse_file(text, file, &mut diags).and_then(|node| read_kind(&node, text, file, &mut diags));
    kind.unwrap_or_else(|| panic!("{file} is wrong: {diags:?}"))
}

/// Reads a nemesis that came with the program, and that a test has found to be right.
fn embedded_nemesis(file: &str, text: &str) -> Nemesis {
    let mut diags = Vec::new();
    let node = yaml::parse_file(text, file, &mut diags);
    let nemesis = node.and_then(|node| nemeses::read(&node, text, file, &mut diags));
    nemesis.unwrap_or_else(|| panic!("{file} is wrong: {diags:?}"))
}

/// Checks what the schema cannot say about a kind.
fn check_kind(raw: &RawKind, node: &Node, component: &Node, diags: &mut Vec<Diag>) {
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let at = |node: Option<&Node>| node.map(|node| node.at.clone()).unwrap_or_default();
    let parts: Vec<&str> = raw.kind.split('/').collect();
    if parts.len() != 2 || !parts.iter().all(|part| is_word(part)) {
        let diag = Diag::error(codes::BAD_NAME, format!("`{}` cannot be the name of a kind", raw.kind));
        let help = "write `family/name` in small letters, digits and `-`";
        diags.push(diag.at(at(node.get("kind"))).help(help));
    }
    let entries = node.get("figures").and_then(Node::as_list).unwrap_or_default();
    for (raw, entry) in raw.figures.iter().zip(entries) {
        let path = raw.path.strip_prefix("component/");
        if path.is_none_or(|path| component.find(path).is_none()) {
            let diag = Diag::error(codes::UNKNOWN_KEY, format!("this kind says nothing at `{}`", raw.path));
            let help = "write the way to a value of this file, such as `component/operations/read/0/compute`";
            diags.push(diag.at(at(entry.get("path"))).help(help));
        }
    }
}

fn figure(raw: RawFigure) -> Figure {
    Figure {
        path: raw.path.strip_prefix("component/").unwrap_or(&raw.path).to_owned(),
        value: raw.value.0,
        unit: raw.unit,
        source: raw.source,
        confidence: raw.confidence,
        verified: raw.verified,
        note: raw.note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_program_is_right_and_named_like_its_file() {
        let embedded = Catalogue::embedded();
        let mut read = Catalogue::default();
        let mut diags = Vec::new();
        for (path, text) in crate::catalogue::EMBEDDED {
            read.add(text, &format!("catalogue/{path}"), &mut diags);
        }
        read.check_bases(&mut diags);
        assert!(diags.is_empty(), "{diags:?}");
        assert!(read.kinds.keys().eq(embedded.kinds.keys()));
        assert!(read.nemeses.keys().eq(embedded.nemeses.keys()));
        let pairs = read.kinds().zip(embedded.kinds());
        pairs.for_each(|(read, embedded)| assert_eq!(format!("{read:?}"), format!("{embedded:?}")));
    }
}
