//! Named nemeses: files of faults with parameters, put in the place of their use.

use super::codes;
use super::kinds::Catalogue;
use super::load::internal;
use super::node::{Node, Value};
use super::raw::RawNemesis;
use super::schema::nemesis_schema;
use super::validate::{suggest, validate};
use crate::diag::{Diag, Location};
use crate::units::{SimSpan, parse};
use std::collections::BTreeMap;

/// A named course of faults.
#[derive(Clone, Debug)]
pub struct Nemesis {
    /// Its name, such as `az-loss`.
    pub name: String,
    /// What it is.
    pub description: String,
    /// What a scenario can say of it: name, what it is, and whether it must be said.
    pub parameters: Vec<(String, String, bool)>,
    /// The file it was read from.
    pub file: String,
    /// The text of its file.
    pub text: String,
    defaults: BTreeMap<String, Node>,
    faults: Vec<Node>,
}

/// Reads a nemesis from its file's tree; `None` if something is wrong with it.
pub(super) fn read(node: &Node, text: &str, file: &str, diags: &mut Vec<Diag>) -> Option<Nemesis> {
    let before = diags.len();
    validate(node, nemesis_schema(), diags);
    if diags.len() > before {
        return None;
    }
    let raw = match serde_json::from_value::<RawNemesis>(node.to_json()) {
        Ok(raw) => raw,
        Err(error) => {
            diags.push(internal(&error, &node.at));
            return None;
        }
    };
    let default =
        |name: &String| Some((name.clone(), node.get("parameters")?.get(name)?.get("default")?.clone()));
    let defaults = raw.parameters.keys().filter_map(default).collect();
    let faults = node.get("faults").and_then(Node::as_list).unwrap_or_default().to_vec();
    let parameter = |(name, raw): (&String, &super::raw::RawParameter)| {
        let is_said = node.get("parameters").and_then(|all| all.get(name)).and_then(|one| one.get("default"));
        (name.clone(), raw.description.clone(), is_said.is_none())
    };
    let parameters = raw.parameters.iter().map(parameter).collect();
    let (file, text) = (file.to_owned(), text.to_owned());
    Some(Nemesis {
        name: raw.nemesis,
        description: raw.description,
        parameters,
        file,
        text,
        defaults,
        faults,
    })
}

/// Puts the faults of nemeses in the place of their use.
pub(super) fn expand(scenario: &mut Node, catalogue: &Catalogue, diags: &mut Vec<Diag>) {
    let Value::Map(map) = &mut scenario.value else { return };
    let Some((_, Node { value: Value::List(faults), .. })) = map.get_mut("faults") else { return };
    if faults.iter().all(|fault| fault.get("nemesis").is_none()) {
        return;
    }
    let mut whole = Vec::with_capacity(faults.len());
    for fault in std::mem::take(faults) {
        match fault.get("nemesis") {
            Some(_) => whole.extend(expand_one(&fault, catalogue, diags).unwrap_or_default()),
            None => whole.push(fault),
        }
    }
    *faults = whole;
}

/// The faults of one use; `None` if something is wrong with it.
fn expand_one(fault: &Node, catalogue: &Catalogue, diags: &mut Vec<Diag>) -> Option<Vec<Node>> {
    let used = fault.get("nemesis")?;
    let mut error = |code: &'static str, at: &Location, message: String, help: String| {
        diags.push(Diag::error(code, message).at(at.clone()).help(help));
    };
    let one = used.as_map().filter(|map| map.len() == 1).and_then(|map| map.first());
    let Some((name, (_, said))) = one else {
        let help = "such as `nemesis: { az-loss: { place: region, zone: 1 } }`".to_owned();
        error(codes::WRONG_TYPE, &used.at, "`nemesis` names exactly one nemesis".to_owned(), help);
        return None;
    };
    let Some(nemesis) = catalogue.nemesis(name) else {
        let names: Vec<&str> = catalogue.nemeses().map(|nemesis| nemesis.name.as_str()).collect();
        error(
            codes::UNKNOWN_NEMESIS,
            &used.at,
            format!("there is no nemesis `{name}`"),
            suggest(name, &names),
        );
        return None;
    };
    for (key, (at, _)) in fault.as_map().into_iter().flatten() {
        if !["name", "at", "for", "nemesis"].contains(&key.as_str()) {
            let message = format!("a nemesis has no `{key}`");
            error(codes::UNKNOWN_KEY, at, message, "it has `name`, `at` and `for`".to_owned());
        }
    }
    let values = values(nemesis, fault, said, &mut error)?;
    let Some(start) = fault.get("at").and_then(Node::scalar) else {
        let help = "add `at:`, such as `at: 10m`".to_owned();
        error(codes::MISSING_KEY, &used.at, format!("`{name}` does not say when"), help);
        return None;
    };
    let title = fault.get("name").and_then(Node::scalar).unwrap_or_else(|| name.clone());
    let mut faults = Vec::with_capacity(nemesis.faults.len());
    for part in &nemesis.faults {
        let mut part = filled(part, &values, &used.at);
        if let Value::Map(map) = &mut part.value {
            let begins = map.get("at").and_then(|(_, node)| node.scalar()).unwrap_or_else(|| "0s".to_owned());
            put(map, "at", &used.at, summed(&format!("{start} + {begins}")));
            if let Some(lasts) = map.get("for").and_then(|(_, node)| node.scalar()) {
                put(map, "for", &used.at, summed(&lasts));
            }
            let own = map.get("name").and_then(|(_, node)| node.scalar());
            put(map, "name", &used.at, own.map_or(title.clone(), |own| format!("{title}: {own}")));
        }
        faults.push(part);
    }
    Some(faults)
}

