//! A topology and what is laid over it: kind < topology < environment < scenario < values set from outside.
//!
//! Kinds go in first although an overlay may choose them, so that a null in
//! any layer removes what its kind says, too.

use super::codes;
use super::kinds::Catalogue;
use super::merge::{merge, set};
use super::node::{Node, Value};
use super::validate::suggest;
use crate::diag::{Diag, Location};
use std::collections::BTreeSet;

/// The kind of a component that states none.
const KIND_DEFAULT: &str = "core/service";

/// One layer over a topology.
pub(super) enum Change {
    /// An environment, or a scenario's `override`.
    Overlay(Node),
    /// A value set from outside, and the tree that says the same.
    Set {
        /// Keys and list indices.
        path: Vec<String>,
        /// What is set there.
        value: Node,
        /// Both as one tree.
        tree: Node,
    },
}

impl Change {
    /// A value set from outside.
    pub(super) fn set(path: &[&str], value: Node) -> Self {
        let tree = path.iter().rev().fold(value.clone(), |inner, key| {
            let at = inner.at.clone();
            let mut outer = Node::empty(at.clone());
            if let Value::Map(map) = &mut outer.value {
                map.insert((*key).to_owned(), (at, inner));
            }
            outer
        });
        Self::Set { path: path.iter().map(|key| (*key).to_owned()).collect(), value, tree }
    }

    fn tree(&self) -> &Node {
        match self {
            Self::Overlay(tree) | Self::Set { tree, .. } => tree,
        }
    }

    fn component(&self, name: &str) -> Option<&Node> {
        self.tree().get("components")?.get(name)
    }

    fn apply(self, topology: &mut Node, diags: &mut Vec<Diag>) {
        match self {
            Self::Overlay(tree) => merge(topology, tree, diags),
            Self::Set { path, value, .. } => {
                let at = value.at.clone();
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                if let Err(reason) = set(topology, &path, value, diags) {
                    let message = format!("`{}` cannot be set: {reason}", path.join("."));
                    let help =
                        "paths are keys and list indices joined by dots, such as `components.app.replicas`";
                    diags.push(Diag::error(codes::BAD_SET, message).at(at).help(help));
                }
            }
        }
    }
}

/// Lays the changes over a topology, lowest first, with kinds below everything.
///
/// Names of the kinds used are added to `used`.
pub(super) fn assemble(
    mut topology: Node,
    changes: Vec<Change>,
    catalogue: &Catalogue,
    used: &mut BTreeSet<String>,
    diags: &mut Vec<Diag>,
) -> Node {
    fill_in_kinds(&mut topology, &changes, catalogue, used, diags);
    for change in changes {
        change.apply(&mut topology, diags);
    }
    topology
}

fn fill_in_kinds(
    topology: &mut Node,
    changes: &[Change],
    catalogue: &Catalogue,
    used: &mut BTreeSet<String>,
    diags: &mut Vec<Diag>,
) {
    add_new_components(topology, changes, diags);
    let Value::Map(map) = &mut topology.value else { return };
    let Some((_, Node { value: Value::Map(components), .. })) = map.get_mut("components") else { return };
    for (name, (_, component)) in components {
        if component.as_map().is_none() {
            continue;
        }
        let said = changes.iter().rev().find_map(|change| change.component(name)?.get("kind"));
        let stated = said.or_else(|| component.get("kind")).filter(|node| !matches!(node.value, Value::Null));
        let kind = stated.and_then(Node::scalar).unwrap_or_else(|| KIND_DEFAULT.to_owned());
        let at = stated.map_or_else(|| component.at.clone(), |node| node.at.clone());
        let own = std::mem::replace(component, Node::empty(Location::default()));
        *component = match catalogue.fill_in(&kind, own.clone(), used, diags) {
            Ok(whole) => Node { at: own.at, ..whole },
            Err(help) => {
                let message = format!("there is no kind `{kind}`");
                diags.push(Diag::error(codes::UNKNOWN_KIND, message).at(at).help(help));
                own
            }
        };
    }
}

/// Puts a place for each component that an overlay adds. It must say its
/// kind: otherwise a misspelt name would become a component of its own.
fn add_new_components(topology: &mut Node, changes: &[Change], diags: &mut Vec<Diag>) {
    let added = changes.iter().filter_map(|change| change.tree().get("components")?.as_map());
    for (name, (at, node)) in added.flatten() {
        let known = topology.get("components").and_then(Node::as_map);
        if node.as_map().is_none() || known.is_some_and(|known| known.contains_key(name)) {
            continue;
        }
        if node.get("kind").is_none() {
            let names: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let message = format!("this changes a component `{name}`, which does not exist");
            let help = format!("{}; one that is new here must say its `kind`", suggest(name, &names));
            diags.push(Diag::error(codes::NEW_COMPONENT, message).at(at.clone()).help(help));
            continue;
        }
        let Value::Map(map) = &mut topology.value else { return };
        let (_, components) =
            map.entry("components".to_owned()).or_insert_with(|| (at.clone(), Node::empty(at.clone())));
        if let Value::Map(components) = &mut components.value {
            components.insert(name.clone(), (at.clone(), Node::empty(node.at.clone())));
        }
    }
}
