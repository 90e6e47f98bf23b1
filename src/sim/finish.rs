//! From what was counted to the outcome.

use super::Trace;
use super::engine::Engine;
use super::frame::{Role, State};
use super::net::class_from;
use super::record::{BUSY_FRACTION_BITS, CompCounts, ERROR_CLASSES, TrafficCounts};
use super::tables::{Holds, NONE};
use crate::outcome::{
    Blame, ComponentOutcome, ComponentSlot, ConservationCheck, Edge, MeterOutcome, OperationOutcome, Outcome,
    Phase, ReplicaSlot, Resource, SCHEMA, Slot, Traffic, TrafficSlot,
};
use crate::stats::Histogram;
use crate::units::SimTime;

/// Quantiles for which blame is told.
const BLAMED: [f64; 4] = [0.5, 0.9, 0.99, 0.999];
/// In the order of the outcome's [`Phase`].
const PHASES: [Phase; 4] = [Phase::Before, Phase::During, Phase::Between, Phase::After];

/// Frames still in progress, by what they belong to.
struct Leftovers {
    /// `slot * traffic + index`.
    requests: Vec<u64>,
    /// By component.
    inside: Vec<u64>,
    /// Their time inside so far.
    residuals: Vec<u128>,
    /// Attempts by policy.
    attempts: Vec<u64>,
}

