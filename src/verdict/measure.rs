//! What one outcome says about one expectation.

use super::{calls, components, messages, names, sessions, users};
use crate::outcome::{Incident, Outcome, Phase};
use crate::plan::{Metric, Plan, Scope, When};
use crate::stats::Histogram;
use crate::units::{NANOS_PER_SEC, SimSpan, SimTime};

/// A measurement, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    /// A number, in the unit of the target.
    Value {
        /// The best estimate.
        value: f64,
        /// The least and the most it could be, had every request in progress at the end failed or
        /// succeeded.
        bounds: Option<(f64, f64)>,
        /// What a reader should know about it.
        note: Option<String>,
    },
    /// What was promised never came about, so that there is nothing to measure.
    Never {
        /// The least it would have been, if it is a time.
        at_least: Option<f64>,
        /// What did not come about.
        why: String,
    },
    /// The run cannot say.
    TooLittle(String),
}

impl Reading {
    /// A number with nothing to remark.
    pub(super) fn value(value: f64) -> Self {
        Self::Value { value, bounds: None, note: None }
    }

    /// A share of a count; `nothing` says what is missing when the count is zero.
    pub(super) fn share(part: u64, whole: u64, nothing: impl FnOnce() -> String) -> Self {
        if whole == 0 {
            return Self::TooLittle(nothing());
        }
        Self::value(part as f64 / whole as f64)
    }

    /// A mean, quantile or largest value of a histogram of nanoseconds, in seconds.
    pub(super) fn time(histogram: &Histogram, statistic: Statistic, what: &str) -> Self {
        let nanos = match statistic {
            Statistic::Mean => histogram.mean(),
            Statistic::Sd => histogram.standard_deviation(),
            Statistic::Max => (histogram.count() > 0).then(|| histogram.max() as f64),
            Statistic::Quantile(q) => {
                let (count, needed) = (histogram.count(), samples_needed(q));
                if count < needed {
                    let percent = format_percent(q);
                    let why = format!("p{percent} needs at least {needed} {what}, and there were {count}");
                    return Self::TooLittle(why);
                }
                histogram.quantile(q)
            }
        };
        match nanos {
            Some(nanos) => Self::value(nanos / NANOS_PER_SEC as f64),
            None => Self::TooLittle(format!("there were no {what} in this window")),
        }
    }
}

/// Which number of many times.
#[derive(Clone, Copy, Debug)]
pub(super) enum Statistic {
    Mean,
    Sd,
    Max,
    Quantile(f64),
}

/// Ten samples beyond a quantile, on its emptier side, or it is a matter of chance.
pub(super) fn samples_needed(q: f64) -> u64 {
    // The subtraction keeps 10 / (1 - 0.99) from being a hair above 1000.
    (10.0 / q.min(1.0 - q) - 1e-6).ceil() as u64
}

fn format_percent(q: f64) -> String {
    let text = format!("{:.6}", q * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The parts of one outcome that an expectation is about.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// What the run found out.
    pub(super) outcome: &'a Outcome,
    /// What was run.
    pub(super) plan: &'a Plan,
    /// Indices of the slots in the expectation's window.
    pub(super) slots: Vec<usize>,
    /// Time in these slots.
    pub(super) time: SimSpan,
}

impl<'a> View<'a> {
    pub(super) fn new(outcome: &'a Outcome, plan: &'a Plan, when: When) -> Self {
        let is_in = |slot: usize| {
            let slot = &outcome.slots[slot];
            match when {
                When::Always => true,
                When::BeforeFaults => slot.phase == Phase::Before,
                When::DuringFaults => slot.phase == Phase::During,
                When::OutsideFaults => slot.phase != Phase::During,
                When::AfterFaults => slot.phase == Phase::After,
                When::AfterRecovery => slot.recovered && slot.phase == Phase::After,
                When::Between(from, to) => slot.from >= from && slot.to <= to,
            }
        };
        let slots: Vec<usize> = (0..outcome.slots.len()).filter(|slot| is_in(*slot)).collect();
        let time = SimSpan(slots.iter().map(|slot| outcome.slots[*slot].time.0).sum());
        Self { outcome, plan, slots, time }
    }

    /// The entries of this window in a table that has one per slot.
    pub(super) fn of<'t, T>(&self, table: &'t [T]) -> impl Iterator<Item = &'t T> {
        self.slots.iter().filter_map(move |slot| table.get(*slot))
    }

    /// A count per second of this window.
    pub(super) fn rate(&self, count: u64) -> Reading {
        Reading::value(count as f64 / self.time.as_secs_f64())
    }

    /// An integral over this window as a mean.
    pub(super) fn mean(&self, area: u128) -> Reading {
        Reading::value(area as f64 / self.time.0 as f64)
    }
}

