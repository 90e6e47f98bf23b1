//! What a run found out: plain, versioned data.
//!
//! The second waist of the program. Verdicts, reports, the store and other
//! programs read this and nothing else. Instants and spans are integer
//! nanoseconds (`_ns` in names where they are bare numbers). Everything is
//! measured after the warm-up unless it says otherwise; a request belongs to
//! the [`Slot`] and window in which it arrived.

mod cache;
mod calls;
mod conservation;
mod levels;
mod messages;
mod models;
mod names;
mod recovery;
mod replicas;
mod sessions;
mod windows;

pub use calls::{Edge, EdgeSlot};
pub use levels::{LevelTimes, Watched};
pub use recovery::{Recovery, Saturation, SaturationKind, Trial};

use crate::plan::{ErrorClass, InputFile};
use crate::stats::Histogram;
use crate::units::{SimSpan, SimTime};
pub use cache::{CacheSlot, SHARD_SLOTS, ShardSlot};
pub use conservation::*;
pub use messages::*;
pub use names::{NameOutcome, NameSlot};
pub use replicas::*;
use serde::{Deserialize, Serialize};
pub use sessions::*;
use std::collections::BTreeMap;
pub use windows::*;

pub use models::{MeterOutcome, ModelSlot};

/// Version of this data; changes whenever a field changes meaning or goes.
pub const SCHEMA: u32 = 1;

/// Everything one run found out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// [`SCHEMA`] of the program that wrote it.
    pub schema: u32,
    /// Version of the program that ran it.
    pub engine: String,
    /// The scenario's name.
    pub scenario: String,
    /// The topology's name.
    pub topology: String,
    /// The environment overlay in force.
    pub environment: Option<String>,
    /// Files read.
    pub inputs: Vec<InputFile>,
    /// Root of all randomness of this run.
    pub seed: u64,
    /// Planned length.
    pub duration: SimSpan,
    /// Start left out of every statistic.
    pub warm_up: SimSpan,
    /// When the run ended: at `duration`, unless it was truncated. What is in progress then is counted as open.
    pub ended_at: SimTime,
    /// Events dispatched.
    pub events: u64,
    /// Fold over all events, in hexadecimal: equal for equal inputs and seed, everywhere.
    pub digest: String,
    /// Why the run stopped early, if it did; what is here is valid up to `ended_at`.
    pub truncated: Option<Truncation>,
    /// The parts of the run that expectations can tell apart.
    pub slots: Vec<Slot>,
    /// Users' requests, by workload and journey.
    pub traffic: Vec<Traffic>,
    /// Components, in the topology's order.
    pub components: Vec<ComponentOutcome>,
    /// Calls, by caller and target.
    pub edges: Vec<Edge>,
    /// Messages, schedules and marks.
    #[serde(default)]
    pub messages: Messages,
    /// Names that callers resolve, in the topology's order.
    #[serde(default)]
    pub names: Vec<NameOutcome>,
    /// Long-lived connections and broadcasts.
    #[serde(default)]
    pub sessions: Sessions,
    /// When faults acted.
    pub faults: Vec<FaultSpan>,
    /// What happened to replicas.
    pub replica_notes: Vec<ReplicaNote>,
    /// When users were hurt.
    pub incidents: Vec<Incident>,
    /// What reached its limit and stayed there, in the order in which that began; at equal times callees come before
    /// their callers, whom they make wait.
    #[serde(default)]
    pub saturations: Vec<Saturation>,
    /// Whether service came back after the last trigger; `None` when no fault ends before the run does.
    #[serde(default)]
    pub recovery: Option<Recovery>,
    /// Where the time of slow requests went.
    pub blame: Vec<Blame>,
    /// Values over time.
    pub windows: Windows,
    /// Laws that must hold exactly, and whether they did.
    pub conservation: Vec<ConservationCheck>,
}

/// Why a run stopped early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truncation {
    /// Which bound was reached.
    pub bound: Bound,
    /// The bound's value.
    pub limit: u64,
    /// When.
    pub at: SimTime,
}

/// A bound on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// Too many events.
    EventsMax,
    /// Too many requests in progress.
    InSystemMax,
    /// The user interrupted.
    Interrupted,
}

