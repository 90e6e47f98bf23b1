//! Replicas that come and go, as a file writes them.

use crate::spec::scalar::{CountText, LawText, NumberText, RateText, ShareText, SpanText};
use schemars::JsonSchema;
use serde::Deserialize;

/// How many replicas: a number, or how their number follows the load.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawReplicas {
    /// Independent copies, always so many.
    Count(u32),
    /// A number that changes.
    Scaling(Box<RawScaling>),
}

/// How the number of replicas follows the load.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawScaling {
    /// Replicas at the start. Default: `min`.
    pub count: Option<u32>,
    /// Fewest replicas. Default: 1.
    pub min: Option<u32>,
    /// Most replicas. Default: as many as at the start.
    pub max: Option<u32>,
    /// As many replicas as bring each measure to its target; the measure that needs most decides.
    pub track: Option<RawMeasures>,
    /// Replicas added or removed when a measure passes a bound.
    #[serde(default)]
    pub steps: Vec<RawScalingStep>,
    /// Bounds that change with time.
    #[serde(default)]
    pub schedule: Vec<RawScheduledBounds>,
    /// Length after which the schedule starts over. Default: never.
    pub schedule_every: Option<SpanText>,
    /// Stretch that one data point covers, and time between two decisions. Default: 60s.
    pub metric_period: Option<SpanText>,
    /// Time until a data point can be seen. Default: 0s.
    pub metric_delay: Option<SpanText>,
    /// How many of the latest data points must agree, as `3 of 3`. Default: 1 of 1.
    pub points: Option<RawPoints>,
    /// How far off its target a measure may be before anything changes. Default: 10% both ways.
    pub tolerance: Option<RawTolerance>,
    /// Time over which the most careful wish counts: the fewest to add, the most to keep. Default: 0s.
    pub stabilize: Option<RawPauses>,
    /// Pause after a change before the next one. Default: 0s.
    pub cooldown: Option<RawPauses>,
    /// Most replicas added or removed within some time. Default: any number.
    pub limit: Option<RawStepLimits>,
    /// Time from the request for a replica until it can serve. Default: 0s.
    pub start: Option<LawText>,
    /// Slow start of a new replica.
    pub warm_up: Option<RawSlowStart>,
    /// How a replica that is no longer needed ends.
    pub drain: Option<RawDrain>,
    /// Age before which a replica is not taken away. Default: 0s.
    pub protect: Option<SpanText>,
    /// Name of the shared limit (see `limits`) of which each replica takes `units`.
    pub quota: Option<String>,
    /// Units of the shared limit that one replica takes. Default: 1.
    pub units: Option<u64>,
}

/// Measures with a value for each: data points are means over `metric-period`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawMeasures {
    /// Share of threads or cores busy.
    pub cpu: Option<ShareText>,
    /// Requests inside, per replica in service.
    pub concurrency: Option<NumberText>,
    /// Requests that arrive, per replica in service.
    pub requests: Option<RateText>,
    /// Requests waiting, per replica in service.
    pub queue: Option<NumberText>,
    /// Messages waiting at the brokers it consumes, per replica in service.
    pub backlog: Option<NumberText>,
    /// Sessions open, per replica in service.
    pub sessions: Option<NumberText>,
}

/// Replicas added or removed when a measure passes a bound.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawScalingStep {
    /// One measure and its bound: adds replicas above it. Needs `add`.
    pub above: Option<RawMeasures>,
    /// One measure and its bound: removes replicas below it. Needs `remove`.
    pub below: Option<RawMeasures>,
    /// Replicas to add.
    pub add: Option<u32>,
    /// Replicas to remove.
    pub remove: Option<u32>,
}

/// Bounds from some time on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawScheduledBounds {
    /// From when on.
    pub at: SpanText,
    /// Fewest replicas. Default: as before.
    pub min: Option<u32>,
    /// Most replicas. Default: as before.
    pub max: Option<u32>,
}

/// How many of the latest data points must agree.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPoints {
    /// To add replicas, as `3 of 3`.
    pub out: Option<String>,
    /// To remove replicas, as `15 of 15`.
    #[serde(rename = "in")]
    pub inward: Option<String>,
}

