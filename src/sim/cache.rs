//! A cache's memory: which keys it holds, and who leaves when it is full.
//!
//! Keys are found through an open-addressing table of slot numbers that grows
//! with the number of entries, so memory follows what is cached and not the
//! population. Entries that are too old are noticed when they are looked up.
//!
//! A private memory stands for many small ones, one per owner (a user's
//! browser, say): all entries share the table, and each owner has a list and a
//! capacity of its own, so that a million users cost what they cached.

use super::tables::NONE;
use crate::plan::{CacheCapacity, ErrorClass, Eviction, Ttl};
use crate::rng;
use std::collections::{BTreeMap, BTreeSet};

/// Whose memory and which key: the owner is 0 where all share one memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) owner: u64,
    pub(super) key: u64,
}

#[derive(Clone, Debug)]
struct Slot {
    key: u64,
    expires: u64,
    weight: u64,
    /// Whose list it is in.
    list: u32,
    /// Neighbours in order of use (LRU) or arrival (FIFO); `previous` is newer.
    previous: u32,
    next: u32,
    /// Uses and arrival number (LFU).
    uses: u32,
    arrival: u64,
    /// What remembering is about: a value, or that there is none.
    value: Value,
    /// A removal is on its way: what is here is no longer so.
    is_outdated: bool,
    /// It was fetched in degraded form.
    is_degraded: bool,
}

/// What an entry remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A value.
    Present,
    /// That fetching it failed in this way.
    Failed(ErrorClass),
}

/// How long entries live, and how long after that they are still of use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) ttl: Ttl,
    /// Nanoseconds after its life for which an entry is served while it is fetched anew.
    pub(super) revalidate: u64,
    /// Nanoseconds after its life for which an entry is served if fetching fails.
    pub(super) if_error: u64,
}

impl Life {
    #[cfg(test)]
    pub(super) fn plain(ttl: Ttl) -> Self {
        Self { ttl, revalidate: 0, if_error: 0 }
    }
}

/// What a look-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// A value that lives; `outdated` if its removal is on the way.
    Hit { outdated: bool, degraded: bool },
    /// That there is no value to be had.
    Failed(ErrorClass),
    /// A value past its life that may be served while it is fetched anew.
    Stale { degraded: bool },
    /// A value past its life that may be served if fetching fails.
    Kept,
    /// Nothing.
    Miss,
    /// Something past its life and of no use any more.
    Expired,
}

/// One owner's entries: ends of the list in order of use or arrival, and their weight.
#[derive(Clone, Copy, Debug)]
struct List {
    newest: u32,
    oldest: u32,
    weight: u64,
}

impl List {
    const EMPTY: Self = Self { newest: NONE, oldest: NONE, weight: 0 };
}

/// The memory of one cache replica.
#[derive(Clone, Debug)]
pub(super) struct CacheMemory {
    /// Room of each owner.
    capacity: u64,
    nominal: u64,
    eviction: Eviction,
    slots: Vec<Slot>,
    free: Vec<u32>,
    table: Vec<u32>,
    lists: Vec<List>,
    /// List of each owner; the shared memory has list 0 and no owners.
    owners: BTreeMap<u64, u32>,
    /// Filled slots in no particular order, and each slot's place in it (random eviction).
    dense: Vec<u32>,
    dense_at: Vec<u32>,
    by_use: BTreeSet<(u32, u64, u32)>,
    len: u64,
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
            nominal: capacity,
            eviction,
            slots: Vec::new(),
            free: Vec::new(),
            table: vec![NONE; 16],
            lists: vec![List::EMPTY],
            owners: BTreeMap::new(),
            dense: Vec::new(),
            dense_at: Vec::new(),
            by_use: BTreeSet::new(),
            len: 0,
            arrivals: 0,
            draw: salt,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Looks a key up; a hit counts as a use and, for a sliding life, prolongs it.
    pub(super) fn lookup(&mut self, key: Key, now: u64, life: Life) -> Lookup {
        let Some(place) = self.find(key) else { return Lookup::Miss };
        let index = self.table[place];
        let slot = &mut self.slots[index as usize];
        let found = if slot.expires > now {
            if let Ttl::Sliding(span) = life.ttl
                && slot.value == Value::Present
            {
                slot.expires = now.saturating_add(span.0);
            }
            match slot.value {
                Value::Present => Lookup::Hit { outdated: slot.is_outdated, degraded: slot.is_degraded },
                Value::Failed(class) => Lookup::Failed(class),
            }
        } else {
            let is_within =
                |span: u64| slot.value == Value::Present && now < slot.expires.saturating_add(span);
            if is_within(life.revalidate) {
                Lookup::Stale { degraded: slot.is_degraded }
            } else if is_within(life.if_error) {
                Lookup::Kept
            } else {
                self.remove_at(place);
                return Lookup::Expired;
            }
        };
        self.note_use(index);
        found
    }

