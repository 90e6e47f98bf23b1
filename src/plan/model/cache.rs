//! What remembers keys, for how long, and how what is remembered gets out of date.

use super::{Call, ComponentId, EntityId, ErrorClass, OperationId, Step};
use crate::dist::Law;
use crate::units::SimSpan;
use serde::{Deserialize, Serialize};

/// A memory of recently used keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// Room, in entries or bytes; of each owner, if it is private.
    pub capacity: CacheCapacity,
    /// Who leaves when it is full.
    pub eviction: Eviction,
    /// Whose key decides which private memory a request sees; `None` is one memory for all.
    pub private_to: Option<EntityId>,
    /// Present when writes to it reach the store behind it later.
    pub write_behind: Option<WriteBehind>,
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

/// How writes reach the store behind a cache.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteBehind {
    /// The cache's operation that writes one batch.
    pub flush: OperationId,
    /// Time between flushes, counted from the start of the run.
    pub every: SimSpan,
    /// Most keys written at once.
    pub batch: u64,
    /// Most batches under way at once, per replica.
    pub parallel: u32,
    /// Most keys waiting per replica; beyond it writes are refused. `None` is unlimited.
    pub buffer: Option<u64>,
}

/// How a component's keys are spread over its replicas, for callers that send each to its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    /// Which keys move when a replica comes or goes.
    pub hashing: Hashing,
    /// Time until callers know that a replica has gone or come back; `None`: they never do.
    pub notice: Option<SimSpan>,
}

/// How keys are mapped to replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hashing {
    /// A replica that goes takes only its own keys along: highest random weight over 16,384 slots.
    Consistent,
    /// Slot modulo number of replicas: nearly all keys move.
    Modulo,
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
    /// How values past their life are used, and what else is remembered.
    pub rules: CacheRules,
    /// Whether requests that miss a key being fetched wait for it.
    pub single_flight: bool,
    /// What to do on a hit.
    pub hit: Vec<Step>,
    /// What to do on a miss, before the fill.
    pub miss: Vec<Step>,
}

/// How values past their life are used, and what else is remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CacheRules {
    /// A life is drawn uniformly from `ttl * (1 - jitter)` to `ttl * (1 + jitter)`; 0..=1.
    pub jitter: f64,
    /// Time after its life for which a value is served while it is fetched anew.
    pub stale_while_revalidate: SimSpan,
    /// Time after its life for which a value is served if the fetch fails.
    pub stale_if_error: SimSpan,
    /// Failures of a fetch that are remembered.
    pub negative: Option<Negative>,
    /// Of several who fetched a key at once the first decides how long it
    /// lives; otherwise each fill gives it a new life.
    pub first_fill_wins: bool,
}

/// Failures that are remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negative {
    /// Which.
    pub on: Vec<ErrorClass>,
    /// For how long.
    pub ttl: SimSpan,
}

/// A write to a cache: its own, or through it.
#[derive(Clone, Debug)]
pub struct Put {
    /// The call that carries it.
    pub call: Call,
    /// Which key space.
    pub entity: EntityId,
    /// How long the value lives.
    pub ttl: Ttl,
    /// As in [`CacheRules::jitter`].
    pub jitter: f64,
}

/// A removal of what is remembered.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The call that carries it.
    pub call: Call,
    /// What goes.
    pub what: Removed,
    /// Whether it goes from every replica, or from the one that is called.
    pub everywhere: bool,
    /// Time until it is done; drawn for each replica. `None` is at once.
    pub delay: Option<Law>,
}

/// What a removal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// The request's key.
    Key(EntityId),
    /// All keys of an entity.
    Keys(EntityId),
    /// Everything.
    Everything,
}

/// What a cache holds at the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warm {
    /// Which cache.
    pub component: ComponentId,
    /// Which key space.
    pub entity: EntityId,
    /// How many of its most popular keys.
    pub keys: u64,
}

/// What an expectation measures of a cache, or of a component called by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheMetric {
    /// Share of look-ups answered with a value past its life or about to be removed.
    StaleRatio,
    /// Share of look-ups answered with a remembered failure.
    NegativeRatio,
    /// Share of misses that waited for somebody else's fetch.
    CoalescedRatio,
    /// Fetches begun per second.
    OriginRate,
    /// Entries per second that had to leave to make room.
    EvictionRate,
    /// Entries removed by purges of many and by flushes.
    Purged,
    /// Writes that were answered and lost before they reached the store.
    UnflushedLost,
    /// Share of what is sent by key that goes to the busiest replica.
    HotShardShare,
    /// Share of the key space that moved from one replica to another.
    MovedKeys,
}
