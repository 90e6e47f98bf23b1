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

/// Requests in progress at the end that are so many, in share of arrivals, that the availability is a range.
const OPEN_SHARE_MIN: f64 = 0.01;

/// From when all requests in progress at the end fail to when all are answered, if they are enough to tell.
pub(crate) fn availability_bounds(slot: &TrafficSlot) -> Option<(f64, f64)> {
    let arrived = slot.arrived as f64;
    let bound = |answered: u64| ratio(answered as f64, arrived);
    let is_worth_saying = slot.open as f64 > OPEN_SHARE_MIN * arrived;
    is_worth_saying.then(|| Some((bound(answered(slot))?, bound(answered(slot) + slot.open)?))).flatten()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_in_progress_make_the_availability_a_range() {
        let slot = |open| TrafficSlot {
            arrived: 1000 + open,
            ok: 900,
            degraded: 50,
            open,
            ..TrafficSlot::default()
        };
        assert_eq!(availability_bounds(&slot(9)), None);
        assert_eq!(availability_bounds(&slot(1000)), Some((0.475, 0.975)));
        assert_eq!(availability_bounds(&TrafficSlot::default()), None);
    }
}
