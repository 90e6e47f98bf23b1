//! Faults as a file writes them.

use super::{
    RawBadCacheKey, RawBadStorage, RawBlock, RawBrokerFull, RawBursts, RawCheckerFault, RawDisconnect,
    RawDiskFull, RawDuplicate, RawErrorClass, RawExpire, RawFlush, RawForgetSessions, RawHold, RawHotKey,
    RawIdleTimeoutFault, RawLeak, RawLock, RawLostTimers, RawMisdelivery, RawNameFault, RawPoison, RawRotate,
};
use crate::spec::scalar::{
    BackoffText, BandwidthText, CountText, LawText, NumberText, RateText, ShareText, SpanText,
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// Something that goes wrong: when, and exactly one of the effects.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFault {
    /// Name in timelines. Default: made from the effect and its target.
    pub name: Option<String>,
    /// When it starts. Needed unless `recurring`.
    pub at: Option<SpanText>,
    /// How long it lasts. Default: to the end.
    #[serde(rename = "for")]
    pub length: Option<SpanText>,
    /// Time over which it grows to full strength. Default: 0s.
    pub ramp: Option<SpanText>,
    /// Comes and goes within its length.
    pub flap: Option<RawFlap>,
    /// Again and again at random, each target on its own; instead of `at` and `for`.
    pub recurring: Option<RawRecurring>,
    /// Replicas die; work inside is lost. They return when the fault ends.
    pub crash: Option<RawCrash>,
    /// Replicas stop working for a while, as in a garbage collection or a virtual machine freeze; arrivals queue.
    pub pause: Option<RawReplicaTarget>,
    /// Replicas work slower.
    pub slow: Option<RawSlow>,
    /// Some requests fail or take longer, others do not.
    pub gray: Option<RawGray>,
    /// Part of the threads, pool connections or store connections are unusable.
    pub exhaust: Option<RawExhaust>,
    /// Nothing is served: refused, answered with errors, or never answered.
    pub outage: Option<RawOutage>,
    /// Answers of language models are cut, malformed or wrong.
    pub bad_output: Option<RawBadOutput>,
    /// Clocks are ahead or behind.
    pub clock_skew: Option<RawClockSkew>,
    /// A credential or certificate expires.
    pub expire: Option<RawExpire>,
    /// A credential is replaced, and not everybody knows at once.
    pub rotate: Option<RawRotate>,
    /// New connections are cut, as by a mistake in a security group; open ones stay.
    pub block: Option<RawBlock>,
    /// A smaller allowance is imposed.
    pub throttle: Option<RawThrottle>,
    /// Messages take longer.
    pub latency: Option<RawLatencyFault>,
    /// Messages are lost and sent again.
    pub packet_loss: Option<RawPacketLoss>,
    /// A path carries fewer bytes per second.
    pub bandwidth: Option<RawBandwidthFault>,
    /// No message passes.
    pub partition: Option<RawPartition>,
    /// Caches forget at once what they hold: a flush, a CDN's purge-all.
    pub flush: Option<RawFlush>,
    /// A cache's keys contain something that differs between requests for the same thing.
    pub bad_cache_key: Option<RawBadCacheKey>,
    /// A share of all requests is suddenly for the same few keys.
    pub hot_key: Option<RawHotKey>,
    /// Replicas leave the sharding while it lasts: their keys belong to others. Then they join again, empty.
    pub reshard: Option<RawReplicaTarget>,
    /// Replicas crash again and again, each time back later than the last.
    pub crash_loop: Option<RawCrashLoop>,
    /// Replicas are restarted, some at a time or all at once.
    pub restart: Option<RawRestart>,
    /// The platform takes replicas back after a notice, as with spot instances.
    pub reclaim: Option<RawReclaim>,
    /// The platform has no new replicas to give.
    pub capacity_denied: Option<RawCapacityDenied>,
    /// A shared limit (see `limits`) has another amount.
    pub quota: Option<RawQuotaFault>,
    /// A name (see `names`) is answered wrongly or not at all.
    pub dns: Option<RawNameFault>,
    /// Health checks of a component lie, or say nothing.
    pub health_checker: Option<RawCheckerFault>,
    /// More load.
    pub spike: Option<RawSpikeFault>,
    /// Some messages can never be processed.
    pub poison: Option<RawPoison>,
    /// A broker hands out messages twice or late.
    pub misdelivery: Option<RawMisdelivery>,
    /// A broker has less room.
    pub broker_full: Option<RawBrokerFull>,
    /// Schedules do not fire.
    pub lost_timers: Option<RawLostTimers>,
    /// Sessions end, all at once, with or without anybody being told.
    pub disconnect: Option<RawDisconnect>,
    /// The state that a resume needs is gone: who has no session now must connect anew.
    pub forget_sessions: Option<RawForgetSessions>,
    /// A shorter idle timeout acts on sessions, as of a load balancer in between.
    pub idle_timeout: Option<RawIdleTimeoutFault>,
    /// Memory is never given back, until the process is killed and starts anew.
    pub leak: Option<RawLeak>,
    /// A disk has no room: writes fail.
    pub disk_full: Option<RawDiskFull>,
    /// A store loses or damages what it keeps.
    pub bad_storage: Option<RawBadStorage>,
    /// Operations wait until it is over, as for a migration's lock.
    pub lock: Option<RawLock>,
    /// Messages are held on their way and released all at once.
    pub hold: Option<RawHold>,
    /// Requests arrive twice.
    pub duplicate: Option<RawDuplicate>,
    /// A named course of faults with its parameters, instead of one effect: see `shakedown catalogue`.
    pub nemesis: Option<IndexMap<String, IndexMap<String, serde_json::Value>>>,
}

