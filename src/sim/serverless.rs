//! Serverless platforms: a front desk gives each request an instance of its
//! own: the one used last among those with room, or a new one if there may be more.

use super::engine::Engine;
use super::exec::Answer;
use super::fleet::{FleetEvent, Life, Mark};
use super::frame::State;
use super::limits::{BucketState, Grant};
use super::tables::{BucketRule, NONE};
use crate::dist::Sampler;
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::{Bucket, Component, ErrorClass, Quota};
use crate::rng;

const SALT_COLD: u64 = rng::name_hash("serverless/cold-start");
const SALT_KEEP: u64 = rng::name_hash("serverless/keep-alive");

/// One instance's state.
#[derive(Clone, Copy, Debug, Default)]
struct Instance {
    /// When it can serve.
    ready: u64,
    /// Since when it has had nothing to do.
    idle_since: u64,
    /// How long it stays without work.
    keep: u64,
    /// Whether a look at its idleness is due.
    is_timed: bool,
    /// Whether it is always there.
    is_kept: bool,
}

/// A platform's state for one component.
#[derive(Clone, Debug)]
pub(super) struct Cloud {
    cold_start: Sampler,
    keep_alive: Sampler,
    /// How fast there may be more instances.
    scale_up: Option<(BucketRule, BucketState)>,
    quota: Option<Quota>,
    /// Slots with room, the one used last at the end.
    open: Vec<u32>,
    /// Slots without an instance, the next one to use at the end.
    free: Vec<u32>,
    /// By slot.
    instances: Vec<Instance>,
}

impl Cloud {
    pub(super) fn new(component: &Component) -> Option<Self> {
        let rule = component.serverless.as_ref()?;
        let scale_up = rule.scale_up.map(|(rate, burst)| {
            let bucket = Bucket { rate_per_sec: rate, burst, stretch: None };
            let bucket = BucketRule { retry_after: false, ..BucketRule::of(&bucket) };
            let state = BucketState::full(&bucket, 0);
            (bucket, state)
        });
        Some(Self {
            cold_start: Sampler::new(&rule.cold_start),
            keep_alive: Sampler::new(&rule.keep_alive),
            scale_up,
            quota: rule.quota,
            open: Vec::new(),
            free: (1..=rule.max).rev().collect(),
            instances: vec![Instance::default(); rule.max as usize + 1],
        })
    }
}