impl Bound {
    /// The word for it in files and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::EventsMax => "events-max",
            Self::InSystemMax => "in-system-max",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A part of the run. Slots do not overlap and cover all time after the warm-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Start of the part of the schedule it lies in.
    pub from: SimTime,
    /// End of the part of the schedule it lies in.
    pub to: SimTime,
    /// How much time was spent in it; less than `to - from` when it shares that part with others.
    pub time: SimSpan,
    /// Where it lies relative to all faults.
    pub phase: Phase,
    /// Whether service had been seen to hold again after the last fault.
    pub recovered: bool,
}

/// Where a part of the run lies relative to the faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before the first fault, or in a run without faults.
    Before,
    /// While a fault acts.
    During,
    /// Between faults.
    Between,
    /// After the last fault ended.
    After,
}

/// Users' requests of one workload and journey.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Traffic {
    /// Name of the workload.
    pub workload: String,
    /// Name of the client.
    pub client: String,
    /// Name of the journey.
    pub journey: String,
    /// What happened, by slot (indices of [`Outcome::slots`]).
    pub slots: Vec<TrafficSlot>,
}

/// Users' requests in one slot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TrafficSlot {
    /// Requests that arrived.
    pub arrived: u64,
    /// Answered as promised.
    pub ok: u64,
    /// Answered in degraded form.
    pub degraded: u64,
    /// Not answered, by class.
    pub errors: BTreeMap<ErrorClass, u64>,
    /// Still in progress when the run ended.
    pub open: u64,
    /// Arrival to answer, of requests answered ok or degraded.
    pub latency: Histogram,
    /// Arrival to the failure, of the others.
    pub latency_failed: Histogram,
    /// Answers, among those ok or degraded, that were wrong though nobody noticed.
    pub wrong: u64,
    /// Arrival to the first token of a streamed answer.
    pub first_token: Histogram,
}

/// One component.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ComponentOutcome {
    /// Its name.
    pub name: String,
    /// Its catalogue kind.
    pub kind: String,
    /// Where it runs.
    pub place: String,
    /// Its replicas.
    pub replicas: u32,
    /// What its utilisation counts: threads, cores, or nothing when unlimited.
    pub resource: Resource,
    /// Its operations.
    pub operations: Vec<OperationOutcome>,
    /// What happened, by slot.
    pub slots: Vec<ComponentSlot>,
}

/// What a component's utilisation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// Threads held.
    Threads,
    /// Cores computing.
    Cores,
    /// Unlimited: it has no utilisation.
    Unlimited,
}

/// One operation of a component.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OperationOutcome {
    /// Its name.
    pub name: String,
    /// Arrival at the component to reply, of requests that succeeded, by slot.
    pub sojourn: Vec<Histogram>,
    /// What was counted for the bill.
    pub meters: Vec<MeterOutcome>,
}

/// One component in one slot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentSlot {
    /// Requests that reached it.
    pub arrived: u64,
    /// Replied ok or degraded.
    pub completed: u64,
    /// Replied with an error of its own or of something it called.
    pub failed: u64,
    /// Refused by a full queue.
    pub shed: u64,
    /// Refused by an allowance.
    pub throttled: u64,
    /// Refused because it was down or out of connections.
    pub refused: u64,
    /// Refused by a firewall, or because whoever asked was not accepted.
    pub denied: u64,
    /// Left the queue after waiting too long.
    pub reneged: u64,
    /// Dropped when their turn came, because their caller had stopped waiting.
    #[serde(default)]
    pub expired: u64,
    /// Cancelled by the caller.
    pub cancelled: u64,
    /// Lost in a crash, or swallowed by a black hole.
    pub lost: u64,
    /// Inside at the end of the run.
    pub inside: u64,
    /// Requests that finished although nobody waited for them any more.
    pub wasted: u64,
    /// Time in queue of requests whose service began.
    pub wait: Histogram,
    /// How many of these found no free thread or core and had to wait.
    pub waited: u64,
    /// Resource-seconds in use, in resource-nanoseconds.
    pub busy_area: u128,
    /// Resource-seconds there were (0 when unlimited).
    pub capacity_area: u128,
    /// Waiting requests integrated over time, in request-nanoseconds.
    pub queue_area: u128,
    /// Requests inside integrated over time, in request-nanoseconds.
    pub in_system_area: u128,
    /// Replica-nanoseconds up.
    pub up_area: u128,
    /// Most waiting at once, over all replicas.
    pub queue_max: u64,
    /// Most inside at once, over all replicas.
    pub in_system_max: u64,
    /// What became of its replicas.
    pub replicas: ReplicaSlot,
    /// Present for caches.
    pub cache: Option<CacheSlot>,
    /// Present for stores.
    pub store: Option<StoreSlot>,
    /// What its callers sent by key; empty where nobody does.
    #[serde(default)]
    pub shards: ShardSlot,
    /// Present where an expectation asks for it.
    pub watched: Watched,
    /// Present for language models, and for what passes their answers on as they come.
    pub model: Option<ModelSlot>,
}