/// What every parameter is in one use.
fn values(
    nemesis: &Nemesis,
    fault: &Node,
    said: &Node,
    error: &mut dyn FnMut(&'static str, &Location, String, String),
) -> Option<BTreeMap<String, Node>> {
    let names: Vec<&str> = nemesis.parameters.iter().map(|(name, ..)| name.as_str()).collect();
    let mut values = nemesis.defaults.clone();
    let length = fault.as_map().and_then(|map| map.get_key_value("for"));
    let mut is_right = true;
    for (key, (at, value)) in said.as_map().into_iter().flatten().chain(length) {
        if names.contains(&key.as_str()) {
            values.insert(key.clone(), value.clone());
        } else {
            let message = format!("`{}` has no parameter `{key}`", nemesis.name);
            error(codes::UNKNOWN_KEY, at, message, suggest(key, &names));
            is_right = false;
        }
    }
    for (name, about, _) in nemesis.parameters.iter().filter(|(name, ..)| !values.contains_key(name)) {
        let message = format!("`{}` needs `{name}`", nemesis.name);
        error(codes::MISSING_KEY, &said.at, message, about.clone());
        is_right = false;
    }
    is_right.then_some(values)
}

/// A part of a nemesis with values for its parameters, written where it is used.
fn filled(node: &Node, values: &BTreeMap<String, Node>, at: &Location) -> Node {
    let value = match &node.value {
        Value::Text(text) => match text.strip_prefix('$').and_then(|name| values.get(name)) {
            Some(value) => return value.clone(),
            None => Value::Text(replaced(text, values)),
        },
        Value::List(items) => Value::List(items.iter().map(|item| filled(item, values, at)).collect()),
        Value::Map(map) => {
            let filled = |(key, (_, node)): (&String, &(Location, Node))| {
                (key.clone(), (at.clone(), filled(node, values, at)))
            };
            Value::Map(map.iter().map(filled).collect())
        }
        other => other.clone(),
    };
    Node::new(at.clone(), value)
}

/// A text with values in it; the longest names first, as one may begin like another.
fn replaced(text: &str, values: &BTreeMap<String, Node>) -> String {
    let mut names: Vec<&String> = values.keys().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.into_iter().fold(text.to_owned(), |text, name| match values[name].scalar() {
        Some(value) => text.replace(&format!("${name}"), &value),
        None => text,
    })
}

/// A sum of times as one time; what is none is left for the checks that follow.
fn summed(text: &str) -> String {
    let parts: Result<Vec<SimSpan>, _> = text.split(" + ").map(|part| parse::span(part.trim())).collect();
    let Ok(parts) = parts else { return text.to_owned() };
    let total = SimSpan(parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.0)));
    let plain = total.to_string().replace(' ', "");
    if parse::span(&plain).is_ok_and(|span| span == total) { plain } else { format!("{}ns", total.0) }
}

fn put(map: &mut indexmap::IndexMap<String, (Location, Node)>, key: &str, at: &Location, text: String) {
    map.insert(key.to_owned(), (at.clone(), Node::new(at.clone(), Value::Text(text))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{LoadOptions, load_text};

    const TOPOLOGY: &str = "
topology: t
places: { region: { zones: 2 } }
components: { api: { place: region, replicas: 4, operations: { serve: [ { compute: 1ms } ] } } }
clients: { users: { place: region, journeys: { go: [ { call: api.serve } ] } } }
";

    fn load(fault: &str) -> Result<crate::spec::Input, Vec<Diag>> {
        let scenario = format!(
            "scenario: s\ntopology: t\nduration: 1h\nload: {{ users: {{ rate: 1/s }} }}\nfaults: [ {fault} ]\n"
        );
        load_text(&scenario, TOPOLOGY, &Catalogue::embedded(), &LoadOptions::default())
            .map_err(|error| error.diags)
    }

    #[test]
    fn times_are_summed() {
        assert_eq!(parse::span(&summed("10m + 30s")).unwrap(), SimSpan::from_secs(630));
        assert_eq!(parse::span(&summed("1s + 1ns")).unwrap(), SimSpan(1_000_000_001));
        assert_eq!(summed("soon + 1s"), "soon + 1s");
    }

    #[test]
    fn a_nemesis_becomes_its_faults_and_its_recovery() {
        let input = load("{ at: 10m, for: 5m, nemesis: { az-loss: { place: region, zone: 2 } } }").unwrap();
        let faults = &input.scenario.faults;
        assert!(faults.len() >= 2 && faults.iter().all(|fault| fault.nemesis.is_none()));
        assert!(faults[0].crash.is_some());
        assert!(faults[0].name.as_ref().unwrap().starts_with("az-loss: "));
        let at = |index: usize| parse::span(faults[index].at.as_ref().unwrap().as_str()).unwrap();
        assert_eq!((at(0), at(1)), (SimSpan::from_secs(600), SimSpan::from_secs(900)));
    }

    #[test]
    fn what_is_wrong_with_a_use_is_said() {
        for (fault, code) in [
            ("{ at: 1m, nemesis: { az-los: { place: region } } }", codes::UNKNOWN_NEMESIS),
            ("{ at: 1m, nemesis: { az-loss: {} } }", codes::MISSING_KEY),
            ("{ nemesis: { az-loss: { place: region } } }", codes::MISSING_KEY),
            ("{ at: 1m, nemesis: { az-loss: { place: region, zon: 1 } } }", codes::UNKNOWN_KEY),
            ("{ at: 1m, ramp: 1m, nemesis: { az-loss: { place: region } } }", codes::UNKNOWN_KEY),
            ("{ at: 1m, nemesis: az-loss }", codes::WRONG_TYPE),
        ] {
            let diags = load(fault).err().unwrap_or_default();
            assert!(diags.iter().any(|diag| diag.code == code), "{fault}: {diags:#?}");
        }
    }
}
