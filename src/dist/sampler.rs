//! Laws made ready for drawing: one address, one value.

use super::exp::exp;
use super::{Law, ziggurat};
use crate::rng;

/// A law made ready for drawing. Equal keys give equal values on every platform.
#[derive(Clone, Debug)]
pub struct Sampler(Rule);

#[derive(Clone, Debug)]
enum Rule {
    Constant(f64),
    Uniform { low: f64, width: f64 },
    Exponential(f64),
    LogNormal { mu: f64, sigma: f64 },
    FoldedNormal { mean: f64, sd: f64 },
    Erlang { stages: u32, stage_mean: f64 },
    Weibull { power: f64, scale: f64 },
    BoundedPareto { power: f64, low: f64, cut: f64 },
    Geometric { log_failure: f64 },
    Empirical(Box<[f64]>),
    Mixture(Box<[(f64, Sampler)]>),
}

impl Sampler {
    /// Prepares a law.
    #[must_use]
    pub fn new(law: &Law) -> Self {
        Self(match law {
            Law::Constant(value) => Rule::Constant(*value),
            Law::Uniform { low, high } => Rule::Uniform { low: *low, width: high - low },
            Law::Exponential { mean } => Rule::Exponential(*mean),
            Law::LogNormal { mu, sigma } => Rule::LogNormal { mu: *mu, sigma: *sigma },
            Law::FoldedNormal { mean, sd } => Rule::FoldedNormal { mean: *mean, sd: *sd },
            Law::Erlang { stages, mean } => {
                Rule::Erlang { stages: *stages, stage_mean: mean / f64::from(*stages) }
            }
            Law::HyperExponential { branches } => {
                let parts = branches
                    .iter()
                    .map(|(p, mean)| (*p, Law::Exponential { mean: *mean }))
                    .collect::<Vec<_>>();
                mixture(&parts)
            }
            Law::Weibull { shape, scale } => Rule::Weibull { power: 1.0 / shape, scale: *scale },
            Law::BoundedPareto { shape, low, high } => Rule::BoundedPareto {
                power: -1.0 / shape,
                low: *low,
                cut: 1.0 - libm::pow(low / high, *shape),
            },
            Law::Geometric { mean } => Rule::Geometric { log_failure: libm::log1p(-1.0 / mean) },
            Law::Empirical { values } => Rule::Empirical(values.clone().into()),
            Law::Mixture { parts } => mixture(parts),
        })
    }

    /// The value that belongs to an address.
    #[inline(always)]
    #[must_use]
    pub fn sample(&self, key: u64) -> f64 {
        match &self.0 {
            Rule::Constant(value) => *value,
            Rule::Exponential(mean) => mean * ziggurat::exponential(key),
            Rule::LogNormal { mu, sigma } => exp(mu + sigma * ziggurat::normal(key)),
            Rule::Uniform { low, width } => low + width * rng::unit(key),
            rule => rare(rule, key),
        }
    }
}

fn rare(rule: &Rule, key: u64) -> f64 {
    match rule {
        Rule::FoldedNormal { mean, sd } => (mean + sd * ziggurat::normal(key)).abs(),
        Rule::Erlang { stages, stage_mean } => {
            (0..*stages).map(|stage| ziggurat::exponential(rng::nth(key, u64::from(stage)))).sum::<f64>()
                * stage_mean
        }
        Rule::Weibull { power, scale } => scale * libm::pow(ziggurat::exponential(key), *power),
        Rule::BoundedPareto { power, low, cut } => low * libm::pow(1.0 - rng::unit(key) * cut, *power),
        Rule::Geometric { log_failure } if *log_failure == f64::NEG_INFINITY => 1.0,
        Rule::Geometric { log_failure } => 1.0 + (libm::log(rng::unit_open(key)) / log_failure).floor(),
        Rule::Empirical(values) => values[rng::below(key, values.len() as u64) as usize],
        Rule::Mixture(parts) => {
            let draw = rng::unit(key);
            let chosen = parts.iter().find(|(up_to, _)| draw < *up_to).or(parts.last());
            chosen.map_or(0.0, |(_, law)| law.sample(rng::nth(key, 0)))
        }
        Rule::Constant(_) | Rule::Exponential(_) | Rule::LogNormal { .. } | Rule::Uniform { .. } => {
            unreachable!("common laws are drawn inline")
        }
    }
}

