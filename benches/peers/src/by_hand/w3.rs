//! The web application.

use std::collections::VecDeque;

use super::Agenda;
use crate::Outcome;
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::MILLISECOND;
use crate::workload::SECOND;
use crate::workload::w3::{
    APP, APP_SIGMA, APP_UNITS, CACHE, DATABASE, DATABASE_UNITS, GAP, GATEWAY, GATEWAY_UNITS, HIT, RETRIES,
    backoff,
};

/// Kinds of event. The first three are also the indices of their stages.
pub(super) mod kind {
    pub(in super::super) const GATEWAY: u64 = 0;
    pub(in super::super) const APP: u64 = 1;
    pub(in super::super) const DATABASE: u64 = 2;
    pub(in super::super) const CACHE: u64 = 3;
    pub(in super::super) const TIMER: u64 = 4;
    pub(in super::super) const ARRIVE: u64 = 5;
    pub(in super::super) const RETRY: u64 = 6;
}

/// An event's code: a sequence number that breaks ties and tells one timer from
/// every other, then the kind, then the attempt's slot.
const SLOT_BITS: u32 = 21;
const KIND_BITS: u32 = 3;

/// The kind within an event's code.
#[inline]
pub(super) fn kind_of(what: u64) -> u64 {
    (what >> SLOT_BITS) & ((1 << KIND_BITS) - 1)
}

#[inline]
fn slot_of(what: u64) -> usize {
    (what & ((1 << SLOT_BITS) - 1)) as usize
}

/// One attempt at a request, alive until the server is done with it.
#[derive(Clone, Copy)]
struct Attempt {
    /// When the request, not the attempt, was first made.
    born: u64,
    /// The code of the client's pending timer; none once it has given up.
    timer: Option<u64>,
    /// Retries made before this attempt.
    retries: u32,
}

/// A pool of units and those waiting for one.
struct Stage {
    idle: u32,
    waiting: VecDeque<usize>,
}

/// The state of clients and servers.
struct Web<A> {
    agenda: A,
    sampler: Sampler,
    tally: Tally,
    attempts: Vec<Attempt>,
    unused: Vec<usize>,
    stages: [Stage; 3],
    sequence: u64,
    timeout: u64,
    horizon: u64,
}

impl<A: Agenda> Web<A> {
    #[inline]
    fn schedule(&mut self, at: u64, kind: u64, slot: usize) -> u64 {
        self.sequence += 1;
        let what = self.sequence << (SLOT_BITS + KIND_BITS) | kind << SLOT_BITS | slot as u64;
        self.agenda.schedule(at, what);
        what
    }

    /// Dispatches one event.
    #[inline]
    fn dispatch(&mut self, now: u64, what: u64) {
        let slot = slot_of(what);
        let kind = kind_of(what);
        // A timer that was cancelled is no event; it was left where it lay.
        if kind == kind::TIMER && self.attempts[slot].timer != Some(what) {
            return;
        }
        self.tally.events += 1;
        match kind {
            kind::GATEWAY => {
                self.leave(now, kind::GATEWAY);
                self.enter(now, kind::APP, slot);
            }
            kind::APP => {
                self.leave(now, kind::APP);
                self.schedule(now + CACHE, kind::CACHE, slot);
            }
            kind::CACHE if self.sampler.unit() < HIT => self.reply(now, slot),
            kind::CACHE => self.enter(now, kind::DATABASE, slot),
            kind::DATABASE => {
                self.leave(now, kind::DATABASE);
                self.reply(now, slot);
            }
            kind::TIMER => self.give_up(now, slot),
            kind::ARRIVE => self.arrive(now),
            _ => self.send(now, slot),
        }
    }

    /// A new request comes in, and the next one is drawn.
    #[inline]
    fn arrive(&mut self, now: u64) {
        self.await_arrival(now);
        let slot = self.allot(now, 0);
        self.send(now, slot);
    }

    #[inline]
    fn await_arrival(&mut self, now: u64) {
        let at = now + self.sampler.exponential_ns(GAP);
        if at < self.horizon {
            self.schedule(at, kind::ARRIVE, 0);
        }
    }

    #[inline]
    fn allot(&mut self, born: u64, retries: u32) -> usize {
        let attempt = Attempt { born, timer: None, retries };
        if let Some(slot) = self.unused.pop() {
            self.attempts[slot] = attempt;
            return slot;
        }
        assert!(
            self.attempts.len() < 1 << SLOT_BITS,
            "more attempts in flight than an event's code can name"
        );
        self.attempts.push(attempt);
        self.attempts.len() - 1
    }

    /// The client sends an attempt and sets its timer.
    #[inline]
    fn send(&mut self, now: u64, slot: usize) {
        self.attempts[slot].timer = Some(self.schedule(now + self.timeout, kind::TIMER, slot));
        self.enter(now, kind::GATEWAY, slot);
    }

    #[inline]
    fn enter(&mut self, now: u64, stage: u64, slot: usize) {
        let pool = &mut self.stages[stage as usize];
        if pool.idle > 0 {
            pool.idle -= 1;
            self.work(now, stage, slot);
        } else {
            pool.waiting.push_back(slot);
        }
    }

    /// A unit falls free and goes to the next in line.
    #[inline]
    fn leave(&mut self, now: u64, stage: u64) {
        let pool = &mut self.stages[stage as usize];
        match pool.waiting.pop_front() {
            Some(slot) => self.work(now, stage, slot),
            None => pool.idle += 1,
        }
    }

    #[inline]
    fn work(&mut self, now: u64, stage: u64, slot: usize) {
        let duration = match stage {
            kind::GATEWAY => self.sampler.exponential_ns(GATEWAY),
            kind::APP => self.sampler.lognormal_ns(APP, APP_SIGMA),
            _ => self.sampler.exponential_ns(DATABASE),
        };
        self.schedule(now + duration, stage, slot);
    }

    /// The server is done with an attempt; the client may not want it any more.
    #[inline]
    fn reply(&mut self, now: u64, slot: usize) {
        let attempt = &mut self.attempts[slot];
        if attempt.timer.take().is_some() {
            self.tally.answered(now - attempt.born);
        }
        self.unused.push(slot);
    }

    /// The client gives an attempt up, which the server goes on with, and tries
    /// again or fails.
    #[cold]
    fn give_up(&mut self, now: u64, slot: usize) {
        self.tally.timeouts += 1;
        self.attempts[slot].timer = None;
        let Attempt { born, retries, .. } = self.attempts[slot];
        if retries == RETRIES {
            self.tally.failures += 1;
            return;
        }
        self.tally.retries += 1;
        let at = now + backoff(retries, self.sampler.unit()) as u64;
        let next = self.allot(born, retries + 1);
        self.schedule(at, kind::RETRY, next);
    }
}

/// Runs the model until all requests that arrived in `horizon_s` are done with.
pub(super) fn run(agenda: impl Agenda, horizon_s: u64, timeout_ms: u64, seed: u64) -> Outcome {
    let stage = |idle| Stage { idle, waiting: VecDeque::new() };
    let mut web = Web {
        agenda,
        sampler: Sampler::new(seed),
        tally: Tally::new(),
        attempts: Vec::new(),
        unused: Vec::new(),
        stages: [stage(GATEWAY_UNITS), stage(APP_UNITS), stage(DATABASE_UNITS)],
        sequence: 0,
        timeout: timeout_ms * MILLISECOND as u64,
        horizon: horizon_s * SECOND as u64,
    };
    web.await_arrival(0);
    while let Some((now, what)) = web.agenda.next() {
        web.dispatch(now, what);
    }
    web.tally.outcome()
}