/// Coming and going.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawFlap {
    /// How long it acts each time.
    pub on: SpanText,
    /// How long it rests each time.
    pub off: SpanText,
}

/// Again and again at random.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRecurring {
    /// Time between the end of one and the start of the next.
    pub up: LawText,
    /// Length of each.
    pub down: LawText,
    /// First possible start. Default: 0s.
    pub from: Option<SpanText>,
    /// No more starts after this. Default: the end.
    pub until: Option<SpanText>,
}

/// Which replicas: a component's name, or a selector.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawTarget {
    /// All replicas of the component with this name.
    Name(String),
    /// A selector.
    Selector(RawSelector),
}

/// Chooses components by name, kind, tag or place (all that are given must fit), and then some of their replicas.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSelector {
    /// By name.
    pub component: Option<String>,
    /// By catalogue kind.
    pub kind: Option<String>,
    /// By tag.
    pub tag: Option<String>,
    /// By place.
    pub place: Option<String>,
    /// By zone of the place, from 1. Needs `place`.
    pub zone: Option<u32>,
    /// This many replicas of those that fit, drawn by the seed. Default: all.
    pub count: Option<u32>,
    /// This share of the replicas that fit, rounded up, drawn by the seed.
    pub percent: Option<ShareText>,
    /// Each replica that fits with this probability, drawn by the seed; there may be none.
    pub probability: Option<ShareText>,
    /// How much the replicas chosen by `probability` have in common: 0% draws for each alone, 100% hits all or none. Default: 0%.
    pub correlation: Option<ShareText>,
}

/// Which replicas.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawReplicaTarget {
    /// Which replicas.
    pub target: RawTarget,
}

/// Replicas die.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCrash {
    /// Which replicas.
    pub target: RawTarget,
    /// Refuse new work but finish what is inside before going down. Default: false.
    pub graceful: Option<bool>,
    /// Time from the fault's end until a replica serves again. Default: 0s.
    pub restart: Option<LawText>,
}

/// Replicas work slower.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSlow {
    /// Which replicas.
    pub target: RawTarget,
    /// Times slower.
    pub factor: NumberText,
}

/// Some requests fail or take longer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawGray {
    /// Which replicas.
    pub target: RawTarget,
    /// Share of requests that fail. Default: 0%.
    pub errors: Option<ShareText>,
    /// With what. Default: error.
    pub class: Option<RawErrorClass>,
    /// Extra time for requests that do not fail.
    pub latency: Option<LawText>,
    /// Only requests from these components or clients. Default: all.
    #[serde(default)]
    pub callers: Vec<String>,
    /// Only these operations of the targets. Default: all.
    #[serde(default)]
    pub operations: Vec<String>,
    /// Whether health checks do not see it. Default: false.
    pub health_blind: Option<bool>,
    /// Whether requests fail after their work was done, and not before: a broken or truncated answer. The default class is then reset. Default: false.
    pub after_work: Option<bool>,
}

/// Part of something is unusable. Give one of `threads`, `memory`, `pool` and `connections`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawExhaust {
    /// Threads (or async cores) of these replicas.
    pub threads: Option<RawTarget>,
    /// Room of these replicas' caches.
    pub memory: Option<RawTarget>,
    /// A pool, as `caller -> target`.
    pub pool: Option<String>,
    /// Connections that a component accepts.
    pub connections: Option<String>,
    /// Share lost.
    pub share: ShareText,
}

