//! A cache's memory: which keys it holds, and who leaves when it is full.
//!
//! Keys are found through an open-addressing table of slot numbers that grows
//! with the number of entries, so memory follows what is cached and not the
//! population. Entries that are too old are noticed when they are looked up.

use super::tables::NONE;
use crate::plan::{CacheCapacity, Eviction, Ttl};
use crate::rng;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
struct Slot {
    key: u64,
    expires: u64,
    weight: u64,
    /// Neighbours in order of use (LRU) or arrival (FIFO); `previous` is newer.
    previous: u32,
    next: u32,
    /// Uses and arrival number (LFU).
    uses: u32,
    arrival: u64,
}

/// What a look-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    Hit,
    Miss,
    Expired,
}

/// The memory of one cache replica.
#[derive(Clone, Debug)]
pub(super) struct CacheMemory {
    capacity: u64,
    eviction: Eviction,
    slots: Vec<Slot>,
    free: Vec<u32>,
    table: Vec<u32>,
    /// Filled slots in no particular order, and each slot's place in it (random eviction).
    dense: Vec<u32>,
    dense_at: Vec<u32>,
    by_use: BTreeSet<(u32, u64, u32)>,
    newest: u32,
    oldest: u32,
    len: u64,
    weight: u64,
    arrivals: u64,
    draw: u64,
}

impl CacheMemory {
    pub(super) fn new(capacity: CacheCapacity, eviction: Eviction, salt: u64) -> Self {
        let capacity = match capacity {
            CacheCapacity::Unlimited => u64::MAX,
            CacheCapacity::Entries(n) | CacheCapacity::Bytes(n) => n,
        };
        Self {
            capacity,
            eviction,
            slots: Vec::new(),
            free: Vec::new(),
            table: vec![NONE; 16],
            dense: Vec::new(),
            dense_at: Vec::new(),
            by_use: BTreeSet::new(),
            newest: NONE,
            oldest: NONE,
            len: 0,
            weight: 0,
            arrivals: 0,
            draw: salt,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Looks a key up; a hit counts as a use and, for a sliding life, prolongs it.
    pub(super) fn lookup(&mut self, key: u64, now: u64, ttl: Ttl) -> Lookup {
        let Some(place) = self.find(key) else { return Lookup::Miss };
        let index = self.table[place];
        if self.slots[index as usize].expires <= now {
            self.remove_at(place);
            return Lookup::Expired;
        }
        if let Ttl::Sliding(span) = ttl {
            self.slots[index as usize].expires = now.saturating_add(span.0);
        }
        match self.eviction {
            Eviction::Lru if self.newest != index => {
                self.unlink(index);
                self.link_newest(index);
            }
            Eviction::Lfu => self.count_use(index),
            _ => {}
        }
        Lookup::Hit
    }

    /// Stores a key that weighs `weight`; returns how many others had to leave.
    /// A key that is there and alive keeps its life: of several who fetched it at
    /// once the first fills. A value heavier than the whole cache is not stored.
    pub(super) fn store(&mut self, key: u64, weight: u64, now: u64, ttl: Ttl) -> u64 {
        let expires = match ttl {
            Ttl::Never => u64::MAX,
            Ttl::Fixed(span) | Ttl::Sliding(span) => now.saturating_add(span.0),
        };
        if let Some(place) = self.find(key) {
            let slot = &mut self.slots[self.table[place] as usize];
            if slot.expires <= now {
                slot.expires = expires;
            }
            return 0;
        }
        if weight > self.capacity {
            return 0;
        }
        let mut evicted = 0;
        while self.weight > self.capacity - weight {
            self.evict();
            evicted += 1;
        }
        self.insert(key, weight, expires);
        evicted
    }

    /// Removes a key; `false` if it was not there.
    pub(super) fn remove(&mut self, key: u64) -> bool {
        self.find(key).is_some_and(|place| {
            self.remove_at(place);
            true
        })
    }

    /// Forgets everything, as a restart does.
    pub(super) fn clear(&mut self) {
        let draw = self.draw;
        let (capacity, eviction) = (self.capacity, self.eviction);
        *self = Self { capacity, ..Self::new(CacheCapacity::Unlimited, eviction, draw) };
    }

    fn insert(&mut self, key: u64, weight: u64, expires: u64) {
        if (self.len + 1) * 2 > self.table.len() as u64 {
            self.grow();
        }
        self.arrivals += 1;
        let slot = Slot { key, expires, weight, previous: NONE, next: NONE, uses: 1, arrival: self.arrivals };
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                self.dense_at.push(NONE);
                (self.slots.len() - 1) as u32
            }
        };
        let place = self.vacancy(key);
        self.table[place] = index;
        self.len += 1;
        self.weight += weight;
        match self.eviction {
            Eviction::Lru | Eviction::Fifo => self.link_newest(index),
            Eviction::Lfu => {
                self.by_use.insert((1, self.arrivals, index));
            }
            Eviction::Random => {
                self.dense_at[index as usize] = self.dense.len() as u32;
                self.dense.push(index);
            }
        }
    }

