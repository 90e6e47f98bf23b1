//! The plan as flat tables: operations become small programs, names become
//! indices, laws become samplers. Built once by [`super::compile`], never
//! changed while running.

use super::attributes::{AmountRule, AttributeTables, ValueRule};
use super::cache::Life;
use super::firewall::WallRule;
use super::generate::GenerateRule;
use super::messaging::tables::{MessageIns, MessageTables};
use super::sessions::tables::{SessionIns, SessionTables};
use super::tokens::TokenRule;
use super::versions::VersionedRows;
use crate::dist::{KeySampler, Sampler};
use crate::kernel::{EventQueue, Lane, Phase};
use crate::plan::{
    Balancing, BudgetRule, ConcurrencyLimit, Contention, Discipline, ErrorClass, Excess, Guard, OnFailure,
    Removed, Source, Standing, Ttl,
};
use crate::units::{SimSpan, SimTime, TIME_MAX, nanos};

/// "No such index".
pub(super) const NONE: u32 = u32::MAX;

/// A law and, when it is constant, its value and lane.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    pub(super) sampler: Sampler,
    pub(super) lane: Option<(u64, Lane)>,
}

impl Delay {
    /// One addressed draw, in whole nanoseconds.
    #[inline(always)]
    pub(super) fn sample(&self, key: u64) -> u64 {
        match self.lane {
            Some((constant, _)) => constant,
            None => nanos(self.sampler.sample(key)),
        }
    }

    /// Schedules a frame's main event a sampled delay from now, in this law's lane if it has one.
    #[inline]
    pub(super) fn push(&self, queue: &mut EventQueue, now: u64, delay: u64, phase: Phase, f: u32) -> u64 {
        let at = SimTime((now + delay).min(TIME_MAX.0));
        match self.lane {
            Some((_, lane)) => queue.push_lane(lane, at, phase, super::engine::tag::MAIN, f),
            None => queue.push(at, phase, super::engine::tag::MAIN, f),
        }
    }
}

/// One instruction of a compiled operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ins {
    /// Use a core.
    Compute { law: u32, salt: u64 },
    /// Let time pass.
    Wait { law: u32, salt: u64 },
    /// Call and wait for the answer.
    Call { site: u32 },
    /// Use the replica's own memory, which costs nothing: what a call of this site would do.
    OwnCache { site: u32 },
    /// Call, perhaps twice, and wait for the first answer; `body` is the call alone.
    Hedged { site: u32, body: u32 },
    /// Hand the request on.
    Forward { site: u32 },
    /// After the look-up call: go on with the miss steps, jump to the hit steps,
    /// to the miss steps without a fill, or wait for another's fetch.
    CacheCheck { cached: u32 },
    /// After the fill call: wake those who waited for it.
    CacheFilled { cached: u32 },
    /// After a fetch failed: go on, or jump to the hit steps with a value kept for this case.
    FetchFailed { cached: u32 },
    /// A batch of written-behind keys reached the store.
    Flushed,
    /// A batch of written-behind keys did not reach the store.
    FlushFailed,
    /// Jump by a draw; thresholds and targets are a range of `choices`.
    Choose { first: u32, count: u32, salt: u64 },
    /// Jump to what a name stands for; targets are a range of `choices`, the first for no answer at all.
    Resolve { name: u32, first: u32, count: u32 },
    /// Go elsewhere.
    Jump { to: u32 },
    /// Run `body` once per round in a branch frame.
    Repeat { law: u32, at_most: u32, body: u32, salt: u64 },
    /// Run branches at once; a range of `entries`.
    Parallel { group: u32 },
    /// Run a body; on failure look for a rescue.
    Try { body: u32, rescue: u32, salt: u64 },
    /// After a rescue that counts as degraded.
    MarkDegraded,
    /// Fail with a probability.
    /// Of a request, or of its key of an entity.
    Fail { probability: f64, class: ErrorClass, entity: u32, salt: u64 },
    /// Begin a body and go on.
    Start { body: u32, salt: u64 },
    /// Go on, or elsewhere if a condition does not hold.
    If { condition: u32, otherwise: u32 },
    /// Change attributes; a range of changes.
    Set { first: u32, count: u32, salt: u64 },
    /// Read a prompt.
    Prefill { step: u32 },
    /// Send the first token and write the rest.
    Decode { step: u32 },
    /// After the last token.
    Generated { step: u32 },
    /// Go on with a token at hand, or with the steps that get one.
    Token { step: u32 },
    /// After the steps that got a token.
    TokenIssued { step: u32 },
    /// Count units for the bill.
    Meter { meter: u32, amount: u32 },
    /// Answer now, go on after.
    Reply,
    /// Something about messages, repetition or progress, with a body if it has one.
    Message { what: MessageIns, body: u32 },
    /// Something about sessions.
    Session(SessionIns),
    /// The end of an operation or body.
    End,
}

