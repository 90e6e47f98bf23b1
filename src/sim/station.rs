//! Components at work: the door, the queue, threads and cores.

use super::blame::label;
use super::engine::{Engine, tag};
use super::exec::Answer;
use super::frame::{State, flag};
use super::record::{CompCounts, Levels};
use super::tables::{Comp, Holds, NONE};
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::{Discipline, ErrorClass};
use crate::rng;
use crate::units::SimTime;

/// What a request meets at a component's door when no fault acts there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// Allowances, firewalls or the like.
    Guarded,
    /// Nothing: cores, if it needs any, come with its computations.
    Open,
    /// Threads, of which taking one is only counting.
    Threads,
    /// Threads that are interrupted or share cores.
    ManagedThreads,
}

/// A component's hot state: what nearly every event touches, side by side.
#[derive(Clone, Debug)]
pub(super) struct Station {
    pub(super) holds: Holds,
    /// Neither interrupts work, shares cores nor learns from those who leave: taking a thread is only counting.
    is_plain: bool,
    /// A thread given back goes at once to the first in a line that nothing else has to do with.
    pub(super) hands_over: bool,
    preempts: bool,
    is_shared: bool,
    /// A queue that has stood this long is served last in, first out.
    lifo_after: u64,
    /// Whether requests whose callers have left are dropped when their turn comes.
    pub(super) drops_expired: bool,
    door: Door,
    queue_capacity: u32,
    pub(super) levels: Levels,
    /// Counts of the present slot.
    pub(super) counts: CompCounts,
}

impl Station {
    pub(super) fn new(rule: &Comp) -> Self {
        let preempts = rule.discipline == Discipline::PreemptivePriority;
        let is_shared = rule.shared_cores.is_some();
        let is_plain = !preempts && !is_shared && rule.concurrency.is_none();
        let is_guarded =
            !rule.buckets.is_empty() || rule.concurrency.is_some() || !rule.walls.is_empty() || rule.gated;
        let door = match rule.holds {
            _ if is_guarded => Door::Guarded,
            Holds::Thread if is_plain => Door::Threads,
            Holds::Thread => Door::ManagedThreads,
            _ => Door::Open,
        };
        Self {
            holds: rule.holds,
            is_plain,
            hands_over: is_plain
                && rule.holds == Holds::Thread
                && rule.discipline == Discipline::Fifo
                && rule.standing.is_none()
                && rule.patience.is_none()
                && !rule.drops_expired,
            preempts,
            is_shared,
            lifo_after: match rule.discipline {
                Discipline::Lifo => 0,
                Discipline::AdaptiveLifo => rule.standing.map_or(u64::MAX, |standing| standing.interval.0),
                _ => u64::MAX,
            },
            drops_expired: rule.drops_expired,
            door,
            queue_capacity: rule.queue_capacity,
            levels: Levels::default(),
            counts: CompCounts::default(),
        }
    }

    #[inline]
    fn count_waiting(&mut self, now: u64) {
        self.levels.waiting.enter(now);
        self.counts.waiting_max = self.counts.waiting_max.max(self.levels.waiting.level);
    }

    #[inline]
    fn count_inside(&mut self, now: u64) {
        self.levels.inside.enter(now);
        if self.levels.inside.level > self.counts.inside_max {
            self.counts.inside_max = self.levels.inside.level;
        }
    }
}

