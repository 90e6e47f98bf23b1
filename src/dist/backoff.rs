//! Pauses between attempts.

use crate::units::SimSpan;

/// Pause before retry `k` (1, 2, ...); `exp(k) = min(cap, base * 2^(k-1))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Backoff {
    /// At once.
    None,
    /// Always the same.
    Fixed(SimSpan),
    /// `exp(k)` times a uniform factor in `1 ± spread`.
    Exponential {
        /// First pause.
        base: SimSpan,
        /// Longest pause.
        cap: SimSpan,
        /// Half-width of the factor, 0..=1.
        spread: f64,
    },
    /// Uniform in `0..exp(k)`.
    FullJitter {
        /// First bound.
        base: SimSpan,
        /// Longest bound.
        cap: SimSpan,
    },
    /// `exp(k)/2` plus uniform in `0..exp(k)/2`.
    EqualJitter {
        /// First bound.
        base: SimSpan,
        /// Longest bound.
        cap: SimSpan,
    },
    /// `min(cap, uniform in base..3 * previous pause)`; before the first, the previous pause is `base`.
    Decorrelated {
        /// Shortest pause.
        base: SimSpan,
        /// Longest pause.
        cap: SimSpan,
    },
}

impl Backoff {
    /// Pause before retry `k` (from 1) in nanoseconds, given the previous pause and a uniform draw in `0..1`.
    #[must_use]
    pub fn pause(self, k: u32, previous: u64, draw: f64) -> u64 {
        let grown = |base: SimSpan, cap: SimSpan| -> f64 {
            let doublings = k.saturating_sub(1).min(62);
            (base.0 as f64 * (1u64 << doublings) as f64).min(cap.0 as f64)
        };
        let pause = match self {
            Self::None => 0.0,
            Self::Fixed(pause) => pause.0 as f64,
            Self::Exponential { base, cap, spread } => {
                grown(base, cap) * (1.0 - spread + 2.0 * spread * draw)
            }
            Self::FullJitter { base, cap } => grown(base, cap) * draw,
            Self::EqualJitter { base, cap } => grown(base, cap) * (0.5 + 0.5 * draw),
            Self::Decorrelated { base, cap } => {
                let low = base.0 as f64;
                let high = 3.0 * (previous as f64).max(low);
                (low + (high - low) * draw).min(cap.0 as f64)
            }
        };
        (pause + 0.5) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean pauses of the published table of back-off strategies (base 5 ms, cap
    /// 2 s), whose first retry already has the bound `base * 2`: our base of 10 ms.
    #[test]
    fn mean_pauses_follow_the_published_table() {
        let (base, cap) = (SimSpan::from_millis(10), SimSpan::from_millis(2000));
        let bounds = [10, 20, 40, 80, 160, 320, 640, 1280, 2000, 2000];
        for (k, bound) in (1u32..).zip(bounds) {
            let bound = f64::from(bound) * 1e6;
            let mean = |rule: Backoff| rule.pause(k, 0, 0.5) as f64;
            assert!((mean(Backoff::Exponential { base, cap, spread: 0.5 }) - bound).abs() < 2.0);
            assert!((mean(Backoff::FullJitter { base, cap }) - bound / 2.0).abs() < 2.0);
            assert!((mean(Backoff::EqualJitter { base, cap }) - bound * 0.75).abs() < 2.0);
        }
        let total: u64 = (1..=8).map(|k| Backoff::FullJitter { base, cap }.pause(k, 0, 0.5)).sum();
        assert_eq!(total, 1275 * 1_000_000);
    }

    #[test]
    fn decorrelated_pauses_stay_between_base_and_cap() {
        let (base, cap) = (SimSpan::from_millis(10), SimSpan::from_millis(50));
        let rule = Backoff::Decorrelated { base, cap };
        assert_eq!(rule.pause(1, 0, 0.0), base.0);
        assert_eq!(rule.pause(1, 0, 0.5), 2 * base.0);
        assert_eq!(rule.pause(2, base.0, 1.0), 3 * base.0);
        assert_eq!(rule.pause(3, 3 * base.0, 1.0), cap.0);
    }
}
