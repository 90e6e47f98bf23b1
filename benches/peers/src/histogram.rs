//! A latency histogram in integers, 64 sub-buckets to the octave.

use serde::{Deserialize, Serialize};

/// Values are kept in steps of 2^10 ns, about a microsecond, because the finest
/// latencies of these models are thousands of times longer.
const UNIT_BITS: u32 = 10;
/// Sub-buckets to the octave, as a power of two: a bucket is 1.6 % wide.
const SUB_BITS: u32 = 6;
const SUB: u64 = 1 << SUB_BITS;
/// Enough for every `u64`, so that recording needs no clamp.
const BUCKETS: usize = ((64 - UNIT_BITS - SUB_BITS) as usize + 1) << SUB_BITS;

/// Counts of values by size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }

    /// Adds one value.
    #[inline]
    pub(crate) fn record(&mut self, ns: u64) {
        self.counts[bucket(ns)] += 1;
        self.total += 1;
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The value below which the share `q` of all values lies, interpolated by
    /// rank inside its bucket; 0 when nothing was recorded.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let rank = q * self.total as f64;
        let mut below = 0.0;
        for (index, &count) in self.counts.iter().enumerate() {
            let count = count as f64;
            if count > 0.0 && below + count >= rank {
                let (low, high) = (lower_edge(index), lower_edge(index + 1));
                return low + (high - low) * (rank - below) / count;
            }
            below += count;
        }
        0.0
    }
}

/// Which bucket a value falls into: linear for the first two octaves' worth of
/// units, then by the top seven bits.
#[inline]
fn bucket(ns: u64) -> usize {
    let units = ns >> UNIT_BITS;
    let octave = (u64::BITS - 1 - (units | SUB).leading_zeros()) - SUB_BITS;
    ((u64::from(octave) << SUB_BITS) + (units >> octave)) as usize
}

/// The smallest value of a bucket, in nanoseconds.
fn lower_edge(index: usize) -> f64 {
    let index = index as u64;
    let octave = (index >> SUB_BITS).saturating_sub(1);
    let units = index - (octave << SUB_BITS);
    units as f64 * (1_u64 << octave) as f64 * (1_u64 << UNIT_BITS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket() {
        for shift in 0..64 {
            for ns in [1_u64 << shift, (1 << shift) + (1 << shift) / 3, (1_u64 << shift) - 1] {
                let index = bucket(ns);
                assert!(index < BUCKETS);
                assert!(lower_edge(index) <= ns as f64, "{ns}");
                assert!(ns as f64 <= lower_edge(index + 1), "{ns}");
            }
        }
    }

    #[test]
    fn quantiles_of_an_even_spread() {
        let mut histogram = Histogram::new();
        for micros in 0..100_000_u64 {
            histogram.record(micros * 1000);
        }
        for q in [0.1, 0.5, 0.99] {
            let wanted = q * 1e8;
            assert!((histogram.quantile(q) - wanted).abs() < wanted * 1e-3, "{q}");
        }
    }
}