impl Engine<'_> {
    /// Closes all books.
    pub(super) fn finish(mut self) -> (Outcome, Trace) {
        self.close_window();
        self.note_levels();
        self.settle_areas();
        self.swap_slot();
        let now = self.now;
        self.slots.settle(now);
        if cfg!(debug_assertions) && self.truncated.is_none() {
            self.audit();
        }
        let leftovers = self.leftovers();
        let conservation = self.conservation(&leftovers);
        let kept: Vec<usize> = (0..self.slots.slots.len())
            .filter(|slot| !self.slots.is_warm_up(*slot) && self.slots.slots[*slot].time.0 > 0)
            .collect();
        let slots: Vec<Slot> = kept.iter().map(|slot| self.slots.slots[*slot].clone()).collect();
        let traffic: Vec<Traffic> =
            (0..self.t.traffic.len()).map(|row| self.traffic(row, &kept, &leftovers)).collect();
        let blame = self.blame(&traffic, &slots);
        let components =
            (0..self.t.comps.len()).map(|comp| self.component(comp, &kept, &leftovers)).collect();
        let edges =
            (0..self.t.policies.len()).map(|policy| self.edge_outcome(policy, &kept, &leftovers)).collect();
        let messages = self.message_outcome(&kept);
        let names = self.name_outcomes(&kept);
        let sessions = self.session_outcome(&kept);
        let mut faults = std::mem::take(&mut self.fault_spans);
        faults.sort_by_key(|span| (span.from, span.to));
        let (saturations, recovery) = (self.saturations(), self.recovery());
        let outcome = Outcome {
            schema: SCHEMA,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: self.plan.scenario.clone(),
            topology: self.plan.topology.clone(),
            environment: self.plan.environment.clone(),
            inputs: self.plan.inputs.clone(),
            seed: self.seed,
            duration: self.plan.duration,
            warm_up: self.plan.warm_up,
            ended_at: SimTime(now),
            events: self.digest.count(),
            digest: format!("{:016x}", self.digest.value()),
            truncated: self.truncated.take(),
            slots,
            traffic,
            components,
            edges,
            messages,
            names,
            sessions,
            faults,
            replica_notes: std::mem::take(&mut self.fleet.notes),
            incidents: std::mem::take(&mut self.windows.incidents),
            saturations,
            recovery,
            blame,
            windows: std::mem::take(&mut self.windows.series),
            conservation,
        };
        let trace = Trace { checkpoints: self.digest.into_checkpoints(), events: self.recorded };
        (outcome, trace)
    }

    fn leftovers(&self) -> Leftovers {
        let mut left = Leftovers {
            requests: vec![0; self.slots.slots.len() * self.t.traffic.len()],
            inside: vec![0; self.t.comps.len()],
            residuals: vec![0; self.t.comps.len()],
            attempts: vec![0; self.t.policies.len()],
        };
        for f in 0..self.frames.len() {
            let frame = &self.frames[f];
            if matches!(frame.state, State::Free | State::Thinking) {
                continue;
            }
            if frame.role == Role::Root {
                left.requests[usize::from(frame.slot) * self.t.traffic.len() + frame.op as usize] += 1;
            }
            if frame.has(super::frame::flag::INSIDE) {
                let comp = self.replicas[frame.replica as usize].comp as usize;
                left.inside[comp] += 1;
                left.residuals[comp] += u128::from(self.now - frame.entered);
            }
            if frame.has(super::frame::flag::SENT) {
                left.attempts[self.t.sites[frame.site as usize].policy as usize] += 1;
            }
        }
        left
    }

    /// Laws that must hold to the last request and nanosecond.
    fn conservation(&self, left: &Leftovers) -> Vec<ConservationCheck> {
        let mut checks = Vec::new();
        let mut check =
            |law: String, a: u128, b: u128| checks.push(ConservationCheck { law, left: a, right: b });
        for (row, (workload, journey)) in self.t.traffic.iter().enumerate() {
            let rows = || self.records.traffic.iter().skip(row).step_by(self.t.traffic.len());
            let arrived: u64 = rows().map(|c| c.arrived).sum();
            let ended: u64 = rows().map(|c| c.ok + c.degraded + c.errors.iter().sum::<u64>()).sum();
            let open: u64 = left.requests.iter().skip(row).step_by(self.t.traffic.len()).sum();
            let workload = &self.plan.workloads[*workload as usize];
            let journey = &self.plan.clients[workload.client].journeys[*journey as usize].name;
            let law = format!("{}/{journey}: arrived = answered + failed + open", workload.name);
            check(law, arrived.into(), (ended + open).into());
        }
        for comp in 0..self.t.comps.len() {
            let all = || self.records.comps.iter().skip(comp).step_by(self.t.comps.len());
            let arrived: u64 = all().map(|c| c.arrived).sum();
            let completed = self.sojourns_of(comp).map(Histogram::count).sum::<u64>();
            let gone: u64 =
                all().map(|c| c.failed + c.rejected() + c.reneged + c.expired + c.cancelled + c.lost).sum();
            let name = &self.plan.components[comp].name;
            let law = format!("{name}: arrived = completed + failed + refused + left + lost + inside");
            check(law, arrived.into(), (completed + gone + left.inside[comp]).into());
            let area = self.stations[comp].levels.inside.total(self.now);
            let law = format!("{name}: requests inside over time = sum of times inside");
            let completed: u128 = self.sojourns_of(comp).map(Histogram::sum).sum();
            check(law, area, completed + self.stations[comp].levels.sojourns + left.residuals[comp]);
            if self.t.comps[comp].buffer != NONE {
                let first = self.t.comps[comp].buffer as usize;
                let buffers = &self.buffers[first..first + self.t.comps[comp].replicas as usize];
                let unflushed: u64 = buffers.iter().map(super::write_behind::Buffer::unflushed).sum();
                let puts: u64 = all().map(|c| c.cache.puts).sum();
                let gone: u64 = all().map(|c| c.cache.flushed + c.cache.unflushed_lost).sum();
                let law = format!("{name}: writes put = flushed + lost + not flushed yet");
                check(law, puts.into(), (gone + unflushed).into());
            }
        }
        for (comp, watched) in self.watch.areas() {
            let name = &self.plan.components[comp].name;
            let law = format!("{name}: requests inside over time = sum over levels of level and time");
            check(law, self.stations[comp].levels.inside.total(self.now), watched);
        }
        for (policy, rule) in self.plan.policies.iter().enumerate() {
            let all = || self.records.edges.iter().skip(policy).step_by(self.t.policies.len());
            let attempts: u64 = all().map(|e| e.attempts).sum();
            let ended: u64 = all()
                .map(|e| e.answered_ok + e.answered_error + e.refused + e.timed_out + e.lost + e.cancelled)
                .sum();
            let law =
                format!("{}: attempts = answered + refused + timed out + lost + cancelled + open", rule.name);
            check(law, attempts.into(), (ended + left.attempts[policy]).into());
        }
        self.conserve_messages(&mut checks);
        self.conserve_sessions(&mut checks);
        checks
    }

    /// Histograms of times inside of a component's operations, over all slots.
    fn sojourns_of(&self, comp: usize) -> impl Iterator<Item = &Histogram> {
        let (ops, first) = (self.t.ops.len(), self.t.comps[comp].first_op as usize);
        let own = self.plan.components[comp].operations.len();
        self.records.sojourns.chunks(ops.max(1)).flat_map(move |slot| &slot[first..first + own])
    }

    fn traffic(&self, row: usize, kept: &[usize], left: &Leftovers) -> Traffic {
        let (workload, journey) = self.t.traffic[row];
        let workload = &self.plan.workloads[workload as usize];
        let client = &self.plan.clients[workload.client];
        let slots = kept.iter().map(|slot| {
            let index = slot * self.t.traffic.len() + row;
            traffic_slot(&self.records.traffic[index], left.requests[index])
        });
        Traffic {
            workload: workload.name.clone(),
            client: client.name.clone(),
            journey: client.journeys[journey as usize].name.clone(),
            slots: slots.collect(),
        }
    }

    fn component(&self, comp: usize, kept: &[usize], left: &Leftovers) -> ComponentOutcome {
        let rule = &self.plan.components[comp];
        let ops = self.t.ops.len();
        let first_op = self.t.comps[comp].first_op as usize;
        let operations = rule.operations.iter().enumerate().map(|(number, operation)| OperationOutcome {
            name: operation.name.clone(),
            sojourn: kept
                .iter()
                .map(|slot| self.records.sojourns[slot * ops + first_op + number].clone())
                .collect(),
            meters: self.meters(comp, first_op + number, kept),
        });
        let slots = kept.iter().map(|slot| {
            let inside = if *slot == self.slots.current { left.inside[comp] } else { 0 };
            let sojourns = &self.records.sojourns[slot * ops + first_op..][..rule.operations.len()];
            let completed = sojourns.iter().map(Histogram::count).sum();
            let counts = &self.records.comps[slot * self.t.comps.len() + comp];
            let watched = self.watch.of(comp, *slot);
            ComponentSlot { inside, completed, watched, ..self.component_slot(comp, counts) }
        });
        ComponentOutcome {
            name: rule.name.clone(),
            kind: rule.kind.clone(),
            place: self.plan.places[rule.place].name.clone(),
            replicas: rule.replicas,
            resource: self.resource_of(comp),
            operations: operations.collect(),
            slots: slots.collect(),
        }
    }

    fn meters(&self, comp: usize, op: usize, kept: &[usize]) -> Vec<MeterOutcome> {
        let first = self.t.ops[op].first_meter as usize;
        let usage = |meter: usize| move |slot: &usize| slot * self.t.meters as usize + first + meter;
        let meters = self.plan.components[comp].meters.iter().enumerate();
        let outcome = |(number, meter): (usize, &crate::plan::Meter)| MeterOutcome {
            name: meter.name.clone(),
            price: meter.price,
            usage: kept.iter().map(usage(number)).map(|index| self.records.usage[index]).collect(),
        };
        meters.map(outcome).collect()
    }

    fn component_slot(&self, comp: usize, counts: &CompCounts) -> ComponentSlot {
        let shift = if self.t.comps[comp].shared_cores.is_some() { BUSY_FRACTION_BITS } else { 0 };
        let mut cache = counts.cache.clone();
        cache.entries_area = counts.areas.entries;
        let mut wait = counts.wait.clone();
        let waited = wait.count();
        wait.record_zeros(counts.no_wait);
        ComponentSlot {
            arrived: counts.arrived,
            failed: counts.failed,
            shed: counts.shed,
            throttled: counts.throttled,
            refused: counts.refused,
            denied: counts.denied,
            reneged: counts.reneged,
            expired: counts.expired,
            cancelled: counts.cancelled,
            lost: counts.lost,
            wasted: counts.wasted,
            wait,
            waited,
            busy_area: counts.areas.busy >> shift,
            capacity_area: counts.areas.capacity >> shift,
            queue_area: counts.areas.waiting,
            in_system_area: counts.areas.inside,
            up_area: counts.areas.up,
            replicas: replica_slot(counts),
            queue_max: counts.waiting_max,
            in_system_max: counts.inside_max,
            cache: (self.t.comps[comp].cache != NONE).then_some(cache),
            model: counts.model.as_deref().cloned(),
            store: self.t.comps[comp].is_store.then(|| counts.store.clone()),
            shards: counts.shards.clone(),
            ..ComponentSlot::default()
        }
    }

    fn edge_outcome(&self, policy: usize, kept: &[usize], left: &Leftovers) -> Edge {
        let rule = &self.t.policies[policy];
        let slots = kept.iter().map(|slot| {
            let mut counts = self.records.edges[slot * self.t.policies.len() + policy].clone();
            counts.open = if *slot == self.slots.current { left.attempts[policy] } else { 0 };
            counts
        });
        let clients = self.plan.components.len();
        let caller = match self.plan.components.get(rule.caller as usize) {
            Some(component) => component.name.clone(),
            None => self.plan.clients[rule.caller as usize - clients].name.clone(),
        };
        Edge {
            name: self.plan.policies[policy].name.clone(),
            caller,
            target: self.plan.components[rule.target as usize].name.clone(),
            slots: slots.collect(),
        }
    }

    fn blame(&self, traffic: &[Traffic], slots: &[Slot]) -> Vec<Blame> {
        let mut all = Vec::new();
        let who = |label: u32| self.who(label as usize);
        for (number, phase) in PHASES.into_iter().enumerate() {
            for (row, journey) in traffic.iter().enumerate() {
                let sums = &self.records.blame[number * traffic.len() + row];
                if sums.requests() == 0 {
                    continue;
                }
                let mut latency = Histogram::default();
                for (slot, counts) in slots.iter().zip(&journey.slots).filter(|(slot, _)| slot.phase == phase)
                {
                    debug_assert_eq!(slot.phase, phase);
                    latency.merge(&counts.latency);
                }
                let quantile = |q: f64| Some(sums.quantile(q, latency.quantile(q)?, &who));
                all.push(Blame {
                    workload: journey.workload.clone(),
                    journey: journey.journey.clone(),
                    phase,
                    requests: sums.requests(),
                    quantiles: BLAMED.into_iter().filter_map(quantile).collect(),
                });
            }
        }
        all
    }

    /// Name behind a blame label.
    fn who(&self, index: usize) -> String {
        let components = &self.plan.components;
        match components.get(index) {
            Some(component) => component.name.clone(),
            None => self
                .plan
                .policies
                .get(index - components.len())
                .map_or("user", |policy| &policy.name)
                .to_owned(),
        }
    }

    /// What a component's utilisation counts.
    pub(super) fn resource_of(&self, comp: usize) -> Resource {
        let rule = &self.t.comps[comp];
        match rule.holds {
            _ if rule.shared_cores.is_some() => Resource::Cores,
            Holds::Core => Resource::Cores,
            Holds::Thread => Resource::Threads,
            Holds::Nothing => Resource::Unlimited,
        }
    }
}

