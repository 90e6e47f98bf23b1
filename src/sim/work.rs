//! Work: computing on a core of one's own, on shared cores, or on cores waited for.

use super::blame::label;
use super::engine::{Engine, tag};
use super::exec::Answer;
use super::frame::{State, flag};
use super::record::BUSY_FRACTION_BITS;
use super::tables::{Holds, NONE};
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::{Discipline, ErrorClass, PRIORITY_MAX};
use crate::rng;
use crate::units::SimTime;

impl Engine<'_> {
    /// Interrupts the least urgent computation that is less urgent than `f`, if there is one.
    pub(super) fn preempt(&mut self, f: u32, comp: usize) -> bool {
        let r = self.frames[f].replica as usize;
        let urgency = self.frames[f].priority;
        let frames = &self.frames;
        let victim = self.replicas[r]
            .running
            .iter()
            .rev()
            .filter(|v| frames[**v].state == State::Computing && frames[**v].priority > urgency)
            .max_by_key(|v| frames[**v].priority)
            .copied();
        let Some(victim) = victim else { return false };
        let speed = self.replicas[r].speed;
        let log = self.frames[victim].log;
        self.logs.charge(log, self.now, label(comp as u32, WaitKind::Service));
        let frame = &mut self.frames[victim];
        if speed > 0.0 {
            frame.due = ((frame.due - self.now) as f64 * speed + 0.5) as u64;
        }
        frame.main = 0;
        frame.state = State::Preempted;
        frame.since = self.now;
        frame.ticket = frame.ticket.wrapping_add(1);
        frame.clear(flag::HAS_UNIT);
        let (ticket, line) = (frame.ticket, usize::from(frame.priority.min(PRIORITY_MAX)));
        let replica = &mut self.replicas[r];
        replica.running.retain(|other| *other != victim);
        replica.lines[line].push_front((victim, ticket));
        replica.waiting += 1;
        replica.busy -= 1;
        self.stations[comp].levels.busy.leave(self.now);
        self.stations[comp].levels.waiting.enter(self.now);
        self.take_unit(f, comp);
        true
    }

    /// Starts a computation; goes on at once if it needs no time.
    #[inline]
    pub(super) fn compute(&mut self, f: u32, law: u32, salt: u64) -> u32 {
        let Self { frames, queue, replicas, t, now, .. } = self;
        let frame = &mut frames[f];
        let delay = &t.laws[law as usize];
        let work = delay.sample(rng::key(frame.key, salt));
        match replicas.get(frame.replica as usize) {
            Some(replica) if replica.is_steady && work > 0 => {
                frame.state = State::Computing;
                // Neither is more than 2^63.
                frame.due = *now + work;
                frame.main = delay.push(queue, *now, work, Phase::Done, f);
                NONE
            }
            _ => self.compute_with_care(f, work),
        }
    }

    /// Computes where cores are shared or waited for, the pace is not nominal, or there is nothing to do.
    #[inline(never)]
    pub(super) fn compute_with_care(&mut self, f: u32, work: u64) -> u32 {
        let r = self.frames[f].replica;
        if work == 0 {
            self.frames[f].pc += 1;
            return f;
        }
        if r == NONE {
            self.frames[f].state = State::Waiting;
            self.schedule(f, work, Phase::Done);
            return NONE;
        }
        let comp = self.replicas[r as usize].comp as usize;
        self.frames[f].due = match self.t.comps[comp].contention {
            None => work,
            Some(rule) => {
                let replica = &self.replicas[r as usize];
                let served = replica.inside.saturating_sub(replica.waiting);
                (work as f64 * rule.factor(served) + 0.5) as u64
            }
        };
        if self.t.comps[comp].holds == Holds::Core {
            self.compute_on_core(f, comp);
        } else if self.replicas[r as usize].cores.is_some() {
            self.share_cores(f, comp, work);
        } else {
            self.begin_work(f);
        }
        NONE
    }

    fn compute_on_core(&mut self, f: u32, comp: usize) {
        let r = self.frames[f].replica as usize;
        let has_core = self.replicas[r].busy < self.replicas[r].units;
        let preempts = self.t.comps[comp].discipline == Discipline::PreemptivePriority;
        if has_core {
            self.take_unit(f, comp);
        }
        if has_core || (preempts && self.preempt(f, comp)) {
            self.stations[comp].counts.no_wait += 1;
            self.begin_work(f);
        } else if self.replicas[r].waiting >= self.t.comps[comp].queue_capacity {
            self.frames[f].state = State::Running;
            self.stations[comp].counts.shed += 1;
            let next = self.turn_away_inside(f, comp);
            if next != NONE {
                self.ready.push_back(next);
            }
        } else {
            self.join_queue(f, comp);
        }
    }

    /// An async component's run queue is full: the request is refused although it is inside.
    fn turn_away_inside(&mut self, f: u32, comp: usize) -> u32 {
        if self.frames[f].role == super::frame::Role::Server {
            self.count_outside(f, comp);
            return self.reply(f, Answer::failed(ErrorClass::Shed));
        }
        self.fail(f, ErrorClass::Shed)
    }

    /// Schedules the end of a computation whose remaining work is in `due`.
    pub(super) fn begin_work(&mut self, f: u32) {
        let work = self.frames[f].due;
        let speed = self.replicas[self.frames[f].replica as usize].speed;
        self.frames[f].state = State::Computing;
        if speed <= 0.0 {
            self.frames[f].main = 0;
            return;
        }
        let time = if speed == 1.0 { work } else { (work as f64 / speed + 0.5) as u64 };
        self.frames[f].due = self.now.saturating_add(time);
        self.schedule(f, time, Phase::Done);
    }

    /// A computation ended, and its frame was moved on.
    #[inline]
    pub(super) fn computed(&mut self, f: u32, log: u32, comp: u32) -> u32 {
        self.logs.charge(log, self.now, label(comp, WaitKind::Service));
        if self.stations[comp as usize].holds == Holds::Core {
            self.release_unit(f, comp as usize);
        }
        f
    }

    fn share_cores(&mut self, f: u32, comp: usize, work: u64) {
        let frame = &mut self.frames[f];
        frame.state = State::Sharing;
        frame.ticket = frame.ticket.wrapping_add(1);
        let (ticket, r) = (frame.ticket, frame.replica as usize);
        if let Some(cores) = &mut self.replicas[r].cores {
            cores.add(self.now, work, ticket, f);
        }
        self.after_sharing(r, comp);
    }

    /// Some computations on shared cores have ended.
    pub(super) fn cores_event(&mut self, r: u32) {
        let r = r as usize;
        let comp = self.replicas[r].comp;
        if let Some(cores) = &mut self.replicas[r].cores {
            cores.pending = 0;
            cores.pending_at = u64::MAX;
        }
        while let Some(f) = self.next_shared_done(r) {
            let frame = &mut self.frames[f];
            frame.state = State::Running;
            frame.pc += 1;
            let log = frame.log;
            self.logs.charge(log, self.now, label(comp, WaitKind::Service));
            self.ready.push_back(f);
        }
        self.after_sharing(r, comp as usize);
    }

    /// The next frame whose computation on a replica's shared cores has ended.
    fn next_shared_done(&mut self, r: usize) -> Option<u32> {
        let frames = &self.frames;
        let is_live = |ticket: u32, f: u32| frames[f].ticket == ticket && frames[f].state == State::Sharing;
        self.replicas[r].cores.as_mut()?.take_done(self.now, is_live)
    }

    /// Brings the pending completion and the busy level up to date. The completion is moved
    /// only when it would come earlier: one that comes too early finds nothing and looks again.
    pub(super) fn after_sharing(&mut self, r: usize, comp: usize) {
        let frames = &self.frames;
        let is_live = |ticket: u32, f: u32| frames[f].ticket == ticket && frames[f].state == State::Sharing;
        let Some(cores) = &mut self.replicas[r].cores else { return };
        if let Some(at) = cores.next_end(is_live)
            && at < cores.pending_at
        {
            cores.pending_at = at;
            let at = SimTime(at.min(crate::units::TIME_MAX.0));
            cores.pending = self.queue.push(at, Phase::Done, tag::CORES, r as u32);
        }
        let level = (cores.busy() * f64::from(1u32 << BUSY_FRACTION_BITS) + 0.5) as u64;
        let before = std::mem::replace(&mut cores.level, level);
        let all = self.stations[comp].levels.busy.level - before + level;
        self.stations[comp].levels.busy.set(self.now, all);
    }
}