    fn evict(&mut self) {
        let index = match self.eviction {
            Eviction::Lru | Eviction::Fifo => self.oldest,
            Eviction::Lfu => self.by_use.first().map_or(NONE, |(_, _, index)| *index),
            Eviction::Random => {
                self.draw = rng::mix(self.draw.wrapping_add(rng::GAMMA));
                self.dense[rng::below(self.draw, self.dense.len() as u64) as usize]
            }
        };
        assert!(index != NONE, "a full cache has somebody to evict");
        let key = self.slots[index as usize].key;
        if let Some(place) = self.find(key) {
            self.remove_at(place);
        }
    }

    fn count_use(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        self.by_use.remove(&(slot.uses, slot.arrival, index));
        slot.uses = slot.uses.saturating_add(1);
        self.by_use.insert((slot.uses, slot.arrival, index));
    }

    fn link_newest(&mut self, index: u32) {
        self.slots[index as usize].previous = NONE;
        self.slots[index as usize].next = self.newest;
        if self.newest != NONE {
            self.slots[self.newest as usize].previous = index;
        }
        self.newest = index;
        if self.oldest == NONE {
            self.oldest = index;
        }
    }

    fn unlink(&mut self, index: u32) {
        let Slot { previous, next, .. } = self.slots[index as usize];
        match previous {
            NONE => self.newest = next,
            _ => self.slots[previous as usize].next = next,
        }
        match next {
            NONE => self.oldest = previous,
            _ => self.slots[next as usize].previous = previous,
        }
    }

    fn home(&self, key: u64) -> usize {
        rng::mix(key) as usize & (self.table.len() - 1)
    }

    fn find(&self, key: u64) -> Option<usize> {
        let mut place = self.home(key);
        loop {
            match self.table[place] {
                NONE => return None,
                index if self.slots[index as usize].key == key => return Some(place),
                _ => place = (place + 1) & (self.table.len() - 1),
            }
        }
    }

    fn vacancy(&self, key: u64) -> usize {
        let mut place = self.home(key);
        while self.table[place] != NONE {
            place = (place + 1) & (self.table.len() - 1);
        }
        place
    }

    /// Removes the entry at a place of the table and closes the gap, so that no
    /// tombstones are needed.
    fn remove_at(&mut self, place: usize) {
        let index = self.table[place];
        let slot = &self.slots[index as usize];
        self.len -= 1;
        self.weight -= slot.weight;
        match self.eviction {
            Eviction::Lru | Eviction::Fifo => self.unlink(index),
            Eviction::Lfu => {
                self.by_use.remove(&(slot.uses, slot.arrival, index));
            }
            Eviction::Random => {
                let at = self.dense_at[index as usize] as usize;
                self.dense.swap_remove(at);
                if let Some(moved) = self.dense.get(at) {
                    self.dense_at[*moved as usize] = at as u32;
                }
            }
        }
        self.free.push(index);
        let mask = self.table.len() - 1;
        let (mut hole, mut probe) = (place, place);
        loop {
            probe = (probe + 1) & mask;
            let other = self.table[probe];
            if other == NONE {
                break;
            }
            let home = self.home(self.slots[other as usize].key);
            // Whether `hole` lies between the entry's home and where it is.
            if (probe.wrapping_sub(home) & mask) >= (probe.wrapping_sub(hole) & mask) {
                self.table[hole] = other;
                hole = probe;
            }
        }
        self.table[hole] = NONE;
    }

