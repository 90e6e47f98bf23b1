//! Faults: when they act, what they do to replicas, and how they undo themselves.
//!
//! A fault never overwrites a value: it leaves a mark under its own number, and
//! the value in force is computed from the nominal one and all marks. So any
//! overlap composes, and taking the marks away gives back exactly what was.

use super::bursts::Bursts;
use super::damage::{Disk, Leaking};
use super::engine::{Engine, tag};
use super::fault_replicas::Looping;
use super::fleet::{Life, Mark};
use super::frame::State;
use super::generate::BadOutput;
use super::limits::BucketState;
use super::tables::BucketRule;
use super::trouble::{effect_replicas, mark, remaining, share_of};
use crate::dist::Sampler;
use crate::kernel::Phase;
use crate::outcome::FaultSpan;
use crate::plan::{Caller, Effect, Exhausted, MessageFault, OutageMode, ReplicaRef, Schedule};
use crate::rng;
use crate::units::SimTime;

const SALT_RESTART: u64 = rng::name_hash("fault/restart");
const SALT_UP: u64 = rng::name_hash("fault/up");
const SALT_DOWN: u64 = rng::name_hash("fault/down");
/// Steps in which a fault grows to full strength.
const RAMP_STEPS: u32 = 20;
/// Spans kept per recurring fault: enough to draw, bounded in memory.
const SPANS_MAX: u32 = 500;

/// A fault's compiled parts and present state.
#[derive(Clone, Debug)]
pub(super) struct FaultState {
    pub(super) salt: u64,
    pub(super) gray_latency: Option<Sampler>,
    pub(super) restart: Option<Sampler>,
    pub(super) up: Option<Sampler>,
    pub(super) down: Option<Sampler>,
    pub(super) throttle: Option<(BucketRule, BucketState)>,
    pub(super) path_law: Option<Sampler>,
    /// Recurring: occurrences so far, by target.
    occurrences: Vec<u64>,
    spans: u32,
    pub(super) runs: Option<Sampler>,
    /// Replicas of a crash loop, by target.
    pub(super) loops: Vec<Looping>,
    /// Memory of leaking replicas, by target.
    pub(super) leaks: Vec<Leaking>,
    /// Disks that fill up, by target.
    pub(super) disks: Vec<Disk>,
    pub(super) bursts: Option<Bursts>,
    /// Whom it hits, if that depends on who was there when it began.
    pub(super) chosen: Option<Vec<ReplicaRef>>,
}

/// Something in the schedule.
#[derive(Clone, Copy, Debug)]
pub(super) enum FaultEvent {
    /// The schedule's stretch changes.
    Boundary,
    /// A fault reaches a strength.
    Strength { fault: u32, strength: f64 },
    /// A fault ends.
    Clear { fault: u32 },
    /// A recurring fault begins or ends at one of its targets.
    Recur { fault: u32, target: u32, begins: bool },
    /// A crashed replica serves again.
    Restart { replica: u32 },
    /// A replica of a crash loop starts or crashes.
    Loop { fault: u32, target: u32, comes_up: bool },
    /// A replica's turn in a restart.
    Cycle { fault: u32, replica: u32 },
    /// A leak reaches a step in this life of its process.
    Leak { fault: u32, target: u32, epoch: u32 },
}

