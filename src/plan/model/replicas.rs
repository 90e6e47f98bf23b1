//! How replicas come and go, who gets requests, and what bounds their number.

use super::{Call, Caller};
use crate::dist::Law;
use crate::units::SimSpan;

/// Index into [`super::Plan::limits`].
pub type LimitId = usize;

/// A limit that several components share, such as an account's quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedLimit {
    /// Name in the file.
    pub name: String,
    /// Units there are.
    pub amount: u64,
}

/// What a replica takes of a shared limit while it exists (serverless: while it works).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Which limit.
    pub limit: LimitId,
    /// Units each takes, at least 1.
    pub units: u64,
}

/// How a replica begins and ends to serve.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifecycle {
    /// Time from the request for a replica until it can serve.
    pub start: Law,
    /// Slow start: `(how long, share of the nominal pace)`.
    pub warm_up: Option<(SimSpan, f64)>,
    /// Shortest time between leaving the rotation and stopping: requests under way still arrive.
    pub linger: SimSpan,
    /// Longest time for what is inside to end; then it is lost. `None` waits for ever.
    pub drain_max: Option<SimSpan>,
}

impl Lifecycle {
    /// Starts at once, cold from the first moment, and waits for all work to end.
    #[must_use]
    pub fn immediate() -> Self {
        Self { start: Law::Constant(0.0), warm_up: None, linger: SimSpan::ZERO, drain_max: None }
    }
}

/// How the number of replicas follows the load.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// Fewest replicas, at least 1.
    pub min: u32,
    /// Most replicas.
    pub max: u32,
    /// What decides; the rule that wants most replicas wins.
    pub rules: Vec<ScalingRule>,
    /// Length of the stretch that one data point covers.
    pub period: SimSpan,
    /// Time until a data point can be seen.
    pub delay: SimSpan,
    /// How data points decide.
    pub points: Both<Points>,
    /// How far the measure may be off its target, as a share of it.
    pub tolerance: Both<f64>,
    /// A change is as small as the smallest one wished for during this time.
    pub stabilisation: Both<SimSpan>,
    /// Pause after a change.
    pub cooldown: Both<SimSpan>,
    /// Bound on the change within some time.
    pub limit: Both<Option<StepLimit>>,
    /// Age before which a replica is not taken away.
    pub protection: SimSpan,
    /// Bounds that change with the time of day.
    pub schedule: Vec<ScheduledBounds>,
    /// Length after which the schedule starts over; `None` never does.
    pub schedule_every: Option<SimSpan>,
    /// What each replica takes of a shared limit.
    pub quota: Option<Quota>,
}

/// A value for growing and one for shrinking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Both<T> {
    /// More replicas.
    pub out: T,
    /// Fewer replicas.
    pub inward: T,
}

/// How many of the latest data points must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points {
    /// This many...
    pub breaching: u32,
    /// ...of the latest so many.
    pub of: u32,
}

/// Bound on the change within some time: the larger of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLimit {
    /// Replicas.
    pub count: u32,
    /// Share of the replicas there were.
    pub share: f64,
    /// Within this time.
    pub per: SimSpan,
}

/// Something measured of a component, per data point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Share of threads or cores busy.
    Utilization,
    /// Requests inside per replica in service.
    Concurrency,
    /// Requests per second per replica in service.
    Requests,
    /// Requests waiting per replica in service.
    Queue,
    /// Messages waiting at the brokers that it consumes, per replica in service.
    Backlog,
    /// Sessions open per replica in service.
    Sessions,
}

/// What decides on the number of replicas.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalingRule {
    /// As many as bring the measure to its target: `ceil(replicas * value / target)`.
    Track {
        /// What is measured.
        measure: Measure,
        /// What it should be.
        target: f64,
    },
    /// By steps: the step with the bound that is exceeded most decides.
    Steps {
        /// What is measured.
        measure: Measure,
        /// `(above, add)`, bounds rising.
        out: Vec<(f64, u32)>,
        /// `(below, remove)`, bounds falling.
        inward: Vec<(f64, u32)>,
    },
}

/// Bounds from some time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduledBounds {
    /// From when on, within the schedule's length.
    pub at: SimSpan,
    /// Fewest replicas.
    pub min: u32,
    /// Most replicas.
    pub max: u32,
}

/// Instances made for requests: each serves as many at once as it has threads.
#[derive(Clone, Debug, PartialEq)]
pub struct Serverless {
    /// Most instances.
    pub max: u32,
    /// Instances that are always there.
    pub provisioned: u32,
    /// Time until a new instance serves.
    pub cold_start: Law,
    /// Time without work after which an instance goes; drawn once for each.
    pub keep_alive: Law,
    /// `(instances per second, instances at once)`: how fast there may be more.
    pub scale_up: Option<(f64, f64)>,
    /// What each request in progress takes of a shared limit.
    pub quota: Option<Quota>,
}

/// Which replicas get requests.
#[derive(Clone, Debug)]
pub struct Health {
    /// Probes of each replica.
    pub check: Option<HealthCheck>,
    /// Ejection by what callers see.
    pub ejection: Option<Ejection>,
    /// When no more than this share of replicas is healthy, all get requests;
    /// `None` refuses requests when none is healthy.
    pub fail_open: Option<f64>,
    /// Whether a replica found unhealthy is stopped and another started.
    pub replaces: bool,
}

/// Probes of each replica.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// Time between two probes of one replica.
    pub interval: SimSpan,
    /// Failed probes in a row that take a replica out.
    pub unhealthy: u32,
    /// Good probes in a row that bring it back.
    pub healthy: u32,
    /// What a probe does; its policy has the timeout.
    pub probe: Call,
    /// Where probes come from; `None` is from beside the component.
    pub from: Option<Caller>,
}

/// Ejection by what callers see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ejection {
    /// Failed requests in a row.
    pub errors: u32,
    /// For how long; times the number of ejections in a row.
    pub time: SimSpan,
    /// Most replicas ejected at once, as a share; at least one may be.
    pub share_max: f64,
}
