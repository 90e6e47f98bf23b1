//! What a caller does to protect itself and whom it calls.

use super::{BudgetRule, BudgetScope, ErrorClass};
use crate::units::SimSpan;

/// A caller's protections towards one target; the default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guard {
    /// Stops calling what keeps failing.
    pub breaker: Option<Breaker>,
    /// Bounds calls in progress.
    pub bulkhead: Option<Bulkhead>,
    /// Calls less when many calls are rejected.
    pub throttle: Option<Throttle>,
    /// Asks a second time when the first answer is late.
    pub hedge: Option<Hedge>,
}

/// A circuit breaker, with the states and rules of resilience4j's `CircuitBreaker`.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// Which attempts it remembers.
    pub window: BreakerWindow,
    /// Fewest remembered attempts to judge by, at least 1.
    pub calls_min: u32,
    /// Share of failed attempts from which it opens, above 0.
    pub failures: f64,
    /// Attempts that take at least this long are slow; it opens from this share of them on.
    pub slow: Option<(SimSpan, f64)>,
    /// How long it stays open before it probes.
    pub open: SimSpan,
    /// Attempts let through while half open; all of them together decide.
    pub probes: u32,
    /// What counts as a failure.
    pub on: Vec<ErrorClass>,
    /// Who shares it.
    pub scope: BudgetScope,
}

/// Which attempts a breaker remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerWindow {
    /// The last so many.
    Calls(u32),
    /// Those that ended within this time, in tenths of it.
    Time(SimSpan),
}

/// A bound on attempts in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bulkhead {
    /// Most attempts at once, at least 1.
    pub calls: u32,
    /// Most callers waiting for a place; `None` is unlimited.
    pub queue_capacity: Option<u32>,
    /// Longest wait for a place; `None` is for ever.
    pub wait_max: Option<SimSpan>,
    /// Who shares it.
    pub scope: BudgetScope,
}

/// Client-side adaptive throttling: an attempt is rejected at once with probability
/// max(0, (requests − k·accepts) / (requests + 1)) over a sliding window
/// (Google SRE book, chapter 21).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttle {
    /// Requests sent per accepted one in the long run, at least 1.
    pub k: f64,
    /// Length of the window.
    pub window: SimSpan,
    /// Who shares it.
    pub scope: BudgetScope,
}

/// A second request when the first answer is late; the first success counts
/// (Dean and Barroso, "The Tail at Scale", 2013).
#[derive(Clone, Debug, PartialEq)]
pub struct Hedge {
    /// When it is sent.
    pub after: HedgeDelay,
    /// Bound on second requests as a share of calls; `None` has none.
    pub cap: Option<BudgetRule>,
    /// Whether the loser is cancelled, also on the other side.
    pub cancels: bool,
}

/// When a second request is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HedgeDelay {
    /// After this time.
    Fixed(SimSpan),
    /// After this quantile of the caller's own calls of the last one to two windows.
    Observed {
        /// Strictly between 0 and 1.
        quantile: f64,
        /// Length of a window.
        window: SimSpan,
    },
}