impl FaultState {
    pub(super) fn new(fault: &crate::plan::Fault, seed: u64) -> Self {
        let law = |law: &crate::dist::Law| Some(Sampler::new(law));
        let (mut gray_latency, mut restart, mut path_law, mut throttle) = (None, None, None, None);
        let (mut runs, mut bursts) = (None, None);
        let salt = rng::key(seed, rng::name_hash(&format!("fault/{}", fault.name)));
        match &fault.effect {
            Effect::Gray { latency, .. } => gray_latency = latency.as_ref().and_then(law),
            Effect::Crash { restart: pause, .. } | Effect::Leak { restart: pause, .. } => {
                restart = law(pause)
            }
            Effect::PacketLoss { bursts: Some((on, off)), .. } => bursts = Some(Bursts::new(salt, on, off)),
            Effect::CrashLoop { runs: time, .. } => runs = law(time),
            Effect::Latency { add, .. } => path_law = law(add),
            Effect::Messages(MessageFault::Misdelivery { by, .. }) => path_law = law(by),
            Effect::Throttle { bucket, retry_after, .. } => {
                let rule = BucketRule { retry_after: *retry_after, ..BucketRule::of(bucket) };
                let state = BucketState::full(&rule, 0);
                throttle = Some((rule, state));
            }
            _ => {}
        }
        let (up, down) = match &fault.schedule {
            Schedule::Recurring { up, down, .. } => (law(up), law(down)),
            Schedule::Once { .. } => (None, None),
        };
        Self {
            salt,
            gray_latency,
            restart,
            up,
            down,
            throttle,
            path_law,
            occurrences: Vec::new(),
            spans: 0,
            runs,
            loops: Vec::new(),
            leaks: Vec::new(),
            disks: Vec::new(),
            bursts,
            chosen: None,
        }
    }
}

