//! Overlays: one tree laid over another, and values set at a place.

use super::codes;
use super::node::{Node, Value};
use crate::diag::{Diag, Location};

/// Lays `over` on `base`: maps merge, anything else replaces, null removes.
/// A null with nothing to remove is warned about: it is a misspelt key.
pub(super) fn merge(base: &mut Node, over: Node, diags: &mut Vec<Diag>) {
    match (&mut base.value, over.value) {
        (Value::Map(below), Value::Map(above)) => {
            for (key, (at, node)) in above {
                if matches!(node.value, Value::Null) {
                    if below.shift_remove(&key).is_none() {
                        diags.push(nothing_to_remove(&key, at));
                    }
                    continue;
                }
                match below.get_mut(&key) {
                    Some((place, existing)) => {
                        *place = at;
                        merge(existing, node, diags);
                    }
                    None => {
                        // Laid over an empty map, so that nulls inside are not kept.
                        let mut fresh = Node::empty(node.at.clone());
                        merge(&mut fresh, node, diags);
                        below.insert(key, (at, fresh));
                    }
                }
            }
        }
        (_, Value::Map(above)) => {
            base.at = over.at.clone();
            base.value = Value::Map(Default::default());
            merge(base, Node::new(over.at, Value::Map(above)), diags);
        }
        (_, value) => {
            base.at = over.at;
            base.value = value;
        }
    }
}

fn nothing_to_remove(key: &str, at: Location) -> Diag {
    let message = format!("there is no `{key}` here that null could remove");
    Diag::warning(codes::NOTHING_TO_REMOVE, message).at(at).help("check its spelling, or remove the line")
}

/// Sets the value at a path of keys and list indices: merges as an overlay does.
///
/// # Errors
/// Says where the path leaves what is there.
pub(super) fn set(base: &mut Node, path: &[&str], value: Node, diags: &mut Vec<Diag>) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        merge(base, value, diags);
        return Ok(());
    };
    let kind = base.kind();
    match &mut base.value {
        Value::List(items) => {
            let count = items.len();
            let item = first.parse().ok().and_then(|index: usize| items.get_mut(index));
            let item = item
                .ok_or_else(|| format!("`{first}` is not an entry of a list of {count}, counted from 0"))?;
            set(item, rest, value, diags)
        }
        Value::Map(map) if rest.is_empty() && matches!(value.value, Value::Null) => {
            map.shift_remove(*first).map(|_| ()).ok_or_else(|| format!("there is no `{first}` to remove"))
        }
        Value::Map(map) => {
            let at = value.at.clone();
            let (_, inner) = map.entry((*first).to_owned()).or_insert_with(|| (at.clone(), Node::empty(at)));
            set(inner, rest, value, diags)
        }
        _ => Err(format!("`{first}` cannot be below {kind}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    fn tree(text: &str, file: &str) -> Node {
        parse(text, file, &mut Vec::new()).unwrap()
    }

    fn json(node: &Node) -> String {
        node.to_json().to_string()
    }

    #[test]
    fn maps_merge_lists_and_scalars_replace_and_null_removes() {
        let mut base = tree("a: {x: 1, y: 2, l: [1, 2]}\nb: 3\nc: 4\n", "base.yaml");
        let mut diags = Vec::new();
        merge(&mut base, tree("a: {y: 5, l: [9], z: {m: 1}}\nb: ~\nd: 6\n", "over.yaml"), &mut diags);
        assert_eq!(json(&base), r#"{"a":{"x":1,"y":5,"l":[9],"z":{"m":1}},"c":4,"d":6}"#);
        assert_eq!(diags, []);
        let y = base.get("a").and_then(|a| a.get("y")).unwrap();
        assert_eq!((y.at.file.as_str(), y.at.line), ("over.yaml", 1));
    }

    #[test]
    fn a_null_with_nothing_to_remove_is_not_kept_but_warned_about() {
        let mut base = tree("a: 1\n", "base.yaml");
        let mut diags = Vec::new();
        merge(&mut base, tree("b: ~\nc: {d: ~, e: 2}\na: {f: ~}\n", "over.yaml"), &mut diags);
        assert_eq!(json(&base), r#"{"a":{},"c":{"e":2}}"#);
        let lines: Vec<(&str, u32)> =
            diags.iter().filter_map(|diag| Some((diag.code, diag.at.as_ref()?.line))).collect();
        assert_eq!(lines, [("W101", 1), ("W101", 2), ("W101", 3)]);
    }

    #[test]
    fn a_path_reaches_into_maps_and_lists() {
        let mut base = tree("a: {b: [{c: 1}, {c: 2}]}\n", "base.yaml");
        let mut put = |path: &[&str], text: &str| {
            set(&mut base, path, tree(text, "--set"), &mut Vec::new()).map(|()| json(&base))
        };
        assert_eq!(put(&["a", "b", "1", "c"], "5").as_deref(), Ok(r#"{"a":{"b":[{"c":1},{"c":5}]}}"#));
        assert_eq!(
            put(&["a", "n", "m"], "{x: 1}").as_deref(),
            Ok(r#"{"a":{"b":[{"c":1},{"c":5}],"n":{"m":{"x":1}}}}"#)
        );
        assert_eq!(put(&["a", "b"], "~").as_deref(), Ok(r#"{"a":{"n":{"m":{"x":1}}}}"#));
        assert!(put(&["a", "gone"], "~").unwrap_err().contains("no `gone`"));
        assert!(put(&["a", "n", "m", "x", "y"], "1").unwrap_err().contains("below a number"));
    }
}
