//! For how long a level had each of its values.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is kept of a component's levels only when an expectation asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// How long so many requests were inside, over all replicas.
    pub in_system: Option<LevelTimes>,
    /// How long so many replicas were up.
    pub up: Option<LevelTimes>,
}

/// Nanoseconds spent at each level. Serialised as the levels that occurred only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<u64, u64>", into = "BTreeMap<u64, u64>")]
pub struct LevelTimes {
    nanos: Vec<u64>,
}

/// Levels above this count as this one, so that no file can ask for more memory than there is.
const LEVEL_MAX: u64 = 1 << 24;

impl LevelTimes {
    /// Adds time spent at a level.
    pub fn add(&mut self, level: u64, nanos: u64) {
        let level = level.min(LEVEL_MAX) as usize;
        if level >= self.nanos.len() {
            self.nanos.resize(level + 1, 0);
        }
        self.nanos[level] += nanos;
    }

    /// Adds all of another's times.
    pub fn merge(&mut self, other: &Self) {
        for (level, nanos) in (0..).zip(&other.nanos) {
            self.add(level, *nanos);
        }
    }

    /// Time at all levels, in nanoseconds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.nanos.iter().sum()
    }

    /// The level integrated over time, exactly; `None` when it was beyond what is told apart.
    #[must_use]
    pub fn area(&self) -> Option<u128> {
        let areas = (0..).zip(&self.nanos).map(|(level, nanos)| u128::from(*nanos) * level);
        (self.nanos.len() as u64 <= LEVEL_MAX).then(|| areas.sum())
    }

    /// Share of the time at this level or above; `None` when there was no time.
    #[must_use]
    pub fn share_at_least(&self, level: u64) -> Option<f64> {
        let total = self.total();
        let above: u64 = self.nanos.iter().skip(level.min(LEVEL_MAX) as usize).sum();
        (total > 0).then(|| above as f64 / total as f64)
    }

    /// The lowest level that is not exceeded for a share `q` of the time; `None` when there was no time.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let wanted = q.clamp(0.0, 1.0) * total as f64;
        let mut below = 0;
        let last = self.nanos.len() as u64 - 1;
        let found = (0..).zip(&self.nanos).find(|(_, nanos)| {
            below += **nanos;
            below as f64 >= wanted
        });
        Some(found.map_or(last, |(level, _)| level))
    }
}

impl From<BTreeMap<u64, u64>> for LevelTimes {
    fn from(times: BTreeMap<u64, u64>) -> Self {
        let mut levels = Self::default();
        times.into_iter().for_each(|(level, nanos)| levels.add(level, nanos));
        levels
    }
}

impl From<LevelTimes> for BTreeMap<u64, u64> {
    fn from(levels: LevelTimes) -> Self {
        (0..).zip(levels.nanos).filter(|(_, nanos)| *nanos > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_quantiles_are_of_time() {
        let mut levels = LevelTimes::default();
        assert_eq!((levels.quantile(0.5), levels.share_at_least(1)), (None, None));
        for (level, nanos) in [(0, 50), (3, 40), (7, 10)] {
            levels.add(level, nanos);
        }
        let shares = [0, 1, 3, 4, 7, 8].map(|level| levels.share_at_least(level).unwrap());
        assert_eq!(shares, [1.0, 0.5, 0.5, 0.1, 0.1, 0.0]);
        let quantiles = [0.1, 0.5, 0.51, 0.9, 0.91, 1.0].map(|q| levels.quantile(q).unwrap());
        assert_eq!(quantiles, [0, 0, 3, 3, 7, 7]);
        assert_eq!(levels.area(), Some(190));
        let text = serde_json::to_string(&levels).unwrap();
        assert_eq!(text, r#"{"0":50,"3":40,"7":10}"#);
        assert_eq!(serde_json::from_str::<LevelTimes>(&text).unwrap(), levels);
    }

    #[test]
    fn no_level_takes_more_memory_than_there_is() {
        let mut levels = LevelTimes::default();
        levels.add(u64::MAX, 5);
        assert_eq!(levels.share_at_least(u64::MAX), Some(1.0));
        assert_eq!(levels.area(), None);
    }
}
