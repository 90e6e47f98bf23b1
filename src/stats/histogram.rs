//! An integer log-linear histogram of nanoseconds.

use serde::{Deserialize, Serialize};

/// Sub-buckets per octave, as a power of two: 64, so that a bucket is at most 1.6 % wide.
const SUB_BITS: u32 = 6;
const SUB: u64 = 1 << SUB_BITS;
/// Values are kept in units of 2^10 ns (about a microsecond).
const UNIT_BITS: u32 = 10;
/// Enough octaves for 73 years.
const BUCKETS: usize = (SUB as usize) * 46;

/// Counts of durations in buckets at most 1.6 % wide above 65 µs and 1 µs wide below.
///
/// Merging is integer addition, so the result does not depend on order.
/// Serialised as the non-empty buckets only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Sparse", into = "Sparse")]
pub struct Histogram {
    counts: Vec<u64>,
    sum: u128,
    max: u64,
}

#[derive(Serialize, Deserialize)]
struct Sparse {
    buckets: Vec<(u32, u64)>,
    sum: u128,
    max: u64,
}

impl From<Histogram> for Sparse {
    fn from(h: Histogram) -> Self {
        let buckets = (0u32..).zip(&h.counts).filter(|(_, c)| **c > 0).map(|(i, c)| (i, *c)).collect();
        Self { buckets, sum: h.sum, max: h.max }
    }
}

impl From<Sparse> for Histogram {
    fn from(s: Sparse) -> Self {
        let mut h = Self { sum: s.sum, max: s.max, ..Self::default() };
        for (index, count) in s.buckets {
            let index = (index as usize).min(BUCKETS - 1);
            h.reserve(index);
            h.counts[index] += count;
        }
        h
    }
}

impl Histogram {
    /// Counts one value, in nanoseconds.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        let index = bucket_of(nanos);
        match self.counts.get_mut(index) {
            Some(count) => *count += 1,
            None => self.record_beyond(index),
        }
        self.sum += u128::from(nanos);
        // A branch that is seldom taken costs less than a store each time.
        if nanos > self.max {
            self.max = nanos;
        }
    }

    /// Counts one value, in nanoseconds, so many times.
    pub fn record_many(&mut self, nanos: u64, times: u64) {
        if times > 0 {
            let index = bucket_of(nanos);
            if index >= self.counts.len() {
                self.reserve(index);
            }
            self.counts[index] += times;
            self.sum += u128::from(nanos) * u128::from(times);
            self.max = self.max.max(nanos);
        }
    }

    /// Counts zero so many times.
    pub fn record_zeros(&mut self, times: u64) {
        if times > 0 {
            self.reserve(0);
            self.counts[0] += times;
        }
    }

    #[cold]
    fn record_beyond(&mut self, index: usize) {
        self.reserve(index);
        self.counts[index] += 1;
    }

    fn reserve(&mut self, index: usize) {
        let octaves = index / SUB as usize + 1;
        self.counts.resize((octaves * SUB as usize).min(BUCKETS).max(self.counts.len()), 0);
    }

    /// Adds another histogram's counts.
    pub fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// What was counted since an earlier state of the same histogram; the largest value is
    /// that of the last non-empty bucket.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.counts.clone();
        for (mine, theirs) in counts.iter_mut().zip(&earlier.counts) {
            *mine -= theirs;
        }
        let last = counts.iter().rposition(|count| *count > 0);
        let max = last.map_or(0, |index| bucket_bounds(index).1.min(self.max));
        Self { counts, sum: self.sum - earlier.sum, max }
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.sum = 0;
        self.max = 0;
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Exact sum of all values, in nanoseconds.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Exact mean in nanoseconds; `None` when empty.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum as f64 / count as f64)
    }

    /// Standard deviation in nanoseconds, each value taken as the middle of its bucket, which moves
    /// it by less than 0.8 % of the largest value and by far less for a smooth law; `None` when empty.
    #[must_use]
    pub fn standard_deviation(&self) -> Option<f64> {
        let count = self.count() as f64;
        let middles = || {
            let buckets = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
            buckets.map(|(index, count)| {
                let (low, high) = bucket_bounds(index);
                // Zero is common and exact: nothing waited, and its bucket is a microsecond wide.
                let middle = if index == 0 { 0.0 } else { low as f64 + (high - low) as f64 / 2.0 };
                (middle, *count as f64)
            })
        };
        let mean = middles().map(|(middle, weight)| middle * weight).sum::<f64>() / count;
        let squares =
            middles().map(|(middle, weight)| (middle - mean) * (middle - mean) * weight).sum::<f64>();
        (count > 0.0).then(|| (squares / count).sqrt())
    }

    /// Exact largest value in nanoseconds; 0 when empty.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value below which a share `q` of the values lies, in nanoseconds,
    /// interpolated within its bucket by rank; `None` when empty.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.quantiles([q]).map(|[value]| value)
    }

    /// As [`Self::quantile`], of several shares at once, in ascending order.
    #[must_use]
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        debug_assert!(shares.is_sorted(), "shares ascend: {shares:?}");
        let total = self.count();
        if total == 0 {
            return None;
        }
        let mut buckets = self.counts.iter().enumerate();
        let (mut bucket, mut count, mut below) = (0, 0, 0u64);
        Some(shares.map(|share| {
            let rank = share.clamp(0.0, 1.0) * total as f64;
            let least = (rank.ceil() as u64).max(1);
            while below + count < least {
                let Some((index, &next)) = buckets.next() else { return self.max as f64 };
                (bucket, below, count) = (index, below + count, next);
            }
            let (low, high) = bucket_bounds(bucket);
            let within = ((rank - below as f64) / count as f64).clamp(0.0, 1.0);
            (low as f64 + (high - low) as f64 * within).min(self.max as f64)
        }))
    }

    /// Share of values at or below `nanos`, within one bucket's width.
    #[must_use]
    pub fn share_up_to(&self, nanos: u64) -> f64 {
        let last = bucket_of(nanos);
        let below: u64 = self.counts.iter().take(last + 1).sum();
        below as f64 / self.count().max(1) as f64
    }
}

