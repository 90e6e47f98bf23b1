//! A rolling fingerprint of everything that happened, in order.

/// Events between two checkpoints.
pub const CHECKPOINT_EVERY: u64 = 65_536;

/// Odd constant of the fold: the golden ratio in 64 bits.
const FOLD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Fold over dispatched events. Equal runs have equal digests; the chance that
/// different runs do is about 2^-64.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    state: u64,
    count: u64,
    checkpoints: Vec<u64>,
}

impl Digest {
    /// Takes an event in: its time and phase, and who it concerned. `true` at a checkpoint.
    #[inline]
    pub fn fold(&mut self, when: u64, who: u64) -> bool {
        self.state = (self.state.rotate_left(23) ^ when).wrapping_mul(FOLD) ^ who;
        self.count += 1;
        let at_checkpoint = self.count.is_multiple_of(CHECKPOINT_EVERY);
        if at_checkpoint {
            self.checkpoints.push(self.value());
        }
        at_checkpoint
    }

    /// Events taken in.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The fingerprint so far, well mixed (SplitMix64's finaliser).
    #[must_use]
    pub fn value(&self) -> u64 {
        let mut z = self.state ^ self.count.wrapping_mul(FOLD);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Fingerprints after each [`CHECKPOINT_EVERY`] events, then the final one.
    #[must_use]
    pub fn into_checkpoints(mut self) -> Vec<u64> {
        self.checkpoints.push(self.value());
        self.checkpoints
    }
}

/// Index of the first checkpoint in which two runs differ; `None` if they are equal.
#[must_use]
pub fn first_difference(a: &[u64], b: &[u64]) -> Option<usize> {
    let common = a.iter().zip(b).position(|(x, y)| x != y);
    common.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_time_and_identity_all_matter() {
        let fold = |events: &[(u64, u64)]| {
            let mut digest = Digest::default();
            for (when, who) in events {
                digest.fold(*when, *who);
            }
            digest.value()
        };
        let base = fold(&[(1, 7), (2, 8)]);
        assert_eq!(base, fold(&[(1, 7), (2, 8)]));
        for other in [&[(2, 8), (1, 7)][..], &[(1, 8), (2, 7)], &[(1, 7), (3, 8)], &[(1, 7)]] {
            assert_ne!(base, fold(other));
        }
    }

    #[test]
    fn the_first_difference_is_found_and_a_missing_tail_is_one() {
        assert_eq!(first_difference(&[1, 2, 3], &[1, 2, 3]), None);
        assert_eq!(first_difference(&[1, 2, 3], &[1, 9, 3]), Some(1));
        assert_eq!(first_difference(&[1, 2], &[1, 2, 3]), Some(2));
    }
}
