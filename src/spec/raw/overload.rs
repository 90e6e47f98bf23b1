//! Limits on requests inside as a file writes them.

use crate::spec::scalar::{NumberText, ShareText, SpanText};
use schemars::JsonSchema;
use serde::Deserialize;

/// Most requests inside each replica, waiting or served; more are refused with class `shed`. Exactly one of `fixed`, `aimd`, `vegas` and `gradient`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawConcurrency {
    /// A given limit.
    pub fixed: Option<u32>,
    /// One more when at least half is in use, and a share of it when a request takes too long or is dropped.
    pub aimd: Option<RawAimd>,
    /// As TCP Vegas: keeps a short queue, estimated from the shortest and the present time inside.
    pub vegas: Option<RawVegas>,
    /// Follows the ratio of the long-term to the present time inside.
    pub gradient: Option<RawGradient>,
    /// Share of the limit open to priority 7; priority 0 has all of it, those between have shares between. Default: 100%.
    pub least_urgent: Option<ShareText>,
}

/// Additive increase, multiplicative decrease.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawAimd {
    /// Time inside from which a request counts as dropped.
    pub timeout: SpanText,
    /// What is left of the limit after a decrease. Default: 90%.
    pub backoff: Option<ShareText>,
    /// Limit at first. Default: 20.
    pub initial: Option<u32>,
    /// Least limit. Default: 1.
    pub min: Option<u32>,
    /// Largest limit. Default: 1000.
    pub max: Option<u32>,
}

/// A limit as TCP Vegas would set it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawVegas {
    /// Time over which requests make one sample. Default: 1s.
    pub window: Option<SpanText>,
    /// Limit at first. Default: 20.
    pub initial: Option<u32>,
    /// Least limit. Default: 1.
    pub min: Option<u32>,
    /// Largest limit. Default: 1000.
    pub max: Option<u32>,
}

/// A limit that follows the gradient of the time inside.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawGradient {
    /// How many times longer than in the long term is still no queue, 1 or more. Default: 1.5.
    pub tolerance: Option<NumberText>,
    /// Time over which requests make one sample. Default: 1s.
    pub window: Option<SpanText>,
    /// Limit at first. Default: 20.
    pub initial: Option<u32>,
    /// Least limit. Default: 1.
    pub min: Option<u32>,
    /// Largest limit. Default: 1000.
    pub max: Option<u32>,
}
