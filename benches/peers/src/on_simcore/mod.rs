//! The workloads on SimCore 0.1 (DSLab).
//!
//! SimCore's guide recommends direct calls wherever no delay is modelled, so
//! each model is one component whose events are only what takes time; the queues
//! inside are plain data. This is the form that suits the engine best: messages
//! between components at one instant would each go through its heap.

use std::cell::RefCell;
use std::rc::Rc;

use simcore::{EventHandler, Simulation, SimulationContext};

use crate::tally::Tally;
use crate::{Config, Outcome, Workload};

pub(crate) mod parts;
mod w1;
mod w2;
mod w3;

/// A model as one component.
trait Component: EventHandler + Sized + 'static {
    /// Emits the first event.
    fn start(&mut self);
    fn tally(&self) -> &Tally;
}

/// Runs a workload.
pub(crate) fn run(config: &Config) -> Outcome {
    let seed = config.seed;
    match config.workload {
        Workload::W1 { customers } => simulate(seed, |context| w1::Queue::new(context, customers, seed)),
        Workload::W2 { customers } => simulate(seed, |context| w2::Network::new(context, customers, seed)),
        Workload::W3 { horizon_s, timeout_ms } => {
            simulate(seed, |context| w3::Web::new(context, horizon_s, timeout_ms, seed))
        }
    }
}

fn simulate<C: Component>(seed: u64, build: impl FnOnce(SimulationContext) -> C) -> Outcome {
    let mut simulation = Simulation::new(seed);
    let component = Rc::new(RefCell::new(build(simulation.create_context("model"))));
    simulation.add_handler("model", component.clone());
    component.borrow_mut().start();
    simulation.step_until_no_events();
    component.borrow().tally().outcome()
}

/// SimCore's clock counts seconds; latencies are recorded in nanoseconds.
#[inline]
fn nanoseconds(seconds: f64) -> u64 {
    (seconds * crate::workload::SECOND) as u64
}

/// A constant of a workload in SimCore's unit.
const fn seconds(nanoseconds: f64) -> f64 {
    nanoseconds / crate::workload::SECOND
}