/// A rescue table of a `try` step.
#[derive(Clone, Debug)]
pub(super) struct Rescue {
    /// Bit sets of classes with where to go.
    pub(super) entries: Vec<(u32, u32)>,
    /// After the body succeeded.
    pub(super) done: u32,
}

/// Branches of a `parallel` step.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) entries: Vec<u32>,
    pub(super) need: u32,
    pub(super) cancel: bool,
    pub(super) salt: u64,
}

/// What a served call does besides its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SiteEffect {
    None,
    CacheGet(u32),
    CacheSet(u32),
    CacheRefuse {
        cached: u32,
        class: ErrorClass,
    },
    CachePut(u32),
    CacheRemove(u32),
    Read,
    Write,
    /// A read of rows whose versions count.
    VersionRead {
        rows: u32,
    },
    /// A write of them; `checked` fails it when the row is newer than what the caller read.
    VersionWrite {
        rows: u32,
        checked: bool,
    },
    Publish(u32),
    Redrive {
        broker: u32,
    },
}

/// A compiled call site.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) salt: u64,
    pub(super) target: u32,
    pub(super) entry: u32,
    /// Operation index over all components.
    pub(super) op: u32,
    pub(super) policy: u32,
    /// Link from the caller's place to the target's, or `NONE`.
    pub(super) link: u32,
    /// The target's only replica, or `NONE` when there are several.
    pub(super) only_replica: u32,
    pub(super) effect: SiteEffect,
    /// What every call needs of its policy: see there.
    pub(super) is_plain: bool,
    pub(super) timeout: u64,
    pub(super) timeout_lane: Option<Lane>,
    pub(super) priority: Option<u8>,
    pub(super) is_idempotent: bool,
    /// What it answers is passed on as it comes.
    pub(super) streams: bool,
}

/// A compiled cached step.
#[derive(Clone, Debug)]
pub(super) struct CachedStep {
    pub(super) entity: u32,
    /// The component that remembers.
    pub(super) comp: u32,
    pub(super) life: Life,
    pub(super) jitter: f64,
    pub(super) negative_ttl: SimSpan,
    pub(super) first_fill_wins: bool,
    pub(super) single_flight: bool,
    /// Where the hit steps are.
    pub(super) hit: u32,
    /// Where the miss steps without a fill are, for when the cache could not be asked.
    pub(super) bypass: u32,
    /// Where the steps are that fetch a stale value anew, or `NONE`.
    pub(super) refresh: u32,
    pub(super) refresh_salt: u64,
}

/// A compiled write to a cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Put {
    pub(super) entity: u32,
    pub(super) ttl: Ttl,
    pub(super) jitter: f64,
}

/// A compiled removal from a cache.
#[derive(Clone, Debug)]
pub(super) struct Removal {
    pub(super) what: Removed,
    pub(super) everywhere: bool,
    pub(super) delay: Option<Delay>,
}

/// A compiled operation.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) entry: u32,
    pub(super) request_bytes: Option<Delay>,
    pub(super) response_bytes: Option<Delay>,
    /// Cost in each bucket of the component's admission, in order.
    pub(super) costs: Vec<AmountRule>,
    /// First of its component's meters, as counted for this operation.
    pub(super) first_meter: u32,
}

