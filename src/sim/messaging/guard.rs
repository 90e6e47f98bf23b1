//! Remembering what was done, so that it is not done twice, and trying again what failed.

use super::Happening;
use super::tables::MessageIns;
use crate::kernel::Phase;
use crate::plan::ErrorClass;
use crate::rng;
use crate::sim::control::Control;
use crate::sim::engine::Engine;
use crate::sim::exec::Answer;
use crate::sim::frame::{Role, State, flag};
use crate::sim::tables::{Ins, NONE, class_bit};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Keys remembered at once by one guard; the oldest go first.
const KEYS_MAX: usize = 4_000_000;
const SALT_PAUSE: u64 = rng::name_hash("retry/pause");

/// Keys that were done, and keys being done.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    done: BTreeSet<u64>,
    /// Until when each is remembered, in order.
    order: VecDeque<(u64, u64)>,
    /// How often keys were done again while they were remembered: so often they are not forgotten yet.
    again: BTreeMap<u64, u32>,
    /// Until when each keeps others out.
    claims: BTreeMap<u64, u64>,
}

impl Guard {
    /// Whether a key was done and that is remembered.
    pub(super) fn is_done(&mut self, key: u64, now: u64) -> bool {
        self.forget(now);
        self.done.contains(&key)
    }

    /// Remembers a key for a while; `u64::MAX` for ever.
    pub(super) fn remember(&mut self, key: u64, now: u64, ttl: u64) {
        self.forget(now);
        if !self.done.insert(key) {
            *self.again.entry(key).or_default() += 1;
        }
        // Every place of a ring is used in time, so doubling it would waste what it promises to hold.
        if self.order.len() == self.order.capacity() {
            self.order.reserve_exact(self.order.len() / 4 + 64);
        }
        self.order.push_back((now.saturating_add(ttl), key));
    }

    /// Forgets what is too old or too much.
    fn forget(&mut self, now: u64) {
        while self.order.front().is_some_and(|(until, _)| *until <= now) || self.order.len() >= KEYS_MAX {
            let Some((_, key)) = self.order.pop_front() else { break };
            match self.again.get_mut(&key) {
                None => {
                    self.done.remove(&key);
                }
                Some(1) => {
                    self.again.remove(&key);
                }
                Some(times) => *times -= 1,
            }
        }
    }

    /// Keeps others out; `false` if somebody else does.
    fn claim(&mut self, key: u64, now: u64, lease: u64) -> bool {
        if self.claims.get(&key).is_some_and(|until| *until > now) {
            return false;
        }
        self.claims.insert(key, now.saturating_add(lease));
        true
    }

    /// Forgets everything, as a memory without power does.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Engine<'_> {
    /// An instruction about messages, repetition or progress; `None` when the frame goes on.
    pub(in crate::sim) fn run_message(&mut self, f: u32, what: MessageIns, body: u32) -> Option<u32> {
        match what {
            MessageIns::Once(once) => return self.enter_once(f, once, body),
            MessageIns::Retry(retry) => return Some(self.enter_retry(f, retry, body)),
            MessageIns::Mark(mark) => self.pass_mark(f, mark),
            MessageIns::Hang => {
                self.frames[f].state = State::Parked;
                return Some(NONE);
            }
        }
        None
    }

    /// The body of such an instruction ended.
    pub(in crate::sim) fn message_body_done(&mut self, p: u32, what: MessageIns, answer: Answer) -> u32 {
        match what {
            MessageIns::Once(once) => self.once_done(p, once, answer),
            MessageIns::Retry(retry) => self.retry_done(p, retry, answer),
            MessageIns::Mark(_) | MessageIns::Hang => unreachable!("{what:?} has no body"),
        }
    }

    fn once_key(&self, f: u32, once: u32) -> u64 {
        match self.t.messages.onces[once as usize].entity {
            NONE => self.frames[f].root,
            entity => self.entity_key(f, entity),
        }
    }

    /// A `once` step: its body begins, or it is skipped, or the frame fails because somebody else is at it.
    /// Without its guard it is done all the same.
    pub(super) fn enter_once(&mut self, f: u32, once: u32, body: u32) -> Option<u32> {
        let key = self.once_key(f, once);
        let rule = &self.t.messages.onces[once as usize];
        let (salt, lease) = (rule.salt, rule.lease);
        let is_guarded = rule.guard == NONE || !self.frames[f].has(flag::CALL_FAILED);
        let now = self.now;
        let guard = &mut self.messaging.onces[once as usize];
        if is_guarded {
            if guard.is_done(key, now) {
                self.frames[f].pc += 1;
                return None;
            }
            if !guard.claim(key, now, lease) {
                return Some(self.fail(f, ErrorClass::Error));
            }
        }
        self.frames[f].aux = 0;
        Some(self.branch(f, body, salt, Role::Branch))
    }

