//! What caches did, and how keys were spread over replicas.

use serde::{Deserialize, Serialize};

/// Slots into which all keys fall before they are spread over replicas, as in a Redis Cluster.
pub const SHARD_SLOTS: u64 = 16_384;

/// One cache in one slot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CacheSlot {
    /// Look-ups that were answered: with a value, stale or not, or with a remembered failure.
    pub hits: u64,
    /// Look-ups that were not.
    pub misses: u64,
    /// Misses that waited for a fetch already under way.
    pub coalesced: u64,
    /// Fetches begun: misses that did not wait, refreshes, and look-ups that failed.
    pub fetches: u64,
    /// Fetches begun to renew a value that was served stale meanwhile.
    pub refreshes: u64,
    /// Answers with a value past its life, or one whose removal was on its way.
    pub stale: u64,
    /// Those of them given because fetching failed.
    pub stale_if_error: u64,
    /// Answers with a remembered failure.
    pub negative: u64,
    /// Values stored after a fetch.
    pub fills: u64,
    /// Values stored by a write.
    pub puts: u64,
    /// Values that had to leave to make room.
    pub evictions: u64,
    /// Values found too old.
    pub expirations: u64,
    /// Values removed by an invalidation, or by a purge of one key.
    pub invalidations: u64,
    /// Values removed by a purge of many, or by a flush.
    pub purged: u64,
    /// Writes of a write-behind cache that reached the store behind it.
    pub flushed: u64,
    /// Writes of a write-behind cache that were answered, and lost in a crash before they reached the store.
    pub unflushed_lost: u64,
    /// Entries integrated over time, in entry-nanoseconds.
    pub entries_area: u128,
    /// Entries at the end of the slot.
    pub entries: u64,
}

impl CacheSlot {
    /// Adds a later slot's counts.
    pub fn add(&mut self, later: &Self) {
        self.hits += later.hits;
        self.misses += later.misses;
        self.coalesced += later.coalesced;
        self.fetches += later.fetches;
        self.refreshes += later.refreshes;
        self.stale += later.stale;
        self.stale_if_error += later.stale_if_error;
        self.negative += later.negative;
        self.fills += later.fills;
        self.puts += later.puts;
        self.evictions += later.evictions;
        self.expirations += later.expirations;
        self.invalidations += later.invalidations;
        self.purged += later.purged;
        self.flushed += later.flushed;
        self.unflushed_lost += later.unflushed_lost;
        self.entries_area += later.entries_area;
        self.entries = later.entries;
    }
}

/// What was sent to one component by key, in one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardSlot {
    /// Attempts sent to each replica.
    pub sent: Vec<u64>,
    /// Slots of [`SHARD_SLOTS`] that moved from one replica to another, each time counted.
    pub moved: u64,
}

impl ShardSlot {
    /// Adds another slot's counts.
    pub fn add(&mut self, other: &Self) {
        if self.sent.len() < other.sent.len() {
            self.sent.resize(other.sent.len(), 0);
        }
        for (own, more) in self.sent.iter_mut().zip(&other.sent) {
            *own += more;
        }
        self.moved += other.moved;
    }

    /// Share of attempts that went to the replica with most of them.
    #[must_use]
    pub fn hottest(&self) -> Option<f64> {
        let all: u64 = self.sent.iter().sum();
        let most = self.sent.iter().max()?;
        (all > 0).then(|| *most as f64 / all as f64)
    }
}
