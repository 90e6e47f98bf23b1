//! Limits at the door, after everything that asks who comes and before the queue.

use super::attributes::AmountRule;
use super::blame::label;
use super::engine::Engine;
use super::exec::Answer;
use super::frame::{State, flag};
use super::limits::{BucketState, Grant};
use super::tables::NONE;
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::ErrorClass;

impl Engine<'_> {
    /// Goes on to the limits, and from there to the queue.
    pub(super) fn pass_limits(&mut self, f: u32, comp: usize) -> u32 {
        if let Some(next) = self.refused_by_limit(f, comp) {
            return next;
        }
        if let Some(next) = self.pass_allowances(f, comp, self.t.comps[comp].buckets.clone()) {
            return next;
        }
        if !self.frames[f].has(flag::INSIDE) {
            self.count_inside(f, comp);
        }
        self.line_up(f, comp)
    }

    /// Checks every allowance; `None` when the request may go on now.
    fn pass_allowances(&mut self, f: u32, comp: usize, buckets: std::ops::Range<u32>) -> Option<u32> {
        let op = self.frames[f].op as usize;
        let mut hold = 0;
        for (position, bucket) in buckets.enumerate() {
            let rule = &self.t.buckets[bucket as usize];
            let cost = self.t.ops[op].costs.get(position).copied().unwrap_or(AmountRule::ONE);
            let cost = self.amount(f, cost).max(0.0);
            let grant = match rule.each {
                NONE => self.buckets[bucket as usize].take(rule, cost, self.now),
                entity => {
                    let key = (bucket, self.entity_key(f, entity));
                    let state = self.keyed_buckets.entry(key);
                    state.or_insert_with(|| BucketState::full(rule, self.now)).take(rule, cost, self.now)
                }
            };
            match grant {
                Grant::Now => {}
                Grant::After(wait) => hold = hold.max(wait),
                Grant::Refused(wait) => {
                    let retry_after = if rule.retry_after { wait } else { 0 };
                    self.stations[comp].counts.throttled += 1;
                    self.count_outside(f, comp);
                    let answer = Answer { retry_after, ..Answer::failed(ErrorClass::Throttled) };
                    return Some(self.reply(f, answer));
                }
            }
        }
        if hold == 0 {
            return None;
        }
        if !self.frames[f].has(flag::INSIDE) {
            self.count_inside(f, comp);
        }
        self.frames[f].state = State::Held;
        self.schedule(f, hold, Phase::Timer);
        Some(NONE)
    }

    /// An allowance lets a request go on.
    pub(super) fn released_by_allowance(&mut self, f: u32) -> u32 {
        let comp = self.replicas[self.frames[f].replica as usize].comp;
        let log = self.frames[f].log;
        self.logs.charge(log, self.now, label(comp, WaitKind::Admission));
        self.frames[f].since = self.now;
        self.line_up(f, comp as usize)
    }
}
