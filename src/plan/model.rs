//! What a topology and a scenario mean once every name is resolved, every
//! default filled in and every value checked.
//!
//! The plan is the waist of the program: everything before it is about text,
//! everything after it is about time. Engines read it and never look back at
//! a file. All indices are valid by construction; only [`super::resolve`]
//! builds one from files. Times in laws are nanoseconds.

use crate::dist::Law;
pub use crate::dist::{Backoff, Popularity};
pub use crate::spec::InputFile;
use crate::units::{SimSpan, SimTime};
use serde::{Deserialize, Serialize};

/// Index into [`Plan::places`].
pub type PlaceId = usize;
/// Index into [`Plan::components`].
pub type ComponentId = usize;
/// Index into a component's [`Component::operations`].
pub type OperationId = usize;
/// Index into [`Plan::entities`].
pub type EntityId = usize;
/// Index into [`Plan::policies`].
pub type PolicyId = usize;
/// Index into a store's [`Store::datasets`].
pub type DatasetId = usize;
/// Index into [`Plan::clients`].
pub type ClientId = usize;

/// A complete, checked model of what exists and what happens to it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: String,
    /// The topology's name.
    pub topology: String,
    /// The environment overlay in force, if any.
    pub environment: Option<String>,
    /// Files read, in order, each with a fingerprint of its bytes.
    pub inputs: Vec<InputFile>,
    /// Root of all randomness.
    pub seed: u64,
    /// How long load arrives.
    pub duration: SimSpan,
    /// Start of the run left out of every statistic.
    pub warm_up: SimSpan,
    /// Width of one time window of the outcome.
    pub window: SimSpan,
    /// Stop when this many events have been dispatched.
    pub events_max: u64,
    /// Stop when this many requests are in progress at once.
    pub in_system_max: u32,
    /// What counts as "users are hurt" when recovery is measured.
    pub service_level: ServiceLevel,
    /// Named key spaces.
    pub entities: Vec<Entity>,
    /// Where things are.
    pub places: Vec<Place>,
    /// Directed links between places; a pair that is absent costs nothing.
    pub links: Vec<Link>,
    /// What exists.
    pub components: Vec<Component>,
    /// Who calls from outside.
    pub clients: Vec<Client>,
    /// How callers behave; one per (caller, target) pair.
    pub policies: Vec<CallPolicy>,
    /// When and how much load arrives.
    pub workloads: Vec<Workload>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What is promised.
    pub expectations: Vec<Expectation>,
}

/// The bound below which a window counts as an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceLevel {
    /// Smallest acceptable share of requests answered well in a window.
    pub availability: f64,
    /// Largest acceptable 99th percentile in a window, if promised.
    pub latency_p99: Option<SimSpan>,
    /// How long service must hold before recovery is believed.
    pub hold: SimSpan,
}

/// A named key space with a popularity law.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Name in the file.
    pub name: String,
    /// How many distinct keys there are, at least 1.
    pub population: u64,
    /// How keys are chosen.
    pub popularity: Popularity,
    /// Size of one cached value, in bytes.
    pub bytes: u64,
}

/// A region, a vendor's cloud, an edge, or the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name in the file.
    pub name: String,
}

/// A directed network path between two places (possibly the same one).
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Where messages leave.
    pub from: PlaceId,
    /// Where messages arrive.
    pub to: PlaceId,
    /// One-way delay; `None` costs nothing.
    pub latency: Option<Law>,
    /// Bytes per second, shared by all messages on the link, first come first served.
    pub bandwidth: Option<f64>,
    /// Probability that a message is lost once and sent again.
    pub loss: f64,
    /// Delay until a lost message is sent again; doubles for each further loss.
    pub retransmit: SimSpan,
}

