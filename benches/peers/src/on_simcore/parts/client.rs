//! Those who make the requests.

use serde::Serialize;
use simcore::{Event, EventHandler, EventId, Id, SimulationContext, cast};

use super::{Reply, Work};
use crate::on_simcore::{nanoseconds, seconds};
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w3::{self, RETRIES, backoff};
use crate::workload::{MILLISECOND, SECOND};

/// How much arrives, and how patient it is.
pub(super) struct Demand {
    /// Mean time between arrivals, in seconds.
    gap: f64,
    to_come: u64,
    /// Nothing arrives from then on.
    horizon: f64,
    /// Stations at which requests arrive, uniformly chosen.
    doors: usize,
    /// How long the client waits for an attempt, if not for ever.
    timeout: Option<f64>,
}

impl Demand {
    pub(super) fn customers(to_come: u64, gap: f64, doors: usize) -> Self {
        Self { gap, to_come, horizon: f64::INFINITY, doors, timeout: None }
    }

    pub(super) fn requests(horizon_s: u64, timeout_ms: u64) -> Self {
        Self {
            gap: seconds(w3::GAP),
            to_come: u64::MAX,
            horizon: horizon_s as f64,
            doors: 1,
            timeout: Some(timeout_ms as f64 * MILLISECOND / SECOND),
        }
    }
}

#[derive(Clone, Serialize)]
struct Arrive {}

/// The next attempt at a request is due.
#[derive(Clone, Serialize)]
struct Retry {
    attempt: usize,
}

/// The client has waited long enough for an attempt.
#[derive(Clone, Serialize)]
struct Timeout {
    attempt: usize,
}

/// One attempt at a request, alive until the server is done with it.
struct Attempt {
    /// When the request, not the attempt, was first made.
    born: f64,
    is_wanted: bool,
    timer: Option<EventId>,
    /// Retries made before this attempt.
    retries: u32,
}

pub(super) struct Client {
    context: SimulationContext,
    first: Id,
    sampler: Sampler,
    demand: Demand,
    attempts: Vec<Attempt>,
    unused: Vec<usize>,
    pub(super) tally: Tally,
}

impl Client {
    pub(super) fn new(context: SimulationContext, first: Id, sampler: Sampler) -> Self {
        Self {
            context,
            first,
            sampler,
            demand: Demand::customers(0, 1.0, 1),
            attempts: Vec::new(),
            unused: Vec::new(),
            tally: Tally::new(),
        }
    }

    pub(super) fn start(&mut self, demand: Demand) {
        self.demand = demand;
        self.await_arrival();
    }

    fn await_arrival(&mut self) {
        let delay = self.sampler.exponential() * self.demand.gap;
        if self.demand.to_come > 0 && self.context.time() + delay < self.demand.horizon {
            self.demand.to_come -= 1;
            self.context.emit_self(Arrive {}, delay);
        }
    }

    fn allot(&mut self, born: f64, retries: u32) -> usize {
        let attempt = Attempt { born, is_wanted: true, timer: None, retries };
        if let Some(slot) = self.unused.pop() {
            self.attempts[slot] = attempt;
            return slot;
        }
        self.attempts.push(attempt);
        self.attempts.len() - 1
    }

    fn send(&mut self, attempt: usize) {
        if let Some(timeout) = self.demand.timeout {
            self.attempts[attempt].timer = Some(self.context.emit_self(Timeout { attempt }, timeout));
        }
        let door = match self.demand.doors {
            1 => 0,
            doors => self.sampler.below(doors),
        };
        self.context.emit_now(Work { attempt }, self.first + door as Id);
    }

    /// The server is done with an attempt; the client may not want it any more.
    fn reply(&mut self, slot: usize, now: f64) {
        let attempt = &mut self.attempts[slot];
        if let Some(timer) = attempt.timer.take() {
            self.context.cancel_event(timer);
        }
        if attempt.is_wanted {
            self.tally.answered(nanoseconds(now - attempt.born));
        }
        self.unused.push(slot);
    }

    /// The client gives an attempt up, which the server goes on with.
    fn give_up(&mut self, slot: usize) {
        self.tally.timeouts += 1;
        let attempt = &mut self.attempts[slot];
        (attempt.timer, attempt.is_wanted) = (None, false);
        let (born, retries) = (attempt.born, attempt.retries);
        if retries == RETRIES {
            self.tally.failures += 1;
            return;
        }
        self.tally.retries += 1;
        let delay = backoff(retries, self.sampler.unit()) / SECOND;
        let attempt = self.allot(born, retries + 1);
        self.context.emit_self(Retry { attempt }, delay);
    }
}

impl EventHandler for Client {
    fn on(&mut self, event: Event) {
        let now = event.time;
        cast!(match event.data {
            Reply { attempt } => {
                self.reply(attempt, now);
            }
            Arrive {} => {
                self.tally.events += 1;
                self.await_arrival();
                let attempt = self.allot(now, 0);
                self.send(attempt);
            }
            Timeout { attempt } => {
                self.tally.events += 1;
                self.give_up(attempt);
            }
            Retry { attempt } => {
                self.tally.events += 1;
                self.send(attempt);
            }
        })
    }
}
