//! What is counted while running: areas, counters and histograms by slot.

use super::blame::BlameSums;
use super::tables::Tables;
use crate::outcome::{CacheSlot, EdgeSlot, ModelSlot, ShardSlot, StoreSlot};
use crate::stats::Histogram;

/// A level integrated over time, exactly: entering at `t` subtracts `t`, leaving adds it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Area {
    pub(super) level: u64,
    acc: u128,
}

impl Area {
    #[inline]
    pub(super) fn enter(&mut self, now: u64) {
        self.level += 1;
        self.acc = self.acc.wrapping_sub(u128::from(now));
    }

    #[inline]
    pub(super) fn leave(&mut self, now: u64) {
        self.level -= 1;
        self.acc = self.acc.wrapping_add(u128::from(now));
    }

    /// Moves to any level.
    pub(super) fn set(&mut self, now: u64, level: u64) {
        self.acc = self.total(now).wrapping_sub(u128::from(level) * u128::from(now));
        self.level = level;
    }

    /// The integral up to `now`.
    #[inline]
    pub(super) fn total(&self, now: u64) -> u128 {
        self.acc.wrapping_add(u128::from(self.level) * u128::from(now))
    }
}

/// Fraction bits of a busy level where cores are shared in fractions.
pub(super) const BUSY_FRACTION_BITS: u32 = 10;

/// A component's present levels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Levels {
    pub(super) inside: Area,
    pub(super) waiting: Area,
    /// Threads or cores in use; in 2^-10 cores where cores are shared.
    pub(super) busy: Area,
    /// Threads or cores there are, in the unit of `busy`.
    pub(super) capacity: Area,
    /// Replicas up.
    pub(super) up: Area,
    /// Replicas in service or draining, faulty or not.
    pub(super) placed: Area,
    /// Replicas there are, those that are starting included.
    pub(super) paid: Area,
    /// Replicas asked for.
    pub(super) desired: Area,
    /// Replicas in service that get no requests for their health.
    pub(super) ejected: Area,
    /// Cache entries.
    pub(super) entries: Area,
    /// Exact sum of the times inside of requests that left without success; the others' are in the histograms.
    pub(super) sojourns: u128,
}

/// Integrals at some instant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) inside: u128,
    pub(super) waiting: u128,
    pub(super) busy: u128,
    pub(super) capacity: u128,
    pub(super) up: u128,
    pub(super) placed: u128,
    pub(super) paid: u128,
    pub(super) desired: u128,
    pub(super) ejected: u128,
    pub(super) entries: u128,
}

impl Levels {
    pub(super) fn snapshot(&self, now: u64) -> Snapshot {
        Snapshot {
            inside: self.inside.total(now),
            waiting: self.waiting.total(now),
            busy: self.busy.total(now),
            capacity: self.capacity.total(now),
            up: self.up.total(now),
            placed: self.placed.total(now),
            paid: self.paid.total(now),
            desired: self.desired.total(now),
            ejected: self.ejected.total(now),
            entries: self.entries.total(now),
        }
    }
}

impl Snapshot {
    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            inside: self.inside.wrapping_sub(earlier.inside),
            waiting: self.waiting.wrapping_sub(earlier.waiting),
            busy: self.busy.wrapping_sub(earlier.busy),
            capacity: self.capacity.wrapping_sub(earlier.capacity),
            up: self.up.wrapping_sub(earlier.up),
            placed: self.placed.wrapping_sub(earlier.placed),
            paid: self.paid.wrapping_sub(earlier.paid),
            desired: self.desired.wrapping_sub(earlier.desired),
            ejected: self.ejected.wrapping_sub(earlier.ejected),
            entries: self.entries.wrapping_sub(earlier.entries),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.inside += other.inside;
        self.waiting += other.waiting;
        self.busy += other.busy;
        self.capacity += other.capacity;
        self.up += other.up;
        self.placed += other.placed;
        self.paid += other.paid;
        self.desired += other.desired;
        self.ejected += other.ejected;
        self.entries += other.entries;
    }
}

