//! The catalogue: kinds as data.

use super::merge::merge;
use super::node::Node;
use super::raw::{RawConfidence, RawFigure, RawKind};
use super::schema::{FileKind, schema};
use super::validate::{suggest, validate};
use super::yaml;
use crate::diag::{Diag, Location};
use std::collections::BTreeMap;
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
    kinds: BTreeMap<String, Kind>,
}

/// Kinds may be based on one another this deeply.
const DEPTH_MAX: usize = 8;

impl Catalogue {
    /// The kinds that come with the program.
    ///
    /// # Panics
    /// If one of them is wrong, which a test would have shown.
    #[must_use]
    pub fn embedded() -> Self {
        let mut catalogue = Self::default();
        let mut diags = Vec::new();
        for (path, text) in crate::catalogue::EMBEDDED {
            catalogue.add(text, &format!("catalogue/{path}"), &mut diags);
        }
        assert!(diags.is_empty(), "an embedded kind is wrong: {diags:?}");
        catalogue
    }

    /// Adds the kinds of a user's folder and its subfolders; they replace embedded ones of the same name.
    ///
    /// # Errors
    /// Everything wrong with its files.
    pub fn add_folder(&mut self, folder: &Path) -> Result<(), Vec<Diag>> {
        let mut diags = Vec::new();
        self.read_folder(folder, 0, &mut diags);
        for kind in self.kinds.values() {
            if let Some(base) = &kind.extends
                && !self.kinds.contains_key(base)
            {
                let names: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
                let message = format!("kind `{}` extends `{base}`, which does not exist", kind.name);
                diags.push(
                    Diag::error("E112", message).at(kind.component.at.clone()).help(suggest(base, &names)),
                );
            }
        }
        if diags.is_empty() { Ok(()) } else { Err(diags) }
    }

    /// Adds the kind of one file.
    ///
    /// # Errors
    /// Everything wrong with it.
    pub fn add_file(&mut self, path: &Path) -> Result<(), Vec<Diag>> {
        let mut diags = Vec::new();
        match yaml::read(path) {
            Ok(text) => self.add(&text, &path.display().to_string(), &mut diags),
            Err(diag) => diags.push(diag),
        }
        if diags.is_empty() { Ok(()) } else { Err(diags) }
    }

    fn read_folder(&mut self, folder: &Path, depth: usize, diags: &mut Vec<Diag>) {
        let at = Location { file: folder.display().to_string(), ..Location::default() };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) if depth < DEPTH_MAX => entries,
            Ok(_) => return,
            Err(error) => {
                return diags.push(Diag::error("E101", format!("the folder cannot be read: {error}")).at(at));
            }
        };
        let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.read_folder(&path, depth + 1, diags);
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                match yaml::read(&path) {
                    Ok(text) => self.add(&text, &path.display().to_string(), diags),
                    Err(diag) => diags.push(diag),
                }
            }
        }
    }

    fn add(&mut self, text: &str, file: &str, diags: &mut Vec<Diag>) {
        let node = match yaml::parse(text, file) {
            Ok(node) => node,
            Err(diag) => return diags.push(diag),
        };
        let before = diags.len();
        validate(&node, &schema(FileKind::Kind), diags);
        if diags.len() > before {
            return;
        }
        match serde_json::from_value::<RawKind>(node.to_json()) {
            Ok(raw) => {
                let component =
                    node.get("component").cloned().unwrap_or_else(|| Node::empty(node.at.clone()));
                let figures = raw.figures.into_iter().map(figure).collect();
                let kind = Kind {
                    name: raw.kind.clone(),
                    description: raw.description,
                    extends: raw.extends,
                    figures,
                    file: file.to_owned(),
                    component,
                };
                self.kinds.insert(raw.kind, kind);
            }
            Err(error) => {
                diags.push(Diag::error("E199", format!("the file cannot be read: {error}")).at(node.at))
            }
        }
    }

    /// All kinds, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }

    /// A kind by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// The figure behind a value of a kind, looked for in the kind and those it is based on.
    #[must_use]
    pub fn figure(&self, kind: &str, pointer: &str) -> Option<&Figure> {
        let mut name = kind;
        for _ in 0..DEPTH_MAX {
            let kind = self.kinds.get(name)?;
            let found = kind.figures.iter().find(|figure| {
                pointer == figure.path
                    || pointer.strip_prefix(&figure.path).is_some_and(|rest| rest.starts_with('/'))
            });
            if found.is_some() {
                return found;
            }
            name = kind.extends.as_deref()?;
        }
        None
    }

    /// Lays a component over its kind, and that over the kinds it is based on.
    pub(super) fn fill_in(&self, kind: &str, component: Node) -> Result<Node, String> {
        let mut layers = vec![component];
        let mut name = kind;
        for _ in 0..DEPTH_MAX {
            let names: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
            let found = self.kinds.get(name).ok_or_else(|| suggest(name, &names))?;
            layers.push(found.component.clone());
            match &found.extends {
                Some(base) => name = base,
                None => break,
            }
        }
        let mut whole = layers.pop().unwrap_or_else(|| Node::empty(Location::default()));
        while let Some(over) = layers.pop() {
            merge(&mut whole, over);
        }
        Ok(whole)
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
