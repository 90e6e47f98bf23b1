//! The state of a run before its first event.

use super::Options;
use super::arrivals::Generator;
use super::attributes::AttributeRows;
use super::blame::Logs;
use super::cache::CacheMemory;
use super::compile::compile;
use super::concurrency::LimitState;
use super::control::Controls;
use super::engine::Engine;
use super::fault_paths::spike_curve;
use super::faults::FaultState;
use super::firewall::WallState;
use super::fleet::Fleet;
use super::frame::Frames;
use super::gate::credential_rules;
use super::guard::Guards;
use super::keys::KeyFaults;
use super::limits::{BucketState, BudgetState, PoolState};
use super::messaging::Messaging;
use super::names::NameState;
use super::net::Network;
use super::ready::Ready;
use super::record::{Records, Snapshot, TrafficSums};
use super::replica::Replica;
use super::saturation::Watch;
use super::sessions::Sessions;
use super::shape::lines;
use super::shards::Rings;
use super::share::SharedCores;
use super::slots::SlotClock;
use super::station::Station;
use super::tables::{Comp, Holds, NONE, Tables};
use super::tokens::TokenTimes;
use super::versions::Versions;
use super::watch::LevelWatch;
use super::windows::WindowClock;
use super::write_behind::Buffer;
use crate::kernel::{Digest, EventQueue};
use crate::outcome::EdgeSlot;
use crate::plan::{Effect, Plan, Source};
use crate::rng;
use crate::stats::Histogram;
use std::collections::{BTreeMap, VecDeque};

/// Phases of the outcome, for blame.
const PHASES: usize = 4;

impl<'p> Engine<'p> {
    pub(super) fn new(plan: &'p Plan, options: &Options) -> Self {
        let mut queue = EventQueue::new(options.lanes);
        let t = compile(plan, &mut queue);
        let end = plan.duration.0;
        let slots = SlotClock::new(plan, end);
        let watch = LevelWatch::new(plan);
        let comps = t.comps.len();
        let windows = WindowClock::new(plan, comps, t.traffic.len(), slots.last_fault_end());
        let mut engine = Self {
            plan,
            seed: options.seed,
            now: 0,
            end,
            queue,
            frames: Frames::new(),
            ready: Ready::new(),
            logs: Logs::default(),
            digest: Digest::default(),
            fleet: Fleet::new(plan, &t),
            names: NameState::all(plan, options.seed),
            replicas: replicas(&t),
            stations: t.comps.iter().map(Station::new).collect(),
            sojourns: vec![Histogram::default(); t.ops.len()],
            edges: vec![EdgeSlot::default(); t.policies.len()],
            usage: vec![0.0; t.meters as usize],
            attributes: AttributeRows::new(t.attributes.count),
            records: Records::default(),
            slots,
            slot_marks: vec![Snapshot::default(); comps],
            windows,
            saturation: Watch::new(comps, t.policies.len()),
            pools: pools(&t),
            budgets: budgets(&t),
            guards: Guards::new(&t.guards),
            ablation: Vec::new(),
            ablated: 0,
            buckets: t.buckets.iter().map(|rule| BucketState::full(rule, 0)).collect(),
            keyed_buckets: BTreeMap::new(),
            walls: vec![WallState::default(); t.walls.len()],
            credentials: credential_rules(plan, options.seed),
            blocks: Vec::new(),
            tokens: TokenTimes::new(t.token_holders),
            caches: caches(plan, options.seed),
            buffers: buffers(&t),
            rings: Rings::new(plan, &t.comps, &t.policies),
            versions: Versions::new(&t),
            key_faults: KeyFaults::default(),
            connections: vec![0; comps],
            connections_max: t.comps.iter().map(|comp| comp.connections_max).collect(),
            outstanding: vec![0; outstanding(&t)],
            turns: vec![0; t.policies.len()],
            flights: BTreeMap::new(),
            joins: BTreeMap::new(),
            controls: Controls::default(),
            messaging: Messaging::new(&t, plan.messaging.marks.len()),
            sessions: Sessions::new(plan, &t, options.seed),
            network: Network::new(plan, t.links.len()),
            faults: plan.faults.iter().map(|fault| FaultState::new(fault, options.seed)).collect(),
            strengths: vec![None; plan.faults.len()],
            fault_events: Vec::new(),
            fault_events_free: Vec::new(),
            recurring: 0,
            fault_spans: Vec::new(),
            generators: Vec::new(),
            users: Vec::new(),
            thinking: 0,
            chain_left: 0,
            chains: 0,
            truncated: None,
            is_observed: options.record.is_some() || !watch.is_empty(),
            watch,
            record: options.record.clone(),
            recorded: Vec::new(),
            t,
        };
        engine.add_slot_tables();
        engine.records.blame.resize_with(PHASES * engine.t.traffic.len(), Default::default);
        engine.records.before_window.resize_with(engine.t.traffic.len(), TrafficSums::default);
        engine
    }

    /// Schedules everything that is known beforehand.
    pub(super) fn start(&mut self) {
        for comp in 0..self.t.comps.len() {
            self.count_levels(comp);
        }
        self.start_fleet();
        self.warm_caches();
        self.schedule_faults();
        self.schedule_window();
        self.start_walls();
        for (load, workload) in self.plan.workloads.iter().enumerate() {
            let key = rng::key(self.seed, self.t.loads[load].salt);
            self.generators.push(Generator::new(load as u32, key, &workload.source));
        }
        for fault in &self.plan.faults {
            if let Effect::Spike { workload, factor } = fault.effect
                && let Source::Open { curve, .. } = &self.plan.workloads[workload].source
            {
                let curve = spike_curve(curve, factor, &fault.schedule, self.end);
                let salt = rng::name_hash(&format!("spike/{}", fault.name));
                let key = rng::key(rng::key(self.seed, self.t.loads[workload].salt), salt);
                self.generators.push(Generator::with_curve(workload as u32, key, curve));
            }
        }
        for generator in 0..self.generators.len() as u32 {
            self.start_generator(generator);
        }
        self.start_messages();
        self.start_sessions();
    }

