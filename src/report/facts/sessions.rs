//! What became of sessions and broadcasts.

use super::merge::{Merge, sum};
use super::{Part, ratio};
use crate::outcome::{HubOutcome, HubSlot, PopulationOutcome, SessionSlot};

/// The users of one load of sessions over the whole run.
pub(crate) struct PopulationFact<'a> {
    pub(crate) population: &'a PopulationOutcome,
    pub(crate) total: SessionSlot,
    /// Mean number of sessions open.
    pub(crate) open_mean: f64,
    /// Sessions opened per second.
    pub(crate) opened_per_sec: f64,
    /// Share of users' time with a session.
    pub(crate) connected: Option<f64>,
}

impl<'a> PopulationFact<'a> {
    pub(super) fn new(population: &'a PopulationOutcome, whole: &Part) -> Self {
        let total: SessionSlot = sum(&population.slots, &whole.slots);
        let open = total.open_area as f64;
        Self {
            population,
            open_mean: ratio(open, whole.seconds * 1e9).unwrap_or(0.0),
            opened_per_sec: whole.per_sec(total.opened),
            connected: ratio(open, open + total.waiting_area as f64),
            total,
        }
    }
}

/// One component with sessions over the whole run.
pub(crate) struct HubFact<'a> {
    pub(crate) hub: &'a HubOutcome,
    pub(crate) total: HubSlot,
}

impl<'a> HubFact<'a> {
    pub(super) fn new(hub: &'a HubOutcome, whole: &Part) -> Self {
        Self { hub, total: sum(&hub.slots, &whole.slots) }
    }

    /// Share of those that broadcasts were for who got them; `None` without broadcasts.
    pub(crate) fn delivered(&self) -> Option<f64> {
        ratio(self.total.delivered.min(self.total.intended) as f64, self.total.intended as f64)
    }
}

impl Merge for SessionSlot {
    fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.left += other.left;
        self.left_waiting += other.left_waiting;
        self.gave_up += other.gave_up;
        self.opened += other.opened;
        self.reconnects += other.reconnects;
        self.resumed += other.resumed;
        self.failed += other.failed;
        self.expired += other.expired;
        self.idle += other.idle;
        self.drained += other.drained;
        self.crashed += other.crashed;
        self.disconnected += other.disconnected;
        self.timed_out += other.timed_out;
        self.half_open += other.half_open;
        self.vanished += other.vanished;
        self.open_area += other.open_area;
        self.waiting_area += other.waiting_area;
        self.half_open_area += other.half_open_area;
        self.open_max = self.open_max.max(other.open_max);
        self.waiting_max = self.waiting_max.max(other.waiting_max);
        self.half_open_max = self.half_open_max.max(other.half_open_max);
        self.open = other.open;
        self.waiting = other.waiting;
        self.reconnect_time.merge(&other.reconnect_time);
        self.detection.merge(&other.detection);
    }
}

impl Merge for HubSlot {
    fn add(&mut self, other: &Self) {
        self.broadcasts += other.broadcasts;
        self.intended += other.intended;
        self.delivered += other.delivered;
        self.latency.merge(&other.latency);
        self.last.merge(&other.last);
        self.heartbeat_area += other.heartbeat_area;
        self.imbalance_sum += other.imbalance_sum;
        self.imbalance_count += other.imbalance_count;
        self.imbalance_max = self.imbalance_max.max(other.imbalance_max);
    }
}