/// A thing that serves operations.
#[derive(Clone, Debug)]
pub struct Component {
    /// Name in the file; the salt of all its draws.
    pub name: String,
    /// Catalogue kind it was made from.
    pub kind: String,
    /// Free labels, for fault targets.
    pub tags: Vec<String>,
    /// Where it runs.
    pub place: PlaceId,
    /// How many independent copies, each with its own queue.
    pub replicas: u32,
    /// What a request occupies while it is inside.
    pub holding: Holding,
    /// Multiplies the pace of all its work; 1 is nominal.
    pub speed: f64,
    /// The waiting line before threads or, for async components, before cores.
    pub queue: Queue,
    /// Checks made before a request may queue, in order.
    pub admission: Vec<Admission>,
    /// Most connections open to it at once, over all callers' pools.
    pub connections_max: Option<u32>,
    /// Present when it remembers keys.
    pub cache: Option<Cache>,
    /// Present when it keeps datasets.
    pub store: Option<Store>,
    /// What it serves.
    pub operations: Vec<Operation>,
}

/// What a request occupies while it is at a component.
#[derive(Clone, Debug, PartialEq)]
pub enum Holding {
    /// One thread from start to reply, over downstream calls. `None` is unlimited.
    Threads {
        /// Threads per replica.
        per_replica: Option<u32>,
        /// Cores per replica shared by running threads (processor sharing);
        /// `None` gives each thread a core of its own.
        cores: Option<f64>,
    },
    /// Nothing but a core, and only while computing; computing is first come first served.
    Async {
        /// Whole cores per replica, at least 1.
        cores: u32,
    },
}

/// A waiting line.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Most requests waiting per replica; `None` is unlimited.
    pub capacity: Option<u32>,
    /// Who is served next.
    pub discipline: Discipline,
    /// How long a request waits before it gives up; never ends work that has begun.
    pub patience: Option<Law>,
}

/// Who is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Discipline {
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
    /// Smallest priority number first, then first in, first out; running work is never interrupted.
    Priority,
    /// As `Priority`, and a more urgent arrival interrupts the least urgent
    /// running computation, which resumes later where it stopped.
    PreemptivePriority,
}

/// A check made before a request may queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Admission {
    /// Name used in messages and metrics.
    pub name: String,
    /// How the allowance refills.
    pub bucket: Bucket,
    /// Units one request takes, by operation index; empty means 1 for all.
    pub costs: Vec<f64>,
    /// What happens to a request that finds too little.
    pub excess: Excess,
    /// Whether a refusal tells the caller when to come back.
    pub retry_after: bool,
}

/// A token bucket. A leaky bucket is the same thing seen from the other side
/// and is resolved to this form.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Units added per second.
    pub rate_per_sec: f64,
    /// Most units it holds; it starts full.
    pub burst: f64,
}

/// What happens to a request over the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Excess {
    /// Refuse it with class `throttled`.
    Reject,
    /// Hold it until its turn, refusing only beyond this wait.
    Delay {
        /// Longest hold; `None` is unlimited.
        wait_max: Option<SimSpan>,
    },
}

/// A memory of recently used keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// Room, in entries or bytes.
    pub capacity: CacheCapacity,
    /// Who leaves when it is full.
    pub eviction: Eviction,
}

/// Room in a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheCapacity {
    /// Never full.
    Unlimited,
    /// A number of entries.
    Entries(u64),
    /// A number of bytes; entries weigh their entity's `bytes`.
    Bytes(u64),
}

/// Who leaves a full cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Eviction {
    /// Least recently used.
    Lru,
    /// First in, first out.
    Fifo,
    /// Least frequently used; ties leave in order of arrival.
    Lfu,
    /// Any, uniformly.
    Random,
}

/// How long a cached value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// Until evicted.
    Never,
    /// From the moment it was filled.
    Fixed(SimSpan),
    /// From the moment it was last used.
    Sliding(SimSpan),
}

/// Something that keeps data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Named sets of rows.
    pub datasets: Vec<Dataset>,
}

/// A named set of rows in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Name in the file.
    pub name: String,
}

/// What a component does when called.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Name in the file.
    pub name: String,
    /// Whether calling it twice is as good as once, so that it may be retried.
    pub idempotent: bool,
    /// Size of a call to it, in bytes.
    pub request_bytes: Option<Law>,
    /// Size of its reply, in bytes.
    pub response_bytes: Option<Law>,
    /// What it does.
    pub steps: Vec<Step>,
}

