//! What an attempt passes through on the server.

use std::collections::VecDeque;
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use serde::{Deserialize, Serialize};

use super::Attempt;
use crate::on_nexosim::POSITIVE;
use crate::sampler::Sampler;
use crate::workload::w3::{CACHE, HIT};

/// How long a stage works on an attempt.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum Work {
    /// Exponential with this mean.
    Exponential(f64),
    /// Lognormal with this mean and deviation of the logarithm.
    Lognormal(f64, f64),
}

/// A pool of units and those waiting for one.
#[derive(Serialize, Deserialize)]
pub(super) struct Stage {
    pub(super) output: Output<Attempt>,
    sampler: Sampler,
    work: Work,
    idle: u32,
    waiting: VecDeque<Attempt>,
    completed: u64,
}

#[Model]
impl Stage {
    pub(super) fn new(idle: u32, work: Work, sampler: Sampler) -> Self {
        Self { output: Output::new(), sampler, work, idle, waiting: VecDeque::new(), completed: 0 }
    }

    pub(super) fn enter(&mut self, attempt: Attempt, context: &Context<Self>) {
        if self.idle == 0 {
            self.waiting.push_back(attempt);
        } else {
            self.idle -= 1;
            self.begin(attempt, context);
        }
    }

    fn begin(&mut self, attempt: Attempt, context: &Context<Self>) {
        let nanoseconds = match self.work {
            Work::Exponential(mean) => self.sampler.exponential_ns(mean),
            Work::Lognormal(mean, sigma) => self.sampler.lognormal_ns(mean, sigma),
        };
        let work = Duration::from_nanos(nanoseconds);
        context.schedule_event(work, schedulable!(Self::done), attempt).expect(POSITIVE);
    }

    #[nexosim(schedulable)]
    async fn done(&mut self, attempt: Attempt, context: &Context<Self>) {
        self.completed += 1;
        match self.waiting.pop_front() {
            Some(next) => self.begin(next, context),
            None => self.idle += 1,
        }
        self.output.send(attempt).await;
    }

    pub(super) async fn events(&mut self) -> u64 {
        self.completed
    }
}

/// A cache, which any number of attempts may look up at once.
#[derive(Serialize, Deserialize)]
pub(super) struct Cache {
    pub(super) hit: Output<Attempt>,
    pub(super) miss: Output<Attempt>,
    sampler: Sampler,
    completed: u64,
}

#[Model]
impl Cache {
    pub(super) fn new(sampler: Sampler) -> Self {
        Self { hit: Output::new(), miss: Output::new(), sampler, completed: 0 }
    }

    pub(super) fn look_up(&mut self, attempt: Attempt, context: &Context<Self>) {
        let delay = Duration::from_nanos(CACHE);
        context.schedule_event(delay, schedulable!(Self::found), attempt).expect(POSITIVE);
    }

    #[nexosim(schedulable)]
    async fn found(&mut self, attempt: Attempt) {
        self.completed += 1;
        if self.sampler.unit() < HIT {
            self.hit.send(attempt).await;
        } else {
            self.miss.send(attempt).await;
        }
    }

    pub(super) async fn events(&mut self) -> u64 {
        self.completed
    }
}
