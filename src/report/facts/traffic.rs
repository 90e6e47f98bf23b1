//! Users' requests, and who made them wait.

use super::merge::sum;
use super::{Part, ratio};
use crate::outcome::{Blame, BlameQuantile, Outcome, Traffic, TrafficSlot};
use crate::report::words::tame;

/// Requests of one workload and journey.
pub(crate) struct TrafficFact<'a> {
    pub(crate) traffic: &'a Traffic,
    pub(crate) total: TrafficSlot,
    /// In the order of [`super::Facts::parts`].
    pub(crate) by_part: Vec<TrafficSlot>,
}

impl<'a> TrafficFact<'a> {
    pub(super) fn new(traffic: &'a Traffic, whole: &Part, parts: &[Part]) -> Self {
        Self {
            traffic,
            total: sum(&traffic.slots, &whole.slots),
            by_part: parts.iter().map(|part| sum(&traffic.slots, &part.slots)).collect(),
        }
    }

    /// `workload / journey`.
    pub(crate) fn name(&self) -> String {
        format!("{} / {}", tame(&self.traffic.workload), tame(&self.traffic.journey))
    }
}

/// Requests answered as promised or in degraded form.
pub(crate) fn answered(slot: &TrafficSlot) -> u64 {
    slot.ok + slot.degraded
}

/// Requests not answered.
pub(crate) fn failed(slot: &TrafficSlot) -> u64 {
    slot.errors.values().sum()
}

/// Share of finished requests that were answered.
pub(crate) fn availability(slot: &TrafficSlot) -> Option<f64> {
    ratio(answered(slot) as f64, (answered(slot) + failed(slot)) as f64)
}

/// The part of the run and the entry nearest `quantile` with the highest
/// latency there, for one journey.
pub(crate) fn worst_blame<'a>(
    outcome: &'a Outcome,
    workload: &str,
    journey: &str,
    quantile: f64,
) -> Option<(&'a Blame, &'a BlameQuantile)> {
    outcome
        .blame
        .iter()
        .filter(|blame| blame.workload == workload && blame.journey == journey)
        .filter_map(|blame| {
            let distance = |entry: &&BlameQuantile| (entry.quantile - quantile).abs();
            let nearest = blame.quantiles.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
            Some((blame, nearest))
        })
        .max_by(|a, b| a.1.latency_ns.total_cmp(&b.1.latency_ns))
}
