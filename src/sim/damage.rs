//! Faults that fill up, hold or damage something: leaks, disks, locks, and answers that come to nothing.

use super::engine::Engine;
use super::exec::Answer;
use super::faults::FaultEvent;
use super::fleet::Life;
use super::frame::flag;
use super::trouble::{effect_replicas, mark};
use crate::outcome::ReplicaNoteKind;
use crate::plan::{Effect, ErrorClass, Growth, ReplicaRef};
use crate::rng;
use crate::units::{NANOS_PER_SEC, SimTime};
use std::collections::VecDeque;

const SALT_LOST: u64 = rng::name_hash("fault/lost-write");
const SALT_CORRUPT: u64 = rng::name_hash("fault/corrupt-read");
const SALT_LATE: u64 = rng::name_hash("fault/after-work");
/// Steps in which a leak fills its room: as fine as its slowness is followed.
const LEAK_STEPS: u32 = 20;
/// Parts of the time that writes are kept, in which they are removed together.
const FREED_PARTS: u64 = 100;

/// A leak in one replica.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leaking {
    /// Which life of the process; what was scheduled for an earlier one is void.
    epoch: u32,
    since: u64,
    /// Bytes lost to requests.
    level: f64,
    /// Steps of the room reached.
    reached: u32,
}

/// One replica's disk while a fault fills it.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    since: u64,
    /// When writes were kept, and their bytes.
    written: VecDeque<(u64, f64)>,
    kept: f64,
}

