//! What Shakedown's speed is measured against: event loops written by hand for
//! one model each, and the same models on two other Rust engines.
//!
//! Everything here runs the same three workloads and reports the same
//! [`Outcome`], so a difference in wall time is a difference in engines and not
//! in what was simulated:
//!
//! - all draw from the same generator and the same ziggurat tables,
//! - all keep latencies in the same integer histogram,
//! - all count events alike: one for each arrival (a retry's included), each
//!   stage completed and each timer that fires while it still matters. A
//!   cancelled timer is no event, whatever it cost to skip.
//!
//! | name | what it is |
//! |---|---|
//! | `h4` | loop for the one model, a 4-ary heap holds every pending event |
//! | `lanes` | the same loop over the best queue for that model |
//! | `shakedown` | this project, from its YAML files, with every metric, blame and the digest on |
//! | `simcore-1` | SimCore 0.1 (DSLab), each model written for it as one component: boxed payloads, one heap, one ordered lane |
//! | `simcore-n` | SimCore 0.1, models composed: a component for each station, messages between them |
//! | `nexosim` | NeXosim 1.0 on one thread: models with mailboxes and ports |

use serde::{Deserialize, Serialize};

mod by_hand;
mod histogram;
mod on_nexosim;
mod on_shakedown;
mod on_simcore;
mod sampler;
mod tally;
mod workload;
mod ziggurat;

pub use workload::{Expectation, Workload};

/// One run to be made: what to simulate and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The model and how much of it to run.
    pub workload: Workload,
    /// Seeds every generator of the run.
    pub seed: u64,
}

/// What a run found, in the form in which implementations are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Customers that left, or requests that were answered or given up.
    pub requests: u64,
    /// State-changing occurrences dispatched (see the crate's documentation).
    pub events: u64,
    /// Mean time from first arrival to reply, exact, over answered requests.
    pub mean_ns: f64,
    /// Median of the same times, interpolated in the histogram.
    pub p50_ns: f64,
    /// 99th percentile of the same times.
    pub p99_ns: f64,
    /// Client timers that fired.
    pub timeouts: u64,
    /// Attempts made after a timeout.
    pub retries: u64,
    /// Requests whose every attempt timed out.
    pub failures: u64,
}

/// A way to run a workload.
pub type Implementation = fn(&Config) -> Outcome;

/// The name of the implementation that ratios are taken to.
pub const BASELINE: &str = "h4";

/// Everything that can be compared; a further engine joins with one line here.
pub const IMPLEMENTATIONS: &[(&str, Implementation)] = &[
    (BASELINE, by_hand::h4),
    ("lanes", by_hand::lanes),
    ("shakedown", on_shakedown::run),
    ("simcore-1", on_simcore::run),
    ("simcore-n", on_simcore::parts::run),
    ("nexosim", on_nexosim::run),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 7;

    fn check(workload: Workload) {
        let config = Config { workload, seed: SEED };
        let baseline = by_hand::h4(&config);
        for (name, run) in IMPLEMENTATIONS {
            let found = run(&config);
            let complaints = workload.expectation().complaints(&found, &baseline);
            assert!(complaints.is_empty(), "{name} on {workload:?}: {complaints:?} in {found:?}");
        }
    }

    #[test]
    fn all_agree_with_theory_on_one_queue() {
        check(Workload::W1 { customers: 200_000 });
    }

    #[test]
    fn all_agree_with_theory_on_the_network() {
        check(Workload::W2 { customers: 50_000 });
    }

    #[test]
    fn all_agree_on_the_web_application() {
        check(Workload::W3 { horizon_s: 60, timeout_ms: 500 });
    }

    #[test]
    fn all_agree_when_timeouts_fire() {
        check(Workload::W3 { horizon_s: 60, timeout_ms: 60 });
    }

    /// The two queues must give the same order, so the runs must be identical:
    /// this is what shows that a lane loses nothing.
    #[test]
    fn lanes_change_nothing_but_speed() {
        for workload in [
            Workload::W1 { customers: 100_000 },
            Workload::W2 { customers: 30_000 },
            Workload::W3 { horizon_s: 30, timeout_ms: 500 },
            Workload::W3 { horizon_s: 30, timeout_ms: 60 },
        ] {
            let config = Config { workload, seed: SEED };
            assert_eq!(by_hand::h4(&config), by_hand::lanes(&config), "{workload:?}");
        }
    }
}
