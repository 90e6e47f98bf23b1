//! Named nemeses as their files write them.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A named course of faults, with the recovery that follows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawNemesis {
    /// Its name, which scenarios use.
    pub nemesis: String,
    /// What it is, and where it has been seen.
    pub description: String,
    /// What a scenario can say of it; `$NAME` in `faults` stands for the value.
    #[serde(default)]
    pub parameters: IndexMap<String, RawParameter>,
    /// The faults it is made of, as a scenario writes them; `at` counts from the beginning of the nemesis, and `at` and `for` can be sums such as `$for + 30s`.
    pub faults: Vec<IndexMap<String, serde_json::Value>>,
}

/// What a scenario can say of a nemesis.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawParameter {
    /// What it is.
    pub description: String,
    /// What it is if the scenario does not say. Without a default it must.
    pub default: Option<serde_json::Value>,
}
