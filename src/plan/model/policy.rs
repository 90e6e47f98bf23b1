//! How callers behave.

use super::{CredentialId, EntityId, Guard, PolicyId};
use crate::dist::{Backoff, Law};
use crate::units::SimSpan;
use serde::{Deserialize, Serialize};

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
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
    /// The other side was down or unreachable and said so.
    Refused,
    /// The other side had no connection to give.
    Connections,
    /// No connection of the caller's own pool came free in time.
    PoolTimeout,
    /// The caller cancelled.
    Cancelled,
    /// The caller's own breaker or throttle let nothing through.
    Open,
    /// The caller's own bulkhead was full.
    Bulkhead,
    /// Its deadline had passed when its turn came.
    Expired,
    /// The answer did not have the form asked for.
    Malformed,
    /// The request was not acceptable, and would not be the next time.
    Rejected,
    /// Whoever asked was not accepted.
    Denied,
    /// What was to be written had been changed by somebody else.
    Conflict,
}

impl ErrorClass {
    /// Every class; each stands at the index that is its number.
    pub const ALL: [Self; 17] = [
        Self::Error,
        Self::Timeout,
        Self::Shed,
        Self::Throttled,
        Self::Reneged,
        Self::Reset,
        Self::Refused,
        Self::Connections,
        Self::PoolTimeout,
        Self::Cancelled,
        Self::Open,
        Self::Bulkhead,
        Self::Expired,
        Self::Malformed,
        Self::Rejected,
        Self::Denied,
        Self::Conflict,
    ];
}

/// How a caller behaves towards one target.
#[derive(Clone, Debug, PartialEq)]
pub struct CallPolicy {
    /// `caller -> target`, for messages and metrics.
    pub name: String,
    /// Connections kept per caller replica; `None` opens one per call for free.
    pub pool: Option<Pool>,
    /// Longest wait for one attempt, from send.
    pub attempt_timeout: Option<SimSpan>,
    /// Longest wait for the whole call, backoff included.
    pub total_timeout: Option<SimSpan>,
    /// Whether the caller's own deadline caps this call.
    pub inherits_deadline: bool,
    /// Whether a timeout stops the work on the other side.
    pub cancels: bool,
    /// When and how to try again.
    pub retry: Retry,
    /// How a replica is chosen.
    pub balancing: Balancing,
    /// Each request goes to the replica that its key of this entity belongs to, instead.
    pub shard_by: Option<EntityId>,
    /// Whether replicas in the caller's own zone are preferred.
    pub zone_aware: bool,
    /// Longest wait for the first token of an answer, or all of one that is not streamed.
    pub first_token_timeout: Option<SimSpan>,
    /// What the caller presents.
    pub credential: Option<CredentialId>,
    /// Whether malformed answers fail.
    pub validates: bool,
    /// What a failed call means for the caller.
    pub on_failure: OnFailure,
    /// Priority given to requests sent this way; `None` keeps the request's own.
    pub priority: Option<u8>,
    /// What it does to protect itself and the target.
    pub guard: Guard,
}

/// A connection pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// The policy whose connections these are: this one, or another of the same caller and target
    /// that takes the pool from the same entry.
    pub owner: PolicyId,
    /// Most connections per caller replica.
    pub size: u32,
    /// Most callers waiting for a connection; `None` is unlimited.
    pub queue_capacity: Option<u32>,
    /// Longest wait for a connection.
    pub timeout: Option<SimSpan>,
    /// Cost of opening a connection; `None` is free.
    pub connect: Option<Law>,
    /// Whether a connection serves one connection to the caller, as long as that is open, and not one call.
    pub is_session: bool,
}

/// When and how to try again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Tries in all, the first included; 1 never retries.
    pub attempts_max: u32,
    /// Pause before each retry.
    pub backoff: Backoff,
    /// Which failures are tried again.
    pub on: Vec<ErrorClass>,
    /// Bound on retries over many calls.
    pub budget: Option<RetryBudget>,
    /// Whether a refusal's hint replaces a shorter pause.
    pub honours_retry_after: bool,
    /// Whether work done for somebody's retry is never retried here, so that only one layer retries.
    pub only_if_first: bool,
}

/// Bound on retries over many calls.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryBudget {
    /// The policy whose allowance this is: this one, or another of the same caller and target
    /// that takes the budget from the same entry.
    pub owner: PolicyId,
    /// How the allowance works.
    pub rule: BudgetRule,
    /// Who shares it.
    pub scope: BudgetScope,
}

/// How a retry allowance works.
#[derive(Clone, Debug, PartialEq)]
pub enum BudgetRule {
    /// Each first attempt adds, each retry takes one; starts full.
    TokenBucket {
        /// Tokens added by a first attempt.
        per_call: f64,
        /// Most tokens.
        capacity: f64,
    },
    /// Retries may be at most this share of first attempts over a sliding window.
    Ratio {
        /// Retries per first attempt.
        ratio: f64,
        /// Length of the window.
        window: SimSpan,
        /// Retries per second always allowed.
        min_per_sec: f64,
    },
}

/// Who shares a retry allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetScope {
    /// Each caller replica has its own.
    Replica,
    /// All replicas of the caller share one.
    Component,
}

/// How a replica is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balancing {
    /// Any, uniformly.
    Random,
    /// In turn, per caller component.
    RoundRobin,
    /// Fewest unanswered requests of this caller; ties at random.
    LeastRequests,
    /// The least loaded, by this caller's unanswered requests, of so many drawn at random, 2..=16.
    Choices(u8),
    /// Fewest requests inside, over all callers; ties at random.
    JoinShortestQueue,
}

/// What a failed call means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The caller fails with the same class.
    Fail,
    /// The caller goes on as if nothing had happened.
    Continue,
    /// The caller goes on, and its request counts as degraded.
    Degrade,
}
