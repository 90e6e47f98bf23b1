//! How close each component came to its limits.

use super::merge::sum;
use super::{Part, ratio};
use crate::outcome::{CacheSlot, ComponentOutcome, ComponentSlot};
use crate::stats::Histogram;

/// A share of refused arrivals too small to call a component saturated.
const REJECTED_NEGLIGIBLE: f64 = 0.001;

/// One component over the whole run.
pub(crate) struct ComponentFact<'a> {
    pub(crate) component: &'a ComponentOutcome,
    pub(crate) total: ComponentSlot,
    /// In the order of [`super::Facts::parts`].
    pub(crate) by_part: Vec<ComponentSlot>,
    /// Mean share of the resource in use; `None` when unlimited.
    pub(crate) utilization: Option<f64>,
    /// The same in the part of the run where it was highest.
    pub(crate) utilization_worst: Option<f64>,
    /// Mean number waiting.
    pub(crate) queue_mean: f64,
    /// The same in the part of the run where it was highest.
    pub(crate) queue_worst: f64,
    /// Nanoseconds.
    pub(crate) wait_p99: Option<f64>,
    /// Arrival to reply over all operations, nanoseconds.
    pub(crate) sojourn_p99: Option<f64>,
    /// Share of replica time up; `None` for a run without time.
    pub(crate) up: Option<f64>,
    pub(crate) saturation: Saturation,
}

/// How close a component came to its limits, in the worst part of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Saturation {
    /// It has no limit, and refused nothing.
    Unlimited,
    /// Less than half busy.
    Calm,
    /// Half busy or more.
    Busy,
    /// Four fifths busy or more, or one request waiting per replica.
    Hot,
    /// 95 % busy or more, or refusing requests.
    Saturated,
}

impl<'a> ComponentFact<'a> {
    pub(super) fn new(component: &'a ComponentOutcome, whole: &Part, parts: &[Part]) -> Self {
        let total: ComponentSlot = sum(&component.slots, &whole.slots);
        let by_part: Vec<ComponentSlot> =
            parts.iter().map(|part| sum(&component.slots, &part.slots)).collect();
        let nanos = whole.seconds * 1e9;
        let mut sojourn = Histogram::default();
        component.operations.iter().flat_map(|operation| &operation.sojourn).for_each(|h| sojourn.merge(h));
        let mut fact = Self {
            component,
            utilization: utilization(&total),
            utilization_worst: by_part.iter().filter_map(utilization).max_by(f64::total_cmp),
            queue_mean: ratio(total.queue_area as f64, nanos).unwrap_or(0.0),
            queue_worst: by_part
                .iter()
                .zip(parts)
                .map(|(slot, part)| queue_mean(slot, part))
                .fold(0.0, f64::max),
            wait_p99: total.wait.quantile(0.99),
            sojourn_p99: sojourn.quantile(0.99),
            up: ratio(total.up_area as f64, total.replicas.placed_area as f64),
            saturation: Saturation::Unlimited,
            total,
            by_part,
        };
        fact.saturation = fact.judge();
        fact
    }

    /// Requests it refused: queue full, allowance used up, down or out of connections.
    pub(crate) fn rejected(&self) -> u64 {
        rejected(&self.total)
    }

    /// US dollars over the whole run for what its meters counted; `None` without meters.
    pub(crate) fn cost(&self, slots: &[usize]) -> Option<f64> {
        let mut meters = self.component.operations.iter().flat_map(|operation| &operation.meters).peekable();
        meters.peek()?;
        Some(meters.map(|meter| meter.cost(slots)).sum())
    }

    /// Its caches by part, in the order of [`super::Facts::parts`]; `None` for components that are no cache.
    pub(crate) fn hit_ratios(&self) -> Option<Vec<Option<f64>>> {
        self.total.cache.as_ref()?;
        Some(self.by_part.iter().map(|slot| slot.cache.as_ref().and_then(hit_ratio)).collect())
    }

    fn judge(&self) -> Saturation {
        let busy = self.utilization_worst;
        let refusing = self.by_part.iter().any(|slot| {
            ratio(rejected(slot) as f64, slot.arrived as f64)
                .is_some_and(|share| share >= REJECTED_NEGLIGIBLE)
        });
        let waiting = self.queue_worst >= f64::from(self.component.replicas.max(1));
        match busy {
            _ if refusing => Saturation::Saturated,
            Some(share) if share >= 0.95 => Saturation::Saturated,
            _ if waiting => Saturation::Hot,
            Some(share) if share >= 0.8 => Saturation::Hot,
            Some(share) if share >= 0.5 => Saturation::Busy,
            Some(_) => Saturation::Calm,
            None => Saturation::Unlimited,
        }
    }
}

fn queue_mean(slot: &ComponentSlot, part: &Part) -> f64 {
    ratio(slot.queue_area as f64, part.seconds * 1e9).unwrap_or(0.0)
}

/// Requests refused in one slot.
pub(crate) fn rejected(slot: &ComponentSlot) -> u64 {
    slot.shed + slot.throttled + slot.refused + slot.denied
}

/// Share of the resource in use; `None` when unlimited.
pub(crate) fn utilization(slot: &ComponentSlot) -> Option<f64> {
    ratio(slot.busy_area as f64, slot.capacity_area as f64)
}

/// Share of look-ups that found the key.
pub(crate) fn hit_ratio(cache: &CacheSlot) -> Option<f64> {
    ratio(cache.hits as f64, (cache.hits + cache.misses) as f64)
}
