//! Work that nobody wants any more, and work that a crash destroys.

use super::concurrency::LimitState;
use super::control::Control;
use super::engine::Engine;
use super::exec::Answer;
use super::frame::{Role, State, flag};
use super::tables::NONE;
use crate::kernel::Phase;
use crate::plan::ErrorClass;
use crate::rng;

const SALT_CANCEL: u64 = rng::name_hash("net/cancel");

impl Engine<'_> {
    /// Tells a called frame to stop; the word takes as long as a message does.
    pub(super) fn send_cancel(&mut self, f: u32, born: u32, policy: u32) {
        let rule = &self.t.policies[policy as usize];
        let target_place = self.t.comps[rule.target as usize].place;
        let link = self.link_between(self.t.node_place[rule.caller as usize], target_place);
        let key = self.frames[f].key ^ SALT_CANCEL;
        let latency = (link != NONE).then(|| self.t.links[link as usize].latency.as_ref()).flatten();
        let delay = latency.map_or(0, |law| law.sample(key));
        if delay == 0 {
            self.cancel(f, born);
            return;
        }
        self.schedule_control(delay, Phase::Deliver, Control::Cancel { frame: f, born });
    }

    /// Stops a frame: at once if it waits, at the next step boundary if it works.
    pub(super) fn cancel(&mut self, f: u32, born: u32) {
        if f == NONE || self.frames[f].born != born {
            return;
        }
        match self.frames[f].state {
            State::Free | State::Returning | State::Thinking => {}
            State::Running | State::Travelling | State::Computing | State::Sharing | State::Waiting => {
                self.frames[f].set(flag::CANCELLED);
            }
            State::Queued | State::Preempted => {
                self.leave_queue(f);
                self.finish_cancelled(f);
            }
            _ => self.finish_cancelled(f),
        }
    }

    /// Ends a cancelled frame; its caller is not told, for it knows.
    pub(super) fn finish_cancelled(&mut self, f: u32) {
        self.abort_call(f, true);
        self.cancel_branches(f);
        self.hand_over_flights(f);
        if self.frames[f].role == Role::Server && self.frames[f].has(flag::INSIDE) {
            let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
            self.stations[comp].counts.cancelled += 1;
            self.count_outside(f, comp);
        }
        if self.frames[f].has(flag::HAS_UNIT) {
            let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
            self.release_unit(f, comp);
        }
        self.vanish(f, ErrorClass::Timeout);
    }

    fn cancel_branches(&mut self, f: u32) {
        if self.frames[f].state != State::Joining {
            return;
        }
        self.frames[f].epoch = self.frames[f].epoch.wrapping_add(1);
        for (branch, born) in self.joins.remove(&f).unwrap_or_default() {
            self.cancel(branch, born);
        }
        let (child, born) = (self.frames[f].child, self.frames[f].child_born);
        self.cancel(child, born);
    }

    /// Destroys everything a replica is doing: callers see their connections break.
    pub(super) fn lose_work(&mut self, r: u32) {
        let comp = self.replicas[r as usize].comp as usize;
        let doomed: Vec<u32> = (0..self.frames.len())
            .filter(|f| {
                let frame = &self.frames[*f];
                frame.replica == r
                    && !matches!(frame.state, State::Free | State::Travelling | State::Returning)
            })
            .collect();
        // Some may have been about to run: a retry at this very instant, say.
        self.ready.retain(|f| doomed.binary_search(&f).is_err());
        // Nobody who dies may take a connection or a place that another who dies gives back. What
        // else an attempt in line holds is given back below, as of one that was about to be sent.
        for f in &doomed {
            if self.frames[*f].state == State::PoolQueued {
                let policy = self.t.sites[self.frames[*f].site as usize].policy;
                self.leave_pool_queue(*f, policy);
                self.frames[*f].state = State::Connecting;
            }
            if self.frames[*f].state == State::PlaceQueued {
                self.leave_place_queue(*f, self.policy_of(*f));
                self.frames[*f].state = State::Connecting;
            }
        }
        for f in &doomed {
            self.unhook(*f, comp);
        }
        self.reset_replica(r, comp);
        self.lose_buffer(r, comp);
        for f in doomed {
            if self.frames[f].role != Role::Server || self.frames[f].has(flag::REPLIED) {
                self.frames.release(f);
                continue;
            }
            let next = self.reply(f, Answer::failed(ErrorClass::Reset));
            if next != NONE {
                self.ready.push_back(next);
            }
        }
        self.forget_flights(r);
        self.forget_messages(comp);
        self.lose_sessions(r);
        self.end_leaks(r);
    }

    /// Takes a doomed frame out of everything it takes part in.
    fn unhook(&mut self, f: u32, comp: usize) {
        self.abort_call(f, false);
        let frame = &mut self.frames[f];
        frame.main = 0;
        frame.timer = 0;
        frame.epoch = frame.epoch.wrapping_add(1);
        frame.state = State::Running;
        frame.clear(flag::HAS_UNIT);
        frame.leads = 0;
        let is_inside = frame.has(flag::INSIDE);
        self.joins.remove(&f);
        if is_inside {
            self.stations[comp].counts.lost += 1;
            self.frames[f].clear(flag::INSIDE);
            let spent = self.now - self.frames[f].entered;
            self.stations[comp].levels.inside.leave(self.now);
            self.stations[comp].levels.sojourns += u128::from(spent);
        }
    }

    /// Empties a replica's queue, threads, cores, connections and memory.
    fn reset_replica(&mut self, r: u32, comp: usize) {
        let now = self.now;
        let replica = &mut self.replicas[r as usize];
        let (waiting, busy) = (u64::from(replica.waiting), u64::from(replica.busy));
        let has_lost_threads = replica.busy > replica.units;
        replica.waiting = 0;
        replica.busy = 0;
        replica.inside = 0;
        replica.running.clear();
        replica.lines.iter_mut().for_each(std::collections::VecDeque::clear);
        let shared = replica.cores.as_mut().map(|cores| {
            cores.clear(now);
            std::mem::take(&mut cores.level)
        });
        let levels = &mut self.stations[comp].levels;
        levels.waiting.set(now, levels.waiting.level - waiting);
        levels.busy.set(now, levels.busy.level - shared.unwrap_or(busy));
        if has_lost_threads {
            self.count_levels(comp);
        }
        let rule = &self.t.comps[comp];
        let number = r - rule.first_replica;
        if let Some(limit) = &rule.concurrency {
            self.replicas[r as usize].limit = Some(Box::new(LimitState::new(limit)));
        }
        if rule.cache != NONE {
            let memory = &mut self.caches[(rule.cache + number) as usize];
            let entries = &mut self.stations[comp].levels.entries;
            entries.set(now, entries.level - memory.len());
            memory.clear();
            self.forget_done(comp);
        }
        let rule = &self.t.comps[comp];
        let node = rule.node;
        for policy in 0..self.t.policies.len() {
            let rule = &self.t.policies[policy];
            if rule.caller == node {
                self.reset_guards(policy as u32, number);
            }
            let rule = &self.t.policies[policy];
            if rule.caller == node && rule.pool != NONE {
                let state = &mut self.pools[(rule.pool + number) as usize];
                let open = state.open();
                (state.in_use, state.idle, state.waiting) = (0, 0, 0);
                state.queue.clear();
                let target = rule.target as usize;
                self.close_connections(target, open);
            }
        }
    }
}
