//! What a file says, as typed: the one place that says which keys exist.
//!
//! Everything optional is optional here; defaults belong to the catalogue and
//! to `plan`. The JSON Schema that editors use and the checker that reports
//! every mistake at once are both derived from these types and their docs,
//! so a doc comment here is what a user reads in the editor.

use super::scalar::{
    BackoffText, BandwidthText, BytesText, CountText, ExpectText, LawText, NumberOrText, NumberText,
    PopularityText, RateText, ShareText, SpanText, TargetText,
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// What exists: places, components, the calls between them, and the clients outside.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawTopology {
    /// Name of the topology.
    pub topology: String,
    /// What it is, for readers.
    pub description: Option<String>,
    /// Named key spaces, such as products or users; caches and stores refer to them.
    #[serde(default)]
    pub entities: IndexMap<String, RawEntity>,
    /// Regions, zones, vendors' clouds, edges and the internet. Default: one place called `here`.
    #[serde(default)]
    pub places: IndexMap<String, RawPlace>,
    /// Delay, bandwidth and loss between places.
    pub network: Option<RawNetwork>,
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
    /// Independent copies, each with its own queue and threads. Default: 1.
    pub replicas: Option<u32>,
    /// Threads per replica, each held from start to reply, over downstream calls: a number or `unlimited`. Default: unlimited.
    pub threads: Option<CountText>,
    /// Hold nothing but a core while computing, as an event loop does. Excludes `threads`.
    #[serde(rename = "async")]
    pub is_async: Option<bool>,
    /// Cores per replica. With `threads`, shared by running threads (processor sharing); with `async`, first come first served. Default: a core for each thread; 1 for async.
    pub cores: Option<NumberText>,
    /// Pace of all its work, relative to nominal. Default: 1.
    pub speed: Option<NumberText>,
    /// The waiting line of each replica.
    pub queue: Option<RawQueue>,
    /// Limits checked before a request may queue, in order.
    #[serde(default)]
    pub admission: Vec<RawAdmission>,
    /// Most connections open to it at once, over all callers' pools. Default: unlimited.
    pub connections: Option<CountText>,
    /// Makes it remember keys.
    pub cache: Option<RawCache>,
    /// Makes it keep datasets that `read` and `write` steps name.
    pub store: Option<RawStore>,
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
}

/// Who is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawDiscipline {
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
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
    /// Units one request takes, by operation; others take 1.
    #[serde(default)]
    pub costs: IndexMap<String, NumberText>,
    /// What happens to a request over the limit. Default: reject.
    pub excess: Option<RawExcess>,
    /// Longest hold when `excess` is delay. Default: for ever.
    pub wait_max: Option<SpanText>,
    /// Whether a refusal tells the caller when to come back. Default: true.
    pub retry_after: Option<bool>,
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

/// A memory of recently used keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCache {
    /// Most entries: a number or `unlimited`. Excludes `memory`. Default: unlimited.
    pub entries: Option<CountText>,
    /// Most bytes; each entry weighs its entity's `bytes`.
    pub memory: Option<BytesText>,
    /// Who leaves when it is full. Default: lru.
    pub eviction: Option<RawEviction>,
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

/// Something that keeps data.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawStore {
    /// Named sets of rows. A read of one calls operation `read` (or `read-DATASET` if there is one), a write `write` (or `write-DATASET`).
    #[serde(default)]
    pub datasets: IndexMap<String, RawDataset>,
}

/// A named set of rows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawDataset {
    /// What it is, for readers.
    pub description: Option<String>,
}

/// How a caller behaves towards a target.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCallPolicy {
    /// Connections kept per caller replica. Default: one per call, opened for free.
    pub pool: Option<RawPool>,
    /// Longest wait for one attempt, from send. Default: for ever.
    pub timeout: Option<SpanText>,
    /// Longest wait for the whole call, retries and backoff included. Default: for ever.
    pub total_timeout: Option<SpanText>,
    /// Whether the caller's own deadline (what is left of its `total-timeout` or of the attempt that called it) caps this call. Default: false.
    pub inherit_deadline: Option<bool>,
    /// Whether a timeout stops the work on the other side; otherwise it goes on for nothing. Default: false.
    pub cancel: Option<bool>,
    /// When and how to try again. Default: never.
    pub retry: Option<RawRetry>,
    /// How a replica is chosen. Default: round-robin.
    pub balance: Option<RawBalancing>,
    /// What a failed call means for the caller. Default: fail.
    pub on_failure: Option<RawOnFailure>,
    /// Priority of requests sent this way, 0 (first) to 7. Default: the request's own.
    pub priority: Option<u8>,
}

