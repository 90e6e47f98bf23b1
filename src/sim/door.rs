//! What faults do to requests at the door of a replica.

use super::engine::Engine;
use super::exec::Answer;
use super::fleet::Mark;
use super::frame::{Role, State, flag};
use super::limits::Grant;
use super::tables::NONE;
use crate::dist::Sampler;
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::{Effect, ErrorClass, OutageMode};
use crate::rng;

const SALT_GRAY: u64 = rng::name_hash("fault/gray");
const SALT_GRAY_LATENCY: u64 = rng::name_hash("fault/gray-latency");

impl Engine<'_> {
    /// What faults do to a request at the door; `None` lets it in as usual.
    pub(super) fn troubled_door(&mut self, f: u32) -> Option<u32> {
        let r = self.frames[f].replica as usize;
        let comp = self.replicas[r].comp as usize;
        let trouble = self.replicas[r].trouble.clone()?;
        if trouble.down > 0 || !trouble.draining.is_empty() || trouble.mark == Mark::Absent {
            self.stations[comp].counts.refused += 1;
            return Some(self.reply(f, Answer::failed(ErrorClass::Refused)));
        }
        if let Some((_, mode)) = trouble.outages.first() {
            return Some(self.suffer_outage(f, comp, *mode));
        }
        for fault in &trouble.throttles {
            let cost = self.throttled_cost(f, *fault);
            if let Some((rule, state)) = &mut self.faults[*fault as usize].throttle
                && let Grant::Refused(wait) = state.take(rule, cost, self.now)
            {
                let retry_after = if rule.retry_after { wait } else { 0 };
                self.stations[comp].counts.throttled += 1;
                return Some(self.reply(f, Answer { retry_after, ..Answer::failed(ErrorClass::Throttled) }));
            }
        }
        if !trouble.leaks.is_empty() {
            self.leak_by_request(r as u32);
        }
        let mut delay = 0u64;
        for (fault, strength) in &trouble.gray {
            match self.suffer_gray(f, comp, *fault, *strength) {
                Ok(longer) => delay = delay.saturating_add(longer),
                Err(class) => {
                    self.stations[comp].counts.failed += 1;
                    return Some(self.reply(f, Answer::failed(class)));
                }
            }
        }
        let until = self.locked_until(f).unwrap_or(self.now).saturating_add(delay);
        if until == self.now {
            return None;
        }
        self.count_inside(f, comp);
        self.wait_at_door(f, until);
        Some(NONE)
    }

    /// What a request takes from an imposed allowance.
    fn throttled_cost(&self, f: u32, fault: u32) -> f64 {
        let Effect::Throttle { limit: Some(limit), .. } = self.plan.faults[fault as usize].effect else {
            return 1.0;
        };
        let cost = self.t.ops[self.frames[f].op as usize].costs.get(limit);
        cost.map_or(1.0, |cost| self.amount(f, *cost).max(0.0))
    }

    pub(super) fn suffer_outage(&mut self, f: u32, comp: usize, mode: OutageMode) -> u32 {
        self.count_outside(f, comp);
        let counts = &mut self.stations[comp].counts;
        match mode {
            OutageMode::Refuse => {
                counts.refused += 1;
                self.reply(f, Answer::failed(ErrorClass::Refused))
            }
            OutageMode::Error => {
                counts.failed += 1;
                self.reply(f, Answer::failed(ErrorClass::Error))
            }
            OutageMode::Reset => {
                counts.failed += 1;
                self.reply(f, Answer::failed(ErrorClass::Reset))
            }
            OutageMode::BlackHole => {
                counts.lost += 1;
                self.vanish(f, ErrorClass::Refused);
                NONE
            }
        }
    }

    /// What a gray fault does to a request: lets it fail, or wait for so many nanoseconds.
    fn suffer_gray(&self, f: u32, comp: usize, fault: u32, strength: f64) -> Result<u64, ErrorClass> {
        let Effect::Gray { errors, class, is_late: false, .. } = &self.plan.faults[fault as usize].effect
        else {
            return Ok(0);
        };
        if !self.is_gray_to(f, comp, fault) {
            return Ok(0);
        }
        let key = rng::key(self.frames[f].key, self.faults[fault as usize].salt);
        if rng::unit(rng::key(key, SALT_GRAY)) < errors * strength {
            return Err(*class);
        }
        let law = self.faults[fault as usize].gray_latency.as_ref();
        let sample = |law: &Sampler| law.sample(rng::key(key, SALT_GRAY_LATENCY));
        Ok(law.map_or(0, |law| (sample(law) * strength + 0.5) as u64))
    }

    /// Whether a request is one of those that a gray fault may hit.
    pub(super) fn is_gray_to(&self, f: u32, comp: usize, fault: u32) -> bool {
        let Effect::Gray { callers, operations, is_blind, .. } = &self.plan.faults[fault as usize].effect
        else {
            return false;
        };
        let operation = self.frames[f].op - self.t.comps[comp].first_op;
        if (*is_blind && self.is_probe(f))
            || (!operations.is_empty() && !operations.contains(&(comp, operation as usize)))
        {
            return false;
        }
        let site = self.frames[f].from_site as usize;
        let policy = self.t.policies.get(self.t.sites[site].policy as usize);
        // Messages come from no caller.
        let node = policy.map_or(NONE, |policy| policy.caller);
        callers.is_empty() || callers.iter().any(|caller| self.node_of_caller(*caller) == node)
    }

    /// Whether a request is a probe of health.
    pub(super) fn is_probe(&self, f: u32) -> bool {
        let parent = self.frames[f].parent;
        parent != NONE && self.frames[parent].role == Role::Probe
    }

    /// Lets a request that is inside wait for what faults do.
    fn wait_at_door(&mut self, f: u32, until: u64) {
        self.frames[f].state = State::Delayed;
        if until < u64::MAX {
            self.schedule(f, until - self.now, Phase::Timer);
        }
    }

    /// A request that a fault held up goes on, to all that others meet at the door.
    pub(super) fn released_by_fault(&mut self, f: u32) -> u32 {
        let comp = self.replicas[self.frames[f].replica as usize].comp;
        let log = self.frames[f].log;
        self.logs.charge(log, self.now, super::blame::label(comp, WaitKind::Service));
        self.frames[f].since = self.now;
        if self.frames[f].has(flag::CANCELLED) {
            self.finish_cancelled(f);
            return NONE;
        }
        if let Some(until) = self.locked_until(f) {
            self.wait_at_door(f, until);
            return NONE;
        }
        self.frames[f].state = State::Running;
        self.pass_checks(f, comp as usize)
    }
}
