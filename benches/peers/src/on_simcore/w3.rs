//! The web application.

use std::collections::VecDeque;

use serde::Serialize;
use simcore::{Event, EventHandler, EventId, SimulationContext, cast};

use super::{Component, nanoseconds, seconds};
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w3::{self, APP_SIGMA, APP_UNITS, DATABASE_UNITS, GATEWAY_UNITS, HIT, RETRIES, backoff};
use crate::workload::{MILLISECOND, SECOND};

const GAP: f64 = seconds(w3::GAP);
const GATEWAY: f64 = seconds(w3::GATEWAY);
const APP: f64 = seconds(w3::APP);
const CACHE: f64 = seconds(w3::CACHE as f64);
const DATABASE: f64 = seconds(w3::DATABASE);

#[derive(Clone, Serialize)]
struct Arrive {}

/// The next attempt at a request is due.
#[derive(Clone, Serialize)]
struct Retry {
    slot: usize,
}

/// The client has waited long enough for an attempt.
#[derive(Clone, Serialize)]
struct Timeout {
    slot: usize,
}

/// A stage ends for an attempt.
#[derive(Clone, Serialize)]
struct Done {
    stage: Stage,
    slot: usize,
}

#[derive(Clone, Copy, Serialize)]
enum Stage {
    Gateway,
    App,
    Database,
    Cache,
}

/// One attempt at a request, alive until the server is done with it.
struct Attempt {
    /// When the request, not the attempt, was first made.
    born: f64,
    /// The client's pending timer; none once it has given up.
    timer: Option<EventId>,
    /// Retries made before this attempt.
    retries: u32,
}

struct Pool {
    idle: u32,
    waiting: VecDeque<usize>,
}

pub(super) struct Web {
    context: SimulationContext,
    sampler: Sampler,
    tally: Tally,
    attempts: Vec<Attempt>,
    unused: Vec<usize>,
    /// By [`Stage`]; the cache has none, because nothing waits for it.
    pools: [Pool; 3],
    timeout: f64,
    horizon: f64,
}

impl Web {
    pub(super) fn new(context: SimulationContext, horizon_s: u64, timeout_ms: u64, seed: u64) -> Self {
        Self {
            context,
            sampler: Sampler::new(seed),
            tally: Tally::new(),
            attempts: Vec::new(),
            unused: Vec::new(),
            pools: [GATEWAY_UNITS, APP_UNITS, DATABASE_UNITS]
                .map(|idle| Pool { idle, waiting: VecDeque::new() }),
            timeout: timeout_ms as f64 * MILLISECOND / SECOND,
            horizon: horizon_s as f64,
        }
    }

    fn await_arrival(&mut self) {
        let delay = self.sampler.exponential() * GAP;
        if self.context.time() + delay < self.horizon {
            self.context.emit_self(Arrive {}, delay);
        }
    }

    fn allot(&mut self, born: f64, retries: u32) -> usize {
        let attempt = Attempt { born, timer: None, retries };
        if let Some(slot) = self.unused.pop() {
            self.attempts[slot] = attempt;
            return slot;
        }
        self.attempts.push(attempt);
        self.attempts.len() - 1
    }

    /// The client sends an attempt. All its timers have one delay, so they go
    /// through SimCore's queue of ordered events instead of its heap.
    fn send(&mut self, slot: usize) {
        self.attempts[slot].timer = Some(self.context.emit_ordered_self(Timeout { slot }, self.timeout));
        self.enter(Stage::Gateway, slot);
    }

    fn enter(&mut self, stage: Stage, slot: usize) {
        let pool = &mut self.pools[stage as usize];
        if pool.idle > 0 {
            pool.idle -= 1;
            self.work(stage, slot);
        } else {
            pool.waiting.push_back(slot);
        }
    }

    /// A unit falls free and goes to the next in line.
    fn leave(&mut self, stage: Stage) {
        let pool = &mut self.pools[stage as usize];
        match pool.waiting.pop_front() {
            Some(slot) => self.work(stage, slot),
            None => pool.idle += 1,
        }
    }

    fn work(&mut self, stage: Stage, slot: usize) {
        let delay = match stage {
            Stage::Gateway => self.sampler.exponential() * GATEWAY,
            Stage::App => self.sampler.lognormal(APP_SIGMA) * APP,
            Stage::Database => self.sampler.exponential() * DATABASE,
            Stage::Cache => CACHE,
        };
        self.context.emit_self(Done { stage, slot }, delay);
    }

    fn done(&mut self, stage: Stage, slot: usize, now: f64) {
        match stage {
            Stage::Gateway => {
                self.leave(stage);
                self.enter(Stage::App, slot);
            }
            Stage::App => {
                self.leave(stage);
                self.work(Stage::Cache, slot);
            }
            Stage::Cache if self.sampler.unit() < HIT => self.reply(slot, now),
            Stage::Cache => self.enter(Stage::Database, slot),
            Stage::Database => {
                self.leave(stage);
                self.reply(slot, now);
            }
        }
    }

    /// The server is done with an attempt; the client may not want it any more.
    fn reply(&mut self, slot: usize, now: f64) {
        let attempt = &mut self.attempts[slot];
        if let Some(timer) = attempt.timer.take() {
            self.context.cancel_event(timer);
            self.tally.answered(nanoseconds(now - attempt.born));
        }
        self.unused.push(slot);
    }

    /// The client gives an attempt up, which the server goes on with.
    fn give_up(&mut self, slot: usize) {
        self.tally.timeouts += 1;
        self.attempts[slot].timer = None;
        let Attempt { born, retries, .. } = self.attempts[slot];
        if retries == RETRIES {
            self.tally.failures += 1;
            return;
        }
        self.tally.retries += 1;
        let delay = backoff(retries, self.sampler.unit()) / SECOND;
        let slot = self.allot(born, retries + 1);
        self.context.emit_self(Retry { slot }, delay);
    }
}

impl EventHandler for Web {
    fn on(&mut self, event: Event) {
        self.tally.events += 1;
        let now = event.time;
        cast!(match event.data {
            Done { stage, slot } => {
                self.done(stage, slot, now);
            }
            Arrive {} => {
                self.await_arrival();
                let slot = self.allot(now, 0);
                self.send(slot);
            }
            Timeout { slot } => {
                self.give_up(slot);
            }
            Retry { slot } => {
                self.send(slot);
            }
        })
    }
}

impl Component for Web {
    fn start(&mut self) {
        self.await_arrival();
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}
