//! Brokers, consumers, schedules and the steps about messages as a file writes them.

use super::{RawErrorClass, RawStep};
use crate::spec::scalar::{BackoffText, CountText, LawText, RateText, ShareText, SpanText};
use schemars::JsonSchema;
use serde::Deserialize;

/// A queue, a topic or an ephemeral channel.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBroker {
    /// Makes it a topic: each message is copied to these queues. A topic keeps nothing itself.
    pub topic: Option<Vec<String>>,
    /// Keeps nothing: each message goes at once to every consuming replica that is up, and is lost if there is none. Default: false.
    pub ephemeral: Option<bool>,
    /// Most messages kept, waiting or in flight: a number or `unlimited`. Default: unlimited.
    pub capacity: Option<CountText>,
    /// What happens to a message when there is no room. Default: reject.
    pub full: Option<RawFull>,
    /// Which waiting message is handed out next. Default: fifo.
    pub order: Option<RawOrder>,
    /// Ordering groups: messages of one key of this entity are handed out one at a time and in order.
    pub group: Option<String>,
    /// How long a message is kept before it is thrown away. Default: for ever.
    pub retention: Option<SpanText>,
    /// How long a received message stays hidden before it is handed out again, unless it was acknowledged. Default: 30s.
    pub visibility_timeout: Option<SpanText>,
    /// How often a message is handed out before it is given up as a dead letter. Default: without end.
    pub max_receives: Option<u32>,
    /// Which broker keeps the dead letters; without one they are thrown away.
    pub dead_letter: Option<String>,
    /// Most messages in flight at once: a number or `unlimited`. Default: unlimited.
    pub in_flight: Option<CountText>,
    /// Time from a message being ready to the consumer having it, or to a topic's queue having it. Default: 0s.
    pub delivery: Option<LawText>,
    /// Share of messages that it stores twice, as at-least-once brokers may. Default: 0%.
    pub duplicates: Option<ShareText>,
    /// Drops a message published by the same request at the same step within this time. Default: never.
    pub deduplicate: Option<SpanText>,
    /// Whether messages survive when all its replicas are down. Default: true.
    pub durable: Option<bool>,
    /// How fast `redrive` takes messages back. Default: all at once.
    pub redrive_rate: Option<RateText>,
}

/// What happens to a message when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawFull {
    /// The publisher is refused (class `shed`).
    Reject,
    /// The oldest waiting message makes room.
    DropOldest,
    /// The new message is lost, and the publisher is not told.
    DropNewest,
}

/// Which waiting message is handed out next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawOrder {
    /// The oldest.
    Fifo,
    /// The newest.
    Lifo,
}

/// How a component takes messages from a broker: an operation runs for each.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawConsumer {
    /// Which of its operations runs. Default: the one named by the message's `subject`, or the only one.
    pub operation: Option<String>,
    /// Batches in work at once, per replica: a number or `unlimited`. Default: 1.
    pub concurrency: Option<CountText>,
    /// Most messages taken at once; they are worked off one after the other. Default: 1.
    pub batch: Option<u32>,
    /// How long to wait for a batch to fill. Default: 0s.
    pub batch_wait: Option<SpanText>,
    /// A failure returns the whole batch, not only the message that failed. Default: false.
    pub whole_batch: Option<bool>,
    /// Instead of the broker's own.
    pub visibility_timeout: Option<SpanText>,
    /// Whether the message stays hidden as long as it is being worked on. Default: false.
    pub heartbeat: Option<bool>,
    /// Longest work on one message; then it is stopped and counts as failed. Default: for ever.
    pub timeout: Option<SpanText>,
    /// Pause after a failure until the message is handed out again. Default: what is left of the visibility timeout.
    pub backoff: Option<BackoffText>,
}