/// One store in one slot: what the ledger says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StoreSlot {
    /// Reads answered.
    pub reads: u64,
    /// Writes committed.
    pub commits: u64,
    /// Commits whose acknowledgement reached the caller.
    pub acknowledged: u64,
    /// Commits whose caller had stopped waiting: it does not know.
    pub unknown: u64,
    /// Commits that were not kept, though the store said so.
    #[serde(default)]
    pub lost: u64,
    /// Commits by a second copy of a request that must not be done twice.
    #[serde(default)]
    pub doubled: u64,
    /// Reads of rows that were damaged.
    #[serde(default)]
    pub corrupt: u64,
    /// Writes that failed because the disk was full.
    #[serde(default)]
    pub no_room: u64,
    /// Writes refused because the row had changed since it was read.
    pub conflicts: u64,
    /// Connections refused for want of room.
    pub connections_refused: u64,
    /// Most connections open at once.
    pub connections_max: u64,
}

/// A time in which a fault acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultSpan {
    /// The fault's name.
    pub name: String,
    /// The file's word for it.
    pub kind: String,
    /// What it hit, for readers.
    pub target: String,
    /// Start.
    pub from: SimTime,
    /// End; the run's end if it was still acting.
    pub to: SimTime,
}

/// A time in which users were hurt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Start of the first bad window.
    pub from: SimTime,
    /// End of the last bad window before service held again; `None` if it never did.
    pub to: Option<SimTime>,
    /// Lowest availability of a window within it.
    pub availability_min: f64,
    /// Highest 99th percentile of a window within it; `None` if nothing was answered in any.
    pub latency_p99_max: Option<SimSpan>,
    /// Requests that failed within it.
    pub failed: u64,
}

/// Where the time of requests around a quantile went: parts sum to the latency.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Blame {
    /// Name of the workload.
    pub workload: String,
    /// Name of the journey.
    pub journey: String,
    /// Which part of the run.
    pub phase: Phase,
    /// Requests answered in it.
    pub requests: u64,
    /// One entry per quantile.
    pub quantiles: Vec<BlameQuantile>,
}

/// Blame at one quantile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BlameQuantile {
    /// Which, 0..1.
    pub quantile: f64,
    /// Latency there, in nanoseconds.
    pub latency_ns: f64,
    /// Requests the parts are averaged over; under 100 the parts are indicative only.
    pub requests: u64,
    /// Largest first.
    pub parts: Vec<BlamePart>,
}

/// One component's or call's share of a latency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlamePart {
    /// A component's name, or `caller -> target`.
    pub who: String,
    /// What kind of time.
    pub kind: WaitKind,
    /// Mean nanoseconds.
    pub nanos: f64,
}

/// Kinds of time on a request's critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum WaitKind {
    /// On a link.
    Network,
    /// Held by an allowance.
    Admission,
    /// For a connection of the caller's pool, or a place in its bulkhead.
    PoolWait,
    /// Opening a connection.
    Connect,
    /// In a component's queue.
    QueueWait,
    /// Being worked on.
    Service,
    /// For somebody else's fetch of the same key.
    Coalesced,
    /// Between two attempts.
    Backoff,
    /// In an attempt that was given up or failed and was tried again.
    Abandoned,
    /// Thinking or pausing on the user's side.
    User,
    /// For a new instance to start.
    ColdStart,
}
