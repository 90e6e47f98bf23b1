//! The cache's side: look-ups, fills, writes, removals, and what faults do to a memory.

use super::cache::{Fill, Key, Life, Lookup, Value};
use super::control::Control;
use super::engine::Engine;
use super::exec::Answer;
use super::frame::{Role, flag};
use super::keys::{entity_of, joined};
use super::tables::{NONE, Removal, SiteEffect};
use super::trouble::remaining;
use crate::kernel::Phase;
use crate::plan::{CacheCapacity, Effect, ErrorClass, Removed, Ttl};
use crate::rng;

const SALT_JITTER: u64 = rng::name_hash("cache/ttl-jitter");
const SALT_DELAY: u64 = rng::name_hash("cache/removal-delay");
const SALT_FLUSH: u64 = rng::name_hash("fault/flush");
const SALT_WARM: u64 = rng::name_hash("cache/warm");

/// What a look-up's answer says, in a byte of the frame.
pub(super) mod found {
    /// Nothing of use.
    pub(crate) const NOTHING: u8 = 0;
    /// A value.
    pub(crate) const FRESH: u8 = 1;
    /// A value to serve while it is fetched anew.
    pub(crate) const STALE: u8 = 2;
    /// Nothing to serve, unless fetching fails.
    pub(crate) const KEPT: u8 = 3;
    /// This and above: a remembered failure of class `found - FAILED`.
    pub(crate) const FAILED: u8 = 4;
    /// Added when a fetch begins on behalf of a request that is degraded already.
    pub(crate) const WAS_DEGRADED: u8 = 128;
}

/// What is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    One(Key),
    Entity(u64),
    All,
}