impl Engine<'_> {
    /// Leaves the mark of a fault that fills up, holds or damages.
    pub(super) fn strike_damage(&mut self, fault: u32, r: u32, target: ReplicaRef, strength: f64) {
        let rule = &self.plan.faults[fault as usize];
        let place = place_of(&rule.effect, target);
        let state = &mut self.faults[fault as usize];
        let trouble = self.replicas[r as usize].trouble.get_or_insert_default();
        match &rule.effect {
            Effect::Leak { replicas, .. } => {
                state.leaks.resize(replicas.len(), Leaking::default());
                trouble.leaks.push(fault);
                self.begin_leak(fault, r, place);
            }
            Effect::DiskFull { replicas, .. } => {
                state.disks.resize(replicas.len(), Disk::default());
                state.disks[place] = Disk { since: self.now, ..Disk::default() };
                trouble.disks.push(fault);
            }
            Effect::BadStorage { .. } => mark(&mut trouble.bad_storage, fault, strength),
            Effect::Lock { .. } => {
                let until = rule.schedule.end_of_stretch(SimTime(self.now)).map_or(u64::MAX, |end| end.0);
                mark(&mut trouble.locks, fault, until);
            }
            _ => {}
        }
    }

    /// Takes such a mark off.
    pub(super) fn relieve_damage(&mut self, fault: u32, r: u32, target: ReplicaRef) {
        let Some(trouble) = &mut self.replicas[r as usize].trouble else { return };
        let effect = &self.plan.faults[fault as usize].effect;
        match effect {
            Effect::Leak { .. } => {
                trouble.leaks.retain(|other| *other != fault);
                trouble.slow.retain(|(other, _)| *other != fault);
                self.faults[fault as usize].leaks[place_of(effect, target)].epoch += 1;
                self.retune(r);
            }
            Effect::DiskFull { .. } => trouble.disks.retain(|other| *other != fault),
            Effect::BadStorage { .. } => trouble.bad_storage.retain(|(other, _)| *other != fault),
            Effect::Lock { .. } => trouble.locks.retain(|(other, _)| *other != fault),
            _ => {}
        }
    }

    /// A process begins with all its memory.
    fn begin_leak(&mut self, fault: u32, r: u32, place: usize) {
        let leaking = &mut self.faults[fault as usize].leaks[place];
        *leaking = Leaking { epoch: leaking.epoch + 1, since: self.now, ..Leaking::default() };
        if self.replicas[r as usize].is_up() && self.fleet.slots[r as usize].life == Life::Serving {
            self.schedule_leak(fault, place);
        }
    }

    /// Waits for the next step of what leaks by itself.
    fn schedule_leak(&mut self, fault: u32, place: usize) {
        let Effect::Leak { growth: Growth::PerSecond(rate), room, .. } =
            self.plan.faults[fault as usize].effect
        else {
            return;
        };
        let Leaking { epoch, since, reached, .. } = self.faults[fault as usize].leaks[place];
        let share = f64::from(reached + 1) / f64::from(LEAK_STEPS);
        let after = (room * share / rate * NANOS_PER_SEC as f64 + 0.5) as u64;
        let event = FaultEvent::Leak { fault, target: place as u32, epoch };
        self.push_fault(since.saturating_add(after), event);
    }

    /// A leak reaches a step, or the end of the room.
    pub(super) fn leak_event(&mut self, fault: u32, target: u32, epoch: u32) {
        let Effect::Leak { replicas, growth, .. } = &self.plan.faults[fault as usize].effect else { return };
        let replica = replicas[target as usize];
        let leaking = &mut self.faults[fault as usize].leaks[target as usize];
        if leaking.epoch != epoch {
            return;
        }
        if matches!(growth, Growth::PerSecond(_)) {
            leaking.reached += 1;
        }
        if leaking.reached >= LEAK_STEPS {
            return self.kill_for_memory(fault, replica);
        }
        self.slow_by_leak(fault, replica, target as usize);
        self.schedule_leak(fault, target as usize);
    }

    fn slow_by_leak(&mut self, fault: u32, replica: ReplicaRef, place: usize) {
        let Effect::Leak { slow: Some((from, factor)), .. } = self.plan.faults[fault as usize].effect else {
            return;
        };
        let reached = self.faults[fault as usize].leaks[place].reached;
        let beyond = f64::from(reached) / f64::from(LEAK_STEPS) - from;
        if beyond <= 0.0 {
            return;
        }
        let r = self.t.comps[replica.component].first_replica + replica.replica;
        let trouble = self.replicas[r as usize].trouble.get_or_insert_default();
        mark(&mut trouble.slow, fault, 1.0 + (factor - 1.0) * (beyond / (1.0 - from)).min(1.0));
        self.retune(r);
    }

    fn kill_for_memory(&mut self, fault: u32, replica: ReplicaRef) {
        let r = self.t.comps[replica.component].first_replica + replica.replica;
        self.stations[replica.component].counts.replicas.killed += 1;
        self.note_replicas(replica.component, ReplicaNoteKind::OutOfMemory, replica.replica, replica.replica);
        self.go_down(r);
        self.count_levels(replica.component);
        self.schedule_restart(fault, replica, r);
    }

    /// A process ended, for whatever reason: what it leaked is free.
    pub(super) fn end_leaks(&mut self, r: u32) {
        self.for_each_leak(r, |engine, fault, place| {
            engine.faults[fault as usize].leaks[place].epoch += 1;
            if let Some(trouble) = &mut engine.replicas[r as usize].trouble {
                trouble.slow.retain(|(other, _)| *other != fault);
            }
            engine.retune(r);
        });
    }

    /// A process started: it leaks from the beginning.
    pub(super) fn begin_leaks(&mut self, r: u32) {
        self.for_each_leak(r, |engine, fault, place| engine.begin_leak(fault, r, place));
    }

    fn for_each_leak(&mut self, r: u32, act: impl Fn(&mut Self, u32, usize)) {
        let Some(trouble) = &self.replicas[r as usize].trouble else { return };
        if trouble.leaks.is_empty() {
            return;
        }
        let (component, replica) = self.slot_of(r);
        for fault in trouble.leaks.clone() {
            let place = place_of(&self.plan.faults[fault as usize].effect, ReplicaRef { component, replica });
            act(self, fault, place);
        }
    }

    /// A request that is let in leaks.
    pub(super) fn leak_by_request(&mut self, r: u32) {
        self.for_each_leak(r, |engine, fault, place| {
            let Effect::Leak { growth: Growth::PerRequest(bytes), room, replicas, .. } =
                &engine.plan.faults[fault as usize].effect
            else {
                return;
            };
            let leaking = &mut engine.faults[fault as usize].leaks[place];
            if leaking.reached >= LEAK_STEPS {
                return;
            }
            leaking.level += bytes;
            let reached = ((leaking.level / room * f64::from(LEAK_STEPS)) as u32).min(LEAK_STEPS);
            let before = std::mem::replace(&mut leaking.reached, reached);
            let epoch = leaking.epoch;
            if reached == LEAK_STEPS {
                // The request is still at the door: the kill comes when it is inside.
                let event = FaultEvent::Leak { fault, target: place as u32, epoch };
                engine.push_fault(engine.now, event);
            } else if reached > before {
                engine.slow_by_leak(fault, replicas[place], place);
            }
        });
    }

    /// When the locks that a request finds are all gone; `None` if there are none.
    pub(super) fn locked_until(&self, f: u32) -> Option<u64> {
        let r = self.frames[f].replica as usize;
        let trouble = self.replicas[r].trouble.as_ref()?;
        let comp = self.replicas[r].comp as usize;
        let operation = (comp, (self.frames[f].op - self.t.comps[comp].first_op) as usize);
        let locks = trouble.locks.iter().filter(|(fault, until)| {
            let Effect::Lock { operations, .. } = &self.plan.faults[*fault as usize].effect else {
                return false;
            };
            *until > self.now && (operations.is_empty() || operations.contains(&operation))
        });
        locks.map(|(_, until)| *until).max()
    }

    /// A row is read.
    pub(super) fn read_row(&mut self, f: u32, answer: &mut Answer) {
        let share = |engine: &Self, fault: u32| match engine.plan.faults[fault as usize].effect {
            Effect::BadStorage { corrupt, .. } => corrupt,
            _ => 0.0,
        };
        let is_bad = self.suffers_storage(f, SALT_CORRUPT, share);
        let counts = self.store_counts(f);
        counts.reads += 1;
        counts.corrupt += u64::from(is_bad);
        if is_bad {
            answer.taint |= flag::MALFORMED;
        }
    }

    /// A row is written, if there is room; says whether it was kept.
    pub(super) fn write_row(&mut self, f: u32, answer: &mut Answer) -> bool {
        let r = self.frames[f].replica;
        if self.replicas[r as usize].trouble.is_some() && !self.has_room_on_disk(r) {
            self.store_counts(f).no_room += 1;
            answer.error = Some(ErrorClass::Error);
            return false;
        }
        let share = |engine: &Self, fault: u32| match engine.plan.faults[fault as usize].effect {
            Effect::BadStorage { lost, .. } => lost,
            _ => 0.0,
        };
        let is_lost = self.suffers_storage(f, SALT_LOST, share);
        let is_double =
            self.frames[f].has(flag::COPY) && !self.t.sites[self.frames[f].from_site as usize].is_idempotent;
        let counts = self.store_counts(f);
        counts.commits += 1;
        counts.lost += u64::from(is_lost);
        counts.doubled += u64::from(is_double);
        !is_lost
    }

    fn suffers_storage(&self, f: u32, salt: u64, share: impl Fn(&Self, u32) -> f64) -> bool {
        let frame = &self.frames[f];
        let Some(trouble) = &self.replicas[frame.replica as usize].trouble else { return false };
        trouble.bad_storage.iter().any(|(fault, strength)| {
            let key = rng::key(rng::key(frame.key, self.faults[*fault as usize].salt), salt);
            rng::unit(key) < share(self, *fault) * strength
        })
    }

    /// Takes the room for one more write from every disk that is filling up.
    fn has_room_on_disk(&mut self, r: u32) -> bool {
        let Some(trouble) = &self.replicas[r as usize].trouble else { return true };
        if trouble.disks.is_empty() {
            return true;
        }
        let (component, replica) = self.slot_of(r);
        let marks = trouble.disks.clone();
        let mut disks = Vec::with_capacity(marks.len());
        for fault in marks {
            let effect = &self.plan.faults[fault as usize].effect;
            disks.push((fault, place_of(effect, ReplicaRef { component, replica })));
        }
        let now = self.now;
        let is_free = disks.iter().all(|(fault, place)| {
            let effect = &self.plan.faults[*fault as usize].effect;
            self.faults[*fault as usize].disks[*place].has_room(effect, now)
        });
        if is_free {
            for (fault, place) in disks {
                let effect = &self.plan.faults[fault as usize].effect;
                self.faults[fault as usize].disks[place].keep(effect, now);
            }
        }
        is_free
    }

    /// What faults make of a good answer after the work was done.
    #[inline(never)]
    pub(super) fn spoil_answer(&mut self, f: u32, answer: &mut Answer) {
        let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
        let Some(trouble) = &self.replicas[self.frames[f].replica as usize].trouble else { return };
        let spoilt = trouble.gray.iter().find_map(|(fault, strength)| {
            let Effect::Gray { errors, class, is_late: true, .. } = &self.plan.faults[*fault as usize].effect
            else {
                return None;
            };
            let key = rng::key(rng::key(self.frames[f].key, self.faults[*fault as usize].salt), SALT_LATE);
            let is_hit = self.is_gray_to(f, comp, *fault) && rng::unit(key) < errors * strength;
            is_hit.then_some(*class)
        });
        let Some(class) = spoilt else { return };
        let site = self.frames[f].from_site as usize;
        if self.t.sites[site].effect.is_write() {
            // It was committed, and its caller does not know.
            self.store_counts(f).unknown += 1;
        }
        *answer = Answer::failed(class);
    }
}

