//! JSON Schema of the files, from the raw types.

use super::raw::{RawKind, RawNemesis, RawScenario, RawTopology};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::sync::LazyLock;

/// The kinds of files there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// What exists.
    Topology,
    /// What happens.
    Scenario,
    /// A kind of the catalogue.
    Kind,
}

// Deriving one costs as much as a short run, and each document is checked against it.
static TOPOLOGY: LazyLock<Value> = LazyLock::new(of::<RawTopology>);
static SCENARIO: LazyLock<Value> = LazyLock::new(of::<RawScenario>);
static KIND: LazyLock<Value> = LazyLock::new(of::<RawKind>);
static NEMESIS: LazyLock<Value> = LazyLock::new(of::<RawNemesis>);

/// The JSON Schema (draft 7) of a kind of file.
#[must_use]
pub fn schema(kind: FileKind) -> &'static Value {
    match kind {
        FileKind::Topology => &TOPOLOGY,
        FileKind::Scenario => &SCENARIO,
        FileKind::Kind => &KIND,
    }
}

/// The JSON Schema (draft 7) of the file of a nemesis.
#[must_use]
pub fn nemesis_schema() -> &'static Value {
    &NEMESIS
}

fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<T>().to_value()
}