/// Nothing is served.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawOutage {
    /// Which replicas.
    pub target: RawTarget,
    /// How it shows. Default: refuse.
    pub mode: Option<RawOutageMode>,
}

/// How an outage shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawOutageMode {
    /// Connection refused, at once.
    Refuse,
    /// An error answer, at once.
    Error,
    /// The connection is accepted, and broken at once.
    Reset,
    /// Never an answer.
    BlackHole,
}

/// Answers of language models are bad. Give at least one share.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBadOutput {
    /// Which replicas.
    pub target: RawTarget,
    /// Share without the form asked for; callers with `validate` notice. Default: 0%.
    pub malformed: Option<ShareText>,
    /// Share wrong in a way that no caller notices. Default: 0%.
    pub wrong: Option<ShareText>,
    /// Share of streams that break after a part of the answer (class `reset`). Default: 0%.
    pub cut: Option<ShareText>,
}

/// Clocks are ahead or behind. Give one of `ahead` and `behind`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawClockSkew {
    /// Which replicas.
    pub target: RawTarget,
    /// By how much they are ahead.
    pub ahead: Option<SpanText>,
    /// By how much they are behind.
    pub behind: Option<SpanText>,
}

/// A smaller allowance is imposed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawThrottle {
    /// Which component.
    pub target: String,
    /// Which of its limits shrinks: the allowance is in the limit's units and costs. Default: requests, each taking 1.
    pub limit: Option<String>,
    /// Requests, or units of the limit, per second allowed.
    pub rate: RateText,
    /// Most at once. Default: one second's worth.
    pub burst: Option<NumberText>,
    /// Whether a refusal tells the caller when to come back. Default: true.
    pub retry_after: Option<bool>,
}

/// One side of a network path: a component's, client's or place's name, or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawEnd {
    /// A component, client or place.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// Messages take longer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawLatencyFault {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
    /// Extra one-way delay.
    pub add: LawText,
}

/// Messages are lost and sent again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPacketLoss {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
    /// Probability per message.
    pub loss: ShareText,
    /// Delay until sent again; doubles for each further loss. Default: 200ms.
    pub retransmit: Option<SpanText>,
    /// Loss comes in bursts that hit the whole path at once. Default: at any time, each message on its own.
    pub bursts: Option<RawBursts>,
}

/// A path carries fewer bytes per second.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBandwidthFault {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
    /// What is left.
    pub limit: BandwidthText,
}

/// No message passes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPartition {
    /// Senders.
    pub from: RawEnd,
    /// Receivers.
    pub to: RawEnd,
    /// Leave the other direction alone. Default: false.
    pub one_way: Option<bool>,
    /// Whether senders are told at once instead of hearing nothing. Default: false.
    pub refuse: Option<bool>,
}

/// More load.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSpikeFault {
    /// Which load grows.
    pub load: String,
    /// Times its own rate.
    pub factor: NumberText,
}

/// Replicas crash again and again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCrashLoop {
    /// Which replicas.
    pub target: RawTarget,
    /// How long one runs before it crashes again. Default: 1s.
    pub runs: Option<LawText>,
    /// Pause before each new start. Default: `exponential(10s 5m)`, as in Kubernetes.
    pub backoff: Option<BackoffText>,
}

/// Replicas are restarted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRestart {
    /// Which replicas.
    pub target: RawTarget,
    /// Share of each component's replicas restarted at once. Default: 100%.
    pub batch: Option<ShareText>,
    /// Time from one batch to the next. Default: 60s.
    pub every: Option<SpanText>,
    /// Whether they drain first (see `replicas.drain`). Default: true.
    pub graceful: Option<bool>,
}

/// The platform takes replicas back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawReclaim {
    /// Which replicas.
    pub target: RawTarget,
    /// Time between the notice, when they start to drain, and the end. Default: 2m.
    pub notice: Option<SpanText>,
}

/// The platform has no new replicas to give.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawCapacityDenied {
    /// To which components.
    pub target: RawTarget,
    /// Share of requests for a replica that are denied. Default: 100%.
    pub share: Option<ShareText>,
}

/// A shared limit has another amount.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawQuotaFault {
    /// Which limit.
    pub limit: String,
    /// Units there are meanwhile.
    pub amount: CountText,
}
