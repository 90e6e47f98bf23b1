//! Hedged calls: a second request when the first answer is late.
//!
//! A hedged call is a join of two branches of which one has to succeed; the
//! second begins late or never. Each branch makes the whole call, so that
//! pools, timeouts and retries need not know of hedging.

use super::blame::label;
use super::engine::{Engine, tag};
use super::exec::Answer;
use super::frame::{Role, State, flag};
use super::limits::BudgetState;
use super::tables::{Ins, NONE};
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::{Hedge, HedgeDelay};
use crate::rng;
use crate::stats::Histogram;
use crate::units::SimTime;

const SALT_SECOND: u64 = rng::name_hash("call/hedge");
/// How often per window an observed delay is worked out anew.
const UPDATES_PER_WINDOW: u64 = 20;

/// What hedging under one policy remembers.
#[derive(Clone, Debug)]
pub(super) struct HedgeState {
    /// When the second request is sent; `u64::MAX` while too little is known.
    delay: u64,
    /// Times of calls in the present and the previous window.
    present: Histogram,
    previous: Histogram,
    window_end: u64,
    update_at: u64,
    cap: Option<BudgetState>,
}

impl HedgeState {
    pub(super) fn new(rule: &Hedge) -> Self {
        let delay = match rule.after {
            HedgeDelay::Fixed(delay) => delay.0,
            HedgeDelay::Observed { .. } => u64::MAX,
        };
        Self {
            delay,
            present: Histogram::default(),
            previous: Histogram::default(),
            window_end: 0,
            update_at: 0,
            cap: rule.cap.as_ref().map(BudgetState::new),
        }
    }

    /// A call took so long.
    fn observe(&mut self, rule: &Hedge, spent: u64, now: u64) {
        let HedgeDelay::Observed { quantile, window } = rule.after else { return };
        if now >= self.window_end {
            self.previous = std::mem::take(&mut self.present);
            self.window_end = now.saturating_add(window.0);
        }
        self.present.record(spent);
        if now < self.update_at {
            return;
        }
        self.update_at = now.saturating_add(window.0 / UPDATES_PER_WINDOW);
        let mut both = self.previous.clone();
        both.merge(&self.present);
        // Ten calls beyond the quantile, or it is a matter of chance.
        let is_known = both.count() as f64 * (1.0 - quantile) >= 10.0;
        self.delay = both.quantile(quantile).filter(|_| is_known).map_or(u64::MAX, |nanos| nanos as u64);
    }
}

