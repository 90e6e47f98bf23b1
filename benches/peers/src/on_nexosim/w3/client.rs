//! The clients: arrivals, timers and retries.

use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::EventKey;
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use super::Attempt;
use crate::on_nexosim::{POSITIVE, START, nanoseconds};
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w3::{GAP, RETRIES, backoff};

/// A request that has not been answered.
#[derive(Serialize, Deserialize)]
struct Request {
    born: MonotonicTime,
    timer: Option<EventKey>,
    /// Rises with each attempt given up and each reuse of the slot.
    generation: u32,
    retries: u32,
}

/// All clients.
#[derive(Serialize, Deserialize)]
pub(super) struct Client {
    pub(super) requests: Output<Attempt>,
    sampler: Sampler,
    tally: Tally,
    open: Vec<Request>,
    unused: Vec<u32>,
    timeout: Duration,
    horizon: MonotonicTime,
}

#[Model]
impl Client {
    pub(super) fn new(horizon_s: u64, timeout_ms: u64, sampler: Sampler) -> Self {
        Self {
            requests: Output::new(),
            sampler,
            tally: Tally::new(),
            open: Vec::new(),
            unused: Vec::new(),
            timeout: Duration::from_millis(timeout_ms),
            horizon: START + Duration::from_secs(horizon_s),
        }
    }

    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        self.await_arrival(context);
    }

    fn await_arrival(&mut self, context: &Context<Self>) {
        let at = context.time() + Duration::from_nanos(self.sampler.exponential_ns(GAP));
        if at < self.horizon {
            context.schedule_event(at, schedulable!(Self::arrive), ()).expect(POSITIVE);
        }
    }

    #[nexosim(schedulable)]
    async fn arrive(&mut self, _: (), context: &Context<Self>) {
        self.await_arrival(context);
        let born = context.time();
        let slot = if let Some(slot) = self.unused.pop() {
            let request = &mut self.open[slot as usize];
            request.born = born;
            request.retries = 0;
            slot
        } else {
            self.open.push(Request { born, timer: None, generation: 0, retries: 0 });
            (self.open.len() - 1) as u32
        };
        self.send(slot, context).await;
    }

    /// Sends an attempt and sets its timer.
    #[nexosim(schedulable)]
    async fn send(&mut self, slot: u32, context: &Context<Self>) {
        self.tally.events += 1;
        let timer = context.schedule_keyed_event(self.timeout, schedulable!(Self::give_up), slot);
        let request = &mut self.open[slot as usize];
        request.timer = Some(timer.expect(POSITIVE));
        self.requests.send(Attempt { slot, generation: request.generation }).await;
    }

    /// The server is done with an attempt, which may have been given up.
    pub(super) fn reply(&mut self, attempt: Attempt, context: &Context<Self>) {
        let request = &mut self.open[attempt.slot as usize];
        if request.generation != attempt.generation {
            return;
        }
        if let Some(timer) = request.timer.take() {
            timer.cancel();
        }
        self.tally.answered(nanoseconds(request.born, context.time()));
        self.close(attempt.slot);
    }

    fn close(&mut self, slot: u32) {
        let request = &mut self.open[slot as usize];
        request.generation = request.generation.wrapping_add(1);
        self.unused.push(slot);
    }

    /// An attempt has taken too long; the server goes on with it.
    #[nexosim(schedulable)]
    fn give_up(&mut self, slot: u32, context: &Context<Self>) {
        self.tally.events += 1;
        self.tally.timeouts += 1;
        let request = &mut self.open[slot as usize];
        request.timer = None;
        if request.retries == RETRIES {
            self.tally.failures += 1;
            self.close(slot);
            return;
        }
        self.tally.retries += 1;
        let delay = Duration::from_nanos(backoff(request.retries, self.sampler.unit()) as u64);
        request.generation = request.generation.wrapping_add(1);
        request.retries += 1;
        context.schedule_event(delay, schedulable!(Self::send), slot).expect(POSITIVE);
    }

    pub(super) async fn tally(&mut self) -> Tally {
        self.tally.clone()
    }
}