/// Shares for adding and removing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawTolerance {
    /// Above the target.
    pub out: Option<ShareText>,
    /// Below the target.
    #[serde(rename = "in")]
    pub inward: Option<ShareText>,
}

/// Times for adding and removing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawPauses {
    /// For adding.
    pub out: Option<SpanText>,
    /// For removing.
    #[serde(rename = "in")]
    pub inward: Option<SpanText>,
}

/// Most replicas added or removed within some time.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawStepLimits {
    /// For adding.
    pub out: Option<RawStepLimit>,
    /// For removing.
    #[serde(rename = "in")]
    pub inward: Option<RawStepLimit>,
}

/// The larger of a number and a share.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawStepLimit {
    /// Replicas. Default: 0.
    pub count: Option<u32>,
    /// Share of the replicas there were. 100% doubles them. Default: 0%.
    pub percent: Option<ShareText>,
    /// Within this time.
    pub per: SpanText,
}

/// Slow start of a new replica.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawSlowStart {
    /// How long.
    #[serde(rename = "for")]
    pub length: SpanText,
    /// Its pace meanwhile, as a share of the nominal one.
    pub speed: ShareText,
}

/// How a replica that is no longer needed ends.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawDrain {
    /// Shortest time between leaving the rotation and stopping: requests on their way still arrive. Default: 2s.
    pub linger: Option<SpanText>,
    /// Longest time for what is inside to end; then it is lost. Default: for ever.
    pub deadline: Option<SpanText>,
}

/// Instances made for requests, one for each unless `threads` says more.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawServerless {
    /// Most instances. Default: 1000.
    pub max: Option<CountText>,
    /// Instances that are always there. Default: 0.
    pub provisioned: Option<u32>,
    /// Time until a new instance serves. Default: 0s.
    pub cold_start: Option<LawText>,
    /// Time without work after which an instance goes. Default: 10m.
    pub keep_alive: Option<LawText>,
    /// How fast there may be more instances. Default: any speed.
    pub scale_up: Option<RawScaleUp>,
    /// Name of the shared limit (see `limits`) of which each request in progress takes one unit.
    pub quota: Option<String>,
}

/// How fast there may be more instances: an allowance that refills.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawScaleUp {
    /// Instances per second.
    pub rate: RateText,
    /// Instances at once.
    pub burst: NumberText,
}

/// Which replicas get requests.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawHealth {
    /// Probes of each replica.
    pub check: Option<RawHealthCheck>,
    /// Ejection by what callers see.
    pub eject: Option<RawEjection>,
    /// When no more than this share of replicas is healthy, all get requests. Default: requests are refused when none is healthy.
    pub fail_open: Option<ShareText>,
    /// Whether a replica found unhealthy is stopped and another started in its place. Default: false.
    pub replace: Option<bool>,
}

/// Probes of each replica.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawHealthCheck {
    /// Time between two probes of one replica. Default: 10s.
    pub interval: Option<SpanText>,
    /// Longest wait for the answer. Default: 5s.
    pub timeout: Option<SpanText>,
    /// Failed probes in a row that take a replica out. Default: 2.
    pub unhealthy: Option<u32>,
    /// Good probes in a row that bring it back. Default: 2.
    pub healthy: Option<u32>,
    /// Operation that a probe calls, with all its steps. Default: one that only computes for `cost`.
    pub operation: Option<String>,
    /// What a probe computes when no `operation` is named. Default: 100us.
    pub cost: Option<LawText>,
    /// Component or client from whose place probes come. Default: from beside the component itself.
    pub from: Option<String>,
}

/// Ejection by what callers see.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawEjection {
    /// Failed requests in a row (errors, timeouts, resets, refusals). Default: 5.
    pub errors: Option<u32>,
    /// For how long; times the number of ejections in a row. Default: 30s.
    #[serde(rename = "for")]
    pub length: Option<SpanText>,
    /// Most replicas ejected at once, as a share; at least one may be. Default: 10%.
    pub max: Option<ShareText>,
}
