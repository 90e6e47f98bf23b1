//! From measurements to verdicts.

use super::measure::{Reading, read};
use super::{Judgement, Unit, Verdict};
use crate::outcome::Outcome;
use crate::plan::{CacheMetric, Comparison, Expectation, Metric, Plan};
use crate::stats::mean_interval;

/// Confidence of the intervals over replications.
pub const CONFIDENCE: f64 = 0.95;

/// Judges every expectation, in order, by one outcome or by one per replication.
///
/// `outcomes` are of this plan, each with another seed; with none, nothing is conclusive.
///
/// # Panics
/// When an outcome is of another plan.
#[must_use]
pub fn judge(plan: &Plan, outcomes: &[Outcome]) -> Vec<Judgement> {
    let judge_one = |expectation: &Expectation| {
        let readings: Vec<Reading> = outcomes
            .iter()
            .map(|outcome| read(plan, expectation.metric, &expectation.scope, expectation.when, outcome))
            .collect();
        let finding = match readings.as_slice() {
            [reading] => of_one(expectation, reading),
            several => of_several(expectation, several),
        };
        let finding = if outcomes.iter().any(|outcome| outcome.truncated.is_some()) {
            of_truncated(finding)
        } else {
            finding
        };
        Judgement {
            text: expectation.text.clone(),
            location: expectation.location.clone(),
            verdict: finding.verdict,
            measured: finding.measured,
            half_width: finding.half_width,
            comparison: expectation.comparison,
            target: expectation.target,
            unit: unit(expectation.metric),
            reason: finding.reason,
        }
    };
    plan.expectations.iter().map(judge_one).collect()
}

/// The worst verdict; nothing promised is nothing broken.
#[must_use]
pub fn worst(judgements: &[Judgement]) -> Verdict {
    judgements.iter().map(|judgement| judgement.verdict).max().unwrap_or(Verdict::Pass)
}

struct Finding {
    verdict: Verdict,
    measured: Option<f64>,
    half_width: Option<f64>,
    reason: Option<String>,
}

impl Finding {
    fn inconclusive(measured: Option<f64>, half_width: Option<f64>, reason: String) -> Self {
        Self { verdict: Verdict::Inconclusive, measured, half_width, reason: Some(reason) }
    }
}

fn of_one(expectation: &Expectation, reading: &Reading) -> Finding {
    match reading {
        Reading::Value { value, note, .. } => {
            let kept = is_kept(expectation, *value);
            if let Some(reason) = doubt(expectation, reading) {
                return Finding::inconclusive(Some(*value), None, reason);
            }
            let verdict = if kept { Verdict::Pass } else { Verdict::Fail };
            Finding { verdict, measured: Some(*value), half_width: None, reason: note.clone() }
        }
        Reading::Never { at_least, why } => Finding {
            verdict: never(expectation, *at_least),
            measured: *at_least,
            half_width: None,
            reason: Some(why.clone()),
        },
        Reading::TooLittle(why) => Finding::inconclusive(None, None, why.clone()),
    }
}

/// Requests in progress at the end may hide this share of a result before it is in doubt.
const CENSORED_SHARE_MAX: f64 = 0.01;

/// Why a number does not decide, if too many requests had not ended.
fn doubt(expectation: &Expectation, reading: &Reading) -> Option<String> {
    let Reading::Value { bounds: Some((low, high)), note, .. } = reading else { return None };
    let is_open = is_kept(expectation, *low) != is_kept(expectation, *high);
    let note = note.as_deref().unwrap_or_default();
    let scale = if unit(expectation.metric) == Unit::Share { 1.0 } else { *high };
    (high - low > CENSORED_SHARE_MAX * scale && is_open)
        .then(|| format!("{note}, and they could change the verdict"))
}

/// What never came about breaks any promise but that it takes longer than it already has.
fn never(expectation: &Expectation, at_least: Option<f64>) -> Verdict {
    let asks_for_more = matches!(expectation.comparison, Comparison::Greater | Comparison::GreaterOrEqual);
    if asks_for_more && at_least.is_some_and(|least| is_kept(expectation, least)) {
        Verdict::Pass
    } else {
        Verdict::Fail
    }
}