    fn note_use(&mut self, index: u32) {
        match self.eviction {
            Eviction::Lru if self.slots[index as usize].previous != NONE => {
                self.unlink(index);
                self.link_newest(index);
            }
            Eviction::Lfu => self.count_use(index),
            _ => {}
        }
    }

    /// Stores a key that weighs `weight`; returns how many others had to leave.
    /// A key that is there is given a new life, unless `keeps_life` and it still
    /// lives. A value heavier than the whole cache is not stored.
    pub(super) fn store(&mut self, key: Key, value: Value, fill: Fill) -> u64 {
        if let Some(place) = self.find(key) {
            let slot = &mut self.slots[self.table[place] as usize];
            if slot.expires <= fill.now || !fill.keeps_life {
                slot.expires = fill.expires;
                slot.value = value;
                slot.is_outdated = false;
                slot.is_degraded = fill.is_degraded;
            }
            return 0;
        }
        if fill.weight > self.capacity {
            return 0;
        }
        let list = self.list_of(key.owner);
        let mut evicted = 0;
        while self.lists[list as usize].weight > self.capacity - fill.weight {
            self.evict(list);
            evicted += 1;
        }
        self.insert(key.key, list, value, fill);
        evicted
    }

    /// Removes a key; `false` if it was not there.
    pub(super) fn remove(&mut self, key: Key) -> bool {
        self.find(key).is_some_and(|place| {
            self.remove_at(place);
            true
        })
    }

    /// Notes that what is remembered of a key is no longer so.
    pub(super) fn outdate(&mut self, key: Key) {
        if let Some(place) = self.find(key) {
            self.slots[self.table[place] as usize].is_outdated = true;
        }
    }

    /// Notes that what is remembered of these keys is no longer so.
    pub(super) fn outdate_where(&mut self, is_meant: impl Fn(u64) -> bool) {
        for index in self.living() {
            let slot = &mut self.slots[index as usize];
            slot.is_outdated |= is_meant(slot.key);
        }
    }

    /// Removes all keys that are meant; returns how many.
    pub(super) fn remove_where(&mut self, is_meant: impl Fn(u64) -> bool) -> u64 {
        let before = self.len;
        for index in self.living() {
            if is_meant(self.slots[index as usize].key) {
                self.remove_slot(index);
            }
        }
        before - self.len
    }

    /// Leaves a share of the room, 0..=1; returns how many entries had to leave.
    pub(super) fn resize(&mut self, share: f64) -> u64 {
        let before = self.len;
        if self.nominal < u64::MAX {
            self.capacity = (self.nominal as f64 * share + 0.5) as u64;
        }
        for list in 0..self.lists.len() as u32 {
            while self.lists[list as usize].weight > self.capacity {
                self.evict(list);
            }
        }
        before - self.len
    }

    /// Forgets everything, as a restart does.
    pub(super) fn clear(&mut self) {
        let (capacity, nominal) = (self.capacity, self.nominal);
        *self = Self { capacity, nominal, ..Self::new(CacheCapacity::Unlimited, self.eviction, self.draw) };
    }

    /// Slots in use.
    fn living(&self) -> Vec<u32> {
        self.table.iter().copied().filter(|index| *index != NONE).collect()
    }

