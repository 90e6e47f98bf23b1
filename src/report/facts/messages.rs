//! What became of messages, schedules' runs and marks.

use super::merge::sum;
use super::{Part, ratio};
use crate::outcome::{BrokerOutcome, BrokerSlot, BrokerWord, MarkOutcome, MarkSlot, Outcome};

/// One broker or schedule over the whole run.
pub(crate) struct BrokerFact<'a> {
    pub(crate) broker: &'a BrokerOutcome,
    pub(crate) total: BrokerSlot,
    /// Messages accepted per second.
    pub(crate) published_per_sec: f64,
    /// Mean number waiting.
    pub(crate) backlog_mean: f64,
}

impl<'a> BrokerFact<'a> {
    pub(super) fn new(broker: &'a BrokerOutcome, whole: &Part) -> Self {
        let total: BrokerSlot = sum(&broker.slots, &whole.slots);
        let backlog_mean = ratio(total.waiting_area as f64, whole.seconds * 1e9).unwrap_or(0.0);
        Self { broker, published_per_sec: whole.per_sec(total.published), backlog_mean, total }
    }

    /// Receives per message that was acknowledged or given up.
    pub(crate) fn receives(&self) -> Option<f64> {
        let finished = self.total.acknowledged + self.total.dead_letters;
        ratio(self.total.receives_of_finished as f64, finished as f64)
    }

    /// Messages that nobody will process.
    pub(crate) fn gone(&self) -> u64 {
        self.total.expired + self.total.lost + self.total.refused
    }
}

/// Brokers that were given anything; schedules always.
pub(super) fn in_use<'a>(outcome: &'a Outcome, whole: &Part) -> Vec<BrokerFact<'a>> {
    let all = outcome.messages.brokers.iter().map(|broker| BrokerFact::new(broker, whole));
    let is_used = |fact: &BrokerFact<'_>| {
        let total = &fact.total;
        fact.broker.kind == BrokerWord::Schedule
            || total.published + total.refused + total.waiting + total.in_flight > 0
    };
    all.filter(is_used).collect()
}

/// One mark over the whole run.
pub(crate) struct MarkFact<'a> {
    pub(crate) mark: &'a MarkOutcome,
    pub(crate) total: MarkSlot,
    /// Passes per second.
    pub(crate) passes_per_sec: f64,
}

impl<'a> MarkFact<'a> {
    pub(super) fn new(mark: &'a MarkOutcome, whole: &Part) -> Self {
        let total: MarkSlot = sum(&mark.slots, &whole.slots);
        Self { mark, passes_per_sec: whole.per_sec(total.passes), total }
    }
}
