//! Where every value of a merged document was written.

use super::node::{Node, Value};
use crate::diag::Location;
use std::collections::BTreeMap;

/// Which of the two documents a pointer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The merged topology.
    Topology,
    /// The scenario.
    Scenario,
}

/// Maps pointers such as `components/orders/calls/redis/timeout` or `faults/0/slow` to places in
/// files. A pointer's segments are keys and list indices, joined by `/`.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    places: BTreeMap<(Part, String), Location>,
    trees: Vec<(Part, Node)>,
}

impl Origins {
    /// The places of two whole documents: keys of maps and lists, and single values themselves.
    pub(super) fn of(topology: Node, scenario: Node) -> Self {
        let mut origins = Self::default();
        for (part, node) in [(Part::Topology, topology), (Part::Scenario, scenario)] {
            origins.insert(part, "", node.at.clone());
            node.walk("", &mut |pointer, at, value| {
                let is_single = !matches!(value.value, Value::Map(_) | Value::List(_));
                origins.insert(part, pointer, if is_single { value.at.clone() } else { at.clone() });
            });
            origins.trees.push((part, node));
        }
        origins
    }

    /// The documents themselves.
    pub(super) fn trees(&self) -> &[(Part, Node)] {
        &self.trees
    }

    /// Notes where the value at a pointer was written.
    pub fn insert(&mut self, part: Part, pointer: &str, location: Location) {
        self.places.insert((part, pointer.to_owned()), location);
    }

    /// Where the value at a pointer was written; if it was not, its nearest ancestor.
    #[must_use]
    pub fn locate(&self, part: Part, pointer: &str) -> Location {
        let mut pointer = pointer;
        loop {
            if let Some(location) = self.places.get(&(part, pointer.to_owned())) {
                return location.clone();
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None if pointer.is_empty() => return Location::default(),
                None => pointer = "",
            }
        }
    }
}
