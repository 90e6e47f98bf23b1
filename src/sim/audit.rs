//! Whether what is counted as held is held by somebody: every connection, place, thread and
//! permit must belong to exactly one living frame.
//!
//! Conservation laws speak of requests; these speak of what requests hold. A build with debug
//! assertions checks them when a run ends, so that every test does; others do not.

use super::engine::Engine;
use super::fleet::Life;
use super::frame::{Frame, State, flag};
use super::tables::NONE;

/// What living frames hold, counted anew.
struct Held {
    /// By replica: inside, threads or cores, waiting.
    replicas: Vec<[u32; 3]>,
    /// By pool: one of its policies; connections in use, waiting.
    pools: Vec<Option<(u32, [u32; 2])>>,
    /// Connections without a pool, by component.
    loose: Vec<u32>,
    /// By bulkhead: places, waiting.
    bulkheads: Vec<[u32; 2]>,
    /// Probes under way, by breaker.
    probes: Vec<u32>,
    /// Unanswered attempts by policy and replica.
    outstanding: Vec<u32>,
}

impl Engine<'_> {
    /// Panics when something is held by nobody, or by more than one.
    pub(super) fn audit(&self) {
        let held = self.count_held();
        for (r, replica) in self.replicas.iter().enumerate() {
            let counted = [replica.inside, replica.busy, replica.waiting];
            self.expect(&self.comp_name(replica.comp), "inside, busy, waiting", counted, held.replicas[r]);
        }
        for (comp, station) in self.plan.components.iter().zip(&self.stations) {
            let (busy, capacity) = (station.levels.busy.level, station.levels.capacity.level);
            assert!(busy <= capacity || capacity == 0, "{}: {busy} of {capacity} busy", comp.name);
        }
        let mut open = held.loose.clone();
        for (pool, (policy, held)) in held.pools.iter().enumerate().filter_map(|(p, h)| Some((p, (*h)?))) {
            let state = &self.pools[pool];
            let name = &self.plan.policies[policy as usize].name;
            self.expect(name, "connections, waiting", [state.in_use, state.waiting], held);
            let policy = &self.t.policies[policy as usize];
            open[policy.target as usize] += if policy.is_pinned { 0 } else { state.open() };
        }
        for (comp, open) in open.iter().enumerate() {
            if self.t.comps.iter().all(|other| other.session.is_none_or(|(to, _)| to as usize != comp)) {
                self.expect(
                    &self.plan.components[comp].name,
                    "connections",
                    [self.connections[comp]],
                    [*open],
                );
            }
        }
        for (index, held) in held.bulkheads.iter().enumerate() {
            let state = &self.guards.bulkheads[index];
            self.expect("bulkhead", "places, waiting", [state.in_use, state.waiting], *held);
        }
        for (index, held) in held.probes.iter().enumerate() {
            if let Some(under_way) = self.guards.breakers[index].under_way() {
                self.expect("breaker", "probes", [under_way], [*held]);
            }
        }
        assert_eq!(self.outstanding, held.outstanding, "unanswered requests");
        self.audit_limits();
    }

    /// Shared limits: what replicas and the requests of instances take of them.
    fn audit_limits(&self) {
        let mut used = vec![0; self.fleet.allowances.len()];
        for (comp, component) in self.plan.components.iter().enumerate() {
            let scaled = component.scaling.as_ref().and_then(|rule| rule.quota);
            let cloud = component.serverless.as_ref().and_then(|rule| rule.quota);
            for r in self.replica_range(comp) {
                if let Some(quota) = scaled {
                    let is_there = self.fleet.slots[r as usize].life != Life::Absent;
                    used[quota.limit] += quota.units * u64::from(is_there);
                }
                if let Some(quota) = cloud.filter(|_| !self.is_desk(r)) {
                    used[quota.limit] += quota.units * u64::from(self.replicas[r as usize].inside);
                }
            }
            self.audit_cloud(comp);
        }
        let counted: Vec<u64> = self.fleet.allowances.iter().map(|allowance| allowance.used).collect();
        assert_eq!(counted, used, "units of shared limits");
    }

    fn expect<const N: usize>(&self, name: &str, what: &str, counted: [u32; N], held: [u32; N]) {
        assert_eq!(counted, held, "{name}: {what} (seed {})", self.seed);
    }

    /// Nothing yet, for every pool that some policy has: several may share one.
    fn pools_of_policies(&self) -> Vec<Option<(u32, [u32; 2])>> {
        let mut pools = vec![None; self.pools.len()];
        for (number, policy) in (0u32..).zip(&self.t.policies).filter(|(_, policy)| policy.pool != NONE) {
            let (first, callers) = (policy.pool as usize, self.callers(number as usize) as usize);
            pools[first..first + callers].fill(Some((number, [0; 2])));
        }
        pools
    }

    fn count_held(&self) -> Held {
        let mut held = Held {
            replicas: vec![[0; 3]; self.replicas.len()],
            pools: self.pools_of_policies(),
            loose: vec![0; self.t.comps.len()],
            bulkheads: vec![[0; 2]; self.guards.bulkheads.len()],
            probes: vec![0; self.guards.breakers.len()],
            outstanding: vec![0; self.outstanding.len()],
        };
        for f in 0..self.frames.len() {
            let frame = &self.frames[f];
            if matches!(frame.state, State::Free | State::Thinking) {
                continue;
            }
            if frame.replica != NONE {
                let of = &mut held.replicas[frame.replica as usize];
                of[0] += u32::from(frame.has(flag::INSIDE));
                of[1] += u32::from(frame.has(flag::HAS_UNIT));
                of[2] += u32::from(matches!(frame.state, State::Queued | State::Preempted));
            }
            self.add_call(f, frame, &mut held);
        }
        held
    }

    /// What a frame holds for its call.
    fn add_call(&self, f: u32, frame: &Frame, held: &mut Held) {
        let holds =
            flag::HAS_CONNECTION | flag::HAS_LOOSE_CONNECTION | flag::HAS_PLACE | flag::PROBES | flag::SENT;
        let waits = matches!(frame.state, State::PoolQueued | State::PlaceQueued);
        if frame.flags & holds == 0 && !waits {
            return;
        }
        let policy = &self.t.policies[self.policy_of(f) as usize];
        if policy.pool != NONE
            && let Some((_, pool)) = &mut held.pools[(policy.pool + self.replica_number(f)) as usize]
        {
            pool[0] += u32::from(frame.has(flag::HAS_CONNECTION));
            pool[1] += u32::from(frame.state == State::PoolQueued);
        }
        held.loose[policy.target as usize] += u32::from(frame.has(flag::HAS_LOOSE_CONNECTION));
        if policy.outstanding != NONE && frame.has(flag::SENT) && frame.target_replica != NONE {
            let target = frame.target_replica - self.t.comps[policy.target as usize].first_replica;
            held.outstanding[(policy.outstanding + target) as usize] += 1;
        }
        if policy.guard == NONE {
            return;
        }
        let rule = &self.t.guards[policy.guard as usize];
        if let Some(bulkhead) = &rule.guard.bulkhead {
            let places = &mut held.bulkheads[self.shared(f, rule.first_bulkhead, bulkhead.scope)];
            places[0] += u32::from(frame.has(flag::HAS_PLACE));
            places[1] += u32::from(frame.state == State::PlaceQueued);
        }
        if let Some(breaker) = &rule.guard.breaker {
            let probes = &mut held.probes[self.shared(f, rule.first_breaker, breaker.scope)];
            *probes += u32::from(frame.has(flag::PROBES));
        }
    }
}