/// A connection pool: its size, or its details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawPool {
    /// Most connections per caller replica.
    Size(u32),
    /// Size and behaviour.
    Details(RawPoolDetails),
}

/// A connection pool.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPoolDetails {
    /// Most connections per caller replica.
    pub size: u32,
    /// Most callers waiting for a connection: a number or `unlimited`. Default: unlimited.
    pub queue: Option<CountText>,
    /// Longest wait for a connection. Default: for ever.
    pub timeout: Option<SpanText>,
    /// Time to open a connection. Default: none.
    pub connect: Option<LawText>,
}

/// When and how to try again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRetry {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// Pause before each retry: `none`, `fixed(100ms)`, `exponential(BASE CAP)`, `exponential(BASE CAP spread 50%)`, `full-jitter(BASE CAP)`, `equal-jitter(BASE CAP)` or `decorrelated(BASE CAP)`. Default: none.
    pub backoff: Option<BackoffText>,
    /// Failures that are tried again. Default: all but cancelled.
    pub on: Option<Vec<RawErrorClass>>,
    /// Bound on retries over many calls. Default: none.
    pub budget: Option<RawBudget>,
    /// Whether a refusal's hint replaces a shorter pause. Default: true.
    pub honor_retry_after: Option<bool>,
}

/// Bound on retries over many calls: a share of calls, or its details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawBudget {
    /// Retries may be at most this share of calls over ten seconds.
    Share(ShareText),
    /// One of the two rules.
    Details(RawBudgetDetails),
}

/// Bound on retries over many calls.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBudgetDetails {
    /// Retries per call over a sliding window. Excludes `per-call` and `capacity`.
    pub ratio: Option<ShareText>,
    /// Length of the sliding window. Default: 10s.
    pub window: Option<SpanText>,
    /// Retries always allowed. Default: 0/s.
    pub min_rate: Option<RateText>,
    /// Tokens added by each first attempt; a retry takes one. Needs `capacity`.
    pub per_call: Option<NumberText>,
    /// Most tokens; it starts full. Needs `per-call`.
    pub capacity: Option<NumberText>,
    /// Who shares it. Default: component.
    pub scope: Option<RawBudgetScope>,
}

/// Who shares a retry budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawBudgetScope {
    /// Each caller replica has its own.
    Replica,
    /// All replicas of the caller share one.
    Component,
}

/// How a replica is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawBalancing {
    /// Any.
    Random,
    /// In turn.
    RoundRobin,
    /// Fewest unanswered requests of this caller; ties at random.
    LeastRequests,
    /// The less loaded of two drawn at random.
    TwoChoices,
    /// Fewest requests inside, over all callers; ties at random.
    JoinShortestQueue,
}

/// What a failed call means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawOnFailure {
    /// The caller fails too.
    Fail,
    /// The caller goes on.
    Continue,
    /// The caller goes on and its answer counts as degraded.
    Degrade,
}

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawErrorClass {
    /// The service answered with an error.
    Error,
    /// The caller stopped waiting.
    Timeout,
    /// A full queue refused the request.
    Shed,
    /// An allowance was used up.
    Throttled,
    /// The request left a queue after waiting too long.
    Reneged,
    /// The connection broke while work was under way.
    Reset,
    /// The other side was down and said so.
    Refused,
    /// The other side had no connection to give.
    Connections,
    /// No connection of the caller's own pool came free in time.
    PoolTimeout,
}

/// What a component does when called: its steps, or steps and properties.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawOperation {
    /// Just its steps.
    Steps(Vec<RawStep>),
    /// Steps and properties.
    Details(RawOperationDetails),
}

/// What a component does when called.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawOperationDetails {
    /// What it does, in order.
    #[serde(default)]
    pub steps: Vec<RawStep>,
    /// Whether calling it twice is as good as once; if not, callers do not retry a call that may have been done. Default: true.
    pub idempotent: Option<bool>,
    /// Size of a call to it. Default: none counted.
    #[schemars(extend("x-law-of" = "bytes"))]
    pub request_bytes: Option<LawText>,
    /// Size of its reply. Default: none counted.
    #[schemars(extend("x-law-of" = "bytes"))]
    pub response_bytes: Option<LawText>,
}

