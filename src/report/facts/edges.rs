//! Calls between components, and what went wrong on the way.

use super::merge::sum;
use super::{Part, ratio};
use crate::outcome::{Edge, EdgeSlot};

/// Attempts per call above which retries are worth a line.
const AMPLIFICATION_NOTABLE: f64 = 1.001;
/// Share of attempts that failed above which an edge counts as troubled.
const BAD_NOTABLE: f64 = 0.001;

/// Calls from one caller to one target over the whole run.
pub(crate) struct EdgeFact<'a> {
    pub(crate) edge: &'a Edge,
    pub(crate) total: EdgeSlot,
    /// Calls begun per second.
    pub(crate) calls_per_sec: f64,
}

impl<'a> EdgeFact<'a> {
    pub(super) fn new(edge: &'a Edge, whole: &Part) -> Self {
        let total: EdgeSlot = sum(&edge.slots, &whole.slots);
        Self { edge, calls_per_sec: whole.per_sec(total.calls), total }
    }

    /// Attempts per call.
    pub(crate) fn amplification(&self) -> Option<f64> {
        ratio(self.total.attempts as f64, self.total.calls as f64)
    }

    /// Attempts that ended badly: an error, a refusal, a timeout, a reset.
    pub(crate) fn bad(&self) -> u64 {
        bad(&self.total)
    }

    /// Share of finished attempts that ended badly.
    pub(crate) fn bad_share(&self) -> Option<f64> {
        ratio(self.bad() as f64, (self.bad() + self.total.answered_ok) as f64)
    }

    /// Whether more attempts failed than can be called noise.
    pub(crate) fn is_troubled(&self) -> bool {
        is_troubled(&self.total)
    }

    /// Whether there is anything to say about it beyond its traffic.
    pub(crate) fn is_notable(&self) -> bool {
        let total = &self.total;
        self.amplification().is_some_and(|a| a > AMPLIFICATION_NOTABLE)
            || self.is_troubled()
            || total.timed_out + total.budget_denied + total.pool_timeouts > 0
    }
}

/// Attempts that ended badly.
pub(crate) fn bad(slot: &EdgeSlot) -> u64 {
    slot.answered_error + slot.refused + slot.timed_out + slot.lost
}

/// Whether more attempts failed, or calls found no connection, than can be called noise.
pub(crate) fn is_troubled(slot: &EdgeSlot) -> bool {
    let finished = bad(slot) + slot.answered_ok;
    ratio(bad(slot) as f64, finished as f64).is_some_and(|share| share >= BAD_NOTABLE)
        || ratio(slot.pool_timeouts as f64, slot.calls as f64).is_some_and(|share| share >= BAD_NOTABLE)
}
