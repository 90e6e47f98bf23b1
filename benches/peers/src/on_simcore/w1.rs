//! M/M/1.

use std::collections::VecDeque;

use serde::Serialize;
use simcore::{Event, EventHandler, SimulationContext, cast};

use super::{Component, nanoseconds, seconds};
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w1;

const GAP: f64 = seconds(w1::GAP);
const SERVICE: f64 = seconds(w1::SERVICE);

#[derive(Clone, Serialize)]
struct Arrive {}

#[derive(Clone, Serialize)]
struct Done {}

pub(super) struct Queue {
    context: SimulationContext,
    sampler: Sampler,
    tally: Tally,
    /// Arrival times of all in the system; the head is the one in service.
    present: VecDeque<f64>,
    to_come: u64,
}

impl Queue {
    pub(super) fn new(context: SimulationContext, customers: u64, seed: u64) -> Self {
        Self {
            context,
            sampler: Sampler::new(seed),
            tally: Tally::new(),
            present: VecDeque::new(),
            to_come: customers,
        }
    }

    fn await_arrival(&mut self) {
        if self.to_come > 0 {
            self.to_come -= 1;
            self.context.emit_self(Arrive {}, self.sampler.exponential() * GAP);
        }
    }

    fn serve(&mut self) {
        self.context.emit_self(Done {}, self.sampler.exponential() * SERVICE);
    }
}

impl EventHandler for Queue {
    fn on(&mut self, event: Event) {
        self.tally.events += 1;
        let now = event.time;
        cast!(match event.data {
            Arrive {} => {
                self.await_arrival();
                self.present.push_back(now);
                if self.present.len() == 1 {
                    self.serve();
                }
            }
            Done {} => {
                if let Some(born) = self.present.pop_front() {
                    self.tally.answered(nanoseconds(now - born));
                }
                if !self.present.is_empty() {
                    self.serve();
                }
            }
        })
    }
}

impl Component for Queue {
    fn start(&mut self) {
        self.await_arrival();
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}
