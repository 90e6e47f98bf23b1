//! Names that callers resolve, as a file writes them.

use crate::spec::scalar::{LawText, NumberText, ShareText, SpanText};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A name that stands for one of several components: `failover` or `weighted`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawName {
    /// What it is, for readers.
    pub description: Option<String>,
    /// Components in order: the answer is the first whose health checks leave it any replica.
    #[serde(default)]
    pub failover: Vec<String>,
    /// Components with weights: the answer is one of those that are healthy, by weight.
    #[serde(default)]
    pub weighted: IndexMap<String, NumberText>,
    /// How long a resolver keeps an answer. Default: 60s.
    pub ttl: Option<SpanText>,
    /// Resolvers between callers and the name; each journey goes through one of them, drawn by its address. Default: 100.
    pub resolvers: Option<u32>,
    /// Resolvers that keep answers for longer than they should.
    pub stale: Option<RawStaleResolvers>,
    /// Time of a look-up that no resolver has the answer for. Default: 0s.
    pub lookup: Option<LawText>,
}

/// Resolvers that keep answers for longer than they should.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawStaleResolvers {
    /// Share of the resolvers.
    pub share: ShareText,
    /// They keep each answer at least so long.
    pub min_ttl: SpanText,
}

/// Health checks of a component lie, or say nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCheckerFault {
    /// Whose health checks.
    pub target: String,
    /// How it shows.
    pub mode: RawCheckerFaultMode,
    /// Share of the probes that are told wrongly, with `fails` or `passes`. Default: 100%.
    pub share: Option<ShareText>,
}

/// How a fault of health checks shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawCheckerFaultMode {
    /// Probes are said to have failed.
    Fails,
    /// Failed probes are said to have passed.
    Passes,
    /// No probe is made; what was known stays.
    Down,
}

/// A name is answered wrongly or not at all.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawNameFault {
    /// Which name.
    pub name: String,
    /// How it shows. Default: missing.
    pub mode: Option<RawNameFaultMode>,
    /// The component that is answered, with `mode: wrong`.
    pub answer: Option<String>,
    /// How long a caller waits for an answer that does not come, with `mode: timeout`. Default: 5s.
    pub timeout: Option<SpanText>,
}

/// How a fault of a name shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawNameFaultMode {
    /// There is no such name, or its record is empty; resolvers keep that answer too.
    Missing,
    /// No answer comes; what resolvers remember still serves.
    Timeout,
    /// One of the name's components is answered, healthy or not; resolvers keep that answer.
    Wrong,
}
