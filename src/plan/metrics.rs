//! What an expectation can measure: one line each. The grammar, its messages
//! and the reference page are made from this list.

use super::message_metrics::{message_metric, name_metric};
use super::model::{CacheMetric, LedgerMetric, Metric, Scope};
use super::session_metrics::session_metric;

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A time, in seconds.
    Time,
    /// A share, from 0 to 1.
    Share,
    /// Something per second.
    Rate,
    /// A plain number.
    Number,
}

/// What kind of thing a metric is measured of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScopeKind {
    /// All users together.
    All,
    /// One load.
    Load,
    /// One journey of one client.
    Journey,
    /// One component.
    Component,
    /// One operation of one component.
    Operation,
    /// All components of one place.
    Place,
    /// Calls from one caller to one target.
    Call,
    /// One broker, or one schedule as `component.schedule`.
    Broker,
    /// One name of `mark` steps.
    Mark,
    /// One of the topology's `names`.
    Name,
    /// One component that a name may stand for, as `name -> component`.
    Answer,
}

impl ScopeKind {
    /// The word that says which is meant when a name could mean several.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Load => "load",
            Self::Journey => "journey",
            Self::Component => "component",
            Self::Operation => "operation",
            Self::Place => "place",
            Self::Call => "call",
            Self::Broker => "broker",
            Self::Mark => "mark",
            Self::Name => "name",
            Self::Answer => "answer",
        }
    }
}

impl Scope {
    /// What kind of thing it is.
    #[must_use]
    pub fn kind(&self) -> ScopeKind {
        match self {
            Self::All => ScopeKind::All,
            Self::Workload(_) => ScopeKind::Load,
            Self::Journey(..) => ScopeKind::Journey,
            Self::Component(_) => ScopeKind::Component,
            Self::Operation(..) => ScopeKind::Operation,
            Self::Place(_) => ScopeKind::Place,
            Self::Edge(_) => ScopeKind::Call,
            Self::Broker(_) => ScopeKind::Broker,
            Self::Mark(_) => ScopeKind::Mark,
            Self::Name(_) => ScopeKind::Name,
            Self::Answer(..) => ScopeKind::Answer,
        }
    }
}

/// What a component must be to have a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing special.
    Nothing,
    /// It remembers keys.
    Cache,
    /// It keeps data.
    Store,
    /// It is a language model, or passes the answers of one on as they come.
    Model,
    /// It counts something for the bill.
    Meter,
    /// It has a limited number of threads or cores.
    Limit,
    /// Its number of replicas changes by itself.
    Scaling,
    /// Its replicas are checked.
    Health,
    /// Instances are made for its requests.
    Serverless,
    /// It holds sessions.
    Sessions,
}

/// One metric of the grammar.
#[derive(Debug)]
pub struct MetricInfo {
    /// Its first word.
    pub word: &'static str,
    /// What may follow: `pNN` stands for any quantile, `N` for any count from 1. Empty when nothing does.
    pub statistics: &'static [&'static str],
    /// What kind of number it is.
    pub quantity: Quantity,
    /// What it is measured of.
    pub scopes: &'static [ScopeKind],
    /// What a component must be to have it.
    pub needs: Needs,
    /// What it says, for readers.
    pub about: &'static str,
}

const USERS: &[ScopeKind] = &[ScopeKind::All, ScopeKind::Load, ScopeKind::Journey];
const ANSWERS: &[ScopeKind] = &[
    ScopeKind::All,
    ScopeKind::Load,
    ScopeKind::Journey,
    ScopeKind::Component,
    ScopeKind::Place,
    ScopeKind::Call,
];
const FLOWS: &[ScopeKind] =
    &[ScopeKind::All, ScopeKind::Load, ScopeKind::Journey, ScopeKind::Component, ScopeKind::Place];
const LATENCIES: &[ScopeKind] =
    &[ScopeKind::All, ScopeKind::Load, ScopeKind::Journey, ScopeKind::Component, ScopeKind::Operation];
const COMPONENT: &[ScopeKind] = &[ScopeKind::Component];
const COMPONENTS: &[ScopeKind] = &[ScopeKind::Component, ScopeKind::Place];
const CALL: &[ScopeKind] = &[ScopeKind::Call];

