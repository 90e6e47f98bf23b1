//! Request attributes, what is counted of them, and language models, as a file writes them.

use super::RawStep;
use crate::spec::scalar::{AmountText, ConditionText, CountText, RateText, ShareText, ValueText};
use schemars::JsonSchema;
use serde::Deserialize;

/// Steps done only when something holds of the request's attributes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawIf {
    /// A comparison of two amounts, such as `prompt + 500 > 128k`.
    pub when: ConditionText,
    /// What to do when it holds.
    #[serde(rename = "do", default)]
    pub steps: Vec<RawStep>,
    /// What to do when it does not.
    #[serde(rename = "else", default)]
    pub otherwise: Vec<RawStep>,
}

/// One answer of a language model: the prompt is read, then tokens are written one after the other.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawGenerate {
    /// Tokens read: an amount such as `prompt + 200`, or a law.
    pub prompt: ValueText,
    /// Tokens that the model would write if nothing stopped it: an amount or a law.
    pub output: ValueText,
    /// Most tokens written; together with the prompt they must fit into the window. Default: what the window leaves.
    pub output_max: Option<AmountText>,
}

/// A language model: how fast it reads and writes, and how much it can hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawModel {
    /// Tokens of prompt and output that it can hold; requests beyond are refused (class `rejected`). Default: unlimited.
    pub window: Option<CountText>,
    /// Prompt tokens read per second by one request that has the replica to itself.
    pub prefill: RateText,
    /// Tokens written per second by one request that has the replica to itself. With `cores: N`, N requests write at this pace at once and more share it.
    pub decode: RateText,
    /// Share of answers that do not have the form asked for; callers with `validate` notice. Default: 0%.
    pub malformed: Option<ShareText>,
    /// Share of answers that are wrong in a way that no caller notices. Default: 0%.
    pub wrong: Option<ShareText>,
}
