//! Call policies as a file writes them.

use super::{RawBreaker, RawBulkhead, RawClientThrottle, RawHedge, RawStep};
use crate::spec::scalar::{BackoffText, CountText, LawText, NumberText, RateText, ShareText, SpanText};
use schemars::JsonSchema;
use serde::Deserialize;

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
    /// An entity: each request goes to the replica that its key belongs to. Excludes `balance`.
    pub shard_by: Option<String>,
    /// Prefer replicas in the caller's own zone while there are some in the rotation. Default: false.
    pub zone_aware: Option<bool>,
    /// Longest wait for the first token of an answer, from send; for answers that are not streamed, for all of it. Default: for ever.
    pub first_token: Option<SpanText>,
    /// Whether the caller checks the form of answers, so that malformed ones fail (class `malformed`) instead of passing for good. Default: false.
    pub validate: Option<bool>,
    /// Credential that the caller presents.
    pub credential: Option<String>,
    /// What a failed call means for the caller. Default: fail.
    pub on_failure: Option<RawOnFailure>,
    /// Priority of requests sent this way, 0 (first) to 7. Default: the request's own.
    pub priority: Option<u8>,
    /// Stops calling what keeps failing. Default: none.
    pub breaker: Option<RawBreaker>,
    /// Most attempts at once per caller replica. Default: unlimited.
    pub bulkhead: Option<RawBulkhead>,
    /// Sends less when many attempts are rejected. Default: none.
    pub throttle: Option<RawClientThrottle>,
    /// Asks a second time when the first answer is late. Default: never.
    pub hedge: Option<RawHedge>,
    /// Steps done instead when the call has failed; the answer counts as degraded. Default: none.
    pub fallback: Option<Vec<RawStep>>,
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
    /// What one of these connections is for. Default: transaction.
    pub mode: Option<RawPoolMode>,
}

/// What a pooler's connection to its target is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawPoolMode {
    /// One call: it goes back to the pool with the answer.
    Transaction,
    /// One connection to the caller itself: taken when that is opened, given back when that is closed.
    Session,
}

/// When and how to try again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRetry {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// Pause before each retry: `none`, `fixed(100ms)`, `exponential(BASE CAP)`, `exponential(BASE CAP spread 50%)`, `full-jitter(BASE CAP)`, `equal-jitter(BASE CAP)` or `decorrelated(BASE CAP)`. Default: none.
    pub backoff: Option<BackoffText>,
    /// Failures that are tried again. Default: all but `rejected`, `denied` and the caller's own `open`.
    pub on: Option<Vec<RawErrorClass>>,
    /// Bound on retries over many calls. Default: none.
    pub budget: Option<RawBudget>,
    /// Whether a refusal's hint replaces a shorter pause. Default: true.
    pub honor_retry_after: Option<bool>,
    /// Whether work done for somebody's retry is never retried here, so that only one layer retries. Default: false.
    pub only_if_first: Option<bool>,
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
    /// The least loaded of so many drawn at random, 2 to 16.
    Choices(u32),
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
    /// The caller's own breaker or throttle let nothing through.
    Open,
    /// The caller's own bulkhead was full.
    Bulkhead,
    /// Its deadline had passed when its turn came.
    Expired,
    /// The answer did not have the form asked for, and the caller validates answers.
    Malformed,
    /// The request was not acceptable, and would not be the next time: too large, unknown, against a rule.
    Rejected,
    /// Whoever asked was not accepted: an expired or unknown token, key or certificate, or a rule against them.
    Denied,
    /// What was to be written had been changed since it was read.
    Conflict,
}
