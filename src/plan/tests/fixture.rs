//! A topology and a scenario in YAML, resolved without files: every value's
//! location is its own pointer, so that a test can say where a finding must be.

use crate::diag::{Diag, Location};
use crate::plan::{Plan, resolve};
use crate::spec::raw::{RawScenario, RawTopology};
use crate::spec::{Input, Origins, Part};
use serde_json::Value;
use std::path::PathBuf;

/// The smallest topology that does something; tests put more after it.
pub(super) const SHOP: &str = "
topology: shop
components:
  web:
    threads: 16
    operations:
      browse: [{ compute: 5ms }]
clients:
  shoppers:
    journeys:
      visit: [{ call: web.browse }]
";

/// The smallest scenario of it.
pub(super) const CALM: &str = "
scenario: calm
topology: shop.yaml
duration: 10m
load:
  shoppers: { rate: 100/s }
";

/// A text with a part replaced; the part must be there.
pub(super) fn changed(text: &str, part: &str, by: &str) -> String {
    assert!(text.contains(part), "{part}");
    text.replace(part, by)
}

/// What two texts say.
pub(super) fn input(topology: &str, scenario: &str) -> Input {
    let value = |text: &str| -> Value { serde_saphyr::from_str(text).expect("the text is YAML") };
    from_values(&value(topology), &value(scenario)).expect("the documents have the right shape")
}

/// What two documents say.
pub(super) fn from_values(topology: &Value, scenario: &Value) -> Result<Input, serde_json::Error> {
    let mut origins = Origins::default();
    note(&mut origins, Part::Topology, "", topology);
    note(&mut origins, Part::Scenario, "", scenario);
    Ok(Input {
        sources: Default::default(),
        document: topology.clone(),
        warnings: Vec::new(),
        topology: serde_json::from_value::<RawTopology>(topology.clone())?,
        scenario: serde_json::from_value::<RawScenario>(scenario.clone())?,
        origins,
        files: Vec::new(),
        folder: PathBuf::from("."),
    })
}

fn note(origins: &mut Origins, part: Part, pointer: &str, value: &Value) {
    let length = value.as_str().map_or(1, |text| text.chars().count() as u32);
    origins.insert(part, pointer, Location { file: pointer.to_owned(), line: 7, column: 5, length });
    let below = |key: &str| if pointer.is_empty() { key.to_owned() } else { format!("{pointer}/{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| note(origins, part, &below(key), value)),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                note(origins, part, &below(&index.to_string()), value);
            }
        }
        _ => {}
    }
}

/// The plan of two texts that have nothing wrong.
pub(super) fn plan(topology: &str, scenario: &str) -> Plan {
    let (plan, warnings) = warned(topology, scenario);
    assert_eq!(warnings, [], "nothing to warn of");
    plan
}

/// The plan of two texts that have no errors, and what to warn of.
pub(super) fn warned(topology: &str, scenario: &str) -> (Plan, Vec<Diag>) {
    resolve(&input(topology, scenario)).unwrap_or_else(|diags| panic!("{}", shown(&diags)))
}

/// What is wrong with two texts.
pub(super) fn diags(topology: &str, scenario: &str) -> Vec<Diag> {
    match resolve(&input(topology, scenario)) {
        Ok((_, warnings)) => warnings,
        Err(diags) => diags,
    }
}

/// Findings, one per line: code, place, message, help.
pub(super) fn shown(diags: &[Diag]) -> String {
    let line = |diag: &Diag| {
        let at = diag.at.as_ref().map_or("-", |at| at.file.as_str());
        format!("{} at {at}: {} ({})", diag.code, diag.message, diag.help.as_deref().unwrap_or(""))
    };
    diags.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Asserts that there is exactly one finding, with this code, at this place, saying this.
#[track_caller]
pub(super) fn assert_finds(topology: &str, scenario: &str, code: &str, at: &str, says: &str) {
    let diags = diags(topology, scenario);
    let [diag] = diags.as_slice() else {
        panic!("expected just {code} at {at}, got:\n{}", shown(&diags));
    };
    let place = diag.at.as_ref().map_or("", |at| at.file.as_str());
    let text = format!("{} ({})", diag.message, diag.help.as_deref().unwrap_or(""));
    assert_eq!((diag.code, place), (code, at), "{text}");
    assert!(text.contains(says), "`{text}` does not say `{says}`");
}

/// A row of a table of mistakes.
pub(super) struct Case {
    /// The finding's code.
    pub(super) code: &'static str,
    /// Its place; empty is the whole document.
    pub(super) at: &'static str,
    /// What is replaced.
    pub(super) part: String,
    /// By what.
    pub(super) by: String,
    /// A part of what the finding says.
    pub(super) says: &'static str,
}

/// The rows of a table with columns `CODE | PLACE | PART | BY | SAYS`, where `\n` is a new line.
pub(super) fn cases(table: &'static str) -> Vec<Case> {
    let rows = table.lines().map(str::trim).filter(|row| !row.is_empty());
    rows.map(|row| {
        let columns: Vec<&str> = row.split(" | ").collect();
        let [code, at, part, by, says] = columns[..] else { panic!("not five columns: {row}") };
        let text = |column: &str| column.replace("\\n", "\n");
        Case { code, at: if at == "." { "" } else { at }, part: text(part), by: text(by), says }
    })
    .collect()
}
