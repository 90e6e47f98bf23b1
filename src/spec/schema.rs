//! JSON Schema of the files, from the raw types.

use super::raw::{RawKind, RawNemesis, RawScenario, RawTopology};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

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

/// The JSON Schema (draft 7) of a kind of file.
#[must_use]
pub fn schema(kind: FileKind) -> Value {
    match kind {
        FileKind::Topology => of::<RawTopology>(),
        FileKind::Scenario => of::<RawScenario>(),
        FileKind::Kind => of::<RawKind>(),
    }
}

/// The JSON Schema (draft 7) of the file of a nemesis.
#[must_use]
pub fn nemesis_schema() -> Value {
    of::<RawNemesis>()
}

fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<T>().to_value()
}
