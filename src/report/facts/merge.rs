//! Sums over slots, so that each format need not know how a run is divided.

use crate::outcome::{
    BrokerSlot, CacheSlot, ComponentSlot, EdgeSlot, LevelTimes, MarkSlot, ModelSlot, NameSlot, StoreSlot,
    TrafficSlot,
};

/// Something that can be summed over slots.
pub(crate) trait Merge: Default {
    /// Adds what happened in another slot.
    fn add(&mut self, other: &Self);
}

/// The sum over some slots; slots that are not there count as empty.
pub(crate) fn sum<S: Merge>(slots: &[S], indices: &[usize]) -> S {
    let mut total = S::default();
    indices.iter().filter_map(|index| slots.get(*index)).for_each(|slot| total.add(slot));
    total
}

impl Merge for TrafficSlot {
    fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.ok += other.ok;
        self.degraded += other.degraded;
        for (class, count) in &other.errors {
            *self.errors.entry(*class).or_insert(0) += count;
        }
        self.open += other.open;
        self.latency.merge(&other.latency);
        self.latency_failed.merge(&other.latency_failed);
        self.wrong += other.wrong;
        self.first_token.merge(&other.first_token);
    }
}

impl Merge for ComponentSlot {
    fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.completed += other.completed;
        self.failed += other.failed;
        self.shed += other.shed;
        self.throttled += other.throttled;
        self.refused += other.refused;
        self.denied += other.denied;
        self.reneged += other.reneged;
        self.expired += other.expired;
        self.cancelled += other.cancelled;
        self.lost += other.lost;
        self.inside += other.inside;
        self.wasted += other.wasted;
        self.wait.merge(&other.wait);
        self.waited += other.waited;
        self.busy_area += other.busy_area;
        self.capacity_area += other.capacity_area;
        self.queue_area += other.queue_area;
        self.in_system_area += other.in_system_area;
        self.up_area += other.up_area;
        self.replicas.absorb(&other.replicas);
        self.queue_max = self.queue_max.max(other.queue_max);
        self.in_system_max = self.in_system_max.max(other.in_system_max);
        self.shards.add(&other.shards);
        add_part(&mut self.cache, other.cache.as_ref());
        add_part(&mut self.store, other.store.as_ref());
        add_part(&mut self.model, other.model.as_ref());
        add_part(&mut self.watched.in_system, other.watched.in_system.as_ref());
        add_part(&mut self.watched.up, other.watched.up.as_ref());
    }
}

impl Merge for LevelTimes {
    fn add(&mut self, other: &Self) {
        self.merge(other);
    }
}

fn add_part<S: Merge>(mine: &mut Option<S>, theirs: Option<&S>) {
    if let Some(theirs) = theirs {
        mine.get_or_insert_with(S::default).add(theirs);
    }
}

impl Merge for CacheSlot {
    fn add(&mut self, other: &Self) {
        self.add(other);
    }
}

impl Merge for StoreSlot {
    fn add(&mut self, other: &Self) {
        self.reads += other.reads;
        self.commits += other.commits;
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.corrupt += other.corrupt;
        self.no_room += other.no_room;
        self.conflicts += other.conflicts;
        self.connections_refused += other.connections_refused;
        self.connections_max = self.connections_max.max(other.connections_max);
    }
}

impl Merge for ModelSlot {
    fn add(&mut self, other: &Self) {
        self.generations += other.generations;
        self.prompt_tokens += other.prompt_tokens;
        self.output_tokens += other.output_tokens;
        self.overflowed += other.overflowed;
        self.cut += other.cut;
        self.malformed += other.malformed;
        self.wrong += other.wrong;
        self.first_token.merge(&other.first_token);
        self.token_time.merge(&other.token_time);
    }
}

impl Merge for EdgeSlot {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.attempts += other.attempts;
        self.answered_ok += other.answered_ok;
        self.answered_error += other.answered_error;
        self.refused += other.refused;
        self.timed_out += other.timed_out;
        self.lost += other.lost;
        self.cancelled += other.cancelled;
        self.open += other.open;
        self.pool_timeouts += other.pool_timeouts;
        self.calls_ok += other.calls_ok;
        self.budget_denied += other.budget_denied;
        self.connects += other.connects;
        self.short_circuited += other.short_circuited;
        self.breaker_opened += other.breaker_opened;
        self.bulkhead_full += other.bulkhead_full;
        self.hedges += other.hedges;
        self.hedges_won += other.hedges_won;
        self.hedges_denied += other.hedges_denied;
    }
}

impl Merge for BrokerSlot {
    fn add(&mut self, other: &Self) {
        self.published += other.published;
        self.doubled += other.doubled;
        self.deduplicated += other.deduplicated;
        self.refused += other.refused;
        self.receives += other.receives;
        self.redelivered += other.redelivered;
        self.out_of_order += other.out_of_order;
        self.acknowledged += other.acknowledged;
        self.dead_letters += other.dead_letters;
        self.expired += other.expired;
        self.lost += other.lost;
        self.redriven += other.redriven;
        self.receives_of_finished += other.receives_of_finished;
        self.failures += other.failures;
        self.duplicates += other.duplicates;
        self.acks_lost += other.acks_lost;
        self.skipped += other.skipped;
        self.missed += other.missed;
        self.latency.merge(&other.latency);
        self.dead_age += other.dead_age;
        self.waiting_area += other.waiting_area;
        self.in_flight_area += other.in_flight_area;
        self.oldest_area += other.oldest_area;
        self.waiting_max = self.waiting_max.max(other.waiting_max);
        self.oldest_max = self.oldest_max.max(other.oldest_max);
        self.waiting = other.waiting;
        self.in_flight = other.in_flight;
    }
}

impl Merge for NameSlot {
    fn add(&mut self, other: &Self) {
        self.add(other);
    }
}

impl Merge for MarkSlot {
    fn add(&mut self, other: &Self) {
        self.passes += other.passes;
        self.repeats += other.repeats;
        self.latency.merge(&other.latency);
    }
}