macro_rules! metrics {
    ($($word:literal [$($statistic:literal)*] $quantity:ident of $scopes:ident needs $needs:ident: $about:literal;)*) => {
        /// Every metric.
        pub static METRICS: &[MetricInfo] = &[$(MetricInfo {
            word: $word,
            statistics: &[$($statistic),*],
            quantity: Quantity::$quantity,
            scopes: $scopes,
            needs: Needs::$needs,
            about: $about,
        }),*];
    };
}

const ALL: &[ScopeKind] = &[ScopeKind::All];
const BROKER: &[ScopeKind] = &[ScopeKind::Broker];
const MARK: &[ScopeKind] = &[ScopeKind::Mark];
const NAME: &[ScopeKind] = &[ScopeKind::Name];
const ANSWER: &[ScopeKind] = &[ScopeKind::Answer];
const STREAMS: &[ScopeKind] = &[ScopeKind::All, ScopeKind::Load, ScopeKind::Journey, ScopeKind::Component];
const COSTS: &[ScopeKind] = &[ScopeKind::All, ScopeKind::Component, ScopeKind::Operation, ScopeKind::Place];
const HELD: &[ScopeKind] = &[ScopeKind::Load, ScopeKind::Component];

metrics! {
    "availability" [] Share of ANSWERS needs Nothing: "Share of requests answered ok or degraded.";
    "error-rate" [] Share of ANSWERS needs Nothing: "Share of requests not answered ok or degraded.";
    "degraded-rate" [] Share of USERS needs Nothing: "Share of requests answered in degraded form.";
    "latency" ["pNN" "mean" "sd" "max"] Time of LATENCIES needs Nothing: "Time from arrival to answer.";
    "wait" ["pNN" "mean" "sd"] Time of COMPONENT needs Nothing: "Time in the queue.";
    "wait-rate" [] Share of COMPONENTS needs Nothing: "Share of the requests served that had to wait.";
    "throughput" [] Rate of FLOWS needs Nothing: "Requests that arrived in the window and finished, per second.";
    "goodput" [] Rate of FLOWS needs Nothing: "Requests that arrived in the window and were answered ok or degraded, per second.";
    "arrival-rate" [] Rate of FLOWS needs Nothing: "Requests arrived per second.";
    "utilization" [] Share of COMPONENTS needs Limit: "Mean share of threads or cores busy.";
    "queue" ["mean" "max"] Number of COMPONENT needs Nothing: "Requests waiting.";
    "in-system" ["pNN" "mean"] Number of COMPONENT needs Nothing: "Requests inside, waiting or served; quantiles are over time.";
    "in-system-at-least" ["N"] Share of COMPONENT needs Nothing: "Share of time with N or more requests inside.";
    "reject-rate" [] Share of COMPONENTS needs Nothing: "Share of arrivals refused, denied, shed or throttled.";
    "abandon-rate" [] Share of COMPONENTS needs Nothing: "Share of arrivals that left the queue before service.";
    "expired-rate" [] Share of COMPONENTS needs Nothing: "Share of arrivals dropped at their turn because their caller had stopped waiting.";
    "hit-ratio" [] Share of COMPONENT needs Cache: "Share of cache look-ups that found the key.";
    "stale-ratio" [] Share of COMPONENT needs Cache: "Share of cache look-ups answered with a value past its life, or one whose removal was on its way.";
    "negative-ratio" [] Share of COMPONENT needs Cache: "Share of cache look-ups answered with a remembered failure.";
    "coalesced-ratio" [] Share of COMPONENT needs Cache: "Share of cache misses that waited for a fetch under way.";
    "origin-rate" [] Rate of COMPONENT needs Cache: "Fetches per second begun because of a cache's misses and refreshes.";
    "eviction-rate" [] Rate of COMPONENT needs Cache: "Entries per second that had to leave a full cache.";
    "purged" [] Number of COMPONENT needs Cache: "Entries removed by purges of many and by flushes.";
    "unflushed-lost" [] Number of COMPONENT needs Cache: "Writes that a write-behind cache answered and lost before they reached the store.";
    "hot-shard-share" [] Share of COMPONENT needs Nothing: "Share of what is sent by key that goes to the busiest replica.";
    "moved-keys" [] Share of COMPONENT needs Nothing: "Share of the key space that moved from one replica to another, each move counted.";
    "entries" ["mean"] Number of COMPONENT needs Cache: "Keys remembered.";
    "retry-amplification" [] Number of CALL needs Nothing: "Attempts per call.";
    "timeout-rate" [] Share of CALL needs Nothing: "Share of ended attempts, retries included, that the caller's timeout ended.";
    "short-circuit-rate" [] Share of CALL needs Nothing: "Share of attempts that the caller's own breaker or throttle stopped.";
    "bulkhead-reject-rate" [] Share of CALL needs Nothing: "Share of attempts that found no place in the caller's own bulkhead.";
    "hedge-rate" [] Share of CALL needs Nothing: "Second requests of hedged calls, per call.";
    "uptime" [] Share of COMPONENT needs Nothing: "Share of time the component was up.";
    "up-at-least" ["N"] Share of COMPONENT needs Nothing: "Share of time with N or more replicas up.";
    "recovery-time" [] Time of ALL needs Nothing: "Longest time from users being hurt until service held again.";
    "replicas" ["mean" "max"] Number of COMPONENT needs Nothing: "Replicas in service or draining; the largest is a window's mean.";
    "desired-replicas" ["mean"] Number of COMPONENT needs Scaling: "Replicas that the autoscaler asks for.";
    "ejected-replicas" ["mean"] Number of COMPONENT needs Health: "Replicas in service that get no requests for their health.";
    "instance-time" [] Time of COMPONENT needs Nothing: "Time for which replicas existed, summed over them: what is paid for.";
    "scaling-changes" [] Number of COMPONENT needs Scaling: "Changes of the number of replicas asked for.";
    "starts-denied" [] Number of COMPONENT needs Nothing: "Replicas that the platform had not; for serverless, requests that got no instance.";
    "cold-start-rate" [] Share of COMPONENT needs Serverless: "Share of requests given an instance that waited for it to start.";
    "connections-refused" [] Number of COMPONENT needs Nothing: "Connections refused because too many were open.";
    "connections" ["max"] Number of COMPONENT needs Nothing: "Connections open at once, where they are counted.";
    "wrong-rate" [] Share of USERS needs Nothing: "Share of answers that were wrong though nobody noticed.";
    "first-token" ["pNN" "mean" "max"] Time of STREAMS needs Model: "Time from arrival to the first token of a streamed answer.";
    "token-time" ["pNN" "mean"] Time of COMPONENT needs Model: "Time per token written, over answers.";
    "token-rate" [] Rate of COMPONENT needs Model: "Tokens written per second, over all answers.";
    "tokens" [] Number of COMPONENT needs Model: "Tokens read and written.";
    "malformed-rate" [] Share of COMPONENT needs Model: "Share of answers without the form asked for.";
    "cut-rate" [] Share of COMPONENT needs Model: "Share of answers that broke after a part.";
    "overflow-rate" [] Share of COMPONENT needs Model: "Share of prompts that did not fit into the window.";
    "cost" [] Number of COSTS needs Meter: "US dollars for what meters counted.";
    "commits" [] Number of COMPONENT needs Store: "Writes committed.";
    "conflicts" [] Number of COMPONENT needs Store: "Writes with `if-unchanged` refused because the row had changed.";
    "unknown-writes" [] Number of COMPONENT needs Store: "Writes whose acknowledgement never reached the caller.";
    "lost-writes" [] Number of COMPONENT needs Store: "Writes that the store acknowledged and did not keep.";
    "double-writes" [] Number of COMPONENT needs Store: "Writes done again by a second copy of a request that must not be done twice.";
    "corrupt-reads" [] Number of COMPONENT needs Store: "Reads of rows that were damaged.";
    "no-room-writes" [] Number of COMPONENT needs Store: "Writes that failed because the disk was full.";
    "memory-kills" [] Number of COMPONENT needs Nothing: "Times that a replica was killed because its memory was used up.";
    "backlog" ["mean" "max"] Number of BROKER needs Nothing: "Messages waiting to be handed out.";
    "oldest-age" ["mean" "max"] Time of BROKER needs Nothing: "Age of the oldest message that is not done.";
    "publish-rate" [] Rate of BROKER needs Nothing: "Messages accepted per second.";
    "process-rate" [] Rate of BROKER needs Nothing: "Messages processed and acknowledged per second.";
    "processed-latency" ["pNN" "mean" "max"] Time of BROKER needs Nothing: "Time from publish to success.";
    "receives" [] Number of BROKER needs Nothing: "Receives per message that was acknowledged or given up.";
    "redelivered" [] Number of BROKER needs Nothing: "Messages handed out again.";
    "duplicates" [] Number of BROKER needs Nothing: "Messages processed again although they had been processed.";
    "out-of-order" [] Number of BROKER needs Nothing: "Messages handed out after one published later, of the same group if there are groups.";
    "dead-letters" [] Number of BROKER needs Nothing: "Messages given up after too many receives.";
    "dead-letter-rate" [] Share of BROKER needs Nothing: "Share of finished messages that were given up.";
    "dead-letter-age" [] Time of BROKER needs Nothing: "Mean time from publish to being given up.";
    "expired" [] Number of BROKER needs Nothing: "Messages kept too long.";
    "lost-messages" [] Number of BROKER needs Nothing: "Messages lost for want of room, memory or a subscriber.";
    "full-rate" [] Share of BROKER needs Nothing: "Share of messages refused for want of room.";
    "drain-time" [] Time of BROKER needs Nothing: "Time from the last fault's end until the backlog was as small as before the first.";
    "runs-started" [] Number of BROKER needs Nothing: "Runs of a schedule that were started.";
    "runs-skipped" [] Number of BROKER needs Nothing: "Runs of a schedule not started because one was still going.";
    "runs-missed" [] Number of BROKER needs Nothing: "Runs of a schedule that fell due while it was down, or whose timer was lost.";
    "passes" [] Number of MARK needs Nothing: "Times that requests passed a mark.";
    "repeats" [] Number of MARK needs Nothing: "Times that a request passed a mark it had passed before.";
    "mark-latency" ["pNN" "mean" "max"] Time of MARK needs Nothing: "Time from a request's start to a mark, over queues.";
    "sessions" ["mean" "max"] Number of HELD needs Sessions: "Sessions open.";
    "connected" [] Share of HELD needs Sessions: "Share of users' time in which they had a session.";
    "connect-rate" [] Rate of HELD needs Sessions: "Sessions opened per second.";
    "connect-failure-rate" [] Share of HELD needs Sessions: "Share of connects and resumes that failed.";
    "reconnects" [] Number of HELD needs Sessions: "Sessions opened by users who had one before.";
    "sessions-lost" [] Number of HELD needs Sessions: "Sessions that ended by a crash, an idle timeout, a fault or missed heartbeats.";
    "sessions-expired" [] Number of HELD needs Sessions: "Sessions closed at their largest age.";
    "reconnect-time" ["pNN" "mean" "max"] Time of HELD needs Sessions: "Time from a session's end to the same user's next one.";
    "session-recovery-time" [] Time of HELD needs Sessions: "Longest time in which more than 1% of users were without a session.";
    "half-open" ["mean" "max"] Number of HELD needs Sessions: "Sessions that only one side takes for open.";
    "detection-delay" ["pNN" "mean" "max"] Time of HELD needs Sessions: "Time from a peer's death to the other side noticing.";
    "heartbeat-load" [] Share of COMPONENT needs Sessions: "Share of the cores that heartbeats take.";
    "session-imbalance" ["mean" "max"] Number of COMPONENT needs Sessions: "Sessions of the fullest replica over the mean of all, at the ends of windows.";
    "broadcast-latency" ["pNN" "mean" "max"] Time of COMPONENT needs Sessions: "Time from a broadcast to a recipient.";
    "broadcast-last" ["pNN" "mean" "max"] Time of COMPONENT needs Sessions: "Time from a broadcast to its last recipient.";
    "delivery-rate" [] Rate of COMPONENT needs Sessions: "Recipients of broadcasts reached per second.";
    "delivered" [] Share of COMPONENT needs Sessions: "Share of those a broadcast was for who got it; users without a session do not.";
    "lookup-rate" [] Rate of NAME needs Nothing: "Times per second that a resolver had to ask for the name.";
    "remembered-ratio" [] Share of NAME needs Nothing: "Share of the times that a resolver remembered what it said.";
    "stale-answers" [] Share of NAME needs Nothing: "Share of the times that a resolver said something else than the name's own servers would have.";
    "unresolved" [] Number of NAME needs Nothing: "Requests that got no component: there was no such name, or no answer came.";
    "answer-share" [] Share of ANSWER needs Nothing: "Share of the times that a resolver named this component.";
}

