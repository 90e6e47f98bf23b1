//! What goes wrong.

use super::{
    Bucket, CheckerFault, ClientId, ComponentId, CredentialId, EntityId, ErrorClass, LimitId, MessageFault,
    NameFault, NameId, OperationId, PolicyId, SessionFault,
};
use crate::dist::{Backoff, Law};
use crate::units::{SimSpan, SimTime};
use serde::{Deserialize, Serialize};

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
    /// Whether chance decides which of its targets are hit; `None` hits all of them.
    pub chance: Option<Chance>,
    /// How many of its targets it hits, where replicas come and go: which ones is decided among those in
    /// service when it begins. `None` hits all of them.
    pub part: Option<Part>,
}

/// A part of the replicas in service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// So many, or all if there are fewer.
    Count(u32),
    /// This share of them, rounded up, 0..=1.
    Share(f64),
}

impl Part {
    /// How many of those that are there.
    #[must_use]
    pub fn of(self, there: usize) -> usize {
        match self {
            Self::Count(count) => (count as usize).min(there),
            // A product that is whole but for rounding must not become one more.
            Self::Share(share) => ((share * there as f64 - 1e-9).ceil() as usize).clamp(there.min(1), there),
        }
    }
}

/// Chance of each target to be hit, drawn by the seed of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// Of each target, 0..=1.
    pub probability: f64,
    /// Of one draw that decides for all targets; otherwise each has its own. Any two are then
    /// correlated by just this much, 0..=1.
    pub correlation: f64,
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
        /// Whether health checks do not see it.
        is_blind: bool,
        /// Whether requests fail after their work was done.
        is_late: bool,
    },
    /// Answers of language models are bad.
    BadOutput {
        /// Of which replicas.
        replicas: Vec<ReplicaRef>,
        /// Share without the form asked for, at full strength.
        malformed: f64,
        /// Share wrong in a way that nobody notices, at full strength.
        wrong: f64,
        /// Share of streams that break after a part of the answer, at full strength.
        cut: f64,
    },
    /// Clocks are ahead or behind.
    ClockSkew {
        /// Of which replicas.
        replicas: Vec<ReplicaRef>,
        /// By how many nanoseconds they are ahead; negative is behind.
        offset: i64,
    },
    /// A credential is not valid while the fault acts, by the clock of whoever checks.
    Expire {
        /// Which.
        credential: CredentialId,
    },
    /// A credential is replaced when the fault begins; when it ends, everybody knows.
    Rotate {
        /// Which.
        credential: CredentialId,
        /// Time until a replica that presents it has the new one.
        lag: Law,
        /// Time until a replica that checks it knows the new one.
        verifier_lag: Law,
        /// How long the old one is still accepted.
        grace: SimSpan,
    },
    /// No new connections; open ones stay.
    Block {
        /// Who calls whom; never both ways.
        path: Path,
        /// Whether callers are told at once.
        refuses: bool,
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
        /// Which of its limits says what a request takes; without one each takes 1.
        limit: Option<usize>,
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
        /// How long messages are lost each time, and how long none is lost in between.
        bursts: Option<(Law, Law)>,
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
    /// Caches forget at once what they hold.
    Flush {
        /// Which.
        replicas: Vec<ReplicaRef>,
        /// Share of their entries that goes, 0..=1.
        share: f64,
        /// Only keys of this entity; `None` means all.
        entity: Option<EntityId>,
    },
    /// A cache's keys contain something that differs between requests for the same thing.
    BadCacheKey {
        /// Whose keys.
        component: ComponentId,
        /// How many different keys stand for one thing.
        variants: u64,
        /// Share of requests that it happens to at full strength.
        share: f64,
    },
    /// A share of all requests is suddenly for the same few keys.
    HotKey {
        /// Which key space.
        entity: EntityId,
        /// Rank of the first hot key by popularity, from 0.
        first: u64,
        /// How many keys are hot.
        keys: u64,
        /// Share of requests that go to them at full strength.
        share: f64,
    },
    /// Replicas leave the sharding: their keys belong to others until they join again, empty.
    Reshard {
        /// Which.
        replicas: Vec<ReplicaRef>,
    },
    /// Replicas crash again and again, each time back later than the last.
    CrashLoop {
        /// Which.
        replicas: Vec<ReplicaRef>,
        /// How long one runs before it crashes again.
        runs: Law,
        /// Pause before each new start.
        backoff: Backoff,
    },
    /// Replicas are restarted, some at a time.
    Restart {
        /// Which.
        replicas: Vec<ReplicaRef>,
        /// Share of each component's replicas restarted at once.
        batch: f64,
        /// Time from one batch to the next.
        every: SimSpan,
        /// Whether what is inside is finished first.
        graceful: bool,
    },
    /// The platform takes replicas back after a notice.
    Reclaim {
        /// Which.
        replicas: Vec<ReplicaRef>,
        /// Time between the notice and the end.
        notice: SimSpan,
    },
    /// The platform has no new replicas to give.
    CapacityDenied {
        /// To whom.
        components: Vec<ComponentId>,
        /// Share of requests for a replica that are denied at full strength.
        share: f64,
    },
    /// What health checks say of a component's replicas is wrong, or they say nothing.
    Checker {
        /// Whose.
        component: ComponentId,
        /// How it shows.
        shows: CheckerFault,
    },
    /// A name is answered wrongly or not at all.
    Name {
        /// Which.
        name: NameId,
        /// How it shows.
        shows: NameFault,
    },
    /// A shared limit has another amount.
    Quota {
        /// Which.
        limit: LimitId,
        /// Units there are meanwhile.
        amount: u64,
    },
    /// More load.
    Spike {
        /// Index of the workload that it adds to.
        workload: usize,
        /// Times the workload's own rate at full strength.
        factor: f64,
    },
    /// Something about messages or schedules.
    Messages(MessageFault),
    /// Something about sessions.
    Sessions(SessionFault),
    /// Memory is never given back, until the process is killed and starts anew.
    Leak {
        /// Which; each leaks on its own.
        replicas: Vec<ReplicaRef>,
        /// How it grows.
        growth: Growth,
        /// Bytes that a replica can lose before it is killed.
        room: f64,
        /// Time from the kill until the replica serves again.
        restart: Law,
        /// Share of the room from which on it is slower, and times slower just before the kill.
        slow: Option<(f64, f64)>,
    },
    /// A disk has no room: writes fail.
    DiskFull {
        /// Which; each has a disk of its own.
        replicas: Vec<ReplicaRef>,
        /// Bytes free when it begins.
        room: f64,
        /// How it fills; `None` is full from the beginning.
        growth: Option<Growth>,
        /// Age at which what was written is removed.
        freed_after: Option<SimSpan>,
    },
    /// A store loses or damages what it keeps.
    BadStorage {
        /// Which.
        replicas: Vec<ReplicaRef>,
        /// Share of writes acknowledged and not kept, at full strength.
        lost: f64,
        /// Share of reads whose rows are damaged, at full strength.
        corrupt: f64,
    },
    /// Requests wait at the door until it is over.
    Lock {
        /// Where.
        replicas: Vec<ReplicaRef>,
        /// Only these operations `(component, operation)`; empty means all.
        operations: Vec<(ComponentId, OperationId)>,
    },
    /// Messages are held on their way and released all at once.
    Hold {
        /// Which path.
        path: Path,
    },
    /// Requests arrive twice.
    Duplicate {
        /// Which path; never both ways.
        path: Path,
        /// Share of requests at full strength.
        share: f64,
    },
}