impl Engine<'_> {
    /// The memory a served cache operation works on, and its component.
    fn memory_of(&self, f: u32) -> Option<(usize, usize)> {
        let comp = self.frames[f].comp as usize;
        let first = self.t.comps[comp].cache;
        (first != NONE).then(|| ((first + self.replica_number(f)) as usize, comp))
    }

    /// Carries out a look-up at the cache; the answer says what was found.
    pub(super) fn cache_get(&mut self, f: u32, cached: u32, answer: &mut Answer) {
        let Some((memory, comp)) = self.memory_of(f) else { return };
        if self.is_ablated(super::Loop::CacheMisses) {
            self.stations[comp].counts.cache.hits += 1;
            answer.found = found::FRESH;
            return;
        }
        let step = &self.t.cached[cached as usize];
        let life = step.life;
        let key = self.cache_key(f, comp as u32, step.entity);
        let before = self.caches[memory].len();
        let result = self.caches[memory].lookup(key, self.now, life);
        self.count_entries(memory, comp, before);
        let counts = &mut self.stations[comp].counts.cache;
        let (is_hit, found) = match result {
            Lookup::Hit { outdated, degraded } => {
                counts.stale += u64::from(outdated || degraded);
                answer.degraded |= degraded;
                (true, found::FRESH)
            }
            Lookup::Stale { degraded } => {
                counts.stale += 1;
                answer.degraded |= degraded;
                (true, found::STALE)
            }
            Lookup::Failed(class) => {
                counts.negative += 1;
                (true, found::FAILED + class as u8)
            }
            Lookup::Kept => (false, found::KEPT),
            Lookup::Miss => (false, found::NOTHING),
            Lookup::Expired => {
                counts.expirations += 1;
                (false, found::NOTHING)
            }
        };
        counts.hits += u64::from(is_hit);
        counts.misses += u64::from(!is_hit);
        answer.found = found;
    }

    /// Carries out a fill at the cache, of a value or of a failure to get one.
    pub(super) fn cache_set(&mut self, f: u32, cached: u32, failure: Option<ErrorClass>) {
        let Some((memory, comp)) = self.memory_of(f) else { return };
        let step = &self.t.cached[cached as usize];
        let (entity, value, ttl, jitter, keeps_life) = match failure {
            None => (step.entity, Value::Present, step.life.ttl, step.jitter, step.first_fill_wins),
            Some(class) => (step.entity, Value::Failed(class), Ttl::Fixed(step.negative_ttl), 0.0, true),
        };
        let key = self.cache_key(f, comp as u32, entity);
        let expires = self.expiry(ttl, jitter, rng::key(self.frames[f].key ^ SALT_JITTER, key.key));
        let is_degraded = self.fetched_degraded(f);
        let fill = Fill { now: self.now, expires, weight: 1, keeps_life, is_degraded };
        self.fill(memory, comp, key, value, fill);
        self.stations[comp].counts.cache.fills += 1;
    }

    /// Carries out a write at the cache.
    pub(super) fn cache_put(&mut self, f: u32, put: u32, answer: &mut Answer) {
        let Some((memory, comp)) = self.memory_of(f) else { return };
        let rule = self.t.puts[put as usize];
        let key = self.cache_key(f, comp as u32, rule.entity);
        if self.t.comps[comp].buffer != NONE && !self.write_behind(self.frames[f].replica, comp, key.key) {
            *answer = Answer::failed(ErrorClass::Shed);
            return;
        }
        let expires = self.expiry(rule.ttl, rule.jitter, rng::key(self.frames[f].key ^ SALT_JITTER, key.key));
        let fill = Fill { now: self.now, expires, weight: 1, keeps_life: false, is_degraded: false };
        self.fill(memory, comp, key, Value::Present, fill);
        self.stations[comp].counts.cache.puts += 1;
    }

    /// Whether what a frame is about to store was fetched in degraded form.
    fn fetched_degraded(&self, f: u32) -> bool {
        let frame = &self.frames[f];
        let caller = match frame.role {
            // The call of a cache elsewhere: whoever fetched waits for it.
            Role::Server if self.is_cache_call(f) => match frame.parent {
                NONE => return false,
                parent if self.frames[parent].epoch != frame.parent_epoch => return false,
                parent => &self.frames[parent],
            },
            _ => frame,
        };
        caller.has(flag::DEGRADED) && caller.found & found::WAS_DEGRADED == 0
    }

    fn is_cache_call(&self, f: u32) -> bool {
        let site = self.frames[f].from_site;
        site != NONE && matches!(self.t.sites[site as usize].effect, SiteEffect::CacheSet(_))
    }

    /// When a value that is stored now expires.
    fn expiry(&self, ttl: Ttl, jitter: f64, draw: u64) -> u64 {
        match ttl {
            Ttl::Never => u64::MAX,
            Ttl::Fixed(span) if jitter > 0.0 => {
                let factor = 1.0 + jitter * (2.0 * rng::unit(draw) - 1.0);
                self.now.saturating_add((span.0 as f64 * factor + 0.5) as u64)
            }
            Ttl::Fixed(span) | Ttl::Sliding(span) => self.now.saturating_add(span.0),
        }
    }

    fn fill(&mut self, memory: usize, comp: usize, key: Key, value: Value, fill: Fill) {
        let entity = entity_of(key.key) as usize;
        let weight = match self.plan.components[comp].cache.as_ref().map(|cache| cache.capacity) {
            Some(CacheCapacity::Bytes(_)) => self.t.entities[entity].bytes,
            _ => 1,
        };
        let before = self.caches[memory].len();
        let evicted = self.caches[memory].store(key, value, Fill { weight, ..fill });
        self.count_entries(memory, comp, before);
        self.stations[comp].counts.cache.evictions += evicted;
    }

    /// Carries out a removal at the cache: now, or when its delay is over.
    pub(super) fn cache_remove(&mut self, f: u32, removal: u32) {
        let Some((memory, comp)) = self.memory_of(f) else { return };
        let Removal { what, everywhere, .. } = self.t.removals[removal as usize];
        let gone = match what {
            Removed::Key(entity) => Gone::One(self.cache_key(f, comp as u32, entity as u32)),
            Removed::Keys(entity) => Gone::Entity(entity as u64),
            Removed::Everything => Gone::All,
        };
        let rule = &self.t.comps[comp];
        let memories = match everywhere {
            true => rule.cache as usize..(rule.cache + rule.replicas) as usize,
            false => memory..memory + 1,
        };
        let draw = rng::key(self.frames[f].key, SALT_DELAY);
        for memory in memories {
            let delay = self.t.removals[removal as usize].delay.as_ref();
            let delay = delay.map_or(0, |law| law.sample(rng::nth(draw, memory as u64)));
            if delay == 0 {
                self.forget(memory, comp, gone);
                continue;
            }
            match gone {
                Gone::One(key) => self.caches[memory].outdate(key),
                Gone::Entity(entity) => self.caches[memory].outdate_where(|key| entity_of(key) == entity),
                Gone::All => self.caches[memory].outdate_where(|_| true),
            }
            let control = Control::Forget { memory: memory as u32, comp: comp as u32, gone };
            self.schedule_control(delay, Phase::Timer, control);
        }
    }

    /// Removes from a memory what is to go.
    pub(super) fn forget(&mut self, memory: usize, comp: usize, gone: Gone) {
        let before = self.caches[memory].len();
        match gone {
            Gone::One(key) => {
                let is_gone = self.caches[memory].remove(key);
                self.stations[comp].counts.cache.invalidations += u64::from(is_gone);
            }
            Gone::Entity(entity) => self.purge(memory, comp, |key| entity_of(key) == entity),
            Gone::All => self.purge(memory, comp, |_| true),
        }
        self.count_entries(memory, comp, before);
    }

    fn purge(&mut self, memory: usize, comp: usize, is_meant: impl Fn(u64) -> bool) {
        self.stations[comp].counts.cache.purged += self.caches[memory].remove_where(is_meant);
    }

    fn count_entries(&mut self, memory: usize, comp: usize, before: u64) {
        let after = self.caches[memory].len();
        if after != before {
            let entries = &mut self.stations[comp].levels.entries;
            entries.set(self.now, entries.level - before + after);
        }
    }

    /// The memory of a replica and its component.
    fn memory_of_replica(&self, r: u32) -> Option<(usize, usize)> {
        let comp = self.replicas[r as usize].comp as usize;
        let rule = &self.t.comps[comp];
        (rule.cache != NONE).then(|| ((rule.cache + r - rule.first_replica) as usize, comp))
    }

    /// A fault makes a replica forget a share of what it holds.
    pub(super) fn flush_memory(&mut self, fault: u32, r: u32) {
        let Effect::Flush { share, entity, .. } = self.plan.faults[fault as usize].effect else { return };
        let Some((memory, comp)) = self.memory_of_replica(r) else { return };
        let salt = rng::nth(rng::key(self.faults[fault as usize].salt, SALT_FLUSH), self.now);
        let before = self.caches[memory].len();
        self.purge(memory, comp, |key| {
            entity.is_none_or(|entity| entity_of(key) == entity as u64)
                && (share >= 1.0 || rng::unit(rng::key(salt, key)) < share)
        });
        self.count_entries(memory, comp, before);
    }

    /// Forgets everything that a replica holds, without counting it as purged.
    pub(super) fn clear_memory(&mut self, r: u32) {
        let Some((memory, comp)) = self.memory_of_replica(r) else { return };
        let before = self.caches[memory].len();
        self.caches[memory].clear();
        self.count_entries(memory, comp, before);
    }

    /// Computes a memory's room from all marks.
    pub(super) fn refit_memory(&mut self, r: u32) {
        let Some((memory, comp)) = self.memory_of_replica(r) else { return };
        let trouble = self.replicas[r as usize].trouble.as_ref();
        let left = trouble.map_or(1.0, |trouble| remaining(&trouble.memory));
        let before = self.caches[memory].len();
        let evicted = self.caches[memory].resize(left);
        self.count_entries(memory, comp, before);
        self.stations[comp].counts.cache.evictions += evicted;
    }

    /// Fills caches with what they hold at the start, the most popular keys last.
    pub(super) fn warm_caches(&mut self) {
        for warm in &self.plan.warm {
            let (comp, entity) = (warm.component, warm.entity as u32);
            let is_meant =
                |step: &&super::tables::CachedStep| step.comp as usize == comp && step.entity == entity;
            let step = self.t.cached.iter().find(is_meant);
            let (ttl, jitter) = step.map_or((Ttl::Never, 0.0), |step| (step.life.ttl, step.jitter));
            let rule = &self.t.comps[comp];
            let (first, replicas, salt) = (rule.cache, rule.replicas, rule.salt);
            let draw = rng::key(rng::key(self.seed, salt), SALT_WARM);
            for rank in (0..warm.keys).rev() {
                let key = Key { owner: 0, key: joined(entity, rank) };
                let own = self.rings.shard_of(comp, entity, key.key);
                for number in 0..replicas {
                    if own.is_none_or(|own| own == number) {
                        let draw = rng::nth(rng::nth(draw, rank), u64::from(number));
                        let expires = self.expiry(ttl, jitter, draw);
                        let fill = Fill { now: 0, expires, weight: 1, keeps_life: false, is_degraded: false };
                        self.fill((first + number) as usize, comp, key, Value::Present, fill);
                    }
                }
            }
            self.stations[comp].counts.cache.evictions = 0;
        }
    }
}

impl Life {
    /// What a cached step says about the lives of its values.
    pub(super) fn of(step: &crate::plan::Cached) -> Self {
        Self {
            ttl: step.ttl,
            revalidate: step.rules.stale_while_revalidate.0,
            if_error: step.rules.stale_if_error.0,
        }
    }
}
