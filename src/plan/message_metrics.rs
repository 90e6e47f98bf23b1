//! Metrics of messages and of names, by word and statistic.

use super::metrics::Statistic;
use super::model::{MessageMetric, NameMetric};

/// The metric of names with this word.
pub(super) fn name_metric(word: &str) -> Option<NameMetric> {
    Some(match word {
        "lookup-rate" => NameMetric::LookupRate,
        "remembered-ratio" => NameMetric::RememberedRatio,
        "stale-answers" => NameMetric::StaleAnswers,
        "unresolved" => NameMetric::Unresolved,
        "answer-share" => NameMetric::AnswerShare,
        _ => return None,
    })
}

/// The metric of messages, schedules or marks with this word and statistic.
pub(super) fn message_metric(word: &str, statistic: Option<Statistic>) -> Option<MessageMetric> {
    Some(match (word, statistic) {
        ("backlog", Some(Statistic::Mean)) => MessageMetric::BacklogMean,
        ("backlog", Some(Statistic::Max)) => MessageMetric::BacklogMax,
        ("oldest-age", Some(Statistic::Mean)) => MessageMetric::OldestMean,
        ("oldest-age", Some(Statistic::Max)) => MessageMetric::OldestMax,
        ("publish-rate", None) => MessageMetric::PublishRate,
        ("process-rate", None) => MessageMetric::ProcessRate,
        ("processed-latency", Some(Statistic::Quantile(q))) => MessageMetric::ProcessedQuantile(q),
        ("processed-latency", Some(Statistic::Mean)) => MessageMetric::ProcessedMean,
        ("processed-latency", Some(Statistic::Max)) => MessageMetric::ProcessedMax,
        ("receives", None) => MessageMetric::Receives,
        ("redelivered", None) => MessageMetric::Redelivered,
        ("duplicates", None) => MessageMetric::Duplicates,
        ("out-of-order", None) => MessageMetric::OutOfOrder,
        ("dead-letters", None) => MessageMetric::DeadLetters,
        ("dead-letter-rate", None) => MessageMetric::DeadLetterRate,
        ("dead-letter-age", None) => MessageMetric::DeadLetterAge,
        ("expired", None) => MessageMetric::Expired,
        ("lost-messages", None) => MessageMetric::Lost,
        ("full-rate", None) => MessageMetric::FullRate,
        ("drain-time", None) => MessageMetric::DrainTime,
        ("runs-started", None) => MessageMetric::RunsStarted,
        ("runs-skipped", None) => MessageMetric::RunsSkipped,
        ("runs-missed", None) => MessageMetric::RunsMissed,
        ("passes", None) => MessageMetric::Passes,
        ("repeats", None) => MessageMetric::Repeats,
        ("mark-latency", Some(Statistic::Quantile(q))) => MessageMetric::MarkQuantile(q),
        ("mark-latency", Some(Statistic::Mean)) => MessageMetric::MarkMean,
        ("mark-latency", Some(Statistic::Max)) => MessageMetric::MarkMax,
        _ => return None,
    })
}
