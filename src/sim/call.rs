//! The caller's side: attempts, connections, timeouts, retries.

use super::blame::label;
use super::engine::{Engine, tag};
use super::exec::Answer;
use super::frame::{Role, State, flag};
use super::tables::{NONE, class_bit};
use crate::kernel::Phase;
use crate::outcome::{EdgeSlot, WaitKind};
use crate::plan::{ErrorClass, OnFailure, was_surely_not_done};
use crate::rng;
use crate::units::SimTime;

/// Salts of a call's own draws.
const SALT_BACKOFF: u64 = rng::name_hash("call/backoff");

/// How an attempt ended, as its connection and its target's reputation see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With an answer; the connection can be used again.
    Answered {
        /// Whether the answer says that the other side does not work.
        is_failure: bool,
    },
    /// By a timeout or a broken connection.
    Broken,
    /// By the caller itself.
    Aborted,
}

impl Engine<'_> {
    #[inline]
    pub(super) fn edge(&mut self, policy: u32) -> &mut EdgeSlot {
        &mut self.edges[policy as usize]
    }

    #[inline]
    pub(super) fn edge_label(&self, policy: u32, kind: WaitKind) -> u32 {
        label(self.t.comps.len() as u32 + policy, kind)
    }

    #[inline]
    pub(super) fn policy_of(&self, f: u32) -> u32 {
        self.t.sites[self.frames[f].site as usize].policy
    }

    /// Begins a call.
    #[inline]
    pub(super) fn call(&mut self, f: u32, site: u32) -> u32 {
        let now = self.now;
        let way = &self.t.sites[site as usize];
        let frame = &mut self.frames[f];
        frame.site = site;
        frame.call_start = now;
        frame.attempt = 0;
        frame.pause = 0;
        frame.flags &= !(flag::CALL_FAILED | flag::HIT);
        let edge = &mut self.edges[way.policy as usize];
        edge.calls += 1;
        if !way.is_plain {
            return self.call_with_care(f, way.policy);
        }
        frame.attempt = 1;
        frame.attempt_start = now;
        frame.mark = self.logs.mark(frame.log);
        edge.attempts += 1;
        let mut until = u64::MAX;
        if let Some(lane) = way.timeout_lane {
            until = now.saturating_add(way.timeout);
            frame.timer = self.queue.push_lane(lane, SimTime(until), Phase::Timer, tag::CALL_TIMER, f);
        }
        self.send_child(f, until)
    }

    /// Begins a call that a budget, a pool or a deadline has to do with.
    #[inline(never)]
    fn call_with_care(&mut self, f: u32, policy: u32) -> u32 {
        if self.t.policies[policy as usize].budget != NONE {
            let (rule, state) = self.budget_of(f, policy);
            self.budgets[state].first_attempt(&self.t.budgets[rule].rule, self.now);
        }
        if self.t.policies[policy as usize].guard != NONE {
            self.begin_hedge_branch(f, policy);
        }
        self.attempt(f)
    }

    fn budget_of(&self, f: u32, policy: u32) -> (usize, usize) {
        let budget = self.t.policies[policy as usize].budget as usize;
        let rule = &self.t.budgets[budget];
        let sharer = if rule.per_replica { self.replica_number(f) } else { 0 };
        (budget, (rule.first + sharer) as usize)
    }

    /// Which of its component's replicas a frame runs on; 0 for clients.
    pub(super) fn replica_number(&self, f: u32) -> u32 {
        match self.frames[f].replica {
            NONE => 0,
            r => r - self.t.comps[self.replicas[r as usize].comp as usize].first_replica,
        }
    }

    /// Latest instant at which a frame's call may still be waited for.
    pub(super) fn call_deadline(&self, f: u32, policy: u32) -> u64 {
        let policy = &self.t.policies[policy as usize];
        let frame = &self.frames[f];
        let total = frame.call_start.saturating_add(policy.total_timeout);
        if policy.inherits_deadline { total.min(frame.deadline) } else { total }
    }

    /// Makes one attempt: first a connection, then the request goes out.
    #[inline(never)]
    pub(super) fn attempt(&mut self, f: u32) -> u32 {
        let now = self.now;
        let policy = self.policy_of(f);
        if self.frames[f].state == State::BackingOff {
            let log = self.frames[f].log;
            let backoff = self.edge_label(policy, WaitKind::Backoff);
            self.logs.charge(log, now, backoff);
        }
        let mark = self.logs.mark(self.frames[f].log);
        let frame = &mut self.frames[f];
        frame.attempt += 1;
        frame.attempt_start = now;
        frame.mark = mark;
        frame.state = State::Running;
        if self.t.policies[policy as usize].guard != NONE {
            return self.guarded_attempt(f, policy);
        }
        self.connect(f, policy)
    }

    /// Gets a connection, and with it sends the request.
    pub(super) fn connect(&mut self, f: u32, policy: u32) -> u32 {
        if self.t.policies[policy as usize].pool == NONE {
            self.connect_loose(f, policy)
        } else {
            self.take_connection(f, policy)
        }
    }

    /// Sends the request on its way and starts the attempt's clock.
    #[inline(never)]
    pub(super) fn send(&mut self, f: u32, policy: u32) -> u32 {
        self.edges[policy as usize].attempts += 1;
        let rule = &self.t.policies[policy as usize];
        let timeout_at = self.now.saturating_add(rule.attempt_timeout);
        let until = if rule.is_plain { timeout_at } else { self.call_deadline(f, policy).min(timeout_at) };
        let wake = until.min(self.now.saturating_add(rule.first_token_timeout));
        if wake < u64::MAX {
            let at = SimTime(wake.max(self.now));
            self.frames[f].timer = match rule.timeout_lane {
                Some(lane) if wake == timeout_at => {
                    self.queue.push_lane(lane, at, Phase::Timer, tag::CALL_TIMER, f)
                }
                _ => self.queue.push(at, Phase::Timer, tag::CALL_TIMER, f),
            };
        }
        self.send_child(f, until)
    }

    /// Makes the frame that will serve an attempt and lets it go.
    #[inline(always)]
    fn send_child(&mut self, f: u32, until: u64) -> u32 {
        let frame = &mut self.frames[f];
        frame.state = State::Calling;
        frame.set(flag::SENT);
        let site = frame.site;
        let way = &self.t.sites[site as usize];
        let key = rng::nth(rng::key(frame.key, way.salt), u64::from(frame.attempt));
        let (root, epoch, log, slot) = (frame.root, frame.epoch, frame.log, frame.slot);
        let priority = way.priority.unwrap_or(frame.priority);
        let (c, child) = self.frames.alloc_frame();
        child.key = key;
        child.root = root;
        child.role = Role::Server;
        child.parent = f;
        child.parent_epoch = epoch;
        child.log = log;
        child.priority = priority;
        child.slot = slot;
        child.deadline = until;
        child.pc = way.entry;
        child.op = way.op;
        child.from_site = site;
        child.replica = way.only_replica;
        child.comp = way.target;
        let born = child.born;
        let frame = &mut self.frames[f];
        frame.child = c;
        frame.child_born = born;
        let (policy, has_choice) = (way.policy, !way.is_plain || way.only_replica == NONE);
        let is_near = way.link == NONE;
        if has_choice {
            self.choose_target(f, c, policy);
        }
        if is_near && self.network.active == 0 {
            return self.enter(c);
        }
        self.travel(c, site, self.t.policies[policy as usize].caller)
    }

    /// Undoes what an attempt holds, whatever became of it.
    #[inline]
    fn end_attempt(&mut self, f: u32, policy: u32, end: End) {
        let frame = &mut self.frames[f];
        let was_sent = frame.has(flag::SENT);
        frame.end_attempt();
        if !self.t.policies[policy as usize].is_plain {
            self.release_attempt(f, policy, was_sent, end);
        }
    }

    /// Gives back an attempt's connection and its place among the unanswered.
    #[inline(never)]
    fn release_attempt(&mut self, f: u32, policy: u32, was_sent: bool, end: End) {
        let outstanding = self.t.policies[policy as usize].outstanding;
        let has_target = was_sent && self.frames[f].target_replica != NONE;
        if has_target && self.t.policies[policy as usize].watched {
            self.note_result(self.frames[f].target_replica, end);
        }
        if has_target && outstanding != NONE {
            let target = self.t.policies[policy as usize].target as usize;
            let number = self.frames[f].target_replica - self.t.comps[target].first_replica;
            self.outstanding[(outstanding + number) as usize] -= 1;
        }
        if self.frames[f].flags & (flag::HAS_CONNECTION | flag::HAS_LOOSE_CONNECTION) != 0 {
            if matches!(end, End::Answered { .. }) {
                self.return_connection(f, policy);
            } else {
                self.drop_connection(f, policy);
            }
        }
    }

    /// The caller stops waiting.
    pub(super) fn call_timed_out(&mut self, f: u32) -> u32 {
        let policy = self.policy_of(f);
        self.edge(policy).timed_out += 1;
        let (child, born) = (self.frames[f].child, self.frames[f].child_born);
        self.detach(child, born);
        self.end_attempt(f, policy, End::Broken);
        if self.t.policies[policy as usize].cancels {
            self.send_cancel(child, born, policy);
        }
        self.attempt_failed(f, policy, ErrorClass::Timeout, 0)
    }

    /// Takes a call's subtree off the request's critical path.
    pub(super) fn detach(&mut self, child: u32, born: u32) {
        let (mut f, mut born) = (child, born);
        while f != NONE && self.frames[f].born == born && self.frames[f].log != f {
            let frame = &mut self.frames[f];
            frame.log = NONE;
            (f, born) = (frame.child, frame.child_born);
        }
    }

    /// An answer reaches the caller.
    pub(super) fn answered(&mut self, f: u32, answer: Answer) -> u32 {
        let answer = if answer.taint == 0 { answer } else { self.examine(f, answer) };
        let Some(class) = answer.error else { return self.answered_well(f, answer.degraded, answer.found) };
        let policy = self.policy_of(f);
        let end = match class {
            ErrorClass::Reset | ErrorClass::Refused | ErrorClass::Denied => End::Broken,
            class => End::Answered { is_failure: matches!(class, ErrorClass::Error | ErrorClass::Shed) },
        };
        self.end_attempt(f, policy, end);
        let edge = self.edge(policy);
        match class {
            ErrorClass::Reset => edge.lost += 1,
            ErrorClass::Shed
            | ErrorClass::Throttled
            | ErrorClass::Refused
            | ErrorClass::Connections
            | ErrorClass::Expired
            | ErrorClass::Reneged => edge.refused += 1,
            _ => edge.answered_error += 1,
        }
        self.attempt_failed(f, policy, class, answer.retry_after)
    }

    /// A good answer reaches the caller.
    #[inline(always)]
    pub(super) fn answered_well(&mut self, f: u32, degraded: bool, found: u8) -> u32 {
        let frame = &mut self.frames[f];
        let way = &self.t.sites[frame.site as usize];
        let policy = way.policy;
        let edge = &mut self.edges[policy as usize];
        edge.answered_ok += 1;
        edge.calls_ok += 1;
        if way.is_plain {
            frame.end_attempt();
        } else {
            self.end_attempt(f, policy, End::Answered { is_failure: false });
            if self.t.policies[policy as usize].guard != NONE {
                self.teach_guards(f, policy, None);
            }
        }
        let frame = &mut self.frames[f];
        if degraded {
            frame.set(flag::DEGRADED);
        }
        if found != 0 {
            frame.set(flag::HIT);
            frame.found = found;
        }
        frame.pc += 1;
        f
    }

    /// An attempt failed: try again, or let the call fail.
    #[inline(never)]
    pub(super) fn attempt_failed(&mut self, f: u32, policy: u32, class: ErrorClass, retry_after: u64) -> u32 {
        if self.t.policies[policy as usize].guard != NONE {
            self.teach_guards(f, policy, Some(class));
        }
        // Its time is the call's, whoever goes on after it: a retry, a rescue or the next step.
        let abandoned = self.edge_label(policy, WaitKind::Abandoned);
        let frame = &self.frames[f];
        self.logs.abandon(frame.log, frame.mark, frame.attempt_start, self.now, abandoned);
        let Some(pause) = self.next_pause(f, policy, class, retry_after) else {
            return self.call_failed(f, policy, class);
        };
        let frame = &mut self.frames[f];
        frame.state = State::BackingOff;
        frame.pause = pause;
        if pause == 0 {
            return self.attempt(f);
        }
        self.schedule(f, pause, Phase::Timer);
        NONE
    }

    /// The pause before the next attempt; `None` when there is none.
    fn next_pause(&mut self, f: u32, policy: u32, class: ErrorClass, retry_after: u64) -> Option<u64> {
        let rule = &self.t.policies[policy as usize];
        let frame = &self.frames[f];
        if u32::from(frame.attempt) >= rule.attempts_max || rule.retry_on & class_bit(class) == 0 {
            return None;
        }
        if !self.t.sites[frame.site as usize].is_idempotent && !was_surely_not_done(class) {
            return None;
        }
        if self.is_ablated(super::Loop::Retries) {
            return None;
        }
        if rule.retries_only_first && frame.has(flag::IS_RETRY) {
            self.edge(policy).budget_denied += 1;
            return None;
        }
        let draw = rng::nth(rng::key(frame.key, SALT_BACKOFF ^ rule.salt), u64::from(frame.attempt));
        let mut pause = rule.backoff.pause(u32::from(frame.attempt), frame.pause, rng::unit(draw));
        if rule.honours_retry_after {
            pause = pause.max(retry_after);
        }
        if self.now.saturating_add(pause) >= self.call_deadline(f, policy) {
            return None;
        }
        if rule.budget != NONE {
            let (budget, state) = self.budget_of(f, policy);
            if !self.budgets[state].allows_retry(&self.t.budgets[budget].rule, self.now) {
                self.edge(policy).budget_denied += 1;
                return None;
            }
        }
        Some(pause)
    }

    pub(super) fn call_failed(&mut self, f: u32, policy: u32, class: ErrorClass) -> u32 {
        if self.frames[f].has(flag::HEDGED) {
            // What a failure means is decided once, when both requests have failed.
            return self.fail(f, class);
        }
        match self.t.policies[policy as usize].on_failure {
            OnFailure::Fail => return self.fail(f, class),
            OnFailure::Continue => {}
            OnFailure::Degrade => self.frames[f].set(flag::DEGRADED),
        }
        let frame = &mut self.frames[f];
        frame.set(flag::CALL_FAILED);
        frame.pc += 1;
        f
    }

    /// Gives up a frame's call because the frame itself ends.
    pub(super) fn abort_call(&mut self, f: u32, cancel_child: bool) {
        let state = self.frames[f].state;
        let is_calling =
            matches!(state, State::Calling | State::Connecting | State::PoolQueued | State::PlaceQueued);
        if !is_calling {
            return;
        }
        let policy = self.policy_of(f);
        if state == State::PoolQueued {
            self.leave_pool_queue(f, policy);
        }
        if state == State::PlaceQueued {
            self.leave_place_queue(f, policy);
        }
        let (child, born) = (self.frames[f].child, self.frames[f].child_born);
        if self.frames[f].has(flag::SENT) {
            self.edge(policy).cancelled += 1;
            self.detach(child, born);
        }
        self.end_attempt(f, policy, End::Aborted);
        if self.t.policies[policy as usize].guard != NONE {
            self.release_guards(f, policy);
        }
        // One that still waits to be sent has nothing to cancel.
        if cancel_child
            && child != NONE
            && (self.t.policies[policy as usize].cancels || self.frames[f].has(flag::HEDGED))
        {
            self.send_cancel(child, born, policy);
        }
    }
}
