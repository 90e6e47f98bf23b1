//! What is promised.

use super::{
    BrokerId, CacheMetric, ClientId, ComponentId, MarkId, NameId, OperationId, PlaceId, PolicyId,
    SessionMetric,
};
use crate::units::SimTime;
use serde::{Deserialize, Serialize};

/// A promise: `METRIC [of SCOPE] CMP VALUE [WINDOW]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The text as written.
    pub text: String,
    /// Where it was written, `file:line`.
    pub location: String,
    /// What is measured.
    pub metric: Metric,
    /// Of what.
    pub scope: Scope,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what: seconds for times, shares for ratios, per-second for rates, else plain numbers.
    pub target: f64,
    /// Over what part of the run.
    pub when: When,
}

/// What became of rows, and of processes that ran out of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerMetric {
    /// Writes that committed.
    Commits,
    /// Writes refused because the row had changed since it was read.
    Conflicts,
    /// Writes whose acknowledgement never reached the caller.
    UnknownWrites,
    /// Commits that were not kept, though the store said so.
    LostWrites,
    /// Commits by a second copy of a request that must not be done twice.
    DoubleWrites,
    /// Reads of rows that were damaged.
    CorruptReads,
    /// Writes that failed because the disk was full.
    NoRoom,
    /// Replicas killed because their memory was used up.
    MemoryKills,
}

/// What an expectation measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// Share of requests answered ok or degraded.
    Availability,
    /// Share of requests not answered ok or degraded.
    ErrorRate,
    /// Share of requests answered in degraded form.
    DegradedRate,
    /// Quantile of latency, seconds. Clients: arrival to answer. Components: arrival to reply.
    LatencyQuantile(f64),
    /// Mean latency, seconds.
    LatencyMean,
    /// Largest latency, seconds.
    LatencyMax,
    /// Standard deviation of latency, seconds.
    LatencySd,
    /// Quantile of time in queue, seconds.
    WaitQuantile(f64),
    /// Mean time in queue, seconds.
    WaitMean,
    /// Standard deviation of time in queue, seconds.
    WaitSd,
    /// Share of the requests served that had to wait.
    WaitRate,
    /// Requests finished per second.
    Throughput,
    /// Requests answered ok or degraded per second.
    Goodput,
    /// Requests arrived per second.
    ArrivalRate,
    /// Mean share of threads or cores busy.
    Utilization,
    /// Time-weighted mean number waiting.
    QueueMean,
    /// Largest number waiting.
    QueueMax,
    /// Time-weighted mean number inside.
    InSystemMean,
    /// Number inside that is not exceeded for a share of the time.
    InSystemQuantile(f64),
    /// Share of time with at least so many inside.
    InSystemAtLeast(u64),
    /// Share of arrivals refused (shed or throttled).
    RejectRate,
    /// Share of arrivals that left the queue before service.
    AbandonRate,
    /// Share of arrivals dropped because their caller had stopped waiting.
    ExpiredRate,
    /// Share of attempts stopped by the caller's own breaker or throttle.
    ShortCircuitRate,
    /// Share of attempts that found no place in the caller's bulkhead.
    BulkheadRejectRate,
    /// Second requests per call.
    HedgeRate,
    /// Share of cache look-ups that found the key.
    HitRatio,
    /// What else a cache, or a component called by key, does.
    Cache(CacheMetric),
    /// Time-weighted mean number of keys remembered.
    EntriesMean,
    /// Attempts per call.
    RetryAmplification,
    /// Share of ended attempts, retries included, that the caller's timeout ended.
    TimeoutRate,
    /// Share of time the component was up.
    Uptime,
    /// Share of time with at least so many replicas up.
    UpAtLeast(u64),
    /// Longest time from users being hurt until service held again, seconds.
    RecoveryTime,
    /// What became of rows and processes.
    Ledger(LedgerMetric),
    /// Share of answers that were wrong though nobody noticed.
    WrongRate,
    /// Quantile of the time to the first token of a streamed answer, seconds.
    FirstTokenQuantile(f64),
    /// Mean time to the first token, seconds.
    FirstTokenMean,
    /// Largest time to the first token, seconds.
    FirstTokenMax,
    /// Quantile, over answers, of the time per token written, seconds.
    TokenTimeQuantile(f64),
    /// Mean, over answers, of the time per token written, seconds.
    TokenTimeMean,
    /// Tokens written per second.
    TokenRate,
    /// Tokens read and written.
    Tokens,
    /// Share of answers without the form asked for.
    MalformedRate,
    /// Share of answers that broke after a part.
    CutRate,
    /// Share of prompts that did not fit into the window.
    OverflowRate,
    /// US dollars for what meters counted.
    Cost,
    /// Time-weighted mean number of replicas in service.
    ReplicasMean,
    /// Largest mean number of replicas in service of a window.
    ReplicasMax,
    /// Time-weighted mean number of replicas asked for.
    DesiredMean,
    /// Time-weighted mean number of replicas out of the rotation for their health.
    EjectedMean,
    /// Time for which replicas existed, summed over them, seconds.
    InstanceTime,
    /// Changes of the number of replicas asked for.
    ScalingChanges,
    /// Replicas, or requests for an instance, that the platform denied.
    StartsDenied,
    /// Share of requests given an instance that waited for it to start.
    ColdStartRate,
    /// Connections refused for want of room.
    ConnectionsRefused,
    /// Most connections open at once.
    ConnectionsMax,
    /// Something about messages, schedules or marks.
    Message(MessageMetric),
    /// Something about sessions.
    Session(SessionMetric),
    /// Something about names that callers resolve.
    Name(NameMetric),
}