/// A compiled call policy.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) salt: u64,
    pub(super) attempt_timeout: u64,
    pub(super) timeout_lane: Option<Lane>,
    /// Neither pool, guard, budget, mark of retries, connection limit, deadline, attributes nor counts of
    /// unanswered requests.
    pub(super) is_plain: bool,
    pub(super) total_timeout: u64,
    pub(super) first_token_timeout: u64,
    pub(super) validates: bool,
    /// Credential presented, or `NONE`.
    pub(super) credential: u32,
    pub(super) inherits_deadline: bool,
    pub(super) cancels: bool,
    pub(super) attempts_max: u32,
    pub(super) backoff: crate::plan::Backoff,
    pub(super) retry_on: u32,
    pub(super) budget: u32,
    /// Never retries work done for somebody's retry.
    pub(super) retries_only_first: bool,
    /// Index of its guard, or `NONE`.
    pub(super) guard: u32,
    pub(super) honours_retry_after: bool,
    pub(super) balancing: Balancing,
    /// Entity whose key decides about the replica, or `NONE`.
    pub(super) shard_by: u32,
    pub(super) on_failure: OnFailure,
    pub(super) priority: Option<u8>,
    /// Replicas in the caller's zone are preferred.
    pub(super) zone_aware: bool,
    /// Failures may eject the replica that they came from.
    pub(super) watched: bool,
    /// Its connections come with those to the caller.
    pub(super) is_pinned: bool,
    /// First of the caller's pools (one per caller replica), or `NONE`.
    pub(super) pool: u32,
    pub(super) pool_size: u32,
    pub(super) pool_queue: u32,
    pub(super) pool_timeout: u64,
    pub(super) connect: Option<Delay>,
    /// First of this policy's counts of unanswered requests by replica, or `NONE`.
    pub(super) outstanding: u32,
    /// Caller's node (component index, or component count + client index).
    pub(super) caller: u32,
    pub(super) target: u32,
}

/// A retry budget's rule; `state` entries start at `first`, one per sharer.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    pub(super) rule: BudgetRule,
    pub(super) first: u32,
    pub(super) per_replica: bool,
}

/// A policy's guards; states of each kind start at `first_..`, one per sharer.
#[derive(Clone, Debug)]
pub(super) struct GuardRule {
    pub(super) guard: Guard,
    /// Replicas of the caller.
    pub(super) callers: u32,
    pub(super) first_breaker: u32,
    pub(super) first_throttle: u32,
    pub(super) first_bulkhead: u32,
    pub(super) first_hedge: u32,
    /// Of a hedge after a fixed delay.
    pub(super) hedge_lane: Option<Lane>,
}

/// What holding means for a station, resolved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Holds {
    /// No limit at all; each request has a core of its own.
    Nothing,
    /// A thread from start to reply.
    Thread,
    /// A core while computing.
    Core,
}

/// A compiled component.
#[derive(Clone, Debug)]
pub(super) struct Comp {
    pub(super) salt: u64,
    pub(super) node: u32,
    pub(super) place: u32,
    pub(super) first_replica: u32,
    /// Most replicas at once: each has an index of its own.
    pub(super) replicas: u32,
    /// Replicas at the start.
    pub(super) initial: u32,
    /// All replicas get requests at all times.
    pub(super) is_fixed: bool,
    /// The first replica is a front desk that hands requests to instances.
    pub(super) is_serverless: bool,
    /// Parts of its place that fail on their own; replica `n` is in zone `n % zones`.
    pub(super) zones: u32,
    /// Whose connections it holds for as long as its callers hold theirs to it, and how many at most.
    pub(super) session: Option<(u32, u32)>,
    /// Where a probe's program is, or `NONE`.
    pub(super) probe: u32,
    pub(super) holds: Holds,
    /// Threads or cores per replica; `u32::MAX` when unlimited.
    pub(super) units: u32,
    /// Cores shared by running threads, if they share.
    pub(super) shared_cores: Option<f64>,
    pub(super) speed: f64,
    pub(super) contention: Option<Contention>,
    pub(super) queue_capacity: u32,
    pub(super) discipline: Discipline,
    pub(super) patience: Option<Delay>,
    pub(super) patience_salt: u64,
    pub(super) drops_expired: bool,
    pub(super) standing: Option<Standing>,
    pub(super) concurrency: Option<ConcurrencyLimit>,
    /// Range of firewall rules.
    pub(super) walls: std::ops::Range<u32>,
    /// Time that they take together.
    pub(super) inspection: u64,
    /// Something is checked before anything else: reachability, a certificate or a credential.
    pub(super) gated: bool,
    /// Certificate shown, or `NONE`.
    pub(super) certificate: u32,
    /// Range of admission buckets.
    pub(super) buckets: std::ops::Range<u32>,
    pub(super) connections_max: u32,
    /// First of its cache memories (one per replica), or `NONE`.
    pub(super) cache: u32,
    /// Entity whose keys have a memory each, or `NONE`.
    pub(super) cache_owner: u32,
    /// First of its buffers of unwritten keys (one per replica), or `NONE`.
    pub(super) buffer: u32,
    /// Where a batch of them is written, and the operation that does it.
    pub(super) flusher: u32,
    pub(super) flush_op: u32,
    pub(super) first_op: u32,
    pub(super) is_store: bool,
}

