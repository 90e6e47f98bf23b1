//! What names answered.

use super::merge::sum;
use super::{Part, ratio};
use crate::outcome::{NameOutcome, NameSlot, Outcome};

/// One name over the whole run.
pub(crate) struct NameFact<'a> {
    pub(crate) name: &'a NameOutcome,
    pub(crate) total: NameSlot,
    /// Times per second that resolvers were asked.
    pub(crate) asked_per_sec: f64,
    /// Look-ups per second.
    pub(crate) lookups_per_sec: f64,
}

impl NameFact<'_> {
    /// Share of the times that resolvers were asked.
    pub(crate) fn share(&self, part: u64) -> Option<f64> {
        ratio(part as f64, self.total.asked() as f64)
    }

    /// Each component with its share of what resolvers said, as `(name, share)`.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&str, f64)> {
        let counts = self.total.answers.iter().copied().chain(std::iter::repeat(0));
        let shares = counts.map(|count| self.share(count).unwrap_or(0.0));
        self.name.targets.iter().map(String::as_str).zip(shares)
    }
}

/// Names that somebody asked for.
pub(super) fn in_use<'a>(outcome: &'a Outcome, whole: &Part) -> Vec<NameFact<'a>> {
    let all = outcome.names.iter().map(|name| {
        let total: NameSlot = sum(&name.slots, &whole.slots);
        let (asked_per_sec, lookups_per_sec) = (whole.per_sec(total.asked()), whole.per_sec(total.lookups));
        NameFact { name, total, asked_per_sec, lookups_per_sec }
    });
    all.filter(|fact| fact.total.asked() > 0).collect()
}