/// One thing an operation or a journey does. `salt` names the step in the
/// addresses of its draws: it is unique within the component, and does not
/// change when other steps are added or removed.
#[derive(Clone, Debug)]
pub enum Step {
    /// Use a core for this long at nominal speed.
    Compute {
        /// Address of the draw.
        salt: String,
        /// CPU demand in nanoseconds.
        work: Law,
    },
    /// Let time pass without using a core.
    Wait {
        /// Address of the draw.
        salt: String,
        /// Elapsed time in nanoseconds.
        time: Law,
    },
    /// Call another component and wait for its answer.
    Call(Call),
    /// Hand the request on and release everything; the answer goes to the original caller.
    Forward(Call),
    /// Look a key up; on a miss, do something and remember the result.
    Cached(Box<Cached>),
    /// Remove a key from a cache.
    Invalidate {
        /// The call that carries it.
        call: Call,
        /// Which key space.
        entity: EntityId,
    },
    /// Do one of several lists of steps.
    Choose {
        /// Address of the draw.
        salt: String,
        /// `(probability, steps)`; probabilities sum to 1.
        branches: Vec<(f64, Vec<Step>)>,
    },
    /// Do a list of steps several times.
    Repeat {
        /// Address of the draw and of each round's draws.
        salt: String,
        /// How often; rounded to the nearest whole number.
        times: Law,
        /// Bound on the number of rounds.
        at_most: u32,
        /// What to do each time.
        body: Vec<Step>,
    },
    /// Do several lists of steps at once.
    Parallel {
        /// Address of the branches' draws.
        salt: String,
        /// The lists.
        branches: Vec<Vec<Step>>,
        /// How many must succeed.
        need: u32,
        /// Whether the rest is cancelled once enough have succeeded.
        cancel_stragglers: bool,
    },
    /// Do a list of steps, and another if it fails.
    Try {
        /// Address of the body's draws.
        salt: String,
        /// What to try.
        body: Vec<Step>,
        /// `(classes, steps)`: the first entry that lists the failure's class is done instead.
        rescue: Vec<(Vec<ErrorClass>, Vec<Step>)>,
        /// Whether a rescued request counts as degraded.
        degraded: bool,
    },
    /// Fail with some probability.
    Fail {
        /// Address of the draw.
        salt: String,
        /// How likely, 0..=1.
        probability: f64,
        /// With what.
        class: ErrorClass,
    },
    /// Begin a list of steps and go on without waiting for it.
    Start {
        /// Address of its draws.
        salt: String,
        /// What to begin.
        body: Vec<Step>,
    },
    /// Answer now; the steps that follow run on, still holding the thread.
    Reply,
}

/// A call site.
#[derive(Clone, Debug)]
pub struct Call {
    /// Address of the call's draws.
    pub salt: String,
    /// Who is called.
    pub target: ComponentId,
    /// What is asked.
    pub operation: OperationId,
    /// How the caller behaves.
    pub policy: PolicyId,
    /// What the call does to a store's ledger when it is a read or a write step.
    pub store: Option<StoreAccess>,
}

/// A read or a write of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreAccess {
    /// Which set of rows.
    pub dataset: DatasetId,
    /// Whether rows change.
    pub is_write: bool,
}

/// A look-aside cache step.
#[derive(Clone, Debug)]
pub struct Cached {
    /// Address of the step.
    pub salt: String,
    /// Which key space; the request's key is drawn once and stays.
    pub entity: EntityId,
    /// The look-up call.
    pub get: Call,
    /// The fill call.
    pub set: Call,
    /// How long a filled value lives.
    pub ttl: Ttl,
    /// Whether requests that miss a key being fetched wait for it.
    pub single_flight: bool,
    /// What to do on a hit.
    pub hit: Vec<Step>,
    /// What to do on a miss, before the fill.
    pub miss: Vec<Step>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// The service answered with an error.
    Error,
    /// The caller stopped waiting.
    Timeout,
    /// A full queue refused the request.
    Shed,
    /// An allowance was used up.
    Throttled,
    /// The request left a queue after waiting too long.
    Reneged,
    /// The connection broke while work was under way.
    Reset,
    /// The other side was down or unreachable and said so.
    Refused,
    /// The other side had no connection to give.
    Connections,
    /// No connection of the caller's own pool came free in time.
    PoolTimeout,
    /// The caller cancelled.
    Cancelled,
}