/// One thing an operation or a journey does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawStep {
    /// Use a core for this long.
    Compute(LawText),
    /// Let time pass without using a core.
    Wait(LawText),
    /// Call `component.operation` (or `component`, if it has only one) and wait for the answer.
    Call(TargetText),
    /// Hand the request on to `component.operation` and release everything here.
    Forward(TargetText),
    /// Read `store.dataset`.
    Read(TargetText),
    /// Write `store.dataset`.
    Write(TargetText),
    /// Look a key up in a cache; on a miss, do something and remember the result.
    Cached(Box<RawCached>),
    /// Remove a key from a cache.
    Invalidate(RawInvalidate),
    /// Do one of several lists of steps; what is left of 100 % does nothing.
    Choose(Vec<RawBranch>),
    /// Do a list of steps several times.
    Repeat(RawRepeat),
    /// Do several lists of steps at once.
    Parallel(RawParallel),
    /// Do a list of steps, and another if it fails.
    Try(RawTry),
    /// Fail with some probability.
    Fail(RawFail),
    /// Begin a list of steps and go on without waiting for it.
    Start(Vec<RawStep>),
    /// Answer now and go on with the rest.
    Reply,
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
    /// Whether requests that miss a key being fetched wait for that fetch. Default: false.
    pub single_flight: Option<bool>,
    /// What to do on a hit.
    #[serde(default)]
    pub hit: Vec<RawStep>,
    /// What to do on a miss, before the value is stored.
    #[serde(default)]
    pub miss: Vec<RawStep>,
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
}

/// One of several lists of steps.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBranch {
    /// How likely.
    pub share: ShareText,
    /// What to do.
    #[serde(rename = "do", default)]
    pub steps: Vec<RawStep>,
}

/// A list of steps done several times.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRepeat {
    /// How often: a number or a law such as `geometric(3)`.
    #[schemars(extend("x-law-of" = "count"))]
    pub times: LawText,
    /// Bound on the rounds.
    pub at_most: u32,
    /// What to do each time.
    #[serde(rename = "do")]
    pub steps: Vec<RawStep>,
}

/// Several lists of steps done at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawParallel {
    /// Different lists of steps. Excludes `times` and `do`.
    #[serde(default)]
    pub branches: Vec<Vec<RawStep>>,
    /// Copies of `do`.
    pub times: Option<u32>,
    /// What each copy does.
    #[serde(rename = "do", default)]
    pub steps: Vec<RawStep>,
    /// How many must succeed. Default: all.
    pub need: Option<u32>,
    /// Whether the rest is cancelled once enough have succeeded. Default: false.
    pub cancel_stragglers: Option<bool>,
}

/// A list of steps and what to do if it fails.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawTry {
    /// What to try.
    #[serde(rename = "do")]
    pub steps: Vec<RawStep>,
    /// What to do instead, the first entry that fits.
    pub rescue: Vec<RawRescue>,
    /// Whether a rescued request counts as degraded. Default: true.
    pub degraded: Option<bool>,
}

/// What to do when a tried list of steps fails.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRescue {
    /// Which failures. Default: all.
    pub on: Option<Vec<RawErrorClass>>,
    /// What to do instead.
    #[serde(rename = "do", default)]
    pub steps: Vec<RawStep>,
}

/// A failure: its probability, or its details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawFail {
    /// How likely, with class `error`.
    Probability(ShareText),
    /// How likely and how.
    Details(RawFailDetails),
}

/// A failure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFailDetails {
    /// How likely. Default: 100%.
    pub probability: Option<ShareText>,
    /// With what. Default: error.
    pub class: Option<RawErrorClass>,
}

/// Somebody outside who runs journeys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawClient {
    /// Who they are, for readers.
    pub description: Option<String>,
    /// Where they are. Default: the only place, if there is one.
    pub place: Option<String>,
    /// How they call: by `component` or `component.operation`.
    #[serde(default)]
    pub calls: IndexMap<String, RawCallPolicy>,
    /// What they do.
    #[serde(default)]
    pub journeys: IndexMap<String, RawJourney>,
}

/// What one user does from arrival to departure: its steps, or a weight and steps.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawJourney {
    /// Just its steps, with weight 1.
    Steps(Vec<RawStep>),
    /// Weight and steps.
    Details(RawJourneyDetails),
}

/// What one user does from arrival to departure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawJourneyDetails {
    /// Relative frequency among the client's journeys. Default: 1.
    pub weight: Option<NumberText>,
    /// What they do, in order.
    pub steps: Vec<RawStep>,
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

