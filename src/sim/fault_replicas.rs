//! Faults on the life of replicas: crash loops, restarts, reclaims, and platforms with nothing to give.

use super::engine::Engine;
use super::faults::FaultEvent;
use super::fleet::{FleetEvent, Life};
use super::trouble::{effect_replicas, set_mark};
use crate::outcome::ReplicaNoteKind;
use crate::plan::{Effect, ReplicaRef};
use crate::rng;

const SALT_CHANCE: u64 = rng::name_hash("fault/chance");
const SALT_RUNS: u64 = rng::name_hash("fault/runs");
const SALT_BACKOFF: u64 = rng::name_hash("fault/backoff");

/// One replica of a crash loop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looping {
    /// The fault still acts.
    acts: bool,
    /// A crash or a start is due.
    is_running: bool,
    crashes: u32,
    pause: u64,
}

impl Engine<'_> {
    /// Those of a fault's targets that it hits in this run, with their places in its list.
    pub(super) fn targets_of(&self, fault: u32) -> Vec<(usize, ReplicaRef)> {
        let all = effect_replicas(&self.plan.faults[fault as usize].effect).iter().copied().enumerate();
        all.filter(|(_, replica)| self.is_hit(fault, *replica)).collect()
    }

    /// Chooses whom a fault hits among the replicas in service, once, if that depends on them.
    pub(super) fn choose_targets(&mut self, fault: u32) {
        let rule = &self.plan.faults[fault as usize];
        let Some(part) = rule.part.filter(|_| self.faults[fault as usize].chosen.is_none()) else { return };
        let is_there = |replica: &&ReplicaRef| {
            let r = self.t.comps[replica.component].first_replica + replica.replica;
            self.fleet.slots[r as usize].life == Life::Serving
        };
        let mut there: Vec<ReplicaRef> = rule.effect.replicas().iter().filter(is_there).copied().collect();
        there.sort_by_cached_key(|replica| (self.plan.draw_of(rule, *replica), *replica));
        there.truncate(part.of(there.len()));
        there.sort_unstable();
        self.faults[fault as usize].chosen = Some(there);
    }

    /// Whether chance lets a fault hit a replica, in this run.
    pub(super) fn is_hit(&self, fault: u32, replica: ReplicaRef) -> bool {
        if let Some(chosen) = &self.faults[fault as usize].chosen {
            return chosen.binary_search(&replica).is_ok();
        }
        let Some(chance) = self.plan.faults[fault as usize].chance else { return true };
        let key = rng::key(self.faults[fault as usize].salt, SALT_CHANCE);
        let is_common = rng::unit(rng::nth(key, 0)) < chance.correlation;
        let own = rng::key(key, self.replica_salt(replica));
        rng::unit(if is_common { rng::nth(key, 1) } else { own }) < chance.probability
    }

    /// Strikes the life of the replica at place `target` of the fault's list.
    pub(super) fn strike_life(&mut self, fault: u32, replica: ReplicaRef, target: usize) {
        let r = self.t.comps[replica.component].first_replica + replica.replica;
        match &self.plan.faults[fault as usize].effect {
            Effect::CrashLoop { replicas, .. } => {
                let loops = &mut self.faults[fault as usize].loops;
                loops.resize(replicas.len(), Looping::default());
                loops[target].acts = true;
                if !loops[target].is_running {
                    loops[target] = Looping { acts: true, is_running: true, ..Looping::default() };
                    self.loop_crash(fault, target as u32);
                }
            }
            Effect::Restart { replicas, batch, every, .. } => {
                let own = replicas
                    .iter()
                    .filter(|other| other.component == replica.component && self.is_hit(fault, **other));
                let position = own.take_while(|other| other.replica != replica.replica).count();
                let there = f64::from(self.t.comps[replica.component].initial);
                let size = ((there * batch).ceil() as usize).max(1);
                let at = self.now.saturating_add(every.0.saturating_mul((position / size) as u64));
                self.push_fault(at, FaultEvent::Cycle { fault, replica: r });
            }
            Effect::Reclaim { notice, .. } => self.give_notice(r, notice.0),
            _ => {}
        }
    }

    /// Ends what a crash loop does to one replica; one that is down comes back when its pause is over.
    pub(super) fn relieve_life(&mut self, fault: u32, target: usize) {
        if let Some(looping) = self.faults[fault as usize].loops.get_mut(target) {
            looping.acts = false;
        }
    }

    /// The replica at a place of the fault's list, and the address of its draws.
    fn loop_target(&self, fault: u32, target: u32) -> (u32, u64) {
        let replica = effect_replicas(&self.plan.faults[fault as usize].effect)[target as usize];
        let rule = &self.t.comps[replica.component];
        let key = rng::key(self.faults[fault as usize].salt, rule.salt);
        (rule.first_replica + replica.replica, rng::nth(key, u64::from(replica.replica)))
    }

    fn loop_crash(&mut self, fault: u32, target: u32) {
        let Effect::CrashLoop { backoff, .. } = &self.plan.faults[fault as usize].effect else { return };
        let (r, key) = self.loop_target(fault, target);
        let looping = &mut self.faults[fault as usize].loops[target as usize];
        looping.crashes += 1;
        let draw = rng::unit(rng::nth(rng::key(key, SALT_BACKOFF), u64::from(looping.crashes)));
        looping.pause = backoff.pause(looping.crashes, looping.pause, draw);
        let at = self.now.saturating_add(looping.pause);
        self.go_down(r);
        self.count_levels(self.replicas[r as usize].comp as usize);
        self.push_fault(at, FaultEvent::Loop { fault, target, comes_up: true });
    }

    /// A replica of a crash loop starts or crashes.
    pub(super) fn loop_event(&mut self, fault: u32, target: u32, comes_up: bool) {
        let (r, key) = self.loop_target(fault, target);
        if comes_up {
            self.come_up(r);
        }
        let looping = &mut self.faults[fault as usize].loops[target as usize];
        if !looping.acts {
            looping.is_running = false;
        } else if comes_up {
            let key = rng::nth(rng::key(key, SALT_RUNS), u64::from(looping.crashes));
            let runs = self.faults[fault as usize].runs.as_ref().map_or(0.0, |law| law.sample(key));
            let at = self.now.saturating_add((runs + 0.5) as u64);
            self.push_fault(at, FaultEvent::Loop { fault, target, comes_up: false });
        } else {
            self.loop_crash(fault, target);
        }
    }

    /// A replica's turn in a restart.
    pub(super) fn cycle(&mut self, fault: u32, r: u32) {
        let effect = &self.plan.faults[fault as usize].effect;
        let is_graceful = matches!(effect, Effect::Restart { graceful: true, .. });
        if self.fleet.slots[r as usize].life != Life::Serving {
            return;
        }
        self.fleet.slots[r as usize].returns = true;
        if is_graceful { self.drain_replica(r) } else { self.end_replica(r) }
    }

    /// The platform says that it will take a replica back.
    fn give_notice(&mut self, r: u32, notice: u64) {
        let life = self.fleet.slots[r as usize].life;
        if !matches!(life, Life::Serving | Life::Starting) {
            return;
        }
        let (comp, number) = self.slot_of(r);
        self.note_replicas(comp, ReplicaNoteKind::Reclaimed, number, number);
        // Without an autoscaler the platform itself puts another in its place.
        self.fleet.slots[r as usize].returns = self.fleet.scalers[comp].is_none();
        if life == Life::Starting {
            self.end_replica(r);
        } else {
            let born = self.fleet.slots[r as usize].born;
            self.schedule_fleet(notice, FleetEvent::Overdue { replica: r, born });
            self.drain_replica(r);
        }
        self.reconcile(comp);
    }

    /// Leaves or takes off the marks of faults on what platforms give.
    pub(super) fn strike_platform(&mut self, fault: u32, strength: Option<f64>) {
        match &self.plan.faults[fault as usize].effect {
            Effect::CapacityDenied { components, share } => {
                for component in components {
                    let denied = strength.map(|strength| share * strength);
                    set_mark(&mut self.fleet.denials[*component], fault, denied);
                    self.look_for_missing(*component);
                }
            }
            Effect::Checker { component, shows } => {
                if let Some(watch) = &mut self.fleet.watches[*component] {
                    watch.strike(fault, strength.map(|_| *shows));
                }
            }
            Effect::Name { name, shows } => {
                self.strike_name(fault, *name, strength.map(|_| *shows));
            }
            Effect::Quota { limit, amount } => {
                self.fleet.cuts.retain(|(other, _, _)| *other != fault);
                if strength.is_some() {
                    self.fleet.cuts.push((fault, *limit, *amount));
                }
                let cuts = self.fleet.cuts.iter().filter(|(_, cut, _)| cut == limit);
                // Of several amounts the smallest holds; without any, the nominal one.
                let least = cuts.map(|(_, _, amount)| *amount).min();
                self.fleet.allowances[*limit].amount = least.unwrap_or(self.plan.limits[*limit].amount);
            }
            _ => {}
        }
    }
}