    /// The body of a `once` step ended.
    pub(super) fn once_done(&mut self, p: u32, once: u32, answer: Answer) -> u32 {
        let key = self.once_key(p, once);
        let (now, ttl) = (self.now, self.t.messages.onces[once as usize].ttl);
        let guard = &mut self.messaging.onces[once as usize];
        guard.claims.remove(&key);
        let parent = &mut self.frames[p];
        parent.state = State::Running;
        parent.child = NONE;
        if let Some(class) = answer.error {
            return self.fail(p, class);
        }
        guard.remember(key, now, ttl);
        parent.pc += 1;
        p
    }

    /// A component that lost its memory no longer knows what was done.
    pub(in crate::sim) fn forget_done(&mut self, comp: usize) {
        for (rule, guard) in self.t.messages.onces.iter().zip(&mut self.messaging.onces) {
            if rule.guard as usize == comp {
                guard.clear();
            }
        }
    }

    /// One try of a `retry` step ended: it goes on, pauses for another, or fails.
    pub(super) fn retry_done(&mut self, p: u32, retry: u32, answer: Answer) -> u32 {
        let rule = &self.t.messages.retries[retry as usize];
        let parent = &mut self.frames[p];
        parent.state = State::Running;
        parent.child = NONE;
        let Some(class) = answer.error else {
            parent.pc += 1;
            return p;
        };
        let tries = parent.aux + 1;
        if tries >= rule.attempts_max || rule.on & class_bit(class) == 0 {
            return self.fail(p, class);
        }
        let draw = rng::unit(rng::nth(rng::key(parent.key, rule.salt ^ SALT_PAUSE), u64::from(tries)));
        let previous = if tries == 1 { 0 } else { parent.pause };
        let pause = rule.backoff.pause(tries, previous, draw);
        parent.pause = pause;
        parent.aux = tries;
        parent.state = State::Parked;
        let born = parent.born;
        if pause == 0 {
            return self.try_again(p, born);
        }
        self.schedule_control(pause, Phase::Timer, Control::Message(Happening::Again { frame: p, born }));
        NONE
    }

    /// The next try of a `retry` step begins, if its frame still waits for it.
    pub(super) fn try_again(&mut self, f: u32, born: u32) -> u32 {
        if self.frames[f].born != born || self.frames[f].state != State::Parked {
            return NONE;
        }
        let who = self.worker_label(f);
        let log = self.frames[f].log;
        self.logs.charge(log, self.now, who);
        let Ins::Message { what: MessageIns::Retry(retry), body } = self.t.code[self.frames[f].pc as usize]
        else {
            unreachable!("frame {f} pauses at a step that is not tried again");
        };
        let salt = self.t.messages.retries[retry as usize].salt;
        self.branch(f, body, salt, Role::Branch)
    }

    /// A `retry` step begins its first try.
    fn enter_retry(&mut self, f: u32, retry: u32, body: u32) -> u32 {
        self.frames[f].aux = 0;
        let salt = self.t.messages.retries[retry as usize].salt;
        self.branch(f, body, salt, Role::Branch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_remembered_for_its_time_and_a_claim_for_its_lease() {
        let mut guard = Guard::default();
        assert!(guard.claim(1, 0, 10));
        assert!(!guard.claim(1, 9, 10));
        assert!(guard.claim(1, 10, 10));
        guard.remember(1, 20, 100);
        assert!(guard.is_done(1, 119));
        assert!(!guard.is_done(1, 120));
        guard.remember(2, 200, u64::MAX);
        assert!(guard.is_done(2, u64::MAX - 1));
        assert_eq!((guard.done.len(), guard.order.len()), (1, 1));
    }

    #[test]
    fn a_key_done_again_is_remembered_from_then_on() {
        let mut guard = Guard::default();
        for done_at in [0, 10, 20] {
            guard.remember(1, done_at, 100);
        }
        assert!(guard.is_done(1, 119));
        assert!(!guard.is_done(1, 120));
        assert!(guard.again.is_empty() && guard.done.is_empty());
    }
}
