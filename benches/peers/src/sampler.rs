//! The random numbers of every implementation: xoshiro256++ and ziggurats.

use serde::{Deserialize, Serialize};

use crate::ziggurat::{EXPONENTIAL_TAIL, LAYERS, Layers, NORMAL_TAIL, Tables, tables};

/// A stream of random draws.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sampler {
    state: [u64; 4],
    #[serde(skip, default = "tables")]
    tables: &'static Tables,
}

impl Sampler {
    /// A stream seeded through SplitMix64, as xoshiro's authors advise.
    pub(crate) fn new(seed: u64) -> Self {
        let mut counter = seed;
        let state = [(); 4].map(|()| {
            counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (counter ^ (counter >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        });
        Self { state, tables: tables() }
    }

    /// Stream number `index` of a seed, for models that cannot share one.
    pub(crate) fn stream(seed: u64, index: u64) -> Self {
        Self::new(seed ^ (index + 1).wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    #[inline]
    fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform on [0, 1).
    #[inline]
    pub(crate) fn unit(&mut self) -> f64 {
        to_unit(self.next())
    }

    /// Uniform on 0..n, with the negligible bias of a 64-bit product.
    #[inline]
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// Exponential with mean 1.
    #[inline]
    pub(crate) fn exponential(&mut self) -> f64 {
        let Layers { x, f } = &self.tables.exponential;
        loop {
            let bits = self.next();
            let layer = (bits as usize) % LAYERS;
            let at = to_unit(bits) * x[layer];
            if at < x[layer + 1] {
                return at;
            }
            if layer == 0 {
                return EXPONENTIAL_TAIL - (1.0 - self.unit()).ln();
            }
            if f[layer + 1] + (f[layer] - f[layer + 1]) * self.unit() < (-at).exp() {
                return at;
            }
        }
    }

    /// Standard normal.
    #[inline]
    pub(crate) fn normal(&mut self) -> f64 {
        let Layers { x, f } = &self.tables.normal;
        loop {
            let bits = self.next();
            let layer = (bits as usize) % LAYERS;
            let at = (2.0 * to_unit(bits) - 1.0) * x[layer];
            if at.abs() < x[layer + 1] {
                return at;
            }
            if layer == 0 {
                return self.normal_tail().copysign(at);
            }
            if f[layer + 1] + (f[layer] - f[layer + 1]) * self.unit() < (-0.5 * at * at).exp() {
                return at;
            }
        }
    }

    /// Marsaglia's method for the normal beyond the last layer.
    #[cold]
    fn normal_tail(&mut self) -> f64 {
        loop {
            let x = -(1.0 - self.unit()).ln() / NORMAL_TAIL;
            let y = -(1.0 - self.unit()).ln();
            if 2.0 * y >= x * x {
                return NORMAL_TAIL + x;
            }
        }
    }

    /// Lognormal with mean 1 and the given deviation of its logarithm.
    #[inline]
    pub(crate) fn lognormal(&mut self, sigma: f64) -> f64 {
        (sigma * self.normal() - 0.5 * sigma * sigma).exp()
    }

    /// An exponential duration; never 0, because NeXosim refuses to schedule an
    /// event for the present.
    #[inline]
    pub(crate) fn exponential_ns(&mut self, mean: f64) -> u64 {
        ((self.exponential() * mean) as u64).max(1)
    }

    /// A lognormal duration, likewise.
    #[inline]
    pub(crate) fn lognormal_ns(&mut self, mean: f64, sigma: f64) -> u64 {
        ((self.lognormal(sigma) * mean) as u64).max(1)
    }
}

/// The top 53 bits as a number in [0, 1); the low bits choose the layer.
#[inline]
fn to_unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 2_000_000;

    /// Mean and variance of many draws.
    fn moments(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..DRAWS {
            let value = draw();
            sum += value;
            squares += value * value;
        }
        let mean = sum / f64::from(DRAWS);
        (mean, squares / f64::from(DRAWS) - mean * mean)
    }

    /// Share of draws beyond `bound`, which a wrong tail or layer would shift.
    fn beyond(bound: f64, mut draw: impl FnMut() -> f64) -> f64 {
        (0..DRAWS).filter(|_| draw() > bound).count() as f64 / f64::from(DRAWS)
    }

    #[test]
    fn exponential_has_its_moments_and_tail() {
        let mut sampler = Sampler::new(1);
        let (mean, variance) = moments(|| sampler.exponential());
        assert!((mean - 1.0).abs() < 0.004 && (variance - 1.0).abs() < 0.01, "{mean} {variance}");
        for bound in [0.1_f64, 1.0, 4.0, 8.0] {
            let wanted = (-bound).exp();
            let found = beyond(bound, || sampler.exponential());
            assert!((found - wanted).abs() < 5.0 * (wanted / f64::from(DRAWS)).sqrt(), "{bound}: {found}");
        }
    }

    #[test]
    fn normal_has_its_moments_and_tail() {
        let mut sampler = Sampler::new(2);
        let (mean, variance) = moments(|| sampler.normal());
        assert!(mean.abs() < 0.004 && (variance - 1.0).abs() < 0.006, "{mean} {variance}");
        for (bound, wanted) in [(0.5_f64, 0.308_537_5_f64), (2.0, 0.022_750_1), (3.7, 1.078e-4)] {
            let found = beyond(bound, || sampler.normal());
            assert!((found - wanted).abs() < 5.0 * (wanted / f64::from(DRAWS)).sqrt(), "{bound}: {found}");
        }
    }

    #[test]
    fn lognormal_keeps_its_mean() {
        let mut sampler = Sampler::new(3);
        let (mean, _) = moments(|| sampler.lognormal(0.6));
        assert!((mean - 1.0).abs() < 0.004, "{mean}");
    }
}
