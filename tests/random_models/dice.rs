//! Choices that follow from a seed.

use shakedown::rng;

/// Throws that depend on a seed and on how many came before.
pub(crate) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed: rng::mix(seed), thrown: 0 }
    }

    fn bits(&mut self) -> u64 {
        self.thrown += 1;
        rng::nth(self.seed, self.thrown)
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + rng::below(self.bits(), high - low + 1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.between(0, of.len() as u64 - 1) as usize]
    }

    /// Some of the given texts, each with the given chance.
    pub(crate) fn some(&mut self, percent: u64, of: &[String]) -> Vec<String> {
        of.iter().filter(|_| self.chance(percent)).cloned().collect()
    }
}