/// How a caller behaves towards one target.
#[derive(Clone, Debug, PartialEq)]
pub struct CallPolicy {
    /// `caller -> target`, for messages and metrics.
    pub name: String,
    /// Connections kept per caller replica; `None` opens one per call for free.
    pub pool: Option<Pool>,
    /// Longest wait for one attempt, from send.
    pub attempt_timeout: Option<SimSpan>,
    /// Longest wait for the whole call, backoff included.
    pub total_timeout: Option<SimSpan>,
    /// Whether the caller's own deadline caps this call.
    pub inherits_deadline: bool,
    /// Whether a timeout stops the work on the other side.
    pub cancels: bool,
    /// When and how to try again.
    pub retry: Retry,
    /// How a replica is chosen.
    pub balancing: Balancing,
    /// What a failed call means for the caller.
    pub on_failure: OnFailure,
    /// Priority given to requests sent this way; `None` keeps the request's own.
    pub priority: Option<u8>,
}

/// A connection pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Most connections per caller replica.
    pub size: u32,
    /// Most callers waiting for a connection; `None` is unlimited.
    pub queue_capacity: Option<u32>,
    /// Longest wait for a connection.
    pub timeout: Option<SimSpan>,
    /// Cost of opening a connection; `None` is free.
    pub connect: Option<Law>,
}

/// When and how to try again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Tries in all, the first included; 1 never retries.
    pub attempts_max: u32,
    /// Pause before each retry.
    pub backoff: Backoff,
    /// Which failures are tried again.
    pub on: Vec<ErrorClass>,
    /// Bound on retries over many calls.
    pub budget: Option<RetryBudget>,
    /// Whether a refusal's hint replaces a shorter pause.
    pub honours_retry_after: bool,
}

/// Bound on retries over many calls of one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryBudget {
    /// How the allowance works.
    pub rule: BudgetRule,
    /// Who shares it.
    pub scope: BudgetScope,
}

/// How a retry allowance works.
#[derive(Clone, Debug, PartialEq)]
pub enum BudgetRule {
    /// Each first attempt adds, each retry takes one; starts full.
    TokenBucket {
        /// Tokens added by a first attempt.
        per_call: f64,
        /// Most tokens.
        capacity: f64,
    },
    /// Retries may be at most this share of first attempts over a sliding window.
    Ratio {
        /// Retries per first attempt.
        ratio: f64,
        /// Length of the window.
        window: SimSpan,
        /// Retries per second always allowed.
        min_per_sec: f64,
    },
}

/// Who shares a retry allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetScope {
    /// Each caller replica has its own.
    Replica,
    /// All replicas of the caller share one.
    Component,
}

/// How a replica is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balancing {
    /// Any, uniformly.
    Random,
    /// In turn, per caller component.
    RoundRobin,
    /// Fewest unanswered requests of this caller; ties at random.
    LeastRequests,
    /// The less loaded, by this caller's unanswered requests, of two drawn at random.
    TwoChoices,
    /// Fewest requests inside, over all callers; ties at random.
    JoinShortestQueue,
}

/// What a failed call means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The caller fails with the same class.
    Fail,
    /// The caller goes on as if nothing had happened.
    Continue,
    /// The caller goes on, and its request counts as degraded.
    Degrade,
}

/// Somebody outside who runs journeys.
#[derive(Clone, Debug)]
pub struct Client {
    /// Name in the file.
    pub name: String,
    /// Where it is.
    pub place: PlaceId,
    /// What its users do, with probabilities summing to 1.
    pub journeys: Vec<Journey>,
}

/// What one user does from arrival to departure.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Name in the file.
    pub name: String,
    /// Share of arrivals that take it.
    pub probability: f64,
    /// What they do.
    pub steps: Vec<Step>,
}

/// Load from one client.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Name in the file; the salt of all its draws.
    pub name: String,
    /// Who sends it.
    pub client: ClientId,
    /// When requests come.
    pub source: Source,
    /// Requests per arrival; `None` is one.
    pub batch: Option<Law>,
    /// User classes, probabilities summing to 1; empty means one of default priority.
    pub classes: Vec<UserClass>,
}

