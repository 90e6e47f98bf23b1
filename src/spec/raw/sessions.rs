//! Sessions, their load, their faults and broadcasts as a file writes them.

use super::{RawRate, RawTarget};
use crate::spec::scalar::{
    BackoffText, BandwidthText, BytesText, CountText, LawText, NumberText, RateText, ShareText, SpanText,
    TargetText,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What a component allows long-lived connections to it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSessions {
    /// Most sessions of one replica: a number or `unlimited`; a connect beyond it is refused (class `connections`). Default: unlimited.
    pub per_replica: Option<CountText>,
    /// Connects and resumes accepted per second, over all replicas; others are refused (class `throttled`). Default: unlimited.
    pub connect_rate: Option<RateText>,
    /// Connects accepted at once after a quiet time. Default: one second's worth of `connect-rate`.
    pub connect_burst: Option<NumberText>,
    /// Closes a session on which nothing came for this long; also how a client that vanished is noticed. Default: never.
    pub idle_timeout: Option<SpanText>,
    /// Closes a session of this age: a time, or a law such as `uniform(1h50m 2h)` to spread the reconnects. Default: never.
    pub max_lifetime: Option<LawText>,
    /// Time over which a replica that is drained closes its sessions, one by one. Default: 0s, all at once.
    pub drain: Option<SpanText>,
    /// Where the state lies that a resume needs. Default: shared.
    pub state: Option<RawSessionState>,
    /// CPU time that one heartbeat takes. Default: 0s.
    pub heartbeat_cost: Option<SpanText>,
    /// Bytes per second that one replica can send in broadcasts. Default: unlimited.
    pub bandwidth: Option<BandwidthText>,
}

/// Where the state of sessions lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawSessionState {
    /// In the replica: sessions of a replica that crashed cannot be resumed.
    Replica,
    /// Outside: any replica can resume any session.
    Shared,
}

/// The long-lived connections that a client's users hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawClientSessions {
    /// The operation that opens one, `component.operation`; the component needs `sessions`.
    pub connect: TargetText,
    /// The operation run instead when a session was lost not long ago. Default: `connect` again.
    pub resume: Option<TargetText>,
    /// How long after its loss a session can be resumed. Default: for ever.
    pub resume_within: Option<SpanText>,
    /// How long a user who arrives stays, over reconnects. Needed with a `rate` of sessions.
    pub stay: Option<LawText>,
    /// Share of users who leave without closing: the other side notices by its `idle-timeout` only. Default: 0%.
    pub vanish: Option<ShareText>,
    /// How often an idle client says that it is there, and how it notices a dead peer. Default: never, and it notices nothing by itself.
    pub heartbeat: Option<RawHeartbeat>,
    /// Rate at which one open session runs one of the client's journeys, at random instants. Default: 0/s.
    pub messages: Option<RateText>,
    /// When a user without a session tries again. Default: at once, then after `full-jitter(1s 1m)`.
    pub reconnect: Option<RawReconnect>,
}

/// Heartbeats: their period, or its details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawHeartbeat {
    /// Time between two, with as long a wait for each answer.
    Every(SpanText),
    /// Period, wait and misses.
    Details(RawHeartbeatDetails),
}

/// Heartbeats.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawHeartbeatDetails {
    /// Time between two.
    pub every: SpanText,
    /// How long the answer may take. Default: `every`.
    pub timeout: Option<SpanText>,
    /// Answers missed in a row until the peer counts as dead. Default: 1.
    pub misses: Option<u32>,
}

/// When a user without a session tries again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawReconnect {
    /// Pause before the first try after a loss; `uniform(0s 30s)` spreads a storm over 30 s. Default: 0s.
    pub after: Option<LawText>,
    /// Pause after each failed try, as in `retry`. Default: `full-jitter(1s 1m)`.
    pub backoff: Option<BackoffText>,
    /// Tries until the user gives up: a number or `unlimited`. Default: unlimited.
    pub attempts: Option<CountText>,
}

/// Sessions as load: how many there always are, or their details.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawSessionLoad {
    /// Users who are there from start to end, connected at the start.
    Population(CountText),
    /// Users who are always there, users who arrive, and how it begins.
    Details(RawSessionLoadDetails),
}

/// Sessions as load.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSessionLoadDetails {
    /// Users who are there from start to end. Default: 0.
    pub population: Option<CountText>,
    /// Users who arrive per second, each for its `stay`, fixed or over time. Default: none.
    pub rate: Option<RawRate>,
    /// How the population begins. Default: steady.
    pub start: Option<RawSessionStart>,
    /// Time over which a population that starts `empty` connects, evenly. Default: 1m.
    pub over: Option<SpanText>,
}

/// How a population of sessions begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawSessionStart {
    /// All connected, at ages as they are after a long time.
    Steady,
    /// All connected just now, as after a deploy: they grow old together.
    Fresh,
    /// Nobody connected.
    Empty,
}

/// Sends something to sessions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawBroadcast {
    /// Share of the open sessions that it is for. Default: 100%.
    pub share: Option<ShareText>,
    /// How many sessions it is for, instead of `share`: a number or a law, such as the size of a room.
    #[schemars(extend("x-law-of" = "count"))]
    pub recipients: Option<LawText>,
    /// CPU time for each recipient. Default: 0s.
    pub cost: Option<SpanText>,
    /// Size for each recipient; counts against the `bandwidth` of `sessions`. Default: none.
    pub bytes: Option<BytesText>,
}

/// Sessions end, all at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawDisconnect {
    /// Which replicas' sessions.
    pub target: RawTarget,
    /// Share of their sessions. Default: 100%.
    pub share: Option<ShareText>,
    /// Nobody is told: clients take the session for open until a heartbeat is missed. Default: false.
    pub half_open: Option<bool>,
}

/// The state that a resume needs is gone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawForgetSessions {
    /// Which component's sessions.
    pub target: String,
}

/// Another idle timeout, as of a load balancer in between.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawIdleTimeoutFault {
    /// Which component's sessions.
    pub target: String,
    /// The timeout that acts; the shorter one of this and the component's own counts.
    pub to: SpanText,
    /// Nobody is told, as when a NAT forgets a flow: clients take the session for open until a heartbeat is missed. Default: false.
    pub half_open: Option<bool>,
}
