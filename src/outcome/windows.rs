//! Values over time.

use crate::units::{SimSpan, SimTime};
use serde::{Deserialize, Serialize};

/// Values over time, one per window.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Windows {
    /// Width of a window.
    pub width: SimSpan,
    /// Start of each window; the warm-up is included.
    pub start: Vec<SimTime>,
    /// By workload and journey, in the order of [`super::Outcome::traffic`].
    pub traffic: Vec<TrafficWindows>,
    /// In the order of [`super::Outcome::components`].
    pub components: Vec<ComponentWindows>,
}

/// Users' requests over time. Counts are by window of arrival except `answered`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TrafficWindows {
    /// Requests that arrived.
    pub arrived: Vec<u64>,
    /// Answers given ok or degraded, by window of answer.
    pub answered: Vec<u64>,
    /// Failures, by window of failure.
    pub failed: Vec<u64>,
    /// Latency quantiles in nanoseconds of answers given in the window; 0 where there were none.
    pub p50_ns: Vec<u64>,
    /// As above.
    pub p90_ns: Vec<u64>,
    /// As above.
    pub p99_ns: Vec<u64>,
    /// As above.
    pub p999_ns: Vec<u64>,
}

/// One component over time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ComponentWindows {
    /// Mean share of the resource in use; 0 when unlimited.
    pub utilization: Vec<f64>,
    /// Mean number of replicas in service.
    pub replicas: Vec<f64>,
    /// Mean number of replicas asked for; empty where none are.
    pub desired: Vec<f64>,
    /// Mean number waiting.
    pub queue: Vec<f64>,
    /// Mean number inside.
    pub in_system: Vec<f64>,
    /// Requests that arrived.
    pub arrived: Vec<u64>,
    /// Requests refused, shed or throttled.
    pub rejected: Vec<u64>,
    /// Share of look-ups that hit; empty for components that are no cache.
    pub hit_ratio: Vec<f64>,
}