fn replica_slot(counts: &CompCounts) -> ReplicaSlot {
    let (areas, replicas) = (&counts.areas, &counts.replicas);
    ReplicaSlot {
        placed_area: areas.placed,
        paid_area: areas.paid,
        desired_area: areas.desired,
        ejected_area: areas.ejected,
        placed_max: replicas.placed_max,
        connections_refused: counts.store.connections_refused,
        connections_max: counts.store.connections_max,
        changes: replicas.changes,
        asked: replicas.asked,
        denied: replicas.denied,
        taken_out: replicas.taken_out,
        killed: replicas.killed,
        assigned: replicas.assigned,
        cold: replicas.cold,
    }
}

fn traffic_slot(counts: &TrafficCounts, open: u64) -> TrafficSlot {
    let errors = (0..ERROR_CLASSES as u32)
        .filter_map(|class| Some((class_from(class)?, counts.errors[class as usize])))
        .filter(|(_, count)| *count > 0);
    TrafficSlot {
        arrived: counts.arrived,
        ok: counts.ok,
        degraded: counts.degraded,
        errors: errors.collect(),
        open,
        latency: counts.latency.clone(),
        latency_failed: counts.latency_failed.clone(),
        wrong: counts.wrong,
        first_token: counts.first_token.clone(),
    }
}