/// How something fills up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Growth {
    /// Bytes per second.
    PerSecond(f64),
    /// Bytes for each request or write.
    PerRequest(f64),
}

/// What leaks.
#[derive(Clone, Debug, PartialEq)]
pub enum Exhausted {
    /// Threads (or cores of an async component) of these replicas.
    Threads(Vec<ReplicaRef>),
    /// Room of these caches.
    Memory(Vec<ReplicaRef>),
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
    /// The connection is accepted, and broken at once.
    Reset,
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

impl Schedule {
    /// When the stretch in which it acts at an instant ends; `None` when it never does, or when
    /// chance decides.
    #[must_use]
    pub fn end_of_stretch(&self, now: SimTime) -> Option<SimTime> {
        let Self::Once { at, length, flap, .. } = self else { return None };
        let end = length.map(|length| at.0.saturating_add(length.0));
        let stop = flap.map(|(on, off)| {
            let round = on.0.saturating_add(off.0).max(1);
            let begun = at.0 + now.0.saturating_sub(at.0) / round * round;
            begun.saturating_add(on.0)
        });
        end.into_iter().chain(stop).min().map(SimTime)
    }
}

impl Effect {
    /// Whether it makes bad answers of good ones after the work was done.
    #[must_use]
    pub fn spoils_answers(&self) -> bool {
        matches!(self, Self::Gray { is_late: true, .. })
    }

    /// Whether it makes replicas of a component come or go, so that requests must be aimed anew.
    #[must_use]
    pub fn moves_replicas_of(&self, component: ComponentId) -> bool {
        match self {
            Self::Restart { replicas, .. } | Self::Reclaim { replicas, .. } => {
                replicas.iter().any(|replica| replica.component == component)
            }
            _ => false,
        }
    }
}
