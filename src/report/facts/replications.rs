//! Headline figures over several replications: means, and how far off they may be.

use super::merge::{Merge, sum};
use super::traffic::{answered, availability};
use super::{Part, ratio, whole};
use crate::outcome::{Outcome, Traffic, TrafficSlot};
use crate::report::words::tame;
use crate::stats::{Interval, mean_interval};

/// Confidence of the intervals.
pub(crate) const CONFIDENCE: f64 = 0.99;

/// One figure over all replications.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// Over those replications that have the figure.
    pub(crate) interval: Interval,
    /// How many have it.
    pub(crate) count: usize,
}

impl Spread {
    /// The same in seconds, of a figure in nanoseconds.
    pub(crate) fn in_seconds(self) -> Self {
        let Interval { mean, half_width } = self.interval;
        Self { interval: Interval { mean: mean / 1e9, half_width: half_width / 1e9 }, ..self }
    }
}

/// What users got, over all replications.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Headline {
    /// `workload / journey`, or all users together.
    pub(crate) name: String,
    /// Answers per second.
    pub(crate) goodput: Option<Spread>,
    /// Share of finished requests that were answered.
    pub(crate) availability: Option<Spread>,
    /// In nanoseconds.
    pub(crate) p50: Option<Spread>,
    /// In nanoseconds.
    pub(crate) p99: Option<Spread>,
}

/// All users together, if there are several journeys, then each journey; nothing for a single run.
pub(crate) fn headlines(first: &Outcome, others: &[Outcome]) -> Vec<Headline> {
    if others.is_empty() {
        return Vec::new();
    }
    let runs: Vec<(&Outcome, Part)> =
        std::iter::once(first).chain(others).map(|outcome| (outcome, whole(outcome))).collect();
    let one = |name: String, wanted: &dyn Fn(usize) -> bool| {
        let totals: Vec<(TrafficSlot, f64)> = runs
            .iter()
            .map(|(outcome, whole)| (total(&outcome.traffic, wanted, whole), whole.seconds))
            .collect();
        let over = |figure: &dyn Fn(&TrafficSlot, f64) -> Option<f64>| {
            spread(totals.iter().filter_map(|(slot, seconds)| figure(slot, *seconds)).collect())
        };
        Headline {
            name,
            goodput: over(&|slot, seconds| ratio(answered(slot) as f64, seconds)),
            availability: over(&|slot, _| availability(slot)),
            p50: over(&|slot, _| slot.latency.quantile(0.5)),
            p99: over(&|slot, _| slot.latency.quantile(0.99)),
        }
    };
    let together = (first.traffic.len() > 1).then(|| one("all users".to_owned(), &|_| true));
    let journeys = first.traffic.iter().enumerate().map(|(index, traffic)| {
        let name = format!("{} / {}", tame(&traffic.workload), tame(&traffic.journey));
        one(name, &|other| other == index)
    });
    together.into_iter().chain(journeys).collect()
}

fn total(traffic: &[Traffic], wanted: &dyn Fn(usize) -> bool, whole: &Part) -> TrafficSlot {
    let mut total = TrafficSlot::default();
    for (_, traffic) in traffic.iter().enumerate().filter(|(index, _)| wanted(*index)) {
        total.add(&sum(&traffic.slots, &whole.slots));
    }
    total
}

fn spread(values: Vec<f64>) -> Option<Spread> {
    let count = values.len();
    (count > 0).then(|| Spread { interval: mean_interval(&values, CONFIDENCE), count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn figures_are_means_over_replications_with_students_interval() {
        let first = sample::outcome();
        assert_eq!(headlines(&first, &[]), []);
        let mut second = first.clone();
        for slot in second.traffic.iter_mut().flat_map(|traffic| &mut traffic.slots) {
            slot.ok *= 3;
        }
        let both = headlines(&first, std::slice::from_ref(&second));
        assert_eq!(both.len(), first.traffic.len() + 1);
        let goodput = |outcome: &Outcome| {
            let whole = whole(outcome);
            answered(&total(&outcome.traffic, &|index| index == 0, &whole)) as f64 / whole.seconds
        };
        let (low, high) = (goodput(&first), goodput(&second));
        let got = both[1].goodput.unwrap();
        assert!((got.interval.mean - f64::midpoint(low, high)).abs() < 1e-9, "{got:?}");
        // Student's t for one degree of freedom at 99.5 %, times the deviation over √2.
        let half_width = 63.656_741_16 * (high - low) / 2.0;
        assert!((got.interval.half_width / half_width - 1.0).abs() < 1e-6, "{got:?} {half_width}");
        assert_eq!(both[1].p99.unwrap().interval.half_width, 0.0, "latencies are equal");
    }

    #[test]
    fn a_replication_without_answers_has_no_latency() {
        let first = sample::outcome();
        let mut second = first.clone();
        second.traffic[0].slots.fill(TrafficSlot::default());
        let both = headlines(&first, std::slice::from_ref(&second));
        assert_eq!(both[1].p99.map(|spread| spread.count), Some(1));
        assert_eq!(both[1].goodput.map(|spread| spread.count), Some(2));
    }
}