/// The metric with this word and statistic (`None` when it takes none).
pub(super) fn metric(word: &str, statistic: Option<Statistic>) -> Option<Metric> {
    Some(match (word, statistic) {
        ("availability", None) => Metric::Availability,
        ("error-rate", None) => Metric::ErrorRate,
        ("degraded-rate", None) => Metric::DegradedRate,
        ("latency", Some(Statistic::Quantile(q))) => Metric::LatencyQuantile(q),
        ("latency", Some(Statistic::Mean)) => Metric::LatencyMean,
        ("latency", Some(Statistic::Max)) => Metric::LatencyMax,
        ("latency", Some(Statistic::Sd)) => Metric::LatencySd,
        ("wait", Some(Statistic::Quantile(q))) => Metric::WaitQuantile(q),
        ("wait", Some(Statistic::Mean)) => Metric::WaitMean,
        ("wait", Some(Statistic::Sd)) => Metric::WaitSd,
        ("wait-rate", None) => Metric::WaitRate,
        ("throughput", None) => Metric::Throughput,
        ("goodput", None) => Metric::Goodput,
        ("arrival-rate", None) => Metric::ArrivalRate,
        ("utilization", None) => Metric::Utilization,
        ("queue", Some(Statistic::Mean)) => Metric::QueueMean,
        ("queue", Some(Statistic::Max)) => Metric::QueueMax,
        ("in-system", Some(Statistic::Mean)) => Metric::InSystemMean,
        ("in-system", Some(Statistic::Quantile(q))) => Metric::InSystemQuantile(q),
        ("in-system-at-least", Some(Statistic::Count(n))) => Metric::InSystemAtLeast(n),
        ("reject-rate", None) => Metric::RejectRate,
        ("abandon-rate", None) => Metric::AbandonRate,
        ("expired-rate", None) => Metric::ExpiredRate,
        ("short-circuit-rate", None) => Metric::ShortCircuitRate,
        ("bulkhead-reject-rate", None) => Metric::BulkheadRejectRate,
        ("hedge-rate", None) => Metric::HedgeRate,
        ("hit-ratio", None) => Metric::HitRatio,
        ("stale-ratio", None) => Metric::Cache(CacheMetric::StaleRatio),
        ("negative-ratio", None) => Metric::Cache(CacheMetric::NegativeRatio),
        ("coalesced-ratio", None) => Metric::Cache(CacheMetric::CoalescedRatio),
        ("origin-rate", None) => Metric::Cache(CacheMetric::OriginRate),
        ("eviction-rate", None) => Metric::Cache(CacheMetric::EvictionRate),
        ("purged", None) => Metric::Cache(CacheMetric::Purged),
        ("unflushed-lost", None) => Metric::Cache(CacheMetric::UnflushedLost),
        ("hot-shard-share", None) => Metric::Cache(CacheMetric::HotShardShare),
        ("moved-keys", None) => Metric::Cache(CacheMetric::MovedKeys),
        ("entries", Some(Statistic::Mean)) => Metric::EntriesMean,
        ("retry-amplification", None) => Metric::RetryAmplification,
        ("timeout-rate", None) => Metric::TimeoutRate,
        ("uptime", None) => Metric::Uptime,
        ("up-at-least", Some(Statistic::Count(n))) => Metric::UpAtLeast(n),
        ("recovery-time", None) => Metric::RecoveryTime,
        ("wrong-rate", None) => Metric::WrongRate,
        ("first-token", Some(Statistic::Quantile(q))) => Metric::FirstTokenQuantile(q),
        ("first-token", Some(Statistic::Mean)) => Metric::FirstTokenMean,
        ("first-token", Some(Statistic::Max)) => Metric::FirstTokenMax,
        ("token-time", Some(Statistic::Quantile(q))) => Metric::TokenTimeQuantile(q),
        ("token-time", Some(Statistic::Mean)) => Metric::TokenTimeMean,
        ("token-rate", None) => Metric::TokenRate,
        ("tokens", None) => Metric::Tokens,
        ("malformed-rate", None) => Metric::MalformedRate,
        ("cut-rate", None) => Metric::CutRate,
        ("overflow-rate", None) => Metric::OverflowRate,
        ("cost", None) => Metric::Cost,
        ("replicas", Some(Statistic::Mean)) => Metric::ReplicasMean,
        ("replicas", Some(Statistic::Max)) => Metric::ReplicasMax,
        ("desired-replicas", Some(Statistic::Mean)) => Metric::DesiredMean,
        ("ejected-replicas", Some(Statistic::Mean)) => Metric::EjectedMean,
        ("instance-time", None) => Metric::InstanceTime,
        ("scaling-changes", None) => Metric::ScalingChanges,
        ("starts-denied", None) => Metric::StartsDenied,
        ("cold-start-rate", None) => Metric::ColdStartRate,
        ("connections-refused", None) => Metric::ConnectionsRefused,
        ("connections", Some(Statistic::Max)) => Metric::ConnectionsMax,
        (word, statistic) => special_metric(word, statistic)?,
    })
}

