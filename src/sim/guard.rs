//! A caller's protections around one attempt: breaker, throttle, bulkhead.

use super::breaker::{BreakerState, Permit, ThrottleState};
use super::engine::Engine;
use super::frame::{State, flag};
use super::hedge::HedgeState;
use super::tables::{GuardRule, NONE, Tables};
use crate::kernel::{EventQueue, Phase};
use crate::outcome::WaitKind;
use crate::plan::{BudgetScope, Bulkhead, CallPolicy, ErrorClass, Guard, HedgeDelay};
use crate::rng;
use std::collections::VecDeque;

const SALT_THROTTLE: u64 = rng::name_hash("call/throttle");

/// State of all guards. Each kind has one entry per sharer, from the index its rule names.
#[derive(Clone, Debug, Default)]
pub(super) struct Guards {
    pub(super) breakers: Vec<BreakerState>,
    throttles: Vec<ThrottleState>,
    pub(super) bulkheads: Vec<BulkheadState>,
    pub(super) hedges: Vec<HedgeState>,
}

/// Places for attempts of one sharer.
#[derive(Clone, Debug, Default)]
pub(super) struct BulkheadState {
    pub(super) in_use: u32,
    /// `(frame, ticket)` in order; stale ones are skipped.
    queue: VecDeque<(u32, u32)>,
    /// How many of the queue are alive.
    pub(super) waiting: u32,
}

impl Guards {
    /// The state that belongs to some rules, in their order, for callers of so many replicas.
    pub(super) fn new(rules: &[GuardRule]) -> Self {
        let mut guards = Self::default();
        for rule in rules {
            let sharers = |scope: BudgetScope| if scope == BudgetScope::Replica { rule.callers } else { 1 };
            if let Some(breaker) = &rule.guard.breaker {
                let all = std::iter::repeat_n(BreakerState::new(breaker), sharers(breaker.scope) as usize);
                guards.breakers.extend(all);
            }
            if let Some(throttle) = &rule.guard.throttle {
                let all = std::iter::repeat_n(ThrottleState::default(), sharers(throttle.scope) as usize);
                guards.throttles.extend(all);
            }
            if let Some(bulkhead) = &rule.guard.bulkhead {
                let all = std::iter::repeat_n(BulkheadState::default(), sharers(bulkhead.scope) as usize);
                guards.bulkheads.extend(all);
            }
            if let Some(hedge) = &rule.guard.hedge {
                guards.hedges.push(HedgeState::new(hedge));
            }
        }
        guards
    }
}

/// A policy's guards as an index, or `NONE`. Their states follow those of the guards before.
pub(super) fn add_guard(t: &mut Tables, queue: &mut EventQueue, policy: &CallPolicy, callers: u32) -> u32 {
    let guard = &policy.guard;
    if *guard == Guard::default() {
        return NONE;
    }
    let hedge_lane = match guard.hedge.as_ref().map(|hedge| hedge.after) {
        Some(HedgeDelay::Fixed(delay)) => Some(queue.lane(delay.0)),
        _ => None,
    };
    let next = |first: u32, scope: Option<BudgetScope>, callers: u32| match scope {
        None => first,
        Some(BudgetScope::Replica) => first + callers,
        Some(BudgetScope::Component) => first + 1,
    };
    let [first_breaker, first_throttle, first_bulkhead, first_hedge] = match t.guards.last() {
        None => [0; 4],
        Some(last) => [
            next(last.first_breaker, last.guard.breaker.as_ref().map(|b| b.scope), last.callers),
            next(last.first_throttle, last.guard.throttle.map(|t| t.scope), last.callers),
            next(last.first_bulkhead, last.guard.bulkhead.map(|b| b.scope), last.callers),
            last.first_hedge + u32::from(last.guard.hedge.is_some()),
        ],
    };
    let guard = guard.clone();
    t.guards.push(GuardRule {
        guard,
        callers,
        first_breaker,
        first_throttle,
        first_bulkhead,
        first_hedge,
        hedge_lane,
    });
    (t.guards.len() - 1) as u32
}

