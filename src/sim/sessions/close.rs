//! How sessions end: in their time, by a crash, a drain, an idle timeout or a fault.

use super::Happening;
use super::group::{Cohort, NEVER, Why};
use crate::kernel::Phase;
use crate::plan::{ReplicaRef, SessionFault};
use crate::rng;
use crate::sim::engine::Engine;

const SALT_SPREAD: u64 = rng::name_hash("session/close");

impl Engine<'_> {
    /// Sees to it that the population's next end happens.
    pub(super) fn schedule_ends(&mut self, p: u32) {
        let state = &mut self.sessions.populations[p as usize];
        let groups = state.live.iter().chain(&state.dead).chain([&state.ghosts]);
        let next = groups.map(super::group::Group::next).min().unwrap_or(NEVER);
        if next < state.due {
            state.due = next;
            let at = (u64::from(next) * self.sessions.width).max(self.now);
            self.schedule_session(at, Phase::Timer, Happening::Ends { population: p, bucket: next });
        }
    }

    /// Everything due in a bucket ends.
    pub(super) fn sessions_end(&mut self, p: u32, bucket: u32) {
        if self.sessions.populations[p as usize].due != bucket {
            return;
        }
        self.sessions.populations[p as usize].due = NEVER;
        for place in 0..self.sessions.populations[p as usize].live.len() {
            while let Some((cohort, count)) =
                self.sessions.populations[p as usize].live[place].take_due(bucket)
            {
                self.end_live(p, place, cohort, count);
            }
            while let Some((_, count)) = self.sessions.populations[p as usize].dead[place].take_due(bucket) {
                self.count_half_open(p, -(count as i64));
            }
            self.follow_beats(p, place);
        }
        while let Some((cohort, count)) = self.sessions.populations[p as usize].ghosts.take_due(bucket) {
            self.ghosts_end(p, cohort, count);
        }
        self.schedule_ends(p);
        self.after_change(p);
        let comp = self.sessions.populations[p as usize].comp as usize;
        let rule = &self.t.comps[comp];
        for r in rule.first_replica..rule.first_replica + rule.replicas {
            self.note_if_drained(r);
        }
    }

    fn end_live(&mut self, p: u32, place: usize, cohort: Cohort, count: u64) {
        self.count_closed(p, count);
        let width = self.sessions.width;
        match cohort.why {
            Why::Leaves => return self.users_leave(p, place, count),
            Why::Age => self.held(p).expired += count,
            Why::Drain => self.held(p).drained += count,
            Why::Idle if self.hub(p).idle_timeout().is_some_and(|(_, half_open)| half_open) => {
                self.held(p).half_open += count;
                return self.become_ghosts(p, cohort, count);
            }
            Why::Idle | Why::Noticed => self.held(p).idle += count,
        }
        (0..count).for_each(|_| self.lose(p, cohort, true, width));
    }

    fn count_closed(&mut self, p: u32, count: u64) {
        let now = self.now;
        let state = &mut self.sessions.populations[p as usize];
        state.open.set(now, state.open.level - count);
    }

    /// Users leave; some of them without a word, which their replica notices only by the silence.
    fn users_leave(&mut self, p: u32, place: usize, count: u64) {
        self.held(p).left += count;
        let state = &mut self.sessions.populations[p as usize];
        state.vanishing += state.held.vanish * count as f64;
        let vanished = (state.vanishing as u64).min(count);
        state.vanishing -= vanished as f64;
        self.held(p).vanished += vanished;
        for _ in 0..vanished {
            self.leave_dead(p, place);
        }
    }

    /// A replica goes on taking a session for open that nobody holds any more, until nothing has come for too long.
    pub(super) fn leave_dead(&mut self, p: u32, place: usize) {
        let now = self.now;
        let idle = self.hub(p).idle_timeout();
        let state = &mut self.sessions.populations[p as usize];
        let key = state.next_user(SALT_SPREAD);
        // The last heartbeat came some part of a period ago.
        let every = state.held.heartbeat.map_or(0, |beat| beat.every.0);
        let end = idle.map_or(NEVER, |(idle, _)| {
            let quiet = (rng::unit(key) * every.min(idle) as f64) as u64;
            self.sessions.bucket(now.saturating_add(idle - quiet))
        });
        if let (true, Some((idle, _))) = (end != NEVER, idle) {
            let delay = (u64::from(end) * self.sessions.width).saturating_sub(now).min(idle);
            self.held(p).detection.record(delay);
        }
        let end = end.max(self.sessions.bucket(now).saturating_add(1));
        self.sessions.populations[p as usize].dead[place].add(Cohort::until(end), 1);
        self.count_half_open(p, 1);
        self.schedule_ends(p);
    }

    pub(super) fn count_half_open(&mut self, p: u32, change: i64) {
        let now = self.now;
        let state = &mut self.sessions.populations[p as usize];
        let level = state.half_open.level.saturating_add_signed(change);
        state.half_open.set(now, level);
        let counts = self.held(p);
        counts.half_open_max = counts.half_open_max.max(level);
    }

    /// Sessions of which only the client does not know that they are gone.
    fn become_ghosts(&mut self, p: u32, cohort: Cohort, count: u64) {
        let now = self.now;
        let bounds = self.sessions.populations[p as usize].held.heartbeat.map(|beat| beat.detection());
        for _ in 0..count {
            let state = &mut self.sessions.populations[p as usize];
            let key = state.next_user(SALT_SPREAD);
            let mut ghost = Cohort::until(cohort.leave);
            if let Some((shortest, longest)) = bounds {
                let delay = shortest.0 + (rng::unit(key) * (longest.0 - shortest.0) as f64) as u64;
                let end = self.sessions.bucket(now.saturating_add(delay));
                ghost = ghost.or(end.max(self.sessions.bucket(now).saturating_add(1)), Why::Noticed);
                if ghost.why == Why::Noticed {
                    self.held(p).detection.record(delay);
                }
            }
            self.sessions.populations[p as usize].ghosts.add(ghost, 1);
        }
        let state = &mut self.sessions.populations[p as usize];
        state.waiting.set(now, state.waiting.level + count);
        self.count_half_open(p, count as i64);
    }

    fn ghosts_end(&mut self, p: u32, cohort: Cohort, count: u64) {
        let now = self.now;
        let state = &mut self.sessions.populations[p as usize];
        state.waiting.set(now, state.waiting.level - count);
        self.count_half_open(p, -(count as i64));
        if cohort.why == Why::Leaves {
            self.held(p).left_waiting += count;
            return;
        }
        let width = self.sessions.width;
        (0..count).for_each(|_| self.lose(p, cohort, true, width));
    }

    /// A replica died: its sessions are reset.
    pub(in crate::sim) fn lose_sessions(&mut self, replica: u32) {
        let comp = self.replicas[replica as usize].comp;
        let hub = self.sessions.hub_of[comp as usize];
        let Some(hub) = self.sessions.hubs.get(hub as usize) else { return };
        let can_resume = !hub.rules.dies_with_replica;
        let place = self.place_of(replica);
        for p in self.connected_to(comp) {
            let dead = self.sessions.populations[p as usize].dead[place].take_all();
            let dead: u64 = dead.iter().map(|(_, count)| count).sum();
            self.count_half_open(p, -(dead as i64));
            for (cohort, count) in self.sessions.populations[p as usize].live[place].take_all() {
                self.count_closed(p, count);
                self.held(p).crashed += count;
                (0..count).for_each(|_| self.lose(p, cohort, can_resume, 0));
            }
            self.follow_beats(p, place);
            self.after_change(p);
        }
    }

    /// A replica is told to go: it closes its sessions, one after the other.
    pub(in crate::sim) fn drain_sessions(&mut self, replica: u32) {
        let comp = self.replicas[replica as usize].comp;
        let hub = self.sessions.hub_of[comp as usize];
        let Some(hub) = self.sessions.hubs.get(hub as usize) else { return };
        let (over, place) = (hub.rules.drain.0, self.place_of(replica));
        for p in self.connected_to(comp) {
            let dead = self.sessions.populations[p as usize].dead[place].take_all();
            let dead: u64 = dead.iter().map(|(_, count)| count).sum();
            self.count_half_open(p, -(dead as i64));
            if over == 0 {
                for (cohort, count) in self.sessions.populations[p as usize].live[place].take_all() {
                    self.end_live(p, place, Cohort { why: Why::Drain, ..cohort }, count);
                }
                self.after_change(p);
                continue;
            }
            let (now, width) = (self.now, self.sessions.width);
            let soonest = self.sessions.bucket(now).saturating_add(1);
            let draw = self.sessions.populations[p as usize].next_user(SALT_SPREAD);
            self.sessions.populations[p as usize].live[place].reassign(draw, |cohort, point| {
                let at = now + (point * over as f64) as u64;
                cohort.or(((at + width / 2) / width) as u32, Why::Drain).max_end(soonest)
            });
            self.schedule_ends(p);
        }
    }

    /// Whether a replica still has sessions to close before it may go.
    pub(in crate::sim) fn holds_sessions(&self, replica: usize) -> bool {
        let comp = self.replicas[replica].comp;
        self.sessions.hub_of.get(comp as usize).is_some_and(|hub| *hub != crate::sim::tables::NONE)
            && self.sessions_of(replica as u32) > 0
    }

    /// A fault of sessions begins (`Some`) or ends.
    pub(in crate::sim) fn strike_sessions(&mut self, fault: u32, effect: &SessionFault, acts: bool) {
        match effect {
            SessionFault::Disconnect { replicas, share, half_open } if acts => {
                let hit = replicas.iter().filter(|target| self.is_hit(fault, **target));
                for target in hit.copied().collect::<Vec<ReplicaRef>>() {
                    let comp = target.component as u32;
                    for p in self.connected_to(comp) {
                        self.disconnect(p, target.replica as usize, *share, *half_open);
                    }
                }
            }
            SessionFault::Forget { component } if acts => {
                let hub = self.sessions.hub_of[*component] as usize;
                self.sessions.hubs[hub].forgotten += 1;
            }
            SessionFault::IdleTimeout { component, to, half_open } => {
                let hub = self.sessions.hub_of[*component] as usize;
                let faults = &mut self.sessions.hubs[hub].idle_faults;
                faults.retain(|(other, ..)| *other != fault);
                if acts {
                    faults.push((fault, to.0, *half_open));
                }
                for p in self.connected_to(*component as u32) {
                    self.apply_idle_timeout(p);
                }
            }
            SessionFault::Disconnect { .. } | SessionFault::Forget { .. } => {}
        }
    }

    fn disconnect(&mut self, p: u32, place: usize, share: f64, half_open: bool) {
        let state = &mut self.sessions.populations[p as usize];
        let draw = state.next_user(SALT_SPREAD);
        let wanted = (state.live[place].count as f64 * share + 0.5) as u64;
        for (cohort, count) in self.sessions.populations[p as usize].live[place].take_some(wanted, draw) {
            self.count_closed(p, count);
            if half_open {
                self.held(p).half_open += count;
                self.become_ghosts(p, cohort, count);
            } else {
                self.held(p).disconnected += count;
                (0..count).for_each(|_| self.lose(p, cohort, true, 0));
            }
        }
        self.schedule_ends(p);
        self.follow_beats(p, place);
        self.after_change(p);
    }

    /// Another idle timeout is in force: open sessions end by it, or no longer do.
    fn apply_idle_timeout(&mut self, p: u32) {
        let (now, soonest) = (self.now, self.sessions.bucket(self.now).saturating_add(1));
        let (messages, beat) = {
            let held = &self.sessions.populations[p as usize].held;
            (held.messages_per_sec / 1e9, held.heartbeat.map(|beat| beat.every.0 as f64))
        };
        for place in 0..self.sessions.populations[p as usize].live.len() {
            let mut group = std::mem::take(&mut self.sessions.populations[p as usize].live[place]);
            let draw = self.sessions.populations[p as usize].next_user(SALT_SPREAD);
            let idle = self.hub(p).idle_timeout().map(|(idle, _)| idle as f64);
            let mut number = 0;
            group.reassign(draw, |cohort, point| {
                number += 1;
                let kept = cohort.however_quiet();
                let (Some(idle), Some(fresh)) = (idle, self.idle_after(p, rng::nth(draw, number))) else {
                    return kept;
                };
                // How long it has been quiet: since the last heartbeat or the last message.
                let quiet = match (beat, messages > 0.0) {
                    (_, true) => -libm::log(1.0 - point) / messages,
                    (Some(every), false) => point * every,
                    (None, false) => idle,
                };
                let left = if quiet >= idle {
                    0
                } else if messages > 0.0 {
                    fresh
                } else {
                    (idle - quiet) as u64
                };
                kept.or(self.sessions.bucket(now.saturating_add(left)).max(soonest), Why::Idle)
            });
            self.sessions.populations[p as usize].live[place] = group;
        }
        self.schedule_ends(p);
    }
}

impl Cohort {
    /// The same, but ending no sooner than that.
    fn max_end(self, soonest: u32) -> Self {
        Self { end: self.end.max(soonest), ..self }
    }
}