#[inline]
fn bucket_of(nanos: u64) -> usize {
    let units = nanos >> UNIT_BITS;
    // With that bit set, units below the first octave are in octave 0 without a branch.
    let octave = (units | SUB).ilog2() - SUB_BITS;
    ((u64::from(octave) << SUB_BITS) + (units >> octave)) as usize
}

fn bucket_bounds(index: usize) -> (u64, u64) {
    let index = index as u64;
    if index < SUB {
        return (index << UNIT_BITS, (index + 1) << UNIT_BITS);
    }
    let octave = (index >> SUB_BITS) - 1;
    let low = (SUB + (index & (SUB - 1))) << octave;
    (low << UNIT_BITS, (low + (1 << octave)) << UNIT_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_within_its_bucket() {
        for nanos in (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 12_345]) {
            let nanos = nanos.min(1 << 60);
            let (low, high) = bucket_bounds(bucket_of(nanos));
            assert!(low <= nanos && nanos < high, "{nanos} not in {low}..{high}");
            assert!(high - low <= 1024.max(nanos / 63), "bucket of {nanos} is {} wide", high - low);
        }
    }

    #[test]
    fn quantiles_interpolate_and_merge_exactly() {
        let (mut a, mut b, mut both) = (Histogram::default(), Histogram::default(), Histogram::default());
        for i in 1..=1000u64 {
            let nanos = i * 1_000_000;
            if i % 2 == 0 {
                a.record(nanos)
            } else {
                b.record(nanos)
            }
            both.record(nanos);
        }
        a.merge(&b);
        assert_eq!(a, both);
        let p50 = both.quantile(0.5).unwrap();
        assert!((p50 / 5e8 - 1.0).abs() < 0.01, "{p50}");
        assert_eq!(both.quantile(1.0), Some(1e9));
        assert_eq!(both.mean(), Some(500_500_000.0));
    }

    #[test]
    fn a_standard_deviation_is_right_to_a_bucket() {
        let mut h = Histogram::default();
        assert_eq!(h.standard_deviation(), None);
        (0..5).for_each(|_| h.record(3_000_000));
        assert_eq!(h.standard_deviation(), Some(0.0));
        let mut uniform = Histogram::default();
        (0..100_000u64).for_each(|i| uniform.record(i * 10_000));
        let expected = 1e9 / 12f64.sqrt();
        let found = uniform.standard_deviation().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} is not {expected}");
    }

    #[test]
    fn survives_serialisation() {
        let mut h = Histogram::default();
        for nanos in [0, 1, 5_000, 1 << 40] {
            h.record(nanos);
        }
        let text = serde_json::to_string(&h).unwrap();
        let back: Histogram = serde_json::from_str(&text).unwrap();
        assert_eq!(back.count(), 4);
        assert_eq!(back.quantile(1.0), h.quantile(1.0));
        assert_eq!(back.sum(), h.sum());
    }
}
