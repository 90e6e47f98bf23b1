//! Which key a request means by an entity, and what faults do to that.

use super::cache::Key;
use super::compile::Compiler;
use super::engine::Engine;
use super::tables::{EntityRule, NONE};
use super::trouble::set_mark;
use crate::dist::KeySampler;
use crate::plan::Effect;
use crate::rng;

/// Bits of a cache key below the entity's number; populations are smaller.
const KEY_BITS: u32 = 48;
const SALT_HOT: u64 = rng::name_hash("fault/hot-key");
const SALT_VARIANT: u64 = rng::name_hash("fault/bad-cache-key");

/// Faults that change which keys are asked for: marks by fault number, with strengths.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyFaults {
    hot: Vec<(u32, f64)>,
    bad: Vec<(u32, f64)>,
}

/// The number of an entity and a key of it in one.
pub(super) fn joined(entity: u32, rank: u64) -> u64 {
    u64::from(entity) << KEY_BITS | rank
}

/// The entity that a joined key belongs to.
pub(super) fn entity_of(key: u64) -> u64 {
    key >> KEY_BITS
}

impl Compiler<'_> {
    /// The key spaces.
    pub(super) fn entities(&mut self) {
        for entity in &self.plan.entities {
            self.t.entities.push(EntityRule {
                salt: rng::name_hash(&format!("entity/{}", entity.name)),
                keys: KeySampler::new(&entity.popularity, entity.population),
                bytes: entity.bytes,
            });
        }
    }
}

impl Engine<'_> {
    /// Rank of the key that a request means by an entity: drawn once, the same in all its activations.
    pub(super) fn rank(&self, root: u64, entity: u32) -> u64 {
        if !self.key_faults.hot.is_empty()
            && let Some(rank) = self.hot_rank(root, entity)
        {
            return rank;
        }
        let rule = &self.t.entities[entity as usize];
        rule.keys.sample(rng::key(root, rule.salt))
    }

    #[cold]
    fn hot_rank(&self, root: u64, entity: u32) -> Option<u64> {
        self.key_faults.hot.iter().find_map(|(fault, strength)| {
            let Effect::HotKey { entity: hot, first, keys, share } =
                &self.plan.faults[*fault as usize].effect
            else {
                return None;
            };
            let draw = rng::key(rng::key(root, self.faults[*fault as usize].salt), SALT_HOT);
            let is_hit = *hot == entity as usize && rng::unit(draw) < share * strength;
            is_hit.then(|| first + rng::below(rng::nth(draw, 1), *keys))
        })
    }

    /// The key that a frame's request means by an entity, with the entity's number in it.
    pub(super) fn entity_key(&self, f: u32, entity: u32) -> u64 {
        self.entity_key_of(self.frames[f].root, entity)
    }

    /// The key that the request with this root means by an entity, with the entity's number in it.
    pub(super) fn entity_key_of(&self, root: u64, entity: u32) -> u64 {
        joined(entity, self.rank(root, entity))
    }

    /// What a frame's request asks a cache for.
    pub(super) fn cache_key(&self, f: u32, comp: u32, entity: u32) -> Key {
        let root = self.frames[f].root;
        let key = self.entity_key_of(root, entity);
        let owner = match self.t.comps[comp as usize].cache_owner {
            NONE => 0,
            owner => 1 + self.rank(root, owner),
        };
        let key = if self.key_faults.bad.is_empty() { key } else { self.bad_key(root, comp, key) };
        Key { owner, key }
    }

    /// A key with something in it that does not belong there.
    #[cold]
    fn bad_key(&self, root: u64, comp: u32, key: u64) -> u64 {
        self.key_faults.bad.iter().fold(key, |key, (fault, strength)| {
            let Effect::BadCacheKey { component, variants, share } =
                &self.plan.faults[*fault as usize].effect
            else {
                return key;
            };
            let draw = rng::key(rng::key(root, self.faults[*fault as usize].salt), SALT_VARIANT);
            if *component != comp as usize || rng::unit(draw) >= share * strength {
                return key;
            }
            let variant = rng::below(rng::nth(draw, 1), *variants);
            joined(entity_of(key) as u32, rng::nth(key, variant) >> (64 - KEY_BITS))
        })
    }

    /// Leaves a fault's mark on which keys are asked for, or takes it off.
    pub(super) fn strike_keys(&mut self, fault: u32, strength: Option<f64>) {
        let marks = match self.plan.faults[fault as usize].effect {
            Effect::HotKey { .. } => &mut self.key_faults.hot,
            _ => &mut self.key_faults.bad,
        };
        set_mark(marks, fault, strength);
    }
}
