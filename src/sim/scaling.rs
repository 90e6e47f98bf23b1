//! Autoscaling: measuring, deciding, and asking for replicas or letting them go.

use super::desired::Sample;
use super::engine::Engine;
use super::fleet::{FleetEvent, Life};
use super::record::Snapshot;
use super::trouble::remaining;
use crate::outcome::{ReplicaNoteKind, Resource};
use crate::plan::Quota;
use crate::rng;

const SALT_DENIED: u64 = rng::name_hash("replica/denied");
/// Time between two looks at a component that only replaces its replicas.
const REPLACE_EVERY: u64 = 10_000_000_000;

/// Where a data point began.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    at: u64,
    areas: Snapshot,
    arrived: u64,
    /// Asked for so far, to address the chance of being denied.
    asked: u64,
}

impl Engine<'_> {
    /// Starts the clock of a component whose number of replicas may change.
    pub(super) fn start_scaler(&mut self, comp: usize) {
        if self.fleet.scalers[comp].is_none() {
            return;
        }
        let desired = u64::from(self.t.comps[comp].initial);
        self.stations[comp].levels.desired.set(self.now, desired);
        self.schedule_data_point(comp);
        let entries = self.plan.components[comp].scaling.as_ref().map_or(0, |rule| rule.schedule.len());
        for entry in 0..entries as u32 {
            let at = self.plan.components[comp]
                .scaling
                .as_ref()
                .map_or(0, |rule| rule.schedule[entry as usize].at.0);
            self.schedule_fleet(at, FleetEvent::Bounds { comp: comp as u32, entry });
        }
    }

    fn schedule_data_point(&mut self, comp: usize) {
        let period = self.plan.components[comp].scaling.as_ref().map_or(REPLACE_EVERY, |rule| rule.period.0);
        if self.now.saturating_add(period) <= self.end {
            self.schedule_fleet(period, FleetEvent::Tick { comp: comp as u32 });
        }
    }

    /// Requests that ever reached a component.
    fn arrived_ever(&self, comp: usize) -> u64 {
        let past = self.records.comps[comp..].iter().step_by(self.t.comps.len());
        past.map(|slot| slot.arrived).sum::<u64>() + self.stations[comp].counts.arrived
    }

    /// A stretch is over: its means become a data point, seen at once or later.
    pub(super) fn scaling_tick(&mut self, comp: usize) {
        self.schedule_data_point(comp);
        let sample = self.measure_stretch(comp);
        let Some(rule) = &self.plan.components[comp].scaling else {
            return self.reconcile(comp);
        };
        if let Some(scaler) = &mut self.fleet.scalers[comp] {
            scaler.unseen.push_back(sample);
        }
        if rule.delay.0 == 0 {
            self.scaling_decision(comp);
        } else {
            self.schedule_fleet(rule.delay.0, FleetEvent::Decide { comp: comp as u32 });
        }
    }

    fn measure_stretch(&mut self, comp: usize) -> Sample {
        let (areas, arrived) = (self.stations[comp].levels.snapshot(self.now), self.arrived_ever(comp));
        let (backlog, sessions) = (self.backlog_for(comp) as f64, self.sessions_to(comp as u32) as f64);
        let is_limited = self.resource_of(comp) != Resource::Unlimited;
        let meter = &mut self.fleet.meters[comp];
        let spent = areas.since(&meter.areas);
        let time = (self.now - meter.at) as f64;
        let came = (arrived - meter.arrived) as f64;
        (meter.at, meter.areas, meter.arrived) = (self.now, areas, arrived);
        let placed = spent.placed as f64;
        let per_replica = |area: f64| (placed > 0.0).then(|| area / placed);
        Sample {
            serving: placed / time,
            utilization: (is_limited && spent.capacity > 0)
                .then(|| spent.busy as f64 / spent.capacity as f64),
            concurrency: per_replica(spent.inside as f64),
            requests: per_replica(came * 1e9),
            queue: per_replica(spent.waiting as f64),
            backlog: (placed > 0.0).then(|| backlog * time / placed),
            sessions: (placed > 0.0).then(|| sessions * time / placed),
        }
    }

    /// A data point can be seen: decide, and see that there are as many as asked for.
    pub(super) fn scaling_decision(&mut self, comp: usize) {
        let Some(rule) = &self.plan.components[comp].scaling else { return };
        let is_frozen = self.is_ablated(super::Loop::Autoscaler);
        let Some(scaler) = &mut self.fleet.scalers[comp] else { return };
        let seen = scaler.unseen.pop_front();
        if let Some(sample) = seen.filter(|_| !is_frozen) {
            let before = scaler.desired;
            let after = scaler.decide(rule, &sample, self.now);
            self.note_desired(comp, before, after);
        }
        self.reconcile(comp);
    }

    /// Other bounds are in force from now on.
    pub(super) fn scheduled_bounds(&mut self, comp: usize, entry: usize) {
        let Some(rule) = &self.plan.components[comp].scaling else { return };
        let bounds = rule.schedule[entry];
        if let Some(every) = rule.schedule_every {
            self.schedule_fleet(every.0, FleetEvent::Bounds { comp: comp as u32, entry: entry as u32 });
        }
        let Some(scaler) = &mut self.fleet.scalers[comp] else { return };
        (scaler.min, scaler.max) = (bounds.min, bounds.max);
        let before = scaler.desired;
        let after = before.clamp(bounds.min, bounds.max);
        scaler.move_to(after, self.now);
        self.note_desired(comp, before, after);
        self.reconcile(comp);
    }

    fn note_desired(&mut self, comp: usize, before: u32, after: u32) {
        if before == after {
            return;
        }
        self.stations[comp].levels.desired.set(self.now, u64::from(after));
        let counts = &mut self.stations[comp].counts.replicas;
        counts.changes += 1;
        let kind = if after > before { ReplicaNoteKind::ScaleOut } else { ReplicaNoteKind::ScaleIn };
        self.note_replicas(comp, kind, before, after);
    }

    /// Starts or drains replicas until there are as many as asked for.
    pub(super) fn reconcile(&mut self, comp: usize) {
        let Some(scaler) = &self.fleet.scalers[comp] else { return };
        let desired = scaler.desired;
        let there = |engine: &Self| {
            let lives = engine.replica_range(comp).map(|r| engine.fleet.slots[r as usize].life);
            lives.filter(|life| matches!(life, Life::Starting | Life::Serving)).count() as u32
        };
        let count = there(self);
        if count < desired {
            for asked in count..desired {
                if !self.ask_for_replica(comp) {
                    self.note_replicas(comp, ReplicaNoteKind::Denied, asked, desired);
                    break;
                }
            }
        }
        for _ in desired..count {
            let Some(replica) = self.least_needed(comp) else { break };
            if self.fleet.slots[replica as usize].life == Life::Starting {
                self.end_replica(replica);
            } else {
                self.drain_replica(replica);
            }
        }
    }

    /// Asks the platform for one more replica; `false` when it has none to give.
    fn ask_for_replica(&mut self, comp: usize) -> bool {
        let counts = &mut self.stations[comp].counts.replicas;
        counts.asked += 1;
        let meter = &mut self.fleet.meters[comp];
        meter.asked += 1;
        let key = rng::key(rng::key(self.seed, self.t.comps[comp].salt), SALT_DENIED);
        let draw = rng::unit(rng::nth(key, meter.asked));
        let is_denied = draw >= remaining(&self.fleet.denials[comp]);
        let slot = if is_denied { None } else { self.free_slot(comp) };
        match slot {
            Some(replica) if self.take_quota(comp) => {
                self.begin_replica(replica);
                true
            }
            _ => {
                self.stations[comp].counts.replicas.denied += 1;
                false
            }
        }
    }

    /// The slot for a new replica: in the zone with fewest, where no fault keeps it down.
    fn free_slot(&self, comp: usize) -> Option<u32> {
        let zones = self.t.comps[comp].zones;
        let first = self.t.comps[comp].first_replica;
        let mut in_zone = vec![0u32; zones as usize];
        for r in self.replica_range(comp) {
            let is_there = matches!(self.fleet.slots[r as usize].life, Life::Starting | Life::Serving);
            in_zone[((r - first) % zones) as usize] += u32::from(is_there);
        }
        let is_free = |r: &u32| {
            self.fleet.slots[*r as usize].life == Life::Absent
                && self.replicas[*r as usize].has_no_reason_to_be_down()
        };
        self.replica_range(comp).filter(is_free).min_by_key(|r| (in_zone[((r - first) % zones) as usize], *r))
    }

    /// The replica to take away: one that has not started, else the newest in the fullest zone,
    /// none younger than its protection.
    fn least_needed(&self, comp: usize) -> Option<u32> {
        let zones = self.t.comps[comp].zones;
        let first = self.t.comps[comp].first_replica;
        let slots = &self.fleet.slots;
        let mut in_zone = vec![0u32; zones as usize];
        for r in self.replica_range(comp) {
            let is_there = slots[r as usize].life == Life::Serving;
            in_zone[((r - first) % zones) as usize] += u32::from(is_there);
        }
        let protection = self.plan.components[comp].scaling.as_ref().map_or(0, |rule| rule.protection.0);
        let may_go = |r: &u32| match slots[*r as usize].life {
            Life::Starting => true,
            Life::Serving => self.now - slots[*r as usize].since >= protection,
            Life::Absent | Life::Draining => false,
        };
        self.replica_range(comp).filter(may_go).max_by_key(|r| {
            let slot = &slots[*r as usize];
            (slot.life == Life::Starting, in_zone[((r - first) % zones) as usize], slot.since, *r)
        })
    }

    /// Takes one replica's units of its shared limit; `false` when there are too few.
    pub(super) fn take_quota(&mut self, comp: usize) -> bool {
        match self.plan.components[comp].scaling.as_ref().and_then(|rule| rule.quota) {
            None => true,
            Some(quota) => self.take_units(quota),
        }
    }

    /// Counts a replica that is there from the start, allowed or not.
    pub(super) fn force_quota(&mut self, comp: usize) {
        if let Some(quota) = self.plan.components[comp].scaling.as_ref().and_then(|rule| rule.quota) {
            self.fleet.allowances[quota.limit].used += quota.units;
        }
    }

    pub(super) fn give_quota(&mut self, comp: usize) {
        if let Some(quota) = self.plan.components[comp].scaling.as_ref().and_then(|rule| rule.quota) {
            self.give_units(quota, 1);
        }
    }

    pub(super) fn take_units(&mut self, quota: Quota) -> bool {
        let allowance = &mut self.fleet.allowances[quota.limit];
        if allowance.used + quota.units > allowance.amount {
            return false;
        }
        allowance.used += quota.units;
        true
    }

    pub(super) fn give_units(&mut self, quota: Quota, times: u64) {
        self.fleet.allowances[quota.limit].used -= quota.units * times;
    }
}