/// A class of users.
#[derive(Clone, Debug, PartialEq)]
pub struct UserClass {
    /// Name in the file.
    pub name: String,
    /// Share of arrivals.
    pub probability: f64,
    /// 0 is served first.
    pub priority: u8,
}

/// Priority of requests that state none.
pub const PRIORITY_DEFAULT: u8 = 4;
/// Largest (least urgent) priority number.
pub const PRIORITY_MAX: u8 = 7;

/// When requests come.
#[derive(Clone, Debug)]
pub enum Source {
    /// Arrivals do not depend on answers: a unit-rate renewal process run through a rate curve.
    Open {
        /// Gaps of the unit-rate process, mean 1.
        gaps: Law,
        /// Arrivals per second over time.
        curve: RateCurve,
    },
    /// Poisson arrivals whose rate jumps between phases in turn.
    Modulated {
        /// `(arrivals per second, sojourn law in nanoseconds)`, visited cyclically.
        phases: Vec<(f64, Law)>,
    },
    /// Arrivals at given instants.
    Replay {
        /// Sorted instants.
        at: Vec<SimTime>,
    },
    /// A fixed number of users who wait for each answer and then think.
    Closed {
        /// How many.
        users: u32,
        /// Pause between an answer and the next request; also before the first.
        think: Law,
    },
}

/// Arrivals per second over time, linear between points and constant after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    /// `(instant, arrivals per second)` in time order; two points at one instant make a jump.
    pub points: Vec<(SimTime, f64)>,
    /// Length after which the curve starts over, if it does.
    pub period: Option<SimSpan>,
}

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Name for timelines: the file's, or made from its kind and target.
    pub name: String,
    /// The file's word for it, such as `crash` or `partition`.
    pub kind: String,
    /// What it does.
    pub effect: Effect,
    /// When it acts.
    pub schedule: Schedule,
}

/// When a fault acts.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Once.
    Once {
        /// Start.
        at: SimTime,
        /// Length; `None` lasts to the end.
        length: Option<SimSpan>,
        /// Time over which it grows to full strength.
        ramp: SimSpan,
        /// On and off times within its length.
        flap: Option<(SimSpan, SimSpan)>,
    },
    /// Again and again, each target replica or link on its own.
    Recurring {
        /// First possible start.
        at: SimTime,
        /// Time between the end of one and the start of the next.
        up: Law,
        /// Length of each.
        down: Law,
        /// No more starts after this; `None` goes on to the end.
        until: Option<SimTime>,
    },
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Replicas die; work inside is lost with a reset. They return after the fault's length.
    Crash {
        /// Which.
        replicas: Vec<ReplicaRef>,
        /// Refuse new work but finish what is inside before going down.
        graceful: bool,
        /// Extra time from the fault's end until a replica serves again.
        restart: Law,
    },
    /// Replicas do no work; arrivals queue.
    Pause {
        /// Which.
        replicas: Vec<ReplicaRef>,
    },
    /// Replicas work slower by a factor, above 1.
    Slow {
        /// Which.
        replicas: Vec<ReplicaRef>,
        /// Times slower at full strength.
        factor: f64,
    },
    /// Some requests fail or take longer, others do not.
    Gray {
        /// Which replicas misbehave.
        replicas: Vec<ReplicaRef>,
        /// Share of requests that fail at full strength.
        errors: f64,
        /// With what.
        class: ErrorClass,
        /// Extra time for each request that does not fail.
        latency: Option<Law>,
        /// Only requests from these callers; empty means all.
        callers: Vec<Caller>,
        /// Only these operations `(component, operation)`; empty means all.
        operations: Vec<(ComponentId, OperationId)>,
    },
    /// Part of the threads, pool or store connections are unusable.
    Exhaust {
        /// What leaks.
        what: Exhausted,
        /// Share lost at full strength, 0..=1.
        share: f64,
    },
    /// Everything asked of these replicas is refused, answered with an error, or never answered.
    Outage {
        /// Which.
        replicas: Vec<ReplicaRef>,
        /// How it shows.
        mode: OutageMode,
    },
    /// A component's allowance shrinks to a share, or one is imposed.
    Throttle {
        /// Who.
        component: ComponentId,
        /// The allowance imposed at full strength.
        bucket: Bucket,
        /// Whether a refusal tells the caller when to come back.
        retry_after: bool,
    },
    /// Messages on a path take longer.
    Latency {
        /// Which path.
        path: Path,
        /// Extra one-way delay at full strength.
        add: Law,
    },
    /// Messages on a path are lost and sent again.
    PacketLoss {
        /// Which path.
        path: Path,
        /// Probability per message at full strength.
        loss: f64,
        /// Delay until sent again; doubles for each further loss.
        retransmit: SimSpan,
    },
    /// A path carries fewer bytes per second.
    Bandwidth {
        /// Which path.
        path: Path,
        /// Bytes per second at full strength.
        bytes_per_sec: f64,
    },
    /// No message passes.
    Partition {
        /// Which path.
        path: Path,
        /// Whether senders are told at once (refused) or hear nothing.
        refuses: bool,
    },
    /// More load.
    Spike {
        /// Index of the workload that it adds to.
        workload: usize,
        /// Times the workload's own rate at full strength.
        factor: f64,
    },
}

