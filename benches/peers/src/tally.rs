//! What every implementation counts while it runs.

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::histogram::Histogram;

/// Counters and latencies of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tally {
    latencies: Histogram,
    sum_ns: u64,
    pub(crate) events: u64,
    pub(crate) timeouts: u64,
    pub(crate) retries: u64,
    pub(crate) failures: u64,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { latencies: Histogram::new(), sum_ns: 0, events: 0, timeouts: 0, retries: 0, failures: 0 }
    }

    /// Notes a request that was answered after `ns`.
    #[inline]
    pub(crate) fn answered(&mut self, ns: u64) {
        self.sum_ns += ns;
        self.latencies.record(ns);
    }

    /// The run's results.
    pub(crate) fn outcome(&self) -> Outcome {
        let answered = self.latencies.total();
        Outcome {
            requests: answered + self.failures,
            events: self.events,
            mean_ns: self.sum_ns as f64 / answered as f64,
            p50_ns: self.latencies.quantile(0.5),
            p99_ns: self.latencies.quantile(0.99),
            timeouts: self.timeouts,
            retries: self.retries,
            failures: self.failures,
        }
    }
}