/// Which of a fault's targets a replica is.
fn place_of(effect: &Effect, target: ReplicaRef) -> usize {
    effect_replicas(effect).binary_search(&target).unwrap_or(0)
}

impl Disk {
    fn has_room(&mut self, effect: &Effect, now: u64) -> bool {
        let Effect::DiskFull { room, growth, freed_after, .. } = effect else { return true };
        match growth {
            None => false,
            Some(Growth::PerSecond(rate)) => {
                let age = (now - self.since).min(freed_after.map_or(u64::MAX, |age| age.0));
                rate * age as f64 / (NANOS_PER_SEC as f64) < *room
            }
            Some(Growth::PerRequest(bytes)) => {
                while let Some((at, gone)) = self.written.front().copied()
                    && freed_after.is_some_and(|age| now - at >= age.0)
                {
                    self.kept -= gone;
                    self.written.pop_front();
                }
                self.kept + bytes <= *room
            }
        }
    }

    fn keep(&mut self, effect: &Effect, now: u64) {
        let Effect::DiskFull { growth: Some(Growth::PerRequest(bytes)), freed_after, .. } = effect else {
            return;
        };
        self.kept += bytes;
        let Some(age) = freed_after else { return };
        match self.written.back_mut() {
            Some((at, together)) if now - *at < age.0 / FREED_PARTS => *together += bytes,
            _ => self.written.push_back((now, *bytes)),
        }
    }
}