/// One component's counts in one slot.
#[derive(Clone, Debug, Default)]
pub(super) struct CompCounts {
    pub(super) arrived: u64,
    pub(super) failed: u64,
    pub(super) shed: u64,
    pub(super) throttled: u64,
    pub(super) refused: u64,
    pub(super) denied: u64,
    pub(super) reneged: u64,
    pub(super) cancelled: u64,
    pub(super) lost: u64,
    pub(super) wasted: u64,
    /// Dropped when their turn came, because nobody waited any more.
    pub(super) expired: u64,
    pub(super) waiting_max: u64,
    pub(super) inside_max: u64,
    /// Waits of zero, which are most; the others are in `wait`.
    pub(super) no_wait: u64,
    pub(super) wait: Histogram,
    pub(super) replicas: ReplicaCounts,
    pub(super) areas: Snapshot,
    pub(super) cache: CacheSlot,
    pub(super) store: StoreSlot,
    pub(super) shards: ShardSlot,
    /// Present once it has generated something or passed a first token on.
    pub(super) model: Option<Box<ModelSlot>>,
}

/// What became of replicas in one slot of one component.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReplicaCounts {
    /// Most in service or draining at once.
    pub(super) placed_max: u64,
    /// Changes of the number asked for.
    pub(super) changes: u64,
    /// Replicas or instances asked for.
    pub(super) asked: u64,
    /// Replicas that the platform had not, and requests that got no instance.
    pub(super) denied: u64,
    /// Times that a replica was taken out for its health.
    pub(super) taken_out: u64,
    pub(super) killed: u64,
    /// Requests given an instance.
    pub(super) assigned: u64,
    /// Of those, how many waited for it to start.
    pub(super) cold: u64,
}

impl CompCounts {
    /// Requests that were turned away.
    pub(super) fn rejected(&self) -> u64 {
        self.shed + self.throttled + self.refused + self.denied
    }
}

/// One journey's counts in one slot.
#[derive(Clone, Debug, Default)]
pub(super) struct TrafficCounts {
    pub(super) arrived: u64,
    pub(super) ok: u64,
    pub(super) degraded: u64,
    pub(super) errors: [u64; ERROR_CLASSES],
    pub(super) latency: Histogram,
    pub(super) latency_failed: Histogram,
    /// Answers that were wrong, though nobody noticed.
    pub(super) wrong: u64,
    /// Arrival to the first token of an answer.
    pub(super) first_token: Histogram,
}

/// How many error classes there are.
pub(super) const ERROR_CLASSES: usize = crate::plan::ErrorClass::ALL.len();

/// One journey's requests up to some instant.
#[derive(Clone, Debug, Default)]
pub(super) struct TrafficSums {
    pub(super) arrived: u64,
    pub(super) answered: u64,
    pub(super) failed: u64,
    pub(super) latency: Histogram,
}

impl TrafficSums {
    fn add(&mut self, counts: &TrafficCounts) {
        self.arrived += counts.arrived;
        self.answered += counts.ok + counts.degraded;
        self.failed += counts.errors.iter().sum::<u64>();
        self.latency.merge(&counts.latency);
    }
}

/// Everything counted, as flat tables of `slot * n + index`.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) comps: Vec<CompCounts>,
    pub(super) sojourns: Vec<Histogram>,
    pub(super) edges: Vec<EdgeSlot>,
    /// Units metered, by operation and meter.
    pub(super) usage: Vec<f64>,
    pub(super) traffic: Vec<TrafficCounts>,
    /// `phase * traffic + index`; phases as in `outcome::Phase`.
    pub(super) blame: Vec<BlameSums>,
    /// By journey, up to the present window's start.
    pub(super) before_window: Vec<TrafficSums>,
}

impl Records {
    /// All requests of one of `journeys` so far.
    pub(super) fn traffic_so_far(&self, journey: usize, journeys: usize) -> TrafficSums {
        let mut sums = TrafficSums::default();
        self.traffic.iter().skip(journey).step_by(journeys).for_each(|slot| sums.add(slot));
        sums
    }

    /// Makes room for one more slot.
    pub(super) fn add_slot(&mut self, t: &Tables) {
        let (comps, ops, edges) = (t.comps.len(), t.ops.len(), t.policies.len());
        let (traffic, meters) = (t.traffic.len(), t.meters as usize);
        self.usage.resize(self.usage.len() + meters, 0.0);
        self.comps.resize(self.comps.len() + comps, CompCounts::default());
        self.sojourns.resize(self.sojourns.len() + ops, Histogram::default());
        self.edges.resize(self.edges.len() + edges, EdgeSlot::default());
        self.traffic.resize(self.traffic.len() + traffic, TrafficCounts::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_the_integral_of_its_level() {
        let mut area = Area::default();
        area.enter(10);
        area.enter(20);
        area.leave(50);
        area.set(60, 5);
        assert_eq!(area.total(70), 10 + 2 * 30 + 10 + 5 * 10);
    }
}