/// Load from one client. Give one of `rate`, `modulated`, `timestamps` or `users`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawLoad {
    /// Which of the topology's clients sends it. Default: the one with this load's name.
    pub client: Option<String>,
    /// Arrivals per second, fixed or over time; arrivals do not wait for answers.
    pub rate: Option<RawRate>,
    /// Pattern of the gaps between arrivals: `poisson`, `deterministic`, or a law whose mean is scaled to the rate, such as `erlang(4 1s)`. Default: poisson.
    pub arrivals: Option<String>,
    /// Poisson arrivals whose rate jumps between phases in turn.
    #[serde(default)]
    pub modulated: Vec<RawPhase>,
    /// A CSV file with one arrival time in seconds per line, relative to this file.
    pub timestamps: Option<String>,
    /// A fixed number of users, who wait for each answer and then think.
    pub users: Option<u32>,
    /// Pause between an answer and the same user's next request. Default: 0s.
    pub think: Option<LawText>,
    /// Requests per arrival, such as `geometric(10)`. Default: 1.
    #[schemars(extend("x-law-of" = "count"))]
    pub batch: Option<LawText>,
    /// Classes of users.
    #[serde(default)]
    pub classes: IndexMap<String, RawClass>,
}

/// A phase of modulated load.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPhase {
    /// Arrivals per second in this phase.
    pub rate: RateText,
    /// How long each visit lasts.
    #[serde(rename = "for")]
    pub length: LawText,
}

/// A class of users.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawClass {
    /// Share of arrivals; the classes' shares sum to 100%.
    pub share: ShareText,
    /// 0 (first) to 7. Default: 4.
    pub priority: Option<u8>,
}

/// Arrivals per second: fixed, or a curve over time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawRate {
    /// The same all the time.
    Fixed(RateText),
    /// A curve.
    Curve(RawCurve),
}

/// Arrivals per second over time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawCurve {
    /// Linear between points, constant before the first and after the last.
    Points(Vec<RawRatePoint>),
    /// Constant from each point to the next.
    Steps(Vec<RawRatePoint>),
    /// From one rate to another, then constant.
    Ramp(RawRamp),
    /// A base with a peak in it.
    Spike(RawSpikeCurve),
    /// A daily (or other) sine wave.
    Diurnal(RawDiurnal),
    /// A CSV file of `seconds,rate` lines, linear between them; relative to this file.
    Csv(String),
}

/// A point of a rate curve.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRatePoint {
    /// When.
    pub at: SpanText,
    /// Arrivals per second then.
    pub rate: RateText,
}

/// From one rate to another.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRamp {
    /// Rate at the start.
    pub from: RateText,
    /// Rate at the end and after.
    pub to: RateText,
    /// How long it takes.
    pub over: SpanText,
}

/// A base with a peak in it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSpikeCurve {
    /// Rate before.
    pub base: RateText,
    /// Rate at the peak.
    pub peak: RateText,
    /// When the peak is reached.
    pub at: SpanText,
    /// How long the peak lasts.
    #[serde(rename = "for")]
    pub length: SpanText,
    /// Time to climb to the peak and to fall from it. Default: 0s.
    pub ramp: Option<SpanText>,
    /// Rate after. Default: the base.
    pub after: Option<RateText>,
}

/// A daily (or other) sine wave.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawDiurnal {
    /// Mean rate.
    pub mean: RateText,
    /// Swing around the mean, as a share of it, at most 100%.
    pub swing: ShareText,
    /// Length of one wave. Default: 24h.
    pub period: Option<SpanText>,
    /// When the first peak is reached. Default: a quarter of the period.
    pub peak_at: Option<SpanText>,
}

/// Something that goes wrong: when, and exactly one of the effects.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFault {
    /// Name in timelines. Default: made from the effect and its target.
    pub name: Option<String>,
    /// When it starts. Needed unless `recurring`.
    pub at: Option<SpanText>,
    /// How long it lasts. Default: to the end.
    #[serde(rename = "for")]
    pub length: Option<SpanText>,
    /// Time over which it grows to full strength. Default: 0s.
    pub ramp: Option<SpanText>,
    /// Comes and goes within its length.
    pub flap: Option<RawFlap>,
    /// Again and again at random, each target on its own; instead of `at` and `for`.
    pub recurring: Option<RawRecurring>,
    /// Replicas die; work inside is lost. They return when the fault ends.
    pub crash: Option<RawCrash>,
    /// Replicas stop working for a while, as in a garbage collection or a virtual machine freeze; arrivals queue.
    pub pause: Option<RawReplicaTarget>,
    /// Replicas work slower.
    pub slow: Option<RawSlow>,
    /// Some requests fail or take longer, others do not.
    pub gray: Option<RawGray>,
    /// Part of the threads, pool connections or store connections are unusable.
    pub exhaust: Option<RawExhaust>,
    /// Nothing is served: refused, answered with errors, or never answered.
    pub outage: Option<RawOutage>,
    /// A smaller allowance is imposed.
    pub throttle: Option<RawThrottle>,
    /// Messages take longer.
    pub latency: Option<RawLatencyFault>,
    /// Messages are lost and sent again.
    pub packet_loss: Option<RawPacketLoss>,
    /// A path carries fewer bytes per second.
    pub bandwidth: Option<RawBandwidthFault>,
    /// No message passes.
    pub partition: Option<RawPartition>,
    /// More load.
    pub spike: Option<RawSpikeFault>,
}

