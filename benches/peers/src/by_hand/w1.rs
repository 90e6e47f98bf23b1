//! M/M/1.

use std::collections::VecDeque;

use super::Agenda;
use crate::Outcome;
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w1::{GAP, SERVICE};

/// The server finishes with the customer at the head of the queue.
pub(super) const DONE: u64 = 0;
/// A customer comes in.
pub(super) const ARRIVE: u64 = 1;

/// Runs the model until `customers` have come and gone.
pub(super) fn run(mut agenda: impl Agenda, customers: u64, seed: u64) -> Outcome {
    let mut sampler = Sampler::new(seed);
    let mut tally = Tally::new();
    // Arrival times of all in the system; the head is the one in service.
    let mut present: VecDeque<u64> = VecDeque::new();
    let mut to_come = customers;
    if to_come > 0 {
        agenda.schedule(sampler.exponential_ns(GAP), ARRIVE);
    }
    while let Some((now, what)) = agenda.next() {
        tally.events += 1;
        if what == ARRIVE {
            to_come -= 1;
            if to_come > 0 {
                agenda.schedule(now + sampler.exponential_ns(GAP), ARRIVE);
            }
            present.push_back(now);
            if present.len() == 1 {
                agenda.schedule(now + sampler.exponential_ns(SERVICE), DONE);
            }
        } else if let Some(born) = present.pop_front() {
            tally.answered(now - born);
            if !present.is_empty() {
                agenda.schedule(now + sampler.exponential_ns(SERVICE), DONE);
            }
        }
    }
    tally.outcome()
}