/// The metric with this word and statistic of something that not every plan has.
fn special_metric(word: &str, statistic: Option<Statistic>) -> Option<Metric> {
    let ledger = || ledger_metric(word).filter(|_| statistic.is_none()).map(Metric::Ledger);
    let message = || message_metric(word, statistic).map(Metric::Message);
    let name = || name_metric(word).filter(|_| statistic.is_none()).map(Metric::Name);
    ledger().or_else(message).or_else(name).or_else(|| session_metric(word, statistic).map(Metric::Session))
}

/// The metric of rows and processes with this word.
fn ledger_metric(word: &str) -> Option<LedgerMetric> {
    Some(match word {
        "commits" => LedgerMetric::Commits,
        "conflicts" => LedgerMetric::Conflicts,
        "unknown-writes" => LedgerMetric::UnknownWrites,
        "lost-writes" => LedgerMetric::LostWrites,
        "double-writes" => LedgerMetric::DoubleWrites,
        "corrupt-reads" => LedgerMetric::CorruptReads,
        "no-room-writes" => LedgerMetric::NoRoom,
        "memory-kills" => LedgerMetric::MemoryKills,
        _ => return None,
    })
}

/// Which number of many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Statistic {
    /// A quantile, strictly between 0 and 1.
    Quantile(f64),
    /// The mean.
    Mean,
    /// The standard deviation.
    Sd,
    /// The largest.
    Max,
    /// A number to reach, at least 1.
    Count(u64),
}

