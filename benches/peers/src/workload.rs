//! The three models, their constants and what their results must be.

use crate::Outcome;

/// A model and how much of it to run.
///
/// Arrivals stop at the stated amount and what is in flight is then drained, so
/// every request that arrived is also counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// M/M/1 at 80 % load; one unit of time is one second.
    W1 {
        /// How many customers arrive.
        customers: u64,
    },
    /// Ten stations of four servers with random routing, each 70 % loaded.
    W2 {
        /// How many customers arrive from outside.
        customers: u64,
    },
    /// A web application: gateway, app, cache and database behind a client that
    /// sets a timeout for each attempt and retries twice.
    W3 {
        /// For how many seconds requests arrive.
        horizon_s: u64,
        /// How long the client waits for an attempt.
        timeout_ms: u64,
    },
}

/// One second in the clock's unit.
pub(crate) const SECOND: f64 = 1e9;
/// One millisecond in the clock's unit.
pub(crate) const MILLISECOND: f64 = 1e6;

/// Constants of W1.
pub(crate) mod w1 {
    use super::SECOND;
    /// Mean time between arrivals (rate 0.8).
    pub(crate) const GAP: f64 = SECOND / 0.8;
    /// Mean service time.
    pub(crate) const SERVICE: f64 = SECOND;
}

/// Constants of W2.
pub(crate) mod w2 {
    use super::SECOND;
    /// Stations in the ring.
    pub(crate) const STATIONS: usize = 10;
    /// Servers at each station.
    pub(crate) const SERVERS: usize = 4;
    /// Mean time between arrivals from outside (rate 2.8).
    pub(crate) const GAP: f64 = SECOND / 2.8;
    /// Mean service time.
    pub(crate) const SERVICE: f64 = SECOND;
    /// Below this uniform draw the customer leaves.
    pub(crate) const LEAVE: f64 = 0.1;
    /// Below this one (and not leaving) it goes one station on, else three.
    pub(crate) const NEAR: f64 = 0.55;
    /// The shorter of the two hops.
    pub(crate) const NEAR_HOP: usize = 1;
    /// The longer of the two hops.
    pub(crate) const FAR_HOP: usize = 3;
}

/// Constants of W3.
pub(crate) mod w3 {
    use super::{MILLISECOND, SECOND};
    /// Mean time between requests (1000 per second).
    pub(crate) const GAP: f64 = SECOND / 1000.0;
    /// Units of the gateway.
    pub(crate) const GATEWAY_UNITS: u32 = 16;
    /// Mean work of the gateway.
    pub(crate) const GATEWAY: f64 = 2.0 * MILLISECOND;
    /// Units of the app.
    pub(crate) const APP_UNITS: u32 = 40;
    /// Mean work of the app, which is lognormal.
    pub(crate) const APP: f64 = 20.0 * MILLISECOND;
    /// Standard deviation of the logarithm of the app's work.
    pub(crate) const APP_SIGMA: f64 = 0.6;
    /// Time of a cache look-up, constant and without a limit on concurrency.
    pub(crate) const CACHE: u64 = 1_000_000;
    /// Chance that the cache has the answer.
    pub(crate) const HIT: f64 = 0.8;
    /// Units of the database.
    pub(crate) const DATABASE_UNITS: u32 = 20;
    /// Mean work of the database.
    pub(crate) const DATABASE: f64 = 8.0 * MILLISECOND;
    /// Retries after the first attempt.
    pub(crate) const RETRIES: u32 = 2;
    /// Base of the back-off, doubled for each further retry.
    pub(crate) const BACKOFF: f64 = 100.0 * MILLISECOND;

    /// The back-off before retry number `retry` (from 0) with a uniform draw.
    pub(crate) fn backoff(retry: u32, unit: f64) -> f64 {
        BACKOFF * f64::from(1_u32 << retry) * (0.5 + unit)
    }
}

/// What a workload's results must be, and how far a run of its length may stray.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    mean_ns: Option<f64>,
    p50_ns: Option<f64>,
    p99_ns: Option<f64>,
    timeouts_per_1000: f64,
    /// Allowed relative error of the mean and, wider, of the 99th percentile.
    slack: (f64, f64),
}

impl Workload {
    /// The four cases of the tables, at full length or a twentieth of it.
    pub fn named(name: &str, smoke: bool) -> Option<Self> {
        let part = if smoke { 20 } else { 1 };
        Some(match name {
            "w1" => Self::W1 { customers: 2_000_000 / part },
            "w2" => Self::W2 { customers: 500_000 / part },
            "w3" => Self::W3 { horizon_s: 600 / part, timeout_ms: 500 },
            "w3t" => Self::W3 { horizon_s: 600 / part, timeout_ms: 60 },
            _ => return None,
        })
    }

