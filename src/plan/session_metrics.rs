//! Metrics of sessions, by word and statistic.

use super::metrics::Statistic;
use super::model::SessionMetric;

/// The metric of sessions or broadcasts with this word and statistic.
pub(super) fn session_metric(word: &str, statistic: Option<Statistic>) -> Option<SessionMetric> {
    Some(match (word, statistic) {
        ("sessions", Some(Statistic::Mean)) => SessionMetric::OpenMean,
        ("sessions", Some(Statistic::Max)) => SessionMetric::OpenMax,
        ("connected", None) => SessionMetric::Connected,
        ("connect-rate", None) => SessionMetric::ConnectRate,
        ("connect-failure-rate", None) => SessionMetric::ConnectFailureRate,
        ("reconnects", None) => SessionMetric::Reconnects,
        ("sessions-lost", None) => SessionMetric::Lost,
        ("sessions-expired", None) => SessionMetric::Expired,
        ("reconnect-time", Some(Statistic::Quantile(q))) => SessionMetric::ReconnectQuantile(q),
        ("reconnect-time", Some(Statistic::Mean)) => SessionMetric::ReconnectMean,
        ("reconnect-time", Some(Statistic::Max)) => SessionMetric::ReconnectMax,
        ("session-recovery-time", None) => SessionMetric::RecoveryTime,
        ("half-open", Some(Statistic::Mean)) => SessionMetric::HalfOpenMean,
        ("half-open", Some(Statistic::Max)) => SessionMetric::HalfOpenMax,
        ("detection-delay", Some(Statistic::Quantile(q))) => SessionMetric::DetectionQuantile(q),
        ("detection-delay", Some(Statistic::Mean)) => SessionMetric::DetectionMean,
        ("detection-delay", Some(Statistic::Max)) => SessionMetric::DetectionMax,
        ("heartbeat-load", None) => SessionMetric::HeartbeatLoad,
        ("session-imbalance", Some(Statistic::Mean)) => SessionMetric::ImbalanceMean,
        ("session-imbalance", Some(Statistic::Max)) => SessionMetric::ImbalanceMax,
        ("broadcast-latency", Some(Statistic::Quantile(q))) => SessionMetric::BroadcastQuantile(q),
        ("broadcast-latency", Some(Statistic::Mean)) => SessionMetric::BroadcastMean,
        ("broadcast-latency", Some(Statistic::Max)) => SessionMetric::BroadcastMax,
        ("broadcast-last", Some(Statistic::Quantile(q))) => SessionMetric::LastQuantile(q),
        ("broadcast-last", Some(Statistic::Mean)) => SessionMetric::LastMean,
        ("broadcast-last", Some(Statistic::Max)) => SessionMetric::LastMax,
        ("delivered", None) => SessionMetric::Delivered,
        ("delivery-rate", None) => SessionMetric::DeliveryRate,
        _ => return None,
    })
}
