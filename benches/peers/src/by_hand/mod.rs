//! Event loops written for one model each.
//!
//! Each model's loop is written once, over an [`Agenda`], and compiled twice:
//! with a heap and with the best queue for that model. So the two differ in the
//! queue alone, and nothing is dispatched at run time.

use crate::{Config, Outcome, Workload};

mod heap;
mod lanes;
mod w1;
mod w2;
mod w3;

use heap::Heap4;

/// The pending events of a loop, earliest first.
///
/// `what` is the model's own code for an event; among events of one instant the
/// smaller code comes first.
trait Agenda {
    fn schedule(&mut self, at: u64, what: u64);
    fn next(&mut self) -> Option<(u64, u64)>;
}

/// Runs a workload with a 4-ary heap.
pub(crate) fn h4(config: &Config) -> Outcome {
    match config.workload {
        Workload::W1 { customers } => w1::run(Heap4::new(), customers, config.seed),
        Workload::W2 { customers } => w2::run(Heap4::new(), customers, config.seed),
        Workload::W3 { horizon_s, timeout_ms } => w3::run(Heap4::new(), horizon_s, timeout_ms, config.seed),
    }
}

/// Runs a workload with the best queue for it.
pub(crate) fn lanes(config: &Config) -> Outcome {
    match config.workload {
        Workload::W1 { customers } => w1::run(lanes::Pair::new(), customers, config.seed),
        Workload::W2 { customers } => w2::run(lanes::Servers::new(), customers, config.seed),
        Workload::W3 { horizon_s, timeout_ms } => {
            w3::run(lanes::Web::new(), horizon_s, timeout_ms, config.seed)
        }
    }
}