impl Engine<'_> {
    /// A request reaches its replica's door.
    #[inline(always)]
    pub(super) fn enter(&mut self, f: u32) -> u32 {
        let now = self.now;
        let frame = &mut self.frames[f];
        frame.entered = now;
        frame.since = now;
        frame.state = State::Running;
        let replica = &mut self.replicas[frame.replica as usize];
        let comp = replica.comp as usize;
        let station = &mut self.stations[comp];
        station.counts.arrived += 1;
        let is_special = frame.flags & (flag::CANCELLED | flag::NOWHERE) != 0;
        let door = station.door;
        if is_special || door == Door::Guarded || replica.trouble.is_some() {
            return self.enter_with_care(f, comp);
        }
        frame.set(flag::INSIDE);
        replica.inside += 1;
        station.count_inside(now);
        if door == Door::Open {
            return f;
        }
        if door == Door::Threads && replica.busy < replica.units {
            frame.set(flag::HAS_UNIT);
            replica.busy += 1;
            station.levels.busy.enter(now);
            station.counts.no_wait += 1;
            return f;
        }
        if station.hands_over && replica.waiting < station.queue_capacity {
            frame.state = State::Queued;
            frame.ticket = frame.ticket.wrapping_add(1);
            replica.lines[0].push_back((f, frame.ticket));
            replica.waiting += 1;
            station.count_waiting(now);
            return NONE;
        }
        self.line_up(f, comp)
    }

    /// Enters where something stands in the way: a cancellation, a fault or an allowance.
    #[inline(never)]
    fn enter_with_care(&mut self, f: u32, comp: usize) -> u32 {
        if self.frames[f].has(flag::CANCELLED) {
            self.stations[comp].counts.cancelled += 1;
            self.vanish(f, ErrorClass::Timeout);
            return NONE;
        }
        if self.frames[f].has(flag::NOWHERE) {
            self.stations[comp].counts.refused += 1;
            return self.reply(f, Answer::failed(ErrorClass::Refused));
        }
        if self.replicas[self.frames[f].replica as usize].trouble.is_some()
            && let Some(next) = self.troubled_door(f)
        {
            return next;
        }
        self.pass_checks(f, comp)
    }

    /// What asks who comes, and then the limits: after faults, at once or when they let a request go on.
    pub(super) fn pass_checks(&mut self, f: u32, comp: usize) -> u32 {
        if self.t.comps[comp].gated
            && let Some(next) = self.pass_gate(f, comp)
        {
            return next;
        }
        if !self.t.comps[comp].walls.is_empty()
            && let Some(next) = self.pass_firewall(f, comp)
        {
            return next;
        }
        self.pass_limits(f, comp)
    }

    #[inline]
    pub(super) fn count_inside(&mut self, f: u32, comp: usize) {
        let frame = &mut self.frames[f];
        frame.set(flag::INSIDE);
        self.replicas[frame.replica as usize].inside += 1;
        self.stations[comp].count_inside(self.now);
    }

    /// Takes a thread, or waits for one.
    #[inline(never)]
    pub(super) fn line_up(&mut self, f: u32, comp: usize) -> u32 {
        if self.t.comps[comp].holds != Holds::Thread {
            self.frames[f].state = State::Running;
            return f;
        }
        let r = self.frames[f].replica as usize;
        if self.replicas[r].busy < self.replicas[r].units {
            self.take_unit(f, comp);
            self.stations[comp].counts.no_wait += 1;
            self.frames[f].state = State::Running;
            return f;
        }
        if self.is_desk(r as u32) {
            return self.assign_instance(f, comp);
        }
        if self.t.comps[comp].discipline == Discipline::PreemptivePriority && self.preempt(f, comp) {
            self.stations[comp].counts.no_wait += 1;
            self.frames[f].state = State::Running;
            return f;
        }
        if self.replicas[r].waiting >= self.t.comps[comp].queue_capacity {
            return self.shed(f, comp);
        }
        self.join_queue(f, comp);
        NONE
    }

    /// Refuses a request that found the queue full.
    fn shed(&mut self, f: u32, comp: usize) -> u32 {
        self.stations[comp].counts.shed += 1;
        self.count_outside(f, comp);
        self.reply(f, Answer::failed(ErrorClass::Shed))
    }

    #[inline]
    pub(super) fn take_unit(&mut self, f: u32, comp: usize) {
        let frame = &mut self.frames[f];
        frame.set(flag::HAS_UNIT);
        let replica = &mut self.replicas[frame.replica as usize];
        replica.busy += 1;
        if self.t.comps[comp].discipline == Discipline::PreemptivePriority {
            replica.running.push(f);
        }
        if self.t.comps[comp].shared_cores.is_none() {
            self.stations[comp].levels.busy.enter(self.now);
        }
    }

    pub(super) fn join_queue(&mut self, f: u32, comp: usize) {
        let frame = &mut self.frames[f];
        frame.state = State::Queued;
        frame.since = self.now;
        frame.ticket = frame.ticket.wrapping_add(1);
        let (ticket, key, priority) = (frame.ticket, frame.key, frame.priority);
        let now = self.now;
        let replica = &mut self.replicas[frame.replica as usize];
        if replica.waiting == 0 {
            replica.queued_since = now;
        }
        let stood_for = now - replica.queued_since;
        let line = usize::from(priority).min(replica.lines.len() - 1);
        replica.lines[line].push_back((f, ticket));
        replica.waiting += 1;
        self.stations[comp].count_waiting(now);
        if self.t.comps[comp].standing.is_some() {
            return self.join_with_care(f, comp, line, stood_for);
        }
        if let Some(patience) = &self.t.comps[comp].patience {
            let wait = patience.sample(rng::key(key, self.t.comps[comp].patience_salt));
            match patience.lane {
                Some((_, lane)) => {
                    let at = SimTime(self.now + wait);
                    self.frames[f].main = self.queue.push_lane(lane, at, Phase::Timer, tag::MAIN, f);
                }
                None => self.schedule(f, wait, Phase::Timer),
            }
        }
    }

    /// Takes a request out of the queue before its turn. Its ticket stays behind and is skipped later.
    pub(super) fn leave_queue(&mut self, f: u32) {
        let replica = &mut self.replicas[self.frames[f].replica as usize];
        replica.waiting -= 1;
        let comp = replica.comp as usize;
        self.stations[comp].levels.waiting.leave(self.now);
        let frame = &mut self.frames[f];
        frame.main = 0;
        frame.ticket = frame.ticket.wrapping_add(1);
    }

    #[inline]
    pub(super) fn count_outside(&mut self, f: u32, comp: usize) {
        let frame = &mut self.frames[f];
        if frame.has(flag::INSIDE) {
            self.stations[comp].levels.sojourns += u128::from(self.now - frame.entered);
            self.count_gone(f, comp);
        }
    }

    /// As [`Self::count_outside`], of a request inside whose time there is counted elsewhere.
    #[inline]
    fn count_gone(&mut self, f: u32, comp: usize) {
        let frame = &mut self.frames[f];
        frame.clear(flag::INSIDE);
        let replica = &mut self.replicas[frame.replica as usize];
        replica.inside -= 1;
        self.stations[comp].levels.inside.leave(self.now);
        if replica.trouble.is_some() {
            self.request_left(self.frames[f].replica);
        }
    }

    /// Gives a thread or core back and lets the next in line have it.
    #[inline]
    pub(super) fn release_unit(&mut self, f: u32, comp: usize) {
        let frame = &mut self.frames[f];
        frame.clear(flag::HAS_UNIT);
        let r = frame.replica as usize;
        let replica = &mut self.replicas[r];
        replica.busy -= 1;
        if self.t.comps[comp].discipline == Discipline::PreemptivePriority {
            replica.running.retain(|other| *other != f);
        }
        if self.t.comps[comp].shared_cores.is_none() {
            self.stations[comp].levels.busy.leave(self.now);
        }
        if self.replicas[r].waiting > 0 {
            self.grant(r);
        }
        if self.replicas[r].trouble.is_some() && self.replicas[r].busy >= self.replicas[r].units {
            self.count_levels(comp);
        }
    }

    /// Gives free threads or cores to those who wait.
    #[inline(never)]
    pub(super) fn grant(&mut self, r: usize) {
        while self.replicas[r].busy < self.replicas[r].units {
            let Some(f) = self.next_in_line(r) else { return };
            let now = self.now;
            let replica = &mut self.replicas[r];
            let comp = replica.comp as usize;
            let station = &mut self.stations[comp];
            let frame = &mut self.frames[f];
            if station.drops_expired && frame.deadline <= now && frame.state == State::Queued {
                self.throw_out(f, ErrorClass::Expired);
                continue;
            }
            replica.waiting -= 1;
            replica.busy += 1;
            station.levels.waiting.leave(now);
            frame.main = 0;
            frame.ticket = frame.ticket.wrapping_add(1);
            frame.set(flag::HAS_UNIT);
            if station.is_plain {
                station.levels.busy.enter(now);
            } else {
                if !station.is_shared {
                    station.levels.busy.enter(now);
                }
                if station.preempts {
                    replica.running.push(f);
                }
            }
            self.logs.charge(frame.log, now, label(comp as u32, WaitKind::QueueWait));
            if frame.state == State::Preempted {
                self.begin_work(f);
                continue;
            }
            station.counts.wait.record(now - frame.since);
            if station.holds == Holds::Core {
                self.begin_work(f);
            } else {
                frame.state = State::Running;
                self.ready.push_back(f);
            }
        }
    }

    fn next_in_line(&mut self, r: usize) -> Option<u32> {
        let replica = &mut self.replicas[r];
        if replica.waiting == 0 {
            return None;
        }
        let is_lifo = self.now - replica.queued_since >= self.stations[replica.comp as usize].lifo_after;
        for line in &mut replica.lines {
            while let Some((f, ticket)) = if is_lifo { line.pop_back() } else { line.pop_front() } {
                let frame = &self.frames[f];
                if frame.ticket == ticket && matches!(frame.state, State::Queued | State::Preempted) {
                    return Some(f);
                }
            }
        }
        None
    }

    /// A server leaves its component with an answer: counts, thread, statistics.
    #[inline(always)]
    pub(super) fn leave_component(&mut self, f: u32, answer: Answer) {
        let now = self.now;
        let frame = &mut self.frames[f];
        let r = frame.replica as usize;
        let replica = &mut self.replicas[r];
        let comp = replica.comp as usize;
        let station = &mut self.stations[comp];
        if answer.error.is_some()
            || !frame.has(flag::INSIDE)
            || replica.trouble.is_some()
            || !station.is_plain
        {
            return self.leave_with_care(f, comp, answer);
        }
        self.sojourns[frame.op as usize].record(now - frame.entered);
        replica.inside -= 1;
        station.levels.inside.leave(now);
        let has_unit = frame.has(flag::HAS_UNIT);
        frame.flags &= !(flag::INSIDE | flag::HAS_UNIT);
        if !has_unit {
            return;
        }
        if replica.waiting == 0 {
            replica.busy -= 1;
            station.levels.busy.leave(now);
        } else if station.hands_over && replica.busy == replica.units {
            self.hand_over(r, comp);
        } else {
            replica.busy -= 1;
            station.levels.busy.leave(now);
            self.grant(r);
        }
    }

    /// The thread just given back, which still counts as busy, goes to the first in line.
    #[inline(never)]
    fn hand_over(&mut self, r: usize, comp: usize) {
        let now = self.now;
        let Self { replicas, stations, frames, logs, ready, .. } = self;
        let (replica, station) = (&mut replicas[r], &mut stations[comp]);
        while let Some((f, ticket)) = replica.lines[0].pop_front() {
            let frame = &mut frames[f];
            // Whoever has left the line since has another ticket.
            if frame.ticket != ticket || frame.state != State::Queued {
                continue;
            }
            replica.waiting -= 1;
            station.levels.waiting.leave(now);
            frame.ticket = frame.ticket.wrapping_add(1);
            frame.set(flag::HAS_UNIT);
            frame.state = State::Running;
            logs.charge(frame.log, now, label(comp as u32, WaitKind::QueueWait));
            station.counts.wait.record(now - frame.since);
            ready.push_back(f);
            return;
        }
        replica.busy -= 1;
        station.levels.busy.leave(now);
    }

    /// Leaves where there is more to it: a failure, a fault, an interruption or shared cores.
    #[inline(never)]
    fn leave_with_care(&mut self, f: u32, comp: usize, answer: Answer) {
        let frame = &self.frames[f];
        if frame.has(flag::INSIDE) && self.replicas[frame.replica as usize].limit.is_some() {
            self.teach_limit(f, comp, answer.error);
        }
        let frame = &self.frames[f];
        if answer.error.is_none() && frame.has(flag::INSIDE) {
            let spent = self.now - frame.entered;
            self.sojourns[frame.op as usize].record(spent);
            self.count_gone(f, comp);
        } else {
            self.stations[comp].counts.failed += 1;
            self.count_outside(f, comp);
        }
        if self.frames[f].has(flag::HAS_UNIT) {
            self.release_unit(f, comp);
        }
    }
}
