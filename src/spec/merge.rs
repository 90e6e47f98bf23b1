//! Overlays: one tree laid over another.

use super::node::{Node, Value};
use indexmap::IndexMap;

/// Lays `over` on `base`: maps merge, anything else replaces, null removes.
pub(super) fn merge(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Value::Map(below), Value::Map(above)) => {
            for (key, (at, node)) in above {
                if matches!(node.value, Value::Null) {
                    below.shift_remove(&key);
                    continue;
                }
                match below.get_mut(&key) {
                    Some((place, existing)) => {
                        *place = at;
                        merge(existing, node);
                    }
                    None => {
                        below.insert(key, (at, without_nulls(node)));
                    }
                }
            }
        }
        (_, value) => {
            base.at = over.at;
            base.value = value;
        }
    }
}

/// A tree whose nulls, having nothing to remove, are gone.
fn without_nulls(node: Node) -> Node {
    let value = match node.value {
        Value::Map(map) => Value::Map(
            map.into_iter()
                .filter(|(_, (_, node))| !matches!(node.value, Value::Null))
                .map(|(key, (at, node))| (key, (at, without_nulls(node))))
                .collect::<IndexMap<_, _>>(),
        ),
        other => other,
    };
    Node::new(node.at, value)
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    #[test]
    fn maps_merge_lists_and_scalars_replace_and_null_removes() {
        let mut base = parse("a: {x: 1, y: 2, l: [1, 2]}\nb: 3\nc: 4\n", "base.yaml").unwrap();
        let over = parse("a: {y: 5, l: [9], z: {k: ~, m: 1}}\nb: ~\nd: 6\n", "over.yaml").unwrap();
        merge(&mut base, over);
        assert_eq!(base.to_json().to_string(), r#"{"a":{"x":1,"y":5,"l":[9],"z":{"m":1}},"c":4,"d":6}"#);
        let y = base.get("a").and_then(|a| a.get("y")).unwrap();
        assert_eq!((y.at.file.as_str(), y.at.line), ("over.yaml", 1));
    }
}