impl Comp {
    /// The index that every request goes to, or `NONE` when there is a choice.
    pub(super) fn only_replica(&self) -> u32 {
        let is_only = self.is_serverless || (self.is_fixed && self.replicas == 1);
        if is_only { self.first_replica } else { NONE }
    }
}

/// A compiled admission rule.
#[derive(Clone, Debug)]
pub(super) struct BucketRule {
    pub(super) rate_per_ns: f64,
    pub(super) burst: f64,
    pub(super) excess: Excess,
    pub(super) retry_after: bool,
    /// Length of the stretches at whose beginning it is filled; 0 refills all the time.
    pub(super) stretch: u64,
    /// Entity of which each key has an allowance of its own, or `NONE`.
    pub(super) each: u32,
}

/// A compiled link.
#[derive(Clone, Debug)]
pub(super) struct LinkRule {
    pub(super) latency: Option<Delay>,
    pub(super) bytes_per_ns: Option<f64>,
    pub(super) loss: f64,
    pub(super) retransmit: u64,
    pub(super) salt: u64,
}

/// A compiled key space.
#[derive(Clone, Debug)]
pub(super) struct EntityRule {
    pub(super) salt: u64,
    pub(super) keys: KeySampler,
    pub(super) bytes: u64,
}

/// One journey of one workload.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) entry: u32,
    /// Index of the workload's row in the outcome's traffic.
    pub(super) traffic: u32,
}

/// One stream of arrivals.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) salt: u64,
    pub(super) source: Source,
    pub(super) gaps: Option<Sampler>,
    pub(super) think: Option<Delay>,
    pub(super) phases: Vec<(f64, Sampler)>,
    pub(super) batch: Option<Sampler>,
    /// How each attribute of its requests comes about.
    pub(super) attributes: Vec<ValueRule>,
    /// Cumulative probabilities with priorities.
    pub(super) classes: Vec<(f64, u8)>,
    /// Cumulative probabilities with flows.
    pub(super) flows: Vec<(f64, Flow)>,
}

/// Everything the engine needs to know about the plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) code: Vec<Ins>,
    pub(super) laws: Vec<Delay>,
    pub(super) attributes: AttributeTables,
    pub(super) generates: Vec<GenerateRule>,
    pub(super) walls: Vec<WallRule>,
    pub(super) tokens: Vec<TokenRule>,
    /// How many sets of tokens there are.
    pub(super) token_holders: u32,
    /// Meters of all operations.
    pub(super) meters: u32,
    pub(super) choices: Vec<(f64, u32)>,
    pub(super) groups: Vec<Group>,
    pub(super) rescues: Vec<Rescue>,
    pub(super) sites: Vec<Site>,
    pub(super) cached: Vec<CachedStep>,
    pub(super) puts: Vec<Put>,
    pub(super) removals: Vec<Removal>,
    pub(super) ops: Vec<Op>,
    pub(super) policies: Vec<Policy>,
    pub(super) budgets: Vec<Budget>,
    pub(super) guards: Vec<GuardRule>,
    /// Whether any policy asks if a request is somebody's retry.
    pub(super) marks_retries: bool,
    pub(super) comps: Vec<Comp>,
    pub(super) buckets: Vec<BucketRule>,
    pub(super) links: Vec<LinkRule>,
    /// `from * places + to` → index of a link, or `NONE`.
    pub(super) link_of: Vec<u32>,
    pub(super) places: u32,
    /// No message ever takes time, but for faults.
    pub(super) has_no_links: bool,
    pub(super) entities: Vec<EntityRule>,
    /// Datasets whose rows have versions.
    pub(super) versioned: Vec<VersionedRows>,
    pub(super) loads: Vec<Load>,
    pub(super) messages: MessageTables,
    pub(super) sessions: SessionTables,
    /// Rows of the outcome's traffic: workload and journey.
    pub(super) traffic: Vec<(u32, u32)>,
    /// Components then clients.
    pub(super) nodes: u32,
    /// Place of each node.
    pub(super) node_place: Vec<u32>,
}

/// Bit of a class in a set.
#[inline]
pub(super) fn class_bit(class: ErrorClass) -> u32 {
    1 << class as u32
}
