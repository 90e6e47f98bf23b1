//! What callers see of what they call.

use super::measure::{Reading, View};
use crate::outcome::EdgeSlot;
use crate::plan::{Metric, PolicyId};

/// Measures a metric of the calls under one policy.
pub(super) fn measure(view: &View<'_>, metric: Metric, policy: PolicyId) -> Reading {
    let edge = &view.outcome.edges[policy];
    let count = |of: fn(&EdgeSlot) -> u64| -> u64 { view.of(&edge.slots).map(of).sum() };
    let nothing = || format!("{} was not called in this window", edge.name);
    // A call belongs to the slot of each of its events, so around a window's edges
    // a few more may succeed in it than began in it.
    let calls = count(|s| s.calls - s.open.min(s.calls));
    let calls_ok = count(|s| s.calls_ok).min(calls);
    match metric {
        Metric::Availability => Reading::share(calls_ok, calls, nothing),
        Metric::ErrorRate => Reading::share(calls - calls_ok, calls, nothing),
        Metric::RetryAmplification => Reading::share(count(|s| s.attempts), count(|s| s.calls), nothing),
        Metric::TimeoutRate => Reading::share(count(|s| s.timed_out), count(attempts_ended), nothing),
        Metric::HedgeRate => Reading::share(count(|s| s.hedges), count(|s| s.calls), nothing),
        Metric::ShortCircuitRate => Reading::share(count(|s| s.short_circuited), count(wanted), nothing),
        Metric::BulkheadRejectRate => Reading::share(count(|s| s.bulkhead_full), count(wanted), nothing),
        other => Reading::TooLittle(format!("{other:?} is not measured of calls")),
    }
}

/// Attempts made, and those that the caller's own guards stopped.
fn wanted(slot: &EdgeSlot) -> u64 {
    slot.attempts + slot.short_circuited + slot.bulkhead_full
}

fn attempts_ended(slot: &EdgeSlot) -> u64 {
    slot.answered_ok + slot.answered_error + slot.refused + slot.timed_out + slot.lost + slot.cancelled
}
