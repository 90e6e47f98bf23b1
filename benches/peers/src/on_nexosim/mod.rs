//! The workloads on NeXosim 1.0, on one thread (more only slow such small
//! events down).
//!
//! NeXosim is built of models that own their state and send each other messages
//! through ports, so here each queue is a model of its own, as its guide shows;
//! what takes time is an event that a model schedules on itself.

use std::time::Duration;

use nexosim::simulation::{QueryId, SimInit, Simulation, SimulationError};
use nexosim::time::MonotonicTime;

use crate::tally::Tally;
use crate::{Config, Outcome, Workload};

mod source;
mod w1;
mod w2;
mod w3;

/// Runs a workload.
pub(crate) fn run(config: &Config) -> Outcome {
    let seed = config.seed;
    let outcome = match config.workload {
        Workload::W1 { customers } => w1::run(customers, seed),
        Workload::W2 { customers } => w2::run(customers, seed),
        Workload::W3 { horizon_s, timeout_ms } => w3::run(horizon_s, timeout_ms, seed),
    };
    outcome.expect("the bench is well connected and no model panics")
}

/// When every run begins.
const START: MonotonicTime = MonotonicTime::EPOCH;

/// Why scheduling cannot fail: all delays are at least a nanosecond.
const POSITIVE: &str = "every delay is positive";

/// What there is to ask when a run is over.
struct Questions {
    tally: QueryId<(), Tally>,
    /// Events counted by models that keep no tally.
    events: Vec<QueryId<(), u64>>,
}

/// Runs a bench until nothing is left to happen, and asks for the results.
fn conclude(bench: SimInit, questions: &Questions) -> Result<Outcome, SimulationError> {
    let mut simulation: Simulation = bench.init(START)?;
    simulation.run()?;
    let mut tally = simulation.process_query(&questions.tally, ())?;
    for question in &questions.events {
        tally.events += simulation.process_query(question, ())?;
    }
    Ok(tally.outcome())
}

/// The time between two moments, for the histogram.
#[inline]
fn nanoseconds(from: MonotonicTime, to: MonotonicTime) -> u64 {
    let span: Duration = to.duration_since(from);
    span.as_nanos() as u64
}
