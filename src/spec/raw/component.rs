//! Components as a file writes them.

use super::{
    RawBroker, RawCache, RawCallPolicy, RawConcurrency, RawConsumer, RawEnd, RawFirewall, RawHealth,
    RawModel, RawOperation, RawReplicas, RawSchedule, RawServerless, RawSessions, RawShards,
};
use crate::spec::scalar::{
    AmountText, CountText, LawText, NumberText, PriceText, RateText, ShareText, SpanText,
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A thing that serves operations.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawComponent {
    /// Kind from the catalogue that fills in what is not said here. Default: core/service.
    pub kind: Option<String>,
    /// What it is, for readers.
    pub description: Option<String>,
    /// Free labels, for choosing fault targets.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where it runs. Default: the only place, if there is one.
    pub place: Option<String>,
    /// Independent copies, each with its own queue and threads: a number, or how it follows the load. Default: 1.
    pub replicas: Option<RawReplicas>,
    /// Instances made for requests instead of replicas. Excludes `replicas`.
    pub serverless: Option<RawServerless>,
    /// Which replicas get requests. Default: all, whatever their state.
    pub health: Option<RawHealth>,
    /// Threads per replica, each held from start to reply, over downstream calls: a number or `unlimited`. Default: unlimited.
    pub threads: Option<CountText>,
    /// Hold nothing but a core while computing, as an event loop does. Excludes `threads`.
    #[serde(rename = "async")]
    pub is_async: Option<bool>,
    /// Cores per replica. With `threads`, shared by running threads (processor sharing); with `async`, first come first served. Default: a core for each thread; 1 for async.
    pub cores: Option<NumberText>,
    /// Pace of all its work, relative to nominal. Default: 1.
    pub speed: Option<NumberText>,
    /// How much slower it computes the more requests a replica serves at once. Default: not at all.
    pub contention: Option<RawContention>,
    /// The waiting line of each replica.
    pub queue: Option<RawQueue>,
    /// Rules checked for every request before its limits, in order.
    #[serde(default)]
    pub firewall: Vec<RawFirewall>,
    /// Certificate that it shows to whoever opens a connection.
    pub certificate: Option<String>,
    /// Who may call it: components, clients or places; others are refused. Default: everybody.
    pub reachable_from: Option<RawEnd>,
    /// Limits checked before a request may queue, in order.
    #[serde(default)]
    pub admission: Vec<RawAdmission>,
    /// Most connections open to it at once, over all callers' pools. Default: unlimited.
    pub connections: Option<CountText>,
    /// Makes it remember keys.
    pub cache: Option<RawCache>,
    /// How keys are spread over its replicas, for callers with `shard-by`.
    pub shards: Option<RawShards>,
    /// Makes it keep datasets that `read` and `write` steps name.
    pub store: Option<RawStore>,
    /// Lets clients hold long-lived connections to it.
    pub sessions: Option<RawSessions>,
    /// Makes it a queue, a topic or an ephemeral channel that `publish` steps name.
    pub broker: Option<RawBroker>,
    /// Messages it takes, by the broker they come from; `self` is its own.
    #[serde(default)]
    pub consumes: IndexMap<String, RawConsumer>,
    /// Operations that run by the clock, by name.
    #[serde(default)]
    pub schedules: IndexMap<String, RawSchedule>,
    /// Makes it a language model whose operations can `generate`.
    pub model: Option<RawModel>,
    /// What is counted for the bill: by name, the price of a unit. A model counts `input-tokens` and `output-tokens` by itself.
    #[serde(default)]
    pub meters: IndexMap<String, PriceText>,
    /// How others call it, unless they say otherwise.
    pub client_defaults: Option<RawCallPolicy>,
    /// How it calls others: by `component` or `component.operation`.
    #[serde(default)]
    pub calls: IndexMap<String, RawCallPolicy>,
    /// What it serves.
    #[serde(default)]
    pub operations: IndexMap<String, RawOperation>,
}

/// A waiting line.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawQueue {
    /// Most requests waiting per replica: a number or `unlimited`; beyond it they are refused. Default: unlimited.
    pub capacity: Option<CountText>,
    /// Who is served next. Default: fifo.
    pub discipline: Option<RawDiscipline>,
    /// How long a request waits before it leaves; work that has begun always finishes. Default: for ever.
    pub patience: Option<LawText>,
    /// Whether a request whose caller has stopped waiting is dropped when its turn comes, instead of being served for nothing. Default: false.
    pub drop_expired: Option<bool>,
    /// With `codel` or `adaptive-lifo`: a queue that has not been empty for this long stands. Default: 100ms.
    pub interval: Option<SpanText>,
    /// With `codel` or `adaptive-lifo`: longest wait in a standing queue; who waits longer is shed. Others may wait `interval`. Default: 5ms with `codel`, none with `adaptive-lifo`.
    pub target: Option<SpanText>,
}