impl Engine<'_> {
    /// Index of a sharer's state.
    pub(super) fn shared(&self, f: u32, first: u32, scope: BudgetScope) -> usize {
        let number = if scope == BudgetScope::Replica { self.replica_number(f) } else { 0 };
        (first + number) as usize
    }

    /// Makes an attempt if its guards let it through.
    #[inline(never)]
    pub(super) fn guarded_attempt(&mut self, f: u32, policy: u32) -> u32 {
        if self.is_stopped(f, policy) {
            self.edge(policy).short_circuited += 1;
            return self.attempt_failed(f, policy, ErrorClass::Open, 0);
        }
        let number = self.t.policies[policy as usize].guard as usize;
        match self.t.guards[number].guard.bulkhead {
            None => self.connect(f, policy),
            Some(rule) => self.take_place(f, policy, rule),
        }
    }

    /// Whether a breaker or a throttle stops an attempt.
    fn is_stopped(&mut self, f: u32, policy: u32) -> bool {
        let now = self.now;
        let number = self.t.policies[policy as usize].guard as usize;
        if let Some(rule) = &self.t.guards[number].guard.breaker {
            let state = self.shared(f, self.t.guards[number].first_breaker, rule.scope);
            match self.guards.breakers[state].permit(rule, now) {
                Permit::Yes => {}
                Permit::Probe => self.frames[f].set(flag::PROBES),
                Permit::No => return true,
            }
        }
        if let Some(rule) = &self.t.guards[number].guard.throttle {
            let state = self.shared(f, self.t.guards[number].first_throttle, rule.scope);
            let frame = &self.frames[f];
            let key = rng::key(frame.key, SALT_THROTTLE ^ self.t.policies[policy as usize].salt);
            let draw = rng::unit(rng::nth(key, u64::from(frame.attempt)));
            if self.guards.throttles[state].rejects(rule, draw, now) {
                self.give_probe_back(f, policy);
                return true;
            }
        }
        false
    }

    fn bulkhead_of(&self, f: u32, policy: u32, rule: Bulkhead) -> usize {
        let number = self.t.policies[policy as usize].guard as usize;
        self.shared(f, self.t.guards[number].first_bulkhead, rule.scope)
    }

    /// Takes a place in a bulkhead, or waits for one, or fails.
    fn take_place(&mut self, f: u32, policy: u32, rule: Bulkhead) -> u32 {
        let index = self.bulkhead_of(f, policy, rule);
        let state = &mut self.guards.bulkheads[index];
        if state.in_use < rule.calls {
            state.in_use += 1;
            self.frames[f].set(flag::HAS_PLACE);
            return self.connect(f, policy);
        }
        if rule.queue_capacity.is_some_and(|capacity| state.waiting >= capacity) {
            return self.no_place(f, policy);
        }
        state.waiting += 1;
        let frame = &mut self.frames[f];
        frame.state = State::PlaceQueued;
        frame.ticket = frame.ticket.wrapping_add(1);
        state.queue.push_back((f, frame.ticket));
        let wait_max = rule.wait_max.map_or(u64::MAX, |wait| wait.0);
        let until = self.call_deadline(f, policy).min(self.now.saturating_add(wait_max));
        if until < u64::MAX {
            self.schedule(f, until.saturating_sub(self.now), Phase::Timer);
        }
        NONE
    }

    fn no_place(&mut self, f: u32, policy: u32) -> u32 {
        self.edge(policy).bulkhead_full += 1;
        self.attempt_failed(f, policy, ErrorClass::Bulkhead, 0)
    }

    /// No place came free in time.
    pub(super) fn place_timed_out(&mut self, f: u32) -> u32 {
        let policy = self.policy_of(f);
        self.leave_place_queue(f, policy);
        self.charge_place_wait(f, policy);
        self.no_place(f, policy)
    }

    fn charge_place_wait(&mut self, f: u32, policy: u32) {
        let log = self.frames[f].log;
        let wait = self.edge_label(policy, WaitKind::PoolWait);
        self.logs.charge(log, self.now, wait);
        self.frames[f].state = State::Running;
    }

    pub(super) fn leave_place_queue(&mut self, f: u32, policy: u32) {
        let number = self.t.policies[policy as usize].guard as usize;
        let Some(rule) = self.t.guards[number].guard.bulkhead else { return };
        let index = self.bulkhead_of(f, policy, rule);
        self.guards.bulkheads[index].waiting -= 1;
        let frame = &mut self.frames[f];
        frame.ticket = frame.ticket.wrapping_add(1);
        frame.main = 0;
    }

    /// Gives a place back and lets the next in line have it.
    fn give_place_back(&mut self, f: u32, policy: u32) {
        if !self.frames[f].has(flag::HAS_PLACE) {
            return;
        }
        self.frames[f].clear(flag::HAS_PLACE);
        let number = self.t.policies[policy as usize].guard as usize;
        let Some(rule) = self.t.guards[number].guard.bulkhead else { return };
        let index = self.bulkhead_of(f, policy, rule);
        self.guards.bulkheads[index].in_use -= 1;
        while let Some((next, ticket)) = self.guards.bulkheads[index].queue.pop_front() {
            if self.frames[next].ticket != ticket || self.frames[next].state != State::PlaceQueued {
                continue;
            }
            self.leave_place_queue(next, policy);
            self.charge_place_wait(next, policy);
            self.guards.bulkheads[index].in_use += 1;
            self.frames[next].set(flag::HAS_PLACE);
            let goes_on = self.connect(next, policy);
            if goes_on != NONE {
                self.ready.push_back(goes_on);
            }
            return;
        }
    }

    fn give_probe_back(&mut self, f: u32, policy: u32) {
        if !self.frames[f].has(flag::PROBES) {
            return;
        }
        self.frames[f].clear(flag::PROBES);
        let number = self.t.policies[policy as usize].guard as usize;
        if let Some(rule) = &self.t.guards[number].guard.breaker {
            let state = self.shared(f, self.t.guards[number].first_breaker, rule.scope);
            self.guards.breakers[state].give_back();
        }
    }

    /// An attempt ended, well or with a class: the guards learn from it.
    #[inline(never)]
    pub(super) fn teach_guards(&mut self, f: u32, policy: u32, error: Option<ErrorClass>) {
        let now = self.now;
        let number = self.t.policies[policy as usize].guard as usize;
        if matches!(error, Some(ErrorClass::Open | ErrorClass::Bulkhead)) {
            self.give_probe_back(f, policy);
        } else if let Some(rule) = &self.t.guards[number].guard.breaker {
            let state = self.shared(f, self.t.guards[number].first_breaker, rule.scope);
            let frame = &mut self.frames[f];
            let failed = error.is_some_and(|class| rule.on.contains(&class));
            let slow = rule.slow.is_some_and(|(limit, _)| now - frame.attempt_start >= limit.0);
            let is_probe = frame.has(flag::PROBES);
            frame.clear(flag::PROBES);
            if self.guards.breakers[state].record(rule, failed, slow, is_probe, now) {
                self.edges[policy as usize].breaker_opened += 1;
            }
        }
        if let Some(rule) = &self.t.guards[number].guard.throttle
            && matches!(error, None | Some(ErrorClass::Error))
        {
            let state = self.shared(f, self.t.guards[number].first_throttle, rule.scope);
            self.guards.throttles[state].accepted(rule, now);
        }
        self.give_place_back(f, policy);
    }

    /// An attempt was given up because its caller ends: nothing is learnt from it.
    pub(super) fn release_guards(&mut self, f: u32, policy: u32) {
        self.give_probe_back(f, policy);
        self.give_place_back(f, policy);
    }

    /// A caller's replica lost its memory; its places were given back by those who had them.
    pub(super) fn reset_guards(&mut self, policy: u32, number: u32) {
        let guard = self.t.policies[policy as usize].guard;
        if guard == NONE {
            return;
        }
        let rule = &self.t.guards[guard as usize];
        if let Some(breaker) = rule.guard.breaker.as_ref().filter(|b| b.scope == BudgetScope::Replica) {
            self.guards.breakers[(rule.first_breaker + number) as usize] = BreakerState::new(breaker);
        }
        if rule.guard.throttle.is_some_and(|throttle| throttle.scope == BudgetScope::Replica) {
            self.guards.throttles[(rule.first_throttle + number) as usize] = ThrottleState::default();
        }
    }
}