fn of_several(expectation: &Expectation, readings: &[Reading]) -> Finding {
    let total = readings.len();
    let of_all = |count: usize, why: &str| {
        if count == total { why.to_owned() } else { format!("in {count} of {total} replications: {why}") }
    };
    let nevers: Vec<&Reading> = readings
        .iter()
        .filter(|reading| matches!(reading, Reading::Never { .. }))
        .filter(|reading| of_one(expectation, reading).verdict == Verdict::Fail)
        .collect();
    if let Some(Reading::Never { why, .. }) = nevers.first() {
        let reason = Some(of_all(nevers.len(), why));
        return Finding { verdict: Verdict::Fail, measured: None, half_width: None, reason };
    }
    let too_little = || readings.iter().filter(|reading| matches!(reading, Reading::TooLittle(_)));
    if let Some(Reading::TooLittle(why)) = too_little().next() {
        return Finding::inconclusive(None, None, of_all(too_little().count(), why));
    }
    let doubts: Vec<String> = readings.iter().filter_map(|reading| doubt(expectation, reading)).collect();
    if let Some(why) = doubts.first() {
        return Finding::inconclusive(None, None, of_all(doubts.len(), why));
    }
    let values: Vec<f64> = readings.iter().filter_map(number).collect();
    let interval = mean_interval(&values, CONFIDENCE);
    if values.len() < 2 {
        return Finding::inconclusive(None, None, "nothing was run".to_owned());
    }
    let (measured, half_width) = (Some(interval.mean), Some(interval.half_width));
    match (is_kept(expectation, interval.low()), is_kept(expectation, interval.high())) {
        (true, true) => Finding { verdict: Verdict::Pass, measured, half_width, reason: None },
        (false, false) => Finding { verdict: Verdict::Fail, measured, half_width, reason: None },
        _ => {
            let reason = format!(
                "the {:.0} % interval over {total} replications contains the target; more replications narrow it",
                CONFIDENCE * 100.0
            );
            Finding::inconclusive(measured, half_width, reason)
        }
    }
}

fn number(reading: &Reading) -> Option<f64> {
    match reading {
        Reading::Value { value, .. } => Some(*value),
        Reading::Never { at_least, .. } => *at_least,
        Reading::TooLittle(_) => None,
    }
}

/// What was kept up to where a run stopped need not have been kept to the end.
fn of_truncated(finding: Finding) -> Finding {
    let reason = match (finding.verdict, finding.reason) {
        (Verdict::Inconclusive, reason) => return Finding { reason, ..finding },
        (Verdict::Fail, Some(reason)) => {
            return Finding { reason: Some(format!("{reason}; the run stopped early")), ..finding };
        }
        (Verdict::Fail, None) => "broken before the run stopped early".to_owned(),
        (Verdict::Pass, _) => "kept only up to where the run stopped early".to_owned(),
    };
    let verdict = finding.verdict.max(Verdict::Inconclusive);
    Finding { verdict, reason: Some(reason), ..finding }
}

fn is_kept(expectation: &Expectation, value: f64) -> bool {
    match expectation.comparison {
        Comparison::Less => value < expectation.target,
        Comparison::LessOrEqual => value <= expectation.target,
        Comparison::Greater => value > expectation.target,
        Comparison::GreaterOrEqual => value >= expectation.target,
    }
}

fn cache_unit(metric: CacheMetric) -> Unit {
    match metric {
        CacheMetric::OriginRate | CacheMetric::EvictionRate => Unit::PerSecond,
        CacheMetric::Purged | CacheMetric::UnflushedLost => Unit::Number,
        CacheMetric::StaleRatio
        | CacheMetric::NegativeRatio
        | CacheMetric::CoalescedRatio
        | CacheMetric::HotShardShare
        | CacheMetric::MovedKeys => Unit::Share,
    }
}

fn unit(metric: Metric) -> Unit {
    match metric {
        Metric::Message(metric) => super::messages::unit(metric),
        Metric::Session(metric) => super::sessions::unit(metric),
        Metric::Name(metric) => super::names::unit(metric),
        Metric::Cache(metric) => cache_unit(metric),
        Metric::LatencyQuantile(_)
        | Metric::LatencyMean
        | Metric::LatencyMax
        | Metric::LatencySd
        | Metric::WaitQuantile(_)
        | Metric::WaitMean
        | Metric::WaitSd
        | Metric::InstanceTime
        | Metric::FirstTokenQuantile(_)
        | Metric::FirstTokenMean
        | Metric::FirstTokenMax
        | Metric::TokenTimeQuantile(_)
        | Metric::TokenTimeMean
        | Metric::RecoveryTime => Unit::Seconds,
        Metric::Throughput | Metric::Goodput | Metric::ArrivalRate | Metric::TokenRate => Unit::PerSecond,
        Metric::QueueMean
        | Metric::QueueMax
        | Metric::InSystemMean
        | Metric::InSystemQuantile(_)
        | Metric::EntriesMean
        | Metric::RetryAmplification
        | Metric::ReplicasMean
        | Metric::ReplicasMax
        | Metric::DesiredMean
        | Metric::EjectedMean
        | Metric::ScalingChanges
        | Metric::StartsDenied
        | Metric::ConnectionsRefused
        | Metric::ConnectionsMax
        | Metric::Tokens
        | Metric::Cost
        | Metric::Ledger(_) => Unit::Number,
        Metric::Availability
        | Metric::ErrorRate
        | Metric::DegradedRate
        | Metric::Utilization
        | Metric::RejectRate
        | Metric::AbandonRate
        | Metric::ExpiredRate
        | Metric::ShortCircuitRate
        | Metric::BulkheadRejectRate
        | Metric::HedgeRate
        | Metric::HitRatio
        | Metric::WrongRate
        | Metric::MalformedRate
        | Metric::CutRate
        | Metric::OverflowRate
        | Metric::TimeoutRate
        | Metric::WaitRate
        | Metric::InSystemAtLeast(_)
        | Metric::ColdStartRate
        | Metric::Uptime
        | Metric::UpAtLeast(_) => Unit::Share,
    }
}