/// Who is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawDiscipline {
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
    /// First in, first out, with controlled delay: waits in a standing queue end after `target`.
    Codel,
    /// First in, first out; last in, first out while the queue stands.
    AdaptiveLifo,
    /// Smallest priority number first; running work is not interrupted.
    Priority,
    /// Smallest priority number first; more urgent work interrupts less urgent, which resumes later.
    PreemptivePriority,
    /// Everyone at once, sharing `cores` (default 1) equally; needs unlimited threads.
    ProcessorSharing,
}

/// A limit checked before a request may queue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawAdmission {
    /// Refills at a rate up to a burst; a request takes its cost.
    TokenBucket(RawBucket),
    /// Fills with each request's cost up to a capacity (`burst`) and leaks at a rate.
    LeakyBucket(RawBucket),
    /// So many units in each calendar stretch of time; starts over with the next.
    Quota(RawQuota),
    /// Most requests inside each replica; checked before all buckets. At most one.
    Concurrency(RawConcurrency),
}

/// A token or leaky bucket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBucket {
    /// Name in messages and metrics. Default: the bucket's kind.
    pub name: Option<String>,
    /// Units per second.
    pub rate: RateText,
    /// Most units it holds; it starts full (leaky: empty).
    pub burst: NumberText,
    /// Units one request takes, by operation: a number or an amount such as `prompt + 500`; others take 1.
    #[serde(default)]
    pub costs: IndexMap<String, AmountText>,
    /// What happens to a request over the limit. Default: reject.
    pub excess: Option<RawExcess>,
    /// Longest hold when `excess` is delay. Default: for ever.
    pub wait_max: Option<SpanText>,
    /// Whether a refusal tells the caller when to come back. Default: true.
    pub retry_after: Option<bool>,
    /// Entity of which each key has an allowance of its own, such as users, addresses or API keys. Default: one for all.
    pub each: Option<String>,
}

/// A quota.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawQuota {
    /// Name in messages and metrics. Default: quota.
    pub name: Option<String>,
    /// Units in each stretch of time.
    pub limit: NumberText,
    /// Length of a stretch; the first begins with the run.
    pub per: SpanText,
    /// Units one request takes, by operation: a number or an amount; others take 1.
    #[serde(default)]
    pub costs: IndexMap<String, AmountText>,
    /// Whether a refusal tells the caller when to come back. Default: true.
    pub retry_after: Option<bool>,
    /// Entity of which each key has a quota of its own. Default: one for all.
    pub each: Option<String>,
}

/// What happens to a request over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawExcess {
    /// Refuse it (class `throttled`).
    Reject,
    /// Hold it until its turn.
    Delay,
}

/// The Universal Scalability Law: with n requests in service, each computes 1 + serial (n - 1) + crosstalk n (n - 1) times as long.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawContention {
    /// Share of the work that waits for each other request, such as behind a lock. Default: 0.
    pub serial: Option<ShareText>,
    /// Share of the work that each pair of requests adds, such as keeping caches coherent. Default: 0.
    pub crosstalk: Option<ShareText>,
}

/// Something that keeps data.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawStore {
    /// Named sets of rows. A read of one calls operation `read` (or `read-DATASET` if there is one), a write `write` (or `write-DATASET`).
    #[serde(default)]
    pub datasets: IndexMap<String, RawDataset>,
    /// Component with the same datasets that serves `read` steps instead, such as read replicas.
    pub reads_from: Option<String>,
}

/// A named set of rows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawDataset {
    /// What it is, for readers.
    pub description: Option<String>,
    /// How many times longer its reads and writes compute because rows are filtered by policies. Default: 1.
    pub row_level_security: Option<NumberText>,
    /// Entity whose keys name its rows, for writes with `if-unchanged`. Default: it is one row.
    pub key: Option<String>,
}