    fn list_of(&mut self, owner: u64) -> u32 {
        if owner == 0 {
            return 0;
        }
        if let Some(list) = self.owners.get(&owner) {
            return *list;
        }
        let list = self.lists.len() as u32;
        self.lists.push(List::EMPTY);
        self.owners.insert(owner, list);
        list
    }

    fn insert(&mut self, key: u64, list: u32, value: Value, fill: Fill) {
        if (self.len + 1) * 2 > self.table.len() as u64 {
            self.grow();
        }
        self.arrivals += 1;
        let slot = Slot {
            key,
            expires: fill.expires,
            weight: fill.weight,
            list,
            previous: NONE,
            next: NONE,
            uses: 1,
            arrival: self.arrivals,
            value,
            is_outdated: false,
            is_degraded: fill.is_degraded,
        };
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
        let place = self.vacancy(key, list);
        self.table[place] = index;
        self.len += 1;
        self.lists[list as usize].weight += fill.weight;
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

    fn evict(&mut self, list: u32) {
        let index = match self.eviction {
            Eviction::Lru | Eviction::Fifo => self.lists[list as usize].oldest,
            Eviction::Lfu => self.by_use.first().map_or(NONE, |(_, _, index)| *index),
            Eviction::Random => {
                self.draw = rng::mix(self.draw.wrapping_add(rng::GAMMA));
                self.dense[rng::below(self.draw, self.dense.len() as u64) as usize]
            }
        };
        assert!(index != NONE, "a full cache has somebody to evict");
        self.remove_slot(index);
    }

    fn remove_slot(&mut self, index: u32) {
        let Slot { key, list, .. } = self.slots[index as usize];
        if let Some(place) = self.find_in(key, list) {
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
        let list = &mut self.lists[self.slots[index as usize].list as usize];
        self.slots[index as usize].previous = NONE;
        self.slots[index as usize].next = list.newest;
        if list.newest != NONE {
            self.slots[list.newest as usize].previous = index;
        }
        list.newest = index;
        if list.oldest == NONE {
            list.oldest = index;
        }
    }

    fn unlink(&mut self, index: u32) {
        let Slot { previous, next, list, .. } = self.slots[index as usize];
        let list = &mut self.lists[list as usize];
        match previous {
            NONE => list.newest = next,
            _ => self.slots[previous as usize].next = next,
        }
        match next {
            NONE => list.oldest = previous,
            _ => self.slots[next as usize].previous = previous,
        }
    }

    fn home(&self, key: u64, list: u32) -> usize {
        rng::mix(key.wrapping_add(u64::from(list).wrapping_mul(rng::GAMMA))) as usize & (self.table.len() - 1)
    }

    fn find(&self, key: Key) -> Option<usize> {
        let list = if key.owner == 0 { 0 } else { *self.owners.get(&key.owner)? };
        self.find_in(key.key, list)
    }

    fn find_in(&self, key: u64, list: u32) -> Option<usize> {
        let mut place = self.home(key, list);
        loop {
            match self.table[place] {
                NONE => return None,
                index => {
                    let slot = &self.slots[index as usize];
                    if slot.key == key && slot.list == list {
                        return Some(place);
                    }
                    place = (place + 1) & (self.table.len() - 1);
                }
            }
        }
    }

    fn vacancy(&self, key: u64, list: u32) -> usize {
        let mut place = self.home(key, list);
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
        self.lists[slot.list as usize].weight -= slot.weight;
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
            let Slot { key, list, .. } = self.slots[other as usize];
            let home = self.home(key, list);
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
            let Slot { key, list, .. } = self.slots[index as usize];
            let place = self.vacancy(key, list);
            self.table[place] = index;
        }
    }
}

/// How something is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    pub(super) now: u64,
    /// End of its life.
    pub(super) expires: u64,
    pub(super) weight: u64,
    /// Of several who fetched a key at once, the first decides how long it lives.
    pub(super) keeps_life: bool,
    /// It was fetched in degraded form.
    pub(super) is_degraded: bool,
}

#[cfg(test)]
mod tests;
