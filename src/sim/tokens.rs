//! Tokens with a lifetime, one for each key of an entity.

use super::engine::Engine;
use crate::rng;
use crate::units::NANOS_PER_SEC;

/// A compiled `token` step.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenRule {
    pub(super) salt: u64,
    pub(super) entity: u32,
    /// Age from which it is renewed.
    pub(super) renewed_at: u64,
    pub(super) renew: bool,
    pub(super) aligned: bool,
    /// Attribute that gets the age, or `NONE`.
    pub(super) age: u32,
    /// Steps with this number share their tokens: those of one caller and entity.
    pub(super) holder: u32,
    /// After the steps that get a new one.
    pub(super) done: u32,
}

/// When tokens were issued, by holder and key; 0 is before the run, at a time drawn from the address.
#[derive(Clone, Debug, Default)]
pub(super) struct TokenTimes {
    issued: Vec<Vec<u64>>,
}

impl TokenTimes {
    pub(super) fn new(holders: u32) -> Self {
        Self { issued: vec![Vec::new(); holders as usize] }
    }
}

impl Engine<'_> {
    /// Goes on with a token at hand, or with the steps that get one.
    pub(super) fn check_token(&mut self, f: u32, step: u32) {
        let rule = self.t.tokens[step as usize];
        let age = self.token_age(f, &rule);
        if rule.renew || age >= rule.renewed_at {
            self.frames[f].pc += 1;
            return;
        }
        self.note_age(f, &rule, age);
        self.frames[f].pc = rule.done;
    }

    /// A new token was got.
    pub(super) fn token_issued(&mut self, f: u32, step: u32) {
        let rule = self.t.tokens[step as usize];
        let key = self.token_key(f, &rule);
        let issued = &mut self.tokens.issued[rule.holder as usize];
        if issued.len() <= key {
            issued.resize(key + 1, 0);
        }
        // An issue at the very start is told from none by one nanosecond.
        issued[key] = self.now.max(1);
        self.note_age(f, &rule, 0);
        self.frames[f].pc += 1;
    }

    fn token_key(&self, f: u32, rule: &TokenRule) -> usize {
        let entity = &self.t.entities[rule.entity as usize];
        entity.keys.sample(rng::key(self.frames[f].root, entity.salt)) as usize
    }

    fn token_age(&self, f: u32, rule: &TokenRule) -> u64 {
        let key = self.token_key(f, rule);
        let issued = self.tokens.issued[rule.holder as usize].get(key).copied().unwrap_or(0);
        if issued > 0 {
            return self.now - issued;
        }
        // In a run that goes on from before, ages are spread over one life.
        let entity = self.t.entities[rule.entity as usize].salt;
        let spread = rng::unit(rng::nth(rng::key(self.seed, entity ^ rule.salt), key as u64));
        let before = if rule.aligned { 0.0 } else { spread * rule.renewed_at as f64 };
        self.now.saturating_add(before as u64)
    }

    fn note_age(&mut self, f: u32, rule: &TokenRule, age: u64) {
        if rule.age != super::tables::NONE {
            self.note_attribute(f, rule.age, age as f64 / NANOS_PER_SEC as f64);
        }
    }
}