impl Engine<'_> {
    /// Begins a hedged call.
    pub(super) fn start_hedged(&mut self, f: u32, site: u32, body: u32) -> u32 {
        let policy = self.t.sites[site as usize].policy;
        let (rule, state) = self.hedge_of(policy);
        let delay = self.guards.hedges[state].delay;
        let lane = self.t.guards[rule].hedge_lane;
        if let (Some(hedge), Some(cap)) =
            (&self.t.guards[rule].guard.hedge, &mut self.guards.hedges[state].cap)
            && let Some(budget) = &hedge.cap
        {
            cap.first_attempt(budget, self.now);
        }
        let frame = &mut self.frames[f];
        frame.site = site;
        frame.call_start = self.now;
        frame.rounds = 1;
        frame.clear(flag::CALL_FAILED);
        frame.main = 0;
        let key = frame.key;
        if delay < u64::MAX && !self.is_ablated(super::Loop::Hedges) {
            let at = SimTime(self.now.saturating_add(delay).min(crate::units::TIME_MAX.0));
            self.frames[f].main = match lane {
                Some(lane) => self.queue.push_lane(lane, at, Phase::Timer, tag::MAIN, f),
                None => self.queue.push(at, Phase::Timer, tag::MAIN, f),
            };
        }
        // The first branch draws what the call would draw without hedging.
        self.hedge_branch(f, body, key, 0)
    }

    fn hedge_of(&self, policy: u32) -> (usize, usize) {
        let rule = self.t.policies[policy as usize].guard as usize;
        (rule, self.t.guards[rule].first_hedge as usize)
    }

    fn hedge_branch(&mut self, f: u32, body: u32, key: u64, number: u32) -> u32 {
        let start = self.frames[f].call_start;
        let b = self.branch(f, body, 0, Role::Branch);
        if self.frames[f].log != NONE {
            self.logs.open(b, start);
            self.frames[b].log = b;
        }
        let branch = &mut self.frames[b];
        branch.key = key;
        branch.aux = number;
        branch.set(flag::HEDGED);
        b
    }

    /// The first answer is late: asks again, if that is allowed.
    pub(super) fn hedge_now(&mut self, f: u32) -> u32 {
        let Ins::Hedged { site, body } = self.t.code[self.frames[f].pc as usize] else {
            unreachable!("only a hedged call waits for a join with a timer")
        };
        let policy = self.t.sites[site as usize].policy;
        let (rule, state) = self.hedge_of(policy);
        let hedge = self.t.guards[rule].guard.hedge.as_ref();
        if let (Some(Some(budget)), Some(cap)) =
            (hedge.map(|hedge| &hedge.cap), &mut self.guards.hedges[state].cap)
            && !cap.allows_retry(budget, self.now)
        {
            self.edge(policy).hedges_denied += 1;
            return NONE;
        }
        self.edge(policy).hedges += 1;
        let frame = &mut self.frames[f];
        frame.rounds = 2;
        let first = (frame.child, frame.child_born);
        let key = rng::key(frame.key, SALT_SECOND ^ self.t.sites[site as usize].salt);
        let b = self.hedge_branch(f, body, key, 1);
        self.joins.insert(f, vec![first]);
        let waited = label(self.t.comps.len() as u32 + policy, WaitKind::Abandoned);
        self.logs.charge(self.frames[b].log, self.now, waited);
        b
    }

    /// A second request is part of the call that the first one began.
    pub(super) fn begin_hedge_branch(&mut self, f: u32, policy: u32) {
        if self.frames[f].has(flag::HEDGED) && self.frames[f].aux == 1 {
            self.edge(policy).calls -= 1;
        }
    }

    /// A second request goes to another replica than the first, if there is one; by key there is none.
    pub(super) fn avoid_first(&self, f: u32, policy: u32, replica: u32) -> u32 {
        let frame = &self.frames[f];
        let is_by_key = self.t.policies[policy as usize].shard_by != NONE;
        if !frame.has(flag::HEDGED) || frame.aux != 1 || is_by_key {
            return replica;
        }
        let Some(&(first, born)) = self.joins.get(&frame.parent).and_then(|branches| branches.first()) else {
            return replica;
        };
        let comp = &self.t.comps[self.t.policies[policy as usize].target as usize];
        if self.frames[first].born != born || self.frames[first].target_replica != replica {
            return replica;
        }
        if comp.is_fixed {
            return comp.first_replica + (replica - comp.first_replica + 1) % comp.replicas;
        }
        let list = &self.fleet.rotations[self.t.policies[policy as usize].target as usize].list;
        let slot = replica - comp.first_replica;
        let next = list.iter().find(|other| **other > slot).or(list.first());
        next.map_or(replica, |next| comp.first_replica + next)
    }

    /// A branch nobody waits for any more succeeded: its call is counted already.
    pub(super) fn note_late_hedge(&mut self, b: u32, answer: Answer) {
        if self.frames[b].has(flag::HEDGED) && answer.error.is_none() && self.frames[b].site != NONE {
            let policy = self.policy_of(b);
            self.edge(policy).calls_ok -= 1;
        }
    }

    /// A branch of a hedged call ended.
    pub(super) fn hedge_done(&mut self, p: u32, b: u32, answer: Answer, site: u32) -> u32 {
        let parent = &mut self.frames[p];
        parent.rounds -= 1;
        if answer.error.is_some() && parent.rounds > 0 {
            self.frames.release(b);
            return NONE;
        }
        let policy = self.t.sites[site as usize].policy;
        let (child, born) = (parent.child, parent.child_born);
        parent.epoch = parent.epoch.wrapping_add(1);
        parent.state = State::Running;
        parent.main = 0;
        parent.child = NONE;
        let (log, start) = (parent.log, parent.call_start);
        let is_second = self.frames[b].aux == 1;
        self.logs.join(log, self.frames[b].log);
        self.frames.release(b);
        let (rule, state) = self.hedge_of(policy);
        let first = self.joins.remove(&p).unwrap_or_default();
        let cancels = self.t.guards[rule].guard.hedge.as_ref().is_some_and(|hedge| hedge.cancels);
        if cancels {
            for (loser, born) in first.into_iter().chain([(child, born)]) {
                self.cancel(loser, born);
            }
        }
        if let Some(class) = answer.error {
            return self.call_failed(p, policy, class);
        }
        self.edge(policy).hedges_won += u64::from(is_second);
        if let Some(hedge) = &self.t.guards[rule].guard.hedge {
            self.guards.hedges[state].observe(hedge, self.now - start, self.now);
        }
        self.frames[p].pc += 1;
        p
    }
}
