//! What becomes of messages: metrics of one broker, one schedule or one mark.

use super::Unit;
use super::measure::{Reading, Statistic, View};
use crate::outcome::{BrokerSlot, MarkSlot};
use crate::plan::{BrokerId, MarkId, MessageMetric, Metric, Scope};
use crate::stats::Histogram;
use crate::units::NANOS_PER_SEC;

/// Measures a broker's, a schedule's or a mark's metric.
pub(super) fn measure(view: &View<'_>, metric: Metric, scope: &Scope) -> Reading {
    match (metric, scope) {
        (Metric::Message(metric), Scope::Broker(broker)) => of_broker(view, metric, *broker),
        (Metric::Message(metric), Scope::Mark(mark)) => of_mark(view, metric, *mark),
        (other, _) => Reading::TooLittle(format!("{other:?} is not measured of messages")),
    }
}

/// What kind of number it is.
pub(super) fn unit(metric: MessageMetric) -> Unit {
    match metric {
        MessageMetric::OldestMean
        | MessageMetric::OldestMax
        | MessageMetric::DeadLetterAge
        | MessageMetric::ProcessedQuantile(_)
        | MessageMetric::ProcessedMean
        | MessageMetric::ProcessedMax
        | MessageMetric::DrainTime
        | MessageMetric::MarkQuantile(_)
        | MessageMetric::MarkMean
        | MessageMetric::MarkMax => Unit::Seconds,
        MessageMetric::PublishRate | MessageMetric::ProcessRate => Unit::PerSecond,
        MessageMetric::DeadLetterRate | MessageMetric::FullRate => Unit::Share,
        MessageMetric::BacklogMean
        | MessageMetric::BacklogMax
        | MessageMetric::Receives
        | MessageMetric::DeadLetters
        | MessageMetric::Redelivered
        | MessageMetric::Duplicates
        | MessageMetric::OutOfOrder
        | MessageMetric::Expired
        | MessageMetric::Lost
        | MessageMetric::RunsStarted
        | MessageMetric::RunsSkipped
        | MessageMetric::RunsMissed
        | MessageMetric::Passes
        | MessageMetric::Repeats => Unit::Number,
    }
}

fn of_broker(view: &View<'_>, metric: MessageMetric, broker: BrokerId) -> Reading {
    let outcome = &view.outcome.messages.brokers[broker];
    let name = &outcome.name;
    let sum = |of: fn(&BrokerSlot) -> u64| -> u64 { view.of(&outcome.slots).map(of).sum() };
    let area = |of: fn(&BrokerSlot) -> u128| -> u128 { view.of(&outcome.slots).map(of).sum() };
    let most = |of: fn(&BrokerSlot) -> u64| view.of(&outcome.slots).map(of).max().unwrap_or(0) as f64;
    let number = |count: u64| Reading::value(count as f64);
    let seconds = |nanos: f64| Reading::value(nanos / NANOS_PER_SEC as f64);
    let finished = sum(|s| s.acknowledged + s.dead_letters);
    let nothing = || format!("no message of {name} was finished in this window");
    let processed = |statistic| {
        let mut latency = Histogram::default();
        view.of(&outcome.slots).for_each(|slot| latency.merge(&slot.latency));
        Reading::time(&latency, statistic, &format!("messages of {name} processed"))
    };
    match metric {
        MessageMetric::BacklogMean => view.mean(area(|s| s.waiting_area)),
        MessageMetric::BacklogMax => Reading::value(most(|s| s.waiting_max)),
        MessageMetric::OldestMean => seconds(area(|s| s.oldest_area) as f64 / view.time.0 as f64),
        MessageMetric::OldestMax => seconds(most(|s| s.oldest_max)),
        MessageMetric::PublishRate => view.rate(sum(|s| s.published)),
        MessageMetric::ProcessRate => view.rate(sum(|s| s.acknowledged)),
        MessageMetric::Receives => Reading::share(sum(|s| s.receives_of_finished), finished, nothing),
        MessageMetric::DeadLetters => number(sum(|s| s.dead_letters)),
        MessageMetric::DeadLetterRate => Reading::share(sum(|s| s.dead_letters), finished, nothing),
        MessageMetric::DeadLetterAge => match sum(|s| s.dead_letters) {
            0 => Reading::TooLittle(format!("no message of {name} was given up in this window")),
            dead => seconds(area(|s| s.dead_age) as f64 / dead as f64),
        },
        MessageMetric::Redelivered => number(sum(|s| s.redelivered)),
        MessageMetric::Duplicates => number(sum(|s| s.duplicates)),
        MessageMetric::OutOfOrder => number(sum(|s| s.out_of_order)),
        MessageMetric::Expired => number(sum(|s| s.expired)),
        MessageMetric::Lost => number(sum(|s| s.lost)),
        MessageMetric::FullRate => {
            let nothing = || format!("nothing was published to {name} in this window");
            Reading::share(sum(|s| s.refused), sum(|s| s.published + s.refused), nothing)
        }
        MessageMetric::ProcessedQuantile(q) => processed(Statistic::Quantile(q)),
        MessageMetric::ProcessedMean => processed(Statistic::Mean),
        MessageMetric::ProcessedMax => processed(Statistic::Max),
        MessageMetric::DrainTime => drain_time(view, broker),
        MessageMetric::RunsStarted => number(sum(|s| s.published)),
        MessageMetric::RunsSkipped => number(sum(|s| s.skipped)),
        MessageMetric::RunsMissed => number(sum(|s| s.missed)),
        other => Reading::TooLittle(format!("{other:?} is not measured of brokers")),
    }
}

fn drain_time(view: &View<'_>, broker: BrokerId) -> Reading {
    let outcome = &view.outcome.messages.brokers[broker];
    let Some(drain) = outcome.drain else {
        return Reading::TooLittle("no fault ended in this run, so nothing had to be worked off".to_owned());
    };
    match drain.time {
        Some(time) => Reading::Value {
            value: time.as_secs_f64(),
            bounds: None,
            note: Some(format!("{} were waiting, {} is usual", drain.backlog, drain.usual)),
        },
        None => Reading::Never {
            at_least: Some(view.outcome.ended_at.since(drain.from).as_secs_f64()),
            why: format!("never worked off: {} were waiting at {}", drain.backlog, drain.from),
        },
    }
}

fn of_mark(view: &View<'_>, metric: MessageMetric, mark: MarkId) -> Reading {
    let outcome = &view.outcome.messages.marks[mark];
    let sum = |of: fn(&MarkSlot) -> u64| -> u64 { view.of(&outcome.slots).map(of).sum() };
    let latency = |statistic| {
        let mut latency = Histogram::default();
        view.of(&outcome.slots).for_each(|slot| latency.merge(&slot.latency));
        Reading::time(&latency, statistic, &format!("requests passing {}", outcome.name))
    };
    match metric {
        MessageMetric::Passes => Reading::value(sum(|s| s.passes) as f64),
        MessageMetric::Repeats => Reading::value(sum(|s| s.repeats) as f64),
        MessageMetric::MarkQuantile(q) => latency(Statistic::Quantile(q)),
        MessageMetric::MarkMean => latency(Statistic::Mean),
        MessageMetric::MarkMax => latency(Statistic::Max),
        other => Reading::TooLittle(format!("{other:?} is not measured of marks")),
    }
}
