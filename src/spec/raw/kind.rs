//! Catalogue kinds as a file writes them.

use super::RawComponent;
use crate::spec::scalar::NumberOrText;
use schemars::JsonSchema;
use serde::Deserialize;

/// A kind of the catalogue: a fragment of a component, and where its figures come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawKind {
    /// Name of the kind, such as `aws/fargate-service`.
    pub kind: String,
    /// What it is, what it leaves out, and what its users should know.
    pub description: String,
    /// Another kind that fills in what is not said here.
    pub extends: Option<String>,
    /// What a component of this kind is unless it says otherwise.
    #[serde(default)]
    pub component: RawComponent,
    /// Where the values come from.
    #[serde(default)]
    pub figures: Vec<RawFigure>,
}

/// A value of a kind and where it comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFigure {
    /// Which value, such as `component/connections`.
    pub path: String,
    /// The value as the source states it.
    pub value: NumberOrText,
    /// Its unit.
    pub unit: String,
    /// Where it is stated.
    pub source: String,
    /// How sure it is.
    pub confidence: RawConfidence,
    /// Whether somebody looked it up; if not, it is an assumption.
    pub verified: bool,
    /// What else to know.
    pub note: Option<String>,
}

/// How sure a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawConfidence {
    /// The vendor's documentation says so.
    Documented,
    /// Many say so.
    WidelyReported,
    /// Somebody's estimate.
    Estimate,
}