impl Engine<'_> {
    /// Sets up the desk and the instances that are always there.
    pub(super) fn open_cloud(&mut self, comp: usize) {
        let range = self.replica_range(comp);
        let desk = range.start;
        for replica in range {
            self.fleet.slots[replica as usize].life = Life::Absent;
            self.set_mark(replica, Mark::Absent);
        }
        self.set_mark(desk, Mark::Desk);
        self.replicas[desk as usize].units = 0;
        for _ in 0..self.provisioned(comp) {
            self.new_instance(comp, true);
        }
        // They were there before the run.
        let began = self.now;
        if let Some(cloud) = &mut self.fleet.clouds[comp] {
            cloud.instances.iter_mut().for_each(|instance| instance.ready = began);
        }
    }

    fn provisioned(&self, comp: usize) -> usize {
        self.plan.components[comp].serverless.as_ref().map_or(0, |rule| rule.provisioned as usize)
    }

    /// How many of the instances that are always there are not.
    fn missing(&self, comp: usize) -> usize {
        let Some(cloud) = &self.fleet.clouds[comp] else { return 0 };
        let slots = &self.fleet.slots[self.t.comps[comp].first_replica as usize..];
        let is_there = |number: usize| cloud.instances[number].is_kept && slots[number].life == Life::Serving;
        let there = (1..cloud.instances.len()).filter(|number| is_there(*number)).count();
        self.provisioned(comp).saturating_sub(there)
    }

    /// The platform puts others in the place of instances that are always there and died, as far as
    /// it can now. They start as any other does.
    pub(super) fn restore_instances(&mut self, comp: usize) {
        for _ in 0..self.missing(comp) {
            if self.new_instance(comp, true).is_none() {
                break;
            }
            // Requests take those that have started before one that starts in advance.
            if let Some(cloud) = &mut self.fleet.clouds[comp] {
                cloud.open.rotate_right(1);
            }
        }
    }

    /// Something has changed for instances that are always there: one died, or there is room for one.
    #[cold]
    pub(super) fn look_for_missing(&mut self, comp: usize) {
        if self.provisioned(comp) > 0 && self.missing(comp) > 0 {
            // After everything that a fault does at this instant: it may be about to hit the next one too.
            self.schedule_fleet(0, FleetEvent::Restore { comp: comp as u32 });
        }
    }

    /// Whether it is where a serverless component's requests arrive, which serves none itself.
    pub(super) fn is_desk(&self, r: u32) -> bool {
        let rule = &self.t.comps[self.replicas[r as usize].comp as usize];
        rule.is_serverless && r == rule.first_replica
    }

    /// Gives a request at the desk an instance; it goes on, waits for it to start, or is refused.
    pub(super) fn assign_instance(&mut self, f: u32, comp: usize) -> u32 {
        let Some(cloud) = &self.fleet.clouds[comp] else { return NONE };
        let quota = cloud.quota;
        if !quota.is_none_or(|quota| self.take_units(quota)) {
            return self.turn_away(f, comp);
        }
        let first = self.t.comps[comp].first_replica;
        // A fault may have told one with room to take no more.
        let may_serve = |number: &u32| self.replicas[(first + *number) as usize].has_no_reason_to_be_down();
        let opened = self.fleet.clouds[comp].as_ref().and_then(|cloud| {
            let mut latest = cloud.open.iter().rev().copied();
            latest.find(may_serve)
        });
        let Some(number) = opened.or_else(|| self.new_instance(comp, false)) else {
            if let Some(quota) = quota {
                self.give_units(quota, 1);
            }
            return self.turn_away(f, comp);
        };
        let desk = self.t.comps[comp].first_replica;
        let replica = desk + number;
        self.replicas[desk as usize].inside -= 1;
        let instance = &mut self.replicas[replica as usize];
        instance.inside += 1;
        let is_full = instance.inside >= self.t.comps[comp].units;
        self.frames[f].replica = replica;
        let counts = &mut self.stations[comp].counts.replicas;
        counts.assigned += 1;
        let Some(cloud) = &mut self.fleet.clouds[comp] else { return NONE };
        if is_full {
            cloud.open.retain(|open| *open != number);
        }
        let ready = cloud.instances[number as usize].ready;
        if ready <= self.now {
            return self.line_up(f, comp);
        }
        counts.cold += 1;
        self.frames[f].state = State::Starting;
        self.schedule(f, ready - self.now, Phase::Timer);
        NONE
    }

    fn turn_away(&mut self, f: u32, comp: usize) -> u32 {
        self.stations[comp].counts.throttled += 1;
        self.stations[comp].counts.replicas.denied += 1;
        self.count_outside(f, comp);
        self.reply(f, Answer::failed(ErrorClass::Throttled))
    }

    /// An instance has started for a request that waited for it.
    pub(super) fn instance_ready(&mut self, f: u32) -> u32 {
        let comp = self.frames[f].comp;
        let log = self.frames[f].log;
        self.logs.charge(log, self.now, super::blame::label(comp, WaitKind::ColdStart));
        self.frames[f].since = self.now;
        self.line_up(f, comp as usize)
    }

    /// Makes an instance, if there may be one more.
    fn new_instance(&mut self, comp: usize, is_kept: bool) -> Option<u32> {
        let now = self.now;
        let first = self.t.comps[comp].first_replica;
        let replicas = &self.replicas;
        let denied = super::trouble::remaining(&self.fleet.denials[comp]) <= 0.0;
        let cloud = self.fleet.clouds[comp].as_mut()?;
        let can_run = |number: &u32| replicas[(first + *number) as usize].has_no_reason_to_be_down();
        let at = cloud.free.iter().rposition(can_run).filter(|_| !denied)?;
        if !is_kept
            && let Some((rule, state)) = &mut cloud.scale_up
            && state.take(rule, 1.0, now) != Grant::Now
        {
            return None;
        }
        let number = cloud.free.remove(at);
        let replica = first + number;
        let born = self.fleet.slots[replica as usize].born;
        let key = rng::nth(
            rng::nth(rng::key(self.seed, self.t.comps[comp].salt), u64::from(number)),
            u64::from(born),
        );
        let cold = (cloud.cold_start.sample(rng::key(key, SALT_COLD)) + 0.5) as u64;
        let keep = (cloud.keep_alive.sample(rng::key(key, SALT_KEEP)) + 0.5) as u64;
        cloud.instances[number as usize] =
            Instance { ready: now.saturating_add(cold), idle_since: now, keep, is_timed: false, is_kept };
        cloud.open.push(number);
        self.set_life(replica, Life::Serving);
        self.set_mark(replica, Mark::Instance);
        self.retune(replica);
        self.stations[comp].counts.replicas.asked += 1;
        self.count_one(comp, replica, true);
        Some(number)
    }

    /// A request left an instance: it has room again, and may be idle.
    pub(super) fn instance_freed(&mut self, replica: u32) {
        let now = self.now;
        let (comp, number) = self.slot_of(replica);
        let inside = self.replicas[replica as usize].inside;
        let Some(cloud) = &mut self.fleet.clouds[comp] else { return };
        let quota = cloud.quota;
        if inside + 1 >= self.t.comps[comp].units {
            cloud.open.push(number);
        }
        let instance = &mut cloud.instances[number as usize];
        let mut look = None;
        if inside == 0 {
            instance.idle_since = now;
            if !instance.is_kept && !instance.is_timed {
                instance.is_timed = true;
                look = Some(instance.keep);
            }
        }
        if let Some(quota) = quota {
            self.give_units(quota, 1);
        }
        if let Some(keep) = look {
            let born = self.fleet.slots[replica as usize].born;
            self.schedule_fleet(keep, FleetEvent::Idle { replica, born });
        }
    }

    /// Looks whether an instance has been idle for long enough to go.
    pub(super) fn idle_check(&mut self, replica: u32) {
        let (comp, number) = self.slot_of(replica);
        let is_idle = self.replicas[replica as usize].inside == 0;
        let Some(cloud) = &mut self.fleet.clouds[comp] else { return };
        let instance = &mut cloud.instances[number as usize];
        let due = instance.idle_since.saturating_add(instance.keep);
        if !is_idle {
            instance.is_timed = false;
        } else if due > self.now {
            let delay = due - self.now;
            let born = self.fleet.slots[replica as usize].born;
            self.schedule_fleet(delay, FleetEvent::Idle { replica, born });
        } else {
            self.lose_work(replica);
            self.remove_instance(replica);
        }
    }

    /// An instance died with requests inside.
    pub(super) fn lose_instance(&mut self, replica: u32, inside: u32) {
        let (comp, _) = self.slot_of(replica);
        let quota = self.fleet.clouds[comp].as_ref().and_then(|cloud| cloud.quota);
        if let Some(quota) = quota {
            self.give_units(quota, u64::from(inside));
        }
        self.remove_instance(replica);
    }

    /// Panics unless exactly the instances with room are offered, each once.
    pub(super) fn audit_cloud(&self, comp: usize) {
        let Some(cloud) = &self.fleet.clouds[comp] else { return };
        let mut open = cloud.open.clone();
        open.sort_unstable();
        let first = self.t.comps[comp].first_replica;
        let has_room = |number: &u32| {
            let r = (first + number) as usize;
            self.fleet.slots[r].life == Life::Serving && self.replicas[r].inside < self.t.comps[comp].units
        };
        let with_room: Vec<u32> = (1..cloud.instances.len() as u32).filter(has_room).collect();
        assert_eq!(open, with_room, "{}: instances with room", self.plan.components[comp].name);
    }

    fn remove_instance(&mut self, replica: u32) {
        let (comp, number) = self.slot_of(replica);
        self.count_one(comp, replica, false);
        self.set_life(replica, Life::Absent);
        self.set_mark(replica, Mark::Absent);
        if let Some(cloud) = &mut self.fleet.clouds[comp] {
            cloud.open.retain(|open| *open != number);
            cloud.free.push(number);
        }
        self.look_for_missing(comp);
    }
}
