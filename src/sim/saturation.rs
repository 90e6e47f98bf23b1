//! What reached its limit first, and whether service came back.
//!
//! Looked at once per window, so that it costs nothing between: a mean over the
//! window for threads, cores and refusals; the state at its end for pools.

use super::engine::Engine;
use super::tables::NONE;
use crate::outcome::{Recovery, Resource, Saturation, SaturationKind};
use crate::units::{SimSpan, SimTime};

/// Mean share of threads or cores in use from which a component is at its limit.
const BUSY_LIMIT: f64 = 0.95;
/// Share of requests turned away from which an admission rule counts as a limit that was reached.
const REFUSED_LIMIT: f64 = 0.1;
/// Fewest requests in a window to judge refusals by.
const ARRIVED_MIN: u64 = 10;

/// One thing that can be at its limit.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    /// Start of the present stretch of windows at the limit.
    since: Option<u64>,
    /// Start of the first stretch of at least two windows.
    first: Option<u64>,
}

impl Stretch {
    fn note(&mut self, is_full: bool, start: u64) {
        match (is_full, self.since) {
            (false, _) => self.since = None,
            (true, None) => self.since = Some(start),
            (true, Some(since)) => self.first = self.first.or(Some(since)),
        }
    }
}

/// What is watched, by component or by policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    busy: Vec<Stretch>,
    admission: Vec<Stretch>,
    connections: Vec<Stretch>,
    pools: Vec<Stretch>,
    bulkheads: Vec<Stretch>,
    /// `(arrived, turned away)` of each component up to the window's start.
    counts: Vec<(u64, u64)>,
}

impl Watch {
    pub(super) fn new(comps: usize, policies: usize) -> Self {
        Self {
            busy: vec![Stretch::default(); comps],
            admission: vec![Stretch::default(); comps],
            connections: vec![Stretch::default(); comps],
            pools: vec![Stretch::default(); policies],
            bulkheads: vec![Stretch::default(); policies],
            counts: vec![(0, 0); comps],
        }
    }
}