    /// What is known of the results: theory for W1 and W2, long runs for W3.
    ///
    /// The slack is about four standard errors at full length, and grows with
    /// the root of how much shorter the run is.
    pub fn expectation(&self) -> Expectation {
        let (share, slack) = match *self {
            Self::W1 { customers } => (customers as f64 / 2e6, (0.025, 0.07)),
            Self::W2 { customers } => (customers as f64 / 5e5, (0.015, 0.02)),
            Self::W3 { horizon_s, .. } => (horizon_s as f64 / 600.0, (0.006, 0.015)),
        };
        let wider = (1.0 / share).max(1.0).sqrt();
        let slack = (slack.0 * wider, slack.1 * wider);
        let (mean_ns, p50_ns, p99_ns) = match *self {
            Self::W1 { .. } => (Some(5.0 * SECOND), Some(5.0 * SECOND * 2_f64.ln()), Some(23.026 * SECOND)),
            Self::W2 { .. } => (Some(13.5721 * SECOND), None, None),
            Self::W3 { timeout_ms: 500, .. } => {
                (Some(24.60 * MILLISECOND), Some(21.22 * MILLISECOND), Some(74.25 * MILLISECOND))
            }
            Self::W3 { .. } => (None, None, None),
        };
        let timeouts_per_1000 = match *self {
            Self::W3 { timeout_ms: 60, .. } => 27.0,
            _ => 0.0,
        };
        Expectation { mean_ns, p50_ns, p99_ns, timeouts_per_1000, slack }
    }
}

impl Expectation {
    /// Everything in which `found` differs from theory or from another
    /// implementation's `baseline` by more than chance explains.
    pub fn complaints(&self, found: &Outcome, baseline: &Outcome) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut near = |what: &str, found: f64, wanted: f64, slack: f64| {
            // Stated so that a NaN, from a run that answered nothing, complains.
            let fits = (found - wanted).abs() <= wanted * slack;
            if !fits {
                complaints
                    .push(format!("{what} is {found:.4e}, not {wanted:.4e} within {:.1} %", slack * 1e2));
            }
        };
        let (narrow, wide) = self.slack;
        // Both sides of a comparison between runs err, hence the factor.
        let both = 2_f64.sqrt();
        near("mean", found.mean_ns, self.mean_ns.unwrap_or(baseline.mean_ns), narrow * both);
        near("p50", found.p50_ns, self.p50_ns.unwrap_or(baseline.p50_ns), wide * both);
        near("p99", found.p99_ns, self.p99_ns.unwrap_or(baseline.p99_ns), wide * both);
        near("requests", found.requests as f64, baseline.requests as f64, narrow * both);
        near(
            "events per request",
            found.events as f64 / found.requests as f64,
            baseline.events as f64 / baseline.requests as f64,
            narrow * both,
        );
        // Timeouts are rare, so their count is far noisier than any mean.
        let per_1000 = found.timeouts as f64 * 1e3 / found.requests as f64;
        near("timeouts per 1000", per_1000, self.timeouts_per_1000, 10.0 * narrow);
        if found.retries + found.failures != found.timeouts {
            complaints.push(format!("timeouts, retries and failures do not add up in {found:?}"));
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right() -> Outcome {
        Outcome {
            requests: 600_000,
            events: 2_520_000,
            mean_ns: 24.6 * MILLISECOND,
            p50_ns: 21.2 * MILLISECOND,
            p99_ns: 74.2 * MILLISECOND,
            ..Outcome::default()
        }
    }

    #[test]
    fn each_difference_is_complained_of() {
        let expectation = Workload::W3 { horizon_s: 600, timeout_ms: 500 }.expectation();
        assert_eq!(expectation.complaints(&right(), &right()), Vec::<String>::new());
        for wrong in [
            Outcome { mean_ns: 25.0 * MILLISECOND, ..right() },
            Outcome { p50_ns: 20.0 * MILLISECOND, ..right() },
            Outcome { p99_ns: 80.0 * MILLISECOND, ..right() },
            Outcome { requests: 500_000, ..right() },
            Outcome { events: 3_120_000, ..right() },
            Outcome { timeouts: 1, retries: 1, ..right() },
            Outcome { failures: 1, ..right() },
            Outcome { mean_ns: f64::NAN, ..right() },
        ] {
            assert!(!expectation.complaints(&wrong, &right()).is_empty(), "{wrong:?}");
        }
    }
}
