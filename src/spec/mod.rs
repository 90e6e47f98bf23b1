//! What files say: loading, overlays, and the raw types.

pub mod law;
mod node;
mod origins;
pub mod raw;
pub mod scalar;
mod yaml;

pub use origins::{Origins, Part};

/// A scenario and its topology, overlays applied and kinds filled in, structure checked.
#[derive(Clone, Debug)]
pub struct Input {
    /// The merged topology.
    pub topology: raw::RawTopology,
    /// The scenario.
    pub scenario: raw::RawScenario,
    /// Where every key and value was written.
    pub origins: Origins,
    /// Files read, in order.
    pub files: Vec<crate::plan::InputFile>,
    /// Folder of the scenario's file, for the files it names.
    pub folder: std::path::PathBuf,
}