/// What leaks.
#[derive(Clone, Debug, PartialEq)]
pub enum Exhausted {
    /// Threads (or cores of an async component) of these replicas.
    Threads(Vec<ReplicaRef>),
    /// Connections of one caller's pool to one target, in all caller replicas.
    Pool(PolicyId),
    /// Connections a component can accept.
    Connections(ComponentId),
}

/// How an outage shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutageMode {
    /// Connection refused, at once.
    Refuse,
    /// An error answer, at once.
    Error,
    /// Never an answer.
    BlackHole,
}

/// One replica of one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicaRef {
    /// Which component.
    pub component: ComponentId,
    /// Which of its replicas, from 0.
    pub replica: u32,
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// A component.
    Component(ComponentId),
    /// A client.
    Client(ClientId),
}

/// Messages from some senders to some receivers; with `both_ways` also back.
/// Sets are of components and clients, already expanded from names, kinds, tags and places.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Who sends.
    pub from: Vec<Caller>,
    /// Who receives.
    pub to: Vec<Caller>,
    /// Whether the other direction is hit too.
    pub both_ways: bool,
}

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
    /// Quantile of time in queue, seconds.
    WaitQuantile(f64),
    /// Mean time in queue, seconds.
    WaitMean,
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
    /// Share of arrivals refused (shed or throttled).
    RejectRate,
    /// Share of arrivals that left the queue before service.
    AbandonRate,
    /// Share of cache look-ups that found the key.
    HitRatio,
    /// Attempts per call.
    RetryAmplification,
    /// Share of calls that ended by the caller's timeout.
    TimeoutRate,
    /// Share of time the component was up.
    Uptime,
    /// Longest time from users being hurt until service held again, seconds.
    RecoveryTime,
    /// Writes whose acknowledgement never reached the caller.
    UnknownWrites,
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

impl Step {
    /// The calls this step itself makes, nested steps left out.
    #[must_use]
    pub fn calls(&self) -> Vec<&Call> {
        match self {
            Self::Call(call) | Self::Forward(call) | Self::Invalidate { call, .. } => vec![call],
            Self::Cached(cached) => vec![&cached.get, &cached.set],
            _ => Vec::new(),
        }
    }

    /// The lists of steps nested in this one.
    #[must_use]
    pub fn bodies(&self) -> Vec<&[Self]> {
        match self {
            Self::Cached(cached) => vec![&cached.hit, &cached.miss],
            Self::Choose { branches, .. } => branches.iter().map(|(_, steps)| steps.as_slice()).collect(),
            Self::Repeat { body, .. } | Self::Start { body, .. } => vec![body],
            Self::Parallel { branches, .. } => branches.iter().map(Vec::as_slice).collect(),
            Self::Try { body, rescue, .. } => {
                let mut all = vec![body.as_slice()];
                all.extend(rescue.iter().map(|(_, steps)| steps.as_slice()));
                all
            }
            _ => Vec::new(),
        }
    }
}
