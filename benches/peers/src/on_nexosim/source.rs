//! Where the customers of W1 and W2 come from.

use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use super::POSITIVE;
use crate::sampler::Sampler;

/// Sends each customer, which is its time of arrival, to one of its outputs.
#[derive(Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) outputs: Vec<Output<MonotonicTime>>,
    sampler: Sampler,
    gap: f64,
    to_come: u64,
    arrived: u64,
}

#[Model]
impl Source {
    pub(super) fn new(outputs: usize, gap: f64, customers: u64, sampler: Sampler) -> Self {
        let outputs = (0..outputs).map(|_| Output::new()).collect();
        Self { outputs, sampler, gap, to_come: customers, arrived: 0 }
    }

    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        self.await_arrival(context);
    }

    fn await_arrival(&mut self, context: &Context<Self>) {
        if self.to_come > 0 {
            self.to_come -= 1;
            let gap = Duration::from_nanos(self.sampler.exponential_ns(self.gap));
            context.schedule_event(gap, schedulable!(Self::arrive), ()).expect(POSITIVE);
        }
    }

    #[nexosim(schedulable)]
    async fn arrive(&mut self, _: (), context: &Context<Self>) {
        self.arrived += 1;
        self.await_arrival(context);
        let chosen = self.sampler.below(self.outputs.len());
        self.outputs[chosen].send(context.time()).await;
    }

    /// Replies with the number of arrivals.
    pub(super) async fn events(&mut self) -> u64 {
        self.arrived
    }
}
