//! Units behind one line.

use std::collections::VecDeque;

use serde::Serialize;
use simcore::{Event, EventHandler, Id, SimulationContext, cast};

use super::{Reply, Work};
use crate::sampler::Sampler;
use crate::workload::{w2, w3};

/// How long work takes, in seconds.
pub(super) enum Law {
    Constant(f64),
    Exponential(f64),
    /// Mean, and standard deviation of the logarithm.
    LogNormal(f64, f64),
}

/// Where work goes from here.
pub(super) enum Next {
    Answer(Id),
    Station(Id),
    /// Answered, or on to another station on a miss.
    Hit {
        client: Id,
        miss: Id,
    },
    /// Leaves, or goes to one of two others.
    Wander {
        client: Id,
        near: Id,
        far: Id,
    },
}

#[derive(Clone, Serialize)]
struct Done {
    attempt: usize,
}

pub(super) struct Station {
    context: SimulationContext,
    sampler: Sampler,
    idle: u32,
    waiting: VecDeque<usize>,
    law: Law,
    next: Next,
    pub(super) completed: u64,
}

impl Station {
    pub(super) fn new(
        context: SimulationContext,
        sampler: Sampler,
        units: u32,
        law: Law,
        next: Next,
    ) -> Self {
        Self { context, sampler, idle: units, waiting: VecDeque::new(), law, next, completed: 0 }
    }

    fn work(&mut self, attempt: usize) {
        let time = match self.law {
            Law::Constant(time) => time,
            Law::Exponential(mean) => self.sampler.exponential() * mean,
            Law::LogNormal(mean, sigma) => self.sampler.lognormal(sigma) * mean,
        };
        self.context.emit_self(Done { attempt }, time);
    }

    fn pass_on(&mut self, attempt: usize) {
        match self.next {
            Next::Answer(client) => self.answer(attempt, client),
            Next::Station(next) => self.send(attempt, next),
            Next::Hit { client, miss } => {
                if self.sampler.unit() < w3::HIT {
                    self.answer(attempt, client);
                } else {
                    self.send(attempt, miss);
                }
            }
            Next::Wander { client, near, far } => {
                let draw = self.sampler.unit();
                if draw < w2::LEAVE {
                    self.answer(attempt, client);
                } else {
                    self.send(attempt, if draw < w2::NEAR { near } else { far });
                }
            }
        }
    }

    fn answer(&self, attempt: usize, client: Id) {
        self.context.emit_now(Reply { attempt }, client);
    }

    fn send(&self, attempt: usize, station: Id) {
        self.context.emit_now(Work { attempt }, station);
    }
}

impl EventHandler for Station {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Work { attempt } => {
                if self.idle > 0 {
                    self.idle -= 1;
                    self.work(attempt);
                } else {
                    self.waiting.push_back(attempt);
                }
            }
            Done { attempt } => {
                self.completed += 1;
                match self.waiting.pop_front() {
                    Some(next) => self.work(next),
                    None => self.idle += 1,
                }
                self.pass_on(attempt);
            }
        })
    }
}
