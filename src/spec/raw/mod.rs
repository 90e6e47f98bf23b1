//! What a file says, as typed: the one place that says which keys exist.
//!
//! Everything optional is optional here; defaults belong to the catalogue and
//! to `plan`. The JSON Schema that editors use and the checker that reports
//! every mistake at once are both derived from these types and their docs,
//! so a doc comment here is what a user reads in the editor.

mod attributes;
mod cache;
mod component;
mod damage;
mod faults;
mod guard;
mod kind;
mod load;
mod messaging;
mod names;
mod nemesis;
mod overload;
mod policy;
mod replicas;
mod security;
mod sessions;
mod steps;

use super::scalar::{
    BandwidthText, BytesText, CountText, ExpectText, LawText, PopularityText, ShareText, SpanText, ValueText,
};
pub use attributes::*;
pub use cache::*;
pub use component::*;
pub use damage::*;
pub use faults::*;
pub use guard::*;
use indexmap::IndexMap;
pub use kind::*;
pub use load::*;
pub use messaging::*;
pub use names::*;
pub use nemesis::*;
pub use overload::*;
pub use policy::*;
pub use replicas::*;
use schemars::JsonSchema;
pub use security::*;
use serde::Deserialize;
pub use sessions::*;
pub use steps::*;

/// What exists: places, components, the calls between them, and the clients outside.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawTopology {
    /// Name of the topology.
    pub topology: String,
    /// What it is, for readers.
    pub description: Option<String>,
    /// In a file that another one includes: that one, named from where this one lies.
    pub part_of: Option<String>,
    /// Files with more of this topology, named from where this one lies. Each has the same `topology` and says `part-of`; an entry stands in one file only.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub include: Vec<String>,
    /// Named key spaces, such as products or users; caches and stores refer to them.
    #[serde(default)]
    pub entities: IndexMap<String, RawEntity>,
    /// Numbers that every request carries, such as the tokens of its prompt: by name, an amount or a law of counts drawn once per request.
    #[serde(default)]
    pub attributes: IndexMap<String, ValueText>,
    /// Keys, passwords and certificates, by name; calls and components refer to them.
    #[serde(default)]
    pub credentials: IndexMap<String, RawCredential>,
    /// Regions, zones, vendors' clouds, edges and the internet. Default: one place called `here`.
    #[serde(default)]
    pub places: IndexMap<String, RawPlace>,
    /// Delay, bandwidth and loss between places.
    pub network: Option<RawNetwork>,
    /// Names that callers resolve to one of several components; they are called like components.
    #[serde(default)]
    pub names: IndexMap<String, RawName>,
    /// Limits that several components share, such as an account's quota, with their amounts.
    #[serde(default)]
    pub limits: IndexMap<String, CountText>,
    /// What exists.
    #[serde(default)]
    pub components: IndexMap<String, RawComponent>,
    /// Who calls from outside, and what they do.
    #[serde(default)]
    pub clients: IndexMap<String, RawClient>,
    /// Overlays by name, such as development, staging and production. Maps merge, lists and laws replace, null removes.
    #[serde(default)]
    pub environments: IndexMap<String, serde_json::Value>,
}

/// A named key space.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawEntity {
    /// How many distinct keys there are.
    pub population: CountText,
    /// How keys are chosen: `uniform`, `zipf(EXPONENT)` or `hot-set(KEYS SHARE)`. Default: uniform.
    pub popularity: Option<PopularityText>,
    /// Size of one value, for caches limited by memory. Default: 1KiB.
    pub bytes: Option<BytesText>,
}

/// A place where components run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPlace {
    /// What it is, for readers.
    pub description: Option<String>,
    /// Parts that fail on their own; replicas are spread over them in turn. Default: 1.
    pub zones: Option<u32>,
}

/// Delay, bandwidth and loss between places.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawNetwork {
    /// One-way delay between components of the same place. Default: none.
    pub same_place: Option<LawText>,
    /// Links between places. Components of two places may call each other only over a link.
    #[serde(default)]
    pub links: Vec<RawLink>,
}

/// A network path between two places.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawLink {
    /// The two places of a link that is the same both ways.
    pub between: Option<[String; 2]>,
    /// Where a one-way link starts; needs `to`.
    pub from: Option<String>,
    /// Where a one-way link ends; needs `from`.
    pub to: Option<String>,
    /// One-way delay of a message.
    pub latency: Option<LawText>,
    /// Shared by all messages in one direction, first come first served. Default: unlimited.
    pub bandwidth: Option<BandwidthText>,
    /// Probability that a message is lost and sent again. Default: 0%.
    pub loss: Option<ShareText>,
    /// Delay until a lost message is sent again; doubles for each further loss. Default: 200ms.
    pub retransmit: Option<SpanText>,
}

/// What happens: load, faults, and what is expected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawScenario {
    /// Name of the scenario.
    pub scenario: String,
    /// What it shows, for readers.
    pub description: Option<String>,
    /// The topology's file, relative to this one.
    pub topology: String,
    /// Which of the topology's environments to use. Default: none.
    pub environment: Option<String>,
    /// Changes to the topology for this scenario only. Maps merge, lists and laws replace, null removes.
    #[serde(rename = "override")]
    pub overrides: Option<serde_json::Value>,
    /// Root of all randomness. Default: 1.
    pub seed: Option<u64>,
    /// How long load arrives.
    pub duration: SpanText,
    /// Start of the run left out of every statistic. Default: 0s.
    pub warm_up: Option<SpanText>,
    /// Width of one time window of the results. Default: a round width that gives 120 to 300 windows.
    pub window: Option<SpanText>,
    /// Stop when this many events have happened. Default: 2000M.
    pub events_max: Option<CountText>,
    /// Stop when this many requests are in progress at once. Default: 1M.
    pub in_system_max: Option<CountText>,
    /// What counts as users being hurt, when recovery is measured.
    pub service_level: Option<RawServiceLevel>,
    /// What is so when the run starts. Default: everything is empty.
    pub given: Option<RawGiven>,
    /// Load, by name.
    #[serde(default)]
    pub load: IndexMap<String, RawLoad>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<RawFault>,
    /// What is promised: `METRIC [of NAME] COMPARISON VALUE [WINDOW]`.
    #[serde(default)]
    pub expect: Vec<ExpectText>,
}

/// The bound below which users count as hurt.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawServiceLevel {
    /// Smallest acceptable share of requests answered well in a window. Default: 99%.
    pub availability: Option<ShareText>,
    /// Largest acceptable 99th percentile of latency in a window. Default: none.
    pub latency_p99: Option<SpanText>,
    /// How long service must hold before recovery is believed. Default: 3 windows.
    pub hold: Option<SpanText>,
}