/// Coming and going.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFlap {
    /// How long it acts each time.
    pub on: SpanText,
    /// How long it rests each time.
    pub off: SpanText,
}

/// Again and again at random.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRecurring {
    /// Time between the end of one and the start of the next.
    pub up: LawText,
    /// Length of each.
    pub down: LawText,
    /// First possible start. Default: 0s.
    pub from: Option<SpanText>,
    /// No more starts after this. Default: the end.
    pub until: Option<SpanText>,
}

/// Which replicas: a component's name, or a selector.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawTarget {
    /// All replicas of the component with this name.
    Name(String),
    /// A selector.
    Selector(RawSelector),
}

/// Chooses components by name, kind, tag or place (all that are given must fit), and then some of their replicas.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSelector {
    /// By name.
    pub component: Option<String>,
    /// By catalogue kind.
    pub kind: Option<String>,
    /// By tag.
    pub tag: Option<String>,
    /// By place.
    pub place: Option<String>,
    /// This many replicas of those that fit, drawn by the seed. Default: all.
    pub count: Option<u32>,
    /// This share of the replicas that fit, rounded up, drawn by the seed.
    pub percent: Option<ShareText>,
}

/// Which replicas.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawReplicaTarget {
    /// Which replicas.
    pub target: RawTarget,
}

/// Replicas die.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCrash {
    /// Which replicas.
    pub target: RawTarget,
    /// Refuse new work but finish what is inside before going down. Default: false.
    pub graceful: Option<bool>,
    /// Time from the fault's end until a replica serves again. Default: 0s.
    pub restart: Option<LawText>,
}

/// Replicas work slower.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSlow {
    /// Which replicas.
    pub target: RawTarget,
    /// Times slower.
    pub factor: NumberText,
}

/// Some requests fail or take longer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawGray {
    /// Which replicas.
    pub target: RawTarget,
    /// Share of requests that fail. Default: 0%.
    pub errors: Option<ShareText>,
    /// With what. Default: error.
    pub class: Option<RawErrorClass>,
    /// Extra time for requests that do not fail.
    pub latency: Option<LawText>,
    /// Only requests from these components or clients. Default: all.
    #[serde(default)]
    pub callers: Vec<String>,
    /// Only these operations of the targets. Default: all.
    #[serde(default)]
    pub operations: Vec<String>,
}

/// Part of something is unusable. Give one of `threads`, `pool` and `connections`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawExhaust {
    /// Threads (or async cores) of these replicas.
    pub threads: Option<RawTarget>,
    /// A pool, as `caller -> target`.
    pub pool: Option<String>,
    /// Connections that a component accepts.
    pub connections: Option<String>,
    /// Share lost.
    pub share: ShareText,
}

/// Nothing is served.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawOutage {
    /// Which replicas.
    pub target: RawTarget,
    /// How it shows. Default: refuse.
    pub mode: Option<RawOutageMode>,
}

/// How an outage shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawOutageMode {
    /// Connection refused, at once.
    Refuse,
    /// An error answer, at once.
    Error,
    /// Never an answer.
    BlackHole,
}

/// A smaller allowance is imposed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawThrottle {
    /// Which component.
    pub target: String,
    /// Requests per second allowed.
    pub rate: RateText,
    /// Most requests at once. Default: one second's worth.
    pub burst: Option<NumberText>,
    /// Whether a refusal tells the caller when to come back. Default: true.
    pub retry_after: Option<bool>,
}

/// One side of a network path: a component's, client's or place's name, or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawEnd {
    /// A component, client or place.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// Messages take longer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawLatencyFault {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
    /// Extra one-way delay.
    pub add: LawText,
}

/// Messages are lost and sent again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPacketLoss {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
    /// Probability per message.
    pub loss: ShareText,
    /// Delay until sent again; doubles for each further loss. Default: 200ms.
    pub retransmit: Option<SpanText>,
}

/// A path carries fewer bytes per second.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBandwidthFault {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
    /// What is left.
    pub limit: BandwidthText,
}

/// No message passes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPartition {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
    /// Whether senders are told at once instead of hearing nothing. Default: false.
    pub refuse: Option<bool>,
}

/// More load.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSpikeFault {
    /// Which load grows.
    pub load: String,
    /// Times its own rate.
    pub factor: NumberText,
}

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