impl Engine<'_> {
    /// Looks at everything that has a limit; called when a window's values are known.
    pub(super) fn watch_limits(&mut self) {
        let start = self.windows.start;
        let counts_too = start >= self.plan.warm_up.0;
        for comp in 0..self.t.comps.len() {
            let (arrived, turned_away) = self.turned_away(comp);
            let before = std::mem::replace(&mut self.saturation.counts[comp], (arrived, turned_away));
            if !counts_too {
                continue;
            }
            let (arrived, turned_away) = (arrived - before.0, turned_away - before.1);
            let busy = self.windows.series.components[comp].utilization.last().copied().unwrap_or(0.0);
            let is_refusing = arrived >= ARRIVED_MIN
                && turned_away as f64 >= REFUSED_LIMIT * arrived as f64
                && busy < BUSY_LIMIT;
            let connections_max = self.connections_max[comp];
            let is_full = connections_max != NONE && self.connections[comp] >= connections_max;
            self.saturation.busy[comp].note(busy >= BUSY_LIMIT, start);
            self.saturation.admission[comp].note(is_refusing, start);
            self.saturation.connections[comp].note(is_full, start);
        }
        if counts_too {
            for policy in 0..self.t.policies.len() {
                let (pool, bulkhead) = (self.is_pool_full(policy), self.is_bulkhead_full(policy));
                self.saturation.pools[policy].note(pool, start);
                self.saturation.bulkheads[policy].note(bulkhead, start);
            }
        }
    }

    fn turned_away(&self, comp: usize) -> (u64, u64) {
        let slots = self.records.comps[comp..].iter().step_by(self.t.comps.len());
        slots
            .chain([&self.stations[comp].counts])
            .fold((0, 0), |sum, counts| (sum.0 + counts.arrived, sum.1 + counts.shed + counts.throttled))
    }

    /// Replicas that call under a policy.
    pub(super) fn callers(&self, policy: usize) -> u32 {
        self.t.comps.get(self.t.policies[policy].caller as usize).map_or(1, |comp| comp.replicas)
    }

    fn is_pool_full(&self, policy: usize) -> bool {
        let first = self.t.policies[policy].pool;
        let is_full = |index: u32| {
            let pool = &self.pools[index as usize];
            pool.in_use >= pool.size && pool.waiting > 0
        };
        first != NONE && (first..first + self.callers(policy)).any(is_full)
    }

    fn is_bulkhead_full(&self, policy: usize) -> bool {
        let Some(rule) = self.t.guards.get(self.t.policies[policy].guard as usize) else { return false };
        let Some(bulkhead) = rule.guard.bulkhead else { return false };
        let sharers = if bulkhead.scope == crate::plan::BudgetScope::Replica { rule.callers } else { 1 };
        let all = &self.guards.bulkheads[rule.first_bulkhead as usize..][..sharers as usize];
        all.iter().any(|state| {
            state.in_use >= bulkhead.calls && (state.waiting > 0 || bulkhead.queue_capacity == Some(0))
        })
    }

    /// Everything that reached its limit, the first first.
    pub(super) fn saturations(&self) -> Vec<Saturation> {
        let depth = self.depths();
        let mut found: Vec<(u64, u32, Saturation)> = Vec::new();
        let mut add = |stretch: &Stretch, depth: u32, kind: SaturationKind, who: &str| {
            if let Some(first) = stretch.first {
                found.push((
                    first,
                    u32::MAX - depth,
                    Saturation { kind, who: who.to_owned(), from: SimTime(first) },
                ));
            }
        };
        for (comp, component) in self.plan.components.iter().enumerate() {
            let kind = match self.resource_of(comp) {
                Resource::Cores => SaturationKind::Cores,
                _ => SaturationKind::Threads,
            };
            // A caller's pool lies between it and its target.
            let level = 2 * depth[comp];
            add(&self.saturation.connections[comp], level, SaturationKind::Connections, &component.name);
            add(&self.saturation.busy[comp], level, kind, &component.name);
            add(&self.saturation.admission[comp], level, SaturationKind::Admission, &component.name);
        }
        for (policy, rule) in self.plan.policies.iter().enumerate() {
            let caller = self.t.policies[policy].caller as usize;
            let level = depth.get(caller).map_or(0, |depth| 2 * depth) + 1;
            add(&self.saturation.pools[policy], level, SaturationKind::Pool, &rule.name);
            add(&self.saturation.bulkheads[policy], level, SaturationKind::Bulkhead, &rule.name);
        }
        found.sort_by_key(|(first, height, _)| (*first, *height));
        found.into_iter().map(|(_, _, saturation)| saturation).collect()
    }

    /// How many calls below the clients each component lies, by the longest way without going in circles.
    fn depths(&self) -> Vec<u32> {
        let comps = self.t.comps.len();
        let mut depth = vec![1u32; comps];
        for _ in 0..comps {
            let mut has_changed = false;
            for policy in &self.t.policies {
                let Some(caller) = depth.get(policy.caller as usize).copied() else { continue };
                let target = &mut depth[policy.target as usize];
                if caller + 1 > *target && caller < comps as u32 && policy.caller != policy.target {
                    *target = caller + 1;
                    has_changed = true;
                }
            }
            if !has_changed {
                break;
            }
        }
        depth
    }

    /// Whether service came back after the last fault that ends.
    pub(super) fn recovery(&self) -> Option<Recovery> {
        let end = self.slots.last_fault_end().filter(|end| *end < self.now)?;
        let trigger_end = SimTime(end);
        let last = self
            .windows
            .incidents
            .iter()
            .rev()
            .find(|incident| incident.to.is_none_or(|to| to > trigger_end));
        let time = match last {
            None => Some(SimSpan::ZERO),
            Some(incident) => incident.to.map(|to| to.since(trigger_end)),
        };
        let begin = self.slots.first_fault();
        let hurt_before = last.filter(|last| last.to.is_none() && last.from.0 < begin).map(|last| last.from);
        Some(Recovery { trigger_end, time, hurt_before, trials: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_full_window_is_no_saturation_and_the_first_stretch_counts() {
        let mut stretch = Stretch::default();
        for (window, is_full) in [true, false, true, true, false, true, true].into_iter().enumerate() {
            stretch.note(is_full, window as u64 * 10);
        }
        assert_eq!(stretch.first, Some(20));
    }
}
