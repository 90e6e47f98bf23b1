//! What files say: loading, overlays, kinds, and the raw types.

pub mod amount;
mod codes;
mod include;
mod kinds;
pub mod law;
mod layers;
mod load;
mod merge;
mod nemeses;
mod node;
mod origins;
pub mod raw;
pub mod scalar;
mod schema;
mod shelf;
#[cfg(test)]
mod tests;
mod validate;
mod yaml;

pub use codes::CODES;
pub use kinds::{Catalogue, Figure, Kind};
pub use load::{LoadError, LoadOptions, Sources, file_kind, load_scenario, load_text, load_topology};
pub use nemeses::Nemesis;
pub use origins::{Origins, Part};
pub use schema::{FileKind, nemesis_schema, schema};

use serde::{Deserialize, Serialize};

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Path as the user gave it.
    pub path: String,
    /// Hexadecimal fingerprint of the bytes.
    pub fingerprint: String,
}

/// A scenario and its topology, overlays applied and kinds filled in, structure checked.
#[derive(Clone, Debug)]
pub struct Input {
    /// The merged topology.
    pub topology: raw::RawTopology,
    /// The scenario.
    pub scenario: raw::RawScenario,
    /// The merged topology as a document, for showing.
    pub document: serde_json::Value,
    /// Where every key and value was written.
    pub origins: Origins,
    /// Files read, in order.
    pub files: Vec<InputFile>,
    /// Folder of the scenario's file, for the files it names.
    pub folder: std::path::PathBuf,
    /// Texts of the files read, those of the kinds in use included.
    pub sources: Sources,
    /// What is probably not meant as it is written.
    pub warnings: Vec<crate::diag::Diag>,
}