/// One number of one outcome: seconds for times, shares for ratios, per second for rates.
///
/// # Errors
/// Says why there is no such number: the window is empty, there are too few
/// requests, service never held again, or the metric is not one of this scope.
pub fn measure(
    plan: &Plan,
    metric: Metric,
    scope: &Scope,
    when: When,
    outcome: &Outcome,
) -> Result<f64, String> {
    match read(plan, metric, scope, when, outcome) {
        Reading::Value { value, .. } => Ok(value),
        Reading::Never { why, .. } | Reading::TooLittle(why) => Err(why),
    }
}

/// What one outcome says about one metric.
pub(super) fn read(plan: &Plan, metric: Metric, scope: &Scope, when: When, outcome: &Outcome) -> Reading {
    if metric == Metric::RecoveryTime {
        return recovery_time(outcome);
    }
    let view = View::new(outcome, plan, when);
    if view.time == SimSpan::ZERO {
        return no_such_part(&view, when);
    }
    if let Metric::Session(metric) = metric {
        return sessions::measure(&view, metric, scope);
    }
    match *scope {
        Scope::All | Scope::Workload(_) | Scope::Journey(..) => users::measure(&view, metric, scope),
        Scope::Component(_) | Scope::Operation(..) | Scope::Place(_) => {
            components::measure(&view, metric, scope)
        }
        Scope::Edge(policy) => calls::measure(&view, metric, policy),
        Scope::Broker(_) | Scope::Mark(_) => messages::measure(&view, metric, scope),
        Scope::Name(_) | Scope::Answer(..) => names::measure(&view, metric, scope),
    }
}

/// Why no part of the run lies in a window.
fn no_such_part(view: &View<'_>, when: When) -> Reading {
    let outcome = view.outcome;
    let phase_time = |phase: Phase| -> u64 {
        outcome.slots.iter().filter(|slot| slot.phase == phase).map(|slot| slot.time.0).sum()
    };
    if outcome.truncated.is_some() {
        return Reading::TooLittle("the run stopped before this part of it".to_owned());
    }
    let after = SimSpan(phase_time(Phase::After));
    match when {
        When::AfterRecovery | When::AfterFaults if after == SimSpan::ZERO => {
            Reading::TooLittle("faults act until the end of the run, so nothing comes after them".to_owned())
        }
        When::AfterRecovery if after < view.plan.service_level.hold => Reading::TooLittle(format!(
            "the run ends {after} after the last fault; service must hold {} before recovery is believed",
            view.plan.service_level.hold
        )),
        When::AfterRecovery => Reading::Never {
            at_least: None,
            why: format!("never recovered: service did not hold again in the {after} after the last fault"),
        },
        _ => Reading::TooLittle("no part of the run after the warm-up lies in this window".to_owned()),
    }
}

/// The longest incident.
fn recovery_time(outcome: &Outcome) -> Reading {
    if let Some(since) = outcome.recovery.as_ref().and_then(|recovery| recovery.hurt_before) {
        return Reading::TooLittle(format!(
            "users had been hurt since {since}, before the first fault, and never were well again"
        ));
    }
    let unresolved = outcome.incidents.iter().find(|incident| incident.to.is_none());
    if let Some(Incident { from, .. }) = unresolved {
        let so_far = outcome.ended_at.since(*from).as_secs_f64();
        if outcome.truncated.is_some() {
            let note = Some(format!("users were hurt from {from} until the run stopped"));
            return Reading::Value { value: so_far, bounds: None, note };
        }
        return Reading::Never {
            at_least: Some(so_far),
            why: format!("never recovered: users were hurt from {from} to the end"),
        };
    }
    let longest = outcome.incidents.iter().max_by_key(|incident| length(incident));
    match longest {
        Some(incident) => Reading::Value {
            value: length(incident).as_secs_f64(),
            bounds: None,
            note: (outcome.incidents.len() > 1)
                .then(|| format!("the longest of {} incidents", outcome.incidents.len())),
        },
        None => Reading::Value { value: 0.0, bounds: None, note: Some("users were never hurt".to_owned()) },
    }
}

fn length(incident: &Incident) -> SimSpan {
    incident.to.unwrap_or(SimTime::ZERO).since(incident.from)
}
