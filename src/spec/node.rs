//! A document as a tree of values that know where they were written.

use crate::diag::Location;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Location,
    pub(super) value: Value,
}

/// What was written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A number, with its text.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// Keys with where they were written, and their values.
    Map(IndexMap<String, (Location, Node)>),
}

impl Node {
    pub(super) fn new(at: Location, value: Value) -> Self {
        Self { at, value }
    }

    /// An empty map.
    pub(super) fn empty(at: Location) -> Self {
        Self::new(at, Value::Map(IndexMap::new()))
    }

    pub(super) fn as_map(&self) -> Option<&IndexMap<String, (Location, Self)>> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key).map(|(_, node)| node)
    }

    pub(super) fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value at a pointer of keys and list indices joined by `/`.
    pub(super) fn find(&self, pointer: &str) -> Option<&Self> {
        pointer.split('/').try_fold(self, |node, key| match &node.value {
            Value::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => node.get(key),
        })
    }

    /// Leaves out the keys written at these places; `false` if one of them has more than a scalar: what else refers to
    /// that would then seem wrong, too.
    pub(super) fn drop_keys(&mut self, places: &BTreeSet<Location>) -> bool {
        match &mut self.value {
            _ if places.is_empty() => true,
            Value::Map(map) => {
                let is_doomed = |at: &Location| places.contains(at);
                let are_scalars = map.values().all(|(at, node)| !is_doomed(at) || node.scalar().is_some());
                map.retain(|_, (at, _)| !is_doomed(at));
                are_scalars && map.values_mut().all(|(_, node)| node.drop_keys(places))
            }
            Value::List(items) => items.iter_mut().all(|item| item.drop_keys(places)),
            _ => true,
        }
    }

    /// The text of a scalar.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// Its kind, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The same value without places, for typed reading: a key without a value counts as left out.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
            Value::Text(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(map) => {
                let said = map.iter().filter(|(_, (_, node))| !matches!(node.value, Value::Null));
                said.map(|(key, (_, node))| (key.clone(), node.to_json()))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }
        }
    }

    /// Calls `visit` with the pointer of every value below this one.
    pub(super) fn walk(&self, pointer: &str, visit: &mut dyn FnMut(&str, &Location, &Self)) {
        let join = |key: &str| if pointer.is_empty() { key.to_owned() } else { format!("{pointer}/{key}") };
        match &self.value {
            Value::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    let pointer = join(&number.to_string());
                    visit(&pointer, &item.at, item);
                    item.walk(&pointer, visit);
                }
            }
            Value::Map(map) => {
                for (key, (at, node)) in map {
                    let pointer = join(key);
                    visit(&pointer, at, node);
                    node.walk(&pointer, visit);
                }
            }
            _ => {}
        }
    }
}