/// Largest number of requests or replicas that an expectation can name.
const COUNT_MAX: u64 = 1_000_000;

impl Statistic {
    /// Reads `p99`, `p99.9`, `mean`, `sd`, `max` or a count.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "mean" => return Some(Self::Mean),
            "sd" => return Some(Self::Sd),
            "max" => return Some(Self::Max),
            _ => {}
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().filter(|count| (1..=COUNT_MAX).contains(count)).map(Self::Count);
        }
        let percent = text.strip_prefix('p')?;
        let (whole, rest) = percent.split_once('.').unwrap_or((percent, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || whole.len() > 2
            || !is_digits(whole)
            || !is_digits(rest)
            || percent.ends_with('.')
        {
            return None;
        }
        // Read as a decimal fraction, not divided: p99.9 is 0.999 to the last bit.
        let quantile: f64 = format!("0.{whole:0>2}{rest}").parse().ok()?;
        (quantile > 0.0).then_some(Self::Quantile(quantile))
    }

    /// The word that stands for it in [`MetricInfo::statistics`].
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Quantile(_) => "pNN",
            Self::Mean => "mean",
            Self::Sd => "sd",
            Self::Max => "max",
            Self::Count(_) => "N",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_of_the_list_can_be_made() {
        for info in METRICS {
            if info.statistics.is_empty() {
                assert!(metric(info.word, None).is_some(), "{}", info.word);
            }
            for statistic in info.statistics {
                let parsed = Statistic::parse(&statistic.replace("NN", "99").replace('N', "10"));
                assert!(parsed.is_some_and(|parsed| parsed.word() == *statistic));
                assert!(metric(info.word, parsed).is_some(), "{} {statistic}", info.word);
            }
            assert!(info.about.ends_with('.'));
        }
    }

    #[test]
    fn quantiles_are_exact_decimal_fractions() {
        for (text, quantile) in [("p50", 0.5), ("p5", 0.05), ("p99.9", 0.999), ("p99.99", 0.9999)] {
            assert_eq!(Statistic::parse(text), Some(Statistic::Quantile(quantile)));
        }
        for text in [
            "p",
            "p0",
            "p100",
            "p999",
            "p99.",
            "p9x",
            "p-1",
            "0",
            "1000001",
            "99999999999999999999",
            "1.5",
            "",
            "p.5",
        ] {
            assert_eq!(Statistic::parse(text), None, "{text}");
        }
    }
}