    fn grow(&mut self) {
        let doubled = self.table.len() * 2;
        let old = std::mem::replace(&mut self.table, vec![NONE; doubled]);
        for index in old.into_iter().filter(|index| *index != NONE) {
            let place = self.vacancy(self.slots[index as usize].key);
            self.table[place] = index;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimSpan;
    use proptest::prelude::*;

    fn cache(entries: u64, eviction: Eviction) -> CacheMemory {
        CacheMemory::new(CacheCapacity::Entries(entries), eviction, 1)
    }

    fn holds(cache: &CacheMemory, keys: &[u64]) -> bool {
        keys.iter().all(|key| cache.find(*key).is_some())
    }

    #[test]
    fn lru_drops_the_least_recently_used_and_fifo_the_first_to_come() {
        for (eviction, survivors) in [(Eviction::Lru, [1, 3]), (Eviction::Fifo, [2, 3])] {
            let mut cache = cache(2, eviction);
            cache.store(1, 1, 0, Ttl::Never);
            cache.store(2, 1, 0, Ttl::Never);
            assert_eq!(cache.lookup(1, 0, Ttl::Never), Lookup::Hit);
            assert_eq!(cache.store(3, 1, 0, Ttl::Never), 1);
            assert!(holds(&cache, &survivors), "{eviction:?}");
            assert_eq!(cache.len(), 2);
        }
    }

    #[test]
    fn lfu_drops_the_least_used() {
        let mut cache = cache(2, Eviction::Lfu);
        cache.store(1, 1, 0, Ttl::Never);
        cache.store(2, 1, 0, Ttl::Never);
        cache.lookup(1, 0, Ttl::Never);
        cache.lookup(1, 0, Ttl::Never);
        cache.lookup(2, 0, Ttl::Never);
        cache.store(3, 1, 0, Ttl::Never);
        assert!(holds(&cache, &[1, 3]));
    }

    #[test]
    fn a_fixed_life_ends_after_the_fill_and_a_sliding_one_after_the_last_use() {
        let ttl = SimSpan(10);
        for (ttl, at_12) in [(Ttl::Fixed(ttl), Lookup::Expired), (Ttl::Sliding(ttl), Lookup::Hit)] {
            let mut cache = cache(2, Eviction::Lru);
            cache.store(1, 1, 0, ttl);
            assert_eq!(cache.lookup(1, 9, ttl), Lookup::Hit);
            assert_eq!(cache.lookup(1, 12, ttl), at_12);
        }
    }

    proptest! {
        /// The table, the order of use and the counts agree with a plain list, whatever happens.
        #[test]
        fn lru_agrees_with_a_plain_list(keys in prop::collection::vec((0u64..40, 0u8..5), 0..600)) {
            let mut cache = cache(12, Eviction::Lru);
            let mut list: Vec<u64> = Vec::new();
            for (key, act) in keys {
                let known = list.iter().position(|k| *k == key);
                if act == 0 {
                    prop_assert_eq!(cache.remove(key), known.is_some());
                    list.retain(|k| *k != key);
                    continue;
                }
                let hit = cache.lookup(key, 0, Ttl::Never) == Lookup::Hit;
                prop_assert_eq!(hit, known.is_some());
                list.retain(|k| *k != key);
                list.insert(0, key);
                list.truncate(12);
                if !hit {
                    cache.store(key, 1, 0, Ttl::Never);
                }
                prop_assert_eq!(cache.len(), list.len() as u64);
                prop_assert!(holds(&cache, &list));
            }
        }
    }
}
