//! What happened between callers and their targets.

use serde::{Deserialize, Serialize};

/// Calls from one caller to one target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edge {
    /// `caller -> target` or `caller -> target.operation`.
    pub name: String,
    /// Who calls: a component or a client.
    pub caller: String,
    /// Who is called.
    pub target: String,
    /// What happened, by slot.
    pub slots: Vec<EdgeSlot>,
}

/// Calls in one slot. `attempts = answered + refused + timed_out + lost + cancelled + open`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EdgeSlot {
    /// Calls begun.
    pub calls: u64,
    /// Attempts begun, over all calls.
    pub attempts: u64,
    /// Attempts answered ok or degraded.
    pub answered_ok: u64,
    /// Attempts answered with an error of the service.
    pub answered_error: u64,
    /// Attempts refused: shed, throttled, refused, out of connections, reneged.
    pub refused: u64,
    /// Attempts given up by the caller's timeout.
    pub timed_out: u64,
    /// Attempts broken by a reset.
    pub lost: u64,
    /// Attempts whose caller was itself cancelled or lost, or that the other request of a hedged call overtook.
    pub cancelled: u64,
    /// Attempts in progress at the end of the run.
    pub open: u64,
    /// Calls that never got a connection from the pool in time.
    pub pool_timeouts: u64,
    /// Calls that succeeded in the end.
    pub calls_ok: u64,
    /// Retries that a budget, or `only-if-first`, forbade.
    pub budget_denied: u64,
    /// Connections opened.
    pub connects: u64,
    /// Attempts that the caller's own breaker or throttle stopped; they count nowhere else.
    #[serde(default)]
    pub short_circuited: u64,
    /// Times a breaker opened.
    #[serde(default)]
    pub breaker_opened: u64,
    /// Attempts that found no place in the caller's own bulkhead; they count nowhere else.
    #[serde(default)]
    pub bulkhead_full: u64,
    /// Second requests of hedged calls.
    #[serde(default)]
    pub hedges: u64,
    /// Second requests that answered first.
    #[serde(default)]
    pub hedges_won: u64,
    /// Second requests that a cap forbade.
    #[serde(default)]
    pub hedges_denied: u64,
}