    fn add_slot_tables(&mut self) {
        self.records.add_slot(&self.t);
        self.messaging.add_slot();
        self.sessions.add_slot();
    }

    /// Closes the books on the present slot and opens another.
    pub(super) fn change_slot(&mut self, change: impl FnOnce(&mut SlotClock, u64) -> bool) {
        self.settle_areas();
        self.swap_slot();
        if change(&mut self.slots, self.now) {
            self.add_slot_tables();
        }
        self.swap_slot();
    }

    /// Moves the present counts into their slot's place in the records, or back.
    pub(super) fn swap_slot(&mut self) {
        let slot = self.slots.current;
        let comps = &mut self.records.comps[slot * self.stations.len()..];
        for (station, kept) in self.stations.iter_mut().zip(comps) {
            std::mem::swap(&mut station.counts, kept);
        }
        let (ops, policies) = (self.sojourns.len(), self.edges.len());
        self.sojourns.swap_with_slice(&mut self.records.sojourns[slot * ops..(slot + 1) * ops]);
        self.edges.swap_with_slice(&mut self.records.edges[slot * policies..(slot + 1) * policies]);
        let meters = self.usage.len();
        self.usage.swap_with_slice(&mut self.records.usage[slot * meters..(slot + 1) * meters]);
    }

    /// Adds each component's integrals since the last time to the present slot.
    pub(super) fn settle_areas(&mut self) {
        self.settle_messages();
        self.settle_sessions();
        for comp in 0..self.t.comps.len() {
            let snapshot = self.stations[comp].levels.snapshot(self.now);
            let spent = snapshot.since(&self.slot_marks[comp]);
            self.slot_marks[comp] = snapshot;
            let station = &mut self.stations[comp];
            let (levels, counts) = (&station.levels, &mut station.counts);
            counts.areas.add(&spent);
            counts.cache.entries = levels.entries.level;
            counts.inside_max = counts.inside_max.max(levels.inside.level);
            // Pooled connections outlast slots; one in which none was opened had them all the same.
            let open = u64::from(self.connections[comp]);
            counts.store.connections_max = counts.store.connections_max.max(open);
            counts.replicas.placed_max = counts.replicas.placed_max.max(levels.placed.level);
            counts.waiting_max = counts.waiting_max.max(levels.waiting.level);
        }
    }
}

fn replicas(t: &Tables) -> Vec<Replica> {
    let mut all = Vec::new();
    for (number, comp) in t.comps.iter().enumerate() {
        let replica = Replica {
            comp: number as u32,
            units: comp.units,
            busy: 0,
            inside: 0,
            waiting: 0,
            lines: vec![VecDeque::new(); lines(comp.discipline)],
            running: Vec::new(),
            cores: comp.shared_cores.map(|cores| Box::new(SharedCores::new(cores, comp.speed))),
            speed: comp.speed,
            pace: 1.0,
            is_steady: is_steady(comp, comp.speed),
            trouble: None,
            queued_since: 0,
            limit: comp.concurrency.as_ref().map(|rule| Box::new(LimitState::new(rule))),
        };
        all.extend(std::iter::repeat_n(replica, comp.replicas as usize));
    }
    all
}

/// Whether every computation has a core of its own and runs at nominal pace.
pub(super) fn is_steady(comp: &Comp, speed: f64) -> bool {
    let is_alone = comp.shared_cores.is_none() && comp.contention.is_none();
    comp.holds != Holds::Core && is_alone && speed == 1.0
}

fn pools(t: &Tables) -> Vec<PoolState> {
    let mut all = Vec::new();
    for policy in &t.policies {
        // One that shares another's points at states that are there already.
        if policy.pool as usize == all.len() {
            let callers = t.comps.get(policy.caller as usize).map_or(1, |comp| comp.replicas);
            all.extend(std::iter::repeat_n(PoolState::new(policy.pool_size), callers as usize));
        }
    }
    all
}

fn budgets(t: &Tables) -> Vec<BudgetState> {
    let mut all = Vec::new();
    let mut begun = 0;
    for policy in &t.policies {
        // One that shares another's points at a budget that is there already.
        if policy.budget as usize != begun {
            continue;
        }
        begun += 1;
        let budget = &t.budgets[policy.budget as usize];
        let callers = t.comps.get(policy.caller as usize).map_or(1, |comp| comp.replicas);
        let sharers = if budget.per_replica { callers } else { 1 };
        all.extend(std::iter::repeat_n(BudgetState::new(&budget.rule), sharers as usize));
    }
    all
}

fn outstanding(t: &Tables) -> usize {
    let counted = t.policies.iter().filter(|policy| policy.outstanding != NONE);
    counted.map(|policy| t.comps[policy.target as usize].replicas as usize).sum()
}

fn buffers(t: &Tables) -> Vec<Buffer> {
    let writing = t.comps.iter().filter(|comp| comp.buffer != NONE);
    vec![Buffer::default(); writing.map(|comp| comp.replicas as usize).sum()]
}

fn caches(plan: &Plan, seed: u64) -> Vec<CacheMemory> {
    let mut all = Vec::new();
    for component in &plan.components {
        if let Some(cache) = &component.cache {
            for replica in 0..component.slots() {
                let salt = rng::name_hash(&format!("cache/{}/{replica}", component.name));
                all.push(CacheMemory::new(cache.capacity, cache.eviction, rng::key(seed, salt)));
            }
        }
    }
    all
}