/// What an expectation measures of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameMetric {
    /// Look-ups per second.
    LookupRate,
    /// Share of what resolvers said that they remembered.
    RememberedRatio,
    /// Share of what resolvers said that the record does not say now.
    StaleAnswers,
    /// Requests that got no component.
    Unresolved,
    /// Share of what resolvers said that was one component.
    AnswerShare,
}

/// What an expectation measures of messages, schedules and marks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MessageMetric {
    /// Time-weighted mean number of messages waiting.
    BacklogMean,
    /// Most messages waiting at once.
    BacklogMax,
    /// Time-weighted mean age of the oldest message not yet done, seconds.
    OldestMean,
    /// Largest age of the oldest message not yet done, seconds.
    OldestMax,
    /// Messages accepted per second.
    PublishRate,
    /// Messages processed and acknowledged per second.
    ProcessRate,
    /// Receives per message that was acknowledged or given up.
    Receives,
    /// Messages given up after too many receives.
    DeadLetters,
    /// Share of messages that ended as dead letters.
    DeadLetterRate,
    /// Mean time from publish to being given up, seconds.
    DeadLetterAge,
    /// Messages handed out again.
    Redelivered,
    /// Messages processed again although they had been processed.
    Duplicates,
    /// First receives out of order.
    OutOfOrder,
    /// Messages kept too long.
    Expired,
    /// Messages lost for want of room, memory or a subscriber.
    Lost,
    /// Share of messages refused for want of room.
    FullRate,
    /// Quantile of the time from publish to success, seconds.
    ProcessedQuantile(f64),
    /// Mean of the time from publish to success, seconds.
    ProcessedMean,
    /// Largest time from publish to success, seconds.
    ProcessedMax,
    /// Time from the last fault's end until the backlog was no larger than before the first, seconds.
    DrainTime,
    /// Runs of a schedule that were started.
    RunsStarted,
    /// Runs of a schedule that were not started because one was still going.
    RunsSkipped,
    /// Runs of a schedule that fell due while it was down, or whose timer was lost.
    RunsMissed,
    /// Times a mark was passed.
    Passes,
    /// Times a mark was passed by a request that had passed it before.
    Repeats,
    /// Quantile of the time from a request's start to a mark, seconds.
    MarkQuantile(f64),
    /// Mean of the time from a request's start to a mark, seconds.
    MarkMean,
    /// Largest time from a request's start to a mark, seconds.
    MarkMax,
}

/// What an expectation is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// All clients together.
    All,
    /// One workload.
    Workload(usize),
    /// One journey of one client.
    Journey(ClientId, usize),
    /// One component.
    Component(ComponentId),
    /// One operation of one component.
    Operation(ComponentId, OperationId),
    /// All components of one place.
    Place(PlaceId),
    /// Calls under one policy (`caller -> target`).
    Edge(PolicyId),
    /// One broker, or one schedule.
    Broker(BrokerId),
    /// One named point.
    Mark(MarkId),
    /// One name.
    Name(NameId),
    /// One component that a name may stand for, by its place in the name's list.
    Answer(NameId, usize),
}

/// How a measurement is compared with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Below.
    Less,
    /// At or below.
    LessOrEqual,
    /// Above.
    Greater,
    /// At or above.
    GreaterOrEqual,
}

/// Over what part of the run an expectation is measured. Requests belong to
/// the part in which they arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// From the end of the warm-up to the end.
    Always,
    /// Before the first fault.
    BeforeFaults,
    /// While any fault acts.
    DuringFaults,
    /// While none acts.
    OutsideFaults,
    /// After the last fault ended.
    AfterFaults,
    /// After service was seen to hold again, following the last fault.
    AfterRecovery,
    /// Between two instants.
    Between(SimTime, SimTime),
}