fn mixture(parts: &[(f64, Law)]) -> Rule {
    let mut up_to = 0.0;
    let parts = parts.iter().map(|(probability, law)| {
        up_to += probability;
        (up_to, Sampler::new(law))
    });
    Rule::Mixture(parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u64 = 400_000;

    fn draws(law: &Law) -> Vec<f64> {
        let sampler = Sampler::new(law);
        let stream = rng::name_hash(&format!("{law:?}"));
        let mut values: Vec<f64> = (0..DRAWS).map(|n| sampler.sample(rng::nth(stream, n))).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Kolmogorov-Smirnov: largest gap between the drawn and the exact distribution
    /// function; exceeds `2.5 / sqrt(n)` with probability `2 exp(-12.5)`, about 7 in a million.
    fn assert_follows(law: &Law, cdf: impl Fn(f64) -> f64) {
        let values = draws(law);
        let n = values.len() as f64;
        let gap = values
            .iter()
            .enumerate()
            .map(|(i, x)| (cdf(*x) - i as f64 / n).abs().max((cdf(*x) - (i + 1) as f64 / n).abs()))
            .fold(0.0, f64::max);
        assert!(gap < 2.5 / n.sqrt(), "{law:?}: gap {gap}");
    }

    fn normal_cdf(z: f64) -> f64 {
        0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
    }

    #[test]
    fn continuous_laws_follow_their_distribution_functions() {
        let (exp, ln, pow) = (libm::exp, libm::log, libm::pow);
        assert_follows(&Law::Exponential { mean: 2.0 }, |x| 1.0 - exp(-x / 2.0));
        assert_follows(&Law::Uniform { low: 1.0, high: 3.0 }, |x| (x - 1.0) / 2.0);
        assert_follows(&Law::LogNormal { mu: 1.0, sigma: 0.6 }, |x| normal_cdf((ln(x) - 1.0) / 0.6));
        let folded = Law::FoldedNormal { mean: 1.0, sd: 2.0 };
        assert_follows(&folded, |x| normal_cdf((x - 1.0) / 2.0) - normal_cdf((-x - 1.0) / 2.0));
        assert_follows(&Law::Weibull { shape: 0.7, scale: 3.0 }, |x| 1.0 - exp(-pow(x / 3.0, 0.7)));
        assert_follows(&Law::Erlang { stages: 2, mean: 2.0 }, |x| 1.0 - (1.0 + x) * exp(-x));
        let (shape, low, high) = (1.5f64, 1.0f64, 100.0f64);
        let pareto = Law::BoundedPareto { shape, low, high };
        assert_follows(&pareto, |x| (1.0 - pow(low / x, shape)) / (1.0 - pow(low / high, shape)));
        let hyper = Law::HyperExponential { branches: vec![(0.9, 1.0), (0.1, 10.0)] };
        assert_follows(&hyper, |x| 1.0 - 0.9 * exp(-x) - 0.1 * exp(-x / 10.0));
        let parts = vec![(0.4, Law::Uniform { low: 0.0, high: 1.0 }), (0.6, Law::Exponential { mean: 1.0 })];
        assert_follows(&Law::Mixture { parts }, |x| 0.4 * x.min(1.0) + 0.6 * (1.0 - exp(-x)));
    }

    /// Counts beyond far quantiles, within five standard deviations of a Poisson count.
    #[test]
    fn tails_are_as_heavy_as_they_should_be() {
        type Quantile = fn(f64) -> f64;
        let laws: [(Law, Quantile); 2] = [
            (Law::Exponential { mean: 1.0 }, |p| -libm::log(p)),
            (
                Law::FoldedNormal { mean: 0.0, sd: 1.0 },
                |p| if p > 5e-4 { 3.290_526_731 } else { 3.890_591_886 },
            ),
        ];
        for (law, quantile) in laws {
            let values = draws(&law);
            for p in [1e-3, 1e-4] {
                let beyond = values.iter().filter(|x| **x > quantile(p)).count() as f64;
                let expected = p * DRAWS as f64;
                assert!(
                    (beyond - expected).abs() < 5.0 * expected.sqrt(),
                    "{law:?} beyond {p}: {beyond} of {expected}"
                );
            }
        }
    }

    #[test]
    fn geometric_counts_start_at_one_and_have_their_mean() {
        let values = draws(&Law::Geometric { mean: 10.0 });
        let mean = values.iter().sum::<f64>() / DRAWS as f64;
        // Five standard errors; the variance is mean * (mean - 1).
        assert!((mean - 10.0).abs() < 5.0 * (90.0 / DRAWS as f64).sqrt(), "{mean}");
        assert_eq!(values[0], 1.0);
        assert!(draws(&Law::Geometric { mean: 1.0 }).iter().all(|x| *x == 1.0));
    }

    /// Bits, not tolerances: a change of any constant or library must be seen.
    #[test]
    fn values_are_the_same_bits_everywhere() {
        let bits = |law: Law| Sampler::new(&law).sample(rng::name_hash("golden")).to_bits();
        let all = [
            bits(Law::Exponential { mean: 1e6 }),
            bits(Law::LogNormal { mu: 10.0, sigma: 1.0 }),
            bits(Law::Weibull { shape: 0.5, scale: 7.0 }),
        ];
        assert_eq!(all, GOLDEN, "{all:?}");
    }

    const GOLDEN: [u64; 3] =
        [4_698_517_382_721_137_202, 4_678_748_987_847_860_908, 4_623_293_298_101_557_333];
}
