//! Where a system tips over: how often it fails to come back, by the length of what hits it.

use super::{RunError, pool, seed_of};
use crate::outcome::Bound;
use crate::plan::{Plan, Schedule};
use crate::sim::{self, Flow, Options, Progress};
use crate::stats::{Interval, mean_interval, proportion_interval};
use crate::units::SimSpan;
use rayon::prelude::*;
use serde::Serialize;

/// Confidence of the intervals.
const CONFIDENCE: f64 = 0.95;

/// What is varied.
#[derive(Clone, Debug)]
pub struct Tipping {
    /// Index of the fault, which happens once.
    pub fault: usize,
    /// Lengths to try; 0 leaves the fault out.
    pub lengths: Vec<SimSpan>,
    /// Runs for each length; the n-th run of every length has the same seed.
    pub seeds: u32,
    /// Threads; 0 is one per core. The result does not depend on it.
    pub jobs: usize,
}

/// What became of the runs with one length.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TipRow {
    /// How long the trigger acted, in seconds.
    pub length_secs: f64,
    /// Runs made.
    pub runs: u32,
    /// Runs in which users were still hurt at the end.
    pub collapsed: u32,
    /// Of `collapsed`, those that stopped early at a bound on events or requests in progress.
    pub stopped: u32,
    /// Share of the runs that collapsed.
    pub probability: f64,
    /// Wilson's 95 % interval of that share.
    pub probability_low: f64,
    /// Its upper end.
    pub probability_high: f64,
    /// Mean time from the trigger's end until service held, over the runs that recovered, in seconds.
    pub recovery_mean_secs: Option<f64>,
    /// Half-width of its 95 % interval; `None` with fewer than two.
    pub recovery_half_width_secs: Option<f64>,
    /// The longest of these times.
    pub recovery_max_secs: Option<f64>,
}

/// How one run ended.
struct End {
    collapsed: bool,
    stopped: bool,
    recovery: Option<f64>,
}

/// Why lengths cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum TipError {
    /// The fault has no length to vary.
    #[error("`{0}` recurs by itself; a tipping table needs a fault that happens once")]
    Recurs(String),
    /// A length leaves no time to recover.
    #[error("a length of {length} leaves no time after it: the run lasts {duration}; make `duration` longer")]
    TooLong {
        /// Which.
        length: SimSpan,
        /// Of the run.
        duration: SimSpan,
    },
    /// Threads cannot be started.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Runs a plan with a fault of each length, many times, and counts the runs that never recover.
/// `None` when `watch` said stop. `watch` is told the number of the run.
///
/// # Errors
/// When the fault has no length, a length does not fit, or threads cannot be started.
pub fn tip(
    plan: &Plan,
    what: &Tipping,
    watch: &(dyn Fn(u32, Progress) -> Flow + Sync),
) -> Result<Option<Vec<TipRow>>, TipError> {
    let plans = plans(plan, what)?;
    let jobs: Vec<(usize, u32)> =
        (0..plans.len()).flat_map(|number| (0..what.seeds).map(move |seed| (number, seed))).collect();
    let one = |(number, (row, index)): (usize, &(usize, u32))| {
        let options = Options::new(seed_of(plan.seed, *index));
        let (outcome, _) =
            sim::simulate(&plans[*row], &options, &mut |progress| watch(number as u32, progress));
        let bound = outcome.truncated.as_ref().map(|truncation| truncation.bound);
        if bound == Some(Bound::Interrupted) {
            return None;
        }
        Some(End {
            collapsed: bound.is_some()
                || outcome.incidents.last().is_some_and(|incident| incident.to.is_none()),
            stopped: bound.is_some(),
            recovery: outcome.recovery.and_then(|recovery| recovery.time).map(|time| time.as_secs_f64()),
        })
    };
    let ends: Vec<Option<End>> =
        pool(what.jobs, jobs.len())?.install(|| jobs.par_iter().enumerate().map(one).collect());
    let Some(ends) = ends.into_iter().collect::<Option<Vec<End>>>() else { return Ok(None) };
    let rows = ends.chunks(what.seeds.max(1) as usize).zip(&what.lengths);
    Ok(Some(rows.map(|(ends, length)| row(ends, *length)).collect()))
}

/// The plan with each length.
fn plans(plan: &Plan, what: &Tipping) -> Result<Vec<Plan>, TipError> {
    let fault = &plan.faults[what.fault];
    let Schedule::Once { at, .. } = fault.schedule else { return Err(TipError::Recurs(fault.name.clone())) };
    let with = |wanted: &SimSpan| {
        let end = at.0.saturating_add(wanted.0).saturating_add(plan.service_level.hold.0);
        if end >= plan.duration.0 {
            return Err(TipError::TooLong { length: *wanted, duration: plan.duration });
        }
        let mut plan = plan.clone();
        if *wanted == SimSpan::ZERO {
            plan.faults.remove(what.fault);
        } else if let Schedule::Once { length, ramp, .. } = &mut plan.faults[what.fault].schedule {
            *length = Some(*wanted);
            *ramp = (*ramp).min(*wanted);
        }
        Ok(plan)
    };
    what.lengths.iter().map(with).collect()
}

fn row(ends: &[End], length: SimSpan) -> TipRow {
    let count = |of: fn(&End) -> bool| ends.iter().filter(|end| of(end)).count() as u32;
    let (runs, collapsed) = (ends.len() as u32, count(|end| end.collapsed));
    let probability: Interval = proportion_interval(u64::from(collapsed), u64::from(runs), CONFIDENCE);
    let times: Vec<f64> = ends.iter().filter(|end| !end.collapsed).filter_map(|end| end.recovery).collect();
    let mean = mean_interval(&times, CONFIDENCE);
    TipRow {
        length_secs: length.as_secs_f64(),
        runs,
        collapsed,
        stopped: count(|end| end.stopped),
        probability: f64::from(collapsed) / f64::from(runs.max(1)),
        probability_low: probability.low().max(0.0),
        probability_high: probability.high().min(1.0),
        recovery_mean_secs: (!times.is_empty()).then_some(mean.mean),
        recovery_half_width_secs: (times.len() > 1).then_some(mean.half_width),
        recovery_max_secs: times.into_iter().reduce(f64::max),
    }
}