impl Engine<'_> {
    /// Puts the whole known schedule into the queue.
    pub(super) fn schedule_faults(&mut self) {
        for at in self.slots.boundaries() {
            self.push_fault(at, FaultEvent::Boundary);
        }
        for fault in 0..self.plan.faults.len() as u32 {
            let schedule = self.plan.faults[fault as usize].schedule.clone();
            match schedule {
                Schedule::Once { at, length, ramp, flap } => {
                    let end = length.map_or(u64::MAX, |length| at.0.saturating_add(length.0));
                    let (on, off) = flap.map_or((u64::MAX, 0), |(on, off)| (on.0.max(1), off.0));
                    let mut start = at.0;
                    while start < end && start <= self.end {
                        self.schedule_growth(fault, start, ramp.0);
                        let stop = start.saturating_add(on).min(end);
                        if stop < u64::MAX {
                            self.push_fault(stop, FaultEvent::Clear { fault });
                        }
                        start = stop.saturating_add(off);
                    }
                    let to = SimTime(end.min(self.end));
                    self.note_span(fault, at, to);
                }
                Schedule::Recurring { at, .. } => {
                    self.choose_targets(fault);
                    let targets = effect_replicas(&self.plan.faults[fault as usize].effect).len();
                    self.faults[fault as usize].occurrences = vec![0; targets];
                    for (target, _) in self.targets_of(fault) {
                        self.schedule_recurrence(fault, target as u32, at.0);
                    }
                }
            }
        }
    }

    fn schedule_growth(&mut self, fault: u32, start: u64, ramp: u64) {
        if ramp == 0 {
            self.push_fault(start, FaultEvent::Strength { fault, strength: 1.0 });
            return;
        }
        for step in 1..=RAMP_STEPS {
            let at = start + ramp / u64::from(RAMP_STEPS) * u64::from(step - 1);
            let strength = f64::from(step) / f64::from(RAMP_STEPS);
            self.push_fault(at, FaultEvent::Strength { fault, strength });
        }
    }

    pub(super) fn push_fault(&mut self, at: u64, event: FaultEvent) {
        if at <= self.end {
            let index = match self.fault_events_free.pop() {
                Some(index) => index,
                None => {
                    self.fault_events.push(event);
                    (self.fault_events.len() - 1) as u32
                }
            };
            self.fault_events[index as usize] = event;
            self.queue.push(SimTime(at), Phase::Fault, tag::OTHER, index);
        }
    }

    fn note_span(&mut self, fault: u32, from: SimTime, to: SimTime) {
        let state = &mut self.faults[fault as usize];
        if state.spans < SPANS_MAX {
            state.spans += 1;
            let rule = &self.plan.faults[fault as usize];
            let target = self.plan.fault_target(rule);
            self.fault_spans.push(FaultSpan {
                name: rule.name.clone(),
                kind: rule.kind.clone(),
                target,
                from,
                to,
            });
        }
    }

    /// Draws when a recurring fault next begins at a target.
    fn schedule_recurrence(&mut self, fault: u32, target: u32, from: u64) {
        let Schedule::Recurring { until, .. } = &self.plan.faults[fault as usize].schedule else { return };
        let at = from.saturating_add(self.recurrence_draw(fault, target, SALT_UP, true));
        if until.is_none_or(|until| at <= until.0) {
            self.push_fault(at, FaultEvent::Recur { fault, target, begins: true });
        }
    }

    fn recurrence_draw(&self, fault: u32, target: u32, salt: u64, up: bool) -> u64 {
        let state = &self.faults[fault as usize];
        let law = if up { &state.up } else { &state.down };
        let replica = effect_replicas(&self.plan.faults[fault as usize].effect)[target as usize];
        let key = rng::key(rng::key(state.salt, self.replica_salt(replica)), salt);
        let key = rng::nth(key, state.occurrences[target as usize]);
        law.as_ref().map_or(0, |law| (law.sample(key) + 0.5) as u64)
    }

    pub(super) fn replica_salt(&self, replica: ReplicaRef) -> u64 {
        rng::nth(self.t.comps[replica.component].salt, u64::from(replica.replica))
    }

    fn replica_index(&self, replica: ReplicaRef) -> u32 {
        self.t.comps[replica.component].first_replica + replica.replica
    }

    /// Something in the schedule is due.
    pub(super) fn fault_event(&mut self, index: u32) {
        self.fault_events_free.push(index);
        match self.fault_events[index as usize] {
            FaultEvent::Boundary => self.change_slot(|slots, now| slots.at_boundary(now)),
            FaultEvent::Strength { fault, strength } => {
                self.choose_targets(fault);
                for (target, replica) in self.targets_of(fault) {
                    self.strike(fault, replica, strength);
                    self.strike_life(fault, replica, target);
                }
                self.strike_elsewhere(fault, Some(strength));
            }
            FaultEvent::Clear { fault } => {
                for (target, replica) in self.targets_of(fault) {
                    self.relieve(fault, replica);
                    self.relieve_life(fault, target);
                }
                self.strike_elsewhere(fault, None);
            }
            FaultEvent::Recur { fault, target, begins } => self.recur(fault, target, begins),
            FaultEvent::Restart { replica } => self.come_up(replica),
            FaultEvent::Loop { fault, target, comes_up } => self.loop_event(fault, target, comes_up),
            FaultEvent::Cycle { fault, replica } => self.cycle(fault, replica),
            FaultEvent::Leak { fault, target, epoch } => self.leak_event(fault, target, epoch),
        }
        if !self.messaging.is_empty() {
            self.wake_consumers();
        }
    }

    fn recur(&mut self, fault: u32, target: u32, begins: bool) {
        let replica = effect_replicas(&self.plan.faults[fault as usize].effect)[target as usize];
        if begins {
            let length = self.recurrence_draw(fault, target, SALT_DOWN, false);
            self.push_fault(
                self.now.saturating_add(length),
                FaultEvent::Recur { fault, target, begins: false },
            );
            let to = SimTime(self.now.saturating_add(length).min(self.end));
            self.note_span(fault, SimTime(self.now), to);
            self.recurring += 1;
            self.strike(fault, replica, 1.0);
        } else {
            self.faults[fault as usize].occurrences[target as usize] += 1;
            self.recurring -= 1;
            self.relieve(fault, replica);
            self.schedule_recurrence(fault, target, self.now);
        }
        let acts = self.recurring > 0;
        self.change_slot(|slots, now| slots.set_recurring(now, acts));
    }

    /// Leaves a fault's mark on a replica, or strengthens it.
    fn strike(&mut self, fault: u32, target: ReplicaRef, strength: f64) {
        let r = self.replica_index(target);
        let effect = &self.plan.faults[fault as usize].effect;
        let trouble = self.replicas[r as usize].trouble.get_or_insert_default();
        match effect {
            Effect::Crash { graceful: true, .. } => {
                trouble.draining.push(fault);
                self.drain_sessions(r);
                self.leave_if_empty(r);
            }
            Effect::Crash { .. } => self.go_down(r),
            Effect::Pause { .. } => {
                trouble.pauses += 1;
                self.retune(r);
                self.silence_replica(fault, r, true);
            }
            Effect::Slow { factor, .. } => {
                mark(&mut trouble.slow, fault, 1.0 + (factor - 1.0) * strength);
                self.retune(r);
            }
            Effect::Gray { .. } => mark(&mut trouble.gray, fault, strength),
            Effect::Outage { mode, .. } => {
                mark(&mut trouble.outages, fault, *mode);
                self.silence_replica(fault, r, *mode == OutageMode::BlackHole);
            }
            Effect::Exhaust { what: Exhausted::Memory(_), share } => {
                mark(&mut trouble.memory, fault, share * strength);
                self.refit_memory(r);
            }
            Effect::Flush { .. } => self.flush_memory(fault, r),
            Effect::Reshard { .. } => {
                trouble.left.push(fault);
                self.clear_memory(r);
                self.reshard(target.component);
            }
            Effect::BadOutput { malformed, wrong, cut, .. } => {
                let bad = BadOutput {
                    malformed: malformed * strength,
                    wrong: wrong * strength,
                    cut: cut * strength,
                };
                mark(&mut trouble.bad_outputs, fault, bad);
            }
            Effect::ClockSkew { offset, .. } => mark(&mut trouble.clocks, fault, *offset),
            Effect::Exhaust { share, .. } => {
                mark(&mut trouble.exhausted, fault, share * strength);
                self.refit(r);
            }
            _ => self.strike_damage(fault, r, target, strength),
        }
        self.count_levels(target.component);
    }

    /// Takes a fault's mark off a replica.
    fn relieve(&mut self, fault: u32, target: ReplicaRef) {
        let r = self.replica_index(target);
        let Some(trouble) = &mut self.replicas[r as usize].trouble else { return };
        match &self.plan.faults[fault as usize].effect {
            Effect::Crash { .. } => {
                let before = trouble.draining.len();
                trouble.draining.retain(|other| *other != fault);
                if trouble.draining.len() == before {
                    self.schedule_restart(fault, target, r);
                }
            }
            Effect::Pause { .. } => {
                trouble.pauses -= 1;
                self.retune(r);
                self.silence_replica(fault, r, false);
            }
            Effect::Slow { .. } => {
                trouble.slow.retain(|(other, _)| *other != fault);
                self.retune(r);
            }
            Effect::Gray { .. } => trouble.gray.retain(|(other, _)| *other != fault),
            Effect::Outage { .. } => {
                trouble.outages.retain(|(other, _)| *other != fault);
                self.silence_replica(fault, r, false);
            }
            Effect::Exhaust { what: Exhausted::Memory(_), .. } => {
                trouble.memory.retain(|(other, _)| *other != fault);
                self.refit_memory(r);
            }
            Effect::Reshard { .. } => {
                trouble.left.retain(|other| *other != fault);
                self.reshard(target.component);
            }
            Effect::BadOutput { .. } => trouble.bad_outputs.retain(|(other, _)| *other != fault),
            Effect::ClockSkew { .. } => trouble.clocks.retain(|(other, _)| *other != fault),
            Effect::Exhaust { .. } => {
                trouble.exhausted.retain(|(other, _)| *other != fault);
                self.refit(r);
            }
            _ => self.relieve_damage(fault, r, target),
        }
        self.forget_trouble(r);
        self.count_levels(target.component);
    }

    pub(super) fn forget_trouble(&mut self, r: u32) {
        let trouble = &mut self.replicas[r as usize].trouble;
        if trouble.as_ref().is_some_and(|trouble| trouble.is_over()) {
            *trouble = None;
        }
    }

    /// Leaves or takes off the mark of an imposed allowance.
    pub(super) fn throttle_replica(&mut self, r: u32, fault: u32, acts: bool) {
        let trouble = self.replicas[r as usize].trouble.get_or_insert_default();
        trouble.throttles.retain(|other| *other != fault);
        if acts {
            trouble.throttles.push(fault);
            trouble.throttles.sort_unstable();
        }
        self.forget_trouble(r);
    }

    pub(super) fn schedule_restart(&mut self, fault: u32, target: ReplicaRef, r: u32) {
        let state = &self.faults[fault as usize];
        let key = rng::key(rng::key(state.salt, self.replica_salt(target)), SALT_RESTART);
        let pause =
            state.restart.as_ref().map_or(0, |law| (law.sample(rng::nth(key, self.now)) + 0.5) as u64);
        if pause == 0 {
            self.come_up(r);
        } else {
            self.push_fault(self.now.saturating_add(pause), FaultEvent::Restart { replica: r });
        }
    }

    pub(super) fn go_down(&mut self, r: u32) {
        let trouble = self.replicas[r as usize].trouble.get_or_insert_default();
        trouble.down += 1;
        if trouble.down == 1 {
            let inside = self.replicas[r as usize].inside;
            if self.mark_of(r) != Mark::Absent {
                self.lose_work(r);
            }
            self.note_membership(r);
            self.after_loss(r, inside);
        }
    }

    pub(super) fn come_up(&mut self, r: u32) {
        if let Some(trouble) = &mut self.replicas[r as usize].trouble {
            trouble.down -= 1;
        }
        self.forget_trouble(r);
        if self.replicas[r as usize].is_up() && self.fleet.slots[r as usize].life == Life::Serving {
            self.warm_up(r);
            self.begin_leaks(r);
            self.note_membership(r);
        }
        self.count_levels(self.replicas[r as usize].comp as usize);
        self.look_for_missing(self.replicas[r as usize].comp as usize);
    }

    /// A replica that refuses new work for faults' sake, and is empty, goes down as in any crash.
    pub(super) fn go_down_drained(&mut self, r: u32) {
        let Some(trouble) = &mut self.replicas[r as usize].trouble else { return };
        for _ in std::mem::take(&mut trouble.draining) {
            self.go_down(r);
        }
        self.count_levels(self.replicas[r as usize].comp as usize);
    }

    /// Computes a replica's pace from all marks and moves what is being worked on.
    pub(super) fn retune(&mut self, r: u32) {
        let nominal = self.t.comps[self.replicas[r as usize].comp as usize].speed
            * self.replicas[r as usize].pace
            * self.pace_of(r);
        let speed = match &self.replicas[r as usize].trouble {
            Some(trouble) if trouble.pauses > 0 => 0.0,
            Some(trouble) => trouble.slow.iter().fold(nominal, |speed, (_, factor)| speed / factor),
            None => nominal,
        };
        let before = std::mem::replace(&mut self.replicas[r as usize].speed, speed);
        let rule = &self.t.comps[self.replicas[r as usize].comp as usize];
        self.replicas[r as usize].is_steady = super::start::is_steady(rule, speed);
        for f in 0..self.frames.len() {
            let frame = &mut self.frames[f];
            if frame.replica != r || frame.state != State::Computing {
                continue;
            }
            if before > 0.0 {
                frame.due = ((frame.due - self.now) as f64 * before + 0.5) as u64;
            }
            frame.main = 0;
            self.begin_work(f);
        }
        if let Some(cores) = &mut self.replicas[r as usize].cores {
            cores.set_speed(self.now, speed);
            cores.pending_at = u64::MAX;
            cores.pending = 0;
            let comp = self.replicas[r as usize].comp as usize;
            self.after_sharing(r as usize, comp);
        }
    }

    /// Computes a replica's threads or cores from all marks.
    fn refit(&mut self, r: u32) {
        let nominal =
            if self.is_desk(r) { 0 } else { self.t.comps[self.replicas[r as usize].comp as usize].units };
        let left =
            self.replicas[r as usize].trouble.as_ref().map_or(1.0, |trouble| remaining(&trouble.exhausted));
        self.replicas[r as usize].units = share_of(nominal, left);
        self.grant(r as usize);
    }

    pub(super) fn node_of_caller(&self, caller: Caller) -> u32 {
        match caller {
            Caller::Component(component) => self.t.comps[component].node,
            Caller::Client(client) => (self.plan.components.len() + client) as u32,
        }
    }
}
