//! Caches as a file writes them: memories, steps, sharding, faults, and what is warm at the start.

use super::{RawErrorClass, RawStep, RawTarget};
use crate::spec::scalar::{BytesText, CountText, LawText, ShareText, SpanText};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A memory of recently used keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCache {
    /// Most entries per replica: a number or `unlimited`. Excludes `memory`. Default: unlimited.
    pub entries: Option<CountText>,
    /// Most bytes per replica; each entry weighs its entity's `bytes`.
    pub memory: Option<BytesText>,
    /// Who leaves when it is full. Default: lru.
    pub eviction: Option<RawEviction>,
    /// An entity, such as visitors: each of its keys has a memory of its own, as browsers do. Default: one memory for all.
    pub private_to: Option<String>,
    /// Writes (`put`) are answered at once and written to the store behind it later, by operation `flush`.
    pub write_behind: Option<RawWriteBehind>,
}

/// Who leaves a full cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawEviction {
    /// Least recently used.
    Lru,
    /// First in, first out.
    Fifo,
    /// Least frequently used.
    Lfu,
    /// Any.
    Random,
}

/// How writes reach the store behind a cache.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawWriteBehind {
    /// Time between flushes. What was put since the last one is lost if the replica crashes.
    pub flush_every: SpanText,
    /// Most keys that one call of operation `flush` writes. Default: 100.
    pub batch: Option<CountText>,
    /// Most batches under way at once, per replica. Default: 1.
    pub parallel: Option<u32>,
    /// Most keys waiting per replica; beyond it a `put` is refused (class `shed`). Default: unlimited.
    pub buffer: Option<CountText>,
}

/// How keys are spread over replicas, for callers with `shard-by`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawShards {
    /// Which keys move when a replica comes or goes. Default: consistent.
    pub hashing: Option<RawHashing>,
    /// Time until callers know that a replica has gone or come back, and send its keys elsewhere. Default: they never do.
    pub notice: Option<SpanText>,
}

/// How keys are mapped to replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawHashing {
    /// Only the keys of the replica that comes or goes move.
    Consistent,
    /// Key modulo number of replicas: nearly all keys move.
    Modulo,
}

/// A look-aside cache step.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCached {
    /// Which component remembers; it needs `cache`.
    #[serde(rename = "in")]
    pub cache: String,
    /// Which entity the key belongs to.
    pub key: String,
    /// How long a value lives once filled. Default: until evicted.
    pub ttl: Option<SpanText>,
    /// How long a value lives since its last use. Excludes `ttl`.
    pub sliding_ttl: Option<SpanText>,
    /// Each life is drawn from `ttl` times 1 - jitter to 1 + jitter, so that what was filled together does not expire together. Default: 0%.
    pub ttl_jitter: Option<ShareText>,
    /// Time after its life for which a value is still served while one request at a time fetches it anew. Default: 0s.
    pub stale_while_revalidate: Option<SpanText>,
    /// Time after its life for which a value is still served, as degraded, if fetching it fails. Default: 0s.
    pub stale_if_error: Option<SpanText>,
    /// Failures of the fetch that are remembered too, so that they are answered at once. Default: none.
    pub negative: Option<RawNegative>,
    /// Of several who fetched a key at once the first decides how long it lives. Default: false, each fill gives it a new life.
    pub first_fill_wins: Option<bool>,
    /// Whether requests that miss a key being fetched wait for that fetch. Default: false.
    pub single_flight: Option<bool>,
    /// What to do on a hit.
    #[serde(default)]
    pub hit: Vec<RawStep>,
    /// What to do on a miss, before the value is stored.
    #[serde(default)]
    pub miss: Vec<RawStep>,
}

/// Failures that are remembered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawNegative {
    /// Which failures. Default: error.
    pub on: Option<Vec<RawErrorClass>>,
    /// For how long.
    pub ttl: SpanText,
}

/// Which key to write to which cache.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPut {
    /// Which component remembers.
    #[serde(rename = "in")]
    pub cache: String,
    /// Which entity the key belongs to.
    pub key: String,
    /// How long the value lives. Default: until evicted.
    pub ttl: Option<SpanText>,
    /// As in `cached`. Default: 0%.
    pub ttl_jitter: Option<ShareText>,
}

/// Which key to remove from which cache.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawInvalidate {
    /// Which component remembers.
    #[serde(rename = "in")]
    pub cache: String,
    /// Which entity the key belongs to.
    pub key: String,
    /// Time from the call until the key is gone; hits in between count as stale. Default: 0s.
    pub delay: Option<LawText>,
}

/// What to remove from all replicas of which cache: one key, all keys of an entity, or everything.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPurge {
    /// Which component remembers.
    #[serde(rename = "in")]
    pub cache: String,
    /// The request's key of this entity. Excludes `all`. Default, without `all`: everything.
    pub key: Option<String>,
    /// All keys of this entity.
    pub all: Option<String>,
    /// Time until a replica has done it, drawn for each; hits in between count as stale. Default: 0s.
    pub delay: Option<LawText>,
}

/// Caches forget at once what they hold; a CDN's purge-all.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFlush {
    /// Which replicas.
    pub target: RawTarget,
    /// Share of their entries that goes. Default: 100%.
    pub share: Option<ShareText>,
    /// Only keys of this entity. Default: all.
    pub key: Option<String>,
}

/// A cache's keys contain something that differs between requests for the same thing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBadCacheKey {
    /// Which component's keys.
    pub target: String,
    /// How many different keys stand for one thing.
    pub variants: CountText,
    /// Share of requests that it happens to. Default: 100%.
    pub share: Option<ShareText>,
}

/// A share of all requests is suddenly for the same few keys.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawHotKey {
    /// Which entity's keys.
    pub key: String,
    /// Share of requests that go to them.
    pub share: ShareText,
    /// How many keys are hot. Default: 1.
    pub keys: Option<CountText>,
    /// Rank of the first of them by popularity, from 1. Default: the least popular ones, which nobody has cached.
    pub first: Option<CountText>,
}

/// What is so when the run starts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawGiven {
    /// What caches hold: by cache and entity, how many of its most popular keys. Their lives start with the run.
    #[serde(default)]
    pub caches: IndexMap<String, IndexMap<String, CountText>>,
}
