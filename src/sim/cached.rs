//! Look-aside caching: look-ups, fills, and waiting for somebody else's fetch.

use super::blame::label;
use super::cache::Lookup;
use super::engine::Engine;
use super::frame::{State, flag};
use super::tables::NONE;
use crate::outcome::WaitKind;
use crate::plan::ErrorClass;
use crate::rng;

/// Bits of a cache key below the entity's number; populations are smaller.
const KEY_BITS: u32 = 48;

/// A fetch that others wait for.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    leader: u32,
    leader_born: u32,
    /// `(frame, epoch)` of those who wait.
    waiters: Vec<(u32, u32)>,
}

impl Engine<'_> {
    /// The key a request means by an entity: drawn once, the same in all its activations.
    pub(super) fn entity_key(&self, f: u32, entity: u32) -> u64 {
        self.entity_key_of(self.frames[f].root, entity)
    }

    /// The key that the request with this root means by an entity.
    pub(super) fn entity_key_of(&self, root: u64, entity: u32) -> u64 {
        let rule = &self.t.entities[entity as usize];
        u64::from(entity) << KEY_BITS | rule.keys.sample(rng::key(root, rule.salt))
    }

    /// The memory a served cache operation works on, and its component.
    fn memory_of(&self, f: u32) -> Option<(usize, usize)> {
        let comp = self.replicas[self.frames[f].replica as usize].comp as usize;
        let first = self.t.comps[comp].cache;
        (first != NONE).then(|| ((first + self.replica_number(f)) as usize, comp))
    }

    /// Carries out a look-up at the cache; `true` on a hit.
    pub(super) fn cache_get(&mut self, f: u32, cached: u32) -> bool {
        let Some((memory, comp)) = self.memory_of(f) else { return false };
        if self.is_ablated(super::Loop::CacheMisses) {
            self.stations[comp].counts.cache.hits += 1;
            return true;
        }
        let step = &self.t.cached[cached as usize];
        let ttl = step.ttl;
        let key = self.entity_key(f, step.entity);
        let before = self.caches[memory].len();
        let found = self.caches[memory].lookup(key, self.now, ttl);
        self.count_entries(memory, comp, before);
        let counts = &mut self.stations[comp].counts.cache;
        match found {
            Lookup::Hit => counts.hits += 1,
            Lookup::Miss => counts.misses += 1,
            Lookup::Expired => {
                counts.misses += 1;
                counts.expirations += 1;
            }
        }
        found == Lookup::Hit
    }

    /// Carries out a fill at the cache.
    pub(super) fn cache_set(&mut self, f: u32, cached: u32) {
        let Some((memory, comp)) = self.memory_of(f) else { return };
        let step = &self.t.cached[cached as usize];
        let (ttl, entity) = (step.ttl, step.entity);
        let key = self.entity_key(f, entity);
        let weight = match self.plan.components[comp].cache.as_ref().map(|cache| cache.capacity) {
            Some(crate::plan::CacheCapacity::Bytes(_)) => self.t.entities[entity as usize].bytes,
            _ => 1,
        };
        let before = self.caches[memory].len();
        let evicted = self.caches[memory].store(key, weight, self.now, ttl);
        self.count_entries(memory, comp, before);
        let counts = &mut self.stations[comp].counts.cache;
        counts.fills += 1;
        counts.evictions += evicted;
    }

    /// Carries out an invalidation at the cache.
    pub(super) fn cache_delete(&mut self, f: u32, entity: u32) {
        let Some((memory, comp)) = self.memory_of(f) else { return };
        let key = self.entity_key(f, entity);
        let before = self.caches[memory].len();
        let removed = self.caches[memory].remove(key);
        self.count_entries(memory, comp, before);
        self.stations[comp].counts.cache.invalidations += u64::from(removed);
    }

    fn count_entries(&mut self, memory: usize, comp: usize, before: u64) {
        let after = self.caches[memory].len();
        if after != before {
            let entries = &mut self.stations[comp].levels.entries;
            entries.set(self.now, entries.level - before + after);
        }
    }

    /// What the caller does with a look-up's answer; `false` if it has to wait.
    pub(super) fn cache_check(&mut self, f: u32, cached: u32) -> bool {
        let step = &self.t.cached[cached as usize];
        let frame = &mut self.frames[f];
        if frame.has(flag::CALL_FAILED) {
            frame.pc = step.bypass;
            return true;
        }
        if frame.has(flag::HIT) {
            frame.pc = step.hit;
            return true;
        }
        if !step.single_flight {
            frame.pc += 1;
            return true;
        }
        let flight = (cached, frame.replica, self.entity_key(f, self.t.cached[cached as usize].entity));
        let frame = &mut self.frames[f];
        let (born, epoch) = (frame.born, frame.epoch);
        if let Some(flight) = self.flights.get_mut(&flight) {
            flight.waiters.push((f, epoch));
            frame.state = State::Coalescing;
            return false;
        }
        frame.leads += 1;
        frame.pc += 1;
        self.flights.insert(flight, Flight { leader: f, leader_born: born, waiters: Vec::new() });
        true
    }

    /// A value was fetched and stored: those who waited have it.
    pub(super) fn land(&mut self, f: u32, cached: u32) {
        if self.frames[f].leads == 0 {
            return;
        }
        let flight =
            (cached, self.frames[f].replica, self.entity_key(f, self.t.cached[cached as usize].entity));
        if self.flights.get(&flight).is_none_or(|flight| flight.leader != f) {
            return;
        }
        self.frames[f].leads -= 1;
        let Some(flight) = self.flights.remove(&flight) else { return };
        let hit = self.t.cached[cached as usize].hit;
        for w in self.still_waiting(&flight) {
            self.stop_waiting(w);
            self.frames[w].pc = hit;
            self.ready.push_back(w);
        }
    }

    fn still_waiting(&self, flight: &Flight) -> Vec<u32> {
        let is_waiting = |(w, epoch): &(u32, u32)| {
            let frame = &self.frames[*w];
            frame.state == State::Coalescing && frame.epoch == *epoch
        };
        flight.waiters.iter().filter(|waiter| is_waiting(waiter)).map(|(w, _)| *w).collect()
    }

    fn stop_waiting(&mut self, w: u32) {
        let replica = self.frames[w].replica;
        let log = self.frames[w].log;
        if replica != NONE {
            let comp = self.replicas[replica as usize].comp;
            self.stations[comp as usize].counts.cache.coalesced += 1;
            self.logs.charge(log, self.now, label(comp, WaitKind::Coalesced));
        }
        self.frames[w].state = State::Running;
    }

    /// A fetch failed: those who waited for it fail the same way.
    pub(super) fn abandon_flights(&mut self, f: u32, class: ErrorClass) {
        if self.frames[f].leads == 0 {
            return;
        }
        self.frames[f].leads = 0;
        let born = self.frames[f].born;
        let led = |flight: &Flight| flight.leader == f && flight.leader_born == born;
        let keys: Vec<_> =
            self.flights.iter().filter(|(_, flight)| led(flight)).map(|(key, _)| *key).collect();
        for key in keys {
            let Some(flight) = self.flights.remove(&key) else { continue };
            for w in self.still_waiting(&flight) {
                self.stop_waiting(w);
                let next = self.fail(w, class);
                if next != NONE {
                    self.ready.push_back(next);
                }
            }
        }
    }

    /// A crashed replica's fetches are gone, and so are those who waited for them.
    pub(super) fn forget_flights(&mut self, replica: u32) {
        self.flights.retain(|(_, owner, _), _| *owner != replica);
    }
}