/// An operation that runs by the clock. Give one of `every`, `cron` and `at`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSchedule {
    /// Time between two runs.
    pub every: Option<SpanText>,
    /// First run of `every`. Default: one period after the start.
    pub first: Option<SpanText>,
    /// `MINUTE HOUR DAY MONTH WEEKDAY`, each `*`, a number, a range, a list or a step; the day and the month must be `*`. The run starts on a Monday at 00:00.
    pub cron: Option<String>,
    /// Once at each of these times.
    #[serde(default)]
    pub at: Vec<SpanText>,
    /// Each run starts late by a uniform draw up to this. Default: 0s.
    pub jitter: Option<SpanText>,
    /// Which operation of this component runs. Default: the one with the schedule's name.
    pub operation: Option<String>,
    /// What happens when the run before is still going. Default: allow.
    pub overlap: Option<RawOverlap>,
    /// What happens to runs that fell due while the component was down. Default: skip.
    pub missed: Option<RawMissed>,
    /// How often a run that fails is tried in all. Default: 1.
    pub attempts: Option<u32>,
    /// Pause before another try. Default: none.
    pub backoff: Option<BackoffText>,
    /// Longest run; then it is stopped and counts as failed. Default: for ever.
    pub timeout: Option<SpanText>,
    /// How long until a run lost in a crash is noticed and tried again, if it has attempts left. Default: 30s.
    pub stalled_after: Option<SpanText>,
}

/// What happens when the run before is still going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawOverlap {
    /// Both run.
    Allow,
    /// The new one does not run.
    Skip,
    /// The new one waits.
    Queue,
}

/// What happens to runs that fell due while the component was down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawMissed {
    /// They are not made up for.
    Skip,
    /// One run makes up for all.
    Once,
    /// Each is made up for.
    All,
}

/// A message to a broker: its name, or its details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawPublish {
    /// Which broker.
    To(String),
    /// Which broker, and what about the message.
    Details(RawPublishDetails),
}

/// A message to a broker.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPublishDetails {
    /// Which broker.
    pub to: String,
    /// What it is about: consumers that name no operation run the one called so.
    pub subject: Option<String>,
    /// How long it stays hidden at first. Default: 0s.
    pub delay: Option<LawText>,
}

/// Steps done at most once for the same request or key, however often they are reached.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawOnce {
    /// Once for each key of this entity. Default: once for each request, whatever retries and redelivery do.
    pub key: Option<String>,
    /// Which component remembers; its operation `claim` is called each time. Default: a memory without cost.
    #[serde(rename = "in")]
    pub guard: Option<String>,
    /// How long it is remembered that they were done. Default: for ever.
    pub ttl: Option<SpanText>,
    /// How long an unfinished try keeps others out; they fail meanwhile. Default: 1m.
    pub lease: Option<SpanText>,
    /// What to do.
    #[serde(rename = "do")]
    pub steps: Vec<RawStep>,
}

/// A list of steps tried again when it fails, as workflow engines do for a step.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRetryStep {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// Pause before each retry. Default: none.
    pub backoff: Option<BackoffText>,
    /// Failures that are tried again. Default: all.
    pub on: Option<Vec<RawErrorClass>>,
    /// What to do.
    #[serde(rename = "do")]
    pub steps: Vec<RawStep>,
}

/// Messages that can never be processed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPoison {
    /// Which broker they are published to, or which schedule as `component.schedule`.
    pub target: String,
    /// Share of the messages published while the fault acts.
    pub share: ShareText,
    /// Work until the consumer fails. Default: 0s. Excludes `hangs`.
    pub takes: Option<LawText>,
    /// The consumer never finishes instead of failing. Default: false.
    pub hangs: Option<bool>,
}

/// A broker that hands out messages twice or late.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawMisdelivery {
    /// Which broker.
    pub target: String,
    /// Share of messages stored twice. Default: 0%.
    pub duplicates: Option<ShareText>,
    /// Share of messages held back, so that others overtake them. Default: 0%.
    pub late: Option<ShareText>,
    /// How long late messages are held back. Needs `late`.
    pub by: Option<LawText>,
}

/// A broker with less room.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBrokerFull {
    /// Which broker; it needs a `capacity`.
    pub target: String,
    /// Share of the room that is gone.
    pub share: ShareText,
}

/// Schedules that do not fire.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawLostTimers {
    /// Whose schedules.
    pub target: String,
    /// Share of the runs that are never started. Default: 100%.
    pub share: Option<ShareText>,
}
